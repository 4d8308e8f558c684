# SPDX-License-Identifier: Apache-2.0
"""What a journey needs: a window over the real core, a market in a process of its own, hands and bounded patience."""

import argparse
import asyncio
import contextlib
import faulthandler
import gc
import json
import os
import signal
import socket
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

from PySide6.QtCore import QCoreApplication, QEvent, QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog, QLabel, QWidget

import main
from brokers.simulator.child import SimulatorChild
from brokers.simulator.history_file import read_history
from terminal.kernel import Kernel
from terminal.model.enums import LinkState
from terminal.model.events import LogLine
from terminal.model.order import Order
from tests.support.core import two_sided
from tests.support.wire import bind_library
from widgets.app import run
from widgets.desk import Desk
from widgets.main_window import MainWindow
from widgets.shots import until

PATIENCE_S: Final = 20.0
_W = TypeVar("_W", bound=QWidget)
Journey = Callable[[Desk], Awaitable[None]]


# ---------------------------------------------------------------- the market
class DrivenMarket:
    """The simulated TWS of `tests.gui.journeys.driven`, in a process of its own."""

    def __init__(self, folder: Path, *extra: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.history = folder / "history.jsonl"
        self._control_file = folder / "control"
        self._child = SimulatorChild(
            errors=folder / "errors.txt",
            arguments=("--history", str(self.history), "--control", str(self._control_file), *extra),
            command=(sys.executable, "-m", "tests.gui.journeys.driven"),
        )
        self._child.start()
        self.host, self.port = self._child.wait_listening()
        port = int(self._control_file.read_text(encoding="utf-8"))
        self._socket = socket.create_connection((self.host, port), 10)
        self._lines = self._socket.makefile("rw", encoding="utf-8")

    def ask(self, do: str, **what: object) -> dict[str, Any]:
        """Ask the control port; answers come within its next turn."""
        self._lines.write(json.dumps({"do": do, **what}) + "\n")
        self._lines.flush()
        answer: dict[str, Any] = json.loads(self._lines.readline())
        return answer

    def truth(self) -> dict[str, Any]:
        """Return orders, executions, positions, account and P&L as the broker holds them."""
        return self.ask("truth")

    def calm(self, symbol: str) -> None:
        """Let nobody else move an instrument from now on."""
        self.ask("calm", symbol=symbol)

    def trade(self, symbol: str, price: object, size: int, *, buyer: bool) -> None:
        """Let somebody else trade ``size`` at ``price``, the buyer or the seller taking."""
        self.ask("print", symbol=symbol, price=str(price), size=size, side=1 if buyer else -1)

    def received(self, name: str) -> list[list[str]]:
        """Return the fields of every message of that name that the broker has read so far."""
        entries = read_history(self.history)
        return [list(map(str, _list(one["fields"]))) for one in entries if (one["kind"], one["name"]) == ("in", name)]

    def orders_received(self) -> list[list[str]]:
        """Return every place-order message but the what-ifs."""
        return [fields for fields in self.received("placeOrder") if not is_what_if(fields)]

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Let its process stand still: the socket stays open and says nothing."""
        os.kill(self._child.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self._child.pid, signal.SIGCONT)

    def stop(self) -> None:
        self._lines.close()
        self._socket.close()
        self._child.stop()


def _list(value: object) -> list[object]:
    assert isinstance(value, list)
    return value


def is_what_if(fields: list[str]) -> bool:
    """Say whether a place-order message asks what would be, by the field table that the broker reads it with."""
    return decoded(fields)["what_if"] in ("1", True, 1)


def decoded(fields: list[str]) -> Mapping[str, Any]:
    """Return a place-order message by field name."""
    from brokers.simulator.protocol import requests_orders as requests
    from brokers.simulator.protocol.language import decode
    from brokers.simulator.session import DEFAULT_VERSION

    return decode(requests.PLACE_ORDER, DEFAULT_VERSION, fields)


# ---------------------------------------------------------------- the window
@dataclass(slots=True)
class Terminal:
    """One data folder; the window is opened on it as often as a journey wants."""

    folder: Path

    def open(self, journey: Journey, *, profile: str = "demo", settings: str = "") -> int:
        """Open the window by the program's own path, let ``journey`` live in it, close it in order."""
        options = argparse.Namespace(profile=profile, data_dir=self.folder, demo=False)
        if settings:
            self.write_settings(profile, settings)
        before = faulthandler.is_enabled()
        try:
            with main._session(options) as session:
                mode, theme, _ = session.look()

                async def build() -> Kernel:
                    bind_library()
                    return await main._build(session)

                async def live(desk: Desk) -> int:
                    desk.window.activateWindow()
                    try:
                        await journey(desk)
                    except BaseException:
                        tell(desk)
                        raise
                    return 0

                return run(
                    mode=mode,
                    profile=profile,
                    theme_name=theme,
                    density="compact",
                    build=build,
                    session=live,
                )
        finally:
            if before:
                faulthandler.enable(sys.__stderr__ or sys.stderr)
            asyncio.set_event_loop(None)
            for window in QApplication.topLevelWidgets():
                if isinstance(window, MainWindow):
                    window.deleteLater()
            QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
            QApplication.processEvents()
            gc.collect()

    def write_settings(self, profile: str, text: str) -> None:
        from terminal.paths import prepare_profile, profile_paths

        paths = profile_paths(profile, self.folder)
        prepare_profile(paths)
        paths.settings.write_text(text, encoding="utf-8")
        paths.settings.chmod(0o600)

    def journal(self, subject: str, profile: str = "demo") -> Any:
        """Return what ``tiller journal SUBJECT --json`` says."""
        import io

        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            code = main.cli(["journal", subject, "--json", "--profile", profile, "--data-dir", str(self.folder)])
        assert code == 0, said.getvalue()
        return json.loads(said.getvalue())


def paper(market: DrivenMarket, more: str = "") -> str:
    """Return settings for the driven market as if it were a TWS with a paper account."""
    return f"version = 1\n[connection]\nmode = 'paper'\nport = {market.port}\n{more}"


def tell(desk: Desk) -> None:
    """Write down what the window said, for whoever reads why a journey failed."""
    sys.stderr.write(f"\nnotices:\n{desk.status.read_notices()}\n")
    sys.stderr.write(f"ticket: {desk.ticket.error.text()!r}, send: {desk.ticket.send.toolTip()!r}\n")
    for card in desk.toasts.cards:
        sys.stderr.write(f"toast: {card.toast}\n")
    for line in desk.kernel.parts.logs.ring.lines:
        if line.level != "info":
            sys.stderr.write(f"{line}\n")


# ---------------------------------------------------------------- patience
async def shown(question: Callable[[], object], what: str, patience_s: float = PATIENCE_S) -> None:
    """Wait until something is so; fail with ``what`` when it does not become so."""
    assert await until(lambda: bool(question()), patience_s=patience_s), f"it did not come to this: {what}"


async def ready(desk: Desk) -> None:
    """Wait until the connection is made, compared with the broker, and every watched symbol has a quote."""
    kernel = desk.kernel
    await shown(lambda: kernel.link is LinkState.READY, "the connection is ready", 40)
    await shown(lambda: kernel.execution.link.reconciled, "orders are compared with the broker")
    await shown(
        lambda: (
            len(kernel.watchlist) == len(kernel.symbols.texts)
            and all(two_sided(kernel, one.id) for one in kernel.watchlist)
        ),
        "every symbol has a quote",
        40,
    )
    await shown(lambda: kernel.why_not_trade() == "" and desk.ticket.draft is not None, "the ticket can be sent")


async def turns(count: int = 3) -> None:
    """Let the loop take a few turns, so that what is queued happens."""
    for _ in range(count):
        await asyncio.sleep(0)


# ---------------------------------------------------------------- hands
def click(widget: QWidget, at: QPoint | None = None) -> None:
    QTest.mouseClick(widget, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, at or widget.rect().center())


def press(widget: QWidget, key: Qt.Key, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    QTest.keyClick(widget, key, modifiers)


def write(widget: QWidget, text: str) -> None:
    QTest.keyClicks(widget, text)


def focused() -> QWidget:
    """Return the widget that gets the keys."""
    widget = QApplication.focusWidget()
    assert widget is not None, "nothing has the keyboard focus"
    return widget


async def dialog(name: str) -> QDialog:
    """Wait for the dialog of that object name."""

    def found() -> QDialog | None:
        for widget in QApplication.topLevelWidgets():
            if isinstance(widget, QDialog) and widget.objectName() == name and widget.isVisible():
                return widget
        return None

    await shown(found, f"the dialog {name} opens")
    box = found()
    assert box is not None
    return box


async def gone(box: QDialog) -> None:
    await shown(lambda: not box.isVisible(), f"the dialog {box.objectName()} closes")


def texts(widget: QWidget) -> str:
    """Return all words of a widget, for looking whether something is said."""
    return "\n".join(label.text() for label in widget.findChildren(QLabel) if label.isVisible())


def find(parent: QWidget, kind: type[_W], name: str) -> _W:
    found = parent.findChild(kind, name)
    assert found is not None, f"there is no {kind.__name__} {name}"
    return found


async def choose(desk: Desk, symbol: str) -> None:
    """Click a row of the watchlist and wait until the ticket stands on it."""
    view = desk.watchlist.table.view
    place = desk.watchlist.model.place_of(symbol)
    assert place is not None, f"{symbol} is not in the watchlist"
    index = desk.watchlist.model.index(place, 0)
    view.scrollTo(index)
    click(view.viewport(), view.visualRect(index).center())
    await shown(lambda: desk.market.current is not None and desk.market.current.id == symbol, f"{symbol} is chosen")
    await shown(lambda: desk.ticket.model.quote is not None and desk.ticket.draft is not None, "the ticket has a quote")


def cell(desk: Desk, panel: str, row: object, key: str) -> str:
    """Return the text of one cell as it stands on the screen; empty while the row is not there yet."""
    model = getattr(desk, panel).model
    return str(model.text(row, key)) if model.place_of(row) is not None else ""


def orders_of(desk: Desk, symbol: str) -> list[Order]:
    return [order for order in desk.kernel.orders.all() if order.instrument_id == symbol]


def bad_lines(desk: Desk) -> list[LogLine]:
    """Return every line of the log that tells of an error."""
    return [line for line in desk.kernel.parts.logs.ring.lines if line.level in ("error", "critical")]
