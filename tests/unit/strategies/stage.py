# SPDX-License-Identifier: Apache-2.0
"""A door for a strategy that records what it wants, and bars made by hand."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

from terminal.clock import NS_PER_S
from terminal.model.enums import AssetClass
from terminal.model.ids import InstrumentId
from terminal.model.instrument import Instrument, Session
from terminal.model.market import Bar, Quote
from terminal.model.position import Position
from terminal.strategy.base import EntryPlan, Gate, Strategy

ZONE: Final = ZoneInfo("America/New_York")
MINUTE: Final = 60 * NS_PER_S


def new_york(day: int, hour: int, minute: int = 0) -> int:
    """Return a moment of March 2025, a month in which New York changes its clocks (on the 9th)."""
    return round(datetime(2025, 3, day, hour, minute, tzinfo=ZONE).timestamp()) * NS_PER_S


def _sessions() -> tuple[Session, ...]:
    return tuple(Session(start_ns=new_york(day, 9, 30), end_ns=new_york(day, 16)) for day in (6, 7, 10))


STOCK: Final = Instrument(
    id=InstrumentId("XYZ"), asset_class=AssetClass.STOCK, symbol="XYZ", broker_id=1, liquid_hours=_sessions()
)


@dataclass(slots=True)
class Stage:
    """Fulfils `StrategyContext`; `feed` gives bars at the moment of their end."""

    now_ns: int = new_york(6, 9, 30)
    position: Position = field(default_factory=Position)
    has_working_entry: bool = False
    instrument: Instrument = STOCK
    quote: Quote | None = None
    entries: list[EntryPlan] = field(default_factory=list)
    exits: list[str] = field(default_factory=list)
    holds: list[tuple[str, dict[str, bool]]] = field(default_factory=list)
    gates: dict[str, bool] = field(default_factory=dict)
    """Of the last decision, by name."""

    @property
    def session(self) -> Session | None:
        return next((each for each in self.instrument.liquid_hours if each.contains(self.now_ns)), None)

    def enter(self, plan: EntryPlan, *, reason: str, gates: Sequence[Gate]) -> None:
        assert reason
        self.entries.append(plan)
        self._keep(gates)

    def exit(self, *, reason: str, gates: Sequence[Gate]) -> None:
        self.exits.append(reason)
        self._keep(gates)

    def hold(self, *, reason: str, gates: Sequence[Gate]) -> None:
        self._keep(gates)
        self.holds.append((reason, dict(self.gates)))

    def _keep(self, gates: Sequence[Gate]) -> None:
        self.gates = {name: passed for name, _, passed in gates}

    def hold_position(self, quantity: int, opened_ns: int | None = None) -> None:
        self.position = Position(quantity=Decimal(quantity), average_price=Decimal(100), opened_ns=opened_ns)

    def feed(self, strategy: Strategy, *bars: Bar) -> None:
        for bar in bars:
            self.now_ns = bar.end_ns
            strategy.on_bar(self, bar)

    def tick(self, strategy: Strategy, now_ns: int) -> None:
        self.now_ns = now_ns
        strategy.on_timer(self)


def bars(
    closes: Sequence[float], *, start_ns: int, seconds: int = 60, reach: float = 0.1, volume: float = 100.0
) -> list[Bar]:
    """Return consecutive bars whose typical price is their close: high and low lie ``reach`` around it."""
    return [
        Bar(
            instrument_id=STOCK.id,
            seconds=seconds,
            start_ns=start_ns + index * seconds * NS_PER_S,
            open=close,
            high=close + reach,
            low=close - reach,
            close=close,
            volume=volume,
            count=1,
        )
        for index, close in enumerate(closes)
    ]
