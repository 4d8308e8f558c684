# SPDX-License-Identifier: Apache-2.0
"""The half of the order desk that follows from trades: fills, brackets, one-cancels-all groups and ends.

waits.py, routing.py and desk.py decide when an order goes where; this module keeps its stage, tells the listener, and
carries out what a fill or an end means for the orders that hang on it. Partial fills: docs/decisions/0011.
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Final

from terminal.simulation.accounts import Accounts
from terminal.simulation.book import Match
from terminal.simulation.conditions import ConditionSet
from terminal.simulation.exchange_port import SimExecution
from terminal.simulation.floor_port import Floor
from terminal.simulation.groups import CANCEL_ALL, REDUCE_FREELY, OrderRegistry
from terminal.simulation.orders import Stage, Working
from terminal.simulation.rng import label_key, mix
from terminal.simulation.settlement import Settlement

ACTIVE: Final = frozenset({Stage.FLIGHT, Stage.TRIGGER, Stage.BOOK, Stage.MARKET, Stage.WATCH, Stage.AUCTION})
MILLISECOND: Final = 1_000_000
BY_CLIENT: Final = "Cancelled by client"


@dataclass(slots=True)
class Latency:
    """The way of a request to the exchange: ``least_ms`` and up to ``spread_ms`` more. Both 0: at once."""

    least_ms: int = 25
    spread_ms: int = 35

    def ns(self, draw: int) -> int:
        return (self.least_ms + (draw % self.spread_ms if self.spread_ms else 0)) * MILLISECOND


class OrderLife:
    """Stages, fills and ends. `Desk` completes it."""

    cuts_exits = True
    """Whether an entry that ends in part cuts its children; the other reading of IBKR's pages leaves them whole."""

    def __init__(self, floor: Floor, accounts: Accounts, seed: int) -> None:
        self._floor = floor
        self._accounts = accounts
        self.orders = OrderRegistry()
        self.settlement = Settlement(label_key("desk", seed))
        self.latency = Latency()
        self._key = label_key("latency", seed)
        self._interest: dict[int, dict[int, Working]] = {}
        """Contract -> orders that look at its market."""
        self._follows: dict[int, frozenset[int]] = {}
        self._busy: dict[int, int] = {}
        """Order -> when the latest request about it arrives; requests overtake nothing."""
        self._conditions: dict[int, ConditionSet] = {}
        self.next_perm_id = 1_100_000_000 + mix(self._key, 1) % 100_000_000

    def needs(self, con_id: int) -> bool:
        return con_id in self._interest

    def _route(self, working: Working) -> None:
        raise NotImplementedError

    def _later(self, working: Working, action: Callable[[], None]) -> None:
        """Do something to an order after the way to the exchange, behind what is on its way already."""
        now = self._floor.now_ns()
        working.requests += 1
        at = now + self.latency.ns(mix(self._key, working.perm_id, working.requests))
        at = max(at, self._busy.get(working.perm_id, 0))
        self._busy[working.perm_id] = at
        self._floor.schedule(at, action)

    def _resize(self, working: Working) -> None:
        if working.stage is Stage.BOOK and working.limit is not None:
            book, order = self._floor.book_of(working.con_id), working.state.order
            size = self.orders.allowed(working)
            book.resize(
                working.perm_id, working.sign, working.limit, size, self._floor.now_ns(),
                peak=working.peak, hidden=order.hidden or order.order_type == "MIDPRICE",
            )  # fmt: skip

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
        execution = self.settlement.execute(
            working, self._accounts, tick=tick, size=size, sign=sign, ns=self._floor.now_ns(), liquidity=liquidity
        )
        self._after_execution(working, [execution])
        self._after_fill(working, size)

    def _after_execution(self, working: Working, executions: list[SimExecution]) -> None:
        """Tell what was executed and how the order stands, and let conditions see it."""
        listener = self._floor.listener
        if working.left <= 0:
            self._close(working, "Filled", "Filled")
        elif working.stage is not Stage.DONE:
            working.state.status = "Submitted"
        for execution in executions:
            listener.on_execution(execution, working.state)
        self._tell(working)
        account = working.state.order.account
        for execution in executions:
            if execution.combo_role != "bag":
                listener.on_position(self._accounts.position(account, execution.con_id))
        listener.on_account(account)
        for execution in executions:
            self._conditions_see(execution)

    def _conditions_see(self, execution: SimExecution) -> None:
        raise NotImplementedError

    def _after_fill(self, working: Working, size: int) -> None:
        others = self.orders.oca_others(working)
        if others:
            self._reduce_group(working, others, size)
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

    def _reduce_group(self, working: Working, others: list[Working], size: int) -> None:
        """Cancel the others of a group, or reduce them in proportion to what has been filled.

        Type 1 cancels, 2 reduces at once (with block: no two orders of a group can fill together), 3 reduces when the
        news has made its way, so that a group without block can fill too much, as IBKR warns.
        """
        kind = working.state.order.oca_type
        before = working.left + size
        for other in others:
            if kind in {0, CANCEL_ALL}:
                self.finish(other, "Cancelled by OCA group")
                continue
            less = other.left if working.stage is Stage.DONE else (other.left * size * 2 + before) // (before * 2)
            if kind == REDUCE_FREELY:
                self._later(other, partial(self._reduce, other, less))
            else:
                self._reduce(other, less)

    def _reduce(self, working: Working, less: int) -> None:
        if working.stage is Stage.DONE or less <= 0:
            return
        if less >= working.left:
            self.finish(working, "Cancelled by OCA group")
        else:
            self._cut(working, working.quantity - less)

    def _wake(self, child: Working) -> None:
        """Let a child follow its parent's fill."""
        if child.stage is Stage.CHILD:
            self._route(child)
            self._tell(child)
        elif child.stage is Stage.BOOK:
            self._resize(child)

    def _cut(self, working: Working, quantity: int) -> None:
        """Reduce an order's total size, keeping its place."""
        order = working.state.order
        order.quantity = Decimal(quantity) * working.size_unit
        if order.display_size >= order.quantity:
            order.display_size = 0
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
        self._conditions.pop(working.perm_id, None)
        self._busy.pop(working.perm_id, None)
        self._stage(working, Stage.DONE)

    # ------------------------------------------------------------ stages

    def _stage(self, working: Working, stage: Stage) -> None:
        """Move an order to a stage, and follow the markets that it looks at there."""
        working.stage = stage
        follows = self._followed(working)
        before = self._follows.get(working.perm_id, frozenset())
        if follows == before:
            return
        if follows:
            self._follows[working.perm_id] = follows
        else:
            del self._follows[working.perm_id]
        for con_id in sorted(before - follows):
            orders = self._interest[con_id]
            del orders[working.perm_id]
            if not orders:
                del self._interest[con_id]
            self._floor.set_orders(con_id, len(orders))
        for con_id in sorted(follows - before):
            orders = self._interest.setdefault(con_id, {})
            orders[working.perm_id] = working
            self._floor.set_orders(con_id, len(orders))

    def _followed(self, working: Working) -> frozenset[int]:
        if working.stage is Stage.DONE:
            return frozenset()
        follows: set[int] = set()
        if working.stage in ACTIVE:
            combo = self._floor.combo(working.con_id) if working.is_bag else None
            follows.update([leg.con_id for leg in combo.legs] if combo else [working.con_id])
        conditions = self._conditions.get(working.perm_id)
        if conditions is not None:
            follows |= conditions.watched()
        return frozenset(follows)

    def _note(self, working: Working, code: int, text: str) -> None:
        """Leave an error or a note for the order's client; it goes out with the next word about the order."""
        working.state.notices.append((code, text))

    def _tell(self, working: Working) -> None:
        self._floor.listener.on_order(working.state)
        working.state.notices.clear()
