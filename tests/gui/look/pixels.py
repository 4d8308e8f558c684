# SPDX-License-Identifier: Apache-2.0
"""What is really on the screen, read from the pixels of a grabbed widget."""

from PySide6.QtCore import QRect
from PySide6.QtWidgets import QWidget


def colors(widget: QWidget, area: QRect | None = None) -> set[str]:
    """Return the colours of a widget (or of a part of it) as ``#RRGGBB``."""
    image = widget.grab(area if area is not None else widget.rect()).toImage()
    return {image.pixelColor(x, y).name().upper() for x in range(image.width()) for y in range(image.height())}
