# SPDX-License-Identifier: Apache-2.0
"""A QGraphicsScene with its own mouse events, described in `mouseEvents`."""

from typing import ClassVar

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QGraphicsScene

class GraphicsScene(QGraphicsScene):
    sigMouseHover: ClassVar[Signal]
    sigMouseMoved: ClassVar[Signal]
    sigMouseClicked: ClassVar[Signal]
    sigPrepareForPaint: ClassVar[Signal]
    sigItemAdded: ClassVar[Signal]
    sigItemRemoved: ClassVar[Signal]
    def __init__(
        self, clickRadius: int = 2, moveDistance: float = 5, parent: QObject | None = None
    ) -> None: ...
    def prepareForPaint(self) -> None: ...
    def setClickRadius(self, r: int) -> None: ...
    def setMoveDistance(self, d: float) -> None: ...
