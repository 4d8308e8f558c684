# SPDX-License-Identifier: Apache-2.0
"""What the broker's error numbers mean for an order: one table, and one rule for what is not in it.

A text never ends an order that the broker has shown alive. An unknown code with an order id is a note and a
question to the broker, never an end. Connection and data codes are the adapter's, not here; of its own (9000 to
9099) only those that say of an order or cancel that it never left.
Sources: IBKR API documentation (message codes) and field reports; [K] marks what still awaits a real TWS.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class CodeClass(StrEnum):
    """What an error code does to the order that it names."""

    NOTICE = "notice"  # a remark: nothing changes
    HELD = "held"  # the order waits at the broker, and why
    REJECT = "reject"  # a new order is refused; a change or cancel of a live one is refused, the order stands
    MODIFY_REFUSED = "modify_refused"  # the old terms stand
    CANCEL_REFUSED = "cancel_refused"  # the cancel did not work; what the order is must be asked
    CANCELLED = "cancelled"  # the broker says it is over: orderStatus decides
    AMBIGUOUS = "ambiguous"  # the outcome is not known
    NEVER_SENT = "never_sent"  # the message provably did not leave: a new order is lost, a change is refused
    UNKNOWN = "unknown"  # not in the table


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderCode:
    meaning: str
    kind: CodeClass
    way_out: str = ""


def _code(kind: CodeClass, meaning: str, way_out: str = "") -> OrderCode:
    return OrderCode(meaning=meaning, kind=kind, way_out=way_out)


_N, _H, _R, _M, _C, _A = (
    CodeClass.NOTICE,
    CodeClass.HELD,
    CodeClass.REJECT,
    CodeClass.MODIFY_REFUSED,
    CodeClass.CANCEL_REFUSED,
    CodeClass.AMBIGUOUS,
)

TABLE: Final[Mapping[int, OrderCode]] = {
    100: _code(_A, "too many messages per second", "orders wait; the broker is asked what became of this one"),
    103: _code(_A, "this order id was used before", "the broker is asked whether an earlier send worked"),
    104: _code(_M, "a filled order cannot be changed", "wait for its executions"),
    105: _code(_M, "the change does not fit the order", "the old terms stand; change only price and quantity"),
    106: _code(_R, "the order cannot be transmitted", "check the order in TWS"),
    107: _code(_R, "the order is incomplete", "fill in every term that its type needs"),
    109: _code(_R, "the price is out of the range that TWS allows", "move the price nearer to the market"),
    110: _code(_R, "the price is not on the instrument's tick", "use a multiple of the tick"),
    111: _code(_R, "this time in force does not go with the order type", "choose day or good till cancelled"),
    113: _code(_R, "this time in force needs another order type", "choose day"),
    131: _code(_R, "the size does not fit the order", "check the quantity"),
    133: _code(_R, "the submission failed", "submit again after reading the reason"),
    134: _code(_M, "the change failed", "the old terms stand"),
    135: _code(_A, "the broker does not find the order", "its open orders are asked for"),
    136: _code(_C, "the order cannot be cancelled", "the broker is asked for its state"),
    161: _code(_C, "the order is in no state to be cancelled", "the broker is asked for its state"),
    200: _code(_R, "the contract is not known or not unique", "choose the contract again from the search"),
    201: _code(_R, "the broker rejected the order", "read its reason"),
    202: _code(CodeClass.CANCELLED, "the order was cancelled"),
    203: _code(_R, "this security is not allowed for the account", "ask IBKR for the trading permission"),
    320: _code(_R, "the broker could not read the request", "report this as a defect of Tiller"),
    321: _code(_R, "the broker refused the request", "in TWS: API settings, clear Read-Only API"),
    322: _code(_R, "the broker could not process the request", "read its reason"),
    329: _code(_M, "the change failed: the order type cannot change", "the old terms stand"),
    388: _code(_R, "the order size is below the exchange's minimum", "raise the quantity"),
    399: _code(_N, "a remark about the order"),
    404: _code(_H, "held while shares to borrow are looked for", "wait, or cancel it"),
    434: _code(_R, "the order size cannot be zero", "enter a quantity"),
    435: _code(_R, "an account must be named", "choose the account in the connection settings"),
    460: _code(_R, "no trading permission", "ask IBKR for the permission"),
    2102: _code(_M, "the order cannot be changed while it is being processed", "the old terms stand; try again"),
    2109: _code(_N, "the attribute outside regular hours is ignored"),
    2137: _code(_N, "the order may cross an order of the other side"),
    2161: _code(_N, "a remark about the order's price"),
    2168: _code(_N, "the attribute electronic trading only is ignored"),
    2169: _code(_N, "the attribute firm quote only is ignored"),
    2174: _code(_N, "a time without a zone was read as the broker's"),
    10006: _code(_R, "the parent order is missing", "send the bracket again"),
    10052: _code(_R, "the time in force is not valid", "choose day or good till cancelled"),
    10147: _code(_C, "the order to cancel was not found", "the broker is asked whether it filled, ended or never was"),
    10148: _code(_C, "the order can no longer be cancelled", "wait for its executions"),
    10149: _code(_M, "the order cannot be changed", "the old terms stand"),
    10151: _code(_C, "the order cannot be found", "the broker is asked for its state"),
    10161: _code(_C, "the cancel was attempted in a state that does not allow it", "the broker is asked"),
    10167: _code(_N, "delayed market data is shown"),
    10186: _code(_N, "market data is not subscribed"),
    10243: _code(_R, "fractional quantities are not possible through the API", "use a whole number"),
    10268: _code(_R, "the attribute electronic trading only is not supported", "report this as a defect of Tiller"),
    10289: _code(_R, "a cash amount must be given for this order", "use another order type"),
    10318: _code(_R, "this order type or size is not possible here", "use a whole quantity"),
    9016: _code(CodeClass.NEVER_SENT, "the order still waited to be sent when it was taken back", "send it again"),
    9017: _code(_C, "the cancel still waited to be sent when the connection broke", "cancel again"),
    10349: _code(_N, "the time in force was set to day by an order preset in TWS: the order is live"),
}

_MISSING: Final = OrderCode(
    meaning="not in Tiller's table", kind=CodeClass.UNKNOWN, way_out="the broker is asked what the order is"
)


def order_code(code: int) -> OrderCode:
    """Return what ``code`` means for an order; a warning (2100 to 2199) is a notice, the rest is unknown."""
    found = TABLE.get(code)
    if found is not None:
        return found
    if 2100 <= code < 2200:
        return OrderCode(meaning="a warning", kind=CodeClass.NOTICE)
    return _MISSING


def is_read_only(code: int, text: str) -> bool:
    """Say whether the broker's API refuses every order (error 321 has several texts)."""
    return code == 321 and "read-only" in text.lower().replace("read only", "read-only")
