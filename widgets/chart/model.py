# SPDX-License-Identifier: Apache-2.0
"""The chart's state: bars, studies, orders, position, fills and quote of one instrument. No Qt, no bus, no clock.

The view draws what stands here and nothing else; whoever owns the model tells it what the core says.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from terminal.model.instrument import Instrument, Session
from terminal.model.market import Bar, Quote
from widgets.chart.marks import ChartFill, ChartOrder, ChartPosition
from widgets.chart.pyramid import Row
from widgets.chart.series import DAY_SECONDS, BarSeries, Change, LiveBar
from widgets.chart.study_lines import DEFAULT_STUDIES, StudyChoice, StudyLine

TIME_FRAMES: Final = ((5, "5s"), (60, "1m"), (300, "5m"), (900, "15m"), (3600, "1h"), (DAY_SECONDS, "1D"))
_FILLS_KEPT: Final = 2000


@dataclass(frozen=True, slots=True)
class Legend:
    """What the line above the chart says of one bar: the bar, and each shown study with its value there."""

    row: Row | None
    studies: tuple[tuple[StudyChoice, float | None], ...]


class ChartModel:
    """Everything one chart shows."""

    def __init__(self, seconds: int = 300) -> None:
        self.instrument: Instrument | None = None
        self.tick = 0.01
        self.decimals = 2
        self.series = BarSeries(seconds)
        self.sessions: tuple[Session, ...] = ()
        self.stale = False
        """Whether the source has been silent for too long: the last price may have moved."""
        self.studies = [StudyLine(choice) for choice in DEFAULT_STUDIES]
        self.orders: tuple[ChartOrder, ...] = ()
        self.position: ChartPosition | None = None
        self.fills: list[ChartFill] = []
        self.quote: Quote | None = None
        self._live_values: tuple[LiveBar | None, list[float | None]] | None = None

    @property
    def zone(self) -> str:
        return self.instrument.time_zone if self.instrument else "America/New_York"

    @property
    def last_price(self) -> float | None:
        """Price of the last trade: the quote's, else the close of the last bar."""
        if self.quote is not None and self.quote.last is not None:
            return self.quote.last
        return self.series.row(len(self.series) - 1).close if len(self.series) else None

    def set_instrument(self, instrument: Instrument | None) -> None:
        """Show another instrument: everything of the old one goes."""
        self.instrument = instrument
        self.tick = float(instrument.min_tick) if instrument is not None else 0.01
        self.decimals = instrument.decimals if instrument is not None else 2
        self.sessions, self.orders, self.position, self.quote = (), (), None, None
        self.fills = []
        self.set_time_frame(self.series.seconds)

    def set_time_frame(self, seconds: int) -> None:
        """Forget the bars; those of the new length come with `set_bars`."""
        self.series = BarSeries(seconds)
        self._rebuild()

    def set_bars(self, bars: Sequence[Bar], *, reset: bool) -> Change:
        """Take bars of this instrument and time frame; return what changed. Raises ValueError for others."""
        for bar in bars:
            if self.instrument is not None and bar.instrument_id != self.instrument.id:
                raise ValueError(f"a bar of this chart must be of {self.instrument.id}, was of {bar.instrument_id}")
        if reset:
            self.series.load(bars)
            self._rebuild()
            return Change.ALL
        change = max((self.series.put(bar) for bar in bars), key=lambda item: item.value, default=Change.NOTHING)
        if change is Change.ALL:
            self._rebuild()
        elif change is Change.CLOSED:
            for line in self.studies:
                line.extend(self.series, self.sessions, self.zone)
        return change

    def set_sessions(self, sessions: Iterable[Session]) -> None:
        """Set the regular sessions, which shade closed hours and start session studies."""
        self.sessions = tuple(sorted(sessions, key=lambda session: session.start_ns))
        self._rebuild()

    def set_studies(self, choices: Sequence[StudyChoice]) -> None:
        """Replace the studies. Raises LookupError or ValueError for one that cannot be."""
        self.studies = [StudyLine(choice) for choice in choices]
        self._rebuild()

    def add_fill(self, fill: ChartFill) -> None:
        """Mark an own execution; the oldest go when there are too many to read."""
        self.fills.append(fill)
        del self.fills[:-_FILLS_KEPT]

    def set_fills(self, fills: Iterable[ChartFill]) -> None:
        """Mark these own executions and no others, the newest of them."""
        self.fills = list(fills)[-_FILLS_KEPT:]

    def live_values(self) -> list[float | None]:
        """Return each study's value at the growing bar, calculated once per tick."""
        live = self.series.live
        if self._live_values is None or self._live_values[0] is not live:
            self._live_values = live, [line.live_value(self.series, self.sessions, self.zone) for line in self.studies]
        return self._live_values[1]

    def legend(self, index: int | None) -> Legend:
        """Return the figures of one bar, of the last one for None."""
        if not len(self.series):
            return Legend(None, tuple((line.choice, None) for line in self.studies if line.choice.shown))
        place = len(self.series) - 1 if index is None else min(max(index, 0), len(self.series) - 1)
        values = [line.at(place, live) for line, live in zip(self.studies, self.live_values(), strict=True)]
        shown = tuple(
            (line.choice, value) for line, value in zip(self.studies, values, strict=True) if line.choice.shown
        )
        return Legend(self.series.row(place), shown)

    def _rebuild(self) -> None:
        self._live_values = None
        for line in self.studies:
            line.rebuild(self.series, self.sessions, self.zone)
