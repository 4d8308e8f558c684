# SPDX-License-Identifier: Apache-2.0
"""Tick grid: prices of an instrument as whole numbers of ticks, bands of different increments included. No Qt."""

from decimal import Decimal

from terminal.model.instrument import Instrument

_ZERO = Decimal(0)


class TickGrid:
    """Numbers the prices on which an instrument can trade: 0 is price 0, one more is one tick up.

    Below zero the grid is the mirror image, as combinations and some futures need it.
    """

    def __init__(self, instrument: Instrument) -> None:
        self._instrument = instrument
        bands = {_ZERO: instrument.min_tick}
        bands.update({band.low_edge: band.increment for band in instrument.tick_bands})
        self._bands: list[tuple[Decimal, Decimal, int]] = []  # from this price, in such steps, number of the price
        number = 0
        for edge in sorted(bands):
            if self._bands:
                start, tick, first = self._bands[-1]
                number = first + int((edge - start) / tick)
            self._bands.append((edge, bands[edge], number))

    def index(self, price: float | Decimal) -> int:
        """Return the number of the tick nearest to a price. ValueError if it is not finite."""
        snapped = self._instrument.snap(price)
        size = abs(snapped)
        start, tick, first = next(band for band in reversed(self._bands) if size >= band[0])
        number = first + int(((size - start) / tick).to_integral_value())
        return number if snapped >= 0 else -number

    def price(self, index: int) -> Decimal:
        """Return the price of a tick number, with the decimals of the instrument."""
        number = abs(index)
        start, tick, first = next(band for band in reversed(self._bands) if number >= band[2])
        size = start + (number - first) * tick
        return (size if index >= 0 else -size).quantize(Decimal(1).scaleb(-self._instrument.decimals))
