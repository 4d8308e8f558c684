# SPDX-License-Identifier: Apache-2.0
"""The account on the market: previews, available funds, TWS's tags, daily figures across the night, expiry."""

import pytest

from terminal.simulation.exchange_port import SimulatorRefusalError
from terminal.simulation.market import Market
from terminal.simulation.trading_days import NS
from tests.unit.simulation.floor_case import AAPL, ACCOUNT, EUR, market, order, pass_time


def values(exchange: Market) -> dict[tuple[str, str], float]:
    rows: dict[tuple[str, str], float] = {}
    for tag, value, currency in exchange.account_values(ACCOUNT):
        try:
            rows[tag, currency] = float(value)
        except ValueError:
            continue
    return rows


def test_a_fresh_account_holds_its_cash() -> None:
    exchange, _ = market()
    seen = values(exchange)
    assert seen["NetLiquidation", "USD"] == seen["TotalCashValue", "USD"] == seen["AvailableFunds", "USD"] == 250_000
    assert seen["BuyingPower", "USD"] == 1_000_000
    assert seen["Cushion", ""] == 1.0
    tags = {tag for tag, _, _ in exchange.account_values(ACCOUNT)}
    wanted = (
        "AccountType EquityWithLoanValue ExcessLiquidity InitMarginReq MaintMarginReq GrossPositionValue CashBalance"
    )
    wanted += " UnrealizedPnL RealizedPnL FullInitMarginReq NetLiquidationByCurrency ExchangeRate"
    assert set(wanted.split()) <= tags


def test_what_if_equals_what_then_happens() -> None:
    exchange, _ = market()
    ask = exchange.top(AAPL).ask
    seen = exchange.preview(order("BUY", 100, "LMT", limit_price=ask))
    assert ask is not None
    assert (seen.initial_before, seen.commission) == (0.0, 1.0)
    assert seen.initial_after == pytest.approx(25 * ask, rel=1e-3)  # IBKR's initial margin is 25 %
    assert seen.equity_after == pytest.approx(250_000 - 1, abs=5)
    assert not exchange.open_orders()
    exchange.place(order("BUY", 100, "LMT", limit_price=ask))
    pass_time(exchange, 60)
    assert values(exchange)["InitMarginReq", "USD"] == pytest.approx(seen.initial_after, rel=5e-3)


def test_net_liquidation_is_cash_and_positions() -> None:
    exchange, _ = market()
    future = exchange.find(symbol="ES", sec_type="FUT")[0].broker_id or 0
    exchange.place(order("BUY", 200))
    exchange.place(order("SELL", 1, con_id=future))
    exchange.place(order("BUY", 30_000, con_id=EUR))
    pass_time(exchange, 300)
    seen = values(exchange)
    held = {one.con_id: one for one in exchange.positions(ACCOUNT)}
    assert seen["NetLiquidation", "USD"] == pytest.approx(
        seen["TotalCashValue", "USD"] + held[AAPL].market_value + seen["FuturesPNL", "BASE"], abs=0.02
    )
    rate = exchange.mark(EUR)
    assert seen["TotalCashValue", "USD"] == pytest.approx(seen["CashBalance", "USD"] + 30_000 * rate, abs=0.02)
    assert seen["ExchangeRate", "EUR"] == pytest.approx(rate, abs=1e-6)
    paid = sum(one.commission for one in exchange.executions())
    daily, unrealized, realized = exchange.pnl(ACCOUNT)
    assert realized == 0
    assert unrealized == pytest.approx(daily - paid)
    assert seen["NetLiquidation", "USD"] == pytest.approx(250_000 + daily - paid, abs=0.05)


def test_orders_beyond_available_funds_are_refused_and_closing_ones_pass() -> None:
    exchange, _ = market()
    top = exchange.top(AAPL)
    assert top.bid is not None
    most = int(250_000 / (0.25 * top.bid) * 0.98)
    exchange.place(order("BUY", most))
    pass_time(exchange, 60)
    with pytest.raises(SimulatorRefusalError) as refusal:
        exchange.place(order("BUY", 500))
    assert refusal.value.code == 201
    assert "Available Funds" in refusal.value.text
    closing = exchange.place(order("SELL", most))
    pass_time(exchange, 60)
    assert closing.status == "Filled"
    assert exchange.positions(ACCOUNT)[0].quantity == 0


def test_the_night_resets_daily_figures_and_forgets_executions() -> None:
    exchange, _ = market()
    exchange.place(order("BUY", 100))
    exchange.advance_to(exchange.source.calendar.day(0).end_ns - NS)
    closing = exchange.mark(AAPL)
    exchange.advance_to(exchange.source.calendar.day(0).end_ns)
    assert exchange.now_ns() == exchange.source.calendar.day(1).start_ns
    assert not exchange.executions()
    opening = exchange.mark(AAPL)
    assert exchange.pnl(ACCOUNT)[0] == pytest.approx(100 * (opening - closing), abs=3)
    assert exchange.positions(ACCOUNT)[0].quantity == 100


def test_unknown_accounts_are_refused() -> None:
    exchange, _ = market()
    with pytest.raises(SimulatorRefusalError) as refusal:
        exchange.positions("U123")
    assert refusal.value.code == 321
