# SPDX-License-Identifier: Apache-2.0
"""Orders: out through the lanes, back as venue events, and the broker's whole truth on demand.

Only says what the broker said. Whether an order lives is judged by the core; a failed query raises and is
never an empty answer. The queries share their answers' message types, so they run one after the other.
"""

import asyncio
from collections.abc import Callable
from typing import Any, Final

from brokers.ibkr import codes, orders, wire_orders
from brokers.ibkr.account import AccountFeed
from brokers.ibkr.connection import Connection, Request
from brokers.ibkr.contracts import ContractRegister, to_ib
from brokers.ibkr.library import load
from brokers.ibkr.link import Link
from brokers.ibkr.timing import BrokerClock
from terminal.errors import BrokerError, LinkLostError, RefusedError
from terminal.model.events import (
    VenueCommission,
    VenueDecodeFailed,
    VenueExecution,
    VenueOrderCompleted,
    VenueOrderError,
    VenueOrderOpened,
    VenueOrderStatus,
)
from terminal.model.ids import AccountId
from terminal.model.preview import OrderPreview
from terminal.ports import BrokerTruth, EventSink, WireOrder

QUERY_S: Final = 5.0
PREVIEW_S: Final = 5.0
_TRUTH_MESSAGES: Final = frozenset({"5", "11", "101"})


class _Truth:
    """Collects one answer of each query while `truth` runs."""

    def __init__(self) -> None:
        self.open: dict[tuple[int, int, int], VenueOrderOpened] = {}
        self.completed: dict[tuple[int, str], VenueOrderCompleted] = {}
        self.executions: dict[str, VenueExecution] = {}
        self.commissions: dict[str, VenueCommission] = {}
        self.fault = ""


class OrderVenue:
    """The order side of the broker.

    Publishes: VenueOrderOpened, VenueOrderStatus, VenueExecution (unsolicited), VenueCommission,
    VenueOrderCompleted, VenueDecodeFailed, VenueOrderError (never sent).
    """

    def __init__(
        self, clock: BrokerClock, sink: EventSink, link: Link, register: ContractRegister, account: AccountFeed
    ) -> None:
        self._clock = clock
        self._sink = sink
        self._link = link
        self._register = register
        self._account = account
        self._connection: Connection | None = None
        self._previews: dict[int, asyncio.Future[OrderPreview]] = {}
        self._partial_previews: dict[int, OrderPreview] = {}
        self._truth: _Truth | None = None
        self._ends: dict[str, asyncio.Future[None]] = {}
        self._execution_requests: frozenset[int] = frozenset()
        self._exits: dict[int, set[int]] = {}
        """Order id of an entry -> those of the exits that hang on it, as placed over this connection."""
        self._querying = asyncio.Lock()

    # ------------------------------------------------------------ session
    def begin(self, connection: Connection) -> None:
        self._connection = connection
        self._exits.clear()

    def end(self, connection: Connection) -> None:
        """Say which orders and cancels never left their lane."""
        if connection.alive:
            return
        self._connection = None
        self._execution_requests = frozenset()
        for message in connection.never_sent:
            kind, *rest = message.split("\0")
            if kind == "3":
                self._never_left(int(rest[0]), codes.NEVER_SENT, "the connection broke before it left")
            else:
                self._never_left(int(rest[1]), codes.CANCEL_NEVER_SENT, "the connection broke before the cancel left")

    def _never_left(self, order_id: int, code: int, text: str) -> None:
        self._sink(VenueOrderError(ns=self._clock.now_ns(), broker_order_id=order_id, code=code, text=text))

    @property
    def next_order_id_floor(self) -> int:
        return self._connection.order_id_floor if self._connection else 1

    def _open_connection(self) -> Connection:
        connection = self._connection
        if connection is None:
            raise LinkLostError(504, "not connected: nothing was sent")
        connection.ensure_open()
        return connection

    # ------------------------------------------------------------ outbound
    def place(self, order: WireOrder) -> int:
        """Hand one order to the transport; return the session epoch. Raises LinkLostError."""
        connection = self._open_connection()
        made = orders.to_ib(order)
        try:
            connection.client.placeOrder(order.broker_order_id, to_ib(order.instrument), made)
        except ConnectionError:
            raise LinkLostError(504, "not connected: nothing was sent") from None
        if order.parent_broker_order_id:
            self._exits.setdefault(order.parent_broker_order_id, set()).add(order.broker_order_id)
        return connection.epoch

    def cancel(self, broker_order_id: int) -> None:
        """Ask to cancel one order; what of it and of its exits still waits to leave is taken back.

        A cancel overtakes orders in their lane, and exits that arrive after the end of their entry stand alone.
        Raises LinkLostError.
        """
        connection = self._open_connection()
        if connection.lanes.take_back(broker_order_id):
            self._never_left(broker_order_id, codes.NEVER_SENT, "taken back by its cancel before it left")
        for exit_id in sorted(self._exits.pop(broker_order_id, ())):
            if connection.lanes.take_back(exit_id):
                self._never_left(exit_id, codes.NEVER_SENT, "taken back by the cancel of its entry before it left")
        try:
            connection.client.cancelOrder(broker_order_id, "")
        except ConnectionError:
            raise LinkLostError(504, "not connected: nothing was sent") from None

    async def preview(self, order: WireOrder) -> OrderPreview:
        """Ask what-if. Raises BrokerError when it is refused, unknown or late."""
        connection = self._open_connection()
        order_id = order.broker_order_id
        made = orders.to_ib(order, what_if=True)
        if order_id in self._previews:
            raise BrokerError(0, f"a preview under order id {order_id} is already asked for")
        future: asyncio.Future[OrderPreview] = asyncio.get_running_loop().create_future()
        self._previews[order_id] = future
        try:
            connection.client.placeOrder(order_id, to_ib(order.instrument), made)
            return await connection.answer(PREVIEW_S, future, "what-if answer")
        except BrokerError as fault:
            partial = self._partial_previews.get(order_id)
            if partial is None or isinstance(fault, (LinkLostError, RefusedError)):
                raise
            return partial  # TWS answered without margins, and nothing better came
        finally:
            self._previews.pop(order_id, None)
            self._partial_previews.pop(order_id, None)

    # ------------------------------------------------------------ inbound
    def decode_failed(self, message_id: str, reason: str) -> None:
        """An order message could not be read: its content is unknown, and so is a truth that was to hold it."""
        if self._truth is not None and message_id in _TRUTH_MESSAGES:
            self._truth.fault = f"message {message_id} of the answer could not be read: {reason}"
        self._sink(VenueDecodeFailed(ns=self._clock.now_ns(), message_id=int(message_id), reason=reason))

    def read_status(self, fields: list[str]) -> VenueOrderStatus:
        return wire_orders.order_status(fields, self._clock.now_ns())

    def read_open(self, fields: list[str]) -> wire_orders.OpenOrder:
        version = self._connection.version if self._connection else 0
        return wire_orders.open_order(fields, self._clock.now_ns(), version, self._register)

    def on_open(self, message: wire_orders.OpenOrder) -> None:
        if message.what_if:
            self._on_what_if(message)
            return
        opened = message.opened
        if self._truth is not None:
            self._truth.open[opened.client_id, opened.broker_order_id, opened.perm_id] = opened
        self._sink(opened)

    def read_execution(self, fields: list[str]) -> VenueExecution:
        _, made = wire_orders.execution(fields, self._clock.now_ns(), self._register, self._execution_requests)
        return made

    def on_execution(self, execution: VenueExecution) -> None:
        if execution.solicited:
            if self._truth is not None:
                self._truth.executions[execution.execution_id] = execution
            return
        self._sink(execution)

    def read_commission(self, fields: list[str]) -> VenueCommission:
        return wire_orders.commission(fields, self._clock.now_ns())

    def on_commission(self, report: VenueCommission) -> None:
        if self._truth is not None:
            self._truth.commissions[report.execution_id] = report
        self._sink(report)

    def read_completed(self, fields: list[str]) -> VenueOrderCompleted:
        version = self._connection.version if self._connection else 0
        return wire_orders.completed_order(fields, self._clock.now_ns(), version)

    def on_completed(self, completed: VenueOrderCompleted) -> None:
        if self._truth is not None:
            self._truth.completed[completed.perm_id, str(completed.client_order_id)] = completed
        else:
            self._sink(completed)

    def on_end(self, fields: list[str]) -> None:
        """Take an end marker: 53 open orders, 55 executions, 102 completed orders."""
        key = fields[0] if fields[0] != "55" else f"55 {fields[2]}"
        future = self._ends.get(key)
        if future is not None and not future.done():
            future.set_result(None)

    def on_read_only(self, code: int, text: str) -> None:
        """The API refuses even to list orders: whoever waits for a list need not wait longer."""
        for future in self._ends.values():
            if not future.done():
                future.set_exception(RefusedError(code, text))

    def on_order_error(self, order_id: int, code: int, text: str) -> bool:
        """Give an error to the preview that waits under this id; True when there is one."""
        future = self._previews.get(order_id)
        if future is None:
            return False
        if not future.done() and codes.lookup(code).severity == "error":
            future.set_exception(RefusedError(code, text))
        return True

    def _on_what_if(self, message: wire_orders.OpenOrder) -> None:
        """The first of two answers may come without margins: wait for the second."""
        order_id = message.opened.broker_order_id
        future = self._previews.get(order_id)
        if future is None or future.done():
            return
        figures: dict[str, Any] = dict(message.figures)
        made = OrderPreview(
            ns=self._clock.now_ns(), currency=message.currency or "USD", warning=message.warning, **figures
        )
        if made.initial_change is None and made.initial_after is None:
            self._partial_previews[order_id] = made
        else:
            future.set_result(made)

    # ------------------------------------------------------------ truth
    async def truth(self, account_id: AccountId) -> BrokerTruth:
        """Ask everything, one query after the other.

        Raises:
            BrokerError: a query failed or got no end within 5 s; nothing is known then.
        """
        async with self._querying:
            connection = self._open_connection()
            self._truth = collected = _Truth()
            client = connection.client
            try:
                await self._query(connection, "53", client.reqAllOpenOrders, "open orders")
                await self._query(connection, "102", lambda: client.reqCompletedOrders(False), "completed orders")
                await self._executions(connection)
                positions = await connection.answer(
                    QUERY_S, self._account.fresh_positions(connection), "answer with the positions"
                )
            finally:
                self._truth = None
                self._ends.clear()
        if collected.fault:
            raise BrokerError(0, collected.fault)
        return BrokerTruth(
            ns=self._clock.now_ns(),
            open_orders=tuple(one for one in collected.open.values() if one.account_id == account_id),
            completed_orders=tuple(collected.completed.values()),
            executions=tuple(one for one in collected.executions.values() if one.account_id == account_id),
            commissions=tuple(collected.commissions.values()),
            positions=tuple(one for one in positions if one.account_id == account_id),
        )

    async def _query(self, connection: Connection, end: str, ask: Callable[[], None], what: str) -> None:
        future = self._ends[end] = asyncio.get_running_loop().create_future()
        connection.ensure_open()
        ask()
        await connection.answer(QUERY_S, future, f"end of the {what}")

    async def _executions(self, connection: Connection) -> None:
        failed: list[tuple[int, str]] = []

        def on_error(code: int, text: str) -> bool:
            failed.append((code, text))
            future = self._ends.get(f"55 {req_id}")
            if future is not None and not future.done():
                future.set_result(None)
            return False

        req_id = connection.request_id(Request(channel="session", on_error=on_error))
        self._execution_requests |= {req_id}
        everything = load().ExecutionFilter()
        try:
            await self._query(
                connection,
                f"55 {req_id}",
                lambda: connection.client.reqExecutions(req_id, everything),
                "executions",
            )
        finally:
            connection.forget(req_id)
        if failed:
            raise BrokerError(*failed[0])
