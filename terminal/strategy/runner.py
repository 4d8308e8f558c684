# SPDX-License-Identifier: Apache-2.0
"""Runner: the life cycle of strategies and their isolation from each other and from the terminal.

Off, Observe and Live; an exception, or nonsense in the parameters, stops that one strategy (Faulted).
A strategy that was live before a restart comes back observing: nothing is sent that nobody switched on.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final, Protocol

import structlog

from terminal.bus import Bus
from terminal.clock import NS_PER_S, Clock, Timer, perf_ns
from terminal.errors import UserError
from terminal.market.bars import CLOSE_GRACE_S, BarClosed, BarFeed
from terminal.model.commands import CancelOrder
from terminal.model.enums import BracketRole, PendingRequest, StrategyState
from terminal.model.events import DataNotice, DecisionMade, OrderChanged, StrategyChanged
from terminal.model.ids import ClientOrderId, InstrumentId, StrategyId
from terminal.model.instrument import Instrument
from terminal.model.market import Bar
from terminal.model.order import Order
from terminal.strategy.base import Strategy, StrategyPlugin
from terminal.strategy.context import Desk, InstrumentContext

_log = structlog.get_logger("strategies")
SLOW_CALLBACK_NS: Final = 5_000_000
_TIMER_S: Final = 1.0
_LATE_BARS: Final = 2


class StrategyDesk(Desk, Protocol):
    """What the runner itself needs beyond a strategy's door."""

    def cancel(self, command: CancelOrder) -> object: ...
    def order(self, client_order_id: ClientOrderId) -> Order | None: ...
    def live_allowed(self) -> str | None:
        """Return why strategies may not go live now, None when they may."""


@dataclass(slots=True, kw_only=True)
class _Instance:
    strategy: Strategy
    context: InstrumentContext
    instrument: Instrument
    warm: bool = False
    seen_ns: int = -1
    """Start of the last bar that it was given: none is given twice."""


@dataclass(slots=True, kw_only=True)
class StrategyEntry:
    """One strategy as the panel sees it."""

    plugin: StrategyPlugin
    kind: type[Strategy]
    values: dict[str, float]
    symbols: tuple[str, ...]
    state: StrategyState = StrategyState.OFF
    reason: str = ""
    last_decision: DecisionMade | None = None
    slow_callbacks: int = 0
    instances: dict[InstrumentId, _Instance] = field(default_factory=dict)


class StrategyRunner:
    """All strategies of a profile.

    Publishes: StrategyChanged; its contexts publish DecisionMade.
    """

    def __init__(
        self,
        *,
        bus: Bus,
        clock: Clock,
        desk: StrategyDesk,
        bars: BarFeed,
        find_instrument: Callable[[str], Instrument | None],
        stopwatch: Callable[[], int] = perf_ns,
    ) -> None:
        self._bus = bus
        self._clock = clock
        self._desk = desk
        self._bars = bars
        self._find = find_instrument
        self._stopwatch = stopwatch
        self._entries: dict[StrategyId, StrategyEntry] = {}
        self._timer: Timer | None = None
        bus.subscribe(BarClosed, self._on_bar)
        bus.subscribe(OrderChanged, self._on_order)
        bus.subscribe(DecisionMade, self._on_decision)

    # ------------------------------------------------------------ what there is
    def add(
        self,
        plugin: StrategyPlugin,
        kind: type[Strategy],
        *,
        values: Mapping[str, float] | None = None,
        symbols: Sequence[str] = (),
        was: StrategyState = StrategyState.OFF,
    ) -> None:
        """Make a strategy known. ``was`` is its state before the last stop: live comes back observing."""
        known = {parameter.name: parameter.default for parameter in kind.parameters}
        known.update({name: value for name, value in (values or {}).items() if name in known})
        entry = StrategyEntry(plugin=plugin, kind=kind, values=known, symbols=tuple(symbols) or plugin.default_symbols)
        self._entries[plugin.id] = entry
        if was is StrategyState.LIVE:
            entry.reason = "was live before the restart: observing until you switch it on"
        if was in (StrategyState.LIVE, StrategyState.OBSERVE):
            self._switch(entry, StrategyState.OBSERVE, entry.reason)

    def entries(self) -> Sequence[StrategyEntry]:
        return tuple(self._entries.values())

    def entry(self, strategy_id: StrategyId) -> StrategyEntry:
        """Return one strategy.

        Raises:
            UserError STR-001: there is no such strategy.
        """
        entry = self._entries.get(strategy_id)
        if entry is None:
            raise UserError("STR-001", f"there is no strategy {strategy_id}; known are {', '.join(self._entries)}")
        return entry

    # ------------------------------------------------------------ switching
    def set_state(self, strategy_id: StrategyId, state: StrategyState, *, reason: str = "") -> None:
        """Switch one strategy.

        Raises:
            UserError STR-002: it may not go live now (with the reason), or the state is not one to ask for.
        """
        entry = self.entry(strategy_id)
        if state is StrategyState.FAULTED:
            raise UserError("STR-002", "a strategy cannot be switched to faulted; choose off, observe or live")
        if state is StrategyState.LIVE:
            refusal = self._desk.live_allowed()
            if refusal:
                raise UserError("STR-002", f"{entry.plugin.title} cannot go live: {refusal}")
        if state is not entry.state:
            self._switch(entry, state, reason)

    def stop_all(self, *, reason: str) -> None:
        """Switch everything off; entries that still work are cancelled, protective exits stay."""
        for entry in self._entries.values():
            if entry.state is not StrategyState.OFF:
                self._switch(entry, StrategyState.OFF, reason)

    def pause_live(self, *, reason: str) -> None:
        """Take live strategies back to observing (disconnect, disarm, kill switch)."""
        for entry in self._entries.values():
            if entry.state is StrategyState.LIVE:
                self._switch(entry, StrategyState.OBSERVE, reason)

    def set_values(self, strategy_id: StrategyId, values: Mapping[str, float]) -> None:
        """Change parameters; a running strategy starts afresh with them, its position stays its own.

        Raises:
            UserError STR-003: a value is outside its bounds, or the parameter is unknown.
        """
        entry = self.entry(strategy_id)
        merged = dict(entry.values)
        known = {parameter.name: parameter for parameter in entry.kind.parameters}
        for name, value in values.items():
            if name not in known:
                raise UserError("STR-003", f"{entry.plugin.title} has no parameter {name}; it has {', '.join(known)}")
            try:
                merged[name] = known[name].check(value)
            except ValueError as error:
                raise UserError("STR-003", str(error)) from error
        entry.values = merged
        self._restart(entry, "parameters changed")

    def set_symbols(self, strategy_id: StrategyId, symbols: Sequence[str]) -> None:
        """Change what a strategy trades; a running one starts afresh.

        Raises:
            UserError STR-004: it holds or works orders in an instrument that would be left to nobody.
        """
        entry = self.entry(strategy_id)
        for symbol in set(entry.symbols) - set(symbols):
            instrument = self._find(symbol)
            if instrument is None:
                continue
            held = self._desk.position(instrument.id, strategy_id).quantity
            if held or self._desk.working(instrument.id, strategy_id):
                raise UserError(
                    "STR-004",
                    f"{entry.plugin.title} holds {held} {symbol} or works orders in it, and nobody would look after "
                    "them: close the position and cancel its orders first, or keep the symbol",
                )
        entry.symbols = tuple(symbols)
        self._restart(entry, "symbols changed")

    def refresh(self) -> None:
        """Attach running strategies to instruments that have become known since (after a connect)."""
        for entry in self._entries.values():
            if entry.state in (StrategyState.OBSERVE, StrategyState.LIVE):
                self._attach(entry)

    def _restart(self, entry: StrategyEntry, reason: str) -> None:
        state = entry.state
        if state in (StrategyState.OBSERVE, StrategyState.LIVE):
            self._detach(entry)
            self._switch(entry, state, reason)

    def _switch(self, entry: StrategyEntry, state: StrategyState, reason: str) -> None:
        entry.state = state
        entry.reason = reason
        if state in (StrategyState.OBSERVE, StrategyState.LIVE):
            self._attach(entry)
            if entry.state is StrategyState.FAULTED:
                return  # told already
        else:
            self._detach(entry)
            self._cancel_entries(entry)
        self._arm_timer()
        self._bus.publish(
            StrategyChanged(
                ns=self._clock.now_ns(), strategy_id=entry.plugin.id, state=entry.state, reason=entry.reason
            )
        )

    def _attach(self, entry: StrategyEntry) -> None:
        for symbol in entry.symbols:
            instrument = self._find(symbol)
            if instrument is None or instrument.id in entry.instances:
                continue
            context = InstrumentContext(
                strategy_id=entry.plugin.id,
                instrument=instrument,
                desk=self._desk,
                clock=self._clock,
                publish=self._bus.publish,
                is_live=partial(_is_live, entry),
            )
            strategy = self._make(entry)
            if strategy is None:
                return
            instance = _Instance(strategy=strategy, context=context, instrument=instrument)
            entry.instances[instrument.id] = instance
            self._bars.open(
                instrument,
                seconds=entry.kind.bar_seconds,
                duration_s=entry.kind.history_s,
                owner=_owner(entry),
                sink=partial(self._warm, entry, instance),
            )
            if entry.state is StrategyState.FAULTED:
                return  # its history was at hand, and it failed on it

    def _make(self, entry: StrategyEntry) -> Strategy | None:
        """Return a new strategy; None when it cannot even begin (saved parameters out of bounds): it is faulted."""
        made: list[Strategy] = []
        self._guarded(entry, lambda: made.append(entry.kind(entry.values)))
        return made[0] if made else None

    def _detach(self, entry: StrategyEntry) -> None:
        self._bars.release(_owner(entry))
        entry.instances.clear()

    def _cancel_entries(self, entry: StrategyEntry) -> None:
        for symbol in entry.symbols:
            instrument = self._find(symbol)
            if instrument is None:
                continue
            for order in self._desk.working(instrument.id, entry.plugin.id):
                if order.role in (BracketRole.NONE, BracketRole.ENTRY) and order.pending is not PendingRequest.CANCEL:
                    self._cancel(entry, order)

    def _cancel(self, entry: StrategyEntry, order: Order) -> None:
        """Take an entry back; one that cannot be taken back keeps nobody from being switched off."""
        try:
            self._desk.cancel(CancelOrder(client_order_id=order.client_order_id, actor=entry.plugin.id))
        except UserError as fault:
            self._bus.publish(
                DataNotice(
                    ns=self._clock.now_ns(),
                    code=0,
                    text=f"{entry.plugin.title} is off, its order in {order.instrument_id} still works: {fault.text}",
                    way_out="cancel it in the orders table",
                    severity="error",
                )
            )

    # ------------------------------------------------------------ feeding
    def _warm(self, entry: StrategyEntry, instance: _Instance, bars: Sequence[Bar], reset: bool) -> None:
        if not reset or instance.warm:
            return
        now = self._clock.now_ns()
        closed = [bar for bar in bars if bar.end_ns <= now]
        if closed and closed[-1] is bars[-1] and now < closed[-1].end_ns + round(CLOSE_GRACE_S * NS_PER_S):
            closed.pop()  # it may still change, and is given as news once it is closed
        instance.warm = True
        instance.seen_ns = closed[-1].start_ns if closed else -1
        self._guarded(entry, partial(instance.strategy.warm_up, instance.context, closed))

    def _on_bar(self, event: BarClosed) -> None:
        bar = event.bar
        for entry in tuple(self._entries.values()):
            if not event.regular_hours_only or entry.kind.bar_seconds != bar.seconds:
                continue
            instance = entry.instances.get(bar.instrument_id)
            if instance is None or not instance.warm or bar.start_ns <= instance.seen_ns:
                continue
            instance.seen_ns = bar.start_ns
            late = self._clock.now_ns() - bar.end_ns > _LATE_BARS * bar.seconds * NS_PER_S
            if late:  # closed while we were away: learn from it, do not trade on it
                self._guarded(entry, partial(instance.strategy.warm_up, instance.context, [bar]))
            else:
                self._guarded(entry, partial(instance.strategy.on_bar, instance.context, bar))

    def _on_order(self, change: OrderChanged) -> None:
        order = self._desk.order(change.client_order_id)
        if order is None or order.strategy_id is None:
            return
        entry = self._entries.get(order.strategy_id)
        instance = entry.instances.get(order.instrument_id) if entry is not None else None
        if entry is not None and instance is not None:
            self._guarded(entry, partial(instance.strategy.on_order, instance.context, change))

    def _on_decision(self, decision: DecisionMade) -> None:
        entry = self._entries.get(decision.strategy_id)
        if entry is not None:
            entry.last_decision = decision

    def _arm_timer(self) -> None:
        running = any(entry.instances for entry in self._entries.values())
        if running and self._timer is None:
            self._timer = self._clock.call_later(_TIMER_S, self._tick)

    def _tick(self) -> None:
        self._timer = None
        for entry in tuple(self._entries.values()):
            for instance in tuple(entry.instances.values()):
                if instance.warm:
                    self._guarded(entry, partial(instance.strategy.on_timer, instance.context))
        self._arm_timer()

    def _guarded(self, entry: StrategyEntry, call: Callable[[], None]) -> None:
        """Run one callback of a strategy; whatever it raises stops that strategy alone."""
        started = self._stopwatch()
        try:
            call()
        except Exception as fault:
            _log.error("strategy stopped by an exception", strategy=entry.plugin.id, exc_info=fault)
            self._switch(entry, StrategyState.FAULTED, f"{type(fault).__name__}: {fault}")
            return
        spent = self._stopwatch() - started
        if spent > SLOW_CALLBACK_NS:
            entry.slow_callbacks += 1
            _log.warning("slow strategy callback", strategy=entry.plugin.id, milliseconds=round(spent / 1e6, 1))

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        for entry in self._entries.values():
            self._detach(entry)


def _is_live(entry: StrategyEntry) -> bool:
    return entry.state is StrategyState.LIVE


def _owner(entry: StrategyEntry) -> str:
    return f"strategy {entry.plugin.id}"
