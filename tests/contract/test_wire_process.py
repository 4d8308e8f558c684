# SPDX-License-Identifier: Apache-2.0
"""`tiller simulate` as a process: its one line, its exit codes, its end, its state file."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from tests.contract.wire_fixtures import load_library

TIMEOUT_S = 60.0
Start = Callable[..., Awaitable[asyncio.subprocess.Process]]


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    """Start the program; whatever still runs at the end is killed."""
    started: list[asyncio.subprocess.Process] = []

    async def start_program(*arguments: str) -> asyncio.subprocess.Process:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "brokers.simulator.main",
            *arguments,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        started.append(process)
        return process

    yield start_program
    for process in started:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def listening(process: asyncio.subprocess.Process) -> tuple[str, int]:
    assert process.stdout is not None
    line = json.loads(await asyncio.wait_for(process.stdout.readline(), TIMEOUT_S))
    assert line["accounts"] == ["DU9000001"]
    return line["listening"]["host"], line["listening"]["port"]


async def ended(process: asyncio.subprocess.Process) -> tuple[int, str, str]:
    output, errors = await asyncio.wait_for(process.communicate(), TIMEOUT_S)
    assert process.returncode is not None
    return process.returncode, output.decode(), errors.decode()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_it_says_where_it_listens_and_ends_in_order(start: Start, number: signal.Signals) -> None:
    process = await start()
    host, port = await listening(process)
    assert host == "127.0.0.1"
    assert port > 0
    process.send_signal(number)
    assert await ended(process) == (0, "", "")


async def test_it_resumes_from_its_state_file(start: Start, tmp_path: Path) -> None:
    state, history = tmp_path / "market.json", tmp_path / "history.jsonl"
    library = load_library()
    process = await start("--state", str(state), "--history", str(history), "--speed", "5")
    ib = library.IB()
    await ib.connectAsync(*await listening(process), clientId=1, timeout=10)
    trade = ib.placeOrder(library.Stock("IBM", "SMART", "USD"), library.LimitOrder("BUY", 10, 100, tif="GTC"))
    while trade.orderStatus.status != "Submitted":
        await asyncio.wait_for(trade.statusEvent, TIMEOUT_S)
    ib.disconnect()
    process.send_signal(signal.SIGINT)
    assert (await ended(process))[0] == 0
    assert history.stat().st_size > 0

    again = await start("--state", str(state))
    other = library.IB()
    await other.connectAsync(*await listening(again), clientId=1, timeout=10)
    assert [one.order.permId for one in other.openTrades()] == [trade.order.permId]
    other.disconnect()
    again.send_signal(signal.SIGTERM)
    assert (await ended(again))[0] == 0


async def test_a_taken_port_is_exit_1_with_a_way_out(start: Start) -> None:
    first = await start()
    _, port = await listening(first)
    code, output, errors = await ended(await start("--port", str(port)))
    assert (code, output) == (1, "")
    assert f"Port {port}" in errors
    assert "--port" in errors
    assert "Traceback" not in errors


@pytest.mark.parametrize(
    "arguments",
    [
        ("--server-version", "158"),
        ("--server-version", "200"),
        ("--port", "70000"),
        ("--speed", "0"),
        ("--speed", "fast"),
        ("--seed", "x"),
        ("--nonsense",),
    ],
)
async def test_wrong_usage_is_exit_2(start: Start, arguments: tuple[str, ...]) -> None:
    code, output, errors = await ended(await start(*arguments))
    assert (code, output) == (2, "")
    assert "usage:" in errors


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{broken", "not JSON"),
        ("[1, 2]", "not a state"),
        ('{"version": 99}', "version 99"),
        ('{"version": 1, "market": {}, "orders": {}}', "state"),
    ],
)
async def test_a_state_file_that_is_not_ours_is_refused_and_left_alone(
    start: Start, tmp_path: Path, text: str, words: str
) -> None:
    state = tmp_path / "market.json"
    state.write_text(text, encoding="utf-8")
    code, output, errors = await ended(await start("--state", str(state)))
    assert (code, output) == (1, "")
    assert words in errors
    assert "Traceback" not in errors
    assert state.read_text(encoding="utf-8") == text


async def test_another_host_is_refused(start: Start) -> None:
    code, _, errors = await ended(await start("--host", "0.0.0.0"))
    assert code == 1
    assert "loopback" in errors


async def test_it_ends_with_its_parent(start: Start) -> None:
    parent = await asyncio.create_subprocess_exec(sys.executable, "-c", "input()", stdin=asyncio.subprocess.PIPE)
    process = await start("--parent-pid", str(parent.pid))
    await listening(process)
    parent.kill()
    await parent.wait()
    assert (await ended(process))[0] == 0


async def test_it_stays_while_its_parent_lives(start: Start) -> None:
    process = await start("--parent-pid", str(os.getpid()), "--speed", "50")
    library = load_library()
    ib = library.IB()
    await ib.connectAsync(*await listening(process), clientId=1, timeout=10)
    bars = ib.reqRealTimeBars(library.Stock("SPY", "SMART", "USD"), 5, "TRADES", False)
    for _ in range(12):  # a minute of the market
        await asyncio.wait_for(bars.updateEvent, TIMEOUT_S)
    ib.disconnect()
    assert process.returncode is None
