# SPDX-License-Identifier: Apache-2.0
"""The physical limit of everything durable: one page written and synced, on the disk of the journal."""

import os
import time
from pathlib import Path
from typing import Final, Self

PAGE: Final = 4096
_ROOM: Final = 8 << 20


class SyncedFile:
    """A file that has its size already: a sync of one that grows also writes the file system's own journal."""

    def __init__(self, path: Path) -> None:
        self._handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        os.pwrite(self._handle, bytes(_ROOM), 0)
        os.fsync(self._handle)
        self._place = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._handle)

    def sync_ms(self) -> float:
        """Write the next page, sync, and return how long both took, milliseconds."""
        self._place = (self._place + PAGE) % _ROOM
        page = os.urandom(PAGE)
        start = time.perf_counter()
        os.pwrite(self._handle, page, self._place)
        os.fsync(self._handle)
        return (time.perf_counter() - start) * 1e3
