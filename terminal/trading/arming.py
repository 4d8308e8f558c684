# SPDX-License-Identifier: Apache-2.0
"""Arming: a person's standing permission that orders may leave, which ends by itself.

It ends after its time, on a lost link, on another mode or account, and with the kill switch. Never restored
after a restart. Its time is over when any clock says so, the machine's monotonic, its wall clock or the broker's: the
monotonic one stands still while a machine sleeps, the others may be set back.
"""

from collections.abc import Callable
from typing import Final

from terminal.clock import NS_PER_S, Clock, Timer, wall_clock_ns
from terminal.errors import UserError
from terminal.model.commands import SetArmed
from terminal.model.enums import Mode
from terminal.model.events import ArmedChanged
from terminal.trading.views import TradingSession

_LOOK_S: Final = 1.0


class Arming:
    """Armed or not.

    Publishes: ArmedChanged.
    """

    def __init__(
        self,
        *,
        publish: Callable[[object], None],
        clock: Clock,
        minutes: Callable[[], float],
        wall_ns: Callable[[], int] = wall_clock_ns,
    ) -> None:
        self._publish = publish
        self._clock = clock
        self._minutes = minutes
        self._wall_ns = wall_ns
        self._until_ns: int | None = None
        self._ends: tuple[int, int] = (0, 0)
        """By the monotonic and by the wall clock of the machine."""
        self._timer: Timer | None = None

    @property
    def armed(self) -> bool:
        """Say whether orders may leave at this very moment."""
        return self._until_ns is not None and not self._is_over(self._until_ns)

    def _is_over(self, until_ns: int) -> bool:
        monotonic, wall = self._ends
        return self._clock.monotonic_ns() >= monotonic or self._wall_ns() >= wall or self._clock.now_ns() >= until_ns

    @property
    def until_ns(self) -> int | None:
        return self._until_ns

    def set_armed(self, command: SetArmed, session: TradingSession | None, refusal: str | None) -> None:
        """Arm or disarm. ``refusal`` says why arming is not possible now.

        Raises:
            UserError ARM-001: not possible now. ARM-002: a live account needs its name typed.
        """
        if not command.armed:
            self.disarm(f"disarmed by {command.actor}")
            return
        if session is None:
            raise UserError("ARM-001", "trading cannot be armed before an account is connected")
        if refusal is not None:
            raise UserError("ARM-001", f"trading cannot be armed: {refusal}")
        if session.mode is Mode.LIVE and command.account_typed != session.account_id:
            raise UserError("ARM-002", "type the account's id exactly as shown to arm a live account")
        self._stop_timer()
        span = round(self._minutes() * 60 * NS_PER_S)
        self._until_ns = self._clock.now_ns() + span
        self._ends = (self._clock.monotonic_ns() + span, self._wall_ns() + span)
        self._timer = self._clock.call_later(_LOOK_S, self._look)
        self._tell(f"armed by {command.actor}")

    def disarm(self, reason: str) -> None:
        """End it; nothing happens when it is not armed."""
        self._stop_timer()
        if self._until_ns is not None:
            self._until_ns = None
            self._tell(reason)

    def _look(self) -> None:
        self._timer = None
        if self.armed:
            self._timer = self._clock.call_later(_LOOK_S, self._look)
        else:
            self.disarm("the time of arming is over")

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _tell(self, reason: str) -> None:
        self._publish(ArmedChanged(ns=self._clock.now_ns(), armed=self.armed, until_ns=self._until_ns, reason=reason))
