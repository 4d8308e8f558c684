# SPDX-License-Identifier: Apache-2.0
"""IbkrBroker: the whole adapter behind `terminal.ports.Broker`.

Only wires its parts together and keeps the table of who reads which message. It speaks to the core through
the sink alone, on the core's thread.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from brokers.ibkr.account import AccountFeed
from brokers.ibkr.bars import History
from brokers.ibkr.connection import Cause, Connection
from brokers.ibkr.contracts import ContractRegister
from brokers.ibkr.depth import DepthFeed
from brokers.ibkr.heartbeat import Heartbeat
from brokers.ibkr.link import Link
from brokers.ibkr.market import MarketData
from brokers.ibkr.notices import Notices
from brokers.ibkr.reference import Reference
from brokers.ibkr.routes import Routes
from brokers.ibkr.session import Session
from brokers.ibkr.timing import BrokerClock
from brokers.ibkr.venue import OrderVenue
from terminal.clock import NS_PER_S
from terminal.model.enums import BarSource, DataType, LinkState
from terminal.model.events import SourceSpoke
from terminal.model.ids import AccountId, InstrumentId
from terminal.model.instrument import Instrument
from terminal.model.market import Bar, OptionParameters
from terminal.model.preview import OrderPreview
from terminal.ports import BarStream, BrokerTruth, ConnectionSettings, EventSink, WireOrder

if TYPE_CHECKING:
    from ib_insync.ticker import Ticker

_SPOKE_EVERY_NS: Final = NS_PER_S


class IbkrBroker:
    """A connection to TWS or IB Gateway; fulfils `terminal.ports.Broker`.

    Publishes through the sink: LinkChanged, Quote, Trade, Depth, OptionQuote, OptionStatistics, DataTypeChanged,
    DataNotice, SourceSpoke, Instrument (a contract first seen in a message), AccountValueReported, PnlReported,
    PositionReported and the Venue events.
    """

    def __init__(self, sink: EventSink, clock: BrokerClock, *, max_books: int = 1) -> None:
        self._sink = sink
        self._clock = clock
        self._link = Link(clock, sink)
        self._register = ContractRegister(sink)
        self._market = MarketData(clock, sink, self._link, self._register)
        self._depth = DepthFeed(clock, sink, self._link, self._register, max_books)
        self._history = History(clock, self._link, self._register)
        self._account = AccountFeed(clock, sink, self._register)
        self._reference = Reference(clock, self._register)
        self._venue = OrderVenue(clock, sink, self._link, self._register, self._account)
        self._heartbeat = Heartbeat(clock, sink, self._link)
        self._notices = Notices(clock, sink, self._link, lambda: self._session.connection)
        self._session = Session(
            clock,
            self._link,
            self._heartbeat,
            (
                self._notices,
                self._venue,
                self._reference,
                self._account,
                self._market,
                self._depth,
                self._history,
            ),
            self._synchronize,
            self._on_packet,
        )
        self._session.set_routes(
            Routes(clock, sink, self._link).table(
                self._venue,
                self._account,
                self._market,
                self._depth,
                self._history,
                self._reference,
                self._heartbeat,
                self._notices,
            )
        )
        self._notices.resynchronize = self._resynchronize
        self._notices.expect_words = self._expect_words
        self._notices.verify = self._revive_silent
        self._notices.on_read_only = self._venue.on_read_only
        self._notices.on_order_error = self._venue.on_order_error
        self._task: asyncio.Task[None] | None = None
        self._spoke_ns = 0

    # ------------------------------------------------------------ inbound
    def _on_packet(self, tickers: "set[Ticker]") -> None:
        self._market.on_packet(tickers)
        self._depth.on_packet()
        connection = self._session.connection
        if connection is not None and connection.packet_ns - self._spoke_ns >= _SPOKE_EVERY_NS:
            self._spoke_ns = connection.packet_ns
            self._sink(SourceSpoke(ns=connection.packet_ns))

    def _resynchronize(self, cause: Cause, data_lost: bool) -> None:
        self._expect_words()
        self._session.resynchronize(cause, data_lost=data_lost)

    def _expect_words(self) -> None:
        self._market.expect_words()
        self._depth.expect_words()

    def _revive_silent(self) -> None:
        self._market.revive_silent()
        self._depth.revive_silent()

    # ------------------------------------------------------------ life
    async def connect(self, settings: ConnectionSettings) -> None:
        """Start connecting and keep trying until `disconnect`."""
        await self.disconnect()
        self._market.set_data_type(settings.requested_data_type)
        self._task = asyncio.get_running_loop().create_task(self._session.run(settings), name="broker.ibkr")
        self._task.add_done_callback(self._on_task_done)

    def _on_task_done(self, task: "asyncio.Task[None]") -> None:
        """A session that ends by itself is a fault of ours: be loud."""
        if task.cancelled() or task.exception() is None:
            return
        self._link.say(LinkState.DISCONNECTED)
        task.get_loop().call_exception_handler(
            {"message": "the broker session failed", "exception": task.exception(), "task": task}
        )

    async def disconnect(self) -> None:
        task, self._task = self._task, None
        if task is None:
            return
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        self._link.say(LinkState.DISCONNECTED)

    async def _synchronize(self, connection: Connection) -> None:
        del connection
        await self._account.complete()

    @property
    def link(self) -> LinkState:
        return self._link.state

    @property
    def accounts(self) -> tuple[AccountId, ...]:
        connection = self._session.connection
        return tuple(AccountId(name) for name in connection.accounts) if connection else ()

    @property
    def read_only(self) -> bool:
        return self._link.read_only

    # ------------------------------------------------------------ market feed
    def subscribe_quote(self, instrument: Instrument) -> None:
        self._market.subscribe_quote(instrument)

    def unsubscribe_quote(self, instrument_id: InstrumentId) -> None:
        self._market.unsubscribe_quote(instrument_id)

    def subscribe_depth(self, instrument: Instrument, rows: int) -> None:
        self._depth.subscribe(instrument, rows)

    def unsubscribe_depth(self, instrument_id: InstrumentId) -> None:
        self._depth.unsubscribe(instrument_id)

    def subscribe_trades(self, instrument: Instrument) -> None:
        self._market.subscribe_trades(instrument)

    def unsubscribe_trades(self, instrument_id: InstrumentId) -> None:
        self._market.unsubscribe_trades(instrument_id)

    def request_data_type(self, data_type: DataType) -> None:
        self._market.request_data_type(data_type)

    def subscriptions(self) -> dict[str, int]:
        quotes, trades = self._market.counts()
        return {"quotes": quotes, "depth": self._depth.count, "trades": trades}

    # ------------------------------------------------------------ reference data
    async def search(self, pattern: str) -> Sequence[Instrument]:
        return await self._reference.search(pattern)

    async def qualify(self, instrument: Instrument) -> Instrument:
        return await self._reference.qualify(instrument)

    async def option_parameters(self, underlying: Instrument) -> Sequence[OptionParameters]:
        return await self._reference.option_parameters(underlying)

    async def option_contracts(self, underlying: Instrument, expiry: str, trading_class: str) -> Sequence[Instrument]:
        return await self._reference.option_contracts(underlying, expiry, trading_class)

    # ------------------------------------------------------------ history
    async def bars(
        self,
        instrument: Instrument,
        *,
        seconds: int,
        duration_s: int,
        end_ns: int | None = None,
        source: BarSource = BarSource.TRADES,
        regular_hours_only: bool = True,
    ) -> Sequence[Bar]:
        return await self._history.bars(
            instrument,
            seconds=seconds,
            duration_s=duration_s,
            end_ns=end_ns,
            source=source,
            regular_hours_only=regular_hours_only,
        )

    def keep_bars(
        self,
        instrument: Instrument,
        *,
        seconds: int,
        duration_s: int,
        regular_hours_only: bool,
        sink: Callable[[Sequence[Bar], bool], None],
    ) -> BarStream:
        return self._history.keep_bars(
            instrument, seconds=seconds, duration_s=duration_s, regular_hours_only=regular_hours_only, sink=sink
        )

    # ------------------------------------------------------------ execution venue
    def place(self, order: WireOrder) -> int:
        return self._venue.place(order)

    def modify(self, order: WireOrder) -> None:
        """Send the whole order again under its id: that is how TWS changes one."""
        self._venue.place(order)

    def cancel(self, broker_order_id: int) -> None:
        self._venue.cancel(broker_order_id)

    async def preview(self, order: WireOrder) -> OrderPreview:
        return await self._venue.preview(order)

    async def truth(self, account_id: AccountId) -> BrokerTruth:
        return await self._venue.truth(account_id)

    def next_order_id_floor(self) -> int:
        return self._venue.next_order_id_floor
