# SPDX-License-Identifier: Apache-2.0
"""The broker's clock may jump (a demo skips its night, another server has another year): deadlines must not."""

import pytest

from terminal.clock import NS_PER_S, SimClock
from terminal.model import events as e
from terminal.model.enums import LinkState, OrderStatus
from tests.unit.trading.desk import AAPL, START_NS, Desk, limit, state

pytestmark = pytest.mark.usefixtures("any_logs")
HOURS = 3_600 * NS_PER_S


class JumpingClock(SimClock):
    """A stepped clock whose broker time can jump while its monotonic time goes on."""

    def __init__(self, start_ns: int) -> None:
        super().__init__(start_ns)
        self.ahead_ns = 0

    def now_ns(self) -> int:
        return super().now_ns() + self.ahead_ns

    def monotonic_ns(self) -> int:
        return super().now_ns()


def jumping() -> tuple[Desk, JumpingClock]:
    clock = JumpingClock(START_NS)
    return Desk(clock=clock), clock


def test_absence_is_not_proved_by_a_jump() -> None:
    desk, clock = jumping()
    lost = desk.submit(limit())
    desk.broker.floor = 100  # its id counts as used: the only proof that lacks is time
    clock.advance(6)
    assert state(lost) is OrderStatus.UNKNOWN
    clock.advance(1.5)
    clock.ahead_ns = 17 * HOURS
    desk.broker.open_orders = []
    desk.say(e.VenueDecodeFailed(ns=clock.now_ns(), message_id=5, reason="unreadable"))
    clock.advance(1)
    assert state(lost) is OrderStatus.UNKNOWN
    clock.advance(12)
    assert state(lost) is OrderStatus.LOST


@pytest.mark.parametrize("hours", [17, -17])
def test_questions_are_asked_in_time_after_a_jump(hours: int) -> None:
    desk, clock = jumping()
    clock.ahead_ns = hours * HOURS
    before = desk.broker.truths
    desk.say(e.VenueDecodeFailed(ns=clock.now_ns(), message_id=5, reason="unreadable"))
    clock.advance(1)
    assert desk.broker.truths == before + 1


def test_comparison_ends_after_a_jump_back() -> None:
    desk, clock = jumping()
    desk.broker.positions = [desk.position(100)]
    desk.link(LinkState.DISCONNECTED)
    desk.connect()
    assert not desk.engine.link.reconciled
    clock.ahead_ns = -17 * HOURS
    clock.advance(25)
    assert desk.engine.link.reconciled


def test_order_rate_forgets_after_a_jump_back() -> None:
    desk, clock = jumping()
    for step in range(10):
        assert desk.submit(limit(price=f"9{step}.00")).is_open
    assert desk.submit(limit(price="89.00")).status is OrderStatus.DENIED
    clock.ahead_ns = -17 * HOURS
    clock.advance(61)
    assert desk.submit(limit(price="88.00")).is_open


def test_days_result_is_counted_anew_after_a_jump_back() -> None:
    desk, clock = jumping()
    desk.hold(100)
    desk.engine.portfolio.day_pnl()
    clock.ahead_ns = -17 * HOURS
    desk.market.show(AAPL, 101.0, 101.0)
    reset = desk.engine.portfolio.valuation.reset(AAPL)
    assert reset is not None
    _, ours = desk.engine.portfolio.day_pnl()
    assert ours == pytest.approx(100.0)  # bought and marked after that reset: nothing was held before it
