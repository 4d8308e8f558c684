# SPDX-License-Identifier: Apache-2.0
"""Study lines over the bars: thin, smooth while they have few points, dashed when they belong to a session."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from PySide6.QtCore import QPointF
from PySide6.QtGui import QPainter

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
    view, theme = frame.view, frame.theme
    closed = len(frame.model.series.pyramid)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    for line, value in zip(frame.model.studies, live, strict=True):
        before = line.at(closed - 1, None) if closed else None
        if line.choice.shown and value is not None and before is not None:
            painter.setPen(theme.pen(line.choice.color, theme.tokens.stroke.study))
            start = QPointF(view.x_of(closed - 1) + 0.5, view.y_of(before))
            painter.drawLine(start, QPointF(view.x_of(closed) + 0.5, view.y_of(value)))
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)


def dashed(x: Floats, y: Floats, on: float, off: float) -> tuple[Floats, Floats]:
    """Cut a line into dashes: return points of segments, a nan after each dash.

    Lengths in pixels along the line. Qt's own dashes on a smooth line cost eight times as much.
    """
    reach = np.concatenate(([0.0], np.cumsum(np.hypot(np.diff(x), np.diff(y)))))
    starts = np.arange(0.0, reach[-1], on + off)
    cuts = np.unique(np.concatenate((reach, starts, np.minimum(starts + on, reach[-1]))))
    lit = (cuts[:-1] + cuts[1:]) / 2 % (on + off) < on
    at = np.column_stack((cuts[:-1][lit], cuts[1:][lit], np.full(int(lit.sum()), np.nan))).ravel()
    return np.interp(at, reach, x), np.interp(at, reach, y)


def _draw(painter: QPainter, frame: Frame, line: StudyLine, index: Floats, values: Floats) -> None:
    view, theme = frame.view, frame.theme
    x = (index - view.first) * (view.width / (view.last - view.first)) + 0.5
    y = (view.high - values) * (view.height / (view.high - view.low))
    if len(index) > _SMOOTH_UP_TO:
        # At a pixel per point a smooth line looks the same and costs more.
        draw_segments(painter, x, y, theme.pen(line.choice.color))
        return
    pen = theme.pen(line.choice.color, theme.tokens.stroke.study)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    for start, end in _pieces(y):
        piece_x, piece_y = x[start:end], y[start:end]
        if line.choice.dashed:
            piece_x, piece_y = dashed(piece_x, piece_y, *_DASH)
        draw_segments(painter, piece_x, piece_y, pen)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)


def _pieces(y: Floats) -> list[tuple[int, int]]:
    """Return the runs ``[start, end)`` between missing values that have at least two points."""
    good = np.isfinite(y)
    edges = np.flatnonzero(np.diff(np.concatenate(([False], good, [False])).astype(np.int8)))
    pairs = zip(edges[::2], edges[1::2], strict=True)
    return [(int(start), int(end)) for start, end in pairs if end - start > 1]
