# SPDX-License-Identifier: Apache-2.0
"""Risk rules, third part: is it too much, too far, too fast? Sizes, value, price collar, position, loss, rate."""

from decimal import Decimal
from typing import Final

from terminal.model.commands import OrderSpec
from terminal.model.enums import AssetClass, DataType, OrderType, Side
from terminal.model.instrument import Instrument
from terminal.trading.limits import RiskLimits
from terminal.trading.request import Denial, OrderRequest, RiskContext

_LIVE_DATA: Final = frozenset({DataType.LIVE})


def max_quantity_of(instrument: Instrument, limits: RiskLimits) -> float:
    """Return the largest order quantity for the kind of instrument."""
    match instrument.asset_class:
        case AssetClass.FOREX | AssetClass.CRYPTO:
            return limits.max_quantity_forex
        case AssetClass.STOCK:
            return limits.max_quantity_stock
        case _:
            return limits.max_quantity_contracts


def max_notional_of(instrument: Instrument, limits: RiskLimits) -> float:
    """Return the largest order value, in base currency, for the kind of instrument."""
    match instrument.asset_class:
        case AssetClass.FOREX | AssetClass.CRYPTO:
            return limits.max_notional_forex
        case AssetClass.FUTURE:
            return limits.max_notional_futures
        case _:
            return limits.max_notional


def max_position_of(instrument: Instrument, limits: RiskLimits) -> float:
    """Return the largest position for the kind of instrument, in units of quantity."""
    match instrument.asset_class:
        case AssetClass.FOREX | AssetClass.CRYPTO:
            return limits.max_position_forex
        case AssetClass.STOCK:
            return limits.max_position_stock
        case _:
            return limits.max_position_contracts


def max_quantity(request: OrderRequest, context: RiskContext) -> Denial | None:
    if context.instrument is None or request.opens <= 0:
        return None
    limit = max_quantity_of(context.instrument, context.limits)
    if request.opens <= Decimal(repr(limit)):
        return None
    return Denial(
        code="MAX_QTY",
        reason=f"the quantity {request.opens:,} is above the limit of {limit:,.0f}; "
        "send less, or raise the limit in the risk settings",
        context={"quantity": str(request.opens), "limit": f"{limit:g}"},
    )


def valuation_price(spec: OrderSpec, context: RiskContext) -> float | None:
    """Return the price that an order may cost at worst: its own prices or the touch that it would hit."""
    quote = context.quote
    candidates = [float(price) for price in (spec.limit_price, spec.stop_price) if price is not None]
    touch = None
    if quote is not None:
        touch = quote.ask if spec.side is Side.BUY else quote.bid
        if touch is None:
            touch = quote.mark
    if spec.order_type is OrderType.LIMIT:
        if spec.side is Side.SELL and touch is not None:
            candidates.append(touch)
    elif touch is not None:
        collar = 1 + context.limits.collar_percent / 100 if spec.side is Side.BUY else 1.0
        candidates.append(touch * collar)
    return max((abs(price) for price in candidates), default=None)


def max_notional(request: OrderRequest, context: RiskContext) -> Denial | None:
    instrument = context.instrument
    if instrument is None or request.opens <= 0:
        return None
    limit = max_notional_of(instrument, context.limits)
    price = valuation_price(request.spec, context)
    if price is None or context.rate_to_base is None:
        missing = "price" if price is None else f"exchange rate for {instrument.currency}"
        return Denial(
            code="MAX_NOTIONAL",
            reason=f"the value of the order cannot be computed: no {missing}; use a limit order or wait for data",
            context={"limit": f"{limit:g}"},
        )
    value = float(request.opens) * price * float(instrument.multiplier) * context.rate_to_base
    if value <= limit:
        return None
    return Denial(
        code="MAX_NOTIONAL",
        reason=f"the order is worth up to {value:,.0f}, above the limit of {limit:,.0f}; "
        "send less, or raise the limit in the risk settings",
        context={"value": f"{value:.2f}", "limit": f"{limit:g}", "price": f"{price:g}"},
    )


def stale_quote(request: OrderRequest, context: RiskContext) -> Denial | None:
    """No decision on a price that is old, delayed, absent or halted; a person may insist."""
    quote, age, limit = context.quote, context.quote_age_s, context.limits.stale_after_s
    reason = ""
    if quote is None or age is None or (quote.bid is None and quote.ask is None and quote.last is None):
        reason = "there is no quote"
    elif quote.data_type not in _LIVE_DATA:  # before the age: waiting does not help here
        reason = f"the quote is {quote.data_type.value.replace('_', ' ')}, not live"
    elif age > limit:
        reason = f"the quote is {age:.1f} s old, limit {limit:g} s"
    elif quote.halted:
        reason = "the exchange has halted trading in it"
    if not reason:
        return None
    return Denial(
        code="STALE_QUOTE",
        reason=f"{request.spec.instrument_id}: {reason}; wait for data, or confirm to send all the same",
        context={"age_s": "" if age is None else f"{age:.1f}", "limit_s": f"{limit:g}"},
        soft=True,
    )


def price_collar(request: OrderRequest, context: RiskContext) -> Denial | None:
    """A limit not too far through the market, that of a stop limit through its stop; a stop on its own side."""
    instrument, quote, spec = context.instrument, context.quote, request.spec
    if instrument is None or quote is None:
        return None  # STALE_QUOTE has spoken
    standing = request.order.spec.stop_price if request.order is not None else None
    if spec.order_type in (OrderType.STOP, OrderType.STOP_LIMIT) and spec.stop_price != standing:
        denial = _stop_side(spec, quote.last if quote.last is not None else quote.mid)
        if denial is not None:
            return denial
    if spec.order_type is OrderType.STOP_LIMIT and spec.stop_price is not None:
        return _collar(instrument, spec, float(spec.stop_price), "its stop", context.limits)
    if spec.order_type is not OrderType.LIMIT:
        return None
    buy = spec.side is Side.BUY
    touch = quote.ask if buy else quote.bid
    reference = context.model_price if instrument.asset_class is AssetClass.OPTION else None
    if reference is None:
        reference = touch if touch is not None else quote.mark
    if reference is None:
        return None
    return _collar(instrument, spec, reference, "the market", context.limits)


def _collar(instrument: Instrument, spec: OrderSpec, reference: float, what: str, limits: RiskLimits) -> Denial | None:
    if spec.limit_price is None:
        return None
    option = instrument.asset_class is AssetClass.OPTION
    percent = limits.collar_percent_option if option else limits.collar_percent
    ticks = limits.collar_ticks_option if option else limits.collar_ticks
    tick = instrument.tick_at(Decimal(repr(reference)))
    room = max(Decimal(repr(abs(reference) * percent / 100)), ticks * tick)
    through = (spec.limit_price - Decimal(repr(reference))) * spec.side.sign
    if through <= room:
        return None
    return Denial(
        code="PRICE_COLLAR",
        reason=f"the limit {spec.limit_price} lies {through:.{instrument.decimals}f} through {what} "
        f"({reference:.{instrument.decimals}f}), more than {room:.{instrument.decimals}f} allowed; "
        "correct the price, or confirm it",
        context={"limit": str(spec.limit_price), "reference": f"{reference:g}", "allowed": f"{room:f}"},
        soft=True,
    )


def _stop_side(spec: OrderSpec, market: float | None) -> Denial | None:
    if spec.stop_price is None or market is None:
        return None
    beyond = (spec.stop_price - Decimal(repr(market))) * spec.side.sign
    if beyond >= 0:
        return None
    side, place = ("buy", "above") if spec.side is Side.BUY else ("sell", "below")
    return Denial(
        code="PRICE_COLLAR",
        reason=f"a {side} stop must lie {place} the market ({market:g}), was {spec.stop_price}: it would trigger "
        "at once; correct the price, or confirm it",
        context={"stop": str(spec.stop_price), "market": f"{market:g}"},
        soft=True,
    )


def max_position(request: OrderRequest, context: RiskContext) -> Denial | None:
    """Position plus everything of that side that may still fill, the new order included."""
    instrument = context.instrument
    if instrument is None:
        return None
    side = request.spec.side
    after = context.position * side.sign + context.working(side) + context.new_leaves(request)
    limit = max_position_of(instrument, context.limits)
    numbers = {"position": str(context.position), "working": str(context.working(side)), "limit": f"{limit:g}"}
    if side is Side.SELL and after > 0 and not context.limits.allow_short:
        return Denial(
            code="MAX_POSITION",
            reason=f"the order could make the position {-after}, and short positions are switched off; "
            "send less, or allow them in the risk settings",
            context=numbers,
        )
    if after <= Decimal(repr(limit)) or context.reduces(request):
        return None
    return Denial(
        code="MAX_POSITION",
        reason=f"the position could become {after * side.sign:,} (now {context.position:,}, working "
        f"{context.working(side):,}), above the limit of {limit:,.0f}; send less, cancel orders, or raise the limit",
        context=numbers,
    )


def daily_loss(request: OrderRequest, context: RiskContext) -> Denial | None:
    loss, limits = context.day_loss_percent, context.limits
    if loss is None:
        return Denial(
            code="DAILY_LOSS",
            reason="today's profit and loss is not known yet (net liquidation or a price is missing); "
            "wait for the account, or confirm to send all the same",
            soft=True,
        )
    numbers = {"loss_percent": f"{loss:.2f}", "limit_percent": f"{limits.loss_reduce_percent:g}"}
    if loss >= limits.loss_halt_percent:
        return Denial(
            code="DAILY_LOSS",
            reason=f"today's loss is {loss:.2f} % of net liquidation, limit {limits.loss_halt_percent:g} %: no "
            "order may leave; once that is proved it stays so until the next trading day, or until the limit is raised",
            context=numbers,
        )
    if loss >= limits.loss_reduce_percent and not context.reduces(request):
        return Denial(
            code="DAILY_LOSS",
            reason=f"today's loss is {loss:.2f} % of net liquidation, limit {limits.loss_reduce_percent:g} %: only "
            "orders that reduce a position may leave",
            context=numbers,
        )
    return None


def order_rate(request: OrderRequest, context: RiskContext) -> Denial | None:
    limits = context.limits
    checks = [("account second", context.account_second, limits.account_orders_per_second)]
    if request.strategy_id is not None:
        checks += [
            ("strategy second", context.strategy_second, limits.orders_per_second),
            ("strategy minute", context.strategy_minute, limits.orders_per_minute),
            ("strategy day", context.strategy_day, limits.orders_per_day),
        ]
    for label, sent, limit in checks:
        if sent + request.legs > limit:
            owner, span = label.split()
            return Denial(
                code="RATE_LIMIT",
                reason=f"the {owner} has sent {sent} orders within a {span} and {request.legs} would follow, "
                f"limit {limit}; wait, or raise the limit",
                context={"scope": owner, "span": span, "sent": str(sent), "limit": str(limit)},
            )
    return None


def duplicate(request: OrderRequest, context: RiskContext) -> Denial | None:
    if request.order is not None or context.same_before_s is None:
        return None
    return Denial(
        code="DUPLICATE",
        reason=f"the same order was sent {context.same_before_s:.1f} s ago (window "
        f"{context.limits.duplicate_window_s:g} s); confirm it if you want it twice",
        context={"ago_s": f"{context.same_before_s:.2f}", "window_s": f"{context.limits.duplicate_window_s:g}"},
        soft=True,
    )


def max_open(request: OrderRequest, context: RiskContext) -> Denial | None:
    if request.order is not None:
        return None
    limits = context.limits
    exits = 0
    if request.bracket is not None:
        exits = (request.bracket.stop_price is not None) + (request.bracket.target_price is not None)
    buying = request.spec.side is Side.BUY
    buys = context.open_buys + (1 if buying else exits)
    sells = context.open_sells + (exits if buying else 1)
    most = max(buys, sells)
    if most > limits.max_open_per_side:
        return Denial(
            code="MAX_OPEN",
            reason=f"{most} orders would work on one side of {request.spec.instrument_id}, limit "
            f"{limits.max_open_per_side}; cancel some first",
            context={"open": str(most), "limit": str(limits.max_open_per_side)},
        )
    total = context.open_account + 1 + exits
    if total > limits.max_open_account:
        return Denial(
            code="MAX_OPEN",
            reason=f"{total} orders would work in the account, limit {limits.max_open_account}; cancel some first",
            context={"open": str(total), "limit": str(limits.max_open_account)},
        )
    return None
