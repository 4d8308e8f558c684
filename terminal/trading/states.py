# SPDX-License-Identifier: Apache-2.0
"""TradingStates: may orders leave? Several reasons can say no at once; the strictest one rules.

Each reason is a named latch (link, kill switch, daily loss, journal ...) that only its owner lifts, so a
clean reconnect never lifts a kill switch. Instruments are frozen apart, by conflict.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from terminal.model.enums import TradingState
from terminal.model.events import TradingStateChanged
from terminal.model.ids import InstrumentId, StrategyId

_SEVERITY: Final = {TradingState.ACTIVE: 0, TradingState.REDUCING: 1, TradingState.HALTED: 2}

LINK: Final = "link"
RECONCILE: Final = "reconcile"
KILL: Final = "kill switch"
DAILY_LOSS: Final = "daily loss"
JOURNAL: Final = "journal"
ACCOUNT: Final = "account"


@dataclass(frozen=True, slots=True, kw_only=True)
class Latch:
    state: TradingState
    reason: str
    actor: str = "core"


class TradingStates:
    """The sum of all latches.

    Publishes: TradingStateChanged whenever the state or its leading reason changes.
    """

    def __init__(self, publish: Callable[[object], None], now_ns: Callable[[], int]) -> None:
        self._publish = publish
        self._now_ns = now_ns
        self._latches: dict[str, Latch] = {}
        self._shown = (TradingState.ACTIVE, "")
        self._frozen: dict[InstrumentId, str] = {}
        self._frozen_strategies: dict[StrategyId, str] = {}

    @property
    def state(self) -> TradingState:
        return self._leading()[1].state

    @property
    def reason(self) -> str:
        return self._leading()[1].reason

    @property
    def source(self) -> str:
        """Name of the latch that rules, empty while trading is free."""
        return self._leading()[0]

    def latches(self) -> Mapping[str, Latch]:
        return dict(self._latches)

    def holds(self, source: str) -> bool:
        return source in self._latches

    def latch(self, source: str, state: TradingState, reason: str, actor: str = "core") -> None:
        self._latches[source] = Latch(state=state, reason=reason, actor=actor)
        self._show()

    def begin(self, source: str, state: TradingState, reason: str) -> None:
        """Latch as the state to start with: nobody listens yet, and the journal is not open yet."""
        self._latches[source] = Latch(state=state, reason=reason)
        self._shown = (state, reason)

    def lift(self, source: str) -> None:
        if self._latches.pop(source, None) is not None:
            self._show()

    def _leading(self) -> tuple[str, Latch]:
        best = ("", Latch(state=TradingState.ACTIVE, reason=""))
        for source, latch in self._latches.items():
            if _SEVERITY[latch.state] > _SEVERITY[best[1].state]:
                best = (source, latch)
        return best

    def _show(self) -> None:
        _, latch = self._leading()
        if (latch.state, latch.reason) == self._shown:
            return
        self._shown = (latch.state, latch.reason)
        self._publish(TradingStateChanged(ns=self._now_ns(), state=latch.state, reason=latch.reason, actor=latch.actor))

    # ------------------------------------------------------------ one instrument, one strategy
    def freeze(self, instrument_id: InstrumentId, reason: str, strategy_id: StrategyId | None = None) -> bool:
        """Let nothing but cancels through for an instrument (and its strategy); False when it already is frozen."""
        if strategy_id is not None:
            self._frozen_strategies.setdefault(strategy_id, reason)
        if instrument_id in self._frozen:
            return False
        self._frozen[instrument_id] = reason
        return True

    def release(self, instrument_id: InstrumentId) -> bool:
        """Lift the freeze of an instrument and of the strategies that it stopped."""
        reason = self._frozen.pop(instrument_id, None)
        if reason is None:
            return False
        self._frozen_strategies = {strategy: why for strategy, why in self._frozen_strategies.items() if why != reason}
        return True

    def frozen(self, instrument_id: InstrumentId, strategy_id: StrategyId | None = None) -> str | None:
        """Return why neither the instrument nor the strategy may trade, or None."""
        reason = self._frozen.get(instrument_id)
        if reason is None and strategy_id is not None:
            reason = self._frozen_strategies.get(strategy_id)
        return reason

    def frozen_instruments(self) -> Mapping[InstrumentId, str]:
        return dict(self._frozen)
