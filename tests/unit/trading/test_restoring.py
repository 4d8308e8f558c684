# SPDX-License-Identifier: Apache-2.0
"""A long journal is replayed in parts: the same orders and positions, and the event loop goes on meanwhile."""

import asyncio
from decimal import Decimal

from terminal.model.commands import KillSwitch
from terminal.model.instrument import Instrument
from terminal.trading.limits import RiskLimits
from terminal.trading.restoring import PART
from tests.unit.trading.desk import AAPL, Desk

ROUNDS = 60
LOOSE = RiskLimits(account_orders_per_second=40)


def busy() -> Desk:
    """Return a core that has traded back and forth, its kill switch pulled at the end."""
    desk = Desk(limits=LOOSE)
    for number in range(ROUNDS):
        desk.hold(10 if number % 3 else -10)
    desk.engine.kill(KillSwitch(reason="test"))
    return desk


async def test_in_parts_it_comes_to_the_same_and_the_loop_breathes() -> None:
    desk = busy()
    contract = next(record for record in desk.journal.records if isinstance(record, Instrument))
    records = [*[contract] * (3 * PART), *desk.journal.records]
    whole, parts = Desk(connect=False), Desk(connect=False)
    taken = whole.engine.restore(records)
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    counting = asyncio.ensure_future(count())
    assert await parts.engine.restore_in_parts(records) == taken
    counting.cancel()
    assert turns >= 4
    assert [order.status for order in parts.engine.orders.all()] == [
        order.status for order in whole.engine.orders.all()
    ]
    held = desk.engine.portfolio.position(AAPL)
    assert parts.engine.portfolio.position(AAPL) == whole.engine.portfolio.position(AAPL) == held
    assert held.quantity == Decimal(10 * (ROUNDS - 2 * ((ROUNDS + 2) // 3)))
    assert parts.engine.kill_switch.engaged
