# SPDX-License-Identifier: Apache-2.0
"""Drawing many rectangles or line segments with one call: the table of numbers goes to Qt as it lies in memory.

A Python list of a thousand rectangles costs more to make than to paint. The only place that passes addresses:
a QRectF and a QLineF are four doubles in a row, and the table outlives the call.
"""

from typing import cast

import numpy as np
from PySide6.QtCore import QLineF, QRectF, Qt
from PySide6.QtGui import QBrush, QPainter, QPen
from shiboken6 import Shiboken

from widgets.chart.pyramid import Floats


def fill_rects(
    painter: QPainter, left: Floats, top: Floats, width: Floats | float, height: Floats | float, brush: QBrush
) -> None:
    """Fill rectangles in painter coordinates, without an edge; a size may be one number for all."""
    if not len(left):
        return
    table = np.empty((len(left), 4))
    table[:, 0], table[:, 1], table[:, 2], table[:, 3] = left, top, width, height
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(brush)
    painter.drawRects(cast("QRectF", Shiboken.wrapInstance(table.ctypes.data, QRectF)), len(table))


def draw_segments(painter: QPainter, x: Floats, y: Floats, pen: QPen) -> None:
    """Draw the line through points as separate segments; a nan interrupts it."""
    good = np.isfinite(y[1:]) & np.isfinite(y[:-1])
    count = int(good.sum())
    if not count:
        return
    table = np.empty((count, 4))
    table[:, 0], table[:, 1] = x[:-1][good], y[:-1][good]
    table[:, 2], table[:, 3] = x[1:][good], y[1:][good]
    painter.setPen(pen)
    painter.drawLines(cast("QLineF", Shiboken.wrapInstance(table.ctypes.data, QLineF)), count)
