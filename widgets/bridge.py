# SPDX-License-Identifier: Apache-2.0
"""Bridge: the one place where the core meets Qt. State is conflated to frames, facts are never dropped.

The bus calls synchronously; the bridge only notes what changed. Once a frame, if anything did, it emits one
`Frame`. Nothing before it throttles, nothing after it knows the bus.
"""

from dataclasses import dataclass, field
from typing import Final

from PySide6.QtCore import QObject, Qt, QTimer, Signal

from terminal.bus import Bus, Subscription
from terminal.model.events import (
    AccountChanged,
    ArmedChanged,
    DataNotice,
    DataTypeChanged,
    DecisionMade,
    KillSwitchReport,
    LinkChanged,
    LogLine,
    OrderChanged,
    PositionChanged,
    Reconciled,
    StrategyChanged,
    TaskFailed,
    TradingStateChanged,
)
from terminal.model.ids import InstrumentId
from terminal.model.market import Depth, OptionQuote, OptionStatistics, Quote, Trade

FRAME_MS: Final = 16
FACTS: Final = (
    OrderChanged,
    PositionChanged,
    AccountChanged,
    TradingStateChanged,
    ArmedChanged,
    Reconciled,
    KillSwitchReport,
    StrategyChanged,
    DecisionMade,
    LinkChanged,
    DataNotice,
    DataTypeChanged,
    TaskFailed,
    LogLine,
)


@dataclass(slots=True)
class Frame:
    """What changed since the last frame. Latest state by instrument; prints and facts in order, none left out."""

    quotes: dict[InstrumentId, Quote] = field(default_factory=dict)
    depths: dict[InstrumentId, Depth] = field(default_factory=dict)
    options: dict[InstrumentId, OptionQuote] = field(default_factory=dict)
    statistics: dict[InstrumentId, OptionStatistics] = field(default_factory=dict)
    trades: list[Trade] = field(default_factory=list)
    facts: list[object] = field(default_factory=list)


class Bridge(QObject):
    """Signals: ``frame`` (Frame) at most once per 16 ms, only when something changed."""

    frame = Signal(object)

    def __init__(self, bus: Bus, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._next = Frame()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(FRAME_MS)
        self._timer.timeout.connect(self._emit)
        self._pending = False
        self._subscriptions: list[Subscription] = [
            bus.subscribe(Quote, self._on_quote),
            bus.subscribe(Depth, self._on_depth),
            bus.subscribe(OptionQuote, self._on_option),
            bus.subscribe(OptionStatistics, self._on_statistics),
            bus.subscribe(Trade, self._on_trade),
            *(bus.subscribe(kind, self._on_fact) for kind in FACTS),
        ]

    def close(self) -> None:
        """Let go of the bus; nothing is emitted afterwards."""
        for subscription in self._subscriptions:
            subscription.close()
        self._timer.stop()

    def _touch(self) -> None:
        if not self._pending:
            self._pending = True
            self._timer.start()

    def _on_quote(self, quote: Quote) -> None:
        self._next.quotes[quote.instrument_id] = quote
        if not self._pending:
            self._touch()

    def _on_depth(self, depth: Depth) -> None:
        self._next.depths[depth.instrument_id] = depth
        if not self._pending:
            self._touch()

    def _on_option(self, quote: OptionQuote) -> None:
        self._next.options[quote.instrument_id] = quote
        if not self._pending:
            self._touch()

    def _on_statistics(self, statistics: OptionStatistics) -> None:
        self._next.statistics[statistics.instrument_id] = statistics
        self._touch()

    def _on_trade(self, trade: Trade) -> None:
        self._next.trades.append(trade)
        if not self._pending:
            self._touch()

    def _on_fact(self, fact: object) -> None:
        self._next.facts.append(fact)
        self._touch()

    def _emit(self) -> None:
        frame, self._next = self._next, Frame()
        self._pending = False
        self.frame.emit(frame)
