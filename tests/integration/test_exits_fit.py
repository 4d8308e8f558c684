# SPDX-License-Identifier: Apache-2.0
"""Exits of an entry that ended in part, at a broker that leaves them at full size: they come down to what filled."""

from decimal import Decimal

import pytest

from terminal.model.commands import BracketSpec, CancelOrder
from terminal.model.enums import OrderStatus, PendingRequest, Side
from terminal.model.events import DataNotice
from terminal.model.ids import ClientOrderId
from terminal.paths import ProfilePaths
from terminal.simulation.factory import open_exchange
from terminal.simulation.market import Market
from tests.conftest import AllowLogs
from tests.support.world import ACCOUNT, World, world

LARGE = {
    "watchlist.symbols": ("NVDA",),
    "risk.max_quantity_stock": 20_000.0,
    "risk.max_notional": 5_000_000.0,
    "risk.max_position_stock": 20_000.0,
}


@pytest.fixture(autouse=True)
def _order_logs(allow_logs: AllowLogs) -> None:
    allow_logs("orders")  # the alarm


def careless() -> Market:
    market = open_exchange(seed=1)
    market.desk.cuts_exits = False
    return market


async def in_part(w: World) -> tuple[ClientOrderId, ClientOrderId, ClientOrderId]:
    """Let a large entry fill in part and cancel the rest; return entry, target and stop."""
    price = w.away("NVDA", Side.SELL, 0.0)
    instrument = w.instrument("NVDA")
    exits = BracketSpec(
        stop_price=instrument.snap(float(price) * 0.97), target_price=instrument.snap(float(price) * 1.03)
    )
    entry, target, stop = w.submit(w.limit("NVDA", Side.BUY, 3_000, price, bracket=exits))
    await w.until(lambda: w.order(entry).filled > 0, 30)
    w.core.do(CancelOrder(client_order_id=entry))
    await w.until(lambda: w.order(entry).status is OrderStatus.CANCELLED)
    assert 0 < w.order(entry).filled < 3_000
    return entry, target, stop


def working(w: World) -> dict[str, Decimal]:
    """Return what the broker really works, by reference."""
    return {state.order.order_ref: Decimal(state.order.quantity) for state in w.exchange.open_orders()}


async def test_exits_come_down_to_what_filled(profile: ProfilePaths) -> None:
    async with world(profile, exchange=careless(), changes=LARGE) as w:
        core = await w.ready()
        told: list[DataNotice] = []
        core.bus.subscribe(DataNotice, told.append)
        entry, target, stop = await in_part(w)
        filled = w.order(entry).filled
        assert set(working(w).values()) == {Decimal(3_000)}
        took = await w.until(lambda: set(working(w).values()) == {filled}, 10)
        assert took <= 4
        assert set(working(w)) == {target, stop}
        await w.until(lambda: all(w.order(each).pending is PendingRequest.NONE for each in (target, stop)))
        assert {w.order(each).spec.quantity for each in (target, stop)} == {filled}
        (notice,) = [each for each in told if each.severity in ("warn", "error")]
        assert f"{filled}" in notice.text
        assert w.truth.positions(ACCOUNT) == {w.instrument("NVDA").broker_id: filled}


async def test_exits_that_could_not_be_cut_before_the_end_are_cut_after_it(profile: ProfilePaths) -> None:
    async with world(profile, exchange=careless(), changes=LARGE) as w:
        await w.ready()
        entry, _, _ = await in_part(w)
        filled = w.order(entry).filled
        await w.stop_core()
        assert set(working(w).values()) == {Decimal(3_000)}
        await w.start_core()
        await w.until(lambda: set(working(w).values()) == {filled}, 60)
