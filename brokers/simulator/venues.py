# SPDX-License-Identifier: Apache-2.0
"""Exchanges behind a smart-routed line: the letters by which quotes and trades name them.

The letters are those of the consolidated tape's participants; the map's name is what tickReqParams tells.
"""

from typing import Final, NamedTuple

BBO_MAP: Final = "9c0001"


class Venue(NamedTuple):
    """One exchange: as IBKR names it, its letter, and the market makers' mark by which a book row names it."""

    exchange: str
    letter: str
    mark: str


VENUES: Final = (
    Venue("AMEX", "A", "AMEX"),
    Venue("NYSE", "N", "NYSE"),
    Venue("ARCA", "P", "ARCA"),
    Venue("NASDAQ", "Q", "NSDQ"),
    Venue("BATS", "Z", "BATS"),
    Venue("BYX", "Y", "BYX"),
    Venue("EDGX", "K", "EDGX"),
    Venue("IEX", "V", "IEX"),
    Venue("MEMX", "U", "MEMX"),
)
_LETTERS: Final = {name: venue.letter for venue in VENUES for name in (venue.exchange, venue.mark)}


def letter(name: str) -> str:
    """Letter of an exchange or of a row's mark; empty for one that is not on the tape."""
    return _LETTERS.get(name, "")
