# SPDX-License-Identifier: Apache-2.0
"""Four unmodified client programs live a day on the simulated TWS: the same checks for each, at each dialect.

One server process per dialect; all clients of all dialects run at the same time, because they mostly wait.
"""

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Final, NamedTuple

import pytest

from tests.clients.environments import (
    CLIENTS,
    IB_ASYNC,
    NAUTILUS,
    Client,
    UnavailableError,
    cache_folder,
    must_run,
    prepare,
)
from tests.clients.suite import FEWEST, HEADER, REPORT, Company, Result, run, server_process

WITHHELD: Final = ("--unsubscribed", "XOM")


class Dialect(NamedTuple):
    """One server and who comes to it; without a version each client gets its own."""

    title: str
    clients: tuple[Client, ...]
    version: int | None = None

    @property
    def arguments(self) -> tuple[str, ...]:
        return () if self.version is None else ("--server-version", str(self.version))


DIALECTS: Final = (
    Dialect("default version", CLIENTS),
    Dialect("--server-version 157", (IB_ASYNC, NAUTILUS), 157),
    Dialect("--server-version 178", (IB_ASYNC, NAUTILUS), 178),
)


def prepared(clients: tuple[Client, ...], cache: Path) -> dict[Client, Path]:
    """Return the interpreters of the clients that can run; say which cannot. Fails where each must run."""
    ready: dict[Client, Path] = {}
    for client in clients:
        try:
            ready[client] = prepare(client, cache)
        except UnavailableError as error:
            if must_run():
                pytest.fail(f"every client must run here, but {error}")
            REPORT.append(f"client did not run: {error}")
    return ready


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Result]]:
    """Run everything; return the results by dialect."""
    ready = prepared(CLIENTS, cache_folder())
    found: dict[str, list[Result]] = {}
    with ExitStack() as servers, ThreadPoolExecutor(sum(len(dialect.clients) for dialect in DIALECTS)) as pool:
        jobs = []
        for dialect in DIALECTS:
            there = [client for client in dialect.clients if client in ready]
            if not there:
                continue
            folder = tmp_path_factory.mktemp("server")
            where = servers.enter_context(server_process(folder, *WITHHELD, *dialect.arguments))
            company = Company(len(there))
            for client in there:
                version = dialect.version or client.default_version
                jobs.append((dialect, pool.submit(run, client, ready[client], where, version, company)))
        for dialect, job in jobs:
            found.setdefault(dialect.title, []).append(job.result())
    return found


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.title)
def test_every_client_passes_the_suite(results: dict[str, list[Result]], dialect: Dialect) -> None:
    ran = results.get(dialect.title, [])
    if not ran:
        pytest.skip("no client of this dialect could be prepared; the summary says why")
    REPORT.append(f"contract suite, {dialect.title}:")
    REPORT.append(HEADER)
    REPORT.extend(result.line() for result in ran)
    failures = [
        f"{result.client} at {result.version}: {name}: {text}" for result in ran for name, text in result.failed.items()
    ]
    REPORT.extend(failures)
    assert not failures, "\n".join(failures)
    assert all(len(result.passed) >= FEWEST for result in ran)
