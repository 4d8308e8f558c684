# SPDX-License-Identifier: Apache-2.0
"""Who reads which message, and what happens when one cannot be read.

An unreadable order message starts a reconciliation; any other is left out, counted and told about once a
minute. A fault of the core behind the sink is not caught here: it is not the message's.
"""

from collections.abc import Callable, Mapping
from typing import Final, TypeVar

import structlog

from brokers.ibkr import codes, wire_orders
from brokers.ibkr.account import AccountFeed
from brokers.ibkr.bars import History
from brokers.ibkr.connection import Handler
from brokers.ibkr.depth import DepthFeed
from brokers.ibkr.heartbeat import Heartbeat
from brokers.ibkr.link import Link
from brokers.ibkr.market import MarketData
from brokers.ibkr.notices import Notices
from brokers.ibkr.reference import Reference
from brokers.ibkr.venue import OrderVenue
from terminal.clock import NS_PER_S, Clock
from terminal.errors import DataError
from terminal.ports import EventSink

T = TypeVar("T")
_log = structlog.get_logger("broker.ibkr")
UNREADABLE_FAULTS: Final = (ValueError, IndexError, KeyError, ArithmeticError, DataError)
"""What reading a malformed message can raise."""
_TELL_NS: Final = 60 * NS_PER_S


def _not_needed(_fields: list[str]) -> None:
    """A message that tells nothing we do not have, and that the library should not log."""


class Routes:
    """Builds the table of readers."""

    def __init__(self, clock: Clock, sink: EventSink, link: Link) -> None:
        self._clock = clock
        self._sink = sink
        self._link = link
        self._counts: dict[str, int] = {}
        self._told_ns: int | None = None

    def table(
        self,
        venue: OrderVenue,
        account: AccountFeed,
        market: MarketData,
        depth: DepthFeed,
        history: History,
        reference: Reference,
        heartbeat: Heartbeat,
        notices: Notices,
    ) -> Mapping[str, Handler]:
        """Return message id -> reader."""
        order, plain, failed = self._order, self._plain, venue.decode_failed
        return {
            "3": order(failed, venue.read_status, self._sink),
            "4": order(failed, wire_orders.error, notices.on_error),
            "5": order(failed, venue.read_open, venue.on_open),
            "11": order(failed, venue.read_execution, venue.on_execution),
            "59": order(failed, venue.read_commission, venue.on_commission),
            "101": order(failed, venue.read_completed, venue.on_completed),
            "53": plain(venue.on_end),
            "55": plain(venue.on_end),
            "102": plain(venue.on_end),
            "100": _not_needed,  # orderBound: only for client 0
            "6": plain(account.on_value),
            "7": _not_needed,  # portfolio: positions and P&L say it sooner
            "8": _not_needed,
            "54": plain(account.on_values_end),
            "61": plain(account.on_position, account.on_unreadable_position),
            "62": plain(account.on_positions_end),
            "63": plain(account.on_value),
            "64": _not_needed,
            "94": plain(account.on_pnl),
            "95": plain(account.on_pnl),
            "12": plain(depth.on_depth),
            "13": plain(depth.on_depth_by_maker),
            "17": plain(history.on_bars),
            "90": plain(history.on_bar_update),
            "49": plain(heartbeat.on_time),
            "50": plain(history.on_real_time_bar),
            "58": plain(market.on_data_type),
            "93": plain(reference.on_market_rule),
            "99": plain(market.on_tick_by_tick),
        }

    @staticmethod
    def _order(
        failed: Callable[[str, str], None], read: Callable[[list[str]], T], take: Callable[[T], None]
    ) -> Handler:
        """Read strictly, then hand over."""

        def route(fields: list[str]) -> None:
            try:
                message = read(fields)
            except UNREADABLE_FAULTS as fault:
                failed(fields[0], str(fault))
                return
            take(message)

        return route

    def _plain(self, take: Callable[[list[str]], None], on_fault: Callable[[], None] | None = None) -> Handler:
        def route(fields: list[str]) -> None:
            try:
                take(fields)
            except UNREADABLE_FAULTS as fault:
                self._left_out(fields[0], fault)
                if on_fault is not None:
                    on_fault()

        return route

    def _left_out(self, kind: str, fault: Exception) -> None:
        self._counts[kind] = self._counts.get(kind, 0) + 1
        now = self._clock.monotonic_ns()
        if self._told_ns is not None and now - self._told_ns < _TELL_NS:
            return
        self._told_ns = now
        _log.info("message left out", message_id=kind, fault=type(fault).__name__, counts=dict(self._counts))
        self._link.notice(codes.UNREADABLE, f"Message {kind} could not be read ({type(fault).__name__})")
