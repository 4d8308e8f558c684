# SPDX-License-Identifier: Apache-2.0
"""History and live are one process: what was streamed is what history returns, in any bar size, watched or not."""

from collections import defaultdict
from typing import Any

import numpy as np
import pytest

from terminal.model.market import Bar
from terminal.simulation.exchange_port import SimPrint, SimulatorRefusalError
from terminal.simulation.trading_days import NS
from tests.unit.simulation.floor_case import AAPL, EUR, MSFT, SPY, TSLA, market, order, pass_time

MINUTE = 60 * NS


def bars_of(prints: list[SimPrint], seconds: int) -> dict[int, tuple[float, ...]]:
    """Aggregate streamed prints independently: start -> open, high, low, close, volume, count."""
    groups: dict[int, list[SimPrint]] = defaultdict(list)
    for one in prints:
        groups[one.ns // (seconds * NS) * seconds * NS].append(one)
    return {
        start: (
            rows[0].price, max(row.price for row in rows), min(row.price for row in rows), rows[-1].price,
            sum(row.size for row in rows), len(rows),
        )
        for start, rows in groups.items()
    }  # fmt: skip


def shape(bar: Bar) -> tuple[float, ...]:
    return (bar.open, bar.high, bar.low, bar.close, bar.volume, bar.count)


def live(seconds: float = 300.0) -> tuple[list[SimPrint], dict[int, list[Bar]]]:
    exchange, heard = market()
    exchange.watch(AAPL, "prints")
    start = exchange.now_ns()
    exchange.place(order("BUY", 700))
    exchange.place(order("BUY", 300, "LMT", limit_price=exchange.top(AAPL).bid))
    pass_time(exchange, seconds)
    found = {
        size: list(
            exchange.bars(
                AAPL, seconds=size, start_ns=start, end_ns=exchange.now_ns(), what="TRADES", regular_only=True
            )
        )
        for size in (5, 60)
    }
    return heard.prints, found


def test_history_returns_the_bars_that_were_streamed_own_trades_included() -> None:
    prints, found = live()
    for seconds, bars in found.items():
        streamed = bars_of(prints, seconds)
        traded = {bar.start_ns: shape(bar) for bar in bars if bar.count}
        assert traded == streamed


def test_what_will_be_streamed_does_not_depend_on_who_watches() -> None:
    watched, heard = market()
    quiet, _ = market()
    watched.watch(AAPL, "prints")
    watched.watch(AAPL, "book")
    pass_time(watched, 180)
    pass_time(quiet, 180)
    args: dict[str, Any] = {
        "seconds": 60,
        "start_ns": 0,
        "end_ns": watched.now_ns(),
        "what": "TRADES",
        "regular_only": True,
    }
    begin = watched.now_ns() - 3600 * NS
    assert watched.bars(AAPL, **{**args, "start_ns": begin}) == quiet.bars(AAPL, **{**args, "start_ns": begin})
    assert watched.top(AAPL) == quiet.top(AAPL)
    again = quiet.prints(AAPL, start_ns=heard.prints[0].ns, end_ns=watched.now_ns(), limit=100_000)
    assert list(again) == heard.prints


@pytest.mark.parametrize("con_id", [AAPL, SPY, TSLA])
def test_bars_of_all_sizes_agree(con_id: int) -> None:
    exchange, _ = market()
    day = exchange.source.calendar.day(-2)
    args: dict[str, Any] = {"start_ns": day.start_ns, "end_ns": day.end_ns, "what": "TRADES", "regular_only": True}
    minutes = exchange.bars(con_id, seconds=60, **args)
    assert len(minutes) == 390
    for seconds in (5, 300, 900, 3600, 86_400):
        bars = exchange.bars(con_id, seconds=seconds, **args)
        assert sum(bar.volume for bar in bars) == sum(bar.volume for bar in minutes)
        assert max(bar.high for bar in bars) == max(bar.high for bar in minutes)
        assert min(bar.low for bar in bars) == min(bar.low for bar in minutes)
        assert (bars[0].open, bars[-1].close) == (minutes[0].open, minutes[-1].close)
    hours = exchange.bars(con_id, seconds=3600, **args)
    assert [(bar.start_ns - day.open_ns) // MINUTE for bar in hours] == [0, 30, 90, 150, 210, 270, 330]


def test_a_growing_bar_is_open_and_ends_with_the_last_print() -> None:
    exchange, _ = market()
    pass_time(exchange, 30)
    start = exchange.now_ns() - 10 * MINUTE
    bars = exchange.bars(
        MSFT, seconds=60, start_ns=start, end_ns=exchange.now_ns() + MINUTE, what="TRADES", regular_only=True
    )
    assert [bar.closed for bar in bars[-2:]] == [True, False]
    assert bars[-1].close == exchange.top(MSFT).last


def test_daily_bars_join_yesterday_to_today() -> None:
    exchange, _ = market()
    year = 370 * 86_400 * NS
    bars = exchange.bars(
        AAPL, seconds=86_400, start_ns=exchange.now_ns() - year, end_ns=exchange.now_ns(), what="TRADES",
        regular_only=True,
    )  # fmt: skip
    assert len(bars) > 250
    assert bars[-2].close == exchange.top(AAPL).previous_close
    assert not bars[-1].closed
    moves = np.abs(np.diff(np.log([bar.close for bar in bars])))
    assert moves.max() < 0.2  # a report of earnings may be among them
    weeks = exchange.bars(
        AAPL, seconds=7 * 86_400, start_ns=exchange.now_ns() - year, end_ns=exchange.now_ns(), what="TRADES",
        regular_only=True,
    )  # fmt: skip
    assert 50 <= len(weeks) <= 55
    assert weeks[-1].close == bars[-1].close


def test_currency_pairs_have_midpoints_and_no_trades() -> None:
    exchange, _ = market()
    args: dict[str, Any] = {
        "seconds": 60,
        "start_ns": exchange.now_ns() - 600 * NS,
        "end_ns": exchange.now_ns(),
        "regular_only": True,
    }
    with pytest.raises(SimulatorRefusalError) as refusal:
        exchange.bars(EUR, what="TRADES", **args)
    assert refusal.value.code == 162
    assert len(exchange.bars(EUR, what="MIDPOINT", **args)) == 10


def test_spy_and_es_move_together() -> None:
    exchange, _ = market()
    future = exchange.find(symbol="ES", sec_type="FUT")[0]
    args: dict[str, Any] = {
        "seconds": 60, "start_ns": exchange.now_ns() - 3600 * NS, "end_ns": exchange.now_ns(), "what": "TRADES",
        "regular_only": True,
    }  # fmt: skip
    fund = np.diff(np.log([bar.close for bar in exchange.bars(SPY, **args)]))
    index = np.diff(np.log([bar.close for bar in exchange.bars(future.broker_id or 0, **args)]))
    assert np.corrcoef(fund, index)[0, 1] > 0.98


def test_an_empty_question_has_an_empty_answer() -> None:
    exchange, _ = market()
    later = exchange.now_ns() + 86_400 * NS
    assert not exchange.bars(AAPL, seconds=60, start_ns=later, end_ns=later + NS, what="TRADES", regular_only=True)
