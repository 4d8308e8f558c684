# SPDX-License-Identifier: Apache-2.0
"""Orders of the core over a real socket to the simulated TWS, judged by what the simulator really holds."""

from dataclasses import replace
from decimal import Decimal

from brokers.simulator.protocol import responses_data
from terminal.model.commands import (
    BracketSpec,
    CancelOrder,
    ClosePosition,
    FlattenAll,
    KillSwitch,
    ModifyOrder,
    SubmitOrder,
)
from terminal.model.enums import LinkState, OrderStatus, PendingRequest, Side, TimeInForce, TradingState
from terminal.model.events import KillSwitchReport, OrderChanged, OrderUnknown, Reconciled
from terminal.model.ids import ClientOrderId
from terminal.paths import ProfilePaths
from tests.conftest import AllowLogs
from tests.support.wire import PLACE_ORDER
from tests.support.world import AAPL, ACCOUNT, World, world


async def test_an_order_is_sent_filled_and_booked(profile: ProfilePaths) -> None:
    async with world(profile) as w:
        await w.ready()
        (name,) = w.submit(w.market("AAPL", Side.BUY, 10))
        await w.until(lambda: w.order(name).status is OrderStatus.FILLED)
        assert w.truth.accepted() == {name: 1}
        assert w.position("AAPL").quantity == Decimal(10)
        await w.until(lambda: w.order(name).commission > 0)
        (execution,) = w.truth.executions(name)
        assert w.order(name).average_price == Decimal(str(execution.price))
        assert w.order(name).commission == Decimal(str(execution.commission))
        assert w.truth.positions(ACCOUNT) == {AAPL: Decimal(10)}


async def test_a_bracket_works_is_changed_and_closes_its_position(profile: ProfilePaths) -> None:
    async with world(profile) as w:
        await w.ready()
        entry, target, stop = w.submit(_bracket(w, "MSFT"))
        await w.until(lambda: w.order(entry).status is OrderStatus.FILLED)
        await w.until(lambda: w.order(stop).status in (OrderStatus.WORKING, OrderStatus.ACKED))
        await w.until(lambda: w.order(target).status is OrderStatus.WORKING)
        assert w.truth.accepted() == {entry: 1, stop: 1, target: 1}

        marketable = w.away("MSFT", Side.BUY, 0.001)
        w.core.do(ModifyOrder(client_order_id=target, limit_price=marketable))
        await w.until(lambda: w.order(target).status is OrderStatus.FILLED)
        await w.until(lambda: w.order(stop).status is OrderStatus.CANCELLED)
        assert w.position("MSFT").quantity == 0
        assert w.truth.positions(ACCOUNT) == {}
        assert w.truth.accepted() == {entry: 1, stop: 1, target: 1}


async def test_a_working_order_is_changed_and_cancelled(profile: ProfilePaths) -> None:
    async with world(profile) as w:
        await w.ready()
        (name,) = w.submit(w.limit("IBM", Side.BUY, 7, w.away("IBM", Side.BUY), tif=TimeInForce.GTC))
        await w.until(lambda: w.order(name).status is OrderStatus.WORKING)
        price = w.away("IBM", Side.BUY, 0.03)
        w.core.do(ModifyOrder(client_order_id=name, limit_price=price, quantity=Decimal(9)))
        await w.until(lambda: w.order(name).pending is PendingRequest.NONE)
        assert (w.order(name).spec.limit_price, w.order(name).spec.quantity) == (price, Decimal(9))
        (state,) = w.exchange.open_orders()
        assert (state.order.limit_price, state.order.quantity) == (float(price), Decimal(9))
        w.core.do(CancelOrder(client_order_id=name))
        await w.until(lambda: w.order(name).status is OrderStatus.CANCELLED)
        assert not w.exchange.open_orders()


async def test_positions_are_closed_reversed_and_flattened(profile: ProfilePaths) -> None:
    async with world(profile) as w:
        await w.ready()
        w.submit(w.market("AAPL", Side.BUY, 20))
        await w.until(lambda: w.position("AAPL").quantity == 20)
        w.core.do(ClosePosition(instrument_id=w.instrument("AAPL").id, reverse=True))
        await w.until(lambda: w.position("AAPL").quantity == -20)
        w.submit(w.market("IBM", Side.SELL, 5))
        w.submit(w.limit("SPY", Side.BUY, 1, w.away("SPY", Side.BUY)))
        await w.until(lambda: w.position("IBM").quantity == -5)
        w.core.do(FlattenAll())
        await w.until(lambda: not w.truth.positions(ACCOUNT) and not w.exchange.open_orders())
        await w.until(lambda: w.position("AAPL").quantity == w.position("IBM").quantity == 0)


async def test_the_kill_switch_reports_what_the_broker_answered_per_order(profile: ProfilePaths) -> None:
    async with world(profile) as w:
        core = await w.ready()
        reports: list[KillSwitchReport] = []
        core.bus.subscribe(KillSwitchReport, reports.append)
        names = [
            *w.submit(w.limit("AAPL", Side.BUY, 5, w.away("AAPL", Side.BUY))),
            *w.submit(w.limit("EUR.USD", Side.SELL, 20_000, w.away("EUR.USD", Side.SELL))),
            *w.submit(_bracket(w, "NVDA", marketable=False)),
        ]
        await w.until(lambda: all(w.order(name).status in _LIVE for name in names))
        core.do(KillSwitch(reason="test"))
        await w.until(lambda: bool(reports) and reports[-1].finished, 10)
        assert {name for name, _, confirmed in reports[-1].orders if confirmed} == set(names)
        assert not w.exchange.open_orders()
        assert core.execution.trading.state is TradingState.HALTED
        sent = w.server.requests[PLACE_ORDER]
        (denied,) = w.submit(w.market("AAPL", Side.BUY, 1))
        await w.step(2)
        assert w.order(denied).status is OrderStatus.DENIED
        assert w.server.requests[PLACE_ORDER] == sent
        core.do(KillSwitch(engage=False))
        (again,) = w.submit(w.market("AAPL", Side.BUY, 1))
        await w.until(lambda: w.order(again).status is OrderStatus.FILLED)


async def test_the_kill_switch_holds_over_a_restart(profile: ProfilePaths) -> None:
    async with world(profile) as w:
        core = await w.ready()
        core.do(KillSwitch(reason="test"))
        await w.step(1)
        await w.stop_core()
        core = await w.ready()
        assert core.killed
        (denied,) = w.submit(w.market("AAPL", Side.BUY, 1))
        assert w.order(denied).status is OrderStatus.DENIED


async def test_a_cut_in_the_middle_of_a_bracket_is_mended(profile: ProfilePaths, allow_logs: AllowLogs) -> None:
    """The socket breaks while the entry works: same orders, nothing twice, the exits follow the late fill."""
    allow_logs("broker")
    async with world(profile) as w:
        core = await w.ready()
        entry, target, stop = names = w.submit(_bracket(w, "AAPL", marketable=False))
        await w.until(lambda: all(w.order(name).status in _LIVE for name in names))
        w.cut()
        await w.until(lambda: core.link not in (LinkState.READY, LinkState.SYNCING))
        (denied,) = w.submit(w.market("AAPL", Side.BUY, 1))
        assert w.order(denied).status is OrderStatus.DENIED
        await w.until(lambda: core.execution.link.reconciled, 60)
        assert w.truth.accepted() == dict.fromkeys(names, 1)
        w.core.do(ModifyOrder(client_order_id=entry, limit_price=w.away("AAPL", Side.SELL, 0.001)))
        await w.until(lambda: w.order(entry).status is OrderStatus.FILLED)
        await w.until(lambda: w.order(target).status is OrderStatus.WORKING)
        assert w.order(stop).is_open
        assert w.truth.accepted() == dict.fromkeys(names, 1)
        assert w.position("AAPL").quantity == w.truth.positions(ACCOUNT)[AAPL] == 10


async def test_bytes_that_never_arrived_are_found_lost(profile: ProfilePaths, allow_logs: AllowLogs) -> None:
    """The server hangs and dies with the order in its socket: unknown, then lost, never sent again."""
    allow_logs("orders", "broker")
    async with world(profile) as w:
        core = await w.ready()
        events: list[OrderChanged] = []
        core.bus.subscribe(OrderChanged, events.append)
        w.freeze()
        (name,) = w.submit(w.market("AAPL", Side.BUY, 3))
        await w.until(lambda: w.order(name).status is OrderStatus.SENT)
        w.cut()
        w.thaw()
        await w.until(lambda: w.order(name).status is OrderStatus.UNKNOWN)
        await w.until(lambda: w.order(name).status is OrderStatus.LOST, 90)
        await w.until(lambda: core.execution.link.reconciled, 90)
        assert any(isinstance(change.event, OrderUnknown) for change in events)
        assert w.truth.accepted() == {}
        assert w.position("AAPL").quantity == 0


async def test_an_accepted_order_whose_answer_was_lost_is_found_again(
    profile: ProfilePaths, allow_logs: AllowLogs
) -> None:
    """The server takes the order and dies before its answer is read: found by its reference, sent once."""
    allow_logs("broker")
    async with world(profile) as w:
        core = await w.ready()
        for session in w.server.live_sessions:
            session.mute = True
        w.frozen = True  # bytes are expected to be lost
        (name,) = w.submit(w.market("AAPL", Side.BUY, 3))
        await w.until(lambda: w.order(name).status is OrderStatus.SENT)
        w.frozen = False
        for _ in range(8):
            w.server.pump.step(0.25)  # the market lives on, the core hears nothing
        assert w.truth.filled(ClientOrderId(name)) == 3
        w.cut()
        await w.until(lambda: w.order(name).status is OrderStatus.FILLED)
        await w.until(lambda: core.execution.link.reconciled)
        assert w.truth.accepted() == {name: 1}
        assert w.position("AAPL").quantity == w.truth.positions(ACCOUNT)[AAPL] == 3


async def test_closing_with_working_orders_and_starting_again_changes_nothing(profile: ProfilePaths) -> None:
    """The core ends and comes back: same orders, same positions and fills, nothing sent."""
    async with world(profile) as w:
        await w.ready()
        names = [
            *w.submit(w.limit("IBM", Side.BUY, 7, w.away("IBM", Side.BUY), tif=TimeInForce.GTC)),
            *w.submit(_bracket(w, "AAPL")),
        ]
        await w.until(lambda: w.position("AAPL").quantity == 10)
        await w.until(lambda: all(w.order(name).status in (*_LIVE, OrderStatus.FILLED) for name in names))
        await w.until(lambda: w.order(names[1]).commission > 0)
        before = {name: _shown(w, name) for name in names}
        fills = [fill.execution_id for fill in w.core.portfolio.fills()]
        position = w.position("AAPL")
        await w.stop_core()
        sent = w.server.requests[PLACE_ORDER]
        await w.step(5)
        core = await w.start_core()
        comparisons: list[Reconciled] = []
        core.bus.subscribe(Reconciled, comparisons.append)
        await w.until(lambda: core.execution.link.reconciled)
        assert {name: _shown(w, name) for name in names} == before
        assert [fill.execution_id for fill in core.portfolio.fills()] == fills
        again = w.position("AAPL")
        assert again == position
        assert comparisons[-1].clean
        assert w.server.requests[PLACE_ORDER] == sent
        assert w.truth.accepted() == dict.fromkeys(names, 1)


async def test_the_day_s_loss_halts_trading_and_cancels(profile: ProfilePaths, allow_logs: AllowLogs) -> None:
    """A real loss, made of the simulator's own prices: half of the way only closing is let through, then nothing."""
    allow_logs("orders")
    changes = {
        "risk.loss_reduce_percent": 0.1,
        "risk.loss_halt_percent": 0.2,
        "risk.max_notional": 10_000_000.0,
        "risk.max_quantity_stock": 100_000.0,
        "risk.max_position_stock": 1_000_000.0,
    }
    async with world(profile, changes=changes) as w:
        core = await w.ready()
        (resting,) = w.submit(w.limit("IBM", Side.BUY, 1, w.away("IBM", Side.BUY), tif=TimeInForce.GTC))
        states: list[TradingState] = []

        def note() -> bool:
            state = core.execution.trading.state
            if not states or states[-1] is not state:
                states.append(state)
            return state is TradingState.HALTED

        for _ in range(200):  # through the spread and back, which costs; the day's loss only grows
            if note():
                break
            if core.execution.trading.state is TradingState.ACTIVE:
                if w.position("TSLA").quantity:
                    core.do(ClosePosition(instrument_id=w.instrument("TSLA").id))
                else:
                    w.submit(w.market("TSLA", Side.BUY, 900))
            await w.step(3)
        assert states[-2:] == [TradingState.REDUCING, TradingState.HALTED]
        await w.until(lambda: w.order(resting).status is OrderStatus.CANCELLED)
        (denied,) = w.submit(w.market("IBM", Side.BUY, 1))
        assert w.order(denied).status is OrderStatus.DENIED


async def test_one_wrong_quote_of_the_broker_halts_nothing(profile: ProfilePaths) -> None:
    """Both sides at half of the price in one packet: no order leaves on it, and the day goes on."""
    changes = {"watchlist.symbols": ("AAPL",), "risk.max_notional": 10_000_000.0}
    async with world(profile, changes=changes) as w:
        core = await w.ready()
        w.submit(w.market("AAPL", Side.BUY, 400))
        await w.until(lambda: w.position("AAPL").quantity == 400)
        await w.until(lambda: core.hub.reference(w.instrument("AAPL").id) is not None)  # a line too young has none
        (resting,) = w.submit(w.limit("AAPL", Side.BUY, 1, w.away("AAPL", Side.BUY)))
        quote = core.hub.quote(w.instrument("AAPL").id)
        assert quote is not None
        assert quote.bid is not None
        line = next(iter(w.server._market._lines.values()))
        for tick_type, price in ((1, quote.bid / 2), (2, quote.bid / 2 + 0.01), (4, quote.bid / 2)):
            line.session.send(responses_data.TICK_PRICE, req_id=line.req_id, tick_type=tick_type, price=price, size=100)
        line.sent.clear()  # the next true quote is told whole
        await w.settle()
        assert (core.execution.risk.day_loss_percent() or 0.0) > core.execution.risk.limits.loss_halt_percent
        order = w.limit("AAPL", Side.BUY, 1, w.instrument("AAPL").snap(quote.bid * 0.49))
        (denied,) = w.submit(order)
        assert "within a minute" in w.order(denied).reason
        (denied,) = w.submit(replace(order, confirmed_warnings=frozenset({"PRICE_JUMP"})))
        assert "today's loss" in w.order(denied).reason, "who insists on the price meets the next rule"
        core.execution.daily_loss.look()  # the look of this second falls on it
        await w.step(15)
        assert core.execution.trading.state is TradingState.ACTIVE
        assert w.order(resting).is_open


_LIVE = (OrderStatus.ACKED, OrderStatus.WORKING)


def _bracket(w: World, text: str, *, marketable: bool = True) -> SubmitOrder:
    price = w.away(text, Side.SELL, 0.002) if marketable else w.away(text, Side.BUY)
    instrument = w.instrument(text)
    exits = BracketSpec(
        stop_price=instrument.snap(float(price) * 0.97), target_price=instrument.snap(float(price) * 1.03)
    )
    return w.limit(text, Side.BUY, 10, price, bracket=exits)


def _shown(w: World, name: ClientOrderId) -> tuple[object, ...]:
    order = w.order(name)
    return (
        order.status,
        order.filled,
        order.average_price,
        order.commission,
        order.spec,
        order.broker_order_id,
        order.perm_ids,
        order.group_id,
        order.role,
    )
