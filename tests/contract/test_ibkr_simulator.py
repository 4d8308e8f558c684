# SPDX-License-Identifier: Apache-2.0
"""The adapter against the simulated TWS as a child process, over a real socket: the demo's whole path."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from brokers.ibkr.doctor import diagnose
from terminal.clock import NS_PER_S
from terminal.errors import RefusedError
from terminal.model.enums import (
    AssetClass,
    LinkState,
    Mode,
    OptionPriceSource,
    OptionRight,
    OrderType,
    Side,
    TimeInForce,
)
from terminal.model.events import (
    AccountValueReported,
    DataNotice,
    PnlReported,
    PositionReported,
    SourceSpoke,
    VenueCommission,
    VenueDecodeFailed,
    VenueExecution,
    VenueOrderError,
    VenueOrderStatus,
)
from terminal.model.instrument import Instrument
from terminal.model.market import Bar, Depth, OptionQuote, OptionStatistics, Quote, Trade
from tests.contract.ibkr_fixtures import Client, connected, simulator, stock


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with simulator("--seed", "1") as listening:
        yield listening


async def quoted(client: Client, instrument: Instrument) -> Quote:
    """Return a quote with both sides."""
    client.broker.subscribe_quote(instrument)

    def whole() -> list[Quote]:
        return [quote for quote in client.of(Quote, instrument_id=instrument.id) if quote.bid and quote.ask]

    await client.until(lambda: bool(whole()))
    return whole()[-1]


async def touch(client: Client, instrument: Instrument) -> tuple[Decimal, Decimal]:
    """Return bid and ask on the tick."""
    quote = await quoted(client, instrument)
    assert quote.bid is not None
    assert quote.ask is not None
    return instrument.snap(quote.bid), instrument.snap(quote.ask)


# ---------------------------------------------------------------- session and account
async def test_connecting_brings_time_account_and_positions(port: int) -> None:
    async with connected(port) as client:
        assert client.broker.link is LinkState.READY
        assert client.account == "DU9000001"
        value = await client.one(AccountValueReported, tag="NetLiquidation", currency="USD")
        assert value.account_id == client.account
        assert Decimal(value.value) > 0
        assert (await client.one(SourceSpoke)).round_trip_s is not None
        pnl = await client.one(PnlReported, instrument_id=None)
        assert pnl.account_id == client.account
        assert not client.of(VenueDecodeFailed)


async def test_the_doctor_finds_nothing_to_complain_about(port: int) -> None:
    async with connected(port) as client:
        settings = replace(client.settings, client_id=client.settings.client_id + 5000)
        checks = await diagnose(settings, client.clock)
        assert {check.name: check.state for check in checks if check.state != "ok"} == {}


async def test_a_second_program_with_the_same_client_id_is_told_so(port: int) -> None:
    async with connected(port) as client:
        checks = await diagnose(client.settings, client.clock)
        assert [check.name for check in checks if check.state == "fail"] == ["client id"]
        assert client.broker.link is LinkState.READY


# ---------------------------------------------------------------- reference data
async def test_search_and_qualification(port: int) -> None:
    async with connected(port) as client:
        assert "AAPL" in [one.id for one in await client.broker.search("AAPL")]
        future = next(one for one in await client.broker.search("ES") if one.asset_class is AssetClass.FUTURE)
        future = await client.broker.qualify(future)
        assert (future.multiplier, future.min_tick, future.symbol) == (Decimal(50), Decimal("0.25"), "ES")
        (pair,) = await client.broker.search("EUR.USD")
        pair = await client.broker.qualify(pair)
        assert pair.broker_id
        apple = await stock(client)
        assert (apple.primary_exchange, apple.min_tick) == ("NASDAQ", Decimal("0.01"))
        assert apple.is_open(client.clock.now_ns(), outside_regular_hours=False) is True
        with pytest.raises(RefusedError):
            await stock(client, "NOSUCH")


async def test_a_chain_its_contracts_and_their_greeks(port: int) -> None:
    async with connected(port) as client:
        apple = await stock(client)
        chain = next(one for one in await client.broker.option_parameters(apple) if one.exchange == "SMART")
        assert chain.expiries == tuple(sorted(chain.expiries))
        contracts = await client.broker.option_contracts(apple, chain.expiries[1], chain.trading_class)
        assert {one.right for one in contracts} == {OptionRight.CALL, OptionRight.PUT}
        spot = (await quoted(client, apple)).mark
        assert spot is not None
        call = min(
            (one for one in contracts if one.right is OptionRight.CALL),
            key=lambda one: abs(float(one.strike or 0) - spot),
        )
        assert call.underlying_id == apple.id
        client.broker.subscribe_quote(call)
        model = await client.one(OptionQuote, instrument_id=call.id, source=OptionPriceSource.MODEL)
        assert model.delta is not None
        assert 0.2 < model.delta < 0.8
        assert model.implied_volatility is not None
        assert 0.05 < model.implied_volatility < 2
        statistics = await client.one(OptionStatistics, instrument_id=call.id)
        assert statistics.open_interest is not None


# ---------------------------------------------------------------- market data
async def test_quotes_prints_and_a_book_stream(port: int) -> None:
    async with connected(port) as client:
        apple = await stock(client)
        quote = await quoted(client, apple)
        assert quote.bid is not None
        assert quote.ask is not None
        assert quote.bid < quote.ask
        client.broker.subscribe_trades(apple)
        client.broker.subscribe_depth(apple, 20)
        trade = await client.one(Trade, instrument_id=apple.id)
        assert trade.price > 0
        assert abs(trade.event_ns - client.clock.now_ns()) < 30 * NS_PER_S
        await client.until(lambda: any(len(d.bids) == 20 and len(d.asks) == 20 for d in client.of(Depth)))
        book = client.of(Depth)[-1]
        assert [level.price for level in book.bids] == sorted((level.price for level in book.bids), reverse=True)
        assert [level.price for level in book.asks] == sorted(level.price for level in book.asks)
        await client.until(lambda: len(client.of(Quote, instrument_id=apple.id)) > 3)
        client.broker.unsubscribe_quote(apple.id)
        client.broker.unsubscribe_depth(apple.id)
        client.broker.unsubscribe_trades(apple.id)
        assert client.broker.subscriptions() == {"quotes": 0, "depth": 0, "trades": 0}
        assert not [notice for notice in client.of(DataNotice) if notice.severity != "info"]


@pytest.mark.parametrize("typed", ["ES", "EUR.USD"])
async def test_futures_and_currencies_stream_too(port: int, typed: str) -> None:
    async with connected(port) as client:
        found = await client.broker.search(typed)
        wanted = next(one for one in found if one.asset_class in (AssetClass.FUTURE, AssetClass.FOREX))
        quote = await quoted(client, await client.broker.qualify(wanted))
        assert quote.instrument_id == wanted.id


@pytest.mark.parametrize("seconds", [5, 60, 300, 3600, 86400])
async def test_history_in_many_sizes(port: int, seconds: int) -> None:
    async with connected(port) as client:
        apple = await stock(client)
        duration = {5: 1800, 60: 3600, 300: 86400, 3600: 5 * 86400, 86400: 30 * 86400}[seconds]
        bars = await client.broker.bars(apple, seconds=seconds, duration_s=duration)
        assert len(bars) > 5
        starts = [bar.start_ns for bar in bars]
        assert starts == sorted(set(starts))
        assert all(bar.low <= min(bar.open, bar.close) <= max(bar.open, bar.close) <= bar.high for bar in bars)
        assert all(bar.closed for bar in bars[:-1])


@pytest.mark.parametrize(("seconds", "distinct"), [(5, 2), (60, 1)])
async def test_a_stream_of_bars_grows(port: int, seconds: int, distinct: int) -> None:
    """Five seconds by real-time bars, a minute by history that is kept up to date."""
    async with connected(port) as client:
        apple = await stock(client)
        calls: list[tuple[Sequence[Bar], bool]] = []

        def chart(bars: Sequence[Bar], reset: bool) -> None:
            calls.append((bars, reset))
            client.events.append(bars)

        stream = client.broker.keep_bars(
            apple, seconds=seconds, duration_s=120 * seconds, regular_hours_only=True, sink=chart
        )
        client.broker.subscribe_quote(apple)  # its packets wake the wait below
        await client.until(
            lambda: len(calls) > 2 and len({bar.start_ns for bars, _ in calls[1:] for bar in bars}) >= distinct
        )
        assert [reset for _, reset in calls] == [True, *[False] * (len(calls) - 1)]
        assert len(calls[0][0]) > 10
        grown = [bar for bars, _ in calls[1:] for bar in bars]
        assert [bar.closed for bar in grown] == [True] * len(grown) if seconds == 5 else not grown[-1].closed
        stream.close()


# ---------------------------------------------------------------- orders
async def test_a_limit_order_lives_is_changed_and_is_cancelled(port: int) -> None:
    async with connected(port) as client:
        apple = await stock(client)
        bid, _ = await touch(client, apple)
        order = client.order(apple, OrderType.LIMIT, limit_price=bid - 5)
        client.broker.place(order)
        await client.status(order, "Submitted", "PreSubmitted")
        opened = client.opened(order)[-1]
        assert opened.spec == order.spec
        assert opened.perm_id > 0
        changed = replace(order, spec=replace(order.spec, limit_price=bid - 4, quantity=Decimal(12)))
        client.broker.modify(changed)
        await client.until(lambda: client.opened(order)[-1].spec == changed.spec)
        client.broker.cancel(order.broker_order_id)
        ended = await client.status(order, "Cancelled")
        assert ended.filled == 0
        assert not client.of(VenueExecution, broker_order_id=order.broker_order_id)


async def test_a_market_order_fills_with_execution_commission_position_and_pnl(port: int) -> None:
    async with connected(port) as client:
        share = await stock(client, "MSFT")
        order = client.order(share, OrderType.MARKET, quantity=30)
        client.broker.place(order)
        filled = await client.status(order, "Filled")
        assert filled.remaining == 0
        fills = client.of(VenueExecution, client_order_id=order.client_order_id)
        assert sum(fill.quantity for fill in fills) == 30
        assert all(fill.instrument_id == share.id and fill.side is Side.BUY for fill in fills)
        for fill in fills:
            commission = await client.one(VenueCommission, execution_id=fill.execution_id)
            assert commission.commission > 0
        position = await client.one(PositionReported, instrument_id=share.id)
        assert position.quantity > 0
        pnl = await client.one(PnlReported, instrument_id=share.id)
        assert pnl.unrealized is not None


@pytest.mark.parametrize(
    ("kind", "side", "prices"),
    [
        (OrderType.STOP, Side.SELL, {"stop_price": -5}),
        (OrderType.STOP_LIMIT, Side.SELL, {"stop_price": -5, "limit_price": -6}),
        (OrderType.STOP, Side.BUY, {"stop_price": 5}),
    ],
)
async def test_stops_wait_away_from_the_market(port: int, kind: OrderType, side: Side, prices: dict[str, int]) -> None:
    async with connected(port) as client:
        apple = await stock(client)
        bid, _ = await touch(client, apple)
        terms: dict[str, Any] = {name: bid + away for name, away in prices.items()}
        order = client.order(apple, kind, side=side, time_in_force=TimeInForce.GTC, **terms)
        client.broker.place(order)
        await client.status(order, "PreSubmitted", "Submitted")
        assert client.opened(order)[-1].spec == order.spec
        client.broker.cancel(order.broker_order_id)
        await client.status(order, "Cancelled")


@pytest.mark.parametrize("terms", [{"trail_amount": Decimal(3)}, {"trail_percent": Decimal(2)}])
async def test_a_trailing_stop_keeps_its_distance(port: int, terms: dict[str, Any]) -> None:
    async with connected(port) as client:
        apple = await stock(client)
        await touch(client, apple)
        order = client.order(apple, OrderType.TRAIL, side=Side.SELL, **terms)
        client.broker.place(order)
        await client.status(order, "PreSubmitted", "Submitted")
        spec = client.opened(order)[-1].spec
        assert (spec.trail_amount, spec.trail_percent) == (terms.get("trail_amount"), terms.get("trail_percent"))
        client.broker.cancel(order.broker_order_id)
        await client.status(order, "Cancelled")


async def test_an_ioc_order_fills_what_it_can_and_is_over(port: int) -> None:
    async with connected(port) as client:
        apple = await stock(client)
        bid, _ = await touch(client, apple)
        far = client.order(apple, OrderType.LIMIT, limit_price=bid - 5, time_in_force=TimeInForce.IOC)
        client.broker.place(far)
        await client.status(far, "Cancelled")
        assert not client.of(VenueExecution, client_order_id=far.client_order_id)


async def test_a_bracket_waits_for_its_parent_and_its_exits_cancel_each_other(port: int) -> None:
    async with connected(port) as client:
        share = await stock(client, "NVDA")
        bid, ask = await touch(client, share)
        entry = client.order(share, OrderType.LIMIT, quantity=20, transmit=False, limit_price=ask + 1)
        parent = entry.broker_order_id
        target = client.order(
            share, OrderType.LIMIT, side=Side.SELL, quantity=20, transmit=False, parent=parent, limit_price=ask + 50
        )
        stop = client.order(share, OrderType.STOP, side=Side.SELL, quantity=20, parent=parent, stop_price=bid - 20)
        for order in (entry, target, stop):
            client.broker.place(order)
        await client.status(entry, "Filled")
        await client.status(target, "Submitted", "PreSubmitted")
        await client.status(stop, "PreSubmitted", "Submitted")
        assert client.opened(stop)[-1].parent_broker_order_id == parent
        bid, _ = await touch(client, share)
        client.broker.modify(replace(target, transmit=True, spec=replace(target.spec, limit_price=bid - 1)))
        await client.status(target, "Filled")
        ended = await client.status(stop, "Cancelled")
        assert ended.filled == 0


async def test_a_cancelled_parent_takes_its_children_with_it(port: int) -> None:
    async with connected(port) as client:
        apple = await stock(client)
        bid, _ = await touch(client, apple)
        entry = client.order(apple, OrderType.LIMIT, transmit=False, limit_price=bid - 5)
        stop = client.order(apple, OrderType.STOP, side=Side.SELL, parent=entry.broker_order_id, stop_price=bid - 20)
        client.broker.place(entry)
        client.broker.place(stop)
        await client.status(entry, "Submitted", "PreSubmitted")
        client.broker.cancel(entry.broker_order_id)
        await client.status(entry, "Cancelled")
        await client.status(stop, "Cancelled")


async def test_a_preview_tells_margin_and_commission_and_places_nothing(port: int) -> None:
    async with connected(port) as client:
        apple = await stock(client)
        preview = await client.broker.preview(client.order(apple, OrderType.MARKET, quantity=100))
        assert preview.initial_change is not None
        assert preview.initial_change > 0
        assert preview.commission is not None
        assert not client.of(VenueOrderStatus)
        truth = await client.broker.truth(client.account)
        assert not [one for one in truth.open_orders if one.client_id == client.settings.client_id]


async def test_refusals_name_the_order_and_the_code(port: int) -> None:
    async with connected(port) as client:
        apple = await stock(client)
        bid, _ = await touch(client, apple)
        off_tick = client.order(apple, OrderType.LIMIT, limit_price=bid + Decimal("0.005"))
        client.broker.place(off_tick)
        error = await client.one(VenueOrderError, broker_order_id=off_tick.broker_order_id)
        assert error.code == 110
        client.broker.cancel(off_tick.broker_order_id + 5000)
        error = await client.one(VenueOrderError, broker_order_id=off_tick.broker_order_id + 5000)
        assert error.code == 10147


async def test_the_truth_holds_orders_fills_and_positions(port: int) -> None:
    async with connected(port) as client:
        share = await stock(client, "IBM")
        bid, _ = await touch(client, share)
        waiting = client.order(share, OrderType.LIMIT, limit_price=bid - 5)
        done = client.order(share, OrderType.MARKET, quantity=15)
        client.broker.place(waiting)
        client.broker.place(done)
        await client.status(waiting, "Submitted", "PreSubmitted")
        await client.status(done, "Filled")
        truth = await client.broker.truth(client.account)
        assert waiting.client_order_id in [order.client_order_id for order in truth.open_orders]
        assert sum(f.quantity for f in truth.executions if f.client_order_id == done.client_order_id) == 15
        assert {fill.execution_id for fill in truth.executions} <= {one.execution_id for one in truth.commissions}
        ended = {order.client_order_id: order for order in truth.completed_orders}
        assert ended[done.client_order_id].status == "Filled"
        assert [row.quantity for row in truth.positions if row.instrument_id == share.id] == [Decimal(15)]
        client.broker.cancel(waiting.broker_order_id)
        await client.status(waiting, "Cancelled")


# ---------------------------------------------------------------- loss and return
async def test_a_restarted_server_finds_streams_orders_and_positions_again(tmp_path: Path) -> None:
    state = str(tmp_path / "state.json")
    client: Client | None = None
    with simulator("--state", state) as port:
        client = Client(port, 1)
        await client.broker.connect(client.settings)
        await client.link(LinkState.READY)
        apple = await stock(client)
        bid, _ = await touch(client, apple)
        client.broker.subscribe_depth(apple, 10)
        client.broker.subscribe_trades(apple)
        resting = client.order(apple, OrderType.LIMIT, limit_price=bid - 5, time_in_force=TimeInForce.GTC)
        bought = client.order(apple, OrderType.MARKET, quantity=10)
        epoch = client.broker.place(resting)
        client.broker.place(bought)
        await client.status(resting, "Submitted", "PreSubmitted")
        await client.status(bought, "Filled")
        perm_id = client.opened(resting)[-1].perm_id
    try:
        await client.link(LinkState.RECONNECTING)
        client.events.clear()
        with simulator("--state", state, port=port):
            await client.link(LinkState.READY)
            await client.one(Quote, instrument_id=apple.id)
            await client.one(Depth, instrument_id=apple.id)
            await client.one(Trade, instrument_id=apple.id)
            position = await client.one(PositionReported, instrument_id=apple.id)
            assert position.quantity == 10
            truth = await client.broker.truth(client.account)
            assert [(one.client_order_id, one.perm_id) for one in truth.open_orders] == [
                (resting.client_order_id, perm_id)
            ]
            client.broker.cancel(resting.broker_order_id)
            await client.status(resting, "Cancelled")
            later = client.order(apple, OrderType.MARKET, side=Side.SELL, quantity=10)
            assert client.broker.place(later) == epoch + 1
            await client.status(later, "Filled")
            await client.broker.disconnect()
    finally:
        await client.broker.disconnect()


async def test_a_read_only_server_latches_and_names_the_setting() -> None:
    with simulator("--read-only") as port:
        async with connected(port) as client:
            apple = await stock(client)
            order = client.order(apple, OrderType.MARKET)
            client.broker.place(order)
            error = await client.one(VenueOrderError, broker_order_id=order.broker_order_id)
            assert error.code == 321
            assert client.broker.read_only
            assert not client.of(VenueOrderStatus, status="Filled")


async def test_the_simulated_account_is_refused_in_live_mode(port: int) -> None:
    client = Client(port, 4000)
    await client.broker.connect(replace(client.settings, mode=Mode.LIVE))
    change = await client.link(LinkState.CONNECTING, 2)
    assert "paper accounts" in change.text
    await client.broker.disconnect()
