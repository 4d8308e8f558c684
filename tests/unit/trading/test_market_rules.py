# SPDX-License-Identifier: Apache-2.0
"""Rules about the market itself, each at its boundary: jumps, market orders, the broker's clock."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from terminal.clock import NS_PER_S
from terminal.model.commands import ClosePosition, OrderSpec
from terminal.model.enums import OrderStatus, OrderType, Side
from terminal.model.market import Quote
from terminal.model.order_events import OrderDenied
from terminal.trading.limits import RiskLimits
from terminal.trading.rules import judge
from tests.unit.trading.desk import AAPL, ALPHA, CALL, START_NS, Desk, future, limit, market, option, stock
from tests.unit.trading.test_rules import QUOTE, by_strategy, code_of, context, request

NIGHT_NS = START_NS + round(timedelta(hours=14).total_seconds()) * NS_PER_S
SMALL = market(quantity=10)


def refusal(desk: Desk) -> str:
    """Return the code of the last refusal."""
    denied = desk.journal.records[-1]
    assert isinstance(denied, OrderDenied)
    return denied.code


def quote(bid: float | None, ask: float | None, size: float | None = 400.0, last: float | None = None) -> Quote:
    return Quote(instrument_id=AAPL, received_ns=START_NS, bid=bid, ask=ask, last=last, bid_size=size, ask_size=size)


# ---------------------------------------------------------------- jumps
@pytest.mark.parametrize(
    ("reference", "code"),
    [(100.0, ""), (90.91, ""), (90.90, "PRICE_JUMP"), (111.11, ""), (111.12, "PRICE_JUMP"), (10.0, "PRICE_JUMP")],
)
@pytest.mark.parametrize("spec", [SMALL, limit()])
def test_a_price_that_jumped_within_a_minute(spec: OrderSpec, reference: float, code: str) -> None:
    assert code_of(spec, reference=reference) == code
    assert code_of(ask=request(spec, confirmed=frozenset({"PRICE_JUMP"})), reference=reference) == ""
    assert code_of(ask=replace(by_strategy(spec), confirmed=frozenset({"PRICE_JUMP"})), reference=reference) == code


def test_the_jump_of_a_cheap_share_is_at_least_ten_ticks() -> None:
    assert code_of(market(quantity=1), reference=0.30, quote=quote(0.395, 0.405)) == ""
    assert code_of(market(quantity=1), reference=0.29, quote=quote(0.395, 0.405)) == "PRICE_JUMP"


def test_an_option_has_a_bound_of_its_own_for_jumps() -> None:
    base: dict[str, Any] = {"instrument": option(), "quote": quote(4.9, 5.1)}
    spec = limit(instrument_id=CALL, quantity=1, price="5.00")
    assert code_of(spec, reference=3.34, **base) == ""
    assert code_of(spec, reference=3.33, **base) == "PRICE_JUMP"


def test_without_a_past_or_a_price_there_is_no_jump() -> None:
    assert code_of(limit(), reference=None) == ""
    assert code_of(limit(), reference=10.0, quote=quote(None, 100.01, last=None)) == ""


# ---------------------------------------------------------------- market orders
@pytest.mark.parametrize("everything", [frozenset(), frozenset({"MKT_DISALLOWED", "STALE_QUOTE", "MAX_NOTIONAL"})])
@pytest.mark.parametrize(
    ("side", "shown"),
    [
        (Side.BUY, quote(None, None, last=100.0)),
        (Side.SELL, quote(None, None, last=100.0)),
        (Side.BUY, quote(99.99, None, last=100.0)),
        (Side.SELL, quote(None, 100.01, last=100.0)),
    ],
)
def test_a_market_order_needs_the_far_touch_whatever_a_person_says(
    side: Side, shown: Quote, everything: frozenset[str]
) -> None:
    ask = request(market(side, 10), confirmed=everything)
    assert code_of(ask=ask, quote=shown) == "MKT_DISALLOWED"
    assert code_of(limit(side), quote=shown) == ""


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({}, ""),
        ({"quote": quote(None, 100.01, last=100.0)}, "MKT_DISALLOWED"),
        ({"quote": quote(99.50, 100.50)}, ""),
        ({"quote": quote(99.49, 100.50)}, "MKT_DISALLOWED"),
        ({"quote": quote(0.30, 0.31), "reference": 0.3}, ""),  # one tick
        ({"quote": quote(0.30, 0.32), "reference": 0.3}, "MKT_DISALLOWED"),
        ({"quote": quote(99.99, 100.01, 4)}, ""),
        ({"quote": quote(99.99, 100.01, 3)}, "MKT_DISALLOWED"),
        ({"now_ns": NIGHT_NS}, "MKT_DISALLOWED"),
    ],
)
def test_what_a_market_order_would_meet(changes: dict[str, Any], code: str) -> None:
    assert code_of(SMALL, **changes) == code
    assert code_of(ask=by_strategy(SMALL), **changes) == code
    assert code_of(ask=request(SMALL, confirmed=frozenset({"MKT_DISALLOWED"})), **changes) == ""
    robot = replace(by_strategy(SMALL), confirmed=frozenset({"MKT_DISALLOWED"}))
    assert code_of(ask=robot, **changes) == code
    assert code_of(limit(quantity=10), limits=RiskLimits(jump_percent=500), **changes) in ("", "PRICE_COLLAR")


def test_what_is_not_known_of_the_market_stops_a_strategy_only() -> None:
    unknown: list[dict[str, Any]] = [{"instrument": replace(stock(), liquid_hours=())}]
    unknown += [{"quote": quote(99.99, 100.01, size)} for size in (None, 0.0, 1e300, float("nan"))]
    for changes in unknown:
        assert code_of(SMALL, **changes) == ""
        assert code_of(ask=by_strategy(SMALL), **changes) == "MKT_DISALLOWED"


def test_an_option_may_stand_wider() -> None:
    spec = market(Side.BUY, 1, CALL)
    base: dict[str, Any] = {"instrument": option(), "reference": 5.0}
    assert code_of(spec, quote=quote(4.5, 5.5), **base) == ""
    assert code_of(spec, quote=quote(4.4, 5.5), **base) == "MKT_DISALLOWED"


def test_the_spread_of_a_future_below_zero_is_still_a_spread() -> None:
    spec = market(Side.BUY, 1, future().id)
    base: dict[str, Any] = {"instrument": future(), "reference": -37.5}
    assert code_of(spec, quote=quote(-37.75, -37.50), **base) == ""
    assert code_of(spec, quote=quote(-39.75, -37.50), limits=RiskLimits(), **base) == "MKT_DISALLOWED"


def test_a_person_is_asked_once_and_then_it_leaves() -> None:
    desk = Desk()
    desk.market.references[AAPL] = 10.0
    order = desk.submit(market(quantity=10))
    assert (order.status, refusal(desk)) == (OrderStatus.DENIED, "PRICE_JUMP")
    assert desk.submit(market(quantity=10), confirmed=frozenset({"PRICE_JUMP"})).is_open
    robot = desk.submit(market(quantity=11), strategy=ALPHA, confirmed=frozenset({"PRICE_JUMP"}))
    assert robot.status is OrderStatus.DENIED


def test_a_position_can_be_left_by_a_person_whatever_the_market_looks_like() -> None:
    desk = Desk()
    desk.hold(100)
    desk.market.references[AAPL] = 10.0
    desk.market.quotes[AAPL] = quote(None, None, last=100.0)
    (name,) = desk.engine.close_position(ClosePosition(instrument_id=AAPL))
    order = desk.order(name)
    assert order.is_open, order.reason
    assert (order.spec.order_type, order.spec.quantity) == (OrderType.MARKET, Decimal(100))


def test_a_strategys_own_close_is_judged_like_its_orders() -> None:
    desk = Desk()
    desk.hold(100, strategy=ALPHA)
    desk.market.quotes[AAPL] = quote(95.0, 105.0)
    (name,) = desk.engine.close_position(ClosePosition(instrument_id=AAPL, strategy_id=ALPHA))
    assert (desk.order(name).status, refusal(desk)) == (OrderStatus.DENIED, "MKT_DISALLOWED")


# ---------------------------------------------------------------- the broker's clock
@pytest.mark.parametrize(("skew", "code"), [(29.9, ""), (30.0, "CLOCK_SKEW"), (-29.9, ""), (-45.0, "CLOCK_SKEW")])
def test_a_clock_that_is_far_off_stops_everybody(skew: float, code: str) -> None:
    assert code_of(clock_skew_s=skew) == code
    assert code_of(ask=request(confirmed=frozenset({"CLOCK_SKEW"})), clock_skew_s=skew) == code


def test_orders_go_again_once_both_clocks_agree() -> None:
    desk = Desk()
    desk.clock.adjust(desk.clock.now_ns() + 45 * NS_PER_S)
    assert desk.submit(limit()).status is OrderStatus.DENIED
    assert refusal(desk) == "CLOCK_SKEW"
    assert any(row.state == "breached" for row in desk.engine.risk.limits_used())
    desk.clock.adjust(desk.clock.now_ns())
    assert desk.submit(limit()).is_open


def test_a_sound_market_passes_every_rule() -> None:
    assert judge(by_strategy(SMALL), context(quote=QUOTE)) == []
