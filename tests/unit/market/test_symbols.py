# SPDX-License-Identifier: Apache-2.0
"""What a person may type for an instrument."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal

import pytest

from terminal.errors import RefusedError, UserError
from terminal.market import symbols
from terminal.model.enums import AssetClass, OptionRight
from terminal.model.instrument import Instrument, instrument_id
from terminal.model.market import OptionParameters

TODAY = date(2025, 3, 4)


@pytest.mark.parametrize(
    ("text", "asset_class", "symbol", "currency"),
    [
        ("AAPL", AssetClass.STOCK, "AAPL", "USD"),
        (" aapl ", AssetClass.STOCK, "AAPL", "USD"),
        ("BRK B", AssetClass.STOCK, "BRK B", "USD"),
        ("SAP@EUR", AssetClass.STOCK, "SAP", "EUR"),
        ("EUR.USD", AssetClass.FOREX, "EUR", "USD"),
        ("^SPX", AssetClass.INDEX, "SPX", "USD"),
        ("ES 20250321", AssetClass.FUTURE, "ES", "USD"),
    ],
)
def test_each_form_is_understood(text: str, asset_class: AssetClass, symbol: str, currency: str) -> None:
    found = symbols.parse(text)
    assert (found.asset_class, found.symbol, found.currency) == (asset_class, symbol, currency)
    assert found.id == text.strip().upper()


@pytest.mark.parametrize(("letter", "right"), [("C", OptionRight.CALL), ("p", OptionRight.PUT)])
def test_an_option_has_expiry_right_and_strike(letter: str, right: OptionRight) -> None:
    found = symbols.parse(f"spy 20250321 {letter} 600.5")
    assert (found.asset_class, found.expiry, found.right, found.strike) == (
        AssetClass.OPTION,
        date(2025, 3, 21),
        right,
        Decimal("600.5"),
    )


def test_a_trading_class_is_written_behind_the_symbol() -> None:
    found = symbols.parse("SPX/SPXW 20250321 C 6000")
    assert (found.symbol, found.trading_class) == ("SPX", "SPXW")
    assert found.id == "SPX/SPXW 20250321 C 6000"


@pytest.mark.parametrize(
    "text", ["", " ", "€", "A" * 30, "ES 20251332", "SPY 20250321 X 600", "SPY 20250321 C", "AAPL@EURO", "/"]
)
def test_anything_else_is_refused_with_the_forms(text: str) -> None:
    with pytest.raises(UserError) as error:
        symbols.parse(text)
    assert error.value.code == "MKT-001"
    assert text.strip() in error.value.text or repr(text) in error.value.text


@dataclass(slots=True)
class Reference:
    """Fulfils `ReferenceData` with what a test lists."""

    listed: Sequence[Instrument]
    qualified: list[Instrument] = field(default_factory=list)

    async def search(self, pattern: str) -> Sequence[Instrument]:
        return self.listed

    async def qualify(self, instrument: Instrument) -> Instrument:
        self.qualified.append(instrument)
        return instrument

    async def option_parameters(self, underlying: Instrument) -> Sequence[OptionParameters]:
        raise AssertionError("not asked for")

    async def option_contracts(self, underlying: Instrument, expiry: str, trading_class: str) -> Sequence[Instrument]:
        raise AssertionError("not asked for")


def future(symbol: str, expiry: date) -> Instrument:
    return Instrument(
        id=instrument_id(AssetClass.FUTURE, symbol, expiry=expiry),
        asset_class=AssetClass.FUTURE,
        symbol=symbol,
        expiry=expiry,
    )


async def test_the_front_month_is_the_nearest_that_has_not_passed() -> None:
    months = [future("ES", date(2025, month, 21)) for month in (6, 3)] + [future("ES", date(2024, 12, 20))]
    stock = Instrument(id=symbols.parse("ES").id, asset_class=AssetClass.STOCK, symbol="ES")
    reference = Reference([stock, future("MES", date(2025, 3, 5)), *months])
    found = await symbols.find("/es", reference, TODAY)
    assert found.expiry == date(2025, 3, 21)
    assert reference.qualified == [found]
    on_its_last_day = await symbols.find("/ES", reference, date(2025, 3, 21))
    assert on_its_last_day.expiry == date(2025, 3, 21)


async def test_a_root_without_months_is_refused_with_the_way_out() -> None:
    with pytest.raises(RefusedError, match="name one month"):
        await symbols.find("/ZZ", Reference([replace(future("ES", date(2025, 3, 21)))]), TODAY)
