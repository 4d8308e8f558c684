# SPDX-License-Identifier: Apache-2.0
"""Data that follows from the market's own record: volatilities, joined sides, past quotes, past sessions."""

from dataclasses import replace
from itertools import pairwise
from math import exp, sqrt

import pytest

from brokers.simulator.past_quotes import first_quotes, last_quotes
from brokers.simulator.schedules import is_regular, past_sessions
from brokers.simulator.studies import Studies, realized_volatility
from brokers.simulator.what_to_show import check_kind, shown_bars
from terminal.clock import NS_PER_S
from terminal.model.instrument import Instrument
from terminal.model.market import Bar
from terminal.simulation.exchange_port import SimTop, SimulatorRefusalError
from terminal.simulation.factory import open_exchange
from terminal.simulation.market import Market
from tests.unit.simulator_wire.still_market import AAPL, START_NS, StillMarket, quote

DAY_NS = 86_400 * NS_PER_S


@pytest.fixture(scope="module")
def living() -> Market:
    return open_exchange(seed=11)


@pytest.fixture(scope="module")
def apple(living: Market) -> Instrument:
    found = living.instrument(265598)
    assert found is not None
    return found


# ------------------------------------------------------------------ volatility
def test_the_volatility_of_alternating_returns_is_known() -> None:
    """Returns of +r and -r, as many of each: the sample deviation is r sqrt(n / (n - 1))."""
    step, count = 0.01, 20
    closes = [100.0]
    for number in range(count):
        closes.append(closes[-1] * exp(step if number % 2 else -step))
    found = realized_volatility(closes)
    assert found == pytest.approx(step * sqrt(count / (count - 1)) * sqrt(252))


@pytest.mark.parametrize("closes", [[], [1.0], [1.0, 2.0]])
def test_too_few_closes_have_no_volatility(closes: list[float]) -> None:
    assert realized_volatility(closes) is None


def test_volatility_bars_join_where_one_ends_the_next_begins(living: Market, apple: Instrument) -> None:
    now = living.now_ns()
    bars = shown_bars(
        living,
        apple,
        seconds=86_400,
        start_ns=now - 40 * DAY_NS,
        end_ns=now,
        what="HISTORICAL_VOLATILITY",
        regular_only=True,
    )
    assert len(bars) >= 25
    for before, after in pairwise(bars):
        assert after.open == before.close
    assert all(0.02 < bar.low <= min(bar.open, bar.close) <= max(bar.open, bar.close) <= bar.high < 3 for bar in bars)


# ------------------------------------------------------------------ both sides
def test_bars_of_both_sides_hold_the_lowest_bid_and_the_highest_ask(living: Market, apple: Instrument) -> None:
    now = living.now_ns()

    def bars(what: str) -> dict[int, Bar]:
        found = shown_bars(
            living, apple, seconds=900, start_ns=now - 4 * DAY_NS, end_ns=now, what=what, regular_only=True
        )
        return {bar.start_ns: bar for bar in found}

    bids, asks, both = bars("BID"), bars("ASK"), bars("BID_ASK")
    assert set(both) == set(bids) & set(asks)
    for start, bar in both.items():
        assert (bar.low, bar.high) == (bids[start].low, asks[start].high)
        assert bids[start].low <= bar.open <= bids[start].high
        assert asks[start].low <= bar.close <= asks[start].high


def test_a_kind_that_does_not_exist_is_refused() -> None:
    with pytest.raises(SimulatorRefusalError, match="431"):
        check_kind("MOONLIGHT")


# ------------------------------------------------------------------ past quotes
def moments(market: StillMarket, *tops: SimTop) -> None:
    """The market stood like this, one second after the other."""
    market.past = [(START_NS - (len(tops) - number) * NS_PER_S, top) for number, top in enumerate(tops)]


def test_only_changes_are_told_and_the_oldest_comes_first(market: StillMarket) -> None:
    one, two = quote(AAPL, 230.0, 230.1, 230.0), quote(AAPL, 231.0, 231.1, 231.0)
    moments(market, one, one, two, replace(two, bid_size=900.0), one)
    start, end = START_NS - 5 * NS_PER_S, START_NS
    found = first_quotes(market, AAPL, start_ns=start, end_ns=end, count=10)
    assert [each.bid for each in found] == [230.0, 231.0, 231.0, 230.0]
    assert [each.epoch for each in found] == [START_NS // NS_PER_S - back for back in (5, 3, 2, 1)]
    middles = first_quotes(market, AAPL, start_ns=start, end_ns=end, count=10, middle=True)
    assert [each.bid for each in middles] == [230.0, 231.0, 230.0]
    assert len(first_quotes(market, AAPL, start_ns=start, end_ns=end, count=2)) == 2
    assert [each.bid for each in last_quotes(market, AAPL, end_ns=end, count=2)] == [231.0, 230.0]


def test_a_market_without_quotes_has_no_past_quotes(market: StillMarket) -> None:
    moments(market, replace(quote(AAPL, 1.0, 2.0, 1.5), bid=None))
    assert first_quotes(market, AAPL, start_ns=START_NS - 9 * NS_PER_S, end_ns=START_NS, count=5) == []


# ------------------------------------------------------------------ sessions and figures
def test_past_sessions_are_whole_days_one_after_the_other(living: Market, apple: Instrument) -> None:
    now = living.now_ns()
    found = past_sessions(living, apple, start_ns=now - 14 * DAY_NS, end_ns=now, regular=True)
    assert len(found) == 10  # from 19 February on; the session of the 18th began before the span
    for session in found:
        hours = (session.end_ns - session.start_ns) / 3600 / NS_PER_S
        assert hours == pytest.approx(6.5)
        assert is_regular(apple, session.start_ns)
        assert not is_regular(apple, session.end_ns)
    assert [one.start_ns for one in found] == sorted({one.start_ns for one in found})


def test_figures_follow_from_the_bars(living: Market, apple: Instrument) -> None:
    names = frozenset({"low_13_week", "high_52_week", "trade_count", "volume_rate"})
    found = Studies(living).figures(apple, names)
    now = living.now_ns()
    year = living.bars(
        265598, seconds=86_400, start_ns=now - 364 * DAY_NS, end_ns=now + 1, what="TRADES", regular_only=True
    )
    assert found["high_52_week"] == max(bar.high for bar in year if bar.start_ns >= now - 364 * DAY_NS)
    assert found["low_52_week"] <= found["low_26_week"] <= found["low_13_week"]
    assert found["trade_count"] > 0
