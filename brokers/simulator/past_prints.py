# SPDX-License-Identifier: Apache-2.0
"""The last prints before a moment: the market gives the first after a start, so the start is searched for."""

from collections.abc import Sequence
from typing import Final

from terminal.clock import NS_PER_S
from terminal.simulation.exchange_port import Exchange, SimPrint

_FIRST_SPAN_NS: Final = 60 * NS_PER_S
_GROWTH: Final = 8
_PLENTY: Final = 1_000_000


def last_prints(exchange: Exchange, con_id: int, *, end_ns: int, count: int) -> Sequence[SimPrint]:
    """Return at most ``count`` prints before ``end_ns``, oldest first."""
    head_ns = exchange.head_ns(con_id)
    span_ns = _FIRST_SPAN_NS
    while True:
        start_ns = max(head_ns, end_ns - span_ns)
        found = exchange.prints(con_id, start_ns=start_ns, end_ns=end_ns, limit=_PLENTY)
        if len(found) >= count or start_ns <= head_ns:
            return found[-count:]
        span_ns *= _GROWTH
