# SPDX-License-Identifier: Apache-2.0
"""Level 1 and prints: subscriptions that outlive connections, and the hot path from tickers to quotes.

One Quote per changed ticker and packet, straight in the socket's callback: no task, no queue. Prints come
from tick-by-tick; where that is refused, from level 1, and a notice says so.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from operator import attrgetter
from typing import TYPE_CHECKING, Final

from brokers.ibkr import codes, parse
from brokers.ibkr.connection import Connection, Request
from brokers.ibkr.contracts import ContractRegister, to_ib
from brokers.ibkr.link import Link
from brokers.ibkr.parse import DATA_TYPE_NUMBERS, DATA_TYPES
from brokers.ibkr.silence import BURST_NS, Line, Pulse, SilenceWatch
from brokers.ibkr.timing import BrokerClock
from terminal.model.enums import AssetClass, DataType, OptionPriceSource, OptionRight
from terminal.model.events import DataTypeChanged
from terminal.model.ids import InstrumentId
from terminal.model.instrument import Instrument
from terminal.model.market import Trade
from terminal.ports import EventSink

if TYPE_CHECKING:
    from ib_insync import OptionComputation
    from ib_insync.ticker import Ticker

_GENERIC_TICKS: Final = {
    AssetClass.STOCK: "100,101",
    AssetClass.INDEX: "100,101",
    AssetClass.OPTION: "100,101",
    AssetClass.FUTURE: "588",
}
"""Open interest and option volume; everything else of level 1 comes without asking."""
_underlying_statistics = attrgetter("callOpenInterest", "putOpenInterest", "callVolume", "putVolume")
_STATISTICS: Final[dict[AssetClass, Callable[["Ticker"], tuple[float, ...]]]] = {
    AssetClass.STOCK: _underlying_statistics,
    AssetClass.INDEX: _underlying_statistics,
    AssetClass.OPTION: attrgetter("callOpenInterest", "putOpenInterest", "volume"),
    AssetClass.FUTURE: attrgetter("futuresOpenInterest", "volume"),
}


def _no_statistics(_: "Ticker") -> tuple[float, ...]:
    return ()


_WITHOUT_PRINTS: Final = frozenset({AssetClass.FOREX, AssetClass.INDEX})
_LAST_TICKS: Final = frozenset({4, 68})
_LAST_SIZE_TICKS: Final = frozenset({5, 71})
_ALL_LAST: Final = "AllLast"
_DELAYED: Final = frozenset({DataType.DELAYED, DataType.DELAYED_FROZEN})


@dataclass(eq=False, slots=True, kw_only=True)
class _Line:
    """One level-1 line. ``wanted`` by the core, ``fallback`` because its prints come from here."""

    instrument: Instrument
    wanted: bool = False
    fallback: bool = False
    req_id: int = 0
    ticker: "Ticker | None" = None
    data_type: DataType = DataType.LIVE
    told_type: DataType | None = None
    greeks: "tuple[OptionComputation | None, ...]" = (None, None, None, None)
    statistics: tuple[float, ...] = ()
    heard: bool = False
    refused: bool = False
    pulse: Pulse = field(default_factory=Pulse)
    id: InstrumentId = field(init=False)
    read_statistics: "Callable[[Ticker], tuple[float, ...]]" = field(init=False)
    is_option: bool = field(init=False)

    def __post_init__(self) -> None:
        self.id = self.instrument.id
        self.read_statistics = _STATISTICS.get(self.instrument.asset_class, _no_statistics)
        self.is_option = self.instrument.right is not None


@dataclass(eq=False, slots=True, kw_only=True)
class _Tape:
    instrument: Instrument
    req_id: int = 0
    heard: bool = False
    fallback: bool = False


class MarketData:
    """Level 1 and prints.

    Publishes: Quote, OptionQuote, OptionStatistics, Trade, DataTypeChanged; refusals go to `Notices`.
    """

    def __init__(self, clock: BrokerClock, sink: EventSink, link: Link, register: ContractRegister) -> None:
        self._clock = clock
        self._sink = sink
        self._link = link
        self._register = register
        self._connection: Connection | None = None
        self._lines: dict[InstrumentId, _Line] = {}
        self._tapes: dict[InstrumentId, _Tape] = {}
        self._by_ticker: dict[int, _Line] = {}
        self._tape_by_req: dict[int, _Tape] = {}
        self._data_type = DataType.LIVE
        self._silence = SilenceWatch(clock, sink, link, self._lines.values, self._reopen)

    # ------------------------------------------------------------ session
    def begin(self, connection: Connection) -> None:
        """Ask for everything that is wanted, once."""
        self._connection = connection
        if self._data_type is not DataType.LIVE:
            connection.client.reqMarketDataType(DATA_TYPE_NUMBERS[self._data_type])
        for line in self._lines.values():
            self._open_line(line)
        for tape in self._tapes.values():
            self._open_tape(tape)
        self._silence.begin(connection)

    def end(self, connection: Connection) -> None:
        """Forget the connection's ids; end what runs where it still lives."""
        self._silence.end(connection)
        for line in list(self._lines.values()):
            self._close_line(line)
            if line.fallback and not line.wanted:
                del self._lines[line.instrument.id]
            line.fallback = False
        for tape in self._tapes.values():
            self._close_tape(tape)
            tape.fallback = False
        if not connection.alive:
            self._connection = None

    # ------------------------------------------------------------ level 1
    def subscribe_quote(self, instrument: Instrument) -> None:
        line = self._lines.get(instrument.id)
        if line is None:
            line = self._lines[instrument.id] = _Line(instrument=self._register.remember(instrument))
        if line.wanted:
            return
        line.wanted = True
        if not line.req_id:
            self._open_line(line)

    def unsubscribe_quote(self, instrument_id: InstrumentId) -> None:
        line = self._lines.get(instrument_id)
        if line is None or not line.wanted:
            return
        line.wanted = False
        if not line.fallback:
            self._close_line(line)
            del self._lines[instrument_id]

    def request_data_type(self, data_type: DataType) -> None:
        """Ask for this kind of data from now on: open lines are asked again."""
        if data_type is self._data_type:
            return
        self._data_type = data_type
        connection = self._connection
        if connection is None or not connection.alive:
            return
        connection.client.reqMarketDataType(DATA_TYPE_NUMBERS[data_type])
        for line in self._lines.values():
            self._close_line(line)
            self._open_line(line)

    def set_data_type(self, data_type: DataType) -> None:
        """Set what the next session asks for."""
        self._data_type = data_type

    def counts(self) -> tuple[int, int]:
        """Return lines and tapes in use."""
        return len(self._lines), len(self._tapes)

    def _open_line(self, line: _Line) -> None:
        connection = self._connection
        if connection is None or not connection.alive:
            return
        iid = line.instrument.id
        request = Request(channel="quote", instrument_id=iid, on_error=lambda code, _: self._on_refused(line, code))
        contract = to_ib(line.instrument)
        line.req_id = connection.request_id(request)
        line.heard = line.refused = False
        line.data_type, line.told_type = DataType.LIVE, None
        line.greeks, line.statistics = (None, None, None, None), ()
        line.ticker = connection.wrapper.startTicker(line.req_id, contract, "mktData")
        self._by_ticker[id(line.ticker)] = line
        generic = _GENERIC_TICKS.get(line.instrument.asset_class, "")
        connection.client.reqMktData(line.req_id, contract, generic, False, False, [])

    def _close_line(self, line: _Line) -> None:
        """End the stream and purge what the library keeps of it for ever."""
        connection, ticker, req_id = self._connection, line.ticker, line.req_id
        line.ticker, line.req_id = None, 0
        if ticker is None:
            return
        self._by_ticker.pop(id(ticker), None)
        if connection is None or not connection.alive:
            return
        connection.forget(req_id)
        connection.wrapper.endTicker(ticker, "mktData")
        connection.wrapper.reqId2Ticker.pop(req_id, None)
        connection.wrapper.tickers.pop(id(ticker.contract), None)
        connection.wrapper.pendingTickers.discard(ticker)
        if not line.refused:
            connection.client.cancelMktData(req_id)

    def _reopen(self, line: Line) -> None:
        """Ask for a line anew, in its own place."""
        mine = self._lines.get(line.instrument.id)
        if mine is line:
            self._close_line(mine)
            self._open_line(mine)

    def _on_refused(self, line: _Line, code: int) -> bool:
        if codes.lookup(code).kind is codes.Kind.FAILED and code != 10197:
            line.refused = True
        return True

    def on_data_type(self, fields: list[str]) -> None:
        """Take message 58: which kind of data follows under a request."""
        req_id, number = int(fields[2]), int(fields[3])
        ticker = self._connection.wrapper.reqId2Ticker.get(req_id) if self._connection else None
        if ticker is None:
            return
        ticker.marketDataType = number
        line = self._by_ticker.get(id(ticker))
        data_type = DATA_TYPES.get(number)
        if line is None or data_type is None:
            return
        line.data_type = data_type
        if line.told_type is not data_type:
            line.told_type = data_type
            self._sink(DataTypeChanged(ns=self._clock.now_ns(), instrument_id=line.instrument.id, data_type=data_type))

    def on_packet(self, tickers: "set[Ticker]") -> None:
        """Publish what changed in this packet: at most one quote per ticker."""
        connection = self._connection
        if connection is None:
            return
        ns, by_ticker, sink, make = connection.packet_ns, self._by_ticker, self._sink, parse.quote
        heard_ns = connection.heard_ns
        for ticker in tickers:
            line = by_ticker.get(id(ticker))
            if line is None:
                continue
            line.heard = True
            if ticker.ticks:
                pulse = line.pulse
                if heard_ns - pulse.heard_ns > BURST_NS:
                    pulse.beat(heard_ns)
                else:
                    pulse.heard_ns = heard_ns
                if line.wanted:
                    sink(make(ticker, line.id, ns, line.data_type))
                if line.fallback:
                    self._prints_of(line, ticker, ns)
                raw = line.read_statistics(ticker)  # absent ones are one and the same nan object: they are equal
                if raw != line.statistics:
                    line.statistics = raw
                    self._statistics_of(line, ticker, ns)
            if line.is_option and (ticker.modelGreeks or ticker.bidGreeks or ticker.askGreeks) is not None:
                self._greeks_of(line, ticker, ns)

    def _greeks_of(self, line: _Line, ticker: "Ticker", ns: int) -> None:
        now = (ticker.bidGreeks, ticker.askGreeks, ticker.lastGreeks, ticker.modelGreeks)
        before, line.greeks = line.greeks, now
        for source, old, new in zip(OptionPriceSource, before, now, strict=True):
            if new is not None and new is not old:
                self._sink(parse.option_quote(new, line.instrument.id, ns, source))

    def _statistics_of(self, line: _Line, ticker: "Ticker", ns: int) -> None:
        call = None if line.instrument.right is None else line.instrument.right is OptionRight.CALL
        made = parse.statistics(ticker, line.instrument.id, ns, call)
        if made is not None:
            self._sink(made)

    # ------------------------------------------------------------ prints
    def subscribe_trades(self, instrument: Instrument) -> None:
        if instrument.id in self._tapes:
            return
        tape = self._tapes[instrument.id] = _Tape(instrument=self._register.remember(instrument))
        self._open_tape(tape)

    def unsubscribe_trades(self, instrument_id: InstrumentId) -> None:
        tape = self._tapes.pop(instrument_id, None)
        if tape is None:
            return
        self._close_tape(tape)
        line = self._lines.get(instrument_id)
        if line is not None and line.fallback:
            line.fallback = False
            if not line.wanted:
                self._close_line(line)
                del self._lines[instrument_id]

    def _open_tape(self, tape: _Tape) -> None:
        connection, instrument = self._connection, tape.instrument
        if connection is None or not connection.alive:
            return
        if instrument.asset_class in _WITHOUT_PRINTS:
            self._link.notice(codes.NO_TRADES, instrument_id=instrument.id)
            return
        request = Request(
            channel="ticks", instrument_id=instrument.id, on_error=lambda code, _: self._on_tape_refused(tape, code)
        )
        tape.req_id, tape.heard = connection.request_id(request), False
        self._tape_by_req[tape.req_id] = tape
        connection.client.reqTickByTickData(tape.req_id, to_ib(instrument), _ALL_LAST, 0, False)

    def _close_tape(self, tape: _Tape) -> None:
        connection, req_id = self._connection, tape.req_id
        tape.req_id = 0
        if not req_id:
            return
        self._tape_by_req.pop(req_id, None)
        if connection is not None and connection.alive:
            connection.forget(req_id)
            connection.client.cancelTickByTickData(req_id)

    def _on_tape_refused(self, tape: _Tape, code: int) -> bool:
        """Take the prints from level 1 instead."""
        if codes.lookup(code).kind is not codes.Kind.FAILED or tape.fallback:
            return True
        connection = self._connection
        if connection is not None:
            connection.forget(tape.req_id)
        self._tape_by_req.pop(tape.req_id, None)
        tape.req_id, tape.fallback = 0, True
        iid = tape.instrument.id
        line = self._lines.get(iid)
        if line is None:
            line = self._lines[iid] = _Line(instrument=tape.instrument)
            self._open_line(line)
        line.fallback = True
        self._link.notice(codes.TRADES_FALLBACK, instrument_id=iid)
        return True

    def on_tick_by_tick(self, fields: list[str]) -> None:
        """Take message 99. Raises ValueError, IndexError when it cannot be read."""
        tape = self._tape_by_req.get(int(fields[1]))
        if tape is None or self._connection is None:
            return
        made = parse.trade(fields, tape.instrument.id, self._connection.packet_ns)
        if made is not None:
            tape.heard = True
            self._sink(made)

    def _prints_of(self, line: _Line, ticker: "Ticker", ns: int) -> None:
        """Make prints of last-price ticks: a size that only repeats its price's own is none.

        Delayed ticks make none: a print carries no mark, and the time it would get is not when it was traded.
        """
        if line.data_type in _DELAYED:
            return
        size_of_price = -1.0
        for tick in ticker.ticks:
            if tick.tickType in _LAST_TICKS:
                size_of_price = tick.size
            elif tick.tickType not in _LAST_SIZE_TICKS or tick.size == size_of_price:
                size_of_price = -1.0 if tick.tickType in _LAST_SIZE_TICKS else size_of_price
                continue
            if tick.price > 0 and tick.size > 0:
                self._sink(
                    Trade(
                        instrument_id=line.instrument.id, received_ns=ns, event_ns=ns, price=tick.price, size=tick.size
                    )
                )

    # ------------------------------------------------------------ silence
    def expect_words(self) -> None:
        """Count silence from now on."""
        for line in self._lines.values():
            line.heard = False
        for tape in self._tapes.values():
            tape.heard = False

    def revive_silent(self) -> None:
        """Ask again for the streams that said nothing since `expect_words`."""
        for line in self._lines.values():
            if line.req_id and not line.heard and not line.refused:
                self._close_line(line)
                self._open_line(line)
                self._link.notice(codes.STREAM_SILENT, instrument_id=line.instrument.id, channel="quote")
        for tape in self._tapes.values():
            if tape.req_id and not tape.heard:
                self._close_tape(tape)
                self._open_tape(tape)
