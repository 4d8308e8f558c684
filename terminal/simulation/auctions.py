# SPDX-License-Identifier: Apache-2.0
"""Orders for the opening and the closing auction: which auction they mean and until when they may come and go.

MOC, LOC and everything with the time in force OPG trade at the auction's price or not at all. Cut-offs as the listing
exchanges publish them (NYSE: closing orders in and out until 15:50; Nasdaq: MOC in until 15:55, LOC until 15:58, out
until 15:50, opening orders in until 09:28, out until 09:25). IBKR's own, slightly earlier cut-offs are not published
by time, so the exchanges' are taken (assumption). Pure.
"""

from typing import Final

from terminal.model.instrument import Instrument
from terminal.simulation.exchange_port import SimOrder
from terminal.simulation.order_table import AT_CLOSE
from terminal.simulation.trading_days import MINUTE_NS

OPEN, CLOSE, REOPEN = "open", "close", "reopen"
CONDITION_OF: Final = {"O": OPEN, "6": CLOSE, "5": REOPEN}
"""Sale condition of an auction's print -> kind of auction."""
_ENTRY: Final[dict[tuple[str, str], int]] = {("NASDAQ", "MOC"): 5, ("NASDAQ", "LOC"): 2}
_CANCEL: Final[dict[tuple[str, str], int]] = {("NASDAQ", OPEN): 5}
_DEFAULT_ENTRY: Final = {OPEN: 2, CLOSE: 10}
_DEFAULT_CANCEL: Final = {OPEN: 2, CLOSE: 10}


def kind_of(order: SimOrder) -> str:
    """Return the auction that an order is for; empty for one that trades continuously."""
    if order.order_type in AT_CLOSE:
        return CLOSE
    return OPEN if order.tif == "OPG" else ""


def entry_ends_ns(order: SimOrder, instrument: Instrument, auction_ns: int) -> int:
    """Return when the auction takes no new order of this type any more."""
    minutes = _ENTRY.get((instrument.primary_exchange, order.order_type), _DEFAULT_ENTRY[kind_of(order)])
    return auction_ns - minutes * MINUTE_NS


def cancel_ends_ns(order: SimOrder, instrument: Instrument, auction_ns: int) -> int:
    """Return when an order of the auction can no longer be cancelled or changed."""
    kind = kind_of(order)
    return auction_ns - _CANCEL.get((instrument.primary_exchange, kind), _DEFAULT_CANCEL[kind]) * MINUTE_NS


def takes_part(sign: int, limit: int | None, tick: int) -> bool:
    """Say whether an order trades at the auction's price."""
    return limit is None or (limit - tick) * sign >= 0
