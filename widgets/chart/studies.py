# SPDX-License-Identifier: Apache-2.0
"""Study lines over the bars: thin, smooth while they have few points, dashed when they belong to a session."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from PySide6.QtCore import QPointF
from PySide6.QtGui import QPainter, QPen, QPolygonF

from widgets.chart.batch import draw_segments
from widgets.chart.frame import Frame
from widgets.chart.pyramid import FACTOR, Floats
from widgets.chart.study_lines import StudyLine

_SMOOTH_UP_TO: Final = 700
_DASH: Final = (6.0, 4.0)


def sampled(line: StudyLine, level: int, first: int, last: int) -> tuple[Floats, Floats]:
    """Return (bar index, value) of a study at the last bar of each group ``first .. last`` of a level."""
    size = FACTOR**level
    index = np.arange(first, last) * size + size - 1
    index = index[index < len(line.values)]
    return index.astype(np.float64), line.values[index]


def draw_studies(painter: QPainter, frame: Frame, level: int, first: int, last: int) -> None:
    """Draw every shown study over the groups ``first .. last`` of a level."""
    for line in frame.model.studies:
        if line.choice.shown:
            index, values = sampled(line, level, first, last)
            _draw(painter, frame, line, index, values)


def draw_live_ends(painter: QPainter, frame: Frame, live: Sequence[float | None]) -> None:
    """Draw the last piece of every shown study, from the last closed bar to the growing one."""
    closed = len(frame.model.series.pyramid)
    for line, value in zip(frame.model.studies, live, strict=True):
        if line.choice.shown and value is not None and closed and len(line.values) == closed:
            pair = np.array([line.values[closed - 1], value])
            _draw(painter, frame, line, np.array([closed - 1.0, float(closed)]), pair)


def study_pen(frame: Frame, line: StudyLine, width: float) -> QPen:
    """Return the pen of a study; without its colour's help a session study is known by its dashes."""
    return frame.theme.pen(line.choice.color, width, _DASH if line.choice.dashed else ())


def _draw(painter: QPainter, frame: Frame, line: StudyLine, index: Floats, values: Floats) -> None:
    view = frame.view
    x = (index - view.first) * (view.width / (view.last - view.first)) + 0.5
    y = (view.high - values) * (view.height / (view.high - view.low))
    if len(index) > _SMOOTH_UP_TO:
        # At a pixel per point a smooth line looks the same and costs ten times as much.
        draw_segments(painter, x, y, frame.theme.pen(line.choice.color))
        return
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(study_pen(frame, line, frame.theme.tokens.stroke.study))
    for piece in _pieces(x, y):
        painter.drawPolyline(piece)
    painter.restore()


def _pieces(x: Floats, y: Floats) -> list[QPolygonF]:
    """Cut a line at its missing values."""
    good = np.isfinite(y)
    edges = np.flatnonzero(np.diff(np.concatenate(([False], good, [False])).astype(np.int8)))
    return [
        QPolygonF([QPointF(px, py) for px, py in zip(x[start:end], y[start:end], strict=True)])
        for start, end in zip(edges[::2], edges[1::2], strict=True)
        if end - start > 1
    ]
