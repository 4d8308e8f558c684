# SPDX-License-Identifier: Apache-2.0
"""Portfolio: positions from fills, per instrument and per strategy, next to what the broker reports.

Every strategy has its sub-ledger; what is left (manual and external orders, adjustments) is the ledger of
nobody; together they are the total. It follows the ledger and never talks to a venue.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from terminal.model.account import Account
from terminal.model.enums import AssetClass, Mode, OrderOrigin, Side
from terminal.model.events import (
    AccountChanged,
    AccountValueReported,
    OrderCommissioned,
    OrderFilled,
    PnlReported,
    PositionAdjusted,
    PositionChanged,
    PositionReported,
)
from terminal.model.ids import AccountId, ClientOrderId, ExecutionId, InstrumentId, StrategyId, execution_root
from terminal.model.instrument import Instrument
from terminal.model.order import Order
from terminal.model.position import Position
from terminal.trading.book import Book, Booking
from terminal.trading.valuation import Valuation

_FLAT: Final = Position()
_ZERO: Final = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class FillRow:
    """One execution in its latest revision, for the fills table. ``commission`` None until it is reported."""

    execution_id: ExecutionId
    client_order_id: ClientOrderId
    account_id: AccountId
    instrument_id: InstrumentId
    side: Side
    quantity: Decimal
    price: Decimal
    event_ns: int
    exchange: str
    origin: OrderOrigin
    strategy_id: StrategyId | None
    commission: Decimal | None = None
    commission_currency: str = ""
    revision: int = 1


class Portfolio:
    """Positions, P&L and account figures of the current account.

    Publishes: PositionChanged, AccountChanged.
    """

    def __init__(
        self,
        *,
        publish: Callable[[object], None],
        now_ns: Callable[[], int],
        instrument_of: Callable[[InstrumentId], Instrument | None],
        mark_of: Callable[[InstrumentId], float | None],
        previous_close_of: Callable[[InstrumentId], float | None],
    ) -> None:
        self._publish = publish
        self._now_ns = now_ns
        self._instrument_of = instrument_of
        self.valuation = Valuation(
            now_ns=now_ns, instrument_of=instrument_of, mark_of=mark_of, previous_close_of=previous_close_of
        )
        self._account_id = AccountId("")
        self._currency = "USD"
        self._books: dict[AccountId, dict[InstrumentId, Book]] = {}
        self._fills: dict[str, FillRow] = {}
        self._fill_sums: dict[AccountId, tuple[int, Decimal]] = {}
        self._accounts: dict[AccountId, Account] = {}
        self._broker: dict[AccountId, dict[InstrumentId, PositionReported]] = {}
        self._broker_pnl: dict[InstrumentId, PnlReported] = {}

    def use_account(self, account_id: AccountId, mode: Mode, currency: str = "USD") -> None:
        """Show this account from now on; the books of others are kept."""
        self._account_id, self._currency = account_id, currency
        account = self._accounts.get(account_id)
        if account is None or account.mode is not mode:
            self._accounts[account_id] = Account(id=account_id, mode=mode, currency=currency)
        self.valuation.forget()

    # ------------------------------------------------------------ positions
    def position(self, instrument_id: InstrumentId, strategy_id: StrategyId | None = None) -> Position:
        """Return the total position, or with ``strategy_id`` the part of that strategy."""
        book = self._book(instrument_id)
        if book is None:
            return _FLAT
        return book.total if strategy_id is None else book.position(strategy_id)

    def manual_position(self, instrument_id: InstrumentId) -> Position:
        """Return the part that belongs to no strategy: manual, external and adopted."""
        book = self._book(instrument_id)
        return book.position(None) if book is not None else _FLAT

    def positions(self) -> Mapping[InstrumentId, Position]:
        """Return every instrument that was ever held, flat ones included."""
        books = self._books.get(self._account_id, {})
        return {instrument_id: self.position(instrument_id) for instrument_id in books}

    def owners(self, instrument_id: InstrumentId) -> Mapping[StrategyId | None, Decimal]:
        """Return the quantity of every sub-ledger of an instrument; None is what belongs to no strategy."""
        book = self._book(instrument_id)
        return {} if book is None else {owner: position.quantity for owner, position in book.by_strategy.items()}

    def strategy_positions(self, strategy_id: StrategyId) -> Mapping[InstrumentId, Position]:
        found = {}
        for instrument_id in self._books.get(self._account_id, {}):
            book = self._book(instrument_id)
            if book is not None and strategy_id in book.by_strategy:
                found[instrument_id] = book.by_strategy[strategy_id]
        return found

    def broker_position(self, instrument_id: InstrumentId) -> PositionReported | None:
        return self._broker.get(self._account_id, {}).get(instrument_id)

    def fills(self) -> Sequence[FillRow]:
        """Return all executions of the current account, oldest booked first."""
        return tuple(row for row in self._fills.values() if row.account_id in (self._account_id, ""))

    def fill_totals(self) -> tuple[int, Decimal]:
        """Return how many executions `fills` holds and the sum of their commissions, at no cost per execution."""
        sums = [self._fill_sums.get(account_id, (0, _ZERO)) for account_id in {self._account_id, AccountId("")}]
        return sum(count for count, _ in sums), sum((paid for _, paid in sums), _ZERO)

    def _keep_fill(self, root: str, row: FillRow) -> None:
        """Keep an execution in its latest revision, and the totals with it."""
        known = self._fills.get(root)
        self._fills[root] = row
        for each, step in ((known, -1), (row, 1)):
            if each is not None:
                count, paid = self._fill_sums.get(each.account_id, (0, _ZERO))
                self._fill_sums[each.account_id] = count + step, paid + step * (each.commission or _ZERO)

    def has_records(self, account_id: AccountId) -> bool:
        return bool(self._books.get(account_id))

    def _book(self, instrument_id: InstrumentId) -> Book | None:
        book = self._books.get(self._account_id, {}).get(instrument_id)
        if book is not None and book.multiplier is None:
            self._learn(book, instrument_id)
        return book

    def _open_book(self, account_id: AccountId, instrument_id: InstrumentId) -> Book:
        books = self._books.setdefault(account_id, {})
        book = books.get(instrument_id)
        if book is None:
            book = books[instrument_id] = Book()
            self._learn(book, instrument_id)
        return book

    def _learn(self, book: Book, instrument_id: InstrumentId) -> None:
        instrument = self._instrument_of(instrument_id)
        if instrument is not None:
            book.learn(instrument.multiplier, instrument.currency)

    # ------------------------------------------------------------ facts in
    def book_fill(self, order: Order, event: OrderFilled) -> None:
        """Take an execution that its order has just accepted (a correction replaces the earlier revision)."""
        root, revision = execution_root(event.execution_id)
        instrument = self._instrument_of(order.instrument_id)
        row = FillRow(
            execution_id=event.execution_id,
            client_order_id=order.client_order_id,
            account_id=order.account_id,
            instrument_id=order.instrument_id,
            side=event.side,
            quantity=event.quantity,
            price=event.price,
            event_ns=event.event_ns,
            exchange=event.exchange,
            origin=order.origin,
            strategy_id=order.strategy_id,
            revision=revision,
        )
        self._keep_fill(root, row)
        if instrument is not None and instrument.asset_class is AssetClass.COMBO:
            return  # positions move by the legs; the combination's own execution only fills its order
        booking = Booking(
            key=root,
            signed=event.quantity * event.side.sign,
            price=event.price,
            event_ns=event.event_ns,
            strategy_id=order.strategy_id,
        )
        if self._open_book(order.account_id, order.instrument_id).book(booking):
            self._changed(order.account_id, order.instrument_id)

    def book_commission(self, order: Order, event: OrderCommissioned) -> None:
        root, _ = execution_root(event.execution_id)
        row = self._fills.get(root)
        if row is not None:
            self._keep_fill(root, replace(row, commission=event.commission, commission_currency=event.currency))
        book = self._open_book(order.account_id, order.instrument_id)
        book.charge(event.execution_id, event.commission, event.currency, order.strategy_id)
        self._changed(order.account_id, order.instrument_id)

    def book_adjustment(self, event: PositionAdjusted) -> bool:
        """Take a flagged change without a fill; False when it was booked before."""
        booking = Booking(
            key=f"adjustment {event.adjustment_id}",
            signed=event.quantity,
            price=event.price,
            event_ns=event.ns,
            strategy_id=None,
            opening=event.opening,
        )
        book = self._open_book(event.account_id, event.instrument_id)
        if booking.key in book.bookings or not book.book(booking):
            return False
        self._changed(event.account_id, event.instrument_id)
        return True

    def _changed(self, account_id: AccountId, instrument_id: InstrumentId) -> None:
        self._publish(PositionChanged(ns=self._now_ns(), account_id=account_id, instrument_id=instrument_id))

    def adjustment_count(self, account_id: AccountId, instrument_id: InstrumentId) -> int:
        book = self._books.get(account_id, {}).get(instrument_id)
        if book is None:
            return 0
        return sum(1 for key in book.bookings if key.startswith("adjustment "))

    # ------------------------------------------------------------ what the broker reports
    def on_position(self, event: PositionReported) -> None:
        self._broker.setdefault(event.account_id, {})[event.instrument_id] = event
        self._changed(event.account_id, event.instrument_id)

    def forget_broker_positions(self, account_id: AccountId, except_for: set[InstrumentId], ns: int) -> None:
        """Set to zero what a complete answer of the broker no longer names."""
        for instrument_id, known in tuple(self._broker.get(account_id, {}).items()):
            if instrument_id not in except_for and known.quantity:
                self.on_position(replace(known, quantity=Decimal(0), average_cost=0.0, ns=ns))

    def on_account_value(self, event: AccountValueReported) -> None:
        self.account(event.account_id).note(event.tag, event.value, event.currency, event.ns)
        self._publish(AccountChanged(ns=event.ns, account_id=event.account_id))

    def on_pnl(self, event: PnlReported) -> None:
        if event.instrument_id is not None:
            self._broker_pnl[event.instrument_id] = event
            self._changed(event.account_id, event.instrument_id)
            return
        account = self.account(event.account_id)
        account.daily_pnl, account.unrealized_pnl = event.daily, event.unrealized
        account.realized_pnl, account.pnl_ns = event.realized, event.ns
        self._publish(AccountChanged(ns=event.ns, account_id=event.account_id))

    def account(self, account_id: AccountId | None = None) -> Account:
        """Return an account's figures; the current one without an id."""
        wanted = self._account_id if account_id is None else account_id
        account = self._accounts.get(wanted)
        if account is None:
            current = self._accounts.get(self._account_id)
            mode = current.mode if current is not None else Mode.DEMO
            account = self._accounts[wanted] = Account(id=wanted, mode=mode, currency=self._currency)
        return account

    def broker_pnl(self, instrument_id: InstrumentId) -> PnlReported | None:
        return self._broker_pnl.get(instrument_id)

    def broker_pnls(self) -> Sequence[PnlReported]:
        """Return the broker's own P&L of every instrument that it has told."""
        return tuple(self._broker_pnl.values())

    # ------------------------------------------------------------ value (see valuation.py)
    def unrealized(self, instrument_id: InstrumentId, strategy_id: StrategyId | None = None) -> float | None:
        """Return the P&L of the open quantity at the mark, in the instrument's currency; None without a mark."""
        book = self._book(instrument_id)
        if book is None:
            return 0.0
        position = book.total if strategy_id is None else book.position(strategy_id)
        return self.valuation.unrealized(instrument_id, book, position)

    def daily_pnl(self, instrument_id: InstrumentId) -> float | None:
        """Return our daily P&L of one instrument by TWS's rule, in its currency; None when a price is missing."""
        book = self._book(instrument_id)
        return self.valuation.daily(instrument_id, book) if book is not None else 0.0

    def day_pnl(self) -> tuple[float | None, float | None]:
        """Return the day's P&L of the account in its base currency: the broker's figure and ours."""
        ours, base = 0.0, self.account().currency
        for instrument_id in self._books.get(self._account_id, {}):
            value = self.daily_pnl(instrument_id)
            book = self._book(instrument_id)
            rate = self.rate_to_base(book.currency if book is not None and book.currency else base)
            if value is None or (value and rate is None):
                return self.account().daily_pnl, None
            ours += value * (rate or 0.0)
        return self.account().daily_pnl, ours

    def rate_to_base(self, currency: str) -> float | None:
        """Return how many units of base currency one unit of ``currency`` is worth; None when not known."""
        account = self.account()
        return self.valuation.rate(currency, account.currency, account)
