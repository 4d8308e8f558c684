# SPDX-License-Identifier: Apache-2.0
"""RiskGate: gathers what the rules need, asks them in order, and shows how much of each limit is used.

The same gate for ticket, ladder, strategy and hot-key, in the last hop before the journal. It changes nothing
but its own memory of what was sent.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal
from typing import Final

from terminal.clock import Clock
from terminal.model.enums import Side
from terminal.model.ids import InstrumentId, StrategyId
from terminal.model.instrument import Instrument
from terminal.model.order import Order
from terminal.ports import Journal
from terminal.trading.arming import Arming
from terminal.trading.index import OrderIndex
from terminal.trading.limits import RiskLimits
from terminal.trading.link import LinkWatch
from terminal.trading.portfolio import Portfolio
from terminal.trading.rates import SendHistory
from terminal.trading.request import Denial, OrderRequest, RiskContext, worst_case
from terminal.trading.rules import first_refusal, judge
from terminal.trading.rules_limits import max_notional_of, max_position_of, max_quantity_of
from terminal.trading.states import TradingStates
from terminal.trading.views import MarketView, OrderVenue, TradingSession

_NEAR: Final = 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitUse:
    """How much of one limit is used. ``state`` is ok, near (80 %), breached or unknown; ``used`` None is not known.

    ``of_market``: what is used follows prices, and is no better than they are.
    """

    name: str
    used: float | None
    limit: float
    unit: str
    state: str
    of_market: bool = False


class RiskGate:
    """Judges orders."""

    def __init__(
        self,
        *,
        clock: Clock,
        index: OrderIndex,
        portfolio: Portfolio,
        market: MarketView,
        trading: TradingStates,
        arming: Arming,
        link: LinkWatch,
        journal: Journal,
        venue: OrderVenue,
        limits: RiskLimits,
    ) -> None:
        self._clock = clock
        self._index = index
        self._portfolio = portfolio
        self._market = market
        self._trading = trading
        self._arming = arming
        self._link = link
        self._journal = journal
        self._venue = venue
        self._history = SendHistory()
        self.limits = limits
        self.session: TradingSession | None = None

    # ------------------------------------------------------------ judging
    def check(self, request: OrderRequest, without: Collection[Order] = ()) -> Denial | None:
        """Return the first refusal that stands, or None: it may leave. ``without``: orders that will be over."""
        return first_refusal(request, self.context(request, without))

    def check_all(self, request: OrderRequest) -> Sequence[Denial]:
        """Return every refusal at once, for a ticket that shows them before the click."""
        return judge(request, self.context(request))

    def note_sent(self, request: OrderRequest, orders: int = 1) -> None:
        """Remember what has passed, for rate and duplicates."""
        now, elapsed = self._clock.now_ns(), self._clock.monotonic_ns()
        self._history.note(request.spec, request.strategy_id, elapsed, orders, day_ns=now)

    def context(self, request: OrderRequest, without: Collection[Order] = ()) -> RiskContext:
        """Take everything that the rules look at, now."""
        spec, strategy = request.spec, request.strategy_id
        now, elapsed = self._clock.now_ns(), self._clock.monotonic_ns()
        instrument = self._market.instrument(spec.instrument_id)
        working = [order for order in self._index.working_for(spec.instrument_id) if order not in without]
        option = self._market.option_quote(spec.instrument_id)
        buys = sum(1 for order in working if order.spec.side is Side.BUY)
        limits, history = self.limits, self._history
        tick = instrument.min_tick if instrument is not None else Decimal(0)
        return RiskContext(
            now_ns=now,
            limits=limits,
            session=self.session,
            armed=self._arming.armed,
            state=self._trading.state,
            state_source=self._trading.source,
            state_reason=self._trading.reason,
            frozen=self._trading.frozen(spec.instrument_id, strategy),
            connected=self._link.connected,
            reconciled=self._link.reconciled,
            link_text=self._link.text,
            clock_skew_s=self._clock.drift_s,
            journal_healthy=self._journal.healthy,
            journal_fill=self._journal.queue_fill,
            read_only=self._venue.read_only,
            instrument=instrument,
            quote=self._market.quote(spec.instrument_id),
            quote_age_s=self._market.age_s(spec.instrument_id),
            reference=self._market.reference(spec.instrument_id),
            model_price=option.price if option is not None else None,
            position=self._portfolio.position(spec.instrument_id).quantity,
            working_buy=worst_case(working, Side.BUY, leave_out=request.order),
            working_sell=worst_case(working, Side.SELL, leave_out=request.order),
            open_buys=buys,
            open_sells=len(working) - buys,
            open_account=self._index.open_count() - len(without),
            strategy_second=history.within(1.0, elapsed, strategy) if strategy is not None else 0,
            strategy_minute=history.within(60.0, elapsed, strategy) if strategy is not None else 0,
            strategy_day=history.today(strategy, now) if strategy is not None else 0,
            account_second=history.within(1.0, elapsed),
            same_before_s=history.same_before(spec, tick, limits.duplicate_window_s, elapsed),
            day_loss_percent=self.day_loss_percent(),
            rate_to_base=self._portfolio.rate_to_base(instrument.currency) if instrument is not None else None,
        )

    def day_loss_percent(self) -> float | None:
        """Return today's loss in percent of the net liquidation that the day began with; the worse of both figures."""
        return max((each for each in self.day_losses() if each is not None), default=None)

    def day_losses(self) -> tuple[float | None, float | None]:
        """Return today's loss in percent of the net liquidation that the day began with: the broker's and ours."""
        worth = self._portfolio.account().net_liquidation
        broker, ours = self._portfolio.day_pnl()
        return _loss_percent(broker, worth), _loss_percent(ours, worth)

    # ------------------------------------------------------------ sizing and showing
    def largest_order(self, instrument: Instrument, price: float, side: Side | None = None) -> tuple[Decimal, str]:
        """Return the largest quantity that the size limits let through at ``price``, and the rule that sets it.

        Without a side the tighter one counts. Zero when the value cannot be computed.
        """
        limits = self.limits
        rate = self._portfolio.rate_to_base(instrument.currency)
        unit = abs(price) * float(instrument.multiplier) * (rate or 0.0) * (1 + limits.collar_percent / 100)
        if not unit:
            return Decimal(0), "MAX_NOTIONAL"
        position = self._portfolio.position(instrument.id).quantity
        working = self._index.working_for(instrument.id)
        held = max(
            position * each.sign + worst_case(working, each)
            for each in ((side,) if side is not None else (Side.BUY, Side.SELL))
        )
        room = {
            "MAX_QTY": Decimal(repr(max_quantity_of(instrument, limits))),
            "MAX_NOTIONAL": Decimal(repr(max_notional_of(instrument, limits) / unit)),
            "MAX_POSITION": Decimal(repr(max_position_of(instrument, limits))) - held,
        }
        rule = min(room, key=lambda name: room[name])
        step = instrument.size_increment
        most = (max(room[rule], Decimal(0)) / step).quantize(Decimal(1), rounding=ROUND_DOWN) * step
        return most, rule

    def limits_used(self) -> Sequence[LimitUse]:
        """Return name, used, limit, unit and state of what the risk panel shows."""
        limits, elapsed = self.limits, self._clock.monotonic_ns()
        loss = self.day_loss_percent()
        lost = None if loss is None else max(loss, 0.0)
        rows = [
            _use("Day loss, only closing", lost, limits.loss_reduce_percent, "%", of_market=True),
            _use("Day loss, halt", lost, limits.loss_halt_percent, "%", of_market=True),
            _use("Orders in the last second", self._history.within(1.0, elapsed), limits.account_orders_per_second, ""),
            _use("Working orders", self._index.open_count(), limits.max_open_account, ""),
            _use("Journal queue", self._journal.queue_fill * 100, 80.0, "%"),
            _use("Broker's clock away from ours", abs(self._clock.drift_s), limits.clock_skew_s, "s"),
        ]
        rows += [self._position_use(instrument_id) for instrument_id in self._held()]
        return tuple(rows)

    def _held(self) -> Sequence[InstrumentId]:
        held = {name for name, position in self._portfolio.positions().items() if position.quantity}
        return sorted(held | {order.instrument_id for order in self._index.open()})

    def _position_use(self, instrument_id: InstrumentId) -> LimitUse:
        instrument = self._market.instrument(instrument_id)
        working = self._index.working_for(instrument_id)
        position = self._portfolio.position(instrument_id).quantity
        used = max(position * side.sign + worst_case(working, side) for side in Side)
        limit = max_position_of(instrument, self.limits) if instrument is not None else 0.0
        return _use(f"Position {instrument_id}, worst case", float(used), limit, "units")

    def strategy_orders_today(self, strategy_id: StrategyId) -> int:
        return self._history.today(strategy_id, self._clock.now_ns())


def _loss_percent(day_pnl: float | None, worth: Decimal | None) -> float | None:
    if day_pnl is None or worth is None:
        return None
    base = float(worth) - day_pnl
    return -day_pnl / base * 100 if base > 0 else None


def _use(name: str, used: float | None, limit: float, unit: str, *, of_market: bool = False) -> LimitUse:
    if used is None:
        state = "unknown"
    elif used >= limit:
        state = "breached"
    else:
        state = "near" if used >= _NEAR * limit else "ok"
    return LimitUse(name=name, used=used, limit=limit, unit=unit, state=state, of_market=of_market)
