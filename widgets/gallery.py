# SPDX-License-Identifier: Apache-2.0
"""Gallery: every part of the look in every state on one picture, to be looked at beside the mocks.

``python -m widgets.gallery OUT.png --theme dark`` needs no core and no broker: the values are invented and
fixed. What is wrong here is wrong in every panel; it must not grow features of its own.
"""

import argparse
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import (
    QApplication,
    QCheckBox,
    QComboBox,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QTabBar,
    QVBoxLayout,
    QWidget,
)

from widgets import gallery_tables
from widgets.controls.age_label import AgeLabel
from widgets.controls.bars import LimitBar, RangeBar, Sparkline
from widgets.controls.buttons import Button, ButtonKind, IconButton
from widgets.controls.decimal_spin import DecimalSpin
from widgets.controls.field import Field
from widgets.controls.focus_ring import FocusRing
from widgets.controls.hold_button import HoldButton
from widgets.controls.link_chip import LinkChip
from widgets.controls.mode import ArmStrip, ModeBadge, ModeLine
from widgets.controls.segments import Segments
from widgets.panel import Action
from widgets.tables import Table
from widgets.theme import Theme
from widgets.toasts import Toast, ToastCard, ToastKind


def _heading(title: str, words: str = "") -> QWidget:
    line = QWidget()
    row = QHBoxLayout(line)
    row.setContentsMargins(0, 6, 0, 0)
    for text, role in ((title, "strong"), (words, "muted")):
        label = QLabel(text)
        label.setProperty("role", role)
        row.addWidget(label)
    row.addStretch(1)
    return line


def _frame() -> tuple[QFrame, QVBoxLayout]:
    frame = QFrame()
    frame.setObjectName("panel")
    column = QVBoxLayout(frame)
    column.setContentsMargins(10, 8, 10, 10)
    return frame, column


# ---------------------------------------------------------------------------- controls
def _buttons(theme: Theme) -> QWidget:
    frame, column = _frame()
    grid = QGridLayout()
    grid.setVerticalSpacing(8)
    column.addLayout(grid)
    names = {
        ButtonKind.PLAIN: "Cancel 3",
        ButtonKind.PRIMARY: "Preview",
        ButtonKind.BUY: "Buy 1 at 6,758.25",
        ButtonKind.SELL: "Sell 2 at 6,784.00",
        ButtonKind.BUY_OUTLINE: "Buy",
        ButtonKind.SELL_OUTLINE: "Sell",
        ButtonKind.DANGER: "Flatten…",
        ButtonKind.DANGER_SOLID: "Flatten 9 positions",
        ButtonKind.QUIET: "History",
        ButtonKind.ARMED: "Armed 12:38",
    }
    icons = {ButtonKind.ARMED: "unlock", ButtonKind.DANGER: "kill"}
    for place, head in enumerate(("Button", "Rest", "Pressed", "Disabled", "Small")):
        label = QLabel(head)
        label.setProperty("role", "caption")
        grid.addWidget(label, 0, place)
    for line, (kind, text) in enumerate(names.items(), start=1):
        label = QLabel(kind.replace("_", " ").capitalize())
        label.setProperty("tone", "secondary")
        grid.addWidget(label, line, 0)
        for place in range(1, 5):
            button = Button(theme, text, kind, icon=icons.get(kind), small=place == 4)
            button.setDown(place == 2)
            button.setEnabled(place != 3)
            grid.addWidget(button, line, place, Qt.AlignmentFlag.AlignLeft)
    row = QHBoxLayout()
    column.addLayout(row)
    held = HoldButton(theme, "Stop all · hold 1 s")
    held.begin()
    held.skip_to(0.45)
    done = HoldButton(theme, "Stop all · hold 1 s")
    done.show_done("Stopped 11:42:07")
    for holding in (
        HoldButton(theme, "Stop all · hold 1 s"),
        held,
        done,
        HoldButton(theme, "Stop all", icon="kill", solid=True),
    ):
        row.addWidget(holding)
    row.addStretch(1)
    return frame


def _price(theme: Theme, value: str = "6758.25") -> DecimalSpin:
    return DecimalSpin(
        theme,
        "Limit price",
        tick=Decimal("0.25"),
        minimum=Decimal(6700),
        maximum=Decimal(6800),
        value=Decimal(value),
    )


def _fields(theme: Theme) -> tuple[QWidget, QWidget]:
    frame, column = _frame()
    row = QHBoxLayout()
    focused, disabled = _price(theme), _price(theme)
    disabled.setEnabled(False)
    for caption, control, hint in (
        ("Rest", _price(theme), "tick 0.25"),
        ("Focus", focused, "↑ ↓ tick, Shift × 10"),
        ("Out of range", _price(theme, "6858.25"), ""),
        ("Disabled", disabled, "MKT has no limit"),
    ):
        row.addWidget(Field(theme, caption, control, hint=hint))
    column.addLayout(row)
    second = QHBoxLayout()
    combo = QComboBox()
    combo.addItems(["LMT", "MKT", "STP"])
    combo.setFixedHeight(theme.density.control)
    stop, target = QCheckBox("Stop"), QCheckBox("Target")
    stop.setChecked(True)
    frames = Segments(theme, "Time frame", [(key, key) for key in ("1m", "5m", "1h")], current="5m")
    for widget in (Field(theme, "List", combo, line=False), stop, target, frames):
        second.addWidget(widget)
    second.addStretch(1)
    column.addLayout(second)
    tabs = QTabBar()
    for text in ("Orders  7", "Fills  5", "Positions  9", "Log"):
        tabs.addTab(text)
    column.addWidget(tabs)
    chips = QHBoxLayout()
    for group in range(9):
        chips.addWidget(LinkChip(theme, group))
    for icon in ("lock", "unlock", "bell", "search", "gear", "plus", "close", "dots", "plug", "key", "pin"):
        chips.addWidget(IconButton(theme, icon, icon))
    chips.addStretch(1)
    column.addLayout(chips)
    more = QHBoxLayout()
    for icon in ("chart", "ladder", "tape", "ticket", "orders", "fills", "position", "account", "chain", "risk"):
        more.addWidget(IconButton(theme, icon, icon, size=18))
    for icon in ("strategy", "log", "arrow-up", "arrow-down", "kill", "draw", "link", "maximise", "columns"):
        more.addWidget(IconButton(theme, icon, icon, size=18))
    more.addStretch(1)
    column.addLayout(more)
    bars = QHBoxLayout()
    for share in (0.3, 0.8, 1.1):
        bar = LimitBar(theme, "Net delta")
        bar.set_share(share)
        bars.addWidget(bar)
    day = RangeBar(theme, "Range of the day")
    day.set_values(6731.5, 6768.0, 6762.5, 6749.0)
    line = Sparkline(theme, "Last hour")
    line.set_values([3, 4, 3.5, 5, 4.2, 6, 5.5, 7, 6.1, 6.4])
    bars.addWidget(day)
    bars.addWidget(line)
    column.addLayout(bars)
    column.addStretch(1)
    return frame, focused


# ---------------------------------------------------------------------------- toasts, modes
def _toasts(theme: Theme) -> QWidget:
    frame, column = _frame()
    for toast in (
        Toast(kind=ToastKind.INFO, title="Workspace saved", text="Main, 9 panels", time="11:42:01"),
        Toast(
            kind=ToastKind.FILL,
            title="Bought 80 TLT at 88.20",
            text="Order 1049, 80 of 200 filled. Position +480.",
            side="buy",
            time="11:42:03",
            action=Action("show", "Show"),
        ),
        Toast(kind=ToastKind.WARN, title="Data is late: 2.4 s", text="Stock feed only.", time="11:42:05"),
        Toast(
            kind=ToastKind.ERROR,
            title="Order 1056 rejected",
            text="Limit 6,858.25 is outside the exchange band.",
            code="201",
            time="11:42:06",
            action=Action("edit", "Edit price"),
        ),
    ):
        column.addWidget(ToastCard(theme, toast, frame))
    column.addStretch(1)
    return frame


def _modes(theme: Theme) -> QWidget:
    frame, column = _frame()
    for mode in ("live", "paper", "demo"):
        column.addWidget(ModeLine(theme, mode))
        row = QHBoxLayout()
        row.addWidget(ModeBadge(mode))
        age = AgeLabel("Data age", theme.tokens.age.quote_stale)
        age.set_age({"live": 0.1, "paper": 2.4, "demo": None}[mode])
        row.addWidget(age)
        row.addStretch(1)
        armed = mode == "live"
        kind = ButtonKind.ARMED if armed else ButtonKind.PLAIN
        words = "Armed 12:38" if armed else "Disarmed"
        row.addWidget(Button(theme, words, kind, icon="unlock" if armed else "lock"))
        column.addLayout(row)
    strip = ArmStrip(theme)
    strip.set_armed(True)
    column.addWidget(strip)
    for role, text in (("hero", "+3,062.68"), ("figure", "6,762.50"), ("title", "Title"), ("caption", "Caption")):
        label = QLabel(text)
        label.setProperty("role", role)
        column.addWidget(label)
    mono = QLabel("2026-03-17 11:42:07 orders send 1042 LMT 6,784.00")
    mono.setFont(theme.mono())
    column.addWidget(mono)
    column.addStretch(1)
    return frame


def _columns(*groups: tuple[str, str, QWidget]) -> QWidget:
    """Stand groups side by side, each under its heading; all parts share the width."""
    holder = QWidget()
    row = QHBoxLayout(holder)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(8)
    for title, words, part in groups:
        column = QVBoxLayout()
        column.setSpacing(4)
        column.addWidget(_heading(title, words))
        column.addWidget(part, 1, Qt.AlignmentFlag.AlignTop if isinstance(part, Table) else Qt.AlignmentFlag(0))
        row.addLayout(column, 1)
    return holder


def build(theme: Theme) -> QWidget:
    """Return the gallery as one widget."""
    page = QWidget()
    page.setObjectName("gallery")
    page.setStyleSheet(f"QWidget#gallery {{ background: {theme.hex('bg.window')}; }}")
    column = QVBoxLayout(page)
    column.setContentsMargins(12, 6, 12, 12)
    column.setSpacing(4)
    column.addWidget(_heading("Panel states", "one message, one main action, the age of what is shown"))
    column.addWidget(gallery_tables.panels(theme))
    fields, focused = _fields(theme)
    column.addWidget(
        _columns(("Buttons", "", _buttons(theme)), ("Fields, rows, chips", "colour with its digit", fields))
    )
    column.addWidget(
        _columns(
            ("Orders", "groups, selection, states", gallery_tables.orders(theme)),
            ("Limits", "bars", gallery_tables.limits(theme)),
        )
    )
    column.addWidget(_columns(("Toasts", "", _toasts(theme)), ("Mode", "the more real, the more solid", _modes(theme))))
    FocusRing(theme, page)
    focused.setFocus()
    return page


def main(arguments: Sequence[str] | None = None) -> int:
    """Paint the gallery into a file; return 0, or 1 if it could not be written."""
    parser = argparse.ArgumentParser(description="Paint every part of the look into a PNG file.")
    parser.add_argument("out", type=Path)
    parser.add_argument("--theme", default=None)
    parser.add_argument("--density", default=None)
    options = parser.parse_args(arguments)
    app = QApplication.instance() or QApplication([])
    if not isinstance(app, QApplication):
        return 1
    theme = Theme(app, options.theme, options.density)
    page = build(theme)
    page.resize(QSize(1440, max(900, page.sizeHint().height())))
    page.show()
    for table in page.findChildren(Table):
        table.rows.flush()
    app.processEvents()
    return 0 if page.grab().save(str(options.out)) else 1


if __name__ == "__main__":
    raise SystemExit(main())
