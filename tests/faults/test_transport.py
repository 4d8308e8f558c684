# SPDX-License-Identifier: Apache-2.0
"""Faults of the way between the core and TWS, each with a population of orders: working, partly filled, a bracket."""

import pytest

from brokers.simulator.faults import library
from terminal.model.commands import CancelOrder, ModifyOrder
from terminal.model.enums import Knowledge, LinkState, OrderStatus, PendingRequest, Side, TimeInForce
from terminal.model.events import LinkChanged
from terminal.model.ids import ClientOrderId
from terminal.paths import ProfilePaths
from tests.faults.lab import LabWorld, laboratory
from tests.support.wire import CountedBroker

pytestmark = pytest.mark.usefixtures("any_logs")
ALIVE = (LinkState.READY, LinkState.SYNCING)


def rest(w: LabWorld, text: str = "AAPL", quantity: int = 5) -> ClientOrderId:
    (name,) = w.submit(w.limit(text, Side.BUY, quantity, w.away(text, Side.BUY), tif=TimeInForce.GTC))
    return name


async def denied(w: LabWorld) -> bool:
    """Say whether a market order is refused by the core, without a byte to the broker (I7)."""
    sent = len(w.sent())
    (name,) = w.submit(w.market("NVDA", Side.BUY, 1))
    return w.order(name).status is OrderStatus.DENIED and len(w.sent()) == sent


def connections(w: LabWorld) -> int:
    return sum(1 for each in w.history() if each["name"] == "connected")


async def test_t01_an_accepted_order_whose_answer_is_lost(profile: ProfilePaths) -> None:
    async with laboratory(profile, "T01") as w:
        await w.ready()
        name = rest(w)
        await w.until(lambda: bool(w.fired()))
        assert w.fired()[0]["actions"] == ["accept", "reset"]
        await w.converged(15)
        assert w.order(name).status is OrderStatus.WORKING
        w.once(name)
        assert len(w.sent()) == 1
        w.audited()


async def test_t02_an_order_that_the_broker_never_saw(profile: ProfilePaths) -> None:
    async with laboratory(profile, "T02") as w:
        await w.ready()
        name = rest(w)
        await w.until(lambda: bool(w.fired()))
        assert any(each["name"] == "not_handled" for each in w.history())
        await w.until(lambda: w.order(name).status is OrderStatus.UNKNOWN, 10)
        await w.until(lambda: w.order(name).status is OrderStatus.LOST, 60)
        await w.converged(30)
        assert w.truth.accepted() == {}
        assert len(w.sent()) == 1


async def test_t03_half_a_bracket(profile: ProfilePaths) -> None:
    """The entry was never transmitted: it does not live at the broker without its exits."""
    async with laboratory(profile, "T03") as w:
        await w.ready()
        names = w.submit(w.bracket("AAPL", 10))
        await w.until(lambda: bool(w.fired()))
        await w.step(60)
        assert w.truth.executions() == []
        assert w.position("AAPL").quantity == 0
        live = [state for state in w.exchange.open_orders() if state.order.transmit]
        assert live == []
        w.once(*names)
        assert len(w.sent()) == 2


async def test_t04_a_fill_while_the_cancel_was_under_way(profile: ProfilePaths) -> None:
    async with laboratory(profile, "T04") as w:
        await w.ready()
        name = rest(w)
        await w.until(lambda: w.order(name).status is OrderStatus.WORKING)
        w.core.do(CancelOrder(client_order_id=name))
        assert w.order(name).pending is PendingRequest.CANCEL
        await w.until(lambda: bool(w.fired()))
        await w.converged(15)
        assert w.order(name).status is OrderStatus.FILLED
        assert w.position("AAPL").quantity == 5
        w.once(name)
        w.costs_agree()


@pytest.mark.parametrize("fault", library.forms("T05"))
async def test_t05_a_break_during_a_modification(profile: ProfilePaths, fault: str) -> None:
    async with laboratory(profile, fault) as w:
        await w.ready()
        name = rest(w)
        await w.until(lambda: w.order(name).status is OrderStatus.WORKING)
        price = w.away("AAPL", Side.BUY, 0.03)
        w.core.do(ModifyOrder(client_order_id=name, limit_price=price))
        await w.until(lambda: bool(w.fired()))
        await w.until(lambda: w.core.execution.link.reconciled and w.order(name).pending is PendingRequest.NONE, 40)
        states = [state for state in w.exchange.open_orders() if state.order.order_ref == name]
        if fault == "T05.second":
            assert len(states) == 2  # the broker's doing: it must be seen, not mended by sending more
            assert len(w.order(name).perm_ids) == 2
            assert w.order(name).knowledge is Knowledge.CONFLICT
        else:
            assert float(w.order(name).spec.limit_price or 0) == states[0].order.limit_price
            assert (states[0].order.limit_price == float(price)) is (fault == "T05.applied")
            w.once(name)
        assert len(w.sent()) == 2


async def test_t06_half_open(profile: ProfilePaths) -> None:
    async with laboratory(profile, "T06") as w:
        await w.ready()
        name = rest(w)
        await w.until(lambda: any(each["name"] == "proxy" for each in w.history()))
        await w.step(2.5)
        ages = [w.core.hub.age_s(each.id) for each in w.core.watchlist]
        assert all(age is not None and age >= 2 for age in ages)  # stale within two seconds (I10)
        took = await w.until(lambda: w.core.link not in ALIVE, 10.5)
        assert took <= 10.5
        assert await denied(w)
        await w.until(lambda: w.core.execution.link.reconciled, 60)
        await w.converged(15)
        assert w.order(name).status is OrderStatus.WORKING
        w.once()


async def test_t07_single_bytes(profile: ProfilePaths) -> None:
    async with laboratory(profile, "T07.split") as w:
        await w.ready()
        assert any(each["name"] == "proxy" and each["mode"] == "split" for each in w.history())
        name = rest(w)
        (other,) = w.submit(w.market("IBM", Side.BUY, 10))
        await w.until(lambda: w.order(other).status is OrderStatus.FILLED, 20)
        await w.converged(10)
        assert w.order(name).status is OrderStatus.WORKING
        w.once()
        w.costs_agree()


async def test_t07_slower_than_its_stream(profile: ProfilePaths) -> None:
    async with laboratory(profile, "T07.slow") as w:
        await w.ready()
        name = rest(w)
        await w.until(lambda: any(each["name"] == "proxy" and each["mode"] == "slow" for each in w.history()))
        await w.step(30)
        await w.converged(45)
        assert w.order(name).status is OrderStatus.WORKING
        w.once()


@pytest.mark.parametrize("fault", library.forms("T08"))
async def test_t08_bursts(profile: ProfilePaths, fault: str) -> None:
    async with laboratory(profile, fault) as w:
        await w.ready()
        await w.until(lambda: len(w.fired()) >= (4 if fault == "T08.burst" else 1), 60)
        name = rest(w)
        await w.until(lambda: w.order(name).status is OrderStatus.WORKING, 15)
        await w.converged(15)
        assert connections(w) == 1
        w.once()


@pytest.mark.parametrize("fault", library.forms("T09"))
async def test_t09_a_frame_of_wrong_length(profile: ProfilePaths, fault: str) -> None:
    async with laboratory(profile, fault) as w:
        core = await w.ready()
        name = rest(w)
        states: list[LinkState] = []
        core.bus.subscribe(LinkChanged, lambda change: states.append(change.state))
        await w.until(lambda: bool(w.fired()), 20)
        assert any(each["name"] == "raw_out" for each in w.history())
        if fault == "T09.zero":  # an empty message is skipped, what follows is garbage or not
            await w.step(12)
        else:
            await w.until(lambda: LinkState.RECONNECTING in states, 10)
        await w.converged(30)
        assert w.order(name).status is OrderStatus.WORKING
        (other,) = w.submit(w.market("IBM", Side.BUY, 10))
        await w.until(lambda: w.order(other).status is OrderStatus.FILLED, 20)
        await w.converged(15)
        w.once()


@pytest.mark.parametrize("fault", library.forms("T10"))
async def test_t10_a_message_without_sense(profile: ProfilePaths, fault: str) -> None:
    """Whatever cannot be read is never booked wrongly; orders and executions are asked for again."""
    async with laboratory(profile, fault) as w:
        await w.ready()
        name = rest(w)
        (other,) = w.submit(w.market("IBM", Side.BUY, 10))
        await w.until(lambda: bool(w.fired()), 20)
        await w.until(lambda: w.order(other).status is OrderStatus.FILLED, 30)
        await w.converged(30)
        assert w.order(name).status is OrderStatus.WORKING
        assert w.position("IBM").quantity == 10
        w.once()
        if fault != "T10.commission_infinite":
            w.costs_agree()
        w.audited()


@pytest.mark.parametrize("fault", library.forms("T11"))
async def test_t11_a_handshake_without_sense(profile: ProfilePaths, fault: str) -> None:
    async with laboratory(profile, fault) as w:
        core = await w.start_core()
        said: list[LinkChanged] = []
        core.bus.subscribe(LinkChanged, said.append)
        await w.until(lambda: len(w.fired()) >= 2, 60)
        causes = [change.text for change in said if change.text]
        await w.until(lambda: core.execution.link.reconciled, 60)
        assert causes
        assert all(causes)


async def test_t12_the_client_id_is_taken(profile: ProfilePaths) -> None:
    async with laboratory(profile, "T12") as w:
        core = await w.start_core()
        await w.until(lambda: len(w.fired("taken")) >= 2, 60)
        assert w.sent() == []
        await w.until(lambda: core.execution.link.reconciled, 95)
        ids = {each["fields"][2] for each in w.sent("startApi")}
        assert len(ids) == 1


@pytest.mark.parametrize("fault", library.forms("T13"))
async def test_t13_no_way_to_connect(profile: ProfilePaths, fault: str) -> None:
    async with laboratory(profile, fault) as w:
        core = await w.ready()
        name = rest(w)
        delays: list[float] = []
        core.bus.subscribe(LinkChanged, lambda change: delays.append(change.retry_in_s or 0.0))
        await w.until(lambda: any(each["name"] == "proxy" for each in w.history()))
        await w.step(620 if fault == "T13.refused" else 320, slice_s=0.5)
        await w.converged(60)
        assert max(delays) <= 36.1  # 30 s and a fifth of it
        assert w.server.proxy is not None
        assert w.server.proxy.most_at_once == 1
        assert w.order(name).status is OrderStatus.WORKING
        w.once()
        assert len(w.sent()) == 1


async def test_t14_a_server_that_does_not_read(profile: ProfilePaths) -> None:
    async with laboratory(profile, "T14") as w:
        await w.ready()
        name = rest(w)
        await w.until(lambda: any(each["name"] == "proxy" and each["mode"] == "stop_reading" for each in w.history()))
        (late,) = w.submit(w.limit("IBM", Side.BUY, 5, w.away("IBM", Side.BUY)))
        broker = w.core.broker
        assert isinstance(broker, CountedBroker)
        connection = broker.connection
        assert connection is not None
        for _ in range(4):  # more than any buffer of the machine takes
            connection.client.conn.sendMsg(b"\0" * 4_000_000)
        took = await w.until(lambda: w.core.link not in ALIVE, 13)
        assert took <= 13
        assert await denied(w)
        await w.until(lambda: w.order(late).status is OrderStatus.UNKNOWN, 5)
        await w.step(70)
        await w.converged(90)
        assert w.order(name).status is OrderStatus.WORKING
        w.once(name, late)
