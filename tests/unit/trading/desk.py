# SPDX-License-Identifier: Apache-2.0
"""A whole order core on a stepped clock, with a broker that answers what a test lets it answer."""

from collections.abc import Iterable
from decimal import Decimal

from terminal.bus import Bus
from terminal.clock import NS_PER_S, SimClock
from terminal.model import events as e
from terminal.model.commands import BracketSpec, OrderSpec, SubmitOrder
from terminal.model.enums import AssetClass, LinkState, Mode, OrderOrigin, OrderStatus, OrderType, Side, TimeInForce
from terminal.model.ids import AccountId, ClientOrderId, ExecutionId, InstrumentId, StrategyId, execution_root
from terminal.model.instrument import Instrument, Session
from terminal.model.order import Order
from terminal.trading.execution import ExecutionEngine
from terminal.trading.ledger import Checkpoint, no_checkpoint
from terminal.trading.limits import RiskLimits
from terminal.trading.views import TradingSession
from tests.fakes import FakeMarket, FakeVenue, SyncJournal, run_now

START_NS = 1_736_348_400 * NS_PER_S  # 8 January 2025, 10:00 in New York
ACCOUNT = AccountId("DU1")
CLIENT = 7
AAPL = InstrumentId("AAPL")
ES = InstrumentId("ES 20250321")
EURUSD = InstrumentId("EUR.USD")
CALL = InstrumentId("AAPL 20250321 C 200")
ALPHA = StrategyId("alpha")


def stock(name: InstrumentId = AAPL) -> Instrument:
    open_ns = START_NS - 30 * 60 * NS_PER_S
    return Instrument(
        id=name,
        asset_class=AssetClass.STOCK,
        symbol=str(name),
        broker_id=265598,
        liquid_hours=(Session(start_ns=open_ns, end_ns=open_ns + 23_400 * NS_PER_S),),
        trading_hours=(Session(start_ns=open_ns - 19_800 * NS_PER_S, end_ns=open_ns + 37_800 * NS_PER_S),),
    )


def future() -> Instrument:
    return Instrument(
        id=ES,
        asset_class=AssetClass.FUTURE,
        symbol="ES",
        multiplier=Decimal(50),
        min_tick=Decimal("0.25"),
        broker_id=11,
    )


def option() -> Instrument:
    return Instrument(
        id=CALL, asset_class=AssetClass.OPTION, symbol="AAPL", multiplier=Decimal(100), broker_id=12, underlying_id=AAPL
    )


def forex() -> Instrument:
    return Instrument(
        id=EURUSD,
        asset_class=AssetClass.FOREX,
        symbol="EUR",
        currency="USD",
        min_tick=Decimal("0.00005"),
        broker_id=13,
    )


class Desk:
    """An execution engine with everything around it."""

    def __init__(
        self,
        *,
        connect: bool = True,
        limits: RiskLimits | None = None,
        records: Iterable[object] = (),
        checkpoint: Checkpoint = no_checkpoint,
        mode: Mode = Mode.PAPER,
        clock: SimClock | None = None,
        worth: str = "250000",
    ) -> None:
        self.clock = clock if clock is not None else SimClock(START_NS)
        self.bus = Bus()
        self.journal = SyncJournal()
        self.broker = FakeVenue(now_ns=self.clock.now_ns)
        self.market = FakeMarket()
        for instrument, bid, ask in (
            (stock(), 99.99, 100.01),
            (future(), 5000.0, 5000.25),
            (option(), 4.9, 5.1),
            (forex(), 1.0999, 1.1001),
        ):
            self.market.instruments[instrument.id] = instrument
            self.market.show(instrument.id, bid, ask)
        self.engine = ExecutionEngine(
            bus=self.bus,
            clock=self.clock,
            journal=self.journal,
            venue=self.broker,
            market=self.market,
            spawn=run_now,
            limits=limits,
            checkpoint=checkpoint,
        )
        self.seen: list[object] = []
        self.told: list[e.VenueExecution] = []
        self.broker.book = self._held
        self.bus.subscribe(object, self.seen.append)
        self.engine.use_account(TradingSession(account_id=ACCOUNT, mode=mode, client_id=CLIENT))
        records = tuple(records)
        if records:
            self.journal.records.extend(records)
            self.engine.restore(records)
            known = [each.broker_order_id for each in records if isinstance(each, e.OrderStaged)]
            self.broker.floor = max(known, default=0) + 1
        if connect:
            self.connect()
            if worth:
                self.report_worth(worth)

    # ------------------------------------------------------------ the broker's side
    def connect(self) -> None:
        self.link(LinkState.SYNCING)
        self.link(LinkState.READY)

    def link(self, state: LinkState, code: int = 0, text: str = "") -> None:
        self.say(e.LinkChanged(ns=self.clock.now_ns(), state=state, code=code, text=text))

    def _held(self) -> list[e.PositionReported]:
        """Add up the latest revision of every execution that the broker has made known."""
        latest: dict[str, tuple[int, e.VenueExecution]] = {}
        for each in (*self.told, *self.broker.executions):
            root, revision = execution_root(each.execution_id)
            if each.account_id == ACCOUNT and revision >= latest.get(root, (0, each))[0]:
                latest[root] = (revision, each)
        sums: dict[InstrumentId, Decimal] = {}
        for _, each in latest.values():
            sums[each.instrument_id] = sums.get(each.instrument_id, Decimal(0)) + each.quantity * each.side.sign
        return [
            e.PositionReported(
                ns=self.clock.now_ns(), account_id=ACCOUNT, instrument_id=name, quantity=quantity, average_cost=100.0
            )
            for name, quantity in sums.items()
        ]

    def say(self, event: object) -> None:
        if isinstance(event, e.VenueExecution):
            self.told.append(event)
        assert self.engine.on_venue_event(event)

    def report_worth(self, worth: str = "250000") -> None:
        self.say(
            e.AccountValueReported(
                ns=self.clock.now_ns(), account_id=ACCOUNT, tag="NetLiquidation", value=worth, currency="USD"
            )
        )

    def opened(
        self, order: Order, status: str = "Submitted", *, perm: int | None = None, spec: OrderSpec | None = None
    ) -> e.VenueOrderOpened:
        return e.VenueOrderOpened(
            ns=self.clock.now_ns(),
            client_order_id=order.client_order_id,
            broker_order_id=order.broker_order_id or 0,
            client_id=CLIENT,
            perm_id=perm if perm is not None else 9_000 + (order.broker_order_id or 0),
            account_id=ACCOUNT,
            spec=spec or order.spec,
            status=status,
        )

    def status(
        self, order: Order, status: str, filled: int | str = 0, *, why: str = "", perm: int | None = None
    ) -> e.VenueOrderStatus:
        done = Decimal(filled)
        return e.VenueOrderStatus(
            ns=self.clock.now_ns(),
            broker_order_id=order.broker_order_id or 0,
            client_id=CLIENT,
            perm_id=perm if perm is not None else 9_000 + (order.broker_order_id or 0),
            status=status,
            filled=done,
            remaining=order.spec.quantity - done,
            why_held=why,
        )

    def execution(
        self,
        order: Order,
        quantity: int | str,
        price: str = "100",
        *,
        execution_id: str = "",
        by_reference: bool = True,
        perm: int | None = None,
    ) -> e.VenueExecution:
        name = execution_id or f"0001.{len(self.engine.portfolio.fills()):04d}.01.01"
        return e.VenueExecution(
            ns=self.clock.now_ns(),
            execution_id=ExecutionId(name),
            broker_order_id=order.broker_order_id or 0,
            client_id=CLIENT,
            perm_id=perm if perm is not None else 9_000 + (order.broker_order_id or 0),
            account_id=ACCOUNT,
            instrument_id=order.instrument_id,
            client_order_id=order.client_order_id if by_reference else None,
            side=order.spec.side,
            quantity=Decimal(quantity),
            price=Decimal(price),
            event_ns=self.clock.now_ns(),
            exchange="NASDAQ",
        )

    def error(self, order: Order, code: int, text: str = "text") -> e.VenueOrderError:
        return e.VenueOrderError(
            ns=self.clock.now_ns(), broker_order_id=order.broker_order_id or 0, code=code, text=text
        )

    def completed(self, order: Order, status: str, filled: int = 0, words: str = "") -> e.VenueOrderCompleted:
        return e.VenueOrderCompleted(
            ns=self.clock.now_ns(),
            client_order_id=order.client_order_id,
            perm_id=9_000 + (order.broker_order_id or 0),
            status=status,
            filled=Decimal(filled),
            completed_status=words,
        )

    def position(self, quantity: int, instrument_id: InstrumentId = AAPL, cost: float = 100.0) -> e.PositionReported:
        return e.PositionReported(
            ns=self.clock.now_ns(),
            account_id=ACCOUNT,
            instrument_id=instrument_id,
            quantity=Decimal(quantity),
            average_cost=cost,
        )

    # ------------------------------------------------------------ our side
    def submit(self, spec: OrderSpec, *, strategy: StrategyId | None = None, **extra: object) -> Order:
        bracket = extra.pop("bracket", None)
        confirmed = extra.pop("confirmed", frozenset())
        assert not extra
        assert bracket is None or isinstance(bracket, BracketSpec)
        assert isinstance(confirmed, frozenset)
        ids = self.engine.submit(
            SubmitOrder(
                spec=spec,
                bracket=bracket,
                origin=OrderOrigin.STRATEGY if strategy else OrderOrigin.MANUAL,
                strategy_id=strategy,
                confirmed_warnings=confirmed,
            )
        )
        return self.order(ids[0])

    def order(self, coid: ClientOrderId) -> Order:
        order = self.engine.orders.get(coid)
        assert order is not None
        return order

    def working(self, spec: OrderSpec | None = None, **extra: object) -> Order:
        """Submit and let the broker show it working."""
        strategy = extra.pop("strategy", None)
        assert strategy is None or isinstance(strategy, str)
        order = self.submit(spec or limit(), strategy=StrategyId(strategy) if strategy else None, **extra)
        assert order.is_open, order.reason
        self.say(self.opened(order))
        return order

    def hold(self, quantity: int, instrument_id: InstrumentId = AAPL, *, strategy: StrategyId | None = None) -> Order:
        """Come to hold a position through a filled order."""
        side = Side.BUY if quantity > 0 else Side.SELL
        order = self.submit(market(side, abs(quantity), instrument_id), strategy=strategy)
        assert order.is_open, order.reason
        price = str(self.engine.instrument(instrument_id) and self.market.quotes[instrument_id].mark)
        self.say(self.execution(order, abs(quantity), price))
        self.clock.advance(3)
        return order

    def events(self, kind: type[object]) -> list[object]:
        return [event for event in self.seen if isinstance(event, kind)]

    def restart(self) -> "Desk":
        """Return a new core on the same journal, not yet connected."""
        again = Desk(connect=False, records=self.journal.records)
        again.clock.advance_to(self.clock.now_ns())
        again.told = list(self.told)
        return again


def state(order: Order) -> OrderStatus:
    """Return the state of an order now: the type checker must not remember an earlier look."""
    return order.status


def limit(
    side: Side = Side.BUY,
    quantity: int | str = 100,
    price: str = "99.50",
    instrument_id: InstrumentId = AAPL,
    *,
    tif: TimeInForce = TimeInForce.DAY,
) -> OrderSpec:
    return OrderSpec(
        instrument_id=instrument_id,
        side=side,
        quantity=Decimal(quantity),
        order_type=OrderType.LIMIT,
        limit_price=Decimal(price),
        time_in_force=tif,
    )


def market(side: Side = Side.BUY, quantity: int | str = 100, instrument_id: InstrumentId = AAPL) -> OrderSpec:
    return OrderSpec(instrument_id=instrument_id, side=side, quantity=Decimal(quantity), order_type=OrderType.MARKET)


def stop(side: Side = Side.SELL, quantity: int = 100, price: str = "95.00") -> OrderSpec:
    return OrderSpec(
        instrument_id=AAPL,
        side=side,
        quantity=Decimal(quantity),
        order_type=OrderType.STOP,
        stop_price=Decimal(price),
    )
