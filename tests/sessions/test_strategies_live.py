# SPDX-License-Identifier: Apache-2.0
"""With seed 1 each strategy, switched Live, opens and closes a trade within one market session.

The whole chain is real: the simulator's market and bars over the socket, the strategy, its bracket, the risk gate,
the fills. Only time is stepped.
"""

from decimal import Decimal

from terminal.model.commands import SetStrategyState
from terminal.model.enums import BracketRole, OrderOrigin, StrategyState
from terminal.model.events import DecisionMade
from terminal.model.ids import StrategyId
from terminal.paths import ProfilePaths
from tests.conftest import AllowLogs
from tests.support.wire import PLACE_ORDER
from tests.support.world import ACCOUNT, World, world


def _own_fills(w: World, strategy: StrategyId) -> list[tuple[str, Decimal]]:
    """Return (instrument, signed quantity) of every fill of a strategy."""
    found = []
    for fill in w.core.portfolio.fills():
        order = w.order(fill.client_order_id)
        if order.strategy_id == strategy:
            found.append((str(order.instrument_id), fill.quantity * order.spec.side.sign))
    return found


SYMBOLS = ("AAPL", "NVDA", "MSFT", "TSLA")
STRATEGIES = (StrategyId("vwap_cross"), StrategyId("mean_reversion"))


async def test_each_opens_and_closes_a_trade_in_one_session(profile: ProfilePaths, allow_logs: AllowLogs) -> None:
    allow_logs("strategies")  # a busy machine makes callbacks slow
    async with world(profile, changes={"watchlist.symbols": SYMBOLS}) as w:
        core = await w.ready()
        for name in STRATEGIES:
            core.do(SetStrategyState(strategy_id=name, state=StrategyState.LIVE))
        decisions: list[DecisionMade] = []
        core.bus.subscribe(DecisionMade, decisions.append)
        (today,) = [session for session in w.instrument("AAPL").liquid_hours if session.contains(w.clock.now_ns())]
        await w.until_clock(today.end_ns, slice_s=2.0)

        for name in STRATEGIES:
            fills = _own_fills(w, name)
            opened = {symbol for symbol, _ in fills}
            assert opened, [decision.reason for decision in decisions if decision.strategy_id == name]
            for symbol in opened:  # everything that was opened is closed again
                assert sum((quantity for where, quantity in fills if where == symbol), Decimal(0)) == 0
                assert core.portfolio.position(w.instrument(symbol).id, name).quantity == 0
            own = [order for order in core.orders.all() if order.strategy_id == name]
            assert {order.origin for order in own} == {OrderOrigin.STRATEGY}
            assert not [order for order in own if order.is_open]
            assert any(order.role is BracketRole.STOP for order in own)
            assert core.strategies.entry(name).state is StrategyState.LIVE
        assert w.truth.positions(ACCOUNT) == {}
        assert w.server.requests[PLACE_ORDER] == sum(w.truth.accepted().values())
        assert set(w.truth.accepted().values()) == {1}
