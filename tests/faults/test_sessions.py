# SPDX-License-Identifier: Apache-2.0
"""Faults of the session: connectivity codes, restarts, permissions, lists without an end, another account."""

import pytest

from brokers.simulator.faults import library
from terminal.model.enums import LinkState, OrderStatus, Side, TimeInForce
from terminal.model.events import LinkChanged
from terminal.model.ids import ClientOrderId
from terminal.paths import ProfilePaths
from tests.faults.lab import LabWorld, laboratory

pytestmark = pytest.mark.usefixtures("any_logs")


def rest(w: LabWorld, text: str = "AAPL", quantity: int = 5) -> ClientOrderId:
    (name,) = w.submit(w.limit(text, Side.BUY, quantity, w.away(text, Side.BUY), tif=TimeInForce.GTC))
    return name


async def denied(w: LabWorld) -> bool:
    """Say whether a market order is refused by the core, without a byte to the broker (I7)."""
    sent = len(w.sent())
    (name,) = w.submit(w.market("NVDA", Side.BUY, 1))
    return w.order(name).status is OrderStatus.DENIED and len(w.sent()) == sent


async def test_s01_a_fill_while_connectivity_is_lost(profile: ProfilePaths) -> None:
    async with laboratory(profile, "S01") as w:
        await w.ready()
        name = rest(w)
        await w.until(lambda: bool(w.fired()))
        await w.until(lambda: w.core.link is LinkState.DEGRADED, 10)
        assert await denied(w)
        await w.until(lambda: bool(w.truth.executions(name)), 20)
        await w.until(lambda: w.order(name).status is OrderStatus.FILLED, 5)
        assert w.position("AAPL").quantity == 5
        await w.until(lambda: w.core.link is LinkState.READY, 40)
        await w.converged(10)
        w.once()


async def test_s02_every_subscription_is_made_anew(profile: ProfilePaths) -> None:
    async with laboratory(profile, "S02") as w:
        core = await w.ready()
        rest(w)
        before = len(w.sent("reqMktData"))
        await w.until(lambda: bool(w.fired("again")), 30)
        await w.converged(10)
        await w.step(3)
        assert len(w.sent("reqMktData")) - before == before
        ages = [core.hub.age_s(each.id) for each in core.watchlist]
        assert all(age is not None and age < 3 for age in ages)
        (session,) = w.server.ready_sessions()
        assert len(session.lines) == len(core.watchlist)


async def test_s03_a_farm_that_flaps(profile: ProfilePaths) -> None:
    async with laboratory(profile, "S03") as w:
        await w.ready()
        name = rest(w)
        connected = len([each for each in w.history() if each["name"] == "connected"])
        await w.until(lambda: len(w.fired()) >= 20, 240, slice_s=1.0)
        await w.step(8)
        await w.converged(10)
        assert len([each for each in w.history() if each["name"] == "connected"]) == connected
        (session,) = w.server.ready_sessions()
        assert len(session.lines) == len(w.core.watchlist)
        assert w.core.link is LinkState.READY
        assert w.order(name).status is OrderStatus.WORKING


async def test_s04_the_nightly_restart_rolls_ids_back(profile: ProfilePaths) -> None:
    async with laboratory(profile, "S04") as w:
        await w.ready()
        names = [rest(w, text, quantity) for text in ("AAPL", "IBM") for quantity in (3, 4)]
        names.append(rest(w, "NVDA", 2))
        await w.until(lambda: any(each["name"] == "restart" for each in w.history()))
        await w.until(lambda: any(each["name"] == "port_open" for each in w.history()), 80)
        await w.converged(45)
        told = [int(each["fields"][2]) for each in w.history() if each["name"] == "nextValidId"]
        used = [int(each["fields"][1]) for each in w.sent()]
        assert told[-1] <= max(used)
        late = [rest(w, text, quantity) for text in ("AAPL", "IBM") for quantity in (5, 6)]
        await w.until(lambda: all(w.order(name).status is OrderStatus.WORKING for name in late), 15)
        ids = [int(each["fields"][1]) for each in w.sent()]
        assert ids == sorted(set(ids))
        assert {state.order.order_ref for state in w.exchange.open_orders()} == {*names, *late}
        w.once(*names, *late)
        w.audited()


async def test_s05_two_hours_without_a_server(profile: ProfilePaths) -> None:
    async with laboratory(profile, "S05") as w:
        core = await w.ready()
        name = rest(w)
        await w.until(lambda: any(each["name"] == "restart" for each in w.history()))
        said: list[LinkChanged] = []
        core.bus.subscribe(LinkChanged, said.append)
        await w.until(lambda: any(each["name"] == "port_open" for each in w.history()), 7300, slice_s=2.0)
        await w.converged(45)
        texts = {change.text for change in said if change.state is LinkState.RECONNECTING}
        assert len(texts) <= 3
        assert w.order(name).status is OrderStatus.WORKING
        w.once()
        assert len(w.sent()) == 1


async def test_s06_competing_session(profile: ProfilePaths) -> None:
    async with laboratory(profile, "S06.competing") as w:
        core = await w.ready()
        await w.until(lambda: bool(w.fired()), 40)
        told = [each for each in w.history() if each["name"] == "error" and each["fields"][3] == "10197"]
        assert len(told) == len(core.watchlist)
        await w.step(8)
        assert await denied(w)


@pytest.mark.parametrize("fault", ["S06.delayed", "S06.refused"])
async def test_s06_no_live_data(profile: ProfilePaths, fault: str) -> None:
    async with laboratory(profile, fault) as w:
        core = await w.start_core()
        await w.until(lambda: core.execution.link.reconciled, 30)
        await w.until(lambda: len(w.fired()) >= 4, 30)
        await w.until(lambda: core.symbols.instrument_named("NVDA") is not None, 30)
        await w.step(8)
        assert await denied(w)
        assert w.sent() == []


async def test_s07_read_only(profile: ProfilePaths) -> None:
    async with laboratory(profile, "S07") as w:
        await w.ready()
        name = rest(w)
        await w.until(lambda: bool(w.fired()))
        await w.until(lambda: w.order(name).status is OrderStatus.REJECTED, 10)
        assert await denied(w)
        await w.step(15)
        assert len(w.sent()) == 1
        assert w.truth.accepted() == {}


@pytest.mark.parametrize("fault", library.forms("S08"))
async def test_s08_lists_without_end(profile: ProfilePaths, fault: str) -> None:
    async with laboratory(profile, fault) as w:
        core = await w.start_core()
        await w.until(lambda: core.execution.link.reconciled, 90)
        assert w.fired()
        await w.until(lambda: core.symbols.instrument_named("AAPL") is not None, 30)
        await w.until(lambda: core.hub.quote(w.instrument("AAPL").id) is not None, 30)
        name = rest(w)
        await w.until(lambda: w.order(name).status is OrderStatus.WORKING, 15)
        await w.step(40)
        await w.converged(60)
        w.once()


async def test_s09_yesterday_is_not_told(profile: ProfilePaths) -> None:
    async with laboratory(profile, "S09") as w:
        await w.ready()
        (name,) = w.submit(w.market("AAPL", Side.BUY, 10))
        await w.until(lambda: w.order(name).status is OrderStatus.FILLED)
        await w.until(lambda: w.core.link is not LinkState.READY, 20)
        await w.until(lambda: w.core.execution.link.reconciled, 60)
        await w.until(lambda: bool(w.fired("forgotten")), 60)
        await w.step(90, slice_s=1.0)
        fills = w.core.portfolio.fills()
        assert len({row.execution_id for row in fills}) == len(fills) == len(w.truth.executions(name))
        assert w.position("AAPL").quantity == 10
        assert w.order(name).filled == 10


async def test_s10_another_account_behind_the_port(profile: ProfilePaths) -> None:
    async with laboratory(profile, "S10") as w:
        await w.ready()
        rest(w)
        await w.until(lambda: bool(w.fired("S10/1")), 60)
        await w.step(5)
        assert w.core.link not in (LinkState.READY, LinkState.SYNCING)
        assert await denied(w)
        assert len(w.sent()) == 1
