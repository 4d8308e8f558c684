# SPDX-License-Identifier: Apache-2.0
"""Every way of a hand to an order: ladder, chart and tables; arming and its end; close, reverse, flatten, stop all."""

from decimal import Decimal

from PySide6.QtCore import QPointF, Qt
from PySide6.QtTest import QTest

from terminal.model.enums import LinkState, OrderStatus, OrderType, Side
from terminal.model.order import Order
from tests.gui.journeys.stage import (
    DrivenMarket,
    Terminal,
    bad_lines,
    cell,
    choose,
    click,
    dialog,
    focused,
    gone,
    orders_of,
    paper,
    press,
    ready,
    shown,
    texts,
    turns,
)
from widgets.chart.order_lines import Part
from widgets.desk import Desk
from widgets.ladder.layout import Zone


async def arm(desk: Desk) -> None:
    click(desk.window.top.arm)
    await shown(lambda: desk.kernel.armed and desk.ladder.view.armed, "everything is armed")


def click_ladder(desk: Desk, zone: Zone, price: Decimal) -> None:
    view, index = desk.ladder.view, prices(desk)[price]
    click(view, view.row_rect(index, zone).center())


def ladder_price(desk: Desk, below: int) -> Decimal:
    """Return a price so many ticks below the best bid."""
    quote = desk.ticket.model.quote
    assert quote is not None
    assert quote.bid is not None
    current = desk.market.current
    assert current is not None
    return current.snap(quote.bid) - below * current.min_tick


async def still(desk: Desk, market: DrivenMarket, symbol: str) -> None:
    """Choose a symbol whose book stands still, in a ladder that shows it from the middle."""
    market.calm(symbol)
    await choose(desk, symbol)
    current = desk.market.current
    assert current is not None
    await shown(lambda: desk.kernel.hub.depth(current.id) is not None, "there is depth")
    await shown(lambda: ladder_price(desk, 4) in prices(desk), "the ladder shows the bid side")


def prices(desk: Desk) -> dict[Decimal | None, int]:
    desk.ladder.view.centre()
    return {desk.ladder.model.price_of(row.index): row.index for row in desk.ladder.view._rows}


async def newest(desk: Desk, symbol: str, count: int) -> Order:
    await shown(lambda: len(orders_of(desk, symbol)) == count, f"order {count} of {symbol} is made")
    order = orders_of(desk, symbol)[-1]
    await shown(lambda: order.status is OrderStatus.WORKING, "it works")
    return order


def test_orders_by_click_and_their_cancels(terminal: Terminal, market: DrivenMarket) -> None:
    async def journey(desk: Desk) -> None:
        await ready(desk)
        await still(desk, market, "AAPL")
        click_ladder(desk, Zone.BID, ladder_price(desk, 1))
        await turns()
        assert not desk.kernel.orders.all(), "a disarmed ladder sends nothing"
        await arm(desk)
        await _cancel_in_the_ladder(desk)
        await _cancel_in_the_table(desk)
        await _cancel_on_the_chart(desk)
        assert market.truth()["positions"] == {}
        assert not bad_lines(desk), bad_lines(desk)

    assert terminal.open(journey, profile="paper", settings=paper(market)) == 0
    assert {one["status"] for one in market.truth()["orders"]} == {"Cancelled"}
    assert len(market.orders_received()) == 3


async def _cancel_in_the_ladder(desk: Desk) -> None:
    price = ladder_price(desk, 0)
    click_ladder(desk, Zone.BID, price)
    order = await newest(desk, "AAPL", 1)
    assert (order.spec.side, order.spec.order_type, order.spec.limit_price) == (Side.BUY, OrderType.LIMIT, price)
    await shown(lambda: desk.ladder.model.count(Side.BUY) == 1, "the ladder shows the order")
    click_ladder(desk, Zone.BUYS, price)
    await shown(lambda: order.status is OrderStatus.CANCELLED, "the ladder cancels it")


async def _cancel_in_the_table(desk: Desk) -> None:
    click_ladder(desk, Zone.BID, ladder_price(desk, 2))
    order = await newest(desk, "AAPL", 2)
    desk.docks["orders"].raise_()
    await shown(lambda: cell(desk, "orders", order.client_order_id, "state") == "Working", "the table shows it")
    view, model = desk.orders.table.view, desk.orders.model
    index = model.index(model.place_of(order.client_order_id) or 0, model.number_of("cancel"))
    view.scrollTo(index)
    click(view.viewport(), view.visualRect(index).center())
    await shown(lambda: order.status is OrderStatus.CANCELLED, "the cross in the table cancels it")


async def _cancel_on_the_chart(desk: Desk) -> None:
    click_ladder(desk, Zone.BID, ladder_price(desk, 4))
    order = await newest(desk, "AAPL", 3)
    lines = desk.chart.view.lines
    await shown(lambda: not lines.tag_rect(order.client_order_id, Part.CANCEL).isEmpty(), "the chart shows its line")
    spot = lines.tag_rect(order.client_order_id, Part.CANCEL).center()
    origin = desk.chart.view.to_plot(QPointF(0, 0))
    click(desk.chart.view.viewport(), (spot - origin).toPoint())
    await shown(lambda: order.status is OrderStatus.CANCELLED, "the cross on the chart cancels it")


def test_arming_ends_by_itself_and_with_the_connection(terminal: Terminal, market: DrivenMarket) -> None:
    async def journey(desk: Desk) -> None:
        await ready(desk)
        await arm(desk)
        assert desk.window.top.arm.text().startswith("Armed ")
        click(desk.window.top.arm)
        await shown(lambda: not desk.kernel.armed and not desk.ladder.view.armed, "a second click disarms")
        await arm(desk)
        desk.window.actions_["disconnect"].trigger()
        await shown(lambda: desk.kernel.link is LinkState.DISCONNECTED, "the connection ends")
        await shown(lambda: not desk.kernel.armed and desk.window.top.arm.text() == "Disarmed", "it disarms")
        await shown(lambda: not desk.ticket.send.isEnabled(), "the ticket cannot send")
        assert "Not connected" in desk.ticket.error.text() or "Not connected" in desk.ticket.send.toolTip()

    assert terminal.open(journey, profile="paper", settings=paper(market)) == 0


def test_the_time_of_arming_ends(terminal: Terminal, market: DrivenMarket) -> None:
    async def journey(desk: Desk) -> None:
        await ready(desk)
        await arm(desk)
        arming = desk.kernel.execution.arming
        assert arming.until_ns is not None
        minutes = (arming.until_ns - desk.kernel.clock.now_ns()) / 60e9
        assert 2.9 < minutes <= 3, "the setting of the person counts"

    settings = paper(market, "[risk]\narming_minutes = 3.0\n")
    assert terminal.open(journey, profile="paper", settings=settings) == 0


def test_a_position_is_closed_reversed_and_flattened_with_one_action(terminal: Terminal, market: DrivenMarket) -> None:
    async def journey(desk: Desk) -> None:
        await ready(desk)
        await choose(desk, "TSLA")
        await arm(desk)
        await _buy(desk, "TSLA", "10")
        desk.docks["positions"].raise_()
        await shown(lambda: cell(desk, "positions", "TSLA", "quantity") == "+10", "the position shows")
        desk.window.actions_["reverse_position"].trigger()
        await shown(lambda: cell(desk, "positions", "TSLA", "quantity") == "−10", "it is turned around")
        view, model = desk.positions.table.view, desk.positions.model
        index = model.index(model.place_of("TSLA") or 0, model.number_of("close"))
        view.scrollTo(index)
        click(view.viewport(), view.visualRect(index).center())
        await shown(
            lambda: desk.kernel.portfolio.position(orders_of(desk, "TSLA")[0].instrument_id).quantity == 0, "flat"
        )
        await _buy(desk, "TSLA", "7")
        click_ladder(desk, Zone.BID, ladder_price(desk, 1))
        await shown(lambda: len(desk.kernel.orders.open()) == 1, "an order works beside the position")
        desk.window.actions_["flatten"].trigger()
        box = await dialog("confirm")
        assert "PAPER" in box.windowTitle()
        assert "Close +7 TSLA, cancel 1 orders" in texts(box)
        press(focused(), Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
        await gone(box)
        await shown(
            lambda: (
                not desk.kernel.orders.open()
                and desk.kernel.portfolio.position(orders_of(desk, "TSLA")[0].instrument_id).quantity == 0
            ),
            "orders and position are gone",
        )
        await shown(lambda: cell(desk, "positions", "TSLA", "quantity") in ("0", ""), "the table says flat")
        assert not bad_lines(desk), bad_lines(desk)

    assert terminal.open(journey, profile="paper", settings=paper(market)) == 0
    (held,) = market.truth()["positions"].values()
    assert Decimal(held[0]) == 0


async def _buy(desk: Desk, symbol: str, size: str) -> None:
    ticket, before = desk.ticket, len(orders_of(desk, symbol))
    ticket.kind.setFocus()
    ticket.kind.setCurrentText("MKT")
    ticket.begin(Side.BUY)
    QTest.keyClicks(focused(), size)
    press(focused(), Qt.Key.Key_Return)
    await shown(ticket.send.isEnabled, "the order may leave")
    press(ticket.send, Qt.Key.Key_Return)
    await shown(lambda: len(orders_of(desk, symbol)) == before + 1, "the order is made")
    order = orders_of(desk, symbol)[-1]
    await shown(lambda: order.status is OrderStatus.FILLED, "it fills")


def test_stop_all_blocks_cancels_and_tells_the_answer_per_order(terminal: Terminal, market: DrivenMarket) -> None:
    async def journey(desk: Desk) -> None:
        await ready(desk)
        await still(desk, market, "AAPL")
        await arm(desk)
        click_ladder(desk, Zone.BID, ladder_price(desk, 3))
        first = await newest(desk, "AAPL", 1)
        click_ladder(desk, Zone.BID, ladder_price(desk, 1))
        second = await newest(desk, "AAPL", 2)
        desk.window.top.stop.begin()
        desk.window.top.stop.skip_to(1.0)
        await shown(lambda: {first.status, second.status} == {OrderStatus.CANCELLED}, "both are cancelled")
        await shown(lambda: desk.window.top.stop.accessibleDescription() == "Stopped", "the button says so")
        assert not desk.kernel.armed
        await shown(lambda: any("2 of 2 cancels" in text for _, text in desk.status.notices), "the answers are told")
        click(desk.window.top.notices)
        box = await dialog("notice")
        said = texts(box)
        for order in (first, second):
            assert f"{order.broker_order_id}: cancelled" in said, said
        press(box, Qt.Key.Key_Escape)
        await gone(box)
        await shown(lambda: not desk.ticket.send.isEnabled(), "the ticket is locked")
        assert "Lift the stop" in desk.ticket.error.text()
        desk.window.actions_["unkill"].trigger()
        await shown(lambda: not desk.kernel.killed and desk.ticket.send.isEnabled(), "lifted")
        assert desk.window.top.stop.accessibleDescription() == ""

    assert terminal.open(journey, profile="paper", settings=paper(market)) == 0
    assert {one["status"] for one in market.truth()["orders"]} == {"Cancelled"}


def test_the_same_click_twice_asks_whether_it_is_meant(terminal: Terminal, market: DrivenMarket) -> None:
    async def journey(desk: Desk) -> None:
        await ready(desk)
        await still(desk, market, "AAPL")
        await arm(desk)
        price = ladder_price(desk, 1)
        click_ladder(desk, Zone.BID, price)
        await newest(desk, "AAPL", 1)
        click_ladder(desk, Zone.BID, price)
        box = await dialog("confirm")
        assert "DUPLICATE" in texts(box)
        box.reject()
        await gone(box)
        assert len(orders_of(desk, "AAPL")) == 1

    assert terminal.open(journey, profile="paper", settings=paper(market)) == 0
    assert len(market.truth()["orders"]) == 1
