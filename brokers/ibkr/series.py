# SPDX-License-Identifier: Apache-2.0
"""One series of bars as it is asked for: sizes and durations in IBKR's words, and how a row of it reads. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from brokers.ibkr import parse
from terminal.errors import RefusedError
from terminal.model.enums import BarSource
from terminal.model.instrument import Instrument
from terminal.model.market import Bar

BAR_SIZES: Final = {
    1: "1 secs",
    5: "5 secs",
    10: "10 secs",
    15: "15 secs",
    30: "30 secs",
    60: "1 min",
    120: "2 mins",
    180: "3 mins",
    300: "5 mins",
    600: "10 mins",
    900: "15 mins",
    1200: "20 mins",
    1800: "30 mins",
    3600: "1 hour",
    7200: "2 hours",
    14400: "4 hours",
    28800: "8 hours",
    86400: "1 day",
}
SOURCES: Final = {BarSource.TRADES: "TRADES", BarSource.MIDPOINT: "MIDPOINT"}
_DAY_S: Final = 86400


def duration_text(duration_s: int, seconds: int) -> str:
    """Return IBKR's duration for ``duration_s``: seconds up to a day, then days, then years. Daily bars need days."""
    days = -(-duration_s // _DAY_S)
    if duration_s <= _DAY_S and seconds < _DAY_S:
        return f"{max(duration_s, 2 * seconds, 30)} S"
    return f"{days} D" if days <= 365 else f"{-(-days // 365)} Y"


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """What is asked for."""

    instrument: Instrument
    seconds: int
    duration_s: int
    end_ns: int | None
    source: BarSource
    regular_hours_only: bool

    @property
    def contract_key(self) -> str:
        return f"{self.instrument.id} {self.source.value}"

    @property
    def key(self) -> tuple[object, ...]:
        return (
            self.instrument.id,
            self.seconds,
            self.duration_s,
            self.end_ns,
            self.source,
            self.regular_hours_only,
        )

    def bar(self, row: Sequence[str], *, closed: bool) -> Bar:
        return parse.bar(row, self.instrument.id, self.seconds, self.source, self.instrument.time_zone, closed=closed)


def make_series(
    instrument: Instrument,
    seconds: int,
    duration_s: int,
    end_ns: int | None,
    source: BarSource,
    *,
    regular_hours_only: bool,
) -> Series:
    if seconds not in BAR_SIZES:
        shown = ", ".join(str(size) for size in BAR_SIZES)
        raise RefusedError(0, f"a bar must be one of {shown} seconds, was {seconds}")
    if duration_s <= 0:
        raise RefusedError(0, f"a duration must be positive, was {duration_s} s")
    return Series(
        instrument=instrument,
        seconds=seconds,
        duration_s=duration_s,
        end_ns=end_ns,
        source=source,
        regular_hours_only=regular_hours_only,
    )


def merged(history: list[Bar], early: list[Bar]) -> list[Bar]:
    """Return history with the bars that ended while it was on its way; a bar that ended replaces a growing one."""
    if not early:
        return history
    by_start = {bar.start_ns: bar for bar in history} | {bar.start_ns: bar for bar in early}
    return [by_start[start] for start in sorted(by_start)]
