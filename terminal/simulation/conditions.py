# SPDX-License-Identifier: Apache-2.0
"""Conditions of orders: whether they are met, one by one and together.

IBKR's kinds: price (with a trigger method), time, margin cushion, execution, volume, percent change. They must hold at
the same moment (an execution stays executed); "and" binds before "or" (assumption: IBKR's pages do not say how mixed
conjunctions are read). Pure: the market's figures come in as arguments. Prices in ticks.
"""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final, Protocol

from terminal.model.enums import AssetClass
from terminal.simulation import triggers
from terminal.simulation.exchange_port import SimCondition
from terminal.simulation.orders import price_to_tick
from terminal.simulation.triggers import Seen

PRICE, TIME, MARGIN, EXECUTION, VOLUME, CHANGE = 1, 3, 4, 5, 6, 7
WATCHING: Final = frozenset({PRICE, VOLUME, CHANGE})
"""Kinds that look at a contract's market."""


class Figures(Protocol):
    """What conditions ask of the market."""

    def volume(self, con_id: int) -> float: ...
    def change_percent(self, con_id: int) -> float | None:
        """Return the last price's change from the previous close, in percent."""
        ...

    def unit(self, con_id: int) -> Decimal: ...
    def asset_class(self, con_id: int) -> AssetClass: ...


@dataclass(slots=True)
class ConditionSet:
    """The conditions of one order and how they stand now."""

    rows: tuple[SimCondition, ...]
    met: list[bool] = field(default_factory=list)
    hits: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.met = [False] * len(self.rows)
        self.hits = [0] * len(self.rows)

    def watched(self) -> set[int]:
        """Return the contracts whose market decides something."""
        return {row.con_id for row in self.rows if row.kind in WATCHING}

    def has(self, kind: int) -> bool:
        return any(row.kind == kind for row in self.rows)

    def fulfilled(self) -> bool:
        """Say whether all of them together are met."""
        group = True
        for place, row in enumerate(self.rows):
            group = group and self.met[place]
            if row.joined == "o" or place == len(self.rows) - 1:
                if group:
                    return True
                group = True
        return False

    def on_market(self, con_id: int, seen: Seen, figures: Figures) -> None:
        """Look at an event of a contract."""
        for place, row in enumerate(self.rows):
            if row.kind not in WATCHING or row.con_id != con_id:
                continue
            if row.kind == PRICE:
                method = triggers.method_of(figures.asset_class(con_id), row.trigger_method)
                level = price_to_tick(figures.unit(con_id), row.value)
                self.hits[place] = triggers.count(method, row.is_more, level, seen, self.hits[place])
                self.met[place] = self.hits[place] >= triggers.needed(method)
            elif row.kind == VOLUME:
                self.met[place] = _beyond(figures.volume(con_id), row)
            else:
                change = figures.change_percent(con_id)
                self.met[place] = change is not None and _beyond(change, row)

    def on_time(self, now_ns: int) -> None:
        """Look at the clock: the moment is over ("is more") or still ahead."""
        for place, row in enumerate(self.rows):
            if row.kind == TIME:
                self.met[place] = now_ns >= row.ns if row.is_more else now_ns <= row.ns

    def on_cushion(self, percent: float) -> None:
        """Look at an account's cushion: excess liquidity as a share of net liquidation, in percent."""
        for place, row in enumerate(self.rows):
            if row.kind == MARGIN:
                self.met[place] = _beyond(percent, row)

    def on_execution(self, symbol: str, sec_type: str, exchange: str) -> None:
        """Look at an execution of the account; what was executed once stays executed."""
        for place, row in enumerate(self.rows):
            if row.kind != EXECUTION or row.symbol != symbol:
                continue
            if row.sec_type in {"", sec_type} and row.exchange in {"", "*", "SMART", exchange}:
                self.met[place] = True


def _beyond(value: float, row: SimCondition) -> bool:
    return value >= row.value if row.is_more else value <= row.value
