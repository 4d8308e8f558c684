# SPDX-License-Identifier: Apache-2.0
"""Every break of way or session, with orders in every state: working, partly filled, being cancelled, a bracket.

What is asked is always the same: nothing sent twice, no fill lost or doubled, both sides agree again.
"""

from decimal import Decimal

import pytest

from brokers.simulator.faults import library
from brokers.simulator.faults.acts_market import fill
from terminal.model.commands import CancelOrder
from terminal.model.enums import OrderStatus, PendingRequest, Side, TimeInForce
from terminal.model.ids import ClientOrderId
from terminal.paths import ProfilePaths
from terminal.simulation.market import Market
from tests.faults.lab import LabWorld, laboratory

pytestmark = pytest.mark.usefixtures("any_logs")
STATES = (OrderStatus.WORKING, OrderStatus.ACKED)
BREAKS = (
    # fault, seconds that it lasts, seconds until both sides agree after it
    ("T06", 36, 30),
    ("T07.slow", 30, 45),
    ("T07.split", 10, 15),
    ("T09.huge", 15, 30),
    ("T09.cut", 15, 30),
    ("T13.refused", 610, 60),
    ("T13.flapping", 310, 60),
    ("T14", 70, 90),
    ("S01", 40, 30),
    ("S02", 20, 30),
    ("S03", 200, 15),
    ("S04", 70, 45),
    ("S08.late", 40, 60),
    ("S09", 10, 60),
)


async def populate(w: LabWorld) -> list[ClientOrderId]:
    """Bring orders into every state that a break can meet; the cancel is under way when this returns."""
    names: list[ClientOrderId] = []

    def rest(text: str, quantity: int) -> ClientOrderId:
        price = w.away(text, Side.BUY)
        (name,) = w.submit(w.limit(text, Side.BUY, quantity, price, tif=TimeInForce.GTC))
        names.append(name)
        return name

    working, partial, cancelled = rest("IBM", 7), rest("NVDA", 9), rest("IBM", 3)
    names.extend(w.submit(w.bracket("AAPL", 10, marketable=False)))
    await w.until(lambda: all(w.order(name).status in STATES for name in names), 20)
    assert w.order(working).is_open
    market = w.exchange
    assert isinstance(market, Market)
    state = next(each for each in market.open_orders() if each.order.order_ref == partial)
    live = market.desk.orders.get(state.perm_id)
    assert live is not None
    fill(market, live, 4, Decimal(str(state.order.limit_price)), None)
    await w.until(lambda: w.order(partial).filled == 4, 10)
    w.core.do(CancelOrder(client_order_id=cancelled))
    assert w.order(cancelled).pending is PendingRequest.CANCEL
    return names


@pytest.mark.parametrize(("fault", "lasts", "within"), BREAKS)
async def test_a_break_meets_orders_in_every_state(
    profile: ProfilePaths, fault: str, lasts: float, within: float
) -> None:
    async with laboratory(profile, fault) as w:
        await w.ready()
        names = await populate(w)
        if fault == "S04":  # it begins with the fifth order
            assert len(w.sent()) >= 5
        await w.until(lambda: bool(w.fired()), 60)
        await w.step(lasts, slice_s=0.5)
        await w.converged(within)
        w.once(*names)
        assert len(w.sent()) == len(names)
        assert w.position("NVDA").quantity >= 4
        w.audited()


@pytest.mark.parametrize("fault", ["T01", "T02", "T03"])
async def test_a_break_at_a_new_order_spares_the_others(profile: ProfilePaths, fault: str) -> None:
    """The faults that begin with a placeOrder are armed when the population is there."""
    async with laboratory(profile, "O10.too_late") as w:
        await w.ready()
        names = await populate(w)
        await w.converged(20)
        w.server.laboratory.calm()
        w.server.laboratory.add(library.load(fault))
        sent = len(w.sent())
        if fault == "T03":
            names.extend(w.submit(w.bracket("AAPL", 5, marketable=False)))
        else:
            names.extend(w.submit(w.limit("AAPL", Side.BUY, 6, w.away("AAPL", Side.BUY))))
        await w.until(lambda: any(each["script"] == fault for each in w.fired()), 20)
        await w.step(70)
        if fault != "T03":
            await w.converged(60)
        w.once(*names)
        assert len(w.sent()) - sent == (2 if fault == "T03" else 1)
        assert all(w.order(name).is_open for name in names[:2])
        w.audited()


async def test_a_cancel_is_quick_under_load(profile: ProfilePaths) -> None:
    """I12: with 200,000 ticks on their way and many requests waiting, the cancel is the next word of the core."""
    async with laboratory(profile, "T08.burst") as w:
        await w.ready()
        (name,) = w.submit(w.limit("IBM", Side.BUY, 7, w.away("IBM", Side.BUY)))
        await w.until(lambda: w.order(name).status is OrderStatus.WORKING, 20)
        await w.until(lambda: len(w.fired()) >= 4, 60)
        asked = w.clock.now_ns()
        w.core.do(CancelOrder(client_order_id=name))
        await w.until(lambda: w.order(name).status is OrderStatus.CANCELLED, 5)
        (sent,) = w.sent("cancelOrder")
        assert (int(sent["ns"]) - asked) / 1e9 <= 0.25
