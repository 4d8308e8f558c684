# SPDX-License-Identifier: Apache-2.0
"""Accounts: ledgers valued at the market, with margin, previews and the figures that TWS reports.

Definitions follow IBKR's account window page
(https://www.ibkrguides.com/traderworkstation/real-time-activity-monitoring/account-information.htm): equity with loan
value is cash plus stocks plus open futures profit, without US options; available funds are that less initial margin.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from terminal.model.enums import AssetClass
from terminal.model.instrument import Instrument
from terminal.simulation.costs import commission, trade_value
from terminal.simulation.exchange_port import SimOrder, SimPosition, SimPreview, SimulatorRefusalError
from terminal.simulation.ledger import Holding, Ledger
from terminal.simulation.margin import Holding as Margined
from terminal.simulation.margin import requirement

START_CASH: Final = Decimal(250_000)
INSUFFICIENT: Final = (
    "Order rejected - reason:We are unable to accept your order. Your Available Funds are insufficient to cover the "
    "Initial Margin of this order (required {required:,.2f} USD, available {available:,.2f} USD)."
)
Mark = Callable[[int], float]
UnderlyingOf = Callable[[Instrument], int | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """An account at one moment, in its base currency."""

    cash: float
    stocks: float
    options: float
    futures_profit: float
    gross_position: float
    initial: float
    maintenance: float
    unrealized: float
    realized: float
    daily: float

    @property
    def net_liquidation(self) -> float:
        return self.cash + self.stocks + self.options + self.futures_profit

    @property
    def equity_with_loan(self) -> float:
        return self.cash + self.stocks + self.futures_profit

    @property
    def available_funds(self) -> float:
        return self.equity_with_loan - self.initial

    @property
    def excess_liquidity(self) -> float:
        return self.equity_with_loan - self.maintenance


class Accounts:
    """All accounts of the market.

    Args:
        mark: contract id -> price for valuation.
        underlying_of: an option -> contract id of its underlying.
        currency_pairs: currency -> contract id of its pair against USD.
    """

    def __init__(
        self, names: Sequence[str], *, mark: Mark, underlying_of: UnderlyingOf, currency_pairs: dict[str, int]
    ) -> None:
        self.ledgers = {name: Ledger(account=name, cash={"USD": START_CASH}) for name in names}
        self._mark = mark
        self._underlying_of = underlying_of
        self._pairs = currency_pairs

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.ledgers)

    def rate(self, currency: str) -> float:
        """Return USD per unit of ``currency``."""
        return 1.0 if currency == "USD" else self._mark(self._pairs[currency])

    def ledger(self, account: str) -> Ledger:
        """Return an account's ledger.

        Raises:
            SimulatorRefusalError: no such account.
        """
        found = self.ledgers.get(account)
        if found is None:
            raise SimulatorRefusalError(321, f"Error validating request: account {account!r} is not known")
        return found

    def standing(self, account: str) -> Standing:
        return self._value(self.ledger(account))

    def _value(self, ledger: Ledger) -> Standing:
        cash = sum(float(amount) * self.rate(currency) for currency, amount in ledger.cash.items())
        sums = dict.fromkeys(AssetClass, 0.0)
        gross = unrealized = realized = daily = profit = 0.0
        margined: list[Margined] = []
        for con_id, held in ledger.holdings.items():
            price = self._mark(con_id) if held.quantity else 0.0
            value = held.market_value(price)
            kind = held.instrument.asset_class
            sums[kind] += value
            unrealized += held.unrealized(price)
            realized += float(held.realized)
            daily += held.daily(price)
            if kind is AssetClass.FUTURE:
                profit += value - float(held.gross)
            elif kind is not AssetClass.FOREX:
                gross += abs(value)
            if held.quantity:
                margined.append(self._margined(held, price))
        need = requirement(margined)
        return Standing(
            cash=cash, stocks=sums[AssetClass.STOCK], options=sums[AssetClass.OPTION], futures_profit=profit,
            gross_position=gross, initial=need.initial, maintenance=need.maintenance,
            unrealized=unrealized, realized=realized, daily=daily,
        )  # fmt: skip

    def _margined(self, held: Holding, price: float) -> Margined:
        return Margined(
            instrument=held.instrument,
            quantity=float(held.quantity),
            price=price,
            underlying=self._spot(held.instrument),
        )

    def _spot(self, instrument: Instrument) -> float:
        underlying = self._underlying_of(instrument)
        return 0.0 if underlying is None else self._mark(underlying)

    # ------------------------------------------------------------ what if

    def preview(self, order: SimOrder, instrument: Instrument) -> SimPreview:
        """Return margin, equity and commission before and after the order as if it filled at its price now."""
        ledger = self.ledger(order.account)
        before = self._value(ledger)
        mark = self._mark(order.con_id)
        price = Decimal(repr(order.limit_price if order.limit_price is not None else mark))
        quantity = order.quantity
        sign = 1 if order.action == "BUY" else -1
        value = trade_value(instrument, quantity, price)
        paid = commission(instrument, before=(Decimal(0), Decimal(0)), quantity=quantity, value=value)
        trial = _copy(ledger)
        trial.fill(order.con_id, instrument, sign=sign, quantity=quantity, price=price, paid=paid)
        after = self._value(trial)
        return SimPreview(
            initial_before=before.initial,
            initial_after=after.initial,
            maintenance_before=before.maintenance,
            maintenance_after=after.maintenance,
            equity_before=before.equity_with_loan,
            equity_after=after.equity_with_loan,
            commission=float(paid),
            commission_currency=instrument.currency,
        )

    def check_funds(self, order: SimOrder, instrument: Instrument) -> None:
        """Refuse an order that available funds do not cover. What lowers the requirement always passes.

        Raises:
            SimulatorRefusalError: 201.
        """
        seen = self.preview(order, instrument)
        available = seen.equity_after - seen.initial_after
        if available < 0 and available < seen.equity_before - seen.initial_before:
            raise SimulatorRefusalError(
                201,
                INSUFFICIENT.format(
                    required=seen.initial_after - seen.initial_before + seen.equity_before - seen.equity_after,
                    available=seen.equity_before - seen.initial_before,
                ),
            )

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
        for ledger in self.ledgers.values():
            ledger.start_day({con_id: self._mark(con_id) for con_id, held in ledger.holdings.items() if held.quantity})


def _copy(ledger: Ledger) -> Ledger:
    return Ledger(
        account=ledger.account,
        base=ledger.base,
        cash=dict(ledger.cash),
        holdings={con_id: replace(held) for con_id, held in ledger.holdings.items()},
    )
