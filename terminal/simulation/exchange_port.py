# SPDX-License-Identifier: Apache-2.0
"""The seam between the simulated market and the TWS protocol server.

The server (brokers/simulator) knows messages, clients and subscriptions; the market (this package) knows
instruments, books, accounts and time. Everything here is synchronous: the server drives time with
`advance` and reads what happened from the listener. Prices are float on this seam because the wire carries
decimal text; inside, the market counts in integer ticks.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Protocol

from terminal.model.enums import Side
from terminal.model.instrument import Instrument
from terminal.model.market import Bar


@dataclass(frozen=True, slots=True, kw_only=True)
class SimCondition:
    """One condition. ``kind`` in IBKR's numbers: 1 price, 3 time, 4 margin, 5 execution, 6 volume, 7 change.

    ``value`` is the price, the cushion in percent, the volume or the change in percent; ``ns`` the moment of a time
    condition and ``text`` its words. ``joined`` is how it connects to the next condition: "a" and, "o" or.
    """

    kind: int
    joined: str = "a"
    is_more: bool = True
    value: float = 0.0
    ns: int = 0
    text: str = ""
    con_id: int = 0
    exchange: str = ""
    trigger_method: int = 0
    sec_type: str = ""
    symbol: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SimLeg:
    """One leg of a combination: ``ratio`` units of a contract per unit of the combination, on ``action``'s side."""

    con_id: int
    ratio: int
    action: str
    exchange: str = "SMART"
    open_close: int = 0
    price: float | None = None


@dataclass(slots=True, kw_only=True)
class SimOrder:
    """An order as a client sent it, in IBKR's own vocabulary. Prices None when unset."""

    account: str
    con_id: int
    action: str  # BUY or SELL
    quantity: Decimal
    order_type: str  # MKT, LMT, STP, STP LMT, TRAIL, ...
    limit_price: float | None = None
    aux_price: float | None = None  # stop price, or trailing amount of a TRAIL
    trail_stop_price: float | None = None
    trailing_percent: float | None = None
    tif: str = "DAY"
    outside_rth: bool = False
    transmit: bool = True
    oca_group: str = ""
    oca_type: int = 0
    parent_perm_id: int = 0
    order_ref: str = ""
    client_id: int = 0
    order_id: int = 0
    what_if: bool = False
    trigger_method: int = 0
    limit_offset: float | None = None  # lmtPriceOffset of a TRAIL LIMIT
    percent_offset: float | None = None  # of a REL, as a share of the price
    display_size: int = 0
    hidden: bool = False
    all_or_none: bool = False
    good_after_time: str = ""  # as the client wrote it; good_after_ns is its moment
    good_after_ns: int = 0
    good_till_date: str = ""
    good_till_ns: int = 0
    cash_quantity: float | None = None
    conditions: tuple[SimCondition, ...] = ()
    conditions_ignore_rth: bool = False
    conditions_cancel_order: bool = False
    legs: tuple[SimLeg, ...] = ()
    """Of a combination; ``con_id`` is then the market's own number for it."""
    routing: tuple[tuple[str, str], ...] = ()
    """Smart routing tags of a combination."""
    attributes: dict[str, str] = field(default_factory=dict)
    """Every other placeOrder field that differs from its default, by name: refused unless supported."""
    liquidation: bool = False
    """The broker's own order because margin is missing; no client can send it."""

    def __post_init__(self) -> None:
        """Take nested parts as JSON gives them back, too: a saved order is `SimOrder(**values)`."""
        self.conditions = tuple(SimCondition(**one) if isinstance(one, Mapping) else one for one in self.conditions)
        self.legs = tuple(SimLeg(**one) if isinstance(one, Mapping) else one for one in self.legs)
        self.routing = tuple((tag, value) for tag, value in self.routing)


@dataclass(slots=True, kw_only=True)
class SimOrderState:
    """Where an accepted order stands. ``status`` in IBKR's words."""

    perm_id: int
    order: SimOrder
    status: str  # PreSubmitted, Submitted, Filled, Cancelled, Inactive, ApiPending
    filled: Decimal = Decimal(0)
    average_price: float = 0.0
    last_fill_price: float = 0.0
    why_held: str = ""
    completed_time_ns: int = 0
    completed_status: str = ""
    warning: str = ""
    notices: list[tuple[int, str]] = field(default_factory=list)
    """Errors and notes of the market about this order that its client has not heard yet: code and text."""

    @property
    def remaining(self) -> Decimal:
        return self.order.quantity - self.filled


@dataclass(frozen=True, slots=True, kw_only=True)
class SimExecution:
    execution_id: str
    perm_id: int
    account: str
    con_id: int
    client_id: int
    order_id: int
    order_ref: str
    side: str  # BOT or SLD
    quantity: Decimal
    price: float
    ns: int
    exchange: str
    cumulative: Decimal
    average_price: float
    liquidity: int  # 1 added, 2 removed
    commission: float
    commission_currency: str
    realized_pnl: float | None
    liquidation: bool = False
    """Made by the broker because margin was missing."""
    combo_role: str = ""
    """"bag" for the execution of a combination as a whole (it moves no position), "leg" for one of its legs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SimPreview:
    """What-if answer, amounts in the account's base currency."""

    initial_before: float
    initial_after: float
    maintenance_before: float
    maintenance_after: float
    equity_before: float
    equity_after: float
    commission: float
    commission_currency: str
    commission_min: float | None = None
    commission_max: float | None = None
    warning: str = ""
    margin_known: bool = True
    """No for order types that IBKR previews without margin figures."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SimTop:
    """Top of book and day figures. None where there is none (an empty side, no data for it)."""

    con_id: int
    bid: float | None
    bid_size: float
    ask: float | None
    ask_size: float
    last: float | None
    last_size: float
    volume: float
    open: float | None
    high: float | None
    low: float | None
    previous_close: float | None
    halted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SimPrint:
    con_id: int
    ns: int
    price: float
    size: float
    exchange: str
    conditions: str = ""
    aggressor: Side | None = None
    past_limit: bool = False
    unreported: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SimGreeks:
    """Computation of one option for one price; None where not computed. Units as in tickOptionComputation."""

    con_id: int
    implied_volatility: float | None
    delta: float | None
    option_price: float | None
    pv_dividend: float | None
    gamma: float | None
    vega: float | None
    theta: float | None
    underlying_price: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SimPosition:
    account: str
    con_id: int
    quantity: Decimal
    average_cost: float  # per unit times multiplier, commissions included, as IBKR
    market_price: float
    market_value: float
    unrealized: float
    realized: float
    daily: float


class SimulatorRefusalError(Exception):
    """The market refuses a request, as IBKR would: code and text."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(f"{code} {text}")
        self.code = code
        self.text = text


class MarketListener(Protocol):
    """What the market tells the server while time advances, in causal order."""

    def on_top(self, top: SimTop) -> None: ...
    def on_print(self, trade: SimPrint) -> None: ...
    def on_book(self, con_id: int) -> None:
        """The visible book of this instrument changed; read it with `Exchange.book`."""
        ...

    def on_greeks(self, con_id: int) -> None: ...
    def on_order(self, state: SimOrderState) -> None: ...
    def on_execution(self, execution: SimExecution, state: SimOrderState) -> None: ...
    def on_position(self, position: SimPosition) -> None: ...
    def on_account(self, account: str) -> None: ...
    def on_session(self, event: str) -> None:
        """Market clock events: open, close, day_end, replay_end."""
        ...


class Exchange(Protocol):
    """A simulated or recorded market with accounts."""

    accounts: tuple[str, ...]

    # time
    def now_ns(self) -> int: ...
    def advance_to(self, ns: int) -> None:
        """Let the market live until ``ns``, telling the listener everything on the way."""
        ...

    def set_listener(self, listener: MarketListener) -> None: ...
    def watch(self, con_id: int, kind: str) -> None:
        """Say that somebody looks: kind is top, prints, book or greeks; unwatched instruments need not be told."""
        ...

    def unwatch(self, con_id: int, kind: str) -> None: ...

    # reference
    def instruments(self) -> Sequence[Instrument]:
        """Every instrument that exists now without the option contracts."""
        ...

    def instrument(self, con_id: int) -> Instrument | None: ...
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
        """Return what matches, unset fields matching everything (expiry YYYYMM or YYYYMMDD, right C/P)."""
        ...

    def search(self, pattern: str) -> Sequence[Instrument]: ...
    def option_chain(self, underlying_con_id: int) -> Sequence[tuple[str, str, str, Sequence[str], Sequence[float]]]:
        """Return (exchange, trading class, multiplier, expiries YYYYMMDD, strikes) per class."""
        ...

    # market data
    def top(self, con_id: int) -> SimTop: ...
    def top_at(self, con_id: int, ns: int) -> SimTop:
        """Return the market's own top as it stood at a past moment, without orders of clients; None where unknown."""
        ...

    def book(
        self, con_id: int, rows: int
    ) -> tuple[Sequence[tuple[float, float, str]], Sequence[tuple[float, float, str]]]:
        """Return (bids, asks), each (price, size, market maker), best first.

        Raises:
            SimulatorRefusalError: there is no depth for this instrument (a replay without a book).
        """
        ...

    def greeks(self, con_id: int, source: str) -> SimGreeks | None:
        """Return the computation for bid, ask, last or model; None when there is none."""
        ...

    def statistics(self, con_id: int) -> dict[str, float]:
        """Return open_interest, average_volume, shortable, shortable_shares ... as far as known."""
        ...

    def dividend_text(self, con_id: int) -> str:
        """Return generic tick 59: past 12 months, next 12 months, next ex-date, next amount; empty for none."""
        ...

    def bars(
        self, con_id: int, *, seconds: int, start_ns: int, end_ns: int, what: str, regular_only: bool
    ) -> Sequence[Bar]:
        """Return bars of [start, end), the last one open if it is still growing.

        Raises:
            SimulatorRefusalError: 162 when there is nothing for that instrument, size or source.
        """
        ...

    def prints(self, con_id: int, *, start_ns: int, end_ns: int, limit: int) -> Sequence[SimPrint]: ...
    def head_ns(self, con_id: int) -> int: ...

    # orders
    def preview(self, order: SimOrder) -> SimPreview: ...
    def place(self, order: SimOrder) -> SimOrderState:
        """Accept an order (transmitted or held) or refuse it. Fills come through the listener, at the
        earliest after this call has returned (order latency).

        Raises:
            SimulatorRefusalError: with IBKR's code (201, 110, 103, 10xxx ...).
        """
        ...

    def modify(self, perm_id: int, order: SimOrder) -> SimOrderState: ...
    def cancel(self, perm_id: int) -> SimOrderState: ...
    def open_orders(self) -> Sequence[SimOrderState]: ...
    def completed_orders(self) -> Sequence[SimOrderState]: ...
    def executions(self) -> Sequence[SimExecution]:
        """Executions of the current trading day."""
        ...

    def exercise(self, account: str, con_id: int, quantity: Decimal, action: int, *, override: bool) -> None:
        """Tell what shall become of a long option tonight: action 1 exercises, 2 lets it lapse.

        Nothing is said on acceptance; the positions of the next morning show it.

        Raises:
            SimulatorRefusalError: not a long option position, or not possible today.
        """
        ...

    # accounts
    def positions(self, account: str) -> Sequence[SimPosition]: ...
    def account_values(self, account: str) -> Sequence[tuple[str, str, str]]:
        """Return (tag, value, currency) for all tags of reqAccountUpdates."""
        ...

    def pnl(self, account: str) -> tuple[float, float, float]:
        """Return (daily, unrealized, realized)."""
        ...

    # state
    def dump_state(self) -> dict[str, object]:
        """Return everything that survives a restart, JSON-ready: clock, orders, positions, cash, executions."""
        ...

    def load_state(self, state: dict[str, object]) -> None: ...
