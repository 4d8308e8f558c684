# SPDX-License-Identifier: Apache-2.0
"""Splits and dividends on positions and orders, before the opening of their ex-date.

A dividend belongs to who held the shares at the last close: it accrues on the ex-date and is paid (charged on short
shares) on its pay date. A split restates shares and options as OCC does where whole new shares come for one old one:
the number of contracts grows by the ratio and the strike falls by it, the symbol stays. Other ratios would change what
a contract delivers (a class like "AAPL1"); the market plans none, and an option then becomes the listed contract with
the lower strike, one for one. Fractions of shares are paid in cash. Orders in what splits are cancelled, as IBKR
cancels GTC orders on corporate actions. Who listens hears of positions later, from night.py.
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
from terminal.simulation.groups import OrderRegistry
from terminal.simulation.ledger import Ledger
from terminal.simulation.option_classes import decode, encode
from terminal.simulation.orders import Working
from terminal.simulation.source import MarketSource

_ZERO: Final = Decimal(0)


class Orders(Protocol):
    """What a split does with orders."""

    orders: OrderRegistry

    def finish(self, working: Working, reason: str) -> None: ...


class Host(Protocol):
    """What corporate actions need of the market."""

    source: MarketSource
    money: Accounts

    @property
    def desk(self) -> Orders: ...
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


def cancel_orders(host: Host) -> None:
    """End the orders in what splits this morning."""
    first, today = _since_last_day(host)
    for working in host.desk.orders.live():
        instrument = working.instrument
        underlying = working.con_id if instrument.asset_class is AssetClass.STOCK else _option_on(host, instrument)
        if underlying is not None and host.source.splits(underlying, first, today):
            host.desk.finish(working, "Cancelled: corporate action")


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
    """Return the contract that an option becomes; None when the market has none such (the option then stays)."""
    index, _ = host.today()
    strike = float(round((instrument.strike or _ZERO) * split.old / split.new, 4))
    found = host.source.option_contracts(
        instrument.symbol,
        index,
        expiry=f"{instrument.expiry:%Y%m%d}" if instrument.expiry else "",
        strike=strike,
        right="" if instrument.right is None else instrument.right.value[:1].upper(),
    )
    if found:
        return found[0]
    named = decode(instrument.broker_id or 0)
    if named is None or strike % named[0].unit:
        return None
    # Adjusted strikes live on though nobody would list them anew.
    return host.instrument(encode(named[0], named[1], strike, call=named[3]))


def _pay_fraction(host: Host, ledger: Ledger, con_id: int) -> None:
    """Close the fraction of a share that a ratio left over, at the price of now."""
    quantity = ledger.quantity(con_id)
    fraction = abs(quantity) % 1
    if fraction:
        ledger.close(con_id, Decimal(repr(round(host.mark(con_id), 4))), fraction)
