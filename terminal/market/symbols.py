# SPDX-License-Identifier: Apache-2.0
"""What a person types for an instrument, and the contract it means.

``AAPL`` a US stock, ``EUR.USD`` a currency pair, ``^SPX`` an index, ``/ES`` the front month of a future,
``ES 20250321`` one future, ``SPY 20250321 C 600`` an option, ``SAP@EUR`` a stock in another currency.
"""

import re
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Final

from terminal.errors import RefusedError, UserError
from terminal.model.enums import AssetClass, OptionRight
from terminal.model.instrument import Instrument, instrument_id
from terminal.ports import ReferenceData

_PAIR: Final = re.compile(r"^([A-Z]{3})\.([A-Z]{3})$")
_FRONT: Final = re.compile(r"^/([A-Z0-9]{1,6})$")
_INDEX: Final = re.compile(r"^\^([A-Z0-9.]{1,12})$")
_DATED: Final = re.compile(r"^([A-Z0-9.]{1,12})(?:/([A-Z0-9.]{1,12}))?\s+(\d{8})(?:\s+([CP])\s+(\d+(?:\.\d+)?))?$")
_STOCK: Final = re.compile(r"^([A-Z0-9.\- ]{1,12}?)(?:@([A-Z]{3}))?$")
FORMS: Final = "AAPL, SAP@EUR, EUR.USD, ^SPX, /ES, ES 20250321 or SPY 20250321 C 600"


async def find(text: str, reference: ReferenceData, today: date) -> Instrument:
    """Return the one complete contract that ``text`` means.

    Raises:
        UserError MKT-001: the text has none of the known forms.
        BrokerError: the broker knows no such contract, or did not answer.
    """
    shown = text.strip().upper()
    front = _FRONT.match(shown)
    if front is not None:
        return await reference.qualify(_front_month(front.group(1), await reference.search(front.group(1)), today))
    return await reference.qualify(parse(shown))


def parse(text: str) -> Instrument:
    """Return an instrument with what ``text`` says of it; everything else is the broker's to fill in.

    Raises:
        UserError MKT-001: the text has none of the known forms.
    """
    shown = text.strip().upper()
    if pair := _PAIR.match(shown):
        return _make(AssetClass.FOREX, pair.group(1), currency=pair.group(2), exchange="IDEALPRO")
    if index := _INDEX.match(shown):
        return _make(AssetClass.INDEX, index.group(1), exchange="")
    if dated := _DATED.match(shown):
        return _dated(dated, shown)
    stock = _STOCK.match(shown)
    if stock is None or not stock.group(1).strip():
        raise UserError("MKT-001", f"a symbol looks like {FORMS}, was {text!r}")
    return _make(AssetClass.STOCK, stock.group(1), currency=stock.group(2) or "USD")


def _dated(match: re.Match[str], shown: str) -> Instrument:
    symbol, trading_class, day, right, strike = match.groups()
    try:
        expiry = date(int(day[:4]), int(day[4:6]), int(day[6:]))
    except ValueError as error:
        raise UserError("MKT-001", f"an expiry is YYYYMMDD, was {day} in {shown!r}") from error
    if right is None:
        return _make(AssetClass.FUTURE, symbol, expiry=expiry, exchange="", trading_class=trading_class or "")
    return _make(
        AssetClass.OPTION,
        symbol,
        expiry=expiry,
        strike=Decimal(strike),
        right=OptionRight.CALL if right == "C" else OptionRight.PUT,
        trading_class=trading_class or "",
    )


def _make(
    asset_class: AssetClass,
    symbol: str,
    *,
    currency: str = "USD",
    exchange: str = "SMART",
    expiry: date | None = None,
    strike: Decimal | None = None,
    right: OptionRight | None = None,
    trading_class: str = "",
) -> Instrument:
    return Instrument(
        id=instrument_id(
            asset_class,
            symbol,
            expiry=expiry,
            strike=strike,
            right=right,
            currency=currency,
            trading_class=trading_class,
        ),
        asset_class=asset_class,
        symbol=symbol,
        currency=currency,
        exchange=exchange,
        expiry=expiry,
        strike=strike,
        right=right,
        trading_class=trading_class,
    )


def _front_month(root: str, candidates: Sequence[Instrument], today: date) -> Instrument:
    """Return the nearest expiry of a future that has not passed."""
    months = [
        candidate
        for candidate in candidates
        if candidate.asset_class is AssetClass.FUTURE
        and candidate.symbol == root
        and candidate.expiry is not None
        and candidate.expiry >= today
    ]
    if not months:
        raise RefusedError(200, f"no future of {root} is listed; name one month, such as {root} 20250321")
    return min(months, key=lambda candidate: candidate.expiry or today)
