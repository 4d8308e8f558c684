# SPDX-License-Identifier: Apache-2.0
"""A runner over the real bar feed, with a desk that remembers and bars that the test hands out."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from terminal.bus import Bus
from terminal.clock import NS_PER_S, SimClock
from terminal.market.bars import BarFeed
from terminal.model.commands import CancelOrder, CancelOrders, ClosePosition, SubmitOrder
from terminal.model.enums import BarSource, Side, StrategyState
from terminal.model.events import DecisionMade, OrderChanged, StrategyChanged
from terminal.model.ids import ClientOrderId, InstrumentId, StrategyId
from terminal.model.instrument import Instrument
from terminal.model.market import Bar, Quote
from terminal.model.order import Order
from terminal.model.position import Position
from terminal.strategy.base import EntryPlan, Parameter, Strategy, StrategyContext, StrategyPlugin
from terminal.strategy.runner import StrategyRunner
from tests.unit.strategies.stage import STOCK, bars, new_york

START: Final = new_york(6, 10)
PLAN: Final = EntryPlan(side=Side.BUY, stop_distance=1.0, target_distance=2.0)


class Stream:
    def __init__(self, ended: Callable[[], None]) -> None:
        self.close = ended


@dataclass(slots=True)
class History:
    """Fulfils `HistoryFeed`: remembers who follows what, and passes on what the test gives."""

    sinks: dict[tuple[InstrumentId, int], Callable[[Sequence[Bar], bool], None]] = field(default_factory=dict)

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
        raise AssertionError("strategies follow streams")

    def keep_bars(
        self,
        instrument: Instrument,
        *,
        seconds: int,
        duration_s: int,
        regular_hours_only: bool,
        sink: Callable[[Sequence[Bar], bool], None],
    ) -> Stream:
        key = (instrument.id, seconds)
        self.sinks[key] = sink
        return Stream(lambda: self._end(key))

    def _end(self, key: tuple[InstrumentId, int]) -> None:
        self.sinks.pop(key, None)


@dataclass(slots=True)
class Desk:
    """Fulfils `StrategyDesk`: nothing leaves; a test sets what is held and working."""

    submitted: list[SubmitOrder] = field(default_factory=list)
    closed: list[ClosePosition] = field(default_factory=list)
    taken_back: list[CancelOrders] = field(default_factory=list)
    cancelled: list[CancelOrder] = field(default_factory=list)
    held: Position = field(default_factory=Position)
    orders: list[Order] = field(default_factory=list)
    shown: Quote | None = field(
        default_factory=lambda: Quote(instrument_id=STOCK.id, received_ns=START, bid=99.99, ask=100.01, last=100.0)
    )
    worth: Decimal | None = Decimal(100_000)
    rates: dict[str, float] = field(default_factory=lambda: {"USD": 1.0})
    """Units of the account's currency per unit of another."""
    largest: tuple[Decimal, str] = (Decimal(1_000_000), "nothing")
    refusal: str | None = None

    def submit(self, command: SubmitOrder) -> object:
        self.submitted.append(command)
        return None

    def cancel(self, command: CancelOrder) -> object:
        self.cancelled.append(command)
        return None

    def cancel_orders(self, command: CancelOrders) -> object:
        self.taken_back.append(command)
        return None

    def close_position(self, command: ClosePosition) -> object:
        self.closed.append(command)
        return None

    def position(self, instrument_id: InstrumentId, strategy_id: StrategyId) -> Position:
        return self.held

    def working(self, instrument_id: InstrumentId, strategy_id: StrategyId) -> Sequence[Order]:
        return self.orders

    def order(self, client_order_id: ClientOrderId) -> Order | None:
        return next((order for order in self.orders if order.client_order_id == client_order_id), None)

    def quote(self, instrument_id: InstrumentId) -> Quote | None:
        return self.shown

    def net_liquidation(self) -> Decimal | None:
        return self.worth

    def rate_to_base(self, currency: str) -> float | None:
        return self.rates.get(currency)

    def largest_order(self, instrument: Instrument, price: float) -> tuple[Decimal, str]:
        return self.largest

    def live_allowed(self) -> str | None:
        return self.refusal

    @property
    def quiet(self) -> bool:
        """Nothing was asked of the broker."""
        return not (self.submitted or self.closed or self.taken_back or self.cancelled)


class Eager(Strategy):
    """Enters on every bar, remembers everything that it is given."""

    parameters = (Parameter(name="size", label="Size", default=5, low=1, high=10),)
    bar_seconds = 60

    def __init__(self, values: Mapping[str, float]) -> None:
        super().__init__(values)
        self.warmed: list[int] = []
        self.seen: list[int] = []
        self.changes: list[OrderChanged] = []
        self.ticks = 0

    def warm_up(self, ctx: StrategyContext, bars: Sequence[Bar]) -> None:
        self.warmed += [bar.start_ns for bar in bars]

    def on_bar(self, ctx: StrategyContext, bar: Bar) -> None:
        self.seen.append(bar.start_ns)
        ctx.enter(PLAN, reason="every bar", gates=[])

    def on_timer(self, ctx: StrategyContext) -> None:
        self.ticks += 1

    def on_order(self, ctx: StrategyContext, change: OrderChanged) -> None:
        self.changes.append(change)


class Broken(Eager):
    """Raises on its first bar."""

    def on_bar(self, ctx: StrategyContext, bar: Bar) -> None:
        raise ZeroDivisionError("a bug of the strategy")


def plugin(name: str) -> StrategyPlugin:
    return StrategyPlugin(
        id=StrategyId(name), title=name.capitalize(), factory="none:None", summary="", default_symbols=("XYZ",)
    )


class Floor:
    """The runner and everything around it."""

    def __init__(self) -> None:
        self.clock = SimClock(START)
        self.worked_ns = 0
        """What the stopwatch of the callbacks shows: a busy machine must not make a strategy slow."""
        self.bus = Bus()
        self.desk = Desk()
        self.history = History()
        self.known: dict[str, Instrument] = {"XYZ": STOCK}
        self.feed = BarFeed(self.history, self.bus, self.clock)
        self.decisions: list[DecisionMade] = []
        self.states: list[StrategyChanged] = []
        self.bus.subscribe(DecisionMade, self.decisions.append)
        self.bus.subscribe(StrategyChanged, self.states.append)
        self.runner = StrategyRunner(
            bus=self.bus,
            clock=self.clock,
            desk=self.desk,
            bars=self.feed,
            find_instrument=self.known.get,
            stopwatch=lambda: self.worked_ns,
        )

    def add(
        self,
        name: str = "eager",
        kind: type[Strategy] = Eager,
        *,
        values: Mapping[str, float] | None = None,
        was: StrategyState = StrategyState.OFF,
    ) -> StrategyId:
        self.runner.add(plugin(name), kind, values=values, was=was)
        return StrategyId(name)

    def strategy(self, name: StrategyId) -> Eager:
        (instance,) = self.runner.entry(name).instances.values()
        assert isinstance(instance.strategy, Eager)
        return instance.strategy

    def warm(self, count: int = 3) -> None:
        """Give history up to now, the last minute still growing."""
        made = bars([100.0] * (count + 1), start_ns=START - count * 60 * NS_PER_S)
        for sink in tuple(self.history.sinks.values()):
            sink(made, True)

    def bar(self, minute: int, close: float = 100.0) -> None:
        """Let minute ``minute`` after the start become the growing one: the one before is closed."""
        self.clock.advance_to(START + minute * 60 * NS_PER_S)
        made = bars([close], start_ns=START + minute * 60 * NS_PER_S)
        for sink in tuple(self.history.sinks.values()):
            sink(made, False)
