# SPDX-License-Identifier: Apache-2.0
"""A feed that hangs: every value that hangs on it says so within two seconds of the clock; a quiet market does not."""

from decimal import Decimal

from terminal.model.enums import OrderStatus, Side
from terminal.model.events import LinkChanged
from terminal.paths import ProfilePaths
from tests.conftest import AllowLogs
from tests.support.world import World, world
from widgets.blotter.positions import PositionRow, position_cells
from widgets.freshness import Freshness
from widgets.presenters.ages import Ages
from widgets.tables.columns import Cell
from widgets.theme import tokens
from widgets.watchlist.rows import watch_cells


def _limits() -> dict[str, float]:
    age = tokens.load().age
    return {"stale_after_s": age.quote_stale / 1_000, "dead_after_s": age.quote_dead / 1_000}


def _dependent(w: World) -> dict[str, Freshness]:
    """Return the freshness of every cell of watchlist and positions that hangs on a quote."""
    found = {}
    for instrument in w.core.watchlist:
        cells = watch_cells(
            instrument,
            w.core.hub.quote(instrument.id),
            quantity=Decimal(0),
            age_s=w.core.hub.age_s(instrument.id),
            **_limits(),
        )
        for key in ("bid", "ask", "last", "change", "volume"):
            found[f"{instrument.id} {key}"] = _freshness(cells[key])
    for name, position in w.core.portfolio.positions().items():
        instrument = w.instrument(name)
        row = PositionRow(
            instrument=instrument,
            position=position,
            mark=w.core.hub.mark(name),
            age_s=w.core.hub.age_s(name),
            day=0.0,
            broker_day=None,
            at_stops=None,
            broker_quantity=position.quantity,
            owners=("manual",),
        )
        cells = position_cells(row, **_limits())
        for key in ("mark", "value", "open", "day"):
            found[f"position {name} {key}"] = _freshness(cells[key])
    return found


def _freshness(cell: object) -> Freshness:
    assert isinstance(cell, Cell)
    return cell.freshness


async def test_a_frozen_feed_is_stale_within_two_seconds(profile: ProfilePaths, allow_logs: AllowLogs) -> None:
    allow_logs("orders")
    async with world(profile) as w:
        core = await w.ready()
        (name,) = w.submit(w.market("AAPL", Side.BUY, 10))
        await w.until(lambda: w.order(name).status is OrderStatus.FILLED)
        core.subscriptions.watch(w.instrument("AAPL"), "depth", "test")
        core.subscriptions.watch(w.instrument("AAPL"), "trades", "test")
        await w.step(5)
        assert set(_dependent(w).values()) == {Freshness.FRESH}
        w.freeze()
        await w.step(2)
        ages = {each.id: core.hub.age_s(each.id) for each in core.watchlist}
        assert all(age is not None and age >= 2 for age in ages.values()), ages
        assert Freshness.FRESH not in _dependent(w).values()
        assert (core.hub.source_age_s() or 0) >= 2
        book = core.hub.depth(w.instrument("AAPL").id)
        assert book is not None
        assert core.hub.age_of(book.received_ns) >= 2
        assert core.hub.age_of(core.hub.recent_trades(w.instrument("AAPL").id)[-1].received_ns) >= 2


async def test_the_first_word_after_a_freeze_makes_everything_fresh(profile: ProfilePaths) -> None:
    async with world(profile) as w:
        await w.ready()
        w.freeze()
        await w.step(2.5)
        assert Freshness.FRESH not in _dependent(w).values()
        w.thaw()
        await w.until(lambda: set(_dependent(w).values()) == {Freshness.FRESH}, 2)


async def test_a_quiet_market_is_not_stale(profile: ProfilePaths, allow_logs: AllowLogs) -> None:
    """No quote changes for ten seconds, but the server answers: nothing is stale, all the way."""
    allow_logs("broker")  # the market stands still with its clock: the drift between both is told
    async with world(profile) as w:
        core = await w.ready()
        ages = Ages(core, tokens.load().age)
        account = core.portfolio.account()
        before = core.hub.messages
        for _ in range(40):
            w.clock.advance(0.25)  # the clock goes on, the market stands still
            await w.settle()
            assert set(_dependent(w).values()) == {Freshness.FRESH}
            assert {ages.account(figure.ns) for figure in account.figures.values()} == {Freshness.FRESH}
            assert ages.pnl(account.pnl_ns) is Freshness.FRESH
        assert core.hub.messages == before


async def test_the_brokers_figures_have_a_limit_of_their_own(profile: ProfilePaths, allow_logs: AllowLogs) -> None:
    """A silent link makes them stale after five seconds, a broken one keeps them stale until they are told anew."""
    allow_logs("broker")
    async with world(profile) as w:
        core = await w.ready()
        ages = Ages(core, tokens.load().age)
        core.bus.subscribe(LinkChanged, ages.on_link)
        account = core.portfolio.account()

        def graded() -> set[Freshness]:
            return {ages.pnl(account.pnl_ns), *(ages.account(figure.ns) for figure in account.figures.values())}

        await w.step(2)
        assert graded() == {Freshness.FRESH}
        w.freeze()
        await w.step(3)
        assert graded() == {Freshness.FRESH}
        await w.step(2.5)
        assert graded() == {Freshness.STALE}
        told = account.pnl_ns
        w.thaw()
        await w.until(lambda: graded() == {Freshness.FRESH}, 60)
        assert account.pnl_ns != told


def test_two_seconds_is_what_the_look_says() -> None:
    assert tokens.load().age.quote_stale == 2_000
