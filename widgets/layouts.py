# SPDX-License-Identifier: Apache-2.0
"""Layouts: where the panels stand in each workspace when nobody has moved them."""

from collections.abc import Callable, Mapping

from PySide6.QtCore import Qt

from widgets.main_window import MainWindow
from widgets.panel import PanelDock

Docks = Mapping[str, PanelDock]
LEFT, RIGHT, BOTTOM = (
    Qt.DockWidgetArea.LeftDockWidgetArea,
    Qt.DockWidgetArea.RightDockWidgetArea,
    Qt.DockWidgetArea.BottomDockWidgetArea,
)
ACROSS, DOWN = Qt.Orientation.Horizontal, Qt.Orientation.Vertical
BLOTTER = ("orders", "fills", "positions", "strategies", "log")
WIDE = 2_000
"""From this width on, positions, account and risk stand beside what they belong to."""


def _clear(window: MainWindow, docks: Docks) -> None:
    for dock in docks.values():
        dock.setFloating(False)
        window.removeDockWidget(dock)


def _tabs(window: MainWindow, docks: Docks, keys: tuple[str, ...]) -> None:
    first = docks[keys[0]]
    for key in keys[1:]:
        window.tabifyDockWidget(first, docks[key])


def _show(docks: Docks, keys: tuple[str, ...]) -> None:
    for key, dock in docks.items():
        dock.setVisible(key in keys)
    for key in reversed(keys):
        docks[key].raise_()


def arrange_main(window: MainWindow, docks: Docks) -> None:
    """Watchlist, chart, ladder, tape, ticket; the blotter below the chart."""
    _clear(window, docks)
    wide = window.width() >= WIDE
    window.addDockWidget(LEFT, docks["watchlist"])
    window.splitDockWidget(docks["watchlist"], docks["chart"], ACROSS)
    window.splitDockWidget(docks["chart"], docks["ladder"], ACROSS)
    window.splitDockWidget(docks["ladder"], docks["tape"], ACROSS)
    window.splitDockWidget(docks["ladder"], docks["ticket"], DOWN)
    window.splitDockWidget(docks["watchlist"], docks["orders"], DOWN)
    shown = ["watchlist", "chart", "ladder", "tape", "ticket", *BLOTTER, "account", "chain", "risk"]
    _tabs(window, docks, BLOTTER)
    window.tabifyDockWidget(docks["log"], docks["account"])
    window.tabifyDockWidget(docks["account"], docks["chain"])
    window.tabifyDockWidget(docks["chain"], docks["risk"])
    _show(docks, tuple(shown))
    docks["orders"].raise_()
    side, ladder, tape = (290, 300, 230) if wide else (242, 236, 180)
    rest = window.width() - side - ladder - tape - 12
    window.resizeDocks([docks[k] for k in ("watchlist", "chart", "ladder", "tape")], [side, rest, ladder, tape], ACROSS)
    below = 420 if wide else 236
    above = window.height() - below - 60
    window.resizeDocks([docks["watchlist"], docks["orders"]], [above, below], DOWN)
    ticket = 430 if wide else 372
    window.resizeDocks([docks["ladder"], docks["ticket"]], [window.height() - ticket - 60, ticket], DOWN)


def arrange_options(window: MainWindow, docks: Docks) -> None:
    """The chain large, ticket and risk beside it, the blotter below."""
    _clear(window, docks)
    window.addDockWidget(LEFT, docks["watchlist"])
    window.splitDockWidget(docks["watchlist"], docks["chain"], ACROSS)
    window.splitDockWidget(docks["chain"], docks["ticket"], ACROSS)
    window.splitDockWidget(docks["ticket"], docks["risk"], DOWN)
    window.splitDockWidget(docks["chain"], docks["chart"], DOWN)
    window.tabifyDockWidget(docks["chart"], docks["orders"])
    window.tabifyDockWidget(docks["orders"], docks["positions"])
    window.tabifyDockWidget(docks["positions"], docks["fills"])
    _show(docks, ("watchlist", "chain", "ticket", "risk", "chart", "orders", "positions", "fills"))
    docks["chart"].raise_()
    width = window.width()
    window.resizeDocks([docks[k] for k in ("watchlist", "chain", "ticket")], [220, width - 640, 410], ACROSS)
    window.resizeDocks(
        [docks["chain"], docks["chart"]], [int(window.height() * 0.58), int(window.height() * 0.3)], DOWN
    )
    window.resizeDocks([docks["ticket"], docks["risk"]], [380, window.height() - 440], DOWN)


def arrange_risk(window: MainWindow, docks: Docks) -> None:
    """Risk large, account beside it, positions and strategies below."""
    _clear(window, docks)
    window.addDockWidget(LEFT, docks["risk"])
    window.splitDockWidget(docks["risk"], docks["account"], ACROSS)
    window.splitDockWidget(docks["risk"], docks["positions"], DOWN)
    window.splitDockWidget(docks["account"], docks["strategies"], DOWN)
    window.tabifyDockWidget(docks["positions"], docks["orders"])
    window.tabifyDockWidget(docks["orders"], docks["fills"])
    window.tabifyDockWidget(docks["strategies"], docks["log"])
    _show(docks, ("risk", "account", "positions", "orders", "fills", "strategies", "log"))
    docks["positions"].raise_()
    docks["strategies"].raise_()
    width = window.width()
    window.resizeDocks([docks["risk"], docks["account"]], [int(width * 0.66), int(width * 0.34)], ACROSS)
    window.resizeDocks(
        [docks["risk"], docks["positions"]], [int(window.height() * 0.62), int(window.height() * 0.32)], DOWN
    )


ARRANGEMENTS: Mapping[str, Callable[[MainWindow, Docks], None]] = {
    "Main": arrange_main,
    "Options": arrange_options,
    "Risk": arrange_risk,
}
