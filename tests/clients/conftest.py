# SPDX-License-Identifier: Apache-2.0
"""What the clients' tests share: the person's cache, the server processes, and the line that says who did not run."""

import os
from pathlib import Path
from typing import Any, Final

import pytest

from tests.clients.suite import REPORT

HOME_CACHE: Final = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
"""Read at import: every test gets a home of its own."""


@pytest.fixture
def home_cache() -> Path:
    return HOME_CACHE


@pytest.fixture(scope="session", autouse=True)
def _report(request: pytest.FixtureRequest) -> None:
    """Print the tables at the end of the run."""
    request.config.pluginmanager.register(_Summary(), "client-tables")


class _Summary:
    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        for line in REPORT:
            terminalreporter.write_line(line)
