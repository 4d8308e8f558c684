# SPDX-License-Identifier: Apache-2.0
"""DailyLossWatch: the day's loss closes the gate by itself, in two steps.

At the first limit only closing orders may leave; at the second everything is halted and own orders are
cancelled, all but those that protect a position: nothing could replace them while trading is halted. A step
stays for the trading day even if the loss shrinks, unless a person raises the limits. Because it stays, it needs
proof (docs/decisions/0024): both figures at once, or one of them at two looks, or ten seconds of ours when the prices
that it rests on prove little. Until then the gate itself refuses what the figure forbids.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from terminal.clock import NS_PER_S, Clock, Timer
from terminal.model.enums import TradingState
from terminal.trading import states
from terminal.trading.mark_proof import MarkProof
from terminal.trading.risk import RiskGate
from terminal.trading.states import TradingStates

_EVERY_S: Final = 1.0
_TWO_LOOKS_NS: Final = round(0.9 * NS_PER_S)
_DOUBTFUL_NS: Final = 10 * NS_PER_S
_ZONE: Final = ZoneInfo("America/New_York")


class DailyLossWatch:
    """Looks once a second."""

    def __init__(
        self,
        *,
        clock: Clock,
        gate: RiskGate,
        marks: MarkProof,
        trading: TradingStates,
        cancel_openers: Callable[[str], object],
        alarm: Callable[[str, str], None],
    ) -> None:
        self._clock = clock
        self._gate = gate
        self._marks = marks
        self._trading = trading
        self._cancel_openers = cancel_openers
        self._alarm = alarm
        self._timer: Timer | None = None
        self._step = TradingState.ACTIVE
        self._day = ""
        self._since: dict[TradingState, int] = {}
        """Step -> monotonic time since when a figure has demanded it."""

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
        figures = self._gate.day_losses()
        known = [each for each in figures if each is not None]
        doubt = self._marks.doubt()  # at every look, so that a jump is seen
        if not known:
            return
        limits = self._gate.limits
        day = self._trading_day()
        if day != self._day and max(known) < limits.loss_reduce_percent:
            self._day = day
            self.forget()
        halts = self._is_proved(TradingState.HALTED, limits.loss_halt_percent, figures, doubt)
        reduces = self._is_proved(TradingState.REDUCING, limits.loss_reduce_percent, figures, doubt)
        if halts:
            self._take(TradingState.HALTED, max(known), limits.loss_halt_percent, day)
        elif reduces and self._step is TradingState.ACTIVE:
            self._take(TradingState.REDUCING, max(known), limits.loss_reduce_percent, day)

    def _is_proved(
        self, step: TradingState, limit: float, figures: tuple[float | None, float | None], doubt: str
    ) -> bool:
        """Say whether the day's loss is at ``limit`` beyond doubt: (broker's, ours) in percent."""
        broker, ours = (each is not None and each >= limit for each in figures)
        if not broker and not ours:
            self._since.pop(step, None)
            return False
        now = self._clock.monotonic_ns()
        stands_ns = now - self._since.setdefault(step, now)
        if broker and ours:
            return True
        return stands_ns >= (_DOUBTFUL_NS if ours and doubt else _TWO_LOOKS_NS)

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
