# SPDX-License-Identifier: Apache-2.0
"""Secrets: the one door to the operating system's keyring.

Tiller trades without any secret (the login to IBKR happens in TWS); what it may keep is the key of the journal's
hash chain and, later, tokens. Without a keyring that is on the list those features are off and say so: a secret
never falls back to a file. Never logs, never puts a value into an exception.
"""

import base64
import binascii
import importlib
import secrets as random_source
import sys
from collections.abc import Callable, Collection, Sequence
from typing import Final

from keyring.backend import KeyringBackend
from keyring.errors import KeyringError

from terminal.errors import UserError

LONGEST: Final = 1200
"""Characters; Windows refuses more than 2,560 bytes of UTF-16."""

ALLOWED: Final = (
    "keyring.backends.macOS.Keyring",
    "keyring.backends.Windows.WinVaultKeyring",
    "keyring.backends.SecretService.Keyring",
    "keyring.backends.kwallet.DBusKeyring",
    "keyring.backends.libsecret.Keyring",
)
"""Backends that keep secrets encrypted under the user's login. Any other (null, plain text, fail) is refused."""

_CHAIN_KEY: Final = "journal-chain-key"
_CHAIN_KEY_BYTES: Final = 32


class Secret:
    """A value that shows itself only to who asks by name: text, repr, format and pickles are refused or masked."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        return self._value

    def __repr__(self) -> str:
        return "***"

    __str__ = __repr__

    def __format__(self, _specification: str) -> str:
        return "***"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and random_source.compare_digest(
            self._value.encode("utf-8", "surrogatepass"), other._value.encode("utf-8", "surrogatepass")
        )

    def __hash__(self) -> int:
        raise TypeError("a secret is no key of a dictionary")

    def __reduce__(self) -> str | tuple[object, ...]:
        raise TypeError("a secret cannot be pickled or copied into another process")


class Secrets:
    """The secrets of one profile.

    ``on_reveal`` is told every value that passes, so that the log can mask it wherever it turns up.
    """

    def __init__(
        self,
        profile: str,
        backend: KeyringBackend | None,
        *,
        allowed: Collection[str] = ALLOWED,
        on_reveal: Callable[[str], None] | None = None,
    ) -> None:
        self._service = f"tiller/{profile}"
        self._on_reveal = on_reveal
        self._backend: KeyringBackend | None = None
        self.problem = "no keyring of this system can be used: features that need a secret are off"
        """Why secrets are off, for a person; empty while they are on."""
        if backend is not None:
            name = _name_of(type(backend))
            if name in allowed:
                self._backend, self.problem = backend, ""
            else:
                self.problem = f"the keyring {name} does not protect what it keeps and is not used: secrets are off"

    @property
    def available(self) -> bool:
        return self._backend is not None

    def get(self, name: str) -> Secret | None:
        """Return a secret; None when there is none or the keyring does not answer (see `problem`)."""
        if self._backend is None:
            return None
        try:
            value = self._backend.get_password(self._service, name)
        except (KeyringError, RuntimeError, OSError) as fault:
            self._give_up(fault)
            return None
        return None if value is None else self._passing(value)

    def set(self, name: str, secret: Secret) -> None:
        """Keep a secret.

        Raises:
            UserError: SEC-001 no keyring, SEC-002 too long, SEC-003 the keyring refused.
        """
        if self._backend is None:
            raise UserError("SEC-001", f"{name} cannot be kept: {self.problem}. Way out: unlock or install a keyring")
        if len(secret.reveal()) > LONGEST:
            raise UserError("SEC-002", f"{name} must have at most {LONGEST:,} characters")
        self._passing(secret.reveal())
        try:
            self._backend.set_password(self._service, name, secret.reveal())
        except (KeyringError, RuntimeError, OSError) as fault:
            self._give_up(fault)
            raise UserError("SEC-003", f"{name} cannot be kept: {self.problem}") from None

    def delete(self, name: str) -> None:
        """Forget a secret; forgetting what is not there is no fault."""
        if self._backend is None:
            return
        try:
            self._backend.delete_password(self._service, name)
        except (KeyringError, RuntimeError, OSError):
            if self.get(name) is not None:
                raise UserError("SEC-003", f"{name} cannot be deleted from the keyring: delete it there") from None

    def chain_key(self, *, create: bool = True) -> bytes | None:
        """Return the key of the journal's hash chain, made on first use (with ``create``); None without one."""
        kept = self.get(_CHAIN_KEY)
        if kept is not None:
            try:
                key = base64.b64decode(kept.reveal(), validate=True)
            except (binascii.Error, ValueError):
                key = b""
            if len(key) == _CHAIN_KEY_BYTES:
                return key
            self.problem = "the journal's key in the keyring is damaged: new rows are written without a key"
            return None
        if self._backend is None or not create:
            return None
        key = random_source.token_bytes(_CHAIN_KEY_BYTES)
        try:
            self.set(_CHAIN_KEY, Secret(base64.b64encode(key).decode("ascii")))
        except UserError:
            return None
        return key

    def _passing(self, value: str) -> Secret:
        if self._on_reveal is not None:
            self._on_reveal(value)
        return Secret(value)

    def _give_up(self, fault: Exception) -> None:
        """Go on without: the text of a keyring's error is not shown, it may hold what was asked for."""
        self._backend = None
        self.problem = f"the keyring did not answer ({type(fault).__name__}; locked or denied): secrets are off"


def open_secrets(
    profile: str, *, names: Sequence[str] = ALLOWED, on_reveal: Callable[[str], None] | None = None
) -> Secrets:
    """Return the secrets of ``profile`` in the first keyring of the list that this system has.

    Asked by name and never through configuration or entry points: a frozen program has none of those, and an
    environment variable must not be able to name a keyring that writes plain text. May block for seconds while
    the desktop asks to unlock: call it in a thread.
    """
    return Secrets(profile, _find(names), on_reveal=on_reveal)


def _find(names: Sequence[str]) -> KeyringBackend | None:
    for name in names:
        module, _, kind = name.rpartition(".")
        if not _fits(module):
            continue
        try:
            backend: type[KeyringBackend] = getattr(importlib.import_module(module), kind)
            if backend.viable:
                return backend()
        except (ImportError, AttributeError, RuntimeError, OSError, KeyringError):
            continue
    return None


def _fits(module: str) -> bool:
    """Say whether a backend is made for this operating system at all."""
    if module.endswith(".macOS"):
        return sys.platform == "darwin"
    if module.endswith(".Windows"):
        return sys.platform == "win32"
    return sys.platform not in ("darwin", "win32")


def _name_of(kind: type) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"
