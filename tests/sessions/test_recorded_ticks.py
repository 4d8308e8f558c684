# SPDX-License-Identifier: Apache-2.0
"""The recorded IBM ticks of 7 October 2013, replayed over the wire: bars, prints and volume in the terminal equal an
independent aggregation of the same file by pandas.
"""

import zipfile
from pathlib import Path

import pandas as pd
import pytest

from terminal.clock import NS_PER_S
from terminal.market.bars import BarClosed
from terminal.model.market import Bar, Trade
from terminal.paths import ProfilePaths
from terminal.simulation.factory import open_exchange
from tests.support.world import world

pytestmark = pytest.mark.data
DAY = pd.Timestamp("2013-10-07", tz="America/New_York")
OPEN, CLOSE = DAY + pd.Timedelta(hours=9, minutes=30), DAY + pd.Timedelta(hours=16)
START, END = OPEN - pd.Timedelta(minutes=2), CLOSE + pd.Timedelta(minutes=1)
SYMBOLS = {"watchlist.symbols": ("IBM",)}


def ticks(path: Path) -> pd.DataFrame:
    """Return every print of the file: price in dollars and size, by its moment."""
    with zipfile.ZipFile(path) as archive, archive.open(archive.namelist()[0]) as file:
        raw = pd.read_csv(file, header=None, names=["ms", "price", "size", "exchange", "condition", "suspicious"])
    raw.index = pd.DatetimeIndex(DAY + pd.to_timedelta(raw["ms"], unit="ms"))
    raw["price"] /= 10_000
    return raw


def minutes(prints: pd.DataFrame) -> pd.DataFrame:
    """Return open, high, low, close and volume of every minute of the regular session that has a print."""
    inside = prints[(prints.index >= OPEN) & (prints.index < CLOSE)]
    groups = inside.groupby(pd.DatetimeIndex(inside.index).floor("min"))
    table = groups["price"].agg(["first", "max", "min", "last"])
    table["volume"] = groups["size"].sum()
    return table


def rows(bars: list[Bar]) -> dict[int, tuple[float, ...]]:
    return {bar.start_ns: (bar.open, bar.high, bar.low, bar.close, bar.volume) for bar in bars}


def nanoseconds(moment: pd.Timestamp) -> int:
    return round(moment.timestamp() * 1_000) * (NS_PER_S // 1_000)


def assert_same(shown: dict[int, tuple[float, ...]], table: dict[int, tuple[float, ...]]) -> None:
    assert sorted(shown) == sorted(table)
    for start, values in table.items():
        assert shown[start] == pytest.approx(values, abs=1e-9), start


async def test_bars_and_prints_in_the_terminal_equal_pandas(profile: ProfilePaths, recorded: Path) -> None:
    folder = recorded / "equity" / "usa" / "tick" / "ibm"
    files = [folder / "20131007_trade.zip", folder / "20131007_quote.zip"]
    exchange = open_exchange(replay=files)
    exchange.advance_to(nanoseconds(START))
    async with world(profile, exchange=exchange, changes=SYMBOLS) as w:
        core = await w.ready()
        instrument = w.instrument("IBM")
        trades: list[Trade] = []
        closed: list[Bar] = []
        core.bus.subscribe(Trade, trades.append)
        core.bus.subscribe(BarClosed, lambda event: closed.append(event.bar))
        core.subscriptions.watch(instrument, "trades", "test")
        core.bars.open(instrument, seconds=60, duration_s=86_400, owner="test", sink=lambda _, __: None)
        await w.step(1)
        subscribed_ns = w.clock.now_ns()
        assert subscribed_ns < nanoseconds(OPEN)
        before = len(trades)
        await w.until_clock(nanoseconds(END), slice_s=2.0)

        prints = ticks(files[0])
        expected = minutes(prints)
        table = {
            nanoseconds(pd.Timestamp(moment)): tuple(float(value) for value in row)
            for moment, row in zip(expected.index, expected.to_numpy(), strict=True)
        }
        shown = rows([bar for bar in core.bars.bars(instrument.id, 60) if bar.start_ns >= nanoseconds(OPEN)])
        assert len(table) == 390
        assert_same(shown, table)
        assert_same(rows(closed), table)  # what was published as closed did not change any more
        assert [bar.start_ns for bar in closed] == sorted(table), "each once, in order"

        heard = prints[(prints["ms"] * 1_000_000 + nanoseconds(DAY) > subscribed_ns)]
        heard = heard[heard.index <= pd.Timestamp(w.clock.now_ns(), tz="UTC")]
        assert len(trades) - before == len(heard)
        assert sum(trade.size for trade in trades[before:]) == heard["size"].sum()
        assert sum(bar.volume for bar in closed) == expected["volume"].sum()
