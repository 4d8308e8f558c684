# SPDX-License-Identifier: Apache-2.0
"""Our own reading of the messages that make order state: 3, 4, 5, 11, 59, 101.

The library's reading is not used for orders: it cancels live orders on notices, loses executions whose time
zone it does not know and swallows what it cannot decode. Here a message is read strictly (every field
accounted for) or refused with `ValueError`, and a refusal starts a reconciliation. Layout: server versions 157 to 176.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from brokers.ibkr.contracts import ContractRegister, WireContract
from brokers.ibkr.hours import parse_time
from brokers.ibkr.orders import ORDER_TYPES, TIMES_IN_FORCE
from brokers.ibkr.wire_reader import Reader, contract, optional
from terminal.model.commands import OrderSpec
from terminal.model.enums import OrderType, Side, TimeInForce
from terminal.model.events import (
    VenueCommission,
    VenueExecution,
    VenueOrderCompleted,
    VenueOrderOpened,
    VenueOrderStatus,
)
from terminal.model.ids import AccountId, ClientOrderId, ExecutionId

SIDES: Final[Mapping[str, Side]] = {
    "BUY": Side.BUY,
    "BOT": Side.BUY,
    "SELL": Side.SELL,
    "SLD": Side.SELL,
    "SSHORT": Side.SELL,
    "SLONG": Side.SELL,
}
FROM_TYPES: Final[Mapping[str, OrderType]] = {name: kind for kind, name in ORDER_TYPES.items()}
FROM_TIFS: Final[Mapping[str, TimeInForce]] = {name: tif for tif, name in TIMES_IN_FORCE.items()}
_OWN_REFERENCE: Final = "T1-"
_UNSET_INT: Final = 2147483647
_CONDITION_FIELDS: Final[Mapping[int, int]] = {1: 6, 3: 3, 4: 3, 5: 4, 6: 5, 7: 5}
"""Fields after the type, per condition type: price, time, margin, execution, volume, percent change."""


def reference(text: str) -> ClientOrderId | None:
    """Return the order reference when it is one of ours."""
    return ClientOrderId(text) if text.startswith(_OWN_REFERENCE) else None


def _perm_id(text: str) -> int:
    value = int(text or 0)
    return 0 if value == _UNSET_INT else value


# ---------------------------------------------------------------- short messages
def order_status(fields: Sequence[str], ns: int) -> VenueOrderStatus:
    """Read message 3."""
    read = Reader(fields)
    order_id, status, filled, remaining = read.integer(), read.text(), read.number(), read.number()
    average, perm_id = read.number(), _perm_id(read.text())
    read.skip(2)  # parent id, last fill price
    client_id, why_held = read.integer(), read.text()
    read.skip(1)  # market cap price
    read.end()
    if filled is None or remaining is None or not status:
        raise ValueError("an order status needs status, filled and remaining")
    return VenueOrderStatus(
        ns=ns,
        broker_order_id=order_id,
        client_id=client_id,
        perm_id=perm_id,
        status=status,
        filled=filled,
        remaining=remaining,
        average_price=float(average) if average else None,
        why_held=why_held,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class WireError:
    """Message 4."""

    req_id: int
    code: int
    text: str


def error(fields: Sequence[str]) -> WireError:
    """Read message 4. The text may come with escapes for non-ASCII characters."""
    if len(fields) < 5:
        raise ValueError("an error needs id, code and text")
    return WireError(req_id=int(fields[2]), code=int(fields[3]), text=unescape(fields[4]))


def unescape(text: str) -> str:
    """Undo the ``\\uXXXX`` escapes that servers from 153 on use; other backslashes stay as they are."""
    if "\\u" not in text:
        return text
    head, *rest = text.split("\\u")
    return head + "".join(chr(int(part[:4], 16)) + part[4:] if _is_hex(part[:4]) else "\\u" + part for part in rest)


def _is_hex(text: str) -> bool:
    return len(text) == 4 and all(char in "0123456789abcdefABCDEF" for char in text)


def commission(fields: Sequence[str], ns: int) -> VenueCommission:
    """Read message 59."""
    read = Reader(fields, 2)
    execution_id, amount, currency, realized = read.text(), read.number(), read.text(), read.number()
    if not execution_id or amount is None:
        raise ValueError("a commission report needs an execution id and an amount")
    return VenueCommission(
        ns=ns,
        execution_id=ExecutionId(execution_id),
        commission=amount,
        currency=currency,
        realized_pnl=realized,
    )


def execution(
    fields: Sequence[str], ns: int, register: ContractRegister, solicited: frozenset[int]
) -> tuple[int, VenueExecution]:
    """Read message 11; return its request id too. A time that cannot be placed books at ``ns`` with its raw text."""
    read = Reader(fields)
    req_id, order_id = read.integer(), read.integer()
    wire = contract(read)
    texts = read.texts("exec_id time account exchange side")
    shares, price, perm_id, client_id = read.number(), read.number(), _perm_id(read.text()), read.integer()
    read.skip(3)  # liquidation, cumulative quantity, average price
    order_ref = read.text()
    read.skip(4)  # economic value rule and multiplier, model code, last liquidity
    read.end()
    if shares is None or shares < 0 or price is None or not texts["exec_id"]:
        raise ValueError("an execution needs an id, a quantity and a price")
    event_ns = parse_time(texts["time"])
    return req_id, VenueExecution(
        ns=ns,
        execution_id=ExecutionId(texts["exec_id"]),
        broker_order_id=0 if order_id == _UNSET_INT else order_id,
        client_id=client_id,
        perm_id=perm_id,
        account_id=AccountId(texts["account"]),
        instrument_id=register.identify(wire).id,
        client_order_id=reference(order_ref),
        side=_side(texts["side"]),
        quantity=shares,
        price=price,
        event_ns=ns if event_ns is None else event_ns,
        raw_time=texts["time"],
        exchange=texts["exchange"],
        solicited=req_id in solicited,
    )


def _side(text: str) -> Side:
    side = SIDES.get(text)
    if side is None:
        raise ValueError(f"a side must be one of {', '.join(SIDES)}, was {text[:20]!r}")
    return side


# ---------------------------------------------------------------- openOrder and completedOrder
_TERMS: Final = "action quantity type limit aux tif oca_group account open_close origin order_ref"
_OPEN_MIDDLE: Final = """fa_group fa_method fa_percentage fa_profile model_code good_till_date rule_80a percent_offset
    settling_firm short_sale_slot designated_location exempt_code"""
_OPEN_BOOK: Final = """auction_strategy starting_price stock_ref_price delta range_lower range_upper display_size
    block_order sweep_to_fill all_or_none min_qty oca_type e_trade_only firm_quote_only nbbo_price_cap parent_id
    trigger_method volatility volatility_type"""
_COMPLETED_BOOK: Final = """starting_price stock_ref_price delta range_lower range_upper display_size
    sweep_to_fill all_or_none min_qty oca_type trigger_method volatility volatility_type"""
_STATE: Final = """status initial_before maintenance_before equity_before initial_change maintenance_change
    equity_change initial_after maintenance_after equity_after commission min_commission max_commission
    commission_currency warning_text"""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenOrder:
    """Message 5: what stands, or with ``what_if`` the answer to a preview: ``figures`` by name, absent ones None."""

    opened: VenueOrderOpened
    what_if: bool
    figures: Mapping[str, Decimal | None]
    currency: str
    warning: str


def open_order(fields: Sequence[str], ns: int, version: int, register: ContractRegister) -> OpenOrder:
    """Read message 5."""
    read = Reader(fields)
    order_id = read.integer()
    wire = contract(read)
    terms = read.texts(_TERMS)
    client_id, perm_id = read.integer(), _perm_id(read.text())
    terms |= read.texts("outside_rth hidden discretionary good_after")
    read.skip(1)  # shares allocation, outdated
    read.texts(_OPEN_MIDDLE)
    terms |= read.texts(_OPEN_BOOK)
    terms |= _to_algo(read, completed=False)
    solicited_what_if = read.texts("solicited what_if")
    state = read.texts(_STATE)
    read.skip(2)  # randomize size and price
    _peg_and_conditions(read, terms["type"])
    terms |= _open_tail(read, version)
    read.end()
    what_if = solicited_what_if["what_if"] == "1"
    if not (state["status"] or what_if):
        raise ValueError("an open order needs a status")
    opened = _opened(order_id, client_id, perm_id, wire, terms, state["status"], ns, register)
    return OpenOrder(
        opened=opened,
        what_if=what_if,
        figures=dict(_figures(state)) if what_if else {},
        currency=state["commission_currency"],
        warning=unescape(state["warning_text"]),
    )


def _to_algo(read: Reader, *, completed: bool) -> dict[str, str]:
    """Walk the blocks of variable length from delta neutral to the algo parameters."""
    if read.texts("delta_type delta_aux")["delta_type"]:
        read.skip(4 if completed else 8)
    terms = read.texts("continuous_update reference_price_type trail_stop trail_percent")
    if not completed:
        read.skip(2)  # basis points and their type
    read.skip(1)  # description of combo legs
    read.skip(8 * read.integer())  # combo legs
    read.skip(read.integer())  # prices of the legs
    read.skip(2 * read.integer())  # smart combo routing
    read.skip(2)  # scale: initial and subsequent size
    increment = read.number()
    if increment is not None and increment > 0:
        read.skip(7)
    if read.text():  # hedge type
        read.skip(1)
    read.skip(3 if completed else 4)  # [opt out,] clearing account and intent, not held
    if read.integer():  # delta neutral contract
        read.skip(3)
    if read.text():  # algo strategy
        read.skip(2 * read.integer())
    return terms


def _peg_and_conditions(read: Reader, order_type: str) -> None:
    if order_type == "PEG BENCH":
        read.skip(5)
    count = read.integer()
    for _ in range(count):
        kind = read.integer()
        if kind not in _CONDITION_FIELDS:
            raise ValueError(f"order condition of unknown type {kind}")
        read.skip(_CONDITION_FIELDS[kind])
    if count:
        read.skip(2)


def _open_tail(read: Reader, version: int) -> dict[str, str]:
    read.skip(2)  # adjusted type, trigger price
    terms = read.texts("trail_stop_tail")
    read.skip(13)  # limit offset, adjusted prices, soft dollar tier, cash quantity, hedge, container, price management
    read.skip(sum(version >= added for added in (159, 160, 162)))
    if version >= 170:
        read.skip(5)
    return terms


def _opened(
    order_id: int,
    client_id: int,
    perm_id: int,
    wire: WireContract,
    terms: Mapping[str, str],
    status: str,
    ns: int,
    register: ContractRegister,
) -> VenueOrderOpened:
    quantity = optional(terms["quantity"])
    if quantity is None:
        raise ValueError("an open order needs a quantity")
    return VenueOrderOpened(
        ns=ns,
        client_order_id=reference(terms["order_ref"]),
        broker_order_id=order_id,
        client_id=client_id,
        perm_id=perm_id,
        account_id=AccountId(terms["account"]),
        spec=_spec(wire, terms, quantity, register),
        status=status,
        parent_broker_order_id=int(terms["parent_id"] or 0),
        oca_group=terms["oca_group"],
        raw_order_type="" if terms["type"] in FROM_TYPES else terms["type"],
        raw_time_in_force="" if terms["tif"] in FROM_TIFS else terms["tif"],
    )


def _spec(wire: WireContract, terms: Mapping[str, str], quantity: Decimal, register: ContractRegister) -> OrderSpec:
    """Read the terms. What Tiller cannot make is shown as the nearest it can: such an order is never ours."""
    limit, aux = optional(terms["limit"]), optional(terms["aux"])
    kind = FROM_TYPES.get(terms["type"])
    if kind is None:
        kind = OrderType.LIMIT if limit else OrderType.MARKET
    prices: dict[str, Decimal | None] = {}
    if kind in (OrderType.LIMIT, OrderType.STOP_LIMIT):
        prices["limit_price"] = limit
    if kind in (OrderType.STOP, OrderType.STOP_LIMIT):
        prices["stop_price"] = aux
    if kind is OrderType.TRAIL:
        percent = optional(terms["trail_percent"])
        prices["trail_percent"] = percent or None
        prices["trail_amount"] = aux or None if not percent else None
        prices["stop_price"] = optional(terms["trail_stop"]) or optional(terms["trail_stop_tail"])
    return OrderSpec(
        instrument_id=register.identify(wire).id,
        side=_side(terms["action"]),
        quantity=quantity,
        order_type=kind,
        time_in_force=FROM_TIFS.get(terms["tif"], TimeInForce.DAY),
        outside_regular_hours=terms["outside_rth"] == "1",
        **prices,
    )


def completed_order(fields: Sequence[str], ns: int, version: int) -> VenueOrderCompleted:
    """Read message 101."""
    read = Reader(fields)
    contract(read)
    terms = read.texts(_TERMS)
    perm_id = _perm_id(read.text())
    read.skip(4)  # outside hours, hidden, discretionary, good after
    read.texts(_OPEN_MIDDLE)
    read.texts(_COMPLETED_BOOK)
    _to_algo(read, completed=True)
    status = read.texts("solicited status randomize_size randomize_price")["status"]
    _peg_and_conditions(read, terms["type"])
    tail = read.texts("""trail_stop limit_offset cash_quantity no_auto_hedge oms_container auto_cancel_date
        filled ref_futures_con_id auto_cancel_parent shareholder imbalance_only route_to_bbo parent_perm_id
        completed_time completed_status""")
    if version >= 170:
        read.skip(5)
    read.end()
    _side(terms["action"])
    return VenueOrderCompleted(
        ns=ns,
        client_order_id=reference(terms["order_ref"]),
        perm_id=perm_id,
        status=status,
        filled=optional(tail["filled"]) or Decimal(0),
        completed_status=tail["completed_status"],
    )


def _figures(state: Mapping[str, str]) -> Iterator[tuple[str, Decimal | None]]:
    """Return the figures of a what-if answer; the unset ones are None, never 1.8e308."""
    for name in _STATE.split():
        if name not in ("status", "commission_currency", "warning_text"):
            yield name, optional(state[name])
