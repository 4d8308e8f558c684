# SPDX-License-Identifier: Apache-2.0
"""Market data through the IBKR adapter against bare ib_insync, in one run: ``python -m benchmarks.bench_adapter``.

Goal: per packet our work takes at most as long as ib_insync needs to decode it, with 50 symbols and three
books. Both sides are real connections over loopback to a scripted server; the same packets are then given to
both protocols by hand, in turns. *Reference* is bare ib_insync decoding a packet. *Ours* is everything beyond
that: the whole path with the adapter (frames, decode, one Quote per changed ticker, own books, prints) minus
the reference of the same round, first into an empty sink, then through the market hub and the bus with one
listener. Medians of rounds; noise is the spread of the ratio.
"""

import asyncio
import json
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

from brokers.ibkr.broker import IbkrBroker
from brokers.ibkr.library import load, quiet
from terminal.bus import Bus
from terminal.clock import LiveClock
from terminal.market.hub import MarketHub
from terminal.model.enums import LinkState, Mode
from terminal.model.events import LinkChanged
from terminal.model.ids import InstrumentId
from terminal.model.instrument import Instrument
from terminal.model.market import Depth, Quote, Trade
from terminal.ports import ConnectionSettings
from tests.unit.ibkr.fake_tws import FakeTws, frame
from tests.unit.ibkr.harness import AAPL

SYMBOLS: Final = 50
BOOKS: Final = 3
ROUNDS: Final = 15
PACKETS: Final = 40
MOST_RATIO: Final = 1.0
AFTER_PACKET: Final[list[Callable[[], object]]] = []
"""What the chain's side still does when a packet is over (the bridge's frame); its time counts as ours."""


@dataclass(frozen=True, slots=True)
class Result:
    """One figure beside its reference, microseconds per packet."""

    name: str
    ours_us: float
    reference_us: float
    ratio: float
    noise: float
    most_ratio: float

    @property
    def met(self) -> bool:
        return self.ratio <= self.most_ratio


def _instruments() -> list[Instrument]:
    return [
        replace(AAPL, id=InstrumentId(f"S{n}"), symbol=f"S{n}", local_symbol=f"S{n}", broker_id=1000 + n)
        for n in range(SYMBOLS)
    ]


class _Ids:
    """Request ids of one side, by what they stream."""

    def __init__(self, quotes: list[int], books: list[int]) -> None:
        self.quotes = quotes
        self.books = books


def _busy(ids: _Ids, turn: int) -> bytes:
    """One update of everything: both sides, the last, the volume of 50 symbols, six rows of each book."""
    parts = [_symbol(req_id, turn) for req_id in ids.quotes]
    for req_id in ids.books:
        parts.extend(
            frame(13, 1, req_id, row, "NSDQ", 1, side, _price(row, side), 100 + (turn + row) % 7, 1)
            for row in range(3)
            for side in (0, 1)
        )
    return b"".join(parts)


def _symbol(req_id: int, turn: int) -> bytes:
    price = 100 + turn % 50 / 100
    return (
        frame(1, 6, req_id, 1, price, 100 + turn, 0)
        + frame(2, 6, req_id, 0, 100 + turn)
        + frame(1, 6, req_id, 2, price + 0.01, 200 + turn, 0)
        + frame(2, 6, req_id, 3, 200 + turn)
        + frame(1, 6, req_id, 4, price, 1 + turn, 0)
        + frame(2, 6, req_id, 5, 1 + turn)
        + frame(2, 6, req_id, 8, 100000 + turn)
        + frame(46, 6, req_id, 45, 1700000000 + turn)
    )


def _sparse(ids: _Ids, turn: int) -> bytes:
    """The dearest for us: one single field per symbol."""
    return b"".join(frame(1, 6, req_id, 1, 99 + turn % 50 / 100, 100 + turn, 0) for req_id in ids.quotes)


def _alone(ids: _Ids, turn: int) -> bytes:
    """One symbol's update in a packet of its own."""
    return _symbol(ids.quotes[turn % SYMBOLS], turn)


def _depth(ids: _Ids, turn: int) -> bytes:
    """One row in each of three books."""
    return b"".join(
        frame(13, 1, req_id, turn % 10, "NSDQ", 1, turn % 2, _price(turn % 10, turn % 2), 100 + turn, 1)
        for req_id in ids.books
    )


def _price(row: int, side: int) -> float:
    return 100 - row / 100 if side else 100.01 + row / 100


def _book_start(ids: _Ids) -> bytes:
    return b"".join(
        frame(13, 1, req_id, row, "NSDQ", 0, side, _price(row, side), 100, 1)
        for req_id in ids.books
        for row in range(20)
        for side in (0, 1)
    )


SCENES: Final[dict[str, Callable[[_Ids, int], bytes]]] = {
    "50 symbols and 3 books in one packet": _busy,
    "50 symbols, one field each": _sparse,
    "one symbol in a packet": _alone,
    "three books, one row each": _depth,
}


class _Side:
    """One connection, and the way into its protocol."""

    def __init__(self, ids: _Ids, receive: Callable[[bytes], None], after: Sequence[Callable[[], object]] = ()) -> None:
        self.ids = ids
        self.receive = receive
        self.after = after

    def time(self, scene: Callable[[_Ids, int], bytes], first: int) -> float:
        """Return microseconds of this thread's processor time per packet: neighbours do not count."""
        packets = [scene(self.ids, first + turn) for turn in range(PACKETS)]
        start = time.thread_time_ns()
        for packet in packets:
            self.receive(packet)
            for each in self.after:
                each()
        return (time.thread_time_ns() - start) / PACKETS / 1000


async def _bare(port: int) -> tuple[_Side, Any]:
    library = load()
    quiet()
    ib = library.IB()
    await ib.client.connectAsync("127.0.0.1", port, 2, 5)
    ib.client.MaxRequests = 0
    contracts = [library.Stock(f"S{n}", "SMART", "USD", conId=1000 + n) for n in range(SYMBOLS)]
    quotes = []
    for contract in contracts:
        ticker = ib.reqMktData(contract)
        quotes.append(ib.wrapper.ticker2ReqId["mktData"][ticker])
    books = []
    for contract in contracts[:BOOKS]:
        ticker = ib.reqMktDepth(contract, 20, True)
        books.append(ib.wrapper.ticker2ReqId["mktDepth"][ticker])
    return _Side(_Ids(quotes, books), ib.client.conn.data_received), ib


async def _ours(
    port: int, sink: Callable[[object], None], clock: LiveClock, client_id: int, *, lines: int = 1000
) -> tuple[_Side, IbkrBroker]:
    ready = asyncio.Event()

    def listening(event: object) -> None:
        if isinstance(event, LinkChanged):
            ready.set() if event.state is LinkState.READY else ready.clear()
        sink(event)

    broker = IbkrBroker(listening, clock, max_books=BOOKS)
    await broker.connect(
        ConnectionSettings(host="127.0.0.1", port=port, client_id=client_id, mode=Mode.PAPER, market_data_lines=lines)
    )
    async with asyncio.timeout(10):
        await ready.wait()
    for instrument in _instruments()[: lines // 2]:
        broker.subscribe_quote(instrument)
    for instrument in _instruments()[:BOOKS]:
        broker.subscribe_depth(instrument, 20)
    connection = broker._session.connection
    assert connection is not None
    ids: dict[str, list[int]] = {"quote": [], "depth": []}
    for req_id, request in connection.requests.items():
        if request.channel in ids:
            ids[request.channel].append(req_id)
    return _Side(_Ids(ids["quote"], ids["depth"]), connection.client.conn.data_received), broker


def _hub_sink(clock: LiveClock) -> Callable[[object], None]:
    bus = Bus()
    hub = MarketHub(bus, clock)
    dirty: dict[InstrumentId, object] = {}
    for instrument in _instruments():
        hub.add_instrument(instrument)

    def bridge(event: Quote | Depth | Trade) -> None:
        dirty[event.instrument_id] = event

    bus.subscribe(Quote, bridge)
    bus.subscribe(Depth, bridge)
    routes: dict[type, Callable[[Any], None]] = {Quote: hub.on_quote, Depth: hub.on_depth, Trade: hub.on_trade}

    def sink(event: object) -> None:
        route = routes.get(type(event))
        if route is not None:
            route(event)

    return sink


async def _measure(chain_sink: Callable[[LiveClock], Callable[[object], None]], count: int) -> list[Result]:
    tws = FakeTws()
    port = await tws.listen()
    clock = LiveClock()
    reference, ib = await _bare(port)
    adapter, broker = await _ours(port, lambda _event: None, clock, 3)
    chain, chain_broker = await _ours(port, chain_sink(clock), clock, 4)
    chain.after = tuple(AFTER_PACKET)
    sides = {"adapter": adapter, "adapter, hub, bus and bridge": chain}
    for side in (reference, *sides.values()):
        side.receive(_book_start(side.ids))
    results: list[Result] = []
    for scene_name, scene in SCENES.items():
        rounds: dict[str, list[tuple[float, float]]] = {name: [] for name in sides}
        for number in range(count + 1):
            base = reference.time(scene, number * PACKETS)
            for name, side in sides.items():
                total = side.time(scene, number * PACKETS)
                if number:  # the first round warms up
                    rounds[name].append((total - base, base))
        results.extend(_result(f"{scene_name}: {name}", pairs) for name, pairs in rounds.items())
    await broker.disconnect()
    await chain_broker.disconnect()
    ib.client.disconnect()
    await tws.until(lambda: tws.open == 0)
    await tws.stop()
    return results


def _result(name: str, pairs: list[tuple[float, float]]) -> Result:
    ratios = sorted(extra / base for extra, base in pairs)
    trim = len(ratios) // 5
    return Result(
        name=name,
        ours_us=statistics.median(extra for extra, _ in pairs),
        reference_us=statistics.median(base for _, base in pairs),
        ratio=statistics.median(ratios),
        noise=ratios[-1 - trim] - ratios[trim],
        most_ratio=MOST_RATIO,
    )


def run(chain: Callable[[LiveClock], Callable[[object], None]] = _hub_sink, rounds: int = ROUNDS) -> list[Result]:
    """Measure every scene; ours beside the reference. ``chain`` makes what stands behind the adapter."""
    return asyncio.run(_measure(chain, rounds))


def main() -> None:
    for result in run():
        verdict = "met" if result.met else "MISSED"
        print(
            f"{result.name:<70} ours {result.ours_us:8.1f} us  ib_insync {result.reference_us:8.1f} us  "
            f"ratio {result.ratio:5.2f} (noise {result.noise:.2f}, goal <= {result.most_ratio:g}) {verdict}"
        )
        print(json.dumps(asdict(result)))


if __name__ == "__main__":
    main()
