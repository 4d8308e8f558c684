# SPDX-License-Identifier: Apache-2.0
"""Tasks that fail are what the supervisor is for: it says so in the log."""

import pytest

from tests.conftest import AllowLogs


@pytest.fixture(autouse=True)
def _faults(allow_logs: AllowLogs) -> None:
    allow_logs("tasks")
