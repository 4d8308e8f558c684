# SPDX-License-Identifier: Apache-2.0
"""The theme on real widgets: what it paints, and that it changes without a restart."""

import dataclasses

import pytest
from PySide6.QtGui import QFontInfo, QFontMetricsF, QPixmap
from PySide6.QtWidgets import QApplication, QCheckBox, QComboBox, QPushButton, QSpinBox, QWidget
from pytestqt.qtbot import QtBot

import resources
from tests.gui.look.pixels import colors
from widgets.controls.buttons import Button, ButtonKind, IconButton
from widgets.controls.link_chip import LinkChip
from widgets.panel import Panel
from widgets.theme import Theme, TokenError, palette, set_property
from widgets.theme.fonts import FontBook, even_digits, load_family
from widgets.theme.images import sheet_images

ALL = ["dark", "light", "contrast", "cvd"]


def test_the_shipped_fonts_are_the_ones_that_are_used(theme: Theme) -> None:
    assert load_family("ui") == "Inter"
    assert load_family("mono") == "JetBrains Mono"
    assert QFontInfo(theme.font()).family() == "Inter"
    assert QFontInfo(theme.font("body", "strong")).weight() == 600
    assert QFontInfo(theme.font("hero")).pixelSize() == 22
    assert QFontInfo(theme.mono()).family() == "JetBrains Mono"


@pytest.mark.parametrize("weight", ["regular", "medium", "strong"])
def test_digits_are_equally_wide(theme: Theme, weight: str) -> None:
    assert even_digits(theme.number_font("body", weight))
    metrics = QFontMetricsF(theme.number_font("body", weight))
    assert metrics.horizontalAdvance("\u2007") == pytest.approx(metrics.horizontalAdvance("0"), abs=0.01)


def test_without_even_digits_numbers_take_the_mono_face(theme: Theme) -> None:
    book = FontBook(dataclasses.replace(theme.tokens, features=()), "compact")
    assert book.numbers_are_mono
    assert not even_digits(book.ui())
    assert QFontInfo(book.number()).family() == "JetBrains Mono"
    assert QFontInfo(book.number()).pixelSize() == theme.sizes.body - 1
    assert even_digits(book.number())


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("density", ["compact", "normal", "relaxed"])
def test_every_theme_and_density_makes_a_whole_sheet(qapp: QApplication, theme: Theme, name: str, density: str) -> None:
    theme.switch(name=name, density=density)
    sheet = qapp.styleSheet()
    assert theme.hex("bg.panel") in sheet
    assert not [line for line in sheet.splitlines() if "{bg." in line or "{density" in line or "{image" in line]


def test_an_unknown_name_in_the_sheet_stops_it(theme: Theme) -> None:
    with pytest.raises(TokenError, match=r"bg\.panle"):
        palette.build_sheet(theme.tokens, theme.tokens.theme("dark"), "compact", {}, "QWidget { color: {bg.panle}; }")


def test_an_unknown_theme_leaves_the_old_one_in_place(theme: Theme) -> None:
    with pytest.raises(TokenError, match="dark, light, contrast, cvd"):
        theme.switch(name="solarized")
    with pytest.raises(TokenError, match="compact, normal, relaxed"):
        theme.switch(name="light", density="tiny")
    assert (theme.name, theme.density_name) == ("dark", "compact")


def test_a_switch_restyles_what_is_on_the_screen(qtbot: QtBot, theme: Theme) -> None:
    panel = Panel(theme, "Orders", link_group=3)
    panel.set_body(QWidget())
    button = Button(theme, "Buy 1", ButtonKind.BUY)
    panel.add_tool(button)
    qtbot.addWidget(panel)
    panel.resize(300, 120)
    panel.show()
    dark = colors(panel)
    assert {theme.hex("bg.panel"), theme.hex("side.bid_solid"), theme.hex("link.c3")} <= dark
    with qtbot.waitSignal(theme.changed):
        theme.switch(name="light")
    light = colors(panel)
    assert {theme.hex("bg.panel"), theme.hex("side.bid_solid"), theme.hex("link.c3")} <= light
    assert not {"#10141B", "#1769B8", "#B58BF7"} & light


def test_a_denser_theme_changes_heights_at_once(qtbot: QtBot, theme: Theme) -> None:
    panel = Panel(theme, "Orders")
    qtbot.addWidget(panel)
    assert panel.header.height() == 26
    theme.switch(density="relaxed")
    assert panel.header.height() == 34
    assert QApplication.font().pixelSize() == 14


def test_icons_are_tinted_with_the_token(theme: Theme) -> None:
    image = theme.pixmap("kill", "state.danger", 32).toImage()
    solid = {
        image.pixelColor(x, y).name().upper()
        for x in range(32)
        for y in range(32)
        if image.pixelColor(x, y).alpha() == 255
    }
    assert solid == {theme.hex("state.danger")}


@pytest.mark.parametrize("name", resources.names("icons", ".svg"))
def test_every_icon_can_be_drawn(theme: Theme, name: str) -> None:
    pixmap = theme.pixmap(name.removeprefix("icons/").removesuffix(".svg"), "text.primary", 16, 2.0)
    assert pixmap.width() == 32
    assert pixmap.devicePixelRatio() == 2.0


def test_an_unknown_icon_is_named_with_those_that_exist(theme: Theme) -> None:
    with pytest.raises(TokenError, match=r"must be one of .*bell.*was 'bel'"):
        theme.icon("bel")


def test_the_images_of_the_sheet_are_found_by_qt(theme: Theme) -> None:
    for address in sheet_images(theme.tokens.theme("light")).values():
        assert not QPixmap(address).isNull(), address


def test_a_check_box_shows_its_tick_and_a_list_its_arrow(qtbot: QtBot, theme: Theme) -> None:
    box, choice, spin = QCheckBox(), QComboBox(), QSpinBox()
    box.setChecked(True)
    for widget in (box, choice, spin):
        qtbot.addWidget(widget)
        widget.resize(80, 24)
        widget.show()
    assert {theme.hex("accent.solid"), theme.hex("accent.on_solid")} <= colors(box)
    assert theme.hex("text.muted") in colors(spin)
    arrow = choice.rect().adjusted(60, 2, -2, -2)
    assert len(colors(choice, arrow)) > 1


def test_pens_and_brushes_are_made_once_per_theme(theme: Theme) -> None:
    pen = theme.pen("chart.buy_line", 1, (7, 4))
    assert pen is theme.pen("chart.buy_line", 1, (7, 4))
    assert pen.isCosmetic()
    assert theme.brush("bg.panel") is theme.brush("bg.panel")
    theme.switch(name="light")
    assert theme.pen("chart.buy_line", 1, (7, 4)).color().name().upper() == theme.hex("chart.buy_line")


def test_reduced_motion_stops_movement_but_not_the_rules(theme: Theme) -> None:
    theme.switch(reduced_motion=True)
    assert (theme.motion.flash, theme.motion.toast_in) == (0, 0)
    assert theme.motion.hold_to_fire == 1000
    assert theme.motion.arm_timeout == 900_000


def test_a_property_repolishes_only_when_it_changes(qtbot: QtBot, theme: Theme) -> None:
    button = QPushButton("Flatten")
    qtbot.addWidget(button)
    button.show()
    set_property(button, "kind", "danger_solid")
    assert theme.hex("state.danger_solid") in colors(button)
    set_property(button, "kind", "plain")
    assert theme.hex("state.danger_solid") not in colors(button)


def test_buttons_without_words_have_a_name(qtbot: QtBot, theme: Theme) -> None:
    for widget in (IconButton(theme, "gear", "Settings"), LinkChip(theme, 0)):
        qtbot.addWidget(widget)
        assert widget.accessibleName()
        assert widget.toolTip()
