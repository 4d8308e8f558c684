# SPDX-License-Identifier: Apache-2.0
"""Makes the database files of a released form: ``python -m tests.migrations.make_fixture FOLDER``.

Run once for each release that changed a form, by that release; the files it wrote stay for ever and are opened
by the code of today. Never run it again for an old form: what it writes is what today's code writes.
"""

import asyncio
import sys
from decimal import Decimal
from functools import partial
from pathlib import Path

from terminal.model.enums import AssetClass
from terminal.model.events import PositionAdjusted
from terminal.model.instrument import Instrument
from terminal.model.market import Quote, Trade
from terminal.storage.bars import Series, empty_bars
from terminal.storage.journal import JournalStore
from terminal.storage.market_store import MarketStore
from terminal.storage.schema import JOURNAL_SCHEMA, MARKET_SCHEMA
from tests.unit.storage.records import AAPL, ACCOUNT, intent, story

KEY = bytes(range(32))


async def journal(path: Path) -> None:
    """Write two runs, the first without a key, the second with one."""
    stock = Instrument(id=AAPL, asset_class=AssetClass.STOCK, symbol="AAPL", name="Apple Inc.")
    adjusted = PositionAdjusted(
        ns=90,
        adjustment_id="A-1",
        account_id=ACCOUNT,
        instrument_id=AAPL,
        quantity=Decimal(-3),
        price=Decimal("190.5"),
        reason="broker's position differs",
    )
    for key, records in ((None, [stock, *story(1), *intent(2)]), (KEY, [*story(3), adjusted])):
        store = JournalStore(path, key=key, version="0.1.0", settings_digest="0123456789abcdef")
        await store.start()
        done = asyncio.get_running_loop().create_future()
        store.append(records, partial(done.set_result, None))
        store.allocate_order_id(40)
        await done
        await store.stop()


async def market(path: Path) -> None:
    store = MarketStore(path)
    await store.start()
    bars = empty_bars(20)
    for position, name in enumerate(bars):
        bars[name][:] = range(position, position + 20)
    bars["start_ns"] *= 60_000_000_000
    store.put_bars(Series(instrument_id=AAPL, seconds=60), bars)
    store.put_ticks("quotes", [Quote(instrument_id=AAPL, received_ns=5, bid=1.25, ask=1.5)])
    store.put_ticks("trades", [Trade(instrument_id=AAPL, received_ns=6, event_ns=5, price=1.5, size=100)])
    await store.stop()


async def make(folder: Path) -> None:
    await journal(folder / f"journal_{JOURNAL_SCHEMA.head}.db")
    await market(folder / f"market_{MARKET_SCHEMA.head}.db")


if __name__ == "__main__":
    target = Path(sys.argv[1])
    target.mkdir(mode=0o700, parents=True, exist_ok=True)
    asyncio.run(make(target))
