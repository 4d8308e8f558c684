# SPDX-License-Identifier: Apache-2.0
"""RecordedDay: the quotes and prints of one symbol on one day, merged in time order, as they were recorded.

A quote tick carries one side of the national best bid and offer, the other side stands. Where no quote ticks exist,
quotes by the second are used, each known at the end of its second; where neither exists there is no quote, and none
is invented. Prices are in ten-thousandths of a dollar, 0 means absent.
"""

from dataclasses import dataclass
from datetime import date, time
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from terminal.simulation.replay.lean import LeanFile, beside, lines_of, read_numbers, read_words
from terminal.simulation.tape import Prints
from terminal.simulation.trading_days import local_ns

Ints = NDArray[np.int64]
Words = NDArray[np.str_]

MS: Final = 1_000_000
EXCHANGES: Final = {
    "A": "AMEX", "B": "BEX", "C": "NYSENAT", "D": "FINRA", "J": "EDGEA", "K": "DRCTEDGE", "M": "CHX", "N": "NYSE",
    "P": "ARCA", "Q": "ISLAND", "T": "ISLAND", "V": "IEX", "W": "CBOE", "X": "PSX", "Y": "BYX", "Z": "BATS",
}  # fmt: skip
"""Participant codes of the consolidated tape -> the names IBKR uses."""


@dataclass(frozen=True, slots=True)
class Quotes:
    """The standing best bid and offer after each change."""

    ns: Ints
    bid: Ints
    bid_size: Ints
    ask: Ints
    ask_size: Ints


@dataclass(frozen=True, slots=True)
class RecordedDay:
    """``exchange`` and ``condition`` belong to the prints."""

    quotes: Quotes
    prints: Prints
    exchange: list[str]
    condition: list[str]


def load_day(root: Path, symbol: str, day: date) -> RecordedDay:
    """Read a day: the finest trades and quotes that the data set has.

    Raises:
        UserError: a file is damaged.
    """
    midnight = local_ns(day, time(0, 0))
    quotes = _first(root, symbol, "quote", day)
    trades = _first(root, symbol, "trade", day)
    seen = _quotes(quotes, midnight) if quotes else _no_quotes()
    if trades is None:
        none = np.zeros(0, dtype=np.int64)
        return RecordedDay(seen, Prints(none, none, none, none.astype(np.int8)), [], [])
    lines = lines_of(trades)
    rows = read_numbers(trades, lines)
    if trades.resolution == "second":
        prints = _second_prints(rows, midnight)
        return RecordedDay(seen, prints, [""] * len(prints.ns), [""] * len(prints.ns))
    words = read_words(lines, (3, 4))
    prints = Prints(midnight + rows[:, 0] * MS, rows[:, 1], rows[:, 2], np.zeros(len(rows), dtype=np.int8))
    venue = [EXCHANGES.get(code, code) for code in words[:, 0].tolist()]
    return RecordedDay(seen, with_sides(prints, seen), venue, words[:, 1].tolist())


def _first(root: Path, symbol: str, kind: str, day: date) -> LeanFile | None:
    for resolution in ("tick", "second"):
        found = beside(root, symbol, resolution, kind, day)
        if found is not None:
            return found
    return None


def _no_quotes() -> Quotes:
    none = np.zeros(0, dtype=np.int64)
    return Quotes(none, none, none, none, none)


def _quotes(file: LeanFile, midnight: int) -> Quotes:
    rows = read_numbers(file, lines_of(file))
    if file.resolution == "second":
        # A bar of quotes ends with what stood at its end: it is known one second after its start.
        ns = midnight + (rows[:, 0] + 1000) * MS
        return Quotes(ns, rows[:, 4], rows[:, 5], rows[:, 9], rows[:, 10])
    bid_rows, ask_rows = _last_seen(rows[:, 1]), _last_seen(rows[:, 3])
    return Quotes(
        midnight + rows[:, 0] * MS,
        _at(rows[:, 1], bid_rows), _at(rows[:, 2], bid_rows), _at(rows[:, 3], ask_rows), _at(rows[:, 4], ask_rows),
    )  # fmt: skip


def _last_seen(price: Ints) -> Ints:
    """Return, for each row, the latest row with a price; -1 before the first."""
    rows: Ints = np.maximum.accumulate(np.where(price > 0, np.arange(len(price)), -1))
    return rows


def _at(values: Ints, rows: Ints) -> Ints:
    found: Ints = np.where(rows >= 0, values[np.maximum(rows, 0)], 0)
    return found


def _second_prints(rows: Ints, midnight: int) -> Prints:
    """Return bars of one second as prints at their four prices; the volume is the close's but for one unit each."""
    count = len(rows)
    ns = (midnight + rows[:, 0, None] * MS + np.array([0, 300, 600, 900]) * MS).reshape(-1)
    rising = rows[:, 4] >= rows[:, 1]
    first = np.where(rising, rows[:, 3], rows[:, 2])
    second = np.where(rising, rows[:, 2], rows[:, 3])
    tick = np.stack((rows[:, 1], first, second, rows[:, 4]), axis=1).reshape(-1)
    small = np.minimum(rows[:, 5] // 4, 1)
    size = np.stack((small, small, small, rows[:, 5] - 3 * small), axis=1).reshape(-1)
    keep = size > 0
    return Prints(ns[keep], tick[keep], size[keep], np.zeros(count * 4, dtype=np.int8)[keep])


def with_sides(prints: Prints, quotes: Quotes) -> Prints:
    """Say who took: at or above the standing offer a buyer, at or below the bid a seller, else unknown."""
    if not len(quotes.ns):
        return prints
    row = np.searchsorted(quotes.ns, prints.ns, side="right") - 1
    known = row >= 0
    place = np.maximum(row, 0)
    bid, ask = quotes.bid[place], quotes.ask[place]
    buyer = known & (ask > 0) & (prints.tick >= ask)
    seller = known & (bid > 0) & (prints.tick <= bid)
    side = np.where(buyer & ~seller, 1, np.where(seller & ~buyer, -1, 0)).astype(np.int8)
    return Prints(prints.ns, prints.tick, prints.size, side)
