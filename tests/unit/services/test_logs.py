# SPDX-License-Identifier: Apache-2.0
"""Log lines reach file, console and panel; masked, on one line, bounded; and logging never raises."""

import io
import json
import logging
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from terminal.bus import Bus
from terminal.clock import NS_PER_S, SimClock
from terminal.logs import Console, DayFile, LogPipeline, Logs, Redactor, Ring, start_logs
from terminal.model.events import LogLine

DAY_NS = 86_400 * NS_PER_S
START_NS = 20_000 * DAY_NS


@pytest.fixture
def clock() -> SimClock:
    return SimClock(START_NS)


@pytest.fixture
def logs(tmp_path: Path, clock: SimClock) -> Iterator[Logs]:
    started = start_logs(tmp_path / "logs", console=None, now_ns=clock.now_ns)
    yield started
    started.stop()


def written(folder: Path) -> list[dict[str, str]]:
    return [json.loads(line) for path in sorted(folder.glob("*.jsonl")) for line in path.read_text().splitlines()]


def test_a_line_has_time_level_subject_text_and_fields(logs: Logs, tmp_path: Path) -> None:
    structlog.get_logger("orders").info("order sent", client_order_id="T1-7", quantity=100, note=None)
    (line,) = written(tmp_path / "logs")
    assert line == {
        "time": "2024-10-04T00:00:00.000000Z",
        "level": "info",
        "subject": "orders",
        "text": "order sent",
        "client_order_id": "T1-7",
        "quantity": "100",
    }
    assert logs.ring.lines[-1].fields == {"client_order_id": "T1-7", "quantity": "100"}


def test_files_and_folder_are_private(logs: Logs, tmp_path: Path) -> None:
    structlog.get_logger("orders").info("order sent")
    (path,) = (tmp_path / "logs").iterdir()
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_nothing_of_a_hostile_text_can_act_in_a_terminal(logs: Logs, tmp_path: Path) -> None:
    hostile = "\x1b[31mred\r\nFAKE line\x07 \u202egnp.exe \x9b5n \ud800"
    structlog.get_logger("broker.ibkr").warning("notice: " + hostile, text=hostile)
    raw = next((tmp_path / "logs").iterdir()).read_bytes()
    assert raw.count(b"\n") == 1
    assert not set(raw.decode()) & set("\x1b\r\x07\u202e\x9b")
    assert logs.ring.lines[-1].text == "notice: \\x1b[31mred\\r\\nFAKE line\\x07 \\u202egnp.exe \\x9b5n \\ud800"


def test_account_numbers_are_masked_unless_the_person_wants_them() -> None:
    assert Redactor().text("DU9000001 and U1234567, F 20250321, AAPL") == "DU•••001 and U•••567, F 20250321, AAPL"
    assert Redactor(mask_accounts=False).text("DU9000001") == "DU9000001"


def test_fields_that_are_named_like_secrets_are_masked() -> None:
    redactor = Redactor()
    assert {name: redactor.field(name, "x") for name in ("password", "api_key", "flex_token")} == {
        "password": "***",
        "api_key": "***",
        "flex_token": "***",
    }


def test_a_flood_is_counted_instead_of_kept(logs: Logs, tmp_path: Path, clock: SimClock) -> None:
    log = structlog.get_logger("market")
    for number in range(10_000):
        log.info("late tick", number=number)
    log.info("something else")
    clock.advance(1)
    log.info("late tick")
    lines = written(tmp_path / "logs")
    assert [line["text"] for line in lines[-3:]] == ["something else", "late tick", "late tick"]
    assert lines[-2]["dropped"] == "9900"
    assert len(lines) == 103


def test_each_day_has_its_file_and_old_ones_go(tmp_path: Path) -> None:
    file = DayFile(tmp_path / "logs", kept_days=3)
    for day in range(6):
        file.write(LogLine(ns=START_NS + day * DAY_NS, level="info", subject="x", text="y"))
    file.close()
    names = sorted(path.name for path in (tmp_path / "logs").iterdir())
    assert names == [f"tiller-2024100{day}-000.jsonl" for day in (6, 7, 8, 9)]


def test_a_file_that_grows_too_large_is_continued_in_another_and_their_number_is_limited(tmp_path: Path) -> None:
    file = DayFile(tmp_path / "logs", max_bytes=1000, keep=4)
    for number in range(100):
        file.write(LogLine(ns=START_NS, level="info", subject="x", text=f"{number:0100d}"))
    file.close()
    files = sorted((tmp_path / "logs").iterdir())
    assert len(files) == 4
    assert all(path.stat().st_size <= 1000 for path in files)
    assert f"{99:0100d}" in files[-1].read_text()
    again = DayFile(tmp_path / "logs", max_bytes=1000, keep=4)
    again.write(LogLine(ns=START_NS, level="info", subject="x", text="after a restart"))
    again.close()
    assert "after a restart" in max((tmp_path / "logs").iterdir()).read_text()


def test_a_disk_that_takes_nothing_loses_lines_and_raises_nothing(tmp_path: Path) -> None:
    file = DayFile(tmp_path / "logs")
    (tmp_path / "logs" / "tiller-20241004-000.jsonl").symlink_to("/dev/full")
    file.write(LogLine(ns=START_NS, level="info", subject="x", text="a link is not followed"))
    assert file.lost == 1
    (tmp_path / "logs" / "tiller-20241004-000.jsonl").unlink()
    file.write(LogLine(ns=START_NS, level="info", subject="x", text="kept"))
    assert file._handle is not None
    full = os.open("/dev/full", os.O_WRONLY)
    os.dup2(full, file._handle)
    os.close(full)
    file.write(LogLine(ns=START_NS, level="info", subject="x", text="no space left"))
    assert file.lost == 2
    file.close()


def test_the_console_shows_what_is_important_enough() -> None:
    stream = io.StringIO()
    console = Console(stream, least=logging.WARNING)
    console.write(LogLine(ns=START_NS, level="info", subject="x", text="quiet"))
    console.write(LogLine(ns=START_NS, level="error", subject="risk", text="loud", fields={"limit": "5"}))
    assert stream.getvalue() == "00:00:00.000 error   risk: loud limit=5\n"


def test_the_panel_gets_lines_of_every_thread_on_the_cores(logs: Logs) -> None:
    bus = Bus()
    seen: list[str] = []
    bus.subscribe(LogLine, lambda line: seen.append(line.text))
    posted: list[object] = []

    def post(callback: object) -> None:
        posted.append(callback)

    logs.ring.attach(bus.publish, post)
    structlog.get_logger("gui").info("from the core")
    worker = threading.Thread(target=lambda: structlog.get_logger("storage").info("from the writer"))
    worker.start()
    worker.join()
    assert seen == ["from the core"]
    for callback in posted:
        assert callable(callback)
        callback()
    assert seen == ["from the core", "from the writer"]


def test_a_handler_of_log_lines_that_logs_does_not_call_itself_for_ever(logs: Logs) -> None:
    bus = Bus()

    def fail(_: LogLine) -> None:
        raise ValueError("a panel's own fault")

    bus.subscribe(LogLine, fail)
    logs.ring.attach(bus.publish)
    structlog.get_logger("gui").info("once")
    assert bus.faults == 1
    assert [line.text for line in logs.ring.lines] == ["once", "handler failed"]


def test_the_ring_forgets_the_oldest() -> None:
    ring = Ring(capacity=2)
    for number in range(3):
        ring.write(LogLine(ns=number, level="info", subject="x", text=str(number)))
    assert [line.text for line in ring.lines] == ["1", "2"]


def test_a_message_that_does_not_fit_its_arguments_is_still_a_line(logs: Logs) -> None:
    logs.pipeline.emit(logging.LogRecord("vendor", logging.WARNING, "vendor.py", 1, "%d of %d", ("one",), None))
    assert logs.ring.lines[-1].text == "%d of %d"


def test_stopping_puts_everything_back() -> None:
    root = logging.getLogger()
    before = (list(root.handlers), root.level)
    started = start_logs(None, console=None, level="debug")
    assert isinstance(root.handlers[0], LogPipeline)
    started.stop()
    assert (list(root.handlers), root.level) == before
