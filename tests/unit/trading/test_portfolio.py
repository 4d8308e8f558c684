# SPDX-License-Identifier: Apache-2.0
"""Positions, sub-ledgers, commissions, value and the day's P&L by TWS's rule."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from terminal.clock import NS_PER_S
from terminal.model import events as e
from terminal.model.enums import Side
from terminal.model.ids import ExecutionId, InstrumentId
from terminal.model.instrument import Session
from terminal.model.position import Position
from terminal.trading.book import Book, Booking
from terminal.trading.daily_pnl import RULE_MIDNIGHT, RULE_OPEN, DaySums, daily_pnl, day_sums, reset_of
from terminal.trading.limits import RiskLimits
from tests.unit.trading.desk import AAPL, ACCOUNT, ALPHA, CALL, ES, EURUSD, Desk, forex, future, limit, market, stock

if TYPE_CHECKING:
    from _collections_abc import dict_values

D = Decimal
NY = ZoneInfo("America/New_York")


def at(text: str, zone: ZoneInfo = NY) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=zone).timestamp()) * NS_PER_S


def booking(key: str, signed: int, price: str, ns: int = 0, *, opening: bool = False) -> Booking:
    return Booking(key=key, signed=D(signed), price=D(price), event_ns=ns, strategy_id=None, opening=opening)


# ---------------------------------------------------------------- the average cost rule
def test_position_through_zero_realizes_and_opens() -> None:
    position = Position().with_fill(Side.BUY, D(100), D(10), D(1)).with_fill(Side.BUY, D(100), D(12), D(1))
    assert (position.quantity, position.average_price) == (D(200), D(11))
    position = position.with_fill(Side.SELL, D(50), D(13), D(1))
    assert (position.quantity, position.average_price, position.realized) == (D(150), D(11), D(100))
    position = position.with_fill(Side.SELL, D(250), D(10), D(1))
    assert (position.quantity, position.average_price, position.realized) == (D(-100), D(10), D(-50))
    position = position.with_fill(Side.BUY, D(100), D(9), D(1))
    assert (position.quantity, position.average_price, position.realized) == (D(0), D(0), D(50))
    assert (position.bought, position.sold) == (D(300), D(300))


@pytest.mark.parametrize(
    ("instrument_id", "quantity", "multiplier"), [(AAPL, 100, 1), (CALL, 2, 100), (ES, 1, 50), (EURUSD, 20_000, 1)]
)
def test_multiplier_is_in_every_amount(instrument_id: InstrumentId, quantity: int, multiplier: int) -> None:
    desk = Desk()
    desk.hold(quantity, instrument_id)
    paid = desk.engine.portfolio.position(instrument_id).average_price
    up = float(paid) * 1.01
    desk.market.show(instrument_id, up, up, up)
    expected = quantity * (up - float(paid)) * multiplier
    assert desk.engine.portfolio.unrealized(instrument_id) == pytest.approx(expected)


def test_strategy_and_manual_add_up_to_the_total() -> None:
    desk = Desk()
    desk.hold(100)
    desk.hold(60, strategy=ALPHA)
    desk.hold(-30, strategy=ALPHA)
    portfolio = desk.engine.portfolio
    assert portfolio.position(AAPL).quantity == 130
    assert portfolio.position(AAPL, ALPHA).quantity == 30
    assert portfolio.manual_position(AAPL).quantity == 100
    assert dict(portfolio.strategy_positions(ALPHA)) == {AAPL: portfolio.position(AAPL, ALPHA)}
    assert portfolio.owners(AAPL) == {None: D(100), ALPHA: D(30)}


def test_commission_in_another_currency_is_kept_apart() -> None:
    book = Book()
    book.learn(D(1), "USD")
    book.book(booking("a", 10, "5"))
    book.charge(ExecutionId("a.01"), D(1), "USD", None)
    book.charge(ExecutionId("b.01"), D(2), "EUR", None)
    book.charge(ExecutionId("b.01"), D(3), "EUR", None)
    assert book.total.commission == 1
    assert book.foreign_charges() == {"EUR": D(3)}


def test_correction_folds_the_book_again() -> None:
    book = Book()
    book.learn(D(1), "USD")
    for each in (booking("a", 100, "10"), booking("b", -60, "12"), booking("c", -40, "11")):
        book.book(each)
    assert (book.total.quantity, book.total.realized) == (D(0), D(160))
    book.book(booking("a", 100, "9"))
    assert book.total.realized == 260
    book.book(booking("b", 0, "12"))  # bust
    assert (book.total.quantity, book.total.average_price) == (D(60), D(9))


def test_opening_position_counts_before_every_fill() -> None:
    book = Book()
    book.learn(D(1), "USD")
    book.book(booking("bought today", 100, "20"))
    book.book(booking("sold today", -50, "12"))
    book.book(booking("adjustment x", 100, "10", opening=True))
    assert (book.total.quantity, book.total.average_price, book.total.realized) == (D(150), D(15), D(-150))


def test_late_multiplier_changes_the_amounts() -> None:
    book = Book()
    book.book(booking("a", 1, "10"))
    book.book(booking("b", -1, "12"))
    assert book.total.realized == 2
    book.learn(D(50), "USD")
    assert book.total.realized == 100


# ---------------------------------------------------------------- broker's side
def test_broker_figures_stand_beside_ours() -> None:
    desk = Desk()
    desk.say(desk.position(70))
    reported = desk.engine.portfolio.broker_position(AAPL)
    assert reported is not None
    assert reported.quantity == 70
    for instrument_id in (None, AAPL):
        desk.say(
            e.PnlReported(
                ns=1, account_id=ACCOUNT, instrument_id=instrument_id, daily=12.5, unrealized=3.0, realized=None
            )
        )
    assert desk.engine.portfolio.day_pnl() == (12.5, 0.0)
    single = desk.engine.portfolio.broker_pnl(AAPL)
    assert single is not None
    assert single.daily == 12.5


def test_currency_rates_come_from_the_account_then_the_market() -> None:
    desk = Desk()
    portfolio = desk.engine.portfolio
    assert portfolio.rate_to_base("USD") == 1.0
    assert portfolio.rate_to_base("EUR") == pytest.approx(1.1)
    assert portfolio.rate_to_base("JPY") is None
    desk.market.show(InstrumentId("USD.JPY"), 150.0, 150.0)
    assert portfolio.rate_to_base("JPY") == pytest.approx(1 / 150)
    desk.say(e.AccountValueReported(ns=1, account_id=ACCOUNT, tag="ExchangeRate", value="1.2", currency="EUR"))
    assert portfolio.rate_to_base("EUR") == pytest.approx(1.2)


# ---------------------------------------------------------------- the day
@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2025-01-08T10:00", "2025-01-07T23:55"),
        ("2025-01-08T23:54", "2025-01-07T23:55"),
        ("2025-01-08T23:55", "2025-01-08T23:55"),
        ("2025-03-09T12:00", "2025-03-08T23:55"),  # clocks went forward at 2:00
        ("2025-03-10T12:00", "2025-03-09T23:55"),
        ("2025-11-02T12:00", "2025-11-01T23:55"),  # and back
        ("2025-11-03T00:00", "2025-11-02T23:55"),
    ],
)
def test_reset_before_midnight(now: str, expected: str) -> None:
    reset = reset_of(stock(), at(now))
    assert (reset.ns, reset.rule, reset.zone) == (at(expected), RULE_MIDNIGHT, "America/New_York")


def test_reset_before_the_open_of_what_trades_through_midnight() -> None:
    chicago = ZoneInfo("America/Chicago")
    sessions = tuple(
        Session(start_ns=at(f"2025-01-0{day}T17:00", chicago), end_ns=at(f"2025-01-0{day + 1}T16:00", chicago))
        for day in (6, 7, 8)
    )
    es = replace(future(), trading_hours=sessions, time_zone="America/Chicago")
    assert reset_of(es, at("2025-01-08T10:00")).ns == at("2025-01-07T16:55", chicago)
    assert reset_of(es, at("2025-01-08T16:54", chicago)).ns == at("2025-01-07T16:55", chicago)
    late = reset_of(es, at("2025-01-08T16:55", chicago))
    assert (late.ns, late.rule) == (at("2025-01-08T16:55", chicago), RULE_OPEN)


def test_daily_pnl_is_value_now_minus_value_then_plus_net_traded() -> None:
    bookings = [booking("a", 100, "95", ns=5), booking("b", 50, "101", ns=20), booking("c", -80, "103", ns=30)]
    sums = day_sums(bookings, 10)
    assert sums == DaySums(held=D(100), traded=D(-30), cash=D(-50 * 101 + 80 * 103))
    # 70 x 104 - 100 x 100 + (8240 - 5050)
    assert daily_pnl(sums, mark=104.0, price_at_reset=100.0, multiplier=D(1)) == pytest.approx(470.0)
    assert daily_pnl(sums, mark=104.0, price_at_reset=100.0, multiplier=D(50)) == pytest.approx(23_500.0)
    assert daily_pnl(sums, mark=None, price_at_reset=100.0, multiplier=D(1)) is None
    assert daily_pnl(sums, mark=104.0, price_at_reset=None, multiplier=D(1)) is None
    flat = day_sums([booking("a", 10, "5", ns=20), booking("b", -10, "7", ns=30)], 10)
    assert daily_pnl(flat, mark=None, price_at_reset=None, multiplier=D(1)) == pytest.approx(20.0)


def test_day_pnl_follows_the_market_and_the_reset() -> None:
    desk = Desk()
    desk.hold(100)
    desk.market.show(AAPL, 101.0, 101.0, 101.0)
    assert desk.engine.portfolio.daily_pnl(AAPL) == pytest.approx(100.0)
    assert desk.engine.portfolio.day_pnl()[1] == pytest.approx(100.0)
    desk.clock.advance_to(at("2025-01-08T23:54:59"))
    desk.market.show(AAPL, 102.0, 102.0, 102.0)
    assert desk.engine.portfolio.daily_pnl(AAPL) == pytest.approx(200.0)
    desk.clock.advance(2)  # the reset takes the last mark before it
    desk.market.quotes[AAPL] = replace(desk.market.quotes[AAPL], bid=105.0, ask=105.0, last=105.0, previous_close=50.0)
    assert desk.engine.portfolio.daily_pnl(AAPL) == pytest.approx(300.0)


def test_day_pnl_is_unknown_without_a_price() -> None:
    desk = Desk()
    desk.hold(100)
    del desk.market.quotes[AAPL]
    assert desk.engine.portfolio.daily_pnl(AAPL) is None
    assert desk.engine.portfolio.unrealized(AAPL) is None
    assert desk.engine.portfolio.day_pnl() == (None, None)


def test_forex_position_is_in_base_units() -> None:
    desk = Desk()
    desk.hold(20_000, EURUSD)
    assert desk.engine.portfolio.position(EURUSD).quantity == 20_000
    assert forex().currency == "USD"
    desk.market.show(EURUSD, 1.11, 1.11, 1.11)
    assert desk.engine.portfolio.unrealized(EURUSD) == pytest.approx(200.0)


def test_position_is_booked_before_the_order_change_is_published() -> None:
    desk = Desk()
    order = desk.working()
    seen: list[Decimal] = []
    desk.bus.subscribe(e.OrderChanged, lambda _: seen.append(desk.engine.portfolio.position(AAPL).quantity))
    desk.say(desk.execution(order, 100))
    assert seen == [D(100)]


def test_order_submitted_from_inside_a_fill_is_sound() -> None:
    desk = Desk()
    order = desk.working()
    children: list[str] = []

    def react(change: e.OrderChanged) -> None:
        if isinstance(change.event, e.OrderFilled) and not children:
            children.append(desk.submit(limit(Side.SELL, 100, "110.00")).client_order_id)

    desk.bus.subscribe(e.OrderChanged, react)
    desk.say(desk.execution(order, 100))
    assert len(children) == 1
    assert len(desk.broker.placed) == 2
    assert [type(record).__name__ for record in desk.journal.records].index("OrderFilled") > 0


def test_fill_rows_tell_owner_and_commission() -> None:
    desk = Desk()
    order = desk.submit(market(quantity=10), strategy=ALPHA)
    execution = desk.execution(order, 10)
    desk.say(execution)
    desk.say(e.VenueCommission(ns=1, execution_id=execution.execution_id, commission=D("0.35"), currency="USD"))
    [row] = desk.engine.portfolio.fills()
    assert (row.strategy_id, row.quantity, row.commission, row.exchange) == (ALPHA, D(10), D("0.35"), "NASDAQ")
    assert datetime.fromtimestamp(row.event_ns // NS_PER_S, UTC).year == 2025


class _Counted(dict[str, Booking]):
    """Bookings that count how often all of them are looked at."""

    looks = 0

    def values(self) -> "dict_values[str, Booking]":
        self.looks += 1
        return super().values()


def test_a_fill_adds_to_the_day_instead_of_adding_the_day_up_afresh() -> None:
    desk = Desk(limits=RiskLimits(orders_per_second=50, account_orders_per_second=40))
    desk.hold(100)
    book = desk.engine.portfolio._book(AAPL)
    assert book is not None
    book.bookings = counted = _Counted(book.bookings)
    assert desk.engine.portfolio.daily_pnl(AAPL) == pytest.approx(0.0)
    before = counted.looks
    for number in range(10):
        desk.market.show(AAPL, 101.0 + number, 101.0 + number)
        desk.hold(10)
        desk.engine.portfolio.daily_pnl(AAPL)
        desk.engine.portfolio.day_pnl()
    assert counted.looks == before
    price = [101 + number for number in range(10)]
    assert desk.engine.portfolio.daily_pnl(AAPL) == pytest.approx(200 * 110 - 100 * 100 - 10 * sum(price))


def test_a_corrected_fill_is_counted_once_in_the_day() -> None:
    desk = Desk()
    order = desk.submit(market())
    desk.say(desk.execution(order, 60, "100", execution_id="0001.0001.01.01"))
    desk.market.show(AAPL, 101.0, 101.0)
    assert desk.engine.portfolio.daily_pnl(AAPL) == pytest.approx(60.0)
    desk.say(desk.execution(order, 50, "100", execution_id="0001.0001.01.02"))
    assert desk.engine.portfolio.daily_pnl(AAPL) == pytest.approx(50.0)
    desk.say(desk.execution(order, 50, "100.5", execution_id="0001.0002.01.01"))
    assert desk.engine.portfolio.daily_pnl(AAPL) == pytest.approx(75.0)
