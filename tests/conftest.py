# SPDX-License-Identifier: Apache-2.0
"""What holds for every test: no window, no network, no keyring, no folder of the person, no unasked warning.

A log line of WARNING or worse that a test did not ask for (`allow_logs`, `any_logs`) fails that test: a fault that
only the log knows is a fault that nobody saw. Tests marked ``data`` are counted, and the count is printed, so that
continuous integration sees when one was left out.
"""

import logging
import os
import socket
import sys
from collections.abc import Callable, Generator, Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final

import pytest

from terminal.logs import configure_structlog
from terminal.paths import ProfilePaths, prepare_profile, profile_paths

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ["DBUS_SESSION_BUS_ADDRESS"] = "disabled:"  # a keyring of the person is none of our business

ROOT: Final = Path(__file__).parents[1]
_VENDORS: Final = frozenset({"ib_insync"})
"""The library logs what a server said as an error; our adapter silences it and tells in its own words."""
_COUNTS: Final = pytest.StashKey[dict[str, int]]()
AllowLogs = Callable[..., None]


# ---------------------------------------------------------------- the run
def pytest_configure(config: pytest.Config) -> None:
    config.stash[_COUNTS] = {"ran": 0, "skipped": 0}
    configure_structlog()


def pytest_collection_finish() -> None:
    """Eventkit takes the event loop that it finds when it is imported: that must be a running one."""
    if "ib_insync" in sys.modules:
        raise pytest.UsageError("a test module imports ib_insync at its top; import it inside the running loop")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if item.get_closest_marker("data") is not None:
        counts = item.config.stash[_COUNTS]
        if report.skipped:
            counts["skipped"] += 1
        elif report.when == "call":
            counts["ran"] += 1
    return report


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    counts = config.stash[_COUNTS]
    terminalreporter.write_line(f"data tests: {counts['ran']} ran, {counts['skipped']} skipped")


# ---------------------------------------------------------------- recorded data
@pytest.fixture(scope="session")
def recorded() -> Path:
    """Return the folder of recorded market data; the test is skipped, and counted, where there is none."""
    folder = Path(os.environ.get("TILLER_DATA", ROOT.parent / "shared" / "data" / "lean"))
    if not folder.is_dir():
        pytest.skip(f"there is no recorded market data at {folder}; set TILLER_DATA")
    return folder


# ---------------------------------------------------------------- the person's things are out of reach
@pytest.fixture(autouse=True)
def _no_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home"
    for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME"):
        monkeypatch.setenv(name, str(home / name))


@pytest.fixture
def profile(tmp_path: Path) -> ProfilePaths:
    """Return the folders of a fresh profile."""
    paths = profile_paths("test", tmp_path / "data")
    prepare_profile(paths)
    return paths


def _is_local(address: object) -> bool:
    if not isinstance(address, tuple):
        return True  # a path of this machine
    host = str(address[0])
    if host in ("", "localhost"):
        return True
    try:
        return ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return False


@pytest.fixture(autouse=True, scope="session")
def _loopback_only() -> Iterator[None]:
    """Refuse every connection that would leave this machine."""
    patch = pytest.MonkeyPatch()
    for name in ("connect", "connect_ex"):
        real = getattr(socket.socket, name)

        def guarded(self: socket.socket, address: Any, real: Callable[..., Any] = real) -> Any:
            if not _is_local(address):
                raise PermissionError(f"a test may only use the loopback, not {address!r}")
            return real(self, address)

        patch.setattr(socket.socket, name, guarded)
    yield
    patch.undo()


# ---------------------------------------------------------------- log lines
class _Guard(logging.Handler):
    """Keeps what was logged at WARNING or worse and not allowed."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.allowed: set[str] = set()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)

    def unasked(self) -> list[str]:
        return [
            f"{record.levelname} {record.name}: {record.getMessage()} {getattr(record, 'tiller_fields', '')}"
            for record in self.records
            if "" not in self.allowed and record.name.partition(".")[0] not in self.allowed | _VENDORS
        ]


@pytest.fixture(autouse=True)
def _log_guard() -> Iterator[_Guard]:
    guard = _Guard()
    root = logging.getLogger()
    root.addHandler(guard)
    configure_structlog()
    yield guard
    root.removeHandler(guard)
    unasked = guard.unasked()
    if unasked:
        pytest.fail("the test did not ask for these log lines:\n  " + "\n  ".join(unasked), pytrace=False)


@pytest.fixture
def allow_logs(_log_guard: _Guard) -> AllowLogs:
    """Return a function that allows warnings and errors of the named subjects: ``allow_logs("market", "orders")``."""

    def allow(*subjects: str) -> None:
        _log_guard.allowed.update(subjects)

    return allow


@pytest.fixture
def any_logs(_log_guard: _Guard) -> None:
    """Allow every warning and error: for tests that are about faults everywhere."""
    _log_guard.allowed.add("")
