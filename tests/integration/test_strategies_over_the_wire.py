# SPDX-License-Identifier: Apache-2.0
"""Strategies in the running core: observing sends nothing over the wire, and nothing comes back live by itself."""

import pytest

from terminal.model.commands import KillSwitch, SetStrategyState
from terminal.model.enums import LinkState, StrategyState
from terminal.model.events import DecisionMade
from terminal.model.ids import StrategyId
from terminal.paths import ProfilePaths
from tests.conftest import AllowLogs
from tests.support.wire import CANCEL_ORDER, PLACE_ORDER
from tests.support.world import world

VWAP = StrategyId("vwap_cross")
ONE = {"watchlist.symbols": ("AAPL", "NVDA")}


@pytest.fixture(autouse=True)
def _slow_machine(allow_logs: AllowLogs) -> None:
    allow_logs("strategies")  # a busy machine makes callbacks slow


async def test_observing_sends_nothing(profile: ProfilePaths) -> None:
    """Until it has decided that it would trade: not one order message on the wire."""
    async with world(profile, changes=ONE) as w:
        core = await w.ready()
        decisions: list[DecisionMade] = []
        core.bus.subscribe(DecisionMade, decisions.append)
        core.do(SetStrategyState(strategy_id=VWAP, state=StrategyState.OBSERVE))
        await w.until(lambda: any(each.action.startswith("would") for each in decisions), 6 * 3600, slice_s=2.0)
        await w.step(120, slice_s=2.0)
        assert w.server.requests[PLACE_ORDER] == w.server.requests[CANCEL_ORDER] == 0
        assert w.truth.accepted() == {}
        assert not [order for order in core.orders.all() if order.strategy_id == VWAP]


async def test_live_comes_back_observing_after_a_restart(profile: ProfilePaths) -> None:
    async with world(profile, changes=ONE) as w:
        core = await w.ready()
        core.do(SetStrategyState(strategy_id=VWAP, state=StrategyState.LIVE))
        core.set_strategy_values(VWAP, {"stop_atr": 2.5})
        core.set_strategy_symbols(VWAP, ["NVDA"])
        await w.step(2)
        await w.stop_core()
        core = await w.ready()
        entry = core.strategies.entry(VWAP)
        assert entry.state is StrategyState.OBSERVE
        assert "was live before the restart" in entry.reason
        assert entry.values["stop_atr"] == 2.5
        assert entry.symbols == ("NVDA",)
        assert [instance.instrument.symbol for instance in entry.instances.values()] == ["NVDA"]


async def test_a_cut_takes_live_back_to_observing(profile: ProfilePaths, allow_logs: AllowLogs) -> None:
    allow_logs("broker")
    async with world(profile, changes=ONE) as w:
        core = await w.ready()
        core.do(SetStrategyState(strategy_id=VWAP, state=StrategyState.LIVE))
        w.cut()
        await w.until(lambda: core.link is not LinkState.READY)
        assert core.strategies.entry(VWAP).state is StrategyState.OBSERVE
        await w.until(lambda: core.execution.link.reconciled)
        assert core.strategies.entry(VWAP).state is StrategyState.OBSERVE


async def test_the_kill_switch_switches_strategies_off(profile: ProfilePaths) -> None:
    async with world(profile, changes=ONE) as w:
        core = await w.ready()
        core.do(SetStrategyState(strategy_id=VWAP, state=StrategyState.LIVE))
        core.do(KillSwitch(reason="test"))
        assert core.strategies.entry(VWAP).state is StrategyState.OFF
