# SPDX-License-Identifier: Apache-2.0
"""J1 without its wizard: the demo starts, everything streams, the first order is typed, sent and filled."""

import json
from decimal import Decimal
from typing import Any

from PySide6.QtCore import Qt

from terminal.model.enums import LinkState, OrderStatus
from terminal.model.events import LinkChanged
from tests.gui.journeys.stage import (
    Terminal,
    bad_lines,
    cell,
    choose,
    click,
    dialog,
    focused,
    gone,
    orders_of,
    press,
    ready,
    shown,
    texts,
    turns,
    write,
)
from widgets.desk import Desk
from widgets.shots import has_data


def test_from_launch_to_the_first_fill(terminal: Terminal) -> None:
    seen: dict[str, Any] = {}

    async def journey(desk: Desk) -> None:
        links: list[LinkState] = [desk.kernel.link]
        desk.kernel.bus.subscribe(LinkChanged, lambda event: links.append(event.state))
        assert "DEMO" in desk.window.windowTitle()
        assert desk.window.top.badge.text() == "DEMO"
        await ready(desk)
        assert links[-1] is LinkState.READY
        await _everything_streams(desk)
        await _type_the_order(desk)
        await _send_it(desk)
        await _figures(desk, seen)
        assert not bad_lines(desk), bad_lines(desk)

    assert terminal.open(journey) == 0
    _compare(terminal, seen)


async def _everything_streams(desk: Desk) -> None:
    for key in ("watchlist", "chart", "ladder", "tape", "ticket", "account", "strategies", "log"):
        desk.docks[key].raise_()
        await shown(has_data(desk, key), f"{key} streams")
    click(desk.window.top.workspaces, desk.window.top.workspaces.tabRect(1).center())
    await shown(has_data(desk, "chain"), "the chain streams")
    click(desk.window.top.workspaces, desk.window.top.workspaces.tabRect(0).center())
    assert desk.window.status.age.value.text().endswith("s")


async def _type_the_order(desk: Desk) -> None:
    await choose(desk, "AAPL")
    ticket = desk.ticket
    await shown(lambda: ticket.model.net_liquidation is not None, "the ticket knows what the account is worth")
    press(desk.watchlist.table.view, Qt.Key.Key_B)
    assert focused() is ticket.quantity
    write(focused(), "1R")
    assert ticket.with_stop.isChecked(), "an amount of risk switches the stop on"
    click(ticket.ask)
    press(ticket.quantity, Qt.Key.Key_Return)
    assert focused() is ticket.send
    await shown(lambda: "Initial margin" in texts(ticket.preview), "the broker's preview appears")
    age = ticket.preview._figures["Preview age"]
    await shown(lambda: age.text().endswith("s"), "the preview has an age")
    assert ticket.preview._figures["Commission"].text() not in ("", "–")


async def _send_it(desk: Desk) -> None:
    press(focused(), Qt.Key.Key_Return)
    box = await dialog("confirm")
    assert box.windowTitle().startswith("DEMO")
    cancel = focused()
    assert cancel.objectName() == "confirmCancel"
    press(cancel, Qt.Key.Key_Return)
    await gone(box)
    await turns()
    assert not desk.kernel.orders.all(), "Enter on the dialog must not send"
    press(desk.ticket.send, Qt.Key.Key_Return)
    box = await dialog("confirm")
    press(focused(), Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    await gone(box)
    await shown(lambda: len(orders_of(desk, "AAPL")) == 3, "the bracket is sent")
    entry = next(order for order in orders_of(desk, "AAPL") if order.role.value in ("entry", "parent", "none"))
    await shown(lambda: entry.status is OrderStatus.FILLED, "the entry fills", 60)
    await shown(lambda: entry.commission > 0, "its commission arrives")


async def _figures(desk: Desk, seen: dict[str, Any]) -> None:
    kernel = desk.kernel
    position = kernel.portfolio.position(desk.kernel.watchlist[0].id)
    await shown(lambda: len(desk.chart.model.fills) >= 1, "a fill mark stands on the chart")
    await shown(lambda: cell(desk, "positions", "AAPL", "quantity") == f"+{position.quantity}", "the position shows")
    await shown(lambda: any(row == "AAPL" for row in desk.risk.underlyings.ids), "the risk panel shows it")
    seen["quantity"] = position.quantity
    seen["average"] = position.average_price
    seen["commission"] = sum((row.commission or Decimal(0) for row in kernel.portfolio.fills()), Decimal(0))
    seen["fills"] = len(desk.fills.model.ids)


def _compare(terminal: Terminal, seen: dict[str, Any]) -> None:
    """Hold window, journal and the market's own books against each other, to the cent."""
    state = json.loads((terminal.folder / "demo" / "simulator.json").read_text(encoding="utf-8"))["market"]
    (account,) = state["accounts"]
    (held,) = account["positions"]
    (mine,) = terminal.journal("positions")["positions"]
    fills = terminal.journal("fills")["fills"]
    paid = sum(Decimal(one["quantity"]) * Decimal(one["price"]) for one in fills)
    commission = sum(Decimal(one["commission"]) for one in fills)
    assert Decimal(held["quantity"]) == Decimal(mine["quantity"]) == seen["quantity"]
    assert Decimal(held["gross"]) == paid == seen["quantity"] * seen["average"]
    assert Decimal(held["cost"]) == paid + commission
    assert Decimal(account["cash"]["USD"]) == Decimal(250_000) - paid - commission
    assert Decimal(mine["average_price"]) == seen["average"]
    assert seen["commission"] == commission == Decimal(mine["commission"])
    assert seen["fills"] == len(fills)
