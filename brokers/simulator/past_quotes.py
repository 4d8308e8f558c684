# SPDX-License-Identifier: Apache-2.0
"""Quotes of a past span: how the market's top stood at the end of each second in which it changed.

The stamps of historical ticks are whole seconds, so a second is the finest that a client can tell apart. The quotes
are the market's own, without orders of clients, as history has no client.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from terminal.clock import NS_PER_S
from terminal.simulation.exchange_port import Exchange, SimTop

_LONGEST_S: Final = 6 * 3600
"""Seconds of market time that one request looks through before it gives what it has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PastQuote:
    """The best bid and offer from a second on."""

    epoch: int
    bid: float
    ask: float
    bid_size: float
    ask_size: float


def first_quotes(
    exchange: Exchange, con_id: int, *, start_ns: int, end_ns: int, count: int, middle: bool = False
) -> Sequence[PastQuote]:
    """Return the first ``count`` changes (of the middle alone, if asked) from a moment on, oldest first."""
    found: list[PastQuote] = []
    end_ns = min(end_ns, start_ns + _LONGEST_S * NS_PER_S)
    for quote in _changes(exchange, con_id, start_ns, end_ns, middle=middle):
        found.append(quote)
        if len(found) >= count:
            break
    return found


def last_quotes(
    exchange: Exchange, con_id: int, *, end_ns: int, count: int, middle: bool = False
) -> Sequence[PastQuote]:
    """Return the last ``count`` changes (of the middle alone, if asked) before a moment, oldest first."""
    head_ns = exchange.head_ns(con_id)
    span_s = count
    while True:
        start_ns = max(head_ns, end_ns - span_s * NS_PER_S)
        found = list(_changes(exchange, con_id, start_ns, end_ns, middle=middle))
        if len(found) >= count or span_s >= _LONGEST_S or start_ns <= head_ns:
            return found[-count:]
        span_s = min(span_s * 4, _LONGEST_S)


def _changes(exchange: Exchange, con_id: int, start_ns: int, end_ns: int, *, middle: bool) -> Iterator[PastQuote]:
    before: tuple[float, ...] | None = None
    first = -(-start_ns // NS_PER_S)
    for epoch in range(first, end_ns // NS_PER_S):
        quote = _quote(epoch, exchange.top_at(con_id, epoch * NS_PER_S))
        if quote is None:
            before = None
            continue
        now = (quote.bid + quote.ask,) if middle else (quote.bid, quote.ask, quote.bid_size, quote.ask_size)
        if now != before:
            before = now
            yield quote


def _quote(epoch: int, top: SimTop) -> PastQuote | None:
    if top.bid is None or top.ask is None:
        return None
    return PastQuote(epoch=epoch, bid=top.bid, ask=top.ask, bid_size=top.bid_size, ask_size=top.ask_size)
