# SPDX-License-Identifier: Apache-2.0
"""The chart as a picture: what is drawn equals the bars, what a tick touches, moving about, states, themes."""

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
from PySide6.QtCore import QObject, QPoint, QPointF, Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPushButton
from pytestqt.qtbot import QtBot

from tests.gui.painted import sample
from tests.gui.painted.conftest import Shown, condition_of
from widgets.chart.candles import group_centers
from widgets.chart.interaction import ChartView
from widgets.chart.model import ChartModel
from widgets.chart.panel import ChartPanel
from widgets.chart.pyramid import FACTOR, Columns
from widgets.chart.viewport import FREE_SPACE
from widgets.panel import Condition
from widgets.theme import Theme


def many(count: int) -> tuple[np.ndarray[tuple[int], np.dtype[np.int64]], Columns]:
    rng = np.random.default_rng(2)
    close = 5000 + np.cumsum(rng.normal(0, 1, count))
    opens = np.concatenate(([5000.0], close[:-1]))
    high = np.maximum(opens, close) + rng.random(count) * 3
    low = np.minimum(opens, close) - rng.random(count) * 3
    times = sample.at(9) - np.arange(count, dtype=np.int64)[::-1] * 60 * sample.NS
    return times, Columns(opens, high, low, close, np.full(count, 5.0))


@pytest.mark.parametrize("count", [300, 4_000, 60_000])
def test_the_drawn_highs_and_lows_equal_brute_force(theme: Theme, shown: Shown, count: int) -> None:
    """Every pixel column of candles reaches exactly from the lowest low to the highest high of its bars."""
    model = ChartModel(60)
    model.set_studies([])
    times, data = many(count)
    model.series.load_columns(times, data)
    view = ChartView(theme, model, lambda: sample.NOW)
    shown(view, 900, 500)
    view.rebuilt()
    view.zoom(view.view.step / (700 / count))
    view.go_home()
    QApplication.processEvents()
    image = view.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    width = image.width()
    pixels = np.frombuffer(image.constBits(), dtype=np.uint32).reshape(image.height(), width) & 0xFFFFFF
    colors = [int(theme.hex(f"chart.candle_{name}")[1:], 16) for name in ("up", "down")]
    lit = np.isin(pixels, colors)
    level, frame = view.view.level, view.view
    size = FACTOR**level
    assert level == {300: 0, 4_000: 2, 60_000: 4}[count]
    checked = 0
    for group in range(-(-count // size)):
        part = slice(group * size, min(group * size + size, count))
        x = int(group_centers(frame, level, group, 1)[0])
        if not 2 <= x < frame.width - FREE_SPACE - 12:
            continue
        top = round(frame.y_of(float(data.high[part].max())))
        bottom = max(round(frame.y_of(float(data.low[part].min()))), top + 1)
        column = np.flatnonzero(lit[22 : int(frame.height * 0.85), x]) + 22
        assert len(column)
        assert (column[0], column[-1]) == (top, bottom - 1)
        assert len(column) == bottom - top  # the wick has no gap
        checked += 1
    assert checked > 150


def test_a_tick_paints_the_growing_end_and_not_the_picture(chart: ChartPanel) -> None:
    QApplication.processEvents()
    drawn = chart.view.back.drawn
    last = sample.bars()[-1]
    for place in range(1000):
        close = sample.LAST - 0.25 * (place % 3)
        chart.set_bars([replace(last, close=close, low=min(last.low, close))], reset=False)
        chart.set_quote(sample.quote(close))
        if place % 20 == 0:
            QApplication.processEvents()
    QApplication.processEvents()
    assert chart.view.back.drawn <= drawn + 2
    assert len(chart.model.series) == 320


def test_a_thousand_updates_leave_nothing_behind(chart: ChartPanel) -> None:
    items = len(chart.view.scene().items())
    children = len(chart.findChildren(QObject))
    last = sample.bars()[-1]
    for place in range(1000):
        chart.set_orders(sample.orders()[: place % 4])
        chart.set_position(Decimal(place % 3), Decimal("6751.50"), 1.0 * place)
        chart.set_bars([replace(last, close=sample.LAST - 0.25 * (place % 5))], reset=False)
    QApplication.processEvents()
    assert len(chart.view.scene().items()) == items
    assert len(chart.findChildren(QObject)) == children


def test_a_new_bar_pushes_the_view_only_at_home(chart: ChartPanel) -> None:
    view = chart.view
    last = sample.bars()[-1]
    step = 300 * sample.NS
    before = view.view.first
    chart.set_bars([replace(last, start_ns=last.start_ns + step)], reset=False)
    assert view.view.first == pytest.approx(before + 1)
    view.pan(-40)
    before = view.view.first
    chart.set_bars([replace(last, start_ns=last.start_ns + 2 * step)], reset=False)
    assert view.view.first == before
    view.go_home()
    assert view.view.x_of(len(chart.model.series) - 0.5) == pytest.approx(view.view.width - FREE_SPACE)


def test_a_higher_price_makes_room_for_itself(chart: ChartPanel) -> None:
    top = chart.view.view.high
    chart.set_bars([replace(sample.bars()[-1], high=top + 5)], reset=False)
    assert chart.view.view.high > top + 5
    chart.set_quote(sample.quote(top + 30))
    assert chart.view.view.high > top + 30


def test_keys_move_about(chart: ChartPanel) -> None:
    view = chart.view
    view.setFocus()

    def after(key: Qt.Key) -> tuple[float, float, float]:
        QTest.keyClick(view, key)
        return view.view.first, view.view.step, view.view.low

    first, step, low = view.view.first, view.view.step, view.view.low
    assert after(Qt.Key.Key_Plus)[1] > step
    assert after(Qt.Key.Key_Minus)[1] == pytest.approx(step)
    assert after(Qt.Key.Key_Left)[0] < first
    assert after(Qt.Key.Key_Home)[0] == pytest.approx(-0.5)
    assert after(Qt.Key.Key_End)[0] == pytest.approx(first)
    assert after(Qt.Key.Key_Up)[2] > low
    assert after(Qt.Key.Key_R)[2] == pytest.approx(low)


def test_dragging_the_plot_pans_and_clicks_nothing(chart: ChartPanel) -> None:
    clicks: list[object] = []
    chart.priceClicked.connect(lambda price, *_: clicks.append(price))
    first, step = chart.view.view.first, chart.view.view.step
    port = chart.view.viewport()
    QTest.mousePress(port, Qt.MouseButton.LeftButton, pos=QPoint(200, 200))
    QTest.mouseMove(port, QPoint(260, 203))
    QTest.mouseMove(port, QPoint(330, 203))
    QTest.mouseRelease(port, Qt.MouseButton.LeftButton, pos=QPoint(330, 203))
    assert chart.view.view.first == pytest.approx(first - 130 / step)
    assert clicks == []


def test_crosshair_reads_a_bar_and_locks(chart: ChartPanel) -> None:
    view = chart.view
    QTest.mouseMove(view.viewport(), view.from_plot(QPointF(view.view.x_of(290), 150)).toPoint())
    assert view.cross.index == 290
    assert view.time_axis.cross is not None
    assert view.time_axis.cross[1] == "09:15"
    row = chart.model.series.row(290)
    assert f"C {row.close:,.2f}" in view.legend.text()
    QTest.keyClick(view, Qt.Key.Key_Space)
    QTest.keyClick(view, Qt.Key.Key_Left)
    assert view.cross.index == 289
    QTest.keyClick(view, Qt.Key.Key_Space)
    assert view.cross.index is None


def test_last_price_block_counts_the_bar_down(chart: ChartPanel) -> None:
    block = next(block for block in chart.view.price_axis.blocks if block.fill == "chart.last")
    assert (block.text, block.second) == ("6,762.50", "2:53")


def test_a_silent_source_takes_the_colour_from_the_last_price_and_gives_it_back(chart: ChartPanel) -> None:
    def looks() -> tuple[str, str, Condition]:
        block = chart.view._last_block()[0]
        return block.color, str(chart.change.property("tone")), condition_of(chart)

    chart.set_quote(sample.quote())
    chart.show_age(0.4, 2.0)
    assert looks() == ("chart.on_last", "up", Condition.LIVE)
    chart.show_age(2.0, 2.0)
    assert looks() == ("text.stale", "stale", Condition.STALE)
    assert chart.last.property("tone") == "stale"
    chart.show_age(None, 2.0)
    assert looks()[2] is Condition.STALE
    chart.show_age(0.1, 2.0)
    assert looks() == ("chart.on_last", "up", Condition.LIVE)


def test_time_frames_ask_and_wait(chart: ChartPanel, qtbot: QtBot) -> None:
    button = next(item for item in chart.time_frames.findChildren(QPushButton) if item.text() == "15m")
    with qtbot.waitSignal(chart.timeFrameChanged) as caught:
        button.click()
    assert caught.args == [900]
    assert condition_of(chart) is Condition.LOADING
    with pytest.raises(ValueError, match="must last 900 s, was 300 s"):
        chart.set_bars(sample.bars(), reset=True)
    chart.set_bars(sample.bars(900), reset=True)
    assert condition_of(chart) is Condition.LIVE


def test_studies_switch_and_take_their_parameter(chart: ChartPanel, qtbot: QtBot) -> None:
    rows = chart.study_button.list
    with qtbot.waitSignal(chart.studiesChanged):
        rows.fields[0].setValue(9)
    assert "EMA 9 " in chart.view.legend.text()
    rows.boxes[2].setChecked(False)
    assert "VWAP" not in chart.view.legend.text()
    rows.boxes[1].setChecked(True)
    assert "SMA 50" in chart.view.legend.text()


def test_states_without_data(theme: Theme, shown: Shown) -> None:
    panel = ChartPanel(theme, lambda: sample.NOW)
    shown(panel, 600, 400)
    assert condition_of(panel) is Condition.EMPTY
    panel.set_instrument(sample.INSTRUMENT, "E-mini")
    assert condition_of(panel) is Condition.LOADING
    panel.set_bars([], reset=True)
    assert condition_of(panel) is Condition.EMPTY
    panel.set_bars(sample.bars(count=1), reset=True)
    assert condition_of(panel) is Condition.LIVE
    panel.set_instrument(None, "")
    assert condition_of(panel) is Condition.EMPTY


def test_bars_of_another_instrument_are_refused(chart: ChartPanel) -> None:
    other = replace(sample.bars()[-1], instrument_id=type(sample.INSTRUMENT.id)("NQ"))
    with pytest.raises(ValueError, match="must be of ES 20260619, was of NQ"):
        chart.set_bars([other], reset=False)


def test_a_theme_switch_repaints_in_the_new_colours(chart: ChartPanel, theme: Theme) -> None:
    for name in ("light", "contrast", "cvd", "dark"):
        theme.switch(name=name)
        QApplication.processEvents()
        image = chart.view.grab().toImage()
        assert image.pixelColor(image.width() - 3, image.height() - 3) == theme.color("chart.bg")
        found = {image.pixelColor(x, y).name().upper() for x in range(0, 700, 3) for y in range(30, 500, 3)}
        assert theme.hex("chart.candle_down") in found
        assert theme.hex("chart.bg_closed") in found


def test_every_control_has_a_name(chart: ChartPanel) -> None:
    for button in chart.findChildren(QPushButton):
        assert button.accessibleName()
    assert chart.view.accessibleName() == "Chart"
    assert "EMA 20" in chart.view.accessibleDescription()


@pytest.mark.parametrize(
    ("width", "target", "average"), [(768, True, True), (660, False, True), (560, False, False), (490, False, False)]
)
def test_the_strip_gives_way_in_order(theme: Theme, shown: Shown, width: int, target: bool, average: bool) -> None:
    from tests.gui.painted import render

    panel = render.chart(theme)
    shown(panel, width, 400)
    strip = panel.strip
    assert (strip.target.isVisible(), strip.size_.detail.isVisible()) == (target, average)
    # what never leaves is there in full
    for part in (strip.size_, strip.open, strip.stop, strip.cancel, strip.flatten):
        assert part.isVisible()
        assert part.width() >= part.sizeHint().width()
