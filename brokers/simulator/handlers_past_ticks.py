# SPDX-License-Identifier: Apache-2.0
"""Ticks of the past and where the past begins: historical prints and quotes, head timestamp.

Everything is answered at once; only which heads were answered is remembered, because clients cancel them all the same.
"""

from datetime import UTC, datetime
from typing import Final

from brokers.simulator.bar_requests import parse_time
from brokers.simulator.capabilities import need, variants
from brokers.simulator.contracts import invalid
from brokers.simulator.hub import Handlers, Hub
from brokers.simulator.past_prints import last_prints
from brokers.simulator.past_quotes import first_quotes, last_quotes
from brokers.simulator.permissions import no_permission
from brokers.simulator.protocol import requests, responses_data
from brokers.simulator.protocol.values import Values
from brokers.simulator.request import Request
from brokers.simulator.schedules import is_regular
from brokers.simulator.session import Session
from brokers.simulator.what_to_show import check_kind
from terminal.clock import NS_PER_S
from terminal.model.instrument import Instrument
from terminal.simulation.exchange_port import SimulatorRefusalError

MAX_TICKS: Final = 1000


class PastTicksDesk:
    """Serves historical ticks and head timestamps."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._heads: set[tuple[Session, int]] = set()
        """Head timestamps that were answered and not cancelled yet."""

    def handlers(self) -> Handlers:
        return {
            requests.REQ_HEAD_TIMESTAMP: self.head_timestamp,
            requests.CANCEL_HEAD_TIMESTAMP: self.cancel_head_timestamp,
            requests.REQ_HISTORICAL_TICKS: self.historical_ticks,
        }

    def forget(self, session: Session) -> None:
        self._heads = {key for key in self._heads if key[0] is not session}

    def on_turn(self, now_ns: int) -> None:
        """Nothing waits here."""

    def head_timestamp(self, session: Session, request: Request) -> None:
        """Moment of the earliest data of a contract. Errors: 162 no such data, 200, 431 kind."""
        check_kind(request.text("what_to_show"), variants(request.message.name))
        instrument = self._hub.contracts.resolve(request)
        need(request.message.name, instrument, request.text("what_to_show"))
        head_ns = self._hub.exchange.head_ns(instrument.broker_id or 0)
        epoch = str(head_ns // NS_PER_S)
        text = epoch if request.integer("format_date", 1) == 2 else _schedule_time_utc(head_ns)
        self._heads.add((session, request.id))
        session.send(responses_data.HEAD_TIMESTAMP, req_id=request.id, time=text)

    def cancel_head_timestamp(self, session: Session, request: Request) -> None:
        """Accept the late cancel of an answered request (clients send it always); 300 for any other."""
        if (session, request.id) not in self._heads:
            raise SimulatorRefusalError(300, f"Can't find EId with tickerId:{request.id}")
        self._heads.discard((session, request.id))

    def historical_ticks(self, session: Session, request: Request) -> None:
        """Prints or quotes of a span: the first after a start or the last before an end."""
        check_kind(request.text("what_to_show"), variants(request.message.name))
        instrument = self._hub.contracts.resolve(request)
        need(request.message.name, instrument, request.text("what_to_show"))
        self._hub.permissions.need(instrument, 10187, f"Failed to request historical ticks:{no_permission(instrument)}")
        count, what = request.integer("count"), request.text("what_to_show")
        if not 1 <= count <= MAX_TICKS:
            raise invalid(f"Number of ticks must be 1 to {MAX_TICKS}, was {count}")
        if bool(request.text("start")) == bool(request.text("end")):
            raise invalid("Either start or end time must be given, not both")
        if what == "TRADES":
            self._send_prints(session, request, instrument)
        else:
            self._send_quotes(session, request, instrument)

    def _span(self, request: Request, instrument: Instrument) -> tuple[int | None, int]:
        """Start (None when the end is what counts) and end of what is looked through."""
        now_ns = self._hub.now_ns()
        if request.text("start"):
            return parse_time(request.text("start"), instrument, now_ns), now_ns
        return None, min(parse_time(request.text("end"), instrument, now_ns), now_ns)

    def _send_prints(self, session: Session, request: Request, instrument: Instrument) -> None:
        (start_ns, end_ns), count = self._span(request, instrument), request.integer("count")
        con_id = instrument.broker_id or 0
        if start_ns is None:
            found = last_prints(self._hub.exchange, con_id, end_ns=end_ns, count=count)
        else:
            found = self._hub.exchange.prints(con_id, start_ns=start_ns, end_ns=end_ns, limit=count)
        if request.flag("use_rth"):
            found = [one for one in found if is_regular(instrument, one.ns)]
        ticks: list[Values] = [
            {
                "epoch": one.ns // NS_PER_S,
                "mask": int(one.past_limit) | int(one.unreported) << 1,
                "price": one.price,
                "size": 0 if request.flag("ignore_size") else one.size,
                "exchange": one.exchange,
                "conditions": one.conditions,
            }
            for one in found
        ]
        session.send(responses_data.HISTORICAL_TICKS_LAST, req_id=request.id, ticks=ticks, done=True)

    def _send_quotes(self, session: Session, request: Request, instrument: Instrument) -> None:
        (start_ns, end_ns), count = self._span(request, instrument), request.integer("count")
        con_id, exchange = instrument.broker_id or 0, self._hub.exchange
        middle = request.text("what_to_show") == "MIDPOINT"
        if start_ns is None:
            found = last_quotes(exchange, con_id, end_ns=end_ns, count=count, middle=middle)
        else:
            found = first_quotes(exchange, con_id, start_ns=start_ns, end_ns=end_ns, count=count, middle=middle)
        if request.flag("use_rth"):
            found = [one for one in found if is_regular(instrument, one.epoch * NS_PER_S)]
        if middle:
            middles: list[Values] = [{"epoch": one.epoch, "price": (one.bid + one.ask) / 2, "size": 0} for one in found]
            session.send(responses_data.HISTORICAL_TICKS, req_id=request.id, ticks=middles, done=True)
            return
        bare = request.flag("ignore_size")
        ticks: list[Values] = [
            {
                "epoch": one.epoch,
                "bid": one.bid,
                "ask": one.ask,
                "bid_size": 0 if bare else one.bid_size,
                "ask_size": 0 if bare else one.ask_size,
            }
            for one in found
        ]
        session.send(responses_data.HISTORICAL_TICKS_BID_ASK, req_id=request.id, ticks=ticks, done=True)


def _schedule_time_utc(ns: int) -> str:
    return f"{datetime.fromtimestamp(ns // NS_PER_S, UTC):%Y%m%d-%H:%M:%S}"
