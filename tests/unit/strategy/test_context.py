# SPDX-License-Identifier: Apache-2.0
"""The door of a strategy: sizing, prices on their ticks, and what an exit asks for."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest

from terminal.bus import Bus
from terminal.clock import SimClock
from terminal.model.enums import OrderType, Side, TimeInForce
from terminal.model.events import DecisionMade
from terminal.model.ids import StrategyId
from terminal.model.instrument import Instrument
from terminal.model.position import Position
from terminal.strategy.base import EntryPlan
from terminal.strategy.context import InstrumentContext
from tests.unit.strategies.stage import STOCK, new_york
from tests.unit.strategy.floor import PLAN, START, Desk

NAME = StrategyId("test")


class Door:
    """A context and what came out of it."""

    def __init__(self, *, live: bool = True, instrument: Instrument = STOCK) -> None:
        self.live = live
        self.desk = Desk()
        self.clock = SimClock(START)
        self.decisions: list[DecisionMade] = []
        bus = Bus()
        bus.subscribe(DecisionMade, self.decisions.append)
        self.ctx = InstrumentContext(
            strategy_id=NAME,
            instrument=instrument,
            desk=self.desk,
            clock=self.clock,
            publish=bus.publish,
            is_live=lambda: self.live,
        )

    @property
    def last(self) -> DecisionMade:
        return self.decisions[-1]


def test_the_loss_at_the_stop_is_the_risk_fraction() -> None:
    door = Door()
    door.ctx.enter(EntryPlan(side=Side.BUY, stop_distance=2.5, risk_fraction=0.0025), reason="why", gates=[])
    (command,) = door.desk.submitted
    assert command.spec.quantity == Decimal(100)  # 250 of 100,000 over 2.50
    assert command.spec.order_type is OrderType.MARKET
    assert command.note == "why"


def test_the_multiplier_counts_as_units_at_risk() -> None:
    door = Door(instrument=replace(STOCK, multiplier=Decimal(50)))
    door.ctx.enter(EntryPlan(side=Side.BUY, stop_distance=2.5, risk_fraction=0.0025), reason="why", gates=[])
    assert door.desk.submitted[0].spec.quantity == Decimal(2)


def test_the_risk_counts_in_the_account_s_currency() -> None:
    door = Door(instrument=replace(STOCK, currency="JPY"))
    door.desk.rates = {"JPY": 0.01}
    door.ctx.enter(EntryPlan(side=Side.BUY, stop_distance=250.0, risk_fraction=0.0025), reason="why", gates=[])
    assert door.desk.submitted[0].spec.quantity == Decimal(100)  # 250 of money are 25,000 yen, over 250 yen


@pytest.mark.parametrize("rates", [{}, {"JPY": 0.0}])
def test_without_a_rate_of_exchange_nothing_is_sized(rates: dict[str, float]) -> None:
    door = Door(instrument=replace(STOCK, currency="JPY"))
    door.desk.rates = rates
    door.ctx.enter(PLAN, reason="why", gates=[])
    assert door.desk.quiet
    (gate,) = [gate for gate in door.last.gates if gate[0] == "exchange rate"]
    assert not gate[2]
    assert "JPY" in gate[1]


def test_the_size_is_rounded_down_and_cut_to_what_the_gate_allows() -> None:
    door = Door()
    door.desk.largest = (Decimal(37), "largest order")
    door.ctx.enter(PLAN, reason="why", gates=[])
    assert door.desk.submitted[0].spec.quantity == Decimal(37)
    assert any("largest order" in text for _, text, _ in door.last.gates)
    door = Door()
    door.ctx.enter(EntryPlan(side=Side.BUY, stop_distance=2.6, risk_fraction=0.0025), reason="why", gates=[])
    assert door.desk.submitted[0].spec.quantity == Decimal(96)


@pytest.mark.parametrize(("side", "stop", "target"), [(Side.BUY, "98.98", "102.04"), (Side.SELL, "101.02", "97.96")])
def test_stop_and_target_stand_on_ticks_around_the_side_that_is_hit(side: Side, stop: str, target: str) -> None:
    door = Door()
    door.ctx.enter(EntryPlan(side=side, stop_distance=1.026, target_distance=2.028), reason="why", gates=[])
    bracket = door.desk.submitted[0].bracket
    assert bracket is not None
    assert (bracket.stop_price, bracket.target_price) == (Decimal(stop), Decimal(target))
    assert bracket.time_in_force is TimeInForce.GTC


def test_a_plan_without_a_target_has_a_stop_alone() -> None:
    door = Door()
    door.ctx.enter(replace(PLAN, target_distance=None), reason="why", gates=[])
    bracket = door.desk.submitted[0].bracket
    assert bracket is not None
    assert bracket.target_price is None


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda desk: setattr(desk, "shown", None), "no quote"),
        (lambda desk: setattr(desk, "worth", None), "size comes to nothing"),
        (lambda desk: setattr(desk, "largest", (Decimal(0), "a limit")), "size comes to nothing"),
        (lambda desk: setattr(desk, "worth", Decimal(10)), "size comes to nothing"),
    ],
)
def test_without_a_price_or_a_size_nothing_is_sent_and_the_reason_is_shown(
    change: Callable[[Desk], None], words: str
) -> None:
    door = Door()
    change(door.desk)
    door.ctx.enter(PLAN, reason="why", gates=[])
    assert door.desk.quiet
    assert door.last.action == "hold"
    assert words in door.last.reason
    assert any(not passed for _, _, passed in door.last.gates) or "size" in door.last.reason


@pytest.mark.parametrize("distance", [0.0, -1.0])
def test_a_stop_at_or_behind_the_entry_is_no_plan(distance: float) -> None:
    door = Door()
    door.ctx.enter(replace(PLAN, stop_distance=distance), reason="why", gates=[])
    assert door.desk.quiet


def test_an_exit_closes_the_own_position_and_is_not_asked_for_again_at_once() -> None:
    door = Door()
    door.desk.held = Position(quantity=Decimal(10), average_price=Decimal(100))
    for _ in range(3):
        door.ctx.exit(reason="enough", gates=[])
        door.clock.advance(1)
    (command,) = door.desk.closed
    assert command.strategy_id == NAME
    door.clock.advance(15)
    door.ctx.exit(reason="enough", gates=[])
    assert len(door.desk.closed) == 2


def test_another_size_is_another_exit() -> None:
    door = Door()
    for quantity in (10, 4):
        door.desk.held = Position(quantity=Decimal(quantity), average_price=Decimal(100))
        door.ctx.exit(reason="enough", gates=[])
    assert len(door.desk.closed) == 2


def test_an_exit_that_observes_sends_nothing() -> None:
    door = Door(live=False)
    door.desk.held = Position(quantity=Decimal(10), average_price=Decimal(100))
    door.ctx.exit(reason="enough", gates=[])
    assert door.desk.quiet
    assert door.last.action == "would close 10"


def test_the_session_is_the_one_that_contains_now() -> None:
    door = Door()
    session = door.ctx.session
    assert session is not None
    assert session.end_ns == new_york(6, 16)
    door.clock.advance_to(new_york(6, 16))
    assert door.ctx.session is None
