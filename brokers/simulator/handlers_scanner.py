# SPDX-License-Identifier: Apache-2.0
"""The scanner: the market's stocks ranked by the figures of the day, told anew every half minute.

Four scans over what is listed here, with the filters on price, volume and kind of stock; every other scan and filter
is refused by name. Codes and columns: IBKR's API documentation, "market scanner".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from brokers.simulator.contracts import contract_fields, is_fund
from brokers.simulator.hub import Handlers, Hub
from brokers.simulator.protocol import requests, responses_data
from brokers.simulator.protocol.values import Value, Values
from brokers.simulator.request import Request
from brokers.simulator.session import Session
from terminal.clock import NS_PER_S
from terminal.model.enums import AssetClass
from terminal.model.instrument import Instrument
from terminal.simulation.exchange_port import SimulatorRefusalError

MAX_SUBSCRIPTIONS: Final = 10
MAX_ROWS: Final = 50
PERIOD_NS: Final = 30 * NS_PER_S
FRESH_NS: Final = 600 * NS_PER_S
"""How old the figures of a stock may be that is ranked."""
_RENEWED_PER_TURN: Final = 2
GAIN, LOSE, ACTIVE, OPTIONS = "TOP_PERC_GAIN", "TOP_PERC_LOSE", "MOST_ACTIVE", "OPT_VOLUME_MOST_ACTIVE"
_CODES: Final = (GAIN, LOSE, ACTIVE, OPTIONS)
_INSTRUMENTS: Final = ("STK", "STOCK.US")
_EVERYWHERE: Final = ("STK.US", "STK.US.MAJOR")
_STOCK_TYPES: Final = ("", "ALL", "CORP", "STOCK", "ETF")
_NOT_THERE: Final = (
    "market_cap_above", "market_cap_below", "moody_rating_above", "moody_rating_below", "sp_rating_above",
    "sp_rating_below", "maturity_date_above", "maturity_date_below", "coupon_rate_above", "coupon_rate_below",
    "exclude_convertible", "average_option_volume_above", "setting_pairs", "filter_options",
)  # fmt: skip
"""Filters on what this market does not know: each is refused when it is set."""


def refuse(text: str) -> SimulatorRefusalError:
    """IBKR answers a scan that it does not run as its historical service does."""
    return SimulatorRefusalError(162, f"Historical Market Data Service error message:{text}")


@dataclass(eq=False, slots=True)
class Scan:
    """One subscription."""

    session: Session
    req_id: int
    code: str
    rows: int
    location: str
    stock_type: str
    filters: Mapping[str, float]
    due_ns: int = 0


class Figures(NamedTuple):
    """What a stock is ranked by, as it stood at ``ns``."""

    ns: int
    price: float | None
    previous_close: float | None
    volume: float
    option_volume: float


class ScannerDesk:
    """Serves scans from a table of figures that is renewed stock by stock, so that no client waits for a ranking."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._scans: dict[tuple[Session, int], Scan] = {}
        self._figures: dict[int, Figures] = {}

    def handlers(self) -> Handlers:
        return {requests.REQ_SCANNER: self.subscribe, requests.CANCEL_SCANNER: self.cancel}

    # ------------------------------------------------------------------ requests
    def subscribe(self, session: Session, request: Request) -> None:
        """Start a scan; it is told when the table is full. Errors: 162 code, place or filter, 322 limit, 385 id."""
        if (session, request.id) in self._scans:
            raise SimulatorRefusalError(385, "Duplicate ticker ID for API scanner subscription.")
        if sum(1 for owner, _ in self._scans if owner is session) >= MAX_SUBSCRIPTIONS:
            raise SimulatorRefusalError(
                322,
                "Error processing request.-'b' : cause - "
                f"Only {MAX_SUBSCRIPTIONS} simultaneous API scanner subscriptions are allowed.",
            )
        self._scans[session, request.id] = _scan(session, request)

    def cancel(self, session: Session, request: Request) -> None:
        """Stop a scan; 365 when there is none."""
        if self._scans.pop((session, request.id), None) is None:
            raise SimulatorRefusalError(365, f"No scanner subscription found for ticker id:{request.id}")
        session.error(
            request.id,
            162,
            f"Historical Market Data Service error message:API scanner subscription cancelled: {request.id}",
        )

    def forget(self, session: Session) -> None:
        for key in [key for key in self._scans if key[0] is session]:
            del self._scans[key]

    def on_turn(self, now_ns: int) -> None:
        """Renew the oldest figures; rank again what is due, once every stock has figures that are not too old."""
        if not self._scans:
            return
        stocks = [one for one in self._hub.exchange.instruments() if one.asset_class is AssetClass.STOCK]
        old = [one for one in stocks if not self._is_fresh(one, now_ns)]
        for instrument in old[:_RENEWED_PER_TURN]:
            self._renew(instrument, now_ns)
        if len(old) > _RENEWED_PER_TURN:
            return
        for scan in tuple(self._scans.values()):
            if now_ns >= scan.due_ns:
                scan.due_ns = now_ns + PERIOD_NS
                self._send(scan, stocks)

    def _is_fresh(self, instrument: Instrument, now_ns: int) -> bool:
        known = self._figures.get(instrument.broker_id or 0)
        return known is not None and 0 <= now_ns - known.ns < FRESH_NS

    def _renew(self, instrument: Instrument, now_ns: int) -> None:
        con_id = instrument.broker_id or 0
        top = self._hub.exchange.top(con_id)
        stated = self._hub.exchange.statistics(con_id)
        options = stated.get("call_volume", 0.0) + stated.get("put_volume", 0.0)
        price = top.last if top.last is not None else top.previous_close
        self._figures[con_id] = Figures(now_ns, price, top.previous_close, top.volume, options)

    # ------------------------------------------------------------------ ranking
    def _send(self, scan: Scan, stocks: Sequence[Instrument]) -> None:
        scored: list[tuple[float, str, Instrument]] = []
        for instrument in stocks:
            figures = self._figures[instrument.broker_id or 0]
            score = _score(scan.code, figures)
            if score is not None and _listed(instrument, scan) and _passes(figures, scan.filters):
                scored.append((-score, instrument.symbol, instrument))
        scored.sort(key=lambda row: row[:2])
        scan.session.send(
            responses_data.SCANNER_DATA,
            req_id=scan.req_id,
            rows=[_row(rank, instrument) for rank, (_, _, instrument) in enumerate(scored[: scan.rows])],
        )


def _score(code: str, figures: Figures) -> float | None:
    """What a scan ranks by, largest first; None leaves the stock out."""
    if code == ACTIVE:
        return figures.volume or None
    if code == OPTIONS:
        return figures.option_volume or None
    if figures.price is None or not figures.previous_close:
        return None
    change = figures.price / figures.previous_close - 1
    if code == GAIN:
        return change if change > 0 else None
    return -change if change < 0 else None


def _scan(session: Session, request: Request) -> Scan:
    code, location = request.text("scan_code"), request.text("location")
    if code not in _CODES:
        raise refuse(f"scan code {code or '(none)'} is disabled here, these are not: {', '.join(_CODES)}")
    if request.text("instrument") not in _INSTRUMENTS:
        raise refuse(f"instrument type {request.text('instrument') or '(none)'} cannot be scanned here, only STK can")
    if location not in _EVERYWHERE and not location.startswith("STK."):
        raise refuse(f"location {location or '(none)'} is not known, use {_EVERYWHERE[1]} or STK. and an exchange")
    if request.text("stock_type") not in _STOCK_TYPES:
        raise refuse(f"stock type {request.text('stock_type')} is not known: ALL, CORP, STOCK or ETF")
    for name in _NOT_THERE:
        if request.values.get(name):
            raise refuse(f"filter {name.replace('_', ' ')} is disabled here")
    asked = request.integer("rows", -1)
    names = ("above_price", "below_price", "above_volume")
    found = {name: number for name in names if (number := request.number(name)) is not None}
    rows = MAX_ROWS if asked <= 0 else min(asked, MAX_ROWS)
    return Scan(session, request.id, code, rows, location, request.text("stock_type"), found)


def _listed(instrument: Instrument, scan: Scan) -> bool:
    """Whether a stock is of the kind and at the place that a scan looks at."""
    if scan.stock_type in ("CORP", "STOCK") and is_fund(instrument):
        return False
    if scan.stock_type == "ETF" and not is_fund(instrument):
        return False
    return scan.location in _EVERYWHERE or scan.location == f"STK.{instrument.primary_exchange}"


def _passes(figures: Figures, filters: Mapping[str, float]) -> bool:
    if figures.price is None:
        return not filters
    return filters.get("above_price", 0.0) <= figures.price <= filters.get(
        "below_price", float("inf")
    ) and figures.volume >= filters.get("above_volume", 0.0)


def _row(rank: int, instrument: Instrument) -> Value:
    contract: Values = {**contract_fields(instrument, absent_right="0"), "exchange": "SMART"}
    return {"rank": rank, "market_name": instrument.trading_class or instrument.symbol, **contract}
