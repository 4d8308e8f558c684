# SPDX-License-Identifier: Apache-2.0
"""Contract search: which instruments match what a client left set. Pure selection over a source."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from terminal.model.enums import AssetClass, OptionRight
from terminal.model.instrument import Instrument
from terminal.simulation.futures import contract_month
from terminal.simulation.source import MarketSource

SEC_TYPES: Final = {
    "STK": AssetClass.STOCK,
    "OPT": AssetClass.OPTION,
    "FUT": AssetClass.FUTURE,
    "CASH": AssetClass.FOREX,
    "IND": AssetClass.INDEX,
    "CRYPTO": AssetClass.CRYPTO,
}
_ROUTED: Final = frozenset({"", "SMART", "ISLAND", "NASDAQ", "NYSE", "ARCA", "BATS", "IEX", "DRCTEDGE", "AMEX", "CBOE"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A contract description as clients send it; empty and 0 match everything."""

    symbol: str
    sec_type: str
    expiry: str = ""
    strike: float = 0.0
    right: str = ""
    exchange: str = ""
    currency: str = ""
    local_symbol: str = ""
    trading_class: str = ""
    multiplier: str = ""


def find(source: MarketSource, day: int, wanted: Wanted) -> list[Instrument]:
    """Return what matches."""
    kind = SEC_TYPES.get(wanted.sec_type)
    if kind is None:
        return []
    if kind is AssetClass.OPTION:
        symbol = wanted.symbol or wanted.local_symbol[:6].strip()
        candidates: Iterable[Instrument] = source.option_contracts(
            symbol, day, expiry=wanted.expiry, strike=wanted.strike, right=wanted.right[:1]
        )
    else:
        candidates = source.instruments(day)
    return [item for item in candidates if item.asset_class is kind and _matches(item, wanted)]


def _matches(item: Instrument, wanted: Wanted) -> bool:
    pairs = (
        (wanted.symbol, item.symbol),
        (wanted.currency, item.currency),
        (wanted.local_symbol, item.local_symbol),
        (wanted.trading_class, item.trading_class),
    )
    if any(asked and asked != has for asked, has in pairs):
        return False
    if wanted.multiplier and float(wanted.multiplier) != float(item.multiplier):
        return False
    if not _exchange_matches(item, wanted.exchange):
        return False
    return _derivative_matches(item, wanted)


def _exchange_matches(item: Instrument, exchange: str) -> bool:
    if item.asset_class in {AssetClass.STOCK, AssetClass.OPTION}:
        return exchange in _ROUTED
    return exchange in {"", item.exchange} or (exchange == "GLOBEX" and item.exchange == "CME")


def _derivative_matches(item: Instrument, wanted: Wanted) -> bool:
    if wanted.expiry and not _expiry_matches(item, wanted.expiry):
        return False
    if wanted.strike and (item.strike is None or float(item.strike) != wanted.strike):
        return False
    if wanted.right and wanted.right not in {"0", "?"}:
        right = OptionRight.CALL if wanted.right.upper().startswith("C") else OptionRight.PUT
        return item.right is right
    return True


def _expiry_matches(item: Instrument, wanted: str) -> bool:
    if item.expiry is None:
        return False
    if item.asset_class is AssetClass.FUTURE and len(wanted) == 6:
        return contract_month(item) == wanted
    return f"{item.expiry:%Y%m%d}".startswith(wanted)


def search(instruments: Sequence[Instrument], pattern: str) -> list[Instrument]:
    """Return stocks and pairs whose symbol begins with, or whose name contains, ``pattern``; exact symbols first."""
    text = pattern.strip().upper()
    if not text:
        return []
    found = [
        item
        for item in instruments
        if item.asset_class is not AssetClass.FUTURE
        and (item.symbol.startswith(text) or item.local_symbol.startswith(text) or text in item.name.upper())
    ]
    return sorted(found, key=lambda item: (item.symbol != text, not item.symbol.startswith(text), item.symbol))
