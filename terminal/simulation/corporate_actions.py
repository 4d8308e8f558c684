# SPDX-License-Identifier: Apache-2.0
"""Splits and dividends on positions, before the opening of their ex-date.

A dividend belongs to who held the shares at the last close: it accrues on the ex-date and is paid (charged on short
shares) on its pay date. A split restates shares and options as OCC does: where whole new shares come for one old
share the number of contracts grows and the strike falls; other ratios change what a contract delivers. Fractions of
shares are paid in cash.
"""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Final, Protocol

from terminal.model.enums import AssetClass
from terminal.model.instrument import Instrument
from terminal.simulation.account_book import DividendDue
from terminal.simulation.accounts import Accounts
from terminal.simulation.facts import Split
from terminal.simulation.ledger import Ledger
from terminal.simulation.source import MarketSource

_ZERO: Final = Decimal(0)


class Host(Protocol):
    """What corporate actions need of the market."""

    source: MarketSource
    money: Accounts

    def mark(self, con_id: int) -> float: ...
    def instrument(self, con_id: int) -> Instrument | None: ...
    def today(self) -> tuple[int, date]: ...


def _since_last_day(host: Host) -> tuple[date, date]:
    """Return the first and last ex-date that take effect this morning."""
    index, today = host.today()
    before = host.source.calendar.day(index - 1).date
    return date.fromordinal(before.toordinal() + 1), today


def apply_dividends(host: Host) -> None:
    """Accrue the dividends of this morning's ex-dates and pay those whose pay date has come."""
    first, today = _since_last_day(host)
    for account, ledger in host.money.ledgers.items():
        book = host.money.books[account]
        for con_id, held in ledger.holdings.items():
            if held.instrument.asset_class is AssetClass.STOCK and held.quantity:
                book.dividends.extend(
                    DividendDue(
                        con_id=con_id,
                        pay_day=one.pay_date.toordinal(),
                        currency=held.instrument.currency,
                        amount=one.amount * held.quantity,
                    )
                    for one in host.source.dividends(con_id, first, today)
                )
        for due in [one for one in book.dividends if one.pay_day <= today.toordinal()]:
            ledger.credit(due.currency, due.amount)
            book.dividends.remove(due)


def apply_splits(host: Host) -> Iterator[tuple[str, int]]:
    """Restate positions in what splits this morning; yield the account and contract of every changed position."""
    first, today = _since_last_day(host)
    for account, ledger in host.money.ledgers.items():
        for con_id in list(ledger.holdings):
            held = ledger.holdings.get(con_id)
            if held is None or not held.quantity:
                continue
            underlying = (
                con_id if held.instrument.asset_class is AssetClass.STOCK else _option_on(host, held.instrument)
            )
            for split in () if underlying is None else host.source.splits(underlying, first, today):
                yield from ((account, changed) for changed in _split(host, ledger, con_id, split))


def _option_on(host: Host, instrument: Instrument) -> int | None:
    return host.source.underlying_of(instrument) if instrument.asset_class is AssetClass.OPTION else None


def _split(host: Host, ledger: Ledger, con_id: int, split: Split) -> Iterator[int]:
    held = ledger.holdings[con_id]
    ratio = Decimal(split.new) / Decimal(split.old)
    if held.instrument.asset_class is AssetClass.STOCK:
        instrument = host.instrument(con_id) or held.instrument
        ledger.replace(con_id, con_id, instrument, ratio)
        _pay_fraction(host, ledger, con_id)
        yield con_id
        return
    adjusted = adjusted_contract(host, held.instrument, split)
    if adjusted is None:
        return
    whole = split.new % split.old == 0
    ledger.replace(con_id, adjusted.broker_id or con_id, adjusted, ratio if whole else Decimal(1))
    yield con_id
    if adjusted.broker_id not in {None, con_id}:
        yield adjusted.broker_id or con_id


def adjusted_contract(host: Host, instrument: Instrument, split: Split) -> Instrument | None:
    """Return the listed contract that an option becomes; None when the source lists none (the option stays)."""
    index, _ = host.today()
    strike = (instrument.strike or _ZERO) * split.old / split.new
    found = host.source.option_contracts(
        instrument.symbol,
        index,
        expiry=f"{instrument.expiry:%Y%m%d}" if instrument.expiry else "",
        strike=float(round(strike, 4)),
        right="" if instrument.right is None else instrument.right.value[:1].upper(),
    )
    return next(iter(found), None)


def _pay_fraction(host: Host, ledger: Ledger, con_id: int) -> None:
    """Close the fraction of a share that a ratio left over, at the price of now."""
    quantity = ledger.quantity(con_id)
    fraction = abs(quantity) % 1
    if fraction:
        ledger.close(con_id, Decimal(repr(round(host.mark(con_id), 4))), fraction)
