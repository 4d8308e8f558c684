# SPDX-License-Identifier: Apache-2.0
"""The pump: market time follows the clock, and never runs away with the loop."""

import pytest

from brokers.simulator.pump import TURN_S, Pump
from terminal.clock import SimClock
from tests.unit.simulator_wire.still_market import START_NS, S, StillMarket


class BusyMarket(StillMarket):
    """Every step costs clock time, as on a slow machine."""

    def __init__(self, clock: SimClock, cost_s: float) -> None:
        super().__init__()
        self._clock = clock
        self._cost_s = cost_s
        self.steps: list[int] = []

    def advance_to(self, ns: int) -> None:
        self.steps.append(ns - self.now_ns())
        super().advance_to(ns)
        self._clock.advance(self._cost_s)


@pytest.mark.parametrize("speed", [0.5, 1.0, 60.0])
def test_market_time_is_clock_time_times_speed(speed: float) -> None:
    clock, market = SimClock(0), StillMarket()
    told: list[int] = []
    pump = Pump(market, clock, speed, told.append)
    pump.start()
    clock.advance(10.0)
    passed = (market.now_ns() - START_NS) / S
    assert passed == pytest.approx(10.0 * speed, abs=2 * TURN_S * speed)
    assert told[-1] == market.now_ns()
    pump.stop()
    clock.advance(10.0)
    assert told[-1] == market.now_ns() <= START_NS + round(10.0 * speed * S)


def test_a_fast_market_is_told_second_by_second() -> None:
    clock = SimClock(0)
    market = BusyMarket(clock, cost_s=0.0)
    Pump(market, clock, 100.0, lambda _: None).start()
    clock.advance(1.0)
    assert max(market.steps) == S


def test_a_machine_that_slept_does_not_catch_up() -> None:
    clock = SimClock(0)
    market = BusyMarket(clock, cost_s=3600.0)
    pump = Pump(market, clock, 1.0, lambda _: None)
    pump.start()
    clock.advance(TURN_S)  # an hour passes within this turn
    clock.advance(3600.0 + TURN_S)
    assert len(market.steps) > 1
    assert max(market.steps) <= S
    assert market.now_ns() - START_NS < 3 * S
    pump.stop()


def test_a_market_that_is_too_fast_for_the_machine_leaves_time_for_clients() -> None:
    clock = SimClock(0)
    market = BusyMarket(clock, cost_s=0.02)
    pump = Pump(market, clock, 3600.0, lambda _: None)
    pump.start()
    clock.advance(TURN_S)
    assert len(market.steps) == 2  # of 144: two steps use up the budget of the turn
    pump.stop()
