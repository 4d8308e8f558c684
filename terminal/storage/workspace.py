# SPDX-License-Identifier: Apache-2.0
"""Workspace: where the windows and panels stood, one JSON file for each profile.

Layout blobs (Qt's own bytes) as base64, panel settings as plain JSON; no pickles. Written atomically, the five
before it kept; a file that cannot be read is kept under another name and the default layout is shown. It does not
know what a blob means.
"""

import base64
import binascii
import contextlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from terminal.clock import wall_clock_ns
from terminal.errors import DataError, UserError
from terminal.paths import check_private_file, write_atomically

VERSION: Final = 1
KEPT: Final = 5
_LARGEST: Final = 4_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """``blobs``: name -> bytes (geometry, dock state); ``panels``: panel id -> its settings as JSON values."""

    blobs: Mapping[str, bytes] = field(default_factory=dict)
    panels: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


class WorkspaceStore:
    """The workspace of one profile on disk. `notice` says in words what `load` could not use."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.notice = ""

    def load(self) -> Workspace | None:
        """Return what was saved last; None on a first start and when the file could not be used (see `notice`)."""
        self.notice = ""
        try:
            check_private_file(self.path)
            return _parse(_read(self.path))
        except FileNotFoundError:
            return None
        except (UserError, DataError, OSError, ValueError) as fault:
            self.notice = f"the saved layout cannot be used ({fault}): the default layout is shown"
            kept = self._set_aside()
            if kept is not None:
                self.notice += f"; the file is kept as {kept.name}"
            return None

    def save(self, blobs: Mapping[str, bytes], panels: Mapping[str, Mapping[str, Any]]) -> None:
        """Write the workspace; the one before becomes the first of the kept.

        Raises:
            UserError: WSP-001 a value is not plain or too large; FIL-006 the disk refused.
        """
        content = {
            "version": VERSION,
            "blobs": {name: base64.b64encode(blob).decode("ascii") for name, blob in sorted(blobs.items())},
            "panels": {name: dict(values) for name, values in sorted(panels.items())},
        }
        try:
            data = json.dumps(content, indent=1, allow_nan=False).encode("ascii")
        except (TypeError, ValueError) as fault:
            raise UserError("WSP-001", f"the layout cannot be saved: {fault}") from fault
        if len(data) > _LARGEST:
            raise UserError("WSP-001", f"the layout must be smaller than {_LARGEST:,} bytes, had {len(data):,}")
        old: bytes | None = None
        with contextlib.suppress(OSError):
            old = self.path.read_bytes()
        if old == data:
            return
        write_atomically(self.path, data)
        if old is not None:
            self._keep(old)

    def kept(self) -> list[Path]:
        """Return the layouts before the present one, newest first."""
        return [path for number in range(1, KEPT + 1) if (path := self._kept_path(number)).exists()]

    def load_kept(self, path: Path) -> Workspace:
        """Return one of the layouts before.

        Raises:
            UserError: WSP-002, it cannot be used.
        """
        try:
            return _parse(_read(path))
        except (DataError, OSError, ValueError) as fault:
            raise UserError("WSP-002", f"the layout {path.name} cannot be used ({fault}): choose another") from fault

    def _keep(self, old: bytes) -> None:
        """Move the kept ones down by one, then put ``old`` first."""
        with contextlib.suppress(OSError, UserError):  # history is a comfort; the layout itself is safe
            for number in range(KEPT, 1, -1):
                newer = self._kept_path(number - 1)
                if newer.exists():
                    newer.replace(self._kept_path(number))
            write_atomically(self._kept_path(1), old)

    def _kept_path(self, number: int) -> Path:
        return self.path.with_name(f"{self.path.stem}.{number}{self.path.suffix}")

    def _set_aside(self) -> Path | None:
        kept = self.path.with_name(f"{self.path.name}.bad-{wall_clock_ns()}")
        try:
            self.path.replace(kept)
        except OSError:
            return None
        return kept


def _read(path: Path) -> bytes:
    if path.stat().st_size > _LARGEST:
        raise DataError(f"it must be smaller than {_LARGEST:,} bytes")
    return path.read_bytes()


def _parse(data: bytes) -> Workspace:
    """Raises DataError or ValueError: the content is not a workspace."""
    try:
        content = json.loads(data)
    except RecursionError as fault:
        raise DataError("it is nested too deeply") from fault
    if not isinstance(content, dict):
        raise DataError("it must be a JSON object")
    version = content.get("version")
    if version != VERSION:
        raise DataError(f"it has version {version!r}, this Tiller reads {VERSION}")
    blobs, panels = content.get("blobs", {}), content.get("panels", {})
    if not isinstance(blobs, dict) or not isinstance(panels, dict):
        raise DataError("blobs and panels must be JSON objects")
    if not all(isinstance(values, dict) for values in panels.values()):
        raise DataError("the settings of every panel must be a JSON object")
    try:
        decoded = {name: base64.b64decode(text, validate=True) for name, text in blobs.items()}
    except (binascii.Error, TypeError) as fault:
        raise DataError(f"a layout blob is damaged: {fault}") from fault
    return Workspace(blobs=decoded, panels=panels)
