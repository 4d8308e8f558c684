# SPDX-License-Identifier: Apache-2.0
"""What the broker remembers of one account besides cash and positions.

Setting (base currency, price list), this month's volume, day trades, the special memorandum account, what has accrued
and is not paid yet, instructions to exercise. A record with a few rules of counting; the figures that need market
prices are accounts.py's, what happens overnight is night.py's.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from terminal.model.enums import AssetClass
from terminal.model.instrument import Instrument
from terminal.simulation.costs import Schedule

ZERO: Final = Decimal(0)
DAY_TRADE_WINDOW: Final = 5
"""Trading days that the day-trading rule looks back, today included (FINRA 4210(f)(8)(B))."""
DAY_TRADES_ALLOWED: Final = 3
_DAY_TRADED: Final = frozenset({AssetClass.STOCK, AssetClass.OPTION})


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountSpec:
    """How an account is opened. ``cash`` in the base currency."""

    name: str
    base: str = "USD"
    cash: Decimal = Decimal(250_000)
    schedule: Schedule = Schedule.FIXED


@dataclass(frozen=True, slots=True, kw_only=True)
class DividendDue:
    """A dividend after its ex-date and before its payment; negative when owed on short shares."""

    con_id: int
    pay_day: int  # ordinal of the date
    currency: str
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Instruction:
    """What the holder of an option wants tonight."""

    action: int  # 1 exercise, 2 lapse
    quantity: Decimal
    override: bool = False


@dataclass(slots=True)
class AccountBook:
    """One account's record."""

    spec: AccountSpec
    month: str = ""
    volumes: dict[str, Decimal] = field(default_factory=dict)
    """Asset class -> volume of ``month``: units, or USD for currencies and crypto."""
    day_trades: list[int] = field(default_factory=list)
    """Trading-day numbers, one entry per day trade."""
    opened: dict[int, tuple[Decimal, bool]] = field(default_factory=dict)
    """Contract id -> quantity opened today (signed), and whether the last trade in it closed some of that."""
    memorandum: float | None = None
    """Special memorandum account at the last end of day; None before the first."""
    memorandum_moved: float = 0.0
    previous_equity: float | None = None
    interest: dict[str, Decimal] = field(default_factory=dict)
    borrow_fee: dict[str, Decimal] = field(default_factory=dict)
    dividends: list[DividendDue] = field(default_factory=list)
    instructions: dict[int, Instruction] = field(default_factory=dict)
    deficient_since_ns: int | None = None
    """When excess liquidity fell below zero; None while it is not."""

    def volume(self, kind: AssetClass, month: str) -> Decimal:
        return self.volumes.get(kind.value, ZERO) if month == self.month else ZERO

    def add_volume(self, kind: AssetClass, month: str, amount: Decimal) -> None:
        if month != self.month:
            self.month = month
            self.volumes.clear()
        self.volumes[kind.value] = self.volumes.get(kind.value, ZERO) + amount

    def note_trade(self, con_id: int, instrument: Instrument, quantity: Decimal, held: Decimal, day: int) -> None:
        """Count day trades: what closes something that was opened the same day, once per row of closing trades.

        Args:
            quantity: signed, of this execution.
            held: position before it.
        """
        if instrument.asset_class not in _DAY_TRADED:
            return
        closing = min(abs(quantity), abs(held)) if held * quantity < 0 else ZERO
        today, was_closing = self.opened.get(con_id, (ZERO, False))
        if closing:
            of_today = min(closing, abs(today)) if today * quantity < 0 else ZERO
            if of_today and not was_closing:
                self.day_trades.append(day)
            today += of_today if quantity > 0 else -of_today
            was_closing = was_closing or bool(of_today)
        opening = abs(quantity) - closing
        if opening:
            today += opening if quantity > 0 else -opening
            was_closing = False
        self.opened[con_id] = (today, was_closing)

    def recent_day_trades(self, day: int, ahead: int = 0) -> int:
        """Return the day trades that count ``ahead`` trading days from ``day``."""
        return sum(1 for one in self.day_trades if one > day + ahead - DAY_TRADE_WINDOW)

    def start_day(self, day: int) -> None:
        self.opened.clear()
        self.day_trades = [one for one in self.day_trades if one > day - DAY_TRADE_WINDOW]

    def dump(self) -> dict[str, object]:
        """Return everything as JSON-ready values."""
        return {
            "account": self.spec.name,
            "month": self.month,
            "volumes": _texts(self.volumes),
            "day_trades": list(self.day_trades),
            "opened": [[con_id, str(quantity), closing] for con_id, (quantity, closing) in self.opened.items()],
            "memorandum": self.memorandum,
            "memorandum_moved": self.memorandum_moved,
            "previous_equity": self.previous_equity,
            "interest": _texts(self.interest),
            "borrow_fee": _texts(self.borrow_fee),
            "dividends": [[one.con_id, one.pay_day, one.currency, str(one.amount)] for one in self.dividends],
            "instructions": [
                [con_id, one.action, str(one.quantity), one.override] for con_id, one in self.instructions.items()
            ],
            "deficient_since_ns": self.deficient_since_ns,
        }

    def load(self, row: Mapping[str, Any]) -> None:
        """Take over a dump. Raises KeyError, TypeError, ValueError or InvalidOperation when it is not one."""
        self.month = str(row["month"])
        self.volumes = _decimals(row["volumes"])
        self.day_trades = [int(one) for one in row["day_trades"]]
        self.opened = {int(con_id): (Decimal(size), bool(closing)) for con_id, size, closing in row["opened"]}
        self.memorandum = _number(row["memorandum"])
        self.memorandum_moved = float(row["memorandum_moved"])
        self.previous_equity = _number(row["previous_equity"])
        self.interest = _decimals(row["interest"])
        self.borrow_fee = _decimals(row["borrow_fee"])
        self.dividends = [
            DividendDue(con_id=int(con_id), pay_day=int(day), currency=str(currency), amount=Decimal(amount))
            for con_id, day, currency, amount in row["dividends"]
        ]
        self.instructions = {
            int(con_id): Instruction(action=int(action), quantity=Decimal(quantity), override=bool(override))
            for con_id, action, quantity, override in row["instructions"]
        }
        since = row["deficient_since_ns"]
        self.deficient_since_ns = None if since is None else int(since)


def _texts(amounts: Mapping[str, Decimal]) -> dict[str, str]:
    return {name: str(amount) for name, amount in amounts.items()}


def _decimals(row: Mapping[str, Any]) -> dict[str, Decimal]:
    return {str(name): Decimal(amount) for name, amount in row.items()}


def _number(value: Any) -> float | None:
    return None if value is None else float(value)
