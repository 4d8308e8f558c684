# SPDX-License-Identifier: Apache-2.0
"""The core is killed at every step of sending and of booking a fill, starts again, and is judged by the broker.

Nothing is sent twice, no fill is lost or doubled, and what happened to each order is known again.
"""

import asyncio
import sys
from collections.abc import Mapping

import pytest

from terminal.model.enums import BracketRole, OrderStatus, Side
from terminal.model.events import DataNotice
from terminal.model.order import Order
from terminal.paths import ProfilePaths
from tests.conftest import ROOT, AllowLogs
from tests.support.wire import PLACE_ORDER
from tests.support.world import AAPL, ACCOUNT, World, world


async def die(w: World, moment: str, kind: str) -> None:
    """Let a core of its own live on the profile until it kills itself at ``moment``."""
    w.paths.settings.write_text('version = 1\n[watchlist]\nsymbols = ["AAPL"]\n', encoding="utf-8")
    w.paths.settings.chmod(0o600)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.support.doomed",
        str(w.paths.root.parent),
        str(w.server.address[1]),
        moment,
        kind,
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    talk = asyncio.ensure_future(process.communicate())
    try:
        async with asyncio.timeout(60):
            while not talk.done():  # the market lives as the process does
                w.server.pump.step(0.05)
                await asyncio.wait({talk}, timeout=0.02)
    finally:
        if process.returncode is None:
            process.kill()
    said, errors = await talk
    assert said == b"sending\n", errors.decode()
    assert process.returncode == -9, errors.decode()
    w.clock.advance_to(w.exchange.now_ns())


async def come_back(w: World) -> Mapping[str, Order]:
    """Start a core on the same profile; return its orders by id once both sides agree."""
    await w.start_core()
    return await agree(w)


async def agree(w: World) -> Mapping[str, Order]:
    """Step until the core and the broker agree; return the core's orders by id."""
    sent, core = w.server.requests[PLACE_ORDER], w.core
    await w.until(lambda: core.execution.link.reconciled, 120)
    await w.until(lambda: core.symbols.instrument_named("AAPL") is not None, 30)
    await w.until(lambda: core.hub.quote(w.instrument("AAPL").id) is not None, 30)
    await w.until(lambda: not [order for order in core.orders.open() if order.status is OrderStatus.UNKNOWN], 120)
    assert w.server.requests[PLACE_ORDER] == sent, "coming back sends nothing"
    assert set(w.truth.accepted().values()) <= {1}
    assert set(w.truth.accepted()) <= {order.client_order_id for order in core.orders.all()}
    for order in core.orders.all():
        assert order.filled == w.truth.filled(order.client_order_id)
    held = w.truth.positions(ACCOUNT)
    assert {AAPL: w.position("AAPL").quantity} == {AAPL: held.get(AAPL, 0)}
    return {order.client_order_id: order for order in core.orders.all()}


async def trade_on(w: World) -> None:
    """The core is of use again: a new order fills, under an id that the broker never saw."""
    before = w.position("AAPL").quantity
    (name,) = w.submit(w.market("AAPL", Side.BUY, 3))
    await w.until(lambda: w.order(name).status is OrderStatus.FILLED)
    assert w.truth.accepted()[name] == 1
    assert w.position("AAPL").quantity == before + 3


@pytest.fixture(autouse=True)
def _order_logs(allow_logs: AllowLogs) -> None:
    allow_logs("orders")


@pytest.mark.parametrize("kind", ["market", "resting", "bracket"])
async def test_before_the_commit_nothing_ever_happened(profile: ProfilePaths, kind: str) -> None:
    async with world(profile) as w:
        await die(w, "before_commit", kind)
        assert w.truth.accepted() == {}
        assert await come_back(w) == {}
        await trade_on(w)


@pytest.mark.parametrize("kind", ["market", "resting", "bracket"])
async def test_after_the_commit_and_before_the_bytes_it_is_lost(profile: ProfilePaths, kind: str) -> None:
    async with world(profile) as w:
        await die(w, "after_commit_before_bytes", kind)
        assert w.truth.accepted() == {}
        orders = await come_back(w)
        assert len(orders) == (3 if kind == "bracket" else 1)
        assert {order.status for order in orders.values()} == {OrderStatus.LOST}
        await trade_on(w)


async def test_after_the_bytes_of_a_market_order_its_fill_is_found(profile: ProfilePaths) -> None:
    async with world(profile) as w:
        await die(w, "after_bytes_before_answer", "market")
        (order,) = (await come_back(w)).values()
        assert w.truth.accepted() == {order.client_order_id: 1}
        await w.until(lambda: order.status is OrderStatus.FILLED)
        await w.until(lambda: w.position("AAPL").quantity == 10)
        await trade_on(w)


async def test_after_the_bytes_of_a_resting_order_it_is_found_working(profile: ProfilePaths) -> None:
    async with world(profile) as w:
        await die(w, "after_bytes_before_answer", "resting")
        (order,) = (await come_back(w)).values()
        assert w.truth.accepted() == {order.client_order_id: 1}
        await w.until(lambda: order.status is OrderStatus.WORKING)
        await trade_on(w)


async def test_after_the_bytes_of_a_bracket_all_of_it_is_found(profile: ProfilePaths) -> None:
    async with world(profile) as w:
        await die(w, "after_bytes_before_answer", "bracket")
        orders = await come_back(w)
        assert w.truth.accepted() == dict.fromkeys(orders, 1)
        by_role = {order.role: order for order in orders.values()}
        await w.until(lambda: by_role[BracketRole.ENTRY].status is OrderStatus.FILLED)
        await w.until(lambda: by_role[BracketRole.TARGET].status is OrderStatus.WORKING)
        assert by_role[BracketRole.STOP].is_open
        await trade_on(w)


async def test_between_the_legs_of_a_bracket_the_entry_is_taken_back_and_told(profile: ProfilePaths) -> None:
    """The broker holds an entry that its last leg never released: nobody could see it, and one click would send it."""
    async with world(profile) as w:
        await die(w, "between_bracket_legs", "bracket")
        assert w.truth.positions(ACCOUNT) == {}
        (held,) = w.exchange.open_orders()
        assert not held.order.transmit
        told: list[DataNotice] = []
        core = await w.start_core()
        core.bus.subscribe(DataNotice, told.append)
        orders = await agree(w)
        await w.until(lambda: not w.exchange.open_orders(), 30)
        await w.step(30)
        assert w.truth.positions(ACCOUNT) == {}, "an entry without its exits must not trade"
        by_role = {order.role: order for order in orders.values()}
        assert by_role[BracketRole.ENTRY].status is OrderStatus.CANCELLED
        assert by_role[BracketRole.TARGET].status is OrderStatus.LOST
        assert by_role[BracketRole.STOP].status is OrderStatus.LOST
        (notice,) = [each for each in told if "without its exits" in each.text]
        assert (notice.severity, "AAPL" in notice.text, "TWS" in notice.way_out) == ("error", True, True)
        await trade_on(w)


@pytest.mark.parametrize("moment", ["before_fill_commit", "after_fill_booked"])
@pytest.mark.parametrize("kind", ["market", "bracket"])
async def test_a_fill_is_booked_exactly_once(profile: ProfilePaths, moment: str, kind: str) -> None:
    async with world(profile) as w:
        await die(w, moment, kind)
        orders = await come_back(w)
        assert w.truth.accepted() == dict.fromkeys(orders, 1)
        entry = next(order for order in orders.values() if order.role in (BracketRole.NONE, BracketRole.ENTRY))
        await w.until(lambda: entry.status is OrderStatus.FILLED)
        booked = sorted(row.execution_id for row in w.core.portfolio.fills())
        assert booked == sorted(one.execution_id for one in w.truth.executions())
        assert w.position("AAPL").quantity == w.truth.positions(ACCOUNT)[AAPL] == 10
        await w.until(lambda: entry.commission > 0)
        await trade_on(w)
