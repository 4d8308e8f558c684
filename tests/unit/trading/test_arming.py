# SPDX-License-Identifier: Apache-2.0
"""Arming ends by whichever clock says so first: a machine that slept or a clock that jumped extends nothing."""

from terminal.clock import NS_PER_S, SimClock
from terminal.model.commands import SetArmed
from terminal.model.enums import Mode
from terminal.model.events import ArmedChanged
from terminal.model.ids import AccountId
from terminal.trading.arming import Arming
from terminal.trading.views import TradingSession
from tests.unit.trading.desk import START_NS
from tests.unit.trading.test_broker_clock import JumpingClock

SESSION = TradingSession(account_id=AccountId("DU1"), mode=Mode.PAPER, client_id=7)
MINUTE = 60 * NS_PER_S


class Machine:
    """Arming for fifteen minutes, the machine's wall clock set by hand."""

    def __init__(self, clock: SimClock) -> None:
        self.clock = clock
        self.slept_ns = 0
        self.told: list[object] = []
        self.arming = Arming(
            publish=self.told.append,
            clock=clock,
            minutes=lambda: 15.0,
            wall_ns=lambda: clock.monotonic_ns() + self.slept_ns,
        )
        self.arming.set_armed(SetArmed(armed=True), SESSION, None)

    def armed(self) -> bool:
        """Say it as it is now: the type checker must not remember an earlier look."""
        return self.arming.armed


def test_a_machine_that_slept_is_not_armed_when_it_wakes() -> None:
    """Its monotonic clock and its timers stood still meanwhile; not even the first order may leave."""
    machine = Machine(SimClock(START_NS))
    machine.clock.advance(60)
    machine.slept_ns = 8 * 60 * MINUTE
    assert not machine.armed()
    machine.clock.advance(1)
    last = machine.told[-1]
    assert isinstance(last, ArmedChanged)
    assert (last.armed, last.until_ns) == (False, None)


def test_a_wall_clock_that_is_set_back_extends_nothing() -> None:
    machine = Machine(SimClock(START_NS))
    machine.slept_ns = -3 * 60 * MINUTE
    machine.clock.advance(15 * 60 - 1)
    assert machine.armed()
    machine.clock.advance(1)
    assert not machine.armed()


def test_the_broker_s_clock_ends_it_too_and_cannot_extend_it() -> None:
    clock = JumpingClock(START_NS)
    machine = Machine(clock)
    clock.ahead_ns = -60 * MINUTE
    clock.advance(15 * 60 - 1)
    assert machine.armed()
    clock.advance(1)
    assert not machine.armed()
    again = Machine(clock)
    clock.ahead_ns = 0
    assert not again.armed()


def test_what_has_lapsed_is_told_once_and_can_be_armed_anew() -> None:
    machine = Machine(SimClock(START_NS))
    machine.clock.advance(20 * 60)
    assert [each.armed for each in machine.told if isinstance(each, ArmedChanged)] == [True, False]
    machine.arming.set_armed(SetArmed(armed=True), SESSION, None)
    assert machine.armed()
    machine.arming.disarm("a test")
    machine.clock.advance(60)
    assert [each.armed for each in machine.told if isinstance(each, ArmedChanged)] == [True, False, True, False]
