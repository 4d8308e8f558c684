# SPDX-License-Identifier: Apache-2.0
"""Controls under the hand: steps, wheel, holding, arming, focus, toasts."""

import gc
import weakref
from collections.abc import Callable
from decimal import Decimal

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication, QLineEdit, QPushButton, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from tests.gui.look.pixels import colors
from widgets.controls.age_label import AgeLabel
from widgets.controls.bars import LimitBar, RangeBar, Sparkline
from widgets.controls.buttons import Button, ButtonKind, IconButton
from widgets.controls.decimal_spin import DecimalSpin
from widgets.controls.field import Field
from widgets.controls.focus_ring import FocusRing
from widgets.controls.hold_button import HoldButton
from widgets.controls.link_chip import LinkChip
from widgets.controls.mode import ArmStrip, ModeBadge, ModeLine
from widgets.controls.segments import Segments
from widgets.panel import Action, Panel
from widgets.tables import Column, Table, TableModel
from widgets.theme import Theme
from widgets.toasts import Toast, ToastKind, Toasts

SHIFT, CTRL = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def price(qtbot: QtBot, theme: Theme) -> DecimalSpin:
    spin = DecimalSpin(
        theme,
        "Limit price",
        tick=Decimal("0.25"),
        minimum=Decimal(1),
        maximum=Decimal(10_000),
        value=Decimal("6758.25"),
    )
    qtbot.addWidget(spin)
    spin.show()
    spin.activateWindow()
    spin.setFocus()
    qtbot.waitUntil(spin.hasFocus)
    return spin


# ---------------------------------------------------------------------------- spin
@pytest.mark.parametrize(
    ("key", "modifier", "value"),
    [
        (Qt.Key.Key_Up, Qt.KeyboardModifier.NoModifier, "6758.50"),
        (Qt.Key.Key_Down, Qt.KeyboardModifier.NoModifier, "6758.00"),
        (Qt.Key.Key_Up, SHIFT, "6760.75"),
        (Qt.Key.Key_Down, CTRL, "6733.25"),
        (Qt.Key.Key_PageUp, Qt.KeyboardModifier.NoModifier, "6760.75"),
    ],
)
def test_keys_step_by_ticks(
    qtbot: QtBot, price: DecimalSpin, key: Qt.Key, modifier: Qt.KeyboardModifier, value: str
) -> None:
    qtbot.keyClick(price, key, modifier)
    assert price.value == Decimal(value)
    assert price.text() == f"{Decimal(value):,.2f}"


def test_tenths_stay_exact(qtbot: QtBot, theme: Theme) -> None:
    spin = DecimalSpin(theme, "Price", tick=Decimal("0.1"), value=Decimal(0))
    qtbot.addWidget(spin)
    for _ in range(3):
        spin.stepBy(1)
    assert spin.value == Decimal("0.3")


def test_a_step_from_beside_the_grid_goes_to_the_grid(price: DecimalSpin) -> None:
    price.lineEdit().setText("6,758.30")
    price.stepBy(1)
    assert price.value == Decimal("6758.50")
    price.lineEdit().setText("6,758.30")
    price.stepBy(-1)
    assert price.value == Decimal("6758.25")


def wheel(spin: DecimalSpin, notches: int) -> None:
    event = QWheelEvent(
        QPointF(5, 5),
        QPointF(5, 5),
        QPoint(0, 0),
        QPoint(0, 120 * notches),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(spin, event)


def test_the_wheel_turns_only_with_the_focus(qtbot: QtBot, price: DecimalSpin) -> None:
    wheel(price, 1)
    assert price.value == Decimal("6758.50")
    price.clearFocus()
    wheel(price, 1)
    assert price.value == Decimal("6758.50")


@pytest.mark.parametrize(
    ("typed", "error"),
    [
        ("6758.30", "Limit price must be a multiple of 0.25"),
        ("0.25", "Limit price must be 1.00 or more"),
        ("20000", "Limit price must be 10,000.00 or less"),
        ("1.2.3", "Limit price must be a number, was 1.2.3"),
    ],
)
def test_a_wrong_number_is_named_and_has_no_value(
    qtbot: QtBot, theme: Theme, price: DecimalSpin, typed: str, error: str
) -> None:
    field = Field(theme, "Limit price", price, hint="tick 0.25")
    qtbot.addWidget(field)
    field.show()
    price.selectAll()
    qtbot.keyClicks(price, typed)
    assert price.value is None
    assert price.error == error
    assert field.line_text == error
    assert price.lineEdit().text() == typed
    assert theme.hex("state.danger") in colors(price)
    price.set_value(Decimal("6758.25"))
    assert field.line_text == "tick 0.25"
    price.setParent(None)


def test_letters_do_not_get_into_a_number(qtbot: QtBot, price: DecimalSpin) -> None:
    price.selectAll()
    qtbot.keyClicks(price, "6a7e5")
    assert price.value == Decimal(675)


def test_an_error_from_outside_is_shown_but_keeps_the_number(price: DecimalSpin) -> None:
    price.set_error("past collar 0.5%")
    assert price.error == "past collar 0.5%"
    assert price.value == Decimal("6758.25")
    price.set_error("")
    assert price.error == ""


def test_leaving_the_field_keeps_what_was_typed(qtbot: QtBot, price: DecimalSpin) -> None:
    price.selectAll()
    qtbot.keyClicks(price, "6,759.75")
    qtbot.keyClick(price, Qt.Key.Key_Return)
    price.clearFocus()
    assert price.value == Decimal("6759.75")
    assert price.text() == "6,759.75"


def test_steps_stop_at_the_bounds(price: DecimalSpin) -> None:
    price.set_value(Decimal("9999.75"))
    price.stepBy(10)
    assert price.value == Decimal(10_000)


# ---------------------------------------------------------------------------- hold
@pytest.fixture
def hold(qtbot: QtBot, theme: Theme) -> HoldButton:
    button = HoldButton(theme, "Stop all")
    qtbot.addWidget(button)
    button.show()
    return button


def test_holding_to_the_end_fires_once(qtbot: QtBot, theme: Theme, hold: HoldButton) -> None:
    fired: list[int] = []
    hold.fired.connect(lambda: fired.append(1))
    qtbot.mousePress(hold, Qt.MouseButton.LeftButton)
    hold.skip_to(0.5)
    assert hold.held_share == pytest.approx(0.5)
    assert {theme.hex("state.danger_solid"), theme.hex("state.danger_fill")} <= colors(hold)
    hold.skip_to(1.0)
    qtbot.mouseRelease(hold, Qt.MouseButton.LeftButton)
    assert fired == [1]


def test_letting_go_early_does_nothing(qtbot: QtBot, hold: HoldButton) -> None:
    fired: list[int] = []
    hold.fired.connect(lambda: fired.append(1))
    qtbot.mousePress(hold, Qt.MouseButton.LeftButton)
    hold.skip_to(0.99)
    with qtbot.waitSignal(hold.aborted):
        qtbot.mouseRelease(hold, Qt.MouseButton.LeftButton)
    assert fired == []
    assert hold.held_share == 0.0


def test_the_space_key_holds_too_and_its_repeats_do_not_restart(qtbot: QtBot, hold: HoldButton) -> None:
    qtbot.keyPress(hold, Qt.Key.Key_Space)
    hold.skip_to(0.6)
    hold.begin()
    assert hold.held_share == pytest.approx(0.6)
    with qtbot.waitSignal(hold.fired):
        hold.skip_to(1.0)


def test_reduced_motion_does_not_shorten_the_hold(theme: Theme, hold: HoldButton) -> None:
    theme.switch(reduced_motion=True)
    hold.begin()
    hold.skip_to(0.5)
    assert hold.held_share == pytest.approx(0.5)
    hold.abort()


# ---------------------------------------------------------------------------- small parts
def test_segments_are_chosen_by_click_and_arrow(qtbot: QtBot, theme: Theme) -> None:
    frames = Segments(theme, "Time frame", [("1m", "1m"), ("5m", "5m"), ("1h", "1h")], current="1m")
    qtbot.addWidget(frames)
    frames.show()
    with qtbot.waitSignal(frames.chosen) as chosen:
        qtbot.mouseClick(frames.findChildren(QPushButton)[1], Qt.MouseButton.LeftButton)
    assert chosen.args == ["5m"]
    assert frames.current == "5m"
    with pytest.raises(LookupError, match="1m, 5m, 1h"):
        frames.set_current("2m")


def test_the_more_real_the_money_the_more_solid(qtbot: QtBot, theme: Theme) -> None:
    shares = {}
    for mode in ("live", "paper", "demo"):
        line = ModeLine(theme, mode)
        qtbot.addWidget(line)
        line.resize(200, 2)
        line.show()
        image = line.grab().toImage()
        color = theme.hex(f"mode.{mode}")
        shares[mode] = sum(image.pixelColor(x, 1).name().upper() == color for x in range(200)) / 200
    assert shares["live"] == 1.0
    assert shares["live"] > shares["paper"] > shares["demo"] > 0
    badge = ModeBadge("live")
    qtbot.addWidget(badge)
    badge.show()
    assert theme.hex("mode.live") in colors(badge)
    with pytest.raises(ValueError, match="live, paper, demo"):
        badge.set_mode("real")


def test_the_arm_strip_keeps_its_place(qtbot: QtBot, theme: Theme) -> None:
    strip = ArmStrip(theme)
    qtbot.addWidget(strip)
    strip.resize(100, 4)
    strip.show()
    assert colors(strip) == {theme.hex("bg.panel")}
    strip.set_armed(True)
    assert strip.height() == 4
    assert {theme.hex("state.armed"), theme.hex("state.on_armed")} <= colors(strip)
    assert strip.accessibleName().startswith("Armed")


def test_a_limit_bar_changes_colour_at_near_and_over(qtbot: QtBot, theme: Theme) -> None:
    bar = LimitBar(theme, "Net delta")
    qtbot.addWidget(bar)
    bar.resize(120, 12)
    bar.show()
    for share, token in ((0.74, "text.muted"), (0.75, "state.warn"), (1.0, "state.danger")):
        bar.set_share(share)
        assert theme.hex(token) in colors(bar)
    assert bar.accessibleDescription() == "100% used"


def test_an_age_turns_stale(qtbot: QtBot, theme: Theme) -> None:
    age = AgeLabel("Data age", theme.tokens.age.quote_stale)
    qtbot.addWidget(age)
    stale = []
    for seconds in (1.9, 2.0, None):
        age.set_age(seconds)
        stale.append(age.stale)
    assert stale == [False, True, True]
    assert age.text() == "–"


def test_the_ring_stands_around_the_focus(qtbot: QtBot, theme: Theme) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    column = QVBoxLayout(window)
    first, second = QLineEdit(), DecimalSpin(theme, "Price", tick=Decimal(1))
    column.addWidget(first)
    column.addWidget(second)
    ring = FocusRing(theme, window)
    window.show()
    window.activateWindow()
    first.setFocus()
    qtbot.waitUntil(lambda: ring.target is first)
    assert ring.geometry().contains(first.geometry())
    second.setFocus()
    qtbot.waitUntil(lambda: ring.target is second)
    assert theme.hex("focus.ring") in colors(window)
    window.resize(400, 200)
    assert ring.geometry().contains(second.geometry())
    second.hide()
    assert not ring.isVisible() or ring.target is not second


# ---------------------------------------------------------------------------- toasts
@pytest.fixture
def toasts(qtbot: QtBot, theme: Theme) -> Toasts:
    theme.switch(reduced_motion=True)
    window = QWidget()
    qtbot.addWidget(window)
    window.resize(900, 600)
    window.show()
    return Toasts(theme, window, corner=lambda: QPoint(window.width(), window.height() - 24))


def test_at_most_three_newest_below_and_trouble_outlives_information(toasts: Toasts) -> None:
    toasts.show_toast(Toast(kind=ToastKind.ERROR, title="Order 1 rejected"))
    for number in range(3):
        toasts.show_toast(Toast(kind=ToastKind.INFO, title=f"Saved {number}"))
    titles = [card.toast.title for card in toasts.cards]
    assert titles == ["Order 1 rejected", "Saved 1", "Saved 2"]
    tops = [card.y() for card in toasts.cards]
    assert tops == sorted(tops)
    last = toasts.cards[-1]
    assert last.geometry().bottom() < 600 - 24


def test_the_same_trouble_counts_up(toasts: Toasts) -> None:
    for _ in range(4):
        toasts.show_toast(Toast(kind=ToastKind.WARN, title="Data is late", text="Stock feed"))
    assert [card.count for card in toasts.cards] == [4]


def test_information_leaves_and_trouble_stays(toasts: Toasts) -> None:
    info = toasts.show_toast(Toast(kind=ToastKind.INFO, title="Saved"))
    error = toasts.show_toast(Toast(kind=ToastKind.ERROR, title="Rejected", key="order 1"))
    assert info.leaves_by_itself
    assert not error.leaves_by_itself
    toasts.dismiss("order 1")
    assert toasts.cards == [info]


def test_a_fill_has_the_colour_of_its_side(theme: Theme, toasts: Toasts) -> None:
    card = toasts.show_toast(Toast(kind=ToastKind.FILL, title="Sold 2 ESM6", side="sell"))
    assert theme.hex("side.ask") in colors(card)


def test_an_action_comes_back_and_close_closes(qtbot: QtBot, toasts: Toasts) -> None:
    toast = Toast(kind=ToastKind.ERROR, title="Rejected", action=Action("edit:1", "Edit price"))
    card = toasts.show_toast(toast)
    with qtbot.waitSignal(toasts.action_chosen) as chosen:
        card.findChildren(Button)[0].click()
    assert chosen.args == ["edit:1"]
    card.findChildren(IconButton)[0].click()
    assert toasts.cards == []


# ---------------------------------------------------------------------------- all of them
PARTS: list[Callable[[Theme], QWidget]] = [
    lambda theme: Panel(theme, "Orders", link_group=1),
    lambda theme: Table(theme, TableModel([Column(key="a", title="A")]), name="Orders"),
    lambda theme: Button(theme, "Buy", ButtonKind.BUY, icon="lock", shortcut="F9"),
    lambda theme: IconButton(theme, "gear", "Settings"),
    lambda theme: LinkChip(theme, 3),
    lambda theme: DecimalSpin(theme, "Price", tick=Decimal(1)),
    lambda theme: Field(theme, "Price", DecimalSpin(theme, "Price", tick=Decimal(1))),
    lambda theme: Segments(theme, "Frame", [("a", "A")]),
    lambda theme: HoldButton(theme, "Stop all"),
    lambda theme: ModeLine(theme, "demo"),
    lambda _: ModeBadge("demo"),
    ArmStrip,
    lambda theme: LimitBar(theme, "Delta"),
    lambda theme: RangeBar(theme, "Day"),
    lambda theme: Sparkline(theme, "Hour"),
    lambda _: AgeLabel("Age", 2000),
]


@pytest.mark.parametrize("make", PARTS)
@pytest.mark.parametrize("name", ["dark", "light", "contrast", "cvd"])
def test_every_part_lives_in_every_theme_and_leaves_nothing(
    qtbot: QtBot, qapp: QApplication, theme: Theme, make: Callable[[Theme], QWidget], name: str
) -> None:
    before = set(qapp.topLevelWidgets())
    window = QWidget()
    part = make(theme)
    part.setParent(window)
    part.resize(200, 60)
    window.show()
    theme.switch(name=name, density="normal")
    assert not part.grab().isNull()
    nameless = [
        type(child).__name__
        for child in (part, *part.findChildren(QWidget))
        if child.focusPolicy() is not Qt.FocusPolicy.NoFocus
        and not child.accessibleName()
        and not isinstance(child, QLineEdit)
    ]
    assert not nameless
    gone = weakref.ref(part)
    window.close()
    window.deleteLater()
    del window, part, nameless
    qapp.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    gc.collect()
    assert set(qapp.topLevelWidgets()) <= before
    assert gone() is None
    theme.switch(name="dark", density="compact")  # nobody is left to hear it
