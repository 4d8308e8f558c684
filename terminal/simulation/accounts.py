# SPDX-License-Identifier: Apache-2.0
"""Accounts: ledgers valued at the market, with margin, previews, and the one door through which trades become money.

Every figure is in the account's base currency; positions are in their contract's. What-if, the check of available
funds and the reports use the same functions, so that a preview is what then happens. Overnight events are night.py's,
the rules for missing margin margin_guard.py's, the tags of TWS account_report.py's.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Final, TypeAlias

from terminal.model.enums import AssetClass
from terminal.model.instrument import Instrument
from terminal.simulation import funds
from terminal.simulation.account_book import AccountBook, AccountSpec
from terminal.simulation.costs import Charge, Trade, charge, counts, trade_value
from terminal.simulation.exchange_port import SimOrder, SimPosition, SimPreview, SimulatorRefusalError
from terminal.simulation.funds import TradeLeg
from terminal.simulation.ledger import Holding, Ledger
from terminal.simulation.margin import Holding as Margined
from terminal.simulation.margin import requirement
from terminal.simulation.share_margin import REGULATION_T_RATE
from terminal.simulation.valuation import Standing, add_holding, worths_of

START_CASH: Final = Decimal(250_000)
Mark: TypeAlias = Callable[[int], float]
UnderlyingOf: TypeAlias = Callable[[Instrument], int | None]
Rate: TypeAlias = Callable[[str], float]
Day: TypeAlias = Callable[[], tuple[int, date]]
MarginDay: TypeAlias = Callable[[], tuple[bool, int]]
_ZERO: Final = Decimal(0)
_EXACT: Final = Decimal("0.000001")


@dataclass(frozen=True, slots=True, kw_only=True)
class Booked:
    """What a booking did: the cost in ``currency``, and the profit realised in the contract's (None: all opened)."""

    paid: Decimal
    currency: str
    realized: Decimal | None


class Accounts:
    """All accounts of the market.

    Args:
        mark: contract id -> price for valuation.
        underlying_of: an option -> contract id of its underlying.
        rate: currency -> USD for one unit; KeyError for a currency that the market does not know.
        day: number and date of the current trading day.
        margin_day: whether the lower margin of the day holds for futures now, and when that changes (ns, 0 never).
    """

    def __init__(
        self, specs: Sequence[AccountSpec], *, mark: Mark, underlying_of: UnderlyingOf, rate: Rate, day: Day,
        margin_day: MarginDay = lambda: (False, 0),
    ) -> None:  # fmt: skip
        self.ledgers = {
            spec.name: Ledger(account=spec.name, base=spec.base, cash={spec.base: spec.cash}) for spec in specs
        }
        self.books = {spec.name: AccountBook(spec=spec) for spec in specs}
        self._mark = mark
        self._underlying_of = underlying_of
        self._rate = rate
        self.day = day
        self.margin_day = margin_day

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.ledgers)

    def rate(self, currency: str, base: str = "USD") -> float:
        """Return units of ``base`` for one unit of ``currency``."""
        if currency == base:
            return 1.0
        dollars = 1.0 if currency == "USD" else self._rate(currency)
        return dollars if base == "USD" else dollars / self._rate(base)

    def ledger(self, account: str) -> Ledger:
        """Return an account's ledger.

        Raises:
            SimulatorRefusalError: no such account.
        """
        found = self.ledgers.get(account)
        if found is None:
            raise SimulatorRefusalError(321, f"Error validating request: account {account!r} is not known")
        return found

    # ------------------------------------------------------------ value and margin

    def standing(self, account: str) -> Standing:
        return self._value(self.ledger(account))

    def trial(self, account: str) -> Ledger:
        """Return a copy of an account's ledger to try bookings on; `value` tells what comes of them."""
        return _copy(self.ledger(account))

    def value(self, ledger: Ledger) -> Standing:
        """Return how an account would stand with this ledger."""
        return self._value(ledger)

    def pnl(self, account: str) -> tuple[float, float, float]:
        """Return (daily, unrealised, realised) in the base currency, without the work of the margin rules."""
        ledger = self.ledger(account)
        daily = unrealized = realized = 0.0
        for con_id, held in ledger.holdings.items():
            price = self._mark(con_id) if held.quantity else 0.0
            rate = self.rate(held.instrument.currency, ledger.base)
            daily += rate * held.daily(price)
            unrealized += rate * held.unrealized(price)
            realized += rate * float(held.realized)
        return daily, unrealized, realized

    def _value(self, ledger: Ledger) -> Standing:
        book = self.books[ledger.account]
        worths = worths_of(ledger, book)
        margined: list[Margined] = []
        gross = daily = 0.0
        for con_id, held in ledger.holdings.items():
            price = self._mark(con_id) if held.quantity else 0.0
            rate = self.rate(held.instrument.currency, ledger.base)
            add_holding(worths, held, price)
            daily += rate * held.daily(price)
            if held.instrument.asset_class not in {AssetClass.FUTURE, AssetClass.FOREX}:
                gross += rate * abs(held.market_value(price))
            if held.quantity:
                margined.append(self._margined(held, price, rate))
        rates = {currency: self.rate(currency, ledger.base) for currency in worths}
        exposures = {
            currency: rates[currency] * worth.net_liquidation
            for currency, worth in worths.items()
            if currency != ledger.base
        }

        def total(name: str) -> float:
            return sum(rates[currency] * float(getattr(worth, name)) for currency, worth in worths.items())

        by_day = self.margin_day()[0]
        futures = [one for one in margined if one.instrument.asset_class is AssetClass.FUTURE]
        standing = Standing(
            cash=total("cash"), stocks=total("stocks"), options=total("options"), crypto=total("crypto"),
            futures_profit=total("futures_profit"), gross_position=gross, interest=total("interest"),
            dividends=total("dividends"), unrealized=total("unrealized"), realized=total("realized"), daily=daily,
            need=requirement(margined, exposures, by_day=by_day), commodities=requirement(futures, by_day=by_day),
            commodities_by_night=requirement(futures),
            by_currency=worths,
        )  # fmt: skip
        return self._with_memory(standing, book, ledger)

    def _with_memory(self, standing: Standing, book: AccountBook, ledger: Ledger) -> Standing:
        opening = float(book.spec.cash) * self.rate(book.spec.base, ledger.base)
        carried = opening if book.memorandum is None else book.memorandum
        return replace(
            standing,
            memorandum=max(carried + book.memorandum_moved, standing.regulation_t_excess),
            previous_equity=opening if book.previous_equity is None else book.previous_equity,
        )

    def _margined(self, held: Holding, price: float, rate: float) -> Margined:
        underlying = self._underlying_of(held.instrument)
        return Margined(
            instrument=held.instrument,
            quantity=float(held.quantity),
            price=price,
            underlying=0.0 if underlying is None else self._mark(underlying),
            rate=rate,
        )

    # ------------------------------------------------------------ trades

    def book_fill(
        self,
        account: str,
        con_id: int,
        instrument: Instrument,
        *,
        sign: int,
        quantity: Decimal,
        price: Decimal,
        before: tuple[Decimal, Decimal] = (_ZERO, _ZERO),
        liquidity: int = 2,
    ) -> Booked:
        """Book one execution with its commission and fees.

        Args:
            before: quantity and value that the order had traded before this execution.
            liquidity: 1 added, 2 removed, anything else an auction.
        """
        ledger, book = self.ledgers[account], self.books[account]
        held = ledger.quantity(con_id)
        number, today = self.day()
        booked, counted = self._fill(
            ledger, con_id, instrument, sign=sign, quantity=quantity, price=price, before=before, liquidity=liquidity
        )
        book.add_volume(instrument.asset_class, f"{today:%Y%m}", counted)
        book.note_trade(con_id, instrument, sign * quantity, held, number)
        book.memorandum_moved += self._memorandum_move(instrument, sign, quantity, price, held) * self.rate(
            instrument.currency, ledger.base
        )
        return booked

    def _fill(
        self,
        ledger: Ledger,
        con_id: int,
        instrument: Instrument,
        *,
        sign: int,
        quantity: Decimal,
        price: Decimal,
        before: tuple[Decimal, Decimal],
        liquidity: int,
    ) -> tuple[Booked, Decimal]:
        """Move a ledger by one execution; return what it did and the volume that counts."""
        value = trade_value(instrument, quantity, price)
        scale = self._dollar_scale(instrument, quantity, value)
        cost, counted = self._charge(
            self.books[ledger.account], instrument, sign=sign, quantity=quantity, price=price, value=value * scale,
            before=(before[0], before[1] * scale), liquidity=liquidity,
        )  # fmt: skip
        currency, amount, paid = instrument.currency, cost.total, cost.total
        if instrument.asset_class is AssetClass.FOREX:
            # Charged in the base currency of the account, whatever the pair (IBKR's spot currency page).
            currency = ledger.base
            amount = self._converted(cost.total, "USD", currency)
            paid = self._converted(cost.total, "USD", instrument.currency)
        realized = ledger.fill(
            con_id, instrument, sign=sign, quantity=quantity, price=price, paid=paid, fee=(currency, amount)
        )
        return Booked(paid=amount, currency=currency, realized=realized), counted

    def _dollar_scale(self, instrument: Instrument, quantity: Decimal, value: Decimal) -> Decimal:
        """Return USD per unit of a pair's quote currency; 1 for everything that is charged in its own currency."""
        if instrument.asset_class is not AssetClass.FOREX or instrument.currency == "USD" or not value:
            return Decimal(1)
        dollars = quantity if instrument.symbol == "USD" else value * Decimal(repr(self.rate(instrument.currency)))
        return dollars / value

    def _converted(self, amount: Decimal, source: str, target: str) -> Decimal:
        if source == target:
            return amount
        return (amount * Decimal(repr(self.rate(source, target)))).quantize(_EXACT)

    def _charge(
        self, book: AccountBook, instrument: Instrument, *, sign: int, quantity: Decimal, price: Decimal,
        value: Decimal, before: tuple[Decimal, Decimal], liquidity: int,
    ) -> tuple[Charge, Decimal]:  # fmt: skip
        month = book.volume(instrument.asset_class, f"{self.day()[1]:%Y%m}")
        trade = Trade(
            instrument=instrument, sign=sign, quantity=quantity, price=price, value=value, liquidity=liquidity,
            before=before, month=max(month - counts(instrument, *before), _ZERO),
        )  # fmt: skip
        return charge(trade, book.spec.schedule), counts(instrument, quantity, value)

    @staticmethod
    def _memorandum_move(instrument: Instrument, sign: int, quantity: Decimal, price: Decimal, held: Decimal) -> float:
        """Return what a trade does to the special memorandum account: half of shares, all of bought options."""
        closing = min(quantity, abs(held)) if held * sign < 0 else _ZERO
        per_unit = float(price * instrument.multiplier)
        if instrument.asset_class is AssetClass.STOCK:
            return REGULATION_T_RATE * per_unit * float(closing - (quantity - closing))
        if instrument.asset_class in {AssetClass.OPTION, AssetClass.CRYPTO}:
            bought = quantity - closing if sign > 0 else _ZERO
            sold = closing if sign < 0 else _ZERO
            return per_unit * float(sold - bought)
        return 0.0

    # ------------------------------------------------------------ what if

    def preview(self, order: SimOrder, instrument: Instrument) -> SimPreview:
        """Return margin, equity and commission before and after the order as if it filled at its price now."""
        return self.preview_fills(order.account, [self._leg(order, instrument)])

    def _leg(self, order: SimOrder, instrument: Instrument) -> TradeLeg:
        """Return the order as a trade at its limit, or at the market's price where that is worse.

        A limit better than the market fills only once the market is there; booked at the limit and valued at today's
        mark it would pay for itself with a profit that nobody has.
        """
        sign = 1 if order.action == "BUY" else -1
        mark = self._mark(order.con_id)
        price = mark if order.limit_price is None else sign * max(sign * order.limit_price, sign * mark)
        return order.con_id, instrument, sign, order.quantity, Decimal(repr(price))

    def preview_fills(self, account: str, legs: Sequence[TradeLeg]) -> SimPreview:
        """Return the same for several trades at once (the legs of a combination)."""
        before, after, paid, least = self._trial(account, legs)
        base = self.ledger(account).base
        return SimPreview(
            initial_before=before.initial,
            initial_after=after.initial,
            maintenance_before=before.maintenance,
            maintenance_after=after.maintenance,
            equity_before=before.equity_with_loan,
            equity_after=after.equity_with_loan,
            commission=float(paid),
            commission_currency=legs[0][1].currency if legs[0][1].asset_class is not AssetClass.FOREX else base,
            commission_min=float(min(least, paid)),
            commission_max=float(max(least, paid)),
        )

    def _trial(self, account: str, legs: Sequence[TradeLeg]) -> tuple[Standing, Standing, Decimal, Decimal]:
        """Book legs on a copy; return standings before and after, and the cost when they take and when they add."""
        ledger = self.ledger(account)
        before = self._value(ledger)
        trial = _copy(ledger)
        paid = least = _ZERO
        for con_id, instrument, sign, quantity, price in legs:
            for target, liquidity in ((_copy(ledger), 1), (trial, 2)):
                booked, _ = self._fill(
                    target, con_id, instrument, sign=sign, quantity=quantity, price=price, before=(_ZERO, _ZERO),
                    liquidity=liquidity,
                )  # fmt: skip
                paid, least = (paid + booked.paid, least) if target is trial else (paid, least + booked.paid)
        return before, self._value(trial), paid, least

    def after(self, account: str, legs: Sequence[TradeLeg]) -> Standing:
        """Return the account as it would stand after trades."""
        trial = _copy(self.ledger(account))
        moved = 0.0
        for con_id, instrument, sign, quantity, price in legs:
            held = trial.quantity(con_id)
            self._fill(
                trial, con_id, instrument, sign=sign, quantity=quantity, price=price, before=(_ZERO, _ZERO), liquidity=2
            )
            rate = self.rate(instrument.currency, trial.base)
            moved += rate * self._memorandum_move(instrument, sign, quantity, price, held)
        standing = self._value(trial)
        carried = self.standing(account).memorandum + moved
        return replace(standing, memorandum=max(carried, standing.regulation_t_excess))

    def check_funds(self, order: SimOrder, instrument: Instrument) -> None:
        """Refuse an order that available funds do not cover. What lowers the requirement always passes.

        Raises:
            SimulatorRefusalError: 201.
        """
        self.check_funds_fills(order.account, [self._leg(order, instrument)])

    def check_funds_fills(self, account: str, legs: Sequence[TradeLeg]) -> None:
        """Refuse trades that available funds, the account's minimum or the day-trading rule forbid.

        Raises:
            SimulatorRefusalError: 201.
        """
        before, after, _, _ = self._trial(account, legs)
        funds.check(
            before, after, self.ledger(account), legs, dollars=self.rate(self.ledger(account).base),
            day_trades=self.books[account].recent_day_trades(self.day()[0]),
        )  # fmt: skip

    # ------------------------------------------------------------ reports

    def position(self, account: str, con_id: int) -> SimPosition:
        held = self.ledger(account).holdings[con_id]
        price = self._mark(con_id)
        return SimPosition(
            account=account,
            con_id=con_id,
            quantity=held.quantity,
            average_cost=held.average_cost,
            market_price=price,
            market_value=held.market_value(price),
            unrealized=held.unrealized(price),
            realized=float(held.realized),
            daily=held.daily(price),
        )

    def positions(self, account: str) -> list[SimPosition]:
        """Return every position held or closed today."""
        return [self.position(account, con_id) for con_id in self.ledger(account).holdings]

    def start_day(self) -> None:
        """Reset the day's figures at the marks of this moment."""
        for account, ledger in self.ledgers.items():
            book, standing = self.books[account], self._value(ledger)
            book.memorandum, book.memorandum_moved = standing.memorandum, 0.0
            book.previous_equity = standing.equity_with_loan
            book.start_day(self.day()[0])
            ledger.start_day({con_id: self._mark(con_id) for con_id, held in ledger.holdings.items() if held.quantity})


def _copy(ledger: Ledger) -> Ledger:
    return Ledger(
        account=ledger.account,
        base=ledger.base,
        cash=dict(ledger.cash),
        holdings={con_id: replace(held) for con_id, held in ledger.holdings.items()},
    )
