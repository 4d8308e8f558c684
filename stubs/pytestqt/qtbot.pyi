# What our tests use of pytest-qt: the package leaves keys and mouse untyped.
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Self

from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QWidget

class SignalBlocker:
    args: list[Any]
    signal_triggered: bool
    def wait(self) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(self, *details: object) -> None: ...

class MultiSignalBlocker:
    all_signals_and_args: list[Any]
    def wait(self) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(self, *details: object) -> None: ...

class QtBot:
    def addWidget(self, widget: QWidget, *, before_close_func: Callable[[QWidget], None] | None = ...) -> None: ...
    def waitActive(self, widget: QWidget, *, timeout: int = ...) -> AbstractContextManager[Any]: ...
    def waitExposed(self, widget: QWidget, *, timeout: int = ...) -> AbstractContextManager[Any]: ...
    def waitSignal(
        self,
        signal: Any,
        *,
        timeout: int = ...,
        raising: bool | None = ...,
        check_params_cb: Callable[..., bool] | None = ...,
    ) -> SignalBlocker: ...
    def waitSignals(
        self,
        signals: Sequence[Any],
        *,
        timeout: int = ...,
        raising: bool | None = ...,
        check_params_cbs: Sequence[Callable[..., bool] | None] | None = ...,
        order: str = ...,
    ) -> MultiSignalBlocker: ...
    def assertNotEmitted(self, signal: Any, *, wait: int = ...) -> AbstractContextManager[None]: ...
    def waitUntil(self, callback: Callable[[], bool | None], *, timeout: int = ...) -> None: ...
    def captureExceptions(self) -> AbstractContextManager[list[Any]]: ...
    def screenshot(self, widget: QWidget, suffix: str = ..., region: QRect | None = ...) -> Path: ...
    @staticmethod
    def keyClick(
        widget: QWidget, key: Qt.Key | str, modifier: Qt.KeyboardModifier = ..., delay: int = ...
    ) -> None: ...
    @staticmethod
    def keyClicks(
        widget: QWidget, sequence: str, modifier: Qt.KeyboardModifier = ..., delay: int = ...
    ) -> None: ...
    @staticmethod
    def keyPress(
        widget: QWidget, key: Qt.Key | str, modifier: Qt.KeyboardModifier = ..., delay: int = ...
    ) -> None: ...
    @staticmethod
    def keyRelease(
        widget: QWidget, key: Qt.Key | str, modifier: Qt.KeyboardModifier = ..., delay: int = ...
    ) -> None: ...
    @staticmethod
    def keySequence(widget: QWidget, key_sequence: QKeySequence) -> None: ...
    @staticmethod
    def mouseClick(
        widget: QWidget,
        button: Qt.MouseButton,
        modifier: Qt.KeyboardModifier = ...,
        pos: QPoint = ...,
        delay: int = ...,
    ) -> None: ...
    @staticmethod
    def mouseDClick(
        widget: QWidget,
        button: Qt.MouseButton,
        modifier: Qt.KeyboardModifier = ...,
        pos: QPoint = ...,
        delay: int = ...,
    ) -> None: ...
    @staticmethod
    def mouseMove(widget: QWidget, pos: QPoint = ..., delay: int = ...) -> None: ...
    @staticmethod
    def mousePress(
        widget: QWidget,
        button: Qt.MouseButton,
        modifier: Qt.KeyboardModifier = ...,
        pos: QPoint = ...,
        delay: int = ...,
    ) -> None: ...
    @staticmethod
    def mouseRelease(
        widget: QWidget,
        button: Qt.MouseButton,
        modifier: Qt.KeyboardModifier = ...,
        pos: QPoint = ...,
        delay: int = ...,
    ) -> None: ...
