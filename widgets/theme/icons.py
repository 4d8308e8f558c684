# SPDX-License-Identifier: Apache-2.0
"""Icons: our SVG files, tinted with a token and rendered at the size and scale that is asked for.

The files are drawn in ``currentColor``; nothing here knows which icon is used where.
"""

from functools import cache

from PySide6.QtCore import QByteArray, QSize, Qt
from PySide6.QtGui import QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

import resources
from widgets.theme.images import tint
from widgets.theme.tokens import TokenError

_SCALES = (1.0, 2.0)


@cache
def svg_text(name: str) -> str:
    """Return the text of an icon file; `TokenError` lists the icons there are."""
    try:
        return resources.read_text(f"icons/{name}.svg")
    except FileNotFoundError:
        known = (item.removeprefix("icons/").removesuffix(".svg") for item in resources.names("icons", ".svg"))
        raise TokenError(f"an icon must be one of {', '.join(known)}, was {name!r}") from None


def render(name: str, color: str, size: int, scale: float) -> QPixmap:
    """Return the icon in `color` (``#RRGGBB``), `size` logical pixels wide, for a screen of `scale`."""
    renderer = QSvgRenderer(QByteArray(tint(svg_text(name), color).encode()))
    if not renderer.isValid():
        raise TokenError(f"icon {name!r} is not a readable SVG: install Tiller again")
    edge = round(size * scale)
    pixmap = QPixmap(QSize(edge, edge))
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    renderer.render(painter)
    painter.end()
    pixmap.setDevicePixelRatio(scale)
    return pixmap


def build(name: str, normal: str, disabled: str, size: int) -> QIcon:
    """Return an icon with a normal and a disabled tint, sharp on screens of scale 1 and 2."""
    icon = QIcon()
    for scale in _SCALES:
        icon.addPixmap(render(name, normal, size, scale), QIcon.Mode.Normal)
        icon.addPixmap(render(name, disabled, size, scale), QIcon.Mode.Disabled)
    return icon
