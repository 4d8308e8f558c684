# SPDX-License-Identifier: Apache-2.0
"""Risk rules, first part: may anything leave at all? Mode, arming, trading state, link, journal, permissions.

Each rule is pure: request and context in, a denial or None out.
"""

from terminal.model.enums import BracketRole, Knowledge, Mode, OrderOrigin, OrderStatus, PendingRequest, TradingState
from terminal.model.order_states import LIVE_AT_BROKER
from terminal.trading.request import Denial, OrderRequest, RiskContext

_QUEUE_LIMIT = 0.8


def mode(_request: OrderRequest, context: RiskContext) -> Denial | None:
    """A live account is read-only until the order core has its full proof."""
    session = context.session
    if session is None:
        return Denial(
            code="NOT_ARMED",
            reason="no account is chosen yet; wait for the connection, or name the account in its settings",
        )
    if session.mode is Mode.LIVE:
        return Denial(
            code="LIVE_READ_ONLY",
            reason="a live account is read-only in this version; trade on the demo or a paper account",
            context={"account": session.account_id, "mode": session.mode.value},
        )
    return None


def arming(_request: OrderRequest, context: RiskContext) -> Denial | None:
    if not context.limits.arming_required or context.armed:
        return None
    return Denial(
        code="NOT_ARMED",
        reason="trading is not armed; arm it in the toolbar, or switch off 'Orders need arming' in the risk settings",
        context={"armed": "no"},
    )


def connection(_request: OrderRequest, context: RiskContext) -> Denial | None:
    if not context.connected:
        return Denial(
            code="NOT_CONNECTED",
            reason=f"there is no sound connection to the broker ({context.link_text}); wait until it is back",
            context={"link": context.link_text},
        )
    if not context.reconciled:
        return Denial(
            code="RECONCILING",
            reason="orders and positions are still being compared with the broker; wait until that is done",
            context={"link": context.link_text},
        )
    return None


def trading_state(request: OrderRequest, context: RiskContext) -> Denial | None:
    """HALTED lets only cancels through, REDUCING only what brings a position nearer to zero."""
    if context.frozen is not None:
        return Denial(
            code="HALTED",
            reason=f"{request.spec.instrument_id} is frozen: {context.frozen}; look at its orders and release it",
            context={"scope": "instrument", "instrument": request.spec.instrument_id},
        )
    if context.state is TradingState.HALTED:
        return Denial(
            code="HALTED",
            reason=f"trading is halted ({context.state_reason}); lift what caused it: {context.state_source}",
            context={"scope": "account", "source": context.state_source},
        )
    if context.state is TradingState.REDUCING and not context.reduces(request):
        return Denial(
            code="REDUCING",
            reason=f"only orders that reduce a position may leave ({context.state_reason}); "
            f"the position is {context.position}, already working {context.working(request.spec.side)}",
            context={"source": context.state_source, "position": str(context.position)},
        )
    return None


def journal(_request: OrderRequest, context: RiskContext) -> Denial | None:
    if context.journal_healthy and context.journal_fill < _QUEUE_LIMIT:
        return None
    state = "does not write" if not context.journal_healthy else f"is {context.journal_fill:.0%} full"
    return Denial(
        code="JOURNAL_UNAVAILABLE",
        reason=f"the journal {state} (limit {_QUEUE_LIMIT:.0%}); free disk space or restart, nothing is sent meanwhile",
        context={"healthy": str(context.journal_healthy), "queue": f"{context.journal_fill:.2f}"},
    )


def clock_skew(_request: OrderRequest, context: RiskContext) -> Denial | None:
    """A quote's age, a session's end and an order's time mean nothing by a clock that is far off."""
    limit = context.limits.clock_skew_s
    if abs(context.clock_skew_s) < limit:
        return None
    return Denial(
        code="CLOCK_SKEW",
        reason=f"the broker's clock stands {context.clock_skew_s:+.0f} s from ours, limit {limit:g} s; wait until "
        "Tiller has followed it, else check this machine's time service",
        context={"skew_s": f"{context.clock_skew_s:.1f}", "limit_s": f"{limit:g}"},
    )


def read_only_api(_request: OrderRequest, context: RiskContext) -> Denial | None:
    if not context.read_only:
        return None
    return Denial(
        code="READ_ONLY_API",
        reason="TWS refuses orders: in TWS open Global Configuration, API, Settings and clear Read-Only API",
    )


def change_state(request: OrderRequest, _context: RiskContext) -> Denial | None:
    """A change needs a live order of ours without another request pending, and keeps what cannot change."""
    order = request.order
    if order is None:
        return None
    reason = ""
    if order.origin is OrderOrigin.EXTERNAL:
        reason = "it was not made here; change it where it was made"
    elif order.status not in LIVE_AT_BROKER:
        reason = f"it is {order.status.value}; only a working order can be changed"
        if order.status is OrderStatus.UNKNOWN:
            reason = "the broker has not said what it is; wait until it is known"
    elif order.pending is not PendingRequest.NONE:
        reason = f"a {order.pending.value} is under way; wait for the broker's answer"
    elif order.knowledge is Knowledge.CONFLICT:
        reason = f"it is in conflict ({order.reason}); cancel it instead"
    elif request.spec.quantity.is_finite() and request.spec.quantity < order.filled:
        reason = f"the quantity {request.spec.quantity} is below the {order.filled} already filled"
    elif (request.spec.side, request.spec.order_type, request.spec.instrument_id, request.spec.time_in_force) != (
        order.spec.side,
        order.spec.order_type,
        order.spec.instrument_id,
        order.spec.time_in_force,
    ):
        reason = "side, type, contract and time in force cannot change; cancel it and send another"
    elif order.role is BracketRole.ENTRY and request.spec.quantity != order.spec.quantity:
        reason = "its exits have its size; cancel the bracket and send another"
    elif order.role is not BracketRole.NONE and request.spec.quantity > order.first_quantity:
        reason = f"an exit closes at most the {order.first_quantity} of its entry"
    if not reason:
        return None
    return Denial(
        code="STATE_INVALID",
        reason=f"the order cannot be changed: {reason}",
        context={"status": order.status.value, "pending": order.pending.value},
    )
