# SPDX-License-Identifier: Apache-2.0
"""May an account make these trades? Available funds, the minimum for margin, day trading, no short coins.

The rules of accounts.py that refuse, apart from how figures come about: they see an account before and after.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final, TypeAlias

from terminal.model.enums import AssetClass
from terminal.model.instrument import Instrument
from terminal.simulation.account_book import DAY_TRADES_ALLOWED
from terminal.simulation.exchange_port import SimulatorRefusalError
from terminal.simulation.ledger import Ledger
from terminal.simulation.valuation import Standing

MARGIN_MINIMUM: Final = 2_000.0
"""USD of equity below which nothing is opened on margin (IBKR's US stock margin page, FINRA 4210(b))."""
DAY_TRADING_MINIMUM: Final = 25_000.0
"""USD of equity that a pattern day trader needs (FINRA 4210(f)(8)(B))."""
INSUFFICIENT: Final = (
    "Order rejected - reason:We are unable to accept your order. Your Available Funds are insufficient to cover the "
    "Initial Margin of this order (required {required:,.2f} {base}, available {available:,.2f} {base})."
)
TOO_SMALL: Final = (
    "Order rejected - reason:MINIMUM OF 2000 USD (OR EQUIVALENT) REQUIRED IN ORDER TO PURCHASE ON MARGIN, SELL SHORT, "
    "TRADE CURRENCY OR FUTURE (the account has {equity:,.2f} USD)."
)
DAY_TRADER: Final = (
    "Order rejected - reason:Potential pattern day trader: {count} day trades in 5 trading days and an equity of "
    "{equity:,.2f} USD, below the minimum of 25,000. Only orders that close positions are accepted."
)
NO_SHORT_CRYPTO: Final = (
    "Order rejected - reason:A cryptocurrency cannot be sold short (position {held}, order {size})."
)
TradeLeg: TypeAlias = tuple[int, Instrument, int, Decimal, Decimal]
"""Contract id, instrument, sign, quantity, price."""
_DAY_TRADED: Final = frozenset({AssetClass.STOCK, AssetClass.OPTION})


def check(
    before: Standing, after: Standing, ledger: Ledger, legs: Sequence[TradeLeg], *, dollars: float, day_trades: int
) -> None:
    """Refuse trades that the account may not make. What only closes always passes.

    Args:
        dollars: USD for one unit of the account's base currency.
        day_trades: those of the last five days.

    Raises:
        SimulatorRefusalError: 201.
    """
    for con_id, instrument, sign, quantity, _ in legs:
        held = ledger.quantity(con_id)
        if instrument.asset_class is AssetClass.CRYPTO and sign < 0 and quantity > held:
            raise SimulatorRefusalError(201, NO_SHORT_CRYPTO.format(held=held, size=quantity))
    if all(ledger.quantity(con_id) * sign <= -quantity for con_id, _, sign, quantity, _ in legs):
        return
    if after.available_funds < 0 and after.available_funds < before.available_funds:
        required = before.available_funds - after.available_funds
        raise SimulatorRefusalError(
            201, INSUFFICIENT.format(required=required, available=before.available_funds, base=ledger.base)
        )
    equity = before.net_liquidation * dollars
    if equity < MARGIN_MINIMUM and after.initial > before.initial:
        raise SimulatorRefusalError(201, TOO_SMALL.format(equity=equity))
    counted = any(leg[1].asset_class in _DAY_TRADED for leg in legs)
    if counted and equity < DAY_TRADING_MINIMUM and day_trades >= DAY_TRADES_ALLOWED:
        raise SimulatorRefusalError(201, DAY_TRADER.format(count=day_trades, equity=equity))
