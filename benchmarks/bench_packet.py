# SPDX-License-Identifier: Apache-2.0
"""A packet of market data: our work against ib_insync's decoding, the same bytes in turns (see bench_adapter).

The whole way runs: frames, validation, one Quote per changed ticker, own books, cache, bus, and the bridge of a
real Qt application, which hands its frame over after every packet. That is dearer than life, where many packets
share one frame.
"""

from collections.abc import Callable
from typing import Any

from PySide6.QtWidgets import QApplication

from benchmarks import bench_adapter
from benchmarks.harness import Row
from terminal.bus import Bus
from terminal.clock import LiveClock
from terminal.market.hub import MarketHub
from terminal.model.market import Depth, Quote, Trade
from widgets.bridge import Bridge, Frame


def _bridged(clock: LiveClock) -> Callable[[object], None]:
    """Return the sink of the running program: hub, bus, bridge; a frame is emitted when the packet is over."""
    bus = Bus()
    hub = MarketHub(bus, clock)
    for instrument in bench_adapter._instruments():
        hub.add_instrument(instrument)
    bridge = Bridge(bus, QApplication.instance())
    bridge.frame.connect(_take)
    routes: dict[type, Callable[[Any], None]] = {Quote: hub.on_quote, Depth: hub.on_depth, Trade: hub.on_trade}

    def sink(event: object) -> None:
        route = routes.get(type(event))
        if route is not None:
            route(event)

    bench_adapter.AFTER_PACKET.append(bridge._emit)
    return sink


def _take(_frame: Frame) -> None:
    """Stand where the panels stand."""


def measure(*, quick: bool) -> list[Row]:
    app = QApplication([])
    results = bench_adapter.run(chain=_bridged, rounds=5 if quick else bench_adapter.ROUNDS)
    app.processEvents()
    return [
        Row(
            name=result.name,
            unit="us",
            ours=result.ours_us,
            reference=result.reference_us,
            reference_name="ib_insync",
            ratio=result.ratio,
            noise=result.noise,
            goal=f"<= {result.most_ratio:g}x",
            met=result.met,
        )
        for result in results
    ]
