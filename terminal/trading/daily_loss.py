# SPDX-License-Identifier: Apache-2.0
"""DailyLossWatch: the day's loss closes the gate by itself, in two steps.

At the first limit only closing orders may leave; at the second everything is halted and own orders are
cancelled, all but those that protect a position: nothing could replace them while trading is halted. A step
stays for the trading day even if the loss shrinks, unless a person raises the limits.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from terminal.clock import NS_PER_S, Clock, Timer
from terminal.model.enums import TradingState
from terminal.trading import states
from terminal.trading.risk import RiskGate
from terminal.trading.states import TradingStates

_EVERY_S: Final = 1.0
_ZONE: Final = ZoneInfo("America/New_York")


class DailyLossWatch:
    """Looks once a second."""

    def __init__(
        self,
        *,
        clock: Clock,
        gate: RiskGate,
        trading: TradingStates,
        cancel_openers: Callable[[str], object],
        alarm: Callable[[str, str], None],
    ) -> None:
        self._clock = clock
        self._gate = gate
        self._trading = trading
        self._cancel_openers = cancel_openers
        self._alarm = alarm
        self._timer: Timer | None = None
        self._step = TradingState.ACTIVE
        self._day = ""

    def start(self) -> None:
        if self._timer is None:
            self._timer = self._clock.call_later(_EVERY_S, self._tick)

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _tick(self) -> None:
        self._timer = self._clock.call_later(_EVERY_S, self._tick)
        self.look()

    def look(self) -> None:
        """Compare the day's loss with the limits and act on a step that is new."""
        loss = self._gate.day_loss_percent()
        if loss is None:
            return
        limits = self._gate.limits
        day = self._trading_day()
        if day != self._day and loss < limits.loss_reduce_percent:
            self._day = day
            self.forget()
        if loss >= limits.loss_halt_percent:
            self._take(TradingState.HALTED, loss, limits.loss_halt_percent, day)
        elif loss >= limits.loss_reduce_percent and self._step is TradingState.ACTIVE:
            self._take(TradingState.REDUCING, loss, limits.loss_reduce_percent, day)

    def _take(self, step: TradingState, loss: float, limit: float, day: str) -> None:
        if self._step is step:
            return
        self._step, self._day = step, day
        reason = f"today's loss is {loss:.2f} % of net liquidation, limit {limit:g} %"
        self._trading.latch(states.DAILY_LOSS, step, reason)
        if step is TradingState.HALTED:
            self._cancel_openers("daily loss")
            self._alarm(
                f"{reason}: trading is halted, own orders are being cancelled but for the exits of positions",
                "look at the open positions",
            )
        else:
            self._alarm(f"{reason}: only closing orders may leave", "reduce positions or stop for today")

    def forget(self) -> None:
        """Lift the step: a new trading day, or a person has changed the limits."""
        self._step = TradingState.ACTIVE
        self._trading.lift(states.DAILY_LOSS)

    def _trading_day(self) -> str:
        moment = datetime.fromtimestamp(self._clock.now_ns() // NS_PER_S, UTC).astimezone(_ZONE)
        return (moment + timedelta(minutes=5)).date().isoformat()
