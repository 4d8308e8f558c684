# SPDX-License-Identifier: Apache-2.0
"""Palette and sheet: the tokens put into the two forms that Qt's own widgets read.

Fusion paints from the palette; the sheet template holds what a palette cannot say. Both are built anew
from the tokens at every change of theme or density and know nothing else.
"""

import re
from collections.abc import Mapping
from dataclasses import asdict
from typing import Final

from PySide6.QtGui import QColor, QPalette

import resources
from widgets.theme.tokens import Density, FontSizes, Radius, Space, ThemeTokens, TokenError, Tokens

SHEET: Final = "themes/look.qss"
_PLACE: Final = re.compile(r"\{([a-z]+\.[a-z0-9_]+)\}")
_COMMENT: Final = re.compile(r"/\*.*?\*/", re.DOTALL)

_Role = QPalette.ColorRole
_ROLES: Final[Mapping[QPalette.ColorRole, str]] = {
    _Role.Window: "bg.panel",
    _Role.Base: "bg.panel",
    _Role.AlternateBase: "bg.row_alt",
    _Role.Text: "text.primary",
    _Role.WindowText: "text.primary",
    _Role.ButtonText: "text.primary",
    _Role.HighlightedText: "text.primary",
    _Role.BrightText: "text.primary",
    _Role.PlaceholderText: "text.muted",
    _Role.Button: "bg.raised",
    _Role.Highlight: "bg.selection",
    _Role.Accent: "accent.solid",
    _Role.Link: "accent.text",
    _Role.LinkVisited: "accent.text",
    _Role.ToolTipBase: "bg.overlay",
    _Role.ToolTipText: "text.primary",
    _Role.Light: "border.default",
    _Role.Mid: "border.default",
    _Role.Dark: "border.default",
    _Role.Midlight: "border.subtle",
    _Role.Shadow: "bg.window",
}
_DISABLED: Final = (_Role.Text, _Role.WindowText, _Role.ButtonText, _Role.HighlightedText)


def build_palette(theme: ThemeTokens) -> QPalette:
    """Return the application palette of a theme."""
    palette = QPalette()
    for role, token in _ROLES.items():
        palette.setColor(role, QColor(theme.hex(token)))
    group = QPalette.ColorGroup
    palette.setColor(group.Inactive, _Role.Highlight, QColor(theme.hex("bg.selection_idle")))
    for role in _DISABLED:
        palette.setColor(group.Disabled, role, QColor(theme.hex("text.disabled")))
    return palette


def build_sheet(
    tokens: Tokens, theme: ThemeTokens, density: str, images: Mapping[str, str], template: str | None = None
) -> str:
    """Return the style sheet: the template with every ``{group.key}`` replaced.

    `images` maps a name to the address of a tinted image. Raises `TokenError` for an unknown name.
    """
    heights = tokens.density(density)
    numbers: dict[str, float] = {
        "calc.control_inner": heights.control - 2,
        "calc.small_inner": heights.control - 6,
        "calc.tab_inner": heights.tab - 2,
    }
    groups: dict[str, Space | Radius | Density | FontSizes] = {
        "space": tokens.space,
        "radius": tokens.radius,
        "density": heights,
        "size": tokens.sizes[density],
    }
    for name, group in groups.items():
        numbers.update({f"{name}.{key}": value for key, value in asdict(group).items()})

    def put(match: re.Match[str]) -> str:
        key = match[1]
        kind, _, rest = key.partition(".")
        if kind == "image" and rest in images:
            return images[rest]
        if key in numbers:
            return f"{numbers[key]}px"
        if key in theme.colors:
            return theme.colors[key]
        raise TokenError(f"{SHEET}: {{{key}}} must be a colour, size or image of the tokens")

    text = resources.read_text(SHEET) if template is None else template
    return _PLACE.sub(put, _COMMENT.sub("", text))
