# SPDX-License-Identifier: Apache-2.0
"""J3 with the bracket in the ticket: sized in percent, sent as three, changed in the table, filled in parts."""

from decimal import Decimal
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from terminal.model.enums import BracketRole, OrderStatus
from terminal.model.order import Order
from tests.gui.journeys.stage import (
    DrivenMarket,
    Terminal,
    bad_lines,
    cell,
    choose,
    click,
    decoded,
    focused,
    orders_of,
    paper,
    press,
    ready,
    shown,
    texts,
    write,
)
from widgets.blotter.cell_editor import CellEditor
from widgets.desk import Desk

TICK = Decimal("0.01")


def test_a_bracket_from_the_ticket_to_its_target(terminal: Terminal, market: DrivenMarket) -> None:
    async def journey(desk: Desk) -> None:
        assert "PAPER" in desk.window.windowTitle()
        await ready(desk)
        market.calm("MSFT")
        await _write_it(desk)
        entry, stop, target = await _arm_and_send(desk, market)
        await _change_the_stop(desk, market, stop)
        await _fill_in_parts(desk, market, entry)
        await _reach_the_target(desk, market, entry, stop, target)
        assert not bad_lines(desk), bad_lines(desk)

    assert terminal.open(journey, profile="paper", settings=paper(market)) == 0
    held = terminal.journal("positions", "paper")["positions"]
    truth = market.truth()
    ((quantity, _, realized),) = truth["positions"].values()
    assert Decimal(quantity) == 0
    assert [Decimal(one["quantity"]) for one in held] == [Decimal(0)]
    (mine,) = held
    assert round(Decimal(mine["realized"]) - Decimal(mine["commission"]), 2) == round(Decimal(str(realized)), 2)


async def _write_it(desk: Desk) -> None:
    await choose(desk, "MSFT")
    ticket = desk.ticket
    await shown(lambda: ticket.model.net_liquidation is not None, "the ticket knows what the account is worth")
    ticket.begin()
    write(focused(), "0.5%")
    click(ticket.with_stop)
    click(ticket.with_target)
    click(ticket.bid)
    bid = ticket.limit.value
    assert bid is not None
    press(ticket.limit, Qt.Key.Key_Down)
    press(ticket.limit, Qt.Key.Key_Down)
    assert ticket.limit.value == bid - 2 * TICK
    worth = ticket.model.net_liquidation
    draft = ticket.draft
    assert worth is not None
    assert draft is not None
    assert draft.command.spec.quantity == (worth / 200 / ticket.limit.value).quantize(Decimal(1), rounding="ROUND_DOWN")
    await shown(lambda: "Initial margin" in texts(ticket.preview), "the broker's preview appears")
    shown_text = texts(ticket.preview)
    for words in ("Excess liquidity", "Commission", "Max loss"):
        assert words in shown_text


async def _arm_and_send(desk: Desk, market: DrivenMarket) -> tuple[Order, Order, Order]:
    assert not desk.kernel.armed
    click(desk.ticket.arm)
    await shown(lambda: desk.kernel.armed and desk.window.top.arm.text().startswith("Armed"), "the ticket is armed")
    click(desk.ticket.send)
    await shown(lambda: len(orders_of(desk, "MSFT")) == 3, "three orders are made")
    roles = {order.role: order for order in orders_of(desk, "MSFT")}
    stop, target = roles[BracketRole.STOP], roles[BracketRole.TARGET]
    entry = next(order for order in orders_of(desk, "MSFT") if order not in (stop, target))
    await shown(lambda: entry.status is OrderStatus.WORKING, "the entry works")
    await shown(lambda: len(market.orders_received()) == 3, "the broker has three orders")
    wire = [decoded(fields) for fields in market.orders_received()]
    assert [one["transmit"] for one in wire] == [False, False, True], "none is transmitted before the last"
    assert wire[0]["parent_id"] == 0
    assert {one["parent_id"] for one in wire[1:]} == {wire[0]["order_id"]}
    held: list[dict[str, Any]] = market.truth()["orders"]
    assert len(held) == 3
    assert len({one["oca"] for one in held if one["parent"]}) == 1
    assert sum(1 for one in held if one["parent"]) == 2
    return entry, stop, target


def open_editor(desk: Desk, order: Order, key: str) -> CellEditor:
    """Double-click a cell of the orders table; return the field that opens over it."""
    desk.docks["orders"].raise_()
    view, model = desk.orders.table.view, desk.orders.model
    place = model.place_of(order.client_order_id)
    assert place is not None
    index = model.index(place, model.number_of(key))
    view.scrollTo(index)
    spot = view.visualRect(index).center()
    click(view.viewport(), spot)
    QTest.mouseDClick(view.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, spot)
    editor = view.viewport().findChild(CellEditor)
    assert isinstance(editor, CellEditor), f"a double click on {key} opens no editor"
    return editor


async def _change_the_stop(desk: Desk, market: DrivenMarket, stop: Order) -> None:
    before = stop.spec.stop_price
    assert before is not None
    sent = len(market.orders_received())
    editor = open_editor(desk, stop, "stop")
    press(editor, Qt.Key.Key_Up)
    press(editor, Qt.Key.Key_Return)
    await shown(lambda: stop.spec.stop_price == before + TICK, "the stop stands one tick higher")
    market.truth()
    change = market.orders_received()
    assert len(change) == sent + 1, "exactly one message changes it"
    assert Decimal(str(decoded(change[-1])["aux_price"])) == before + TICK
    assert decoded(change[-1])["order_id"] == stop.broker_order_id
    await shown(lambda: cell(desk, "orders", stop.client_order_id, "stop") == f"{before + TICK:,.2f}", "the table says")
    editor = open_editor(desk, stop, "stop")
    press(editor, Qt.Key.Key_Up)
    press(editor, Qt.Key.Key_Escape)
    await shown(lambda: desk.orders.table.view.viewport().findChild(CellEditor) is None, "the editor is gone")
    desk.docks["orders"].raise_()
    market.truth()
    assert len(market.orders_received()) == sent + 1, "Esc sends nothing"
    assert stop.spec.stop_price == before + TICK


async def _fill_in_parts(desk: Desk, market: DrivenMarket, entry: Order) -> None:
    price, whole = entry.spec.limit_price, entry.spec.quantity
    market.trade("MSFT", price, 1, buyer=False)
    await shown(lambda: entry.filled == 1 and entry.status is OrderStatus.PARTIAL, "one is filled")
    await shown(lambda: cell(desk, "orders", entry.client_order_id, "filled") == "1", "the table shows the part")
    assert cell(desk, "orders", entry.client_order_id, "quantity") == str(whole)
    await shown(lambda: cell(desk, "positions", "MSFT", "quantity") == "+1", "the position shows the part")
    market.trade("MSFT", price, 100, buyer=False)
    await shown(lambda: entry.status is OrderStatus.FILLED, "all is filled")
    await shown(lambda: cell(desk, "positions", "MSFT", "quantity") == f"+{whole}", "the position shows it all")


def _gap(desk: Desk) -> float | None:
    broker, ours = desk.kernel.portfolio.day_pnl()
    return None if broker is None or ours is None else broker - ours


async def _reach_the_target(desk: Desk, market: DrivenMarket, entry: Order, stop: Order, target: Order) -> None:
    await shown(lambda: target.status is OrderStatus.WORKING, "the target works")
    market.trade("MSFT", target.spec.limit_price, 500, buyer=True)
    await shown(lambda: target.status is OrderStatus.FILLED, "the target fills")
    await shown(lambda: stop.status is OrderStatus.CANCELLED, "its group cancels the stop")
    kernel = desk.kernel
    await shown(lambda: all(row.commission is not None for row in kernel.portfolio.fills()), "commissions are known")
    truth = market.truth()
    position = kernel.portfolio.position(target.instrument_id)
    assert position.quantity == 0
    paid = sum(Decimal(str(one["commission"])) for one in truth["executions"])
    assert position.commission == paid
    worth = {
        ref: sum(
            Decimal(one["quantity"]) * Decimal(str(one["price"])) for one in truth["executions"] if one["ref"] == ref
        )
        for ref in (entry.client_order_id, target.client_order_id)
    }
    assert len({one["ref"] for one in truth["executions"]}) == 2
    assert position.realized == worth[target.client_order_id] - worth[entry.client_order_id]
    await shown(lambda: len(desk.fills.model.ids) == len(truth["executions"]), "every execution has its row")
    await shown(
        lambda: _gap(desk) is not None and abs(_gap(desk) or 0.0) < 0.005,
        "the broker's day P&L and ours agree to the cent",
    )
