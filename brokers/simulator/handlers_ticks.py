# SPDX-License-Identifier: Apache-2.0
"""Tick-by-tick data: every print and every change of the quote, nothing conflated.

Five streams per client, each type counts, as IBKR allows at one hundred lines.
"""

from collections import defaultdict
from dataclasses import dataclass
from typing import Final

from brokers.simulator.capabilities import need
from brokers.simulator.contracts import invalid
from brokers.simulator.hub import Handlers, Hub
from brokers.simulator.past_prints import last_prints
from brokers.simulator.permissions import no_permission
from brokers.simulator.protocol import requests, responses_data
from brokers.simulator.protocol.values import Values
from brokers.simulator.request import Request
from brokers.simulator.session import Session
from terminal.clock import NS_PER_S
from terminal.simulation.exchange_port import SimPrint, SimTop, SimulatorRefusalError

MAX_STREAMS: Final = 5
MAX_HISTORICAL_TICKS: Final = 1000
_TYPES: Final = {"Last": 1, "AllLast": 2, "BidAsk": 3, "MidPoint": 4}
_PRINTS: Final = (1, 2)


@dataclass(eq=False, slots=True)
class Stream:
    """One tick-by-tick subscription of one client."""

    session: Session
    req_id: int
    con_id: int
    type: int
    ignore_size: bool
    quote: tuple[float, ...] = ()

    @property
    def kind(self) -> str:
        """What the market must tell for it."""
        return "prints" if self.type in _PRINTS else "top"


class TickDesk:
    """Serves tick-by-tick data."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._streams: dict[tuple[Session, int], Stream] = {}
        self._by_contract: dict[int, list[Stream]] = defaultdict(list)

    def handlers(self) -> Handlers:
        return {requests.REQ_TICK_BY_TICK: self.subscribe, requests.CANCEL_TICK_BY_TICK: self.cancel}

    def subscribe(self, session: Session, request: Request) -> None:
        """Start a stream. Errors: 200 contract, 321 type, 322 duplicate, 10189 no such data, 10190 limit."""
        if (session, request.id) in self._streams:
            raise SimulatorRefusalError(322, "Error processing request.-'b' : cause - Duplicate ticker id")
        if sum(1 for owner, _ in self._streams if owner is session) >= MAX_STREAMS:
            raise SimulatorRefusalError(10190, "Max number of tick-by-tick requests has been reached.")
        kind = _TYPES.get(request.text("type"))
        if kind is None:
            raise invalid(f"Invalid tick type {request.text('type')!r}, must be one of {', '.join(_TYPES)}")
        instrument = self._hub.contracts.resolve(request)
        need(request.message.name, instrument, request.text("type"))
        self._hub.permissions.need(
            instrument, 10189, f"Failed to request tick-by-tick data:{no_permission(instrument)}"
        )
        if request.integer("count") and kind not in _PRINTS:
            raise SimulatorRefusalError(
                10189, "Failed to request tick-by-tick data:no historical quotes, ask with 0 ticks."
            )
        stream = Stream(session, request.id, instrument.broker_id or 0, kind, request.flag("ignore_size"))
        top = self._hub.exchange.top(stream.con_id)
        self._streams[session, request.id] = stream
        self._by_contract[stream.con_id].append(stream)
        self._hub.watch(stream.con_id, stream.kind)
        if stream.type in _PRINTS:
            self._send_past(stream, min(request.integer("count"), MAX_HISTORICAL_TICKS))
        else:
            self._quote(stream, top)

    def _send_past(self, stream: Stream, count: int) -> None:
        """The last prints before the stream starts, as one historical message."""
        if count <= 0:
            return
        now_ns = self._hub.now_ns()
        past = last_prints(self._hub.exchange, stream.con_id, end_ns=now_ns, count=count)
        ticks: list[Values] = [
            {
                "epoch": one.ns // NS_PER_S,
                "mask": _mask(one),
                "price": one.price,
                "size": one.size,
                "exchange": one.exchange,
                "conditions": one.conditions,
            }
            for one in past
        ]
        stream.session.send(responses_data.HISTORICAL_TICKS_LAST, req_id=stream.req_id, ticks=ticks, done=True)

    def cancel(self, session: Session, request: Request) -> None:
        """Stop a stream; 300 when there is none."""
        stream = self._streams.get((session, request.id))
        if stream is None:
            raise SimulatorRefusalError(300, f"Can't find EId with tickerId:{request.id}")
        self._drop(stream)

    def forget(self, session: Session) -> None:
        for stream in [one for one in self._streams.values() if one.session is session]:
            self._drop(stream)

    def _drop(self, stream: Stream) -> None:
        del self._streams[stream.session, stream.req_id]
        streams = self._by_contract[stream.con_id]
        streams.remove(stream)
        if not streams:
            del self._by_contract[stream.con_id]
        self._hub.unwatch(stream.con_id, stream.kind)

    def on_turn(self, now_ns: int) -> None:
        """Nothing waits here: every tick was sent when it happened."""

    # ------------------------------------------------------------------ market
    def on_print(self, trade: SimPrint) -> None:
        for stream in self._by_contract.get(trade.con_id, ()):
            if stream.type == 2 or (stream.type == 1 and not trade.unreported):
                stream.session.send(
                    responses_data.TICK_BY_TICK,
                    req_id=stream.req_id,
                    type=stream.type,
                    epoch=trade.ns // NS_PER_S,
                    price=trade.price,
                    size=_plain(trade.size),
                    mask=_mask(trade),
                    exchange=trade.exchange,
                    conditions=trade.conditions,
                )

    def on_top(self, top: SimTop) -> None:
        for stream in self._by_contract.get(top.con_id, ()):
            if stream.type not in _PRINTS:
                self._quote(stream, top)

    def _quote(self, stream: Stream, top: SimTop) -> None:
        if top.bid is None or top.ask is None:
            return
        sizes = () if stream.ignore_size else (top.bid_size, top.ask_size)
        quote = ((top.bid + top.ask) / 2,) if stream.type == 4 else (top.bid, top.ask, *sizes)
        if quote == stream.quote:
            return
        stream.quote = quote
        stream.session.send(
            responses_data.TICK_BY_TICK,
            req_id=stream.req_id,
            type=stream.type,
            epoch=self._hub.now_ns() // NS_PER_S,
            bid=top.bid,
            ask=top.ask,
            bid_size=_plain(top.bid_size),
            ask_size=_plain(top.ask_size),
            mask=0,
            midpoint=(top.bid + top.ask) / 2,
        )


def _mask(trade: SimPrint) -> int:
    return int(trade.past_limit) | int(trade.unreported) << 1


def _plain(amount: float) -> float | int:
    return int(amount) if amount == int(amount) else amount
