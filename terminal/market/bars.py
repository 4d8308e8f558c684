# SPDX-License-Identifier: Apache-2.0
"""BarFeed: one live series per instrument and size, shared by charts and strategies.

History and its live continuation come from the broker as one stream. A bar is closed when a newer one
appears or, while the link is sound, when the clock is past its end; each closed bar is published once, in
order, so that a strategy never sees a bar twice, and never one that may still change.
"""

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import structlog

from terminal.bus import Bus
from terminal.clock import NS_PER_S, Clock, Timer
from terminal.market.sanity import sound_bar
from terminal.model.enums import LinkState
from terminal.model.events import LinkChanged
from terminal.model.ids import InstrumentId
from terminal.model.instrument import Instrument
from terminal.model.market import Bar
from terminal.ports import BarStream, HistoryFeed

_log = structlog.get_logger("market")
CLOSE_GRACE_S: Final = 7.0
"""IBKR updates a growing bar about every 5 s: a quiet bar is taken as closed this long after its end."""
_LOOK_AGAIN_S: Final = 1.0

BarSink = Callable[[Sequence[Bar], bool], None]
Key = tuple[InstrumentId, int, bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class BarClosed:
    """Published once per closed live bar, oldest first. History that was closed before is not repeated."""

    bar: Bar
    regular_hours_only: bool


@dataclass(slots=True, kw_only=True)
class _Series:
    instrument: Instrument
    seconds: int
    regular_hours_only: bool
    duration_s: int
    bars: list[Bar] = field(default_factory=list)
    sinks: dict[str, BarSink] = field(default_factory=dict)
    stream: BarStream | None = None
    closed_until_ns: int | None = None
    timer: Timer | None = None
    due_ns: int = 0
    """When the timer's bar is over."""


class BarFeed:
    """Series of bars by (instrument, seconds, regular hours only).

    Publishes: BarClosed.
    """

    def __init__(self, feed: HistoryFeed, bus: Bus, clock: Clock) -> None:
        self._feed = feed
        self._bus = bus
        self._clock = clock
        self._series: dict[Key, _Series] = {}
        self._sound = True
        bus.subscribe(LinkChanged, self._on_link)

    def _on_link(self, event: LinkChanged) -> None:
        """While the link is down silence proves nothing: what a bar became is told when the series comes anew."""
        self._sound = event.state in (LinkState.READY, LinkState.SYNCING)

    def open(
        self,
        instrument: Instrument,
        *,
        seconds: int,
        duration_s: int,
        owner: str,
        sink: BarSink,
        regular_hours_only: bool = True,
    ) -> None:
        """Follow one series; ``sink(bars, reset)`` is called at once with what is known.

        A longer ``duration_s`` than an earlier follower's asks the broker again.
        """
        key = (instrument.id, seconds, regular_hours_only)
        series = self._series.get(key)
        if series is not None and series.duration_s >= duration_s:
            series.sinks[owner] = sink
            if series.bars:
                sink(tuple(series.bars), True)
            return
        if series is None:
            series = _Series(
                instrument=instrument,
                seconds=seconds,
                regular_hours_only=regular_hours_only,
                duration_s=duration_s,
            )
            self._series[key] = series
        elif series.stream is not None:
            series.stream.close()
        series.duration_s = max(series.duration_s, duration_s)
        series.sinks[owner] = sink
        followed = series
        series.stream = self._feed.keep_bars(
            instrument,
            seconds=seconds,
            duration_s=series.duration_s,
            regular_hours_only=regular_hours_only,
            sink=lambda bars, reset: self._take(followed, bars, reset),
        )

    def close(self, instrument_id: InstrumentId, *, seconds: int, owner: str, regular_hours_only: bool = True) -> None:
        key = (instrument_id, seconds, regular_hours_only)
        series = self._series.get(key)
        if series is None:
            return
        series.sinks.pop(owner, None)
        if series.sinks:
            return
        del self._series[key]
        if series.stream is not None:
            series.stream.close()
        if series.timer is not None:
            series.timer.cancel()

    def release(self, owner: str) -> None:
        """Close every series that ``owner`` follows."""
        for instrument_id, seconds, regular in [key for key, series in self._series.items() if owner in series.sinks]:
            self.close(instrument_id, seconds=seconds, owner=owner, regular_hours_only=regular)

    def bars(self, instrument_id: InstrumentId, seconds: int, *, regular_hours_only: bool = True) -> Sequence[Bar]:
        """Return the series as known now, the growing bar last."""
        series = self._series.get((instrument_id, seconds, regular_hours_only))
        return tuple(series.bars) if series is not None else ()

    # ------------------------------------------------------------ taking
    def _take(self, series: _Series, bars: Sequence[Bar], reset: bool) -> None:
        if not all(map(sound_bar, bars)):
            _log.warning("bars refused", instrument=series.instrument.id, seconds=series.seconds)
            bars = tuple(filter(sound_bar, bars))
            if not (bars or reset):
                return
        if reset:
            series.bars = list(bars)
        else:
            for bar in bars:
                _merge(series.bars, bar)
        for sink in tuple(series.sinks.values()):
            sink(bars, reset)
        self._close_finished(series, newest_is_open=True)

    def _close_finished(self, series: _Series, *, newest_is_open: bool) -> None:
        """Publish every bar that cannot change any more; arm the timer for the newest."""
        if not series.bars:
            return
        now = self._clock.now_ns()
        newest = series.bars[-1]
        due_ns = newest.end_ns + round(CLOSE_GRACE_S * NS_PER_S)
        if now >= due_ns and self._sound:
            newest_is_open = False
        finished = series.bars[:-1] if newest_is_open else series.bars
        if series.closed_until_ns is None:  # the first answer: history is known, not news
            series.closed_until_ns = finished[-1].start_ns if finished else newest.start_ns - 1
        else:
            start = _index_after(series.bars, series.closed_until_ns)
            for bar in finished[start:]:
                series.closed_until_ns = bar.start_ns
                closed = bar if bar.closed else replace(bar, closed=True)
                self._bus.publish(BarClosed(bar=closed, regular_hours_only=series.regular_hours_only))
        if series.timer is not None:
            if newest_is_open and series.due_ns == due_ns and now < due_ns:
                return  # it stands right: a cancelled timer would stay with the window's loop until it is due
            series.timer.cancel()
            series.timer = None
        if newest_is_open:
            series.due_ns = due_ns
            if now < due_ns:
                series.timer = self._clock.call_at(due_ns, lambda: self._on_due(series))
            else:
                series.timer = self._clock.call_later(_LOOK_AGAIN_S, lambda: self._on_due(series))

    def _on_due(self, series: _Series) -> None:
        series.timer = None
        self._close_finished(series, newest_is_open=True)


def _merge(bars: list[Bar], bar: Bar) -> None:
    """Put one update in its place: the last bar, a new one, or a correction of an older one."""
    if not bars or bar.start_ns > bars[-1].start_ns:
        bars.append(bar)
        return
    index = bisect_left(bars, bar.start_ns, key=lambda known: known.start_ns)
    if bars[index].start_ns == bar.start_ns:
        bars[index] = bar
    else:
        bars.insert(index, bar)


def _index_after(bars: Sequence[Bar], start_ns: int) -> int:
    """Return the index of the first bar that starts after ``start_ns``."""
    low, high = 0, len(bars)
    while low < high:
        middle = (low + high) // 2
        if bars[middle].start_ns <= start_ns:
            low = middle + 1
        else:
            high = middle
    return low
