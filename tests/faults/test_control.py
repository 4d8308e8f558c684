# SPDX-License-Identifier: Apache-2.0
"""The control port: who may speak, what it does to time, truth and the server; and the options around it."""

import asyncio
import contextlib
import json
import stat
from decimal import Decimal
from pathlib import Path

import pytest

from brokers.simulator.protocol import requests, requests_orders
from tests.faults.process import Control, Listener, dial, hang_up, simulator
from tests.support.program import tiller

AAPL = 265598


async def test_time_stands_steps_and_goes_on() -> None:
    async with simulator("--paused", "--from", "2025-03-04T11:00", "--until", "2025-03-04T11:10") as sim:
        before = await sim.control.done("status")
        assert before["paused"] is True
        after = await sim.control.done("step", seconds=90)
        assert after["ns"] - before["ns"] == 90_000_000_000
        refused = await sim.control.ask("step", seconds=-1)
        assert not refused["ok"]
        assert '"seconds"' in refused["error"]
        await sim.control.done("speed", x=600)
        await sim.control.done("go_on")
        assert not (await sim.control.ask("step", seconds=1))["ok"]
        state = await sim.control.until("over")
        assert state["ns"] == 1741104600 * 10**9  # 11:10 in New York


async def test_a_saved_market_goes_on_where_it_stopped(tmp_path: Path) -> None:
    state = str(tmp_path / "state.json")
    arguments = ("--paused", "--clock", "market", "--state", state)
    async with simulator(*arguments, "--from", "2025-03-05T12:00") as sim:
        stopped = (await sim.control.done("step", seconds=30))["ns"]
    async with simulator(*arguments, "--until", "2025-03-05T12:01") as sim:
        assert (await sim.control.done("status"))["ns"] == stopped
        assert (await sim.control.done("step", seconds=60))["ns"] == stopped + 30 * 10**9
        assert (await sim.control.done("status"))["over"] is True
    refused("SIM-023", "--state", arguments=(*arguments, "--from", "2025-03-06T12:00"))
    refused("SIM-023", "12:01", arguments=(*arguments, "--until", "2025-03-05T12:00:30"))


async def test_the_truth_is_what_the_broker_holds() -> None:
    async with simulator("--paused", "--clock", "market", "--accounts", "2") as sim:
        client = await Listener.connect(*sim.address, 1)
        client.send(
            requests_orders.PLACE_ORDER, order_id=1, con_id=AAPL, exchange="SMART", action="BUY",
            total_quantity=Decimal(10), order_type="MKT", tif="DAY", order_ref="mine", open_close="O", transmit=True,
            account="DU9000001",
        )  # fmt: skip
        await client.barrier()
        await sim.control.done("step", seconds=5)
        truth = await sim.control.done("truth")
        assert truth["accepted"] == {"mine": 1}
        assert truth["positions"] == {"DU9000001": {str(AAPL): "10"}, "DU9000002": {}}
        assert sum(Decimal(one["quantity"]) for one in truth["executions"]) == 10
        spent = Decimal(250_000) - Decimal(truth["cash"]["DU9000001"]["USD"])
        paid = sum(Decimal(one["quantity"]) * Decimal(str(one["price"])) for one in truth["executions"])
        assert abs(spent - paid) < 5
        assert set(truth["cash"]["DU9000002"]) >= {"EUR"}


async def test_a_fault_now_and_the_nightly_restart() -> None:
    async with simulator("--paused", "--clock", "market") as sim:
        client = await Listener.connect(*sim.address, 1)
        assert "T01" in (await sim.control.done("faults"))["faults"]
        armed = await sim.control.done("fault", name="T01")
        assert armed["rules"] == ["T01/1"]
        assert not (await sim.control.ask("fault", name="T99"))["ok"]
        refused = await sim.control.ask("fault", script={"rules": [{"on": "placeOrder", "then": ["explode"]}]})
        assert "explode" in refused["error"]
        assert "--proxy" in (await sim.control.ask("fault", name="T06"))["error"]
        await sim.control.done("calm")
        await client.barrier()
        await sim.control.done("restart", closed=5, ids_back=3)
        with pytest.raises((AssertionError, ConnectionError)):
            await client.barrier()
        with pytest.raises(ConnectionError):
            await Listener.connect(*sim.address, 1)
        await sim.control.done("step", seconds=6)
        await sim.control.until("listening")
        again = await Listener.connect(*sim.address, 1)
        await again.barrier()


async def test_a_stranger_is_sent_away() -> None:
    async with simulator("--paused") as sim:
        said = sim.said["control"]
        assert said["host"] == "127.0.0.1"
        wrong = await Control.open(said["host"], said["port"], "guess")
        assert "token" in (await wrong.ask("truth"))["error"]
        assert await wrong.reader.read() == b""
        for rubbish in (b"\n", b"[]\n", b"{\n", b"null\n", b'{"token": 7}\n', b"\xff\xfe\n", b"[" * 5000 + b"\n"):
            stranger = await Control.open(said["host"], said["port"], "")
            stranger.writer.write(rubbish)
            assert json.loads(await stranger.reader.readline())["ok"] is False
            assert await stranger.reader.read() == b""
        endless = await Control.open(said["host"], said["port"], "")
        endless.writer.write(b"x" * 1_000_000)
        with contextlib.suppress(ConnectionError):
            assert await endless.reader.read() == b""
        assert (await sim.control.done("status"))["clients"] == []


async def test_many_connections_that_say_nothing_do_not_keep_the_owner_out() -> None:
    async with simulator("--paused") as sim:
        said = sim.said["control"]
        await sim.control.done("status")
        for _ in range(20):
            await dial(said["host"], said["port"])
        assert (await sim.control.done("status"))["paused"] is True
        owner = await Control.open(said["host"], said["port"], said["token"])
        assert (await owner.done("status"))["paused"] is True


async def test_the_token_can_go_to_a_private_file(tmp_path: Path) -> None:
    path = tmp_path / "secret" / "token"
    process = await asyncio.create_subprocess_exec(
        *_program(), "--control", "--control-token", str(path), "--paused", stdout=asyncio.subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        said = json.loads(await process.stdout.readline())["control"]
        assert "token" not in said
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        control = await Control.open(said["host"], said["port"], path.read_text(encoding="ascii").strip())
        await control.done("quit")
        assert await asyncio.wait_for(process.wait(), 30) == 0
    finally:
        await hang_up()
        if process.returncode is None:
            process.kill()
            await process.wait()


def _program() -> tuple[str, ...]:
    import sys

    return (sys.executable, "-m", "brokers.simulator.main")


# ------------------------------------------------------------------ options that cannot be
def refused(code: str, *words: str, arguments: tuple[str | Path, ...]) -> None:
    tiller("simulate", *arguments).refused(code, *words)


def test_a_bad_script_is_named_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text("rules:\n  - on: placeOrder\n    then: [explode]\n", encoding="utf-8")
    refused("SIM-020", str(path), "line 3", "explode", arguments=("--faults", path))


def test_a_missing_script_or_fault_is_named(tmp_path: Path) -> None:
    refused("SIM-020", "nowhere.yaml", arguments=("--faults", tmp_path / "nowhere.yaml"))
    refused("SIM-022", "T99", "T01", arguments=("--fault", "T99"))
    refused("SIM-020", "variant", "second", arguments=("--fault", "T05.third"))


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("--from", "yesterday"), "yesterday"),
        (("--from", "1999-01-04T10:00"), "begins"),
        (("--from", "2025-03-09T02:30"), "New York"),
        (("--until", "2025-03-04T09:00"), "after the beginning"),
        (("--from", "2025-03-05T11:00", "--until", "2025-03-05T10:00"), "after the beginning"),
    ],
)
def test_an_impossible_clock_is_refused(arguments: tuple[str, ...], word: str) -> None:
    refused("SIM-023", word, arguments=arguments)


def test_other_interfaces_must_be_asked_for_in_so_many_words() -> None:
    refused("SIM-011", "0.0.0.0", arguments=("--host", "0.0.0.0"))


async def test_a_taken_port_is_named() -> None:
    async with simulator("--paused") as sim:
        host, port = sim.address
        done = await asyncio.to_thread(tiller, "simulate", "--port", str(port))
        done.refused("SIM-012", str(port), host)
        done = await asyncio.to_thread(
            tiller, "simulate", "--control", "--control-port", str(sim.said["control"]["port"])
        )
        done.refused("SIM-012", "--control-port")


def test_the_catalogue_is_listed() -> None:
    done = tiller("simulate", "--list-faults")
    assert done.code == 0
    assert len(done.output.splitlines()) == 60
    assert "T05" in done.output
    assert "second" in done.output


async def test_the_proxy_can_be_used_over_the_control_port() -> None:
    async with simulator("--paused", "--clock", "market", "--proxy") as sim:
        client = await Listener.connect(*sim.address, 1)
        await sim.control.done("fault", script={"rules": [{"on": "start", "then": [{"proxy": {"mode": "refuse"}}]}]})
        with pytest.raises((AssertionError, ConnectionError)):
            await client.barrier()
        with pytest.raises((AssertionError, ConnectionError)):
            await Listener.connect(*sim.address, 2)
        await sim.control.done("fault", script={"rules": [{"on": "start", "then": [{"proxy": {"mode": "split"}}]}]})
        await sim.control.until("listening")
        again = await Listener.connect(*sim.address, 3)
        await again.barrier()


async def test_a_price_is_moved_and_an_instrument_halted() -> None:
    async with simulator("--paused", "--clock", "market") as sim:
        client = await Listener.connect(*sim.address, 1)
        client.send(requests.REQ_MKT_DATA, req_id=1, symbol="AAPL", sec_type="STK", exchange="SMART", currency="USD")
        before = float((await client.until("1"))[4])
        await sim.control.done("shock", symbol="AAPL", percent=-50)
        await sim.control.done("step", seconds=30)
        await client.barrier()
        client.send(requests.REQ_MKT_DATA, req_id=2, symbol="AAPL", sec_type="STK", exchange="SMART", currency="USD")
        assert abs(float((await client.until("1"))[4]) / before - 0.5) < 0.05
        await sim.control.done("halt", symbol="AAPL", on=True)
        await sim.control.done("step", seconds=1)
        halted = await client.until("45", code="1.0")
        assert halted[3:] == ["49", "1.0"]
        assert "percent" in (await sim.control.ask("shock", symbol="AAPL", percent=-100))["error"]
        assert "ZZZZ" in (await sim.control.ask("halt", symbol="ZZZZ"))["error"]
        assert "on" in (await sim.control.ask("halt", symbol="AAPL", on="yes"))["error"]


async def test_a_port_that_somebody_took_meanwhile_is_waited_for() -> None:
    async with simulator("--paused", "--clock", "market") as sim:
        host, port = sim.address
        await sim.control.done("restart", closed=1)
        thief = await asyncio.start_server(lambda _, writer: writer.close(), host, port)
        await sim.control.done("step", seconds=3)
        assert (await sim.control.done("status"))["listening"] is False
        thief.close()
        await thief.wait_closed()
        await sim.control.done("step", seconds=3)
        await sim.control.until("listening")
        client = await Listener.connect(host, port, 1)
        await client.barrier()
