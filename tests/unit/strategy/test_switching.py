# SPDX-License-Identifier: Apache-2.0
"""Switching strategies over a real order core: off must mean off, whatever the connection does."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import pytest

from terminal.clock import NS_PER_S
from terminal.kernel.desk import StrategyDoor
from terminal.market.bars import BarFeed
from terminal.market.hub import MarketHub
from terminal.model import events as e
from terminal.model.enums import BarSource, LinkState, Mode, OrderStatus, StrategyState
from terminal.model.ids import InstrumentId, StrategyId
from terminal.model.instrument import Instrument
from terminal.model.market import Bar
from terminal.strategy.base import Strategy, StrategyContext, StrategyPlugin
from terminal.strategy.runner import StrategyRunner
from tests.unit.trading.desk import AAPL, ALPHA, START_NS, Desk, limit

pytestmark = pytest.mark.usefixtures("any_logs")
BETA = StrategyId("beta")
BarSink = Callable[[Sequence[Bar], bool], None]


class Listener(Strategy):
    """Writes down every bar that it is given."""

    def __init__(self, values: Mapping[str, float]) -> None:
        super().__init__(values)
        self.learned: list[int] = []
        self.decided: list[int] = []

    def warm_up(self, ctx: StrategyContext, bars: Sequence[Bar]) -> None:
        del ctx
        self.learned += [bar.start_ns for bar in bars]

    def on_bar(self, ctx: StrategyContext, bar: Bar) -> None:
        del ctx
        self.decided.append(bar.start_ns)


class _Stream:
    def close(self) -> None:
        """Nothing is held."""


@dataclass
class History:
    """Fulfils `HistoryFeed`: a test gives the bars through ``sinks``."""

    sinks: list[BarSink] = field(default_factory=list)

    async def bars(
        self,
        instrument: Instrument,
        *,
        seconds: int,
        duration_s: int,
        end_ns: int | None = None,
        source: BarSource = BarSource.TRADES,
        regular_hours_only: bool = True,
    ) -> Sequence[Bar]:
        del instrument, seconds, duration_s, end_ns, source, regular_hours_only
        return ()

    def keep_bars(
        self, instrument: Instrument, *, seconds: int, duration_s: int, regular_hours_only: bool, sink: BarSink
    ) -> _Stream:
        del instrument, seconds, duration_s, regular_hours_only
        self.sinks.append(sink)
        return _Stream()


@dataclass
class Theatre:
    """A core, and two strategies over it."""

    desk: Desk = field(default_factory=Desk)
    history: History = field(default_factory=History)
    runner: StrategyRunner = field(init=False)

    def __post_init__(self) -> None:
        desk = self.desk
        self.runner = StrategyRunner(
            bus=desk.bus,
            clock=desk.clock,
            desk=StrategyDoor(desk.engine, MarketHub(desk.bus, desk.clock), lambda: Mode.PAPER),
            bars=BarFeed(self.history, desk.bus, desk.clock),
            find_instrument=lambda text: desk.market.instrument(InstrumentId(text)),
            stopwatch=lambda: 0,  # how busy the machine is does not matter here
        )
        for name in (ALPHA, BETA):
            plugin = StrategyPlugin(id=name, title=name, factory="", summary="", default_symbols=("AAPL",))
            self.runner.add(plugin, Listener)

    def listener(self, name: StrategyId = ALPHA) -> Listener:
        strategy = self.runner.entry(name).instances[AAPL].strategy
        assert isinstance(strategy, Listener)
        return strategy


def bar(minute: int) -> Bar:
    return Bar(
        instrument_id=AAPL,
        seconds=60,
        start_ns=START_NS + minute * 60 * NS_PER_S,
        open=100.0,
        high=101.0,
        low=99.0,
        close=100.0,
        volume=10.0,
        count=1,
    )


def test_everything_stops_when_a_cancel_cannot_be_sent() -> None:
    stage = Theatre()
    desk, runner = stage.desk, stage.runner
    for name in (ALPHA, BETA):
        runner.set_state(name, StrategyState.LIVE)
    entry = desk.working(limit(), strategy=ALPHA)
    desk.link(LinkState.DISCONNECTED)
    desk.broker.fail_cancel = True
    runner.stop_all(reason="kill switch")
    assert [each.state for each in runner.entries()] == [StrategyState.OFF, StrategyState.OFF]
    said = [event for event in desk.seen if isinstance(event, e.StrategyChanged) and event.reason == "kill switch"]
    assert [event.strategy_id for event in said] == [ALPHA, BETA]
    assert entry.status is OrderStatus.WORKING
    assert any(isinstance(event, e.DataNotice) and "still works" in event.text for event in desk.seen)


def test_cancel_that_was_asked_for_is_not_repeated() -> None:
    stage = Theatre()
    stage.runner.set_state(ALPHA, StrategyState.LIVE)
    stage.desk.working(limit(), strategy=ALPHA)
    stage.runner.set_state(ALPHA, StrategyState.OFF)
    stage.runner.set_state(ALPHA, StrategyState.LIVE)
    stage.runner.set_state(ALPHA, StrategyState.OFF)
    assert len(stage.desk.broker.cancelled) == 1


@pytest.mark.parametrize("after_end_s", [1, 6, 7, 30])
def test_bar_that_has_just_ended_is_given_once(after_end_s: int) -> None:
    stage = Theatre()
    desk = stage.desk
    stage.runner.set_state(ALPHA, StrategyState.OBSERVE)
    desk.clock.advance(180 + after_end_s)
    stage.history.sinks[0]([bar(0), bar(1), bar(2)], True)
    listener = stage.listener()
    desk.clock.advance(10)
    desk.clock.advance_to(bar(3).end_ns + NS_PER_S)
    stage.history.sinks[0]([bar(3), bar(4)], False)
    seen = listener.learned + listener.decided
    assert seen == [bar(minute).start_ns for minute in (0, 1, 2, 3)]
    stage.runner.close()


def test_strategy_that_joins_a_running_series_sees_no_bar_twice() -> None:
    stage = Theatre()
    desk = stage.desk
    stage.runner.set_state(ALPHA, StrategyState.OBSERVE)
    stage.history.sinks[0]([bar(-1), bar(0)], True)
    desk.clock.advance(62)  # bar 0 has ended, and is taken as closed five seconds from now
    stage.runner.set_state(BETA, StrategyState.OBSERVE)
    desk.clock.advance(10)
    listener = stage.listener(BETA)
    assert listener.learned + listener.decided == [bar(-1).start_ns, bar(0).start_ns]
    stage.runner.close()
