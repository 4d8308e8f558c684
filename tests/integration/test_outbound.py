# SPDX-License-Identifier: Apache-2.0
"""A bracket that waits in the outbound lane under the message budget, and the cancel that overtakes it."""

from decimal import Decimal

import pytest

from terminal.model.commands import BracketSpec, CancelOrder
from terminal.model.enums import OrderStatus, Side
from terminal.model.ids import ClientOrderId
from terminal.paths import ProfilePaths
from tests.conftest import AllowLogs
from tests.support.wire import PLACE_ORDER
from tests.support.world import ACCOUNT, World, world

NARROW = {"watchlist.symbols": ("AAPL",), "connection.market_data_lines": 10}
"""Five messages in a second, four of them orders."""


@pytest.fixture(autouse=True)
def _order_logs(allow_logs: AllowLogs) -> None:
    allow_logs("orders")  # an alarm may be part of the answer


async def queued(w: World) -> tuple[ClientOrderId, ClientOrderId, ClientOrderId]:
    """Send a bracket of which only the entry leaves at once; return its three orders."""
    await w.ready()
    await w.step(3)
    for number in range(3):
        w.submit(w.limit("AAPL", Side.BUY, 1 + number, w.away("AAPL", Side.BUY, 0.04)))
    price = w.away("AAPL", Side.BUY)
    instrument = w.instrument("AAPL")
    exits = BracketSpec(
        stop_price=instrument.snap(float(price) * 0.97), target_price=instrument.snap(float(price) * 1.05)
    )
    entry, target, stop = w.submit(w.limit("AAPL", Side.BUY, 10, price, bracket=exits))
    await w.settle()
    await w.until(lambda: w.server.requests[PLACE_ORDER] >= 4, 1, slice_s=0.01)
    assert w.server.requests[PLACE_ORDER] == 4, "the exits must still wait for this test to mean something"
    return entry, target, stop


async def test_exits_that_wait_never_leave_after_the_cancel_of_their_entry(profile: ProfilePaths) -> None:
    async with world(profile, changes=NARROW) as w:
        entry, target, stop = await queued(w)
        w.core.do(CancelOrder(client_order_id=entry))
        await w.until(lambda: not w.order(entry).is_open, 20)
        await w.step(10)
        assert w.server.requests[PLACE_ORDER] == 4
        assert {w.order(each).status for each in (target, stop)} == {OrderStatus.LOST}
        assert w.order(entry).status is OrderStatus.CANCELLED
        assert len(w.exchange.open_orders()) == 3
        assert w.truth.positions(ACCOUNT) == {}


async def test_a_bracket_whose_releasing_leg_is_taken_back_is_taken_back_whole(profile: ProfilePaths) -> None:
    """Without its last leg the others would be held at the broker, listed to nobody."""
    async with world(profile, changes=NARROW) as w:
        entry, target, stop = await queued(w)
        w.core.do(CancelOrder(client_order_id=stop))
        await w.until(lambda: not any(w.order(each).is_open for each in (entry, target, stop)), 20)
        assert len(w.exchange.open_orders()) == 3
        assert w.core.execution.portfolio.position(w.instrument("AAPL").id).quantity == Decimal(0)
