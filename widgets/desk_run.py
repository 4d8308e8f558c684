# SPDX-License-Identifier: Apache-2.0
"""One life of the desk: build the core and the panels, run until the person leaves, stop in order."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from terminal.errors import TerminalError
from terminal.kernel import Kernel
from widgets import crash
from widgets.desk import Desk
from widgets.main_window import MainWindow
from widgets.theme import Theme

FILL_PATIENCE_MS: Final = 1_000
DeskSession = Callable[[Desk], Awaitable[int]]


async def _filled(window: MainWindow) -> None:
    """Wait until the docks are on screen: what the core does next would only delay them. A hidden window never is."""
    painted = asyncio.get_running_loop().create_future()

    def settle() -> None:
        if not painted.done():
            painted.set_result(None)

    window.filled.connect(settle)
    QTimer.singleShot(FILL_PATIENCE_MS, settle)
    window.docks_came()
    await painted


async def run_desk(
    app: QApplication,
    theme: Theme,
    window: MainWindow,
    build: Callable[[], Awaitable[Kernel]],
    session: DeskSession | None,
) -> int:
    """Build the core and the panels, run until the window is closed, stop in order; return the exit code.

    Raises:
        TerminalError: it cannot start; the window is gone and the core, if there was one, has stopped.
    """
    try:
        kernel = await build()
    except TerminalError:
        window.leave()
        raise
    desk = Desk(theme, window, kernel)
    await _filled(window)
    remove_hooks = crash.install(desk.stage, kernel)
    leaving = asyncio.get_running_loop().create_future()

    def leave() -> None:
        if not leaving.done():
            leaving.set_result(0)

    window.closing.connect(leave)
    app.commitDataRequest.connect(lambda _: leave())
    try:
        await kernel.start()
        desk.start()
        return await session(desk) if session is not None else await leaving
    finally:
        desk.layout_.save()
        desk.close()
        await kernel.stop()
        remove_hooks()
        window.leave()
