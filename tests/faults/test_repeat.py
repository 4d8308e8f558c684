# SPDX-License-Identifier: Apache-2.0
"""The same seed, script and requests on the market's clock say the same, byte by byte, whatever Python hashes."""

import json
from decimal import Decimal
from pathlib import Path

import pytest

from brokers.simulator.protocol import requests, requests_orders
from tests.faults.process import Listener, Simulator, simulator

AAPL = 265598
NAMES = (("AAPL", "STK"), ("MSFT", "STK"), ("SPY", "STK"), ("EUR", "CASH"))


async def a_morning(sim: Simulator) -> bytes:
    """Subscribe, trade, change and cancel, step by step; return all that was heard."""
    client = await Listener.connect(*sim.address, 1)
    for number, (symbol, kind) in enumerate(NAMES, start=1):
        exchange = "IDEALPRO" if kind == "CASH" else "SMART"
        client.send(
            requests.REQ_MKT_DATA, req_id=number, symbol=symbol, sec_type=kind, exchange=exchange, currency="USD",
            generic_ticks="233,221",
        )  # fmt: skip
    client.send(requests.REQ_ACCOUNT_UPDATES, subscribe=True, account="DU9000001")
    await client.barrier()
    for number in range(1, 9):
        client.send(
            requests_orders.PLACE_ORDER, order_id=number, con_id=AAPL, exchange="SMART",
            action="BUY" if number % 3 else "SELL", total_quantity=Decimal(10 * number),
            order_type="MKT" if number % 2 else "LMT", limit_price=None if number % 2 else Decimal(230 + number),
            tif="DAY", order_ref=f"R{number}", open_close="O", transmit=True,
        )  # fmt: skip
        await client.barrier()
        await sim.control.done("step", seconds=7)
        await client.barrier()
    client.send(requests_orders.CANCEL_ORDER, order_id=2)
    await client.barrier()
    await sim.control.done("step", seconds=60)
    await client.barrier()
    client.writer.close()
    return bytes(client.transcript)


def told(path: Path) -> list[dict[str, object]]:
    """Return a history without what belongs to this machine: port numbers, who closed the socket first at the end."""
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    for number, line in enumerate(lines, start=1):
        line.pop("port", None)
        if line["name"] == "session_closed":
            return lines[: number - 1]
    return lines


@pytest.mark.parametrize("fault", ["", "P07", "O15"])
async def test_two_runs_say_the_same(tmp_path: Path, fault: str) -> None:
    transcripts, histories = [], []
    for hash_seed in ("1", "4242"):
        path = tmp_path / f"history-{hash_seed}.jsonl"
        arguments = ["--clock", "market", "--paused", "--seed", "5", "--history", str(path)]
        arguments += ["--fault", fault] if fault == "O15" else []
        async with simulator(*arguments, hash_seed=hash_seed) as sim:
            if fault == "P07":  # without its breaks: the client of this test does not connect again
                await sim.control.done("fault", script=_CHANCES)
            transcripts.append(await a_morning(sim))
        histories.append(told(path))
    assert len(transcripts[0]) > 5_000
    assert transcripts[0] == transcripts[1]
    assert histories[0] == histories[1]
    if fault:
        assert any(line["name"] == "fault" for line in histories[0])


_CHANCES = {
    "id": "chances",
    "rules": [
        {"on": "tickPrice", "chance": 0.1, "then": ["drop"]},
        {"on": "orderStatus", "chance": 0.3, "then": [{"repeat": 2}]},
        {"on": ["execDetails", "commissionReport"], "chance": 0.5, "then": [{"hold": 0.7}]},
    ],
}


async def test_another_seed_says_something_else(tmp_path: Path) -> None:
    heard = []
    for seed in ("5", "6"):
        async with simulator("--clock", "market", "--paused", "--seed", seed) as sim:
            heard.append(await a_morning(sim))
    assert heard[0] != heard[1]
