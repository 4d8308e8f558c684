# SPDX-License-Identifier: Apache-2.0
"""What a row of the watchlist says of a price that is none of a trade."""

from decimal import Decimal

import pytest

from terminal.model.enums import AssetClass
from terminal.model.ids import InstrumentId
from terminal.model.instrument import Instrument
from terminal.model.market import Quote
from widgets.tables.columns import Cell
from widgets.watchlist.rows import watch_cells


@pytest.mark.parametrize(
    ("kind", "last", "note", "price"),
    [
        (AssetClass.STOCK, None, "mid", 100.0),
        (AssetClass.STOCK, 100.01, "", 100.01),
        (AssetClass.FOREX, None, "", 100.0),  # currencies have no last price
    ],
)
def test_a_middle_in_the_place_of_a_last_price_is_named(
    kind: AssetClass, last: float | None, note: str, price: float
) -> None:
    instrument = Instrument(id=InstrumentId("X"), asset_class=kind, symbol="X", min_tick=Decimal("0.01"))
    quote = Quote(instrument_id=instrument.id, received_ns=1, bid=99.99, ask=100.01, last=last)
    cells = watch_cells(instrument, quote, quantity=Decimal(0), age_s=0.1, stale_after_s=2.0, dead_after_s=30.0)
    symbol, shown = cells["symbol"], cells["last"]
    assert isinstance(symbol, Cell)
    assert isinstance(shown, Cell)
    assert (symbol.note, shown.value) == (note, price)
