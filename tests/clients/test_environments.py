# SPDX-License-Identifier: Apache-2.0
"""The clients' environments: locked by hash, kept by the lock's hash, and honest where they cannot be built."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from tests.clients.conversation import CHECKS
from tests.clients.environments import (
    CACHE_VARIABLE,
    CLIENTS,
    IBAPI,
    LOCKS,
    Client,
    UnavailableError,
    cache_folder,
    environment_key,
    must_run,
    prepare,
)
from tests.clients.suite import FEWEST, IN_ORDER, REPORT
from tests.clients.test_contract import prepared


@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.lock)
def test_a_lock_names_hashes_and_no_address(client: Client) -> None:
    text = client.lock_file.read_text(encoding="utf-8")
    packages = re.findall(r"^[\w.-]+==\S+", text, re.MULTILINE)
    assert packages
    assert len(re.findall(r"--hash=sha256:[0-9a-f]{64}", text)) >= len(packages)
    assert "://" not in text


def test_every_lock_belongs_to_a_client() -> None:
    assert {path.stem for path in LOCKS.glob("*.txt")} == {client.lock for client in CLIENTS}


def test_the_folder_is_named_by_what_is_locked() -> None:
    assert len({environment_key(client) for client in CLIENTS}) == len(CLIENTS)
    assert environment_key(IBAPI) == environment_key(replace(IBAPI, name="another name"))


def test_the_cache_can_be_moved(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(CACHE_VARIABLE, raising=False)
    assert cache_folder(tmp_path) == tmp_path / "tiller" / "clients"
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "elsewhere"))
    assert cache_folder(tmp_path) == tmp_path / "elsewhere"


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Installers find nothing, as on a machine without network."""
    for name, value in (("PIP_NO_INDEX", "1"), ("PIP_FIND_LINKS", ""), ("UV_OFFLINE", "1"), ("UV_NO_CACHE", "1")):
        monkeypatch.setenv(name, value)


def test_without_network_it_says_which_client_did_not_run(
    no_network: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with pytest.raises(UnavailableError, match=r"ibapi 9\.81\.1"):
        prepare(IBAPI, tmp_path)
    monkeypatch.setenv("CI", "")
    assert not must_run()
    told = len(REPORT)
    assert prepared((IBAPI,), tmp_path) == {}
    assert REPORT[told].startswith("client did not run: ibapi 9.81.1")
    del REPORT[told:]  # the real report is about the real run


def test_in_continuous_integration_a_client_that_did_not_run_is_a_failure(
    no_network: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match=r"ibapi 9\.81\.1"):
        prepared((IBAPI,), tmp_path)


def test_the_list_is_long_enough_and_every_check_has_its_own_name() -> None:
    assert len(CHECKS) >= FEWEST
    assert len({one.name for one in CHECKS}) == len(CHECKS)
    assert IN_ORDER[0].name.startswith("connects")
    assert IN_ORDER[-1].name == "disconnects"
