# SPDX-License-Identifier: Apache-2.0
"""Positions against an independent oracle, and the worst case that limits count against brute force.

The oracle keeps a list of open units and realizes against their average; it shares no code with the book.
"""

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from terminal.clock import NS_PER_S
from terminal.model import events as e
from terminal.model.enums import BracketRole, OrderOrigin, Side
from terminal.model.ids import AccountId, ClientOrderId, ExecutionId, GroupId, StrategyId
from terminal.model.order import Order
from terminal.trading.book import Book, Booking
from terminal.trading.daily_pnl import daily_pnl, day_sums, reset_of
from terminal.trading.request import worst_case
from terminal.trading.valuation import Valuation
from tests.unit.trading.desk import AAPL, START_NS, limit, stock

D = Decimal


class Oracle:
    """Average cost with exact fractions: a signed quantity, a cost of the open part, what was realized."""

    def __init__(self) -> None:
        self.quantity = Fraction(0)
        self.cost = Fraction(0)
        self.realized = Fraction(0)
        self.cash = Fraction(0)

    def trade(self, signed: int, price: Fraction, multiplier: int) -> None:
        self.cash -= signed * price * multiplier
        step = 1 if signed > 0 else -1
        for _ in range(abs(signed)):  # unit by unit: no case distinction to get wrong
            if self.quantity * step < 0:
                average = self.cost / self.quantity
                self.realized += -step * (price - average) * multiplier
                self.cost += step * average
            else:
                self.cost += step * price
            self.quantity += step


def _close(ours: Decimal, exact: Fraction) -> bool:
    return abs(Fraction(ours) - exact) <= Fraction(1, 10**15)


trades = st.lists(
    st.tuples(st.integers(-12, 12).filter(bool), st.integers(1, 5_000).map(lambda cents: Fraction(cents, 100))),
    max_size=30,
)


def _decimal(price: Fraction) -> Decimal:
    return D(price.numerator) / D(price.denominator)


@settings(max_examples=200, deadline=None)
@given(trades, st.sampled_from([1, 50, 100]))
def test_book_equals_the_oracle(history: list[tuple[int, Fraction]], multiplier: int) -> None:
    book, oracle = Book(), Oracle()
    book.learn(D(multiplier), "USD")
    for number, (signed, price) in enumerate(history):
        book.book(Booking(key=str(number), signed=D(signed), price=_decimal(price), event_ns=number, strategy_id=None))
        oracle.trade(signed, price, multiplier)
        position = book.total
        assert position.quantity == oracle.quantity
        assert _close(position.realized, oracle.realized)
        if oracle.quantity:
            assert _close(position.average_price, oracle.cost / oracle.quantity)
        else:
            assert position.average_price == 0
        # value = cash + stock, however it was traded
        mark = Fraction(777, 10)
        worth = oracle.cash + oracle.quantity * mark * multiplier
        ours = float(position.realized) + position.unrealized(float(mark), D(multiplier))
        assert abs(ours - float(worth)) < 1e-6


@settings(max_examples=150, deadline=None)
@given(trades, st.data())
def test_corrections_and_busts_leave_what_a_clean_history_gives(
    history: list[tuple[int, Fraction]], data: st.DataObject
) -> None:
    book = Book()
    book.learn(D(1), "USD")
    final = dict(enumerate(history))
    for number, (signed, price) in enumerate(history):
        book.book(Booking(key=str(number), signed=D(signed), price=_decimal(price), event_ns=number, strategy_id=None))
        if data.draw(st.integers(0, 3)) == 0:
            which = data.draw(st.integers(0, number))
            side = 1 if final[which][0] > 0 else -1
            corrected = side * data.draw(st.integers(0, 12))
            final[which] = (corrected, data.draw(st.integers(1, 5_000)) * Fraction(1, 100))
            book.book(
                Booking(
                    key=str(which),
                    signed=D(final[which][0]),
                    price=_decimal(final[which][1]),
                    event_ns=which,
                    strategy_id=None,
                )
            )
    clean = Oracle()
    for number in range(len(history)):
        clean.trade(final[number][0], final[number][1], 1)
    assert book.total.quantity == clean.quantity
    assert _close(book.total.realized, clean.realized)


owners = st.sampled_from([None, StrategyId("alpha"), StrategyId("beta")])


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(-20, 20).filter(bool), st.integers(90, 110), owners), max_size=30))
def test_sub_ledgers_add_up(history: list[tuple[int, int, StrategyId | None]]) -> None:
    book = Book()
    book.learn(D(1), "USD")
    for number, (signed, price, owner) in enumerate(history):
        book.book(Booking(key=str(number), signed=D(signed), price=D(price), event_ns=number, strategy_id=owner))
        book.charge(ExecutionId(f"{number}.01"), D("0.35"), "USD", owner)
    parts = book.by_strategy.values()
    assert sum((part.quantity for part in parts), D(0)) == book.total.quantity
    assert sum((part.commission for part in parts), D(0)) == book.total.commission
    # realized differs by who closed whom, total worth does not
    worth = sum(float(part.realized) + part.unrealized(100.0, D(1)) for part in parts)
    assert abs(worth - float(book.total.realized) - book.total.unrealized(100.0, D(1))) < 1e-6


@settings(max_examples=300, deadline=None)
@given(trades, st.integers(0, 40), st.integers(50, 150), st.integers(50, 150))
def test_daily_pnl_is_the_change_of_worth_since_the_reset(
    history: list[tuple[int, Fraction]], reset: int, mark: int, then: int
) -> None:
    bookings = [
        Booking(key=str(number), signed=D(signed), price=_decimal(price), event_ns=number, strategy_id=None)
        for number, (signed, price) in enumerate(history)
    ]
    cash_before = sum((-s * p for n, (s, p) in enumerate(history) if n < reset), Fraction(0))
    cash_now = sum((-s * p for s, p in history), Fraction(0))
    held_before = sum(s for n, (s, _) in enumerate(history) if n < reset)
    held_now = sum(s for s, _ in history)
    expected = (cash_now + held_now * mark) - (cash_before + held_before * then)
    ours = daily_pnl(day_sums(bookings, reset), mark=float(mark), price_at_reset=float(then), multiplier=D(1))
    assert ours is not None
    assert abs(ours - float(expected)) < 1e-6


# ---------------------------------------------------------------- worst case
def _order(number: int, side: Side, quantity: int, filled: int, **extra: object) -> Order:
    coid = ClientOrderId(f"T1-{number}")
    group, role, parent = extra.get("group"), extra.get("role", BracketRole.NONE), extra.get("parent")
    assert isinstance(role, BracketRole)
    order = Order(
        e.OrderInitialized(
            client_order_id=coid,
            ns=0,
            spec=limit(side, quantity),
            account_id=AccountId("DU1"),
            origin=OrderOrigin.MANUAL,
            group_id=GroupId(str(group)) if group is not None else None,
            role=role,
            parent_id=ClientOrderId(str(parent)) if parent is not None else None,
        )
    )
    order.apply(e.OrderStaged(client_order_id=coid, ns=0, broker_order_id=number, client_id=1))
    order.apply(e.OrderSending(client_order_id=coid, ns=0))
    if filled:
        order.apply(
            e.OrderFilled(
                client_order_id=coid,
                ns=0,
                execution_id=ExecutionId(f"{number}.01"),
                side=side,
                quantity=D(filled),
                price=D(100),
                event_ns=0,
            )
        )
    return order


def _most(order: Order) -> Decimal:
    asked = order.requested.quantity if order.requested is not None else order.spec.quantity
    return asked - order.filled


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(list(Side)), st.integers(1, 50), st.integers(0, 50), st.sampled_from("nwuc")),
        max_size=7,
    )
)
def test_worst_case_is_the_worst_of_all_outcomes(plans: list[tuple[Side, int, int, str]]) -> None:
    orders = []
    for number, (side, quantity, filled, fate) in enumerate(plans):
        order = _order(number, side, quantity, min(filled, quantity))
        coid = order.client_order_id
        if fate == "u" and order.is_open:
            order.apply(e.OrderUnknown(client_order_id=coid, ns=0, reason="x"))
        if fate == "c" and order.is_open:
            order.apply(e.OrderCancelled(client_order_id=coid, ns=0))
        if fate == "w" and order.is_open:
            order.apply(e.OrderWorking(client_order_id=coid, ns=0))
            if order.is_live_at_broker:
                larger = replace(order.spec, quantity=order.spec.quantity + 7)
                order.apply(e.OrderReplaceRequested(client_order_id=coid, ns=0, spec=larger, actor="user"))
        orders.append(order)
    for side in Side:
        outcomes = [D(0)]
        alive = [order for order in orders if order.is_open and order.spec.side is side]
        for count in range(len(alive) + 1):
            for chosen in combinations(alive, count):
                outcomes += [sum((_most(each) for each in chosen), D(0))]
        assert worst_case(orders, side) == max(outcomes)


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 60), st.integers(0, 60), st.integers(0, 60))
def test_exits_of_a_bracket_count_once_and_only_for_what_may_have_filled(
    quantity: int, entry_filled: int, exit_filled: int
) -> None:
    filled = min(entry_filled, quantity)
    entry = _order(0, Side.BUY, quantity, filled, group="g", role=BracketRole.ENTRY)
    done = min(exit_filled, filled)
    target = _order(1, Side.SELL, quantity, done, group="g", role=BracketRole.TARGET, parent="T1-0")
    protect = _order(2, Side.SELL, quantity, 0, group="g", role=BracketRole.STOP, parent="T1-0")
    orders = [entry, target, protect]
    assert worst_case(orders, Side.BUY) == quantity - filled
    longest = quantity if not (target.is_terminal and protect.is_terminal) else 0
    assert worst_case(orders, Side.SELL) == max(longest - (quantity - filled), 0)
    assert worst_case(orders, Side.SELL, leave_out=protect) <= worst_case(orders, Side.SELL)
    assert entry.instrument_id == AAPL


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 12),  # the key: one that is known is a correction
            st.integers(-9, 9),
            st.integers(1, 900),
            st.integers(0, 40),
            st.sampled_from([False, False, False, True]),
            st.integers(0, 2),  # how often the day is looked at afterwards
        ),
        max_size=40,
    ),
    st.integers(0, 40),
)
def test_the_days_sums_kept_up_to_date_equal_those_added_up_afresh(
    history: list[tuple[int, int, int, int, bool, int]], reset_s: int
) -> None:
    now = START_NS
    instrument = stock()
    valuation = Valuation(
        now_ns=lambda: now,
        instrument_of=lambda _: instrument,
        mark_of=lambda _: 7.0,
        previous_close_of=lambda _: 5.0,
    )
    reset = reset_of(instrument, now)
    book = Book()
    book.learn(D(1), "USD")
    for key, signed, price, moment, opening, looks in history:
        ns = reset.ns + (moment - reset_s) * NS_PER_S
        book.book(
            Booking(key=str(key), signed=D(signed), price=D(price), event_ns=ns, strategy_id=None, opening=opening)
        )
        for _ in range(looks):
            afresh = day_sums(book.bookings.values(), reset.ns)
            ours = valuation.daily(AAPL, book)
            assert ours == daily_pnl(afresh, mark=7.0, price_at_reset=5.0, multiplier=D(1))
