# SPDX-License-Identifier: Apache-2.0
"""Studies of one chart: which are on, with what parameters, and their values bar by bar. No Qt.

Values over closed bars come from the batch form, the value at the growing bar from the live form's `peek`:
both are the same indicator, so the line never jumps when a bar closes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from terminal.indicators import Array, Indicator, Number, batch, create, spec
from terminal.model.instrument import Session
from widgets.chart.series import BarSeries, session_numbers


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyChoice:
    """One study as a person set it. ``color`` is a token; session studies are dashed."""

    name: str
    color: str
    parameters: Mapping[str, Number] = field(default_factory=dict)
    shown: bool = True

    @property
    def label(self) -> str:
        return spec(self.name).label(self.parameters)

    @property
    def dashed(self) -> bool:
        return spec(self.name).per_session


DEFAULT_STUDIES: Final = (
    StudyChoice(name="ema", color="study.s1", parameters={"period": 20}),
    StudyChoice(name="sma", color="study.s2", parameters={"period": 50}, shown=False),
    StudyChoice(name="vwap", color="study.s3"),
)


class StudyLine:
    """Values of one study over the bars of a chart."""

    def __init__(self, choice: StudyChoice) -> None:
        self.choice = choice
        self._store: Array = np.empty(0)
        self._count = 0
        self._live: Indicator = create(choice.name, **choice.parameters)
        self._live_session = (-1, -1.0)

    @property
    def values(self) -> Array:
        """One value per closed bar, nan where there is none. A view: do not write."""
        return self._store[: self._count]

    def rebuild(self, series: BarSeries, sessions: Sequence[Session], zone: str) -> None:
        """Calculate everything anew."""
        self._live_session = (-1, -1.0)
        data = _inputs(series, 0, sessions, zone)
        self._store = batch(self.choice.name, data, **self.choice.parameters)
        self._count = len(self._store)
        self._live = create(self.choice.name, **self.choice.parameters)
        names = spec(self.choice.name).inputs
        for row in range(self._warm_from(data), self._count):
            self._live.push(*(float(data[name][row]) for name in names))

    def extend(self, series: BarSeries, sessions: Sequence[Session], zone: str) -> None:
        """Take the bars that closed since."""
        closed = len(series.pyramid)
        data = _inputs(series, self._count, sessions, zone)
        names = spec(self.choice.name).inputs
        if closed > len(self._store):
            grown = np.empty(max(256, 2 * closed))
            grown[: self._count] = self.values
            self._store = grown
        for row in range(closed - self._count):
            value = self._live.push(*(float(data[name][row]) for name in names))
            self._store[self._count + row] = np.nan if value is None else value
        self._count = closed

    def live_value(self, series: BarSeries, sessions: Sequence[Session], zone: str) -> float | None:
        """Return the value at the growing bar, None without one."""
        live = series.live
        if live is None:
            return None
        row = live.row
        data = {"high": row.high, "low": row.low, "close": row.close, "price": live.price, "volume": row.volume}
        names = spec(self.choice.name).inputs
        if "session" in names:
            if self._live_session[0] != live.start_ns:
                at = np.array([live.start_ns], dtype=np.int64)
                self._live_session = (live.start_ns, float(session_numbers(at, series.seconds, sessions, zone)[0]))
            data["session"] = self._live_session[1]
        return self._live.peek(*(data[name] for name in names))

    def at(self, index: int, live: float | None) -> float | None:
        """Return the value at a bar; `live` is what stands at the growing one."""
        if index >= self._count:
            return live
        value = float(self._store[index])
        return None if np.isnan(value) else value

    def _warm_from(self, data: Mapping[str, Array]) -> int:
        """Return the bar from which the live form must be fed to agree with the batch to the last digit."""
        found = spec(self.choice.name)
        if found.memory:
            period = int(found.settings(self.choice.parameters)["period"])
            return max(0, self._count - found.memory * period)
        changes = np.flatnonzero(np.diff(data["session"]))
        return int(changes[-1]) + 1 if len(changes) else 0


def _inputs(series: BarSeries, first: int, sessions: Sequence[Session], zone: str) -> dict[str, Array]:
    closed = series.pyramid.closed().part(first, len(series.pyramid))
    times = series.times[first : len(series.pyramid)]
    return {
        "high": closed.high,
        "low": closed.low,
        "close": closed.close,
        "volume": closed.volume,
        "price": series.prices[first:],
        "session": session_numbers(times, series.seconds, sessions, zone),
    }
