# SPDX-License-Identifier: Apache-2.0
"""Validation, cache before publication, and the age of everything."""

import math
from typing import Any

import pytest

from terminal.bus import Bus
from terminal.clock import NS_PER_S, LiveClock, SimClock
from terminal.market.hub import MarketHub
from terminal.model.enums import AssetClass, LinkState, OptionPriceSource
from terminal.model.events import LinkChanged, QuotesFrozen, SourceSpoke
from terminal.model.ids import InstrumentId
from terminal.model.instrument import Instrument
from terminal.model.market import Depth, DepthLevel, OptionQuote, OptionStatistics, Quote, Trade
from tests.conftest import AllowLogs

XYZ = InstrumentId("XYZ")
START = 1_000 * NS_PER_S


class Floor:
    def __init__(self, asset_class: AssetClass = AssetClass.STOCK) -> None:
        self.clock = SimClock(START)
        self.bus = Bus()
        self.hub = MarketHub(self.bus, self.clock)
        self.hub.add_instrument(Instrument(id=XYZ, asset_class=asset_class, symbol="XYZ"))
        self.heard: list[Any] = []
        self.bus.subscribe(Quote, self.heard.append)
        self.bus.subscribe(Trade, self.heard.append)

    def quote(self, *, bid: float | None = None, ask: float | None = None, last: float | None = None) -> Quote:
        self.hub.on_quote(Quote(instrument_id=XYZ, received_ns=self.clock.now_ns(), bid=bid, ask=ask, last=last))
        shown = self.hub.quote(XYZ)
        assert shown is not None
        return shown

    def link(self, state: LinkState) -> None:
        self.bus.publish(LinkChanged(ns=self.clock.now_ns(), state=state))

    def spoke(self) -> None:
        self.bus.publish(SourceSpoke(ns=self.clock.now_ns()))


@pytest.fixture
def floor(allow_logs: AllowLogs) -> Floor:
    allow_logs("market")
    return Floor()


# ---------------------------------------------------------------- what is believed
@pytest.mark.parametrize(
    ("values", "gone", "kind"),
    [
        ({"bid": 10.0, "ask": 9.0, "last": 9.5}, ("bid", "ask"), "crossed"),
        ({"bid": math.nan, "ask": 9.0, "last": 9.5}, ("bid",), "non-finite"),
        ({"bid": 8.0, "ask": math.inf, "last": 9.5}, ("ask",), "non-finite"),
        ({"bid": -1.0, "ask": 9.0, "last": 9.5}, ("bid",), "non-positive"),
        ({"bid": 0.0, "ask": 9.0, "last": 9.5}, ("bid",), "non-positive"),
        ({"bid": 8.0, "ask": 9.0, "last": 0.0}, ("last",), "non-positive"),
        ({"bid": 8.0, "ask": 9.0, "last": math.nan}, ("last",), "non-finite"),
        ({"bid": None, "ask": -9.0, "last": None}, ("ask",), "non-positive"),
    ],
)
def test_values_that_cannot_be_are_left_out_and_counted(
    floor: Floor, values: dict[str, float | None], gone: tuple[str, ...], kind: str
) -> None:
    shown = floor.quote(**values)
    for name in ("bid", "ask", "last"):
        assert getattr(shown, name) == (None if name in gone else values[name])
    assert floor.hub.rejected == {kind: len(gone) if kind != "crossed" else 1}
    assert floor.heard == [shown]


@pytest.mark.parametrize(
    ("close", "values", "gone"),
    [
        (None, {"bid": 1e308, "ask": 1e308, "last": 1e308}, {"bid", "ask", "last"}),
        (None, {"bid": 9.0, "ask": 1e7, "last": 9.5}, {"ask"}),
        (None, {"bid": 9.0, "ask": 9.1e6, "last": 9.5}, set()),
        (10.0, {"bid": 9_000.0, "ask": 10_000.0, "last": 1e6}, {"ask", "last"}),
        (10.0, {"ask": 1e5, "high": 10_001.0, "low": -1.0, "open": math.nan}, {"ask", "high", "low", "open"}),
        (1e308, {"bid": 9.0, "ask": 10.0}, {"previous_close"}),
        (math.nan, {"bid": 9.0, "ask": 10.0}, {"previous_close"}),
        (0.01, {"bid": 20.0, "ask": 20.5}, set()),  # an option that came to life
        (None, {"bid": 1e8, "bid_size": 1e300, "ask_size": math.nan}, {"bid", "bid_size", "ask_size"}),
    ],
)
def test_what_is_beyond_every_plausible_bound_is_never_a_mark(
    floor: Floor, close: float | None, values: dict[str, float], gone: set[str]
) -> None:
    given: dict[str, Any] = {"previous_close": close, **values}
    floor.hub.on_quote(Quote(instrument_id=XYZ, received_ns=START, **given))
    shown = floor.hub.quote(XYZ)
    assert shown is not None
    assert {name for name in given if given[name] is not None and getattr(shown, name) is None} == gone
    assert sum(floor.hub.rejected.values()) == len(gone)
    mark = floor.hub.mark(XYZ)
    assert mark is None or mark < 1e7


def test_an_absurd_print_level_and_computation_are_left_out(floor: Floor) -> None:
    floor.quote(bid=9.0, ask=9.1)
    floor.hub.on_trade(Trade(instrument_id=XYZ, event_ns=START, received_ns=START, price=1e308, size=1.0))
    assert floor.hub.recent_trades(XYZ) == ()
    levels = (DepthLevel(price=1e308, size=1.0), DepthLevel(price=9.0, size=1e300), DepthLevel(price=8.9, size=2.0))
    floor.hub.on_depth(
        Depth(instrument_id=XYZ, received_ns=START, bids=levels, asks=(DepthLevel(price=9.1, size=1.0),))
    )
    book = floor.hub.depth(XYZ)
    assert book is not None
    assert [level.price for level in book.bids] == [8.9]
    floor.hub.on_option_quote(
        OptionQuote(
            instrument_id=XYZ,
            received_ns=START,
            source=OptionPriceSource.MODEL,
            price=1e299,
            implied_volatility=1e6,
            delta=0.5,
        )
    )
    option = floor.hub.option_quote(XYZ)
    assert option is not None
    assert (option.price, option.implied_volatility, option.delta) == (None, None, 0.5)
    assert floor.hub.rejected == {"bad print": 1, "bad level": 1, "bad computation": 1}


# ---------------------------------------------------------------- a minute ago
def test_the_reference_is_the_price_of_a_minute_ago(floor: Floor) -> None:
    assert floor.hub.reference(XYZ) is None
    for second in range(300):
        floor.quote(bid=100.0 + second, ask=101.0 + second)
        floor.clock.advance(1)
    known = floor.hub.reference(XYZ)
    assert known == pytest.approx(100.5 + 240, abs=5)


def test_a_price_that_jumps_is_seen_for_a_minute_and_then_is_the_price(floor: Floor) -> None:
    for _ in range(120):
        floor.quote(bid=99.99, ask=100.01)
        floor.clock.advance(1)
    seen = []
    for _ in range(120):
        floor.quote(bid=999.9, ask=1_000.1)
        seen.append(floor.hub.reference(XYZ))
        floor.clock.advance(1)
    flip = seen.index(1_000.0)
    assert 45 <= flip <= 75
    assert set(seen[:flip]) <= {100.0, 550.0}
    assert set(seen[flip:]) == {1_000.0}


def test_a_price_that_flickers_never_is_the_reference(floor: Floor) -> None:
    seen = set()
    for second in range(600):
        price = 1_000.0 if second % 5 == 0 and second % 3 == 0 else 100.0  # a third of the moments that are looked at
        floor.quote(bid=price - 0.01, ask=price + 0.01)
        if second > 90:
            seen.add(round(floor.hub.reference(XYZ) or 0))
        floor.clock.advance(1)
    assert seen == {100}


def test_a_quiet_market_keeps_its_reference(floor: Floor) -> None:
    floor.quote(bid=99.99, ask=100.01)
    floor.clock.advance(600)
    floor.quote(bid=999.9, ask=1_000.1)
    assert floor.hub.reference(XYZ) == 100.0


def test_the_reference_survives_a_clock_that_is_taken_back(floor: Floor) -> None:
    later = START + 3_600 * NS_PER_S
    for second in range(60):
        floor.hub.on_quote(Quote(instrument_id=XYZ, received_ns=later + second * NS_PER_S, bid=50.0, ask=50.0))
    for _ in range(90):
        floor.quote(bid=99.99, ask=100.01)
        floor.clock.advance(1)
    assert floor.hub.reference(XYZ) == 100.0


def test_a_sound_quote_is_passed_on_as_it_came(floor: Floor) -> None:
    shown = floor.quote(bid=8.0, ask=9.0, last=8.5)
    assert floor.heard == [shown]
    assert floor.hub.rejected == {}


def test_a_locked_market_is_sound(floor: Floor) -> None:
    shown = floor.quote(bid=9.0, ask=9.0)
    assert (shown.bid, shown.ask) == (9.0, 9.0)


def test_the_price_of_a_future_may_be_negative(allow_logs: AllowLogs) -> None:
    allow_logs("market")
    floor = Floor(AssetClass.FUTURE)
    shown = floor.quote(bid=-37.7, ask=-37.6, last=-37.63)
    assert (shown.bid, shown.ask, shown.last) == (-37.7, -37.6, -37.63)
    assert floor.hub.rejected == {}


def test_the_cache_is_right_when_a_handler_looks(floor: Floor) -> None:
    seen: list[Quote | None] = []
    floor.bus.subscribe(Quote, lambda _: seen.append(floor.hub.quote(XYZ)))
    shown = floor.quote(bid=8.0, ask=9.0)
    assert seen == [shown]


@pytest.mark.parametrize(("price", "size"), [(0.0, 1.0), (-1.0, 1.0), (math.nan, 1.0), (1.0, -1.0), (1.0, math.inf)])
def test_a_print_that_cannot_be_is_dropped(floor: Floor, price: float, size: float) -> None:
    floor.hub.on_trade(Trade(instrument_id=XYZ, event_ns=START, received_ns=START, price=price, size=size))
    assert floor.heard == []
    assert floor.hub.recent_trades(XYZ) == ()
    assert floor.hub.rejected == {"bad print": 1}


def test_prints_are_kept_oldest_first_and_bounded(floor: Floor) -> None:
    for number in range(2_100):
        floor.hub.on_trade(Trade(instrument_id=XYZ, event_ns=START + number, received_ns=START, price=1.0, size=number))
    kept = floor.hub.recent_trades(XYZ)
    assert [trade.size for trade in kept] == list(range(100, 2_100))


def test_a_stream_of_nonsense_warns_once_a_minute(floor: Floor, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(240):
        floor.quote(bid=10.0, ask=9.0)
        floor.clock.advance(0.5)
    assert len([record for record in caplog.records if record.name == "market"]) == 2
    assert floor.hub.rejected == {"crossed": 240}


def test_bid_and_ask_that_pass_each_other_for_a_moment_are_no_warning(
    floor: Floor, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(100):
        floor.quote(bid=10.0, ask=10.01)
        floor.clock.advance(0.9)
        floor.quote(bid=10.02, ask=10.01)  # the bid comes first, its ask follows
        floor.clock.advance(0.1)
    assert [record for record in caplog.records if record.name == "market"] == []
    assert floor.hub.rejected == {"crossed": 100}


def test_statistics_come_in_parts_and_are_kept_together(floor: Floor) -> None:
    floor.hub.on_statistics(OptionStatistics(instrument_id=XYZ, received_ns=START, open_interest=10.0))
    floor.hub.on_statistics(OptionStatistics(instrument_id=XYZ, received_ns=START, volume=3.0))
    found = floor.hub.statistics(XYZ)
    assert found is not None
    assert (found.open_interest, found.volume) == (10.0, 3.0)


def test_option_quotes_are_kept_by_their_source(floor: Floor) -> None:
    for source, delta in ((OptionPriceSource.MODEL, 0.5), (OptionPriceSource.BID, 0.4)):
        floor.hub.on_option_quote(OptionQuote(instrument_id=XYZ, received_ns=START, source=source, delta=delta))
    model, bid = floor.hub.option_quote(XYZ), floor.hub.option_quote(XYZ, OptionPriceSource.BID)
    assert model is not None
    assert bid is not None
    assert (model.delta, bid.delta) == (0.5, 0.4)


# ---------------------------------------------------------------- age
def test_what_was_never_heard_has_no_age(floor: Floor) -> None:
    assert floor.hub.age_s(XYZ) is None
    assert floor.hub.source_age_s() is None


def test_a_heartbeat_keeps_a_quiet_value_fresh_while_the_link_is_sound(floor: Floor) -> None:
    floor.link(LinkState.READY)
    floor.quote(bid=8.0, ask=9.0)
    floor.clock.advance(10)
    assert floor.hub.age_s(XYZ) == 10
    floor.spoke()
    assert floor.hub.age_s(XYZ) == 0
    assert floor.hub.source_age_s() == 0


@pytest.mark.parametrize("state", [LinkState.DISCONNECTED, LinkState.RECONNECTING, LinkState.DEGRADED])
def test_without_a_sound_link_a_value_is_as_old_as_itself(floor: Floor, state: LinkState) -> None:
    floor.link(LinkState.READY)
    floor.quote(bid=8.0, ask=9.0)
    floor.clock.advance(10)
    floor.spoke()
    floor.link(state)
    assert floor.hub.age_s(XYZ) == 10


def test_a_word_for_another_instrument_counts_as_a_word_of_the_source(floor: Floor) -> None:
    floor.link(LinkState.READY)
    floor.quote(bid=8.0, ask=9.0)
    floor.clock.advance(3)
    floor.hub.on_trade(
        Trade(instrument_id=InstrumentId("ABC"), event_ns=START, received_ns=floor.clock.now_ns(), price=1.0, size=1.0)
    )
    assert floor.hub.age_s(XYZ) == 0


def test_a_time_stamp_from_the_future_is_no_negative_age(floor: Floor) -> None:
    floor.link(LinkState.READY)
    floor.hub.on_quote(Quote(instrument_id=XYZ, received_ns=START + 5 * NS_PER_S, bid=1.0, ask=2.0))
    assert floor.hub.age_s(XYZ) == 0


def test_a_market_that_runs_faster_makes_no_quote_older() -> None:
    """Heartbeats come once a second of the machine: at a hundredfold speed that is 100 s of the market."""
    bus, clock = Bus(), LiveClock(100.0)
    hub = MarketHub(bus, clock)
    bus.publish(LinkChanged(ns=clock.now_ns(), state=LinkState.READY))
    heard = clock.now_ns() - 300 * NS_PER_S
    hub.on_quote(Quote(instrument_id=XYZ, received_ns=heard, bid=1.0, ask=2.0))
    assert hub.age_s(XYZ) == pytest.approx(3.0, abs=0.9)
    assert hub.source_age_s() == pytest.approx(3.0, abs=0.9)
    bus.publish(SourceSpoke(ns=clock.now_ns()))
    assert (hub.age_s(XYZ) or 0) < 0.9


def test_streams_that_hang_are_as_old_as_they_are_until_they_speak(floor: Floor) -> None:
    floor.link(LinkState.READY)
    floor.quote(bid=1.0, ask=2.0)
    floor.clock.advance(8)
    floor.spoke()
    assert floor.hub.age_s(XYZ) == 0
    floor.bus.publish(QuotesFrozen(ns=floor.clock.now_ns(), instrument_ids=(XYZ,)))
    assert floor.hub.age_s(XYZ) == 8
    floor.quote(bid=1.0, ask=2.0)
    assert floor.hub.age_s(XYZ) == 0
