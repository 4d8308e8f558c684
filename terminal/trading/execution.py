# SPDX-License-Identifier: Apache-2.0
"""ExecutionEngine: the one door to orders. Commands come in, are judged, made durable, and sent.

A refusal by the gate is an event (OrderDenied), never an exception; a change that is refused raises, since
its order lives on. Cancels always pass. Built on `TradingCore`, which holds the parts and hears the broker.
"""

import asyncio
from collections.abc import Collection, Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Final

from terminal.errors import UserError
from terminal.model import commands as c
from terminal.model import events as e
from terminal.model.enums import BracketRole, Mode, OrderOrigin, OrderStatus, PendingRequest
from terminal.model.ids import ClientOrderId, InstrumentId, new_client_order_id, new_group_id
from terminal.model.order import Order
from terminal.model.preview import OrderPreview
from terminal.ports import WireOrder
from terminal.trading.brackets import legs_of
from terminal.trading.core import TradingCore
from terminal.trading.limits import RiskLimits
from terminal.trading.request import Denial, OrderRequest
from terminal.trading.restoring import restore
from terminal.trading.sender import Sending, changed_terms, initialized
from terminal.trading.views import TradingSession

_NOTHING: Final = Decimal(0)


class ExecutionEngine(TradingCore):
    """Orders from command to last fill. See `TradingCore` for what it publishes."""

    # ------------------------------------------------------------ life
    def use_account(self, session: TradingSession) -> None:
        """Trade this account from now on. Another account or mode disarms."""
        before = self._session
        self._session = session
        self.risk.session = session
        self.portfolio.use_account(session.account_id, session.mode, session.currency)
        if before is not None and (before.account_id, before.mode) != (session.account_id, session.mode):
            self.arming.disarm(f"the account changed to {session.account_id}")
            self.link.reconciled = False
        self._begin_reconcile()

    def start(self) -> None:
        """Begin to watch the day's loss."""
        self.daily_loss.start()

    def stop(self) -> None:
        """Stop every timer; orders stay as they are."""
        self.daily_loss.stop()
        self._watch.close()
        self._exits.close()
        self._reconciler.close()
        self.kill_switch.close()
        self._closer.close_down()
        self.arming.disarm("the terminal is closing")

    def restore(self, records: Iterable[object]) -> int:
        """Rebuild orders, positions and the kill switch from the journal; return how many records were taken.

        Raises:
            InvariantError: the journal holds a history that cannot be.
        """
        *_, taken = self._restoring(records)
        return taken

    async def restore_in_parts(self, records: Iterable[object]) -> int:
        """As `restore`, and let the event loop breathe between the parts. Nothing may be connected yet."""
        total = 0
        for taken in self._restoring(records):
            total = taken
            await asyncio.sleep(0)
        return total

    def _restoring(self, records: Iterable[object]) -> Iterator[int]:
        yield from restore(
            records, ledger=self.ledger, index=self.orders, kill=self.kill_switch, now_ns=self._clock.now_ns()
        )
        self._watch.resume(self.orders.open())

    def set_limits(self, limits: RiskLimits) -> None:
        """Use other limits from now on; a step that the day's loss has taken is judged anew."""
        self.risk.limits = limits
        self.daily_loss.forget()
        self.daily_loss.look()

    # ------------------------------------------------------------ new orders
    def submit(self, command: c.SubmitOrder) -> tuple[ClientOrderId, ...]:
        """Judge and send an order (with its bracket); return the ids, entry first.

        A refused order is denied by event, its one id is returned.

        Raises:
            UserError ORD-010: the command contradicts itself.
        """
        return self._submit(command)

    def _submit_closing(self, command: c.SubmitOrder, closes: Decimal) -> tuple[ClientOrderId, ...]:
        return self._submit(command, closes)

    def _refused_closing(
        self, command: c.SubmitOrder, closes: Decimal, without: Collection[Order]
    ) -> tuple[ClientOrderId, ...]:
        denial = self.risk.check(_request_of(command, closes), without)
        return () if denial is None else self._deny(command, denial)

    def _submit(self, command: c.SubmitOrder, closes: Decimal = _NOTHING) -> tuple[ClientOrderId, ...]:
        _refuse_nonsense(command)
        request = _request_of(command, closes)
        denial = self.risk.check(request)
        session, instrument = self._session, self._market.instrument(command.spec.instrument_id)
        if denial is not None:
            return self._deny(command, denial)
        if session is None or instrument is None:
            raise UserError("ORD-010", "there is no account or no such contract")  # the gate has refused both
        legs = legs_of(command, self._clock.now_ns())
        self.risk.note_sent(request, len(legs))
        common = Sending(
            account_id=session.account_id,
            client_id=session.client_id,
            origin=command.origin,
            strategy_id=command.strategy_id,
            note=command.note,
        )
        return self._sender.send(legs, common, instrument)

    def _deny(self, command: c.SubmitOrder, denial: Denial) -> tuple[ClientOrderId, ...]:
        now = self._clock.now_ns()
        leg = c.BracketLeg(
            role=BracketRole.NONE,
            spec=command.spec,
            client_order_id=new_client_order_id(now),
            group_id=new_group_id(now),
        )
        common = Sending(
            account_id=self._account_id(),
            client_id=0,
            origin=command.origin,
            strategy_id=command.strategy_id,
            note=command.note,
        )
        denied = e.OrderDenied(
            client_order_id=leg.client_order_id,
            ns=now,
            code=denial.code,
            reason=denial.reason,
            context={**denial.context, "soft": "yes" if denial.soft else "no"},
        )
        self.ledger.record([initialized(leg, common, now, grouped=False, parent=None), denied])
        return (leg.client_order_id,)

    def check(self, command: c.SubmitOrder | c.ModifyOrder) -> Sequence[Denial]:
        """Return every refusal that the order or the change would meet now; nothing is recorded.

        Raises:
            UserError: ORD-010 the command contradicts itself. ORD-001 there is no such order to change.
        """
        if isinstance(command, c.ModifyOrder):
            return self.risk.check_all(_change_of(self._order(command.client_order_id), command))
        _refuse_nonsense(command)
        return self.risk.check_all(_request_of(command))

    async def preview(self, command: c.SubmitOrder) -> OrderPreview:
        """Ask the broker what the order would do (what-if); nothing is recorded or sent to the market.

        Raises:
            UserError ORD-009: it cannot be asked now. BrokerError: refused, unknown, or no answer in 5 s.
        """
        session, instrument = self._session, self._market.instrument(command.spec.instrument_id)
        if session is None or instrument is None or not self.link.connected:
            raise UserError("ORD-009", "the broker cannot be asked now: no connection, account or contract yet")
        now = self._clock.now_ns()
        wire = WireOrder(
            client_order_id=new_client_order_id(now),
            broker_order_id=self._journal.allocate_order_id(self._venue.next_order_id_floor()),
            account_id=session.account_id,
            instrument=instrument,
            spec=command.spec,
        )
        return await self._venue.preview(wire)

    # ------------------------------------------------------------ changes
    def modify(self, command: c.ModifyOrder) -> None:
        """Ask for other terms of a live order; the old ones stand until the broker shows the new.

        Raises:
            UserError: ORD-001 no such order, ORD-007 nothing would change, or the code of the rule that refuses
            (STATE_INVALID, MAX_QTY, ...); `check` says beforehand which of them a person may confirm.
        """
        order = self._order(command.client_order_id)
        request = _change_of(order, command)
        spec = request.spec
        if spec == order.spec:
            raise UserError("ORD-007", "the change leaves every term as it is; change a price or the quantity")
        denial = self.risk.check(request)
        instrument = self._market.instrument(order.instrument_id)
        if denial is None and instrument is not None:
            self.risk.note_sent(request)
            self._sender.change(order, spec, instrument, command.actor)
            return
        code, reason = (
            ("INSTRUMENT_UNKNOWN", "its contract is not known")
            if denial is None
            else (
                denial.code,
                denial.reason,
            )
        )
        now = self._clock.now_ns()
        note = e.OrderNoted(client_order_id=order.client_order_id, ns=now, code=0, text=f"change refused: {reason}")
        self.ledger.record([note])
        raise UserError(code, reason)

    # ------------------------------------------------------------ cancels: they always pass
    def cancel(self, command: c.CancelOrder) -> None:
        """Ask the broker to cancel one order; it is over when the broker says so.

        Raises:
            UserError ORD-001: no such order. ORD-002: not made here. ORD-003: it is over. ORD-006: not sent.
        """
        order = self._order(command.client_order_id)
        if not order.is_own:
            raise UserError("ORD-002", "the order was not made here; cancel it where it was made")
        if not order.is_open:
            raise UserError("ORD-003", f"the order is {order.status.value} already")
        fault = self._sender.cancel(order, command.actor)
        if fault is not None:
            raise UserError("ORD-006", f"the cancel could not be sent: {fault}; try again when the connection is back")

    def cancel_orders(self, command: c.CancelOrders) -> tuple[ClientOrderId, ...]:
        """Ask the broker to cancel every own order that matches; return those asked for."""
        asked = []
        for order in self.orders.open():
            spec = order.spec
            if not order.is_own or order.is_terminal or order.pending is PendingRequest.CANCEL:
                continue
            if command.instrument_id not in (None, spec.instrument_id) or command.side not in (None, spec.side):
                continue
            if command.strategy_id not in (None, order.strategy_id):
                continue
            if self._sender.cancel(order, command.actor) is None:
                asked.append(order.client_order_id)
        return tuple(asked)

    # ------------------------------------------------------------ ways out
    def close_position(self, command: c.ClosePosition) -> tuple[ClientOrderId, ...]:
        """Close or reverse a position; return the orders that went out at once (none while exits end).

        Raises:
            UserError ORD-004: no position. ORD-005: it is being closed already. ORD-008: no price for it.
        """
        return self._closer.close(command)

    def flatten_all(self, command: c.FlattenAll) -> tuple[ClientOrderId, ...]:
        """Cancel own orders and close positions, of one instrument or of all; return what went out at once."""
        return self._closer.flatten_all(command)

    def kill(self, command: c.KillSwitch) -> e.KillSwitchReport:
        """Engage or lift the kill switch."""
        return self.kill_switch.command(command)

    def set_armed(self, command: c.SetArmed) -> None:
        """Let orders leave, or not.

        Raises:
            UserError ARM-001: it cannot be armed now. ARM-002: type the live account's id.
        """
        refusal = None
        if self._session is not None and self._session.mode is Mode.LIVE:
            refusal = "a live account is read-only in this version"
        elif not self.link.connected:
            refusal = f"there is no sound connection ({self.link.text})"
        elif self.kill_switch.engaged:
            refusal = "the kill switch is engaged; lift it first"
        self.arming.set_armed(command, self._session, refusal)

    def release_instrument(self, command: c.ReleaseInstrument) -> None:
        """Let orders through again for an instrument that a conflict froze.

        Raises:
            UserError ORD-011: it is not frozen.
        """
        if not self.trading.release(command.instrument_id):
            raise UserError("ORD-011", f"{command.instrument_id} is not frozen")
        text = f"{command.instrument_id} released by {command.actor}"
        self._bus.publish(e.LogLine(ns=self._clock.now_ns(), level="warning", subject="orders", text=text))

    # ------------------------------------------------------------ for strategies
    def strategies_may_go_live(self) -> str | None:
        """Return why strategies may not go live now, or None."""
        if self._session is None:
            return "no account is connected yet"
        if self._session.mode is Mode.LIVE:
            return "strategies trade only demo and paper accounts in this version"
        if self.kill_switch.engaged:
            return "the kill switch is engaged"
        return None

    def working(self, instrument_id: InstrumentId, strategy_id: str) -> Sequence[Order]:
        """Return the open orders of one strategy in one instrument."""
        return tuple(each for each in self.orders.working_for(instrument_id) if each.strategy_id == strategy_id)

    def _order(self, client_order_id: ClientOrderId) -> Order:
        order = self.orders.get(client_order_id)
        if order is None or order.status is OrderStatus.DENIED:
            raise UserError("ORD-001", f"there is no order {client_order_id} at the broker")
        return order


def _request_of(command: c.SubmitOrder, closes: Decimal = _NOTHING) -> OrderRequest:
    return OrderRequest(
        spec=command.spec,
        bracket=command.bracket,
        origin=command.origin,
        strategy_id=command.strategy_id,
        confirmed=command.confirmed_warnings,
        closes=closes,
    )


def _change_of(order: Order, command: c.ModifyOrder) -> OrderRequest:
    return OrderRequest(
        spec=changed_terms(order.spec, command),
        origin=OrderOrigin.MANUAL if order.origin is OrderOrigin.EXTERNAL else order.origin,
        strategy_id=order.strategy_id,
        confirmed=command.confirmed_warnings,
        order=order,
    )


def _refuse_nonsense(command: c.SubmitOrder) -> None:
    if command.origin is OrderOrigin.EXTERNAL:
        raise UserError("ORD-010", "an external order cannot be sent from here")
    if command.origin is OrderOrigin.STRATEGY and command.strategy_id is None:
        raise UserError("ORD-010", "an order of a strategy must name its strategy")
    if not isinstance(command.spec.quantity, Decimal):
        raise UserError("ORD-010", f"the quantity must be a Decimal, was {type(command.spec.quantity).__name__}")
