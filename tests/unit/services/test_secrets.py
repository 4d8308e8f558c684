# SPDX-License-Identifier: Apache-2.0
"""Secrets live in a keyring of the list or nowhere, and never show themselves."""

import copy
import importlib
import logging
import pickle
from pathlib import Path

import pytest
import structlog
from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked, PasswordDeleteError

from terminal.errors import UserError
from terminal.logs import start_logs
from terminal.secrets import LONGEST, Secret, Secrets, open_secrets

CANARY = "CANARY-5f3a9c-do-not-show"


class MemoryKeyring(KeyringBackend):
    """A real backend that keeps its secrets for the length of a test."""

    priority = 1.0

    @property
    def kept(self) -> dict[tuple[str, str], str]:
        found: dict[tuple[str, str], str] = self.__dict__.setdefault("_kept", {})
        return found

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        if self.kept.pop((service, username), None) is None:
            raise PasswordDeleteError("not there")


def new(kind: type[KeyringBackend]) -> KeyringBackend:
    return kind()


class LockedKeyring(MemoryKeyring):
    def get_password(self, service: str, username: str) -> str | None:
        raise KeyringLocked(f"locked while asked for {service} {username} {CANARY}")

    def set_password(self, service: str, username: str, password: str) -> None:
        raise KeyringLocked(f"locked while given {service} {username} {password}")


ALLOWED = {f"{kind.__module__}.{kind.__qualname__}" for kind in (MemoryKeyring, LockedKeyring)}


def secrets(backend: KeyringBackend, profile: str = "demo") -> Secrets:
    return Secrets(profile, backend, allowed=ALLOWED)


def test_a_secret_comes_back_and_profiles_do_not_share_it() -> None:
    backend = new(MemoryKeyring)
    secrets(backend).set("token", Secret(CANARY))
    kept = secrets(backend).get("token")
    assert kept is not None
    assert kept.reveal() == CANARY
    assert secrets(backend, "paper").get("token") is None
    secrets(backend).delete("token")
    assert secrets(backend).get("token") is None
    secrets(backend).delete("token")


@pytest.mark.parametrize(
    "name", ["keyring.backends.null.Keyring", "keyring.backends.fail.Keyring", f"{__name__}.MemoryKeyring"]
)
def test_a_keyring_that_is_not_on_the_list_is_refused(name: str) -> None:
    module, _, kind = name.rpartition(".")
    refused = Secrets("demo", getattr(importlib.import_module(module), kind)())
    assert not refused.available
    assert "is not used" in refused.problem
    with pytest.raises(UserError, match="SEC-001"):
        refused.set("token", Secret(CANARY))
    assert refused.chain_key() is None


def test_a_system_without_a_keyring_has_its_features_off() -> None:
    none = open_secrets("demo", names=("keyring.backends.null.Keyring.Nothing", "no.such.module.Keyring"))
    assert not none.available
    assert "features that need a secret are off" in none.problem
    assert none.get("token") is None


def test_a_locked_keyring_turns_secrets_off_without_telling_what_was_asked() -> None:
    locked = secrets(new(LockedKeyring))
    with pytest.raises(UserError, match="SEC-003") as refused:
        locked.set("token", Secret(CANARY))
    assert CANARY not in str(refused.value)
    assert refused.value.__cause__ is None
    assert not locked.available
    assert CANARY not in locked.problem
    assert secrets(new(LockedKeyring)).chain_key() is None


def test_an_oversized_secret_is_refused() -> None:
    with pytest.raises(UserError, match="SEC-002"):
        secrets(new(MemoryKeyring)).set("token", Secret("x" * (LONGEST + 1)))


def test_the_chain_key_is_made_once() -> None:
    backend = new(MemoryKeyring)
    assert secrets(backend).chain_key(create=False) is None
    key = secrets(backend).chain_key()
    assert key is not None
    assert len(key) == 32
    assert secrets(backend).chain_key() == key


def test_a_damaged_chain_key_is_not_replaced() -> None:
    backend = new(MemoryKeyring)
    backend.set_password("tiller/demo", "journal-chain-key", "not base64!")
    damaged = secrets(backend)
    assert damaged.chain_key() is None
    assert "damaged" in damaged.problem
    assert backend.get_password("tiller/demo", "journal-chain-key") == "not base64!"


def test_a_secret_never_shows_itself() -> None:
    secret = Secret(CANARY)
    shown = [repr(secret), str(secret), f"{secret}", f"{secret:>20}", f"{[secret]}"]
    assert not any(CANARY in each for each in shown)
    for copying in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="pickled or copied"):
            copying(secret)
    assert secret == Secret(CANARY)
    assert secret != Secret("other")
    assert secret != CANARY


def test_a_revealed_secret_is_masked_wherever_it_is_logged(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    logs = start_logs(tmp_path / "logs", level="debug", console="debug")
    try:
        kept = Secrets("demo", new(MemoryKeyring), allowed=ALLOWED, on_reveal=logs.redactor.hide)
        kept.set("token", Secret(CANARY))
        log = structlog.get_logger("storage")
        text = f"connecting with {CANARY}"
        log.info(text, url=f"https://example.invalid/?t={CANARY}", secret=CANARY)
        logging.getLogger("vendor").warning("sent %s", CANARY)
        log.error("failed", exc_info=ValueError(CANARY))
        ring = logs.ring.lines
    finally:
        logs.stop()
    written = "".join(path.read_text() for path in (tmp_path / "logs").iterdir()) + capsys.readouterr().err + repr(ring)
    assert len(ring) == 3
    assert CANARY not in written
    assert "***" in written
