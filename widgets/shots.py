# SPDX-License-Identifier: Apache-2.0
"""Pictures of the running demo: every panel with live data, orders placed through the widgets.

Fails when a panel never showed live data: a picture of an empty panel proves nothing.
"""

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from PySide6.QtWidgets import QWidget

from terminal.clock import perf_ns
from terminal.model.commands import SetArmed, SetStrategyState
from terminal.model.enums import LinkState, StrategyState
from terminal.model.ids import StrategyId
from widgets.desk import Desk
from widgets.dialogs import Confirm

PATIENCE_S: Final = 60.0
_POLL_S: Final = 0.05


class ShotSession:
    """Runs instead of a person: waits, trades a little, takes the pictures, leaves."""

    def __init__(self, directory: Path, *, seconds: float, size: tuple[int, int]) -> None:
        self._directory = directory
        self._seconds = seconds
        self._size = size

    async def run(self, desk: Desk) -> int:
        self._directory.mkdir(parents=True, exist_ok=True)
        desk.window.resize(*self._size)
        desk.reset_layout()
        if not await until(lambda: desk.kernel.link is LinkState.READY and bool(desk.kernel.watchlist)):
            return _fail("the demo did not connect")
        await self._trade(desk)
        await asyncio.sleep(self._seconds)
        missing = []
        for name in ("Main", "Options", "Risk"):
            desk.window.top.show_workspace(name)
            desk.switch_workspace(name)
            await asyncio.sleep(1.0 if name == "Main" else 8.0)
            self._save(desk.window, "main" if name == "Main" else f"workspace-{name.lower()}")
            if name == "Main":
                missing += await self._panels(desk)
        desk.window.top.show_workspace("Main")
        desk.switch_workspace("Main")
        return _fail(f"no live data in {', '.join(missing)}") if missing else 0

    async def _trade(self, desk: Desk) -> None:
        """Place a bracket, resting orders and an option through the ticket, switch the strategies on."""
        desk.kernel.do(SetArmed(armed=True))
        desk.kernel.change_setting("trading.confirm_before_send", value=False)
        await until(lambda: desk.ticket.model.quote is not None and desk.kernel.why_not_trade() == "")
        for strategy in ("vwap_cross", "mean_reversion"):
            desk.kernel.do(SetStrategyState(strategy_id=StrategyId(strategy), state=StrategyState.OBSERVE))
        await self._order(desk, "60", market=True, bracket=True)
        await self._order(desk, "40", market=False, bracket=False)
        second = desk.kernel.watchlist[1]
        desk.market.choose(second.id)
        await until(lambda: desk.ticket.model.quote is not None)
        await self._order(desk, "30", market=True, bracket=False)
        desk.market.choose(desk.kernel.watchlist[0].id)
        await until(lambda: desk.ticket.model.quote is not None)

    async def _order(self, desk: Desk, size: str, *, market: bool, bracket: bool) -> None:
        ticket = desk.ticket
        ticket.kind.setCurrentIndex(1 if market else 0)
        ticket.quantity.setText(size)
        ticket.with_stop.setChecked(bracket)
        ticket.with_target.setChecked(bracket)
        if not market and ticket.limit.value is not None and desk.market.current is not None:
            ticket.limit.set_value(ticket.limit.value - 25 * desk.market.current.min_tick)
        ticket.read()
        await until(ticket.send.isEnabled)
        before = len(desk.kernel.orders.all())
        ticket.send.click()
        await asyncio.sleep(0)
        for dialog in desk.window.findChildren(Confirm):
            dialog.send.click()
        await until(lambda: len(desk.kernel.orders.all()) > before)

    async def _panels(self, desk: Desk) -> list[str]:
        """Save every panel by itself; return those that never had live data."""
        missing = []
        for key, dock in desk.docks.items():
            dock.show()
            dock.raise_()
            if not await until(has_data(desk, key), patience_s=15.0):
                missing.append(key)
            await asyncio.sleep(0.3)
            self._save(dock, key)
        desk.docks["orders"].raise_()
        return missing

    def _save(self, widget: QWidget, name: str) -> None:
        widget.grab().save(str(self._directory / f"{name}.png"))


def has_data(desk: Desk, key: str) -> Callable[[], bool]:
    """Return the question whether a panel shows live data now."""
    kernel = desk.kernel

    def strikes() -> bool:
        return any(desk.chain.model.value(row.call, "delta") is not None for row in desk.chain.model.strikes)

    def current_depth() -> bool:
        current = desk.market.current
        return current is not None and kernel.hub.depth(current.id) is not None

    questions: dict[str, Callable[[], bool]] = {
        "watchlist": lambda: all(kernel.hub.quote(one.id) is not None for one in kernel.watchlist),
        "chart": lambda: len(desk.chart.model.series) > 0,
        "ladder": current_depth,
        "tape": lambda: desk.market.current is not None and bool(kernel.hub.recent_trades(desk.market.current.id)),
        "ticket": lambda: desk.ticket.model.quote is not None and desk.ticket.draft is not None,
        "orders": lambda: len(desk.orders.model.ids) > 0,
        "fills": lambda: len(desk.fills.model.ids) > 0,
        "positions": lambda: len(desk.positions.model.ids) > 0,
        "account": lambda: len(desk.account.model.ids) > 0,
        "chain": strikes,
        "risk": lambda: len(desk.risk.limits.ids) > 0 and len(desk.risk.underlyings.ids) > 0,
        "strategies": lambda: bool(desk.strategies.lines),
        "log": lambda: len(desk.log.model.ids) > 0,
    }
    return questions[key]


async def until(question: Callable[[], bool], *, patience_s: float = PATIENCE_S) -> bool:
    """Wait for an answer of yes, for at most ``patience_s`` seconds."""
    deadline = perf_ns() + int(patience_s * 1e9)
    while not question():
        if perf_ns() > deadline:
            return False
        await asyncio.sleep(_POLL_S)
    return True


def _fail(reason: str) -> int:
    sys.stderr.write(f"shots: {reason}\n")
    return 1
