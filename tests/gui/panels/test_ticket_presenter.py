# SPDX-License-Identifier: Apache-2.0
"""The ticket over a real core: what it shows belongs to what stands in it, and one click needs arming."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from brokers.ibkr.broker import IbkrBroker
from brokers.ibkr.timing import BrokerClock
from terminal.clock import Clock, SimClock
from terminal.kernel import Kernel
from terminal.model import events as e
from terminal.model.commands import SetArmed
from terminal.model.enums import LinkState, Mode, Side
from terminal.model.ids import AccountId
from terminal.model.market import Quote
from terminal.model.preview import OrderPreview
from terminal.paths import profile_paths
from terminal.ports import Broker, BrokerTruth, EventSink, WireOrder
from terminal.trading.views import TradingSession
from tests.support.core import build_kernel
from tests.unit.trading.desk import AAPL, ACCOUNT, CLIENT, START_NS, stock
from widgets.dialogs import Confirm
from widgets.presenters.common import Stage
from widgets.presenters.ticket import TicketPresenter
from widgets.theme import Theme
from widgets.ticket.model import TicketModel
from widgets.ticket.panel import TicketPanel

pytestmark = pytest.mark.usefixtures("any_logs")


class Venue(IbkrBroker):
    """A broker that is there, takes orders, and answers previews when the test lets it."""

    def __init__(self, sink: EventSink, clock: BrokerClock) -> None:
        super().__init__(sink, clock)
        self.answering = asyncio.Event()
        self.placed: list[WireOrder] = []
        self.got_one = asyncio.Event()

    @property
    def link(self) -> LinkState:
        return LinkState.READY

    def place(self, order: WireOrder) -> int:
        self.placed.append(order)
        self.got_one.set()
        return 1

    async def preview(self, order: WireOrder) -> OrderPreview:
        await self.answering.wait()
        return OrderPreview(ns=START_NS, commission=order.spec.quantity)

    async def truth(self, account_id: AccountId) -> BrokerTruth:
        del account_id
        return BrokerTruth(
            ns=START_NS, open_orders=(), completed_orders=(), executions=(), commissions=(), positions=()
        )


@dataclass
class Scene:
    kernel: Kernel
    venue: Venue
    window: QWidget
    panel: TicketPanel
    presenter: TicketPresenter

    async def rest(self) -> None:
        """Let commits and tasks come through."""
        for _ in range(20):
            await asyncio.sleep(0)

    def type_size(self, text: str) -> None:
        """Type a size and let the ticket's pause pass."""
        self.panel.quantity.setText(text)
        self.panel.read()
        self.panel.draft_changed.emit(self.panel.draft)

    def shown(self) -> tuple[str, str]:
        """Return the position after the order and the commission that the preview block shows."""
        block = self.panel.preview
        return block._cells[0][2].text(), block._figures["Commission"].text()


@asynccontextmanager
async def scene(folder: Path, qapp: QApplication, qtbot: QtBot) -> AsyncIterator[Scene]:
    made: list[Venue] = []

    def factory(sink: EventSink, clock: Clock) -> Broker:
        made.append(Venue(sink, clock))
        return made[0]

    kernel = build_kernel(
        profile_paths("test", folder), clock=SimClock(START_NS), address=("127.0.0.1", 1), broker=factory
    )
    await kernel.journal.start()
    kernel.execution.use_account(TradingSession(account_id=ACCOUNT, mode=Mode.PAPER, client_id=CLIENT))
    up = e.LinkChanged(ns=START_NS, state=LinkState.READY)
    kernel.bus.publish(up)
    kernel.execution.on_venue_event(up)
    kernel.execution.on_venue_event(
        e.AccountValueReported(ns=START_NS, account_id=ACCOUNT, tag="NetLiquidation", value="250000", currency="USD")
    )
    kernel.hub.add_instrument(stock())
    kernel.hub.on_quote(Quote(instrument_id=AAPL, received_ns=START_NS, bid=99.99, ask=100.01, last=100.0))
    theme, window = Theme(qapp, "dark", "compact"), QWidget()
    qtbot.addWidget(window)
    stage = Stage(kernel=kernel, theme=theme, window=window, toast=lambda _: None, dismiss=lambda _: None)
    panel = TicketPanel(theme, TicketModel())
    qtbot.addWidget(panel)
    presenter = TicketPresenter(stage, panel)
    one = Scene(kernel, made[0], window, panel, presenter)
    await one.rest()
    presenter.set_instrument(stock())
    try:
        yield one
    finally:
        panel.draft_changed.disconnect()  # its pause may pass when the loop is gone
        stage.cancel_all()
        kernel.execution.stop()
        await kernel.journal.stop()
        theme.deleteLater()


async def test_preview_follows_a_size_that_was_changed_and_changed_back(
    tmp_path: Path, qapp: QApplication, qtbot: QtBot
) -> None:
    async with scene(tmp_path, qapp, qtbot) as one:
        one.venue.answering.set()
        one.type_size("100")
        await one.rest()
        assert one.shown() == ("+100", "100.00")
        one.venue.answering.clear()
        one.type_size("900")
        await one.rest()
        assert one.shown() == ("+900", "–")
        one.type_size("100")
        await one.rest()
        assert one.shown()[0] == "+100", "the preview of another order stands under this one"


async def test_click_after_disarming_asks_first(tmp_path: Path, qapp: QApplication, qtbot: QtBot) -> None:
    async with scene(tmp_path, qapp, qtbot) as one:
        one.kernel.do(SetArmed(armed=True))
        one.presenter.click_to_trade(Side.BUY, Decimal("99.00"))
        async with asyncio.timeout(10):
            await one.venue.got_one.wait()
        assert len(one.venue.placed) == 1
        one.kernel.do(SetArmed(armed=False))
        one.presenter.click_to_trade(Side.BUY, Decimal("98.00"))  # the ladder hears of it a tick later
        await one.rest()
        assert len(one.venue.placed) == 1
        assert one.window.findChildren(Confirm)
