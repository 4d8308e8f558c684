# SPDX-License-Identifier: Apache-2.0
"""Bars and ticks come back as they were, whatever the order they came in and whatever became of the file."""

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminal.bus import Bus
from terminal.clock import NS_PER_S, SimClock, wall_clock_ns
from terminal.errors import DataError, StorageError, UserError
from terminal.model.enums import DataType, OptionPriceSource, Side
from terminal.model.ids import InstrumentId
from terminal.model.market import Bar, OptionQuote, Quote, Trade
from terminal.storage import columns
from terminal.storage.bars import CHUNK_BARS, NAMES, BarArrays, Series
from terminal.storage.market_store import MarketStore
from terminal.storage.recorder import FLUSH_ROWS, FLUSH_S, Recorder
from terminal.storage.ticks import DATA_TYPE_CODES, HALTED, PACKED_ROWS, SOURCE_CODES
from tests.conftest import AllowLogs

AAPL = InstrumentId("AAPL")
MINUTES = Series(instrument_id=AAPL, seconds=60)
START = 20_000 * 86_400 * NS_PER_S
ALWAYS = (0, 2**62)


@pytest.fixture
async def store(folder: Path) -> AsyncIterator[MarketStore]:
    made = MarketStore(folder / "market.db")
    await made.start()
    yield made
    await made.stop()


def bars_from(first: int, count: int, close: float = 100.0) -> BarArrays:
    number = np.arange(first, first + count, dtype=np.int64)
    price = np.round(close + np.sin(number) * 3, 2)
    return {
        "start_ns": START + number * 60 * NS_PER_S,
        "open": price,
        "high": price + 0.25,
        "low": price - 0.25,
        "close": price,
        "volume": (number % 997).astype(np.float64),
        "vwap": np.where(number % 2 == 0, price + 1 / 3, np.nan),
        "count": number % 50,
    }


def same(left: columns.Columns, right: columns.Columns) -> bool:
    return all(np.array_equal(left[name], right[name], equal_nan=left[name].dtype.kind == "f") for name in left)


def asked(store: MarketStore, question: str) -> int:
    """Return what another program reads in the file."""
    with contextlib.closing(sqlite3.connect(store.path)) as other:
        return int(other.execute(question).fetchone()[0])


async def eventually(condition: Callable[[], bool]) -> None:
    """Wait for the store's own thread, which works when nobody asks it to."""
    for _ in range(1000):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it did not come to that")


async def settled(store: MarketStore) -> None:
    await asyncio.wrap_future(store.flush())


# ---------------------------------------------------------------- columns
WHOLE = st.lists(st.integers(-(2**63), 2**63 - 1), max_size=50)
DECIMALS = st.lists(st.decimals(-10_000, 1_000_000, places=4).map(float), max_size=50)
FLOATS = st.lists(st.floats(width=64), max_size=50)


@given(st.one_of(DECIMALS, FLOATS), WHOLE, st.lists(st.integers(0, 10**6), max_size=50))
def test_every_bit_of_a_column_comes_back(floats: list[float], whole: list[int], steps: list[int]) -> None:
    for given_, kind in ((floats, np.float64), (whole, np.int64), ([START + each * 10**9 for each in steps], np.int64)):
        column = np.array(given_, dtype=kind)
        back = columns.unpack(columns.pack({"x": column}))["x"]
        assert back.dtype == column.dtype
        sound = ~np.isnan(column) if kind is np.float64 else np.ones(len(column), bool)
        assert (back.view(np.int64)[sound] == column.view(np.int64)[sound]).all()
        assert np.isnan(back[~sound]).all()


@given(st.integers(0, 400), st.integers(0, 255))
def test_a_damaged_chunk_is_never_read_as_data(position: int, value: int) -> None:
    blob = bytearray(columns.pack({"price": np.arange(40) / 4, "ns": np.arange(40, dtype=np.int64)}))
    position %= len(blob)
    if blob[position] == value:
        return
    blob[position] = value
    with pytest.raises(DataError):
        columns.unpack(bytes(blob))


def test_prices_take_a_fraction_of_their_room() -> None:
    price = np.round(100 + np.cumsum(np.sin(np.arange(10_000))) / 50, 2)
    assert len(columns.pack({"close": price})) < len(price) * 2.1


# ---------------------------------------------------------------- bars
async def test_bars_come_back_over_the_borders_of_chunks(store: MarketStore) -> None:
    bars = bars_from(0, CHUNK_BARS * 2 + 500)
    store.put_bars(MINUTES, bars)
    await settled(store)
    assert same(store.read_bars(MINUTES), bars)
    extent = store.extent(MINUTES)
    assert extent is not None
    assert (extent.first_ns, extent.last_ns, extent.rows) == (START, int(bars["start_ns"][-1]), len(bars["open"]))


async def test_a_stretch_of_time_is_start_inclusive_and_end_exclusive(store: MarketStore) -> None:
    bars = bars_from(0, CHUNK_BARS + 100)
    store.put_bars(MINUTES, bars)
    await settled(store)
    for low, high in ((10, 20), (CHUNK_BARS - 5, CHUNK_BARS + 5), (0, 0)):
        found = store.read_bars(MINUTES, int(bars["start_ns"][low]), int(bars["start_ns"][high]))
        assert same(found, {name: bars[name][low:high] for name in NAMES})


async def test_the_last_bars_come_whatever_chunk_they_are_in(store: MarketStore) -> None:
    bars = bars_from(0, CHUNK_BARS + 100)
    store.put_bars(MINUTES, bars)
    await settled(store)
    for count in (1, 50, 2000, CHUNK_BARS + 100, 10**6):
        assert same(store.last_bars(MINUTES, count), {name: bars[name][-count:] for name in NAMES})
    before = store.last_bars(MINUTES, 200, end_ns=int(bars["start_ns"][CHUNK_BARS + 50]))
    assert same(before, {name: bars[name][CHUNK_BARS - 150 : CHUNK_BARS + 50] for name in NAMES})
    assert len(store.last_bars(MINUTES, 0)["open"]) == 0


async def test_new_bars_fill_gaps_and_replace_old_ones(store: MarketStore) -> None:
    store.put_bars(MINUTES, bars_from(100, 50))
    store.put_bars(MINUTES, bars_from(0, 20))
    store.put_bars(MINUTES, bars_from(10, 100, close=200.0))
    await settled(store)
    old, new = bars_from(0, 150), bars_from(0, 150, close=200.0)
    chosen = np.arange(150)
    expected = {name: np.where((chosen >= 10) & (chosen < 110), new[name], old[name]) for name in NAMES}
    assert same(store.read_bars(MINUTES), expected)


async def test_series_do_not_mix_and_growing_bars_are_not_kept(store: MarketStore) -> None:
    def bar(minute: int, *, closed: bool) -> Bar:
        start = START + minute * 60 * NS_PER_S
        return Bar(instrument_id=AAPL, seconds=60, start_ns=start, open=1, high=2, low=1, close=2, closed=closed)

    store.put_bars(MINUTES, [bar(0, closed=True), bar(1, closed=False)])
    store.put_bars(Series(instrument_id=AAPL, seconds=60, regular_hours_only=False), bars_from(0, 5))
    await settled(store)
    assert store.read_bars(MINUTES)["start_ns"].tolist() == [START]
    assert np.isnan(store.read_bars(MINUTES)["vwap"]).all()
    assert store.extent(Series(instrument_id=AAPL, seconds=300)) is None
    assert len(store.read_bars(Series(instrument_id=AAPL, seconds=300))["open"]) == 0


async def test_a_price_that_is_no_number_loses_its_batch_and_says_so(store: MarketStore, allow_logs: AllowLogs) -> None:
    allow_logs("storage")
    broken = bars_from(0, 5)
    broken["close"] = np.array([1.0, np.nan, 1, 1, 1])
    store.put_bars(MINUTES, broken)
    await settled(store)
    assert store.lost == 5
    assert "every close of a bar must be a finite number" in store.problem
    store.put_bars(MINUTES, bars_from(0, 5))
    await settled(store)
    assert (store.problem, len(store.read_bars(MINUTES)["open"])) == ("", 5)


# ---------------------------------------------------------------- ticks
def quote(number: int, name: str = "AAPL") -> Quote:
    return Quote(
        instrument_id=InstrumentId(name),
        received_ns=START + number,
        bid=100.01 if number % 3 else None,
        ask=100.02,
        ask_size=float(number),
        halted=number % 2 == 1,
        data_type=DataType.DELAYED,
    )


async def test_quotes_come_back_from_log_and_chunks_alike(store: MarketStore) -> None:
    count = PACKED_ROWS + 500
    events = [quote(number, "AAPL" if number % 2 else "MSFT") for number in range(count)]
    store.put_ticks("quotes", events)
    await settled(store)

    before = store.read_ticks("quotes", AAPL, *ALWAYS)
    await eventually(lambda: asked(store, "SELECT coalesce(sum(rows), 0) FROM tick_chunks") == PACKED_ROWS)
    assert same(store.read_ticks("quotes", AAPL, *ALWAYS), before)
    found = store.read_ticks("quotes", AAPL, *ALWAYS)
    mine = [event for event in events if event.instrument_id == AAPL]
    assert found["ns"].tolist() == [event.received_ns for event in mine]
    assert found["ask_size"].tolist() == [event.ask_size for event in mine]
    assert np.array_equal(found["bid"], [np.nan if event.bid is None else event.bid for event in mine], equal_nan=True)
    assert np.isnan(found["last"]).all()
    assert set(found["flags"].tolist()) == {DATA_TYPE_CODES[DataType.DELAYED] | HALTED}
    part = store.read_ticks("quotes", AAPL, START + 101, START + 201)
    assert part["ns"].tolist() == [START + number for number in range(101, 201, 2)]


async def test_trades_and_volatilities_keep_their_codes(store: MarketStore) -> None:
    option = InstrumentId("SPY 20250321 C 600")
    store.put_ticks(
        "trades",
        [
            Trade(instrument_id=AAPL, received_ns=START, event_ns=START - 5, price=10.5, size=100, aggressor=Side.SELL),
            Trade(instrument_id=AAPL, received_ns=START + 1, event_ns=START, price=10.6, size=1),
        ],
    )
    store.put_ticks(
        "option_quotes",
        [
            OptionQuote(
                instrument_id=option, received_ns=START, source=OptionPriceSource.MODEL, implied_volatility=0.2134567
            )
        ],
    )
    await settled(store)
    trades = store.read_ticks("trades", AAPL, *ALWAYS)
    assert trades["aggressor"].tolist() == [-1, 0]
    assert trades["event_ns"].tolist() == [START - 5, START]
    volatility = store.read_ticks("option_quotes", option, *ALWAYS)
    assert volatility["implied_volatility"].tolist() == [0.2134567]
    assert volatility["source"].tolist() == [SOURCE_CODES[OptionPriceSource.MODEL]]
    assert len(store.read_ticks("trades", option, *ALWAYS)["ns"]) == 0
    with pytest.raises(StorageError, match="recorded are quotes"):
        store.read_ticks("candles", AAPL, *ALWAYS)


async def test_the_recorder_hands_over_by_time_and_by_number(store: MarketStore) -> None:
    bus, clock = Bus(), SimClock(START)
    recorder = Recorder(bus, clock, store)
    recorder.start()
    recorder.start()
    bus.publish(quote(0))
    assert recorder.recorded == 0
    clock.advance(FLUSH_S)
    assert recorder.recorded == 1
    for number in range(1, FLUSH_ROWS + 1):
        bus.publish(quote(number))
    assert recorder.recorded == FLUSH_ROWS + 1
    bus.publish(quote(FLUSH_ROWS + 1))
    recorder.stop()
    bus.publish(quote(FLUSH_ROWS + 2))
    clock.advance(10)
    await settled(store)
    assert len(store.read_ticks("quotes", AAPL, *ALWAYS)["ns"]) == FLUSH_ROWS + 2


async def test_old_and_too_large_recordings_go_and_the_newest_stay(folder: Path) -> None:
    store = MarketStore(folder / "market.db")
    await store.start()
    await store.stop()
    chunk = ("quotes", 1, START, START, 1, b"x" * 200_000)
    names = "kind, instrument, first_ns, last_ns, rows, data, written_ns"
    with sqlite3.connect(store.path) as other:
        other.executemany(f"INSERT INTO tick_chunks ({names}) VALUES (?,?,?,?,?,?,?)", [(*chunk, 5)] * 3)
        other.executemany(
            f"INSERT INTO tick_chunks ({names}) VALUES (?,?,?,?,?,?,?)", [(*chunk, wall_clock_ns())] * 600
        )
    other.close()
    newest = asked(store, "SELECT max(id) FROM tick_chunks")
    capped = MarketStore(folder / "market.db", size_cap_bytes=60_000_000)
    await capped.start()
    await eventually(lambda: 0 < asked(capped, "SELECT count(*) FROM tick_chunks") <= 300)
    await capped.stop()
    assert asked(capped, "SELECT max(id) FROM tick_chunks") == newest
    assert asked(capped, "SELECT count(*) FROM tick_chunks WHERE written_ns = 5") == 0


# ---------------------------------------------------------------- the file
def aside(folder: Path) -> Path:
    (kept,) = folder.glob("market.db.corrupt-*")
    return kept


async def test_a_damaged_file_is_put_aside_and_begun_anew(folder: Path, allow_logs: AllowLogs) -> None:
    allow_logs("storage")
    (folder / "market.db").write_bytes(b"not a database at all" * 400)
    (folder / "market.db").chmod(0o600)
    store = MarketStore(folder / "market.db")
    await store.start()
    assert "begins anew" in store.notice
    store.put_bars(MINUTES, bars_from(0, 5))
    await settled(store)
    assert len(store.read_bars(MINUTES)["open"]) == 5
    await store.stop()
    assert ".corrupt-" in store.notice
    assert aside(folder).read_bytes().startswith(b"not a database")


async def test_a_newer_file_is_refused_and_left_alone(folder: Path) -> None:
    store = MarketStore(folder / "market.db")
    await store.start()
    await store.stop()
    with sqlite3.connect(store.path) as other:
        other.execute("UPDATE alembic_version SET version_num = '0099'")
    other.close()
    before = store.path.read_bytes()
    newer = MarketStore(store.path)
    with pytest.raises(UserError, match="STO-002"):
        await newer.start()
    assert store.path.read_bytes() == before
    with pytest.raises(StorageError):
        newer.read_bars(MINUTES)
    newer.put_bars(MINUTES, bars_from(0, 3))
    await newer.stop()
    assert newer.lost == 3


async def test_what_was_queued_before_the_stop_is_there_after_it(folder: Path) -> None:
    store = MarketStore(folder / "market.db")
    await store.start()
    store.put_bars(MINUTES, bars_from(0, 5))
    await store.stop()
    store.put_bars(MINUTES, bars_from(0, 5))
    assert store.lost == 5
    again = MarketStore(folder / "market.db")
    await again.start()
    assert len(again.read_bars(MINUTES)["open"]) == 5
    await again.stop()
