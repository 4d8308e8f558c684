# SPDX-License-Identifier: Apache-2.0
"""Fonts: load what ships, prove that digits are even, and make each face once.

Numbers stand in columns, so every digit must be equally wide. Inter does that with its `tnum` feature;
where neither Inter nor the feature is there, number cells fall back to the mono stack one pixel smaller.
It must not decide where a face is used: callers name a role and a weight.
"""

from collections.abc import Sequence
from functools import cache
from typing import Final

from PySide6.QtCore import QByteArray
from PySide6.QtGui import QFont, QFontDatabase, QFontMetricsF

import resources
from widgets.theme.tokens import FontSizes, TokenError, Tokens

_FILES: Final = {
    "ui": ("fonts/Inter-Regular.ttf", "fonts/Inter-Medium.ttf", "fonts/Inter-SemiBold.ttf"),
    "mono": ("fonts/JetBrainsMono-Regular.ttf", "fonts/JetBrainsMono-SemiBold.ttf"),
}
_ROLES: Final = ("caption", "body", "title", "figure", "hero")


@cache
def load_family(kind: str) -> str | None:
    """Add the font files of ``ui`` or ``mono`` to Qt, once per process.

    Return the family, None when Qt refuses the files.
    """
    family = None
    for name in _FILES[kind]:
        number = QFontDatabase.addApplicationFontFromData(QByteArray(resources.read_bytes(name)))
        families = QFontDatabase.applicationFontFamilies(number) if number >= 0 else []
        family = family or (families[0] if families else None)
    return family


def even_digits(font: QFont) -> bool:
    """Say whether all ten digits of `font` advance by the same width."""
    metrics = QFontMetricsF(font)
    return len({round(metrics.horizontalAdvance(digit), 3) for digit in "0123456789"}) == 1


class FontBook:
    """The faces of one density, each made once."""

    def __init__(self, tokens: Tokens, density: str) -> None:
        self._tokens = tokens
        self._sizes: FontSizes = tokens.sizes[density]
        load_family("ui")
        self._faces: dict[tuple[str, str, str], QFont] = {}
        self.numbers_are_mono = not even_digits(self._make(tokens.ui_fonts, self._sizes.body, "regular"))

    def ui(self, role: str = "body", weight: str = "regular") -> QFont:
        """Return the interface face of a role (caption to hero) and weight (regular, medium, strong)."""
        return self._face("ui", role, weight)

    def number(self, role: str = "body", weight: str = "regular") -> QFont:
        """Return the face for columns of numbers: the interface face, or mono one pixel smaller."""
        return self._face("number" if self.numbers_are_mono else "ui", role, weight)

    def mono(self, role: str = "body", weight: str = "regular") -> QFont:
        """Return the face for log, code and error codes."""
        return self._face("mono", role, weight)

    def _face(self, kind: str, role: str, weight: str) -> QFont:
        key = (kind, role, weight)
        face = self._faces.get(key)
        if face is None:
            if role not in _ROLES:
                raise TokenError(f"a font role must be one of {', '.join(_ROLES)}, was {role!r}")
            size: int = getattr(self._sizes, role)
            if kind == "ui":
                face = self._make(self._tokens.ui_fonts, size, weight)
            else:
                load_family("mono")
                face = self._make(self._tokens.mono_fonts, size - (kind == "number"), weight)
            self._faces[key] = face
        return face

    def _make(self, families: Sequence[str], size: int, weight: str) -> QFont:
        weights = self._tokens.weights
        if weight not in weights:
            raise TokenError(f"a font weight must be one of {', '.join(weights)}, was {weight!r}")
        font = QFont(list(families))
        font.setPixelSize(size)
        font.setWeight(QFont.Weight(weights[weight]))
        font.setHintingPreference(QFont.HintingPreference.PreferVerticalHinting)
        for feature in self._tokens.features:
            font.setFeature(QFont.Tag(feature), 1)
        return font
