# SPDX-License-Identifier: Apache-2.0
"""Faults of orders and executions: what the broker did must be what the core knows, whatever was said in between."""

from decimal import Decimal

import pytest

from brokers.simulator.faults import library
from terminal.clock import NS_PER_S
from terminal.errors import BrokerError
from terminal.model.commands import CancelOrder, KillSwitch, ModifyOrder
from terminal.model.enums import Knowledge, OrderOrigin, OrderStatus, Side, TimeInForce
from terminal.model.events import LinkChanged
from terminal.model.ids import ClientOrderId
from terminal.paths import ProfilePaths
from terminal.simulation.factory import open_exchange
from tests.faults.lab import LabWorld, laboratory

pytestmark = pytest.mark.usefixtures("any_logs")


def rest(w: LabWorld, quantity: int = 5, *, tif: TimeInForce = TimeInForce.DAY) -> ClientOrderId:
    """Place a limit order that waits behind the market."""
    (name,) = w.submit(w.limit("AAPL", Side.BUY, quantity, w.away("AAPL", Side.BUY), tif=tif))
    return name


def trade(w: LabWorld, quantity: int = 10) -> ClientOrderId:
    """Place a market order."""
    (name,) = w.submit(w.market("AAPL", Side.BUY, quantity))
    return name


async def until_fired(w: LabWorld, count: int = 1, limit_s: float = 60.0) -> None:
    await w.until(lambda: len(w.fired()) >= count, limit_s)


@pytest.mark.parametrize("fault", ["O01", "O02.no_status", "O02.no_exec", "O21.before", "O21.twice", "O21.corrected"])
async def test_a_trade_is_booked_once(profile: ProfilePaths, fault: str) -> None:
    async with laboratory(profile, fault) as w:
        await w.ready()
        name = trade(w)
        await until_fired(w)
        await w.converged(15)
        await w.step(4)
        assert not w.agrees()
        assert w.order(name).status is OrderStatus.FILLED
        assert w.position("AAPL").quantity == 10
        w.once()
        w.costs_agree()
        w.audited()


@pytest.mark.parametrize("fault", library.forms("O03"))
async def test_o03_the_messages_of_a_fill_in_every_order(profile: ProfilePaths, fault: str) -> None:
    async with laboratory(profile, fault) as w:
        await w.ready()
        name = trade(w)
        await w.converged(15)
        assert {"openOrder", "orderStatus", "execDetails", "commissionReport"} <= {each["on"] for each in w.fired()}
        assert w.order(name).status is OrderStatus.FILLED
        assert w.order(name).knowledge is Knowledge.CONFIRMED
        w.once()
        w.costs_agree()


async def test_o04_the_status_is_half_a_minute_ahead(profile: ProfilePaths) -> None:
    """The position moves with the execution alone; what is not known is said to be not known."""
    async with laboratory(profile, "O04") as w:
        await w.ready()
        name = trade(w)
        await until_fired(w)
        await w.step(5)
        assert w.position("AAPL").quantity == 0
        assert w.order(name).filled == 0
        assert w.order(name).knowledge is not Knowledge.CONFIRMED
        await w.converged(60)
        assert w.order(name).status is OrderStatus.FILLED
        w.once()
        w.costs_agree()


async def test_o05_executions_twice_and_after_a_reconnection(profile: ProfilePaths) -> None:
    async with laboratory(profile, "O05") as w:
        await w.ready()
        trade(w)
        await until_fired(w, 3)
        await w.until(lambda: any(each["rule"] == "O05/2" for each in w.fired()))
        await w.step(5)
        await w.converged(30)
        w.once()
        w.costs_agree()
        w.audited()


@pytest.mark.parametrize("fault", library.forms("O06"))
async def test_o06_an_execution_is_corrected(profile: ProfilePaths, fault: str) -> None:
    async with laboratory(profile, fault) as w:
        await w.ready()
        name = trade(w)
        await until_fired(w)
        await w.step(4)
        assert any(each["name"] == "revised" for each in w.history())
        await w.converged(30)
        if fault == "O06.price":
            (execution,) = w.truth.executions(name)
            assert w.order(name).average_price == Decimal(str(execution.price))
        w.once()
        w.audited()


async def test_o07_an_execution_after_the_cancel(profile: ProfilePaths) -> None:
    async with laboratory(profile, "O07.cancelled") as w:
        await w.ready()
        name = rest(w)
        await w.until(lambda: w.order(name).status is OrderStatus.WORKING)
        w.core.do(CancelOrder(client_order_id=name))
        await w.until(lambda: w.order(name).status is OrderStatus.CANCELLED)
        await until_fired(w)
        await w.until(lambda: w.order(name).status is OrderStatus.FILLED, 15)
        await w.converged(15)
        assert w.position("AAPL").quantity == 5
        w.once()


async def test_o07_an_execution_after_the_rejection(profile: ProfilePaths) -> None:
    async with laboratory(profile, "O07.rejected") as w:
        await w.ready()
        name = rest(w)
        await until_fired(w)
        await w.until(lambda: bool(w.truth.executions(name)), 20)
        await w.until(lambda: w.order(name).status is OrderStatus.FILLED, 15)
        await w.converged(15)
        assert w.position("AAPL").quantity == 5
        w.once()


@pytest.mark.parametrize("fault", library.forms("O08"))
async def test_o08_a_note_ends_no_order(profile: ProfilePaths, fault: str) -> None:
    async with laboratory(profile, fault) as w:
        await w.ready()
        name = rest(w)
        await w.until(lambda: w.order(name).status is OrderStatus.WORKING)
        await until_fired(w)
        await w.step(3)
        assert any(each["kind"] == "out" and each["name"] == "error" and each["fields"][3] == fault[5:]
                   for each in w.history())  # fmt: skip
        assert w.order(name).is_open
        await w.converged(20)
        assert w.order(name).is_open  # 404 says that it is held, which is no end
        assert w.order(name).status is (OrderStatus.ACKED if fault == "O08.c404" else OrderStatus.WORKING)
        assert len(w.sent()) == 1
        w.once()


async def test_o09_rejected_inactive_and_alive_again(profile: ProfilePaths) -> None:
    async with laboratory(profile, "O09") as w:
        await w.ready()
        name = rest(w)
        await until_fired(w)
        for _ in range(40):
            await w.step(0.25)
            assert w.order(name).is_open or w.order(name).status is OrderStatus.REJECTED
        await w.converged(15)
        assert w.order(name).status is OrderStatus.WORKING
        assert len(w.sent()) == 1
        w.once()


@pytest.mark.parametrize("fault", library.forms("O10"))
async def test_o10_the_cancel_is_refused(profile: ProfilePaths, fault: str) -> None:
    async with laboratory(profile, fault) as w:
        await w.ready()
        name = rest(w)
        await w.until(lambda: w.order(name).status is OrderStatus.WORKING)
        w.core.do(CancelOrder(client_order_id=name))
        await until_fired(w)
        await w.converged(15)
        assert w.order(name).status is OrderStatus.WORKING
        w.core.do(CancelOrder(client_order_id=name))
        await w.until(lambda: w.order(name).status is OrderStatus.CANCELLED)
        assert len(w.sent()) == 1


@pytest.mark.parametrize("fault", library.forms("O11"))
async def test_o11_a_duplicate_id_is_never_sent_again_blindly(profile: ProfilePaths, fault: str) -> None:
    async with laboratory(profile, fault) as w:
        await w.ready()
        name = rest(w)
        await until_fired(w)
        await w.step(3)
        if fault == "O11.not_accepted":  # only a newer order that was accepted proves that this one never was
            assert w.order(name).status is OrderStatus.UNKNOWN
        (second,) = w.submit(w.limit("IBM", Side.BUY, 5, w.away("IBM", Side.BUY)))
        await w.until(lambda: w.order(second).status is OrderStatus.WORKING)
        await w.converged(60)
        w.once(name, second)
        wanted = OrderStatus.LOST if fault == "O11.not_accepted" else OrderStatus.WORKING
        assert w.order(name).status is wanted
        first_id, second_id = (int(each["fields"][1]) for each in w.sent())
        assert second_id > first_id


async def test_o12_no_word_for_ten_minutes_then_a_fill(profile: ProfilePaths) -> None:
    async with laboratory(profile, "O12") as w:
        await w.ready()
        name = rest(w)
        await until_fired(w)
        await w.until(lambda: w.order(name).status is OrderStatus.UNKNOWN, 8)
        assert w.order(name).is_open
        await w.step(600, slice_s=1.0)
        assert len(w.sent()) == 1
        await w.until(lambda: w.order(name).status is OrderStatus.FILLED, 30)
        await w.converged(15)
        assert w.position("AAPL").quantity == 5
        w.once()


@pytest.mark.parametrize("fault", ["O13.zero", "O13.reused", "O13.large"])
async def test_o13_strange_permanent_ids(profile: ProfilePaths, fault: str) -> None:
    async with laboratory(profile, fault) as w:
        await w.ready()
        resting = rest(w)
        await w.until(lambda: w.order(resting).is_open and w.order(resting).status is OrderStatus.WORKING)
        name = trade(w)
        await w.until(lambda: w.order(name).status is OrderStatus.FILLED, 20)
        await w.converged(20)
        assert w.fired()
        assert w.order(name).filled == 10
        assert w.order(resting).status is OrderStatus.WORKING
        assert w.order(resting).filled == 0
        w.once()


async def test_o14_more_is_filled_than_was_ordered(profile: ProfilePaths) -> None:
    async with laboratory(profile, "O14") as w:
        await w.ready()
        name = trade(w)
        await until_fired(w)
        await w.until(lambda: w.order(name).filled == 15, 20)
        await w.converged(15)
        assert w.position("AAPL").quantity == 15
        assert w.order(name).knowledge is Knowledge.CONFLICT
        w.once()


async def test_o15_a_thousand_fills_in_a_second(profile: ProfilePaths) -> None:
    async with laboratory(profile, "O15") as w:
        await w.ready()
        name = rest(w, 1000)
        await w.until(lambda: len(w.fired("shares")) >= 1000, 30)
        await w.converged(30)
        assert w.order(name).status is OrderStatus.FILLED
        assert w.order(name).filled == 1000
        assert len(w.core.portfolio.fills()) == 1000
        w.once()
        w.audited()


@pytest.mark.parametrize("fault", ["O16.place", "O16.other_client"])
async def test_o16_somebody_else_trades(profile: ProfilePaths, fault: str) -> None:
    async with laboratory(profile, fault) as w:
        await w.ready()
        name = rest(w)
        await until_fired(w)
        await w.until(lambda: any(each["name"] == "execution" for each in w.history()), 20)
        await w.converged(90)
        assert w.position("IBM").quantity == 7
        assert w.order(name).status is OrderStatus.WORKING
        strangers = [order for order in w.core.orders.all() if order.origin is OrderOrigin.EXTERNAL]
        assert all(order.filled in (0, 7) for order in strangers)
        assert len(w.sent()) == 1


@pytest.mark.parametrize("fault", ["O16.cancel", "O16.modify"])
async def test_o16_somebody_touches_our_order(profile: ProfilePaths, fault: str) -> None:
    async with laboratory(profile, fault) as w:
        await w.ready()
        name = rest(w)
        await until_fired(w)
        await w.step(3)
        await w.converged(15)
        if fault == "O16.cancel":
            assert w.order(name).status is OrderStatus.CANCELLED
        else:
            assert w.order(name).spec.quantity == 9
        assert len(w.sent()) == 1
        w.once()


async def test_o17_both_exits_fill(profile: ProfilePaths) -> None:
    async with laboratory(profile, "O17") as w:
        await w.ready()
        names = w.submit(w.bracket("AAPL", 10))
        await until_fired(w)
        await w.until(lambda: len(w.truth.executions()) >= 3, 20)
        await w.converged(15)
        assert w.position("AAPL").quantity == -10
        w.once(*names)


async def test_o18_the_entry_is_partly_filled_and_cancelled(profile: ProfilePaths) -> None:
    async with laboratory(profile, "O18") as w:
        await w.ready()
        entry, target, stop = w.submit(w.bracket("AAPL", 10, marketable=False))
        await until_fired(w)
        await w.until(lambda: w.order(entry).status is OrderStatus.CANCELLED, 15)
        await w.converged(15)
        assert w.position("AAPL").quantity == 3
        for exit_ in (target, stop):
            assert w.order(exit_).is_open
            assert w.order(exit_).spec.quantity == 3
        w.once()


async def test_o19_the_kill_switch_against_new_orders(profile: ProfilePaths) -> None:
    async with laboratory(profile, "O19") as w:
        await w.ready()
        names = [rest(w, quantity) for quantity in (5, 6, 7)]
        await w.until(lambda: all(w.order(name).status is OrderStatus.WORKING for name in names))
        late = [trade(w)]
        w.core.do(KillSwitch(reason="test"))
        late.append(trade(w))
        halted = len(w.sent())
        await until_fired(w)
        late.append(trade(w))
        await w.converged(15)
        assert not w.exchange.open_orders()
        assert all(not w.order(name).is_open for name in (*names, *late))
        assert w.order(late[-1]).status is OrderStatus.DENIED
        assert w.order(late[-2]).status is OrderStatus.DENIED
        assert len(w.sent()) <= halted + 4
        w.once()


async def test_o21_a_missing_commission_is_asked_for(profile: ProfilePaths) -> None:
    async with laboratory(profile, "O21.missing") as w:
        await w.ready()
        trade(w)
        await until_fired(w)
        await w.converged(15)
        await w.stop_core()
        await w.ready()
        await w.converged(30)
        w.costs_agree()


async def test_a_cancelled_order_of_a_modified_one(profile: ProfilePaths) -> None:
    """The laboratory itself leaves a world without its fault as it is."""
    async with laboratory(profile, "O10.not_found") as w:
        await w.ready()
        name = rest(w)
        await w.until(lambda: w.order(name).status is OrderStatus.WORKING)
        w.core.do(ModifyOrder(client_order_id=name, quantity=Decimal(6)))
        await w.converged(10)
        assert w.fired() == []
        assert w.order(name).spec.quantity == 6


async def test_o13_the_last_order_id(profile: ProfilePaths) -> None:
    """No id is left above 2147483647: the core says so and sends nothing under an id that wraps or was used."""
    async with laboratory(profile, "O13.last_id") as w:
        core = await w.start_core()
        said: list[str] = []
        core.bus.subscribe(LinkChanged, lambda change: said.append(change.text))
        await until_fired(w)
        await w.step(20)
        assert not core.execution.link.reconciled
        assert any("order numbers are used up" in text for text in said)
        assert w.sent() == []


@pytest.mark.parametrize("fault", library.forms("O20"))
async def test_o20_what_if_without_sense(profile: ProfilePaths, fault: str) -> None:
    async with laboratory(profile, fault) as w:
        await w.ready()
        order = w.limit("AAPL", Side.BUY, 5, w.away("AAPL", Side.BUY))
        started = w.clock.now_ns()
        try:
            preview = await w.ask(w.core.preview(order), 8)
        except BrokerError:
            preview = None
        assert (preview is None) is (fault in ("O20.error", "O20.none"))
        assert w.fired()
        assert (w.clock.now_ns() - started) / 1e9 <= 6
        figures = [] if preview is None else [
            getattr(preview, name) for name in preview.__dataclass_fields__
        ]  # fmt: skip
        numbers = [float(each) for each in figures if isinstance(each, Decimal | float)]
        assert all(abs(each) < 1e300 for each in numbers)
        if fault == "O20.unset" and preview is not None:
            assert preview.initial_after is preview.maintenance_after is None
        assert not w.exchange.open_orders()


async def test_o22_weeks_of_an_order_and_the_end_of_a_day(profile: ProfilePaths) -> None:
    exchange = open_exchange(seed=1)
    close = exchange.source.calendar.day(0).close_ns
    exchange.advance_to(close - 9 * 60 * NS_PER_S)
    async with laboratory(profile, "O22", exchange=exchange) as w:
        await w.ready()
        good = rest(w, 5, tif=TimeInForce.GTC)
        (day,) = w.submit(w.limit("IBM", Side.BUY, 4, w.away("IBM", Side.BUY, 0.05)))
        await w.until(lambda: w.order(good).status is w.order(day).status is OrderStatus.WORKING)
        await w.until(lambda: len(w.fired()) == 3, 420, slice_s=1.0)
        await w.step(10)
        await w.converged(60)
        assert w.order(good).is_open
        assert w.order(day).is_open
        await w.until(lambda: not w.order(day).is_open, 300, slice_s=1.0)
        assert w.exchange.now_ns() >= close
        assert w.order(day).status in (OrderStatus.EXPIRED, OrderStatus.CANCELLED)
        await w.converged(120)
        assert w.order(good).is_open
        w.once(good, day)
        assert len(w.sent()) == 2


async def test_o23_a_combination_moves_its_legs(profile: ProfilePaths) -> None:
    """The execution of the whole moves no position, those of the legs do."""
    async with laboratory(profile, "O23") as w:
        await w.ready()
        name = rest(w)
        await until_fired(w)
        await w.until(
            lambda: any(each["name"] == "execDetails" and "BAG" in each["fields"] for each in w.history()), 20
        )
        await w.until(lambda: len(w.truth.executions()) == 2, 20)
        await w.converged(120)
        assert w.position("NVDA").quantity == 10
        assert w.position("IBM").quantity == -10
        assert set(w.core.portfolio.positions()) <= {"NVDA", "IBM", "AAPL"}
        assert w.order(name).status is OrderStatus.WORKING
        w.once()
