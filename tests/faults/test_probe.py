# SPDX-License-Identifier: Apache-2.0
"""The probe: nothing differs on a simulator of another seed, one planted deviation is found where it was planted."""

import json
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from brokers.simulator.faults.script import parse_script
from brokers.simulator.faults.server import FaultyTws
from brokers.simulator.faults.vocabulary import Script
from brokers.simulator.probe.run import probe
from brokers.simulator.probe.steps import STEPS
from brokers.simulator.server import ServerOptions
from terminal.clock import LiveClock
from terminal.errors import UserError
from terminal.simulation.factory import open_exchange
from tests.support.program import tiller

SCALE, SPEED = 0.25, 8.0
DEVIATIONS = (
    # the rule, and the steps that show it
    ("on: currentTime\n    then: [drop]", {"current time"}),
    ("on: reqMarketRule\n    then: [refuse: {code: 321, text: no}]", {"market rule"}),
    ("on: contractDetails\n    where: {symbol: AAPL}\n    then: [set: {long_name: ''}]", {"contract details"}),
    ("on: contractDetails\n    where: {symbol: AAPL}\n    then: [corrupt: {how: missing, field: min_tick}]",
     {"contract details"}),
    ("on: reqContractDetails\n    where: {symbol: ZZZZZQ}\n    then: [drop]", {"details of an unknown symbol"}),
    ("on: historicalData\n    nth: 2\n    then: [drop]", {"minute bars"}),
    ("on: accountSummaryEnd\n    then: [drop]", {"account summary"}),
    ("on: marketDataType\n    then: [drop]", {"a line of quotes"}),
    ("on: openOrder\n    where: {what_if: true}\n    then: [set: {init_margin_after: null}]", {"what if"}),
    ("on: orderStatus\n    where: {status: Submitted}\n    then: [set: {status: PreSubmitted}]",
     {"a limit order far away", "change its price"}),
    ("on: error\n    where: {code: 202}\n    then: [drop]", {"cancel it", "an order that is held"}),
    ("on: error\n    where: {code: 10147}\n    then: [set: {code: 135}]", {"cancel an order that is not"}),
    ("on: error\n    where: {code: 110}\n    then: [set: {code: 201}]", {"a price off its tick"}),
    ("on: [openOrder, orderStatus]\n    then: [reorder: [orderStatus, openOrder]]",
     {"a limit order far away", "change its price", "cancel it"}),
    ("on: openOrder\n    then: [corrupt: {how: extra}]", {"what if", "a limit order far away", "change its price"}),
    ("on: nextValidId\n    from: 2\n    then: [drop]", {"next order id"}),
)  # fmt: skip


@asynccontextmanager
async def a_tws(*scripts: Script) -> AsyncIterator[tuple[str, int]]:
    """Run a simulated TWS of another seed than the probe's own."""
    server = FaultyTws(open_exchange(seed=3), LiveClock(), ServerOptions(speed=SPEED), scripts=scripts)
    address = await server.start()
    try:
        yield address
        assert not server.exchange.open_orders()
        assert not server.exchange.executions()
    finally:
        await server.stop()


def test_there_are_forty_steps() -> None:
    assert len(STEPS) == 40
    assert len({step.title for step in STEPS}) == 40


async def test_two_simulators_do_not_differ_and_the_words_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "transcript.jsonl"
    async with a_tws() as (host, port):
        report = await probe(LiveClock(), host, port, transcript=path, scale=SCALE, speed=SPEED)
    assert [str(each) for each in report.differences] == []
    assert [str(each) for each in report.permissions] == []
    assert (report.version, report.steps, report.left) == (176, 40, ())
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert {line["dir"] for line in lines} == {"in", "out"}
    assert {line["step"] for line in lines} >= set(range(1, 41))
    placed = [line for line in lines if line["name"] == "placeOrder"]
    assert placed
    assert all(line["dir"] == "out" for line in placed)


@pytest.mark.parametrize(("rule", "titles"), DEVIATIONS)
async def test_one_planted_deviation_is_found(rule: str, titles: set[str]) -> None:
    """The steps that show it are run with those that they need."""
    needed = {"contract details", "daily bars"}
    orders = {"a limit order far away", "change its price", "cancel it"}
    only = (
        needed | titles | (orders if titles & (orders | {"a price off its tick", "an order that is held"}) else set())
    )
    script = parse_script(f"rules:\n  - {rule}\n", "planted")
    async with a_tws(script) as (host, port):
        report = await probe(LiveClock(), host, port, only=only, scale=SCALE, speed=SPEED)
    found = {each.title for each in (*report.differences, *report.permissions)}
    assert found, "nothing was found"
    assert found <= titles, [str(each) for each in report.differences]


async def test_a_live_account_is_refused_before_anything_is_said(tmp_path: Path) -> None:
    script = parse_script("rules:\n  - on: managedAccounts\n    then: [set: {accounts: 'DU1,U7654321'}]\n", "live")
    path = tmp_path / "transcript.jsonl"
    async with a_tws(script) as (host, port):
        with pytest.raises(UserError, match="PRB-003"):
            await probe(LiveClock(), host, port, transcript=path, scale=SCALE)
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert [line["name"] for line in lines if line["dir"] == "out"] == ["handshake", "startApi"]


async def test_a_server_that_is_none_is_refused() -> None:
    with pytest.raises(UserError, match="PRB-001"):
        await probe(LiveClock(), "127.0.0.1", 1)
    silent = parse_script("rules:\n  - on: connected\n    then: [close]\n", "silent")
    async with a_tws(silent) as (host, port):
        with pytest.raises(UserError, match="PRB-002"):
            await probe(LiveClock(), host, port, scale=SCALE)


def test_the_command_names_the_fault(tmp_path: Path) -> None:
    path = tmp_path / "words.jsonl"
    done = tiller("probe", "--port", "1", "--transcript", path)
    assert done.code == 1
    assert not path.exists()
    assert "PRB-001" in done.errors
    assert tiller("probe", "--port", "many").code == 2
