# SPDX-License-Identifier: Apache-2.0
"""Bars: the used share of a limit, a range with the last price in it, a small line of recent values.

Each is painted from numbers with the theme's colours, and says its numbers to a screen reader: a bar alone
is not a statement.
"""

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QPointF, QRect, QSize
from PySide6.QtGui import QPainter, QPaintEvent, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from widgets import formats
from widgets.theme import Theme

_BAR: Final = 6
_RANGE: Final = 5


def paint_limit_bar(painter: QPainter, theme: Theme, track: QRect, share: float, *, stale: bool = False) -> None:
    """Paint a used share of a limit: neutral, warning from near, danger from over, a mark at near; faint when stale."""
    limit = theme.tokens.limit
    color = theme.color("text.muted")
    if stale:
        color = theme.color("chart.volume")
    elif share >= limit.over:
        color = theme.color("state.danger")
    elif share >= limit.near:
        color = theme.color("state.warn")
    painter.fillRect(track, theme.color("bg.pressed"))
    used = round(max(0.0, min(1.0, share)) * track.width())
    if share > 0:
        painter.fillRect(track.left(), track.top(), max(1, used), track.height(), color)
    mark = track.left() + round(limit.near * track.width())
    painter.fillRect(mark, track.top() - 2, 1, track.height() + 4, theme.color("text.secondary"))


class _Painted(QWidget):
    """A widget that repaints when the theme changes."""

    def __init__(self, theme: Theme, name: str, parent: QWidget | None) -> None:
        super().__init__(parent)
        self.theme = theme
        self._name = name
        self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self._on_theme)

    def _on_theme(self) -> None:
        self.updateGeometry()
        self.update()

    def _say(self, text: str) -> None:
        if self.accessibleDescription() != text:
            self.setAccessibleDescription(text)
            self.setToolTip(f"{self._name}: {text}")
        self.update()


class LimitBar(_Painted):
    """How much of a limit is used."""

    def __init__(self, theme: Theme, name: str, parent: QWidget | None = None) -> None:
        super().__init__(theme, name, parent)
        self._share = 0.0

    def set_share(self, share: float) -> None:
        """Show a used share: 0.75 is three quarters."""
        self._share = share
        self._say(f"{formats.percent(share, 0, formats.SignRule.NEVER)} used")

    def sizeHint(self) -> QSize:
        return QSize(80, _BAR + 6)

    def paintEvent(self, event: QPaintEvent) -> None:
        del event
        track = QRect(0, (self.height() - _BAR) // 2, self.width(), _BAR)
        paint_limit_bar(QPainter(self), self.theme, track, self._share)


class RangeBar(_Painted):
    """Low to high of the day, with a tick at the open and a mark at the last price."""

    def __init__(self, theme: Theme, name: str, parent: QWidget | None = None) -> None:
        super().__init__(theme, name, parent)
        self._values: tuple[float, float, float | None, float | None] | None = None

    def set_values(self, low: float | None, high: float | None, last: float | None, open_: float | None) -> None:
        """Show where `last` and `open_` stand between `low` and `high`; nothing without a range."""
        if low is None or high is None or high < low:
            self._values = None
            self._say("no value")
            return
        self._values = (low, high, last, open_)
        self._say(f"low {low:,g}, high {high:,g}" + (f", last {last:,g}" if last is not None else ""))

    def sizeHint(self) -> QSize:
        return QSize(120, 12)

    def paintEvent(self, event: QPaintEvent) -> None:
        del event
        painter = QPainter(self)
        top = (self.height() - _RANGE) // 2
        painter.fillRect(0, top, self.width(), _RANGE, self.theme.color("bg.pressed"))
        if self._values is None:
            return
        low, high, last, open_ = self._values
        for value, wide, reach, color in ((open_, 1, 1, "text.muted"), (last, 3, 3, "chart.last")):
            if value is None:
                continue
            share = (value - low) / (high - low) if high > low else 0.5
            x = round(max(0.0, min(1.0, share)) * (self.width() - wide))
            painter.fillRect(x, top - reach, wide, _RANGE + 2 * reach, self.theme.color(color))


class Sparkline(_Painted):
    """A small line of recent values, neutral, scaled to what it shows."""

    def __init__(self, theme: Theme, name: str, parent: QWidget | None = None) -> None:
        super().__init__(theme, name, parent)
        self._values: tuple[float, ...] = ()

    def set_values(self, values: Sequence[float]) -> None:
        """Show these values, oldest first."""
        self._values = tuple(values)
        if self._values:
            self._say(f"{len(self._values)} values, from {self._values[0]:,g} to {self._values[-1]:,g}")
        else:
            self._say("no value")

    def sizeHint(self) -> QSize:
        return QSize(80, 18)

    def paintEvent(self, event: QPaintEvent) -> None:
        del event
        if len(self._values) < 2:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(self.theme.pen("text.secondary", self.theme.tokens.stroke.study))
        low, high = min(self._values), max(self._values)
        step = (self.width() - 2) / (len(self._values) - 1)
        reach = self.height() - 4
        points = [
            QPointF(1 + place * step, 2 + reach * (1 - ((value - low) / (high - low) if high > low else 0.5)))
            for place, value in enumerate(self._values)
        ]
        painter.drawPolyline(QPolygonF(points))
