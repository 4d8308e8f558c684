# SPDX-License-Identifier: Apache-2.0
"""The risk panel: day P&L of broker and ours, exposure by underlying with Greeks, limits used."""

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QSplitter, QVBoxLayout, QWidget

from widgets import formats
from widgets.controls.elided import ElidedLabel
from widgets.formats import SignRule
from widgets.panel import Panel
from widgets.risk import rows
from widgets.tables.model import TableModel
from widgets.tables.table import Table
from widgets.theme import Theme, set_property


class FigureBlock(QWidget):
    """A caption, a figure and a line about it."""

    def __init__(self, theme: Theme, caption: str) -> None:
        super().__init__()
        self._caption, self._figure, self._note = ElidedLabel(caption), QLabel(formats.NONE), ElidedLabel("")
        self._caption.setProperty("role", "muted")
        self._figure.setProperty("role", "figure")
        self._note.setProperty("role", "muted")
        self.setAccessibleName(caption)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.space.x4, theme.space.x2, theme.space.x4, theme.space.x2)
        column.setSpacing(0)
        for label in (self._caption, self._figure, self._note):
            column.addWidget(label)

    def show_figure(self, value: float | None, note: str = "", *, sign: SignRule = SignRule.MONEY) -> None:
        self._figure.setText(formats.number(value, 2, sign))
        tone = "muted" if value is None or round(value, 2) == 0 else "up" if value > 0 else "down"
        set_property(self._figure, "tone", tone if sign is SignRule.MONEY else "")
        self._note.setText(note)

    def warn(self, note: str) -> None:
        self._note.setText(note)
        set_property(self._note, "role", "warn" if note else "muted")


class RiskPanel(Panel):
    """Shows what the core computes; decides nothing."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme, "Risk")
        self.day = FigureBlock(theme, "Day P&L, ours")
        self.open = FigureBlock(theme, "Open P&L")
        self.stops = FigureBlock(theme, "If every stop fills")
        self.excess = FigureBlock(theme, "Excess liquidity")
        figures = QWidget()
        row = QHBoxLayout(figures)
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
        column.addWidget(figures)
        rule = QFrame()
        rule.setProperty("role", "rule")
        column.addWidget(rule)
        column.addWidget(split, 1)
        self.set_body(body)

    def show_figures(
        self,
        *,
        ours: float | None,
        broker: float | None,
        open_pnl: float | None,
        realized: float | None,
        at_stops: float | None,
        unprotected: int,
        excess: float | None,
        margin_share: float | None,
    ) -> None:
        gap = ours - broker if ours is not None and broker is not None else None
        self.day.show_figure(
            ours, f"broker {formats.number(broker, 2, SignRule.MONEY)} · gap {formats.number(gap, 2, SignRule.MONEY)}"
        )
        self.open.show_figure(open_pnl, f"realised {formats.number(realized, 2, SignRule.MONEY)}")
        self.stops.show_figure(at_stops)
        self.stops.warn(
            f"{unprotected} position{'s' if unprotected != 1 else ''} without a stop" if unprotected else ""
        )
        used = f"margin used {formats.percent(margin_share, 1, SignRule.NEVER)}" if margin_share is not None else ""
        self.excess.show_figure(excess, used, sign=SignRule.NEVER)

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
