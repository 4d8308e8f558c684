# SPDX-License-Identifier: Apache-2.0
"""Stops, trails, touched orders and price conditions: when a price triggers them and where a trail's stop stands.

Trigger methods as IBKR documents them
(https://www.interactivebrokers.com/campus/ibkr-api-page/twsapi-doc/#trigger-methods): 1 two consecutive bids or asks,
2 one last price, 3 two consecutive last prices, 4 one bid or ask, 7 last or bid or ask, 8 the midpoint. What rises to
its trigger looks at the bid, what falls to it at the ask. The default (0) is the last price; for options and
currencies, whose prints are rare or absent, method 1. Prices in ticks.
"""

from typing import Final, NamedTuple

from terminal.model.enums import AssetClass
from terminal.simulation.orders import Working

DOUBLE_QUOTE, LAST, DOUBLE_LAST, QUOTE, ANY, MIDDLE = 1, 2, 3, 4, 7, 8
_BY_QUOTE: Final = frozenset({AssetClass.OPTION, AssetClass.FOREX})
_TRAILS: Final = frozenset({"TRAIL", "TRAIL LIMIT"})
_TOUCHED: Final = frozenset({"MIT", "LIT"})


class Seen(NamedTuple):
    """What one market event shows. ``last`` is None when nothing printed."""

    bid: int | None
    ask: int | None
    last: int | None


def method_of(kind: AssetClass, asked: int) -> int:
    """Return the trigger method that holds when a client asked for ``asked`` (0: the default)."""
    return asked or (DOUBLE_QUOTE if kind in _BY_QUOTE else LAST)


def prices(method: int, up: bool, seen: Seen) -> list[float]:
    """Return the prices that this method looks at; none when the event shows nothing of the kind."""
    quote = seen.bid if up else seen.ask
    middle = None if seen.bid is None or seen.ask is None else (seen.bid + seen.ask) / 2
    chosen: tuple[float | None, ...]
    match method:
        case 2 | 3:
            chosen = (seen.last,)
        case 7:
            chosen = (seen.last, quote)
        case 8:
            chosen = (middle,)
        case _:
            chosen = (quote,)
    return [price for price in chosen if price is not None]


def count(method: int, up: bool, level: float, seen: Seen, hits: int) -> int:
    """Return how many consecutive observations lie at or beyond ``level`` after this event."""
    found = prices(method, up, seen)
    if not found:
        return hits
    beyond = any(price >= level if up else price <= level for price in found)
    return hits + 1 if beyond else 0


def needed(method: int) -> int:
    """Return how many consecutive observations trigger."""
    return 2 if method in {DOUBLE_QUOTE, DOUBLE_LAST} else 1


def fires(working: Working, seen: Seen) -> bool:
    """Say whether this event triggers the order; keeps the count that the double methods need."""
    if working.stop is None:
        return False
    order = working.state.order
    up = working.sign > 0 if order.order_type not in _TOUCHED else working.sign < 0
    method = method_of(working.instrument.asset_class, order.trigger_method)
    working.hits = count(method, up, working.stop, seen, working.hits)
    return working.hits >= needed(method)


def reference(working: Working, seen: Seen) -> float | None:
    """Return the price that a trail follows in this event; None when it shows none."""
    order = working.state.order
    method = method_of(working.instrument.asset_class, order.trigger_method)
    found = prices(method, working.sign > 0, seen)
    return found[0] if found else None


def follow(working: Working, seen: Seen) -> bool:
    """Move a trail's stop (and the limit behind it) after the market, never away from it; say whether it moved."""
    order = working.state.order
    if order.order_type not in _TRAILS:
        return False
    price = reference(working, seen)
    if price is None:
        return False
    wanted = round(price) + working.sign * trail_distance(working, price)
    if working.stop is None:
        initial = order.trail_stop_price
        working.stop = working.tick(initial) if initial is not None else wanted
    elif (wanted - working.stop) * working.sign < 0:
        working.stop = wanted
    else:
        return False
    if order.order_type == "TRAIL LIMIT":
        working.limit = working.stop + working.sign * limit_offset(working)
    return True


def trail_distance(working: Working, price: float) -> int:
    """Return the trailing distance in ticks at ``price`` (at least one)."""
    order = working.state.order
    if order.trailing_percent is not None:
        return max(round(price * order.trailing_percent / 100.0), 1)
    return max(working.tick(order.aux_price or 0.0), 1)


def limit_offset(working: Working) -> int:
    """Return how far beyond its stop a trailing limit's limit stands, in ticks."""
    order = working.state.order
    if order.limit_offset is not None:
        return working.tick(order.limit_offset)
    if order.limit_price is None or order.trail_stop_price is None:
        return 0
    return (working.tick(order.limit_price) - working.tick(order.trail_stop_price)) * working.sign
