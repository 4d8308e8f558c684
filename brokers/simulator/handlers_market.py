# SPDX-License-Identifier: Apache-2.0
"""Level 1: reqMktData lines, snapshots, option computations, market data type.

A line sends what changed since it last sent, once per step of the market, as
IBKR's own aggregation does. Prints are for tick-by-tick; they are not lost
here either, because volume and day figures are cumulative.
"""

from collections import defaultdict
from typing import Final

from brokers.simulator.contracts import invalid
from brokers.simulator.hub import Handlers, Hub
from brokers.simulator.market_generics import GENERIC, wanted_generics
from brokers.simulator.market_lines import (
    DELAYED,
    DELAYED_FROZEN,
    DIVIDENDS,
    FROZEN,
    LIVE,
    MARK,
    NOTHING,
    RT_TRADE_VOLUME,
    RT_VOLUME,
    Line,
)
from brokers.simulator.permissions import DELAY_NS, NOT_SUBSCRIBED, SHOWN_DELAYED
from brokers.simulator.protocol import requests, responses_data
from brokers.simulator.request import Request
from brokers.simulator.session import Session
from brokers.simulator.venues import BBO_MAP, letter
from terminal.clock import NS_PER_S
from terminal.model.enums import AssetClass, OptionRight
from terminal.model.instrument import Instrument
from terminal.simulation.exchange_port import SimPrint, SimTop, SimulatorRefusalError

MAX_LINES: Final = 100
SNAPSHOT_NS: Final = 11 * NS_PER_S
_GREEKS_BUDGET_NS: Final = 8_000_000
_STATISTICS_NS: Final = 5 * NS_PER_S
_DELAYED_NS: Final = NS_PER_S
"""How often delayed lines look at the market of a quarter of an hour ago."""
NO_BUNDLE: Final = (
    "Requested market data requires additional subscription for API: the account has no snapshot bundle, regulatory "
    "snapshots are not available."
)
_SOURCES: Final = ((10, "bid"), (11, "ask"), (12, "last"), (13, "model"))


class MarketDesk:
    """Serves level 1."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._lines: dict[tuple[Session, int], Line] = {}
        self._by_contract: dict[int, list[Line]] = defaultdict(list)
        self._tops: dict[int, SimTop] = {}
        self._greeks: dict[int, None] = {}
        """Options whose computations changed, longest waiting first."""
        self._types: dict[Session, int] = {}
        self._open = True
        self._statistics_due = 0
        self._delayed_due = 0

    def handlers(self) -> Handlers:
        return {
            requests.REQ_MKT_DATA: self.subscribe,
            requests.CANCEL_MKT_DATA: self.cancel,
            requests.REQ_MARKET_DATA_TYPE: self.market_data_type,
        }

    # ------------------------------------------------------------------ requests
    def subscribe(self, session: Session, request: Request) -> None:
        """Start a line or a snapshot.

        Errors: 101 lines, 200 contract, 321 request, 322 duplicate id, 354 not subscribed. Where the account has
        no permission and the client takes delayed data, warning 10167 comes first and the line is delayed.
        """
        if (session, request.id) in self._lines:
            raise SimulatorRefusalError(322, "Error processing request.-'b' : cause - Duplicate ticker id")
        if sum(1 for owner, _ in self._lines if owner is session) >= MAX_LINES:
            raise SimulatorRefusalError(101, "Max number of tickers has been reached")
        if request.flag("regulatory_snapshot"):
            raise SimulatorRefusalError(10089, NO_BUNDLE)
        generics = wanted_generics(request)
        instrument = self._hub.contracts.resolve(request)
        con_id = instrument.broker_id or 0
        data_type = self._effective_type(session, instrument)
        line = Line(session, request.id, instrument, con_id, generics, data_type)
        top = self._top_of(line)
        if line.delayed:
            session.error(request.id, 10167, SHOWN_DELAYED)
        if request.flag("snapshot"):
            line.snapshot_until_ns = self._hub.now_ns() + SNAPSHOT_NS
        self._lines[session, request.id] = line
        self._by_contract[con_id].append(line)
        for kind in line.kinds():
            self._hub.watch(con_id, kind)
        self._start(line, top)

    def _start(self, line: Line, top: SimTop) -> None:
        session = line.session
        session.send(responses_data.MARKET_DATA_TYPE, req_id=line.req_id, type=line.data_type)
        smart = line.instrument.asset_class in (AssetClass.STOCK, AssetClass.OPTION)
        session.send(
            responses_data.TICK_REQ_PARAMS,
            req_id=line.req_id,
            min_tick=float(line.instrument.min_tick),
            bbo_exchange=BBO_MAP if smart else "",
            snapshot_permissions=3,
        )
        self._send_top(line, top)
        if not line.delayed:
            self._send_greeks(line)
            self._send_statistics(line)
        if line.snapshot_until_ns is not None and None not in (top.bid, top.ask, top.last):
            self._end_snapshot(line)

    def cancel(self, session: Session, request: Request) -> None:
        """Stop a line; 300 when there is none."""
        line = self._lines.get((session, request.id))
        if line is None:
            raise SimulatorRefusalError(300, f"Can't find EId with tickerId:{request.id}")
        self._drop(line)

    def market_data_type(self, session: Session, request: Request) -> None:
        """Remember which kind of data a client wants; it is confirmed with each new line."""
        wanted = request.integer("type")
        if not LIVE <= wanted <= DELAYED_FROZEN:
            raise invalid(f"Invalid market data type {wanted}, must be 1, 2, 3 or 4")
        self._types[session] = wanted

    def _effective_type(self, session: Session, instrument: Instrument) -> int:
        """Which kind a new line gets; frozen only when closed, delayed only where live is not permitted."""
        wanted = self._types.get(session, LIVE)
        frozen = wanted in (FROZEN, DELAYED_FROZEN) and not self._open
        if self._hub.permissions.allow(instrument):
            return FROZEN if frozen else LIVE
        if wanted not in (DELAYED, DELAYED_FROZEN):
            raise SimulatorRefusalError(354, NOT_SUBSCRIBED)
        return DELAYED_FROZEN if frozen else DELAYED

    def _top_of(self, line: Line) -> SimTop:
        if not line.delayed:
            return self._hub.exchange.top(line.con_id)
        past_ns = (self._hub.now_ns() - DELAY_NS) // NS_PER_S * NS_PER_S  # told by the second, as it is updated
        return self._hub.exchange.top_at(line.con_id, past_ns)

    def forget(self, session: Session) -> None:
        for line in [line for line in self._lines.values() if line.session is session]:
            self._drop(line)
        self._types.pop(session, None)

    def _drop(self, line: Line) -> None:
        del self._lines[line.session, line.req_id]
        lines = self._by_contract[line.con_id]
        lines.remove(line)
        if not lines:
            del self._by_contract[line.con_id]
        for kind in line.kinds():
            self._hub.unwatch(line.con_id, kind)

    # ------------------------------------------------------------------ market
    def on_top(self, top: SimTop) -> None:
        if top.con_id in self._by_contract:
            self._tops[top.con_id] = top

    def on_greeks(self, con_id: int) -> None:
        if con_id in self._by_contract:
            self._greeks[con_id] = None

    def on_session(self, event: str) -> None:
        if event in ("open", "close"):
            self._open = event == "open"

    def on_print(self, trade: SimPrint) -> None:
        """RTVolume strings, one per print."""
        live = [line for line in self._by_contract.get(trade.con_id, ()) if not line.delayed]
        for line in live:
            if line.shows_exchanges and not trade.unreported:
                self._exchange(line, 84, letter(trade.exchange))
            for generic, tick_type in ((RT_VOLUME, 48), (RT_TRADE_VOLUME, 77)):
                if generic in line.generics and not (generic == RT_TRADE_VOLUME and trade.unreported):
                    line.session.send(
                        responses_data.TICK_STRING,
                        req_id=line.req_id,
                        tick_type=tick_type,
                        value=self._rt_volume(trade),
                    )

    def _rt_volume(self, trade: SimPrint) -> str:
        total = self._hub.exchange.top(trade.con_id).volume
        vwap = self._hub.exchange.statistics(trade.con_id).get("vwap")
        average = "" if vwap is None else f"{vwap:.8f}"
        return f"{trade.price};{trade.size};{trade.ns // 1_000_000};{total};{average};true"

    def on_turn(self, now_ns: int) -> None:
        """Send what changed; end snapshots that are due."""
        for con_id, top in self._tops.items():
            for line in tuple(self._by_contract.get(con_id, ())):
                if not line.delayed:
                    self._send_top(line, top)
        self._tops.clear()
        if now_ns >= self._delayed_due:
            self._delayed_due = now_ns + _DELAYED_NS
            for line in self._lines.values():
                if line.delayed:
                    self._send_top(line, self._top_of(line))
        self._send_changed_greeks()
        if now_ns >= self._statistics_due:
            self._statistics_due = now_ns + _STATISTICS_NS
            for line in self._lines.values():
                if not line.delayed:
                    self._send_statistics(line)
        due = [
            line
            for line in self._lines.values()
            if line.snapshot_until_ns is not None and now_ns >= line.snapshot_until_ns
        ]
        for line in due:
            self._end_snapshot(line)

    def _send_changed_greeks(self) -> None:
        """Computations are costly: a large chain is told over several turns, so that no client waits for it."""
        began_ns = self._hub.clock.monotonic_ns()
        while self._greeks and self._hub.clock.monotonic_ns() - began_ns < _GREEKS_BUDGET_NS:
            con_id = next(iter(self._greeks))
            del self._greeks[con_id]
            for line in tuple(self._by_contract.get(con_id, ())):
                if not line.delayed:
                    self._send_greeks(line)

    def _end_snapshot(self, line: Line) -> None:
        line.session.send(responses_data.TICK_SNAPSHOT_END, req_id=line.req_id)
        self._drop(line)

    # ------------------------------------------------------------------ ticks
    def _send_top(self, line: Line, top: SimTop) -> None:
        ticks = line.ticks
        self._send_side(line, ticks.bid, ticks.bid_size, top.bid, top.bid_size)
        self._send_side(line, ticks.ask, ticks.ask_size, top.ask, top.ask_size)
        self._send_last(line, top)
        day = ((ticks.open, top.open), (ticks.high, top.high), (ticks.low, top.low), (ticks.close, top.previous_close))
        for tick_type, price in day:
            if price is not None and line.changed(tick_type, price):
                self._price(line, tick_type, price, 0)
        if line.changed("volume", top.volume) and top.volume:
            self._size(line, ticks.volume, top.volume)
        if line.changed("halted", top.halted):
            value = float(top.halted)
            line.session.send(responses_data.TICK_GENERIC, req_id=line.req_id, tick_type=ticks.halted, value=value)
        if MARK in line.generics and not line.delayed:
            self._send_mark(line, top)
        if line.shows_exchanges and line.changed("touch", (top.bid, top.ask)):
            self._send_exchanges(line)

    def _send_side(self, line: Line, price_tick: int, size_tick: int, price: float | None, amount: float) -> None:
        shown, shown_size = (-1.0, 0.0) if price is None else (price, amount)
        new_size = line.changed(size_tick, shown_size)
        if line.changed(price_tick, shown):
            self._price(line, price_tick, shown, shown_size)
        if new_size:
            self._size(line, size_tick, shown_size)

    def _send_last(self, line: Line, top: SimTop) -> None:
        if top.last is None:
            return
        traded = line.sent.get("volume", NOTHING) != top.volume
        ticks = line.ticks
        new_size = line.changed(ticks.last_size, top.last_size) or traded
        if line.changed(ticks.last, top.last):
            self._price(line, ticks.last, top.last, top.last_size)
        if new_size:
            self._size(line, ticks.last_size, top.last_size)
        if traded:
            stamp = str((self._hub.now_ns() - (DELAY_NS if line.delayed else 0)) // NS_PER_S)
            line.session.send(responses_data.TICK_STRING, req_id=line.req_id, tick_type=ticks.stamp, value=stamp)

    def _send_exchanges(self, line: Line) -> None:
        """From which exchanges the best bid and offer are, as letters of the line's map."""
        try:
            bids, asks = self._hub.exchange.book(line.con_id, 1)
        except SimulatorRefusalError:
            return  # a market without a book does not know
        for tick_type, rows in ((32, bids), (33, asks)):
            if rows:
                self._exchange(line, tick_type, letter(rows[0][2]))

    @staticmethod
    def _exchange(line: Line, tick_type: int, letters: str) -> None:
        if letters and line.changed(("exchange", tick_type), letters):
            line.session.send(responses_data.TICK_STRING, req_id=line.req_id, tick_type=tick_type, value=letters)

    def _send_mark(self, line: Line, top: SimTop) -> None:
        if top.bid is None or top.ask is None:
            return
        mark = (top.bid + top.ask) / 2 if top.last is None else min(max(top.last, top.bid), top.ask)
        if line.changed(37, mark):
            self._price(line, 37, mark, 0)

    def _send_greeks(self, line: Line) -> None:
        if line.instrument.asset_class is not AssetClass.OPTION:
            return
        for tick_type, source in _SOURCES:
            greeks = self._hub.exchange.greeks(line.con_id, source)
            if greeks is None or not line.changed(tick_type, greeks):
                continue
            computation = {
                "implied_volatility": greeks.implied_volatility,
                "delta": greeks.delta,
                "option_price": greeks.option_price,
                "pv_dividend": greeks.pv_dividend,
                "gamma": greeks.gamma,
                "vega": greeks.vega,
                "theta": greeks.theta,
                "under_price": greeks.underlying_price,
            }
            known = {name: value for name, value in computation.items() if value is not None}
            line.session.send(responses_data.TICK_OPTION_COMPUTATION, req_id=line.req_id, tick_type=tick_type, **known)

    def _send_statistics(self, line: Line) -> None:
        if not line.generics:
            return
        names = frozenset(name for generic in line.generics for _, _, name in GENERIC[generic])
        statistics = self._hub.studies.figures(line.instrument, names)
        interest = statistics.get("open_interest")
        if interest is not None and line.instrument.right is not None:
            side = "call" if line.instrument.right is OptionRight.CALL else "put"
            statistics.setdefault(f"{side}_open_interest", interest)
        for generic in sorted(line.generics):
            for kind, tick_type, name in GENERIC[generic]:
                value = statistics.get(name)
                if value is not None and line.changed((kind, tick_type), value):
                    self._statistic(line, kind, tick_type, value)
        if DIVIDENDS in line.generics:
            told = self._hub.exchange.dividend_text(line.con_id)
            if told and line.changed(DIVIDENDS, told):
                line.session.send(responses_data.TICK_STRING, req_id=line.req_id, tick_type=59, value=told)

    def _statistic(self, line: Line, kind: str, tick_type: int, value: float) -> None:
        match kind:
            case "size":
                self._size(line, tick_type, value)
            case "price":
                self._price(line, tick_type, value, 0)
            case _:
                line.session.send(responses_data.TICK_GENERIC, req_id=line.req_id, tick_type=tick_type, value=value)

    @staticmethod
    def _price(line: Line, tick_type: int, price: float, amount: float) -> None:
        line.session.send(
            responses_data.TICK_PRICE, req_id=line.req_id, tick_type=tick_type, price=price, size=_whole(amount)
        )

    @staticmethod
    def _size(line: Line, tick_type: int, amount: float) -> None:
        line.session.send(responses_data.TICK_SIZE, req_id=line.req_id, tick_type=tick_type, size=_whole(amount))


def _whole(amount: float) -> float | int:
    """Sizes are written without a fraction where there is none."""
    return int(amount) if amount == int(amount) else amount
