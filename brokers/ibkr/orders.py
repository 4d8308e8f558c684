# SPDX-License-Identifier: Apache-2.0
"""Domain -> IBKR orders, by tables. Pure: what leaves is decided by the core, never here.

Nothing is left to TWS's presets: time in force, OCA type and transmission are always explicit (an empty TIF
is what lets a preset rewrite an order, code 10349).
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from brokers.ibkr.library import load
from terminal.errors import UserError
from terminal.model.commands import OrderSpec
from terminal.model.enums import OrderType, Side, TimeInForce
from terminal.ports import WireOrder

if TYPE_CHECKING:
    from ib_insync import Order

ORDER_TYPES: Final[Mapping[OrderType, str]] = {
    OrderType.MARKET: "MKT",
    OrderType.LIMIT: "LMT",
    OrderType.STOP: "STP",
    OrderType.STOP_LIMIT: "STP LMT",
    OrderType.TRAIL: "TRAIL",
}
TIMES_IN_FORCE: Final[Mapping[TimeInForce, str]] = {
    TimeInForce.DAY: "DAY",
    TimeInForce.GTC: "GTC",
    TimeInForce.IOC: "IOC",
}
ACTIONS: Final[Mapping[Side, str]] = {Side.BUY: "BUY", Side.SELL: "SELL"}
OCA_CANCEL_WITH_BLOCK: Final = 1
"""Cancel the rest of the group on a fill, and never let two legs work at different exchanges at once."""


def to_ib(order: WireOrder, *, what_if: bool = False) -> "Order":
    """Build the library's order.

    Raises:
        UserError: the terms do not fit the order type, or the order has no broker id.
    """
    if order.broker_order_id <= 0:
        raise UserError("ORD-101", f"a broker order id must be positive, was {order.broker_order_id}")
    spec = order.spec
    terms = {
        "orderId": order.broker_order_id,
        "action": ACTIONS[spec.side],
        "totalQuantity": _number(spec.quantity),
        "orderType": ORDER_TYPES[spec.order_type],
        "tif": TIMES_IN_FORCE[spec.time_in_force],
        "outsideRth": spec.outside_regular_hours,
        "account": order.account_id,
        "orderRef": order.client_order_id,
        "transmit": order.transmit,
        "parentId": order.parent_broker_order_id,
        "whatIf": what_if,
        **_prices(spec),
    }
    if order.oca_group:
        terms |= {"ocaGroup": order.oca_group, "ocaType": OCA_CANCEL_WITH_BLOCK}
    made: Order = load().Order(**terms)
    return made


def _prices(spec: OrderSpec) -> dict[str, Any]:
    match spec.order_type:
        case OrderType.MARKET:
            return {}
        case OrderType.LIMIT:
            return {"lmtPrice": _need(spec.limit_price, "a limit order needs a limit price")}
        case OrderType.STOP:
            return {"auxPrice": _need(spec.stop_price, "a stop order needs a stop price")}
        case OrderType.STOP_LIMIT:
            return {
                "lmtPrice": _need(spec.limit_price, "a stop limit order needs a limit price"),
                "auxPrice": _need(spec.stop_price, "a stop limit order needs a stop price"),
            }
        case OrderType.TRAIL:
            return _trail(spec)


def _trail(spec: OrderSpec) -> dict[str, Any]:
    if (spec.trail_amount is None) == (spec.trail_percent is None):
        raise UserError("ORD-103", "a trailing stop needs exactly one of amount and percent")
    terms: dict[str, Any] = {}
    if spec.trail_amount is not None:
        terms["auxPrice"] = _need(spec.trail_amount, "")
    if spec.trail_percent is not None:
        terms["trailingPercent"] = _need(spec.trail_percent, "")
    if spec.stop_price is not None:
        terms["trailStopPrice"] = _need(spec.stop_price, "")
    return terms


def _need(price: Decimal | None, rule: str) -> float | int:
    if price is None:
        raise UserError("ORD-102", rule)
    return _number(price)


def _number(value: Decimal) -> float | int:
    """Return the number the library writes without loss: whole ones without a point.

    Raises:
        UserError: not finite, or too long for the wire's double.
    """
    if not value.is_finite():
        raise UserError("ORD-104", f"order numbers must be finite, was {value}")
    if value == value.to_integral_value():
        return int(value)
    number = float(value)
    if Decimal(repr(number)) != value or "e" in repr(number):
        raise UserError("ORD-104", f"order numbers must have at most 15 digits and 4 leading zeros, was {value}")
    return number
