# SPDX-License-Identifier: Apache-2.0
"""Account figures, positions and P&L of the profile's account, subscribed anew in every session.

Read from the raw messages: the library's P&L objects carry the unset double, its position store drops what
became zero. Account numbers never reach a log.
"""

import asyncio
from typing import Final

from brokers.ibkr import parse
from brokers.ibkr.connection import Connection, Request
from brokers.ibkr.contracts import ContractRegister
from brokers.ibkr.timing import BrokerClock
from terminal.errors import BrokerError, LinkLostError
from terminal.model.events import PnlReported, PositionReported
from terminal.model.ids import AccountId, InstrumentId
from terminal.ports import EventSink

SUMMARY_TAGS: Final = (
    "AccountType,NetLiquidation,TotalCashValue,SettledCash,BuyingPower,EquityWithLoanValue,GrossPositionValue,"
    "InitMarginReq,MaintMarginReq,AvailableFunds,ExcessLiquidity,Cushion,Leverage"
)
MAX_PNL_LINES: Final = 200
"""P&L subscriptions per instrument; beyond them only the account's is asked for."""


class AccountFeed:
    """Publishes AccountValueReported, PositionReported, PnlReported."""

    def __init__(self, clock: BrokerClock, sink: EventSink, register: ContractRegister) -> None:
        self._clock = clock
        self._sink = sink
        self._register = register
        self._connection: Connection | None = None
        self.account = AccountId("")
        """The profile's account: the one that trades."""
        self._pnl_requests: dict[int, InstrumentId | None] = {}
        self._pnl_contracts: set[int] = set()
        self._summary_id = 0
        self._values_done: asyncio.Future[None] | None = None
        self._positions_done: asyncio.Future[None] | None = None
        self._given_up: asyncio.Future[None] | None = None
        self._collector: list[PositionReported] | None = None

    # ------------------------------------------------------------ session
    def begin(self, connection: Connection) -> None:
        self._connection = connection
        self.account = connection.settings.account or AccountId(connection.accounts[0])
        loop = asyncio.get_running_loop()
        self._values_done, self._positions_done = loop.create_future(), loop.create_future()
        self._pnl_requests.clear()
        self._pnl_contracts.clear()
        client = connection.client
        client.reqPositions()
        client.reqAccountUpdates(True, self.account)
        if len(connection.accounts) > 1:
            self._summary_id = connection.request_id(Request(channel="session"))
            client.reqAccountSummary(self._summary_id, "All", SUMMARY_TAGS)
        req_id = connection.request_id(Request(channel="session"))
        self._pnl_requests[req_id] = None
        client.reqPnL(req_id, self.account, "")

    def end(self, connection: Connection) -> None:
        for future in (self._values_done, self._positions_done):
            if future is not None and not future.done():
                future.set_exception(LinkLostError(0, "the connection broke"))
                future.exception()  # nobody may be waiting for it
        self._collector = None
        if not connection.alive:
            self._connection = None
            return
        for req_id, instrument_id in self._pnl_requests.items():
            connection.forget(req_id)
            if instrument_id is None:
                connection.client.cancelPnL(req_id)
            else:
                connection.client.cancelPnLSingle(req_id)
        if self._summary_id:
            connection.forget(self._summary_id)
            connection.client.cancelAccountSummary(self._summary_id)
            self._summary_id = 0

    async def complete(self) -> None:
        """Wait until account figures and positions of this session are in. Raises LinkLostError."""
        for future in (self._values_done, self._positions_done):
            if future is not None:
                await asyncio.shield(future)

    async def fresh_positions(self, connection: Connection) -> tuple[PositionReported, ...]:
        """Ask for all positions and return them. The caller bounds the wait and asks one at a time."""
        first = self._positions_done
        if first is not None and not first.done() and first is not self._given_up:
            try:
                await asyncio.shield(first)
            except asyncio.CancelledError:
                self._given_up = first  # its end is lost: the next question does not wait for it
                raise
        collected: list[PositionReported] = []
        self._collector = collected
        self._positions_done = asyncio.get_running_loop().create_future()
        connection.client.reqPositions()
        try:
            await self._positions_done
        finally:
            self._collector = None
        latest = {(one.account_id, one.instrument_id): one for one in collected}
        return tuple(latest.values())

    # ------------------------------------------------------------ inbound
    def on_value(self, fields: list[str]) -> None:
        """Take message 6 or 63. Raises IndexError when it cannot be read."""
        self._sink(parse.account_value(fields, self._clock.now_ns()))

    def on_values_end(self, _fields: list[str]) -> None:
        if self._values_done is not None and not self._values_done.done():
            self._values_done.set_result(None)

    def on_position(self, fields: list[str]) -> None:
        """Take message 61. Raises ValueError, IndexError when it cannot be read."""
        reported = parse.position(fields, self._clock.now_ns(), self._register)
        if self._collector is not None:
            self._collector.append(reported)
        self._sink(reported)
        con_id = int(fields[3])
        if reported.quantity and reported.account_id == self.account:
            self._watch_pnl(con_id, reported.instrument_id)

    def on_unreadable_position(self) -> None:
        """A list with a hole is no answer: whoever waits for it gets an error."""
        if self._collector is not None and self._positions_done is not None and not self._positions_done.done():
            self._positions_done.set_exception(BrokerError(0, "a position could not be read"))

    def on_positions_end(self, _fields: list[str]) -> None:
        if self._positions_done is not None and not self._positions_done.done():
            self._positions_done.set_result(None)

    def _watch_pnl(self, con_id: int, instrument_id: InstrumentId) -> None:
        connection = self._connection
        if connection is None or not connection.alive or not con_id or con_id in self._pnl_contracts:
            return
        if len(self._pnl_contracts) >= MAX_PNL_LINES:
            return
        self._pnl_contracts.add(con_id)
        req_id = connection.request_id(Request(channel="session", instrument_id=instrument_id))
        self._pnl_requests[req_id] = instrument_id
        connection.client.reqPnLSingle(req_id, self.account, "", con_id)

    def on_pnl(self, fields: list[str]) -> None:
        """Take message 94 (account) or 95 (one position). Raises ValueError, IndexError when it cannot be read."""
        req_id = int(fields[1])
        if req_id not in self._pnl_requests:
            return
        first = 2 if fields[0] == "94" else 3
        daily, unrealized, realized = (parse.pnl_number(text) for text in fields[first : first + 3])
        self._sink(
            PnlReported(
                ns=self._clock.now_ns(),
                account_id=self.account,
                instrument_id=self._pnl_requests[req_id],
                daily=daily,
                unrealized=unrealized,
                realized=realized,
            )
        )
