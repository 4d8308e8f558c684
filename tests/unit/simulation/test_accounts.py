# SPDX-License-Identifier: Apache-2.0
"""The account on the market: previews, available funds, TWS's tags, daily figures across the night, restarts."""

import json
from dataclasses import replace
from decimal import Decimal

import pytest

from terminal.errors import UserError
from terminal.simulation.account_book import AccountSpec
from terminal.simulation.costs import Schedule
from terminal.simulation.exchange_port import SimulatorRefusalError
from terminal.simulation.factory import SECOND_ACCOUNT, account_specs, open_exchange
from terminal.simulation.market import Market
from terminal.simulation.trading_days import MINUTE_NS, NS
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


@pytest.mark.parametrize(("action", "share"), [("BUY", 0.6), ("SELL", 1.4)])
def test_a_limit_away_from_the_market_pays_for_nothing(action: str, share: float) -> None:
    """Ninety million at a price that nobody offers are no paper profit that covers their own margin."""
    exchange, _ = market()
    price = round(exchange.mark(AAPL) * share, 2)
    with pytest.raises(SimulatorRefusalError) as refusal:
        exchange.place(order(action, 1_000_000, kind="LMT", limit_price=price))
    assert refusal.value.code == 201


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


def test_what_an_order_trades_on_a_later_day_pays_the_minimum_anew() -> None:
    exchange, heard = market()
    bid = exchange.top(AAPL).bid
    assert bid is not None
    resting = exchange.place(order("BUY", 4000, "LMT", limit_price=bid, tif="GTC"))
    for _ in range(600):
        if resting.filled:
            break
        pass_time(exchange, 1)
    assert 0 < resting.filled < 4000
    done = resting.filled
    before = len(heard.executions)
    changed = replace(resting.order, quantity=done + 40, limit_price=1.0)
    exchange.modify(resting.perm_id, changed)
    exchange.advance_to(exchange.source.calendar.day(1).open_ns + 1)
    top = exchange.top(AAPL).ask
    assert top is not None
    exchange.modify(resting.perm_id, replace(changed, limit_price=round(top + 0.5, 2)))
    pass_time(exchange, 30)
    assert resting.status == "Filled"
    assert sum(one.commission for one in heard.executions[before:]) == pytest.approx(1.00)  # 40 shares alone


def two_accounts() -> Market:
    return open_exchange(accounts=account_specs(2, Schedule.TIERED))


def test_two_accounts_survive_a_restart_with_everything_they_have() -> None:
    first = two_accounts()
    first.place(order("BUY", 100))
    first.place(order("SELL", 20_000, con_id=EUR, account=SECOND_ACCOUNT))
    resting = first.place(order("BUY", 10, "LMT", limit_price=100.0, tif="GTC", account=SECOND_ACCOUNT, client_id=5))
    pass_time(first, 120)
    saved = json.loads(json.dumps(first.dump_state()))
    second = two_accounts()
    second.load_state(saved)
    for name in (ACCOUNT, SECOND_ACCOUNT):
        assert second.money.ledger(name).cash == first.money.ledger(name).cash
        assert second.positions(name) == first.positions(name)
        assert second.money.books[name] == first.money.books[name]
        assert second.account_values(name) == first.account_values(name)
    assert second.money.books[ACCOUNT].volumes == {"stock": Decimal(100)}
    assert [(one.perm_id, one.order.client_id, one.order.account) for one in second.open_orders()] == [
        (resting.perm_id, 5, SECOND_ACCOUNT)
    ]
    assert second.executions() == first.executions()


def test_a_state_of_the_first_form_still_loads_with_empty_books() -> None:
    first, _ = market()
    first.place(order("BUY", 100))
    pass_time(first, 60)
    saved = first.dump_state()
    del saved["books"]
    second, _ = market()
    second.load_state({**saved, "version": 1})
    assert second.positions(ACCOUNT)[0].quantity == 100
    assert second.money.books[ACCOUNT].volumes == {}


def test_a_state_of_the_first_form_with_options_is_refused_because_their_numbers_changed() -> None:
    first, _ = market()
    option = first.find(symbol="AAPL", sec_type="OPT", expiry="20250321", right="C")[0]
    first.place(order("BUY", 1, con_id=option.broker_id or 0))
    pass_time(first, 60)
    second, _ = market()
    with pytest.raises(UserError, match="other contract numbers"):
        second.load_state({**first.dump_state(), "version": 1})


def test_a_state_of_an_account_in_another_currency_is_refused() -> None:
    saved = two_accounts().dump_state()
    other = open_exchange(accounts=[AccountSpec(name=ACCOUNT), AccountSpec(name=SECOND_ACCOUNT)])
    with pytest.raises(UserError, match="base currency EUR"):
        other.load_state(saved)


def test_a_state_with_an_account_that_is_not_opened_is_refused() -> None:
    with pytest.raises(UserError, match="--accounts 2"):
        market()[0].load_state(two_accounts().dump_state())


def test_an_account_that_a_market_has_no_rate_for_cannot_be_opened() -> None:
    with pytest.raises(UserError, match="no exchange rate"):
        open_exchange(accounts=[AccountSpec(name="X", base="SEK")])


def test_every_tag_of_the_account_summary_is_reported() -> None:
    exchange, _ = market()
    tags = {tag for tag, _, _ in exchange.account_values(ACCOUNT)}
    wanted = (
        "AccountType NetLiquidation TotalCashValue SettledCash AccruedCash BuyingPower EquityWithLoanValue "
        "PreviousEquityWithLoanValue GrossPositionValue RegTEquity RegTMargin SMA InitMarginReq MaintMarginReq "
        "AvailableFunds ExcessLiquidity Cushion FullInitMarginReq FullMaintMarginReq FullAvailableFunds "
        "FullExcessLiquidity LookAheadNextChange LookAheadInitMarginReq LookAheadMaintMarginReq "
        "LookAheadAvailableFunds LookAheadExcessLiquidity HighestSeverity DayTradesRemaining DayTradesRemainingT+1 "
        "DayTradesRemainingT+2 DayTradesRemainingT+3 DayTradesRemainingT+4 Leverage"
    )
    assert set(wanted.split()) <= tags


def test_segments_add_up_to_the_account() -> None:
    exchange, _ = market()
    future = exchange.find(symbol="ES", sec_type="FUT")[0].broker_id or 0
    exchange.place(order("BUY", 200))
    exchange.place(order("SELL", 1, con_id=future))
    pass_time(exchange, 120)
    seen = {tag: value for (tag, currency), value in values(exchange).items() if currency == "USD"}
    for tag in ("NetLiquidation", "InitMarginReq", "MaintMarginReq", "AvailableFunds", "ExcessLiquidity"):
        assert seen[tag] == pytest.approx(seen[f"{tag}-S"] + seen[f"{tag}-C"], abs=0.02)
    assert seen["MaintMarginReq-C"] == 10_500  # by day
    assert seen["LookAheadMaintMarginReq-C"] == seen["FullMaintMarginReq-C"] == 15_000
    change = next(int(value) for tag, value, _ in exchange.account_values(ACCOUNT) if tag == "LookAheadNextChange")
    close = exchange.source.calendar.day(0).close_ns
    assert change == (close - 15 * MINUTE_NS) // NS
    exchange.advance_to(change * NS)
    later = {tag: value for (tag, currency), value in values(exchange).items() if currency == "USD"}
    assert later["MaintMarginReq-C"] == later["LookAheadMaintMarginReq-C"] == 15_000
