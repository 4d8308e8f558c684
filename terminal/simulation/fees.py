# SPDX-License-Identifier: Apache-2.0
"""Fees of third parties that a fill pays besides the broker's commission: regulators, clearing houses, exchanges.

One frozen table of rates and pure functions over it; a table with other rates can be passed in, which is how the
tests check the worked examples that IBKR printed under older rates. Rates are those in force in March 2025 as IBKR's
pricing pages state them (US stocks, US options, and the fee pages of CME, NYMEX, COMEX, NASDAQ/Island and
Cboe options); VIX is from Cboe's own schedule. What the table leaves out (the consolidated audit
trail fee, venues other than NASDAQ) is named in the register of beliefs. Knows nothing of accounts.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from terminal.model.instrument import Instrument

ZERO: Final = Decimal(0)
ADDED: Final = 1
REMOVED: Final = 2
INDEX_OPTIONS: Final = frozenset({"SPX", "VIX", "XSP", "NDX", "RUT"})
"""Underlyings of options on broad indexes: other exchange fees, no Section 31 fee, lower margin."""
FUNDS: Final = frozenset(
    {"SPY", "QQQ", "IWM", "TLT", "DIA", "GLD", "SLV", "USO", "EEM", "EFA", "HYG", "LQD", "VXX", "XLE", "XLF", "XLK"}
)
PremiumBands = tuple[tuple[Decimal, Decimal], ...]
"""(premium from which it holds, fee per contract), ascending."""

_SPX: Final[PremiumBands] = ((ZERO, Decimal("0.36")), (Decimal("1.00"), Decimal("0.45")))
_VIX: Final[PremiumBands] = (
    (ZERO, Decimal("0.10")),
    (Decimal("0.11"), Decimal("0.25")),
    (Decimal("1.00"), Decimal("0.40")),
    (Decimal("2.00"), Decimal("0.45")),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FeeTable:
    """Rates in USD. ``_share`` and ``_contract`` are per unit, ``_value`` are shares of the traded value."""

    section_31_value: Decimal = Decimal("0.0000278")  # SEC, of the value sold
    activity_share: Decimal = Decimal("0.000166")  # FINRA TAF, per share sold
    activity_cap: Decimal = Decimal("8.30")  # of one trade in shares
    activity_contract: Decimal = Decimal("0.00279")  # FINRA TAF, per option contract sold
    regulatory_contract: Decimal = Decimal("0.02685")  # options regulatory fee
    clearing_contract: Decimal = Decimal("0.02")  # OCC
    clearing_cap: Decimal = Decimal("55.00")  # OCC, of one trade
    clearing_share: Decimal = Decimal("0.00020")  # NSCC and DTC
    clearing_share_cap: Decimal = Decimal("0.005")  # of the trade's value
    nyse_pass_through: Decimal = Decimal("0.000175")  # of the commission
    finra_pass_through: Decimal = Decimal("0.00056")  # of the commission
    remove_share: Decimal = Decimal("0.0030")
    remove_penny_value: Decimal = Decimal("0.0030")  # below 1.00 a share
    add_share: Decimal = Decimal("-0.0021")  # a rebate; none below 1.00
    cross_share: Decimal = Decimal("0.0015")  # opening and closing auctions
    fund_option_contract: Decimal = Decimal("0.18")  # orders of 100 contracts and more that remove
    index_option: Mapping[str, PremiumBands] = field(default_factory=lambda: {"SPX": _SPX, "VIX": _VIX})
    future_contract: Mapping[str, Decimal] = field(
        default_factory=lambda: {
            "ES": Decimal("1.38"),
            "NQ": Decimal("1.38"),
            "RTY": Decimal("1.38"),
            "MES": Decimal("0.35"),
            "MNQ": Decimal("0.35"),
            "CL": Decimal("1.50"),
            "MCL": Decimal("0.50"),
            "GC": Decimal("1.60"),
            "SI": Decimal("1.60"),
            "MGC": Decimal("0.75"),
        }
    )
    future_default: Decimal = Decimal("1.60")
    nfa_contract: Decimal = Decimal("0.02")


FEES: Final = FeeTable()
Lines = tuple[tuple[str, Decimal], ...]


def stock_regulatory(table: FeeTable, *, sign: int, quantity: Decimal, value: Decimal) -> Lines:
    """Return what regulators take from one execution in shares: sales pay, purchases do not."""
    if sign > 0:
        return ()
    return (
        ("SEC Section 31", table.section_31_value * value),
        ("FINRA trading activity", min(table.activity_share * quantity, table.activity_cap)),
    )


def stock_venue(table: FeeTable, *, quantity: Decimal, value: Decimal, liquidity: int) -> Lines:
    """Return the exchange fee (negative: rebate) and clearing of one execution in shares."""
    penny = value < quantity
    if liquidity == ADDED:
        venue = ZERO if penny else table.add_share * quantity
    elif penny:
        venue = table.remove_penny_value * value
    else:
        venue = (table.remove_share if liquidity == REMOVED else table.cross_share) * quantity
    return (
        ("exchange", venue),
        ("NSCC and DTC clearing", min(table.clearing_share * quantity, table.clearing_share_cap * value)),
    )


def pass_through(table: FeeTable, commission: Decimal) -> Lines:
    """Return what tiered stock orders pay on top as shares of the commission."""
    return (
        ("NYSE pass-through", table.nyse_pass_through * commission),
        ("FINRA pass-through", table.finra_pass_through * commission),
    )


def option_fees(
    table: FeeTable, instrument: Instrument, *, sign: int, quantity: Decimal, price: Decimal, liquidity: int
) -> Lines:
    """Return every third-party fee of one execution in options."""
    lines = [
        ("options regulatory", table.regulatory_contract * quantity),
        ("OCC clearing", min(table.clearing_contract * quantity, table.clearing_cap)),
        ("exchange", _option_venue(table, instrument, quantity, price, liquidity)),
    ]
    if sign < 0:
        if instrument.symbol not in INDEX_OPTIONS:
            lines.append(("SEC Section 31", table.section_31_value * quantity * price * instrument.multiplier))
        lines.append(("FINRA trading activity", table.activity_contract * quantity))
    return tuple(lines)


def _option_venue(
    table: FeeTable, instrument: Instrument, quantity: Decimal, price: Decimal, liquidity: int
) -> Decimal:
    bands = table.index_option.get(instrument.symbol)
    if bands is not None:
        rate = next(rate for least, rate in reversed(bands) if price >= least or least == 0)
        return rate * quantity
    if instrument.symbol in FUNDS and quantity >= 100 and liquidity == REMOVED:
        return table.fund_option_contract * quantity
    return ZERO


def future_fees(table: FeeTable, instrument: Instrument, quantity: Decimal) -> Lines:
    """Return exchange and NFA fees of one execution in futures."""
    rate = table.future_contract.get(instrument.symbol, table.future_default)
    return (("exchange", rate * quantity), ("NFA", table.nfa_contract * quantity))
