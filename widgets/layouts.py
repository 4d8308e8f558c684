# SPDX-License-Identifier: Apache-2.0
"""Layouts: where the panels stand in each workspace when nobody has moved them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from PySide6.QtCore import Qt

from widgets.main_window import MainWindow
from widgets.panel import PanelDock

Docks = Mapping[str, PanelDock]
LEFT = Qt.DockWidgetArea.LeftDockWidgetArea
"""All docks stand in one area: widths across two areas are Qt's to decide, not ours."""
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


def _show(window: MainWindow, docks: Docks, keys: tuple[str, ...]) -> None:
    """Show these docks. The others wait hidden among the orders: a saved layout brings back only what it names."""
    for key, dock in docks.items():
        if key not in keys:
            window.tabifyDockWidget(docks["orders"], dock)
        dock.setVisible(key in keys)
    for key in reversed(keys):
        docks[key].raise_()


def _widths(window: MainWindow, docks: Docks, wanted: Mapping[str, int]) -> None:
    window.resizeDocks([docks[key] for key in wanted], list(wanted.values()), ACROSS)


def _heights(window: MainWindow, docks: Docks, wanted: Mapping[str, int]) -> None:
    window.resizeDocks([docks[key] for key in wanted], list(wanted.values()), DOWN)


def arrange_main(window: MainWindow, docks: Docks) -> None:
    """Watchlist and chart over the blotter; ladder and tape over the ticket."""
    _clear(window, docks)
    wide = window.width() >= WIDE
    window.addDockWidget(LEFT, docks["watchlist"])
    window.splitDockWidget(docks["watchlist"], docks["ladder"], ACROSS)
    window.splitDockWidget(docks["watchlist"], docks["orders"], DOWN)
    window.splitDockWidget(docks["watchlist"], docks["chart"], ACROSS)
    window.splitDockWidget(docks["ladder"], docks["ticket"], DOWN)
    window.splitDockWidget(docks["ladder"], docks["tape"], ACROSS)
    if wide:
        window.splitDockWidget(docks["orders"], docks["positions"], ACROSS)
        window.splitDockWidget(docks["ticket"], docks["account"], DOWN)
        _tabs(window, docks, ("orders", "fills", "strategies", "log"))
        _tabs(window, docks, ("positions", "risk", "chain"))
        shown = ("watchlist", "chart", "ladder", "tape", "ticket", *BLOTTER, "account", "risk", "chain")
    else:
        _tabs(window, docks, (*BLOTTER, "account", "chain", "risk"))
        shown = ("watchlist", "chart", "ladder", "tape", "ticket", *BLOTTER, "account", "chain", "risk")
    _show(window, docks, shown)
    for key in ("positions", "orders") if wide else ("orders",):
        docks[key].raise_()


def size_main(window: MainWindow, docks: Docks) -> None:
    wide, width, height = window.width() >= WIDE, window.width(), window.height()
    side, ladder, tape, blotter = (300, 320, 240, 430) if wide else (250, 236, 180, 226)
    right = ladder + tape
    ticket = 420 if wide else 372
    _widths(window, docks, {"watchlist": side, "chart": width - side - right - 8, "ladder": ladder, "tape": tape})
    _widths(window, docks, {"orders": width - right - 4, "ticket": right})
    _heights(window, docks, {"watchlist": height - blotter - 60, "orders": blotter})
    _heights(window, docks, {"ladder": height - ticket - (300 if wide else 0) - 60, "ticket": ticket})


def arrange_options(window: MainWindow, docks: Docks) -> None:
    """The chain over the chart; the ticket over risk and the blotter."""
    _clear(window, docks)
    window.addDockWidget(LEFT, docks["watchlist"])
    window.splitDockWidget(docks["watchlist"], docks["chain"], ACROSS)
    window.splitDockWidget(docks["chain"], docks["ticket"], ACROSS)
    window.splitDockWidget(docks["chain"], docks["chart"], DOWN)
    window.splitDockWidget(docks["ticket"], docks["risk"], DOWN)
    _tabs(window, docks, ("risk", "orders", "positions", "fills"))
    _show(window, docks, ("watchlist", "chain", "chart", "ticket", "risk", "orders", "positions", "fills"))
    docks["risk"].raise_()


def size_options(window: MainWindow, docks: Docks) -> None:
    width, height = window.width(), window.height()
    side, right = (290, 600) if window.width() >= WIDE else (232, 440)
    _widths(window, docks, {"watchlist": side, "chain": width - side - right - 8, "ticket": right})
    _heights(window, docks, {"chain": int(height * 0.62), "chart": int(height * 0.38) - 60})
    _heights(window, docks, {"ticket": 380, "risk": height - 440})


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
    _show(window, docks, ("risk", "account", "positions", "orders", "fills", "strategies", "log"))
    docks["positions"].raise_()
    docks["strategies"].raise_()


def size_risk(window: MainWindow, docks: Docks) -> None:
    width, height = window.width(), window.height()
    _widths(window, docks, {"risk": int(width * 0.6), "account": int(width * 0.4)})
    _heights(window, docks, {"risk": int(height * 0.6), "positions": int(height * 0.34)})
    _heights(window, docks, {"account": int(height * 0.42), "strategies": int(height * 0.5)})


@dataclass(frozen=True, slots=True)
class Arrangement:
    """Places the docks, then gives them their sizes; sizes hold only once the places are laid out."""

    place: Callable[[MainWindow, Docks], None]
    size: Callable[[MainWindow, Docks], None]


ARRANGEMENTS: Mapping[str, Arrangement] = {
    "Main": Arrangement(arrange_main, size_main),
    "Options": Arrangement(arrange_options, size_options),
    "Risk": Arrangement(arrange_risk, size_risk),
}
