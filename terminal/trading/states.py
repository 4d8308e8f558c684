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
        self._frozen: dict[InstrumentId, dict[str, StrategyId | None]] = {}
        """Instrument -> every reason that stands, with the strategy that it stops."""

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
        """Let nothing but cancels through for an instrument (and its strategy); False when it is so for this reason."""
        reasons = self._frozen.setdefault(instrument_id, {})
        if reason in reasons:
            return False
        reasons[reason] = strategy_id
        return True

    def thaw(self, instrument_id: InstrumentId, reason: str) -> None:
        """Take one reason away because it is gone; the freeze lasts as long as another stands."""
        reasons = self._frozen.get(instrument_id, {})
        reasons.pop(reason, None)
        if not reasons:
            self._frozen.pop(instrument_id, None)

    def release(self, instrument_id: InstrumentId) -> bool:
        """Lift the freeze of an instrument, whatever its reasons, and of the strategies that it stopped."""
        return self._frozen.pop(instrument_id, None) is not None

    def frozen(self, instrument_id: InstrumentId, strategy_id: StrategyId | None = None) -> str | None:
        """Return why neither the instrument nor the strategy may trade, or None."""
        for reason in self._frozen.get(instrument_id, {}):
            return reason
        for reasons in self._frozen.values() if strategy_id is not None else ():
            for reason, owner in reasons.items():
                if owner == strategy_id:
                    return reason
        return None

    def frozen_instruments(self) -> Mapping[InstrumentId, str]:
        """Return the first reason of every frozen instrument."""
        return {instrument_id: next(iter(reasons)) for instrument_id, reasons in self._frozen.items()}
