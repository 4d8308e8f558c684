# SPDX-License-Identifier: Apache-2.0
"""Margin of shares of one company or fund, alone and with options laid to them.

Three figures, as IBKR reports them: initial (at the moment of a trade: 25 % long, 30 % short), maintenance (the same,
with the per-share steps for cheap short stock) and the Reg T initial margin of the end of the day (50 %, 12 CFR
220.12) that feeds the special memorandum account. Forms with options after FINRA 4210(f)(2) and IBKR's US options
page. Pure.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

LONG_RATE: Final = 0.25
SHORT_RATE: Final = 0.30
REGULATION_T_RATE: Final = 0.50
EXERCISE_RATE: Final = 0.10
"""Share of the exercise price that a hedged stock position keeps (protective put, collar, conversion)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """A requirement. ``regulation_t`` is the end-of-day initial margin."""

    initial: float = 0.0
    maintenance: float = 0.0
    regulation_t: float = 0.0

    def plus(self, amount: float) -> "Need":
        """Return this with an amount that all three need alike."""
        return Need(
            initial=self.initial + amount,
            maintenance=self.maintenance + amount,
            regulation_t=self.regulation_t + amount,
        )

    def __add__(self, other: "Need") -> "Need":
        return Need(
            initial=self.initial + other.initial,
            maintenance=self.maintenance + other.maintenance,
            regulation_t=self.regulation_t + other.regulation_t,
        )

    def times(self, factor: float) -> "Need":
        return Need(
            initial=self.initial * factor,
            maintenance=self.maintenance * factor,
            regulation_t=self.regulation_t * factor,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionLeg:
    """One position. ``quantity`` in contracts, signed; ``expiry`` an ordinal day; ``units`` shares per contract."""

    call: bool
    strike: float
    expiry: int
    quantity: int
    price: float
    units: float = 100.0

    def intrinsic(self, spot: float) -> float:
        return max(spot - self.strike if self.call else self.strike - spot, 0.0)

    def out_of_the_money(self, spot: float) -> float:
        return max(self.strike - spot if self.call else spot - self.strike, 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class StockLot:
    """``count`` contracts' worth of shares with what is laid to them: an option written, one bought, or both."""

    count: int
    units: float
    written: OptionLeg | None = None
    bought: OptionLeg | None = None


def short_maintenance(price: float) -> float:
    """Return what one share sold short keeps: 30 %, at least 5.00; below a price of 5.00 all of it, at least 2.50."""
    if price >= 5.0:
        return max(SHORT_RATE * price, 5.0)
    return max(price, 2.5)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareRules:
    """The rules for one position in shares, signed."""

    price: float
    shares: float

    @property
    def long(self) -> bool:
        return self.shares > 0

    def per_share(self, price: float | None = None) -> Need:
        """Return what one share alone needs, valued at ``price`` (its own when not given)."""
        value = self.price if price is None else price
        if self.long:
            return Need(
                initial=LONG_RATE * value, maintenance=LONG_RATE * value, regulation_t=REGULATION_T_RATE * value
            )
        kept = short_maintenance(value)
        return Need(initial=kept, maintenance=kept, regulation_t=max(REGULATION_T_RATE * value, kept))

    def alone(self) -> Need:
        return self.per_share().times(abs(self.shares)) if self.shares else Need()

    def need(self, lots: Sequence[StockLot]) -> Need:
        """Return what all shares need, the lots with their options and the rest alone."""
        used = sum(lot.count * lot.units for lot in lots)
        total = self.per_share().times(abs(self.shares) - used) if self.shares else Need()
        for lot in lots:
            total += self._lot(lot).times(lot.count * lot.units)
        return total

    def collars(self, written: OptionLeg, bought: OptionLeg) -> bool:
        """Say whether two options make a collar or a (reverse) conversion around the shares."""
        if written.expiry != bought.expiry:
            return False
        return bought.strike <= written.strike if self.long else bought.strike == written.strike

    def _lot(self, lot: StockLot) -> Need:
        """Return the requirement per share of one lot."""
        if lot.written is not None and lot.bought is not None:
            return self._collar(lot.written, lot.bought)
        if lot.written is not None:
            return self._covered(lot.written)
        assert lot.bought is not None
        return self._protected(lot.bought)

    def _covered(self, option: OptionLeg) -> Need:
        """Covered call: max(in the money + margin of the stock at most at the strike, min(stock, max(call, margin))).

        Covered put: the stock's requirement and the in-the-money amount.
        """
        inside, own = option.intrinsic(self.price), self.per_share()
        if not self.long:
            return own.plus(inside)
        capped = self.per_share(min(self.price, option.strike))

        def greater(at_strike: float, margin: float) -> float:
            return max(inside + at_strike, min(self.price, max(option.price, margin)))

        return Need(
            initial=greater(capped.initial, own.initial),
            maintenance=greater(capped.maintenance, own.maintenance),
            regulation_t=greater(capped.regulation_t, own.regulation_t),
        )

    def _protected(self, option: OptionLeg) -> Need:
        """Protective put or call: maintenance at most 10 % of the strike + the out-of-the-money amount."""
        own = self.per_share()
        hedged = EXERCISE_RATE * option.strike + option.out_of_the_money(self.price)
        return Need(initial=own.initial, maintenance=min(hedged, own.maintenance), regulation_t=own.regulation_t)

    def _collar(self, written: OptionLeg, bought: OptionLeg) -> Need:
        """Collar: min(10 % of the put's strike + its out-of-the-money amount, 25 % of the call's strike).

        At one strike (conversion, reverse conversion) 10 % of it. The written option's in-the-money amount comes on
        top, because the shares count no more than its strike.
        """
        inside, own = written.intrinsic(self.price), self.per_share()
        if written.strike == bought.strike:
            kept = EXERCISE_RATE * written.strike
        else:
            kept = min(EXERCISE_RATE * bought.strike + bought.out_of_the_money(self.price), LONG_RATE * written.strike)
        return Need(initial=own.initial + inside, maintenance=kept + inside, regulation_t=own.regulation_t + inside)
