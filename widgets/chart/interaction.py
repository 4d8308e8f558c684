# SPDX-License-Identifier: Apache-2.0
"""What mouse and keys do on the chart: move about, read a bar, move an order line, ask for a cancel.

A drag only asks: it emits a wish with a price on the tick when it is released, and puts the line back on Esc,
when trading is disarmed, when the focus goes or when the order is gone. Cancelling works disarmed as well.
"""

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QEvent, QPointF, Qt, Signal
from PySide6.QtGui import QFocusEvent, QHideEvent, QKeyEvent, QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QWidget

from terminal.model.enums import Side
from terminal.model.ids import ClientOrderId
from widgets.chart.marks import ChartOrder, MarkState, OrderDrag
from widgets.chart.model import ChartModel
from widgets.chart.order_lines import Hit, Part
from widgets.chart.view import ChartPlot
from widgets.theme import Theme

_CLICK_REACH: Final = 4
_ZOOM: Final = 1.25
_Key = Qt.Key
_TICKS: Final = {
    Qt.KeyboardModifier.NoModifier: 1,
    Qt.KeyboardModifier.ShiftModifier: 10,
    Qt.KeyboardModifier.ControlModifier: 100,
}


class ChartView(ChartPlot):
    """The plot with hands and keys.

    Keys: + and - zoom, Left and Right move a tenth of the width (Shift a whole one), Up and Down the prices,
    Home and End the oldest and newest bars, R resets, Space locks the crosshair (Left and Right then move it).
    O takes up the next order line: Up and Down move it by a tick (Shift ten, Ctrl a hundred), Enter asks for
    the new price, Esc puts it back, Delete asks for a cancel.

    Signals:
        orderMoveRequested: (client order id, new price on the tick). Emitted once per finished move.
        orderCancelRequested: (client order id).
        priceClicked: (price on the tick, side that a limit order there would rest on, keyboard modifiers).
    """

    orderMoveRequested = Signal(object, object)
    orderCancelRequested = Signal(object)
    priceClicked = Signal(object, object, object)

    def __init__(
        self, theme: Theme, model: ChartModel, now_ns: Callable[[], int], parent: QWidget | None = None
    ) -> None:
        super().__init__(theme, model, now_ns, parent)
        self._armed = False
        self._pressed: QPointF | None = None
        self._hit: Hit | None = None
        self._panning_from: float | None = None
        self._on_axis = False
        self.setAccessibleName("Chart")
        self.setAccessibleDescription("Candles with studies and order lines. Press O to take up an order line.")

    @property
    def armed(self) -> bool:
        return self._armed

    @property
    def drag(self) -> OrderDrag | None:
        """The order line on its way, None when all are in their places."""
        return self.lines.drag

    def set_armed(self, armed: bool) -> None:
        """Let order lines be moved, or put back the one that is being moved."""
        self._armed = armed
        if not armed:
            self.drop_drag()

    def orders_changed(self) -> None:
        """The model has other orders: a line that is being moved follows its order, or goes with it."""
        drag = self.lines.drag
        if drag is not None:
            still = self._order(drag.order.client_order_id)
            if still is None or still.state is not MarkState.WORKING:
                self.drop_drag()
            elif still != drag.order:
                self.lines.drag = OrderDrag(still, drag.instrument, self.model.position, drag.price)
        if self.lines.chosen is not None and self._order(self.lines.chosen) is None:
            self.lines.chosen = None
        self.lines_changed()

    def drop_drag(self) -> None:
        """Put the moved line back; nothing is asked of anyone."""
        self._hit = None
        if self.lines.drag is not None:
            self.lines.drag = None
            self.lines_changed()

    # ------------------------------------------------------------------ mouse
    def mousePressEvent(self, ev: QMouseEvent) -> None:
        self.setFocus(Qt.FocusReason.MouseFocusReason)
        if ev.button() != Qt.MouseButton.LeftButton:
            self.drop_drag()
            ev.accept()
            return
        at = self.to_plot(ev.position())
        self._pressed = at
        self._on_axis = at.x() > self.view.width
        self._hit = None if self._on_axis else self.lines.hit(at)
        if self._hit is None:
            self._panning_from = self.view.first
        elif self._hit.part is Part.LINE and self._may_move(self._hit.order):
            self._begin(self._hit.order)
        ev.accept()

    def mouseMoveEvent(self, ev: QMouseEvent) -> None:
        at = self.to_plot(ev.position())
        ev.accept()
        if self._pressed is None:
            self._hover(at)
        elif self.lines.drag is not None and self._hit is not None:
            self._move_to(at.y())
        elif self._hit is None and (at - self._pressed).manhattanLength() > _CLICK_REACH:
            self._drag_view(at)

    def mouseReleaseEvent(self, ev: QMouseEvent) -> None:
        ev.accept()
        if ev.button() != Qt.MouseButton.LeftButton or self._pressed is None:
            return
        at = self.to_plot(ev.position())
        still = (at - self._pressed).manhattanLength() <= _CLICK_REACH
        hit, self._hit, self._pressed, self._panning_from = self._hit, None, None, None
        if hit is not None and hit.part is Part.CANCEL:
            now = self.lines.hit(at)
            if now == hit:
                self.orderCancelRequested.emit(hit.order.client_order_id)
        elif hit is not None:
            self._finish()
        elif still and self._inside(at):
            self._click(at, ev.modifiers())

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        event.accept()
        if self.to_plot(event.position()).x() > self.view.width:
            self.reset_price()

    def wheelEvent(self, ev: QWheelEvent) -> None:
        ev.accept()
        turns = ev.angleDelta().y() / 120
        if not turns or self.lines.drag is not None:
            return
        at = self.to_plot(ev.position())
        if at.x() > self.view.width:
            self.zoom_price(_ZOOM**-turns)
        elif ev.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self.pan(-turns * 0.1 * (self.view.last - self.view.first))
        else:
            self.zoom(_ZOOM**-turns, self.view.index_at(at.x()))

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self._point(None)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self._let_go()
        super().focusOutEvent(event)

    def hideEvent(self, event: QHideEvent) -> None:
        self._let_go()
        super().hideEvent(event)

    # ------------------------------------------------------------------ keys
    def keyPressEvent(self, ev: QKeyEvent) -> None:
        key = Qt.Key(ev.key())
        handled = self._order_key(key, ev.modifiers()) or self._view_key(key, ev.modifiers())
        if handled:
            ev.accept()
        else:
            ev.ignore()

    def keyReleaseEvent(self, ev: QKeyEvent) -> None:
        ev.ignore()

    def _order_key(self, key: Qt.Key, modifiers: Qt.KeyboardModifier) -> bool:
        if key == _Key.Key_O:
            self._choose_next(-1 if modifiers & Qt.KeyboardModifier.ShiftModifier else 1)
            return True
        if key == _Key.Key_Escape:
            busy = self.lines.drag is not None or self.lines.chosen is not None
            self.drop_drag()
            self._choose(None)
            return busy
        order = self._order(self.lines.chosen) if self.lines.chosen is not None else None
        if order is None:
            return False
        if key in (_Key.Key_Up, _Key.Key_Down):
            if self._may_move(order):
                if self.lines.drag is None:
                    self._begin(order)
                self._step((1 if key == _Key.Key_Up else -1) * _TICKS.get(_plain(modifiers), 1))
            return True
        if key in (_Key.Key_Return, _Key.Key_Enter):
            self._finish()
            return True
        if key in (_Key.Key_Delete, _Key.Key_Backspace):
            self.drop_drag()
            self.orderCancelRequested.emit(order.client_order_id)
            return True
        return False

    def _view_key(self, key: Qt.Key, modifiers: Qt.KeyboardModifier) -> bool:
        width = self.view.last - self.view.first
        share = 1.0 if modifiers & Qt.KeyboardModifier.ShiftModifier else 0.1
        actions: dict[Qt.Key, Callable[[], None]] = {
            _Key.Key_Plus: lambda: self.zoom(1 / _ZOOM),
            _Key.Key_Equal: lambda: self.zoom(1 / _ZOOM),
            _Key.Key_Minus: lambda: self.zoom(_ZOOM),
            _Key.Key_Left: lambda: self._sideways(-1, share * width),
            _Key.Key_Right: lambda: self._sideways(1, share * width),
            _Key.Key_Up: lambda: self.pan_price(share / 2),
            _Key.Key_Down: lambda: self.pan_price(-share / 2),
            _Key.Key_Home: self.go_to_start,
            _Key.Key_End: self.go_home,
            _Key.Key_R: self._reset,
            _Key.Key_Space: self._toggle_lock,
        }
        action = actions.get(key)
        if action is None:
            return False
        action()
        return True

    def _sideways(self, sign: int, bars: float) -> None:
        if self.cross.locked:
            self.cross.step(sign)
            self.cross_changed()
        else:
            self.pan(sign * bars)

    def _reset(self) -> None:
        self.auto_price = True
        self.rebuilt()

    def _toggle_lock(self) -> None:
        if self.cross.locked:
            self.cross.locked = False
            self._point(None)
        elif len(self.model.series):
            if self.cross.point is None:
                newest = len(self.model.series) - 1
                place = min(newest, round(self.view.last))
                y = self.view.y_of(self.model.series.row(place).close)
                self._point(QPointF(self.view.x_of(place), y))
            self.cross.locked = True

    # ------------------------------------------------------------------ order lines
    def _order(self, order_id: ClientOrderId) -> ChartOrder | None:
        return next((order for order in self.model.orders if order.client_order_id == order_id), None)

    def _may_move(self, order: ChartOrder) -> bool:
        return self._armed and order.state is MarkState.WORKING and self.model.instrument is not None

    def _begin(self, order: ChartOrder) -> None:
        instrument = self.model.instrument
        assert instrument is not None
        self.lines.drag = OrderDrag(order, instrument, self.model.position, order.price)
        self._point(None)

    def _move_to(self, y: float) -> None:
        drag = self.lines.drag
        if drag is None or self._pressed is None:
            return
        # By how far the mouse went, not to where it is: taking hold of a slid tag must not move the order.
        moved = self.view.price_at(y) - self.view.price_at(self._pressed.y())
        if abs(y - self._pressed.y()) <= 1 and not drag.changed:
            return
        self.lines.drag = drag.moved_to(float(drag.order.price) + moved)
        self._ghost_moved()

    def _step(self, ticks: int) -> None:
        drag = self.lines.drag
        if drag is not None:
            self.lines.drag = drag.stepped(ticks)
            self._ghost_moved()

    def _ghost_moved(self) -> None:
        self.lines.arrange()
        self.quote_changed()

    def _finish(self) -> None:
        drag = self.lines.drag
        self.drop_drag()
        if drag is not None and drag.changed:
            self.orderMoveRequested.emit(drag.order.client_order_id, drag.price)

    def _choose_next(self, step: int) -> None:
        self.drop_drag()
        ids = [tag.order.client_order_id for tag in self.lines.tags if tag.order is not None and not tag.ghost]
        if not ids:
            self._choose(None)
            return
        place = ids.index(self.lines.chosen) + step if self.lines.chosen in ids else (0 if step > 0 else -1)
        self._choose(ids[place % len(ids)])

    def _choose(self, order_id: ClientOrderId | None) -> None:
        if order_id != self.lines.chosen:
            self.lines.chosen = order_id
            self.lines.update()

    def _let_go(self) -> None:
        self._pressed = self._panning_from = None
        self.drop_drag()

    # ------------------------------------------------------------------ hovering and clicking
    def _inside(self, at: QPointF) -> bool:
        return 0 <= at.x() <= self.view.width and 0 <= at.y() <= self.view.height

    def _hover(self, at: QPointF) -> None:
        hit = self.lines.hit(at) if self._inside(at) else None
        self._point(at if self._inside(at) and hit is None else None)
        if hit is None:
            plain = Qt.CursorShape.SizeVerCursor if at.x() > self.view.width else Qt.CursorShape.CrossCursor
            self.viewport().setCursor(plain)
            self.viewport().setToolTip("")
        elif hit.part is Part.CANCEL:
            self.viewport().setCursor(Qt.CursorShape.PointingHandCursor)
            self.viewport().setToolTip("Cancel this order")
        elif self._may_move(hit.order):
            self.viewport().setCursor(Qt.CursorShape.SizeVerCursor)
            self.viewport().setToolTip("")
        else:
            self.viewport().setCursor(Qt.CursorShape.ForbiddenCursor)
            waits = hit.order.state is not MarkState.WORKING
            reason = "This order cannot be moved now" if waits else "Disarmed: arm to move order lines"
            self.viewport().setToolTip(reason)

    def _point(self, at: QPointF | None) -> None:
        before = self.cross.point
        self.cross.move(at)
        if self.cross.point != before:
            self.cross_changed()

    def _drag_view(self, at: QPointF) -> None:
        assert self._pressed is not None
        if self._on_axis:
            move = at.y() - self._pressed.y()
            self._pressed = at
            self.zoom_price(1.01**move)
        elif self._panning_from is not None:
            self._point(None)
            wanted = self._panning_from - (at.x() - self._pressed.x()) / self.view.step
            self.pan(wanted - self.view.first)

    def _click(self, at: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        instrument, last = self.model.instrument, self.model.last_price
        if instrument is None or last is None:
            return
        price = instrument.snap(self.view.price_at(at.y()))
        self.priceClicked.emit(price, Side.BUY if price <= last else Side.SELL, modifiers)


def _plain(modifiers: Qt.KeyboardModifier) -> Qt.KeyboardModifier:
    """Return the modifiers without the one that only says where a key sits."""
    return modifiers & ~Qt.KeyboardModifier.KeypadModifier
