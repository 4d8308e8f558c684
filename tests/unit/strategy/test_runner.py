# SPDX-License-Identifier: Apache-2.0
"""Off, Observe and Live; an exception stops one strategy; nothing is sent that nobody switched on."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import pytest

from terminal.clock import NS_PER_S
from terminal.errors import UserError
from terminal.model.commands import OrderSpec
from terminal.model.enums import BracketRole, OrderOrigin, OrderStatus, OrderType, Side, StrategyState
from terminal.model.events import OrderChanged, OrderInitialized
from terminal.model.ids import AccountId, ClientOrderId, InstrumentId, StrategyId
from terminal.model.market import Bar
from terminal.model.order import Order
from terminal.model.position import Position
from terminal.strategy.base import StrategyContext
from tests.conftest import AllowLogs
from tests.unit.strategies.stage import STOCK, bars
from tests.unit.strategy.floor import START, Broken, Eager, Floor

LIVE, OBSERVE, OFF, FAULTED = StrategyState.LIVE, StrategyState.OBSERVE, StrategyState.OFF, StrategyState.FAULTED


@pytest.fixture
def floor() -> Floor:
    return Floor()


def an_order(strategy: StrategyId, role: BracketRole) -> Order:
    return Order(
        OrderInitialized(
            client_order_id=ClientOrderId(f"T1-{role.value}"),
            ns=START,
            spec=OrderSpec(instrument_id=STOCK.id, side=Side.BUY, quantity=Decimal(1), order_type=OrderType.MARKET),
            account_id=AccountId("DU1"),
            origin=OrderOrigin.STRATEGY,
            strategy_id=strategy,
            role=role,
        )
    )


# ---------------------------------------------------------------- states
def test_a_new_strategy_is_off_and_follows_nothing(floor: Floor) -> None:
    name = floor.add()
    assert floor.runner.entry(name).state is OFF
    assert floor.history.sinks == {}


def test_observe_decides_and_sends_nothing(floor: Floor) -> None:
    name = floor.add()
    floor.runner.set_state(name, OBSERVE)
    floor.warm()
    floor.bar(1)
    (decision,) = floor.decisions
    assert decision.action.startswith("would buy")
    assert floor.desk.quiet
    assert floor.runner.entry(name).last_decision is decision


def test_live_sends_what_observe_would(floor: Floor) -> None:
    name = floor.add()
    floor.runner.set_state(name, LIVE)
    floor.warm()
    floor.bar(1)
    (command,) = floor.desk.submitted
    assert command.strategy_id == name
    assert command.origin is OrderOrigin.STRATEGY
    assert command.bracket is not None
    assert "would" not in floor.decisions[0].action


def test_live_can_be_refused_with_the_reason(floor: Floor) -> None:
    name = floor.add()
    floor.desk.refusal = "the market is on fire"
    with pytest.raises(UserError, match="the market is on fire") as error:
        floor.runner.set_state(name, LIVE)
    assert error.value.code == "STR-002"
    assert floor.runner.entry(name).state is OFF


def test_nobody_can_ask_for_faulted_or_for_what_is_not_there(floor: Floor) -> None:
    name = floor.add()
    with pytest.raises(UserError, match="faulted") as error:
        floor.runner.set_state(name, FAULTED)
    assert error.value.code == "STR-002"
    with pytest.raises(UserError, match="eager") as error:
        floor.runner.set_state(StrategyId("other"), OBSERVE)
    assert error.value.code == "STR-001"


@pytest.mark.parametrize(("was", "now"), [(LIVE, OBSERVE), (OBSERVE, OBSERVE), (OFF, OFF), (FAULTED, OFF)])
def test_a_restart_never_brings_a_strategy_back_live(floor: Floor, was: StrategyState, now: StrategyState) -> None:
    name = floor.add(was=was)
    assert floor.runner.entry(name).state is now
    floor.warm()
    floor.bar(1)
    assert floor.desk.quiet
    assert ("was live" in floor.runner.entry(name).reason) is (was is LIVE)


def test_off_stops_listening_and_takes_back_entries_but_not_exits(floor: Floor) -> None:
    name = floor.add()
    floor.runner.set_state(name, LIVE)
    floor.warm()
    floor.desk.orders = [an_order(name, role) for role in (BracketRole.ENTRY, BracketRole.STOP, BracketRole.TARGET)]
    floor.runner.set_state(name, OFF)
    assert [command.client_order_id for command in floor.desk.cancelled] == ["T1-entry"]
    assert floor.history.sinks == {}
    floor.bar(1)
    assert floor.decisions == []


def test_stop_all_switches_every_strategy_off(floor: Floor) -> None:
    names = [floor.add("one"), floor.add("two"), floor.add("three")]
    floor.runner.set_state(names[0], LIVE)
    floor.runner.set_state(names[1], OBSERVE)
    floor.runner.stop_all(reason="by hand")
    assert [floor.runner.entry(name).state for name in names] == [OFF] * 3
    assert [change.reason for change in floor.states[-2:]] == ["by hand"] * 2


def test_a_lost_connection_takes_live_back_to_observe(floor: Floor) -> None:
    live, watching = floor.add("live"), floor.add("watching")
    floor.runner.set_state(live, LIVE)
    floor.runner.set_state(watching, OBSERVE)
    floor.warm()
    floor.runner.pause_live(reason="no connection")
    assert floor.runner.entry(live).state is OBSERVE
    assert floor.runner.entry(live).reason == "no connection"
    floor.bar(1)
    assert floor.desk.quiet


# ---------------------------------------------------------------- isolation
def test_an_exception_stops_that_strategy_alone(floor: Floor, allow_logs: AllowLogs) -> None:
    allow_logs("strategies")
    bad, good = floor.add("bad", Broken), floor.add("good", Eager)
    floor.runner.set_state(bad, LIVE)
    floor.runner.set_state(good, LIVE)
    floor.warm()
    floor.bar(1)
    floor.bar(2)
    assert floor.runner.entry(bad).state is FAULTED
    assert "ZeroDivisionError: a bug of the strategy" in floor.runner.entry(bad).reason
    assert floor.runner.entry(good).state is LIVE
    assert len(floor.strategy(good).seen) == 2
    assert {command.strategy_id for command in floor.desk.submitted} == {good}


@pytest.mark.parametrize(("milliseconds", "slow"), [(5, 0), (6, 2)])
def test_a_slow_callback_is_told_and_goes_on(
    floor: Floor, allow_logs: AllowLogs, caplog: pytest.LogCaptureFixture, milliseconds: int, slow: int
) -> None:
    allow_logs("strategies")

    class Slow(Eager):
        def on_bar(self, ctx: StrategyContext, bar: Bar) -> None:
            floor.worked_ns += milliseconds * 1_000_000
            super().on_bar(ctx, bar)

    name = floor.add("slow", Slow)
    floor.runner.set_state(name, LIVE)
    floor.warm()
    floor.bar(1)
    floor.bar(2)
    entry = floor.runner.entry(name)
    assert (entry.state, entry.slow_callbacks) == (LIVE, slow)
    assert sum(record.name == "strategies" for record in caplog.records) == slow


def test_a_strategy_that_failed_can_be_switched_on_again(floor: Floor, allow_logs: AllowLogs) -> None:
    allow_logs("strategies")
    name = floor.add("bad", Broken)
    floor.runner.set_state(name, OBSERVE)
    floor.warm()
    floor.bar(1)
    floor.runner.set_state(name, OBSERVE)
    assert floor.runner.entry(name).state is OBSERVE
    assert len(floor.history.sinks) == 1


# ---------------------------------------------------------------- bars
def test_it_warms_up_on_closed_history_alone(floor: Floor) -> None:
    name = floor.add()
    floor.runner.set_state(name, OBSERVE)
    floor.warm(3)
    assert len(floor.strategy(name).warmed) == 3
    assert floor.strategy(name).seen == []


def test_each_bar_is_seen_once_when_it_is_closed(floor: Floor) -> None:
    name = floor.add()
    floor.runner.set_state(name, OBSERVE)
    floor.warm()
    floor.bar(1, 101.0)
    floor.bar(1, 102.0)
    floor.bar(2)
    assert floor.strategy(name).seen == [START, START + 60 * NS_PER_S]


def test_a_bar_that_closed_while_nobody_was_there_is_learnt_not_traded(floor: Floor) -> None:
    name = floor.add()
    floor.runner.set_state(name, LIVE)
    floor.warm()
    floor.clock.advance_to(START + 600 * NS_PER_S)
    late = bars([100.0] * 11, start_ns=START)
    for sink in tuple(floor.history.sinks.values()):
        sink(late, True)
    strategy = floor.strategy(name)
    on_time = [START + minute * 60 * NS_PER_S for minute in (0, 7, 8, 9)]  # minute 0 closed by its time
    assert strategy.seen == on_time
    assert len(strategy.warmed) == 3 + 6
    assert len(floor.desk.submitted) == len(on_time)


def test_it_attaches_when_its_instrument_becomes_known(floor: Floor) -> None:
    floor.known.clear()
    name = floor.add()
    floor.runner.set_state(name, OBSERVE)
    assert floor.history.sinks == {}
    floor.known["XYZ"] = STOCK
    floor.runner.refresh()
    floor.runner.refresh()
    assert len(floor.history.sinks) == 1
    floor.warm()
    floor.bar(1)
    assert len(floor.decisions) == 1


def test_the_timer_runs_every_second_and_stops_with_the_runner(floor: Floor) -> None:
    name = floor.add()
    floor.runner.set_state(name, OBSERVE)
    floor.clock.advance(5)
    assert floor.strategy(name).ticks == 0, "not before it is warm"
    floor.warm()
    floor.clock.advance(5)
    strategy = floor.strategy(name)
    assert strategy.ticks == 5
    floor.runner.close()
    floor.clock.advance(5)
    assert strategy.ticks == 5
    assert floor.history.sinks == {}


def test_it_hears_of_its_own_orders_alone(floor: Floor) -> None:
    name = floor.add()
    floor.runner.set_state(name, OBSERVE)
    floor.warm()
    own, others = an_order(name, BracketRole.ENTRY), an_order(StrategyId("other"), BracketRole.STOP)
    floor.desk.orders = [own, others]
    for order in (own, others):
        floor.bus.publish(
            OrderChanged(
                ns=START, client_order_id=order.client_order_id, event=order.events[0], status=OrderStatus.INITIALIZED
            )
        )
    assert [change.client_order_id for change in floor.strategy(name).changes] == [own.client_order_id]


# ---------------------------------------------------------------- parameters
def test_parameters_are_kept_in_their_bounds(floor: Floor) -> None:
    name = floor.add()
    floor.runner.set_values(name, {"size": 10})
    assert floor.runner.entry(name).values == {"size": 10}
    for wrong in ({"size": 11}, {"size": 0.5}, {"size": float("nan")}, {"colour": 1}):
        with pytest.raises(UserError) as error:
            floor.runner.set_values(name, wrong)
        assert error.value.code == "STR-003"
    assert floor.runner.entry(name).values == {"size": 10}


def test_new_parameters_reach_a_running_strategy(floor: Floor) -> None:
    name = floor.add()
    floor.runner.set_state(name, OBSERVE)
    floor.warm()
    before = floor.strategy(name)
    floor.runner.set_values(name, {"size": 7})
    after = floor.strategy(name)
    assert after is not before
    assert after.values["size"] == 7
    assert floor.runner.entry(name).state is OBSERVE


def test_saved_values_that_are_out_of_bounds_do_not_reach_the_market(floor: Floor, allow_logs: AllowLogs) -> None:
    """A settings file may hold anything: the strategy is stopped, the terminal is not."""
    allow_logs("strategies")
    name = floor.add(values={"size": 500})
    floor.runner.set_state(name, OBSERVE)
    floor.warm()
    floor.bar(1)
    assert floor.runner.entry(name).state is FAULTED
    assert "Size must be from 1 to 10" in floor.runner.entry(name).reason
    assert floor.desk.quiet


def test_a_strategy_that_fails_on_its_history_follows_nothing(floor: Floor, allow_logs: AllowLogs) -> None:
    allow_logs("strategies")

    class Allergic(Eager):
        def warm_up(self, ctx: StrategyContext, bars: Sequence[Bar]) -> None:
            raise ValueError("no history, please")

    other = replace(STOCK, id=InstrumentId("ABC"), symbol="ABC")
    floor.known["ABC"] = other
    good = floor.add("good")
    floor.runner.set_state(good, OBSERVE)
    floor.warm()  # so that the series of XYZ is at hand at once
    bad = floor.add("bad", Allergic)
    floor.runner.set_symbols(bad, ["XYZ", "ABC"])
    floor.runner.set_state(bad, OBSERVE)
    assert floor.runner.entry(bad).state is FAULTED
    assert floor.runner.entry(bad).instances == {}
    assert set(floor.history.sinks) == {(STOCK.id, 60)}
    assert floor.states[-1].state is FAULTED


@pytest.mark.parametrize("how", ["held", "working"])
def test_no_position_is_left_to_nobody_by_a_change_of_symbols(floor: Floor, how: str) -> None:
    other = replace(STOCK, id=InstrumentId("ABC"), symbol="ABC")
    floor.known["ABC"] = other
    name = floor.add("one")
    if how == "held":
        floor.desk.held = Position(quantity=Decimal(10), average_price=Decimal(100))
    else:
        floor.desk.orders = [an_order(name, BracketRole.STOP)]
    with pytest.raises(UserError) as caught:
        floor.runner.set_symbols(name, ["ABC"])
    assert caught.value.code == "STR-004"
    assert floor.runner.entry(name).symbols == ("XYZ",)
    floor.runner.set_symbols(name, ["XYZ", "ABC"])
    floor.desk.held, floor.desk.orders = Position(), []
    floor.runner.set_symbols(name, ["ABC"])
    assert floor.runner.entry(name).symbols == ("ABC",)
