# SPDX-License-Identifier: Apache-2.0
"""A market that cannot be, or that nobody should trade at once: over the whole core, with orders by hand."""

from dataclasses import replace

import pytest

from terminal.model.commands import SubmitOrder
from terminal.model.enums import OrderStatus, Side
from terminal.model.market import Quote
from terminal.paths import ProfilePaths
from tests.conftest import AllowLogs
from tests.support.world import World, world


@pytest.fixture(autouse=True)
def _data_logs(allow_logs: AllowLogs) -> None:
    allow_logs("market")


def _shown(w: World) -> Quote:
    quote = w.core.hub.quote(w.instrument("AAPL").id)
    assert quote is not None
    return quote


async def test_a_price_of_1e308_is_neither_shown_nor_a_mark(profile: ProfilePaths) -> None:
    async with world(profile) as w:
        core = await w.ready()
        (name,) = w.submit(w.market("AAPL", Side.BUY, 10))
        await w.until(lambda: w.order(name).status is OrderStatus.FILLED)
        worth = core.portfolio.unrealized(w.instrument("AAPL").id)
        assert worth is not None
        core.hub.on_quote(replace(_shown(w), bid=1e308, ask=1e308, last=1e308))
        quote = _shown(w)
        assert (quote.bid, quote.ask, quote.last) == (None, None, None)
        after = core.portfolio.unrealized(w.instrument("AAPL").id)
        assert after is None or abs(after) < 1e6
        assert core.hub.rejected["absurd"] == 3


async def test_no_market_order_on_a_quote_ten_times_as_high(profile: ProfilePaths) -> None:
    async with world(profile) as w:
        core = await w.ready()
        await w.step(60)
        sound = _shown(w)
        high = {name: getattr(sound, name) * 10 for name in ("bid", "ask", "last") if getattr(sound, name) is not None}
        core.hub.on_quote(replace(sound, **high))
        order = w.market("AAPL", Side.BUY, 1)
        assert next(code for code, _ in core.soft_refusals(order)) == "PRICE_JUMP"
        (name,) = w.submit(order)
        assert w.order(name).status is OrderStatus.DENIED
        (again,) = w.submit(SubmitOrder(spec=order.spec, confirmed_warnings=frozenset({"PRICE_JUMP"})))
        assert w.order(again).is_open, "a person may insist"


async def test_no_market_order_without_a_market(profile: ProfilePaths) -> None:
    async with world(profile) as w:
        core = await w.ready()
        core.hub.on_quote(replace(_shown(w), bid=None, ask=None))
        assert _shown(w).last is not None
        for side in Side:
            (name,) = w.submit(w.market("AAPL", side, 1))
            assert w.order(name).status is OrderStatus.DENIED
            assert not core.soft_refusals(w.market("AAPL", side, 1)), "nobody can insist on it"
        await w.step(5)
        (name,) = w.submit(w.market("AAPL", Side.BUY, 1))
        await w.until(lambda: w.order(name).status is OrderStatus.FILLED)
