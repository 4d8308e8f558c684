# SPDX-License-Identifier: Apache-2.0
"""Orders on their way to the market: placeOrder read into a `SimOrder`.

Pure translation. A field that the market does not know goes to `attributes`
unless it has its default, so that the market can refuse what it does not do;
nothing that a client asked for may vanish here.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from math import isfinite
from typing import Final
from zoneinfo import ZoneInfo

from brokers.simulator.contracts import invalid
from brokers.simulator.protocol.values import Value
from brokers.simulator.request import Request
from terminal.clock import NS_PER_S
from terminal.model.instrument import Instrument
from terminal.simulation.exchange_port import SimCondition, SimLeg, SimOrder, SimulatorRefusalError

NO_DELTA_NEUTRAL: Final = "None"
"""What TWS writes for "no delta-neutral order"; clients take it for a type and send its block back."""

_CONTRACT: Final = (
    "order_id", "con_id", "symbol", "sec_type", "last_trade_date", "strike", "right", "multiplier", "exchange",
    "primary_exchange", "currency", "local_symbol", "trading_class", "sec_id_type", "sec_id", "combo_legs",
    "order_combo_legs", "smart_combo_params", "delta_neutral_contract",
)  # fmt: skip
_ORDER: Final = (
    "action", "total_quantity", "order_type", "limit_price", "aux_price", "tif", "oca_group", "account", "order_ref",
    "transmit", "parent_id", "outside_rth", "oca_type", "what_if", "trail_stop_price", "trailing_percent",
    "trigger_method", "limit_price_offset", "percent_offset", "display_size", "hidden", "all_or_none",
    "good_after_time", "good_till_date", "cash_qty", "conditions", "conditions_ignore_rth", "conditions_cancel_order",
)  # fmt: skip
_KNOWN: Final = frozenset((*_CONTRACT, *_ORDER))
"""Fields that have a place of their own."""

_DEFAULTS: Final[Mapping[str, tuple[Value, ...]]] = {
    "open_close": ("O",),
    "exempt_code": (-1,),
    "rule_80a": ("0",),
    "delta_neutral_order_type": (NO_DELTA_NEUTRAL,),
    "adjusted_order_type": ("None",),
    "clearing_intent": ("IB",),
}
"""Texts that mean "not set" besides empty, zero and no; TWS and the libraries send them."""

_IBKR_NAMES: Final[Mapping[str, str]] = {
    "rule_80a": "rule80A",
    "etrade_only": "eTradeOnly",
    "discretionary_amount": "discretionaryAmt",
    "discretionary_up_to_limit": "discretionaryUpToLimitPrice",
    "misc_options": "orderMiscOptions",
    "pegged_change_decrease": "isPeggedChangeAmountDecrease",
    "soft_dollar_name": "softDollarTier",
    "soft_dollar_value": "softDollarTierValue",
}
"""Names that are not the plain camel case of ours."""
BAD_TIME: Final = (
    "The date, time, or time-zone entered is invalid. The correct format is yyyymmdd hh:mm:ss xxx where yyyymmdd and "
    "xxx are optional. E.g.: 20031126 15:59:00 EST"
)


def parse_order(
    request: Request, instrument: Instrument | None, *, account: str, client_id: int, parent_perm_id: int, now_ns: int
) -> SimOrder:
    """The order of a placeOrder request; without an instrument it is a combination.

    Raises SimulatorRefusalError for what cannot be an order at all: 321 for
    side and prices, 343 for times, 434 for a zero size.
    """
    action = request.text("action")
    if action not in ("BUY", "SELL"):
        raise invalid(f"Invalid order side '{action}', must be BUY or SELL")
    zone = ZoneInfo(instrument.time_zone if instrument is not None else "America/New_York")
    return SimOrder(
        account=account,
        con_id=instrument.broker_id or 0 if instrument is not None else 0,
        action=action,
        quantity=_quantity(request),
        order_type=request.text("order_type"),
        limit_price=_price(request, "limit_price", zero=instrument is None),
        aux_price=_price(request, "aux_price"),
        trail_stop_price=_price(request, "trail_stop_price"),
        trailing_percent=_price(request, "trailing_percent"),
        tif=request.text("tif") or "DAY",
        outside_rth=request.flag("outside_rth"),
        transmit=request.flag("transmit"),
        oca_group=request.text("oca_group"),
        oca_type=request.integer("oca_type"),
        parent_perm_id=parent_perm_id,
        order_ref=request.text("order_ref"),
        client_id=client_id,
        order_id=request.integer("order_id"),
        what_if=request.flag("what_if"),
        trigger_method=request.integer("trigger_method"),
        limit_offset=_price(request, "limit_price_offset"),
        percent_offset=_price(request, "percent_offset"),
        display_size=request.integer("display_size"),
        hidden=request.flag("hidden"),
        all_or_none=request.flag("all_or_none"),
        good_after_time=request.text("good_after_time"),
        good_after_ns=parse_moment(request.text("good_after_time"), zone, now_ns),
        good_till_date=request.text("good_till_date"),
        good_till_ns=parse_moment(request.text("good_till_date"), zone, now_ns, end_of_day=True),
        cash_quantity=_price(request, "cash_qty"),
        conditions=_conditions(request, zone, now_ns),
        conditions_ignore_rth=request.flag("conditions_ignore_rth"),
        conditions_cancel_order=request.flag("conditions_cancel_order"),
        legs=_legs(request),
        routing=tuple((str(one.get("tag", "")), str(one.get("value", ""))) for one in _routing(request)),
        attributes=_attributes(request),
    )


def _quantity(request: Request) -> Decimal:
    quantity = request.decimal("total_quantity") or Decimal(0)
    if not quantity.is_finite() or quantity < 0:
        raise invalid(f"The order size must be a positive number, was {quantity}")
    if quantity == 0 and not request.decimal("cash_qty"):
        raise SimulatorRefusalError(434, "The order size cannot be zero")
    if quantity and request.decimal("cash_qty"):
        raise SimulatorRefusalError(10293, "Cryptocurrency Cash Quantity order cannot specify size")
    return quantity


def _price(request: Request, name: str, *, zero: bool = False) -> float | None:
    """A price field; 0 is what TWS and the libraries send for "not set", but a combination may cost nothing."""
    value = request.decimal(name)
    if value is None or (value == 0 and not zero):
        return None
    if not value.is_finite():
        raise invalid(f"{name.replace('_', ' ')} must be a finite number")
    return float(value)


def parse_moment(text: str, zone: ZoneInfo, now_ns: int, *, end_of_day: bool = False) -> int:
    """Moment of a time as orders write it, ns; 0 when there is none.

    ``yyyymmdd hh:mm:ss zone`` with date and zone optional, or ``yyyymmdd-hh:mm:ss`` in UTC. A date alone is its last
    second where ``end_of_day`` is set. Raises SimulatorRefusalError 343.
    """
    written = text.strip()
    if not written:
        return 0
    try:
        if len(written) == 17 and written[8] == "-":
            moment = datetime.strptime(written, "%Y%m%d-%H:%M:%S").replace(tzinfo=UTC)
        else:
            moment = _local_moment(written, zone, now_ns, end_of_day=end_of_day)
        return int(moment.timestamp()) * NS_PER_S
    except (ValueError, KeyError, OSError, OverflowError) as error:
        raise SimulatorRefusalError(343, BAD_TIME) from error


def _local_moment(written: str, zone: ZoneInfo, now_ns: int, *, end_of_day: bool) -> datetime:
    parts = written.split()
    if ":" in parts[0]:
        today = datetime.fromtimestamp(now_ns // NS_PER_S, zone)
        parts.insert(0, f"{today:%Y%m%d}")
    if len(parts) == 1:
        if not end_of_day:
            raise ValueError(written)
        parts.append("23:59:59")
    if len(parts) > 3:
        raise ValueError(written)
    place = ZoneInfo(parts[2]) if len(parts) == 3 else zone
    clock = parts[1] if parts[1].count(":") == 2 else f"{parts[1]}:00"
    return datetime.strptime(f"{parts[0]} {clock}", "%Y%m%d %H:%M:%S").replace(tzinfo=place)


def _conditions(request: Request, zone: ZoneInfo, now_ns: int) -> tuple[SimCondition, ...]:
    return tuple(
        SimCondition(
            kind=_integer(row.get("type")),
            joined=str(row.get("conjunction") or "a"),
            is_more=bool(row.get("is_more", True)),
            value=_condition_value(row),
            ns=parse_moment(str(row.get("time") or ""), zone, now_ns),
            text=str(row.get("time") or ""),
            con_id=_integer(row.get("con_id")),
            exchange=str(row.get("exchange") or ""),
            trigger_method=_integer(row.get("trigger_method")),
            sec_type=str(row.get("sec_type") or ""),
            symbol=str(row.get("symbol") or ""),
        )
        for row in request.groups("conditions")
    )


def _condition_value(row: Mapping[str, Value]) -> float:
    for name in ("price", "percent", "volume", "change_percent"):
        value = row.get(name)
        if isinstance(value, int | float | Decimal):
            number = float(value)
            if not isfinite(number):
                raise invalid(f"the {name.replace('_', ' ')} of a condition must be a finite number")
            return number
    return 0.0


def _legs(request: Request) -> tuple[SimLeg, ...]:
    rows = request.groups("combo_legs")
    prices = [row.get("price") for row in request.groups("order_combo_legs")]
    prices += [None] * (len(rows) - len(prices))
    return tuple(
        SimLeg(
            con_id=_integer(row.get("con_id")),
            ratio=_integer(row.get("ratio")),
            action=str(row.get("action") or ""),
            exchange=str(row.get("exchange") or ""),
            open_close=_integer(row.get("open_close")),
            price=float(price) if isinstance(price, int | float | Decimal) and price else None,
        )
        for row, price in zip(rows, prices, strict=False)
    )


def _routing(request: Request) -> list[Mapping[str, Value]]:
    return list(request.groups("smart_combo_params"))


def _integer(value: Value) -> int:
    return value if isinstance(value, int) else 0


def _attributes(request: Request) -> dict[str, str]:
    without_block = request.text("delta_neutral_order_type") in ("", NO_DELTA_NEUTRAL)
    return {
        _ibkr_name(name): str(value)
        for name, value in request.values.items()
        if name not in _KNOWN
        and value
        and value not in _DEFAULTS.get(name, ())
        and not (without_block and name.startswith("delta_neutral_"))
    }


def _ibkr_name(name: str) -> str:
    """A field's name in IBKR's own spelling, in which the market knows it."""
    first, *rest = name.split("_")
    return _IBKR_NAMES.get(name) or first + "".join(part.capitalize() for part in rest)
