# SPDX-License-Identifier: Apache-2.0
"""Faults of market data, contracts and clocks: nothing invalid is shown or traded on, bars stay in order."""

import math
import random
from collections.abc import Sequence
from decimal import Decimal

import pytest

from brokers.simulator.faults import library
from terminal.model.commands import CancelOrder
from terminal.model.enums import LinkState, OrderStatus, Side
from terminal.model.events import DataNotice
from terminal.model.market import Bar
from terminal.paths import ProfilePaths
from tests.faults.lab import LabWorld, laboratory

pytestmark = pytest.mark.usefixtures("any_logs")


def limit(w: LabWorld, side: Side, price: float, text: str = "AAPL") -> OrderStatus:
    """Try a limit order; return what became of it at once."""
    (name,) = w.submit(w.limit(text, side, 1, w.instrument(text).snap(price)))
    return w.order(name).status


@pytest.mark.parametrize(
    "fault", ["M01.crossed", "M01.zero", "M01.negative", "M01.none", "M01.huge_size", "M01.spike", "M01.infinite"]
)
async def test_m01_quotes_that_cannot_be(profile: ProfilePaths, fault: str) -> None:
    """Nothing that is no price is shown as one, and no limit far from what was known leaves the house."""
    async with laboratory(profile, fault) as w:
        core = await w.ready()
        before = core.hub.mark(w.instrument("AAPL").id)
        assert before is not None
        await w.until(lambda: len(w.fired()) >= 20, 60)
        await w.step(3)
        for instrument in core.watchlist:
            quote = core.hub.quote(instrument.id)
            assert quote is not None
            for price in (quote.bid, quote.ask):
                assert price is None or (math.isfinite(price) and price > 0), quote
            assert quote.bid is None or quote.ask is None or quote.bid <= quote.ask
        if fault == "M01.spike":
            assert limit(w, Side.SELL, before) is OrderStatus.DENIED
        else:
            assert limit(w, Side.BUY, before * 1.3) is OrderStatus.DENIED
        assert w.sent() == []


@pytest.mark.parametrize("fault", ["M01.crossed", "M01.zero", "M01.negative", "M01.none", "M01.spike", "M01.infinite"])
async def test_m01_a_market_order_meets_no_such_quote(profile: ProfilePaths, fault: str) -> None:
    """Without two sides that can be, or ten times as high as a moment ago: nothing goes out at any price."""
    async with laboratory(profile, fault) as w:
        core = await w.ready()
        await w.until(lambda: len(w.fired()) >= 20, 60)
        await w.step(3)
        for each in core.watchlist:
            quote = core.hub.quote(each.id)
            assert quote is not None
            assert all(price is None or price < 1e7 for price in (quote.bid, quote.ask)), quote
        (name,) = w.submit(w.market("AAPL", Side.BUY, 1))
        assert w.order(name).status is OrderStatus.DENIED
        assert w.sent() == []


async def test_m02_a_silent_freeze_is_noticed(profile: ProfilePaths) -> None:
    """The heartbeat goes on, no line speaks: within eight seconds no quote looks fresh."""
    async with laboratory(profile, "M02") as w:
        core = await w.ready()
        await w.until(lambda: bool(w.fired("frozen")), 60)
        await w.step(8)
        ages = {each.id: core.hub.age_s(each.id) for each in core.watchlist}
        assert all(age is not None and age >= 2 for age in ages.values()), ages
        assert core.link is LinkState.READY


async def test_m02_a_silent_freeze(profile: ProfilePaths) -> None:
    """No tick comes any more and nobody says why; orders and positions stay the broker's all the same."""
    async with laboratory(profile, "M02") as w:
        core = await w.ready()
        await w.until(lambda: bool(w.fired("frozen")), 60)
        spoken = len([each for each in w.history() if each["name"] == "tickPrice"])
        (name,) = w.submit(w.limit("AAPL", Side.BUY, 1, w.away("AAPL", Side.SELL, 0.002)))
        await w.step(8)
        assert len([each for each in w.history() if each["name"] == "tickPrice"]) == spoken
        assert core.link is LinkState.READY
        await w.converged(15)
        assert w.order(name).status is OrderStatus.FILLED
        w.once()


@pytest.mark.parametrize("fault", library.forms("M03"))
async def test_m03_books_that_cannot_be(profile: ProfilePaths, fault: str) -> None:
    async with laboratory(profile, fault) as w:
        core = await w.ready()
        instrument = w.instrument("AAPL")
        core.subscriptions.watch(instrument, "depth", "test")
        await w.until(lambda: len(w.fired()) >= (1 if fault == "M03.reset" else 5), 60)
        await w.step(30)
        book = core.hub.depth(instrument.id)
        assert book is not None
        assert [level.price for level in book.bids] == sorted((each.price for each in book.bids), reverse=True)
        assert [level.price for level in book.asks] == sorted(each.price for each in book.asks)
        best_bid, best_ask = book.bids[0].price, book.asks[0].price
        assert best_bid < best_ask
        bids, asks = w.exchange.book(instrument.broker_id or 0, 1)
        assert abs(best_bid - bids[0][0]) < 1.0
        assert abs(best_ask - asks[0][0]) < 1.0
        assert core.link is LinkState.READY


class Chart:
    """Follows minute bars and remembers what it was told."""

    def __init__(self, w: LabWorld, text: str = "AAPL", seconds: int = 60) -> None:
        self.w = w
        self.seconds = seconds
        self.instrument = w.instrument(text)
        w.core.bars.open(
            self.instrument, seconds=seconds, duration_s=3600, owner="test", sink=self._take, regular_hours_only=False
        )
        self.told = 0

    def _take(self, bars: Sequence[Bar], reset: bool) -> None:
        self.told += 1

    @property
    def starts(self) -> list[int]:
        known = self.w.core.bars.bars(self.instrument.id, self.seconds, regular_hours_only=False)
        return [bar.start_ns for bar in known]


@pytest.mark.parametrize("fault", ["M04.duplicate", "M04.reverse", "M04.gap", "M04.stuck", "M04.empty", "M04.pacing"])
async def test_m04_bars_without_sense(profile: ProfilePaths, fault: str) -> None:
    async with laboratory(profile, fault) as w:
        await w.ready()
        chart = Chart(w)
        await w.until(lambda: bool(w.fired()), 30)
        await w.step(90, slice_s=1.0)
        starts = chart.starts
        assert starts == sorted(set(starts))
        if fault == "M04.pacing":
            await w.until(lambda: len(chart.starts) > 10, 900, slice_s=1.0)
            asked = [each for each in w.history() if each["kind"] == "in" and each["name"] == "reqHistoricalData"]
            assert len(asked) <= 60
        assert w.core.link is LinkState.READY


async def test_m04_real_time_bars_refused_for_pacing(profile: ProfilePaths) -> None:
    async with laboratory(profile, "M04.real_time") as w:
        await w.ready()
        chart = Chart(w, seconds=5)
        await w.until(lambda: bool(w.fired()), 60)
        await w.step(150, slice_s=1.0)
        asked = w.sent("reqRealTimeBars")
        assert 2 <= len(asked) <= 6  # asked again after a while, not again and again
        assert chart.starts == sorted(set(chart.starts))
        assert len(chart.starts) > 10


@pytest.mark.parametrize("fault", library.forms("M05"))
async def test_m05_updates_that_stop_or_go_astray(profile: ProfilePaths, fault: str) -> None:
    async with laboratory(profile, fault) as w:
        await w.ready()
        chart = Chart(w)
        await w.until(lambda: bool(w.fired()), 120, slice_s=1.0)
        await w.step(200, slice_s=1.0)
        starts = chart.starts
        assert starts == sorted(set(starts))
        assert len(w.sent("reqHistoricalData")) <= 6
        assert w.core.link is LinkState.READY


@pytest.mark.parametrize("fault", ["M05.stops", "M05.stranger"])
async def test_m05_updates_that_stop_are_asked_for_again(profile: ProfilePaths, fault: str) -> None:
    async with laboratory(profile, fault) as w:
        await w.ready()
        Chart(w)
        await w.until(lambda: bool(w.fired()), 120, slice_s=1.0)
        await w.step(200, slice_s=1.0)
        assert 2 <= len(w.sent("reqHistoricalData")) <= 6


async def test_m06_more_lines_than_there_are(profile: ProfilePaths) -> None:
    """The surplus is refused once, said to a person, and not asked for again and again."""
    changes = {"watchlist.symbols": ("AAPL", "IBM", "NVDA", "EUR.USD", "MSFT", "TSLA")}
    async with laboratory(profile, "M06", changes=changes) as w:
        core = await w.start_core()
        notices: list[DataNotice] = []
        core.bus.subscribe(DataNotice, notices.append)
        await w.until(lambda: len(w.fired()) >= 3, 60)
        await w.step(60, slice_s=1.0)
        assert len(w.sent("reqMktData")) <= 20
        assert any(notice.code == 101 for notice in notices)
        (session,) = w.server.ready_sessions()
        assert len([each for each in core.watchlist if core.hub.quote(each.id) is not None]) == 3
        assert session.client_id is not None


async def test_m07_an_ambiguous_contract_is_not_traded(profile: ProfilePaths) -> None:
    async with laboratory(profile, "M07.ambiguous") as w:
        core = await w.start_core()
        await w.until(lambda: core.execution.link.reconciled, 30)
        await w.until(lambda: bool(w.fired()), 30)
        await w.step(10)
        found = core.symbols.instrument_named("IBM")
        assert found is None or core.hub.quote(found.id) is None or limit(w, Side.BUY, 1.0, "IBM") is OrderStatus.DENIED
        assert w.sent() == []


async def test_m07_a_spurious_refusal_poisons_nothing(profile: ProfilePaths) -> None:
    async with laboratory(profile, "M07.spurious") as w:
        core = await w.start_core()
        await w.until(lambda: core.execution.link.reconciled, 30)
        await w.until(lambda: bool(w.fired()), 30)
        for text in w.core.symbols.texts:
            if core.symbols.instrument_named(text) is None:
                await w.ask(core.open_symbol(text), 30)
        assert all(core.symbols.instrument_named(text) is not None for text in core.symbols.texts)


async def test_m07_a_contract_with_another_number(profile: ProfilePaths) -> None:
    async with laboratory(profile, "M07.renamed") as w:
        await w.ready()
        (name,) = w.submit(w.limit("AAPL", Side.BUY, 5, w.away("AAPL", Side.BUY)))
        await w.until(lambda: bool(w.fired("M07.renamed/1") or w.fired()), 30)
        await w.step(20)
        await w.converged(60)
        assert w.order(name).status is OrderStatus.WORKING
        w.once()


@pytest.mark.parametrize("fault", library.forms("C01"))
async def test_c01_clocks_that_part(profile: ProfilePaths, fault: str) -> None:
    """Timers go by monotonic time: nothing expires, nothing is sent again, and a person is told."""
    async with laboratory(profile, fault) as w:
        core = await w.ready()
        notices: list[DataNotice] = []
        core.bus.subscribe(DataNotice, notices.append)
        (name,) = w.submit(w.limit("AAPL", Side.BUY, 5, w.away("AAPL", Side.BUY)))
        await w.until(lambda: len(w.fired()) >= 3, 60)
        await w.step(30)
        assert w.order(name).status is OrderStatus.WORKING
        assert any(notice.code == 9008 for notice in notices)
        await w.converged(60)
        (other,) = w.submit(w.market("IBM", Side.BUY, 3))
        await w.until(lambda: w.order(other).status in (OrderStatus.FILLED, OrderStatus.DENIED), 20)
        await w.converged(20)
        w.once()


@pytest.mark.parametrize("fault", library.forms("C02"))
async def test_c02_times_in_strange_zones(profile: ProfilePaths, fault: str) -> None:
    async with laboratory(profile, fault) as w:
        await w.ready()
        (name,) = w.submit(w.market("AAPL", Side.BUY, 10))
        await w.until(lambda: w.order(name).status is OrderStatus.FILLED, 20)
        assert w.fired()
        await w.converged(20)
        assert w.position("AAPL").quantity == Decimal(10)
        w.once()
        w.costs_agree()
        w.audited()


async def test_c03_the_server_s_time_is_off(profile: ProfilePaths) -> None:
    async with laboratory(profile, "C03") as w:
        core = await w.ready()
        notices: list[DataNotice] = []
        core.bus.subscribe(DataNotice, notices.append)
        await w.until(lambda: len(w.fired()) >= 3, 60)
        await w.step(3)
        assert any(notice.code == 9008 for notice in notices)


async def test_p06_fills_while_the_program_ends(profile: ProfilePaths) -> None:
    async with laboratory(profile, "P06") as w:
        await w.ready()
        (name,) = w.submit(w.limit("AAPL", Side.BUY, 1000, w.away("AAPL", Side.BUY)))
        await w.until(lambda: len(w.fired("storm")) >= 50, 30)
        await w.stop_core()
        await w.step(4)
        assert len(w.truth.executions(name)) == 300
        await w.ready()
        await w.converged(45)
        assert w.order(name).filled == 300
        assert w.position("AAPL").quantity == 300
        w.once()
        w.audited()


async def test_x02_texts_are_only_texts(profile: ProfilePaths) -> None:
    """What the server says arrives as text, control characters made harmless, and changes no order."""
    async with laboratory(profile, "X02") as w:
        core = await w.ready()
        notices: list[DataNotice] = []
        core.bus.subscribe(DataNotice, notices.append)
        (name,) = w.submit(w.limit("AAPL", Side.BUY, 5, w.away("AAPL", Side.BUY)))
        await w.until(lambda: bool(w.fired("X02/1")), 30)
        await w.step(3)
        assert w.order(name).status in (OrderStatus.WORKING, OrderStatus.ACKED)
        assert any("cmd|" in notice.text for notice in notices)
        assert core.link is LinkState.READY
        await w.converged(10)


@pytest.mark.parametrize("seed", [1, 2])
async def test_p07_a_long_day_of_small_faults(profile: ProfilePaths, seed: int) -> None:
    await a_long_day(profile, seed, deeds=40)


@pytest.mark.campaign
@pytest.mark.parametrize("seed", range(100, 140))
async def test_p07_many_long_days(profile: ProfilePaths, seed: int) -> None:
    await a_long_day(profile, seed, deeds=250)


async def a_long_day(profile: ProfilePaths, seed: int, *, deeds: int) -> None:
    chance = random.Random(seed)
    async with laboratory(profile, "P07", seed=seed) as w:
        await w.ready()
        for _ in range(deeds):
            if w.core.link is LinkState.READY:
                text, side = chance.choice(["AAPL", "IBM", "NVDA"]), chance.choice([Side.BUY, Side.SELL])
                away = chance.choice([-0.001, 0.0005, 0.01])
                quantity = chance.randint(1, 60)
                w.submit(w.limit(text, side, quantity, w.away(text, side, away)))
                open_ = list(w.core.orders.open())
                if open_ and chance.random() < 0.4:
                    w.core.do(CancelOrder(client_order_id=chance.choice(open_).client_order_id))
            await w.step(chance.choice([0.5, 1.0, 3.0]))
        w.server.laboratory.calm()
        await w.converged(180)
        assert len(w.fired()) > 5
        w.once()
        w.costs_agree()
        w.audited()
