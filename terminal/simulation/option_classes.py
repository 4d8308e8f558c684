# SPDX-License-Identifier: Apache-2.0
"""Option classes: who has options, how they end, in which steps their strikes stand; and the ids of contracts.

A contract id is computed from what it names (class, date, strike, right), so it means the same in every run. The place
of a class in the table is part of its contracts' ids: append, never reorder.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from terminal.model.instrument import TickBand
from terminal.simulation.catalog import Underlying
from terminal.simulation.listings import SPX, STOCKS, VIX

OPTION_ID_BASE: Final = 500_000_000
_ORIGIN: Final = date(2020, 1, 1)
_DAY_BITS: Final = 12
_STRIKE_BITS: Final = 12
LAST_EXPIRY: Final = _ORIGIN + timedelta(days=(1 << _DAY_BITS) - 1)
"""The last day that an id can name (March 2031): later expiries are not listed."""
_NICE: Final = (0.5, 1.0, 2.5, 5.0, 10.0, 25.0, 50.0, 100.0)


@dataclass(frozen=True, slots=True)
class OptionClass:
    """One trading class. ``unit`` is the finest step between strikes that an id can name.

    ``american`` options deliver shares, the others settle in cash; ``morning``: against the opening quotation of the
    day after the last trading day.
    """

    spec: Underlying
    name: str
    american: bool = True
    morning: bool = False
    unit: float = 0.5

    @property
    def bands(self) -> tuple[Decimal, tuple[TickBand, ...]]:
        """Return the smallest increment and the bands above it."""
        if not self.american:
            return Decimal("0.05"), (TickBand(low_edge=Decimal(3), increment=Decimal("0.10")),)
        if self.spec.option_penny:
            return Decimal("0.01"), ()
        return Decimal("0.01"), (TickBand(low_edge=Decimal(3), increment=Decimal("0.05")),)

    @property
    def increments(self) -> tuple[int, int]:
        """Return the increments below and from 3.00, in cents."""
        if not self.american:
            return 5, 10
        return 1, 1 if self.spec.option_penny else 5

    def near_step(self, days: int) -> float:
        """Return the step between strikes near the money, ``days`` before expiry: coarser for far expiries."""
        step = self.spec.strike_step
        for edge in (75, 250):
            if days > edge:
                step = wider(step)
        return max(step, self.unit)


def wider(step: float) -> float:
    """Return the next step of strikes."""
    return next((each for each in _NICE if each > step), step * 2)


OPTION_CLASSES: Final = (
    *(OptionClass(spec, spec.symbol) for spec in STOCKS if spec.strike_step > 0),
    OptionClass(SPX, "SPX", american=False, morning=True, unit=5.0),
    OptionClass(SPX, "SPXW", american=False, unit=5.0),
    OptionClass(VIX, "VIX", american=False, morning=True),
)
_PLACES: Final = {each.name: place for place, each in enumerate(OPTION_CLASSES)}


def encode(option_class: OptionClass, expiry: date, strike: float, *, call: bool) -> int:
    """Return the id of a contract."""
    word = _PLACES[option_class.name] * (1 << _DAY_BITS) + (expiry - _ORIGIN).days
    return OPTION_ID_BASE + (word * (1 << _STRIKE_BITS) + round(strike / option_class.unit)) * 2 + (not call)


def decode(con_id: int) -> tuple[OptionClass, date, float, bool] | None:
    """Return class, expiry, strike and whether it is a call; None when it is no option's id."""
    word = con_id - OPTION_ID_BASE
    if word < 0:
        return None
    word, put = divmod(word, 2)
    word, units = divmod(word, 1 << _STRIKE_BITS)
    place, days = divmod(word, 1 << _DAY_BITS)
    if place >= len(OPTION_CLASSES) or units == 0:
        return None
    option_class = OPTION_CLASSES[place]
    return option_class, _ORIGIN + timedelta(days=days), units * option_class.unit, not put
