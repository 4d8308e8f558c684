# SPDX-License-Identifier: Apache-2.0
"""Order states as cells: the word of the state with the dot that goes with it. No Qt.

Solid means confirmed, hollow means on the way, warning means that nobody knows.
"""

from typing import Final

from widgets import formats
from widgets.tables.columns import Cell, Tone

_DOTS: Final[dict[str, tuple[Tone, bool]]] = {
    "initialized": (Tone.MUTED, True),
    "denied": (Tone.DANGER, False),
    "staged": (Tone.MUTED, True),
    "sending": (Tone.MUTED, True),
    "sent": (Tone.MUTED, True),
    "acked": (Tone.MUTED, False),
    "working": (Tone.OK, False),
    "partial": (Tone.OK, True),
    "filled": (Tone.OK, False),
    "cancelled": (Tone.MUTED, False),
    "rejected": (Tone.DANGER, False),
    "inactive": (Tone.WARN, True),
    "expired": (Tone.MUTED, False),
    "unknown": (Tone.WARN, False),
    "lost": (Tone.DANGER, True),
}


def order_state(status: str, pending: str = "none", knowledge: str = "confirmed") -> Cell:
    """Return the state cell of an order from the values of its three axes.

    A request that has no answer yet, or a state that is not confirmed, takes the place of the word: a
    person must not read "Working" where that is only what we hope.
    """
    tone, hollow = _DOTS[status]
    if knowledge in {"stale", "conflict"}:
        return Cell(formats.KNOWLEDGE[knowledge], tone=Tone.WARN, hollow=True, tooltip=formats.ORDER_STATUSES[status])
    if pending != "none":
        return Cell(formats.PENDING_REQUESTS[pending], tone=Tone.MUTED, hollow=True)
    return Cell(formats.ORDER_STATUSES[status], tone=tone, hollow=hollow)
