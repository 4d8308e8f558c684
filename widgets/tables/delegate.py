# SPDX-License-Identifier: Apache-2.0
"""Delegate: paints one cell from its typed value: text, sign colour, chip, dot, bar, age.

One object per view keeps the faces, colours and laid-out texts of the theme, so that a repaint of a full
table stays far below a frame. It takes the place of Qt's item delegates, whose style option per cell
costs more than the painting. It never reads a number back out of a text.
"""

from decimal import Decimal
from typing import Final

from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QStaticText, QTransform

from widgets.controls.bars import paint_limit_bar
from widgets.formats import NONE, SignRule
from widgets.freshness import Freshness
from widgets.recent import Recent
from widgets.tables.columns import Align, Cell, Column, Kind, Tone, text_of, value_of
from widgets.theme import Theme

_TONES: Final = {
    Tone.PRIMARY: "text.primary",
    Tone.SECONDARY: "text.secondary",
    Tone.MUTED: "text.muted",
    Tone.BID: "side.bid",
    Tone.ASK: "side.ask",
    Tone.OK: "state.ok",
    Tone.WARN: "state.warn",
    Tone.DANGER: "state.danger",
    Tone.ACCENT: "accent.text",
}
FILLS: Final = {
    Tone.BID: "side.bid_fill",
    Tone.ASK: "side.ask_fill",
    Tone.OK: "sign.up_fill",
    Tone.WARN: "state.warn_fill",
    Tone.DANGER: "state.danger_fill",
    Tone.ACCENT: "accent.fill",
}
_NUMBERS: Final = (int, float, Decimal)
_KEEP: Final = 512
"""Texts laid out at once: more than a tall table has cells. Each costs one and a half kilobytes."""
_CHIP: Final = 15
_DOT: Final = 8
_BAR: Final = 6
_NOTE_GAP: Final = 6.0


class CellPainter:
    """Paints cells of one theme and density. Call `begin` before the cells of a paint event."""

    def __init__(self, theme: Theme) -> None:
        self._theme = theme
        self.rebuild()

    def rebuild(self) -> None:
        """Forget everything that came from the theme; after `Theme.changed`."""
        theme = self._theme
        faces = {
            "body": theme.number_font("body"),
            "strong": theme.number_font("body", "strong"),
            "caption": theme.font("caption", "medium"),
            "chip": theme.font("caption", "strong"),
        }
        self._faces: dict[str, QFont] = faces
        self._heights = {name: QFontMetricsF(face).height() for name, face in faces.items()}
        self._texts: Recent[tuple[str, str], tuple[QStaticText, float]] = Recent(_KEEP, self._lay_out)
        self.pad = theme.density.cell_pad
        self._painter = QPainter()
        self._pen: QColor | None = None
        self._face = ""

    def begin(self, painter: QPainter) -> None:
        """Start a paint event."""
        self._painter = painter
        self._pen = None
        self._face = ""

    def end(self) -> None:
        """Let the paint device go."""
        self._painter = QPainter()

    def width_of(self, text: str, face: str = "body") -> float:
        """Return the width of a text in a face: body, strong, caption or chip."""
        return self._texts[text, face][1]

    # ------------------------------------------------------------------ one cell
    def cell(
        self,
        rect: QRect,
        column: Column,
        content: object,
        *,
        pads: tuple[int, int],
        rose: bool | None = None,
        total: bool = False,
    ) -> float:
        """Paint a cell; return the width it would need, so that the view can make room for a number.

        `pads` are the paddings left and right. `rose` says that the value just rose or fell.
        """
        if content == "":
            return 0.0
        cell = content if isinstance(content, Cell) else None
        if cell is not None and cell.fill and cell.tone in FILLS:
            self._painter.fillRect(rect.adjusted(0, 0, 0, -1), self._theme.color(FILLS[cell.tone]))
        if rose is not None:
            self._flash(rect, rose)
        kind = column.kind
        if kind is Kind.SIDE:
            return self._chip(rect, content)
        if kind is Kind.LIMIT_BAR:
            return self._limit_bar(rect, content, pads)
        if kind is Kind.SIGNED_BAR:
            return self._signed_bar(rect, column, content, pads)
        strong = total or (column.strong if cell is None or cell.strong is None else cell.strong)
        color = self._color(column, cell, content, flashing=rose is not None)
        left = rect.left() + pads[0]
        if kind is Kind.STATE:
            left += self._dot(rect, left, cell)
        text = text_of(column, content)
        if self._theme.sign_glyphs and text and column.kind is not Kind.STATE:
            text = self._glyph(column, cell, content) + text
        note = cell.note if cell is not None else ""
        if note and column.whole and not self._fits(rect.right() + 1 - pads[1] - left, text, note, strong=strong):
            note = ""
        return self._words(rect, column.side, (left, rect.right() + 1 - pads[1]), text, note, color, strong)

    def plain(self, rect: QRect, left: int, text: str, color: str, face: str = "body") -> None:
        """Paint a text that is not a cell: the title of a group."""
        static, _ = self._texts[text, face]
        self._use(face, self._theme.color(color))
        top = rect.top() + (rect.height() - 1 - self._heights[face]) / 2
        self._painter.drawStaticText(QPointF(left, top), static)

    # ------------------------------------------------------------------ text
    def _fits(self, room: float, text: str, note: str, *, strong: bool) -> bool:
        width = self.width_of(text, "strong" if strong else "body")
        return width + _NOTE_GAP + self.width_of(note, "caption") <= room

    def _words(
        self,
        rect: QRect,
        side: Align,
        span: tuple[float, float],
        text: str,
        note: str,
        color: QColor,
        strong: bool,
    ) -> float:
        face = "strong" if strong else "body"
        static, width = self._texts[text, face]
        note_static, note_width = self._texts[note, "caption"] if note else (None, 0.0)
        gap = _NOTE_GAP if note else 0.0
        wanted = width + gap + note_width
        room = span[1] - span[0]
        if wanted > room:
            if side is not Align.LEFT:
                static, width = self._texts["…", face]
            else:
                text = self._elided(text, face, room - gap - note_width)
                static, width = self._texts[text, face]
        shown = width + gap + note_width
        x = span[0]
        if side is Align.RIGHT:
            x = span[1] - shown
        elif side is Align.CENTER:
            x += max(0.0, (room - shown) / 2)
        top = rect.top() + (rect.height() - 1 - self._heights[face]) / 2
        self._use(face, color)
        self._painter.drawStaticText(QPointF(x, top), static)
        if note_static is not None:
            top = rect.top() + (rect.height() - 1 - self._heights["caption"]) / 2
            self._use("caption", self._theme.color("state.warn"))
            self._painter.drawStaticText(QPointF(x + width + gap, top), note_static)
        return wanted + rect.width() - room

    def _lay_out(self, key: tuple[str, str]) -> tuple[QStaticText, float]:
        text, face = key
        static = QStaticText(text)
        static.setTextFormat(Qt.TextFormat.PlainText)
        static.setPerformanceHint(QStaticText.PerformanceHint.AggressiveCaching)
        static.prepare(QTransform(), self._faces[face])
        return static, static.size().width() if text else 0.0

    def _elided(self, text: str, face: str, room: float) -> str:
        metrics = QFontMetricsF(self._faces[face])
        return metrics.elidedText(text, Qt.TextElideMode.ElideRight, max(0.0, room))

    def _use(self, face: str, color: QColor) -> None:
        if face != self._face:
            self._painter.setFont(self._faces[face])
            self._face = face
        if color is not self._pen:
            self._painter.setPen(color)
            self._pen = color

    def _color(self, column: Column, cell: Cell | None, content: object, *, flashing: bool) -> QColor:
        theme = self._theme
        if cell is not None and cell.freshness is not Freshness.FRESH:
            return theme.color("text.stale")
        tone = column.tone if cell is None or cell.tone is None else cell.tone
        if column.kind is Kind.STATE:
            waiting = tone is Tone.MUTED and cell is not None and cell.hollow
            loud = tone in {Tone.WARN, Tone.DANGER}
            return theme.color(_TONES[tone] if loud or waiting else "text.primary")
        if tone is not Tone.NORMAL:
            return theme.color(_TONES[tone])
        value = value_of(content)
        if value is None:
            return theme.color("text.muted")
        sign = column.sign if cell is None or cell.sign is None else cell.sign
        if isinstance(value, _NUMBERS):
            signed = sign is not SignRule.NEVER
            shown = self._as_shown(column, cell, value)
            if shown == 0 and (signed or column.kind is Kind.QUANTITY):
                return theme.color("text.muted")
            if sign is SignRule.MONEY and not flashing:
                return theme.color("sign.up" if shown > 0 else "sign.down")
        return theme.color("text.primary")

    @staticmethod
    def _as_shown(column: Column, cell: Cell | None, value: float | Decimal) -> float:
        """Return the value as its text says it: what reads 0.00 is neither a gain nor a loss."""
        if column.kind is Kind.QUANTITY:
            return float(value)  # its text keeps every decimal
        decimals = column.decimals if cell is None or cell.decimals is None else cell.decimals
        return round(float(value), decimals + (2 if column.kind is Kind.PERCENT else 0))

    def _glyph(self, column: Column, cell: Cell | None, content: object) -> str:
        sign = column.sign if cell is None or cell.sign is None else cell.sign
        value = value_of(content)
        fresh = cell is None or cell.freshness is not Freshness.DEAD
        if sign is not SignRule.MONEY or not isinstance(value, _NUMBERS) or not fresh:
            return ""
        shown = self._as_shown(column, cell, value)
        return "" if shown == 0 else "▲ " if shown > 0 else "▼ "

    # ------------------------------------------------------------------ shapes
    def _flash(self, rect: QRect, rose: bool) -> None:
        if self._theme.reduced_motion:
            line = QRect(rect.left() + self.pad, rect.bottom() - 2, rect.width() - 2 * self.pad, 1)
            self._painter.fillRect(line, self._theme.color("sign.up" if rose else "sign.down"))
            return
        fill = self._theme.color("sign.up_fill" if rose else "sign.down_fill")
        self._painter.fillRect(rect.adjusted(0, 0, 0, -1), fill)

    def _chip(self, rect: QRect, content: object) -> float:
        value = value_of(content)
        if value not in {"buy", "sell"}:
            self._words(
                rect, Align.CENTER, (rect.left(), rect.right() + 1), NONE, "", self._theme.color("text.muted"), False
            )
            return 0.0
        side = "bid" if value == "buy" else "ask"
        stale = isinstance(content, Cell) and content.freshness is not Freshness.FRESH
        edge = min(_CHIP, rect.height() - 3)
        spot = QRectF(
            rect.left() + (rect.width() - edge) // 2, rect.top() + (rect.height() - 1 - edge) // 2, edge, edge
        )
        radius = self._theme.tokens.radius.chip
        painter = self._painter
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.brush("bg.raised" if stale else f"side.{side}_fill"))
        painter.drawRoundedRect(spot, radius, radius)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        self._pen = None
        static, width = self._texts["B" if value == "buy" else "S", "chip"]
        self._use("chip", self._theme.color("text.stale" if stale else f"side.{side}"))
        top = spot.top() + (edge - self._heights["chip"]) / 2
        painter.drawStaticText(QPointF(spot.left() + (edge - width) / 2, top), static)
        return float(edge)

    def _dot(self, rect: QRect, left: int, cell: Cell | None) -> int:
        tone = Tone.MUTED if cell is None or cell.tone is None else cell.tone
        color = self._theme.color(_TONES.get(tone, "text.muted"))
        if cell is not None and cell.freshness is not Freshness.FRESH:
            color = self._theme.color("text.stale")
        painter = self._painter
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        spot = QRectF(left, rect.top() + (rect.height() - 1 - _DOT) / 2, _DOT, _DOT)
        if cell is not None and cell.hollow:
            pen = self._theme.pen(_TONES.get(tone, "text.muted"), 2)
            painter.setPen(pen)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawEllipse(spot.adjusted(1, 1, -1, -1))
        else:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(color)
            painter.drawEllipse(spot)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        self._pen = None
        return _DOT + 6

    def _limit_bar(self, rect: QRect, content: object, pads: tuple[int, int]) -> float:
        value = value_of(content)
        if isinstance(value, _NUMBERS):
            width = rect.width() - sum(pads)
            track = QRect(rect.left() + pads[0], rect.top() + (rect.height() - 1 - _BAR) // 2, width, _BAR)
            stale = isinstance(content, Cell) and content.freshness is not Freshness.FRESH
            paint_limit_bar(self._painter, self._theme, track, float(value), stale=stale)
        return 0.0

    def _signed_bar(self, rect: QRect, column: Column, content: object, pads: tuple[int, int]) -> float:
        value = value_of(content)
        if not isinstance(value, _NUMBERS):
            return 0.0
        share = max(-1.0, min(1.0, float(value)))
        left, right = rect.left() + pads[0], rect.right() + 1 - pads[1]
        middle = (left + right) // 2
        length = round(abs(share) * (right - left) / 2)
        height = max(6, rect.height() // 2 - 2)
        top = rect.top() + (rect.height() - 1 - height) // 2
        color = self._theme.color("text.muted")
        if isinstance(content, Cell) and content.freshness is not Freshness.FRESH:
            color = self._theme.color("chart.volume")
        elif column.sign is SignRule.MONEY:
            color = self._theme.color("sign.up" if share > 0 else "sign.down")
        start = middle + 1 if share > 0 else middle - length
        self._painter.fillRect(start, top, length, height, color)
        self._painter.fillRect(middle, rect.top() + 3, 1, rect.height() - 7, self._theme.color("text.secondary"))
        return 0.0
