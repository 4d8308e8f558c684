# SPDX-License-Identifier: Apache-2.0
"""The head file and the anchors: where a journal ended, noted outside of it.

A database cannot tell that an older copy of itself was put in its place, or that the disk lost its newest
writes. Two small files beside it can: ``journal.head``, overwritten behind every commit (not synced: it may lag,
never lead), and ``journal.anchors``, one line for each backup. Losing them loses this check and nothing else.
"""

import contextlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

from terminal.errors import UserError
from terminal.paths import private_file
from terminal.storage.chain import Head

_LENGTH: Final = 256
_LARGEST: Final = 16_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A head as noted outside: of which journal, and the highest order id that may have been used then."""

    journal_id: str
    head: Head
    reserved_order_id: int = 0


class HeadFile:
    """The notes of the journal at ``journal``."""

    def __init__(self, journal: Path) -> None:
        self.head_path = journal.with_suffix(".head")
        self.anchors_path = journal.with_suffix(".anchors")
        self._file: IO[bytes] | None = None

    def read(self, journal_id: str) -> Note | None:
        """Return the newest note about this journal; None when there is none that can be read."""
        with contextlib.suppress(OSError):
            note = _parse(self.head_path.read_bytes()[:_LENGTH])
            if note is not None and note.journal_id == journal_id:
                return note
        return None

    def noted(self) -> Sequence[Note]:
        """Return every note that can be read, the head file's last.

        To be asked before the database is opened for reading: a note never leads the file, so a snapshot that
        begins later holds what every note speaks of.
        """
        lines: list[bytes] = []
        with contextlib.suppress(OSError):
            if self.anchors_path.stat().st_size <= _LARGEST:
                lines += self.anchors_path.read_bytes().splitlines()
        with contextlib.suppress(OSError):
            lines.append(self.head_path.read_bytes()[:_LENGTH])
        return [note for note in map(_parse, lines) if note is not None and note.head.seq]

    # ------------------------------------------------------------ the writer's side
    def open(self) -> None:
        """Raises UserError FIL-00x: the file cannot be made or is not private."""
        private_file(self.head_path)
        self._file = self.head_path.open("r+b", buffering=0)

    def write(self, note: Note) -> None:
        """Overwrite the note. Raises OSError."""
        if self._file is not None:
            self._file.seek(0)
            self._file.write(_line(note).ljust(_LENGTH - 1) + b"\n")

    def anchor(self, note: Note) -> None:
        """Append a note for good. Raises OSError, UserError."""
        private_file(self.anchors_path)
        with self.anchors_path.open("ab") as file:
            file.write(_line(note) + b"\n")

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def cut_back(self, note: Note) -> None:
        """Forget what lies behind ``note``: an older copy was restored on purpose.

        Raises:
            UserError: the files cannot be written.
        """
        lines = self.anchors_path.read_bytes().splitlines() if self.anchors_path.exists() else []
        kept = [line for line in lines if (old := _parse(line)) is not None and old.head.seq <= note.head.seq]
        if lines:
            self.anchors_path.unlink()
            for line in kept:
                found = _parse(line)
                if found is not None:
                    self.anchor(found)
        try:
            self.open()
            self.write(note)
        except OSError as fault:
            raise UserError("FIL-006", f"{self.head_path} cannot be written ({fault.strerror})") from fault
        finally:
            self.close()


def _line(note: Note) -> bytes:
    fields: dict[str, Any] = {
        "journal": note.journal_id,
        "seq": note.head.seq,
        "hash": note.head.hash.hex(),
        "key": note.head.key_id,
        "order_id": note.reserved_order_id,
    }
    return json.dumps(fields, sort_keys=True, separators=(",", ":")).encode("ascii")


def _parse(line: bytes) -> Note | None:
    try:
        fields = json.loads(line)
        head = Head(seq=int(fields["seq"]), hash=bytes.fromhex(fields["hash"]), key_id=str(fields["key"]))
        return Note(journal_id=str(fields["journal"]), head=head, reserved_order_id=int(fields["order_id"]))
    except (ValueError, KeyError, TypeError):
        return None
