# SPDX-License-Identifier: Apache-2.0
"""Types of qasync 0.28, as far as Tiller uses it: the event loop.

`run`, `asyncSlot` and `asyncClose` are left out: the first breaks ib_insync from Python 3.12 on, the
second is untyped and sends errors to sys.excepthook, the third spins processEvents.
"""

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import ParamSpec, Self, TypeVar

from PySide6.QtCore import QCoreApplication

_P = ParamSpec("_P")
_T = TypeVar("_T")

class QEventLoop(asyncio.SelectorEventLoop):
    def __init__(
        self,
        app: QCoreApplication | None = None,
        set_running_loop: bool = False,
        already_running: bool = False,
    ) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> None: ...

async def asyncWrap(fn: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T: ...
