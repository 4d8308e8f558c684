# SPDX-License-Identifier: Apache-2.0
"""With seed 1 the first session gives both shipped strategies something to do; the market looks like a market."""

from typing import Any

import numpy as np
import pytest

from terminal.simulation.listings import STOCKS
from tests.unit.simulation.floor_case import AAPL, NVDA, SPY, TSLA, market


@pytest.mark.parametrize("con_id", [AAPL, NVDA, TSLA])
def test_the_first_session_crosses_its_vwap_and_strays_from_its_mean(con_id: int) -> None:
    exchange, _ = market()
    day = exchange.source.calendar.day(0)
    begun = exchange.now_ns()
    exchange.advance_to(day.close_ns)
    args: dict[str, Any] = {"end_ns": day.close_ns, "what": "TRADES", "regular_only": True}
    bars = exchange.bars(con_id, seconds=60, start_ns=day.open_ns, **args)
    close = np.array([bar.close for bar in bars])
    volume = np.array([bar.volume for bar in bars])
    typical = np.array([(bar.high + bar.low + bar.close) / 3 for bar in bars])
    vwap = np.cumsum(typical * volume) / np.cumsum(volume)
    mean = np.convolve(close, np.ones(9) / 9)[: len(close)]
    live = np.array([bar.start_ns >= begun for bar in bars])
    tradable = live & (np.arange(len(bars)) >= 9) & (np.arange(len(bars)) < len(bars) - 30)
    above = close > vwap
    up = above & ~np.roll(above, 1) & (mean > vwap) & tradable
    down = ~above & np.roll(above, 1) & (mean < vwap) & tradable
    assert up.any() or down.any()
    quarter = exchange.bars(con_id, seconds=900, start_ns=exchange.source.calendar.day(-3).open_ns, **args)
    average, strayed = quarter[0].close, 0
    for bar in quarter:
        average += (bar.close - average) * 2 / 21
        strayed += bar.start_ns >= begun and abs(bar.close / average - 1) >= 0.003
    assert strayed > 0


def test_volatility_and_correlation_are_those_of_the_catalogue() -> None:
    exchange, _ = market()
    moves = {}
    for spec in STOCKS[:15]:
        bars = exchange.bars(
            spec.con_id, seconds=86_400, start_ns=0, end_ns=exchange.now_ns(), what="TRADES", regular_only=True
        )
        moves[spec.con_id] = np.diff(np.log([bar.close for bar in bars[:-1]]))
        assert moves[spec.con_id].std() * np.sqrt(252) == pytest.approx(spec.volatility, rel=0.25)
    assert np.corrcoef(moves[SPY], moves[NVDA])[0, 1] > 0.4
    assert np.corrcoef(moves[SPY], moves[AAPL])[0, 1] > 0.4


def test_trading_is_busiest_at_the_open_and_the_close() -> None:
    exchange, _ = market()
    day = exchange.source.calendar.day(-1)
    bars = exchange.bars(
        AAPL, seconds=1800, start_ns=day.open_ns, end_ns=day.close_ns, what="TRADES", regular_only=True
    )
    volume = [bar.volume for bar in bars]
    assert min(volume[0], volume[-1]) > 1.3 * float(np.median(volume))


def test_twenty_levels_a_side_stand_around_the_touch() -> None:
    exchange, _ = market()
    bids, asks = exchange.book(AAPL, 25)
    top = exchange.top(AAPL)
    assert len(bids) == len(asks) == 25
    assert (bids[0][0], asks[0][0]) == (top.bid, top.ask)
    assert [row[0] for row in bids] == sorted((row[0] for row in bids), reverse=True)
    assert [row[0] for row in asks] == sorted(row[0] for row in asks)
    assert all(size > 0 and size % 100 == 0 for _, size, _ in [*bids, *asks])
