# SPDX-License-Identifier: Apache-2.0
"""Faults are what most of these tests are about: the order core says so in its log."""

import pytest

from tests.conftest import AllowLogs


@pytest.fixture(autouse=True)
def _faults(allow_logs: AllowLogs) -> None:
    allow_logs("orders")
