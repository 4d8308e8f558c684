# SPDX-License-Identifier: Apache-2.0
"""Colours, pens, brushes, paths and number texts."""

from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import Qt
from PySide6.QtGui import QBrush, QColor, QPainterPath, QPen, QPolygonF, QTransform

_Number: TypeAlias = float | int
_Color: TypeAlias = (
    QColor
    | str
    | int
    | tuple[_Number, _Number, _Number]
    | tuple[_Number, _Number, _Number, _Number]
    | tuple[int, int]
)

def mkColor(*args: _Color | _Number) -> QColor: ...
def mkBrush(*args: QBrush | _Color | _Number | None, color: _Color | None = ...) -> QBrush: ...
def mkPen(
    *args: QPen | _Color | _Number | None,
    color: _Color | None = ...,
    width: float = ...,
    style: Qt.PenStyle | None = ...,
    dash: list[float] | None = ...,
    cosmetic: bool = ...,
    hsv: tuple[float, float, float, float] = ...,
    hidden: bool = ...,
) -> QPen: ...
def intColor(
    index: int,
    hues: int = 9,
    values: int = 1,
    maxValue: int = 255,
    minValue: int = 150,
    maxHue: int = 360,
    minHue: int = 0,
    sat: int = 255,
    alpha: int = 255,
) -> QColor: ...
def hsvColor(hue: float, sat: float = 1.0, val: float = 1.0, alpha: float = 1.0) -> QColor: ...
def siScale(
    x: float, minVal: float = 1e-25, allowUnicode: bool = True, power: float = 1
) -> tuple[float, str]: ...
def siFormat(
    x: float,
    precision: int = 3,
    suffix: str = "",
    space: bool | str = True,
    error: float | None = None,
    minVal: float = 1e-25,
    allowUnicode: bool = True,
    power: float = 1,
) -> str: ...
def clip_scalar(val: float, vmin: float, vmax: float) -> float: ...
def arrayToQPath(
    x: npt.NDArray[Any],
    y: npt.NDArray[Any],
    connect: Literal["all", "pairs", "finite", "array"] | npt.NDArray[np.int32] = "all",
    finiteCheck: bool = True,
) -> QPainterPath: ...
def arrayToQPolygonF(x: npt.NDArray[Any], y: npt.NDArray[Any]) -> QPolygonF: ...
def makeArrowPath(
    headLen: float = 20,
    headWidth: float | None = None,
    tipAngle: float = 20,
    tailLen: float = 20,
    tailWidth: float = 3,
    baseAngle: float = 0,
) -> QPainterPath: ...
def invertQTransform(tr: QTransform) -> QTransform: ...
