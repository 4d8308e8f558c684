# SPDX-License-Identifier: Apache-2.0
"""What the clients' tests share: the tables, printed at the end of the run, and the line that says who did not run."""

from typing import Any

import pytest

from tests.clients.suite import REPORT


@pytest.fixture(scope="session", autouse=True)
def _report(request: pytest.FixtureRequest) -> None:
    """Print the tables at the end of the run."""
    request.config.pluginmanager.register(_Summary(), "client-tables")


class _Summary:
    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        for line in REPORT:
            terminalreporter.write_line(line)
