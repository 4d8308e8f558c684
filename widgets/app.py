# SPDX-License-Identifier: Apache-2.0
"""The application: Qt and asyncio on one loop. The window paints first, everything heavy is imported after that.

The only module that imports qasync. The loop is started by hand so that ib_insync finds it on every Python.
"""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from qasync import QEventLoop

from widgets.main_window import MainWindow
from widgets.theme import Theme

if TYPE_CHECKING:
    from terminal.kernel import Kernel
    from widgets.desk import Desk

os.environ.setdefault("QT_API", "pyside6")
os.environ.setdefault("PYQTGRAPH_QT_LIB", "PySide6")
APPLICATION_ID: Final = "tiller"


def run(
    *,
    mode: str,
    profile: str,
    theme_name: str | None,
    density: str | None,
    build: "Callable[[], Awaitable[Kernel]]",
    session: "Callable[[Desk], Awaitable[int]] | None" = None,
) -> int:
    """Show the window, then build the core with ``build`` and let it run until the person leaves.

    ``session`` replaces the interactive session (screenshots, journeys); it gets the built desk.
    Returns the exit code.
    """
    app = QApplication.instance() or QApplication(sys.argv[:1])
    if not isinstance(app, QApplication):
        raise TypeError("another Qt application without a screen is running in this process")
    app.setApplicationName("Tiller")
    app.setDesktopFileName(APPLICATION_ID)
    app.setQuitOnLastWindowClosed(False)
    loop = QEventLoop(app)
    asyncio.set_event_loop(loop)
    theme = Theme(app, theme_name, density)
    with loop:
        return int(loop.run_until_complete(_main(app, theme, mode, profile, build, session)))


async def _main(
    app: QApplication,
    theme: Theme,
    mode: str,
    profile: str,
    build: "Callable[[], Awaitable[Kernel]]",
    session: "Callable[[Desk], Awaitable[int]] | None",
) -> int:
    window = MainWindow(theme, mode, profile)
    painted = asyncio.get_running_loop().create_future()

    def settle() -> None:
        if not painted.done():
            painted.set_result(None)

    window.painted.connect(settle, Qt.ConnectionType.QueuedConnection)
    window.show()
    await painted
    from widgets.desk import run_desk  # the panels, pyqtgraph and the core come after the first paint

    return await run_desk(app, theme, window, build, session)
