# SPDX-License-Identifier: Apache-2.0
"""Kill switch, arming, the day's loss, and the ways out of a position."""

from decimal import Decimal

import pytest

from terminal.errors import UserError
from terminal.model import events as e
from terminal.model.commands import (
    BracketSpec,
    CancelOrders,
    ClosePosition,
    FlattenAll,
    KillSwitch,
    ModifyOrder,
    OrderSpec,
    ReleaseInstrument,
    SetArmed,
    SubmitOrder,
)
from terminal.model.enums import LinkState, Mode, OrderOrigin, OrderStatus, OrderType, Side, TradingState
from terminal.model.ids import AccountId
from terminal.trading.limits import RiskLimits
from terminal.trading.views import TradingSession
from tests.unit.trading.desk import (
    AAPL,
    ACCOUNT,
    ALPHA,
    CALL,
    CLIENT,
    ES,
    START_NS,
    Desk,
    limit,
    market,
    state,
    stop,
)

pytestmark = pytest.mark.usefixtures("any_logs")  # alarms are what these tests are about
S, D = OrderStatus, Decimal
BRACKET = BracketSpec(stop_price=D("90.00"), target_price=D("110.00"))


def trading(desk: Desk) -> TradingState:
    return desk.engine.trading.state


def last_report(desk: Desk) -> e.KillSwitchReport:
    return [event for event in desk.seen if isinstance(event, e.KillSwitchReport)][-1]


# ---------------------------------------------------------------- kill switch
def test_kill_halts_cancels_and_shows_the_brokers_answer() -> None:
    desk = Desk()
    one, two, three = desk.working(), desk.working(limit(price="99.00")), desk.working(limit(price="98.00"))
    desk.engine.kill(KillSwitch(reason="enough"))
    assert trading(desk) is TradingState.HALTED
    assert sorted(desk.broker.cancelled) == [1, 2, 3]
    assert desk.submit(limit(price="97.00")).status is S.DENIED
    desk.say(desk.status(one, "Cancelled"))
    desk.say(desk.execution(two, 100))
    report = last_report(desk)
    assert {name: (text, confirmed) for name, text, confirmed in report.orders} == {
        one.client_order_id: ("cancelled", True),
        two.client_order_id: ("filled before the cancel", True),
        three.client_order_id: ("cancel asked for", False),
    }
    assert not report.finished
    desk.clock.advance(10)
    report = last_report(desk)
    assert report.finished
    assert "not confirmed" in {name: text for name, text, _ in report.orders}[three.client_order_id]
    desk.say(desk.status(three, "Cancelled"))  # and still followed
    assert all(confirmed for _, _, confirmed in last_report(desk).orders)


def test_kill_twice_asks_again_and_lifts_once() -> None:
    desk = Desk()
    order = desk.working()
    desk.engine.kill(KillSwitch())
    desk.engine.kill(KillSwitch())
    assert desk.broker.cancelled == [1, 1]
    desk.say(desk.status(order, "Cancelled"))
    desk.engine.kill(KillSwitch())
    assert desk.broker.cancelled == [1, 1]
    desk.engine.kill(KillSwitch(engage=False))
    assert trading(desk) is TradingState.ACTIVE
    assert not last_report(desk).engaged


def test_kill_without_a_connection_asks_when_it_is_back() -> None:
    desk = Desk()
    order = desk.working()
    desk.link(LinkState.DISCONNECTED)
    desk.broker.fail_cancel = True
    desk.engine.kill(KillSwitch())
    assert "not sent" in last_report(desk).orders[0][1]
    desk.broker.fail_cancel = False
    desk.broker.open_orders = [desk.opened(order)]
    desk.connect()
    assert desk.broker.cancelled == [1]
    assert trading(desk) is TradingState.HALTED


def test_cancel_passes_while_halted_and_with_a_broken_journal() -> None:
    desk = Desk()
    desk.working()
    desk.journal.broken = "disk full"
    desk.engine.trading.latch("test", TradingState.HALTED, "test")
    assert desk.engine.cancel_orders(CancelOrders())
    assert desk.broker.cancelled == [1]


def test_cancel_filters() -> None:
    desk = Desk()
    mine = desk.working()
    robot = desk.working(limit(price="99.00"), strategy=ALPHA)
    other = desk.working(limit(quantity=1, price="4900.00", instrument_id=ES))
    assert desk.engine.cancel_orders(CancelOrders(strategy_id=ALPHA)) == (robot.client_order_id,)
    assert desk.engine.cancel_orders(CancelOrders(instrument_id=ES)) == (other.client_order_id,)
    assert desk.engine.cancel_orders(CancelOrders(side=Side.SELL)) == ()
    assert desk.engine.cancel_orders(CancelOrders()) == (mine.client_order_id,)


# ---------------------------------------------------------------- arming
def armed_desk() -> Desk:
    desk = Desk(limits=RiskLimits(arming_required=True))
    desk.engine.set_armed(SetArmed(armed=True))
    assert desk.engine.arming.armed
    return desk


def test_arming_lets_orders_leave_and_ends_by_itself() -> None:
    desk = Desk(limits=RiskLimits(arming_required=True))
    assert desk.submit(limit()).status is S.DENIED
    desk.engine.set_armed(SetArmed(armed=True))
    assert desk.submit(limit()).is_open
    desk.clock.advance(15 * 60 - 1)
    assert desk.engine.arming.until_ns == START_NS + 900 * 10**9
    desk.clock.advance(1)
    assert not desk.engine.arming.armed
    assert desk.submit(limit(price="99.00")).status is S.DENIED
    changes = [event for event in desk.seen if isinstance(event, e.ArmedChanged)]
    assert [change.armed for change in changes] == [True, False]


@pytest.mark.parametrize("event", ["disconnect", "kill", "account", "mode", "person"])
def test_arming_ends_with(event: str) -> None:
    desk = armed_desk()
    match event:
        case "disconnect":
            desk.link(LinkState.DISCONNECTED)
        case "kill":
            desk.engine.kill(KillSwitch())
        case "account":
            desk.engine.use_account(TradingSession(account_id=AccountId("DU2"), mode=Mode.PAPER, client_id=CLIENT))
        case "mode":
            desk.engine.use_account(TradingSession(account_id=ACCOUNT, mode=Mode.DEMO, client_id=CLIENT))
        case _:
            desk.engine.set_armed(SetArmed(armed=False))
    assert not desk.engine.arming.armed


def test_arming_needs_a_connection_and_never_a_live_account() -> None:
    desk = Desk(connect=False)
    with pytest.raises(UserError, match="ARM-001"):
        desk.engine.set_armed(SetArmed(armed=True))
    live = Desk(mode=Mode.LIVE)
    with pytest.raises(UserError, match="read-only"):
        live.engine.set_armed(SetArmed(armed=True, account_typed="DU1"))
    order = live.submit(limit())
    assert order.status is S.DENIED
    assert live.broker.placed == []


def test_disarming_between_click_and_commit_keeps_the_order_in() -> None:
    desk = armed_desk()
    desk.journal.hold = True
    order = desk.submit(limit())
    desk.engine.set_armed(SetArmed(armed=False))
    desk.journal.release()
    assert order.status is S.LOST
    assert desk.broker.placed == []


# ---------------------------------------------------------------- the day's loss
def test_day_loss_reduces_then_halts_and_cancels() -> None:
    desk = Desk(limits=RiskLimits(max_notional=1e6, max_quantity_stock=2_000))
    desk.engine.start()
    desk.hold(1_000)
    resting = desk.working(limit(price="90.00", quantity=10))
    desk.market.show(AAPL, 95.1, 95.1, 95.1)  # 4,900 of 250,000
    desk.clock.advance(2)
    assert trading(desk) is TradingState.ACTIVE
    desk.report_worth("245000")
    desk.market.show(AAPL, 95.0, 95.0, 95.0)  # 5,000 of the 250,000 that the day began with
    desk.clock.advance(2)
    assert trading(desk) is TradingState.REDUCING
    assert desk.submit(limit(price="94.00")).status is S.DENIED
    desk.market.show(AAPL, 96.0, 96.0, 96.0)
    desk.report_worth("246000")
    desk.clock.advance(2)
    assert trading(desk) is TradingState.REDUCING  # it stays for the day
    assert desk.broker.cancelled == []
    desk.market.show(AAPL, 92.4, 92.4, 92.4)
    desk.report_worth("242400")
    desk.clock.advance(2)
    assert trading(desk) is TradingState.HALTED
    assert desk.broker.cancelled == [resting.broker_order_id]
    desk.engine.set_limits(RiskLimits(loss_reduce_percent=10, loss_halt_percent=20))
    assert trading(desk) is TradingState.ACTIVE
    desk.engine.stop()


def test_day_loss_is_forgotten_on_the_next_day() -> None:
    desk = Desk(limits=RiskLimits(max_notional=1e6))
    desk.engine.start()
    desk.hold(1_000)
    desk.market.show(AAPL, 94.0, 94.0, 94.0)
    desk.report_worth("244000")
    desk.clock.advance(2)
    assert trading(desk) is TradingState.REDUCING
    desk.clock.advance(14 * 3600)
    assert trading(desk) is TradingState.ACTIVE
    desk.engine.stop()


def test_the_worse_of_both_figures_counts() -> None:
    desk = Desk()
    desk.engine.start()
    desk.say(
        e.PnlReported(ns=1, account_id=ACCOUNT, instrument_id=None, daily=-7_500.0, unrealized=None, realized=None)
    )
    desk.clock.advance(2)
    assert trading(desk) is TradingState.REDUCING  # 7,500 of 257,500
    desk.engine.stop()


# ---------------------------------------------------------------- close, reverse, flatten
@pytest.mark.parametrize(("quantity", "side"), [(100, Side.SELL), (-100, Side.BUY)])
def test_close_is_the_opposite_market_order(quantity: int, side: Side) -> None:
    desk = Desk()
    desk.hold(quantity)
    [coid] = desk.engine.close_position(ClosePosition(instrument_id=AAPL))
    spec = desk.order(coid).spec
    assert (spec.side, spec.quantity, spec.order_type) == (side, D(100), OrderType.MARKET)
    desk.say(desk.execution(desk.order(coid), 100))
    assert desk.engine.portfolio.position(AAPL).quantity == 0
    with pytest.raises(UserError, match="ORD-004"):
        desk.engine.close_position(ClosePosition(instrument_id=AAPL))


@pytest.mark.parametrize("instrument_id", [CALL, ES])
def test_close_works_for_options_and_futures(instrument_id: str) -> None:
    desk = Desk()
    name = CALL if instrument_id == CALL else ES
    desk.hold(-2, name)
    [coid] = desk.engine.close_position(ClosePosition(instrument_id=name))
    assert (desk.order(coid).spec.side, desk.order(coid).spec.quantity) == (Side.BUY, D(2))


def test_close_counts_what_already_works() -> None:
    desk = Desk()
    desk.hold(100)
    desk.working(limit(Side.SELL, 40, "101.00"))
    [coid] = desk.engine.close_position(ClosePosition(instrument_id=AAPL))
    assert desk.order(coid).spec.quantity == 60
    with pytest.raises(UserError, match="ORD-005"):
        desk.engine.close_position(ClosePosition(instrument_id=AAPL))


def test_reverse_goes_to_the_opposite() -> None:
    desk = Desk()
    desk.hold(100)
    [coid] = desk.engine.close_position(ClosePosition(instrument_id=AAPL, reverse=True))
    desk.say(desk.execution(desk.order(coid), 200))
    assert desk.engine.portfolio.position(AAPL).quantity == -100


def test_close_cancels_exits_first_and_waits_for_them() -> None:
    desk = Desk()
    entry = desk.submit(market(), bracket=BRACKET)
    for order in desk.engine.orders.group(entry.group_id) if entry.group_id else ():
        desk.say(desk.opened(order))
    desk.say(desk.execution(entry, 100))
    target, stop_order = desk.engine.orders.children(entry.client_order_id)
    desk.clock.advance(3)
    assert desk.engine.close_position(ClosePosition(instrument_id=AAPL)) == ()
    assert sorted(desk.broker.cancelled) == [2, 3]
    placed = len(desk.broker.placed)
    desk.say(desk.status(target, "Cancelled"))
    assert len(desk.broker.placed) == placed
    desk.say(desk.execution(stop_order, 30, "90"))  # the stop was quicker with a part
    desk.say(desk.status(stop_order, "Cancelled", 30))
    wire = desk.broker.placed[-1]
    assert (wire.spec.side, wire.spec.quantity, wire.spec.order_type) == (Side.SELL, D(70), OrderType.MARKET)


def test_close_that_a_stop_has_done_sends_nothing() -> None:
    desk = Desk()
    desk.hold(100)
    exit_order = desk.working(stop())
    placed = len(desk.broker.placed)
    assert desk.engine.close_position(ClosePosition(instrument_id=AAPL)) == ()
    desk.say(desk.execution(exit_order, 100, "95"))
    assert len(desk.broker.placed) == placed
    assert desk.engine.portfolio.position(AAPL).quantity == 0


def test_close_whose_exits_do_not_end_is_alarmed_and_not_sent() -> None:
    desk = Desk()
    desk.hold(100)
    exit_order = desk.working(stop())
    desk.broker.open_orders = [desk.opened(exit_order)]
    placed = len(desk.broker.placed)
    desk.engine.close_position(ClosePosition(instrument_id=AAPL))
    desk.clock.advance(10)
    assert len(desk.broker.placed) == placed
    assert any(isinstance(event, e.DataNotice) and "was not closed" in event.text for event in desk.seen)


def test_close_of_the_whole_is_split_by_owner() -> None:
    desk = Desk()
    desk.hold(100)
    desk.hold(60, strategy=ALPHA)
    ids = desk.engine.close_position(ClosePosition(instrument_id=AAPL))
    parts = {desk.order(coid).strategy_id: desk.order(coid).spec.quantity for coid in ids}
    assert parts == {None: D(100), ALPHA: D(60)}
    for coid in ids:
        assert desk.order(coid).origin is OrderOrigin.MANUAL
        desk.say(desk.execution(desk.order(coid), int(desk.order(coid).spec.quantity)))
    assert desk.engine.portfolio.position(AAPL, ALPHA).quantity == 0
    assert desk.engine.portfolio.manual_position(AAPL).quantity == 0


def test_owners_that_oppose_each_other_close_the_net() -> None:
    desk = Desk()
    desk.hold(100, strategy=ALPHA)
    desk.hold(-30)
    [coid] = desk.engine.close_position(ClosePosition(instrument_id=AAPL))
    assert (desk.order(coid).strategy_id, desk.order(coid).spec.quantity) == (ALPHA, D(70))


def test_strategy_closes_its_own_part_alone() -> None:
    desk = Desk()
    desk.hold(100)
    desk.hold(60, strategy=ALPHA)
    mine = desk.working(stop(quantity=100))
    [coid] = desk.engine.close_position(ClosePosition(instrument_id=AAPL, strategy_id=ALPHA))
    order = desk.order(coid)
    assert (order.strategy_id, order.spec.quantity, order.origin) == (ALPHA, D(60), OrderOrigin.STRATEGY)
    assert desk.broker.cancelled == []
    assert mine.is_open


def test_strategy_that_closes_twice_is_not_heard_twice() -> None:
    desk = Desk()
    desk.hold(60, strategy=ALPHA)
    first = desk.engine.close_position(ClosePosition(instrument_id=AAPL, strategy_id=ALPHA))
    assert len(first) == 1
    assert desk.engine.close_position(ClosePosition(instrument_id=AAPL, strategy_id=ALPHA)) == ()


def test_close_outside_regular_hours_is_a_collared_limit() -> None:
    desk = Desk()
    desk.hold(100)
    desk.clock.advance(8 * 3600)  # 18:00
    [coid] = desk.engine.close_position(ClosePosition(instrument_id=AAPL))
    spec = desk.order(coid).spec
    assert (spec.order_type, spec.limit_price, spec.outside_regular_hours) == (OrderType.LIMIT, D("98.99"), True)
    del desk.market.quotes[AAPL]
    desk.say(desk.status(desk.order(coid), "Cancelled"))
    with pytest.raises(UserError, match="ORD-008"):
        desk.engine.close_position(ClosePosition(instrument_id=AAPL))


def test_close_is_not_stopped_by_soft_checks_or_size() -> None:
    desk = Desk(connect=False)
    desk.broker.positions = [desk.position(50_000)]
    desk.connect()
    desk.report_worth("9000000")
    desk.market.age = 99.0
    [coid] = desk.engine.close_position(ClosePosition(instrument_id=AAPL))
    assert desk.order(coid).is_open
    assert desk.order(coid).spec.quantity == 50_000


def test_flatten_cancels_everything_and_closes_everything() -> None:
    desk = Desk()
    desk.hold(100)
    desk.hold(-2, ES)
    resting = desk.working(limit(price="95.00"))
    sent = desk.engine.flatten_all(FlattenAll())
    assert [desk.order(coid).instrument_id for coid in sent] == [ES]
    assert desk.broker.cancelled == [resting.broker_order_id]
    desk.say(desk.status(resting, "Cancelled"))
    assert desk.broker.placed[-1].spec.quantity == 100
    assert desk.broker.placed[-1].spec.side is Side.SELL


def test_halted_means_that_closing_waits_too() -> None:
    desk = Desk()
    desk.hold(100)
    desk.engine.kill(KillSwitch())
    [coid] = desk.engine.close_position(ClosePosition(instrument_id=AAPL))
    assert state(desk.order(coid)) is S.DENIED


# ---------------------------------------------------------------- the rest of the door
def test_release_needs_a_freeze() -> None:
    desk = Desk()
    with pytest.raises(UserError, match="ORD-011"):
        desk.engine.release_instrument(ReleaseInstrument(instrument_id=AAPL))


async def test_preview_asks_the_broker_and_records_nothing() -> None:
    desk = Desk()
    records = len(desk.journal.records)
    spec: OrderSpec = limit()
    preview = await desk.engine.preview(_command(spec))
    assert preview.source == "broker"
    assert desk.broker.previewed[0].spec is spec
    assert len(desk.journal.records) == records
    assert desk.broker.placed == []
    desk.link(LinkState.DISCONNECTED)
    with pytest.raises(UserError, match="ORD-009"):
        await desk.engine.preview(_command(spec))


def test_what_is_refused_to_a_ticket_is_listed() -> None:
    desk = Desk()
    assert next(denial.code for denial in desk.engine.check(_command(limit(quantity=5_000)))) == "MAX_QTY"
    assert desk.engine.check(_command(limit())) == []
    assert len(desk.engine.orders) == 0


def test_change_that_the_transport_refuses_is_unknown() -> None:
    desk = Desk()
    order = desk.working()
    desk.broker.fail_from = 0
    desk.engine.modify(ModifyOrder(client_order_id=order.client_order_id, quantity=D(50)))
    assert state(order) is S.UNKNOWN


def _command(spec: OrderSpec) -> SubmitOrder:
    return SubmitOrder(spec=spec)
