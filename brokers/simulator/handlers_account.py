# SPDX-License-Identifier: Apache-2.0
"""Account data: values, portfolio, positions, summaries, P&L; when they come and to whom.

As TWS: values and portfolio on every trade and every three minutes, summaries every three minutes, P&L every second,
positions when they change; only what has changed is sent again. The figures are the market's. Due times are market
time, so that a stepped clock drives them too.
"""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Final

from brokers.simulator.account_subscriptions import BASE, Row, Seen, Subscription, Wanted
from brokers.simulator.contracts import contract_fields, invalid, local_time
from brokers.simulator.hub import Handlers, Hub
from brokers.simulator.protocol import requests, responses
from brokers.simulator.protocol.values import Values
from brokers.simulator.request import Request
from brokers.simulator.session import Session
from terminal.clock import NS_PER_S
from terminal.simulation.exchange_port import SimPosition, SimulatorRefusalError

ACCOUNT_PERIOD_NS: Final = 180 * NS_PER_S
"""TWS's account window is renewed every three minutes, and so are its API's account figures."""
PNL_PERIOD_NS: Final = NS_PER_S
MAX_SUMMARIES: Final = 2
_EVERY_ACCOUNT: Final = frozenset({"", "All"})
_WITH_LEDGER: Final = frozenset({"NetLiquidation"})


class AccountDesk:
    """Serves account figures and positions."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._updates: dict[Session, Subscription] = {}
        self._positions: set[Session] = set()
        self._multi: dict[tuple[Session, int], Subscription] = {}
        self._positions_multi: dict[tuple[Session, int], Subscription] = {}
        self._summaries: dict[tuple[Session, int], Subscription] = {}
        self._pnl: dict[tuple[Session, int], Subscription] = {}
        self._account_due = 0
        self._pnl_due = 0
        self._traded: set[str] = set()
        self._seen: Seen | None = None
        """What was asked of the market during the current turn; None outside of one."""

    def handlers(self) -> Handlers:
        return {
            requests.REQ_ACCOUNT_UPDATES: self.account_updates,
            requests.REQ_ACCOUNT_UPDATES_MULTI: self.account_updates_multi,
            requests.CANCEL_ACCOUNT_UPDATES_MULTI: self.cancel_account_updates_multi,
            requests.REQ_ACCOUNT_SUMMARY: self.account_summary,
            requests.CANCEL_ACCOUNT_SUMMARY: self.cancel_account_summary,
            requests.REQ_POSITIONS: self.positions,
            requests.CANCEL_POSITIONS: self.cancel_positions,
            requests.REQ_POSITIONS_MULTI: self.positions_multi,
            requests.CANCEL_POSITIONS_MULTI: self.cancel_positions_multi,
            requests.REQ_PNL: self.pnl,
            requests.CANCEL_PNL: self.cancel_pnl,
            requests.REQ_PNL_SINGLE: self.pnl_single,
            requests.CANCEL_PNL_SINGLE: self.cancel_pnl,
        }

    def forget(self, session: Session) -> None:
        self._updates.pop(session, None)
        self._positions.discard(session)
        for table in (self._multi, self._positions_multi, self._summaries, self._pnl):
            for key in [key for key in table if key[0] is session]:
                del table[key]

    # ------------------------------------------------------------------ values and portfolio
    def account_updates(self, session: Session, request: Request) -> None:
        """Start or stop values and portfolio; a second start replaces the first."""
        account = self._hub.account(request.text("account"))
        if not request.flag("subscribe"):
            self._updates.pop(session, None)
            return
        subscription = self._updates[session] = Subscription(session, account)
        self._send_updates(subscription)
        session.send(responses.ACCOUNT_DOWNLOAD_END, account=account)

    def _send_updates(self, subscription: Subscription) -> None:
        session, account = subscription.session, subscription.account
        for tag, value, currency in self._changes(subscription, account):
            session.send(responses.ACCOUNT_VALUE, key=tag, value=value, currency=currency, account=account)
        for position in self._held(account).values():
            if subscription.changed(position.con_id, position):
                session.send(responses.PORTFOLIO_VALUE, **self._portfolio_fields(position))
        session.send(responses.ACCOUNT_TIME, time=self._account_time())

    def _changes(self, subscription: Subscription, account: str) -> Iterator[Row]:
        """Yield the rows of an account that are wanted and not known yet. The same tag of ledger and account differ."""
        in_ledger = False
        for tag, value, currency in self._values(account):
            in_ledger = in_ledger or (tag, currency) == ("Currency", BASE)
            if subscription.wanted.takes(tag, currency, in_ledger=in_ledger) and subscription.changed(
                (account, tag, currency, in_ledger), value
            ):
                yield tag, value, currency

    def _values(self, account: str) -> Sequence[Row]:
        seen = self._seen or Seen()
        if account not in seen.values:
            seen.values[account] = self._hub.exchange.account_values(account)
        return seen.values[account]

    def _held(self, account: str) -> Mapping[int, SimPosition]:
        """Return the positions of an account by contract id."""
        seen = self._seen or Seen()
        if account not in seen.positions:
            seen.positions[account] = {one.con_id: one for one in self._hub.exchange.positions(account)}
        return seen.positions[account]

    def _accounts(self, name: str) -> tuple[str, ...]:
        """Return the accounts that a request for one, or for all of them, means."""
        return tuple(self._hub.exchange.accounts) if name in _EVERY_ACCOUNT else (self._hub.account(name),)

    def _portfolio_fields(self, position: SimPosition) -> Values:
        instrument = self._hub.contracts.instrument(position.con_id)
        return {
            **contract_fields(instrument, absent_right="0"),
            "primary_exchange": instrument.primary_exchange or instrument.exchange,
            "position": position.quantity,
            "market_price": position.market_price,
            "market_value": position.market_value,
            "average_cost": position.average_cost,
            "unrealized_pnl": position.unrealized,
            "realized_pnl": position.realized,
            "account": position.account,
        }

    def _account_time(self) -> str:
        first = next(iter(self._hub.exchange.instruments()), None)
        return "" if first is None else f"{local_time(first, self._hub.now_ns()):%H:%M}"

    def account_updates_multi(self, session: Session, request: Request) -> None:
        """Values of one account, or of all, under a request id; with the flag only ledger and net liquidation."""
        name = request.text("account")
        self._accounts(name)
        self._refuse_model(request)
        wanted = Wanted(_WITH_LEDGER) if request.flag("ledger_and_nlv") else Wanted()
        subscription = Subscription(session, name, request.id, wanted=wanted)
        self._multi[session, request.id] = subscription
        self._send_multi(subscription)
        session.send(responses.ACCOUNT_UPDATE_MULTI_END, req_id=request.id)

    def _send_multi(self, subscription: Subscription) -> None:
        for account in self._accounts(subscription.account):
            for tag, value, currency in self._changes(subscription, account):
                subscription.session.send(
                    responses.ACCOUNT_UPDATE_MULTI,
                    req_id=subscription.req_id,
                    account=account,
                    key=tag,
                    value=value,
                    currency=currency,
                )

    @staticmethod
    def _refuse_model(request: Request) -> None:
        if request.text("model_code"):
            raise invalid(f"Unknown model code '{request.text('model_code')}'")

    def cancel_account_updates_multi(self, session: Session, request: Request) -> None:
        self._cancel(self._multi, session, request)

    def account_summary(self, session: Session, request: Request) -> None:
        """Chosen values of all accounts; two subscriptions per client."""
        if sum(1 for owner, _ in self._summaries if owner is session) >= MAX_SUMMARIES:
            raise SimulatorRefusalError(
                322,
                "Error processing request.-'b' : cause - Maximum number of account summary requests exceeded",
            )
        if request.text("group") not in ("All", ""):
            raise invalid(f"Invalid group '{request.text('group')}', there is only All")
        if (session, request.id) in self._summaries:
            raise SimulatorRefusalError(322, "Error processing request.-'b' : cause - Duplicate ticker id")
        wanted = Wanted.of_summary(request.text("tags"))
        if wanted.nothing:
            raise invalid("At least one account summary tag is required")
        subscription = Subscription(session, "", request.id, wanted=wanted)
        self._summaries[session, request.id] = subscription
        self._send_summary(subscription)
        session.send(responses.ACCOUNT_SUMMARY_END, req_id=request.id)

    def _send_summary(self, subscription: Subscription) -> None:
        for account in self._hub.exchange.accounts:
            for tag, value, currency in self._changes(subscription, account):
                subscription.session.send(
                    responses.ACCOUNT_SUMMARY,
                    req_id=subscription.req_id,
                    account=account,
                    tag=tag,
                    value=value,
                    currency=currency,
                )

    def cancel_account_summary(self, session: Session, request: Request) -> None:
        self._cancel(self._summaries, session, request)

    # ------------------------------------------------------------------ positions
    def positions(self, session: Session, request: Request) -> None:
        """All positions, then every change."""
        del request
        self._positions.add(session)
        for account in self._hub.exchange.accounts:
            for position in self._hub.exchange.positions(account):
                if position.quantity:
                    session.send(responses.POSITION, **self._position_fields(position))
        session.send(responses.POSITION_END)

    def _position_fields(self, position: SimPosition) -> Values:
        instrument = self._hub.contracts.instrument(position.con_id)
        return {
            **contract_fields(instrument, instrument.primary_exchange),
            "account": position.account,
            "position": position.quantity,
            "average_cost": position.average_cost,
        }

    def cancel_positions(self, session: Session, request: Request) -> None:
        del request
        self._positions.discard(session)

    def positions_multi(self, session: Session, request: Request) -> None:
        """Positions of one account, or of all, under a request id, then every change."""
        name = request.text("account")
        accounts = self._accounts(name)
        self._refuse_model(request)
        self._positions_multi[session, request.id] = Subscription(session, name, request.id)
        for account in accounts:
            for position in self._hub.exchange.positions(account):
                if position.quantity:
                    session.send(responses.POSITION_MULTI, req_id=request.id, **self._position_fields(position))
        session.send(responses.POSITION_MULTI_END, req_id=request.id)

    def cancel_positions_multi(self, session: Session, request: Request) -> None:
        self._cancel(self._positions_multi, session, request)

    def on_position(self, position: SimPosition) -> None:
        """A trade changed a position."""
        fields = self._position_fields(position)
        for session in self._hub.online():
            if session in self._positions:
                session.send(responses.POSITION, **fields)
        for subscription in self._positions_multi.values():
            if position.account in self._accounts(subscription.account):
                subscription.session.send(responses.POSITION_MULTI, req_id=subscription.req_id, **fields)
        for subscription in self._updates.values():
            if subscription.account == position.account and not position.quantity:
                # a closed position is not listed any more, so its zero is sent here
                subscription.sent.pop(position.con_id, None)
                subscription.session.send(responses.PORTFOLIO_VALUE, **self._portfolio_fields(position))
        self._traded.add(position.account)

    def on_account(self, account: str) -> None:
        self._traded.add(account)

    # ------------------------------------------------------------------ P&L
    def pnl(self, session: Session, request: Request) -> None:
        """Daily, unrealized and realized P&L of an account, once per second."""
        self._start_pnl(session, request, con_id=0)

    def pnl_single(self, session: Session, request: Request) -> None:
        """The same for one position."""
        con_id = request.integer("con_id")
        if con_id <= 0:
            raise invalid("A positive contract id is required")
        self._start_pnl(session, request, con_id=con_id)

    def _start_pnl(self, session: Session, request: Request, *, con_id: int) -> None:
        account = self._hub.account(request.text("account"))
        self._refuse_model(request)
        if (session, request.id) in self._pnl:
            raise SimulatorRefusalError(322, "Error processing request.-'b' : cause - Duplicate ticker id")
        subscription = Subscription(session, account, request.id, con_id)
        self._pnl[session, request.id] = subscription
        self._send_pnl(subscription)

    def _send_pnl(self, subscription: Subscription) -> None:
        if not subscription.con_id:
            daily, unrealized, realized = self._hub.exchange.pnl(subscription.account)
            subscription.session.send(
                responses.PNL,
                req_id=subscription.req_id,
                daily=_cents(daily),
                unrealized=_cents(unrealized),
                realized=_cents(realized),
            )
            return
        position = self._held(subscription.account).get(subscription.con_id)
        # Without such a position: zero of it, its profits unset, as TWS answers.
        subscription.session.send(
            responses.PNL_SINGLE,
            req_id=subscription.req_id,
            position=position.quantity if position else Decimal(0),
            daily=_cents(position.daily) if position else None,
            unrealized=_cents(position.unrealized) if position else None,
            realized=_cents(position.realized) if position else None,
            value=_cents(position.market_value) if position else Decimal(0),
        )

    def cancel_pnl(self, session: Session, request: Request) -> None:
        self._cancel(self._pnl, session, request)

    @staticmethod
    def _cancel(table: dict[tuple[Session, int], Subscription], session: Session, request: Request) -> None:
        if table.pop((session, request.id), None) is None:
            raise SimulatorRefusalError(300, f"Can't find EId with tickerId:{request.id}")

    # ------------------------------------------------------------------ time
    def on_turn(self, now_ns: int) -> None:
        """Send what is due, and at once what a trade changed."""
        self._seen = Seen()
        periodic = now_ns >= self._account_due
        if periodic:
            self._account_due = now_ns + ACCOUNT_PERIOD_NS
        if periodic or self._traded:
            self._send_accounts(None if periodic else self._traded)
        if now_ns >= self._pnl_due:
            self._pnl_due = now_ns + PNL_PERIOD_NS
            for subscription in self._pnl.values():
                self._send_pnl(subscription)
        self._traded.clear()
        self._seen = None

    def _send_accounts(self, accounts: set[str] | None) -> None:
        for subscription in self._updates.values():
            if accounts is None or subscription.account in accounts:
                self._send_updates(subscription)
        for subscription in self._multi.values():
            if accounts is None or accounts.intersection(self._accounts(subscription.account)):
                self._send_multi(subscription)
        if accounts is None:
            for subscription in self._summaries.values():
                self._send_summary(subscription)


def _cents(amount: float) -> Decimal:
    """Amounts of P&L messages, to a hundredth of a cent."""
    return Decimal(repr(round(amount, 4)))
