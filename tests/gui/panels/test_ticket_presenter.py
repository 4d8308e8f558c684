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

from terminal.kernel import Kernel
from terminal.model.commands import SetArmed
from terminal.model.enums import Side
from tests.gui.panels.core import Venue, core
from tests.unit.trading.desk import stock
from widgets.dialogs import Confirm
from widgets.presenters.common import Stage
from widgets.presenters.ticket import TicketPresenter
from widgets.theme import Theme
from widgets.ticket.model import TicketModel
from widgets.ticket.panel import TicketPanel

pytestmark = pytest.mark.usefixtures("any_logs")


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
    async with core(folder) as (kernel, venue):
        theme, window = Theme(qapp, "dark", "compact"), QWidget()
        qtbot.addWidget(window)
        stage = Stage(kernel=kernel, theme=theme, window=window, toast=lambda _: None, dismiss=lambda _: None)
        panel = TicketPanel(theme, TicketModel())
        qtbot.addWidget(panel)
        presenter = TicketPresenter(stage, panel)
        one = Scene(kernel, venue, window, panel, presenter)
        await one.rest()
        presenter.set_instrument(stock())
        try:
            yield one
        finally:
            panel.draft_changed.disconnect()  # its pause may pass when the loop is gone
            stage.cancel_all()
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
    assert QApplication.activeModalWidget() is None, "the question went with who asked it"
