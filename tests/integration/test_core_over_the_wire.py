# SPDX-License-Identifier: Apache-2.0
"""The core over a real socket to the simulated TWS, the clock stepped."""

from decimal import Decimal

from terminal.model.enums import OrderStatus, Side
from terminal.paths import ProfilePaths
from tests.support.world import ACCOUNT, world


async def test_an_order_is_sent_filled_and_booked(profile: ProfilePaths) -> None:
    async with world(profile) as w:
        await w.ready()
        (name,) = w.submit(w.market("AAPL", Side.BUY, 10))
        await w.until(lambda: w.order(name).status is OrderStatus.FILLED)
        assert w.truth.accepted() == {name: 1}
        assert w.position("AAPL").quantity == Decimal(10)
        await w.until(lambda: w.order(name).commission > 0)
        assert w.truth.positions(ACCOUNT) == {265598: Decimal(10)}
