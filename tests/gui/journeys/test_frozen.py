# SPDX-License-Identifier: Apache-2.0
"""The feed freezes while the window is open: two seconds of the clock later nothing on screen still looks fresh."""

from terminal.model.ids import InstrumentId
from tests.conftest import AllowLogs
from tests.gui.journeys.stage import DrivenMarket, Terminal, paper, ready, shown
from widgets.desk import Desk
from widgets.panel import Condition

AAPL = InstrumentId("AAPL")


def looks_stale(desk: Desk) -> dict[str, bool]:
    """Say of every panel that depends on quotes whether it shows them as stale."""
    chain, ticket, status = desk.chain, desk.ticket, desk.window.status
    return {
        "chart": desk.chart.condition is Condition.STALE,
        "ladder": desk.ladder.condition is Condition.STALE,
        "chain": chain.condition is Condition.STALE,
        "ticket": {str(label.property("tone")) for label in (ticket.bid, ticket.ask)} == {"stale"},
        "status bar": str(status.age.value.property("tone")) == "warn",
    }


def test_everything_on_screen_is_stale_when_the_feed_freezes_and_fresh_when_it_thaws(
    terminal: Terminal, market: DrivenMarket, allow_logs: AllowLogs
) -> None:
    allow_logs("broker", "orders")
    seen: list[dict[str, bool]] = []

    async def journey(desk: Desk) -> None:
        await ready(desk)
        hub = desk.kernel.hub
        desk.docks["chain"].raise_()
        model = desk.chain.model
        await shown(
            lambda: any(model.value(row.call, "delta") is not None for row in model.strikes), "the chain streams"
        )
        await shown(lambda: not any(looks_stale(desk).values()), "everything is fresh")
        with market.frozen():
            await shown(lambda: (hub.age_s(AAPL) or 0) >= desk.stage.stale_s, "two seconds of the clock went by")
            await shown(lambda: all(looks_stale(desk).values()), f"all is stale: {looks_stale(desk)}", 1.0)
            seen.append(looks_stale(desk))
        await shown(lambda: not any(looks_stale(desk).values()), f"all is fresh again: {looks_stale(desk)}", 40)

    assert terminal.open(journey, profile="paper", settings=paper(market)) == 0
    assert len(seen) == 1
