# SPDX-License-Identifier: Apache-2.0
"""The scanner: the market's stocks ranked by the figures of the day, told anew every half minute.

Four scans over what is listed here, with the filters on price, volume and kind of stock; every other scan and filter
is refused by name. Codes and columns: IBKR's API documentation, "market scanner".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from brokers.simulator.contracts import contract_fields
from brokers.simulator.hub import Handlers, Hub
from brokers.simulator.protocol import requests, responses_data
from brokers.simulator.protocol.values import Value, Values
from brokers.simulator.request import Request
from brokers.simulator.session import Session
from terminal.clock import NS_PER_S
from terminal.model.enums import AssetClass
from terminal.model.instrument import Instrument
from terminal.simulation.exchange_port import SimTop, SimulatorRefusalError

MAX_SUBSCRIPTIONS: Final = 10
MAX_ROWS: Final = 50
PERIOD_NS: Final = 30 * NS_PER_S
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


class ScannerDesk:
    """Serves scans."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._scans: dict[tuple[Session, int], Scan] = {}

    def handlers(self) -> Handlers:
        return {requests.REQ_SCANNER: self.subscribe, requests.CANCEL_SCANNER: self.cancel}

    # ------------------------------------------------------------------ requests
    def subscribe(self, session: Session, request: Request) -> None:
        """Start a scan. Errors: 162 code, place or filter, 322 limit, 385 duplicate id."""
        if (session, request.id) in self._scans:
            raise SimulatorRefusalError(385, "Duplicate ticker ID for API scanner subscription.")
        if sum(1 for owner, _ in self._scans if owner is session) >= MAX_SUBSCRIPTIONS:
            raise SimulatorRefusalError(
                322,
                "Error processing request.-'b' : cause - "
                f"Only {MAX_SUBSCRIPTIONS} simultaneous API scanner subscriptions are allowed.",
            )
        scan = _scan(session, request)
        self._scans[session, request.id] = scan
        self._send(scan)

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
        """Rank again what is due."""
        for scan in tuple(self._scans.values()):
            if now_ns >= scan.due_ns:
                self._send(scan)

    # ------------------------------------------------------------------ ranking
    def _send(self, scan: Scan) -> None:
        scan.due_ns = self._hub.now_ns() + PERIOD_NS
        found = self._ranked(scan)
        scan.session.send(
            responses_data.SCANNER_DATA,
            req_id=scan.req_id,
            rows=[_row(rank, instrument) for rank, instrument in enumerate(found)],
        )

    def _ranked(self, scan: Scan) -> Sequence[Instrument]:
        scored: list[tuple[float, str, Instrument]] = []
        for instrument in self._hub.exchange.instruments():
            if instrument.asset_class is not AssetClass.STOCK or not _listed(instrument, scan):
                continue
            top = self._hub.exchange.top(instrument.broker_id or 0)
            score = self._score(scan.code, instrument, top)
            if score is not None and _passes(top, scan.filters):
                scored.append((-score, instrument.symbol, instrument))
        scored.sort(key=lambda row: row[:2])
        return [instrument for _, _, instrument in scored[: scan.rows]]

    def _score(self, code: str, instrument: Instrument, top: SimTop) -> float | None:
        """What a scan ranks by, largest first; None leaves the stock out."""
        if code == ACTIVE:
            return top.volume or None
        if code == OPTIONS:
            return self._hub.studies.option_figures(instrument).get("option_volume") or None
        if top.last is None or not top.previous_close:
            return None
        change = top.last / top.previous_close - 1
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
    is_fund = "ETF" in instrument.name or "TRUST" in instrument.name
    if scan.stock_type in ("CORP", "STOCK") and is_fund:
        return False
    if scan.stock_type == "ETF" and not is_fund:
        return False
    return scan.location in _EVERYWHERE or scan.location == f"STK.{instrument.primary_exchange}"


def _passes(top: SimTop, filters: Mapping[str, float]) -> bool:
    price = top.last if top.last is not None else top.previous_close
    if price is None:
        return not filters
    return (
        price >= filters.get("above_price", 0.0)
        and price <= filters.get("below_price", float("inf"))
        and top.volume >= filters.get("above_volume", 0.0)
    )


def _row(rank: int, instrument: Instrument) -> Value:
    contract: Values = {**contract_fields(instrument, absent_right="0"), "exchange": "SMART"}
    return {"rank": rank, "market_name": instrument.trading_class or instrument.symbol, **contract}
