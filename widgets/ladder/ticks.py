# SPDX-License-Identifier: Apache-2.0
"""Tick grid: prices of an instrument as whole numbers of ticks, bands of different increments included. No Qt."""

import math
from decimal import Decimal

from terminal.model.instrument import Instrument

_ZERO = Decimal(0)


class TickGrid:
    """Numbers the prices on which an instrument can trade: 0 is price 0, one more is one tick up.

    Below zero the grid is the mirror image, as combinations and some futures need it.
    """

    def __init__(self, instrument: Instrument) -> None:
        bands = {_ZERO: instrument.min_tick}
        bands.update({band.low_edge: band.increment for band in instrument.tick_bands})
        self._quantum = Decimal(1).scaleb(-instrument.decimals)
        self._bands: list[tuple[Decimal, Decimal, int]] = []  # from this price, in such steps, number of the price
        number = 0
        for edge in sorted(bands):
            if self._bands:
                start, tick, first = self._bands[-1]
                number = first + int((edge - start) / tick)
            self._bands.append((edge, bands[edge], number))
        self._floats = [(float(edge), float(tick), number) for edge, tick, number in self._bands]

    def index(self, price: float | Decimal) -> int:
        """Return the number of the tick nearest to a price. ValueError if it is not finite."""
        if not math.isfinite(price):
            raise ValueError(f"price must be a finite number, was {price}")
        # As float: a tick is never so small that the nearest one could be mistaken.
        value = float(price)
        size = abs(value)
        place = len(self._floats) - 1
        while place and size < self._floats[place][0]:
            place -= 1
        start, tick, first = self._floats[place]
        number = first + round((size - start) / tick)
        return number if value >= 0 else -number

    def price(self, index: int) -> Decimal:
        """Return the price of a tick number, with the decimals of the instrument."""
        number = abs(index)
        start, tick, first = next(band for band in reversed(self._bands) if number >= band[2])
        size = start + (number - first) * tick
        return (size if index >= 0 else -size).quantize(self._quantum)
