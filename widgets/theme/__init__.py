# SPDX-License-Identifier: Apache-2.0
"""The theme: one object that turns the tokens into palette, sheet, colours, pens, fonts and icons.

Every widget that paints takes the `Theme` in its constructor and repaints on `Theme.changed`; switching
theme or density needs no restart. It stands on the way to the first paint, so it imports only QtCore,
QtGui and QtWidgets; SVG is loaded with the first icon, plotting never from here.
"""

from widgets.theme.core import FOLLOW_SYSTEM, Theme
from widgets.theme.restyle import restyle, set_property
from widgets.theme.tokens import Density, FontSizes, Motion, ThemeTokens, TokenError, Tokens

__all__ = [
    "FOLLOW_SYSTEM",
    "Density",
    "FontSizes",
    "Motion",
    "Theme",
    "ThemeTokens",
    "TokenError",
    "Tokens",
    "restyle",
    "set_property",
]
