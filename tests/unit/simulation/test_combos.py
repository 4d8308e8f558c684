# SPDX-License-Identifier: Apache-2.0
"""Combinations: net prices and signs, all legs together, one execution as a whole and one per leg, refusals."""

import json
from decimal import Decimal
from typing import Any

import pytest

from terminal.model.instrument import Instrument
from terminal.simulation.combos import build
from terminal.simulation.exchange_port import SimLeg, SimOrder, SimulatorRefusalError
from terminal.simulation.market import Market
from terminal.simulation.trading_days import MINUTE_NS
from tests.unit.simulation.floor_case import AAPL, ACCOUNT, EUR, MSFT, SPY, market, order, pass_time


def options(exchange: Market, right: str = "C", count: int = 4) -> list[Instrument]:
    """Return neighbouring strikes around the money of the first expiry some weeks away."""
    (chain,) = [row for row in exchange.option_chain(AAPL) if row[0] == "SMART"][:1]
    expiry = chain[3][3]
    spot = exchange.top(AAPL).last
    assert spot is not None
    strikes = sorted(chain[4], key=lambda strike: abs(strike - spot))[:count]
    found: list[Instrument] = []
    for strike in sorted(strikes):
        found += exchange.find(symbol="AAPL", sec_type="OPT", expiry=expiry, strike=strike, right=right)
    return found


def leg(instrument: Instrument, action: str, ratio: int = 1, **more: Any) -> SimLeg:
    return SimLeg(con_id=instrument.broker_id or 0, ratio=ratio, action=action, **more)


def combo(action: str, quantity: int, legs: list[SimLeg], kind: str = "LMT", **more: Any) -> SimOrder:
    return order(action, quantity, kind, con_id=0, legs=tuple(legs), **more)


def quote(exchange: Market, con_id: int) -> tuple[float, float]:
    top = exchange.top(con_id)
    assert top.bid is not None
    assert top.ask is not None
    return top.bid, top.ask


def test_a_vertical_fills_both_legs_at_one_net_price() -> None:
    exchange, heard = market()
    low, high = options(exchange, count=2)
    debit = round(quote(exchange, low.broker_id or 0)[1] - quote(exchange, high.broker_id or 0)[0], 2)
    cash = exchange.money.ledgers[ACCOUNT].cash["USD"]
    state = exchange.place(combo("BUY", 3, [leg(low, "BUY"), leg(high, "SELL")], limit_price=round(debit + 0.05, 2)))
    pass_time(exchange, 5)
    assert (state.status, int(state.filled)) == ("Filled", 3)
    whole = [one for one in heard.executions if one.combo_role == "bag"]
    legs = [one for one in heard.executions if one.combo_role == "leg"]
    assert sum(one.quantity for one in whole) == 3
    assert {(one.con_id, one.side) for one in legs} == {(low.broker_id, "BOT"), (high.broker_id, "SLD")}
    assert all(one.price <= debit + 0.05 + 1e-9 for one in whole)
    net = sum((1 if one.side == "BOT" else -1) * one.price * float(one.quantity) for one in legs)
    assert net == pytest.approx(sum(one.price * float(one.quantity) for one in whole))
    assert all(one.commission == 0 for one in whole)
    assert all(one.commission > 0 for one in legs)
    paid = Decimal(repr(round(sum(one.commission for one in legs), 6)))
    assert cash - exchange.money.ledgers[ACCOUNT].cash["USD"] - paid == pytest.approx(
        Decimal(repr(round(net * 100, 6)))
    )
    assert {item.con_id: int(item.quantity) for item in exchange.positions(ACCOUNT)} == {
        low.broker_id: 3, high.broker_id: -3,
    }  # fmt: skip


def test_signs_follow_debit_and_credit() -> None:
    exchange, heard = market()
    low, high = options(exchange, count=2)
    # Selling the cheap vertical's mirror: bought as a credit, its limit is negative.
    bid_low, _ = quote(exchange, low.broker_id or 0)
    _, ask_high = quote(exchange, high.broker_id or 0)
    credit = round(bid_low - ask_high, 2)
    assert credit > 0
    legs = [leg(low, "SELL"), leg(high, "BUY")]
    greedy = exchange.place(combo("BUY", 1, legs, limit_price=round(-credit - 1.0, 2)))
    pass_time(exchange, 2)
    assert (greedy.status, int(greedy.filled)) == ("Submitted", 0)
    taken = exchange.place(combo("BUY", 1, legs, limit_price=round(-credit + 0.05, 2)))
    pass_time(exchange, 5)
    assert taken.status == "Filled"
    assert taken.average_price < 0
    assert heard.executions[0].price <= -credit + 0.05 + 1e-9


def test_a_resting_combination_waits_for_its_price_and_can_be_changed() -> None:
    exchange, heard = market()
    low, high = options(exchange, count=2)
    legs = [leg(low, "BUY"), leg(high, "SELL")]
    debit = round(quote(exchange, low.broker_id or 0)[1] - quote(exchange, high.broker_id or 0)[0], 2)
    sent = combo("BUY", 2, legs, limit_price=round(debit - 1.2, 2))
    state = exchange.place(sent)
    pass_time(exchange, 20)
    assert (state.status, heard.executions) == ("Submitted", [])
    exchange.modify(state.perm_id, combo("BUY", 2, legs, limit_price=round(debit + 0.1, 2)))
    pass_time(exchange, 5)
    assert state.status == "Filled"


def test_four_legs_and_a_covered_call_are_combinations_too() -> None:
    exchange, heard = market()
    one, two, three, four = options(exchange, count=4)
    condor = exchange.place(
        combo("SELL", 1, [leg(one, "SELL"), leg(two, "BUY"), leg(three, "BUY"), leg(four, "SELL")], "MKT")
    )
    pass_time(exchange, 5)
    held = [int(exchange.money.ledgers[ACCOUNT].quantity(each.broker_id or 0)) for each in (one, two, three, four)]
    assert held == [1, -1, -1, 1]  # selling the combination does the opposite of each leg
    share = exchange.instrument(AAPL)
    assert share is not None
    buy_write = exchange.place(combo("BUY", 1, [leg(share, "BUY", 100), leg(one, "SELL")], "MKT"))
    pass_time(exchange, 10)
    assert condor.status == "Filled"
    assert buy_write.status == "Filled"
    assert len([one for one in heard.executions if one.combo_role == "leg"]) >= 6
    spot = exchange.top(AAPL).last
    assert spot is not None
    assert 0 < buy_write.average_price < spot
    assert exchange.money.ledgers[ACCOUNT].quantity(AAPL) == 100


def test_nothing_of_a_combination_fills_when_one_leg_has_no_quote() -> None:
    exchange, heard = market()
    low, high = options(exchange, count=2)
    exchange.advance_to(exchange.source.calendar.day(0).close_ns + MINUTE_NS)
    state = exchange.place(combo("BUY", 1, [leg(low, "BUY"), leg(high, "SELL")], "MKT"))
    pass_time(exchange, 60)
    assert (state.status, heard.executions) == ("PreSubmitted", [])
    assert "will not be placed" in state.warning


def test_margin_of_a_combination_counts_all_legs_together() -> None:
    exchange, _ = market()
    low, high = options(exchange, count=2)
    seen = exchange.preview(combo("SELL", 10, [leg(low, "BUY"), leg(high, "SELL")], limit_price=0.5, what_if=True))
    width = float((high.strike or 0) - (low.strike or 0)) * 100 * 10
    assert 0 < seen.initial_after - seen.initial_before <= width + 1
    assert seen.commission > 0


def test_a_combination_survives_a_restart() -> None:
    exchange, _ = market()
    low, high = options(exchange, count=2)
    exchange.place(combo("BUY", 1, [leg(low, "BUY"), leg(high, "SELL")], limit_price=-50.0, tif="GTC"))
    pass_time(exchange, 1)
    again, _ = market(state=json.loads(json.dumps(exchange.dump_state())))
    (state,) = again.open_orders()
    assert [row.con_id for row in state.order.legs] == [low.broker_id, high.broker_id]
    pass_time(again, 1)
    assert state.status == "Submitted"
    found = again.instrument(state.order.con_id)
    assert found is not None
    assert found.symbol == "AAPL"


def test_a_combination_ends_with_its_first_leg() -> None:
    exchange, _ = market()
    chain = exchange.option_chain(SPY)[0]
    spot = exchange.top(SPY).last
    assert spot is not None
    strike = min(chain[4], key=lambda one: abs(one - spot))
    near, far = (
        exchange.find(symbol="SPY", sec_type="OPT", expiry=expiry, strike=strike, right="C")[0]
        for expiry in (chain[3][0], chain[3][4])
    )
    assert near.expiry == exchange.source.calendar.day(0).date
    state = exchange.place(combo("BUY", 1, [leg(far, "BUY"), leg(near, "SELL")], limit_price=-9.0, tif="GTC"))
    pass_time(exchange, 1)
    assert state.status == "Submitted"
    exchange.advance_to(exchange.source.calendar.day(0).end_ns + MINUTE_NS)
    assert (state.status, state.completed_status) == ("Cancelled", "Expired")


@pytest.mark.parametrize(
    ("legs", "more", "code"),
    [
        ([(AAPL, "BUY")], {}, 312),
        ([(AAPL, "BUY"), (AAPL, "SELL")], {}, 312),
        ([(AAPL, "BUY"), (MSFT, "SELL")], {}, 312),
        ([(AAPL, "BUY"), (1, "SELL")], {}, 313),
        ([(AAPL, "BUY"), (EUR, "SELL")], {}, 313),
        ([(AAPL, "BUY"), (0, "HOLD")], {}, 313),
        ([(AAPL, "BUY"), (0, "SELL")], {"order_type": "STP", "aux_price": 1.0}, 387),
        ([(AAPL, "BUY"), (0, "SELL")], {"limit_price": None}, 321),
        ([(AAPL, "BUY"), (0, "SELL")], {"limit_price": 1.005}, 110),
        ([(AAPL, "BUY"), (0, "SELL")], {"routing": (("NonGuaranteed", "1"),)}, 10002),
        ([(AAPL, "BUY"), (0, "SELL")], {"routing": (("LeginPrio", "1"),)}, 10027),
        ([(AAPL, "BUY"), (0, "SELL")], {"oca_group": "g"}, 356),
        ([(AAPL, "BUY"), (0, "SELL")], {"good_after_time": "x", "good_after_ns": 1}, 349),
        ([(AAPL, "BUY"), (0, "SELL")], {"tif": "FOK"}, 111),
    ],
)
def test_what_is_no_combination_here_is_refused(legs: list[tuple[int, str]], more: dict[str, Any], code: int) -> None:
    exchange, _ = market()
    (call,) = options(exchange, count=1)
    rows = [SimLeg(con_id=con_id or call.broker_id or 0, ratio=1, action=action) for con_id, action in legs]
    sent = combo("BUY", 1, rows, limit_price=5.0)
    for name, value in more.items():
        setattr(sent, name, value)
    with pytest.raises(SimulatorRefusalError) as refusal:
        exchange.place(sent)
    assert refusal.value.code == code
    assert not exchange.open_orders()


def test_a_leg_price_belongs_to_what_is_not_guaranteed() -> None:
    exchange, _ = market()
    low, high = options(exchange, count=2)
    with pytest.raises(SimulatorRefusalError) as refusal:
        exchange.place(combo("BUY", 1, [leg(low, "BUY", price=1.0), leg(high, "SELL")], limit_price=1.0))
    assert refusal.value.code == 321
    assert build(combo("BUY", 1, [leg(low, "BUY"), leg(high, "SELL")]), exchange.instrument).legs[1].sign == -1
