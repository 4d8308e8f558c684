# SPDX-License-Identifier: Apache-2.0
"""The command line as a public interface: forms, exit codes, outputs."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from terminal import __version__
from terminal.command_line import RESERVED
from tests.conftest import ROOT
from tests.support.program import running, tiller

COMMANDS = ("simulate", "shots", "selftest", "journal", "doctor", "probe", *RESERVED)


@pytest.mark.parametrize("arguments", [(), *((command,) for command in COMMANDS)])
def test_every_command_has_help(arguments: tuple[str, ...]) -> None:
    done = tiller(*arguments, "--help")
    assert done.code == 0
    assert done.output.startswith("usage: tiller")
    assert done.errors == ""


def test_the_version_is_that_of_the_distribution() -> None:
    done = tiller("--version")
    assert (done.code, done.output) == (0, f"Tiller {__version__}\n")
    assert f'version = "{__version__}"' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", RESERVED)
def test_a_reserved_name_is_a_usage_error(name: str) -> None:
    done = tiller(name)
    assert (done.code, done.output) == (2, "")
    assert "reserved" in done.errors


@pytest.mark.parametrize(
    "arguments",
    [
        ("nonsense",),
        ("--nonsense",),
        ("journal",),
        ("journal", "everything"),
        ("shots",),
        ("shots", "x", "--size", "10x10"),
        ("doctor", "--port", "many"),
        ("simulate", "--speed", "0"),
    ],
)
def test_wrong_usage_is_exit_2(arguments: tuple[str, ...]) -> None:
    done = tiller(*arguments)
    assert (done.code, done.output) == (2, "")
    assert "usage: tiller" in done.errors


def test_simulate_says_where_it_listens_in_one_line_of_json() -> None:
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "main.py"), "simulate"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        line = json.loads(process.stdout.readline())
        assert set(line) == {"listening", "accounts"}
        assert line["listening"]["host"] == "127.0.0.1"
        assert line["listening"]["port"] > 0
        assert line["accounts"] == ["DU9000001"]
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=30)
        assert (process.returncode, output, errors) == (0, "", "")
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_headless_stops_in_order_on_a_signal(tmp_path: Path, number: signal.Signals) -> None:
    with running("--headless", "--data-dir", tmp_path / "data", until="running without a window") as process:
        process.send_signal(number)
        process.communicate(timeout=30)
        assert process.returncode == 0
    done = tiller("journal", "verify", "--data-dir", tmp_path / "data", "--json")
    assert done.code == 0
    assert json.loads(done.output)["ok"] is True


def test_the_journal_is_read_without_the_window(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with running("--headless", "--data-dir", folder, until="running without a window") as process:
        process.terminate()
        process.communicate(timeout=30)
    for subject in ("orders", "fills", "positions"):
        plain = tiller("journal", subject, "--data-dir", folder)
        assert (plain.code, plain.output) == (0, f"no {subject}\n")
        told = tiller("journal", subject, "--data-dir", folder, "--json")
        assert told.code == 0
        assert json.loads(told.output)["version"] == 1
        assert json.loads(told.output)[subject] == []


def test_the_journal_of_nobody_is_refused(tmp_path: Path) -> None:
    tiller("journal", "orders", "--data-dir", tmp_path / "none").refused("STO-009", "--data-dir")


def test_doctor_names_the_fault_and_the_way_out(tmp_path: Path) -> None:
    done = tiller("doctor", "--data-dir", tmp_path / "data", "--port", "1")
    assert done.code == 1
    assert "FAIL  port: nothing listens on 127.0.0.1:1" in done.output
    assert "Enable ActiveX and Socket Clients" in done.output
    told = tiller("doctor", "--data-dir", tmp_path / "data", "--port", "1", "--json")
    assert told.code == 1
    report = json.loads(told.output)
    assert report["ok"] is False
    assert {check["name"]: check["state"] for check in report["checks"]}["port"] == "fail"
    assert all(set(check) == {"name", "state", "text", "way_out"} for check in report["checks"])


def test_doctor_is_content_with_a_healthy_server(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "main.py"), "simulate"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout is not None
        port = json.loads(process.stdout.readline())["listening"]["port"]
        done = tiller("doctor", "--data-dir", tmp_path / "data", "--port", str(port), "--json")
        report = json.loads(done.output)
        assert (done.code, report["ok"]) == (0, True), done.output
        assert "fail" not in {check["state"] for check in report["checks"]}
        assert len(report["checks"]) > 3
    finally:
        process.terminate()
        process.communicate(timeout=30)
