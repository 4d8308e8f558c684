# SPDX-License-Identifier: Apache-2.0
"""Orders on their way to a client: the fields of openOrder, completedOrder, orderStatus, execDetails and commissions.

Pure translation of what the market says; what a client says is read in
order_requests.py.
"""

from decimal import Decimal
from typing import Final

from brokers.simulator.contracts import contract_fields, wire_time
from brokers.simulator.order_requests import NO_DELTA_NEUTRAL
from brokers.simulator.protocol.values import Value, Values
from terminal.model.enums import AssetClass
from terminal.model.instrument import Instrument
from terminal.simulation.exchange_port import SimCondition, SimExecution, SimOrder, SimOrderState, SimPreview

GENERIC_COMBO: Final = 28812380
"""The contract id under which TWS shows combinations in US dollars (seen in public transcripts)."""


BY_CLIENT: Final = "Cancelled by client"
"""The market's word for an end that a client asked for."""


def decimal_of(value: float | None) -> Decimal | None:
    """A price of the market as Decimal, in its shortest text."""
    return None if value is None else Decimal(repr(float(value)))


def _common_fields(state: SimOrderState, instrument: Instrument, exchange: str) -> Values:
    order = state.order
    return {
        **_contract(instrument, exchange),
        **_combination(order),
        **_conditions(order),
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
        "trigger_method": order.trigger_method,
        "limit_price_offset": decimal_of(order.limit_offset),
        "percent_offset": decimal_of(order.percent_offset),
        "display_size": order.display_size,
        "hidden": order.hidden,
        "all_or_none": order.all_or_none,
        "good_after_time": order.good_after_time,
        "good_till_date": order.good_till_date,
        "cash_qty": decimal_of(order.cash_quantity),
        "status": state.status,
    }


def _contract(instrument: Instrument, exchange: str) -> Values:
    fields = contract_fields(instrument, exchange, absent_right="?")
    if instrument.asset_class is AssetClass.COMBO:
        fields = {**fields, "con_id": GENERIC_COMBO, "last_trade_date": ""}
    return fields


def _combination(order: SimOrder) -> Values:
    """Legs of a combination as the client sent them."""
    if not order.legs:
        return {}
    return {
        "combo_legs": [
            {
                "con_id": leg.con_id, "ratio": leg.ratio, "action": leg.action, "exchange": leg.exchange,
                "open_close": leg.open_close,
            }
            for leg in order.legs
        ],
        "combo_legs_description": ",".join(
            f"{leg.con_id}|{leg.ratio if leg.action == 'BUY' else -leg.ratio}" for leg in order.legs
        ),
        "smart_combo_params": [{"tag": tag, "value": value} for tag, value in order.routing],
    }  # fmt: skip


_VALUE_OF: Final = {1: "price", 4: "percent", 6: "volume", 7: "change_percent"}


def _conditions(order: SimOrder) -> Values:
    """Conditions as the client sent them."""
    if not order.conditions:
        return {}
    return {
        "conditions": [_condition(row) for row in order.conditions],
        "conditions_ignore_rth": order.conditions_ignore_rth,
        "conditions_cancel_order": order.conditions_cancel_order,
    }


def _condition(row: SimCondition) -> dict[str, Value]:
    fields: dict[str, Value] = {
        "type": row.kind,
        "conjunction": row.joined,
        "is_more": row.is_more,
        "time": row.text,
        "con_id": row.con_id,
        "exchange": row.exchange,
        "trigger_method": row.trigger_method,
        "sec_type": row.sec_type,
        "symbol": row.symbol,
    }
    name = _VALUE_OF.get(row.kind)
    if name in {"price", "change_percent"}:
        fields[name] = decimal_of(row.value)
    elif name is not None:
        fields[name] = int(row.value)
    return fields


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
    for name, (before, after) in changes.items() if preview.margin_known else ():
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


def _completed_words(state: SimOrderState) -> str:
    """How TWS says that an order is over (public transcripts): filled with its size, or who cancelled it."""
    if state.status == "Filled":
        return f"Filled Size: {state.filled.normalize():f}"
    return "Cancelled by Trader" if state.completed_status == BY_CLIENT else state.completed_status


def completed_order_fields(state: SimOrderState, instrument: Instrument, exchange: str, server_version: int) -> Values:
    """Fields of completedOrder."""
    return {
        **_common_fields(state, instrument, exchange),
        "filled_quantity": state.filled,
        "parent_perm_id": state.order.parent_perm_id,
        "completed_time": wire_time(instrument, state.completed_time_ns, server_version),
        "completed_status": _completed_words(state),
    }


def execution_fields(execution: SimExecution, instrument: Instrument, server_version: int) -> Values:
    """Fields of execDetails."""
    return {
        **_contract(instrument, execution.exchange),
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
