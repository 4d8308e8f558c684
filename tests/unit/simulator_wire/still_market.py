# SPDX-License-Identifier: Apache-2.0
"""A market in which nothing happens unless the test says so, typed against the seam.

The wire has edges that a living market reaches only by chance (a fill while a
cancel is under way, a book that loses its middle row). Here a test sets a
quote, a book or a fill and sees exactly what goes over the wire.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal

from terminal.model.enums import AssetClass, OptionRight
from terminal.model.ids import InstrumentId
from terminal.model.instrument import Instrument, Session, TickBand
from terminal.model.market import Bar
from terminal.simulation.exchange_port import (
    MarketListener,
    SimExecution,
    SimGreeks,
    SimOrder,
    SimOrderState,
    SimPosition,
    SimPreview,
    SimPrint,
    SimTop,
    SimulatorRefusalError,
)

S = 1_000_000_000
START_NS = 1_736_175_600 * S  # 6 January 2025, 10:00 New York
OPEN_NS, CLOSE_NS = START_NS - 1800 * S, START_NS + 6 * 3600 * S
ACCOUNT = "DU9000001"
AAPL, MSFT, AAPL_CALL, ES, EUR = 265598, 272093, 700001, 495000001, 12087792
_HOURS = (Session(start_ns=OPEN_NS, end_ns=CLOSE_NS),)


def _instruments() -> list[Instrument]:
    stock = Instrument(
        id=InstrumentId("AAPL"),
        asset_class=AssetClass.STOCK,
        symbol="AAPL",
        primary_exchange="NASDAQ",
        local_symbol="AAPL",
        trading_class="NMS",
        name="APPLE INC",
        broker_id=AAPL,
        trading_hours=_HOURS,
        liquid_hours=_HOURS,
    )
    return [
        stock,
        replace(
            stock,
            id=InstrumentId("MSFT"),
            symbol="MSFT",
            local_symbol="MSFT",
            name="MICROSOFT \\ CORP é",
            broker_id=MSFT,
        ),
        Instrument(
            id=InstrumentId("ES 20250321"),
            asset_class=AssetClass.FUTURE,
            symbol="ES",
            exchange="CME",
            local_symbol="ESH5",
            trading_class="ES",
            name="E-mini S&P 500",
            multiplier=Decimal(50),
            min_tick=Decimal("0.25"),
            expiry=date(2025, 3, 21),
            broker_id=ES,
            time_zone="America/Chicago",
            trading_hours=_HOURS,
            liquid_hours=_HOURS,
        ),
        Instrument(
            id=InstrumentId("EUR.USD"),
            asset_class=AssetClass.FOREX,
            symbol="EUR",
            exchange="IDEALPRO",
            local_symbol="EUR.USD",
            trading_class="EUR.USD",
            name="Euro",
            min_tick=Decimal("0.00005"),
            broker_id=EUR,
            trading_hours=_HOURS,
        ),
    ]


def _call() -> Instrument:
    return Instrument(
        id=InstrumentId("AAPL 20250117 C 240"),
        asset_class=AssetClass.OPTION,
        symbol="AAPL",
        local_symbol="AAPL  250117C00240000",
        trading_class="AAPL",
        name="APPLE INC",
        multiplier=Decimal(100),
        tick_bands=(
            TickBand(low_edge=Decimal(0), increment=Decimal("0.01")),
            TickBand(low_edge=Decimal(3), increment=Decimal("0.05")),
        ),
        expiry=date(2025, 1, 17),
        strike=Decimal(240),
        right=OptionRight.CALL,
        underlying_id=InstrumentId("AAPL"),
        broker_id=AAPL_CALL,
        trading_hours=_HOURS,
    )


def _description(one: Instrument) -> tuple[object, ...]:
    right = {None: "", OptionRight.CALL: "C", OptionRight.PUT: "P"}[one.right]
    expiry = f"{one.expiry:%Y%m%d}" if one.expiry else ""
    plain = (one.symbol, one.local_symbol, one.currency, one.trading_class, str(one.multiplier))
    return (*plain, right, expiry, one.exchange, float(one.strike or 0))


def quote(con_id: int, bid: float | None, ask: float | None, last: float | None = None) -> SimTop:
    """A top of book with round figures."""
    return SimTop(
        con_id=con_id,
        bid=bid,
        bid_size=300,
        ask=ask,
        ask_size=400,
        last=last,
        last_size=100,
        volume=12_300 if last is not None else 0,
        open=236.0,
        high=238.5,
        low=235.25,
        previous_close=235.75,
    )


class StillMarket:
    """See the module. Orders are accepted and work; `fill` fills them."""

    def __init__(self) -> None:
        self.accounts: tuple[str, ...] = (ACCOUNT,)
        self.listed = _instruments()
        self.call = _call()
        self.tops = {one.broker_id or 0: quote(one.broker_id or 0, 236.1, 236.12, 236.11) for one in self.listed}
        self.tops[AAPL_CALL] = quote(AAPL_CALL, 4.1, 4.2, 4.15)
        self.rows: dict[int, tuple[list[tuple[float, float, str]], list[tuple[float, float, str]]]] = {}
        self.model: dict[tuple[int, str], SimGreeks] = {}
        self.dividends: dict[int, str] = {}
        self.exercised: list[tuple[str, int, Decimal, int, bool]] = []
        self.facts: dict[int, dict[str, float]] = {}
        self.recorded: list[Bar] = []
        self.tape: list[SimPrint] = []
        self.past: list[tuple[int, SimTop]] = []
        """What stood from when on, for who looks back."""
        self.watched: set[tuple[int, str]] = set()
        self.states: dict[int, SimOrderState] = {}
        self.trades: list[SimExecution] = []
        self.held: dict[int, SimPosition] = {}
        self.refusal: SimulatorRefusalError | None = None
        self.figures: list[tuple[str, str, str]] = [
            ("NetLiquidation", "250000.00", "USD"),
            ("TotalCashBalance", "250000.00", "USD"),
            ("AccountType", "INDIVIDUAL", ""),
        ]
        self._ns = START_NS
        self._listener: MarketListener | None = None

    # ------------------------------------------------------------------ what a test does
    @property
    def listener(self) -> MarketListener:
        assert self._listener is not None
        return self._listener

    def set_top(self, top: SimTop) -> None:
        self.tops[top.con_id] = top
        if (top.con_id, "top") in self.watched:
            self.listener.on_top(top)

    def trade(self, con_id: int, price: float, size: float, *, unreported: bool = False) -> None:
        trade = SimPrint(con_id=con_id, ns=self._ns, price=price, size=size, exchange="NASDAQ", unreported=unreported)
        self.tape.append(trade)
        if (con_id, "prints") in self.watched:
            self.listener.on_print(trade)

    def set_book(self, con_id: int, bids: list[tuple[float, float, str]], asks: list[tuple[float, float, str]]) -> None:
        self.rows[con_id] = (bids, asks)
        if (con_id, "book") in self.watched:
            self.listener.on_book(con_id)

    def fill(self, perm_id: int, quantity: int, price: float) -> None:
        state = self.states[perm_id]
        before = float(state.filled) * state.average_price
        state.filled += quantity
        state.average_price = (before + quantity * price) / float(state.filled)
        state.last_fill_price = price
        if not state.remaining:
            self._finish(state, "Filled", f"Filled Size: {state.filled}")
        execution = SimExecution(
            execution_id=f"0000e0d5.{len(self.trades) + 1:08x}.01.01",
            perm_id=perm_id,
            account=state.order.account,
            con_id=state.order.con_id,
            client_id=state.order.client_id,
            order_id=state.order.order_id,
            order_ref=state.order.order_ref,
            side="BOT" if state.order.action == "BUY" else "SLD",
            quantity=Decimal(quantity),
            price=price,
            ns=self._ns,
            exchange="NASDAQ",
            cumulative=state.filled,
            average_price=state.average_price,
            liquidity=2,
            commission=1.0,
            commission_currency="USD",
            realized_pnl=None,
        )
        self.trades.append(execution)
        self.listener.on_execution(execution, state)
        position = SimPosition(
            account=state.order.account,
            con_id=state.order.con_id,
            quantity=Decimal(quantity),
            average_cost=price,
            market_price=price,
            market_value=price * quantity,
            unrealized=0.0,
            realized=0.0,
            daily=1.25,
        )
        self.held[position.con_id] = position
        self.listener.on_position(position)

    def _finish(self, state: SimOrderState, status: str, text: str) -> None:
        state.status, state.completed_status, state.completed_time_ns = status, text, self._ns

    # ------------------------------------------------------------------ Exchange
    def now_ns(self) -> int:
        return self._ns

    def advance_to(self, ns: int) -> None:
        self._ns = max(self._ns, ns)

    def set_listener(self, listener: MarketListener) -> None:
        self._listener = listener

    def watch(self, con_id: int, kind: str) -> None:
        assert (con_id, kind) not in self.watched
        self.watched.add((con_id, kind))

    def unwatch(self, con_id: int, kind: str) -> None:
        self.watched.remove((con_id, kind))

    def instruments(self) -> Sequence[Instrument]:
        return self.listed

    def instrument(self, con_id: int) -> Instrument | None:
        return next((one for one in [*self.listed, self.call] if one.broker_id == con_id), None)

    def find(
        self,
        *,
        symbol: str,
        sec_type: str,
        expiry: str = "",
        strike: float = 0.0,
        right: str = "",
        exchange: str = "",
        currency: str = "",
        local_symbol: str = "",
        trading_class: str = "",
        multiplier: str = "",
    ) -> Sequence[Instrument]:
        classes = {"STK": "stock", "OPT": "option", "FUT": "future", "CASH": "forex"}
        asked = (symbol, local_symbol, currency, trading_class, multiplier, right, expiry, exchange, strike)
        return [
            one
            for one in [*self.listed, self.call]
            if one.asset_class == classes.get(sec_type)
            and all(not want or want == have for want, have in zip(asked, _description(one), strict=True))
        ]

    def search(self, pattern: str) -> Sequence[Instrument]:
        return [one for one in self.listed if pattern.upper() in one.symbol]

    def option_chain(self, underlying_con_id: int) -> Sequence[tuple[str, str, str, Sequence[str], Sequence[float]]]:
        if underlying_con_id != AAPL:
            return []
        return [("SMART", "AAPL", "100", ["20250117", "20250221"], [230.0, 235.0, 240.0])]

    def top(self, con_id: int) -> SimTop:
        return self.tops[con_id]

    def top_at(self, con_id: int, ns: int) -> SimTop:
        """The last of `past` that stood by then."""
        known = [top for since, top in self.past if since <= ns and top.con_id == con_id]
        return known[-1] if known else replace(quote(con_id, None, None), open=None, high=None, low=None)

    def book(
        self, con_id: int, rows: int
    ) -> tuple[Sequence[tuple[float, float, str]], Sequence[tuple[float, float, str]]]:
        if con_id not in self.rows:
            raise SimulatorRefusalError(10092, "Deep market data is not supported for this combination")
        bids, asks = self.rows[con_id]
        return bids[:rows], asks[:rows]

    def greeks(self, con_id: int, source: str) -> SimGreeks | None:
        return self.model.get((con_id, source))

    def statistics(self, con_id: int) -> dict[str, float]:
        return self.facts.get(con_id, {})

    def dividend_text(self, con_id: int) -> str:
        return self.dividends.get(con_id, "")

    def exercise(self, account: str, con_id: int, quantity: Decimal, action: int, *, override: bool) -> None:
        if self.refusal is not None:
            raise self.refusal
        self.exercised.append((account, con_id, quantity, action, override))

    def bars(
        self, con_id: int, *, seconds: int, start_ns: int, end_ns: int, what: str, regular_only: bool
    ) -> Sequence[Bar]:
        del regular_only
        if what not in ("TRADES", "MIDPOINT"):
            raise SimulatorRefusalError(162, f"Historical Market Data Service error message:No {what} data")
        return [
            bar
            for bar in self.recorded
            if bar.seconds == seconds and start_ns <= bar.start_ns < end_ns and self._of(con_id, bar)
        ]

    def _of(self, con_id: int, bar: Bar) -> bool:
        instrument = self.instrument(con_id)
        return instrument is not None and instrument.id == bar.instrument_id

    def prints(self, con_id: int, *, start_ns: int, end_ns: int, limit: int) -> Sequence[SimPrint]:
        return [one for one in self.tape if one.con_id == con_id and start_ns <= one.ns < end_ns][:limit]

    def head_ns(self, con_id: int) -> int:
        assert con_id in self.tops
        return START_NS - 86_400 * S

    def preview(self, order: SimOrder) -> SimPreview:
        return SimPreview(
            initial_before=0.0,
            initial_after=118.055 * float(order.quantity),
            maintenance_before=0.0,
            maintenance_after=106.2495 * float(order.quantity),
            equity_before=250_000.0,
            equity_after=249_999.0,
            commission=1.0,
            commission_currency="USD",
        )

    def place(self, order: SimOrder) -> SimOrderState:
        if self.refusal is not None:
            raise self.refusal
        state = SimOrderState(
            perm_id=1_900_000_000 + len(self.states) + 1,
            order=order,
            status="Submitted" if order.transmit else "ApiPending",
        )
        self.states[state.perm_id] = state
        if order.transmit:
            parent = self.states.get(order.parent_perm_id)
            for one in self.states.values():
                if one.status == "ApiPending" and parent is not None:
                    one.status = "Submitted" if one is parent else "PreSubmitted"
                    self.listener.on_order(one)
            self.listener.on_order(state)
        return state

    def modify(self, perm_id: int, order: SimOrder) -> SimOrderState:
        if self.refusal is not None:
            raise self.refusal
        self.states[perm_id].order = order
        return self.states[perm_id]

    def cancel(self, perm_id: int) -> SimOrderState:
        if self.refusal is not None:
            raise self.refusal
        state = self.states[perm_id]
        self._finish(state, "Cancelled", "Cancelled by Trader")
        self.listener.on_order(state)
        return state

    def open_orders(self) -> Sequence[SimOrderState]:
        return [one for one in self.states.values() if one.status not in ("Filled", "Cancelled")]

    def completed_orders(self) -> Sequence[SimOrderState]:
        return [one for one in self.states.values() if one.status in ("Filled", "Cancelled")]

    def executions(self) -> Sequence[SimExecution]:
        return self.trades

    def positions(self, account: str) -> Sequence[SimPosition]:
        return [one for one in self.held.values() if one.account == account]

    def account_values(self, account: str) -> Sequence[tuple[str, str, str]]:
        assert account in self.accounts
        return self.figures

    def pnl(self, account: str) -> tuple[float, float, float]:
        assert account in self.accounts
        return 12.5, 10.25, 2.25

    def dump_state(self) -> dict[str, object]:
        return {"ns": self._ns}

    def load_state(self, state: dict[str, object]) -> None:
        self._ns = int(str(state["ns"]))
