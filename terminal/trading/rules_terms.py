# SPDX-License-Identifier: Apache-2.0
"""Risk rules, second part: are the terms sound? Contract, type, price on its tick, quantity, bracket."""

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

from terminal.clock import NS_PER_S
from terminal.model.commands import OrderSpec
from terminal.model.enums import AssetClass, OrderType, TimeInForce
from terminal.model.instrument import Instrument
from terminal.trading.brackets import bracket_fault, exit_specs
from terminal.trading.request import Denial, OrderRequest, RiskContext

_IB_TYPE: Final = {
    OrderType.MARKET: "MKT",
    OrderType.LIMIT: "LMT",
    OrderType.STOP: "STP",
    OrderType.STOP_LIMIT: "STPLMT",
    OrderType.TRAIL: "TRAIL",
}
_NEEDS: Final[dict[OrderType, tuple[str, ...]]] = {
    OrderType.MARKET: (),
    OrderType.LIMIT: ("limit_price",),
    OrderType.STOP: ("stop_price",),
    OrderType.STOP_LIMIT: ("limit_price", "stop_price"),
    OrderType.TRAIL: (),
}
_MAY: Final[dict[OrderType, frozenset[str]]] = {
    **{kind: frozenset(names) for kind, names in _NEEDS.items()},
    OrderType.TRAIL: frozenset({"stop_price", "trail_amount", "trail_percent"}),
}
_TERMS: Final = ("limit_price", "stop_price", "trail_amount", "trail_percent")
_IMMEDIATE: Final = frozenset({OrderType.MARKET, OrderType.LIMIT})
_SIGNED: Final = frozenset({AssetClass.FUTURE, AssetClass.COMBO})


def known_instrument(request: OrderRequest, context: RiskContext) -> Denial | None:
    """Exactly one contract of the broker, not expired."""
    instrument = context.instrument
    name = request.spec.instrument_id
    if instrument is None or instrument.broker_id is None:
        return Denial(
            code="INSTRUMENT_UNKNOWN",
            reason=f"{name} is not a contract that the broker has confirmed; choose it from the search",
            context={"instrument": name},
        )
    if instrument.expiry is not None:
        zone = ZoneInfo(instrument.time_zone)
        today = datetime.fromtimestamp(context.now_ns // NS_PER_S, UTC).astimezone(zone).date()
        if instrument.expiry < today:
            return Denial(
                code="INSTRUMENT_UNKNOWN",
                reason=f"{name} expired on {instrument.expiry:%d %b %Y}; choose a later expiry",
                context={"instrument": name, "expiry": instrument.expiry.isoformat()},
            )
    return None


def supported(request: OrderRequest, context: RiskContext) -> Denial | None:
    instrument = context.instrument
    if instrument is None:
        return None
    spec = request.spec
    reason = ""
    if instrument.asset_class is AssetClass.INDEX:
        reason = "an index cannot be traded; use its futures, options or a fund"
    elif instrument.order_types and _IB_TYPE[spec.order_type] not in instrument.order_types:
        known = ", ".join(kind.value for kind, name in _IB_TYPE.items() if name in instrument.order_types)
        reason = f"{spec.order_type.value} is not possible for it; possible are {known}"
    elif spec.time_in_force is TimeInForce.IOC and spec.order_type not in _IMMEDIATE:
        reason = f"immediate or cancel does not go with {spec.order_type.value}; use it with market or limit"
    if not reason:
        return None
    return Denial(
        code="UNSUPPORTED",
        reason=f"{spec.instrument_id}: {reason}",
        context={"type": spec.order_type.value, "time_in_force": spec.time_in_force.value},
    )


def _specs(request: OrderRequest) -> Iterator[OrderSpec]:
    yield request.spec
    if request.bracket is not None:
        for _, spec in exit_specs(request.spec, request.bracket):
            yield spec


def prices(request: OrderRequest, context: RiskContext) -> Denial | None:
    """Every price that the type needs, none that it does not know, finite, positive and on its tick."""
    instrument = context.instrument
    if instrument is None:
        return None
    for spec in _specs(request):
        fault = _missing_or_extra(spec) or _bad_price(spec, instrument) or _bad_trail(spec)
        if fault:
            return Denial(code="PRICE_INVALID", reason=fault, context={"type": spec.order_type.value})
    return None


def _missing_or_extra(spec: OrderSpec) -> str:
    for name in _NEEDS[spec.order_type]:
        if getattr(spec, name) is None:
            return f"a {spec.order_type.value} order needs a {name.replace('_', ' ')}; enter one"
    for name in _TERMS:
        if getattr(spec, name) is not None and name not in _MAY[spec.order_type]:
            return f"a {spec.order_type.value} order has no {name.replace('_', ' ')}; leave it out"
    return ""


def _bad_price(spec: OrderSpec, instrument: Instrument) -> str:
    for label, price in (
        ("limit price", spec.limit_price),
        ("stop price", spec.stop_price),
        ("trailing amount", spec.trail_amount),
    ):
        if price is None:
            continue
        if not price.is_finite():
            return f"the {label} must be a number, was {price}"
        signed = instrument.asset_class in _SIGNED and label != "trailing amount"
        if price <= 0 and not signed:
            return f"the {label} must be above zero, was {price}"
        if not instrument.on_tick(price):
            tick = instrument.tick_at(price)
            nearest = instrument.snap(price)
            return f"the {label} must be a multiple of {tick}, was {price}; nearest is {nearest}"
    return ""


def _bad_trail(spec: OrderSpec) -> str:
    if spec.order_type is not OrderType.TRAIL:
        return ""
    if (spec.trail_amount is None) == (spec.trail_percent is None):
        return "a trailing order needs a trailing amount or a trailing percentage, and not both"
    percent = spec.trail_percent
    if percent is not None and not (percent.is_finite() and 0 < percent < 100):
        return f"the trailing percentage must lie between 0 and 100, was {percent}"
    return ""


def quantity(request: OrderRequest, context: RiskContext) -> Denial | None:
    instrument = context.instrument
    if instrument is None:
        return None
    asked = request.spec.quantity
    fault = ""
    if not asked.is_finite() or asked <= 0:
        fault = f"the quantity must be above zero, was {asked}"
    elif asked < instrument.min_size and not request.closes:
        fault = f"the quantity must be at least {instrument.min_size}, was {asked}"
    elif asked % instrument.size_increment:
        fault = f"the quantity must be a multiple of {instrument.size_increment}, was {asked}"
    if not fault:
        return None
    return Denial(code="QTY_INVALID", reason=fault, context={"quantity": str(asked)})


def bracket(request: OrderRequest, context: RiskContext) -> Denial | None:
    """Stop, entry and target in their order; an entry that can leave a part unfilled for ever carries none."""
    if request.bracket is None:
        return None
    fault = bracket_fault(request.spec, request.bracket, _entry_price(request.spec, context))
    if fault is None and request.spec.time_in_force is TimeInForce.IOC:
        fault = "an immediate or cancel entry cannot carry exits; use a day entry"
    if fault is None and request.bracket.time_in_force is TimeInForce.IOC:
        fault = "exits cannot be immediate or cancel; use day or good till cancelled"
    if fault is None and request.spec.order_type is OrderType.TRAIL:
        fault = "a trailing order cannot be an entry with exits; use limit, stop or market"
    if fault is None:
        return None
    return Denial(
        code="BRACKET_INVALID",
        reason=f"the bracket does not fit: {fault}",
        context={"stop": str(request.bracket.stop_price), "target": str(request.bracket.target_price)},
    )


def _entry_price(spec: OrderSpec, context: RiskContext) -> Decimal | None:
    """Return the price at which an entry is expected to fill: its own, or the side that a market order hits."""
    if spec.limit_price is not None:
        return spec.limit_price
    if spec.stop_price is not None:
        return spec.stop_price
    if context.quote is None:
        return None
    touch = context.quote.ask if spec.side.sign > 0 else context.quote.bid
    return Decimal(repr(touch)) if touch is not None else None
