# SPDX-License-Identifier: Apache-2.0
"""Historical bars and streams of bars that keep up to date.

Times are asked for as epoch (formatDate 2): local times are ambiguous when clocks change. Requests wait for
their pacing instead of failing; a stream is asked for again after every reconnect and every interruption,
and says so by a reset. Bars of five seconds grow by IBKR's real-time bars, all others by history that it
keeps up to date.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from brokers.ibkr import codes
from brokers.ibkr.bar_stream import REAL_TIME_S, Stream
from brokers.ibkr.bar_watch import BarWatch
from brokers.ibkr.codes import HistoryRefusal
from brokers.ibkr.connection import Connection, Request
from brokers.ibkr.contracts import ContractRegister, to_ib
from brokers.ibkr.hours import format_utc
from brokers.ibkr.link import Link
from brokers.ibkr.pacing import HistoryPacing
from brokers.ibkr.series import BAR_SIZES, SOURCES, Series, duration_text, make_series, merged
from brokers.ibkr.timing import BrokerClock, within
from terminal.errors import BrokerError, LinkLostError, PacedError, RefusedError
from terminal.model.enums import AssetClass, BarSource
from terminal.model.instrument import Instrument
from terminal.model.market import Bar

_ANSWER_S: Final = 30.0
_PACED_ATTEMPTS: Final = 3
_PACED_WAIT_S: Final = 15.0
_RETRY_S: Final = (5.0, 15.0, 60.0)


@dataclass(eq=False, slots=True)
class _Pending:
    series: Series
    answer: "asyncio.Future[list[Bar]]"


class History:
    """Historical data. Gives bars to callers and stream sinks; trouble becomes a notice or an error."""

    def __init__(self, clock: BrokerClock, link: Link, register: ContractRegister) -> None:
        self._clock = clock
        self._link = link
        self._register = register
        self._connection: Connection | None = None
        self._pacing: HistoryPacing | None = None
        self._pending: dict[int, _Pending] = {}
        self._streams: dict[int, Stream] = {}
        self._wanted: list[Stream] = []

    # ------------------------------------------------------------ session
    def begin(self, connection: Connection) -> None:
        self._connection = connection
        for stream in self._wanted:
            self._start(stream)

    def end(self, connection: Connection) -> None:
        for stream in self._wanted:
            self._stop(stream)
        if connection.alive:
            return
        self._connection = None
        waiting, self._pending = list(self._pending.values()), {}
        for pending in waiting:
            if not pending.answer.done():
                pending.answer.set_exception(LinkLostError(0, "the connection broke before the bars came"))

    def _open_connection(self) -> Connection:
        if self._connection is None or not self._connection.alive:
            raise LinkLostError(504, "not connected: no bars")
        return self._connection

    # ------------------------------------------------------------ one answer
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
        """Return bars, oldest first; see `HistoryFeed.bars`. No data is an empty answer, not an error."""
        series = make_series(instrument, seconds, duration_s, end_ns, source, regular_hours_only=regular_hours_only)
        self._register.remember(instrument)
        for attempt in range(_PACED_ATTEMPTS):
            try:
                return await self._ask(series)
            except PacedError:
                if attempt == _PACED_ATTEMPTS - 1:
                    raise
                await self._cool_down()
        return ()

    async def _cool_down(self) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        try:
            await within(self._clock, _PACED_WAIT_S, future)
        except TimeoutError:
            return

    async def _ask(self, series: Series) -> list[Bar]:
        pacing = self._paced()
        self._open_connection()
        await pacing.enter(seconds=series.seconds, contract=series.contract_key, key=series.key)
        try:
            return await self._answer(series)
        finally:
            pacing.leave()

    def _paced(self) -> HistoryPacing:
        self._pacing = self._pacing or HistoryPacing(self._clock)
        return self._pacing

    async def _answer(self, series: Series) -> list[Bar]:
        connection = self._open_connection()
        answer: asyncio.Future[list[Bar]] = asyncio.get_running_loop().create_future()
        req_id = self._send(connection, series, lambda code, text: self._refused(req_id, code, text), keep=False)
        self._pending[req_id] = _Pending(series, answer)
        try:
            return await within(self._clock, _ANSWER_S, answer)
        except TimeoutError:
            if connection.alive:
                connection.client.cancelHistoricalData(req_id)
            raise BrokerError(0, f"no bars of {series.instrument.id} within {_ANSWER_S:g} s") from None
        finally:
            self._pending.pop(req_id, None)
            connection.forget(req_id)

    def _send(self, connection: Connection, series: Series, on_error: Callable[[int, str], bool], *, keep: bool) -> int:
        req_id = connection.request_id(
            Request(channel="history", instrument_id=series.instrument.id, on_error=on_error)
        )
        connection.client.reqHistoricalData(
            req_id,
            to_ib(series.instrument),
            "" if series.end_ns is None else format_utc(series.end_ns),
            duration_text(series.duration_s, series.seconds),
            BAR_SIZES[series.seconds],
            SOURCES[series.source],
            series.regular_hours_only,
            2,
            keep,
            [],
        )
        return req_id

    def _refused(self, req_id: int, code: int, text: str) -> bool:
        """Give a refusal to the caller; it is not a notice too."""
        pending = self._pending.get(req_id)
        if pending is None or pending.answer.done():
            return False
        kind = codes.history_refusal(text) if code == 162 else HistoryRefusal.OTHER
        if kind is HistoryRefusal.NO_DATA:
            pending.answer.set_result([])
        elif kind is HistoryRefusal.PACING or code == 420:
            pending.answer.set_exception(PacedError(code, text))
        elif codes.lookup(code).kind is codes.Kind.FAILED:
            pending.answer.set_exception(RefusedError(code, text))
        return False

    # ------------------------------------------------------------ streams
    def keep_bars(
        self,
        instrument: Instrument,
        *,
        seconds: int,
        duration_s: int,
        regular_hours_only: bool,
        sink: Callable[[Sequence[Bar], bool], None],
    ) -> Stream:
        """Stream one series; see `HistoryFeed.keep_bars`."""
        source = BarSource.MIDPOINT if instrument.asset_class is AssetClass.FOREX else BarSource.TRADES
        series = make_series(instrument, seconds, duration_s, None, source, regular_hours_only=regular_hours_only)
        stream = Stream(series, sink, self.close_stream, BarWatch(self._clock, series, lambda: self._silent(stream)))
        self._register.remember(instrument)
        self._wanted.append(stream)
        self._start(stream)
        return stream

    def close_stream(self, stream: Stream) -> None:
        if not stream.closed:
            stream.closed = True
            self._wanted.remove(stream)
            self._stop(stream)

    def _start(self, stream: Stream) -> None:
        if stream.task is None and self._connection is not None and self._connection.alive:
            stream.task = asyncio.get_running_loop().create_task(self._run(stream), name="bars")
            stream.tasks.add(stream.task)
            stream.task.add_done_callback(stream.tasks.discard)

    def _stop(self, stream: Stream) -> None:
        connection, req_id, live_id = self._connection, stream.req_id, stream.live_id
        kept = bool(req_id) and not (stream.answered and stream.real_time)
        stream.req_id, stream.live_id, stream.last, stream.answered = 0, 0, None, False
        stream.early.clear()
        stream.watch.rest()
        if stream.task is not None:
            stream.task.cancel()
            stream.task = None
        if stream.retry is not None:
            stream.retry.cancel()
            stream.retry = None
        self._streams.pop(req_id, None)
        self._streams.pop(live_id, None)
        if connection is None or not connection.alive:
            return
        connection.forget(req_id)
        connection.forget(live_id)
        if kept:  # a one-time answer that has come leaves nothing to cancel
            connection.client.cancelHistoricalData(req_id)
        if live_id:
            connection.client.cancelRealTimeBars(live_id)

    async def _run(self, stream: Stream) -> None:
        """Ask once, paced; what follows comes through the messages."""
        pacing, series = self._paced(), stream.series
        # one entry for both: real-time bars have a limit of their own, as high as that of history
        await pacing.enter(seconds=series.seconds, contract=series.contract_key, key=(*series.key, "keep"))
        try:
            connection = self._connection
            if stream.closed or connection is None or not connection.alive:
                return
            stream.req_id = self._send(
                connection,
                series,
                lambda code, text: self._stream_error(stream, code, text, live=False),
                keep=not stream.real_time,
            )
            self._streams[stream.req_id] = stream
            if stream.real_time:
                stream.live_id = self._send_live(connection, stream)
                self._streams[stream.live_id] = stream
            stream.watch.begin()
        finally:
            stream.task = None
            pacing.leave()

    def _send_live(self, connection: Connection, stream: Stream) -> int:
        series = stream.series
        req_id = connection.request_id(
            Request(
                channel="history",
                instrument_id=series.instrument.id,
                on_error=lambda code, text: self._stream_error(stream, code, text, live=True),
            )
        )
        connection.client.reqRealTimeBars(
            req_id,
            to_ib(series.instrument),
            REAL_TIME_S,
            SOURCES[series.source],
            series.regular_hours_only,
            [],
        )
        return req_id

    def _stream_error(self, stream: Stream, code: int, text: str, *, live: bool) -> bool:
        """Ask again after an interruption or pacing; a refusal ends the stream's answer until the next session."""
        row = codes.lookup(code)
        refusal = codes.history_refusal(text) if code == 162 else HistoryRefusal.OTHER
        if refusal is HistoryRefusal.NO_DATA:  # before the first print of a day there is nothing yet: ask again
            stream.sink((), True)
            self._again(stream, subscribed=False)
            return False
        if row.kind is codes.Kind.RESUBSCRIBE or refusal is HistoryRefusal.PACING or code == 420:
            self._again(stream, subscribed=live or row.kind is codes.Kind.RESUBSCRIBE)
        elif row.kind is codes.Kind.FAILED and live:
            stream.watch.rest()
            self._streams.pop(stream.live_id, None)
            stream.live_id = 0
        elif row.kind is codes.Kind.FAILED:
            stream.watch.rest()
            self._streams.pop(stream.req_id, None)
            stream.req_id, stream.answered = 0, True
        return row.kind is not codes.Kind.QUIET

    def _silent(self, stream: Stream) -> None:
        """Its updates stopped while it should have some: ask anew, from history on."""
        if not stream.answered:
            self._link.notice(codes.BARS_SILENT, instrument_id=stream.series.instrument.id)
        self._stop(stream)
        self._start(stream)

    def _again(self, stream: Stream, *, subscribed: bool) -> None:
        if not subscribed:
            self._streams.pop(stream.req_id, None)
            stream.req_id = 0
        self._stop(stream)
        delay = _RETRY_S[min(stream.failures, len(_RETRY_S) - 1)]
        stream.failures += 1
        stream.retry = self._clock.call_later(delay, lambda: self._retry(stream))

    def _retry(self, stream: Stream) -> None:
        stream.retry = None
        if not stream.closed and not stream.req_id:
            self._start(stream)

    # ------------------------------------------------------------ inbound
    def on_bars(self, fields: list[str]) -> None:
        """Take message 17. Raises ValueError, IndexError when it cannot be read."""
        req_id = int(fields[1])
        pending, stream = self._pending.get(req_id), self._streams.get(req_id)
        series = pending.series if pending else stream.series if stream else None
        if series is None:
            return
        try:
            made = self._read(series, fields)
        except (ValueError, IndexError):
            if pending is not None and not pending.answer.done():
                pending.answer.set_exception(BrokerError(0, "the answer with the bars could not be read"))
            raise
        if pending is not None and not pending.answer.done():
            pending.answer.set_result(made)
        elif stream is not None:
            made = merged(made, stream.early)
            stream.failures, stream.answered = 0, True
            stream.last = made[-1] if made else None
            stream.early.clear()
            if stream.watch.answered(stream.last):
                self._link.notice(codes.BARS_SILENT, instrument_id=stream.series.instrument.id)
            stream.sink(made, True)

    def _read(self, series: Series, fields: list[str]) -> list[Bar]:
        """Return the bars in strict order of time; a repeated time keeps the later row."""
        rows = fields[5:]
        if len(rows) != 8 * int(fields[4]):
            raise ValueError(f"{fields[4]} bars announced, {len(rows)} fields came")
        by_start = {
            made.start_ns: made for made in (series.bar(rows[i : i + 8], closed=True) for i in range(0, len(rows), 8))
        }
        made = [by_start[start] for start in sorted(by_start)]
        if made and series.end_ns is None and made[-1].end_ns > self._clock.now_ns():
            made[-1] = replace(made[-1], closed=False)
        return made

    def on_bar_update(self, fields: list[str]) -> None:
        """Take message 90. Raises ValueError, IndexError when it cannot be read."""
        stream = self._streams.get(int(fields[1]))
        if stream is None:
            return
        count, date, opened, close, high, low, average, volume = fields[2:10]
        stream.grow(stream.series.bar((date, opened, high, low, close, volume, average, count), closed=False))

    def on_real_time_bar(self, fields: list[str]) -> None:
        """Take message 50: a bar of five seconds that has ended. Raises ValueError, IndexError, unreadable."""
        stream = self._streams.get(int(fields[2]))
        if stream is None:
            return
        bar = stream.series.bar(fields[3:11], closed=True)
        if stream.answered:
            stream.grow(bar)
        else:
            stream.early.append(bar)
