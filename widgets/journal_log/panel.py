# SPDX-License-Identifier: Apache-2.0
"""The log panel: what the terminal did, one line each, filtered by level and subject."""

from typing import Final

from PySide6.QtWidgets import QComboBox

from terminal.model.events import LogLine
from widgets.controls.buttons import IconButton
from widgets.panel import Panel
from widgets.tables.columns import Cell, Column, Kind, Tone
from widgets.tables.model import TableModel
from widgets.tables.table import Table
from widgets.theme import Theme

KEPT: Final = 2_000
LEVELS: Final = ("debug", "info", "warning", "error")
COLUMNS: Final = (
    Column(key="time", title="Time", kind=Kind.TIME, decimals=0, width=62),
    Column(key="level", title="Level", width=56, stretch=0.0),
    Column(key="subject", title="Subject", width=88, stretch=0.0, tone=Tone.SECONDARY),
    Column(key="text", title="Text", width=220, stretch=3.0),
    Column(key="fields", title="Details", width=220, stretch=5.0, tone=Tone.MUTED),
)
_TONES: Final = {"warning": Tone.WARN, "error": Tone.DANGER, "critical": Tone.DANGER}


class LogPanel(Panel):
    """Shows log lines from a chosen level upwards."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme, "Log")
        self.model = TableModel(COLUMNS, self, keep_last=KEPT)
        self.table = Table(theme, self.model, name="Log")
        self.table.view.set_empty("Nothing logged", "Lines show here as they are written.")
        self.set_body(self.table)
        self.level = QComboBox()
        self.level.addItems([level.capitalize() for level in LEVELS])
        self.level.setCurrentIndex(1)
        self.level.setAccessibleName("Lowest level shown")
        self.level.currentIndexChanged.connect(self._refill)
        clear = IconButton(theme, "close", "Clear the panel; the log file keeps everything")
        clear.clicked.connect(self._clear)
        self.add_to_footer(self.level)
        self.add_to_footer(clear)
        self._lines: list[LogLine] = []
        self._serial = 0

    def add(self, line: LogLine) -> None:
        self._lines.append(line)
        if len(self._lines) > KEPT:
            del self._lines[: KEPT // 10]
        self._show(line)

    def _show(self, line: LogLine) -> None:
        if LEVELS.index(line.level) < self.level.currentIndex() if line.level in LEVELS else False:
            return
        self._serial += 1
        self.model.update(
            self._serial,
            {
                "time": line.ns,
                "level": Cell(line.level, tone=_TONES.get(line.level, Tone.MUTED)),
                "subject": line.subject,
                "text": line.text,
                "fields": "  ".join(f"{key}={value}" for key, value in line.fields.items()),
            },
        )
        self.table.view.scrollToBottom()

    def _refill(self) -> None:
        self.model.clear()
        for line in self._lines:
            self._show(line)

    def _clear(self) -> None:
        self._lines.clear()
        self.model.clear()
