# SPDX-License-Identifier: Apache-2.0
"""A change that breaks a soft limit is asked once more, as an order is; a no changes nothing."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from terminal.model import events as e
from terminal.model.commands import OrderSpec, SetArmed, SubmitOrder
from terminal.model.enums import DataType, OrderType, PendingRequest, Side
from terminal.model.order import Order
from tests.gui.panels.core import Venue, core
from tests.unit.trading.desk import AAPL, ACCOUNT, CLIENT, START_NS
from widgets.dialogs import Confirm
from widgets.presenters.common import Stage
from widgets.presenters.order_wishes import OrderWishes
from widgets.shots import until
from widgets.theme import Theme
from widgets.toasts import Toast

pytestmark = pytest.mark.usefixtures("any_logs")


class Scene:
    def __init__(self, wishes: OrderWishes, order: Order, venue: Venue, window: QWidget, toasts: list[Toast]) -> None:
        self.wishes, self.order, self.venue, self.window, self.toasts = wishes, order, venue, window, toasts

    async def question(self) -> Confirm:
        """Return the question that is open."""
        for _ in range(20):
            await asyncio.sleep(0)
        (found,) = [each for each in self.window.findChildren(Confirm) if each.isVisible()]
        return found

    async def changed(self) -> None:
        """Wait until the journal has let the change out, or there is none under way."""
        assert await until(lambda: self.order.pending is PendingRequest.NONE or bool(self.venue.modified))


@asynccontextmanager
async def scene(folder: Path, qapp: QApplication, qtbot: QtBot) -> AsyncIterator[Scene]:
    """Hold a working order for AAPL whose quote has become a delayed one."""
    async with core(folder) as (kernel, venue):
        theme, window, toasts = Theme(qapp, "dark", "compact"), QWidget(), list[Toast]()
        qtbot.addWidget(window)
        window.show()
        stage = Stage(kernel=kernel, theme=theme, window=window, toast=toasts.append, dismiss=lambda _: None)
        for _ in range(20):  # the core compares with the broker
            await asyncio.sleep(0)
        kernel.do(SetArmed(armed=True))
        spec = OrderSpec(
            instrument_id=AAPL,
            side=Side.BUY,
            quantity=Decimal(10),
            order_type=OrderType.LIMIT,
            limit_price=Decimal("99.00"),
        )
        kernel.do(SubmitOrder(spec=spec))
        async with asyncio.timeout(10):
            await venue.got_one.wait()
        (order,) = kernel.orders.all()
        kernel.execution.on_venue_event(
            e.VenueOrderOpened(
                ns=START_NS,
                client_order_id=order.client_order_id,
                broker_order_id=order.broker_order_id or 0,
                client_id=CLIENT,
                perm_id=9_001,
                account_id=ACCOUNT,
                spec=order.spec,
                status="Submitted",
            )
        )
        quote = kernel.hub.quote(AAPL)
        assert quote is not None
        kernel.hub.on_quote(replace(quote, data_type=DataType.DELAYED))
        try:
            yield Scene(OrderWishes(stage), order, venue, window, toasts)
        finally:
            stage.cancel_all()
            theme.deleteLater()


@pytest.mark.parametrize("yes", [True, False])
async def test_a_change_on_a_delayed_price_is_asked_once_more(
    tmp_path: Path, qapp: QApplication, qtbot: QtBot, yes: bool
) -> None:
    async with scene(tmp_path, qapp, qtbot) as one:
        assert one.wishes.change(one.order.client_order_id, "limit", Decimal("99.50")) == ""
        assert one.order.pending is PendingRequest.NONE, "nothing leaves before the answer"
        box = await one.question()
        assert "delayed" in box.windowTitle()
        assert box.headline.text() == "Buy 10 AAPL: limit 99.00 → 99.50"
        (box.send if yes else box.cancel).click()
        for _ in range(20):
            await asyncio.sleep(0)
        await one.changed()
        assert [wire.spec.limit_price for wire in one.venue.modified] == ([Decimal("99.50")] if yes else [])
        assert one.toasts == []


async def test_what_is_hard_is_said_and_not_asked(tmp_path: Path, qapp: QApplication, qtbot: QtBot) -> None:
    async with scene(tmp_path, qapp, qtbot) as one:
        wrong = one.wishes.change(one.order.client_order_id, "quantity", Decimal(500_000))
        assert "limit" in wrong
        assert [each for each in one.window.findChildren(Confirm) if each.isVisible()] == []
        assert one.venue.modified == []
