# SPDX-License-Identifier: Apache-2.0
"""Close the window with working orders and start again: everything is where it was, nothing is sent twice."""

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from terminal.model.enums import OrderStatus, Side
from tests.gui.journeys.stage import (
    DrivenMarket,
    Terminal,
    bad_lines,
    cell,
    choose,
    click,
    focused,
    orders_of,
    paper,
    press,
    ready,
    shown,
)
from widgets.desk import Desk


async def _order(desk: Desk, size: str, *, market_order: bool) -> None:
    ticket, before = desk.ticket, len(desk.kernel.orders.all())
    ticket.kind.setCurrentText("MKT" if market_order else "LMT")
    ticket.begin(Side.BUY)
    QTest.keyClicks(focused(), size)
    if not market_order:
        click(ticket.bid)
        press(ticket.limit, Qt.Key.Key_Down, Qt.KeyboardModifier.ControlModifier)
    await shown(ticket.send.isEnabled, "the order may leave")
    press(ticket.send, Qt.Key.Key_Return)
    await shown(lambda: len(desk.kernel.orders.all()) == before + 1, "the order is made")


def picture(desk: Desk) -> dict[str, Any]:
    """Return what a person has set up and what the tables say."""
    orders = [
        [cell(desk, "orders", row, key) for key in ("state", "symbol", "quantity", "filled", "limit", "id")]
        for row in sorted(desk.orders.model.ids, key=str)
    ]
    fills = [
        [cell(desk, "fills", row, key) for key in ("symbol", "quantity", "price", "commission")]
        for row in sorted(desk.fills.model.ids, key=str)
    ]
    current = desk.market.current
    return {
        "symbol": current.id if current is not None else "",
        "seconds": desk.chart.time_frame,
        "workspace": desk.workspace,
        "hidden": sorted(key for key, dock in desk.docks.items() if dock.isHidden()),
        "orders": orders,
        "fills": fills,
        "position": cell(desk, "positions", "AAPL", "quantity"),
    }


def places(desk: Desk) -> dict[str, tuple[int, int, int, int]]:
    """Return where the panels stand that are in front."""
    found: dict[str, tuple[int, int, int, int]] = {}
    for key, dock in desk.docks.items():
        box = dock.geometry()
        if dock.isVisible() and box.x() >= 0 and box.y() >= 0:
            found[key] = (box.x(), box.y(), box.width(), box.height())
    return found


def near(left: dict[str, tuple[int, int, int, int]], right: dict[str, tuple[int, int, int, int]]) -> bool:
    """Whether two layouts are the same but for the pixels that a window's frame takes from a small screen."""
    return left.keys() == right.keys() and all(
        abs(one - other) <= 8 for key in left for one, other in zip(left[key], right[key], strict=True)
    )


def test_everything_stands_again_and_nothing_is_sent_twice(terminal: Terminal, market: DrivenMarket) -> None:
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}
    stood: dict[str, tuple[int, int, int, int]] = {}

    async def first(desk: Desk) -> None:
        screen = desk.window.screen().availableGeometry()
        desk.window.resize(screen.width(), screen.height() - 20)  # what a restart may put back on this screen
        await ready(desk)
        market.calm("AAPL")
        await choose(desk, "AAPL")
        click(desk.ticket.arm)
        await shown(lambda: desk.kernel.armed, "armed")
        await _order(desk, "12", market_order=True)
        await shown(lambda: orders_of(desk, "AAPL")[0].status is OrderStatus.FILLED, "the first fills")
        await _order(desk, "20", market_order=False)
        await shown(lambda: orders_of(desk, "AAPL")[1].status is OrderStatus.WORKING, "the second works")
        desk.chart.set_time_frame(300)
        desk.docks["tape"].hide()
        await shown(lambda: cell(desk, "positions", "AAPL", "quantity") == "+12", "the position shows")
        await shown(lambda: "1.00" in str(picture(desk)["fills"]), "the commission is known")
        await shown(
            lambda: cell(desk, "orders", orders_of(desk, "AAPL")[1].client_order_id, "state") == "Working", "working"
        )
        await shown(lambda: places(desk)["ladder"][2] == places(desk)["ticket"][2], "the ladder takes the tape's room")
        before.update(picture(desk))
        stood.update(places(desk))

    async def second(desk: Desk) -> None:
        await ready(desk)
        assert not desk.kernel.armed, "a start is never armed"
        await shown(lambda: desk.market.current is not None and desk.market.current.id == "AAPL", "the same symbol")
        await shown(lambda: picture(desk)["orders"] == before["orders"], f"{picture(desk)['orders']} as before")
        await shown(lambda: picture(desk)["position"] == "+12", "the same position")
        await shown(lambda: near(places(desk), stood), "every panel is where it was")
        await shown(lambda: desk.orders.match.text() == "Broker and local orders match", "reconciled")
        after.update(picture(desk))
        assert not bad_lines(desk), bad_lines(desk)

    assert terminal.open(first, profile="paper", settings=paper(market)) == 0
    sent = len(market.orders_received())
    assert terminal.open(second, profile="paper") == 0
    assert len(market.orders_received()) == sent, "starting sends nothing"
    assert after == before
    (working,) = [one for one in market.truth()["orders"] if one["status"] == "Submitted"]
    assert working["quantity"] == "20"
