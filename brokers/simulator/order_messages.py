# SPDX-License-Identifier: Apache-2.0
"""Orders between the wire and the market: read placeOrder, fill openOrder and its relatives.

Pure translation. A field that the market does not know goes to `attributes`
unless it has its default, so that the market can refuse what it does not do;
nothing that a client asked for may vanish here.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from brokers.simulator.contracts import contract_fields, invalid, wire_time
from brokers.simulator.protocol.values import Value, Values
from brokers.simulator.request import Request
from terminal.model.instrument import Instrument
from terminal.simulation.exchange_port import SimExecution, SimOrder, SimOrderState, SimPreview, SimulatorRefusalError

NO_DELTA_NEUTRAL: Final = "None"
"""What TWS writes for "no delta-neutral order"; clients take it for a type and send its block back."""

_KNOWN: Final = frozenset(
    {
        "order_id",
        "con_id",
        "symbol",
        "sec_type",
        "last_trade_date",
        "strike",
        "right",
        "multiplier",
        "exchange",
        "primary_exchange",
        "currency",
        "local_symbol",
        "trading_class",
        "sec_id_type",
        "sec_id",
        "combo_legs",
        "order_combo_legs",
        "smart_combo_params",
        "delta_neutral_contract",
        "action",
        "total_quantity",
        "order_type",
        "limit_price",
        "aux_price",
        "tif",
        "oca_group",
        "account",
        "order_ref",
        "transmit",
        "parent_id",
        "outside_rth",
        "oca_type",
        "what_if",
        "trail_stop_price",
        "trailing_percent",
    }
)
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
    "limit_price_offset": "lmtPriceOffset",
    "pegged_change_decrease": "isPeggedChangeAmountDecrease",
    "soft_dollar_name": "softDollarTier",
    "soft_dollar_value": "softDollarTierValue",
}
"""Names that are not the plain camel case of ours."""


def parse_order(request: Request, *, account: str, con_id: int, client_id: int, parent_perm_id: int) -> SimOrder:
    """The order of a placeOrder request.

    Raises SimulatorRefusalError for what cannot be an order at all: 321 for
    side and prices, 434 for a zero size.
    """
    action = request.text("action")
    if action not in ("BUY", "SELL"):
        raise invalid(f"Invalid order side '{action}', must be BUY or SELL")
    quantity = request.decimal("total_quantity") or Decimal(0)
    if not quantity.is_finite() or quantity < 0:
        raise invalid(f"The order size must be a positive number, was {quantity}")
    if quantity == 0:
        raise SimulatorRefusalError(434, "The order size cannot be zero")
    return SimOrder(
        account=account,
        con_id=con_id,
        action=action,
        quantity=quantity,
        order_type=request.text("order_type"),
        limit_price=_price(request, "limit_price"),
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
        attributes=_attributes(request),
    )


def _price(request: Request, name: str) -> float | None:
    value = request.decimal(name)
    if value is None:
        return None
    if not value.is_finite():
        raise invalid(f"{name.replace('_', ' ')} must be a finite number")
    return float(value)


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


def decimal_of(value: float | None) -> Decimal | None:
    """A price of the market as Decimal, in its shortest text."""
    return None if value is None else Decimal(repr(float(value)))


def _common_fields(state: SimOrderState, instrument: Instrument, exchange: str) -> Values:
    order = state.order
    return {
        **contract_fields(instrument, exchange, absent_right="?"),
        "action": order.action,
        "total_quantity": order.quantity,
        "order_type": order.order_type,
        "limit_price": decimal_of(order.limit_price) or Decimal(0),
        "aux_price": decimal_of(order.aux_price) or Decimal(0),
        "tif": order.tif,
        "oca_group": order.oca_group,
        "account": order.account,
        "order_ref": order.order_ref,
        "perm_id": state.perm_id,
        "outside_rth": order.outside_rth,
        "oca_type": order.oca_type or 3,
        "delta_neutral_order_type": NO_DELTA_NEUTRAL,
        "trail_stop_price": decimal_of(order.trail_stop_price),
        "trailing_percent": decimal_of(order.trailing_percent),
        "status": state.status,
    }


def open_order_fields(state: SimOrderState, instrument: Instrument, exchange: str, parent_order_id: int) -> Values:
    """Fields of openOrder for a live order."""
    return {
        **_common_fields(state, instrument, exchange),
        "order_id": state.order.order_id,
        "client_id": state.order.client_id,
        "parent_id": parent_order_id,
        "adjusted_order_type": "None",
        "clearing_intent": "IB",
        "warning_text": state.warning,
    }


def what_if_fields(order: SimOrder, preview: SimPreview, instrument: Instrument, exchange: str) -> Values:
    """Fields of openOrder that answer a what-if request."""
    state = SimOrderState(perm_id=0, order=order, status="PreSubmitted", warning=preview.warning)
    changes = {
        "init_margin": (preview.initial_before, preview.initial_after),
        "maint_margin": (preview.maintenance_before, preview.maintenance_after),
        "equity_with_loan": (preview.equity_before, preview.equity_after),
    }
    fields = open_order_fields(state, instrument, exchange, 0)
    for name, (before, after) in changes.items():
        fields[f"{name}_before"] = _amount(before)
        fields[f"{name}_after"] = _amount(after)
        fields[f"{name}_change"] = _amount(after - before)
    fields["commission"] = _amount(preview.commission)
    fields["commission_currency"] = preview.commission_currency
    if preview.commission_min is not None and preview.commission_max not in {None, preview.commission_min}:
        # The cost depends on whether the order adds or removes liquidity.
        fields["min_commission"] = decimal_of(preview.commission_min)
        fields["max_commission"] = decimal_of(preview.commission_max)
    fields["what_if"] = True
    return fields


def _amount(value: float) -> Decimal:
    return Decimal(repr(round(value, 6)))


def order_status_fields(state: SimOrderState, parent_order_id: int) -> Values:
    """Fields of orderStatus."""
    return {
        "order_id": state.order.order_id,
        "status": state.status,
        "filled": state.filled,
        "remaining": state.remaining,
        "average_price": decimal_of(state.average_price),
        "perm_id": state.perm_id,
        "parent_id": parent_order_id,
        "last_price": decimal_of(state.last_fill_price),
        "client_id": state.order.client_id,
        "why_held": state.why_held,
    }


def completed_order_fields(state: SimOrderState, instrument: Instrument, exchange: str, server_version: int) -> Values:
    """Fields of completedOrder."""
    return {
        **_common_fields(state, instrument, exchange),
        "filled_quantity": state.filled,
        "parent_perm_id": state.order.parent_perm_id,
        "completed_time": wire_time(instrument, state.completed_time_ns, server_version),
        "completed_status": state.completed_status,
    }


def execution_fields(execution: SimExecution, instrument: Instrument, server_version: int) -> Values:
    """Fields of execDetails."""
    return {
        **contract_fields(instrument, execution.exchange),
        "order_id": execution.order_id,
        "exec_id": execution.execution_id,
        "time": wire_time(instrument, execution.ns, server_version),
        "account": execution.account,
        "execution_exchange": execution.exchange,
        "side": execution.side,
        "shares": execution.quantity,
        "price": decimal_of(execution.price),
        "perm_id": execution.perm_id,
        "client_id": execution.client_id,
        "liquidation": int(execution.liquidation),
        "cumulative_quantity": execution.cumulative,
        "average_price": decimal_of(execution.average_price),
        "order_ref": execution.order_ref,
        "last_liquidity": execution.liquidity,
    }


def commission_fields(execution: SimExecution) -> Values:
    """Fields of commissionReport."""
    return {
        "exec_id": execution.execution_id,
        "commission": decimal_of(execution.commission),
        "currency": execution.commission_currency,
        "realized_pnl": decimal_of(execution.realized_pnl),
    }
