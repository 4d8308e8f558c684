# SPDX-License-Identifier: Apache-2.0
"""The application: Qt and asyncio on one loop. The window paints first, everything heavy is imported after that.

The only module that imports qasync. The loop is started by hand so that ib_insync finds it on every Python.
Before the first paint there is Qt alone: asyncio, the panels, pyqtgraph and the core come after it.
"""

import os
import sys
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QEventLoop, QTimer
from PySide6.QtWidgets import QApplication

from widgets.imports import unwrap_import

if TYPE_CHECKING:
    from terminal.kernel import Kernel
    from widgets.desk import Desk
    from widgets.main_window import MainWindow
    from widgets.theme import Theme

os.environ.setdefault("QT_API", "pyside6")
os.environ.setdefault("PYQTGRAPH_QT_LIB", "PySide6")
APPLICATION_ID: Final = "tiller"
_PAINT_PATIENCE_MS: Final = 2_000
_SWITCH_S: Final = 0.0005
"""How long a thread (journal, recorder, keyring) may keep the interpreter while the window waits for it."""
_SETTLED_MS: Final = (4_000, 30_000)
"""After the first paint: the panels stand; their histories have come."""


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
    unwrap_import()
    from widgets import collector
    from widgets.main_window import MainWindow
    from widgets.theme import Theme

    app = QApplication.instance() or QApplication(sys.argv[:1])
    if not isinstance(app, QApplication):
        raise TypeError("another Qt application without a screen is running in this process")
    app.setApplicationName("Tiller")
    app.setDesktopFileName(APPLICATION_ID)
    app.setQuitOnLastWindowClosed(False)
    theme = Theme(app, theme_name, density)
    window = MainWindow(theme, mode, profile)
    _paint(app, window)
    sys.setswitchinterval(_SWITCH_S)
    for after_ms in _SETTLED_MS:
        QTimer.singleShot(after_ms, collector.settle)
    import asyncio

    import qasync

    loop = qasync.QEventLoop(app)
    asyncio.set_event_loop(loop)
    with loop:
        return int(loop.run_until_complete(_main(app, theme, window, build, session)))


def _paint(app: QApplication, window: "MainWindow") -> None:
    """Show the window and let Qt work until it has painted itself, or the desktop evidently hides it."""
    window.show()
    patience = QTimer()
    patience.setSingleShot(True)
    patience.start(_PAINT_PATIENCE_MS)
    while not window.has_painted and patience.isActive():
        app.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents)


async def _main(
    app: QApplication,
    theme: "Theme",
    window: "MainWindow",
    build: "Callable[[], Awaitable[Kernel]]",
    session: "Callable[[Desk], Awaitable[int]] | None",
) -> int:
    import asyncio

    kernel = asyncio.ensure_future(build())
    await asyncio.sleep(0)  # the demo's market starts, and the keyring is asked, while the panels are imported
    from widgets.desk_run import run_desk

    return await run_desk(app, theme, window, lambda: kernel, session)
