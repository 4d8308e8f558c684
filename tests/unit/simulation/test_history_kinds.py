# SPDX-License-Identifier: Apache-2.0
"""Bars of every kind that a client can ask for, and contracts found by the month that they are named after."""

from typing import Any

import numpy as np
import pytest

from terminal.simulation.exchange_port import SimulatorRefusalError
from terminal.simulation.futures import contract_month
from terminal.simulation.trading_days import NS
from tests.unit.simulation.floor_case import AAPL, EUR, IBM, market

BTC, SPX, VIX = 479624278, 416904, 13455763


def last_day(seconds: int = 60, **more: Any) -> dict[str, Any]:
    exchange, _ = market()
    day = exchange.source.calendar.day(-1)
    return {"seconds": seconds, "start_ns": day.start_ns, "end_ns": day.end_ns, "regular_only": True, **more}


@pytest.mark.parametrize("seconds", [60, 3600, 86_400])
def test_bid_ask_bars_stand_around_the_middle(seconds: int) -> None:
    exchange, _ = market()
    both = exchange.bars(AAPL, what="BID_ASK", **last_day(seconds))
    low = exchange.bars(AAPL, what="BID", **last_day(seconds))
    high = exchange.bars(AAPL, what="ASK", **last_day(seconds))
    assert len(both) == len(low) == len(high)
    for bar, bid, ask in zip(both, low, high, strict=True):
        assert (bar.low, bar.high) == (bid.low, ask.high)
        assert bid.low <= bar.open <= bar.close <= ask.high


def test_coins_have_aggregate_trades_and_nothing_else_has() -> None:
    exchange, _ = market()
    plain = exchange.bars(BTC, what="TRADES", **last_day())
    assert exchange.bars(BTC, what="AGGTRADES", **last_day()) == plain
    assert any(bar.volume != int(bar.volume) for bar in plain)
    with pytest.raises(SimulatorRefusalError):
        exchange.bars(AAPL, what="AGGTRADES", **last_day())


def test_volatility_bars_follow_closes_and_the_surface() -> None:
    exchange, _ = market()
    closes = exchange.bars(
        AAPL, seconds=86_400, start_ns=exchange.now_ns() - 80 * 86_400 * NS, end_ns=exchange.now_ns(), what="TRADES",
        regular_only=True,
    )[:-1]  # fmt: skip
    moves = np.diff(np.log([bar.close for bar in closes[-32:-1]]))
    (realized,) = exchange.bars(AAPL, what="HISTORICAL_VOLATILITY", **last_day(86_400))
    assert realized.close == pytest.approx(moves.std() * np.sqrt(252), rel=1e-4)
    implied = exchange.bars(AAPL, what="OPTION_IMPLIED_VOLATILITY", **last_day(1800))
    prices = exchange.bars(AAPL, what="TRADES", **last_day(1800))
    assert len(implied) == len(prices)
    moved = np.corrcoef([bar.close for bar in implied], [bar.close for bar in prices])[0, 1]
    assert moved < -0.99
    assert all(bar.low <= min(bar.open, bar.close) and bar.high >= max(bar.open, bar.close) for bar in implied)
    assert exchange.bars(SPX, what="OPTION_IMPLIED_VOLATILITY", **last_day(86_400))


@pytest.mark.parametrize(
    ("con_id", "what"),
    [
        (EUR, "TRADES"), (SPX, "MIDPOINT"), (VIX, "FEE_RATE"), (EUR, "FEE_RATE"), (BTC, "ADJUSTED_LAST"),
        (AAPL, "YIELD_BID"),
    ],
)  # fmt: skip
def test_what_an_instrument_does_not_have_is_refused(con_id: int, what: str) -> None:
    exchange, _ = market()
    with pytest.raises(SimulatorRefusalError) as refusal:
        exchange.bars(con_id, what=what, **last_day())
    assert refusal.value.code == 162


def test_fees_and_dividends_are_told_by_day() -> None:
    exchange, _ = market()
    (fee,) = exchange.bars(IBM, what="FEE_RATE", **last_day(86_400))
    assert (fee.open, fee.close) == (0.0025, 0.0025)
    year = {"seconds": 86_400, "start_ns": exchange.now_ns() - 366 * 86_400 * NS, "end_ns": exchange.now_ns()}
    plain = exchange.bars(IBM, what="TRADES", regular_only=True, **year)
    adjusted = exchange.bars(IBM, what="ADJUSTED_LAST", regular_only=True, **year)
    assert plain[-1].close == adjusted[-1].close
    assert 0.02 < 1 - adjusted[0].close / plain[0].close < 0.04  # four payments of 1.67 on a price about 250


def test_futures_are_found_by_the_month_they_are_named_after() -> None:
    exchange, _ = market()
    (crude,) = exchange.find(symbol="CL", sec_type="FUT", expiry="202505")
    assert (crude.local_symbol, f"{crude.expiry:%Y%m%d}", contract_month(crude)) == ("CLK5", "20250422", "202505")
    (by_day,) = exchange.find(symbol="CL", sec_type="FUT", expiry="20250422")
    assert by_day == crude
    (index,) = exchange.find(symbol="ES", sec_type="FUT", expiry="202506")
    assert index.local_symbol == "ESM5"
    (january,) = exchange.find(symbol="CL", sec_type="FUT", local_symbol="CLF6")
    assert contract_month(january) == "202601"


def test_statistics_tell_the_average_price_of_the_day_so_far() -> None:
    exchange, _ = market()
    now = exchange.now_ns()
    prints = exchange.source.tape(IBM, now).prints.between(0, now + 1)
    wanted = float((prints.tick * prints.size.astype(float)).sum() / prints.size.sum()) * 0.01
    found = exchange.statistics(IBM)
    assert found["vwap"] == pytest.approx(wanted)
    assert found["historical_volatility"] > 0.05
    assert 0.1 < found["implied_volatility"] < 0.8
    assert found["shortable_shares"] > 100_000
    assert "vwap" not in exchange.statistics(SPX)
