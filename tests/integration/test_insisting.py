# SPDX-License-Identifier: Apache-2.0
"""A person who insists: what a soft limit refuses is asked once more, for a change as for a new order."""

from decimal import Decimal

import pytest

from brokers.simulator.server import ServerOptions
from terminal.errors import UserError
from terminal.model.commands import ModifyOrder, SubmitOrder
from terminal.model.enums import DataType, OrderStatus, PendingRequest, Side
from terminal.paths import ProfilePaths
from tests.conftest import AllowLogs
from tests.support.world import world

DELAYED = {"watchlist.symbols": ("NVDA",), "connection.data_type": "delayed"}
OPTIONS = ServerOptions(speed=0, unsubscribed=frozenset({"NVDA"}))


@pytest.fixture(autouse=True)
def _data_logs(allow_logs: AllowLogs) -> None:
    allow_logs("broker")  # the broker says once that the price is delayed


async def test_a_change_on_a_delayed_price_is_asked_once_more_and_then_sent(profile: ProfilePaths) -> None:
    async with world(profile, changes=DELAYED, options=OPTIONS) as w:
        core = await w.ready()
        quote = core.hub.quote(w.instrument("NVDA").id)
        assert quote is not None
        assert quote.data_type is DataType.DELAYED
        order = w.limit("NVDA", Side.BUY, 5, w.away("NVDA", Side.BUY, 0.03))
        asked = core.soft_refusals(order)
        assert [code for code, _ in asked] == ["STALE_QUOTE"]
        (name,) = w.submit(SubmitOrder(spec=order.spec, confirmed_warnings=frozenset({"STALE_QUOTE"})))
        await w.until(lambda: w.order(name).status is OrderStatus.WORKING)

        price = w.away("NVDA", Side.BUY, 0.02)
        change = ModifyOrder(client_order_id=name, limit_price=price)
        with pytest.raises(UserError, match="delayed") as refused:
            core.do(change)
        assert refused.value.code == "STALE_QUOTE"
        question = core.soft_refusals(change)
        assert [code for code, _ in question] == ["STALE_QUOTE"]
        assert w.order(name).pending is PendingRequest.NONE

        core.do(ModifyOrder(client_order_id=name, limit_price=price, confirmed_warnings=frozenset(["STALE_QUOTE"])))
        await w.until(lambda: w.order(name).pending is PendingRequest.NONE)
        (state,) = w.exchange.open_orders()
        assert (w.order(name).spec.limit_price, state.order.limit_price) == (price, float(price))


async def test_nobody_can_insist_on_what_is_hard(profile: ProfilePaths) -> None:
    async with world(profile, changes=DELAYED, options=OPTIONS) as w:
        core = await w.ready()
        spec = w.limit("NVDA", Side.BUY, 5, w.away("NVDA", Side.BUY, 0.03)).spec
        (name,) = w.submit(SubmitOrder(spec=spec, confirmed_warnings=frozenset({"STALE_QUOTE"})))
        await w.until(lambda: w.order(name).status is OrderStatus.WORKING)
        confirmed = frozenset({"STALE_QUOTE", "MAX_QTY"})
        change = ModifyOrder(client_order_id=name, quantity=Decimal(5_000), confirmed_warnings=confirmed)
        assert not core.soft_refusals(change), "what is hard is refused, not asked"
        with pytest.raises(UserError) as refused:
            core.do(change)
        assert refused.value.code == "MAX_QTY"
