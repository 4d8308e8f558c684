# SPDX-License-Identifier: Apache-2.0
"""A start that fails, through the real window: it says why, does what its button says, and the next start is whole.

The program runs in this process up to the start of its successor, which is caught where the operating system would
begin it; that very command is then run for real.
"""

import asyncio
import contextlib
import faulthandler
import gc
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QTimer
from PySide6.QtWidgets import QApplication, QLabel, QPushButton

import main
from brokers.simulator.child import program
from terminal.model.commands import OrderSpec, SubmitOrder
from terminal.model.enums import OrderStatus, OrderType, Side, TimeInForce
from terminal.model.ids import InstrumentId
from terminal.paths import profile_paths
from terminal.storage.backup import backup_journal
from tests.conftest import AllowLogs
from tests.gui.journeys.stage import DrivenMarket, Terminal, cell, choose, paper, ready, shown
from tests.gui.journeys.test_hands import arm
from widgets.desk import Desk
from widgets.main_window import MainWindow
from widgets.trouble import Trouble

AAPL = InstrumentId("AAPL")
PATIENCE_S = 60
POLL_MS = 20


@dataclass
class Start:
    """One start of the program that is meant to fail, and what came of it."""

    code: int = -1
    said: str = ""
    buttons: list[str] = field(default_factory=list)
    successors: list[list[str]] = field(default_factory=list)


@pytest.fixture
def begin(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Start]:
    """Return a function that starts the program with arguments and clicks a button of the window of its trouble."""

    def start(button: str, *arguments: str) -> Start:
        told = Start()
        command = ["tiller", *arguments, "--data-dir", str(terminal.folder)]
        clicks = QTimer()
        clicks.setInterval(POLL_MS)
        clicks.timeout.connect(lambda: answer(told, button))
        clicks.start()
        before = faulthandler.is_enabled()
        try:
            with monkeypatch.context() as patch:
                patch.setattr(sys, "argv", command)
                patch.setattr(subprocess, "Popen", caught(told, subprocess.Popen))
                told.code = main.cli()
        finally:
            clicks.stop()
            gc.enable()
            if before:
                faulthandler.enable(sys.__stderr__ or sys.stderr)
            clear()
        return told

    return start


def caught(told: Start, real: Any) -> Callable[..., Any]:
    """Return what stands in for `subprocess.Popen`: it keeps the command of a successor and begins all else."""

    def popen(command: Any, *rest: Any, **more: Any) -> Any:
        if list(command[: len(program())]) == program() and "simulate" not in command:
            told.successors.append(list(command))
            return None
        return real(command, *rest, **more)

    return popen


def answer(told: Start, button: str) -> None:
    """Click a button of the window of trouble when it is there."""
    window = QApplication.activeModalWidget()
    if not isinstance(window, Trouble) or told.buttons:
        return
    assert window.isVisible()
    told.said = "\n".join(label.text() for label in window.findChildren(QLabel))
    told.buttons = [each.text() for each in window.findChildren(QPushButton)]
    found = window.findChild(QPushButton, button)
    assert found is not None, told.buttons
    found.click()


def clear() -> None:
    """Take away what the failed start left of its window."""
    asyncio.set_event_loop(None)
    for window in QApplication.topLevelWidgets():
        if isinstance(window, MainWindow):
            assert not window.isVisible(), "the window of the failed start is still there"
            window.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    QApplication.processEvents()
    gc.collect()


@contextlib.contextmanager
def running(command: list[str]) -> "Iterator[subprocess.Popen[str]]":
    """Run a command until its window has painted; end it afterwards."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    alarm = threading.Timer(PATIENCE_S, process.kill)
    alarm.start()
    try:
        assert process.stderr is not None
        said = []
        for line in process.stderr:
            said.append(line)
            if "first paint" in line:
                break
        else:
            raise AssertionError(f"it ended before it painted: {''.join(said)}")
        yield process
    finally:
        alarm.cancel()
        process.kill()
        process.communicate(timeout=PATIENCE_S)


def connections(market: DrivenMarket) -> int:
    return len(market.received("startApi"))


async def _trade(desk: Desk) -> None:
    """Leave a position and a working order behind."""
    await ready(desk)
    await choose(desk, "AAPL")
    await arm(desk)
    quote = desk.kernel.hub.quote(AAPL)
    assert quote is not None
    assert quote.bid is not None
    desk.kernel.do(SubmitOrder(spec=_order(None)))
    desk.kernel.do(SubmitOrder(spec=_order(Decimal(str(round(quote.bid * 0.97, 2))))))
    await shown(
        lambda: {order.status for order in desk.kernel.orders.all()} == {OrderStatus.FILLED, OrderStatus.WORKING},
        "one fills, one works",
    )


def _order(limit: Decimal | None) -> OrderSpec:
    return OrderSpec(
        instrument_id=AAPL,
        side=Side.BUY,
        quantity=Decimal(10) if limit is None else Decimal(7),
        order_type=OrderType.MARKET if limit is None else OrderType.LIMIT,
        limit_price=limit,
        time_in_force=TimeInForce.DAY if limit is None else TimeInForce.GTC,
    )


def damage(path: Path) -> bytes:
    content = b"this is no database" + path.read_bytes()[19:]
    path.write_bytes(content)
    return content


def test_a_damaged_journal_is_restored_with_one_click_and_the_next_window_has_the_old_orders(
    terminal: Terminal, market: DrivenMarket, begin: Callable[..., Start], allow_logs: AllowLogs
) -> None:
    allow_logs("storage", "orders")
    paths = profile_paths("paper", terminal.folder)
    assert terminal.open(_trade, profile="paper", settings=paper(market)) == 0
    backup = backup_journal(paths.journal, paths.backups)
    before = terminal.journal("orders", "paper")["orders"]
    content = damage(paths.journal)
    accepted = market.truth()["orders"]

    told = begin("troubleWayOut", "--profile", "paper")
    assert told.code == 0
    assert "STO-001" in told.said
    assert told.buttons == ["Quit", f"Restore {backup.name}"]
    assert told.successors == [[*program(), "--profile", "paper", "--data-dir", str(terminal.folder)]]
    kept = [path for path in paths.root.iterdir() if path.name.startswith("journal.db.corrupt-")]
    assert content in [path.read_bytes() for path in kept], "the damaged file is kept"

    met = connections(market)
    with running(told.successors[0]):
        _wait(lambda: connections(market) > met)

    async def journey(desk: Desk) -> None:
        await ready(desk)
        await shown(lambda: cell(desk, "positions", "AAPL", "quantity") == "+10", "the position stands in the table")
        (working,) = desk.kernel.orders.open()
        await shown(lambda: cell(desk, "orders", working.client_order_id, "state") == "Working", "the order works")
        assert len(desk.kernel.orders.all()) == len(before) == 2
        await shown(lambda: cell(desk, "orders", working.client_order_id, "last") not in ("", "–"), "prices stream")

    assert terminal.open(journey, profile="paper") == 0
    assert market.truth()["orders"] == accepted, "nothing is sent twice"
    assert len(market.orders_received()) == 2


def _wait(question: Callable[[], bool]) -> None:
    """Wait for what another process does."""
    gone = threading.Event()
    for _ in range(PATIENCE_S * 10):
        if question():
            return
        gone.wait(0.1)
    raise AssertionError("it did not come to this")


def test_quitting_leaves_the_damaged_journal_alone(
    terminal: Terminal, market: DrivenMarket, begin: Callable[..., Start], allow_logs: AllowLogs
) -> None:
    allow_logs("storage", "orders")
    paths = profile_paths("paper", terminal.folder)
    assert terminal.open(_trade, profile="paper", settings=paper(market)) == 0
    content = damage(paths.journal)
    told = begin("troubleQuit", "--profile", "paper")
    assert told.code == 1
    assert told.successors == []
    assert paths.journal.read_bytes() == content


def test_settings_that_cannot_be_read_are_set_aside_with_one_click(
    terminal: Terminal, begin: Callable[..., Start]
) -> None:
    paths = profile_paths("demo", terminal.folder)
    terminal.write_settings("demo", "[trading\n")
    told = begin("troubleWayOut")
    assert told.code == 0
    assert str(paths.settings) in told.said
    assert told.buttons == ["Quit", "Start with default settings"]
    assert told.successors == [[*program(), "--data-dir", str(terminal.folder)]]
    (kept,) = [path for path in paths.root.iterdir() if path.name.startswith("settings.toml.bad-")]
    assert kept.read_text(encoding="utf-8") == "[trading\n"
    with running(told.successors[0]):
        _wait(paths.market.exists)

    async def journey(desk: Desk) -> None:
        await ready(desk)
        assert "DEMO" in desk.window.windowTitle()

    assert terminal.open(journey) == 0
