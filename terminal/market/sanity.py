# SPDX-License-Identifier: Apache-2.0
"""What a price or a size can be at all. Pure; it says what cannot be, never what should be.

Two bounds (docs/decisions/0027): one that no instrument reaches, and one that follows the previous close. A price
that only moved far within a minute is no nonsense: the risk gate asks about it.
"""

from dataclasses import fields, replace
from math import isfinite
from typing import Any, Final

from terminal.model.market import HIGHEST_PRICE, LARGEST_SIZE, Bar, Depth, OptionQuote, Quote

TIMES_CLOSE: Final = 1_000.0
LEAST_CLOSE: Final = 1.0
"""Below it one cent is a large step, and an option can grow a thousandfold in a day."""
FAR_CLOSE: Final = HIGHEST_PRICE / TIMES_CLOSE
"""From here on no multiple of it is the tighter bound."""
_HIGHEST_VOLATILITY: Final = 100.0
"""10,000 % a year."""
_PRICES: Final = ("bid", "ask", "last", "open", "high", "low", "previous_close")
_SIZES: Final = ("bid_size", "ask_size", "last_size", "volume")
_GREEKS: Final = tuple(
    each.name for each in fields(OptionQuote) if each.name not in ("instrument_id", "received_ns", "source")
)


def highest_price(previous_close: float | None) -> float:
    """Return the price that nothing of this instrument can reach today."""
    if previous_close is None or not LEAST_CLOSE <= previous_close < HIGHEST_PRICE:
        return HIGHEST_PRICE
    return min(previous_close * TIMES_CLOSE, HIGHEST_PRICE)


def plain_depth(depth: Depth) -> bool:
    """Say whether the ends of both sides can be: a book in order lies between them. Cheap, for every change."""
    for side in (depth.bids, depth.asks):
        if side and not (_level(side[0].price, side[0].size) and _level(side[-1].price, side[-1].size)):
            return False
    return True


def price_faults(quote: Quote, *, signed: bool) -> dict[str, str]:
    """Return the kind of nonsense of each price that cannot be, by its field. ``signed``: it may be below zero."""
    close = quote.previous_close
    sound_close = close if close is not None and isfinite(close) else None
    found = {}
    for name in _PRICES:
        value: float | None = getattr(quote, name)
        bound = HIGHEST_PRICE if name == "previous_close" else highest_price(sound_close)
        fault = "" if value is None else _price_fault(value, bound, signed=signed)
        if fault:
            found[name] = fault
    return found


def _price_fault(value: float, bound: float, *, signed: bool) -> str:
    if not isfinite(value):
        return "non-finite"
    if value <= 0 and not signed:
        return "non-positive"
    return "" if abs(value) < bound else "absurd"


def size_faults(quote: Quote) -> dict[str, str]:
    """Return the sizes that cannot be, by their field."""
    values = {name: getattr(quote, name) for name in _SIZES}
    return {name: "bad size" for name, value in values.items() if value is not None and not 0 <= value < LARGEST_SIZE}


def sound_depth(depth: Depth) -> Depth:
    """Return the book without the levels whose price or size cannot be; the same book when all can."""
    bids = tuple(level for level in depth.bids if _level(level.price, level.size))
    asks = tuple(level for level in depth.asks if _level(level.price, level.size))
    if len(bids) == len(depth.bids) and len(asks) == len(depth.asks):
        return depth
    return replace(depth, bids=bids, asks=asks)


def _level(price: float, size: float) -> bool:
    return -HIGHEST_PRICE < price < HIGHEST_PRICE and 0 <= size < LARGEST_SIZE


def sound_option(quote: OptionQuote) -> OptionQuote:
    """Return the computation without the figures that cannot be; the same one when all can."""
    bad = [name for name in _GREEKS if not _figure(name, getattr(quote, name))]
    absent: dict[str, Any] = dict.fromkeys(bad)
    return replace(quote, **absent) if bad else quote


def _figure(name: str, value: float | None) -> bool:
    if value is None:
        return True
    return abs(value) < (_HIGHEST_VOLATILITY if name == "implied_volatility" else HIGHEST_PRICE)


def sound_bar(bar: Bar) -> bool:
    """Say whether the four prices and the volume of a bar can be."""
    return (
        -HIGHEST_PRICE < bar.low <= bar.high < HIGHEST_PRICE
        and -HIGHEST_PRICE < bar.open < HIGHEST_PRICE
        and -HIGHEST_PRICE < bar.close < HIGHEST_PRICE
        and 0 <= bar.volume < LARGEST_SIZE
    )
