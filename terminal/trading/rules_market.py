# SPDX-License-Identifier: Apache-2.0
"""Risk rules, fourth part: is the market fit for the order? Jumps of the price, and what a market order would meet.

Pure, like all rules. What they refuse a person may confirm, but for a market order with nobody on the other side; a
strategy never (docs/decisions/0027).
"""

from decimal import Decimal
from typing import Final

from terminal.model.enums import AssetClass, OrderType, Side
from terminal.model.instrument import Instrument
from terminal.model.market import LARGEST_SIZE, Quote
from terminal.trading.limits import RiskLimits
from terminal.trading.request import Denial, OrderRequest, RiskContext

JUMP: Final = "PRICE_JUMP"
MARKET: Final = "MKT_DISALLOWED"
_ROUNDING: Final = 1 + 1e-9
"""Ten ticks of floats may be a hair more than ten ticks."""


def price_jump(request: OrderRequest, context: RiskContext) -> Denial | None:
    """No decision on a price far from that of a minute ago: it may be an error, of the market's or of the feed."""
    instrument, quote, reference = context.instrument, context.quote, context.reference
    if instrument is None or quote is None or reference is None:
        return None
    price = quote.mid if quote.mid is not None else quote.last
    if price is None:
        return None
    option = instrument.asset_class is AssetClass.OPTION
    percent = context.limits.jump_percent_option if option else context.limits.jump_percent
    ticks = context.limits.collar_ticks_option if option else context.limits.collar_ticks
    tick = float(instrument.tick_at(Decimal(repr(reference))))
    moved = abs(price - reference)
    if moved <= max(abs(reference) * percent / 100, ticks * tick) * _ROUNDING:
        return None
    text = f"{moved / abs(reference) * 100:.0f} %" if reference else f"{moved:g}"
    return Denial(
        code=JUMP,
        reason=f"{request.spec.instrument_id}: the price {price:.{instrument.decimals}f} has moved by {text} within a "
        f"minute (from {reference:.{instrument.decimals}f}), limit {percent:g} %; wait a minute, or confirm to send "
        "all the same",
        context={"price": f"{price:g}", "reference": f"{reference:g}", "limit_percent": f"{percent:g}"},
        soft=True,
    )


def market_order(request: OrderRequest, context: RiskContext) -> Denial | None:
    """A market order takes what it gets: somebody must stand on both sides, close together, in regular hours."""
    instrument, quote, spec = context.instrument, context.quote, request.spec
    if spec.order_type is not OrderType.MARKET or instrument is None:
        return None
    buy = spec.side is Side.BUY
    far = None if quote is None else quote.ask if buy else quote.bid
    if quote is None or far is None:
        wanted, side = ("asks", "ask") if buy else ("bids", "bid")
        # what the core closes for a person goes all the same: the way out of a position is never barred by a price
        return _denial(
            request,
            f"nobody {wanted} now, so its price is anybody's guess; use a limit order",
            {"missing": side},
            soft=request.closes >= spec.quantity,
        )
    reason, numbers = _hours(request, instrument, context.now_ns)
    if not reason:
        reason, numbers = _spread(instrument, quote, context.limits)
    if not reason:
        reason, numbers = _size(request, quote.ask_size if buy else quote.bid_size, context.limits)
    if not reason:
        return None
    return _denial(request, f"{reason}; use a limit order, or confirm to send all the same", numbers, soft=True)


def _denial(request: OrderRequest, reason: str, numbers: dict[str, str], *, soft: bool) -> Denial:
    return Denial(
        code=MARKET,
        reason=f"a market order in {request.spec.instrument_id} is not sent: {reason}",
        context=numbers,
        soft=soft,
    )


def _hours(request: OrderRequest, instrument: Instrument, now_ns: int) -> tuple[str, dict[str, str]]:
    """Hours that are not known stop a strategy; a person sees the clock."""
    regular = instrument.is_open(now_ns, outside_regular_hours=False)
    if regular or (regular is None and request.by_person):
        return "", {}
    reason = "its hours are not known" if regular is None else "these are not its regular hours"
    return reason, {"regular_hours": "unknown" if regular is None else "no"}


def _spread(instrument: Instrument, quote: Quote, limits: RiskLimits) -> tuple[str, dict[str, str]]:
    bid, ask, middle = quote.bid, quote.ask, quote.mid
    if bid is None or ask is None or middle is None:
        side = "bid" if bid is None else "ask"
        return f"there is no {side}, so how wide the market is cannot be said", {"missing": side}
    option = instrument.asset_class is AssetClass.OPTION
    limit = limits.market_spread_percent_option if option else limits.market_spread_percent
    tick = float(instrument.tick_at(Decimal(repr(middle))))
    if ask - bid <= max(abs(middle) * limit / 100, tick) * _ROUNDING:  # one tick is as close as two sides can stand
        return "", {}
    percent = (ask - bid) / abs(middle) * 100 if middle else float("inf")
    text = f"bid {bid:g} and ask {ask:g} stand {percent:.1f} % apart, limit {limit:g} %"
    return text, {"spread_percent": f"{percent:.2f}", "limit_percent": f"{limit:g}"}


def _size(request: OrderRequest, shown: float | None, limits: RiskLimits) -> tuple[str, dict[str, str]]:
    """A size that is not told (or as 0, like odd lots), or that cannot be, stops a strategy; a person sees the book."""
    quantity = float(request.spec.quantity)
    if shown is None or not 0 < shown < LARGEST_SIZE:
        if request.by_person:
            return "", {}
        return "how much stands at the touch is not known", {"shown": ""}
    most = shown * limits.market_size_percent / 100
    if quantity <= most:
        return "", {}
    text = f"{quantity:g} is more than {limits.market_size_percent:g} % of the {shown:g} at the touch"
    return text, {"shown": f"{shown:g}", "limit_percent": f"{limits.market_size_percent:g}"}
