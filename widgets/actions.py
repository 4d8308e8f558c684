# SPDX-License-Identifier: Apache-2.0
"""Actions: every command of the window, declared once. Menus, shortcuts, toolbar and palette are made from it.

None of these places an order by itself; what can lose money asks or needs arming first.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenu, QMenuBar, QWidget


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionSpec:
    """One command. ``menu`` is its place in the menu bar; ``checkable`` for what is on or off."""

    key: str
    text: str
    menu: str
    shortcut: str = ""
    tip: str = ""
    checkable: bool = False
    toolbar: bool = False
    """Stands in the top bar as well, always in reach."""
    separator_before: bool = False


MENUS: Final = ("File", "View", "Trade", "Panels", "Tools", "Help")

ACTIONS: Final = (
    ActionSpec(
        key="connect",
        text="Connect…",
        menu="File",
        shortcut="Ctrl+Shift+O",
        tip="Choose demo, TWS or IB Gateway and connect",
    ),
    ActionSpec(
        key="disconnect", text="Disconnect", menu="File", tip="End the connection; working orders stay at the broker"
    ),
    ActionSpec(key="settings", text="Settings…", menu="File", shortcut="Ctrl+,", separator_before=True),
    ActionSpec(
        key="export",
        text="Export table…",
        menu="File",
        tip="Save the table that has the focus as CSV",
    ),
    ActionSpec(key="quit", text="Quit", menu="File", shortcut="Ctrl+Q", separator_before=True),
    ActionSpec(key="palette", text="Symbol, command or setting", menu="View", shortcut="Ctrl+K"),
    ActionSpec(key="theme", text="Dark or light", menu="View", shortcut="Ctrl+Shift+D"),
    ActionSpec(key="density", text="Row height", menu="View", tip="Compact, normal, relaxed"),
    ActionSpec(key="reset_layout", text="Reset layout", menu="View", separator_before=True),
    ActionSpec(key="lock_layout", text="Lock layout", menu="View", shortcut="Ctrl+Shift+L", checkable=True),
    ActionSpec(key="full_screen", text="Full screen", menu="View", shortcut="F11", checkable=True),
    ActionSpec(key="new_order", text="New order", menu="Trade", shortcut="F9", tip="Put the focus into the ticket"),
    ActionSpec(
        key="arm",
        text="Arm",
        menu="Trade",
        shortcut="Ctrl+Shift+A",
        checkable=True,
        toolbar=True,
        tip="Let orders leave with one click; ends by itself",
    ),
    ActionSpec(
        key="close_position",
        text="Close position",
        menu="Trade",
        separator_before=True,
        tip="Close the position of the chosen instrument",
    ),
    ActionSpec(key="reverse_position", text="Reverse position", menu="Trade"),
    ActionSpec(
        key="flatten",
        text="Flatten instrument…",
        menu="Trade",
        shortcut="Ctrl+Shift+F",
        tip="Cancel its own orders and close its position",
    ),
    ActionSpec(key="flatten_all", text="Flatten everything…", menu="Trade"),
    ActionSpec(key="cancel_symbol", text="Cancel orders of this instrument", menu="Trade", separator_before=True),
    ActionSpec(key="cancel_all", text="Cancel all orders…", menu="Trade", shortcut="Ctrl+Shift+C"),
    ActionSpec(key="stop_strategies", text="Stop all strategies", menu="Trade", shortcut="Ctrl+Shift+X"),
    ActionSpec(
        key="kill",
        text="Stop all and cancel all orders",
        menu="Trade",
        shortcut="Ctrl+Shift+K",
        toolbar=True,
        separator_before=True,
        tip="Kill switch: blocks new orders and cancels all own orders",
    ),
    ActionSpec(key="unkill", text="Lift the stop…", menu="Trade"),
    ActionSpec(key="reconcile", text="Compare with the broker now", menu="Tools", shortcut="F5"),
    ActionSpec(key="doctor", text="Connection doctor", menu="Tools"),
    ActionSpec(key="verify", text="Verify the journal", menu="Tools"),
    ActionSpec(key="open_data", text="Open data folder", menu="Tools", separator_before=True),
    ActionSpec(key="keys", text="Keyboard", menu="Help", shortcut="F1"),
    ActionSpec(key="about", text="About Tiller", menu="Help", separator_before=True),
)


class Actions:
    """The QActions of one window, by key."""

    def __init__(self, parent: QWidget, specs: tuple[ActionSpec, ...] = ACTIONS) -> None:
        self._actions: dict[str, QAction] = {}
        self.specs = specs
        for spec in specs:
            action = QAction(spec.text, parent)
            action.setObjectName(f"action:{spec.key}")
            action.setCheckable(spec.checkable)
            if spec.shortcut:
                action.setShortcut(QKeySequence(spec.shortcut))
            shown = f" ({spec.shortcut})" if spec.shortcut else ""
            action.setToolTip((spec.tip or spec.text.rstrip("…")) + shown)
            action.setStatusTip(spec.tip)
            parent.addAction(action)
            self._actions[spec.key] = action

    def __getitem__(self, key: str) -> QAction:
        return self._actions[key]

    def connect(self, handlers: Mapping[str, Callable[[], object]]) -> None:
        """Give every action its effect.

        Raises:
            KeyError: an action has no handler, or a handler no action: no control without effect.
        """
        missing = self._actions.keys() ^ handlers.keys()
        if missing:
            raise KeyError(f"actions and handlers differ in {', '.join(sorted(missing))}")
        for key, handler in handlers.items():
            self._actions[key].triggered.connect(lambda _=False, call=handler: call())

    def fill(self, bar: QMenuBar) -> dict[str, QMenu]:
        """Make the menus; return them by title (Panels is filled by whoever makes the panels)."""
        menus = {title: bar.addMenu(title) for title in MENUS}
        for spec in self.specs:
            menu = menus[spec.menu]
            if spec.separator_before:
                menu.addSeparator()
            menu.addAction(self._actions[spec.key])
        return menus
