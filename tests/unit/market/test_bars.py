# SPDX-License-Identifier: Apache-2.0
"""One series for all who follow it; each bar is told closed once, in order, and never while it may still change."""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from terminal.bus import Bus
from terminal.clock import NS_PER_S, SimClock
from terminal.market.bars import CLOSE_GRACE_S, BarClosed, BarFeed
from terminal.model.enums import LinkState
from terminal.model.events import LinkChanged
from terminal.model.market import Bar
from tests.conftest import AllowLogs
from tests.unit.strategies.stage import STOCK, bars
from tests.unit.strategy.floor import START, History

MINUTE = 60 * NS_PER_S


class Floor:
    def __init__(self) -> None:
        self.clock = SimClock(START)
        self.bus = Bus()
        self.history = History()
        self.feed = BarFeed(self.history, self.bus, self.clock)
        self.closed: list[Bar] = []
        self.bus.subscribe(BarClosed, lambda event: self.closed.append(event.bar))

    def follow(self, owner: str = "chart", duration_s: int = 3600) -> list[tuple[int, bool]]:
        """Follow the minute bars; return what comes: (how many bars, reset)."""
        told: list[tuple[int, bool]] = []
        self.feed.open(
            STOCK,
            seconds=60,
            duration_s=duration_s,
            owner=owner,
            sink=lambda seen, reset: told.append((len(seen), reset)),
        )
        return told

    @property
    def source(self) -> Callable[[Sequence[Bar], bool], None]:
        return self.history.sinks[STOCK.id, 60]

    def at(self, minute: float) -> None:
        self.clock.advance_to(START + round(minute * MINUTE))

    def update(self, minute: int, close: float) -> None:
        self.source(bars([close], start_ns=START + minute * MINUTE), False)

    @property
    def closes(self) -> list[float]:
        return [bar.close for bar in self.closed]


@pytest.fixture
def floor() -> Floor:
    made = Floor()
    made.follow()
    made.source(bars([1.0, 2.0, 3.0], start_ns=START - 2 * MINUTE), True)
    return made


def test_history_is_known_not_news(floor: Floor) -> None:
    assert floor.closes == []
    assert [bar.close for bar in floor.feed.bars(STOCK.id, 60)] == [1.0, 2.0, 3.0]


def test_a_bar_is_closed_when_a_newer_one_comes_with_its_last_values(floor: Floor) -> None:
    floor.at(0.5)
    floor.update(0, 3.5)
    floor.at(1.01)
    floor.update(0, 3.75)
    floor.update(1, 4.0)
    assert floor.closes == [3.75]
    assert floor.closed[0].closed


def test_a_quiet_bar_is_closed_by_its_time(floor: Floor) -> None:
    floor.clock.advance_to(START + MINUTE + round(CLOSE_GRACE_S * NS_PER_S) - 1)
    assert floor.closes == []
    floor.clock.advance(0.1)
    assert floor.closes == [3.0]
    floor.clock.advance(600)
    assert floor.closes == [3.0], "once"


def test_while_the_link_is_down_silence_closes_nothing(floor: Floor) -> None:
    """What the bar became is told when the series comes anew: a strategy must not learn half a bar."""
    floor.bus.publish(LinkChanged(ns=START, state=LinkState.RECONNECTING))
    floor.at(3)
    assert floor.closes == []
    floor.bus.publish(LinkChanged(ns=START, state=LinkState.READY))
    floor.source(bars([1.0, 2.0, 3.9, 4.0, 5.0, 6.0], start_ns=START - 2 * MINUTE), True)
    assert floor.closes == [3.9, 4.0, 5.0]


def test_bars_that_were_missed_are_told_in_order(floor: Floor) -> None:
    floor.at(4.1)
    floor.closed.clear()
    floor.source(bars([3.0, 4.0, 5.0, 6.0, 7.0], start_ns=START), True)
    assert floor.closes == [4.0, 5.0, 6.0]


def test_a_correction_of_an_older_bar_is_kept_and_not_told_again(floor: Floor) -> None:
    floor.at(1.01)
    floor.update(1, 4.0)
    floor.update(0, 3.3)
    assert floor.closes == [3.0]
    assert [bar.close for bar in floor.feed.bars(STOCK.id, 60)] == [1.0, 2.0, 3.3, 4.0]


def test_a_second_follower_gets_what_is_known_and_asks_for_nothing(floor: Floor) -> None:
    source = floor.source
    told = floor.follow("strategy", duration_s=1800)
    assert told == [(3, True)]
    assert floor.source is source
    floor.update(0, 3.1)
    assert told == [(3, True), (1, False)]


def test_a_longer_past_asks_again_for_all(floor: Floor) -> None:
    source = floor.source
    told = floor.follow("strategy", duration_s=7200)
    assert floor.source is not source
    floor.source(bars([0.5, 1.0, 2.0, 3.0], start_ns=START - 3 * MINUTE), True)
    assert told[-1] == (4, True)


def test_the_stream_ends_with_its_last_follower(floor: Floor) -> None:
    floor.follow("strategy")
    floor.feed.close(STOCK.id, seconds=60, owner="chart")
    assert floor.history.sinks
    floor.feed.release("strategy")
    assert floor.history.sinks == {}
    assert floor.feed.bars(STOCK.id, 60) == ()
    floor.at(5)
    assert floor.closes == [], "its timer ended too"


def test_a_bar_that_cannot_be_is_left_out(floor: Floor, allow_logs: AllowLogs) -> None:
    allow_logs("market")
    (good,) = bars([4.0], start_ns=START + MINUTE)
    for bad in (replace(good, high=1e308), replace(good, close=math.nan), replace(good, volume=1e300)):
        floor.source((bad,), False)
    assert [bar.close for bar in floor.feed.bars(STOCK.id, 60)] == [1.0, 2.0, 3.0]
    floor.source((replace(good, low=-1e300), good), False)
    assert [bar.close for bar in floor.feed.bars(STOCK.id, 60)] == [1.0, 2.0, 3.0, 4.0]
