# SPDX-License-Identifier: Apache-2.0
"""Interest on cash and the fee for borrowed shares: accrued every morning, posted on the third trading day of a month.

IBKR's schedule for USD: credit from 10,000 on at the benchmark less 0.5 %, in proportion below 100,000 of equity;
debit at the benchmark plus 1.5 % up to 100,000, 1.0 % up to 1,000,000, 0.75 % beyond; a year has 360 days, 365 for
GBP and AUD. Cash from short sales is collateral and earns nothing here. The borrow fee is on 102 % of the price,
rounded up to the whole dollar. Other currencies follow the same tiers at their worth in USD (assumption).
"""

import math
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Final, Protocol

from terminal.model.enums import AssetClass
from terminal.simulation.account_book import AccountBook
from terminal.simulation.accounts import Accounts
from terminal.simulation.ledger import Ledger
from terminal.simulation.source import MarketSource

CREDIT_FREE: Final = 10_000.0
CREDIT_SPREAD: Final = 0.005
FULL_CREDIT_EQUITY: Final = 100_000.0
DEBIT_SPREADS: Final = ((100_000.0, 0.015), (1_000_000.0, 0.010), (math.inf, 0.0075))
POSTING_DAY: Final = 3
COLLATERAL: Final = 1.02
_YEAR_OF_365: Final = frozenset({"GBP", "AUD", "CAD", "HKD", "NZD", "SGD"})
_EXACT: Final = Decimal("0.000001")
_ZERO: Final = Decimal(0)


class Host(Protocol):
    """What interest needs of the market."""

    source: MarketSource
    money: Accounts

    def now_ns(self) -> int: ...
    def mark(self, con_id: int) -> float: ...
    def today(self) -> tuple[int, date]: ...


def accrue(host: Host) -> None:
    """Accrue the days since the last trading day for every account, and post what is due today."""
    index, today = host.today()
    days = (today - host.source.calendar.day(index - 1).date).days
    for account, ledger in host.money.ledgers.items():
        book = host.money.books[account]
        standing = host.money.standing(account)
        equity = standing.net_liquidation * host.money.rate(ledger.base)
        shorts = _short_value(host, ledger)
        for currency, cash in ledger.cash.items():
            free = float(cash) - shorts.get(currency, 0.0)
            benchmark = host.source.interest_rate(currency, host.now_ns())
            dollars = host.money.rate(currency)
            amount = year_of_interest(free * dollars, benchmark, equity) / dollars * days / year_days(currency)
            _add(book.interest, currency, amount)
        for con_id, held in ledger.holdings.items():
            if held.instrument.asset_class is AssetClass.STOCK and held.quantity < 0:
                fee = host.source.borrow(con_id, host.now_ns()).fee
                yearly = borrow_fee(-float(held.quantity), host.mark(con_id), fee)
                _add(book.borrow_fee, held.instrument.currency, yearly * days / 360)
        if _is_posting_day(host, index, today):
            _post(ledger, book)


def year_days(currency: str) -> int:
    return 365 if currency in _YEAR_OF_365 else 360


def year_of_interest(cash: float, benchmark: float, equity: float) -> float:
    """Return what a balance earns (negative: costs) in a whole year.

    Args:
        cash: balance without the proceeds of short sales, in USD.
        equity: net liquidation value in USD.
    """
    if cash >= 0:
        rate = max(benchmark - CREDIT_SPREAD, 0.0) * min(max(equity, 0.0) / FULL_CREDIT_EQUITY, 1.0)
        return max(cash - CREDIT_FREE, 0.0) * rate
    total = lower = 0.0
    for bound, spread in DEBIT_SPREADS:
        total -= max(min(-cash, bound) - lower, 0.0) * (benchmark + spread)
        lower = bound
    return total


def borrow_fee(shares: float, price: float, fee: float) -> float:
    """Return what short shares cost in a whole year at ``fee`` per year."""
    return shares * math.ceil(COLLATERAL * price) * fee


def _short_value(host: Host, ledger: Ledger) -> Mapping[str, float]:
    found: dict[str, float] = {}
    for con_id, held in ledger.holdings.items():
        if held.instrument.asset_class is AssetClass.STOCK and held.quantity < 0:
            currency = held.instrument.currency
            found[currency] = found.get(currency, 0.0) - held.market_value(host.mark(con_id))
    return found


def _add(amounts: dict[str, Decimal], currency: str, amount: float) -> None:
    exact = Decimal(repr(amount)).quantize(_EXACT)
    if exact:
        amounts[currency] = amounts.get(currency, _ZERO) + exact


def _is_posting_day(host: Host, index: int, today: date) -> bool:
    calendar = host.source.calendar
    number = sum(1 for back in range(POSTING_DAY + 1) if calendar.day(index - back).date.month == today.month)
    return number == POSTING_DAY


def _post(ledger: Ledger, book: AccountBook) -> None:
    for currency, amount in book.interest.items():
        ledger.credit(currency, amount)
    for currency, amount in book.borrow_fee.items():
        ledger.credit(currency, -amount)
    book.interest.clear()
    book.borrow_fee.clear()
