# SPDX-License-Identifier: Apache-2.0
"""Stops and trails: when they fire and where a trail's stop stands.

IBKR's default trigger methods: last price for stocks and futures; two consecutive quotes beyond the stop (bid for a
buy, ask for a sell) for options and currencies, whose prints are rare or absent
(https://www.interactivebrokers.com/campus/ibkr-api-page/twsapi-doc/#trigger-methods). Prices in ticks.
"""

from typing import Final

from terminal.model.enums import AssetClass
from terminal.simulation.orders import Working, price_to_tick

_BY_QUOTE: Final = frozenset({AssetClass.OPTION, AssetClass.FOREX})


def by_quote(working: Working) -> bool:
    """Say whether quotes, not prints, move this order's trigger."""
    return working.instrument.asset_class in _BY_QUOTE


def reference(working: Working, bid: int | None, ask: int | None, last: int | None) -> int | None:
    """Return the price that a trigger compares with its stop; None when there is none now."""
    if by_quote(working):
        return bid if working.sign > 0 else ask
    return last


def follow(working: Working, price: int) -> bool:
    """Move a trail's stop after ``price``; say whether it moved. It never moves away from the market."""
    order = working.state.order
    if order.order_type != "TRAIL":
        return False
    distance = trail_distance(working, price)
    wanted = price + working.sign * distance
    if working.stop is None:
        initial = order.trail_stop_price
        working.stop = price_to_tick(working.unit, initial) if initial is not None else wanted
        return True
    if (wanted - working.stop) * working.sign < 0:
        working.stop = wanted
        return True
    return False


def trail_distance(working: Working, price: int) -> int:
    """Return the trailing distance in ticks at ``price`` (at least one)."""
    order = working.state.order
    if order.trailing_percent is not None:
        return max(round(price * order.trailing_percent / 100.0), 1)
    return max(price_to_tick(working.unit, order.aux_price or 0.0), 1)


def fires(working: Working, price: int) -> bool:
    """Say whether ``price`` triggers the order; counts the quotes that the double rule needs."""
    if working.stop is None:
        return False
    if (price - working.stop) * working.sign < 0:
        working.opposite_quotes = 0
        return False
    working.opposite_quotes += 1
    return working.opposite_quotes >= (2 if by_quote(working) else 1)
