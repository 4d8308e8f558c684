# SPDX-License-Identifier: Apache-2.0
"""What an account is worth at one moment, in its base currency, and the figures that follow from it.

Definitions follow IBKR's account window page
(https://www.ibkrguides.com/traderworkstation/real-time-activity-monitoring/account-information.htm): equity with loan
value is cash plus stocks plus open futures profit, without US options and cryptocurrencies; available funds are that
less initial margin, excess liquidity that less maintenance margin. accounts.py puts it together.
"""

from dataclasses import dataclass, field

from terminal.model.enums import AssetClass
from terminal.simulation.account_book import AccountBook
from terminal.simulation.ledger import Holding, Ledger
from terminal.simulation.share_margin import Need


@dataclass(slots=True)
class CurrencyWorth:
    """What an account has in one currency, in that currency."""

    cash: float = 0.0
    stocks: float = 0.0
    options: float = 0.0
    crypto: float = 0.0
    futures_profit: float = 0.0
    interest: float = 0.0
    dividends: float = 0.0
    unrealized: float = 0.0
    realized: float = 0.0
    currency_pairs: float = 0.0
    """Value of positions in pairs, which is inside the cash already."""

    @property
    def net_liquidation(self) -> float:
        return (
            self.cash + self.stocks + self.options + self.crypto + self.futures_profit + self.interest + self.dividends
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """An account at one moment, in its base currency."""

    cash: float
    stocks: float
    options: float
    crypto: float
    futures_profit: float
    gross_position: float
    interest: float
    dividends: float
    unrealized: float
    realized: float
    daily: float
    need: Need
    commodities: Need = field(default_factory=Need)
    """The part of ``need`` that futures make."""
    commodities_by_night: Need = field(default_factory=Need)
    """What futures need outside of the day's lower margin."""
    memorandum: float = 0.0
    previous_equity: float = 0.0
    by_currency: dict[str, CurrencyWorth] = field(default_factory=dict)

    @property
    def net_liquidation(self) -> float:
        return (
            self.cash + self.stocks + self.options + self.crypto + self.futures_profit + self.interest + self.dividends
        )

    @property
    def equity_with_loan(self) -> float:
        return self.cash + self.stocks + self.futures_profit

    @property
    def initial(self) -> float:
        return self.need.initial

    @property
    def maintenance(self) -> float:
        return self.need.maintenance

    @property
    def available_funds(self) -> float:
        return self.equity_with_loan - self.initial

    @property
    def excess_liquidity(self) -> float:
        return self.equity_with_loan - self.maintenance

    @property
    def look_ahead(self) -> Need:
        """What will be needed after the next change of margins: the overnight amounts."""
        more = self.commodities_by_night + self.commodities.times(-1.0)
        return self.need + more

    @property
    def regulation_t_excess(self) -> float:
        return self.equity_with_loan - self.need.regulation_t

    @property
    def cushion(self) -> float:
        return self.excess_liquidity / self.net_liquidation if self.net_liquidation > 0 else 0.0


def worths_of(ledger: Ledger, book: AccountBook) -> dict[str, CurrencyWorth]:
    """Return what an account has by currency without its positions: cash and what has accrued."""
    worths: dict[str, CurrencyWorth] = {ledger.base: CurrencyWorth()}

    def of(currency: str) -> CurrencyWorth:
        return worths.setdefault(currency, CurrencyWorth())

    for currency, amount in ledger.cash.items():
        of(currency).cash = float(amount)
    for currency, amount in book.interest.items():
        of(currency).interest += float(amount)
    for currency, amount in book.borrow_fee.items():
        of(currency).interest -= float(amount)
    for due in book.dividends:
        of(due.currency).dividends += float(due.amount)
    return worths


def add_holding(worths: dict[str, CurrencyWorth], held: Holding, price: float) -> None:
    """Add a position at a price to what the account has in its currency."""
    worth = worths.setdefault(held.instrument.currency, CurrencyWorth())
    value = held.market_value(price)
    worth.unrealized += held.unrealized(price)
    worth.realized += float(held.realized)
    match held.instrument.asset_class:
        case AssetClass.STOCK:
            worth.stocks += value
        case AssetClass.OPTION:
            worth.options += value
        case AssetClass.CRYPTO:
            worth.crypto += value
        case AssetClass.FUTURE:
            worth.futures_profit += value - float(held.gross)
        case _:
            worth.currency_pairs += value
