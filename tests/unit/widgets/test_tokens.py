# SPDX-License-Identifier: Apache-2.0
"""The gate of the look: every pair of tokens that meets on the screen can be read, by everyone."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import resources
from tests.unit.widgets.colour_science import contrast, distance, seen_with
from widgets.theme import tokens
from widgets.theme.tokens import TokenError

TOKENS = tokens.load()
THEMES = sorted(TOKENS.themes)
ROOT = Path(tokens.__file__).parents[1]

TEXT, STRICT_TEXT, GRAPHIC = 4.5, 7.0, 3.0
BACKS = ("bg.window", "bg.panel", "bg.row_alt", "bg.header")
SURFACES = (*BACKS, "bg.raised", "bg.input", "bg.hover", "bg.overlay", "bg.selection", "bg.selection_idle")
READING = ("text.primary", "text.secondary", "text.muted")
SIGNALS = ("sign.up", "sign.down", "side.bid", "side.ask", "state.warn", "state.danger", "accent.text")
HEAT = tuple(f"heat.{step}" for step in ("n4", "n3", "n2", "n1", "zero", "p1", "p2", "p3", "p4"))
SIDE_AND_STATE_FILLS = (
    "side.bid_fill",
    "side.ask_fill",
    "state.warn_fill",
    "state.danger_fill",
    "state.armed_fill",
)
FILLS = ("sign.up_fill", "sign.down_fill", *SIDE_AND_STATE_FILLS, "accent.fill")
CHART_LINES = (
    "crosshair",
    "candle_up",
    "candle_down",
    "last",
    "position",
    "buy_line",
    "sell_line",
    "curve_now",
    "curve_mid",
    "curve_expiry",
    "volume",
)
WORDS_ON_FILLS = (
    *(("accent.on_solid", f"accent.{step}") for step in ("solid", "hover", "pressed")),
    *(("side.on_solid", f"side.{side}_{step}") for side in ("bid", "ask") for step in ("solid", "hover", "pressed")),
    *(("state.on_danger", f"state.danger_{step}") for step in ("solid", "hover", "pressed")),
    ("state.on_armed", "state.armed"),
    *((f"mode.on_{mode}", f"mode.{mode}") for mode in ("live", "paper", "demo")),
    ("chart.on_last", "chart.last"),
    ("chart.on_crosshair_tag", "chart.crosshair_tag"),
    ("sign.up", "sign.up_fill"),
    ("sign.down", "sign.down_fill"),
    ("side.bid", "side.bid_fill"),
    ("side.ask", "side.ask_fill"),
    ("state.warn", "state.warn_fill"),
    ("state.danger", "state.danger_fill"),
    ("accent.text", "accent.fill"),
    ("chart.axis_text", "chart.bg"),
    ("chart.axis_text", "chart.bg_closed"),
)
# Floors of CIEDE2000 between up and down, as seen with deuteranopia, protanopia, tritanopia.
FLOORS = {name: (40, 40, 40) if name == "cvd" else (20, 15, 40) for name in THEMES}

Pair = tuple[str, str, float]


def text_pairs(strict: float) -> Iterator[Pair]:
    for back in SURFACES:
        yield from ((front, back, strict) for front in READING)
        yield from ((front, back, TEXT) for front in SIGNALS)
    yield from ((front, "bg.pressed", TEXT) for front in READING)
    for back in BACKS:
        yield "text.stale", back, TEXT
        yield from ((f"mode.{mode}_text", back, TEXT) for mode in ("live", "paper", "demo"))
    yield from ((front, back, TEXT) for front, back in WORDS_ON_FILLS)
    yield from (("text.primary", back, strict) for back in FILLS + HEAT)
    yield from (("text.secondary", back, TEXT) for back in SIDE_AND_STATE_FILLS)
    yield from (("link.digit", f"link.c{number}", TEXT) for number in range(1, 9))


def graphic_pairs() -> Iterator[Pair]:
    yield from (("focus.ring", back, GRAPHIC) for back in SURFACES)
    for back in BACKS:
        fronts = [f"mode.{mode}" for mode in ("live", "paper", "demo")]
        fronts += [f"link.c{number}" for number in range(1, 9)]
        yield from ((front, back, GRAPHIC) for front in (*fronts, "state.ok", "state.armed_edge"))
    yield from (("text.disabled", back, GRAPHIC) for back in ("bg.panel", "bg.header", "bg.raised"))
    edges = ("bg.panel", "bg.input", "bg.header", "bg.overlay")
    yield from (("border.control", back, GRAPHIC) for back in edges)
    for back in ("chart.bg", "chart.bg_closed"):
        yield from ((f"chart.{line}", back, GRAPHIC) for line in CHART_LINES)
        yield from ((f"study.s{number}", back, GRAPHIC) for number in range(1, 9))


@pytest.mark.parametrize("name", THEMES)
def test_text_and_graphics_stand_out(name: str) -> None:
    theme = TOKENS.theme(name)
    strict = STRICT_TEXT if name == "contrast" else TEXT
    pairs = [*text_pairs(strict), *graphic_pairs()]
    weak = [
        f"{front} on {back}: {ratio:.2f} < {floor}"
        for front, back, floor in pairs
        if (ratio := contrast(theme.hex(front), theme.hex(back))) < floor
    ]
    assert len(pairs) > 250
    assert not weak


@pytest.mark.parametrize("pair", [("sign.up", "sign.down"), ("chart.candle_up", "chart.candle_down")])
@pytest.mark.parametrize("name", THEMES)
def test_up_and_down_differ_for_every_eye(name: str, pair: tuple[str, str]) -> None:
    first, second = (TOKENS.theme(name).hex(token) for token in pair)
    for deficiency, floor in zip(("deutan", "protan", "tritan"), FLOORS[name], strict=True):
        apart = distance(seen_with(first, deficiency), seen_with(second, deficiency))
        assert apart >= floor, f"{name}: {pair} {deficiency} {apart:.1f}"


def test_ciede2000_agrees_with_published_values() -> None:
    # Two sRGB pairs with distances known from independent implementations.
    assert distance("#FFFFFF", "#000000") == pytest.approx(100.0, abs=0.01)
    assert distance("#FF0000", "#00FF00") == pytest.approx(86.61, abs=0.02)
    assert contrast("#FFFFFF", "#000000") == pytest.approx(21.0)


def test_a_colour_that_is_not_a_token_is_refused_with_its_neighbours() -> None:
    with pytest.raises(TokenError, match=r"text\.muted"):
        TOKENS.theme("dark").hex("text.mute")
    with pytest.raises(TokenError, match="dark, light, contrast, cvd"):
        TOKENS.theme("solarized")


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('primary = "#E8ECF2"', 'primary = "#e8ecf2"', "#RRGGBB"),
        ('muted = "#566274"', "", "differ at text.muted"),
        ("row = 20\n", "", "'row' is missing"),
        ("row = 20\n", "row = 20\nrows = 3\n", "'rows' is unknown"),
        ("flash = 180 ", 'flash = "180" ', "number of 0 or more"),
        ("[space]", "[space", "not readable"),
    ],
)
def test_a_broken_token_file_says_which_rule_it_breaks(old: str, new: str, complaint: str) -> None:
    text = resources.read_text(tokens.TOKENS)
    assert old in text
    with pytest.raises(TokenError, match=re.escape(complaint)):
        tokens.load(text.replace(old, new, 1))


def test_every_token_named_in_the_code_exists() -> None:
    known = set(TOKENS.theme("dark").colors)
    groups = {key.split(".")[0] for key in known}
    pattern = re.compile(rf"""["']({"|".join(sorted(groups))})\.([a-z0-9_]+)["']""")
    wrong = []
    for path in sorted(ROOT.rglob("*.py")):
        for match in pattern.finditer(path.read_text(encoding="utf-8")):
            token = f"{match[1]}.{match[2]}"
            if token not in known:
                wrong.append(f"{path.name}: {token}")
    assert not wrong


def test_no_colour_is_written_outside_the_token_file() -> None:
    literal = re.compile(r"#[0-9A-Fa-f]{6}\b|QColor\(\s*\d")
    wrong = [
        f"{path.relative_to(ROOT)}: {match[0]}"
        for path in sorted(ROOT.rglob("*.py"))
        for match in literal.finditer(path.read_text(encoding="utf-8"))
    ]
    assert not wrong
