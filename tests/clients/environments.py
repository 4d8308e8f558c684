# SPDX-License-Identifier: Apache-2.0
"""The environments of the clients under test: one per client, built once, kept in a cache under the hash of its lock.

The four clients cannot share one environment (two of them install a package of the same name), and none of them
belongs to Tiller's own. What is installed is locked with hashes in requirements/clients. An environment that cannot
be built is told of with its reason, never passed over in silence.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
LOCKS: Final = ROOT / "requirements" / "clients"
DRIVERS: Final = "tests.clients.drivers"
HOME_CACHE: Final = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
"""The person's own, read at import: every test gets a home of its own."""
CACHE_VARIABLE: Final = "TILLER_CLIENT_CACHE"
_STAMP: Final = ".tiller-complete"
_BUILD_TIMEOUT_S: Final = 900


class UnavailableError(Exception):
    """A client's environment could not be built; the text says which and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """One client program: the package it is, the script that drives it, the versions it can speak."""

    name: str
    lock: str
    driver: str
    library: str
    highest: int
    """The highest server version that it asks for."""

    @property
    def lock_file(self) -> Path:
        return LOCKS / f"{self.lock}.txt"

    @property
    def default_version(self) -> int:
        """What the simulator announces to it unless told otherwise."""
        return min(self.highest, 176)


IB_INSYNC: Final = Client(
    name="ib_insync 0.9.86", lock="ib_insync", driver="ib_objects", library="ib_insync", highest=176
)
IB_ASYNC: Final = Client(name="ib_async 2.1.0", lock="ib_async", driver="ib_objects", library="ib_async", highest=178)
IBAPI: Final = Client(name="ibapi 9.81.1.post1", lock="ibapi", driver="ibapi_callbacks", library="ibapi", highest=157)
NAUTILUS: Final = Client(
    name="ibapi 10.46.1", lock="nautilus_ibapi", driver="ibapi_callbacks", library="ibapi", highest=225
)
CLIENTS: Final = (IB_INSYNC, IB_ASYNC, IBAPI, NAUTILUS)


def must_run() -> bool:
    """Whether a client that cannot run is a failure: in continuous integration."""
    return os.environ.get("CI", "").lower() in ("1", "true", "yes")


def cache_folder(home: Path = HOME_CACHE) -> Path:
    """Where the environments are kept: below the cache ``home``, or where the environment variable says."""
    named = os.environ.get(CACHE_VARIABLE)
    return Path(named) if named else home / "tiller" / "clients"


def environment_key(client: Client) -> str:
    """Name of the folder: what is locked, for which Python."""
    python = f"{sys.version_info.major}.{sys.version_info.minor}-{sys.platform}"
    return f"{client.lock}-{hashlib.sha256(client.lock_file.read_bytes() + python.encode()).hexdigest()[:16]}"


def interpreter(folder: Path) -> Path:
    """Python of an environment."""
    return folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


def prepare(client: Client, cache: Path) -> Path:
    """Return the interpreter of a client's environment, built if it is not there.

    Raises UnavailableError when it cannot be built (no network).
    """
    folder = cache / environment_key(client)
    if (folder / _STAMP).is_file() and interpreter(folder).exists():
        return interpreter(folder)
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    for command in _commands(client, folder):
        _run(client, command)
    (folder / _STAMP).write_text(environment_key(client), encoding="utf-8")
    return interpreter(folder)


def _commands(client: Client, folder: Path) -> list[list[str]]:
    lock, python = str(client.lock_file), str(interpreter(folder))
    uv = shutil.which("uv")
    if uv:
        return [
            [uv, "venv", "--quiet", "--python", sys.executable, str(folder)],
            [uv, "pip", "install", "--quiet", "--python", python, "--require-hashes", "-r", lock],
        ]
    install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input", "--progress-bar", "off"]
    return [
        [sys.executable, "-m", "venv", str(folder)],
        [python, *install, "--require-hashes", "-r", lock],
    ]


def _run(client: Client, command: list[str]) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_BUILD_TIMEOUT_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UnavailableError(f"{client.name}: {error}") from error
    if done.returncode != 0:
        said = (done.stderr.strip() or done.stdout.strip() or "nothing").splitlines()[-1]
        raise UnavailableError(f"{client.name}: its environment could not be built: {said}")
