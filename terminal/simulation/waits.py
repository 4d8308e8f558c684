# SPDX-License-Identifier: Apache-2.0
"""What an order waits for before it goes to the exchange: its time, its conditions, shares to sell short.

Each wait ends in `_route`, which asks again what is still missing. Polls are on market time (every second for margin
cushions, every minute for shares that nobody lends), so a run repeats exactly.
"""

from decimal import Decimal
from functools import partial
from typing import Final

from terminal.model.enums import AssetClass
from terminal.simulation import conditions
from terminal.simulation.conditions import ConditionSet
from terminal.simulation.exchange_port import SimExecution
from terminal.simulation.order_life import OrderLife
from terminal.simulation.orders import Stage, Working
from terminal.simulation.reference import SEC_TYPES
from terminal.simulation.rng import mix
from terminal.simulation.trading_days import MINUTE_NS, NS
from terminal.simulation.triggers import Seen

EASY: Final = 2.5
LOCATABLE: Final = 1.5
"""Generic tick 46: above 2.5 shares are there, above 1.5 they can be located, else there are none."""
LOCATE_NOTE: Final = (
    "Shares for this order are not immediately available for short sale. The order will be held while we attempt to "
    "locate the shares."
)
_LOCATE_LEAST_NS: Final = 20 * NS
_LOCATE_SPREAD_NS: Final = 160 * NS
_WORDS: Final = {kind: word for word, kind in SEC_TYPES.items()}


class Waits(OrderLife):
    """See the module."""

    # ------------------------------------------------------------ time

    def _plan_times(self, working: Working) -> None:
        """Set the alarms of an order that was accepted or loaded: when it may go out, when it is over."""
        order, now = working.state.order, self._floor.now_ns()
        if order.good_till_ns:
            self._floor.schedule(max(order.good_till_ns, now), partial(self._expire, working, order.good_till_ns))
        if order.good_after_ns > now:
            self._floor.schedule(order.good_after_ns, partial(self._wake_at_time, working))

    def _expire(self, working: Working, ns: int) -> None:
        if working.state.order.good_till_ns == ns and working.stage is not Stage.HELD:
            self.finish(working, "Expired")

    def _wake_at_time(self, working: Working) -> None:
        if working.stage is Stage.QUEUED and self._floor.now_ns() >= working.state.order.good_after_ns:
            self._route(working)
            self._tell(working)

    # ------------------------------------------------------------ conditions

    def _watch_conditions(self, working: Working) -> None:
        """Begin to look at an order's conditions, be it to send it or to cancel it."""
        order = working.state.order
        if not order.conditions or working.armed or working.perm_id in self._conditions:
            return
        found = self._conditions[working.perm_id] = ConditionSet(order.conditions)
        self._stage(working, working.stage)
        for row in order.conditions:
            if row.kind == conditions.TIME and row.ns > self._floor.now_ns():
                self._floor.schedule(row.ns, partial(self._judge, working))
        if found.has(conditions.MARGIN):
            self._poll_margin(working)

    def _forget_conditions(self, working: Working) -> None:
        if self._conditions.pop(working.perm_id, None) is not None:
            self._stage(working, working.stage)

    def _poll_margin(self, working: Working) -> None:
        found = self._conditions.get(working.perm_id)
        if found is None:
            return
        standing = self._accounts.standing(working.state.order.account)
        if standing.net_liquidation:
            found.on_cushion(100.0 * standing.excess_liquidity / standing.net_liquidation)
        self._floor.schedule(self._floor.now_ns() + NS, partial(self._poll_margin, working))
        self._judge(working)

    def _conditions_see(self, execution: SimExecution) -> None:
        """Let the orders of an account see its executions."""
        if not self._conditions or execution.combo_role == "bag":
            return
        instrument = self._floor.instrument(execution.con_id)
        for perm_id, found in list(self._conditions.items()):
            working = self.orders.get(perm_id)
            if working is None or instrument is None or working.state.order.account != execution.account:
                continue
            found.on_execution(instrument.symbol, _WORDS.get(instrument.asset_class, ""), execution.exchange)
            self._judge(working)

    def _conditions_look(self, working: Working, con_id: int, seen: Seen) -> None:
        """Let an order's conditions see a market event."""
        found = self._conditions.get(working.perm_id)
        if found is None or not self._may_judge(working):
            return
        found.on_market(con_id, seen, self)
        self._judge(working)

    def _may_judge(self, working: Working) -> bool:
        """Conditions look at regular hours only, unless the order says otherwise."""
        if working.state.order.conditions_ignore_rth:
            return True
        return bool(working.instrument.is_open(self._floor.now_ns(), outside_regular_hours=False))

    def _judge(self, working: Working) -> None:
        """Send or cancel an order whose conditions are met."""
        found = self._conditions.get(working.perm_id)
        if found is None or not self._may_judge(working):
            return
        found.on_time(self._floor.now_ns())
        if not found.fulfilled():
            return
        working.armed = True
        self._forget_conditions(working)
        if working.state.order.conditions_cancel_order:
            self.finish(working, "Cancelled by its conditions")
        elif working.stage is Stage.CONDITION:
            self._route(working)
            self._tell(working)

    # What conditions ask of the market.

    def volume(self, con_id: int) -> float:
        return self._floor.volume(con_id)

    def change_percent(self, con_id: int) -> float | None:
        return self._floor.change_percent(con_id)

    def unit(self, con_id: int) -> Decimal:
        return self._floor.unit(con_id)

    def asset_class(self, con_id: int) -> AssetClass:
        found = self._floor.instrument(con_id)
        return AssetClass.STOCK if found is None else found.asset_class

    # ------------------------------------------------------------ shares to borrow

    def _lacks_shares(self, working: Working) -> bool:
        """Say whether a sale goes short without shares to borrow; the search for them then begins."""
        order = working.state.order
        if working.sign > 0 or working.located or working.instrument.asset_class is not AssetClass.STOCK:
            return False
        held = self._accounts.ledgers[order.account].quantity(order.con_id)
        short = working.left - max(working.units(held), 0)
        if short <= 0:
            return False
        offer = self._floor.borrow(order.con_id)
        if offer.level > EASY and offer.available >= short:
            return False
        if working.stage is not Stage.LOCATE:
            self._note(working, 404, LOCATE_NOTE)
            working.state.status, working.state.why_held = "PreSubmitted", "locate"
            self._stage(working, Stage.LOCATE)
        wait = MINUTE_NS
        if offer.level > LOCATABLE and offer.available >= short:
            wait = _LOCATE_LEAST_NS + mix(self._key, working.perm_id, 404) % _LOCATE_SPREAD_NS
            working.located = True
        self._floor.schedule(self._floor.now_ns() + wait, partial(self._located, working))
        return True

    def _located(self, working: Working) -> None:
        if _is_at(working, Stage.LOCATE):
            self._route(working)
            if not _is_at(working, Stage.LOCATE):
                working.state.why_held = ""
                self._tell(working)


def _is_at(working: Working, stage: Stage) -> bool:
    return working.stage is stage
