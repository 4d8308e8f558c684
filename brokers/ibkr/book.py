# SPDX-License-Identifier: Apache-2.0
"""Our own order book from depth messages: insert, update and delete by position. Pure.

The library's book swallows an update at a position that does not exist and then differs from the venue's
for ever. Here such a message is a `BookError`, and the owner asks for the book again.
"""

from typing import Final

from terminal.model.ids import InstrumentId
from terminal.model.market import HIGHEST_PRICE, LARGEST_SIZE, Depth, DepthLevel

INSERT: Final = 0
UPDATE: Final = 1
DELETE: Final = 2
ASK: Final = 0
BID: Final = 1
PATIENCE: Final = 100
"""Disordered snapshots in a row that are tolerated: a venue shifts rows one message at a time."""


class BookError(ValueError):
    """The message does not fit the book: it must be asked for again."""


class Book:
    """Two sides of at most ``rows`` levels, best first."""

    __slots__ = ("_rows", "_sides", "disordered")

    def __init__(self, rows: int) -> None:
        self._rows = rows
        self._sides: tuple[list[DepthLevel], list[DepthLevel]] = ([], [])
        self.disordered = 0
        """How many snapshots in a row were out of price order."""

    def clear(self) -> None:
        for side in self._sides:
            side.clear()
        self.disordered = 0

    def apply(self, position: int, operation: int, side: int, price: float, size: float, maker: str = "") -> None:
        """Apply one depth message.

        Raises:
            BookError: side, operation or position cannot be.
        """
        if side not in (ASK, BID):
            raise BookError(f"the side must be 0 (ask) or 1 (bid), was {side}")
        levels = self._sides[side]
        count = len(levels)
        if operation == INSERT and 0 <= position <= count:
            levels.insert(position, _level(price, size, maker))
            if count >= self._rows:
                del levels[self._rows :]
        elif operation == UPDATE and 0 <= position < count:
            levels[position] = _level(price, size, maker)
        elif operation == UPDATE and position == count < self._rows:
            levels.append(_level(price, size, maker))
        elif operation == DELETE and 0 <= position < count:
            del levels[position]
        elif operation == DELETE and position == count == self._rows:
            return  # the row that our own trimming dropped
        else:
            raise BookError(f"operation {operation} at position {position} does not fit {count} rows")

    def snapshot(self, instrument_id: InstrumentId, received_ns: int) -> Depth:
        """Return the book as it stands."""
        asks, bids = self._sides
        self.disordered = 0 if _ascending(asks) and _ascending_down(bids) else self.disordered + 1
        return Depth(instrument_id=instrument_id, received_ns=received_ns, bids=tuple(bids), asks=tuple(asks))


def _level(price: float, size: float, maker: str) -> DepthLevel:
    if not abs(price) < HIGHEST_PRICE or not 0 <= size < LARGEST_SIZE:
        raise BookError(f"a level needs a price and a size that can be, was {price:g} x {size:g}")
    return DepthLevel(price=price, size=size, maker=maker)


def _ascending(levels: list[DepthLevel]) -> bool:
    prices = [level.price for level in levels]
    return prices == sorted(prices)


def _ascending_down(levels: list[DepthLevel]) -> bool:
    prices = [level.price for level in levels]
    return prices == sorted(prices, reverse=True)
