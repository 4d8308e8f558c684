# SPDX-License-Identifier: Apache-2.0
"""Matching under random orders and flow: nothing trades through, time decides, quantity and cash are conserved."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from terminal.simulation.book import LimitBook, Match
from terminal.simulation.exchange_port import SimExecution, SimOrderState, SimulatorRefusalError
from terminal.simulation.market import Market
from terminal.simulation.orders import price_to_tick
from terminal.simulation.trading_days import NS
from tests.unit.simulation.floor_case import AAPL, ACCOUNT, MSFT, Recorder, market, order

LEVELS = 6


def shown(sign: int, tick: int, touch: int, ns: int) -> int:
    """Return a background that differs by level and changes every ten moments."""
    if not 0 <= (touch - tick) * sign < LEVELS:
        return 0
    return 1 + (tick * 7919 + sign * 31 + ns // 10 * 104_729) % 90


actions = st.one_of(
    st.tuples(st.just("rest"), st.sampled_from([1, -1]), st.integers(90, 110), st.integers(1, 80)),
    st.tuples(st.just("take"), st.sampled_from([1, -1]), st.integers(90, 110), st.integers(1, 300)),
    st.tuples(st.just("touch"), st.integers(1, 4), st.integers(95, 105), st.just(0)),
    st.tuples(st.just("print"), st.sampled_from([1, -1]), st.just(0), st.integers(1, 150)),
    st.tuples(st.just("remove"), st.just(0), st.integers(0, 30), st.just(0)),
)


@dataclass
class Model:
    """What must hold, kept apart from the book: orders as they were placed, and what each has traded."""

    book: LimitBook = field(default_factory=lambda: LimitBook(shown))
    now: int = 0
    placed: dict[int, tuple[int, int, int]] = field(default_factory=dict)
    """owner -> side, limit, size"""
    traded: dict[int, int] = field(default_factory=dict)
    rested: dict[int, int] = field(default_factory=dict)
    """owner -> the order in which it came to rest"""

    def left(self, owner: int) -> int:
        return self.placed[owner][2] - self.traded.get(owner, 0)

    def check(self, match: Match) -> None:
        """Check one trade before it is booked."""
        assert match.size > 0
        for owner, sign in ((match.taker, match.sign), (match.maker, -match.sign)):
            if owner:
                side, limit, _ = self.placed[owner]
                assert side == sign
                assert (limit - match.tick) * side >= 0, "worse than its limit"
        if match.maker:
            self._check_maker(match)

    def _check_maker(self, match: Match) -> None:
        """No own order with a better price, or the same price and an earlier place, is passed over."""
        side, limit, _ = self.placed[match.maker]
        assert match.tick == limit
        for other, place in self.rested.items():
            if other == match.maker or self.placed[other][0] != side or self.left(other) <= 0:
                continue
            ahead = (self.placed[other][1] - limit) * side
            assert ahead <= 0, "a better price was passed over"
            assert ahead < 0 or place > self.rested[match.maker], "an earlier order was passed over"

    def book_trades(self, matches: Any) -> None:
        for match in matches:
            self.check(match)
            for owner in (match.taker, match.maker):
                if owner:
                    self.traded[owner] = self.traded.get(owner, 0) + match.size
                    assert self.left(owner) >= 0, "overfilled"


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(actions, min_size=5, max_size=60))
def test_the_book_keeps_price_and_time(script: Sequence[tuple[str, int, int, int]]) -> None:
    model = Model()
    model.book_trades(model.book.set_touch(100, 101, 0))
    for owner, (what, first, second, size) in enumerate(script, start=1):
        model.now += 3
        book, now = model.book, model.now
        if what in {"rest", "take"}:
            model.placed[owner] = (first, second, size)
            model.book_trades(book.take(owner, first, second, size, now))
            if what == "rest" and model.left(owner) > 0:
                model.rested[owner] = owner
                book.rest(owner, first, second, model.left(owner), now)
        elif what == "touch":
            model.book_trades(book.set_touch(second, second + first, now))
        elif what == "print":
            tick = book.touch(-first)
            assert tick is not None
            model.book_trades(book.trade(tick, size, first, now))
        elif second in model.rested:
            side, limit, _ = model.placed[second]
            assert book.remove(second, side, limit) == model.left(second)
            del model.rested[second]
        for kept in [owner for owner in model.rested if model.left(owner) <= 0]:
            del model.rested[kept]
        for side in (1, -1):
            held = {model.placed[kept][1] for kept in model.rested if model.placed[kept][0] == side}
            assert set(book.own_ticks(side)) == held
        bids, asks = book.own_ticks(1), book.own_ticks(-1)
        assert not bids or not asks or bids[0] < asks[0], "own orders stand crossed"


requests = st.lists(
    st.tuples(
        st.sampled_from(["MKT", "LMT", "STP", "TRAIL", "bracket", "oca", "cancel", "modify", "wait"]),
        st.sampled_from(["BUY", "SELL"]),
        st.integers(1, 400),
        st.integers(-30, 30),
        st.sampled_from([AAPL, MSFT]),
    ),
    min_size=3,
    max_size=25,
)


class Trader:
    """Sends random orders to a simulated market and remembers groups."""

    def __init__(self) -> None:
        self.exchange, self.heard = market(3)
        self.groups: list[list[int]] = []
        self.sizes: list[int] = []
        self.changed: set[int] = set()
        self.brackets: list[tuple[int, list[int]]] = []
        self.sent: list[int] = []
        for con_id in (AAPL, MSFT):
            self.exchange.watch(con_id, "top")
            self.exchange.watch(con_id, "prints")

    def place(self, action: str, size: int, kind: str, con_id: int, **more: Any) -> int:
        perm_id = self.exchange.place(order(action, size, kind, con_id, **more)).perm_id
        self.sent.append(perm_id)
        return perm_id

    def do(self, what: str, action: str, size: int, cents: int, con_id: int) -> None:
        bid = self.exchange.top(con_id).bid
        assert bid is not None
        price = round(bid + cents / 100, 2)
        other = "SELL" if action == "BUY" else "BUY"
        match what:
            case "MKT":
                self.place(action, size, "MKT", con_id)
            case "LMT":
                self.place(action, size, "LMT", con_id, limit_price=price)
            case "STP":
                self.place(action, size, "STP", con_id, aux_price=price)
            case "TRAIL":
                self.place(action, size, "TRAIL", con_id, aux_price=max(abs(cents), 1) / 100)
            case "bracket":
                entry = self.place(action, size, "LMT", con_id, limit_price=price, transmit=False)
                sign = 1 if action == "BUY" else -1
                up, down = round(price + 0.15 * sign, 2), round(price - 0.15 * sign, 2)
                one = self.place(other, size, "LMT", con_id, limit_price=up, transmit=False, parent_perm_id=entry)
                two = self.place(other, size, "STP", con_id, aux_price=down, parent_perm_id=entry)
                self.brackets.append((entry, [one, two]))
            case "oca":
                group: dict[str, Any] = {"oca_group": f"g{len(self.groups)}", "oca_type": 1 + cents % 3}
                prices = (price, round(price - 0.01, 2))
                self.groups.append(
                    [self.place(action, size, "LMT", con_id, limit_price=limit, **group) for limit in prices]
                )
                # Without block (type 3) two orders can fill before either hears of the other.
                self.sizes.append(size * 2 if group["oca_type"] == 3 else size)
            case "cancel" if self.sent:
                self.exchange.cancel(self.sent[size % len(self.sent)])
            case "modify" if self.sent:
                self._modify(self.sent[size % len(self.sent)], size)
            case _:
                self.exchange.advance_to(self.exchange.now_ns() + size * NS // 20)

    def state(self, perm_id: int) -> SimOrderState:
        return next(one.state for one in self.exchange.desk.orders if one.perm_id == perm_id)

    def _modify(self, perm_id: int, size: int) -> None:
        state = self.state(perm_id)
        self.changed.add(perm_id)
        self.exchange.modify(perm_id, replace(state.order, quantity=Decimal(size)))


def check_account(trader: Trader) -> None:
    """Quantity and cash follow from executions alone."""
    executions = trader.exchange.executions()
    cash = Decimal(250_000)
    held: dict[int, int] = {}
    for one in executions:
        sign = 1 if one.side == "BOT" else -1
        cash -= sign * one.quantity * Decimal(repr(one.price)) + Decimal(repr(one.commission))
        held[one.con_id] = held.get(one.con_id, 0) + sign * int(one.quantity)
    assert trader.exchange.money.ledgers[ACCOUNT].cash["USD"] == cash
    for position in trader.exchange.positions(ACCOUNT):
        assert position.quantity == held[position.con_id]
    ids = [one.execution_id for one in executions]
    assert len(ids) == len(set(ids))


def check_orders(trader: Trader, heard: Recorder) -> None:
    """No order beyond its size or limit, no group beyond one order, no bracket beyond its entry."""
    for working in trader.exchange.desk.orders:
        state = working.state
        assert heard.filled(state.perm_id) == int(state.filled) <= int(state.order.quantity)
        assert (state.status == "Filled") == (state.remaining == 0)
    for one in heard.executions:
        sent = next(item for item in trader.exchange.desk.orders if item.perm_id == one.perm_id).state.order
        if sent.order_type == "LMT" and sent.limit_price is not None:
            sign = 1 if sent.action == "BUY" else -1
            assert (sent.limit_price - one.price) * sign >= -1e-9
    for members, size in zip(trader.groups, trader.sizes, strict=True):
        grown = max(int(trader.state(member).order.quantity) for member in members)
        assert sum(heard.filled(member) for member in members) <= max(size, grown)
    for entry, children in trader.brackets:
        if trader.changed.intersection(children):
            continue  # a child that the person made larger is an order of its own
        assert sum(heard.filled(child) for child in children) <= heard.filled(entry)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(requests)
def test_a_market_under_random_orders_conserves_quantity_and_cash(
    script: Sequence[tuple[str, str, int, int, int]],
) -> None:
    trader = Trader()
    codes: set[int] = set()
    for what, action, size, cents, con_id in script:
        try:
            trader.do(what, action, size, cents, con_id)
        except SimulatorRefusalError as refusal:
            codes.add(refusal.code)
        trader.exchange.advance_to(trader.exchange.now_ns() + NS // 5)
    trader.exchange.advance_to(trader.exchange.now_ns() + 20 * NS)
    assert codes <= {104, 105, 201, 10006, 10147, 10148}
    check_account(trader)
    check_orders(trader, trader.heard)


class Witness(Recorder):
    """Looks, at every own execution, for a better price that stood on the side that was taken."""

    def __init__(self, exchange: Market) -> None:
        super().__init__()
        self._exchange = exchange
        self.passed: list[str] = []

    def on_execution(self, execution: SimExecution, state: SimOrderState) -> None:
        super().on_execution(execution, state)
        book = self._exchange.book_of(execution.con_id)
        tick = price_to_tick(Decimal("0.01"), execution.price)
        took = execution.liquidity == 2
        maker = -1 if (execution.side == "BOT") == took else 1
        better = [own for own in book.own_ticks(maker) if (own - tick) * maker > 0]
        best = book.touch(maker)
        if took and best is not None:
            steps = range(best, tick, -maker)
            better += [step for step in steps if book.background_at(maker, step, execution.ns) > 0]
        if better:
            self.passed.append(f"{execution} passed {better}")


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(requests)
def test_no_own_execution_passes_a_better_visible_price(script: Sequence[tuple[str, str, int, int, int]]) -> None:
    trader = Trader()
    exchange = trader.exchange
    witness = Witness(exchange)
    exchange.set_listener(witness)
    for what, action, size, cents, con_id in script:
        try:
            trader.do(what, action, size, cents, con_id)
        except SimulatorRefusalError:
            continue
        exchange.advance_to(exchange.now_ns() + NS // 5)
    assert not witness.passed
