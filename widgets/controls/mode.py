# SPDX-License-Identifier: Apache-2.0
"""Mode and arming: what money is at stake, and whether orders can leave. The most solid thing is real money.

The badge, the line along the window's top edge and the hatch over an armed ticket take the mode as its
stable value ("demo", "paper", "live"); none of them decides it.
"""

from typing import Final

from PySide6.QtCore import QLine, QPoint, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPolygon
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

from widgets import formats
from widgets.theme import Theme, set_property

_DASHES: Final[dict[str, tuple[float, ...]]] = {"live": (), "paper": (6, 3), "demo": (1, 2)}
_STRIP: Final = 4
_HATCH: Final = 8


def _check(mode: str) -> str:
    if mode not in _DASHES:
        raise ValueError(f"a mode must be one of {', '.join(_DASHES)}, was {mode!r}")
    return mode


class ModeBadge(QLabel):
    """LIVE filled, PAPER in an outline, DEMO in a dashed outline."""

    def __init__(self, mode: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "mode")
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.set_mode(mode)

    def set_mode(self, mode: str) -> None:
        """Show a mode. Raises ``ValueError`` for another word."""
        self.setText(formats.MODES[_check(mode)])
        self.setAccessibleName(f"Mode {self.text()}")
        set_property(self, "mode", mode)


class ModeLine(QWidget):
    """The line along the top edge of every window: live solid, paper dashed, demo dotted."""

    def __init__(self, theme: Theme, mode: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._mode = _check(mode)
        self.setFixedHeight(theme.tokens.stroke.frame_mode)
        self.setAccessibleName(f"Mode {formats.MODES[mode]}")
        theme.changed.connect(self.update)

    def set_mode(self, mode: str) -> None:
        """Show a mode. Raises ``ValueError`` for another word."""
        self._mode = _check(mode)
        self.setAccessibleName(f"Mode {formats.MODES[mode]}")
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        del event
        theme, height = self._theme, self._theme.tokens.stroke.frame_mode
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.color("bg.header"))
        dashes = tuple(part * height for part in _DASHES[self._mode])
        painter.setPen(theme.pen(f"mode.{self._mode}", height, dashes))
        painter.drawLine(QLine(0, height // 2, self.width(), height // 2))


class ArmStrip(QWidget):
    """A yellow and black hatch while orders can leave from here; it keeps its place when they cannot."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._armed = False
        self.setFixedHeight(_STRIP)
        self.setAccessibleName("Disarmed")
        theme.changed.connect(self.update)

    @property
    def armed(self) -> bool:
        """Whether the hatch is shown."""
        return self._armed

    def set_armed(self, armed: bool) -> None:
        """Show or take away the hatch."""
        self._armed = armed
        self.setAccessibleName("Armed: orders can leave from here" if armed else "Disarmed")
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(40, _STRIP)

    def paintEvent(self, event: QPaintEvent) -> None:
        del event
        painter = QPainter(self)
        if not self._armed:
            painter.fillRect(self.rect(), self._theme.color("bg.panel"))
            return
        painter.fillRect(self.rect(), self._theme.color("state.on_armed"))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.brush("state.armed"))
        for x in range(-_HATCH, self.width() + _HATCH, 2 * _HATCH):
            corners = ((x, _STRIP), (x + _STRIP, 0), (x + _STRIP + _HATCH, 0), (x + _HATCH, _STRIP))
            painter.drawPolygon(QPolygon([QPoint(*corner) for corner in corners]))
