# SPDX-License-Identifier: Apache-2.0
"""A theme for the panels, and an instrument with a quote to fill them."""

from collections.abc import Iterator
from decimal import Decimal

import pytest
from PySide6.QtWidgets import QApplication

from terminal.model.enums import AssetClass
from terminal.model.ids import InstrumentId
from terminal.model.instrument import Instrument
from terminal.model.market import Quote
from widgets.theme import Theme


@pytest.fixture
def theme(qapp: QApplication) -> Iterator[Theme]:
    made = Theme(qapp, "dark", "compact")
    yield made
    made.deleteLater()


@pytest.fixture
def stock() -> Instrument:
    return Instrument(
        id=InstrumentId("AAPL"), asset_class=AssetClass.STOCK, symbol="AAPL", min_tick=Decimal("0.01"), name="Apple"
    )


@pytest.fixture
def quote(stock: Instrument) -> Quote:
    return Quote(
        instrument_id=stock.id, received_ns=1, bid=199.98, ask=200.02, bid_size=3, ask_size=4, last=200.0, volume=10.0
    )
