# SPDX-License-Identifier: Apache-2.0
"""What is held is quoted, and a price that nobody follows any more grows old."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from terminal.clock import NS_PER_S, SimClock
from terminal.kernel import Kernel
from terminal.model import events as e
from terminal.model.enums import LinkState, Mode
from terminal.model.ids import AccountId, InstrumentId
from terminal.model.market import Quote
from terminal.paths import profile_paths
from terminal.trading.views import TradingSession
from tests.support.core import build_kernel
from tests.unit.trading.desk import ACCOUNT, CLIENT, START_NS, stock

pytestmark = pytest.mark.usefixtures("any_logs")
TSLA = InstrumentId("TSLA")


@pytest.fixture
def kernel(tmp_path: Path) -> Kernel:
    """Return a core that is wired and not started."""
    core = build_kernel(profile_paths("test", tmp_path), clock=SimClock(START_NS), address=("127.0.0.1", 1))
    core.execution.use_account(TradingSession(account_id=ACCOUNT, mode=Mode.PAPER, client_id=CLIENT))
    core.hub.add_instrument(stock(TSLA))
    core.bus.publish(e.LinkChanged(ns=START_NS, state=LinkState.READY))
    return core


def let_pass(kernel: Kernel, seconds: int) -> None:
    clock = kernel.clock
    assert isinstance(clock, SimClock)
    for _ in range(seconds):
        clock.advance(1)
        kernel.bus.publish(e.SourceSpoke(ns=clock.now_ns()))


def hold(kernel: Kernel, quantity: int, ordinal: int) -> None:
    kernel.portfolio.book_adjustment(
        e.PositionAdjusted(
            ns=START_NS,
            adjustment_id=f"{ordinal}",
            account_id=ACCOUNT,
            instrument_id=TSLA,
            quantity=Decimal(quantity),
            price=Decimal(100),
            reason="test",
        )
    )


def quotes(kernel: Kernel) -> set[str]:
    return {use.instrument_id for use in kernel.subscriptions.holders() if use.kind == "quote"}


def test_heartbeats_do_not_keep_a_price_fresh_that_nobody_follows(kernel: Kernel) -> None:
    kernel.subscriptions.watch(stock(TSLA), "quote", "a panel")
    kernel.hub.on_quote(Quote(instrument_id=TSLA, received_ns=START_NS, bid=99.0, ask=101.0, last=100.0))
    let_pass(kernel, 60)
    assert kernel.hub.age_s(TSLA) == 0
    kernel.subscriptions.release("a panel")
    let_pass(kernel, 60)
    assert kernel.hub.age_s(TSLA) == 120
    kernel.subscriptions.watch(stock(TSLA), "quote", "a panel")
    assert kernel.hub.age_s(TSLA) == 120  # until it is heard again
    kernel.hub.on_quote(Quote(instrument_id=TSLA, received_ns=START_NS + 120 * NS_PER_S, bid=99.0, ask=101.0))
    let_pass(kernel, 1)
    assert kernel.hub.age_s(TSLA) == 0


def test_what_is_held_is_quoted_as_long_as_it_is_held(kernel: Kernel) -> None:
    hold(kernel, 100, 1)
    assert quotes(kernel) == {TSLA}
    hold(kernel, -150, 2)
    assert quotes(kernel) == {TSLA}
    hold(kernel, 50, 3)
    assert quotes(kernel) == set()


def test_position_without_a_line_left_is_told(kernel: Kernel) -> None:
    told: list[e.DataNotice] = []
    kernel.bus.subscribe(e.DataNotice, told.append)
    for number in range(kernel.subscriptions.lines):
        kernel.subscriptions.watch(stock(InstrumentId(f"S{number}")), "quote", "a panel")
    hold(kernel, 100, 1)
    hold(kernel, 100, 2)
    assert [notice.instrument_id for notice in told] == [TSLA]
    kernel.subscriptions.release("a panel")
    hold(kernel, 100, 3)
    assert quotes(kernel) == {TSLA}


def test_contract_that_becomes_known_later_is_quoted_then(kernel: Kernel) -> None:
    other = replace(stock(InstrumentId("LATE")), broker_id=7)
    kernel.portfolio.on_position(
        e.PositionReported(
            ns=START_NS, account_id=AccountId(ACCOUNT), instrument_id=other.id, quantity=Decimal(5), average_cost=1.0
        )
    )
    assert quotes(kernel) == set()
    kernel.hub.add_instrument(other)
    kernel.portfolio.book_adjustment(
        e.PositionAdjusted(
            ns=START_NS,
            adjustment_id="late",
            account_id=ACCOUNT,
            instrument_id=other.id,
            quantity=Decimal(5),
            price=Decimal(1),
            reason="test",
        )
    )
    assert quotes(kernel) == {other.id}
