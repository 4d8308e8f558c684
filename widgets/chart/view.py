# SPDX-License-Identifier: Apache-2.0
"""The plot: puts the items together, keeps viewport, axes and model in step, and decides what to paint again.

What the mouse and the keys do stands in interaction.py. Nothing here knows a bus, a kernel or an order's fate.
"""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Final

import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRect, QRectF, Qt, Signal
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QGraphicsView, QGraphicsWidget, QWidget

from widgets import formats
from widgets.chart.axes import AxisBlock, PriceAxis, TimeAxis
from widgets.chart.crosshair import Crosshair, Legend
from widgets.chart.frame import Frame
from widgets.chart.layers import BackLayer, LiveLayer, largest_volume
from widgets.chart.model import ChartModel
from widgets.chart.order_lines import OrderLines
from widgets.chart.series import DAY_SECONDS, Change
from widgets.chart.tags import last_block_height
from widgets.chart.timeline import TimeLabel, time_labels
from widgets.chart.viewport import (
    DEFAULT_STEP,
    FREE_SPACE,
    Viewport,
    home,
    kept_in_sight,
    price_range,
    price_step,
    price_ticks,
    resized,
    zoomed,
)
from widgets.theme import Theme

_NS: Final = 1_000_000_000
_ANY_TICK: Final = Decimal("0.01")


class ChartPlot(pg.PlotWidget):
    """Candles, axes and lines of one `ChartModel`.

    After a change of the model call the matching method: `bars_changed`, `lines_changed`, `quote_changed`,
    `rebuilt`, `clock_ticked`.

    Signals:
        viewChanged: other bars or prices are in sight.
    """

    viewChanged = Signal()

    def __init__(
        self, theme: Theme, model: ChartModel, now_ns: Callable[[], int], parent: QWidget | None = None
    ) -> None:
        self.frame_ = Frame(theme, model)
        self.price_axis, self.time_axis = PriceAxis(self.frame_), TimeAxis(self.frame_)
        self._box = pg.ViewBox(enableMouse=False, enableMenu=False, defaultPadding=0)
        super().__init__(
            parent,
            background=None,
            viewBox=self._box,
            axisItems={"right": self.price_axis, "bottom": self.time_axis},
            enableMenu=False,
        )
        self._now_ns = now_ns
        self.auto_price = True
        self._at_home = True
        self._known_labels: tuple[tuple[object, ...], int, int, list[TimeLabel]] | None = None
        plot = self.getPlotItem()
        plot.hideButtons()
        plot.setContentsMargins(0, 0, 0, 0)
        layout = QGraphicsWidget.layout(plot)  # pyqtgraph hides the method behind an attribute of that name
        if layout is not None:
            layout.setContentsMargins(0, 0, 0, 0)
        for unused in ("left", "top"):
            plot.hideAxis(unused)
            plot.getAxis(unused).unlinkFromView()  # hidden, it would still lay out its labels at every pan
        plot.showAxis("right")
        self._box.disableAutoRange()
        self.back = BackLayer(self.frame_, self._box)
        self.live = LiveLayer(self.frame_, self._box)
        self.lines = OrderLines(self.frame_, self._box)
        self.cross = Crosshair(self.frame_, self._box)
        self.legend = Legend(self.frame_, self._box, self.cross)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._paint_no_background()
        self.viewport().setMouseTracking(True)
        self._box.sigResized.connect(self._resized)
        theme.changed.connect(self.restyle)

    @property
    def view(self) -> Viewport:
        """What is in sight."""
        return self.frame_.view

    @property
    def model(self) -> ChartModel:
        return self.frame_.model

    def now_ns(self) -> int:
        return self._now_ns()

    # ------------------------------------------------------------------ where things are
    def to_plot(self, at: QPointF) -> QPointF:
        """Return a point of the viewport in pixels of the plot."""
        return at - self._box.mapToScene(QPointF(0, 0))

    def from_plot(self, at: QPointF) -> QPointF:
        """Return a point of the plot in pixels of the viewport."""
        return at + self._box.mapToScene(QPointF(0, 0))

    # ------------------------------------------------------------------ what changed
    def rebuilt(self) -> None:
        """Other bars, another instrument or time frame: show the newest bars at the usual zoom."""
        width = max(self.view.width, 10.0)
        self.auto_price, self._at_home = True, True
        self.cross.locked = False
        self.cross.move(None)
        fresh = replace(self.view, first=0.0, last=width / DEFAULT_STEP)
        self.show_view(home(fresh, len(self.model.series), free=FREE_SPACE))

    def bars_changed(self, change: Change) -> None:
        """Bars were added, grew or were corrected: `change` says which, as the model returned it."""
        if change is Change.NOTHING:
            return
        if change is Change.LIVE and not self._must_rescale():
            self._live_changed()
            return
        view = home(self.view, len(self.model.series), free=FREE_SPACE) if self._at_home else self.view
        self.show_view(view)

    def quote_changed(self) -> None:
        """The last price moved: its line and its block do, and the prices make room for it if they must."""
        if self._must_rescale():
            self.show_view(self.view)
        else:
            self._live_changed()

    def lines_changed(self) -> None:
        """Orders, position or the ghost of a dragged order changed."""
        if self.auto_price and self._price_range() != (self.view.low, self.view.high):
            self.show_view(self.view)
            return
        self.lines.arrange()
        self._update_blocks()

    def fills_changed(self) -> None:
        self.back.invalidate()

    def studies_changed(self) -> None:
        self.back.invalidate()
        self.live.update()
        self.legend.update()

    def clock_ticked(self) -> None:
        """Time went on: the countdown of the bar does."""
        self._update_blocks()

    def cross_changed(self) -> None:
        """The crosshair moved."""
        self.legend.update()
        self.time_axis.set_cross(self.cross.time_tag())
        self._update_blocks()

    def restyle(self) -> None:
        """Paint everything in another theme or density."""
        self.frame_.restyle()
        self.lines.restyle()
        self.show_view(self.view)

    # ------------------------------------------------------------------ moving about
    def show_view(self, view: Viewport) -> None:
        """Show these bars; prices follow by themselves unless a person set them."""
        frame = self.frame_
        view = kept_in_sight(view, len(self.model.series))
        frame.view = view
        if self.auto_price:
            low, high = self._price_range()
            frame.view = view = replace(view, low=low, high=high)
        self._box.setRange(xRange=(view.first, view.last), yRange=(view.low, view.high), padding=0)
        self._make_ticks()
        frame.largest_volume = largest_volume(frame)
        for item in (self.back, self.live, self.lines, self.cross, self.legend):
            item.fit()
        self.back.invalidate()
        self.live.update()
        self.lines.arrange()
        self.price_axis.relabel()
        self.time_axis.relabel()
        self.cross_changed()
        self.cross.update()
        self._fit_axis()
        self.viewChanged.emit()

    def zoom(self, factor: float, anchor: float | None = None) -> None:
        """Show `factor` times as many bars around a bar index, the last visible bar for None."""
        newest = len(self.model.series) - 1
        self.show_view(zoomed(self.view, factor, min(self.view.last, newest) if anchor is None else anchor))
        self._note_home()

    def pan(self, bars: float) -> None:
        """Move by bars, to later ones if positive."""
        self.show_view(self.view.moved(bars))
        self._note_home()

    def pan_price(self, share: float) -> None:
        """Move the prices by a share of what is in sight; they stay put from then on."""
        self.auto_price = False
        move = share * (self.view.high - self.view.low)
        self.show_view(replace(self.view, low=self.view.low + move, high=self.view.high + move))

    def zoom_price(self, factor: float) -> None:
        """Show `factor` times the span of prices; they stay put from then on."""
        self.auto_price = False
        middle, half = (self.view.low + self.view.high) / 2, (self.view.high - self.view.low) / 2 * factor
        if half > self.model.tick:
            self.show_view(replace(self.view, low=middle - half, high=middle + half))

    def reset_price(self) -> None:
        """Let the prices follow the bars again."""
        self.auto_price = True
        self.show_view(self.view)

    def go_home(self) -> None:
        """Show the newest bars."""
        self._at_home = True
        self.show_view(home(self.view, len(self.model.series), free=FREE_SPACE))

    def go_to_start(self) -> None:
        """Show the oldest bars."""
        self.show_view(self.view.moved(-0.5 - self.view.first))
        self._note_home()

    # ------------------------------------------------------------------ inside
    def _paint_no_background(self) -> None:
        """The picture of the bars and the axes cover every pixel: a background under them would be paid twice."""
        self.setCacheMode(QGraphicsView.CacheModeFlag.CacheNone)
        self.viewport().setAutoFillBackground(False)
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setOptimizationFlag(QGraphicsView.OptimizationFlag.DontSavePainterState)
        self.setOptimizationFlag(QGraphicsView.OptimizationFlag.DontAdjustForAntialiasing)

    def drawBackground(self, painter: QPainter, rect: QRectF | QRect) -> None:
        """Fill the corner below the price axis: the only pixels that no item covers."""
        del rect
        corner = self.from_plot(QPointF(self.view.width, self.view.height))
        size = self.viewport().size()
        box = QRectF(corner.x(), corner.y(), size.width() - corner.x(), size.height() - corner.y())
        painter.fillRect(box, self.frame_.theme.color("chart.bg"))

    def _note_home(self) -> None:
        """New bars push the view on only while the newest is where `go_home` puts it, or further left."""
        wanted = home(self.view, len(self.model.series), free=FREE_SPACE)
        self._at_home = self.view.last >= wanted.last - 0.75

    def _must_rescale(self) -> bool:
        if self.frame_.largest_volume < self._tail_volume():
            return True
        return self.auto_price and self._price_range() != (self.view.low, self.view.high)

    def _tail_volume(self) -> float:
        tail = self.model.series.tail(self.view.level)
        return tail[1].volume if tail and self._newest_in_sight() else 0.0

    def _newest_in_sight(self) -> bool:
        return self.view.first - 1 <= len(self.model.series) - 1 <= self.view.last + 1

    def _live_changed(self) -> None:
        self.live.refresh()
        self.lines.arrange()
        if self.cross.index is None or self.cross.index >= len(self.model.series) - 1:
            self.legend.update()
        self._update_blocks()

    def _price_range(self) -> tuple[float, float]:
        model, view = self.model, self.view
        found = model.series.extremes(*view.bars(len(model.series)))
        if found is None:
            return view.low, view.high
        low, high = found
        if model.quote is not None and model.quote.last is not None and self._newest_in_sight():
            low, high = min(low, model.quote.last), max(high, model.quote.last)
        extra = [float(order.price) for order in model.orders]
        if model.position is not None and model.position.quantity:
            extra.append(float(model.position.average_price))
        return price_range(low, high, extra, model.tick)

    def _make_ticks(self) -> None:
        frame, model, view = self.frame_, self.model, self.view
        tick = model.instrument.min_tick if model.instrument else _ANY_TICK
        frame.price_ticks = price_ticks(view.low, view.high, price_step(view.high - view.low, view.height, tick))
        frame.time_labels = self._labels()

    def _labels(self) -> list[TimeLabel]:
        """Return time labels for what is in sight and as much again at either side.

        They are kept while a pan stays inside, so that they neither cost nor change on the way.
        """
        series, view = self.model.series, self.view
        first, last = view.bars(len(series))
        known = self._known_labels
        about = (series, len(series), round(view.step, 6), self.model.zone)
        if known is not None and known[0] == about and known[1] <= first and last <= known[2]:
            return known[3]
        reach = last - first
        start, end = max(0, first - reach), min(len(series), last + reach)
        labels = time_labels(series.times, series.seconds, (start, end), view.step, self.model.zone)
        self._known_labels = (about, start, end, labels)
        return labels

    def _update_blocks(self) -> None:
        self.price_axis.set_blocks([*self.lines.axis_blocks(), *self._last_block(), *self._cross_block()])

    def _last_block(self) -> list[AxisBlock]:
        price = self.model.last_price
        if price is None or not self.view.low <= price <= self.view.high:
            return []
        left = self._countdown()
        height = last_block_height(countdown=bool(left))
        y = self.view.y_of(price)
        quote = self.model.quote
        late = quote is not None and quote.delayed and price == quote.last
        text = self.frame_.price(price) + f" {formats.DELAYED_MARK}" * late
        colors = ("bg.header", "text.stale") if self.model.stale else ("chart.last", "chart.on_last")
        return [AxisBlock(y, text, *colors, second=left, height=height)]

    def _cross_block(self) -> list[AxisBlock]:
        block = self.cross.price_block()
        return [block] if block else []

    def _countdown(self) -> str:
        """Return the time until the growing bar ends, empty where it has ended or lasts a day."""
        series = self.model.series
        if series.live is None or series.seconds >= DAY_SECONDS:
            return ""
        left = series.live.start_ns + series.seconds * _NS - self._now_ns()
        return formats.countdown(left / _NS) if 0 < left <= series.seconds * _NS else ""

    def _fit_axis(self) -> None:
        width = self.price_axis.fitting_width()
        if self.price_axis.width() != width:
            self.price_axis.setWidth(width)

    def _resized(self) -> None:
        rect = self._box.rect()
        if rect.width() >= 2 and rect.height() >= 2:
            view = resized(self.view, rect.width(), rect.height())
            self.show_view(home(view, len(self.model.series), free=FREE_SPACE) if self._at_home else view)
