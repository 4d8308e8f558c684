# SPDX-License-Identifier: Apache-2.0
"""Four unmodified client programs live a day on the simulated TWS: the same checks for each, at each dialect."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

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


def together(clients: dict[Client, Path], where: tuple[str, int], versions: dict[Client, int]) -> list[Result]:
    company = Company(len(clients))
    with ThreadPoolExecutor(len(clients)) as pool:
        jobs = [
            pool.submit(run, client, python, where, versions[client], company) for client, python in clients.items()
        ]
        return [job.result() for job in jobs]


def judge(title: str, results: list[Result]) -> None:
    REPORT.append(f"contract suite, {title}:")
    REPORT.append(HEADER)
    REPORT.extend(result.line() for result in results)
    failures = [
        f"{result.client} at {result.version}: {name}: {text}"
        for result in results
        for name, text in result.failed.items()
    ]
    REPORT.extend(failures)
    assert not failures, "\n".join(failures)
    assert all(len(result.passed) >= FEWEST for result in results)


def test_every_client_passes_the_suite_at_its_own_version(home_cache: Path, tmp_path: Path) -> None:
    clients = prepared(CLIENTS, cache_folder(home_cache))
    if not clients:
        pytest.skip("no client could be prepared: " + "; ".join(REPORT))
    with server_process(tmp_path, *WITHHELD) as where:
        results = together(clients, where, {client: client.default_version for client in clients})
    judge("default version", results)


@pytest.mark.parametrize("version", [157, 178])
def test_clients_pass_the_suite_at_another_version(home_cache: Path, tmp_path: Path, version: int) -> None:
    wanted = tuple(client for client in (IB_ASYNC, NAUTILUS) if client.highest >= version)
    clients = prepared(wanted, cache_folder(home_cache))
    if not clients:
        pytest.skip("no client could be prepared: " + "; ".join(REPORT))
    with server_process(tmp_path, *WITHHELD, "--server-version", str(version)) as where:
        results = together(clients, where, dict.fromkeys(clients, version))
    judge(f"--server-version {version}", results)
