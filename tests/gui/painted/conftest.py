# SPDX-License-Identifier: Apache-2.0
"""A theme for the painted panels, and panels that go away with their test."""

from collections.abc import Callable, Iterator

import pytest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from tests.gui.painted import render
from widgets.chart.panel import ChartPanel
from widgets.ladder.panel import LadderPanel
from widgets.panel import Condition, Panel
from widgets.tape.panel import TapePanel
from widgets.theme import Theme


def condition_of(panel: Panel) -> Condition:
    """Return what a panel says now: a call, so that the type checker does not take it for a constant."""
    return panel.condition


Shown = Callable[[QWidget, int, int], None]


@pytest.fixture(scope="session")
def one_theme(qapp: QApplication) -> Theme:
    return Theme(qapp, "dark", "compact")


@pytest.fixture
def theme(one_theme: Theme) -> Iterator[Theme]:
    yield one_theme
    if one_theme.name != "dark" or one_theme.density_name != "compact":
        one_theme.switch(name="dark", density="compact")


@pytest.fixture
def shown(qtbot: QtBot) -> Shown:
    """Show a panel at a size and wait until it stands."""

    def show(widget: QWidget, width: int, height: int) -> None:
        qtbot.addWidget(widget)
        widget.resize(width, height)
        widget.show()
        qtbot.waitExposed(widget)
        QApplication.processEvents()

    return show


@pytest.fixture
def chart(theme: Theme, shown: Shown) -> ChartPanel:
    panel = render.chart(theme)
    shown(panel, 768, 615)
    return panel


@pytest.fixture
def ladder(theme: Theme, shown: Shown) -> LadderPanel:
    panel = render.ladder(theme)
    shown(panel, 236, 455)
    return panel


@pytest.fixture
def tape(theme: Theme, shown: Shown) -> TapePanel:
    panel = render.tape(theme)
    shown(panel, 180, 455)
    return panel
