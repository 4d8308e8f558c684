# SPDX-License-Identifier: Apache-2.0
"""Faults of the way between the core and TWS."""

import pytest

from terminal.model.enums import OrderStatus, Side
from terminal.paths import ProfilePaths
from tests.faults.lab import laboratory

pytestmark = pytest.mark.usefixtures("any_logs")


async def test_t01_an_accepted_order_whose_answer_is_lost(profile: ProfilePaths) -> None:
    async with laboratory(profile, "T01") as w:
        await w.ready()
        (name,) = w.submit(w.limit("AAPL", Side.BUY, 3, w.away("AAPL", Side.BUY)))
        await w.until(lambda: bool(w.fired()))
        (fired,) = w.fired()
        assert fired["actions"] == ["accept", "reset"]
        await w.converged(15)
        assert w.order(name).status is OrderStatus.WORKING
        w.once(name)
        assert len(w.sent()) == 1
        w.audited()
