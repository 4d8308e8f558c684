# SPDX-License-Identifier: Apache-2.0
"""The preview block of the ticket: now, after, change; cost and worst case; the age of it all."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from widgets import formats
from widgets.controls.elided import ElidedLabel
from widgets.formats import Number, SignRule
from widgets.theme import Theme, set_property

ROWS = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewRow:
    """One figure before and after the order; None where it is not available."""

    name: str
    now: Number | None
    after: Number | None
    decimals: int = 2
    sign: SignRule = SignRule.NEVER
    of_market: bool = True
    """Whether it follows prices; a position does not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewFigures:
    """Cost and outcome in the account's currency."""

    commission: Decimal | None = None
    max_loss: Decimal | None = None
    at_target: Decimal | None = None
    value: Decimal | None = None
    of_market: bool = False
    """Whether value, loss and result are counted from the market's price and not from the order's own."""


class PreviewBlock(QWidget):
    """Keeps its space when it is empty: nothing jumps."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        space = theme.space
        grid = QGridLayout()
        grid.setHorizontalSpacing(space.x4)
        grid.setVerticalSpacing(1)
        self._title = QLabel("Broker preview")
        heads = [self._title, *(QLabel(text) for text in ("Now", "After", "Change"))]
        for column, head in enumerate(heads):
            head.setProperty("role", "muted")
            head.setAlignment(Qt.AlignmentFlag.AlignRight if column else Qt.AlignmentFlag.AlignLeft)
            grid.addWidget(head, 0, column)
        self._cells: list[list[QLabel]] = []
        for row in range(ROWS):
            cells = [QLabel("") for _ in range(4)]
            for column, cell in enumerate(cells):
                cell.setTextFormat(Qt.TextFormat.PlainText)
                cell.setAlignment(Qt.AlignmentFlag.AlignRight if column else Qt.AlignmentFlag.AlignLeft)
                cell.setProperty("role", "strong" if column == 2 else "secondary")
                grid.addWidget(cell, row + 1, column)
            self._cells.append(cells)
        grid.setColumnStretch(0, 1)
        figures = QHBoxLayout()
        figures.setSpacing(space.x4)
        self._figures: dict[str, QLabel] = {}
        for name in ("Value", "Commission", "Max loss", "At target", "Preview age"):
            block = QVBoxLayout()
            block.setSpacing(0)
            caption, figure = QLabel(name), QLabel(formats.NONE)
            caption.setProperty("role", "muted")
            figure.setProperty("role", "strong")
            block.addWidget(caption)
            block.addWidget(figure)
            figures.addLayout(block, 1)
            self._figures[name] = figure
        self.problem = ElidedLabel("")
        self.problem.setProperty("role", "warn")
        column_layout = QVBoxLayout(self)
        column_layout.setContentsMargins(0, 0, 0, 0)
        column_layout.setSpacing(space.x2)
        rule = QFrame()
        rule.setProperty("role", "rule")
        column_layout.addWidget(rule)
        column_layout.addLayout(grid)
        column_layout.addLayout(figures)
        column_layout.addWidget(self.problem)
        self._rows: Sequence[PreviewRow] = ()
        self._shown = PreviewFigures()
        self._market_stale = self._old = False

    def show_rows(self, rows: Sequence[PreviewRow], figures: PreviewFigures, problem: str = "") -> None:
        """Show a preview, or what is known without the broker and why it has not answered."""
        self._rows, self._shown = rows, figures
        for place, cells in enumerate(self._cells):
            row = rows[place] if place < len(rows) else None
            self._fill(cells, row)
        self._figures["Value"].setText(formats.number(figures.value, 2))
        self._figures["Commission"].setText(formats.number(figures.commission, 2))
        for name, value in self._outcomes().items():
            self._figures[name].setText(formats.number(value, 2, SignRule.MONEY))
        self.problem.setText(problem)
        self._show_tones()

    def _outcomes(self) -> dict[str, Decimal | None]:
        loss = self._shown.max_loss
        return {"Max loss": None if loss is None else -loss, "At target": self._shown.at_target}

    @property
    def value(self) -> QLabel:
        """The label of the estimated value."""
        return self._figures["Value"]

    def shown_rows(self) -> list[tuple[str, Sequence[QLabel]]]:
        """Return the rows that stand there: the name, and the labels of now, after and change."""
        return [(row.name, cells[1:]) for cells, row in zip(self._cells, self._rows, strict=False)]

    def show_market(self, *, stale: bool) -> None:
        """Take the weight from everything that follows prices while the market is silent."""
        if stale != self._market_stale:
            self._market_stale = stale
            self._show_tones()

    def _show_tones(self) -> None:
        """Show what is old as old: what the broker said of a preview, what we count with prices."""
        for cells, row in zip(self._cells, self._rows, strict=False):
            stale = row.of_market and (self._market_stale or self._old)
            for cell in cells[1:]:
                set_property(cell, "tone", "stale" if stale else "")
        late = self._market_stale and self._shown.of_market
        set_property(self._figures["Value"], "tone", "stale" if late else "")
        set_property(self._figures["Commission"], "tone", "stale" if self._old else "")
        for name, value in self._outcomes().items():
            tone = "" if value is None else "stale" if late else "up" if value > 0 else "down"
            set_property(self._figures[name], "tone", tone)

    @staticmethod
    def _fill(cells: list[QLabel], row: PreviewRow | None) -> None:
        if row is None:
            for cell in cells:
                cell.setText("")
            return
        change: Number | None = None
        if row.now is not None and row.after is not None:
            change = float(row.after) - float(row.now)
        same = change is not None and round(change, row.decimals) == 0
        texts = (
            row.name,
            formats.number(row.now, row.decimals, row.sign),
            formats.number(row.after, row.decimals, row.sign),
            "same" if same else formats.number(change, row.decimals, SignRule.ALWAYS),
        )
        for cell, text in zip(cells, texts, strict=True):
            cell.setText(text)
        set_property(cells[2], "role", "secondary" if same else "strong")
        set_property(cells[3], "role", "muted" if same else "secondary")

    def show_age(self, seconds: float | None) -> None:
        label = self._figures["Preview age"]
        label.setText(formats.age(seconds))
        stale = seconds is not None and seconds * 1_000 >= self._theme.tokens.age.preview_stale
        set_property(label, "tone", "warn" if stale else "")
        if stale != self._old:
            self._old = stale
            self._show_tones()
