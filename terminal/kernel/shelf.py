# SPDX-License-Identifier: Apache-2.0
"""The strategies' shelf: which strategies stand in this profile, with their kept parameters, symbols and states.

It loads plugins into the runner and keeps what a person changes of them in the settings. A plugin that cannot be
loaded is told about and left out; the others work. It must not switch a strategy on.
"""

from collections.abc import Callable, Mapping, Sequence

from terminal.errors import InvariantError, PluginError, UserError
from terminal.kernel.preferences import Preferences
from terminal.model.enums import StrategyState
from terminal.model.events import StrategyChanged
from terminal.model.ids import StrategyId
from terminal.registry import Registry
from terminal.strategy.base import Strategy, StrategyPlugin
from terminal.strategy.runner import StrategyRunner


class StrategyShelf:
    """Between the plugins, the runner and the settings."""

    def __init__(self, runner: StrategyRunner, preferences: Preferences, warn: Callable[[str, str], None]) -> None:
        self._runner = runner
        self._preferences = preferences
        self._warn = warn

    def load(self, registry: Registry[StrategyPlugin]) -> None:
        """Add every strategy that is installed."""
        for plugin_id, plugin in registry.manifests.items():
            try:
                kind = registry.load(plugin_id)
            except PluginError as error:
                self._warn(str(error), "The other strategies work; mend or remove this one.")
                continue
            if not (isinstance(kind, type) and issubclass(kind, Strategy)):
                raise InvariantError(f"the factory of strategy {plugin_id} is not a Strategy")
            saved = self._preferences.settings.strategies.get(plugin_id, {})
            symbols = str(saved.get("symbols", ""))
            self._runner.add(
                plugin,
                kind,
                values={name: float(value) for name, value in saved.items() if isinstance(value, int | float)},
                symbols=tuple(symbols.split(",")) if symbols else (),
                was=StrategyState(str(saved.get("state", "off"))),
            )

    def set_values(self, strategy_id: StrategyId, values: Mapping[str, float]) -> None:
        """Change and keep a strategy's parameters.

        Raises:
            UserError STR-003: a value is outside its bounds.
        """
        self._runner.set_values(strategy_id, values)
        self._preferences.change_all({f"strategies.{strategy_id}.{name}": value for name, value in values.items()})

    def set_symbols(self, strategy_id: StrategyId, symbols: Sequence[str]) -> None:
        self._runner.set_symbols(strategy_id, symbols)
        self._preferences.change(f"strategies.{strategy_id}.symbols", ",".join(symbols))

    def keep_state(self, change: StrategyChanged) -> None:
        """Keep the state that a strategy came to, for the next start."""
        kept = StrategyState.OFF if change.state is StrategyState.FAULTED else change.state
        try:
            self._preferences.change(f"strategies.{change.strategy_id}.state", kept.value)
        except UserError as error:
            self._warn(f"the state of {change.strategy_id} is not kept: {error.text}", "")
