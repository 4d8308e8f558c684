# SPDX-License-Identifier: Apache-2.0
"""Strategy presenter: switches, decisions, parameters and own results of every strategy."""

from decimal import Decimal

from terminal.model.commands import SetStrategyState
from terminal.model.enums import StrategyState
from terminal.model.events import DecisionMade, StrategyChanged
from terminal.model.ids import StrategyId
from widgets import formats
from widgets.freshness import worst
from widgets.presenters.common import Stage
from widgets.strategies.panel import StrategiesPanel, StrategyFigures
from widgets.toasts import ToastKind


class StrategyPresenter:
    """Shows the runner; a refused switch goes back to where it was, with the reason."""

    def __init__(self, stage: Stage, panel: StrategiesPanel) -> None:
        self._stage = stage
        self._kernel = stage.kernel
        self._panel = panel
        self._live: set[StrategyId] = set()
        panel.state_chosen.connect(self._choose)
        panel.values_applied.connect(
            lambda one, values: stage.attempt(lambda: self._kernel.set_strategy_values(one, values), "Not applied")
        )
        panel.symbols_applied.connect(
            lambda one, symbols: stage.attempt(lambda: self._kernel.set_strategy_symbols(one, symbols), "Not applied")
        )
        panel.stop_all_requested.connect(self.stop_all)

    def show_entries(self) -> None:
        """Show every strategy that the core knows."""
        for entry in self._kernel.strategies.entries():
            if entry.plugin.id not in self._panel.lines:
                plugin = entry.plugin
                self._panel.add(plugin.id, plugin.title, plugin.summary, entry.kind.parameters)
        self.show_all()

    def _choose(self, strategy_id: StrategyId, state: StrategyState) -> None:
        command = SetStrategyState(strategy_id=strategy_id, state=state)
        self._stage.attempt(lambda: self._kernel.do(command), "Not switched")
        self.show_all()

    def stop_all(self) -> None:
        self._stage.attempt(lambda: self._kernel.stop_strategies("stopped by hand"), "Not stopped")
        self.show_all()

    def on_changed(self, change: StrategyChanged) -> None:
        self.show_all()
        was_live = change.strategy_id in self._live
        self._live.discard(change.strategy_id)
        title = self._kernel.strategies.entry(change.strategy_id).plugin.title
        if change.state is StrategyState.LIVE:
            self._live.add(change.strategy_id)
        elif change.state is StrategyState.FAULTED:
            self._stage.say(ToastKind.ERROR, f"{title} stopped", f"{change.reason}{self._left(change.strategy_id)}")
        elif was_live and change.reason:
            text = f"{change.reason}{self._left(change.strategy_id)}"
            self._stage.say(ToastKind.WARN, f"{title} is no longer live", text)

    def _left(self, strategy_id: StrategyId) -> str:
        """Say what it leaves behind: its protective exits stay, its own rules no longer close anything."""
        held = self._figures(strategy_id).position
        return f". It holds {held}: exits at the broker stay, nothing else closes it" if held else ""

    def on_decision(self, decision: DecisionMade) -> None:
        self._panel.add_decision(decision)

    def show_all(self) -> None:
        entries = [entry for entry in self._kernel.strategies.entries() if entry.plugin.id in self._panel.lines]
        for entry in entries:
            self._panel.show_state(entry.plugin.id, entry.state, entry.reason, entry.symbols)
            self._panel.forms[entry.plugin.id].show_values(entry.values, entry.symbols)
        self._panel.show_running(
            sum(entry.state is StrategyState.LIVE for entry in entries),
            sum(entry.state is StrategyState.OBSERVE for entry in entries),
        )

    def tick(self) -> None:
        for entry in self._kernel.strategies.entries():
            self._panel.lines[entry.plugin.id].show_figures(self._figures(entry.plugin.id))

    def _figures(self, strategy_id: StrategyId) -> StrategyFigures:
        kernel = self._kernel
        held, realized, commission, open_pnl = [], Decimal(0), Decimal(0), 0.0
        known, delayed, grades = True, False, []
        for instrument_id, position in kernel.portfolio.strategy_positions(strategy_id).items():
            realized += position.realized
            commission += position.commission
            if position.quantity:
                held.append(f"{formats.quantity(position.quantity, formats.SignRule.ALWAYS)} {instrument_id}")
                value = kernel.portfolio.unrealized(instrument_id, strategy_id)
                known = known and value is not None
                open_pnl += value or 0.0
                grades.append(self._stage.ages.quote(instrument_id))
                quote = kernel.hub.quote(instrument_id)
                delayed = delayed or (quote is not None and quote.delayed)
        orders = sum(order.strategy_id == strategy_id for order in kernel.orders.open())
        return StrategyFigures(
            position=", ".join(held),
            orders=orders,
            open_pnl=open_pnl if known else None,
            realized=float(realized),
            commission=float(commission),
            grade=worst(grades),
            delayed=delayed,
        )
