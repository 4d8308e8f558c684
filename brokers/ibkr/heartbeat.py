# SPDX-License-Identifier: Apache-2.0
"""Heartbeat: asks the server's time every second; an unanswered question ends the connection.

The only way to notice a half-open socket or a wedged server. It also feeds the one clock: the first answer
of a session sets it, later ones measure its drift.
"""

import asyncio
from collections.abc import Sequence
from typing import Final

from brokers.ibkr import codes
from brokers.ibkr.connection import Cause, Connection
from brokers.ibkr.link import Link
from brokers.ibkr.timing import BrokerClock
from terminal.clock import NS_PER_S, Timer
from terminal.model.events import SourceSpoke
from terminal.ports import EventSink

PERIOD_S: Final = 1.0
"""A quote counts as stale 2 s after the source last spoke: a quiet market must speak more often than that."""
TIMEOUT_S: Final = 3.0
GRACE_S: Final = 1.0
LONGEST_S: Final = 7.0
"""However busy the stream is, an answer must come by then: a dead one is noticed within 9 s."""
DRIFT_S: Final = 2.0


class Heartbeat:
    """Runs while a connection lives. `begin`, then `close`."""

    def __init__(self, clock: BrokerClock, sink: EventSink, link: Link) -> None:
        self._clock = clock
        self._sink = sink
        self._link = link
        self._connection: Connection | None = None
        self._timer: Timer | None = None
        self._asked_ns: int | None = None
        self._checked_ns = 0
        self._synchronized = False
        self._warned = False
        self._learned = False
        self._first: asyncio.Future[None] | None = None

    async def synchronized(self) -> None:
        """Wait for the first answer of this session."""
        if self._first is not None:
            await asyncio.shield(self._first)

    def begin(self, connection: Connection) -> None:
        self._connection = connection
        self._asked_ns = None
        self._synchronized = False
        self._warned = False
        self._first = asyncio.get_running_loop().create_future()
        self._ask()

    def close(self) -> None:
        self._connection = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _ask(self) -> None:
        connection = self._connection
        if connection is None or not connection.alive:
            return
        self._asked_ns = self._checked_ns = self._clock.monotonic_ns()
        connection.client.reqCurrentTime()
        self._timer = self._clock.call_later(TIMEOUT_S, self._late)

    def _late(self) -> None:
        """No answer yet. While other messages arrive the server is only slow; else it is gone."""
        connection, asked = self._connection, self._asked_ns
        if connection is None or asked is None:
            return
        now = self._clock.monotonic_ns()
        waited = (now - asked) / NS_PER_S
        first = self._checked_ns == asked
        speaking = connection.heard_ns >= self._checked_ns
        if waited < LONGEST_S and (first or speaking):
            self._checked_ns = now
            self._timer = self._clock.call_later(GRACE_S, self._late)
            return
        connection.drop(Cause.of(codes.HEARTBEAT_LOST, f"The server did not answer for {waited:.0f} s"))

    def on_time(self, fields: Sequence[str]) -> None:
        """Take message 49. Raises ValueError, IndexError when it cannot be read."""
        epoch_s = int(fields[2])
        connection, asked = self._connection, self._asked_ns
        if connection is None or asked is None:
            return
        self._asked_ns = None
        trip_ns = self._clock.monotonic_ns() - asked
        self._learn(epoch_s * NS_PER_S + NS_PER_S // 2 + min(trip_ns, NS_PER_S) // 2)
        self._sink(SourceSpoke(ns=self._clock.now_ns(), round_trip_s=trip_ns / NS_PER_S))
        if self._first is not None and not self._first.done():
            self._first.set_result(None)
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._clock.call_later(max(0.1, PERIOD_S - trip_ns / NS_PER_S), self._ask)

    def _learn(self, broker_ns: int) -> None:
        """The answer is in whole seconds: half a second is the error we live with.

        A new session that agrees with the last one leaves the clock alone, so that no time runs backwards.
        """
        if not self._synchronized:
            self._synchronized = True
            if not self._learned or abs(broker_ns - self._clock.now_ns()) > DRIFT_S * NS_PER_S:
                self._clock.forget_broker()
            self._learned = True
            self._clock.adjust(broker_ns)
            return
        drift = self._clock.adjust(broker_ns)
        if abs(drift) > DRIFT_S and not self._warned:
            self._warned = True
            self._link.notice(codes.CLOCK_DRIFT, f"The broker's clock moved {drift:+.1f} s against this machine's")
