# SPDX-License-Identifier: Apache-2.0
"""Paths: where a profile lives, and the only ways its folders and files come into being.

Everything that Tiller keeps may tell what a person owns, so folders are 0700 and files 0600 from their first
byte, and a folder that others could tamper with is refused, not mended in silence. Knows no database, no
settings and no log: those ask here for their place.
"""

import contextlib
import json
import os
import re
import shutil
import stat
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final, Self

import platformdirs

from terminal.errors import UserError

DEFAULT_PROFILE: Final = "demo"
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}", re.ASCII)
_DEVICES: Final = frozenset({"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(10))})
_NETWORK_FILE_SYSTEMS: Final = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "afs", "ncpfs", "fuse.sshfs", "davfs"}
)
_SYNC_FOLDERS: Final = ("onedrive", "dropbox", "google drive", "googledrive", "mobile documents", "nextcloud", "icloud")
_OTHERS_WRITE: Final = stat.S_IWGRP | stat.S_IWOTH
_OTHERS_ANY: Final = stat.S_IRWXG | stat.S_IRWXO


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfilePaths:
    """Every place that belongs to one profile. Building it touches no disk; `prepare_profile` does."""

    profile: str
    root: Path

    @property
    def settings(self) -> Path:
        return self.root / "settings.toml"

    @property
    def journal(self) -> Path:
        return self.root / "journal.db"

    @property
    def market(self) -> Path:
        return self.root / "market.db"

    @property
    def workspace(self) -> Path:
        return self.root / "workspace.json"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def backups(self) -> Path:
        return self.root / "backups"

    @property
    def strategies(self) -> Path:
        """The person's own strategies, one file each."""
        return self.root / "strategies"

    @property
    def simulator_state(self) -> Path:
        return self.root / "simulator.json"

    @property
    def lock(self) -> Path:
        return self.root / "lock"


def default_data_dir() -> Path:
    """Return the folder that this operating system gives to the data of an application."""
    return Path(platformdirs.user_data_dir("tiller", appauthor=False))


def profile_paths(profile: str = DEFAULT_PROFILE, data_dir: Path | None = None) -> ProfilePaths:
    """Return the places of ``profile`` below ``data_dir`` (the system's own place when None).

    Raises:
        UserError: FIL-001, the name cannot be a folder on every system.
    """
    if _NAME.fullmatch(profile) is None or profile in _DEVICES:
        raise UserError(
            "FIL-001",
            f"a profile name is 1 to 32 of a-z, 0-9, _ and -, beginning with a letter or digit, was {profile!r}: "
            "choose another name with --profile",
        )
    base = data_dir.expanduser().absolute() if data_dir is not None else default_data_dir()
    return ProfilePaths(profile=profile, root=base / profile)


def prepare_profile(paths: ProfilePaths) -> tuple[str, ...]:
    """Create what is missing of a profile's folders and check the rest.

    Returns:
        Warnings in words: a network or synchronized folder breaks the locks that the databases rely on.

    Raises:
        UserError: FIL-002 to FIL-005, a folder is a link, someone else's, open to others, or cannot be made.
    """
    for folder in (paths.root.parent, paths.root, paths.logs, paths.backups, paths.strategies):
        private_folder(folder)
    return tuple(_place_warnings(paths.root))


def private_folder(folder: Path) -> None:
    """Create ``folder`` 0700, or check that an existing one is a real folder of ours that others cannot write.

    Raises:
        UserError: FIL-002 (link), FIL-003 (open to others or not ours), FIL-004 (not a folder), FIL-005 (cannot).
    """
    try:
        if not folder.is_symlink():
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.lstat()
    except FileExistsError as fault:
        raise UserError("FIL-004", f"{folder} must be a folder and is a file: move it away") from fault
    except OSError as fault:
        raise UserError(
            "FIL-005", f"the folder {folder} cannot be made ({fault.strerror}): choose another with --data-dir"
        ) from fault
    if stat.S_ISLNK(found.st_mode):
        raise UserError("FIL-002", f"the folder {folder} is a symbolic link: name its target instead")
    _check_owner(folder, found)


def _check_owner(path: Path, found: os.stat_result) -> None:
    if sys.platform == "win32":
        return  # a folder below the user's profile inherits an access list for that user alone
    if found.st_uid != os.geteuid():
        raise UserError(
            "FIL-003",
            f"{path} belongs to user {found.st_uid}, Tiller runs as user {os.geteuid()}: use a folder of your own",
        )
    if found.st_mode & _OTHERS_WRITE:
        mode = "700" if stat.S_ISDIR(found.st_mode) else "600"
        raise UserError(
            "FIL-003",
            f"{path} can be changed by other users (mode {stat.S_IMODE(found.st_mode):03o}): run chmod {mode} on it "
            "after checking that its content is yours",
        )


def private_file(path: Path) -> bool:
    """Create ``path`` empty with mode 0600, or check an existing file; return whether it was created.

    An existing file that others can read is closed to them; one that others can change is refused.

    Raises:
        UserError: FIL-002 to FIL-005.
    """
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
    try:
        os.close(os.open(path, flags, 0o600))
    except FileExistsError:
        check_private_file(path)
        return False
    except OSError as fault:
        raise UserError(
            "FIL-005", f"the file {path} cannot be made ({fault.strerror}): check the disk and the folder"
        ) from fault
    return True


def check_private_file(path: Path) -> None:
    """Refuse a link or a file that others can change; take other users' reading rights away.

    Raises:
        UserError: FIL-002 to FIL-005.
        FileNotFoundError: there is no such file.
    """
    found = path.lstat()
    if stat.S_ISLNK(found.st_mode):
        raise UserError("FIL-002", f"{path} is a symbolic link: put the file itself there")
    if not stat.S_ISREG(found.st_mode):
        raise UserError("FIL-004", f"{path} must be a regular file: move it away")
    _check_owner(path, found)
    if sys.platform != "win32" and found.st_mode & _OTHERS_ANY:
        path.chmod(0o600)


def write_atomically(path: Path, data: bytes) -> None:
    """Replace ``path`` by ``data``: private temporary file, fsync, rename, fsync of the folder.

    A crash at any moment leaves the old content or the new one, never a mixture.

    Raises:
        UserError: FIL-006, the disk refused; the old content still stands.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        temporary.unlink(missing_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
        with os.fdopen(os.open(temporary, flags, 0o600), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        sync_folder(path.parent)
    except OSError as fault:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise UserError(
            "FIL-006",
            f"{path} cannot be written ({fault.strerror}); what was there still stands: free disk space and try again",
        ) from fault


def sync_folder(folder: Path) -> None:
    """Make a rename inside ``folder`` durable where the system can (not on Windows)."""
    if sys.platform == "win32":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def free_bytes(path: Path) -> int:
    """Return what this user may still write on the disk that holds ``path``, in bytes."""
    return shutil.disk_usage(path).free


def _place_warnings(root: Path) -> Iterator[str]:
    kind = _file_system(root)
    if kind in _NETWORK_FILE_SYSTEMS:
        yield f"{root} is on a network disk ({kind}): locks may fail and the journal may break; use a local disk"
    for part in root.parts:
        if any(name in part.lower() for name in _SYNC_FOLDERS):
            yield f"{root} is in a synchronized folder ({part}): a copy made while Tiller writes may break; move it"


def _file_system(path: Path) -> str:
    """Return the type of the mount that holds ``path``; empty when the system does not say."""
    best, kind = -1, ""
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/mounts").read_text(encoding="utf-8", errors="replace").splitlines():
            fields = line.split(" ")
            mount = Path(fields[1].replace("\\040", " "))
            if len(fields) > 2 and len(mount.parts) > best and path.is_relative_to(mount):
                best, kind = len(mount.parts), fields[2]
    return kind


class ProfileLock:
    """Held by the one Tiller that has this profile open. The system releases it when the process dies."""

    def __init__(self, paths: ProfilePaths, file: IO[bytes]) -> None:
        self._paths, self._file = paths, file

    def release(self) -> None:
        """Let another instance in. Repeats do no harm."""
        if not self._file.closed:
            self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


def lock_profile(paths: ProfilePaths) -> ProfileLock:
    """Take the profile for this process.

    Raises:
        UserError: APP-001, another process holds it.
    """
    private_file(paths.lock)
    file = paths.lock.open("r+b", buffering=0)
    if not _try_lock(file):
        file.seek(0)
        holder = _holder(file.read(4096))
        file.close()
        raise UserError(
            "APP-001",
            f"the profile {paths.profile!r} is already open in another Tiller{holder}: switch to that window, end that "
            "process, or start with another --profile",
        )
    file.seek(0)
    file.truncate()
    file.write(json.dumps({"pid": os.getpid(), "profile": paths.profile}).encode())
    return ProfileLock(paths, file)


def _holder(content: bytes) -> str:
    try:
        return f" (process {int(json.loads(content)['pid'])})"
    except (ValueError, KeyError, TypeError):
        return ""


if sys.platform == "win32":
    import msvcrt

    def _try_lock(file: IO[bytes]) -> bool:
        file.seek(1 << 30)  # Windows locks forbid reading: lock a byte far behind the text about the holder
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
else:
    import fcntl

    def _try_lock(file: IO[bytes]) -> bool:
        try:
            fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True
