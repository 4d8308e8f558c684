# SPDX-License-Identifier: Apache-2.0
"""The risk panel: day P&L of broker and ours, exposure by underlying with Greeks, limits used."""

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QSplitter, QVBoxLayout, QWidget

from widgets import figures, formats
from widgets.controls.elided import ElidedLabel
from widgets.formats import SignRule
from widgets.freshness import Freshness, worst
from widgets.panel import Panel
from widgets.risk import rows
from widgets.tables.model import TableModel
from widgets.tables.table import Table
from widgets.theme import Theme, set_property


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskFigures:
    """The large figures, in the account's currency; None where one is not known."""

    ours: float | None
    broker: float | None
    open_pnl: float | None
    realized: float | None
    at_stops: float | None
    unprotected: int
    excess: float | None
    margin_share: float | None
    grade: Freshness
    """Of our own figures: as the stalest position."""
    broker_grade: Freshness
    """Of the broker's day P&L."""
    account_grade: Freshness
    """Of the account's margin figures."""
    delayed: bool


class FigureBlock(QWidget):
    """A caption, a figure and a line about it."""

    def __init__(self, theme: Theme, caption: str) -> None:
        super().__init__()
        self._caption, self.figure, self.note = ElidedLabel(caption), QLabel(formats.NONE), ElidedLabel("")
        self._caption.setProperty("role", "muted")
        self.figure.setProperty("role", "figure")
        self.note.setProperty("role", "muted")
        self.setAccessibleName(caption)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.space.x4, theme.space.x2, theme.space.x4, theme.space.x2)
        column.setSpacing(0)
        for label in (self._caption, self.figure, self.note):
            column.addWidget(label)

    def show_figure(
        self,
        value: float | None,
        *,
        sign: SignRule = SignRule.MONEY,
        grade: Freshness = Freshness.FRESH,
        delayed: bool = False,
    ) -> None:
        self.figure.setText(figures.words(value, 2, sign, grade=grade, delayed=delayed))
        set_property(self.figure, "tone", figures.tone(value, 2, sign, grade=grade))

    def show_note(self, note: str, *, grade: Freshness = Freshness.FRESH) -> None:
        """Say a second thing below the figure, with an age of its own."""
        self.note.setText(note)
        set_property(self.note, "tone", "" if grade is Freshness.FRESH else "stale")

    def warn(self, note: str) -> None:
        self.note.setText(note)
        set_property(self.note, "role", "warn" if note else "muted")


class RiskPanel(Panel):
    """Shows what the core computes; decides nothing."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme, "Risk")
        self.day = FigureBlock(theme, "Day P&L, ours")
        self.open = FigureBlock(theme, "Open P&L")
        self.stops = FigureBlock(theme, "If every stop fills")
        self.excess = FigureBlock(theme, "Excess liquidity")
        top = QWidget()
        row = QHBoxLayout(top)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        for place, block in enumerate((self.day, self.open, self.stops, self.excess)):
            if place:
                divider = QFrame()
                divider.setProperty("role", "divider")
                row.addWidget(divider)
            row.addWidget(block, 1)
        self.underlyings = TableModel(rows.UNDERLYING_COLUMNS, self)
        self.limits = TableModel(rows.LIMIT_COLUMNS, self)
        self.exposure_table = Table(theme, self.underlyings, name="Exposure by underlying")
        self.limit_table = Table(theme, self.limits, name="Limits used")
        self.exposure_table.view.set_empty("No exposure", "Positions show here by underlying, with their Greeks.")
        split = QSplitter(Qt.Orientation.Vertical)
        split.setChildrenCollapsible(False)
        split.setHandleWidth(3)
        split.addWidget(self.exposure_table)
        split.addWidget(self.limit_table)
        split.setStretchFactor(0, 3)
        split.setStretchFactor(1, 2)
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(top)
        rule = QFrame()
        rule.setProperty("role", "rule")
        column.addWidget(rule)
        column.addWidget(split, 1)
        self.set_body(body)

    def show_figures(self, shown: RiskFigures) -> None:
        """Show the large figures, each as fresh as what it is made of."""
        ours, broker = shown.ours, shown.broker
        gap = ours - broker if ours is not None and broker is not None else None
        both = worst((shown.broker_grade, shown.grade))
        self.day.show_figure(ours, grade=shown.grade, delayed=shown.delayed)
        apart = figures.words(gap, grade=both, delayed=shown.delayed)
        self.day.show_note(f"broker {figures.words(broker, grade=shown.broker_grade)} · gap {apart}", grade=both)
        self.open.show_figure(shown.open_pnl, grade=shown.grade, delayed=shown.delayed)
        self.open.show_note(f"realised {formats.number(shown.realized, 2, SignRule.MONEY)}")
        self.stops.show_figure(shown.at_stops)
        count = shown.unprotected
        self.stops.warn(f"{count} position{'s' if count != 1 else ''} without a stop" if count else "")
        share = shown.margin_share
        used = f"margin used {formats.percent(share, 1, SignRule.NEVER)}" if share is not None else ""
        self.excess.show_figure(shown.excess, sign=SignRule.NEVER, grade=shown.account_grade)
        self.excess.show_note(used, grade=shown.account_grade)

    def show_underlyings(self, risks: Sequence[rows.UnderlyingRisk], *, worth: float | None) -> None:
        widest = max((abs(risk.delta) for risk in risks if risk.delta is not None), default=0.0)
        shown = {risk.underlying for risk in risks}
        for known in self.underlyings.ids:
            if known not in shown:
                self.underlyings.remove(known)
        for risk in risks:
            self.underlyings.update(risk.underlying, rows.underlying_cells(risk, worth=worth, widest=widest))
        self.underlyings.set_total(rows.net_cells(risks, worth=worth) if risks else None)

    def show_limits(self, limits: Sequence[rows.LimitRow]) -> None:
        limit = self.theme.tokens.limit
        near = 0
        for row in limits:
            self.limits.update(row.name, rows.limit_cells(row, near=limit.near, over=limit.over))
            near += bool(row.used is not None and row.limit and row.used / row.limit >= limit.near)
        self.set_context(f"{len(limits)} limits" + (f", {near} near or over" if near else ""))
