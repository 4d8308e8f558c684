# SPDX-License-Identifier: Apache-2.0
"""The bridge: state is conflated to one frame, prints and facts are never dropped, nothing comes after its end."""

from pytestqt.qtbot import QtBot

from terminal.bus import Bus
from terminal.model.enums import Side
from terminal.model.events import ArmedChanged
from terminal.model.ids import InstrumentId
from terminal.model.market import Quote, Trade
from widgets.bridge import Bridge, Frame

AAPL, IBM = InstrumentId("AAPL"), InstrumentId("IBM")


def quote(instrument: InstrumentId, bid: float) -> Quote:
    return Quote(instrument_id=instrument, received_ns=1, bid=bid, ask=bid + 1)


def test_a_frame_has_the_latest_state_and_every_fact_in_order(qtbot: QtBot) -> None:
    bus = Bus()
    bridge = Bridge(bus)
    frames: list[Frame] = []
    bridge.frame.connect(frames.append)
    with qtbot.waitSignal(bridge.frame):
        for bid in range(500):
            bus.publish(quote(AAPL, float(bid)))
        bus.publish(quote(IBM, 7.0))
        for size in range(50):
            bus.publish(
                Trade(instrument_id=AAPL, received_ns=1, event_ns=1, price=1.0, size=float(size), aggressor=Side.BUY)
            )
        for number in range(20):
            bus.publish(ArmedChanged(ns=number, armed=bool(number % 2), until_ns=None, reason="user"))
    assert len(frames) == 1
    (frame,) = frames
    assert {one: shown.bid for one, shown in frame.quotes.items()} == {AAPL: 499.0, IBM: 7.0}
    assert [trade.size for trade in frame.trades] == [float(size) for size in range(50)]
    assert [fact.ns for fact in frame.facts if isinstance(fact, ArmedChanged)] == list(range(20))


def test_without_news_there_is_no_frame_and_after_the_end_neither(qtbot: QtBot) -> None:
    bus = Bus()
    bridge = Bridge(bus)
    with qtbot.assertNotEmitted(bridge.frame, wait=60):
        pass
    bus.publish(quote(AAPL, 1.0))
    bridge.close()
    with qtbot.assertNotEmitted(bridge.frame, wait=60):
        bus.publish(quote(AAPL, 2.0))
