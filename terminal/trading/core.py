# SPDX-License-Identifier: Apache-2.0
"""TradingCore: builds the parts of the order core, and is their ear for everything the broker says.

Venue events find their order and change it; a lost link makes knowledge stale and halts trading until both
sides agree again. Commands are in `execution`. Plain functions on the core's thread.
"""

from collections.abc import Callable, Collection
from decimal import Decimal
from typing import Any

import structlog

from terminal.bus import Bus
from terminal.clock import Clock
from terminal.model import events as e
from terminal.model.commands import SubmitOrder
from terminal.model.enums import OrderStatus, PendingRequest, TradingState
from terminal.model.ids import AccountId, ClientOrderId, InstrumentId
from terminal.model.instrument import Instrument
from terminal.model.order import Order
from terminal.model.order_states import UNCONFIRMED
from terminal.ports import Journal
from terminal.trading import states
from terminal.trading.arming import Arming
from terminal.trading.closing import Closer
from terminal.trading.daily_loss import DailyLossWatch
from terminal.trading.exits import ExitWatch
from terminal.trading.halves import HalfBrackets
from terminal.trading.inbox import VenueInbox
from terminal.trading.index import OrderIndex
from terminal.trading.killswitch import KillSwitch
from terminal.trading.ledger import Checkpoint, OrderLedger, no_checkpoint
from terminal.trading.limits import RiskLimits
from terminal.trading.link import LinkWatch
from terminal.trading.mark_proof import MarkProof
from terminal.trading.portfolio import Portfolio
from terminal.trading.reconcile import Reconciler, Spawn
from terminal.trading.risk import RiskGate
from terminal.trading.sender import Sender
from terminal.trading.states import TradingStates
from terminal.trading.views import MarketView, OrderVenue, TradingSession
from terminal.trading.watch import OrderWatch

_log = structlog.get_logger("orders")


class TradingCore:
    """The parts and their reactions to the broker.

    Publishes: OrderChanged, PositionChanged, AccountChanged, TradingStateChanged, ArmedChanged, Reconciled,
    KillSwitchReport, LogLine and DataNotice (alarms).
    """

    def __init__(
        self,
        *,
        bus: Bus,
        clock: Clock,
        journal: Journal,
        venue: OrderVenue,
        market: MarketView,
        spawn: Spawn,
        limits: RiskLimits | None = None,
        checkpoint: Checkpoint = no_checkpoint,
    ) -> None:
        self._bus = bus
        self._clock = clock
        self._journal = journal
        self._venue = venue
        self._market = market
        self._spawn = spawn
        self._session: TradingSession | None = None
        self.orders = OrderIndex()
        self.link = LinkWatch()
        self._build_books(limits if limits is not None else RiskLimits(), checkpoint)
        self._build_wire(checkpoint)
        self._build_guards()
        self._routes: dict[type[Any], Callable[[Any], object]] = {
            e.LinkChanged: self._on_link,
            e.VenueOrderOpened: self._inbox.on_opened,
            e.VenueOrderStatus: self._inbox.on_status,
            e.VenueExecution: self._inbox.on_execution,
            e.VenueCommission: self._inbox.on_commission,
            e.VenueOrderCompleted: self._inbox.on_completed,
            e.VenueOrderError: self._on_order_error,
            e.VenueDecodeFailed: self._on_decode_failed,
            e.PositionReported: self.portfolio.on_position,
            e.AccountValueReported: self.portfolio.on_account_value,
            e.PnlReported: self.portfolio.on_pnl,
        }
        self.trading.begin(states.LINK, TradingState.HALTED, "not connected")

    def _build_books(self, limits: RiskLimits, checkpoint: Checkpoint) -> None:
        """What is remembered: states, positions, orders, limits."""
        self.trading = TradingStates(self._publish_state, self._clock.now_ns)
        self.arming = Arming(
            publish=self._bus.publish, clock=self._clock, minutes=lambda: self.risk.limits.arming_minutes
        )
        self.portfolio = Portfolio(
            publish=self._bus.publish,
            now_ns=self._clock.now_ns,
            instrument_of=self.instrument,
            mark_of=self._mark,
            previous_close_of=self._previous_close,
        )
        self.risk = RiskGate(
            clock=self._clock,
            index=self.orders,
            portfolio=self.portfolio,
            market=self._market,
            trading=self.trading,
            arming=self.arming,
            link=self.link,
            journal=self._journal,
            venue=self._venue,
            limits=limits,
        )
        self.ledger = OrderLedger(
            publish=self._bus.publish,
            clock=self._clock,
            journal=self._journal,
            index=self.orders,
            portfolio=self.portfolio,
            trading=self.trading,
            instrument_of=self._market.instrument,
            checkpoint=checkpoint,
        )

    def _build_wire(self, checkpoint: Checkpoint) -> None:
        """What speaks to the broker and listens to it."""
        self._sender = Sender(
            ledger=self.ledger,
            index=self.orders,
            journal=self._journal,
            venue=self._venue,
            clock=self._clock,
            withheld=self._withheld,
            unreachable=self._unreachable,
            link_session=lambda: self.link.session,
            checkpoint=checkpoint,
        )
        self._inbox = VenueInbox(
            ledger=self.ledger,
            index=self.orders,
            clock=self._clock,
            client_id=lambda: self._session.client_id if self._session is not None else -1,
            account_id=self._account_id,
            probe=self._ask,
            alarm=self.alarm,
            on_read_only=self._on_read_only,
        )
        self._reconciler = Reconciler(
            venue=self._venue,
            ledger=self.ledger,
            index=self.orders,
            inbox=self._inbox,
            portfolio=self.portfolio,
            sender=self._sender,
            halves=HalfBrackets(
                ledger=self.ledger,
                index=self.orders,
                sender=self._sender,
                clock=self._clock,
                link_session=lambda: self.link.session,
                alarm=self.alarm,
            ),
            clock=self._clock,
            link=self.link,
            spawn=self._spawn,
            publish=self._bus.publish,
            account_id=self._account_id,
            instrument_of=self.instrument,
            on_reconciled=self._on_reconciled,
        )

    def _build_guards(self) -> None:
        """What watches and intervenes. They follow every order event in this order."""
        self._watch = OrderWatch(
            ledger=self.ledger,
            clock=self._clock,
            sender=self._sender,
            trading=self.trading,
            probe=self._reconciler.ask,
            alarm=self.alarm,
            connected=lambda: self.link.connected,
        )
        self.kill_switch = KillSwitch(
            ledger=self.ledger,
            index=self.orders,
            sender=self._sender,
            trading=self.trading,
            arming=self.arming,
            clock=self._clock,
            publish=self._bus.publish,
        )
        self._closer = Closer(
            ledger=self.ledger,
            index=self.orders,
            portfolio=self.portfolio,
            market=self._market,
            sender=self._sender,
            clock=self._clock,
            submit=self._submit_closing,
            refused=self._refused_closing,
            alarm=self.alarm,
            limits=lambda: self.risk.limits,
        )
        self.daily_loss = DailyLossWatch(
            clock=self._clock,
            gate=self.risk,
            marks=MarkProof(self._market, self.portfolio),
            trading=self.trading,
            cancel_openers=self._closer.cancel_openers,
            alarm=self.alarm,
        )
        self._exits = ExitWatch(
            ledger=self.ledger,
            index=self.orders,
            sender=self._sender,
            clock=self._clock,
            instrument_of=self.instrument,
            unreachable=self._unreachable,
            alarm=self.alarm,
        )

    # ------------------------------------------------------------ what the parts ask of the whole
    def _submit_closing(self, command: SubmitOrder, closes: Decimal) -> tuple[ClientOrderId, ...]:
        raise NotImplementedError

    def _refused_closing(
        self, command: SubmitOrder, closes: Decimal, without: Collection[Order]
    ) -> tuple[ClientOrderId, ...]:
        raise NotImplementedError

    def _ask(self, reason: str, delay_s: float) -> None:
        self._reconciler.ask(reason, delay_s)

    def instrument(self, instrument_id: InstrumentId) -> Instrument | None:
        """Return a contract: the market's current facts, else what the journal remembers."""
        return self._market.instrument(instrument_id) or self.ledger.instrument(instrument_id)

    def _mark(self, instrument_id: InstrumentId) -> float | None:
        quote = self._market.quote(instrument_id)
        return quote.mark if quote is not None else None

    def _previous_close(self, instrument_id: InstrumentId) -> float | None:
        quote = self._market.quote(instrument_id)
        return quote.previous_close if quote is not None else None

    def _account_id(self) -> AccountId:
        return self._session.account_id if self._session is not None else AccountId("")

    def _publish_state(self, event: object) -> None:
        self.ledger.write([event])
        self._bus.publish(event)

    def _withheld(self, order: Order) -> str | None:
        """Say why bytes of ``order`` must not leave now: the last look before the socket."""
        reason = self._unreachable()
        if reason is not None:
            return reason
        if self.trading.state is TradingState.HALTED:
            return f"trading was halted ({self.trading.reason})"
        if self.risk.limits.arming_required and not self.arming.armed:
            return "trading was disarmed"
        return self.trading.frozen(order.instrument_id, order.strategy_id)

    def _unreachable(self) -> str | None:
        """Say why the broker would not take any change now, not even one that lessens."""
        if not self.link.connected:
            return f"the connection is gone ({self.link.text})"
        if not self.link.reconciled:
            return "orders and positions are being compared with the broker"
        if self._venue.read_only:
            return "the broker's API is read-only"
        return None

    def alarm(self, text: str, way_out: str) -> None:
        """Tell the person: log and notice. Alarms that must stop orders latch or freeze besides."""
        now = self._clock.now_ns()
        _log.error("alarm", text=text, way_out=way_out)
        self._bus.publish(e.LogLine(ns=now, level="error", subject="orders", text=text, fields={"way_out": way_out}))
        self._bus.publish(e.DataNotice(ns=now, code=0, text=text, way_out=way_out, severity="error"))

    # ------------------------------------------------------------ the broker speaks
    def on_venue_event(self, event: object) -> bool:
        """Take one venue event; False when it is none of the order core's."""
        handler = self._routes.get(type(event))
        if handler is None:
            return False
        handler(event)
        return True

    def _on_order_error(self, event: e.VenueOrderError) -> None:
        if not self._inbox.on_error(event):
            text = f"{event.code} {event.text} (order id {event.broker_order_id}, not known here)"
            self._bus.publish(e.LogLine(ns=event.ns, level="warning", subject="orders", text=text))

    def _on_decode_failed(self, event: e.VenueDecodeFailed) -> None:
        self._reconciler.ask(f"message {event.message_id} could not be read: {event.reason}", 0.0)

    def _on_read_only(self) -> None:
        self.alarm(
            "TWS refuses orders: its API is read-only",
            "in TWS open Global Configuration, API, Settings and clear Read-Only API",
        )

    def _on_link(self, event: e.LinkChanged) -> None:
        lost, came_up = self.link.on_link(event)
        if not self.link.connected:
            self.trading.latch(states.LINK, TradingState.HALTED, f"no connection: {self.link.text}")
        if lost:
            self._lose_knowledge(reason=f"the connection was lost ({self.link.text})")
            self.arming.disarm("the connection was lost")
        if came_up:
            self.trading.latch(states.RECONCILE, TradingState.HALTED, "being compared with the broker")
            self.trading.lift(states.LINK)
            self._begin_reconcile()

    def _begin_reconcile(self) -> None:
        if self._session is not None and self.link.connected and not self.link.reconciled:
            self._spawn("reconcile", self._reconciler.reconcile())

    def _lose_knowledge(self, reason: str) -> None:
        """A lost link: what was under way is UNKNOWN, the rest is as it was, perhaps."""
        now = self._clock.now_ns()
        for order in self.orders.open():
            coid = order.client_order_id
            if self._sender.is_waiting(coid):
                continue  # its bytes have not left; the sender will not let them
            in_flight = order.status in UNCONFIRMED or order.pending is not PendingRequest.NONE
            if in_flight and order.is_own:
                self.ledger.record([e.OrderUnknown(client_order_id=coid, ns=now, reason=reason)])
            elif order.status is not OrderStatus.UNKNOWN:
                self.ledger.record([e.OrderStale(client_order_id=coid, ns=now, reason=reason)])

    def _on_reconciled(self) -> None:
        self.trading.lift(states.RECONCILE)
        self.kill_switch.on_reconciled()
        self._exits.look_at_all()

    async def reconcile(self) -> e.Reconciled:
        """Ask the broker for everything and make both sides of one mind; the differences are in the result."""
        return await self._reconciler.reconcile()
