# SPDX-License-Identifier: Apache-2.0
"""Pacing rules by the clock alone: message rate, stalls of the server, historical requests."""

from collections.abc import Callable

from brokers.simulator.pacing import HistoryPacing, MessageRate, StallMeter, Verdict
from terminal.clock import SimClock, Timer

S = 1_000_000_000


class StalledClock(SimClock):
    """A clock that can jump without firing its timers, as when a process does not run."""

    def __init__(self) -> None:
        super().__init__(0)
        self.jumped_ns = 0

    def monotonic_ns(self) -> int:
        return super().monotonic_ns() + self.jumped_ns

    def call_later(self, delay_s: float, callback: Callable[[], None]) -> Timer:
        return super().call_later(delay_s, callback)


def test_fifty_messages_a_second_pass_in_any_window() -> None:
    rate = MessageRate()
    verdicts = [rate.judge(number * S // 50) for number in range(500)]
    assert set(verdicts) == {Verdict.ADMIT}


def test_a_breach_is_a_second_with_too_many_and_the_third_closes() -> None:
    rate = MessageRate()
    verdicts = [rate.judge(second * 10 * S) for second in range(3) for _ in range(60)]
    assert verdicts == [
        *[Verdict.ADMIT] * 50,
        *[Verdict.REJECT] * 10,
        *[Verdict.ADMIT] * 50,
        *[Verdict.REJECT] * 10,
        *[Verdict.ADMIT] * 50,
        *[Verdict.CLOSE] * 10,
    ]


def test_a_client_is_not_blamed_for_the_servers_stall() -> None:
    """45 messages a second, read in one go after 400 ms in which the server did not run."""
    clock = StalledClock()
    meter, rate = StallMeter(clock), MessageRate()
    meter.start()
    verdicts = []
    for _ in range(45):
        clock.advance(1 / 45)
        verdicts.append(rate.judge(clock.monotonic_ns(), meter.stalled_ns()))
    clock.jumped_ns += 400_000_000
    verdicts += [rate.judge(clock.monotonic_ns(), meter.stalled_ns()) for _ in range(18)]
    assert set(verdicts) == {Verdict.ADMIT}
    clock.advance(3.0)
    assert meter.stalled_ns() == 0
    meter.stop()


def test_an_even_clock_has_no_stalls() -> None:
    clock = SimClock(0)
    meter = StallMeter(clock)
    meter.start()
    clock.advance(10.0)
    assert meter.stalled_ns() == 0


def test_historical_limits() -> None:
    def asks(pacing: HistoryPacing, now_s: float, key: str, *, con_id: int = 1, bar: int = 5, what: str = "") -> bool:
        return pacing.violation(int(now_s * S), bar_seconds=bar, con_id=con_id, key=(key,), what=what)

    same = HistoryPacing()
    assert not asks(same, 0, "a")
    assert asks(same, 14.9, "a")
    assert not asks(same, 15, "a")

    burst = HistoryPacing()
    assert [asks(burst, 0, str(number)) for number in range(7)] == [False] * 5 + [True] * 2
    assert not asks(burst, 1, "other", con_id=2)
    assert not asks(burst, 2, "later")

    window = HistoryPacing()
    answers = [asks(window, number * 5, str(number), con_id=number) for number in range(61)]
    assert answers == [False] * 60 + [True]
    assert not asks(window, 600, "again")

    double = HistoryPacing()
    answers = [asks(double, number * 5, str(number), con_id=number, what="BID_ASK") for number in range(31)]
    assert answers == [False] * 30 + [True]

    large = HistoryPacing()
    assert not any(asks(large, 0, "same", bar=60) for _ in range(100))
