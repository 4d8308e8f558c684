# SPDX-License-Identifier: Apache-2.0
"""Dialogs that wait without blocking: `open()` and a future, never a nested event loop.

A nested loop inside a coroutine wakes other tasks while this one runs and kills them for good, so nothing
here (and nothing in Tiller) calls the blocking forms.
"""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QDialog,
    QFileDialog,
    QFormLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from widgets import formats
from widgets.theme import Theme, set_property

_LONG: Final = 60
"""Characters of a value beyond which it stands in lines."""
_SENTENCE_WIDTH: Final = 360


async def finished(dialog: QDialog) -> bool:
    """Open ``dialog`` and wait; True when it was accepted. The dialog is deleted afterwards."""
    answer: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

    def settle(code: int) -> None:
        if not answer.done():
            answer.set_result(code == QDialog.DialogCode.Accepted.value)

    dialog.finished.connect(settle)
    dialog.open()
    try:
        return await answer
    finally:
        dialog.hide()  # deleted later: a question that nobody waits for must not stand until then
        dialog.deleteLater()


async def save_path(parent: QWidget, title: str, name: str, kinds: str) -> Path | None:
    """Ask where to save a file; None when the person changed their mind."""
    dialog = QFileDialog(parent, title, name, kinds)
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.setOption(QFileDialog.Option.DontUseNativeDialog)
    if not await finished(dialog):
        return None
    return Path(dialog.selectedFiles()[0])


def _form(theme: Theme, rows: Sequence[tuple[str, str]]) -> QFormLayout:
    """Return names and figures in two columns; a sentence stands in lines, whatever the dialog's width."""
    form = QFormLayout()
    form.setHorizontalSpacing(theme.space.x7)
    form.setVerticalSpacing(theme.space.x2)
    for name, value in rows:
        caption, figure = QLabel(name), QLabel(value)
        caption.setProperty("role", "secondary")
        figure.setAlignment(Qt.AlignmentFlag.AlignRight)
        figure.setTextFormat(Qt.TextFormat.PlainText)
        if len(value) > _LONG:
            figure.setAlignment(Qt.AlignmentFlag.AlignLeft)
            figure.setWordWrap(True)
            figure.setMinimumWidth(_SENTENCE_WIDTH)
        form.addRow(caption, figure)
    return form


class Confirm(QDialog):
    """States an act and its cost. Focus on Cancel; Enter does not send, Ctrl+Enter does."""

    def __init__(
        self,
        theme: Theme,
        parent: QWidget | None,
        *,
        mode: str,
        title: str,
        headline: str,
        rows: Sequence[tuple[str, str]],
        action: str,
        kind: str = "danger",
        note: str = "",
    ) -> None:
        super().__init__(parent)
        self.setObjectName("confirm")
        self.setWindowTitle(f"{formats.MODES[mode]} - {title}")
        self.setModal(True)
        space = theme.space
        badge = QLabel(formats.MODES[mode])
        badge.setProperty("role", "mode")
        set_property(badge, "mode", mode)
        what = QLabel(title)
        what.setProperty("role", "title")
        head = QHBoxLayout()
        head.setSpacing(space.x4)
        head.addWidget(badge)
        head.addWidget(what)
        head.addStretch(1)
        self.headline = QLabel(headline)
        self.headline.setProperty("role", "figure")
        self.headline.setTextFormat(Qt.TextFormat.PlainText)
        self.headline.setWordWrap(True)
        form = _form(theme, rows)
        self.cancel = QPushButton("Cancel")
        self.send = QPushButton(f"{action}  Ctrl+Enter")
        self.send.setObjectName("confirmSend")
        self.cancel.setObjectName("confirmCancel")
        self.send.setAutoDefault(False)
        self.send.setDefault(False)
        self.cancel.setAutoDefault(True)
        self.cancel.setDefault(True)
        set_property(self.send, "kind", kind)
        self.cancel.clicked.connect(self.reject)
        self.send.clicked.connect(self.accept)
        for keys in ("Ctrl+Return", "Ctrl+Enter"):
            chord = QShortcut(QKeySequence(keys), self, self.accept)
            chord.setAutoRepeat(False)  # the chord that opened this dialog may still be held down
        buttons = QHBoxLayout()
        buttons.setSpacing(space.x4)
        hint = QLabel(note)
        hint.setProperty("role", "muted")
        hint.setWordWrap(True)
        buttons.addWidget(hint, 1)
        buttons.addWidget(self.cancel)
        buttons.addWidget(self.send)
        rule = QFrame()
        rule.setProperty("role", "rule")
        column = QVBoxLayout(self)
        column.setContentsMargins(space.x7, space.x6, space.x7, space.x6)
        column.setSpacing(space.x5)
        column.addLayout(head)
        column.addWidget(self.headline)
        column.addLayout(form)
        column.addWidget(rule)
        column.addLayout(buttons)
        self.setMinimumWidth(420)
        self.cancel.setFocus()


class Notice(QDialog):
    """Plain text that a person asked for: keys, about, the doctor's findings, a reconciliation."""

    def __init__(self, theme: Theme, parent: QWidget | None, *, mode: str, title: str, text: str) -> None:
        super().__init__(parent)
        self.setObjectName("notice")
        self.setWindowTitle(f"{formats.MODES[mode]} - {title}")
        space = theme.space
        body = QLabel(text)
        body.setTextFormat(Qt.TextFormat.PlainText)
        body.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        body.setWordWrap(True)
        body.setMinimumWidth(460)
        close = QPushButton("Close")
        close.clicked.connect(self.accept)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(close)
        column = QVBoxLayout(self)
        column.setContentsMargins(space.x7, space.x6, space.x7, space.x6)
        column.setSpacing(space.x5)
        column.addWidget(body)
        column.addLayout(row)
