# SPDX-License-Identifier: Apache-2.0
"""What a person can have wrong: each a clear message with its code and the way out; nothing lost, nothing sent."""

import asyncio
import socket
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from brokers.ibkr import codes
from terminal.clock import LiveClock
from terminal.model.enums import Side, TradingState
from terminal.model.events import LinkChanged, OrderDenied
from terminal.paths import ProfilePaths, prepare_profile, profile_paths
from tests.conftest import AllowLogs
from tests.support.core import build_kernel
from tests.support.program import Ended, running, tiller
from tests.support.wire import PLACE_ORDER, CountedJournal, bind_library
from tests.support.world import world


@pytest.fixture
def demo(tmp_path: Path) -> ProfilePaths:
    """Return the default profile below a data folder of its own."""
    paths = profile_paths("demo", tmp_path / "data")
    prepare_profile(paths)
    return paths


def start(paths: ProfilePaths) -> Ended:
    return tiller("--headless", "--data-dir", paths.root.parent)


def put(path: Path, content: bytes) -> bytes:
    path.write_bytes(content)
    path.chmod(0o600)
    return content


# ---------------------------------------------------------------- files
def test_a_corrupt_journal(demo: ProfilePaths) -> None:
    content = put(demo.journal, b"this is no database" * 100)
    start(demo).refused("STO-001", str(demo.journal), "Way out")
    assert demo.journal.read_bytes() == content


def test_a_journal_with_a_damaged_page(demo: ProfilePaths) -> None:
    with running("--headless", "--data-dir", demo.root.parent, until="running without a window") as process:
        process.terminate()
        process.communicate(timeout=30)
    content = bytearray(demo.journal.read_bytes())
    content[4096:8192] = b"\xff" * 4096
    put(demo.journal, bytes(content))
    done = start(demo)
    assert done.code == 1
    assert "STO-0" in done.errors
    assert "Way out" in done.errors
    assert demo.journal.read_bytes() == bytes(content)


def test_a_journal_of_a_newer_version(demo: ProfilePaths) -> None:
    with running("--headless", "--data-dir", demo.root.parent, until="running without a window") as process:
        process.terminate()
        process.communicate(timeout=30)
    database = sqlite3.connect(demo.journal)
    (version,) = database.execute("PRAGMA user_version").fetchone()
    database.execute(f"PRAGMA user_version = {version + 1000}")
    database.execute("UPDATE alembic_version SET version_num = '9999'")
    database.commit()
    database.close()
    before = demo.journal.read_bytes()
    done = start(demo)
    assert done.code == 1
    assert "newer" in done.errors
    assert "STO-0" in done.errors
    assert "Traceback" not in done.errors
    assert demo.journal.read_bytes() == before


@pytest.mark.parametrize(
    ("content", "code", "words"),
    [
        (b"version = 1\n[risk\n", "SET-001", "Way out"),
        (b"version = 1\n[risk]\nmax_notional = -5\n", "SET-002", "line 3"),
        (b'version = 1\n[connection]\nmode = "real"\n', "SET-002", "line 3"),
        (b"version = 99\n", "SET-003", "newer"),
        (b"\xff\xfe\x00", "SET-004", "move it away"),
    ],
)
def test_settings_that_cannot_be_used(demo: ProfilePaths, content: bytes, code: str, words: str) -> None:
    put(demo.settings, content)
    start(demo).refused(code, str(demo.settings), words)
    assert demo.settings.read_bytes() == content


def test_a_second_instance_of_a_profile(demo: ProfilePaths) -> None:
    with running("--headless", "--data-dir", demo.root.parent, until="running without a window") as process:
        start(demo).refused("APP-001", str(process.pid), "--profile")
        assert process.poll() is None


def test_a_folder_that_others_can_write(demo: ProfilePaths) -> None:
    demo.root.chmod(0o777)
    start(demo).refused("FIL-003", "chmod 700")


def test_a_profile_name_that_is_no_folder(tmp_path: Path) -> None:
    tiller("--headless", "--profile", "../up", "--data-dir", tmp_path).refused("FIL-001", "--profile")


class NoRoom(CountedJournal):
    """A journal on a disk that has less room than it wants to keep free."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **{**options, "disk_floor": 2**62})


async def test_a_full_disk_sends_nothing(profile: ProfilePaths, allow_logs: AllowLogs) -> None:
    allow_logs("storage")
    async with world(profile, journal=NoRoom) as w:
        core = await w.ready()
        (name,) = w.submit(w.market("AAPL", Side.BUY, 1))
        await w.step(1)
        denied = w.order(name).events[-1]
        assert isinstance(denied, OrderDenied)
        assert denied.code == "JOURNAL_UNAVAILABLE"
        assert w.server.requests[PLACE_ORDER] == 0
        assert "MB are free" in core.journal.problem


# ---------------------------------------------------------------- the simulator's own
def test_a_replay_that_is_no_recording(tmp_path: Path) -> None:
    folder = tmp_path / "equity" / "usa" / "tick" / "ibm"
    folder.mkdir(parents=True)
    (folder / "20131007_trade.zip").write_bytes(b"not a zip")
    done = tiller("simulate", "--replay", folder / "20131007_trade.zip")
    assert done.code == 1
    assert done.errors.startswith("SIM-0")
    assert "20131007_trade.zip" in done.errors
    assert "Traceback" not in done.errors


def test_a_replay_that_is_not_there(tmp_path: Path) -> None:
    tiller("simulate", "--replay", tmp_path / "none").refused("SIM-010", "none")


def test_a_port_that_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        tiller("simulate", "--port", str(port)).refused("SIM-012", str(port), "--port")


def test_a_simulator_state_that_is_damaged(demo: ProfilePaths) -> None:
    """The demo's market cannot start: the core says what its simulator said."""
    content = put(demo.simulator_state, b"{")
    start(demo).refused("SIM-001", "SIM-013", "Move it away")
    assert demo.simulator_state.read_bytes() == content


# ---------------------------------------------------------------- a server that is none
Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def serving(talk: Talk) -> AsyncIterator[int]:
    """Listen on a free port and let ``talk`` answer."""
    writers: list[asyncio.StreamWriter] = []

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        await talk(reader, writer)

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for writer in writers:
            writer.close()
        await server.wait_closed()


async def silence(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    await reader.read()


async def greeting(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
    await writer.drain()
    await reader.read()


async def noise(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"\xff" * 4096)
    await writer.drain()
    await reader.read()


async def half_a_frame(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(bytes(range(256)))  # announces 66,051 bytes and never sends them
    await writer.drain()
    await reader.read()


async def slammed(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()


@pytest.mark.parametrize(
    ("talk", "code"),
    [
        (silence, codes.SILENT_SERVER),
        (greeting, codes.CORRUPT_STREAM),
        (noise, codes.CORRUPT_STREAM),
        (half_a_frame, codes.SILENT_SERVER),
        (slammed, codes.CLOSED_BY_PEER),
    ],
)
async def test_a_server_that_is_no_tws(profile: ProfilePaths, allow_logs: AllowLogs, talk: Talk, code: int) -> None:
    """The person is told what answers there and what to do; orders stay at home; it tries again."""
    allow_logs("broker")
    bind_library()
    async with serving(talk) as port:
        kernel = build_kernel(
            profile,
            clock=LiveClock(),
            address=("127.0.0.1", port),
            changes={"connection.mode": "paper", "connection.connect_timeout_s": 1.0},
        )
        told: asyncio.Future[LinkChanged] = asyncio.get_running_loop().create_future()

        def hear(event: LinkChanged) -> None:
            if event.code and not told.done():
                told.set_result(event)

        kernel.bus.subscribe(LinkChanged, hear)
        await kernel.start()
        try:
            async with asyncio.timeout(20):
                event = await told
            assert event.code == code
            assert event.text
            assert event.way_out
            assert event.retry_in_s
            assert kernel.execution.trading.state is TradingState.HALTED
            assert "Not connected" in kernel.why_not_trade()
        finally:
            await kernel.stop()


def test_market_data_that_is_damaged_begins_anew_and_is_kept(demo: ProfilePaths) -> None:
    """What can be downloaded again must not keep anybody from trading."""
    content = put(demo.market, b"this is no database" * 100)
    with running("--headless", "--data-dir", demo.root.parent, until="running without a window") as process:
        process.terminate()
        process.communicate(timeout=30)
        assert process.returncode == 0
    (kept,) = demo.root.glob("market.db.corrupt-*")
    assert kept.read_bytes() == content
