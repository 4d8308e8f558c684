# SPDX-License-Identifier: Apache-2.0
"""Orders and fills on screen: a day of many fills costs no more per tick and per event than a quiet one."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from terminal.kernel import Kernel
from terminal.model import events as e
from terminal.model.commands import OrderSpec, SetArmed, SubmitOrder
from terminal.model.enums import OrderType, Side
from terminal.model.ids import ClientOrderId, ExecutionId
from tests.gui.panels.core import core
from tests.unit.trading.desk import AAPL, ACCOUNT, CLIENT, START_NS, stock
from widgets.blotter.panels import FillsPanel, OrdersPanel, PositionsPanel
from widgets.chart.panel import ChartPanel
from widgets.ladder.panel import LadderPanel
from widgets.presenters.common import Stage
from widgets.presenters.orders import OrderPanels, OrdersPresenter
from widgets.shots import until
from widgets.theme import Theme

pytestmark = pytest.mark.usefixtures("any_logs")


@dataclass
class Scene:
    kernel: Kernel
    panels: OrderPanels
    presenter: OrdersPresenter
    order_id: ClientOrderId
    fills: int = 0

    def fill(self) -> None:
        """Let the broker report an execution of a thousandth of a share."""
        self.fills += 1
        self.report(f"0001.{self.fills:06d}.01")

    def report(self, execution_id: str, price: str = "100.01", quantity: str = "0.001") -> None:
        order = self.kernel.orders.get(self.order_id)
        assert order is not None
        self.kernel.execution.on_venue_event(
            e.VenueExecution(
                ns=START_NS,
                execution_id=ExecutionId(execution_id),
                broker_order_id=order.broker_order_id or 0,
                client_id=CLIENT,
                perm_id=9_001,
                account_id=ACCOUNT,
                instrument_id=AAPL,
                client_order_id=self.order_id,
                side=Side.BUY,
                quantity=Decimal(quantity),
                price=Decimal(price),
                event_ns=START_NS,
                exchange="NASDAQ",
            )
        )

    def charge(self, execution_id: str, amount: str) -> None:
        self.kernel.execution.on_venue_event(
            e.VenueCommission(
                ns=START_NS, execution_id=ExecutionId(execution_id), commission=Decimal(amount), currency="USD"
            )
        )


@asynccontextmanager
async def scene(folder: Path, qapp: QApplication, qtbot: QtBot) -> AsyncIterator[Scene]:
    """Return the presenter over a core that holds one working order for AAPL, which the chart shows."""
    async with core(folder) as (kernel, venue):
        theme, window = Theme(qapp, "dark", "compact"), QWidget()
        panels = OrderPanels(
            orders=OrdersPanel(theme),
            fills=FillsPanel(theme),
            positions=PositionsPanel(theme),
            chart=ChartPanel(theme, kernel.clock.now_ns),
            ladder=LadderPanel(theme),
        )
        for widget in (window, panels.orders, panels.fills, panels.positions, panels.chart, panels.ladder):
            qtbot.addWidget(widget)
        stage = Stage(kernel=kernel, theme=theme, window=window, toast=lambda _: None, dismiss=lambda _: None)
        presenter = OrdersPresenter(stage, panels)
        panels.chart.set_instrument(stock(), "")
        presenter.set_instrument(stock())
        presenter.set_ladder_instrument(stock())
        for _ in range(20):  # the core compares with the broker
            await asyncio.sleep(0)
        kernel.do(SetArmed(armed=True))
        spec = OrderSpec(
            instrument_id=AAPL,
            side=Side.BUY,
            quantity=Decimal(100),
            order_type=OrderType.LIMIT,
            limit_price=Decimal("100.01"),
        )
        kernel.do(SubmitOrder(spec=spec))
        async with asyncio.timeout(10):
            await venue.got_one.wait()
        kernel.bus.subscribe(e.OrderChanged, presenter.on_order)
        (order,) = kernel.orders.all()
        one = Scene(kernel, panels, presenter, order.client_order_id)
        one.fill()
        presenter.show_all()
        try:
            yield one
        finally:
            stage.cancel_all()
            theme.deleteLater()


def calls(work: Callable[[], object]) -> int:
    """Return how many Python functions are called by some work: its cost, the same on every machine."""
    count = 0

    def heard(_frame: object, event: str, _argument: object) -> None:
        nonlocal count
        count += event == "call"

    sys.setprofile(heard)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count


async def test_ten_thousand_fills_cost_no_more_than_ten(tmp_path: Path, qapp: QApplication, qtbot: QtBot) -> None:
    async with scene(tmp_path, qapp, qtbot) as one:

        def costs() -> tuple[int, int]:
            """Return what one more fill costs, and what a tick costs when nothing has happened since the last."""
            event = min(calls(one.fill) for _ in range(5))  # the collector may step in
            one.presenter.tick()
            return event, min(calls(one.presenter.tick) for _ in range(5))

        for _ in range(10):
            one.fill()
        event, tick = costs()
        for _ in range(20):
            for _ in range(500):
                one.fill()
            assert await until(lambda: one.kernel.journal.queue_fill < 0.1), "the journal writes them down"
        later_event, later_tick = costs()
        assert one.kernel.portfolio.fill_totals()[0] == 10_021
        assert later_tick <= tick * 1.5
        assert later_event <= event * 1.5


async def test_sums_follow_fills_commissions_and_corrections(tmp_path: Path, qapp: QApplication, qtbot: QtBot) -> None:
    async with scene(tmp_path, qapp, qtbot) as one:
        one.charge("0001.000001.01", "1.25")
        one.fill()
        one.charge("0001.000002.01", "0.75")
        one.presenter.tick()
        assert one.panels.fills.sums.text() == "2 fills   commission 2.00"
        one.report("0001.000002.02", price="100.00")
        one.charge("0001.000002.02", "0.50")
        one.presenter.tick()
        assert one.panels.fills.sums.text() == "2 fills   commission 1.75"
        assert [fill.price for fill in one.panels.chart.model.fills] == [100.01, 100.0]
        model = one.panels.fills.model
        assert [model.text(row, "price") for row in model.ids] == ["100.01", "100.00"]
        assert [model.text(row, "commission") for row in model.ids] == ["1.25", "0.50"]
