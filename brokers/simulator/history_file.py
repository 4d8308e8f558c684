# SPDX-License-Identifier: Apache-2.0
"""History file: every message in and out and every internal event, as JSON lines with sequence numbers.

It is how a person or a test sees what really went over the wire. It is
written in batches once per turn; it is never read back by the server.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, TextIO

from brokers.simulator.protocol.frames import MAX_FIELD

_LONGEST_FIELD: Final = MAX_FIELD
"""A field is written whole; only what no client can mean is cut."""


class HistoryFile:
    """Appends events to a file; without a path it only counts.

    Each line holds ``seq``, ``ns`` (market time), ``kind`` (in, out, event),
    ``name`` and what belongs to it.

    Raises:
        OSError: the file cannot be opened or written.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.sequence = 0
        self.listener: Callable[[str, dict[str, object]], None] | None = None
        """Hears every internal event after it was written."""
        self._file: TextIO | None = None
        self._lines: list[str] = []
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("a", encoding="utf-8")

    @property
    def active(self) -> bool:
        """Whether anything is written."""
        return self._file is not None

    def message(self, kind: str, ns: int, client_id: int | None, name: str, fields: Sequence[str]) -> None:
        """Note one message, ``kind`` in or out."""
        self.sequence += 1
        if self._file is not None:
            shown = [field if len(field) <= _LONGEST_FIELD else field[:_LONGEST_FIELD] + "…" for field in fields]
            self._line({"kind": kind, "ns": ns, "client": client_id, "name": name, "fields": shown})

    def event(self, name: str, ns: int, **details: object) -> None:
        """Note one internal event."""
        self.sequence += 1
        if self._file is not None:
            self._line({"kind": "event", "ns": ns, "name": name, **details})
        if self.listener is not None:
            self.listener(name, details)

    def _line(self, entry: Mapping[str, object]) -> None:
        self._lines.append(json.dumps({"seq": self.sequence, **entry}, default=str, ensure_ascii=False))

    def flush(self) -> None:
        """Write what waits."""
        if self._file is not None and self._lines:
            self._file.write("\n".join(self._lines) + "\n")
            self._file.flush()
            self._lines.clear()

    def close(self) -> None:
        """Write what waits and close the file."""
        if self._file is not None:
            self.flush()
            self._file.close()
            self._file = None


def read_history(path: Path) -> Iterator[dict[str, object]]:
    """Entries of a history file, oldest first; a last line cut by a kill is left out."""
    with path.open(encoding="utf-8") as file:
        for line in file:
            if line.endswith("\n"):
                entry = json.loads(line)
                if isinstance(entry, dict):
                    yield entry


def accepted_orders(path: Path) -> dict[str, int]:
    """Count of accepted new orders per order reference, from a history file."""
    counts: dict[str, int] = {}
    for entry in read_history(path):
        if entry.get("name") == "order_accepted":
            reference = str(entry.get("order_ref", ""))
            counts[reference] = counts.get(reference, 0) + 1
    return counts
