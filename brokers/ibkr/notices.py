# SPDX-License-Identifier: Apache-2.0
"""Errors and notices (message 4): each goes to whom its id names, by the one code table.

An id below the request base is an order's: the core judges it, here it changes nothing. A request's goes to
its owner and to the panel of its channel. Ids of -1 are about the session: the link and the data farms.
"""

from collections.abc import Callable
from typing import Final

from brokers.ibkr import codes
from brokers.ibkr.codes import Kind
from brokers.ibkr.connection import REQUEST_BASE, Cause, Connection
from brokers.ibkr.link import Link
from brokers.ibkr.timing import BrokerClock
from brokers.ibkr.wire_orders import WireError
from terminal.clock import Timer
from terminal.model.enums import LinkState
from terminal.model.events import VenueOrderError
from terminal.ports import EventSink

_NO_ID: Final = 2147483647
"""TWS's id for requests without one, beside -1."""
VERIFY_S: Final = 10.0
"""Streams that stay silent this long after a farm or the link came back are asked for again."""


class Notices:
    """Reads errors for the connection that is open now.

    ``resynchronize(cause, data_lost)`` is called when TWS has IBKR back, ``expect_words`` when a farm is back and
    ``verify`` some seconds after either.
    """

    def __init__(
        self,
        clock: BrokerClock,
        sink: EventSink,
        link: Link,
        connection: Callable[[], Connection | None],
    ) -> None:
        self._clock = clock
        self._sink = sink
        self._link = link
        self._connection = connection
        self._broken_farms: set[str] = set()
        self._timer: Timer | None = None
        self.resynchronize: Callable[[Cause, bool], None] = lambda _cause, _lost: None
        self.verify: Callable[[], None] = lambda: None
        self.expect_words: Callable[[], None] = lambda: None
        self.on_read_only: Callable[[int, str], None] = lambda _code, _text: None
        self.on_order_error: Callable[[int, int, str], bool] = lambda _id, _code, _text: False
        """Gets id, code and text first; True means it was a preview's and is no order's."""

    def begin(self, connection: Connection) -> None:
        del connection
        self._broken_farms.clear()

    def end(self, connection: Connection) -> None:
        del connection
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def on_error(self, error: WireError) -> None:
        if codes.is_read_only(error.code, error.text):
            self._link.latch_read_only(error.text)
            self.on_read_only(error.code, error.text)
        if error.req_id == _NO_ID:
            self._on_session(error)
        elif error.req_id >= REQUEST_BASE:
            self._on_request(error)
        elif error.req_id > 0:
            self._on_order(error)
        else:
            self._on_session(error)

    # ------------------------------------------------------------ orders
    def _on_order(self, error: WireError) -> None:
        if self.on_order_error(error.req_id, error.code, error.text):
            return
        self._sink(
            VenueOrderError(ns=self._clock.now_ns(), broker_order_id=error.req_id, code=error.code, text=error.text)
        )

    # ------------------------------------------------------------ requests
    def _on_request(self, error: WireError) -> None:
        connection = self._connection()
        request = connection.requests.get(error.req_id) if connection else None
        if request is None:
            return  # a library request (its awaiter gets the error) or a stream that we already ended
        shown = request.on_error(error.code, error.text) if request.on_error else True
        if shown and codes.lookup(error.code).kind is not Kind.QUIET:
            self._link.notice(error.code, error.text, instrument_id=request.instrument_id, channel=request.channel)

    # ------------------------------------------------------------ session
    def _on_session(self, error: WireError) -> None:
        row = codes.lookup(error.code)
        match row.kind:
            case Kind.LINK_DOWN:
                self._link.broken = Cause.of(error.code, error.text)  # it may be told before the session has begun
                if self._link.alive:
                    self._link.say(LinkState.DEGRADED, self._link.broken)
            case Kind.LINK_RESTORED | Kind.LINK_DATA_LOST:
                self._link.broken = None
                self.resynchronize(Cause.of(error.code, error.text), row.kind is Kind.LINK_DATA_LOST)
                self._verify_later()
            case Kind.FARM_DOWN:
                self._broken_farms.add(_farm(error.text))
            case Kind.FARM_OK:
                if _farm(error.text) in self._broken_farms:
                    self._broken_farms.discard(_farm(error.text))
                    self.expect_words()
                    self._verify_later()
        self._link.notice(error.code, error.text, channel="session")

    def _verify_later(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._clock.call_later(VERIFY_S, self._verify_now)

    def _verify_now(self) -> None:
        self._timer = None
        self.verify()


def _farm(text: str) -> str:
    """Return the farm's name in ``Market data farm connection is OK:usfarm``."""
    return text.rpartition(":")[2].strip()
