# SPDX-License-Identifier: Apache-2.0
"""Hold to fire: a button that acts only after it was held, filling from left to right.

For what must be quick and must not happen by accident: the kill switch and flatten. It is never disabled;
what cannot be done now is said by whoever is told that it fired.
"""

from PySide6.QtCore import QRectF, QSize, Qt, QVariantAnimation, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QPainterPath, QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QWidget

from widgets.theme import Theme

_KEYS = frozenset({Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter})


class HoldButton(QAbstractButton):
    """Press with the mouse, Space or Enter and hold; letting go before the end aborts.

    Signals:
        fired: it was held long enough.
        aborted: it was let go too early.
    """

    fired = Signal()
    aborted = Signal()

    def __init__(
        self,
        theme: Theme,
        text: str,
        *,
        icon: str = "",
        solid: bool = False,
        small: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        """`solid` fills the button with the danger colour at rest; `small` is as wide as its words, for a bar."""
        super().__init__(parent)
        self._theme = theme
        self._icon_name = icon
        self._solid = solid
        self._small = small
        self._done = ""
        self._share = 0.0
        self._hold = QVariantAnimation(self)
        self._hold.setStartValue(0.0)
        self._hold.setEndValue(1.0)
        self._hold.valueChanged.connect(self._advance)
        self._hold.finished.connect(self._fire)
        self.setSizePolicy(QSizePolicy.Policy.Minimum, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setText(text)
        theme.changed.connect(self._restyle)
        self._restyle()

    # ------------------------------------------------------------------ what it says
    def setText(self, text: str) -> None:
        """Change the words at rest."""
        super().setText(text)
        self.setAccessibleName(f"{text}, hold to fire")
        self.update()

    def show_done(self, text: str) -> None:
        """Show what came of it in place of the words at rest; "" brings those back."""
        self._done = text
        self.setAccessibleDescription(text)
        self.update()

    @property
    def held_share(self) -> float:
        """How much of the time it has been held, 0 to 1."""
        return self._share

    # ------------------------------------------------------------------ holding
    def begin(self) -> None:
        """Start to fill, as a press does. For a key that works anywhere in the window."""
        if self._hold.state() is not QVariantAnimation.State.Running:
            self._done = ""
            self._hold.setDuration(self._theme.motion.hold_to_fire)
            self._hold.start()

    def abort(self) -> None:
        """Let go: empty again, nothing happens."""
        if self._hold.state() is QVariantAnimation.State.Running:
            self._hold.stop()
            self._share = 0.0
            self.update()
            self.aborted.emit()

    def skip_to(self, share: float) -> None:
        """Move the hold to a share of its time. For tests, which step time and do not wait for it."""
        self._hold.setCurrentTime(round(self._hold.duration() * share))

    def _advance(self, share: float) -> None:
        self._share = float(share)
        self.update()

    def _fire(self) -> None:
        self._share = 0.0
        self.setDown(False)
        self.update()
        self.fired.emit()

    # ------------------------------------------------------------------ events
    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() is Qt.MouseButton.LeftButton:
            self.setDown(True)
            self.begin()
        event.accept()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self.isDown() and not self.rect().contains(event.position().toPoint()):
            self._let_go()
        event.accept()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._let_go()
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() not in _KEYS:
            super().keyPressEvent(event)
            return
        if not event.isAutoRepeat():
            self.setDown(True)
            self.begin()
        event.accept()

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        if event.key() not in _KEYS:
            super().keyReleaseEvent(event)
            return
        if not event.isAutoRepeat():
            self._let_go()
        event.accept()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self._let_go()
        super().focusOutEvent(event)

    def _let_go(self) -> None:
        self.setDown(False)
        self.abort()

    # ------------------------------------------------------------------ paint
    def sizeHint(self) -> QSize:
        metrics = self.fontMetrics()
        longest = (self.text(), "Stopped") if self._small else (self.text(), "Keep holding 0.00 s")
        width = max(metrics.horizontalAdvance(text) for text in longest)
        extra = self._theme.tokens.icon.normal + 6 if self._icon_name else 0
        return QSize(width + extra + (18 if self._small else 28), self.height())

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        del event
        theme = self._theme
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        path = QPainterPath()
        path.addRoundedRect(box, theme.tokens.radius.control, theme.tokens.radius.control)
        running = self._hold.state() is QVariantAnimation.State.Running
        full = (self._solid and not running) or bool(self._done)
        if full or running:
            painter.fillPath(path, theme.color("state.danger_solid" if full else "state.danger_fill"))
        if running:
            painter.save()
            painter.setClipRect(QRectF(0, 0, self.width() * self._share, self.height()))
            painter.fillPath(path, theme.color("state.danger_solid"))
            self._paint_text(painter, running, "state.on_danger")
            painter.setClipRect(QRectF(self.width() * self._share, 0, self.width(), self.height()))
            self._paint_text(painter, running, "text.primary")
            painter.restore()
        painter.setPen(theme.pen("state.danger"))
        painter.drawPath(path)
        if not running:
            self._paint_text(painter, running, "state.on_danger" if full else "state.danger")

    def _paint_text(self, painter: QPainter, running: bool, color: str) -> None:
        theme = self._theme
        held = self._share * self._hold.duration() / 1000
        holding = f"Hold {held:.1f} s" if self._small else f"Keep holding {held:.2f} s"
        text = holding if running else self._done or self.text()
        painter.setFont(theme.font("body", "strong"))
        painter.setPen(theme.color(color))
        size = theme.tokens.icon.normal if self._icon_name and not running else 0
        wide = painter.fontMetrics().horizontalAdvance(text)
        left = (self.width() - wide - (size + 6 if size else 0)) // 2
        if size:
            icon = theme.pixmap(self._icon_name, color, size, self.devicePixelRatioF())
            painter.drawPixmap(left, (self.height() - size) // 2, icon)
            left += size + 6
        spot = self.rect().adjusted(left, 0, 0, 0)
        painter.drawText(spot, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, text)

    def _restyle(self) -> None:
        self.setFont(self._theme.font("body", "strong"))
        self.setFixedHeight(self._theme.density.control + (4 if self._solid else -2 if self._small else 0))
        self.update()
