# SPDX-License-Identifier: Apache-2.0
"""Missing margin: what is told, what is borne until the soft edge ends, what is sold, and what is refused before."""

from decimal import Decimal

import pytest

from terminal.simulation.exchange_port import SimulatorRefusalError
from terminal.simulation.market import Market
from terminal.simulation.trading_days import MINUTE_NS
from tests.unit.simulation.floor_case import AAPL, ACCOUNT, MSFT, Recorder, market, order, pass_time


def invested(shares: int = 2000) -> tuple[Market, Recorder]:
    """A market whose account holds shares on margin."""
    exchange, heard = market()
    exchange.place(order("BUY", shares))
    pass_time(exchange, 60)
    assert exchange.positions(ACCOUNT)[0].quantity == shares
    return exchange, heard


def leave_excess(exchange: Market, share: float) -> None:
    """Take out cash until excess liquidity is this share of the net liquidation value."""
    standing = exchange.money.standing(ACCOUNT)
    amount = (standing.excess_liquidity - share * standing.net_liquidation) / (1 - share)
    exchange.money.ledger(ACCOUNT).credit("USD", -Decimal(repr(round(amount, 2))))
    assert exchange.money.standing(ACCOUNT).excess_liquidity == pytest.approx(
        share * exchange.money.standing(ACCOUNT).net_liquidation, abs=1
    )


def value(exchange: Market, tag: str) -> float:
    return next(float(amount) for name, amount, _ in exchange.account_values(ACCOUNT) if name == tag)


def test_a_small_deficiency_is_told_and_borne_until_fifteen_minutes_before_the_close() -> None:
    exchange, heard = invested()
    leave_excess(exchange, -0.05)
    pass_time(exchange, 120)
    assert value(exchange, "ExcessLiquidity") < 0
    assert value(exchange, "HighestSeverity") == 3
    assert ("account", ACCOUNT) in heard.events
    assert exchange.positions(ACCOUNT)[0].quantity == 2000
    day = exchange.source.calendar.day(exchange.day_index())
    # what the market did meanwhile is set right again, so that the deficiency is small when the grace ends
    exchange.advance_to(day.close_ns - 15 * MINUTE_NS - 40_000_000_000)
    leave_excess(exchange, -0.05)
    exchange.advance_to(day.close_ns - 13 * MINUTE_NS)
    assert exchange.positions(ACCOUNT)[0].quantity < 2000
    assert exchange.executions()[-1].liquidation


def test_a_large_deficiency_is_ended_at_once_and_no_further_than_needed() -> None:
    exchange, _ = invested()
    resting = exchange.place(order("SELL", 2000, "LMT", limit_price=500.0, tif="GTC"))
    pass_time(exchange, 1)
    leave_excess(exchange, -0.20)
    pass_time(exchange, 120)
    forced = [one for one in exchange.executions() if one.liquidation]
    assert forced
    assert all(one.side == "SLD" for one in forced)
    assert resting.status == "Cancelled"
    left = exchange.positions(ACCOUNT)[0].quantity
    assert 0 < left < 2000
    assert value(exchange, "ExcessLiquidity") > -0.02 * value(exchange, "NetLiquidation")


def test_without_a_deficiency_nothing_is_sold() -> None:
    exchange, _ = invested()
    leave_excess(exchange, 0.02)
    assert value(exchange, "HighestSeverity") == 2
    pass_time(exchange, 60)
    assert not [one for one in exchange.executions() if one.liquidation]


def test_a_negative_memorandum_account_is_sold_off_before_the_close() -> None:
    """Twice the Reg T buying power is possible by day at 25 %, not over night at 50 %."""
    exchange, _ = market()
    top = exchange.top(AAPL).ask
    assert top is not None
    exchange.place(order("BUY", int(3 * 250_000 / top)))
    pass_time(exchange, 120)
    held = exchange.positions(ACCOUNT)[0].quantity
    assert value(exchange, "SMA") < 0
    day = exchange.source.calendar.day(exchange.day_index())
    exchange.advance_to(day.close_ns - 11 * MINUTE_NS)
    assert exchange.positions(ACCOUNT)[0].quantity == held
    exchange.advance_to(day.close_ns - MINUTE_NS)
    assert exchange.positions(ACCOUNT)[0].quantity < held
    assert value(exchange, "SMA") >= -500


def test_a_small_account_cannot_open_on_margin() -> None:
    exchange, _ = market()
    exchange.money.ledger(ACCOUNT).credit("USD", Decimal(-248_500))
    with pytest.raises(SimulatorRefusalError) as refusal:
        exchange.place(order("BUY", 5))
    assert refusal.value.code == 201
    assert "MINIMUM OF 2000 USD" in refusal.value.text


def test_the_fourth_day_trade_of_a_small_account_is_refused_and_closing_passes() -> None:
    exchange, _ = market()
    exchange.money.ledger(ACCOUNT).credit("USD", Decimal(-230_000))
    assert value(exchange, "DayTradesRemaining") == 3
    for _ in range(3):
        exchange.place(order("BUY", 10))
        pass_time(exchange, 5)
        exchange.place(order("SELL", 10))
        pass_time(exchange, 5)
    assert value(exchange, "DayTradesRemaining") == 0
    with pytest.raises(SimulatorRefusalError) as refusal:
        exchange.place(order("BUY", 10, con_id=MSFT))
    assert refusal.value.code == 201
    assert "pattern day trader" in refusal.value.text
    exchange.money.ledger(ACCOUNT).credit("USD", Decimal(230_000))
    assert value(exchange, "DayTradesRemaining") == -1
    exchange.place(order("BUY", 10, con_id=MSFT))


def test_day_trades_are_counted_once_per_round_and_fall_out_of_the_window() -> None:
    exchange, _ = market()
    for side, size in (("BUY", 30), ("SELL", 10), ("SELL", 20), ("BUY", 5), ("SELL", 5)):
        exchange.place(order(side, size))
        pass_time(exchange, 5)
    book = exchange.money.books[ACCOUNT]
    today = exchange.today()[0]
    assert book.recent_day_trades(today) == 2
    assert book.recent_day_trades(today, ahead=4) == 2
    assert book.recent_day_trades(today, ahead=5) == 0


def test_shares_held_over_night_are_no_day_trade() -> None:
    exchange, _ = invested(100)
    exchange.advance_to(exchange.source.calendar.day(1).open_ns + MINUTE_NS)
    exchange.place(order("SELL", 100))
    pass_time(exchange, 5)
    assert exchange.money.books[ACCOUNT].recent_day_trades(exchange.today()[0]) == 0
