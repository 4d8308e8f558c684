# SPDX-License-Identifier: Apache-2.0
"""What a running strategy may see and do, for one instrument: the door itself.

Sizing stands here, not in the strategies: risk per trade over the stop distance, cut down to what the risk
gate would let through, with every cut written into the decision.
"""

from collections.abc import Callable, Sequence
from decimal import ROUND_DOWN, Decimal
from typing import Final, Protocol

from terminal.clock import NS_PER_S, Clock
from terminal.model.commands import BracketSpec, CancelOrders, ClosePosition, OrderSpec, SubmitOrder
from terminal.model.enums import BracketRole, OrderOrigin, OrderType, Side, TimeInForce
from terminal.model.events import DecisionMade
from terminal.model.ids import InstrumentId, StrategyId
from terminal.model.instrument import Instrument, Session
from terminal.model.market import Quote
from terminal.model.order import Order
from terminal.model.position import Position
from terminal.strategy.base import EntryPlan, Gate

_EXIT_PATIENCE_NS: Final = 15 * NS_PER_S
"""An exit of the same size is not asked for again before this: cancels and the closing fill take their time."""


class Desk(Protocol):
    """What the core offers to the strategy layer: the kernel fulfils it."""

    def submit(self, command: SubmitOrder) -> object: ...
    def cancel_orders(self, command: CancelOrders) -> object: ...
    def close_position(self, command: ClosePosition) -> object: ...
    def position(self, instrument_id: InstrumentId, strategy_id: StrategyId) -> Position: ...
    def working(self, instrument_id: InstrumentId, strategy_id: StrategyId) -> Sequence[Order]: ...
    def quote(self, instrument_id: InstrumentId) -> Quote | None: ...
    def net_liquidation(self) -> Decimal | None:
        """Return what the account is worth, in its base currency."""
        ...

    def rate_to_base(self, currency: str) -> float | None:
        """Return the units of base currency per unit of ``currency``, None when not known."""
        ...

    def largest_order(self, instrument: Instrument, price: float) -> tuple[Decimal, str]:
        """Return the largest quantity that the risk gate lets through now, and the rule that sets it."""
        ...


class InstrumentContext:
    """A strategy's door to one instrument."""

    def __init__(
        self,
        *,
        strategy_id: StrategyId,
        instrument: Instrument,
        desk: Desk,
        clock: Clock,
        publish: Callable[[object], None],
        is_live: Callable[[], bool],
    ) -> None:
        self._strategy_id = strategy_id
        self._instrument = instrument
        self._desk = desk
        self._clock = clock
        self._publish = publish
        self._is_live = is_live
        self._exit_asked: Decimal | None = None
        self._exit_ns = 0

    @property
    def instrument(self) -> Instrument:
        return self._instrument

    @property
    def now_ns(self) -> int:
        return self._clock.now_ns()

    @property
    def quote(self) -> Quote | None:
        return self._desk.quote(self._instrument.id)

    @property
    def session(self) -> Session | None:
        now = self._clock.now_ns()
        return next((session for session in self._instrument.liquid_hours if session.contains(now)), None)

    @property
    def position(self) -> Position:
        return self._desk.position(self._instrument.id, self._strategy_id)

    @property
    def has_working_entry(self) -> bool:
        orders = self._desk.working(self._instrument.id, self._strategy_id)
        return any(order.role in (BracketRole.NONE, BracketRole.ENTRY) for order in orders)

    # ------------------------------------------------------------ decisions
    def hold(self, *, reason: str, gates: Sequence[Gate]) -> None:
        self._decide("hold", reason, gates)

    def enter(self, plan: EntryPlan, *, reason: str, gates: Sequence[Gate]) -> None:
        quote = self.quote
        reference = _reference_price(quote, plan.side)
        lines = list(gates)
        if reference is None:
            lines.append(("quote", "no price on the side that would be hit", False))
            self._decide("hold", f"{reason}; no quote to trade against", lines)
            return
        quantity = self._size(plan, reference, lines)
        if quantity <= 0:
            self._decide("hold", f"{reason}; the size comes to nothing", lines)
            return
        instrument, sign = self._instrument, plan.side.sign
        stop = instrument.snap(reference - sign * plan.stop_distance, "down" if sign > 0 else "up")
        target = None
        if plan.target_distance is not None:
            target = instrument.snap(reference + sign * plan.target_distance)
        shown = f"{plan.side.value} {quantity} at market, stop {stop}" + (f", target {target}" if target else "")
        if not self._is_live():
            self._decide(f"would {shown}", reason, lines)
            return
        self._decide(shown, reason, lines)
        self._desk.submit(
            SubmitOrder(
                spec=OrderSpec(
                    instrument_id=instrument.id,
                    side=plan.side,
                    quantity=quantity,
                    order_type=OrderType.MARKET,
                    time_in_force=TimeInForce.DAY,
                ),
                bracket=BracketSpec(stop_price=stop, target_price=target, time_in_force=TimeInForce.GTC),
                origin=OrderOrigin.STRATEGY,
                strategy_id=self._strategy_id,
                note=reason,
            )
        )

    def exit(self, *, reason: str, gates: Sequence[Gate]) -> None:
        position = self.position
        if self._exit_under_way(position.quantity):
            return
        if not position.quantity:
            if self._is_live() and self._desk.working(self._instrument.id, self._strategy_id):
                self._decide("cancel own orders", reason, gates)
                self._desk.cancel_orders(
                    CancelOrders(
                        instrument_id=self._instrument.id, strategy_id=self._strategy_id, actor=self._strategy_id
                    )
                )
            return
        shown = f"close {position.quantity}"
        if not self._is_live():
            self._decide(f"would {shown}", reason, gates)
            return
        self._decide(shown, reason, gates)
        self._desk.close_position(
            ClosePosition(instrument_id=self._instrument.id, strategy_id=self._strategy_id, actor=self._strategy_id)
        )

    def _exit_under_way(self, quantity: Decimal) -> bool:
        """Say whether this very exit was asked for a moment ago; note it when not."""
        now = self._clock.now_ns()
        if self._exit_asked == quantity and now - self._exit_ns < _EXIT_PATIENCE_NS:
            return True
        self._exit_asked, self._exit_ns = quantity, now
        return False

    def _size(self, plan: EntryPlan, reference: float, lines: list[Gate]) -> Decimal:
        """Return the quantity whose loss at the stop is the risk fraction, cut to what the gate allows.

        The risk is money of the account, the stop distance money of the instrument.
        """
        worth = self._desk.net_liquidation()
        if worth is None:
            lines.append(("net liquidation", "not known yet", False))
            return Decimal(0)
        if plan.stop_distance <= 0:
            lines.append(("stop distance", f"must be positive, was {plan.stop_distance:g}", False))
            return Decimal(0)
        instrument = self._instrument
        rate = self._desk.rate_to_base(instrument.currency)
        if not rate:
            lines.append(
                ("exchange rate", f"of {instrument.currency} to the account's currency is not known yet", False)
            )
            return Decimal(0)
        risk = float(worth) * plan.risk_fraction / rate
        wanted = Decimal(risk / (plan.stop_distance * float(instrument.multiplier)))
        shown = f"{risk:,.2f} {instrument.currency} over {plan.stop_distance:.4g} a unit"
        lines.append(("risk per trade", shown if rate == 1.0 else f"{shown}, at {rate:.6g}", True))
        most, rule = self._desk.largest_order(instrument, reference)
        if wanted > most:
            lines.append(("size cut", f"{wanted:.0f} to {most} by {rule}", True))
        step = instrument.size_increment
        quantity = (min(wanted, most) / step).quantize(Decimal(1), rounding=ROUND_DOWN) * step
        return quantity if quantity >= instrument.min_size else Decimal(0)

    def _decide(self, action: str, reason: str, gates: Sequence[Gate]) -> None:
        self._publish(
            DecisionMade(
                ns=self._clock.now_ns(),
                strategy_id=self._strategy_id,
                instrument_id=self._instrument.id,
                action=action,
                reason=reason,
                gates=tuple(gates),
            )
        )


def _reference_price(quote: Quote | None, side: Side) -> float | None:
    """Return the price that a market order of ``side`` would hit."""
    if quote is None:
        return None
    return quote.ask if side is Side.BUY else quote.bid
