# SPDX-License-Identifier: Apache-2.0
"""What stands on the screen when Tiller cannot start: why, and what can be done about it.

There is no core, no loop and perhaps no application yet: it makes what it needs and waits for the person.
"""

import sys

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QDialog, QHBoxLayout, QLabel, QPushButton, QVBoxLayout

from widgets.theme import Theme, set_property

TITLE = "Tiller cannot start"


class Trouble(QDialog):
    """The text of an error, a way out if there is one, and the way home."""

    def __init__(self, theme: Theme, text: str, action: str | None) -> None:
        super().__init__()
        self.setObjectName("trouble")
        self.setWindowTitle(TITLE)
        space = theme.space
        headline = QLabel(TITLE)
        headline.setProperty("role", "strong")
        body = QLabel(text)
        body.setTextFormat(Qt.TextFormat.PlainText)
        body.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        body.setWordWrap(True)
        body.setMinimumWidth(520)
        leave = QPushButton("Quit")
        leave.setObjectName("troubleQuit")
        leave.setDefault(True)
        leave.clicked.connect(self.reject)
        row = QHBoxLayout()
        row.setSpacing(space.x4)
        row.addStretch(1)
        row.addWidget(leave)
        if action is not None:
            way_out = QPushButton(action)
            way_out.setObjectName("troubleWayOut")
            way_out.setAutoDefault(False)
            set_property(way_out, "kind", "primary")
            way_out.clicked.connect(self.accept)
            row.addWidget(way_out)
        column = QVBoxLayout(self)
        column.setContentsMargins(space.x7, space.x6, space.x7, space.x6)
        column.setSpacing(space.x5)
        column.addWidget(headline)
        column.addWidget(body)
        column.addLayout(row)
        leave.setFocus()


def explain(text: str, action: str | None, theme_name: str | None = None) -> bool:
    """Show why Tiller cannot start; return whether the person chose ``action``. Blocks until they answer."""
    app = QApplication.instance() or QApplication(sys.argv[:1])
    if not isinstance(app, QApplication):
        return False
    app.setApplicationName("Tiller")
    app.setQuitOnLastWindowClosed(False)
    trouble = Trouble(Theme(app, theme_name), text, action)
    try:
        return trouble.exec() == QDialog.DialogCode.Accepted
    finally:
        trouble.deleteLater()
