# SPDX-License-Identifier: Apache-2.0
"""Streams that hang while the heartbeat goes on, over the wire: told within seconds, and a quiet market is not.

The server here loses every tick message on the way; everything else it says arrives.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from brokers.simulator.protocol import responses_data
from terminal.model.commands import SubmitOrder
from terminal.model.enums import OrderOrigin, OrderStatus, Side
from terminal.model.events import DataNotice, QuotesFrozen
from terminal.model.ids import StrategyId
from terminal.model.instrument import Session
from terminal.paths import ProfilePaths
from tests.conftest import AllowLogs
from tests.support.wire import CountedSession
from tests.support.world import World, world

TICKS = (
    responses_data.TICK_PRICE,
    responses_data.TICK_SIZE,
    responses_data.TICK_STRING,
    responses_data.TICK_GENERIC,
    responses_data.TICK_OPTION_COMPUTATION,
)
MARKET_DATA, HISTORY = 1, 20
REAL_SEND = CountedSession.send


@pytest.fixture(autouse=True)
def _data_logs(allow_logs: AllowLogs) -> None:
    allow_logs("broker", "market")


@pytest.fixture
def lose(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[Any, Any], bool]], None]:
    """Return a function that makes the server lose the messages that a test names."""

    def install(lost: Callable[[Any, Any], bool]) -> None:
        def send(self: CountedSession, message: Any, /, **values: Any) -> None:
            if not lost(message, values):
                REAL_SEND(self, message, **values)

        monkeypatch.setattr(CountedSession, "send", send)

    return install


def _requests(w: World) -> int:
    return w.server.requests[MARKET_DATA]


async def test_quotes_that_all_freeze_are_old_within_eight_seconds(profile: ProfilePaths, lose: Any) -> None:
    async with world(profile) as w:
        core = await w.ready()
        await w.step(20)
        frozen: list[QuotesFrozen] = []
        notices: list[DataNotice] = []
        core.bus.subscribe(QuotesFrozen, frozen.append)
        core.bus.subscribe(DataNotice, notices.append)
        lose(lambda message, _: message in TICKS)
        await w.step(8)
        ages = {each.id: core.hub.age_s(each.id) for each in core.watchlist}
        assert all(age is not None and age >= 5 for age in ages.values()), ages
        assert {name for event in frozen for name in event.instrument_ids} == {each.id for each in core.watchlist}
        assert sum(notice.code == 9018 for notice in notices) <= 3
        assert (core.hub.source_age_s() or 0) < 2, "the heartbeat goes on"

        order = w.market("AAPL", Side.BUY, 1)
        assert "STALE_QUOTE" in dict(core.soft_refusals(order)), "a person is asked"
        robot = SubmitOrder(
            spec=order.spec,
            origin=OrderOrigin.STRATEGY,
            strategy_id=StrategyId("robot"),
            confirmed_warnings=frozenset({"STALE_QUOTE"}),
        )
        (name,) = w.submit(robot)
        assert w.order(name).status is OrderStatus.DENIED


async def test_frozen_streams_are_asked_for_without_a_storm_and_come_back(profile: ProfilePaths, lose: Any) -> None:
    async with world(profile) as w:
        core = await w.ready()
        await w.step(20)
        lines = core.subscriptions.used()
        lose(lambda message, _: message in TICKS)
        asked = _requests(w)
        await w.step(10)
        await w.step(50, slice_s=1.0)
        assert lines <= _requests(w) - asked <= 5 * lines
        lose(lambda *_: False)
        await w.until(lambda: max(core.hub.age_s(each.id) or 0 for each in core.watchlist) < 2, 70, slice_s=1.0)


async def test_one_stream_that_hangs_is_told_by_the_price_that_it_does_not_tell(
    profile: ProfilePaths, lose: Any
) -> None:
    """The line of AAPL is lost from some time on; whatever is asked anew is answered."""
    async with world(profile) as w:
        core = await w.ready()
        await w.step(30)
        apple = w.instrument("AAPL")
        broker: Any = core.broker
        line = broker._market._lines[apple.id]
        dead = line.req_id
        frozen: list[QuotesFrozen] = []
        core.bus.subscribe(QuotesFrozen, frozen.append)
        lose(lambda message, values: message in TICKS and values.get("req_id") == dead)
        seconds = await w.until(lambda: bool(frozen), 60)
        assert frozen[0].instrument_ids == (apple.id,)
        assert seconds <= 20
        await w.until(lambda: (core.hub.age_s(apple.id) or 0) < 1, 10)
        assert line.req_id != dead


async def test_a_quiet_market_is_asked_ever_less_and_never_old(profile: ProfilePaths) -> None:
    async with world(profile) as w:
        core = await w.ready()
        await w.step(20)
        lines, asked = core.subscriptions.used(), _requests(w)
        frozen: list[QuotesFrozen] = []
        core.bus.subscribe(QuotesFrozen, frozen.append)
        first = 0
        for second in range(240):
            for _ in range(2):
                w.clock.advance(0.5)  # the clock goes on, the market stands still
                await w.settle()
            assert max(core.hub.age_s(each.id) or 0 for each in core.watchlist) < 2
            if second == 119:
                first = _requests(w) - asked
        assert frozen == []
        assert 0 < first <= 4 * lines
        assert _requests(w) - asked - first <= max(first // 2, 8)


async def test_silence_outside_the_liquid_hours_is_no_question(profile: ProfilePaths) -> None:
    async with world(profile) as w:
        core = await w.ready()
        await w.step(20)
        broker: Any = core.broker
        for line in broker._market._lines.values():
            line.instrument = replace(line.instrument, liquid_hours=(Session(start_ns=0, end_ns=1),))
        asked = _requests(w)
        for _ in range(60):
            w.clock.advance(1)
            await w.settle()
        assert _requests(w) == asked


async def _chart(w: World) -> list[bool]:
    """Follow minute bars of AAPL; return what the chart is told: whether it starts anew."""
    told: list[bool] = []
    w.core.bars.open(
        w.instrument("AAPL"),
        seconds=60,
        duration_s=3600,
        owner="test",
        sink=lambda _, reset: told.append(reset),
        regular_hours_only=False,
    )
    await w.step(20)
    assert told[0]
    return told


@pytest.mark.parametrize("how", ["stops", "stranger"])
async def test_bar_updates_that_stop_are_asked_for_again(profile: ProfilePaths, lose: Any, how: str) -> None:
    async with world(profile) as w:
        await w.ready()
        told = await _chart(w)
        asked = w.server.requests[HISTORY]

        def lost(message: Any, values: Any) -> bool:
            if message is not responses_data.HISTORICAL_DATA_UPDATE:
                return False
            if how == "stranger":
                values["req_id"] = 999_999
            return how == "stops"

        lose(lost)
        await w.step(130, slice_s=1.0)
        assert w.server.requests[HISTORY] == asked + 1
        assert told.count(True) == 2
        lose(lambda *_: False)
        told.clear()
        await w.step(60, slice_s=1.0)
        assert False in told
        assert True not in told
