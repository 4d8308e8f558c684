# SPDX-License-Identifier: Apache-2.0
"""Strategy: the contract between a trading idea and the terminal. The same code runs simulated and live.

A strategy decides; it does not know brokers, screens or threads. Each instance trades one instrument. It
sees closed bars and its own orders, and acts through its context alone. An exception stops that strategy.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol

from terminal.model.enums import Side
from terminal.model.events import OrderChanged
from terminal.model.ids import StrategyId
from terminal.model.instrument import Instrument, Session
from terminal.model.market import Bar, Quote
from terminal.model.position import Position

Gate = tuple[str, str, bool]
"""One line of a decision: name, value in words, passed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One tunable number: shown, bounded and effective. ``unit`` is what a person reads after it."""

    name: str
    label: str
    default: float
    low: float
    high: float
    step: float = 1.0
    unit: str = ""
    help: str = ""

    def check(self, value: float) -> float:
        """Return ``value`` when it is inside the bounds.

        Raises:
            ValueError: names rule, value and way out.
        """
        if not self.low <= value <= self.high:
            bounds = f"{self.low:g} to {self.high:g} {self.unit}".rstrip()
            raise ValueError(f"{self.label} must be from {bounds}, was {value:g}")
        return value


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategyPlugin:
    """Manifest: strings and metadata, no imports; the factory is imported on first use."""

    id: StrategyId
    title: str
    factory: str
    summary: str
    default_symbols: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryPlan:
    """What a strategy wants to open: a market entry with its protective stop and, optionally, a target."""

    side: Side
    stop_distance: float
    """Price units from the reference price to the stop, positive."""
    target_distance: float | None = None
    risk_fraction: float = 0.0025
    """Of net liquidation, lost when the stop fills."""


class StrategyContext(Protocol):
    """The only door a strategy has."""

    @property
    def instrument(self) -> Instrument: ...
    @property
    def now_ns(self) -> int: ...
    @property
    def quote(self) -> Quote | None: ...
    @property
    def session(self) -> Session | None:
        """Return the regular session that contains now, None outside of it."""
        ...

    @property
    def position(self) -> Position:
        """Return the strategy's own position in its instrument, not the account's."""
        ...

    @property
    def has_working_entry(self) -> bool: ...
    def enter(self, plan: EntryPlan, *, reason: str, gates: Sequence[Gate]) -> None:
        """Size the plan, log the decision and, when the strategy is live, send the bracket."""
        ...

    def exit(self, *, reason: str, gates: Sequence[Gate]) -> None:
        """Log the decision and, when live, take back own orders and close the own position."""
        ...

    def hold(self, *, reason: str, gates: Sequence[Gate]) -> None:
        """Log why nothing was done."""
        ...


class Strategy:
    """Base of all strategies. Subclasses state their rules in the docstring."""

    parameters: ClassVar[tuple[Parameter, ...]] = ()
    bar_seconds: ClassVar[int] = 60
    history_s: ClassVar[int] = 86_400
    """How much history warms the indicators up, seconds."""

    def __init__(self, values: Mapping[str, float]) -> None:
        self.values: dict[str, float] = {}
        for parameter in self.parameters:
            self.values[parameter.name] = parameter.check(float(values.get(parameter.name, parameter.default)))

    def warm_up(self, ctx: StrategyContext, bars: Sequence[Bar]) -> None:
        """Take closed history, oldest first, without deciding anything."""

    def on_bar(self, ctx: StrategyContext, bar: Bar) -> None:
        """Take one newly closed bar and decide."""
        raise NotImplementedError

    def on_timer(self, ctx: StrategyContext) -> None:
        """Called about every second while the strategy runs: for rules that hang on the clock."""

    def on_order(self, ctx: StrategyContext, change: OrderChanged) -> None:
        """Take news of one of the strategy's own orders."""
