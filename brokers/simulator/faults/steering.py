# SPDX-License-Identifier: Apache-2.0
"""Steering: moves a price or halts an instrument by hand, in a market that is otherwise a function of its seed.

It stands between the market and its source. What it changes goes into the record: the tape holds the prices that were
streamed, so bars of every size tell them later. It moves one instrument: options on it, funds that hold it and other
markets do not follow, and a state file does not keep it.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, cast

import numpy as np

from terminal.simulation.facts import Halt
from terminal.simulation.market import Market
from terminal.simulation.source import NEVER, DayFigures, Feed, FeedEvent, MarketSource, Touch

if TYPE_CHECKING:
    from terminal.simulation.tape import Tape

_REGULATORY: Final = 1
_MARK: Final = -1
"""Moment of an edit that changes nothing: it keeps a tape that differs from the model's in memory."""


class _SteeredFeed:
    """A feed whose events are moved, or lost while their instrument is halted."""

    def __init__(self, inner: Feed, source: "SteeredSource") -> None:
        self.inner = inner
        self._source = source

    @property
    def next_ns(self) -> int:
        return self.inner.next_ns

    def step(self) -> Sequence[FeedEvent]:
        ns = self.inner.next_ns
        return [moved for event in self.inner.step() if (moved := self._source.moved(event, ns)) is not None]


class SteeredSource:
    """A market's source with a hand on it; everything that is not named here is the source's own."""

    def __init__(self, inner: MarketSource) -> None:
        self._inner = inner
        self._shifts: dict[int, list[tuple[int, int]]] = {}
        self._halted: dict[int, Halt] = {}
        self._past: dict[int, list[Halt]] = {}
        self._feeds: dict[int, _SteeredFeed] = {}
        self._shifted: set[int] = set()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    # ------------------------------------------------------------ the hand
    def shift(self, con_id: int, ns: int, ticks: int) -> None:
        """Move every price after ``ns`` by so many ticks."""
        tape = self.tape(con_id, ns)
        self._shifts.setdefault(con_id, []).append((ns, ticks))
        self._move(tape, ticks, after_ns=ns)

    def halt(self, con_id: int, ns: int, *, on: bool) -> None:
        """Let nothing trade from ``ns`` on, or again."""
        if on:
            self._halted.setdefault(con_id, Halt(start_ns=ns, end_ns=NEVER, code=_REGULATORY, low=0, high=0))
        elif con_id in self._halted:
            self._past.setdefault(con_id, []).append(replace(self._halted.pop(con_id), end_ns=ns))

    def _move(self, tape: "Tape", ticks: int, *, after_ns: int) -> None:
        prints = tape.background
        tick = prints.tick + np.where(prints.ns > after_ns, ticks, 0).astype(prints.tick.dtype)
        tape.background = replace(prints, tick=tick)
        tape.remove(_MARK, 0)
        self._shifted.add(id(tape))

    def _offset(self, con_id: int, ns: int) -> int:
        shifts = self._shifts.get(con_id)
        return sum(ticks for since, ticks in shifts if since <= ns) if shifts else 0

    def moved(self, event: FeedEvent, ns: int) -> FeedEvent | None:
        """Return an event as it is now; None when it does not happen."""
        if event.con_id in self._halted:
            if event.size > 0:
                self._inner.tape(event.con_id, ns).remove(ns, event.size)
            return None
        by = self._offset(event.con_id, ns)
        if not by:
            return event
        bid, ask = _moved((event.bid, event.ask), by)
        return replace(event, bid=bid, ask=ask, tick=max(1, event.tick + by) if event.size > 0 else event.tick)

    # ------------------------------------------------------------ what the market asks
    def touch(self, con_id: int, ns: int) -> Touch:
        return _moved(self._inner.touch(con_id, ns), self._offset(con_id, ns))

    def displayed(self, con_id: int, sign: int, tick: int, touch: int, ns: int) -> int:
        by = self._offset(con_id, ns)
        return self._inner.displayed(con_id, sign, tick - by, touch - by, ns)

    def open_feed(self, con_id: int, ns: int) -> Feed:
        inner = self._inner.open_feed(con_id, ns)
        found = self._feeds.get(id(inner))
        if found is None or found.inner is not inner:
            found = self._feeds[id(inner)] = _SteeredFeed(inner, self)
        return cast("Feed", found)

    def close_feed(self, con_id: int) -> Feed | None:
        inner = self._inner.close_feed(con_id)
        return None if inner is None else cast("Feed", self._feeds.pop(id(inner), inner))

    def tape(self, con_id: int, ns: int) -> "Tape":
        """Return the tape of the day at ``ns``; that of a day after a shift is moved as a whole, once."""
        tape = self._inner.tape(con_id, ns)
        if con_id in self._shifts and id(tape) not in self._shifted:
            start = self._inner.calendar.day(self._inner.calendar.index_at(ns)).start_ns
            by = self._offset(con_id, start)
            if by:
                self._move(tape, by, after_ns=start - 1)
        return tape

    def figures(self, con_id: int, ns: int) -> DayFigures:
        found = self._inner.figures(con_id, ns)
        by = self._offset(con_id, self._inner.calendar.day(self._inner.calendar.index_at(ns)).start_ns)
        if not by:
            return found
        opened, closed = _moved((found.open, found.previous_close), by)
        return replace(found, open=opened, previous_close=closed)

    def halt_at(self, con_id: int, ns: int) -> Halt | None:
        halt = self._halted.get(con_id)
        if halt is not None and halt.start_ns <= ns:
            return halt
        for past in self._past.get(con_id, ()):
            if past.start_ns <= ns < past.end_ns:
                return past
        return self._inner.halt_at(con_id, ns)


def _moved(pair: tuple[int | None, int | None], by: int) -> tuple[int | None, int | None]:
    first, second = pair
    return (
        None if first is None else max(1, first + by),
        None if second is None else max(1, second + by),
    )


class Steering:
    """The hand on one market."""

    def __init__(self, market: Market) -> None:
        self._market = market
        self._source = SteeredSource(market.source)
        market.source = cast("MarketSource", self._source)

    def shock(self, con_id: int, fraction: float) -> None:
        """Move an instrument's prices by this share of what it is worth now, from the next event on."""
        market = self._market
        ticks = round(market.mark(con_id) * fraction / float(market.source.unit(con_id)))
        market.watch(con_id, "prints")  # from now on it lives whether or not a client looks: its record is its own
        self._source.shift(con_id, market.now_ns(), ticks)

    def halt(self, con_id: int, *, on: bool) -> None:
        """Stop trading in an instrument, or let it go on."""
        self._source.halt(con_id, self._market.now_ns(), on=on)
        self._market.listener.on_top(self._market.top(con_id))
