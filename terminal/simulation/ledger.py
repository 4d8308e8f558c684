# SPDX-License-Identifier: Apache-2.0
"""Ledger: cash and positions of one account, moved by fills, deliveries and credits alone, in exact decimals.

Average cost counts commissions, as IBKR's does. Stocks and options move cash by their value, futures by what they
realise, a currency pair moves both currencies. Daily P&L follows product.md 2.2: position x price, less position x
price at the reset, plus net traded; the reset of the simulated market is the change of its trading day.
Nothing here knows orders or prices: marks come in as arguments.
"""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from terminal.model.enums import AssetClass
from terminal.model.instrument import Instrument

_ZERO: Final = Decimal(0)


@dataclass(slots=True)
class Holding:
    """One position. ``cost`` is signed money with commissions, ``gross`` the same without them."""

    instrument: Instrument
    quantity: Decimal = _ZERO
    cost: Decimal = _ZERO
    gross: Decimal = _ZERO
    realized: Decimal = _ZERO
    day_quantity: Decimal = _ZERO
    day_price: float = 0.0
    day_cash: Decimal = _ZERO

    @property
    def average_cost(self) -> float:
        """Money per unit of quantity (multiplier inside), commissions included."""
        return float(self.cost / self.quantity) if self.quantity else 0.0

    def market_value(self, price: float) -> float:
        return float(self.quantity) * price * float(self.instrument.multiplier)

    def unrealized(self, price: float) -> float:
        return self.market_value(price) - float(self.cost) if self.quantity else 0.0

    def daily(self, price: float) -> float:
        """Return the P&L since the reset."""
        before = float(self.day_quantity) * self.day_price * float(self.instrument.multiplier)
        return self.market_value(price) - before + float(self.day_cash)


@dataclass(slots=True)
class Ledger:
    """One account."""

    account: str
    base: str = "USD"
    cash: dict[str, Decimal] = field(default_factory=dict)
    holdings: dict[int, Holding] = field(default_factory=dict)

    def holding(self, con_id: int, instrument: Instrument) -> Holding:
        found = self.holdings.get(con_id)
        if found is None:
            found = self.holdings[con_id] = Holding(instrument)
        return found

    def quantity(self, con_id: int) -> Decimal:
        found = self.holdings.get(con_id)
        return found.quantity if found else _ZERO

    def fill(
        self,
        con_id: int,
        instrument: Instrument,
        *,
        sign: int,
        quantity: Decimal,
        price: Decimal,
        paid: Decimal,
        fee: tuple[str, Decimal] | None = None,
    ) -> Decimal | None:
        """Book one execution.

        Args:
            sign: +1 bought, -1 sold.
            paid: the commission in the contract's currency, which counts in the cost.
            fee: currency and amount that leave the cash for it, where that is not ``paid``.

        Returns:
            Realised profit of the part that closed something, commissions included; None when all of it opened.
        """
        held = self.holding(con_id, instrument)
        value = quantity * price * instrument.multiplier
        closing = min(quantity, abs(held.quantity)) if held.quantity * sign < 0 else _ZERO
        realized: Decimal | None = None
        released = _ZERO
        opening_value, opening_paid = value, paid
        if closing:
            closing_value, closing_paid = value * closing / quantity, paid * closing / quantity
            realized, released = self._close(held, sign, closing, closing_value, closing_paid)
            # What is left over opens: by subtraction, so that no digit is lost.
            opening_value, opening_paid = value - closing_value, paid - closing_paid
        if closing != quantity:
            held.quantity += sign * (quantity - closing)
            held.gross += sign * opening_value
            held.cost += sign * opening_value + opening_paid
        held.day_cash -= sign * value
        self._move_cash(instrument, sign, quantity, value, released)
        currency, amount = fee or (instrument.currency, paid)
        self.credit(currency, -amount)
        return realized

    def close(self, con_id: int, price: Decimal, quantity: Decimal | None = None) -> None:
        """Settle a position, or an unsigned part of it, at ``price`` without commission (expiry)."""
        held = self.holdings[con_id]
        sign = -1 if held.quantity > 0 else 1
        size = abs(held.quantity) if quantity is None else quantity
        self.fill(con_id, held.instrument, sign=sign, quantity=size, price=price, paid=_ZERO)

    def deliver(
        self, option_id: int, stock_id: int, stock: Instrument, *, contracts: Decimal, sign: int, strike: Decimal
    ) -> None:
        """Turn options into shares at the strike: exercise or assignment.

        The option leaves without profit; what it cost becomes part of the price of the shares, as IBKR books it.

        Args:
            contracts: unsigned part of the option position.
            sign: +1 when shares come in, -1 when they go out.
        """
        option = self.holdings[option_id]
        share = contracts / abs(option.quantity)
        cost, gross = option.cost * share, option.gross * share
        if contracts == abs(option.quantity):
            cost, gross = option.cost, option.gross
        option.quantity -= contracts if option.quantity > 0 else -contracts
        option.cost -= cost
        option.gross -= gross
        shares = contracts * option.instrument.multiplier
        nothing = (stock.currency, _ZERO)
        self.fill(stock_id, stock, sign=sign, quantity=shares, price=strike, paid=cost, fee=nothing)

    def replace(self, old_id: int, new_id: int, instrument: Instrument, factor: Decimal) -> None:
        """Restate a position after a split: ``factor`` new units for one old unit, the money as it was."""
        old = self.holdings.pop(old_id)
        larger = factor * instrument.multiplier / old.instrument.multiplier
        old.instrument = instrument
        old.quantity *= factor
        old.day_quantity *= factor
        old.day_price /= float(larger)
        self.holdings[new_id] = old

    @staticmethod
    def _close(held: Holding, sign: int, closing: Decimal, value: Decimal, paid: Decimal) -> tuple[Decimal, Decimal]:
        """Close a part; return realised profit with commissions, and without any."""
        share = closing / abs(held.quantity)
        cost, gross = held.cost * share, held.gross * share
        held.quantity += sign * closing
        if held.quantity:
            held.cost -= cost
            held.gross -= gross
        else:
            held.cost = held.gross = _ZERO
        realized = -sign * value - paid - cost
        held.realized += realized
        return realized, -sign * value - gross

    def _move_cash(
        self, instrument: Instrument, sign: int, quantity: Decimal, value: Decimal, released: Decimal
    ) -> None:
        match instrument.asset_class:
            case AssetClass.FUTURE:
                self.credit(instrument.currency, released)
            case AssetClass.FOREX:
                self.credit(instrument.symbol, sign * quantity)
                self.credit(instrument.currency, -sign * value)
            case _:
                self.credit(instrument.currency, -sign * value)

    def credit(self, currency: str, amount: Decimal) -> None:
        """Move cash; negative amounts leave."""
        self.cash[currency] = self.cash.get(currency, _ZERO) + amount

    def start_day(self, marks: dict[int, float]) -> None:
        """Reset the day's figures at ``marks``; closed positions leave the book."""
        for con_id, held in list(self.holdings.items()):
            if not held.quantity:
                del self.holdings[con_id]
                continue
            held.realized = held.day_cash = _ZERO
            held.day_quantity = held.quantity
            held.day_price = marks[con_id]

    def dump(self) -> dict[str, object]:
        """Return everything as JSON-ready values."""
        return {
            "account": self.account,
            "base": self.base,
            "cash": {currency: str(amount) for currency, amount in self.cash.items()},
            "positions": [
                {
                    "con_id": con_id,
                    "quantity": str(held.quantity),
                    "cost": str(held.cost),
                    "gross": str(held.gross),
                    "realized": str(held.realized),
                    "day_quantity": str(held.day_quantity),
                    "day_price": held.day_price,
                    "day_cash": str(held.day_cash),
                }
                for con_id, held in self.holdings.items()
            ],
        }
