# SPDX-License-Identifier: Apache-2.0
"""Market depth: one book at a time of those that IBKR gives, kept by our own book.

Depth messages are read here and not by the library, so that a row that does not fit is noticed. A book that
breaks is asked for again, not more often than every five seconds.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from brokers.ibkr import codes
from brokers.ibkr.book import PATIENCE, Book
from brokers.ibkr.connection import Connection, Request
from brokers.ibkr.contracts import ContractRegister, to_ib
from brokers.ibkr.link import Link
from brokers.ibkr.timing import BrokerClock
from terminal.clock import Timer
from terminal.model.ids import InstrumentId
from terminal.model.instrument import Instrument
from terminal.ports import EventSink

REPAIR_S: Final = 5.0
"""Shortest time between two askings for the same book."""


@dataclass(eq=False, slots=True, kw_only=True)
class _Subscription:
    instrument: Instrument
    rows: int
    book: Book
    req_id: int = 0
    dirty: bool = False
    refused: bool = False
    heard: bool = False
    repair: Timer | None = None

    @property
    def smart(self) -> bool:
        """SMART books are put together from several exchanges."""
        return self.instrument.exchange == "SMART"


class DepthFeed:
    """Books. Publishes Depth, at most one per book and packet."""

    def __init__(
        self, clock: BrokerClock, sink: EventSink, link: Link, register: ContractRegister, max_books: int = 1
    ) -> None:
        self._clock = clock
        self._sink = sink
        self._link = link
        self._register = register
        self._max_books = max_books
        self._connection: Connection | None = None
        self._wanted: dict[InstrumentId, _Subscription] = {}
        self._by_req: dict[int, _Subscription] = {}
        self._dirty: list[_Subscription] = []

    @property
    def count(self) -> int:
        return len(self._wanted)

    # ------------------------------------------------------------ session
    def begin(self, connection: Connection) -> None:
        self._connection = connection
        for subscription in self._wanted.values():
            self._open(subscription)

    def end(self, connection: Connection) -> None:
        for subscription in self._wanted.values():
            self._close(subscription)
        self._dirty.clear()
        if not connection.alive:
            self._connection = None

    # ------------------------------------------------------------ subscriptions
    def subscribe(self, instrument: Instrument, rows: int) -> None:
        """Show this book; the oldest goes where no more fit."""
        known = self._wanted.get(instrument.id)
        if known is not None and known.rows == rows:
            return
        if known is not None:
            self.unsubscribe(instrument.id)
        while len(self._wanted) >= self._max_books:
            self.unsubscribe(next(iter(self._wanted)))
        subscription = _Subscription(instrument=self._register.remember(instrument), rows=rows, book=Book(rows))
        self._wanted[instrument.id] = subscription
        self._open(subscription)

    def unsubscribe(self, instrument_id: InstrumentId) -> None:
        subscription = self._wanted.pop(instrument_id, None)
        if subscription is not None:
            self._close(subscription)

    def _open(self, subscription: _Subscription) -> None:
        connection = self._connection
        if connection is None or not connection.alive:
            return
        subscription.book.clear()
        subscription.refused = subscription.heard = False
        request = Request(
            channel="depth",
            instrument_id=subscription.instrument.id,
            on_error=lambda code, _: self._on_error(subscription, code),
        )
        subscription.req_id = connection.request_id(request)
        self._by_req[subscription.req_id] = subscription
        connection.client.reqMktDepth(
            subscription.req_id, to_ib(subscription.instrument), subscription.rows, subscription.smart, []
        )

    def _close(self, subscription: _Subscription) -> None:
        connection, req_id = self._connection, subscription.req_id
        subscription.req_id = 0
        if subscription.repair is not None:
            subscription.repair.cancel()
            subscription.repair = None
        self._by_req.pop(req_id, None)
        if not req_id or connection is None or not connection.alive:
            return
        connection.forget(req_id)
        if not subscription.refused:
            connection.client.cancelMktDepth(req_id, subscription.smart)

    # ------------------------------------------------------------ inbound
    def on_depth(self, fields: list[str]) -> None:
        """Take message 12. Raises ValueError, IndexError when it cannot be read."""
        subscription = self._by_req.get(int(fields[2]))
        if subscription is not None:
            self._row(subscription, fields[3], fields[4], fields[5], fields[6], fields[7], "")

    def on_depth_by_maker(self, fields: list[str]) -> None:
        """Take message 13. Raises ValueError, IndexError when it cannot be read."""
        subscription = self._by_req.get(int(fields[2]))
        if subscription is not None:
            self._row(subscription, fields[3], fields[5], fields[6], fields[7], fields[8], fields[4])

    def _row(
        self, subscription: _Subscription, position: str, operation: str, side: str, price: str, size: str, maker: str
    ) -> None:
        if subscription.repair is not None:
            return  # broken: what follows means nothing until it was asked for again
        try:
            subscription.book.apply(int(position), int(operation), int(side), float(price), float(size or 0), maker)
        except ValueError as fault:
            self._broken(subscription, str(fault))
            return
        subscription.heard = True
        if not subscription.dirty:
            subscription.dirty = True
            self._dirty.append(subscription)

    def on_packet(self) -> None:
        """Publish each book that this packet changed."""
        connection = self._connection
        if not self._dirty or connection is None:
            return
        dirty, self._dirty = self._dirty, []
        for subscription in dirty:
            subscription.dirty = False
            if not subscription.req_id or subscription.repair is not None:
                continue
            self._sink(subscription.book.snapshot(subscription.instrument.id, connection.packet_ns))
            if subscription.book.disordered >= PATIENCE:
                self._broken(subscription, "its rows stay out of price order")

    def _on_error(self, subscription: _Subscription, code: int) -> bool:
        kind = codes.lookup(code).kind
        if kind is codes.Kind.DEPTH_RESET:
            subscription.book.clear()
            subscription.heard = False
            self._mark(subscription)
            self._later(subscription, self._revive)
            return False
        if kind is codes.Kind.RESUBSCRIBE:
            self._broken(subscription, codes.lookup(code).meaning)
        elif kind is codes.Kind.FAILED:
            subscription.refused = True
        return True

    def _mark(self, subscription: _Subscription) -> None:
        if not subscription.dirty:
            subscription.dirty = True
            self._dirty.append(subscription)

    # ------------------------------------------------------------ repair
    def _broken(self, subscription: _Subscription, reason: str) -> None:
        if subscription.repair is not None:
            return
        subscription.book.clear()
        self._link.notice(
            codes.BOOK_BROKEN, f"The book does not add up: {reason}", instrument_id=subscription.instrument.id
        )
        subscription.repair = self._clock.call_later(REPAIR_S, lambda: self._reopen(subscription))

    def _reopen(self, subscription: _Subscription) -> None:
        subscription.repair = None
        if self._wanted.get(subscription.instrument.id) is subscription:
            self._close(subscription)
            self._open(subscription)

    def _later(self, subscription: _Subscription, act: Callable[[_Subscription], None]) -> None:
        self._clock.call_later(REPAIR_S, lambda: act(subscription))

    def _revive(self, subscription: _Subscription) -> None:
        """After a reset the rows come by themselves; where they do not, ask."""
        if subscription.req_id and not subscription.heard:
            self._reopen(subscription)

    def expect_words(self) -> None:
        for subscription in self._wanted.values():
            subscription.heard = False

    def revive_silent(self) -> None:
        """Ask again for a book that said nothing since `expect_words`."""
        for subscription in self._wanted.values():
            if subscription.req_id and not subscription.heard and not subscription.refused:
                self._reopen(subscription)
