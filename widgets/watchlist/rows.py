# SPDX-License-Identifier: Apache-2.0
"""Rows of the watchlist. No Qt."""

from decimal import Decimal
from typing import Final

from terminal.model.enums import AssetClass, DataType
from terminal.model.instrument import Instrument
from terminal.model.market import Quote
from widgets import formats
from widgets.formats import SignRule
from widgets.freshness import Freshness, freshness
from widgets.tables.columns import Cell, Column, Kind, Tone

COLUMNS: Final = (
    Column(key="symbol", title="Symbol", width=72, stretch=2.0, whole=True),
    Column(key="position", title="Pos", kind=Kind.QUANTITY, sign=SignRule.ALWAYS, width=40, hide_order=1),
    Column(key="bid", title="Bid", kind=Kind.NUMBER, width=68, shown=False, hide_order=0),
    Column(key="ask", title="Ask", kind=Kind.NUMBER, width=68, shown=False, hide_order=0),
    Column(key="last", title="Last", kind=Kind.NUMBER, width=66, flash=True),
    Column(key="change", title="%", kind=Kind.PERCENT, sign=SignRule.MONEY, width=54),
    Column(key="volume", title="Volume", kind=Kind.SIZE, width=54, shown=False, hide_order=0),
)

GROUPS: Final = {
    AssetClass.FUTURE: "Futures",
    AssetClass.STOCK: "Stock",
    AssetClass.OPTION: "Options",
    AssetClass.FOREX: "FX",
    AssetClass.INDEX: "Index",
    AssetClass.CRYPTO: "Crypto",
    AssetClass.COMBO: "Combos",
}
_ETFS: Final = frozenset({"SPY", "QQQ", "IWM", "TLT", "DIA", "GLD", "SLV", "XLF", "XLE", "XLK", "EEM", "HYG"})
_TYPE_WORDS: Final = {
    DataType.FROZEN: "frozen",
    DataType.DELAYED_FROZEN: "frozen",
}


def group_of(instrument: Instrument) -> str:
    if instrument.asset_class is AssetClass.STOCK and instrument.symbol in _ETFS:
        return "ETF"
    return GROUPS[instrument.asset_class]


def watch_cells(
    instrument: Instrument,
    quote: Quote | None,
    *,
    quantity: Decimal,
    age_s: float | None,
    stale_after_s: float,
    dead_after_s: float,
) -> dict[str, object]:
    """Return the cells of one symbol; what is not fresh stands beside its name, a mark after each delayed number."""
    decimals = instrument.decimals
    if quote is None:
        return {"symbol": instrument.label, "position": quantity or "", "last": None, "change": None}
    grade = freshness(age_s, stale_after_s, dead_after_s)
    notes = [_TYPE_WORDS[quote.data_type]] if quote.data_type in _TYPE_WORDS else []
    if grade is not Freshness.FRESH and age_s is not None:
        notes.append(formats.age(age_s, fine=False))
    if quote.halted:
        notes.append("halted")
    if quote.last is None and quote.mid is not None and instrument.asset_class is not AssetClass.FOREX:
        notes.append("mid")  # currencies have no last price, and everybody knows
    change = quote.change
    ratio = change / quote.previous_close if change is not None and quote.previous_close else None
    price = quote.last if quote.last is not None else quote.mid

    def late(value: float | None) -> str:
        return formats.delayed_note(value, delayed=quote.delayed)

    return {
        "symbol": Cell(
            instrument.label,
            note=" ".join(notes),
            strong=bool(quantity),
            tooltip=formats.DELAYED_HINT if quote.delayed else "",
        ),
        "position": quantity or "",
        "bid": Cell(quote.bid, decimals=decimals, freshness=grade, tone=Tone.BID, note=late(quote.bid)),
        "ask": Cell(quote.ask, decimals=decimals, freshness=grade, tone=Tone.ASK, note=late(quote.ask)),
        "last": Cell(price, decimals=decimals, freshness=grade, note=late(price)),
        "change": Cell(ratio, freshness=grade, note=late(ratio)),
        "volume": Cell(quote.volume, freshness=grade, note=late(quote.volume)),
    }


def missing_cells(text: str, reason: str) -> dict[str, object]:
    """Return the cells of a symbol that the broker does not know; the reason is its hint."""
    return {"symbol": Cell(text, tone=Tone.MUTED, tooltip=reason), "last": None, "change": None}
