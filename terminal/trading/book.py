# SPDX-License-Identifier: Apache-2.0
"""Book: everything that ever moved one position of one account, and what follows from it.

A correction replaces its execution and the book is folded again, so a position is always exactly the sum of
the latest revisions. Amounts are in the instrument's currency. No clock, no market data, no I/O.
"""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from terminal.model.enums import Side
from terminal.model.ids import ExecutionId, StrategyId
from terminal.model.position import Position

_ZERO: Final = Decimal(0)
_FLAT: Final = Position()


@dataclass(frozen=True, slots=True, kw_only=True)
class Booking:
    """One change of a position. ``signed`` is the signed quantity, ``price`` per unit without the multiplier."""

    key: str
    signed: Decimal
    price: Decimal
    event_ns: int
    strategy_id: StrategyId | None
    opening: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Charge:
    amount: Decimal
    currency: str
    strategy_id: StrategyId | None


@dataclass(slots=True, kw_only=True)
class Book:
    """All bookings of one instrument. ``multiplier`` None: not known yet, counted as 1 until it is."""

    currency: str = ""
    multiplier: Decimal | None = None
    bookings: dict[str, Booking] = field(default_factory=dict)
    charges: dict[ExecutionId, _Charge] = field(default_factory=dict)
    total: Position = _FLAT
    by_strategy: dict[StrategyId | None, Position] = field(default_factory=dict)
    version: int = 0
    """Grows with every change: caches key on it."""
    folds: int = 0
    """Counts how often all was added up afresh: what was computed before the last time no longer holds."""
    added: list[Booking] = field(default_factory=list)
    """The bookings since then, oldest first: what changed nothing but itself."""

    def learn(self, multiplier: Decimal, currency: str) -> None:
        """Take the contract's facts; fold again when they change the amounts."""
        if self.multiplier == multiplier and self.currency == currency:
            return
        self.multiplier, self.currency = multiplier, currency
        self._fold()

    def book(self, booking: Booking) -> bool:
        """Take a new booking or a correction of one; return whether it changed anything."""
        known = self.bookings.get(booking.key)
        if known == booking:
            return False
        self.bookings[booking.key] = booking
        if known is None and not booking.opening:
            self._add(booking)
            self.added.append(booking)
            self.version += 1
        else:
            self._fold()
        return True

    def charge(self, execution_id: ExecutionId, amount: Decimal, currency: str, strategy_id: StrategyId | None) -> None:
        """Take the commission of one execution; a later report of it replaces the earlier."""
        known = self.charges.get(execution_id)
        self.charges[execution_id] = _Charge(amount=amount, currency=currency, strategy_id=strategy_id)
        before = known.amount if known is not None and known.currency == self.currency else _ZERO
        after = amount if currency == self.currency else _ZERO
        if after != before:
            self._charge(strategy_id, after - before)
        self.version += 1

    def foreign_charges(self) -> dict[str, Decimal]:
        """Return commissions that were charged in another currency than the instrument's."""
        found: dict[str, Decimal] = {}
        for charge in self.charges.values():
            if charge.currency != self.currency:
                found[charge.currency] = found.get(charge.currency, _ZERO) + charge.amount
        return found

    def position(self, strategy_id: StrategyId | None) -> Position:
        return self.by_strategy.get(strategy_id, _FLAT)

    # ------------------------------------------------------------ folding
    def _fold(self) -> None:
        self.total = _FLAT
        self.by_strategy = {}
        self.added.clear()
        self.folds += 1
        for booking in sorted(self.bookings.values(), key=lambda each: not each.opening):
            self._add(booking)
        for charge in self.charges.values():
            if charge.currency == self.currency:
                self._charge(charge.strategy_id, charge.amount)
        self.version += 1

    def _add(self, booking: Booking) -> None:
        if not booking.signed:
            return  # a busted execution
        side = Side.BUY if booking.signed > 0 else Side.SELL
        multiplier = self.multiplier if self.multiplier is not None else Decimal(1)
        quantity = abs(booking.signed)
        self.total = self.total.with_fill(side, quantity, booking.price, multiplier, booking.event_ns)
        own = self.by_strategy.get(booking.strategy_id, _FLAT)
        self.by_strategy[booking.strategy_id] = own.with_fill(
            side, quantity, booking.price, multiplier, booking.event_ns
        )

    def _charge(self, strategy_id: StrategyId | None, amount: Decimal) -> None:
        self.total = self.total.with_commission(amount)
        own = self.by_strategy.get(strategy_id, _FLAT)
        self.by_strategy[strategy_id] = own.with_commission(amount)
