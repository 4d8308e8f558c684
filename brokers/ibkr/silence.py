# SPDX-License-Identifier: Apache-2.0
"""Silence of level-1 lines: is the market quiet, or does a stream hang while the heartbeat goes on?

Silence alone proves nothing: an illiquid option says nothing for minutes. So each line is measured by its own rhythm
and by what the others do, and a line that is too silent is asked about: one snapshot beside the stream. The same
prices mean a quiet market; none, or others than the stream's, mean that it hangs: it is told as frozen and asked for
anew (docs/decisions/0028). It must not burden the server: two questions at a time, ever fewer to a quiet market.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import isnan
from typing import TYPE_CHECKING, Final, Protocol

from brokers.ibkr import codes
from brokers.ibkr.connection import Connection, Request
from brokers.ibkr.contracts import to_ib
from brokers.ibkr.link import Link
from brokers.ibkr.timing import BrokerClock
from terminal.clock import NS_PER_S, Timer
from terminal.model.enums import AssetClass
from terminal.model.events import QuotesFrozen
from terminal.model.ids import InstrumentId
from terminal.model.instrument import Instrument
from terminal.ports import EventSink

if TYPE_CHECKING:
    from ib_insync.ticker import Ticker

EVERY_S: Final = 0.5
ANSWER_NS: Final = round(2.5 * NS_PER_S)
"""A line that is alive answers a question within this time."""
TOGETHER_NS: Final = round(2.5 * NS_PER_S)
"""Least silence of lines together before one of them is asked about."""
ALONE_NS: Final = 5 * NS_PER_S
"""Least silence of one line before it is asked about, and how much it is at most, below."""
LONGEST_ALONE_NS: Final = 120 * NS_PER_S
LONGEST_NS: Final = 300 * NS_PER_S
"""The rarest question to a line that is quiet again and again."""
_TIMES_ALONE: Final = 10
_TIMES_TOGETHER: Final = 20
"""Silence of so many usual gaps is no accident of a busy line, or of many lines."""
_DIFFERS_NS: Final = NS_PER_S
"""A price that just changed reaches the stream within this time of the snapshot."""
_RETRY_NS: Final = (5 * NS_PER_S, 15 * NS_PER_S, 60 * NS_PER_S)
_MOST_QUESTIONS: Final = 2
BURST_NS: Final = NS_PER_S // 10
"""Packets closer together are one word."""
_KNOWN_BEATS: Final = 5
_FIRST_GAP_NS: Final = 6 * NS_PER_S
_SMOOTHING: Final = 0.1


@dataclass(eq=False, slots=True)
class Pulse:
    """How often a line speaks, and when it last did. Times are monotonic."""

    heard_ns: int = 0
    gap_ns: float = _FIRST_GAP_NS
    beats: int = 0
    vouched_ns: int = 0
    """When an answer said that it is only quiet."""
    answers: int = 0
    """How often in a row it was only quiet."""
    frozen: bool = False
    retries: int = 0
    retry_ns: int = 0

    def beat(self, now_ns: int) -> None:
        """The line spoke, more than `BURST_NS` after its last word; what is closer only moves ``heard_ns``."""
        gap = now_ns - self.heard_ns
        self.heard_ns = now_ns
        if self.beats and not self.frozen:  # a stream that hung is no rhythm
            self.gap_ns += (min(gap, LONGEST_ALONE_NS) - self.gap_ns) * _SMOOTHING
        self.beats += 1
        self.answers = self.retries = 0
        self.frozen = False

    def silence_ns(self, now_ns: int) -> int:
        return now_ns - max(self.heard_ns, self.vouched_ns)

    @property
    def patience_ns(self) -> float:
        """How long it may be silent until it is asked about."""
        usual = min(max(self.gap_ns * _TIMES_ALONE, ALONE_NS), LONGEST_ALONE_NS)
        return min(usual * 2.0 ** min(self.answers, 6), LONGEST_NS)


class Line(Protocol):
    """What is looked at of a level-1 line."""

    instrument: Instrument
    req_id: int
    ticker: "Ticker | None"
    refused: bool
    pulse: Pulse


@dataclass(eq=False, slots=True, kw_only=True)
class _Question:
    line: Line
    line_req: int
    asked_ns: int
    about: Sequence[Line]
    """The lines that an answer speaks for."""
    req_id: int = 0
    ticker: "Ticker | None" = None
    differs_ns: int | None = None
    refused: bool = False


class SilenceWatch:
    """Watches the lines of one session. Publishes: QuotesFrozen; says so by a notice."""

    def __init__(
        self,
        clock: BrokerClock,
        sink: EventSink,
        link: Link,
        lines: Callable[[], Iterable[Line]],
        reopen: Callable[[Line], None],
    ) -> None:
        self._clock = clock
        self._sink = sink
        self._link = link
        self._lines = lines
        self._reopen = reopen
        self._connection: Connection | None = None
        self._timer: Timer | None = None
        self._questions: list[_Question] = []

    # ------------------------------------------------------------ session
    def begin(self, connection: Connection) -> None:
        self._connection = connection
        for line in self._lines():
            line.pulse = Pulse()
        self._timer = self._clock.call_later(EVERY_S, self._look)

    def end(self, connection: Connection) -> None:
        for question in tuple(self._questions):
            self._drop(question)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if not connection.alive:
            self._connection = None

    # ------------------------------------------------------------ looking
    def _look(self) -> None:
        self._timer = self._clock.call_later(EVERY_S, self._look)
        connection = self._connection
        if connection is None or not connection.alive or self._link.broken is not None:
            return
        now = self._clock.monotonic_ns()
        for question in tuple(self._questions):
            self._judge(connection, question, now)
        lines = list(self._lines())
        self._revive(lines, now)
        known = [line for line in lines if line.req_id and not line.refused and line.pulse.beats]
        speaking = [line for line in known if not line.pulse.frozen]
        if len(self._questions) < _MOST_QUESTIONS and speaking:
            asked = {id(line) for question in self._questions for line in question.about}
            waiting = [line for line in speaking if id(line) not in asked]
            if not self._ask_together(connection, waiting, now):
                self._ask_alone(connection, waiting, now)

    def _ask_together(self, connection: Connection, lines: Sequence[Line], now: int) -> bool:
        """Ask about the liveliest line when lines that speak often say nothing at once: all, or all of a kind."""
        groups: dict[AssetClass, list[Line]] = {}
        for line in lines:
            if line.pulse.beats >= _KNOWN_BEATS:
                groups.setdefault(line.instrument.asset_class, []).append(line)
        everything = [line for group in groups.values() for line in group]
        for group in (everything, *groups.values()):
            if len(group) < 2 or min(line.pulse.silence_ns(now) for line in group) < TOGETHER_NS:
                continue
            trading = [line for line in group if self._trades(line)]
            if len(trading) < 2:
                continue
            usual = _TIMES_TOGETHER / sum(1 / line.pulse.gap_ns for line in trading)
            first = min(trading, key=lambda line: line.pulse.gap_ns)
            patience = min(max(usual, TOGETHER_NS) * 2.0 ** min(first.pulse.answers, 6), LONGEST_NS)
            if min(line.pulse.silence_ns(now) for line in trading) >= patience:
                self._ask(connection, first, trading, now)
                return True
        return False

    def _ask_alone(self, connection: Connection, lines: Sequence[Line], now: int) -> None:
        """Ask about the line that is silent longest by its own measure."""
        silent = [line for line in lines if line.pulse.silence_ns(now) >= line.pulse.patience_ns]
        silent = [line for line in silent if self._trades(line)]
        if silent:
            line = max(silent, key=lambda one: one.pulse.silence_ns(now) / one.pulse.patience_ns)
            self._ask(connection, line, [line], now)

    def _trades(self, line: Line) -> bool:
        """Say whether it should speak now: outside its liquid hours silence is the rule; unknown hours count."""
        return line.instrument.is_open(self._clock.now_ns(), outside_regular_hours=False) is not False

    # ------------------------------------------------------------ asking
    def _ask(self, connection: Connection, line: Line, about: Sequence[Line], now: int) -> None:
        question = _Question(line=line, line_req=line.req_id, asked_ns=now, about=about)
        self._questions.append(question)
        used = sum(1 for each in self._lines() if each.req_id) + len(self._questions)
        if used > connection.settings.market_data_lines:
            self._ask_stream(question, now)  # a snapshot needs a line of its own while it is answered
            return
        request = Request(
            channel="quote", instrument_id=line.instrument.id, on_error=lambda code, _: self._refused(question, code)
        )
        contract = to_ib(line.instrument)
        question.req_id = connection.request_id(request)
        question.ticker = connection.wrapper.startTicker(question.req_id, contract, "snapshot")
        connection.client.reqMktData(question.req_id, contract, "", True, False, [])

    def _refused(self, question: _Question, code: int) -> bool:
        """A snapshot that may not be had says nothing about the stream. Nobody needs to read of it."""
        question.refused = question.refused or codes.lookup(code).kind is codes.Kind.FAILED
        return False

    def _ask_stream(self, question: _Question, now: int) -> None:
        """Ask by subscribing anew, in the line's own place: its first word is the answer."""
        self._drop_snapshot(question)
        self._reopen(question.line)
        question.line_req, question.asked_ns, question.refused = question.line.req_id, now, False

    def _judge(self, connection: Connection, question: _Question, now: int) -> None:
        line = question.line
        if line.pulse.heard_ns > question.asked_ns or line.req_id != question.line_req or line.refused:
            self._drop(question)  # it speaks, or it is another line now
            return
        if question.refused:
            self._ask_stream(question, now)
            return
        same = _compare(question.ticker, line.ticker)
        if same:
            self._drop(question)
            for each in question.about:
                each.pulse.vouched_ns = now
                each.pulse.answers += 1
        elif same is False:
            question.differs_ns = question.differs_ns or now
            if now - question.differs_ns >= _DIFFERS_NS:
                self._freeze(question, now)
        elif now - question.asked_ns >= ANSWER_NS and connection.heard_ns > question.asked_ns:
            self._freeze(question, now)  # a server that says nothing at all is the heartbeat's business

    def _freeze(self, question: _Question, now: int) -> None:
        """Tell that these streams hang, and ask for them anew."""
        self._drop(question)
        frozen = [each for each in question.about if each.pulse.heard_ns <= question.asked_ns and not each.pulse.frozen]
        for each in frozen:
            each.pulse.frozen, each.pulse.retry_ns = True, now
        names = tuple(each.instrument.id for each in frozen)
        if names:
            self._sink(QuotesFrozen(ns=self._clock.now_ns(), instrument_ids=names))
            self._link.notice(codes.QUOTES_FROZEN, _text(names), channel="quote")

    def _revive(self, lines: Iterable[Line], now: int) -> None:
        """Subscribe one frozen line anew, those that were tried least often first."""
        due = [line for line in lines if line.req_id and line.pulse.frozen and now >= line.pulse.retry_ns]
        if not due:
            return
        line = min(due, key=lambda one: (one.pulse.retries, one.pulse.retry_ns))
        pulse = line.pulse
        pulse.retry_ns = now + _RETRY_NS[min(pulse.retries, len(_RETRY_NS) - 1)]
        pulse.retries += 1
        self._reopen(line)

    # ------------------------------------------------------------ ending a question
    def _drop(self, question: _Question) -> None:
        self._questions.remove(question)
        self._drop_snapshot(question)

    def _drop_snapshot(self, question: _Question) -> None:
        """End the snapshot and purge what the library keeps of it for ever."""
        connection, ticker, req_id = self._connection, question.ticker, question.req_id
        question.ticker, question.req_id = None, 0
        if ticker is None or connection is None or not connection.alive:
            return
        connection.forget(req_id)
        wrapper = connection.wrapper
        wrapper.endTicker(ticker, "snapshot")
        wrapper.reqId2Ticker.pop(req_id, None)
        wrapper.tickers.pop(id(ticker.contract), None)
        wrapper.pendingTickers.discard(ticker)
        if not question.refused:
            connection.client.cancelMktData(req_id)


def _compare(snapshot: "Ticker | None", stream: "Ticker | None") -> bool | None:
    """Say whether a snapshot tells the stream's own prices; None while it tells nothing."""
    if snapshot is None or stream is None:
        return None
    pairs = [(getattr(snapshot, name), getattr(stream, name)) for name in ("bid", "ask", "last")]
    told = [(new, old) for new, old in pairs if not isnan(new)]
    if told:
        return all(new == old or (new <= 0 and isnan(old)) for new, old in told)
    return None if isnan(snapshot.close) else True


def _text(names: Sequence[InstrumentId]) -> str:
    if len(names) <= 3:
        return f"The quotes of {', '.join(names)} stand still"
    return f"The quotes of {len(names)} instruments stand still ({', '.join(names[:3])}, ...)"
