# SPDX-License-Identifier: Apache-2.0
"""Our own book: positions, trimming, what does not fit, resets, and the one book of many."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brokers.ibkr import codes
from brokers.ibkr.book import ASK, BID, DELETE, INSERT, PATIENCE, UPDATE, Book, BookError
from terminal.model.events import DataNotice
from terminal.model.ids import InstrumentId
from terminal.model.market import Depth
from tests.unit.ibkr.fake_tws import frame
from tests.unit.ibkr.harness import AAPL, MSFT, Desk, desk

IID = InstrumentId("AAPL")


def prices(book: Book) -> tuple[list[float], list[float]]:
    depth = book.snapshot(IID, 1)
    return [level.price for level in depth.bids], [level.price for level in depth.asks]


def test_rows_are_inserted_changed_and_deleted_by_position() -> None:
    book = Book(5)
    book.apply(0, INSERT, BID, 100.0, 5)
    book.apply(0, INSERT, BID, 101.0, 6, "ARCA")
    book.apply(1, UPDATE, BID, 99.0, 7)
    book.apply(0, INSERT, ASK, 102.0, 1)
    assert prices(book) == ([101.0, 99.0], [102.0])
    assert book.snapshot(IID, 1).bids[0].maker == "ARCA"
    book.apply(0, DELETE, BID, 0, 0)
    assert prices(book) == ([99.0], [102.0])


def test_a_full_side_drops_its_worst_row() -> None:
    book = Book(2)
    for price in (100.0, 101.0, 102.0):
        book.apply(0, INSERT, BID, price, 1)
    assert prices(book)[0] == [102.0, 101.0]
    book.apply(2, DELETE, BID, 0, 0)
    assert prices(book)[0] == [102.0, 101.0]


@pytest.mark.parametrize(
    ("position", "operation", "side", "price", "size"),
    [
        (99, INSERT, BID, 1.0, 1.0),
        (1, INSERT, BID, 1.0, 1.0),
        (3, UPDATE, BID, 1.0, 1.0),
        (0, DELETE, BID, 1.0, 1.0),
        (-1, INSERT, BID, 1.0, 1.0),
        (0, 3, BID, 1.0, 1.0),
        (0, INSERT, 2, 1.0, 1.0),
        (0, INSERT, BID, float("nan"), 1.0),
        (0, INSERT, BID, 1.0, float("inf")),
        (0, INSERT, BID, 1.0, -5.0),
    ],
)
def test_what_does_not_fit_an_empty_book_is_refused(
    position: int, operation: int, side: int, price: float, size: float
) -> None:
    with pytest.raises(BookError):
        Book(5).apply(position, operation, side, price, size)


@given(
    st.lists(
        st.tuples(st.integers(0, 6), st.integers(0, 2), st.integers(0, 1), st.integers(1, 9)), min_size=1, max_size=60
    )
)
def test_the_book_equals_plain_lists_and_never_grows_beyond_its_rows(
    moves: list[tuple[int, int, int, int]],
) -> None:
    book = Book(5)
    plain: tuple[list[float], list[float]] = ([], [])
    for position, operation, side, price in moves:
        rows = plain[side]
        fits = (
            position <= len(rows)
            if operation == INSERT
            else position < len(rows) or (operation == UPDATE and position == len(rows) < 5)
        )
        if not fits and not (operation == DELETE and position == len(rows) == 5):
            with pytest.raises(BookError):
                book.apply(position, operation, side, float(price), 1)
            continue
        book.apply(position, operation, side, float(price), 1)
        if not fits:
            continue
        if operation == INSERT:
            rows.insert(position, float(price))
            del rows[5:]
        elif operation == UPDATE:
            rows[position : position + 1] = [float(price)]
        else:
            del rows[position]
        assert prices(book) == (plain[BID], plain[ASK])


# ---------------------------------------------------------------- over the wire
async def book_of(one: Desk, rows: int = 10) -> str:
    await one.ready()
    one.broker.subscribe_depth(AAPL, rows)
    request = await one.tws.request(10)
    assert request[15:17] == [str(rows), "1"], "rows, smart"
    return request[2]


async def test_a_packet_makes_one_book() -> None:
    async with desk() as one:
        req_id = await book_of(one)
        one.tws.send_bytes(
            frame(13, 1, req_id, 0, "ARCA", 0, 1, 190.5, 300, 1)
            + frame(13, 1, req_id, 1, "NSDQ", 0, 1, 190.4, 200, 1)
            + frame(12, 1, req_id, 0, 0, 0, 190.6, 100)
        )
        depth = await one.heard.first(Depth)
        assert [(level.price, level.size, level.maker) for level in depth.bids] == [
            (190.5, 300.0, "ARCA"),
            (190.4, 200.0, "NSDQ"),
        ]
        assert [(level.price, level.size) for level in depth.asks] == [(190.6, 100.0)]
        assert len(one.heard.of(Depth)) == 1


async def test_a_row_that_does_not_fit_is_told_and_the_book_asked_for_again() -> None:
    async with desk() as one:
        req_id = await book_of(one)
        one.tws.send(12, 1, req_id, 99, 0, 1, 190.5, 300)
        notice = await one.heard.first(DataNotice)
        assert (notice.code, notice.instrument_id, notice.channel) == (codes.BOOK_BROKEN, AAPL.id, "depth")
        stepped = await one.step_until(lambda: len(one.tws.all(10)) == 2)
        assert stepped >= 4.75
        assert len(one.tws.all(11)) == 1
        one.tws.send(12, 1, one.tws.all(10)[1][2], 0, 0, 1, 190.5, 300)
        assert (await one.heard.first(Depth)).bids[0].price == 190.5


async def test_a_reset_empties_the_book_and_its_rows_come_again() -> None:
    async with desk() as one:
        req_id = await book_of(one)
        one.tws.send(12, 1, req_id, 0, 0, 1, 190.5, 300)
        await one.heard.first(Depth)
        one.tws.send(4, 2, req_id, 317, "Market depth data has been RESET.", "")
        assert (await one.heard.first(Depth, 2)).bids == ()
        one.tws.send(12, 1, req_id, 0, 0, 1, 191.5, 300)
        assert (await one.heard.first(Depth, 3)).bids[0].price == 191.5
        await one.step_until(lambda: len(one.tws.all(49)) >= 3)
        assert len(one.tws.all(10)) == 1


async def test_a_reset_without_rows_is_asked_for_again() -> None:
    async with desk() as one:
        req_id = await book_of(one)
        one.tws.send(4, 2, req_id, 317, "Market depth data has been RESET.", "")
        await one.heard.first(Depth)
        await one.step_until(lambda: len(one.tws.all(10)) == 2)


async def test_rows_that_stay_out_of_order_are_asked_for_again() -> None:
    async with desk() as one:
        req_id = await book_of(one)
        one.tws.send(12, 1, req_id, 0, 0, 1, 100.0, 300)
        await one.heard.first(Depth)
        for number in range(PATIENCE):
            one.tws.send(12, 1, req_id, 1, 0 if number == 0 else 1, 1, 101.0, number + 1)
            await one.heard.first(Depth, number + 2)
        assert (await one.heard.first(DataNotice)).code == codes.BOOK_BROKEN


async def test_a_new_book_takes_the_place_of_the_old() -> None:
    async with desk() as one:
        await book_of(one)
        one.broker.subscribe_depth(MSFT, 10)
        await one.tws.request(10, 2)
        assert len(one.tws.all(11)) == 1
        assert one.broker.subscriptions()["depth"] == 1


async def test_a_refused_book_says_why_and_is_not_cancelled() -> None:
    async with desk() as one:
        req_id = await book_of(one)
        one.tws.send(4, 2, req_id, 309, "Max number (3) of market depth requests has been reached", "")
        notice = await one.heard.first(DataNotice)
        assert (notice.code, notice.channel, notice.instrument_id) == (309, "depth", AAPL.id)
        one.broker.unsubscribe_depth(AAPL.id)
        one.broker.subscribe_quote(replace(MSFT, exchange="NASDAQ"))
        await one.tws.request(1)
        assert not one.tws.all(11)
