# SPDX-License-Identifier: Apache-2.0
"""Each rule of the risk gate alone, at its boundary: the last value that passes and the first that does not."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from terminal.errors import UserError
from terminal.model.commands import BracketSpec, ModifyOrder, OrderSpec
from terminal.model.enums import (
    AssetClass,
    DataType,
    LinkState,
    Mode,
    OptionPriceSource,
    OrderOrigin,
    OrderStatus,
    OrderType,
    Side,
    TimeInForce,
    TradingState,
)
from terminal.model.market import OptionQuote, Quote
from terminal.trading import rules_gate, rules_limits, rules_terms
from terminal.trading.limits import RiskLimits, facts
from terminal.trading.request import OrderRequest, RiskContext
from terminal.trading.rules import RULES, first_refusal, judge
from terminal.trading.views import TradingSession
from tests.unit.trading.desk import (
    AAPL,
    ACCOUNT,
    ALPHA,
    START_NS,
    Desk,
    future,
    limit,
    market,
    option,
    stock,
    stop,
)

QUOTE = Quote(
    instrument_id=AAPL, received_ns=START_NS, bid=99.99, bid_size=400.0, ask=100.01, ask_size=400.0, last=100.0
)


def context(**changes: Any) -> RiskContext:
    """Return a context in which everything is allowed, with changes."""
    calm: dict[str, Any] = {
        "now_ns": START_NS,
        "limits": RiskLimits(max_notional=25_000),
        "session": TradingSession(account_id=ACCOUNT, mode=Mode.PAPER, client_id=1),
        "armed": False,
        "state": TradingState.ACTIVE,
        "state_source": "",
        "state_reason": "",
        "frozen": None,
        "connected": True,
        "reconciled": True,
        "link_text": "",
        "clock_skew_s": 0.0,
        "journal_healthy": True,
        "journal_fill": 0.0,
        "read_only": False,
        "instrument": stock(),
        "quote": QUOTE,
        "quote_age_s": 0.1,
        "reference": 100.0,
        "model_price": None,
        "position": Decimal(0),
        "working_buy": Decimal(0),
        "working_sell": Decimal(0),
        "open_buys": 0,
        "open_sells": 0,
        "open_account": 0,
        "strategy_second": 0,
        "strategy_minute": 0,
        "strategy_day": 0,
        "account_second": 0,
        "same_before_s": None,
        "day_loss_percent": 0.0,
        "rate_to_base": 1.0,
    }
    return RiskContext(**{**calm, **changes})


def request(spec: OrderSpec | None = None, **changes: Any) -> OrderRequest:
    return OrderRequest(spec=spec or limit(), **changes)


def by_strategy(spec: OrderSpec | None = None) -> OrderRequest:
    return request(spec, origin=OrderOrigin.STRATEGY, strategy_id=ALPHA)


def code_of(spec: OrderSpec | None = None, /, *, ask: OrderRequest | None = None, **changes: Any) -> str:
    """Return the code that refuses a request in a changed context; empty when it passes."""
    denial = first_refusal(ask or request(spec), context(**changes))
    if denial is None:
        return ""
    assert denial.reason
    return denial.code


def test_a_sound_order_passes_every_rule() -> None:
    assert judge(request(), context()) == []
    assert len(RULES) == 24


# ---------------------------------------------------------------- may anything leave?
def test_live_account_is_read_only() -> None:
    live = TradingSession(account_id=ACCOUNT, mode=Mode.LIVE, client_id=1)
    assert code_of(session=live, armed=True) == "LIVE_READ_ONLY"
    for mode in (Mode.DEMO, Mode.PAPER):
        assert code_of(session=replace(live, mode=mode)) == ""
    assert code_of(session=None) == "NOT_ARMED"


def test_arming_counts_where_it_is_required() -> None:
    required = RiskLimits(arming_required=True)
    assert code_of(limits=required) == "NOT_ARMED"
    assert code_of(limits=required, armed=True) == ""
    assert code_of(armed=False) == ""


def test_connection_and_reconciliation() -> None:
    assert code_of(connected=False, link_text="socket closed") == "NOT_CONNECTED"
    assert code_of(reconciled=False) == "RECONCILING"


def test_halted_lets_nothing_through() -> None:
    assert code_of(state=TradingState.HALTED, state_source="kill switch") == "HALTED"
    assert code_of(frozen="a conflict") == "HALTED"


@pytest.mark.parametrize(
    ("position", "working", "side", "quantity", "code"),
    [
        (100, 0, Side.SELL, 100, ""),
        (100, 0, Side.SELL, 101, "REDUCING"),
        (100, 40, Side.SELL, 60, ""),
        (100, 40, Side.SELL, 61, "REDUCING"),
        (100, 0, Side.BUY, 1, "REDUCING"),
        (-100, 0, Side.BUY, 100, ""),
        (0, 0, Side.SELL, 1, "REDUCING"),
    ],
)
def test_reducing_lets_through_what_reduces(position: int, working: int, side: Side, quantity: int, code: str) -> None:
    price = "99.50" if side is Side.BUY else "100.50"
    changes: dict[str, Any] = {"working_sell" if side is Side.SELL else "working_buy": Decimal(working)}
    ask = limit(side, quantity, price)
    assert code_of(ask, state=TradingState.REDUCING, position=Decimal(position), **changes) == code


def test_journal_health() -> None:
    assert code_of(journal_healthy=False) == "JOURNAL_UNAVAILABLE"
    assert code_of(journal_fill=0.79) == ""
    assert code_of(journal_fill=0.8) == "JOURNAL_UNAVAILABLE"


def test_read_only_api() -> None:
    assert code_of(read_only=True) == "READ_ONLY_API"


# ---------------------------------------------------------------- are the terms sound?
def test_instrument_must_be_confirmed_and_alive() -> None:
    assert code_of(instrument=None) == "INSTRUMENT_UNKNOWN"
    assert code_of(instrument=replace(stock(), broker_id=None)) == "INSTRUMENT_UNKNOWN"
    assert code_of(instrument=replace(stock(), expiry=date(2025, 1, 8))) == ""
    assert code_of(instrument=replace(stock(), expiry=date(2025, 1, 7))) == "INSTRUMENT_UNKNOWN"


def test_unsupported_type_and_time_in_force() -> None:
    only_limit = replace(stock(), order_types=frozenset({"LMT"}))
    assert code_of(limit(), instrument=only_limit) == ""
    assert code_of(market(), instrument=only_limit) == "UNSUPPORTED"
    assert code_of(limit(tif=TimeInForce.IOC)) == ""
    assert code_of(replace(stop(), time_in_force=TimeInForce.IOC)) == "UNSUPPORTED"
    assert code_of(instrument=replace(stock(), asset_class=AssetClass.INDEX)) == "UNSUPPORTED"


@pytest.mark.parametrize(
    ("spec", "code"),
    [
        (limit(price="99.50"), ""),
        (limit(price="99.505"), "PRICE_INVALID"),
        (limit(price="0"), "PRICE_INVALID"),
        (limit(price="-1"), "PRICE_INVALID"),
        (limit(price="NaN"), "PRICE_INVALID"),
        (limit(price="Infinity"), "PRICE_INVALID"),
        (replace(limit(), limit_price=None), "PRICE_INVALID"),
        (replace(market(), limit_price=Decimal(100)), "PRICE_INVALID"),
        (replace(stop(), stop_price=None), "PRICE_INVALID"),
        (replace(stop(), order_type=OrderType.STOP_LIMIT, limit_price=Decimal("94.90")), ""),
        (replace(stop(), order_type=OrderType.STOP_LIMIT), "PRICE_INVALID"),
        (replace(market(Side.SELL), order_type=OrderType.TRAIL), "PRICE_INVALID"),
        (replace(market(Side.SELL), order_type=OrderType.TRAIL, trail_amount=Decimal("1.00")), ""),
        (replace(market(Side.SELL), order_type=OrderType.TRAIL, trail_amount=Decimal("1.005")), "PRICE_INVALID"),
        (replace(market(Side.SELL), order_type=OrderType.TRAIL, trail_percent=Decimal(2)), ""),
        (replace(market(Side.SELL), order_type=OrderType.TRAIL, trail_percent=Decimal(100)), "PRICE_INVALID"),
        (
            replace(market(), order_type=OrderType.TRAIL, trail_percent=Decimal(2), trail_amount=Decimal(1)),
            "PRICE_INVALID",
        ),
    ],
)
def test_prices(spec: OrderSpec, code: str) -> None:
    assert code_of(spec) == code


def test_a_future_may_have_a_negative_price() -> None:
    spec = limit(quantity=1, price="-10.00")
    quote = replace(QUOTE, bid=-10.25, ask=-9.75, last=-10.0)
    assert rules_terms.prices(request(spec), context(instrument=future(), quote=quote)) is None


def test_price_denial_names_tick_value_and_nearest() -> None:
    denial = rules_terms.prices(request(limit(price="10.005")), context())
    assert denial is not None
    assert denial.reason == "the limit price must be a multiple of 0.01, was 10.005; nearest is 10.00"


@pytest.mark.parametrize(
    ("quantity", "code"),
    [("1", ""), ("0", "QTY_INVALID"), ("-5", "QTY_INVALID"), ("1.5", "QTY_INVALID"), ("NaN", "QTY_INVALID")],
)
def test_quantity(quantity: str, code: str) -> None:
    assert code_of(limit(quantity=quantity)) == code
    reducing = code_of(limit(quantity=quantity), state=TradingState.REDUCING, position=Decimal(-1))
    assert reducing in (code, "REDUCING")  # refused in words, never by an exception


def test_infinite_quantity_is_refused() -> None:
    assert code_of(limit(quantity="Infinity")) == "QTY_INVALID"


def test_smallest_size() -> None:
    lots = replace(stock(), min_size=Decimal(100), size_increment=Decimal(100))
    assert code_of(limit(quantity=100), instrument=lots) == ""
    assert code_of(limit(quantity=99), instrument=lots) == "QTY_INVALID"
    assert code_of(limit(quantity=150), instrument=lots) == "QTY_INVALID"


@pytest.mark.parametrize(
    ("side", "stop_price", "target", "code"),
    [
        (Side.BUY, "95.00", "105.00", ""),
        (Side.BUY, "99.50", "105.00", "BRACKET_INVALID"),
        (Side.BUY, "95.00", "99.50", "BRACKET_INVALID"),
        (Side.BUY, "105.00", "95.00", "BRACKET_INVALID"),
        (Side.BUY, "95.00", None, ""),
        (Side.BUY, None, "105.00", ""),
        (Side.BUY, None, None, "BRACKET_INVALID"),
        (Side.SELL, "105.00", "95.00", ""),
        (Side.SELL, "95.00", "105.00", "BRACKET_INVALID"),
    ],
)
def test_bracket_order(side: Side, stop_price: str | None, target: str | None, code: str) -> None:
    bracket = BracketSpec(
        stop_price=Decimal(stop_price) if stop_price else None, target_price=Decimal(target) if target else None
    )
    price = "99.50" if side is Side.BUY else "100.50"
    assert code_of(ask=request(limit(side, 100, price), bracket=bracket)) == code


def test_bracket_of_a_market_entry_is_judged_by_the_touch() -> None:
    def ask(stop_price: str) -> OrderRequest:
        return request(market(quantity=10), bracket=BracketSpec(stop_price=Decimal(stop_price)))

    assert code_of(ask=ask("100.00")) == ""
    assert code_of(ask=ask("100.01")) == "BRACKET_INVALID"


def test_bracket_off_tick_and_immediate_entry() -> None:
    assert code_of(ask=request(bracket=BracketSpec(stop_price=Decimal("95.005")))) == "PRICE_INVALID"
    immediate = request(limit(tif=TimeInForce.IOC), bracket=BracketSpec(stop_price=Decimal("95.00")))
    assert code_of(ask=immediate) == "BRACKET_INVALID"


# ---------------------------------------------------------------- too much, too far, too fast?
def test_order_quantity_limit() -> None:
    wide = RiskLimits(max_notional=1e9)
    assert code_of(limit(quantity=1_000), limits=wide) == ""
    assert code_of(limit(quantity=1_001), limits=wide) == "MAX_QTY"
    assert code_of(limit(Side.SELL, 1_001, "100.50"), limits=wide, position=Decimal(1_001)) == "MAX_QTY"
    way_out = request(market(Side.SELL, 1_001), closes=Decimal(1_001))
    assert code_of(ask=way_out, limits=wide, position=Decimal(1_001)) == ""


def test_notional_limit() -> None:
    limits = RiskLimits(max_notional=9_950)
    assert code_of(limit(quantity=100, price="99.50"), limits=limits) == ""
    assert code_of(limit(quantity=100, price="99.51"), limits=limits) == "MAX_NOTIONAL"


def test_notional_of_a_market_order_is_the_far_touch_with_its_collar() -> None:
    worst = 100 * 100.01 * 1.05
    assert code_of(market(), limits=RiskLimits(max_notional=worst + 0.01)) == ""
    assert code_of(market(), limits=RiskLimits(max_notional=worst - 0.01)) == "MAX_NOTIONAL"


def test_notional_counts_multiplier_and_currency() -> None:
    spec = limit(quantity=1, price="5000.00")
    quote = replace(QUOTE, bid=5000.0, ask=5000.25, last=5000.0)
    base: dict[str, Any] = {"instrument": future(), "quote": quote, "reference": 5000.0}
    assert code_of(spec, limits=RiskLimits(max_notional_futures=250_000), **base) == ""
    assert code_of(spec, limits=RiskLimits(max_notional_futures=249_999), **base) == "MAX_NOTIONAL"
    assert code_of(spec, limits=RiskLimits(max_notional_futures=250_000), rate_to_base=1.01, **base) == "MAX_NOTIONAL"
    assert code_of(spec, rate_to_base=None, **base) == "MAX_NOTIONAL"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"quote_age_s": 5.0}, ""),
        ({"quote_age_s": 5.1}, "STALE_QUOTE"),
        ({"quote": None}, "STALE_QUOTE"),
        ({"quote": replace(QUOTE, data_type=DataType.DELAYED)}, "STALE_QUOTE"),
        ({"quote": replace(QUOTE, data_type=DataType.FROZEN)}, "STALE_QUOTE"),
        ({"quote": replace(QUOTE, halted=True)}, "STALE_QUOTE"),
    ],
)
def test_stale_quote(changes: dict[str, Any], code: str) -> None:
    assert code_of(**changes) == code


def test_soft_rules_yield_to_a_person_and_never_to_a_strategy() -> None:
    stale = {"quote_age_s": 9.0}
    word = frozenset({"STALE_QUOTE"})
    assert code_of(ask=request(confirmed=word), **stale) == ""
    assert code_of(ask=request(confirmed=frozenset({"DUPLICATE"})), **stale) == "STALE_QUOTE"
    robot = OrderRequest(spec=limit(), origin=OrderOrigin.STRATEGY, strategy_id=ALPHA, confirmed=word)
    assert code_of(ask=robot, **stale) == "STALE_QUOTE"


def test_hard_rules_yield_to_nobody() -> None:
    everything = frozenset({"MAX_QTY", "HALTED", "MAX_POSITION", "NOT_CONNECTED"})
    assert code_of(ask=request(limit(quantity=5_000), confirmed=everything)) == "MAX_QTY"
    assert code_of(ask=request(confirmed=everything), connected=False) == "NOT_CONNECTED"


@pytest.mark.parametrize(
    ("side", "price", "code"),
    [
        (Side.BUY, "105.01", ""),  # 100.01 + 5 % = 105.0105
        (Side.BUY, "105.02", "PRICE_COLLAR"),
        (Side.SELL, "95.00", ""),  # 99.99 - 5 % = 94.9905
        (Side.SELL, "94.99", "PRICE_COLLAR"),
        (Side.BUY, "1.00", ""),  # away from the market is no danger
        (Side.SELL, "500.00", "MAX_NOTIONAL"),
    ],
)
def test_price_collar(side: Side, price: str, code: str) -> None:
    assert code_of(limit(side, 100, price)) == code


def test_collar_is_at_least_ten_ticks() -> None:
    quote = replace(QUOTE, bid=0.49, ask=0.50, last=0.50)
    assert code_of(limit(price="0.60"), quote=quote, reference=0.495) == ""
    assert code_of(limit(price="0.61"), quote=quote, reference=0.495) == "PRICE_COLLAR"


def test_option_collar_goes_by_the_model() -> None:
    quote = replace(QUOTE, bid=4.0, ask=6.0, last=5.0)
    base: dict[str, Any] = {"instrument": option(), "quote": quote, "reference": 5.0}
    assert code_of(limit(quantity=1, price="7.50"), model_price=5.0, **base) == ""
    assert code_of(limit(quantity=1, price="7.51"), model_price=5.0, **base) == "PRICE_COLLAR"
    assert code_of(limit(quantity=1, price="7.51"), model_price=None, **base) == ""  # against the ask of 6.00


def test_stop_on_the_wrong_side_of_the_market() -> None:
    assert code_of(stop(Side.SELL, price="100.00")) == ""
    assert code_of(stop(Side.SELL, price="100.01")) == "PRICE_COLLAR"
    assert code_of(stop(Side.BUY, price="100.00")) == ""
    assert code_of(stop(Side.BUY, price="99.99")) == "PRICE_COLLAR"


def test_position_limit_counts_working_orders() -> None:
    limits = RiskLimits(max_position_stock=300)
    assert code_of(limits=limits, position=Decimal(100), working_buy=Decimal(100)) == ""
    assert code_of(limits=limits, position=Decimal(101), working_buy=Decimal(100)) == "MAX_POSITION"
    short = limit(Side.SELL, 100, "100.50")
    assert code_of(short, limits=limits, position=Decimal(-200)) == ""
    assert code_of(short, limits=limits, position=Decimal(-201)) == "MAX_POSITION"
    assert code_of(short, limits=limits, position=Decimal(5_000)) == ""  # reducing is always possible


def test_short_switch() -> None:
    limits = RiskLimits(allow_short=False)
    assert code_of(limit(Side.SELL, 100, "100.50"), limits=limits, position=Decimal(100)) == ""
    assert code_of(limit(Side.SELL, 101, "100.50"), limits=limits, position=Decimal(100)) == "MAX_POSITION"


def test_daily_loss_steps() -> None:
    assert code_of(day_loss_percent=1.99) == ""
    assert code_of(day_loss_percent=2.0) == "DAILY_LOSS"
    out = limit(Side.SELL, 100, "100.50")
    assert code_of(out, day_loss_percent=2.5, position=Decimal(100)) == ""
    assert code_of(out, day_loss_percent=3.0, position=Decimal(100)) == "DAILY_LOSS"
    assert code_of(day_loss_percent=None) == "DAILY_LOSS"
    known = frozenset({"DAILY_LOSS"})
    assert code_of(ask=request(confirmed=known), day_loss_percent=None) == ""
    assert code_of(ask=request(confirmed=known), day_loss_percent=2.0) == "DAILY_LOSS"


@pytest.mark.parametrize(
    ("name", "most"), [("strategy_second", 5), ("strategy_minute", 60), ("strategy_day", 1_000), ("account_second", 10)]
)
def test_order_rate(name: str, most: int) -> None:
    below: dict[str, Any] = {name: most - 1}
    at: dict[str, Any] = {name: most}
    assert code_of(ask=by_strategy(), **below) == ""
    assert code_of(ask=by_strategy(), **at) == "RATE_LIMIT"
    if name != "account_second":
        assert code_of(**at) == ""  # a person has no strategy


def test_order_rate_counts_every_leg_of_a_bracket() -> None:
    bracket = BracketSpec(stop_price=Decimal(95), target_price=Decimal(110))
    assert code_of(ask=request(bracket=bracket), account_second=7) == ""
    assert code_of(ask=request(bracket=bracket), account_second=8) == "RATE_LIMIT"
    assert code_of(ask=request(bracket=replace(bracket, target_price=None)), account_second=8) == ""


@pytest.mark.parametrize(
    ("side", "trigger", "price", "code"),
    [
        (Side.BUY, "104.00", "109.20", ""),  # 104 + 5 %
        (Side.BUY, "104.00", "109.21", "PRICE_COLLAR"),
        (Side.SELL, "96.00", "91.20", ""),
        (Side.SELL, "96.00", "91.19", "PRICE_COLLAR"),
    ],
)
def test_the_limit_of_a_stop_limit_stays_near_its_stop(side: Side, trigger: str, price: str, code: str) -> None:
    spec = replace(limit(side, 100, price), order_type=OrderType.STOP_LIMIT, stop_price=Decimal(trigger))
    assert code_of(spec) == code


def test_duplicate_is_soft_for_a_person() -> None:
    assert code_of(same_before_s=1.0) == "DUPLICATE"
    assert code_of(ask=request(confirmed=frozenset({"DUPLICATE"})), same_before_s=1.0) == ""
    assert code_of(ask=by_strategy(), same_before_s=1.0) == "DUPLICATE"


def test_open_order_cap() -> None:
    assert code_of(open_buys=14) == ""
    assert code_of(open_buys=15) == "MAX_OPEN"
    assert code_of(open_sells=15) == ""
    both = BracketSpec(stop_price=Decimal("95.00"), target_price=Decimal("105.00"))
    assert code_of(ask=request(bracket=both), open_sells=13) == ""
    assert code_of(ask=request(bracket=both), open_sells=14) == "MAX_OPEN"
    assert code_of(open_account=99) == ""
    assert code_of(open_account=100) == "MAX_OPEN"


# ---------------------------------------------------------------- changes
@pytest.mark.usefixtures("any_logs")
@pytest.mark.parametrize("how", ["sent", "pending", "cancelling", "unknown", "filled", "conflict", "external"])
def test_change_needs_a_quiet_live_order(how: str) -> None:
    desk = Desk()
    order = desk.submit(limit())
    change = ModifyOrder(client_order_id=order.client_order_id, limit_price=Decimal("99.40"))
    if how not in ("sent", "unknown"):
        desk.say(desk.opened(order))
    match how:
        case "pending":
            desk.engine.modify(change)
            change = replace(change, limit_price=Decimal("99.30"))
        case "cancelling":
            desk.say(desk.status(order, "PendingCancel"))
        case "unknown":
            desk.clock.advance(5)
        case "filled":
            desk.say(desk.execution(order, 100))
        case "conflict":
            desk.say(desk.status(order, "Nonsense"))
            desk.engine.trading.release(AAPL)
        case "external":
            order.origin = OrderOrigin.EXTERNAL
        case _:
            pass
    sent = len(desk.broker.modified)
    with pytest.raises(UserError) as refusal:
        desk.engine.modify(change)
    assert refusal.value.code == "STATE_INVALID"
    assert len(desk.broker.modified) == sent


def test_change_below_filled_is_refused_and_above_is_judged() -> None:
    desk = Desk()
    order = desk.working()
    desk.say(desk.execution(order, 60))
    for quantity, code in ((59, "STATE_INVALID"), (1_001, "MAX_QTY"), (600, "MAX_NOTIONAL")):
        with pytest.raises(UserError) as refusal:
            desk.engine.modify(ModifyOrder(client_order_id=order.client_order_id, quantity=Decimal(quantity)))
        assert refusal.value.code == code
    desk.engine.modify(ModifyOrder(client_order_id=order.client_order_id, quantity=Decimal(80)))
    assert desk.broker.modified[-1].spec.quantity == 80


def test_change_that_changes_nothing_and_unknown_order() -> None:
    desk = Desk()
    order = desk.working()
    with pytest.raises(UserError, match="ORD-007"):
        desk.engine.modify(ModifyOrder(client_order_id=order.client_order_id))
    with pytest.raises(UserError, match="ORD-001"):
        desk.engine.modify(ModifyOrder(client_order_id=order.client_order_id.__class__("T1-none"), quantity=Decimal(1)))


def test_growing_change_counts_against_the_position_limit() -> None:
    desk = Desk(limits=RiskLimits(max_position_stock=150))
    order = desk.working()
    with pytest.raises(UserError) as refusal:
        desk.engine.modify(ModifyOrder(client_order_id=order.client_order_id, quantity=Decimal(151)))
    assert refusal.value.code == "MAX_POSITION"
    desk.engine.modify(ModifyOrder(client_order_id=order.client_order_id, quantity=Decimal(150)))


# ---------------------------------------------------------------- through the engine
def test_denial_is_journaled_with_code_and_context() -> None:
    desk = Desk()
    order = desk.submit(limit(quantity=2_000))
    assert order.status is OrderStatus.DENIED
    assert [type(record).__name__ for record in desk.journal.records[-2:]] == ["OrderInitialized", "OrderDenied"]


def test_duplicate_within_two_seconds_and_one_tick() -> None:
    desk = Desk()
    desk.working(limit(price="99.50"))
    assert desk.submit(limit(price="99.51")).status is OrderStatus.DENIED
    assert desk.submit(limit(price="99.52")).status is not OrderStatus.DENIED
    assert desk.submit(limit(Side.SELL, price="100.50")).status is not OrderStatus.DENIED
    desk.clock.advance(2)
    assert desk.submit(limit(price="99.50")).status is not OrderStatus.DENIED


def test_strategy_that_loops_is_stopped_by_the_rate() -> None:
    desk = Desk(limits=RiskLimits(max_position_stock=1e6, max_open_per_side=20))
    outcomes = [desk.submit(limit(quantity=1 + step, price="99.00"), strategy=ALPHA).status for step in range(12)]
    assert outcomes.count(OrderStatus.DENIED) == 7


def test_disconnect_denies_and_cancel_says_why() -> None:
    desk = Desk()
    desk.link(LinkState.DISCONNECTED, text="socket closed")
    order = desk.submit(limit())
    assert order.status is OrderStatus.DENIED
    assert "socket closed" in order.reason


def test_unknown_day_loss_needs_a_word() -> None:
    desk = Desk(connect=False)
    desk.connect()
    assert desk.submit(limit()).status is OrderStatus.DENIED
    assert desk.submit(limit(), confirmed=frozenset({"DAILY_LOSS"})).is_open


def test_ticket_sees_all_refusals_at_once() -> None:
    ask = request(limit(quantity=5_000, price="200.00"))
    codes = [denial.code for denial in judge(ask, context(account_second=99))]
    assert codes == ["MAX_QTY", "MAX_NOTIONAL", "PRICE_COLLAR", "MAX_POSITION", "RATE_LIMIT"]


def test_collar_uses_the_option_quote_of_the_market() -> None:
    desk = Desk()
    call = option()
    desk.market.options[call.id] = OptionQuote(
        instrument_id=call.id, received_ns=START_NS, source=OptionPriceSource.MODEL, price=5.0
    )
    spec = limit(quantity=1, price="7.60", instrument_id=call.id)
    assert desk.engine.risk.context(request(spec)).model_price == 5.0
    assert desk.submit(spec).status is OrderStatus.DENIED


# ---------------------------------------------------------------- limits
def test_limits_have_bounds_with_words() -> None:
    with pytest.raises(UserError, match="Largest stock order must lie between 1 and 1,000,000"):
        RiskLimits(max_quantity_stock=0)
    with pytest.raises(UserError, match="RSK-001"):
        RiskLimits(collar_percent=float("nan"))
    with pytest.raises(UserError, match="must not be smaller"):
        RiskLimits(loss_reduce_percent=5.0)
    with pytest.raises(UserError, match="RSK-002"):
        RiskLimits().changed({"no_such": 1})
    assert RiskLimits().changed({"max_quantity_stock": 5}).max_quantity_stock == 5
    for fact in facts():
        assert fact.label
        assert fact.low <= float(fact.default) <= fact.high


def test_limit_use_for_the_panel() -> None:
    desk = Desk()
    desk.hold(100)
    desk.working(limit(quantity=100))
    rows = {row.name: row for row in desk.engine.risk.limits_used()}
    assert rows["Position AAPL, worst case"].used == 200
    assert rows["Position AAPL, worst case"].state == "ok"
    assert rows["Working orders"].used == 1
    assert rows["Day loss, halt"].state == "ok"


def test_largest_order_names_its_rule() -> None:
    desk = Desk()
    quantity, rule = desk.engine.risk.largest_order(stock(), 100.0)
    assert (quantity, rule) == (Decimal(476), "MAX_NOTIONAL")  # 50,000 over 105 a share
    assert desk.submit(market(quantity=238)).is_open
    quantity, rule = Desk(limits=RiskLimits(max_position_stock=100)).engine.risk.largest_order(stock(), 100.0)
    assert (quantity, rule) == (Decimal(100), "MAX_POSITION")


def test_rules_do_not_need_what_is_absent() -> None:
    bare = context(instrument=None, quote=None, quote_age_s=None, rate_to_base=None)
    for rule in RULES:
        rule(request(), bare)  # none of them raises
    assert rules_gate.change_state(request(), bare) is None
    assert rules_limits.price_collar(request(), bare) is None
