# SPDX-License-Identifier: Apache-2.0
"""The recorded market: LEAN files in, the same seam out; damaged files are named with line and rule."""

import zipfile
from datetime import date, time
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from terminal.errors import UserError
from terminal.simulation.exchange_port import SimulatorRefusalError
from terminal.simulation.factory import open_exchange
from terminal.simulation.market import Market
from terminal.simulation.trading_days import NS, local_ns
from tests.unit.simulation.floor_case import ACCOUNT, IBM, SPY, Recorder, market, order, pass_time

OPEN = 34_200_000
TRADES = [
    (OPEN + 1000, 1_000_000, 100, "N", "0", 0),
    (OPEN + 2000, 1_000_500, 200, "P", "0", 0),
    (OPEN + 61_000, 999_900, 300, "Q", "20", 0),
    (OPEN + 62_000, 999_700, 50, "Q", "0", 1),
    (OPEN + 120_000, 1_000_250, 1, "Z", "0", 0),
]
QUOTES = [
    (OPEN, 999_900, 300, 0, 0, "N", "1", 0),
    (OPEN + 500, 0, 0, 1_000_100, 200, "N", "1", 0),
    (OPEN + 60_000, 999_800, 400, 0, 0, "N", "1", 0),
    (OPEN + 90_000, 0, 0, 1_000_000, 500, "N", "1", 0),
]
DAILY = [
    "20131003 00:00,990000,1010000,980000,1000000,5000000",
    "20131004 00:00,1000000,1020000,990000,1010000,6000000",
]


def write(path: Path, rows: list[str]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(path.stem + ".csv", "\n".join(rows) + "\n")
    return path


def rows(table: list[tuple[int | str, ...]]) -> list[str]:
    return [",".join(str(cell) for cell in row) for row in table]


@pytest.fixture
def lean(tmp_path: Path) -> Path:
    """Write a small data set and return its equity folder."""
    root = tmp_path / "lean" / "equity" / "usa"
    write(root / "tick/ibm/20131007_trade.zip", rows([*TRADES]))
    write(root / "tick/ibm/20131007_quote.zip", rows([*QUOTES]))
    write(root / "daily/ibm.zip", DAILY)
    write(
        root / "minute/ibm/20131004_trade.zip",
        [f"{OPEN + 60_000 * n},{10**6 + n},1000100,990000,1000000,10" for n in range(3)],
    )
    return root


def replay(*paths: Path) -> tuple[Market, Recorder]:
    exchange = open_exchange(replay=paths)
    heard = Recorder()
    exchange.set_listener(heard)
    return exchange, heard


def at(ms: int) -> int:
    return local_ns(date(2013, 10, 7), time(0, 0)) + ms * 1_000_000


def test_the_clock_starts_shortly_before_the_first_event(lean: Path) -> None:
    exchange, _ = replay(lean / "tick")
    assert exchange.now_ns() == at(OPEN) - 5 * NS
    (item,) = exchange.instruments()
    assert (item.symbol, item.broker_id, item.name) == ("IBM", IBM, "INTL BUSINESS MACHINES CORP")


def test_every_print_is_told_with_exchange_and_condition(lean: Path) -> None:
    exchange, heard = replay(lean / "tick")
    exchange.watch(IBM, "prints")
    pass_time(exchange, 200)
    told = [(one.ns, one.price, one.size, one.exchange, one.conditions) for one in heard.prints]
    assert told == [
        (at(OPEN + 1000), 100.0, 100, "NYSE", "0"),
        (at(OPEN + 2000), 100.05, 200, "ARCA", "0"),
        (at(OPEN + 61_000), 99.99, 300, "ISLAND", "20"),
        (at(OPEN + 62_000), 99.97, 50, "ISLAND", "0"),
        (at(OPEN + 120_000), 100.025, 1, "BATS", "0"),
    ]
    top = exchange.top(IBM)
    assert (top.volume, top.high, top.low, top.open, top.last) == (651, 100.05, 99.97, 100.0, 100.025)
    assert top.previous_close == 101.0


def test_one_side_of_a_quote_stands_while_the_other_moves(lean: Path) -> None:
    exchange, heard = replay(lean / "tick")
    exchange.watch(IBM, "top")
    pass_time(exchange, 5.2)
    assert (exchange.top(IBM).bid, exchange.top(IBM).ask) == (99.99, None)
    exchange.advance_to(at(OPEN + 60_000))
    top = exchange.top(IBM)
    assert (top.bid, top.bid_size, top.ask, top.ask_size) == (99.98, 400, 100.01, 200)
    assert heard.tops[-1] == top


def test_bars_come_from_the_prints_and_earlier_days_from_files(lean: Path) -> None:
    exchange, _ = replay(lean / "tick")
    exchange.advance_to(at(OPEN + 119_000))
    args: dict[str, Any] = {"what": "TRADES", "end_ns": exchange.now_ns()}
    today = exchange.bars(IBM, seconds=60, start_ns=at(OPEN), regular_only=True, **args)
    assert [(bar.open, bar.high, bar.low, bar.close, bar.volume, bar.count, bar.closed) for bar in today] == [
        (100.0, 100.05, 100.0, 100.05, 300, 2, True),
        (99.99, 99.99, 99.97, 99.97, 350, 2, False),
    ]
    friday = exchange.bars(IBM, seconds=60, start_ns=at(OPEN) - 4 * 86_400 * NS, regular_only=True, **args)
    assert len(friday) == 5
    assert friday[0].open == 100.0
    daily = exchange.bars(IBM, seconds=86_400, start_ns=at(0) - 10 * 86_400 * NS, regular_only=True, **args)
    assert [(bar.close, bar.volume, bar.closed) for bar in daily] == [
        (100.0, 5_000_000, True),
        (101.0, 6_000_000, True),
        (99.97, 650, False),
    ]
    args["what"] = "MIDPOINT"
    middle = exchange.bars(IBM, seconds=60, start_ns=at(OPEN), regular_only=True, **args)
    assert [bar.close for bar in middle] == [100.0, 99.99]
    with pytest.raises(SimulatorRefusalError) as refusal:
        exchange.bars(IBM, seconds=60, start_ns=0, end_ns=10**9, what="TRADES", regular_only=True)
    assert refusal.value.code == 162


def test_own_orders_fill_against_the_record_and_leave_it_alone(lean: Path) -> None:
    exchange, heard = replay(lean / "tick")
    exchange.watch(IBM, "prints")
    exchange.advance_to(at(OPEN + 700))
    taking = exchange.place(order("BUY", 300, con_id=IBM))
    resting = exchange.place(order("BUY", 350, "LMT", con_id=IBM, limit_price=99.98))
    exchange.advance_to(at(OPEN + 900))
    assert (int(taking.filled), taking.average_price) == (200, 100.01)  # what the quote displayed
    exchange.advance_to(at(OPEN + 130_000))
    assert int(taking.filled) == 300
    assert heard.filled(resting.perm_id) == 50  # a print beyond its price
    assert sum(one.size for one in heard.prints) == 651
    assert exchange.top(IBM).volume == 651


def test_what_was_not_recorded_is_refused_or_absent(lean: Path) -> None:
    exchange, _ = replay(lean / "tick/ibm/20131007_trade.zip")
    write(lean / "tick/spy/20131007_trade.zip", rows([*TRADES]))
    with_spy, _ = replay(lean / "tick/spy")
    with_spy.advance_to(at(OPEN + 130_000))
    assert (with_spy.top(SPY).bid, with_spy.top(SPY).ask) == (None, None)
    assert with_spy.top(SPY).previous_close is None
    for question, code in ((lambda: exchange.book(IBM, 5), 10092), (lambda: exchange.option_chain(IBM), 200)):
        with pytest.raises(SimulatorRefusalError) as refusal:
            question()
        assert refusal.value.code == code
    assert exchange.greeks(IBM, "model") is None
    assert not exchange.find(symbol="IBM", sec_type="OPT")


def test_the_clock_stands_at_the_end_and_says_so(lean: Path) -> None:
    exchange, heard = replay(lean / "tick")
    waiting = exchange.place(order("BUY", 1, "LMT", con_id=IBM, limit_price=1.0))
    pass_time(exchange, 3 * 86_400)
    assert heard.sessions == ["open", "close", "replay_end"]
    assert waiting.status == "Cancelled"
    end = exchange.now_ns()
    pass_time(exchange, 100)
    assert exchange.now_ns() == end
    assert exchange.top(IBM).volume == 651


def test_two_days_are_played_one_after_the_other(lean: Path) -> None:
    write(lean / "tick/ibm/20131009_trade.zip", rows([*TRADES]))
    exchange, heard = replay(lean / "tick")
    exchange.watch(IBM, "prints")
    exchange.place(order("BUY", 5, con_id=IBM))
    pass_time(exchange, 10 * 86_400)
    assert [one.ns for one in heard.prints[5:]] == [at(row[0]) + 2 * 86_400 * NS for row in TRADES]
    assert heard.sessions == ["open", "close", "day_end", "open", "close", "replay_end"]
    assert exchange.positions(ACCOUNT)[0].quantity == 5


BAD_TRADES = [
    (["34200000,1000000,100,N,0"], "line 1: needs 6 columns, has 5"),
    (["34200000,1000000,100,N,0,0", "34200001,abc,100,N,0,0"], "line 2: column 2 must be a whole number, was 'abc'"),
    (["34200000,1000000,100,N,0,0", "34199999,1000000,1,N,0,0"], "line 2: times must not go back"),
    (["99999999999,1000000,100,N,0,0"], "line 1: the time must lie between 0 and 86399999"),
    (["34200000,0,100,N,0,0"], "line 1: a price must be at least 1"),
    ([], "no rows"),
]


@pytest.mark.parametrize(("lines", "rule"), BAD_TRADES, ids=range(len(BAD_TRADES)))
def test_a_malformed_row_is_named_with_file_line_and_rule(lean: Path, lines: list[str], rule: str) -> None:
    path = lean / "tick/ibm/20131007_trade.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x.csv", "\n".join(lines))
    with pytest.raises(UserError) as refusal:
        replay(path)
    assert refusal.value.code == "SIM-013"
    assert str(path) in refusal.value.text
    assert rule in refusal.value.text


def test_paths_that_cannot_be_played_say_why(lean: Path, tmp_path: Path) -> None:
    broken = lean / "tick/ibm/20131008_trade.zip"
    broken.write_bytes(b"PK but not a zip")
    stray = tmp_path / "notes.txt"
    stray.write_text("no market here")
    sunday = write(lean / "tick/ibm/20131006_trade.zip", rows([*TRADES]))
    cases = {
        "SIM-010": [tmp_path / "nowhere"],
        "SIM-012": [broken],
        "SIM-014": [lean / "daily/ibm.zip"],
    }
    for code, paths in cases.items():
        with pytest.raises(UserError) as refusal:
            replay(*paths)
        assert refusal.value.code == code
        assert str(paths[0]) in refusal.value.text or code == "SIM-014"
    for path in (stray, sunday):
        with pytest.raises(UserError, match="SIM-011"):
            replay(path)


def test_a_state_of_another_market_is_refused(lean: Path) -> None:
    exchange, _ = replay(lean / "tick")
    with pytest.raises(UserError, match="another market"):
        market()[0].load_state(exchange.dump_state())


@pytest.mark.data
def test_the_real_ibm_day_equals_an_independent_aggregation(recorded: Path) -> None:
    folder = recorded / "equity/usa/tick/ibm"
    trade, quote = folder / "20131007_trade.zip", folder / "20131007_quote.zip"
    exchange, heard = replay(trade, quote)
    exchange.watch(IBM, "prints")
    exchange.advance_to(exchange.source.end_ns())
    ticks = pd.read_csv(trade, header=None, names=["ms", "price", "size", "venue", "condition", "odd"])
    assert len(heard.prints) == len(ticks)
    assert sum(one.size for one in heard.prints) == ticks["size"].sum()
    expected = ticks.groupby(ticks["ms"] // 60_000).agg(
        open=("price", "first"),
        high=("price", "max"),
        low=("price", "min"),
        close=("price", "last"),
        volume=("size", "sum"),
    )
    bars = exchange.bars(
        IBM, seconds=60, start_ns=at(0), end_ns=exchange.now_ns(), what="TRADES", regular_only=False
    )  # fmt: skip
    seen = {
        (bar.start_ns - at(0)) // (60 * NS): [bar.open, bar.high, bar.low, bar.close, bar.volume]
        for bar in bars
        if bar.count
    }
    assert seen == {
        minute: [*(row[:4] / 10_000).tolist(), float(row[4])]
        for minute, row in zip(expected.index.tolist(), expected.to_numpy(dtype=float), strict=True)
    }


@pytest.mark.data
def test_the_real_ibm_quotes_close_as_recorded(recorded: Path) -> None:
    folder = recorded / "equity/usa"
    exchange, _ = replay(folder / "tick/ibm/20131007_trade.zip", folder / "tick/ibm/20131007_quote.zip")
    minutes = pd.read_csv(folder / "minute/ibm/20131007_quote.zip", header=None)
    regular = minutes[(minutes[0] >= OPEN) & (minutes[0] < 57_600_000)]
    assert len(regular) == 390
    for start, bid, ask in regular[[0, 4, 9]].itertuples(index=False):
        assert exchange.source.touch(IBM, at(start + 59_999)) == (bid, ask)


@pytest.mark.data
def test_spy_shows_recorded_seconds_as_quotes(recorded: Path) -> None:
    exchange, _ = replay(recorded / "equity/usa/tick/spy/20131007_trade.zip")
    exchange.advance_to(at(OPEN + 600_000))
    top = exchange.top(SPY)
    seconds = pd.read_csv(recorded / "equity/usa/second/spy/20131007_quote.zip", header=None)
    row = seconds[seconds[0] <= OPEN + 599_000].iloc[-1]
    assert (top.bid, top.ask) == (row[4] / 10_000, row[9] / 10_000)
    assert top.volume > 1_000_000
