# SPDX-License-Identifier: Apache-2.0
"""Painting of one ladder row and of the strips around the rows. Pure painting: what stands where, the model says."""

from typing import Final

from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QFontMetrics, QPainter

from terminal.model.enums import Side
from widgets import formats
from widgets.chart.face import Face
from widgets.chart.marks import MarkState
from widgets.ladder.layout import LadderLayout, Zone
from widgets.ladder.model import Chip, EdgeNote, LadderRow
from widgets.theme import Theme

_Align = Qt.AlignmentFlag
_CENTER: Final = int(_Align.AlignCenter)
_GAP: Final = 5


class LadderPainter:
    """Paints in a theme; make a new one when the theme changes."""

    def __init__(self, theme: Theme) -> None:
        self._theme = theme
        self.regular = Face(theme.number_font("body"))
        self.strong = Face(theme.number_font("body", "strong"))
        self.small = Face(theme.number_font("caption"))
        self.chip = Face(theme.number_font("caption", "strong"))
        self._four_digits = round(self.strong.width("8,888"))

    def price_width(self, texts: list[str]) -> int:
        """Return the width of the price column for these prices."""
        return round(max((self.strong.width(text) for text in texts), default=40.0)) + 4

    # ------------------------------------------------------------------ rows
    def draw_row(self, painter: QPainter, layout: LadderLayout, top: int, row: LadderRow, *, covered: bool) -> None:
        """Paint a row, its whole rectangle."""
        theme = self._theme
        height = layout.row_height
        painter.fillRect(QRect(0, top, layout.width, height), theme.color("bg.panel"))
        if not covered:
            self._draw_size(painter, layout, top, row, Zone.BID)
            self._draw_size(painter, layout, top, row, Zone.ASK)
        rule = "border.control" if row.best_ask and not covered else "border.subtle"
        painter.fillRect(QRect(0, top + height - 1, layout.width, 1), theme.color(rule))
        self._draw_price(painter, layout, top, row, covered=covered)
        for chip, zone in ((row.buy, Zone.BUYS), (row.sell, Zone.SELLS)):
            if chip is not None:
                self._draw_chip(painter, layout, top, chip, zone)
        if row.cursor:
            left, width = layout.column(Zone.PRICE)
            painter.setPen(theme.pen("focus.ring", theme.focus_width))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(QRectF(left + 1, top + 1, width - 2, height - 3))

    def _draw_price(self, painter: QPainter, layout: LadderLayout, top: int, row: LadderRow, *, covered: bool) -> None:
        left, width = layout.column(Zone.PRICE)
        height = layout.row_height - 1
        face = self.regular
        if row.last and not covered:
            face = self.strong
            painter.fillRect(QRect(left, top, width, height), self._theme.color("chart.last"))
        painter.setPen(self._theme.color("text.secondary" if face is self.regular else "chart.on_last"))
        face.draw_centered(painter, left + width / 2, top + height / 2, row.price)

    def _draw_size(self, painter: QPainter, layout: LadderLayout, top: int, row: LadderRow, zone: Zone) -> None:
        is_bid = zone is Zone.BID
        text, share, best = (row.bid, row.bid_share, row.best_bid) if is_bid else (row.ask, row.ask_share, row.best_ask)
        if not text:
            return
        theme, side = self._theme, "bid" if is_bid else "ask"
        left, width = layout.column(zone)
        bar = max(1, round(share * width))
        height = layout.row_height - 1
        start = left + width - bar if is_bid else left
        painter.fillRect(QRect(start, top + 1, bar, height - 1), theme.color(f"side.{side}_fill"))
        painter.setPen(theme.color("text.primary" if best else f"side.{side}"))
        right = left + width - _GAP if is_bid else left + _GAP + min(width, self._four_digits)
        (self.strong if best else self.regular).draw_right(painter, right, top + height / 2, text)

    def _draw_chip(self, painter: QPainter, layout: LadderLayout, top: int, chip: Chip, zone: Zone) -> None:
        theme, side = self._theme, "bid" if chip.side is Side.BUY else "ask"
        left, width = layout.column(zone)
        painter.setFont(self.chip.font)
        letter = f"{formats.SIDE_LETTERS[chip.side]} " if theme.side_letters else ""
        # Without room for the type the quantity alone stays: it must never be cut.
        text = letter + chip.text
        if self.chip.width(text) + 8 > width - 4:
            text = letter + chip.short
        wide = min(width - 4, round(self.chip.width(text)) + 8)
        start = left + 3 if zone is Zone.BUYS else left + width - wide - 3
        box = QRectF(start, top + 1, wide, layout.row_height - 3)
        radius = theme.tokens.radius.chip
        waits = chip.state is MarkState.PENDING
        painter.setPen(theme.pen("text.muted") if waits else theme.pen(f"side.{side}_solid"))
        painter.setBrush(theme.brush("bg.panel" if waits else f"side.{side}_solid"))
        painter.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), radius, radius)
        painter.setPen(theme.color("text.muted" if waits else "side.on_solid"))
        text = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, wide - 4)
        painter.drawText(box, _CENTER, text)

    # ------------------------------------------------------------------ around the rows
    def draw_heads(self, painter: QPainter, layout: LadderLayout) -> None:
        """Paint the column heads."""
        theme, top = self._theme, layout.edge_height
        painter.fillRect(QRect(0, top, layout.width, layout.head_height), theme.color("bg.panel"))
        painter.fillRect(QRect(0, top + layout.head_height - 1, layout.width, 1), theme.color("border.default"))
        painter.setPen(theme.color("text.muted"))
        middle = top + (layout.head_height - 1) / 2
        (buys, _), (bid, bid_width), (price, price_width), (ask, ask_width), (sells, sells_width) = map(
            layout.column, Zone
        )
        self.small.draw(painter, buys + 6, middle, "Buys")
        self.small.draw_right(painter, bid + bid_width - _GAP, middle, "Bid")
        self.small.draw_centered(painter, price + price_width / 2, middle, "Price")
        self.small.draw_right(painter, ask + _GAP + min(ask_width, self._four_digits), middle, "Ask")
        self.small.draw_right(painter, sells + sells_width - 6, middle, "Sells")

    def draw_edge(
        self,
        painter: QPainter,
        layout: LadderLayout,
        top: int,
        note: EdgeNote | None,
        decimals: int,
        *,
        above: bool,
        far: bool,
    ) -> None:
        """Paint the strip that holds the nearest order out of sight; empty it keeps its space.

        ``far`` says how far it is from the market: not while the market is silent.
        """
        theme, height = self._theme, layout.edge_height
        painter.fillRect(QRect(0, top, layout.width, height), theme.color("bg.header"))
        rule = top + height - 1 if above else top
        painter.fillRect(QRect(0, rule, layout.width, 1), theme.color("border.default"))
        if note is None:
            return
        side = "bid" if note.order.side is Side.BUY else "ask"
        icon = theme.pixmap(
            f"chevron-{'up' if above else 'down'}", "text.primary", 10, painter.device().devicePixelRatioF()
        )
        painter.drawPixmap(8, top + (height - 10) // 2, icon)
        letter = QRectF(27, top + 2, 16, height - 4)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.brush(f"side.{side}_fill"))
        painter.drawRoundedRect(letter, theme.tokens.radius.chip, theme.tokens.radius.chip)
        painter.setPen(theme.color(f"side.{side}"))
        middle = top + height / 2
        self.chip.draw_centered(painter, letter.center().x(), middle, formats.SIDE_LETTERS[note.order.side])
        words, distance = note.words(decimals)
        painter.setPen(theme.color("text.muted"))
        if far and self.small.width(words) + self.small.width(distance) + 8 <= layout.width - 57:
            self.small.draw_right(painter, layout.width - 7, middle, distance)
        painter.setPen(theme.color("text.primary"))
        self.small.draw(painter, 50, middle, words)

    def draw_note(self, painter: QPainter, layout: LadderLayout, top: int, text: str) -> None:
        """Paint the plain text that says why there is no more than the top of the book."""
        theme = self._theme
        box = QRect(0, top, layout.width, layout.note_height)
        painter.fillRect(box, theme.color("bg.panel"))
        painter.setFont(self.small.font)
        painter.setPen(theme.color("text.muted"))
        flags = int(_Align.AlignLeft | _Align.AlignVCenter | Qt.TextFlag.TextWordWrap)
        painter.drawText(box.adjusted(6, 0, -6, 0), flags, text)

    def note_height(self, width: int, text: str) -> int:
        """Return the height that the note needs."""
        if not text:
            return 0
        flags = int(Qt.TextFlag.TextWordWrap)
        return QFontMetrics(self.small.font).boundingRect(QRect(0, 0, width - 12, 1000), flags, text).height() + 8

    def draw_cover(self, painter: QPainter, layout: LadderLayout, text: str) -> None:
        """Paint the words that cover a book which is not to be believed."""
        theme = self._theme
        painter.setFont(theme.font("body", "medium"))
        box = QRect(8, 0, layout.width - 16, 3 * layout.row_height)
        box.moveTop(layout.top + (layout.bottom - layout.top - box.height()) // 2)
        painter.setPen(theme.pen("state.warn"))
        painter.setBrush(theme.brush("state.warn_fill"))
        radius = theme.tokens.radius.control
        painter.drawRoundedRect(QRectF(box).adjusted(0.5, 0.5, -0.5, -0.5), radius, radius)
        painter.setPen(theme.color("state.warn"))
        painter.drawText(box.adjusted(6, 2, -6, -2), int(_Align.AlignCenter | Qt.TextFlag.TextWordWrap), text)
