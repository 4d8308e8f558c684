# SPDX-License-Identifier: Apache-2.0
"""Outbound lanes: who goes first, and never more than the budget in any window."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from brokers.ibkr.lanes import WINDOW_NS, Lane, Lanes, lane_of
from terminal.clock import NS_PER_S
from terminal.model.ids import InstrumentId
from terminal.model.instrument import Instrument
from tests.unit.ibkr.harness import AAPL, StepClock, desk, limit_order

DATA, ORDER, CANCEL, TIME = "1\x0011\x005\0", "3\x007\0", "4\x001\x007\0", "49\x001\0"


class Wire:
    """Remembers what left, and when."""

    def __init__(self, lines: int = 100) -> None:
        self.clock = StepClock()
        self.sent: list[tuple[int, str]] = []
        self.lanes = Lanes(self.clock, lambda m: self.sent.append((self.clock.monotonic_ns(), m)), lines)

    def busiest(self) -> int:
        times = [ns for ns, _ in self.sent]
        return max((sum(start <= ns < start + NS_PER_S for ns in times) for start in times), default=0)


def test_every_message_has_its_lane() -> None:
    assert [lane_of(m) for m in (CANCEL, ORDER, TIME, DATA, "58\x001\0")] == [
        Lane.CANCEL,
        Lane.ORDER,
        Lane.CONTROL,
        Lane.DATA,
        Lane.CANCEL,
    ]


def test_an_order_and_a_cancel_behind_two_hundred_data_requests_leave_at_once() -> None:
    wire = Wire()
    for _ in range(200):
        wire.lanes.send(DATA)
    start = wire.clock.monotonic_ns()
    wire.lanes.send(TIME)
    wire.lanes.send(ORDER)
    wire.lanes.send(CANCEL)
    assert [message for _, message in wire.sent[-3:]] == [TIME, ORDER, CANCEL]
    assert {ns for ns, _ in wire.sent} == {start}
    wire.clock.advance(20)
    assert len(wire.sent) == 203
    assert wire.busiest() <= 50


def test_cancels_keep_room_behind_a_flood_of_orders() -> None:
    wire = Wire()
    for _ in range(100):
        wire.lanes.send(ORDER)
    orders = len(wire.sent)
    for _ in range(10):
        wire.lanes.send(CANCEL)
    assert len(wire.sent) - orders == 10
    assert len(wire.sent) == wire.lanes.limit == 50


def test_fewer_lines_mean_fewer_messages() -> None:
    wire = Wire(lines=20)
    for _ in range(50):
        wire.lanes.send(CANCEL)
    assert len(wire.sent) == 10


def test_what_never_left_is_handed_back() -> None:
    wire = Wire()
    for number in range(60):
        wire.lanes.send(f"3\x00{number}\0")
    left = len(wire.sent)
    never = wire.lanes.close()
    assert [message.split("\0")[1] for message in never] == [str(number) for number in range(left, 60)]
    wire.clock.advance(10)
    assert len(wire.sent) == left


@given(
    st.lists(
        st.tuples(st.sampled_from([DATA, ORDER, CANCEL, TIME]), st.integers(1, 30), st.floats(0, 1.5)), max_size=40
    ),
    st.sampled_from([8, 20, 100, 200]),
)
def test_the_budget_holds_in_every_window_and_nothing_is_lost(bursts: list[tuple[str, int, float]], lines: int) -> None:
    wire = Wire(lines)
    total = 0
    for message, count, wait_s in bursts:
        for _ in range(count):
            wire.lanes.send(message)
        total += count
        wire.clock.advance(wait_s)
    wire.clock.advance(2 * WINDOW_NS / NS_PER_S * (total + 1))
    assert len(wire.sent) == total
    assert wire.busiest() <= max(4, lines // 2)
    assert wire.lanes.waiting == 0


async def test_over_the_wire_the_server_never_sees_more_than_fifty_in_a_second() -> None:
    async with desk() as one:
        await one.ready()
        for number in range(120):
            one.broker.subscribe_quote(_numbered(number))
        one.broker.place(limit_order(5))
        one.broker.cancel(5)
        await one.tws.request(4)
        assert one.tws.all(3)
        assert len(one.tws.all(1)) < 50
        await one.step_until(lambda: len(one.tws.all(1)) == 120)


def _numbered(number: int) -> Instrument:
    return replace(AAPL, id=InstrumentId(f"S{number}"), symbol=f"S{number}", broker_id=1000 + number)
