# SPDX-License-Identifier: Apache-2.0
"""The half of the order desk that follows from trades: fills, brackets, one-cancels-all groups and ends.

desk.py decides when an order goes where; this module keeps its stage, tells the listener, and carries out what a fill
or an end means for the orders that hang on it. The rules for partial fills: docs/decisions/0011.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Final, Protocol

from terminal.model.instrument import Instrument
from terminal.simulation.accounts import Accounts
from terminal.simulation.book import LimitBook, Match
from terminal.simulation.exchange_port import MarketListener, SimExecution
from terminal.simulation.groups import CANCEL_ALL, OrderRegistry
from terminal.simulation.orders import Stage, Working
from terminal.simulation.rng import label_key, mix
from terminal.simulation.settlement import Settlement

ACTIVE: Final = frozenset({Stage.FLIGHT, Stage.TRIGGER, Stage.BOOK, Stage.MARKET})


class Floor(Protocol):
    """What the desk needs of the market around it."""

    listener: MarketListener

    def now_ns(self) -> int: ...
    def schedule(self, ns: int, action: Callable[[], None]) -> None: ...
    def book_of(self, con_id: int) -> LimitBook: ...
    def quote_ticks(self, con_id: int) -> tuple[int | None, int | None, int | None]:
        """Return (bid, ask, last) now, in ticks."""
        ...

    def set_orders(self, con_id: int, count: int) -> None:
        """Learn how many orders need this instrument's events."""
        ...

    def report_match(self, con_id: int, match: Match) -> None:
        """Put a trade with an own order on the tape."""
        ...

    def next_open(self, instrument: Instrument, *, outside_rth: bool) -> str: ...
    def day_index(self) -> int: ...
    def unit(self, con_id: int) -> Decimal: ...


class OrderLife:
    """Stages, fills and ends. `Desk` completes it with routing."""

    cuts_exits = True
    """Whether an entry that ends in part cuts its children; the other reading of IBKR's pages leaves them whole."""

    def __init__(self, floor: Floor, accounts: Accounts, seed: int) -> None:
        self._floor = floor
        self._accounts = accounts
        self.orders = OrderRegistry()
        self.settlement = Settlement(label_key("desk", seed))
        self._key = label_key("latency", seed)
        self._active: dict[int, dict[int, Working]] = {}
        self.next_perm_id = 1_100_000_000 + mix(self._key, 1) % 100_000_000

    def needs(self, con_id: int) -> bool:
        return con_id in self._active

    def _route(self, working: Working) -> None:
        raise NotImplementedError

    def _resize(self, working: Working) -> None:
        if working.stage is Stage.BOOK and working.limit is not None:
            book = self._floor.book_of(working.con_id)
            size = self.orders.allowed(working)
            book.resize(working.perm_id, working.sign, working.limit, size, self._floor.now_ns())

    def _leave_book(self, working: Working, limit: int | None) -> None:
        if working.stage is Stage.BOOK and limit is not None:
            self._floor.book_of(working.con_id).remove(working.perm_id, working.sign, limit)

    # ------------------------------------------------------------ fills and ends

    def settle(self, con_id: int, match: Match) -> None:
        """Book a trade with own orders and put it on the tape."""
        self._floor.report_match(con_id, match)
        self.settle_silently(match)

    def settle_silently(self, match: Match) -> None:
        """Book a trade whose print is on the tape already."""
        for owner, sign, liquidity in ((match.taker, match.sign, 2), (match.maker, -match.sign, 1)):
            working = self.orders.get(owner) if owner else None
            if working is not None:
                self._fill(working, match.tick, match.size, sign, liquidity)

    def _fill(self, working: Working, tick: int, size: int, sign: int, liquidity: int) -> None:
        now, listener = self._floor.now_ns(), self._floor.listener
        execution: SimExecution = self.settlement.execute(
            working, self._accounts, tick=tick, size=size, sign=sign, ns=now, liquidity=liquidity
        )
        if working.left <= 0:
            self._close(working, "Filled", "Filled")
        else:
            working.state.status = "Submitted"
        listener.on_execution(execution, working.state)
        self._tell(working)
        account = working.state.order.account
        listener.on_position(self._accounts.position(account, working.con_id))
        listener.on_account(account)
        self._after_fill(working, size)

    def _after_fill(self, working: Working, size: int) -> None:
        for other in self.orders.oca_others(working):
            if working.state.order.oca_type in {0, CANCEL_ALL} or other.left <= size or working.stage is Stage.DONE:
                self.finish(other, "Cancelled by OCA group")
            else:
                self._cut(other, other.quantity - size)
        parent = self.orders.parent(working)
        if parent is not None:
            exposure = self.orders.exposure(parent)
            for other in self.orders.siblings(working):
                if exposure <= 0:
                    self.finish(other, "Cancelled: the bracket is closed")
                elif other.left > exposure:
                    self._cut(other, other.filled + exposure)
                else:
                    self._resize(other)
        for child in self.orders.children(working):
            self._wake(child)
        if working.stage is Stage.DONE:
            self._cut_children(working)

    def _wake(self, child: Working) -> None:
        """Let a child follow its parent's fill."""
        if child.stage is Stage.CHILD:
            self._route(child)
            self._tell(child)
        elif child.stage is Stage.BOOK:
            self._resize(child)

    def _cut(self, working: Working, quantity: int) -> None:
        """Reduce an order's total size, keeping its place."""
        working.state.order.quantity = type(working.state.order.quantity)(quantity)
        self._resize(working)
        self._tell(working)

    def finish(self, working: Working, reason: str) -> None:
        """End an order without a (further) fill, and what hangs on it."""
        if working.stage is Stage.DONE:
            return
        self._leave_book(working, working.limit)
        self._close(working, "Cancelled", reason)
        self._tell(working)
        self._cut_children(working)

    def _cut_children(self, parent: Working) -> None:
        """Leave the children of an entry that is over no more than what it opened."""
        for child in self.orders.children(parent):
            if child.stage is Stage.DONE:
                continue
            exposure = self.orders.exposure(parent)
            if exposure <= 0:
                self.finish(child, "Cancelled with its parent")
            elif child.left > exposure and self.cuts_exits:
                self._cut(child, child.filled + exposure)

    def _close(self, working: Working, status: str, reason: str) -> None:
        working.state.status = status
        working.state.why_held = ""
        working.state.completed_status = reason
        working.state.completed_time_ns = self._floor.now_ns()
        self._stage(working, Stage.DONE)

    def _stage(self, working: Working, stage: Stage) -> None:
        working.stage = stage
        orders = self._active.setdefault(working.con_id, {})
        if stage in ACTIVE:
            orders[working.perm_id] = working
        else:
            orders.pop(working.perm_id, None)
        if not orders:
            del self._active[working.con_id]
        self._floor.set_orders(working.con_id, len(orders))

    def _tell(self, working: Working) -> None:
        self._floor.listener.on_order(working.state)
