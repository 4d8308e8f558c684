# SPDX-License-Identifier: Apache-2.0
"""Crash hooks: what nobody caught is logged, shown, and stops new orders; the terminal goes on if it can.

One of the four places that see every exception. The dump of a hard crash (faulthandler) holds no values.
"""

import asyncio
import faulthandler
import sys
from collections.abc import Callable
from types import TracebackType
from typing import Any

import structlog

from terminal.kernel import Kernel
from terminal.model.commands import KillSwitch
from widgets.presenters.common import Stage
from widgets.toasts import ToastKind

_log = structlog.get_logger("crash")


def install(stage: Stage, kernel: Kernel) -> Callable[[], None]:
    """Catch what escapes slots and tasks from now on; return what ends that again."""
    hook, loop = sys.excepthook, asyncio.get_running_loop()
    dump = (kernel.workspace.path.parent / "logs" / "crash.txt").open("a", encoding="utf-8")
    faulthandler.enable(dump)

    def report(title: str, fault: BaseException) -> None:
        _log.error(title, exc_info=fault)
        stage.say(ToastKind.ERROR, title, f"{type(fault).__name__}: {fault}. New orders are stopped; cancels work.")
        if not kernel.killed:
            kernel.do(KillSwitch(engage=True, reason=f"{title}: {type(fault).__name__}", actor="crash hook"))

    def on_exception(kind: type[BaseException], fault: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, fault, trace)
            return
        report("Internal error", fault)

    def on_task(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        fault = context.get("exception")
        if isinstance(fault, Exception):
            report("Internal error", fault)
        else:
            _log.error("event loop", message=str(context.get("message", "")))

    sys.excepthook = on_exception
    loop.set_exception_handler(on_task)

    def remove() -> None:
        sys.excepthook = hook
        loop.set_exception_handler(None)
        faulthandler.disable()
        dump.close()

    return remove
