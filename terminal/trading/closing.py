# SPDX-License-Identifier: Apache-2.0
"""Closer: the way out of a position, in one action.

Own exits of the instrument are cancelled first and their end is awaited, so that a stop and a closing order
never both fill; then the order is sized from the position as it stands, minus what already works that way,
and split by owner, so that each strategy's sub-ledger closes its own part. An order that the gate would refuse
costs no exit: a position is never stripped of its stop for a close that cannot leave.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from terminal.clock import Clock, Timer
from terminal.errors import UserError
from terminal.model import events as e
from terminal.model.commands import ClosePosition, FlattenAll, OrderSpec, SubmitOrder
from terminal.model.enums import (
    AssetClass,
    BracketRole,
    Knowledge,
    OrderOrigin,
    OrderStatus,
    OrderType,
    Side,
    TimeInForce,
)
from terminal.model.ids import ClientOrderId, InstrumentId, StrategyId
from terminal.model.instrument import Instrument
from terminal.model.order import Order
from terminal.trading.index import OrderIndex
from terminal.trading.ledger import OrderLedger
from terminal.trading.limits import RiskLimits
from terminal.trading.portfolio import Portfolio
from terminal.trading.request import worst_case
from terminal.trading.sender import Sender
from terminal.trading.views import MarketView

WAIT_S: Final = 10.0
_EXIT_ROLES: Final = frozenset({BracketRole.STOP, BracketRole.TARGET})
_RESTING: Final = frozenset({OrderType.STOP, OrderType.STOP_LIMIT, OrderType.TRAIL})
_INSIST: Final = frozenset({"STALE_QUOTE", "DAILY_LOSS", "DUPLICATE", "PRICE_COLLAR", "PRICE_JUMP", "MKT_DISALLOWED"})
"""A person who closes a position has said so: soft checks do not ask again. A strategy has no such word."""
_ZERO: Final = Decimal(0)
Submit = Callable[[SubmitOrder, Decimal], tuple[ClientOrderId, ...]]
"""Judge and send an order; the Decimal is the part of it that closes."""
Refused = Callable[[SubmitOrder, Decimal, Collection[Order]], tuple[ClientOrderId, ...]]
"""Judge an order as if the given ones were over; return the id of its denial, nothing when it may leave."""


@dataclass(slots=True)
class _Plan:
    command: ClosePosition
    waiting: set[ClientOrderId] = field(default_factory=set)
    timer: Timer | None = None
    exits_gone: bool = False


class Closer:
    """Closes, reverses and flattens."""

    def __init__(
        self,
        *,
        ledger: OrderLedger,
        index: OrderIndex,
        portfolio: Portfolio,
        market: MarketView,
        sender: Sender,
        clock: Clock,
        submit: Submit,
        refused: Refused,
        alarm: Callable[[str, str], None],
        limits: Callable[[], RiskLimits],
    ) -> None:
        self._index = index
        self._portfolio = portfolio
        self._market = market
        self._sender = sender
        self._clock = clock
        self._submit = submit
        self._refused = refused
        self._alarm = alarm
        self._limits = limits
        self._plans: dict[tuple[InstrumentId, StrategyId | None], _Plan] = {}
        ledger.watchers.append(self._on_change)

    # ------------------------------------------------------------ commands
    def close(self, command: ClosePosition) -> tuple[ClientOrderId, ...]:
        """Close (or reverse) one position; return the orders that went out at once (none while exits end).

        Raises:
            UserError ORD-004: there is no position. ORD-005: it is being closed already. ORD-008: no price.
        """
        position = self._portfolio.position(command.instrument_id, command.strategy_id).quantity
        key = (command.instrument_id, command.strategy_id)
        if not position:
            raise UserError("ORD-004", f"there is no position in {command.instrument_id} to close")
        if key in self._plans:
            return self._refuse(command, "its exits are being cancelled first")
        return self._run(_Plan(command=command), self._exits(command))

    def flatten_all(self, command: FlattenAll) -> tuple[ClientOrderId, ...]:
        """Cancel own orders and close positions, of one instrument or of all."""
        sent: list[ClientOrderId] = []
        held = {name for name, position in self._portfolio.positions().items() if position.quantity}
        working = {order.instrument_id for order in self._index.open() if order.is_own}
        for instrument_id in sorted(held | working):
            close = ClosePosition(instrument_id=instrument_id, actor=command.actor)
            if command.instrument_id not in (None, instrument_id) or (instrument_id, None) in self._plans:
                continue
            own = self._own(close)
            try:
                sent += self._run(_Plan(command=close), own)
            except UserError as fault:
                self._cancel_openers(close, own)
                self._alarm(f"{instrument_id} was not closed: {fault.text}", "close it by hand")
        return tuple(sent)

    def _exits(self, command: ClosePosition) -> list[Order]:
        """Return the own orders that protect the position: they must not fill beside the order that closes it."""
        position = self._portfolio.position(command.instrument_id, command.strategy_id).quantity
        return [
            order
            for order in self._own(command)
            if order.spec.side.sign * position < 0 and (order.role in _EXIT_ROLES or order.spec.order_type in _RESTING)
        ]

    def cancel_openers(self, actor: str) -> None:
        """Cancel every own order that does not protect a position."""
        for instrument_id in sorted({order.instrument_id for order in self._index.open() if order.is_own}):
            command = ClosePosition(instrument_id=instrument_id, actor=actor)
            self._cancel_openers(command, self._own(command))

    def _cancel_openers(self, command: ClosePosition, orders: Sequence[Order]) -> None:
        """Cancel what does not protect the position, which stays."""
        exits = self._exits(command)
        for order in orders:
            if order not in exits:
                self._sender.cancel(order, command.actor)

    def _own(self, command: ClosePosition) -> list[Order]:
        return [
            order
            for order in self._index.working_for(command.instrument_id)
            if order.is_own and command.strategy_id in (None, order.strategy_id)
        ]

    @staticmethod
    def _refuse(command: ClosePosition, reason: str) -> tuple[ClientOrderId, ...]:
        """Say no to a person; a strategy that asks again is simply not heard twice."""
        if command.strategy_id is not None:
            return ()
        raise UserError("ORD-005", f"{command.instrument_id} is being closed already: {reason}")

    # ------------------------------------------------------------ first the exits, then the order
    def _run(self, plan: _Plan, cancel_first: Sequence[Order]) -> tuple[ClientOrderId, ...]:
        key = (plan.command.instrument_id, plan.command.strategy_id)
        for order, closes in self._wanted(plan.command, cancel_first):
            denied = self._refused(order, closes, cancel_first)
            if denied:
                self._cancel_openers(plan.command, cancel_first)
                return denied
        for resting in cancel_first:
            self._sender.cancel(resting, plan.command.actor)
        plan.exits_gone = bool(cancel_first)
        plan.waiting = {order.client_order_id for order in cancel_first if order.is_open}
        if plan.waiting:
            self._plans[key] = plan
            plan.timer = self._clock.call_later(WAIT_S, lambda: self._late(key))
            return ()
        return self._finish(key, plan)

    def _on_change(self, order: Order, _: e.OrderEvent) -> None:
        if order.is_open or order.knowledge is Knowledge.STALE:
            return  # stale: the broker claims fills whose executions are still to come, and they size the order
        for key, plan in tuple(self._plans.items()):
            if order.client_order_id not in plan.waiting:
                continue
            plan.waiting.discard(order.client_order_id)
            if not plan.waiting and self._plans.get(key) is plan:
                try:
                    self._finish(key, plan)
                except UserError as fault:
                    self._alarm(f"{key[0]} was not closed: {fault.text}", "close it by hand")

    def _late(self, key: tuple[InstrumentId, StrategyId | None]) -> None:
        plan = self._plans.pop(key, None)
        if plan is not None:
            self._alarm(
                f"{key[0]} was not closed: the broker did not confirm the cancel of {len(plan.waiting)} orders "
                f"within {WAIT_S:g} s",
                "look at them in TWS, then close again",
            )

    def _finish(self, key: tuple[InstrumentId, StrategyId | None], plan: _Plan) -> tuple[ClientOrderId, ...]:
        if plan.timer is not None:
            plan.timer.cancel()
        self._plans.pop(key, None)
        sent: list[ClientOrderId] = []
        for order, closes in self._wanted(plan.command):
            sent += self._submit(order, closes)
        for coid in sent:
            denied = self._index.get(coid)
            if plan.exits_gone and denied is not None and denied.status is OrderStatus.DENIED:
                self._alarm(
                    f"{key[0]} was not closed and stands without its exits: {denied.reason}",
                    "close it, or protect it with a stop",
                )
        return tuple(sent)

    def _wanted(self, command: ClosePosition, without: Collection[Order] = ()) -> list[tuple[SubmitOrder, Decimal]]:
        """Return the orders that close or reverse the position as it stands, each with the part of it that closes.

        Empty when there is no position (an exit filled instead).
        """
        position = self._portfolio.position(command.instrument_id, command.strategy_id).quantity
        if not position:
            return []
        side = Side.SELL if position > 0 else Side.BUY
        working = worst_case([order for order in self._counted(command) if order not in without], side)
        rest = max(abs(position) - working, _ZERO)
        if not rest and not command.reverse:
            self._refuse(command, f"{working} already work")
            return []
        parts = self._parts(command, rest)
        if command.reverse:
            parts.setdefault(command.strategy_id, _ZERO)
        found = []
        for owner, closes in parts.items():
            beyond = abs(position) if command.reverse and owner == command.strategy_id else _ZERO
            found.append((self._order(command, side, closes + beyond, owner), closes))
        return found

    def _counted(self, command: ClosePosition) -> list[Order]:
        """Return the orders that already work for this owner: everybody's for the whole position."""
        orders = self._index.working_for(command.instrument_id)
        return [order for order in orders if command.strategy_id in (None, order.strategy_id)]

    def _parts(self, command: ClosePosition, rest: Decimal) -> dict[StrategyId | None, Decimal]:
        """Split ``rest`` over the owners that hold it, the manual part first."""
        if command.strategy_id is not None:
            return {command.strategy_id: rest}
        parts: dict[StrategyId | None, Decimal] = {}
        owners = self._portfolio.owners(command.instrument_id)
        sign = 1 if sum(owners.values(), _ZERO) > 0 else -1
        for owner in sorted(owners, key=lambda each: each or ""):
            part = min(max(owners[owner] * sign, _ZERO), rest)
            if part:
                parts[owner] = part
                rest -= part
        if rest:
            parts[None] = parts.get(None, _ZERO) + rest
        return parts

    # ------------------------------------------------------------ the order itself
    def _order(self, command: ClosePosition, side: Side, quantity: Decimal, owner: StrategyId | None) -> SubmitOrder:
        instrument = self._market.instrument(command.instrument_id)
        if instrument is None:
            raise UserError("ORD-008", f"{command.instrument_id} is not known to the market data yet; wait a moment")
        limit = self._limit_outside_hours(instrument, side)
        by_strategy = command.strategy_id is not None
        return SubmitOrder(
            spec=OrderSpec(
                instrument_id=command.instrument_id,
                side=side,
                quantity=quantity,
                order_type=OrderType.MARKET if limit is None else OrderType.LIMIT,
                limit_price=limit,
                time_in_force=TimeInForce.DAY,
                outside_regular_hours=limit is not None,
            ),
            origin=OrderOrigin.STRATEGY if by_strategy else OrderOrigin.MANUAL,
            strategy_id=owner,
            confirmed_warnings=frozenset() if by_strategy else _INSIST,
            note="reverse" if command.reverse else "close",
        )

    def _limit_outside_hours(self, instrument: Instrument, side: Side) -> Decimal | None:
        """Return the collared limit that a market order needs outside regular hours, None inside them."""
        now = self._clock.now_ns()
        if instrument.asset_class is AssetClass.FOREX:
            return None
        regular = instrument.is_open(now, outside_regular_hours=False)
        extended = instrument.is_open(now, outside_regular_hours=True)
        if regular is not False or not extended:
            return None
        quote = self._market.quote(instrument.id)
        touch = None if quote is None else (quote.ask if side is Side.BUY else quote.bid) or quote.mark
        if touch is None:
            raise UserError(
                "ORD-008",
                f"{instrument.id} trades outside regular hours now and has no quote to price a closing limit; "
                "enter a limit order yourself",
            )
        room = 1 + side.sign * self._limits().close_collar_percent / 100
        return instrument.snap(touch * room, "up" if side is Side.BUY else "down")

    def close_down(self) -> None:
        for plan in self._plans.values():
            if plan.timer is not None:
                plan.timer.cancel()
        self._plans.clear()
