# SPDX-License-Identifier: Apache-2.0
"""Pegged orders: where MIDPRICE and relative orders stand for a quote. Pure; prices in ticks.

MIDPRICE: the middle of the quote, rounded towards the own side, never beyond its cap, not displayed. Relative
(pegged to primary): the own side's best price made better by an offset or a share of it, never beyond its cap.
(https://www.interactivebrokers.com/en/trading/orders/midprice.php, .../relative.php)
"""

from terminal.simulation.book import LimitBook
from terminal.simulation.orders import Working


def wanted(working: Working, book: LimitBook) -> int | None:
    """Return the tick at which the order should stand now; None without a quote."""
    bid, ask, sign = book.bid, book.ask, working.sign
    if bid is None or ask is None:
        return None
    order = working.state.order
    if order.order_type == "MIDPRICE":
        tick = (bid + ask) // 2 if sign > 0 else -(-(bid + ask) // 2)
    else:
        own = bid if sign > 0 else ask
        offset = working.tick(order.aux_price) if order.aux_price else round(own * (order.percent_offset or 0.0))
        tick = own + sign * offset
    tick = _on_price_tick(working, tick)
    if order.limit_price:
        cap = working.tick(order.limit_price)
        tick = min(tick, cap) if sign > 0 else max(tick, cap)
    return tick


def _on_price_tick(working: Working, tick: int) -> int:
    """Move a tick of the book, which may be finer than order prices, to the own side's nearest order price."""
    price = working.instrument.snap(tick * working.unit, "down" if working.sign > 0 else "up")
    return int(price / working.unit)
