# SPDX-License-Identifier: Apache-2.0
"""G12: bars from SQLite to arrays, against the same bars as rows read by sqlite3 and as a plain .npy file."""

import sqlite3
import tempfile
import time
from pathlib import Path
from typing import Any, Final

import numpy as np

from benchmarks.harness import Row, alternate, compared, disk, limited
from terminal.model.ids import InstrumentId
from terminal.storage.bars import NAMES, BarArrays, Series
from terminal.storage.market_store import MarketStore

BARS: Final = 1_000_000
LAST: Final = 2_000
_SERIES: Final = Series(instrument_id=InstrumentId("AAPL"), seconds=60)


def _bars() -> BarArrays:
    rng = np.random.default_rng(1)
    close = 100 + np.cumsum(np.round(rng.normal(0, 1, BARS))) / 100
    reach = np.round(rng.random((2, BARS)) * 4) / 100
    return {
        "start_ns": 1_600_000_000_000_000_000 + np.arange(BARS, dtype=np.int64) * 60_000_000_000,
        "open": np.roll(close, 1),
        "high": close + reach[0],
        "low": close - reach[1],
        "close": close,
        "volume": np.round(rng.lognormal(6, 1, BARS)),
        "vwap": close - 0.005,
        "count": rng.integers(1, 500, BARS),
    }


def _rows_file(path: Path, bars: BarArrays) -> sqlite3.Connection:
    connection = sqlite3.connect(path)
    connection.execute(f"create table bars (start_ns integer primary key, {', '.join(NAMES[1:])})")
    rows = zip(*(bars[name].tolist() for name in NAMES), strict=True)
    connection.executemany(f"insert into bars values ({','.join('?' * len(NAMES))})", rows)
    connection.commit()
    return connection


def _ms(action: Any) -> float:
    start = time.perf_counter()
    action()
    return (time.perf_counter() - start) * 1e3


def measure(*, quick: bool) -> list[Row]:
    bars = _bars()
    rounds = 5 if quick else 9
    with tempfile.TemporaryDirectory(prefix="tiller-bench-", dir=disk()) as folder:
        store = MarketStore(Path(folder, "market.db"))
        store.open()
        store.put_bars(_SERIES, bars)
        store.flush().result()
        rows = _rows_file(Path(folder, "rows.db"), bars)
        plain = Path(folder, "bars.npy")
        np.save(plain, np.column_stack([bars[name] for name in NAMES]))
        assert len(store.read_bars(_SERIES)["close"]) == BARS

        def by_rows(last: int = BARS) -> None:
            found = rows.execute(f"select * from bars order by start_ns desc limit {last}").fetchall()
            np.array(found)

        whole = alternate(lambda: _ms(lambda: store.read_bars(_SERIES)), lambda: _ms(lambda: np.load(plain)), rounds)
        slow = [(_ms(lambda: store.read_bars(_SERIES)), _ms(by_rows)) for _ in range(2 if quick else 5)]
        last = alternate(
            lambda: _ms(lambda: store.last_bars(_SERIES, LAST)), lambda: _ms(lambda: by_rows(LAST)), rounds * 5
        )
        store.close()
        rows.close()
    median = compared("", last, unit="ms", reference_name="").ours
    return [
        compared("1M bars to arrays, beside rows", slow, unit="ms", reference_name="sqlite3", most_ratio=1 / 25),
        compared("1M bars to arrays, beside a plain .npy", whole, unit="ms", reference_name=".npy", most_ratio=10),
        limited("last 2,000 bars of 1M", median, unit="ms", below=2),
        compared("last 2,000 bars, beside rows", last, unit="ms", reference_name="sqlite3"),
    ]
