# SPDX-License-Identifier: Apache-2.0
"""Orders of every type under random events: limits hold, all-or-nothing is, hidden stays hidden, groups stay whole,
money is conserved, and the same requests give the same market twice."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from terminal.simulation.book import LimitBook
from terminal.simulation.exchange_port import SimCondition, SimLeg, SimOrderState, SimulatorRefusalError
from terminal.simulation.trading_days import MINUTE_NS, NS
from tests.properties.test_matching import shown
from tests.unit.simulation.floor_case import AAPL, ACCOUNT, MSFT, Recorder, market, order

# ---------------------------------------------------------------- the book

entries = st.lists(
    st.tuples(
        st.sampled_from(["plain", "hidden", "iceberg", "print", "take", "shrink", "remove"]),
        st.integers(97, 100),
        st.integers(1, 90),
        st.integers(1, 30),
    ),
    min_size=4,
    max_size=40,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(entries)
def test_icebergs_and_hidden_orders_show_what_they_may_and_lose_nothing(
    script: Sequence[tuple[str, int, int, int]],
) -> None:
    book, now = LimitBook(shown), 0
    assert not list(book.set_touch(100, 101, now))
    left: dict[int, int] = {}
    places: dict[int, tuple[int, int, bool]] = {}
    for owner, (what, tick, size, peak) in enumerate(script, start=1):
        now += 3
        fills = []
        match what:
            case "plain" | "hidden" | "iceberg":
                shows = peak if what == "iceberg" else 0
                book.rest(owner, 1, tick, size, now, peak=shows, hidden=what == "hidden")
                left[owner] = size
                places[owner] = (tick, shows or size, what == "hidden")
            case "print":
                fills = list(book.trade(tick, size * 3, -1, now))
            case "take":
                fills = list(book.take(0, -1, tick, size * 3, now))
            case _ if left:
                known = sorted(left)[size % len(left)]
                if what == "remove":
                    assert book.remove(known, 1, places[known][0]) == left.pop(known)
                else:
                    left[known] = min(left[known], max(size, 1))
                    book.resize(known, 1, places[known][0], left[known], now, peak=places[known][1])
        for match in fills:
            if match.maker:
                left[match.maker] -= match.size
                assert left[match.maker] >= 0
        left = {known: rest for known, rest in left.items() if rest}
        check_book(book, left, places, now)


def check_book(book: LimitBook, left: dict[int, int], places: dict[int, tuple[int, int, bool]], now: int) -> None:
    for tick in {place[0] for place in places.values()}:
        owners = [known for known in left if places[known][0] == tick]
        level = book._levels[1].get(tick)
        assert (level is not None) == bool(owners)
        if level is None:
            continue
        assert {known: level.left(known) for known in owners} == {known: left[known] for known in owners}
        hidden = [entry.hidden for entry in level.queue]
        assert hidden == sorted(hidden), "hidden size stands before displayed size"
        assert all(entry.size <= places[entry.owner][1] for entry in level.queue if entry.owner)
        seen = sum(min(left[known], places[known][1]) for known in owners if not places[known][2])
        assert book.visible_at(1, tick, now) - book.background_at(1, tick, now) <= seen


# ---------------------------------------------------------------- the market

KINDS = (
    "MKT", "LMT", "IOC", "FOK", "AON", "hidden", "iceberg", "STP", "STP LMT", "TRAIL", "TRAIL LIMIT", "MIT", "LIT",
    "MIDPRICE", "REL", "MOC", "LOC", "when", "bracket", "reduce", "vertical", "modify", "cancel", "wait",
)  # fmt: skip
requests = st.lists(
    st.tuples(
        st.sampled_from(KINDS),
        st.sampled_from(["BUY", "SELL"]),
        st.integers(1, 400),
        st.integers(-25, 25),
        st.sampled_from([AAPL, MSFT]),
    ),
    min_size=3,
    max_size=22,
)
EXPECTED = {104, 105, 161, 201, 329, 10006, 10147, 10148}


class Desk:
    """Sends random orders of every type and remembers what was asked for."""

    def __init__(self) -> None:
        self.exchange, self.heard = market(5)
        self.sent: list[int] = []
        self.limits: dict[int, float] = {}
        self.whole: set[int] = set()
        self.brackets: list[tuple[int, list[int]]] = []
        self.groups: list[tuple[list[int], int]] = []
        self.changed: set[int] = set()
        self.codes: set[int] = set()

    def run(self, script: Sequence[tuple[str, str, int, int, int]]) -> None:
        for what, action, size, cents, con_id in script:
            try:
                self.do(what, action, size, cents, con_id)
            except SimulatorRefusalError as refusal:
                self.codes.add(refusal.code)
            self.exchange.advance_to(self.exchange.now_ns() + NS // 4)
        self.exchange.advance_to(self.exchange.now_ns() + 20 * NS)

    def place(self, action: str, size: int, kind: str, con_id: int, **more: Any) -> int:
        perm_id = self.exchange.place(order(action, size, kind, con_id, **more)).perm_id
        self.sent.append(perm_id)
        if more.get("limit_price") is not None and kind not in {"MIDPRICE", "REL"}:
            self.limits[perm_id] = more["limit_price"]
        return perm_id

    def do(self, what: str, action: str, size: int, cents: int, con_id: int) -> None:
        top = self.exchange.top(con_id)
        assert top.bid is not None
        price = round(top.bid + cents / 100, 2)
        away = round(price + (0.05 if action == "BUY" else -0.05), 2)
        gap = max(abs(cents), 1) / 100
        plain: dict[str, tuple[str, dict[str, Any]]] = {
            "MKT": ("MKT", {}),
            "MOC": ("MOC", {}),
            "MIDPRICE": ("MIDPRICE", {}),
            "LMT": ("LMT", {"limit_price": price}),
            "LOC": ("LOC", {"limit_price": price}),
            "IOC": ("LMT", {"limit_price": price, "tif": "IOC"}),
            "FOK": ("LMT", {"limit_price": price, "tif": "FOK"}),
            "AON": ("LMT", {"limit_price": price, "all_or_none": True}),
            "hidden": ("LMT", {"limit_price": price, "hidden": True}),
            "iceberg": ("LMT", {"limit_price": price, "display_size": 10}),
            "STP": ("STP", {"aux_price": price}),
            "MIT": ("MIT", {"aux_price": price}),
            "STP LMT": ("STP LMT", {"aux_price": price, "limit_price": away}),
            "LIT": ("LIT", {"aux_price": price, "limit_price": away}),
            "TRAIL": ("TRAIL", {"aux_price": gap}),
            "TRAIL LIMIT": ("TRAIL LIMIT", {"aux_price": gap, "limit_offset": 0.02}),
            "REL": ("REL", {"aux_price": gap}),
            "when": ("MKT", {"conditions": (SimCondition(kind=1, con_id=MSFT, value=price, is_more=cents > 0),)}),
        }
        if what in plain:
            kind, more = plain[what]
            perm_id = self.place(action, size * 3 + 20, kind, con_id, **more)
            if what in {"FOK", "AON"}:
                self.whole.add(perm_id)
            return
        self._do_group(what, action, size, cents, con_id, price)

    def _do_group(self, what: str, action: str, size: int, cents: int, con_id: int, price: float) -> None:
        match what:
            case "bracket":
                self._bracket(action, size, price, con_id)
            case "reduce":
                group: dict[str, Any] = {"oca_group": f"g{len(self.groups)}", "oca_type": 2}
                prices = (price, round(price - 0.01, 2))
                members = [self.place(action, size, "LMT", con_id, limit_price=limit, **group) for limit in prices]
                self.groups.append((members, size))
            case "vertical":
                self._vertical(action, 1 + size % 4, cents)
            case "modify" if self.sent:
                self._modify(self.sent[size % len(self.sent)], size, cents)
            case "cancel" if self.sent:
                self.exchange.cancel(self.sent[size % len(self.sent)])
            case _:
                self.exchange.advance_to(self.exchange.now_ns() + size * NS // 20)

    def _bracket(self, action: str, size: int, price: float, con_id: int) -> None:
        other, sign = ("SELL", 1) if action == "BUY" else ("BUY", -1)
        entry = self.place(action, size, "LMT", con_id, limit_price=price, transmit=False)
        up, down = round(price + 0.15 * sign, 2), round(price - 0.15 * sign, 2)
        one = self.place(other, size, "LMT", con_id, limit_price=up, transmit=False, parent_perm_id=entry)
        two = self.place(other, size, "TRAIL", con_id, aux_price=0.1, trail_stop_price=down, parent_perm_id=entry)
        self.brackets.append((entry, [one, two]))

    def _vertical(self, action: str, size: int, cents: int) -> None:
        row = self.exchange.option_chain(AAPL)[0]
        spot = self.exchange.top(AAPL).last or 0.0
        low, high = sorted(sorted(row[4], key=lambda strike: abs(strike - spot))[:2])
        legs = [
            SimLeg(con_id=one.broker_id or 0, ratio=1, action=side)
            for strike, side in ((low, "BUY"), (high, "SELL"))
            for one in self.exchange.find(symbol="AAPL", sec_type="OPT", expiry=row[3][3], strike=strike, right="C")
        ]
        self.place(action, size, "LMT", 0, limit_price=round(1.2 + cents / 50, 2), legs=tuple(legs))

    def _modify(self, perm_id: int, size: int, cents: int) -> None:
        state = self.state(perm_id)
        changes: dict[str, Any] = {"quantity": Decimal(size + 10)}
        if state.order.order_type == "LMT" and state.order.limit_price is not None:
            changes["limit_price"] = round(state.order.limit_price + cents / 100, 2)
        self.changed.add(perm_id)
        self.exchange.modify(perm_id, replace(state.order, **changes))

    def state(self, perm_id: int) -> SimOrderState:
        return next(one.state for one in self.exchange.desk.orders if one.perm_id == perm_id)


def check(desk: Desk, heard: Recorder) -> None:
    for perm_id, limit in desk.limits.items():
        sign = 1 if desk.state(perm_id).order.action == "BUY" else -1
        for one in heard.executions:
            if one.perm_id == perm_id and one.combo_role != "leg" and perm_id not in desk.changed:
                assert (limit - one.price) * sign >= -1e-9, "worse than its limit"
    for perm_id in desk.whole - desk.changed:
        filled = heard.filled(perm_id)
        assert filled in {0, int(desk.state(perm_id).order.quantity)}
        assert len({one.ns for one in heard.executions if one.perm_id == perm_id}) <= 1
    for working in desk.exchange.desk.orders:
        state = working.state
        done = sum(one.quantity for one in heard.executions if one.perm_id == state.perm_id and one.combo_role != "leg")
        assert done == state.filled <= state.order.quantity
        assert (state.status == "Filled") == (state.remaining == 0)
    for entry, children in desk.brackets:
        if not desk.changed.intersection([entry, *children]):
            assert sum(heard.filled(child) for child in children) <= heard.filled(entry)
    for members, size in desk.groups:
        if not desk.changed.intersection(members):
            assert sum(heard.filled(member) for member in members) <= size


def check_money(desk: Desk) -> None:
    cash = Decimal(250_000)
    held: dict[int, Decimal] = {}
    for one in desk.exchange.executions():
        if one.combo_role == "bag":
            continue
        instrument = desk.exchange.instrument(one.con_id)
        assert instrument is not None
        sign = 1 if one.side == "BOT" else -1
        cash -= sign * one.quantity * Decimal(repr(one.price)) * instrument.multiplier + Decimal(repr(one.commission))
        held[one.con_id] = held.get(one.con_id, Decimal(0)) + sign * one.quantity
    assert desk.exchange.money.ledgers[ACCOUNT].cash["USD"] == cash
    for position in desk.exchange.positions(ACCOUNT):
        assert position.quantity == held[position.con_id]


def check_legs(heard: Recorder) -> None:
    """A combination's legs trade in its ratio, always together."""
    whole: dict[tuple[int, int], Decimal] = {}
    legs: dict[tuple[int, int], set[tuple[int, Decimal]]] = {}
    for one in heard.executions:
        key = (one.perm_id, one.ns)
        if one.combo_role == "bag":
            whole[key] = whole.get(key, Decimal(0)) + one.quantity
        elif one.combo_role == "leg":
            legs.setdefault(key, set()).add((one.con_id, one.quantity))
    assert whole.keys() == legs.keys()
    for found in legs.values():
        assert len({con_id for con_id, _ in found}) == 2


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(requests)
def test_every_type_keeps_its_promise_under_random_events(script: Sequence[tuple[str, str, int, int, int]]) -> None:
    desk = Desk()
    desk.run(script)
    assert desk.codes <= EXPECTED
    check(desk, desk.heard)
    check_money(desk)
    check_legs(desk.heard)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(requests)
def test_the_same_requests_make_the_same_market(script: Sequence[tuple[str, str, int, int, int]]) -> None:
    first, second = Desk(), Desk()
    first.run(script)
    second.run(script)
    assert repr(first.heard.events) == repr(second.heard.events)


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(requests)
def test_nothing_is_left_over_after_the_day(script: Sequence[tuple[str, str, int, int, int]]) -> None:
    """At the end of the day every day order is over, whatever it waited for, and nobody's market is followed."""
    desk = Desk()
    desk.run(script)
    exchange = desk.exchange
    exchange.advance_to(exchange.source.calendar.day(0).close_ns - 2 * MINUTE_NS)
    exchange.advance_to(exchange.source.calendar.day(0).end_ns + MINUTE_NS)
    assert not exchange.open_orders()
    assert not exchange.desk.needs(AAPL)
    assert not exchange.desk.needs(MSFT)
