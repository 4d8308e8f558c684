# SPDX-License-Identifier: Apache-2.0
"""Orders over the wire: place, modify, cancel, what-if, lists, executions, and who hears what.

The market accepts, matches and books; this module keeps the rules of the
session: ids, read-only mode, one client never sees another's order unless it
asks for all. Every acceptance is written to the history file before the
client hears of it, so the count of accepted orders is the truth.
"""

from typing import Final

from brokers.simulator.bar_requests import parse_time
from brokers.simulator.contracts import SEC_TYPES, invalid
from brokers.simulator.hub import Handlers, Hub
from brokers.simulator.order_ids import OrderIds
from brokers.simulator.order_messages import (
    BY_CLIENT,
    commission_fields,
    completed_order_fields,
    execution_fields,
    open_order_fields,
    order_status_fields,
    what_if_fields,
)
from brokers.simulator.order_requests import parse_order
from brokers.simulator.protocol import requests_orders as requests
from brokers.simulator.protocol import responses_orders as responses
from brokers.simulator.protocol.values import Values
from brokers.simulator.request import Request
from brokers.simulator.session import Session
from terminal.simulation.exchange_port import (
    SimExecution,
    SimOrder,
    SimOrderState,
    SimulatorRefusalError,
)

FINISHED: Final = frozenset({"Filled", "Cancelled", "ApiCancelled"})
_HELD: Final = frozenset({"ApiPending", "PendingSubmit", "Inactive"})
_OUTDATED: Final = (
    ("eTradeOnly", 2168, "Etrade Only Not Supported Warning"),
    ("firmQuoteOnly", 2169, "Firm Quote Only Not Supported Warning"),
)
_NOTE: Final = "Order Message:\n"
READ_ONLY: Final = "The API interface is currently in Read-Only mode."


class OrderDesk:
    """Serves order requests and tells clients what becomes of their orders."""

    def __init__(self, hub: Hub, ids: OrderIds) -> None:
        self._hub = hub
        self.ids = ids
        self._states: dict[int, SimOrderState] = {}
        self._auto_bind: set[Session] = set()
        self._told: set[int] = set()
        """Orders that the listener has spoken of during the current request."""
        self._warned: set[tuple[int, str]] = set()
        self.tif_preset = False
        """Whether orders without a time in force are answered with 10349, as newer TWS versions do."""

    def learn(self) -> None:
        """Take over the orders that the market already has (after a restart)."""
        states = [*self._hub.exchange.completed_orders(), *self._hub.exchange.open_orders()]
        self.ids.learn(states)
        self._states.update({state.perm_id: state for state in states})

    def handlers(self) -> Handlers:
        return {
            requests.PLACE_ORDER: self.place,
            requests.CANCEL_ORDER: self.cancel,
            requests.REQ_GLOBAL_CANCEL: self.cancel_all,
            requests.REQ_OPEN_ORDERS: self.open_orders,
            requests.REQ_ALL_OPEN_ORDERS: self.all_open_orders,
            requests.REQ_AUTO_OPEN_ORDERS: self.auto_open_orders,
            requests.REQ_COMPLETED_ORDERS: self.completed_orders,
            requests.REQ_EXECUTIONS: self.executions,
            requests.REQ_IDS: self.next_id,
        }

    def forget(self, session: Session) -> None:
        self._auto_bind.discard(session)

    def on_turn(self, now_ns: int) -> None:
        """Nothing waits here: orders are told of when they change."""

    # ------------------------------------------------------------------ place and modify
    def place(self, session: Session, request: Request) -> None:
        """New order, modification (same id) or what-if. Errors: 103, 104, 105, 200, 321, 434 and the market's."""
        self._refuse_read_only()
        client_id, order_id = _client(session), request.integer("order_id")
        combination = request.text("sec_type") == "BAG"
        if combination:
            _check_combination(request)
        order = parse_order(
            request,
            None if combination else self._hub.contracts.resolve(request),
            account=self._hub.account(request.text("account")),
            client_id=client_id,
            parent_perm_id=self._parent(client_id, request.integer("parent_id")),
            now_ns=self._hub.now_ns(),
        )
        if order.what_if:
            self._what_if(session, order, request.text("exchange"))
            return
        known = self.ids.perm_id(client_id, order_id)
        if known is not None:
            self._modify(known, order)
        elif order_id < self.ids.next_id(client_id) or order_id <= 0:
            raise SimulatorRefusalError(103, "Duplicate order id")
        else:
            self._place_new(session, order, request)
        self._settle_now()

    def _settle_now(self) -> None:
        """Let the market do what is due already: without latency a fill need not wait for the next step of time."""
        self._hub.exchange.advance_to(self._hub.now_ns())

    def _place_new(self, session: Session, order: SimOrder, request: Request) -> None:
        # The id is spent even if the market refuses: it may never name another order.
        self.ids.use(order.client_id, order.order_id)
        self._told.clear()
        state = self._hub.exchange.place(order)
        self.ids.bind(order.client_id, order.order_id, state.perm_id, request.text("exchange"))
        self._states[state.perm_id] = state
        self._hub.note(
            "order_accepted",
            client=order.client_id,
            order_id=order.order_id,
            perm_id=state.perm_id,
            order_ref=order.order_ref,
            transmit=order.transmit,
        )
        if state.perm_id not in self._told:
            self._tell(session, state)
        self._remark(session, order, request)

    def _remark(self, session: Session, order: SimOrder, request: Request) -> None:
        """Send what TWS remarks about an order it has taken: attributes it no longer knows, the preset's TIF."""
        for name, code, text in _OUTDATED:
            if name in order.attributes:
                session.error(order.order_id, code, text)
        if self.tif_preset and not request.text("tif"):
            session.error(order.order_id, 10349, "Order TIF was set to DAY based on order preset.")

    def _modify(self, perm_id: int, order: SimOrder) -> None:
        state = self._states[perm_id]
        if state.status == "Filled":
            raise SimulatorRefusalError(104, "Cannot modify a filled order.")
        if state.status in FINISHED:
            raise SimulatorRefusalError(103, "Duplicate order id")
        old = state.order
        if (old.action, old.account) != (order.action, order.account) or (
            not order.legs and old.con_id != order.con_id
        ):
            raise SimulatorRefusalError(
                105, "Order being modified does not match original order: contract, side and account must stay."
            )
        self._told.clear()
        # The client hears of a change when it has arrived at the exchange, or that it came too late.
        self._states[perm_id] = self._hub.exchange.modify(perm_id, order)
        self._hub.note("order_modified", perm_id=perm_id, order_ref=order.order_ref)

    def _parent(self, client_id: int, parent_id: int) -> int:
        if not parent_id:
            return 0
        perm_id = self.ids.perm_id(client_id, parent_id)
        if perm_id is None:
            raise SimulatorRefusalError(10006, f"Missing parent order {parent_id}.")
        return perm_id

    def _what_if(self, session: Session, order: SimOrder, exchange: str) -> None:
        preview = self._hub.exchange.preview(order)
        instrument = self._hub.contracts.instrument(order.con_id)
        session.send(responses.OPEN_ORDER, **what_if_fields(order, preview, instrument, exchange))

    def _refuse_read_only(self) -> None:
        if self._hub.read_only:
            raise invalid(READ_ONLY)

    # ------------------------------------------------------------------ cancel
    def cancel(self, session: Session, request: Request) -> None:
        """Cancel one own order. Errors: 10147 unknown, 10148 over, 161 not cancellable now."""
        self._refuse_read_only()
        order_id = request.integer("order_id")
        perm_id = self.ids.perm_id(_client(session), order_id)
        state = None if perm_id is None else self._states.get(perm_id)
        if state is None:
            raise SimulatorRefusalError(10147, f"OrderId {order_id} that needs to be cancelled is not found.")
        if state.status in FINISHED:
            raise SimulatorRefusalError(
                10148, f"OrderId {order_id} that needs to be cancelled cannot be cancelled, state: {state.status}."
            )
        self._cancel(state)
        self._settle_now()

    def _cancel(self, state: SimOrderState) -> None:
        self._told.clear()
        self._hub.note("cancel_requested", perm_id=state.perm_id, order_ref=state.order.order_ref)
        after = self._hub.exchange.cancel(state.perm_id)
        self._states[after.perm_id] = after
        session = self._hub.sessions.get(after.order.client_id)
        if after.perm_id in self._told or session is None:
            return
        if after.status in FINISHED:
            self.on_order(after)
        elif after.order.transmit:
            pending = {**self._status_fields(after), "status": "PendingCancel"}
            session.send(responses.ORDER_STATUS, **pending)

    def cancel_all(self, session: Session, request: Request) -> None:
        """Cancel every open order of every client."""
        del session, request
        self._refuse_read_only()
        for state in tuple(self._hub.exchange.open_orders()):
            if self._states.get(state.perm_id, state).status in FINISHED:
                continue
            try:
                self._cancel(state)
            except SimulatorRefusalError as refusal:
                # One that is being cancelled already, or bound in an auction, does not stop the others.
                self._hub.note("cancel_refused", perm_id=state.perm_id, code=refusal.code)
        self._settle_now()

    # ------------------------------------------------------------------ lists
    def open_orders(self, session: Session, request: Request) -> None:
        """Own open orders; client 0 also those made by hand."""
        del request
        self._refuse_read_only()
        if session.client_id == 0:
            for state in self._hub.exchange.open_orders():
                self._bind_manual(session, state)
        self._list(session, own=True)

    def all_open_orders(self, session: Session, request: Request) -> None:
        """Open orders of every client."""
        del request
        self._refuse_read_only()
        self._list(session, own=False)

    def _list(self, session: Session, *, own: bool) -> None:
        for state in self._hub.exchange.open_orders():
            if not own or state.order.client_id == session.client_id:
                self._tell(session, state)
        session.send(responses.OPEN_ORDER_END)

    def auto_open_orders(self, session: Session, request: Request) -> None:
        """Bind orders made by hand to client 0 from now on."""
        self._refuse_read_only()
        if session.client_id != 0:
            raise SimulatorRefusalError(
                327, "Only API connections with clientId set to 0 can set the auto bind TWS orders property."
            )
        if request.flag("auto_bind"):
            self._auto_bind.add(session)
        else:
            self._auto_bind.discard(session)

    def completed_orders(self, session: Session, request: Request) -> None:
        """Orders of the current day that are over; with api_only not those made by hand."""
        self._refuse_read_only()
        for state in self._hub.exchange.completed_orders():
            if request.flag("api_only") and state.order.order_id <= 0:
                continue
            instrument = self._hub.contracts.instrument(state.order.con_id)
            exchange = self.ids.exchanges.get(state.perm_id, "")
            fields = completed_order_fields(state, instrument, exchange, session.server_version)
            session.send(responses.COMPLETED_ORDER, **fields)
        session.send(responses.COMPLETED_ORDERS_END)

    def executions(self, session: Session, request: Request) -> None:
        """Executions of the current day that fit a filter, each with its commission."""
        for execution in self._hub.exchange.executions():
            if self._fits(execution, request):
                self._send_execution(session, execution, request.id)
                self._send_commission(session, execution)
        session.send(responses.EXECUTION_END, req_id=request.id)

    def _fits(self, execution: SimExecution, request: Request) -> bool:
        instrument = self._hub.contracts.instrument(execution.con_id)
        side = {"BUY": "BOT", "SELL": "SLD"}.get(request.text("side").upper(), request.text("side").upper())
        wanted: tuple[tuple[object, object], ...] = (
            (request.integer("client_id"), execution.client_id),
            (request.text("account"), execution.account),
            (request.text("symbol"), instrument.symbol),
            (request.text("sec_type"), SEC_TYPES[instrument.asset_class]),
            (request.text("exchange"), execution.exchange),
            (side, execution.side),
        )
        if any(asked and asked != found for asked, found in wanted):
            return False
        since = request.text("time")
        return not since or execution.ns >= parse_time(since, instrument, 0)

    def next_id(self, session: Session, request: Request) -> None:
        """The next valid order id."""
        del request
        session.send(responses.NEXT_VALID_ID, order_id=self.ids.next_id(_client(session)))

    # ------------------------------------------------------------------ market
    def on_order(self, state: SimOrderState) -> None:
        """An order changed: its client hears openOrder and orderStatus."""
        self._told.add(state.perm_id)
        self._states[state.perm_id] = state
        session = self._hub.sessions.get(state.order.client_id)
        if session is not None and session in self._auto_bind:
            self._bind_manual(session, state)
        if session is not None:
            self._tell(session, state)
            if state.status in ("Cancelled", "ApiCancelled"):
                reason = "" if state.completed_status == BY_CLIENT else state.completed_status
                session.error(state.order.order_id, 202, f"Order Canceled - reason:{reason}")

    def _bind_manual(self, session: Session, state: SimOrderState) -> None:
        """Give an order made by hand a (negative) id of client 0, so that this client can change and cancel it."""
        if state.order.order_id != 0 or state.order.client_id != 0:
            return
        state.order.order_id = self.ids.next_bound_id()
        self.ids.bind(0, state.order.order_id, state.perm_id)
        self._states[state.perm_id] = state
        session.send(responses.ORDER_BOUND, perm_id=state.perm_id, client_id=0, order_id=state.order.order_id)

    def on_execution(self, execution: SimExecution, state: SimOrderState) -> None:
        """A fill: execution, order status, commission, in this order."""
        self._told.add(state.perm_id)
        self._states[state.perm_id] = state
        self._hub.note(
            "execution",
            perm_id=execution.perm_id,
            order_ref=execution.order_ref,
            quantity=execution.quantity,
            price=execution.price,
            execution_id=execution.execution_id,
        )
        session = self._hub.sessions.get(execution.client_id)
        if session is not None:
            self._send_execution(session, execution, -1)
            self._tell(session, state)
            self._send_commission(session, execution)

    # ------------------------------------------------------------------ words
    def _send_execution(self, session: Session, execution: SimExecution, req_id: int) -> None:
        instrument = self._hub.contracts.instrument(execution.con_id)
        fields = execution_fields(execution, instrument, session.server_version)
        session.send(responses.EXECUTION, req_id=req_id, **fields)

    @staticmethod
    def _send_commission(session: Session, execution: SimExecution) -> None:
        """Report what an execution cost; a combination as a whole costs nothing, its legs do."""
        if execution.combo_role != "bag":
            session.send(responses.COMMISSION_REPORT, **commission_fields(execution))

    def _tell(self, session: Session, state: SimOrderState) -> None:
        """Send where an order stands; one that is not transmitted yet is known to nobody."""
        if not state.order.transmit and state.status in _HELD:
            return
        if state.status not in ("Cancelled", "ApiCancelled"):
            instrument = self._hub.contracts.instrument(state.order.con_id)
            exchange = self.ids.exchanges.get(state.perm_id, "")
            parent_id = self.ids.order_id(state.order.parent_perm_id)
            fields = open_order_fields(state, instrument, exchange, parent_id)
            session.send(responses.OPEN_ORDER, **{**fields, "order_id": _shown_id(session, state)})
        session.send(responses.ORDER_STATUS, **{**self._status_fields(state), "order_id": _shown_id(session, state)})
        if state.warning and (state.perm_id, state.warning) not in self._warned:
            self._warned.add((state.perm_id, state.warning))
            session.error(state.order.order_id, 399, _NOTE + state.warning.removeprefix(_NOTE))
        for code, text in state.notices:
            session.error(state.order.order_id, code, text)
        state.notices.clear()

    def _status_fields(self, state: SimOrderState) -> Values:
        return order_status_fields(state, self.ids.order_id(state.order.parent_perm_id))


def _shown_id(session: Session, state: SimOrderState) -> int:
    """The id under which a client sees an order: what client 0 has bound is 0 to the others."""
    number = state.order.order_id
    return 0 if number < 0 and session.client_id != 0 else number


def _check_combination(request: Request) -> None:
    """What `ContractBook.resolve` checks of a single contract."""
    if request.flag("delta_neutral_contract"):
        raise invalid("Delta-neutral contracts are not supported")
    if not request.text("exchange"):
        raise invalid("Please enter exchange")
    if not request.groups("combo_legs"):
        raise SimulatorRefusalError(314, "Security type 'BAG' requires combo leg details.")


def _client(session: Session) -> int:
    if session.client_id is None:
        raise invalid("START_API is required first")
    return session.client_id
