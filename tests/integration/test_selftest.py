# SPDX-License-Identifier: Apache-2.0
"""`tiller selftest` as a person starts it, and that it can fail."""

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

import main
from terminal.selftest import run_selftest
from tests.conftest import ROOT

STEPS = [
    "simulator",
    "connect",
    "stream",
    "bracket",
    "partial fill",
    "kill the core",
    "restart",
    "reconcile",
    "close out",
    "verify",
]


def test_it_is_green_in_json() -> None:
    run = subprocess.run(
        [sys.executable, str(ROOT / "main.py"), "selftest", "--json"],
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    lines = [json.loads(line) for line in run.stdout.splitlines()]
    assert [line["step"] for line in lines] == STEPS, run.stdout + run.stderr
    assert all(line["ok"] and line["version"] == 1 and line["seconds"] >= 0 and line["detail"] for line in lines)
    assert run.returncode == 0


def test_it_is_red_when_the_broker_took_an_order_twice(capsys: pytest.CaptureFixture[str]) -> None:
    tools = main._selftest_tools()

    def doubled(folder: Path) -> Mapping[str, int]:
        return {name: count + 1 for name, count in tools.accepted(folder).items()}

    assert run_selftest(replace(tools, accepted=doubled), as_json=False) == 1
    *before, last = capsys.readouterr().out.splitlines()
    assert [line[:4] for line in before] == ["ok  "] * 7
    assert last.startswith("FAIL  reconcile")
    assert "2 times" in last


def test_it_is_red_when_the_core_cannot_start(capsys: pytest.CaptureFixture[str]) -> None:
    tools = main._selftest_tools()

    def spawn(folder: Path) -> "subprocess.Popen[str]":
        with (folder / "core.txt").open("w") as errors:
            return subprocess.Popen(
                [sys.executable, "-c", "raise SystemExit('no core here')"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )

    assert run_selftest(replace(tools, spawn_core=spawn), as_json=False) == 1
    assert capsys.readouterr().out.splitlines()[-1].startswith("FAIL  connect")
