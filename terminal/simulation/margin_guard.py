# SPDX-License-Identifier: Apache-2.0
"""The broker's watch over margin: who is in deficiency, how long it is borne, and what is sold then.

IBKR tells a deficiency in the account's figures (ExcessLiquidity below zero, HighestSeverity, Cushion) and in TWS's
windows, not by a message of the API; executions of a liquidation carry the flag ``liquidation``. Soft edge margining:
a deficiency of no more than 10 % of the net liquidation value is borne until 15 minutes before the close, a larger
one is ended at once, with market orders (IBKR's "Why was I liquidated?"). In the last ten minutes the special
memorandum account must not be negative. Orders for what is sold are cancelled first. Nothing here sets prices.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Final, Protocol, TypeAlias

from terminal.model.enums import AssetClass
from terminal.model.instrument import Instrument
from terminal.simulation.accounts import Accounts
from terminal.simulation.exchange_port import MarketListener, SimOrder, SimulatorRefusalError
from terminal.simulation.groups import OrderRegistry
from terminal.simulation.orders import Working
from terminal.simulation.source import MarketSource
from terminal.simulation.trading_days import MINUTE_NS, NS
from terminal.simulation.valuation import Standing

PERIOD_NS: Final = 30 * NS
SOFT_EDGE: Final = 0.10
GRACE_ENDS: Final = 15
MEMORANDUM_FROM: Final = 10
"""Minutes before the close."""
Measure: TypeAlias = Callable[[Standing], float]
"""What is missing of margin or of the special memorandum account: below zero, else 0."""
_NO_MARGIN: Final = frozenset({AssetClass.FOREX})
_SEARCH: Final = 24


class Orders(Protocol):
    """What the guard does with orders."""

    orders: OrderRegistry

    def place(self, order: SimOrder, instrument: Instrument | None) -> object: ...
    def cancel(self, perm_id: int) -> object: ...


class Host(Protocol):
    """What the guard needs of the market."""

    source: MarketSource
    money: Accounts
    listener: MarketListener

    @property
    def desk(self) -> Orders: ...
    def now_ns(self) -> int: ...
    def day_index(self) -> int: ...
    def mark(self, con_id: int) -> float: ...
    def instrument(self, con_id: int) -> Instrument | None: ...
    def schedule(self, ns: int, action: Callable[[], None]) -> None: ...


class Days(Protocol):
    """What the times of margin need of the market."""

    source: MarketSource

    def now_ns(self) -> int: ...
    def day_index(self) -> int: ...


def margin_day(market: Days) -> tuple[bool, int]:
    """Return whether the lower margin of the day holds for futures, and when that changes.

    By day is the regular session of stocks until 15 minutes before its close, for every product.
    """
    now, index = market.now_ns(), market.day_index()
    day = market.source.calendar.day(index)
    ends = day.close_ns - GRACE_ENDS * MINUTE_NS
    if now < day.open_ns:
        return False, day.open_ns
    if now < ends:
        return True, ends
    return False, market.source.calendar.day(index + 1).open_ns


class MarginGuard:
    """Looks at every account with positions every half minute of market time."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._turn = 0

    def start(self) -> None:
        """Begin (again) to look; an older round ends."""
        self._turn += 1
        self._next(self._turn)

    def _next(self, turn: int) -> None:
        def look() -> None:
            if turn == self._turn:
                self.look()
                self._next(turn)

        self._host.schedule(self._host.now_ns() + PERIOD_NS, look)

    def look(self) -> None:
        """Look at every account now."""
        for account, ledger in self._host.money.ledgers.items():
            if any(held.quantity for held in ledger.holdings.values()):
                self._watch(account)

    # ------------------------------------------------------------ one account

    def _watch(self, account: str) -> None:
        host = self._host
        book = host.money.books[account]
        standing = host.money.standing(account)
        deficient = standing.excess_liquidity < 0
        if deficient != (book.deficient_since_ns is not None):
            book.deficient_since_ns = host.now_ns() if deficient else None
            host.listener.on_account(account)
        if self._is_due(standing) and not self._is_selling(account):
            self._sell(account, standing)

    def _is_due(self, standing: Standing) -> bool:
        left = self._host.source.calendar.day(self._host.day_index()).close_ns - self._host.now_ns()
        if standing.excess_liquidity < 0:
            large = -standing.excess_liquidity > SOFT_EDGE * max(standing.net_liquidation, 0.0)
            return large or left <= GRACE_ENDS * MINUTE_NS
        return standing.memorandum < 0 and 0 < left <= MEMORANDUM_FROM * MINUTE_NS

    def _is_selling(self, account: str) -> bool:
        return any(
            working.state.order.liquidation and working.state.order.account == account
            for working in self._host.desk.orders.live()
        )

    def _sell(self, account: str, standing: Standing) -> None:
        """Close as little as ends the deficiency, of the position that frees the most."""
        measure = _margin if standing.excess_liquidity < 0 else _memorandum
        choices = sorted(self._choices(account, standing, measure), reverse=True)
        for _, con_id, quantity in choices:
            instrument = self._host.instrument(con_id)
            if instrument is None:
                continue
            self._clear_orders(account, con_id)
            closing = "SELL" if self._host.money.ledger(account).quantity(con_id) > 0 else "BUY"
            order = SimOrder(
                account=account, con_id=con_id, action=closing, quantity=quantity, order_type="MKT",
                tif="IOC" if instrument.asset_class is AssetClass.CRYPTO else "DAY", liquidation=True,
            )  # fmt: skip
            try:
                self._host.desk.place(order, instrument)
            except SimulatorRefusalError:
                continue  # the next position may go
            return

    def _choices(self, account: str, standing: Standing, measure: Measure) -> list[tuple[float, int, Decimal]]:
        """Return (what closing it frees, contract id, quantity to close) of every position that trades now."""
        found: list[tuple[float, int, Decimal]] = []
        for con_id, held in self._host.money.ledger(account).holdings.items():
            instrument = self._host.instrument(con_id)
            if not held.quantity or instrument is None or held.instrument.asset_class in _NO_MARGIN:
                continue
            if not instrument.is_open(self._host.now_ns(), outside_regular_hours=_always(instrument)):
                continue
            whole = abs(held.quantity)
            freed = self._gap(account, con_id, whole, measure) - measure(standing)
            if freed > 0:
                enough = self._enough(account, con_id, whole, instrument.size_increment, measure)
                found.append((freed, con_id, enough))
        return found

    def _enough(self, account: str, con_id: int, whole: Decimal, step: Decimal, measure: Measure) -> Decimal:
        """Return the smallest part of a position whose closing ends the deficiency, all of it if none does."""
        low, high = 0, int(whole / step)
        if self._gap(account, con_id, whole, measure) < 0:
            return whole
        for _ in range(_SEARCH):
            if high - low <= 1:
                break
            middle = (low + high) // 2
            low, high = (low, middle) if self._gap(account, con_id, middle * step, measure) >= 0 else (middle, high)
        return high * step

    def _gap(self, account: str, con_id: int, quantity: Decimal, measure: Measure) -> float:
        """Return the excess that would be left after closing so much."""
        held = self._host.money.ledger(account).holdings[con_id]
        price = Decimal(repr(round(self._host.mark(con_id), 6)))
        sign = -1 if held.quantity > 0 else 1
        return measure(self._host.money.after(account, [(con_id, held.instrument, sign, quantity, price)]))

    def _clear_orders(self, account: str, con_id: int) -> None:
        for working in self._host.desk.orders.live():
            if _is_of(working, account, con_id):
                try:
                    self._host.desk.cancel(working.perm_id)
                except SimulatorRefusalError:
                    continue  # it ended in the meantime


def _is_of(working: Working, account: str, con_id: int) -> bool:
    order = working.state.order
    return order.account == account and order.con_id == con_id and not order.liquidation


def _margin(standing: Standing) -> float:
    return min(standing.excess_liquidity, 0.0)


def _memorandum(standing: Standing) -> float:
    return min(standing.memorandum, 0.0)


def _always(instrument: Instrument) -> bool:
    return instrument.asset_class in {AssetClass.FUTURE, AssetClass.CRYPTO}
