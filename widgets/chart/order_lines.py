# SPDX-License-Identifier: Apache-2.0
"""Order and position lines with their tags, the ghost of a dragged one, and what the mouse hits.

Limit lines are dashed, stops dotted, the position solid. A line is in its side's colour only when the broker
has confirmed it. It paints and answers where things are; moving and cancelling is the view's affair.
"""

from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPen, QPixmap

from terminal.model.enums import Side
from terminal.model.ids import ClientOrderId
from widgets import formats
from widgets.chart import tags as tagging
from widgets.chart.axes import AxisBlock
from widgets.chart.face import Face
from widgets.chart.frame import LEGEND_HEIGHT, ChartItem, Frame
from widgets.chart.marks import ChartOrder, MarkState, OrderDrag
from widgets.chart.tags import TAG_HEIGHT, Tag

_LIMIT_DASH: Final = (7.0, 4.0)
_STOP_DASH: Final = (2.0, 3.0)
_RIGHT_GAP: Final = 5
_PAD: Final = 6
_CLOSE: Final = 16
_LEADER: Final = 8
_GRIP: Final = 4
_PICTURES_KEPT: Final = 200


class Part(Enum):
    """What of an order is under the mouse."""

    LINE = auto()
    CANCEL = auto()


@dataclass(frozen=True, slots=True)
class Hit:
    order: ChartOrder
    part: Part


@dataclass(frozen=True, slots=True)
class _Box:
    """Where the pieces of a tag are, in plot pixels."""

    tag: Tag
    whole: QRectF
    head: QRectF
    detail: QRectF
    close: QRectF | None


class OrderLines(ChartItem):
    """All lines and tags of the chart."""

    def __init__(self, frame: Frame, parent: pg.ViewBox) -> None:
        super().__init__(frame, parent, 20)
        self.drag: OrderDrag | None = None
        self.chosen: ClientOrderId | None = None
        self._boxes: list[_Box] = []
        self._pictures: dict[tuple[object, ...], QPixmap] = {}

    def arrange(self) -> None:
        """Place everything anew; paint it again if anything moved or reads otherwise."""
        frame, model = self.frame, self.frame.model
        tags = tagging.layout(
            frame.view, model.orders, model.position, self.drag, model.last_price, model.decimals, LEGEND_HEIGHT
        )
        boxes = [self._box(tag) for tag in tags]
        if boxes != self._boxes:
            self._boxes = boxes
            self.update()

    @property
    def tags(self) -> list[Tag]:
        return [box.tag for box in self._boxes]

    def tag_rect(self, order_id: ClientOrderId, part: Part = Part.LINE) -> QRectF:
        """Return where an order's tag (or its cancel cross) is, in plot pixels; empty when it has none."""
        for box in self._boxes:
            if box.tag.order is not None and box.tag.order.client_order_id == order_id and not box.tag.ghost:
                return box.whole if part is Part.LINE else box.close or QRectF()
        return QRectF()

    def hit(self, at: QPointF) -> Hit | None:
        """Return what is at a point: tags before lines, later ones over earlier ones."""
        for box in reversed(self._boxes):
            order = box.tag.order
            if order is not None and not box.tag.ghost and box.whole.contains(at):
                inside = box.close is not None and box.close.contains(at)
                return Hit(order, Part.CANCEL if inside else Part.LINE)
        near = [
            (abs(box.tag.line_y - at.y()), box.tag.order)
            for box in self._boxes
            if box.tag.order is not None and not box.tag.ghost and not box.tag.beyond
        ]
        found = min(near, key=lambda item: item[0], default=(_GRIP + 1, None))
        return Hit(found[1], Part.LINE) if found[1] is not None and found[0] <= _GRIP else None

    def axis_blocks(self) -> list[AxisBlock]:
        """Return the blocks that stand on the price axis for these lines; a draft has none."""
        blocks = []
        for box in self._boxes:
            tag, order = box.tag, box.tag.order
            if order is not None and order.state is MarkState.DRAFT and not tag.ghost:
                continue
            text = formats.number(tag.price, self.frame.model.decimals)
            if order is None:
                blocks.append(AxisBlock(tag.tag_y, text, "chart.bg", "text.primary", edge="chart.position"))
            elif order.state is MarkState.PENDING and not tag.ghost:
                blocks.append(AxisBlock(tag.tag_y, text, "chart.bg", "text.muted", edge="text.muted"))
            else:
                side = "bid" if order.side is Side.BUY else "ask"
                blocks.append(AxisBlock(tag.tag_y, text, f"side.{side}_solid", "side.on_solid"))
        return blocks

    # ------------------------------------------------------------------ painting
    def draw(self, painter: QPainter) -> None:
        for box in self._boxes:
            if not box.tag.beyond:
                self._draw_line(painter, box)
        scale = painter.device().devicePixelRatioF()
        for box in self._boxes:
            painter.drawPixmap(box.whole.topLeft(), self._picture(box, scale))

    def _draw_line(self, painter: QPainter, box: _Box) -> None:
        tag, view = box.tag, self.frame.view
        y = round(tag.line_y) + 0.5
        painter.setPen(self._line_pen(tag))
        if abs(tag.line_y - tag.tag_y) < 1.5 or tag.ghost:
            painter.drawLine(QPointF(0, y), QPointF(box.whole.left(), y))
        else:
            painter.drawLine(QPointF(0, y), QPointF(box.whole.left() - _LEADER, y))
            painter.setPen(self.frame.theme.pen(self._edge(tag)))
            painter.drawLine(QPointF(box.whole.left() - _LEADER, y), QPointF(box.whole.left(), tag.tag_y))
        painter.setPen(self.frame.theme.pen(self._edge(tag)))
        painter.drawLine(QPointF(box.whole.right(), tag.tag_y), QPointF(view.width, tag.tag_y))

    def restyle(self) -> None:
        """Forget the pictures of the old theme, and place everything in the new sizes."""
        self._pictures.clear()
        self._boxes = []
        self.arrange()

    def _picture(self, box: _Box, scale: float) -> QPixmap:
        """Return the picture of a tag: it is painted only when it reads or looks different."""
        tag, order = box.tag, box.tag.order
        chosen = order is not None and order.client_order_id == self.chosen
        key = (
            self._head(tag),
            tag.detail,
            tag.detail_sign,
            tag.stale,
            self._solid(tag),
            self._edge(tag),
            tag.ghost,
            chosen,
            scale,
        )
        found = self._pictures.get(key)
        if found is None:
            if len(self._pictures) > _PICTURES_KEPT:
                self._pictures.clear()
            found = QPixmap(QSize(round(box.whole.width() * scale), round(TAG_HEIGHT * scale)))
            found.setDevicePixelRatio(scale)
            found.fill(Qt.GlobalColor.transparent)
            painter = QPainter(found)
            painter.translate(-box.whole.topLeft())
            self._draw_tag(painter, box, chosen=chosen)
            painter.end()
            self._pictures[key] = found
        return found

    def _draw_tag(self, painter: QPainter, box: _Box, *, chosen: bool) -> None:
        theme, tag = self.frame.theme, box.tag
        radius = theme.tokens.radius.chip
        edge = self._edge(tag)
        painter.setPen(theme.pen("focus.ring" if chosen else edge))
        painter.setBrush(theme.brush("chart.bg"))
        painter.drawRoundedRect(box.whole.adjusted(0.5, 0.5, -0.5, -0.5), radius, radius)
        solid = self._solid(tag)
        if solid:
            painter.fillRect(box.head.adjusted(1, 1, 0, -1), theme.color(solid))
        painter.setFont(self.frame.faces.strong.font)
        painter.setPen(theme.color("side.on_solid" if solid else "text.muted" if self._waits(tag) else "text.primary"))
        painter.drawText(box.head, Qt.AlignmentFlag.AlignCenter, self._head(tag))
        if not solid:
            painter.setPen(theme.pen(edge))
            painter.drawLine(box.head.topRight(), box.head.bottomRight())
        painter.setFont(self._detail_face(tag).font)
        painter.setPen(theme.color(_detail_color(tag)))
        painter.drawText(box.detail, Qt.AlignmentFlag.AlignCenter, tag.detail)
        if box.close is not None:
            painter.setPen(theme.pen("border.default"))
            painter.drawLine(box.close.topLeft() + QPointF(0, 1), box.close.bottomLeft() - QPointF(0, 1))
            self._draw_cross(painter, box.close)

    def _draw_cross(self, painter: QPainter, box: QRectF) -> None:
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(self.frame.theme.pen("text.primary", 1.25))
        middle, arm = box.center(), 3.0
        painter.drawLine(middle + QPointF(-arm, -arm), middle + QPointF(arm, arm))
        painter.drawLine(middle + QPointF(-arm, arm), middle + QPointF(arm, -arm))
        painter.restore()

    # ------------------------------------------------------------------ what it looks like
    def _box(self, tag: Tag) -> _Box:
        head_width = self.frame.faces.strong.width(self._head(tag)) + 2 * _PAD
        detail_width = self._detail_face(tag).width(tag.detail) + 2 * _PAD
        closes = tag.order is not None and not tag.ghost and tag.order.state is not MarkState.DRAFT
        width = round(head_width) + round(detail_width) + (_CLOSE if closes else 0)
        left = self.frame.view.width - _RIGHT_GAP - width
        top = round(tag.tag_y - TAG_HEIGHT / 2)
        whole = QRectF(left, top, width, TAG_HEIGHT)
        head = QRectF(left, top, round(head_width), TAG_HEIGHT)
        detail = QRectF(head.right(), top, round(detail_width), TAG_HEIGHT)
        close = QRectF(whole.right() - _CLOSE, top, _CLOSE, TAG_HEIGHT) if closes else None
        return _Box(tag, whole, head, detail, close)

    def _head(self, tag: Tag) -> str:
        return f"{'▲ ' if tag.beyond > 0 else '▼ ' if tag.beyond < 0 else ''}{tag.head}"

    def _detail_face(self, tag: Tag) -> Face:
        faces = self.frame.faces
        return faces.strong if tag.order is None or tag.ghost else faces.regular

    def _waits(self, tag: Tag) -> bool:
        return tag.order is not None and tag.order.state is MarkState.PENDING and not tag.ghost

    def _solid(self, tag: Tag) -> str:
        """Return the token of the filled block, empty for an outline tag."""
        if tag.order is None or tag.order.state is not MarkState.WORKING:
            return ""
        return "side.bid_solid" if tag.order.side is Side.BUY else "side.ask_solid"

    def _edge(self, tag: Tag) -> str:
        if tag.order is None:
            return "chart.position"
        if self._waits(tag):
            return "text.muted"
        return "chart.buy_line" if tag.order.side is Side.BUY else "chart.sell_line"

    def _line_pen(self, tag: Tag) -> QPen:
        dash: tuple[float, ...] = ()
        if tag.order is not None:
            dash = _STOP_DASH if tag.order.is_stop else _LIMIT_DASH
        moved_away = self.drag is not None and tag.order == self.drag.order and not tag.ghost
        return self.frame.theme.pen("text.muted" if moved_away else self._edge(tag), 1, dash)


def _detail_color(tag: Tag) -> str:
    if tag.stale:
        return "text.stale"
    if tag.detail_sign is None:
        return "text.primary" if tag.ghost else "text.secondary"
    return ("sign.down", "text.muted", "sign.up")[tag.detail_sign + 1]
