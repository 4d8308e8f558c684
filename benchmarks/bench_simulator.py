# SPDX-License-Identifier: Apache-2.0
"""The simulated market by itself: a first chart of an instrument that nobody has asked for, and streaming.

Every round opens a market anew, so that no history is in its memory. Streaming watches every instrument, the book
of one, and an option chain's worth of contracts, with a listener that does nothing.
"""

import statistics
import time
from typing import Final

from benchmarks.harness import Row, limited, told
from terminal.model.instrument import Instrument
from terminal.simulation.exchange_port import SimExecution, SimOrderState, SimPosition, SimPrint, SimTop
from terminal.simulation.factory import open_exchange
from terminal.simulation.market import Market

MOST_FIRST_MS: Final = 300.0
_DAY_NS: Final = 86_400 * 10**9
_OPTIONS: Final = 40


class _Deaf:
    """Hears everything and does nothing."""

    def on_top(self, top: SimTop) -> None: ...
    def on_print(self, trade: SimPrint) -> None: ...
    def on_book(self, con_id: int) -> None: ...
    def on_greeks(self, con_id: int) -> None: ...
    def on_order(self, state: SimOrderState) -> None: ...
    def on_execution(self, execution: SimExecution, state: SimOrderState) -> None: ...
    def on_position(self, position: SimPosition) -> None: ...
    def on_account(self, account: str) -> None: ...
    def on_session(self, event: str) -> None: ...


def _number(instrument: Instrument) -> int:
    assert instrument.broker_id is not None
    return instrument.broker_id


def _history(market: Market, con_id: int, seconds: int, days: int) -> int:
    now = market.now_ns()
    start = now - days * _DAY_NS
    return len(
        market.bars(con_id, seconds=seconds, start_ns=start, end_ns=now, what="TRADES", regular_only=seconds >= 86_400)
    )


def _first_chart() -> tuple[float, int]:
    """Return milliseconds for a year of days and five days of minutes, and how many bars came."""
    market = open_exchange(seed=1)
    con_id = _number(market.instruments()[0])
    start = time.perf_counter()
    count = _history(market, con_id, 86_400, 365) + _history(market, con_id, 60, 7)
    return (time.perf_counter() - start) * 1e3, count


def _streaming(seconds: float) -> float:
    """Return milliseconds of work per second of the market."""
    market = open_exchange(seed=1)
    market.set_listener(_Deaf())
    watched = market.instruments()
    for instrument in watched:
        market.watch(_number(instrument), "top")
    first = watched[0]
    for kind in ("prints", "book"):
        market.watch(_number(first), kind)
    for option in market.find(symbol=first.symbol, sec_type="OPT")[:_OPTIONS]:
        market.watch(_number(option), "top")
        market.watch(_number(option), "greeks")
    market.advance_to(market.now_ns() + 5 * 10**9)
    start = time.process_time()
    for _ in range(int(seconds * 4)):
        market.advance_to(market.now_ns() + 250_000_000)
    return (time.process_time() - start) * 1e3 / seconds


def measure(*, quick: bool) -> list[Row]:
    firsts = [_first_chart() for _ in range(3 if quick else 7)]
    streaming = [_streaming(5 if quick else 20) for _ in range(2 if quick else 3)]
    return [
        limited("a year of days and five of minutes, first time", statistics.median(ms for ms, _ in firsts),
                unit="ms", below=MOST_FIRST_MS, note=f"{firsts[0][1]:,} bars"),
        told("work per second of the market, everything watched", statistics.median(streaming), unit="ms",
             note=f"with {_OPTIONS} options of a chain"),
    ]  # fmt: skip
