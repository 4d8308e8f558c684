# SPDX-License-Identifier: Apache-2.0
"""The demo with its market in a process of its own: it hangs, it ends, it comes back where it was."""

import asyncio
import os
import signal
from decimal import Decimal

from terminal.kernel import Kernel
from terminal.model.commands import OrderSpec, SubmitOrder
from terminal.model.enums import OrderStatus, OrderType, Side, TimeInForce
from terminal.model.ids import ClientOrderId, InstrumentId
from terminal.model.order import Order
from terminal.paths import ProfilePaths
from tests.conftest import AllowLogs
from tests.support.core import two_sided
from tests.support.demo import PATIENCE_S, core, market, until
from widgets.theme import tokens

AAPL, IBM = InstrumentId("AAPL"), InstrumentId("IBM")
SYMBOLS = {"watchlist.symbols": ("AAPL", "IBM")}


async def test_the_market_ends_and_both_come_back_as_they_were(profile: ProfilePaths) -> None:
    """Close with a working order and a position; start both again: same order, same position, nothing sent twice."""
    with market(profile) as child:
        address = await asyncio.to_thread(child.wait_listening)
        async with core(profile, child, address, SYMBOLS) as kernel:
            await until(kernel, lambda: kernel.execution.link.reconciled)
            await until(kernel, lambda: all(two_sided(kernel, name) for name in (AAPL, IBM)))
            quote, instrument = kernel.hub.quote(IBM), kernel.instrument(IBM)
            assert instrument is not None
            assert quote is not None
            assert quote.bid is not None
            resting = OrderSpec(
                instrument_id=IBM,
                side=Side.BUY,
                quantity=Decimal(7),
                order_type=OrderType.LIMIT,
                limit_price=instrument.snap(quote.bid * 0.97),
                time_in_force=TimeInForce.GTC,
            )
            bought = OrderSpec(instrument_id=AAPL, side=Side.BUY, quantity=Decimal(10), order_type=OrderType.MARKET)
            names = [_first(kernel.do(SubmitOrder(spec=spec))) for spec in (resting, bought)]
            order, fill = (_order(kernel, name) for name in names)
            await until(kernel, lambda: order.status is OrderStatus.WORKING)
            await until(kernel, lambda: fill.status is OrderStatus.FILLED and fill.commission > 0)
            before = kernel.portfolio.position(AAPL)
            perm = order.perm_ids
    with market(profile) as child:
        address = await asyncio.to_thread(child.wait_listening)
        async with core(profile, child, address) as kernel:
            await until(kernel, lambda: kernel.execution.link.reconciled)
            order, fill = (_order(kernel, name) for name in names)
            assert (order.status, order.perm_ids) == (OrderStatus.WORKING, perm)
            assert fill.status is OrderStatus.FILLED
            assert kernel.portfolio.position(AAPL) == before
            assert [each.client_order_id for each in kernel.orders.open()] == [names[0]]
            reported = kernel.portfolio.broker_position(AAPL)
            assert reported is not None
            assert reported.quantity == before.quantity


async def test_a_hanging_market_is_seen_and_comes_back(profile: ProfilePaths, allow_logs: AllowLogs) -> None:
    """SIGSTOP: nothing is fresh after two seconds of the clock, the link is given up; SIGCONT: all is well again."""
    allow_logs("broker", "orders")
    with market(profile) as child:
        address = await asyncio.to_thread(child.wait_listening)
        async with core(profile, child, address, SYMBOLS) as kernel:
            await until(kernel, lambda: kernel.execution.link.reconciled)
            await until(kernel, lambda: all(two_sided(kernel, name) for name in (AAPL, IBM)))
            os.kill(child.pid, signal.SIGSTOP)
            try:
                stopped_ns = kernel.clock.now_ns()
                aged = asyncio.Event()
                limit_s = tokens.load().age.quote_stale / 1_000
                kernel.clock.call_later(limit_s + 0.05, aged.set)
                await aged.wait()
                passed_s = (kernel.clock.now_ns() - stopped_ns) / 1e9
                for name in (AAPL, IBM):
                    age = kernel.hub.age_s(name)
                    assert age is not None
                    assert age >= limit_s, (name, age, passed_s)
                await until(kernel, lambda: not kernel.execution.link.connected)
            finally:
                os.kill(child.pid, signal.SIGCONT)
            async with asyncio.timeout(PATIENCE_S):
                await until(kernel, lambda: kernel.execution.link.reconciled)


def _order(kernel: Kernel, name: ClientOrderId) -> Order:
    found = kernel.orders.get(name)
    assert found is not None
    return found


def _first(names: object) -> ClientOrderId:
    assert isinstance(names, tuple)
    return ClientOrderId(str(names[0]))


async def test_the_market_s_state_is_for_its_owner_alone(profile: ProfilePaths) -> None:
    with market(profile) as child:
        await asyncio.to_thread(child.wait_listening)
    assert profile.simulator_state.stat().st_mode & 0o077 == 0
