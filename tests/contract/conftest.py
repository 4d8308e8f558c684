# SPDX-License-Identifier: Apache-2.0
"""What the tests over the wire are given: the real market behind a server, stepped by the test."""

from collections.abc import AsyncIterator

import pytest

from tests.contract.wire_fixtures import World


@pytest.fixture
async def world() -> AsyncIterator[World]:
    """Return a listening server; it and its clients end with the test."""
    one = World()
    await one.server.start()
    yield one
    await one.stop()
