# SPDX-License-Identifier: Apache-2.0
"""Combinations (BAG): two to four legs traded as one, at one net price, all or nothing per unit.

Only guaranteed combinations are simulated: a unit fills when every leg fills, never one leg alone. They stand in no
book: a combination fills when the net of its legs' touches reaches its limit, taking what is displayed there (IBKR's
paper account fills combinations from the top of the book in the same way). Signs are IBKR's: buying the combination
does each leg's action, selling it the opposite; the net price is debit less credit, so a credit bought is negative.

Rules and codes: IBKR's pages on spreads and message codes; that per-leg prices belong to non-guaranteed combinations
of two legs alone: an issue thread of Lean (9287). Here they are refused with the tag NonGuaranteed.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from terminal.model.enums import AssetClass
from terminal.model.ids import InstrumentId
from terminal.model.instrument import Instrument
from terminal.simulation.exchange_port import SimLeg, SimOrder, SimulatorRefusalError
from terminal.simulation.orders import invalid
from terminal.simulation.rng import label_key, mix

FEWEST, MOST = 2, 4
TRADING_CLASS: Final = "COMB"
_LEG_CLASSES: Final = frozenset({AssetClass.STOCK, AssetClass.OPTION, AssetClass.FUTURE})
_KEY: Final = label_key("combination")
Look = Callable[[int], Instrument | None]
Quote = Callable[[int, int], tuple[Decimal, int] | None]
"""(contract id, side +1 bid -1 ask) -> price and size in units that a taker meets there; None when there is none."""


@dataclass(frozen=True, slots=True)
class Leg:
    """One leg: ``sign`` is +1 when buying the combination buys it."""

    con_id: int
    instrument: Instrument
    sign: int
    ratio: int


@dataclass(frozen=True, slots=True)
class Combo:
    """A combination as the market knows it."""

    instrument: Instrument
    legs: tuple[Leg, ...]

    def net(self, prices: Sequence[Decimal]) -> Decimal:
        """Return the net price of one unit, in money per unit and multiplier of the combination."""
        money = Decimal(0)
        for leg, price in zip(self.legs, prices, strict=True):
            money += leg.sign * leg.ratio * leg.instrument.multiplier * price
        return money / self.instrument.multiplier

    def quote(self, sign: int, touch: Quote) -> tuple[Decimal, int, list[Decimal]] | None:
        """Return what a taker of side ``sign`` meets: net price, units at it, each leg's price; None without one."""
        prices: list[Decimal] = []
        units: int | None = None
        for leg in self.legs:
            found = touch(leg.con_id, -sign * leg.sign)
            if found is None:
                return None
            price, size = found
            prices.append(price)
            units = size // leg.ratio if units is None else min(units, size // leg.ratio)
        return self.net(prices), units or 0, prices


def combo_id(legs: Iterable[SimLeg]) -> int:
    """Return the number by which the market knows these legs: negative, so it is no contract's."""
    words = [word for leg in legs for word in (leg.con_id, leg.ratio if leg.action == "BUY" else -leg.ratio)]
    return -1 - mix(_KEY, *words) % 10**12


def build(order: SimOrder, look: Look) -> Combo:
    """Build the combination that an order names.

    Raises:
        SimulatorRefusalError: 312 to 315, 10000, 10002, 10027 for what is no combination here.
    """
    _check_routing(order)
    if not order.legs:
        raise SimulatorRefusalError(314, "Security type 'BAG' requires combo leg details.")
    if not FEWEST <= len(order.legs) <= MOST or len({leg.con_id for leg in order.legs}) != len(order.legs):
        raise SimulatorRefusalError(312, "The combo details are invalid.")
    legs = tuple(_leg(place, row, look) for place, row in enumerate(order.legs, start=1))
    first = legs[0].instrument
    if any(leg.instrument.currency != first.currency for leg in legs):
        raise SimulatorRefusalError(10000, "Cross currency combo error.")
    if any(leg.instrument.symbol != first.symbol for leg in legs):
        raise SimulatorRefusalError(312, "The combo details are invalid.")
    return Combo(_instrument(combo_id(order.legs), legs), legs)


def _check_routing(order: SimOrder) -> None:
    for tag, value in order.routing:
        if tag != "NonGuaranteed":
            raise SimulatorRefusalError(10027, "Invalid combo routing tag API.")
        if value not in {"", "0"}:
            raise SimulatorRefusalError(10002, "Invalid non-guaranteed legs.")
    if any(leg.price is not None for leg in order.legs):
        raise invalid("Prices of single legs are for non-guaranteed combinations, which are not supported")


def _leg(place: int, row: SimLeg, look: Look) -> Leg:
    found = look(row.con_id)
    if found is None or row.ratio <= 0 or row.action not in {"BUY", "SELL"}:
        raise SimulatorRefusalError(313, f"The combo details for leg '{place}' are invalid.")
    if found.asset_class not in _LEG_CLASSES:
        raise SimulatorRefusalError(313, f"The combo details for leg '{place}' are invalid.")
    if found.asset_class is AssetClass.STOCK and row.exchange not in {"", "SMART"}:
        raise SimulatorRefusalError(315, "Stock combo legs are restricted to SMART order routing.")
    return Leg(row.con_id, found, 1 if row.action == "BUY" else -1, row.ratio)


def _instrument(number: int, legs: Sequence[Leg]) -> Instrument:
    # Where legs have different hours the combination trades when its most restricted leg does: an option.
    model = min((leg.instrument for leg in legs), key=lambda one: (one.asset_class is not AssetClass.OPTION, one.id))
    name = " ".join(f"{leg.sign * leg.ratio:+d} {leg.instrument.label}" for leg in legs)
    return Instrument(
        id=InstrumentId(f"combination {-number}"),
        asset_class=AssetClass.COMBO,
        symbol=model.symbol,
        currency=model.currency,
        exchange="SMART" if model.asset_class is not AssetClass.FUTURE else model.exchange,
        local_symbol=model.symbol,
        trading_class=TRADING_CLASS,
        name=name,
        multiplier=max(leg.instrument.multiplier for leg in legs),
        min_tick=model.min_tick if model.asset_class is AssetClass.FUTURE else Decimal("0.01"),
        expiry=min((leg.instrument.expiry for leg in legs if leg.instrument.expiry is not None), default=None),
        broker_id=number,
        time_zone=model.time_zone,
        trading_hours=model.trading_hours,
        liquid_hours=model.liquid_hours,
    )


class ComboBook:
    """The combinations that orders have named."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[tuple[SimLeg, ...], Combo]] = {}

    def learn(self, order: SimOrder, look: Look) -> Combo:
        """Take up the combination of an order, and put its number into the order."""
        combo = build(order, look)
        order.con_id = combo.instrument.broker_id or 0
        self._known[order.con_id] = (order.legs, combo)
        return combo

    def recall_orders(self, saved: object, look: Look) -> None:
        """Take up the combinations of saved orders; what is damaged or not listed any more is left to the orders."""
        for row in saved if isinstance(saved, list) else ():
            order = row.get("order") if isinstance(row, dict) else None
            legs = order.get("legs") if isinstance(order, dict) else None
            if isinstance(legs, list | tuple) and legs and all(isinstance(one, dict) for one in legs):
                self._recall(legs, look)

    def _recall(self, saved: Iterable[Mapping[str, Any]], look: Look) -> None:
        try:
            rows = tuple(SimLeg(**row) for row in saved)
        except TypeError:
            return
        if all(look(row.con_id) is not None for row in rows):
            number = combo_id(rows)
            legs = tuple(_leg(place, row, look) for place, row in enumerate(rows, start=1))
            self._known[number] = (rows, Combo(_instrument(number, legs), legs))

    def get(self, con_id: int) -> Combo | None:
        found = self._known.get(con_id)
        return None if found is None else found[1]

    def refresh(self, look: Look) -> None:
        """Build everything anew of today's contracts; what has lost a leg stays as it was."""
        for con_id, (rows, _) in list(self._known.items()):
            if all(look(row.con_id) is not None for row in rows):
                legs = tuple(_leg(place, row, look) for place, row in enumerate(rows, start=1))
                self._known[con_id] = (rows, Combo(_instrument(con_id, legs), legs))
