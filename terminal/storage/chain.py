# SPDX-License-Identifier: Apache-2.0
"""The hash chain: what makes an edited, deleted, reordered or cut-off journal row show.

``h_n = MAC(h_(n-1) + canonical(row_n))``, the first link being the journal's own random name. With a key from
the keyring the MAC is HMAC-SHA256 and nobody without the key can forge a row; without one it is plain SHA-256,
which finds accidents and careless hands only, and every row says so by its empty ``key_id``. Pure functions: no
database, no clock.
"""

import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from terminal.errors import InvariantError

KEY_BYTES: Final = 32
_JSON: Final = json.JSONEncoder(separators=(",", ":"))


class Row(NamedTuple):
    """One journal row as stored, its columns in their order; a plain tuple, since a start reads every one of them."""

    seq: int
    ns: int
    wall_ns: int
    mono_ns: int
    version: str
    actor: str
    kind: str
    client_order_id: str | None
    payload: str
    key_id: str
    hash: bytes = b""

    @property
    def content(self) -> tuple[int | str | None, ...]:
        """Return everything that the hash covers."""
        return self[:-1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The newest link: what the next one hangs on."""

    seq: int
    hash: bytes
    key_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainReport:
    """What a check of the whole chain found. ``faults`` are sentences for a person; empty means sound."""

    rows: int
    keyed_rows: int
    unchecked_rows: int
    """Rows whose key is not at hand: their links were followed but could not be recomputed."""
    faults: tuple[str, ...] = ()
    first_bad_seq: int | None = None

    @property
    def ok(self) -> bool:
        return not self.faults

    @property
    def summary(self) -> str:
        """Return one sentence for the log, the screen and the command line."""
        if self.faults:
            return f"journal does not verify: {self.faults[0]}"
        if self.unchecked_rows:
            return f"{self.rows:,} rows linked, {self.unchecked_rows:,} of them not checked: their key is not at hand"
        if not self.rows:
            return "the journal is empty"
        plain = self.rows - self.keyed_rows
        how = f"{plain:,} of them without a key: forging is not excluded" if plain else "with the key from the keyring"
        return f"{self.rows:,} rows verified, {how}"


def key_id(key: bytes | None) -> str:
    """Return the public name of a key: 8 hexadecimal digits, empty for no key."""
    return hashlib.sha256(b"tiller key name" + key).hexdigest()[:8] if key else ""


def genesis(journal_id: str) -> bytes:
    return hashlib.sha256(b"tiller journal " + journal_id.encode()).digest()


def link(previous: bytes, row: Row, key: bytes | None) -> bytes:
    """Return the hash of ``row`` behind ``previous``."""
    return _mac(previous + _JSON.encode(row.content).encode("ascii"), key)


def seal(head: Head, key: bytes | None) -> bytes:
    """Return the proof that ``head`` was once the newest link of a journal holding this key."""
    return _mac(b"head" + head.seq.to_bytes(8, "big") + head.hash, key)


def _mac(message: bytes, key: bytes | None) -> bytes:
    if key is None:
        return hashlib.sha256(message).digest()
    return hmac.digest(key, message, "sha256")


@dataclass(slots=True)
class ChainCheck:
    """Follows the rows of one journal in order. `see` each row, then `finish`."""

    journal_id: str
    keys: Mapping[str, bytes]
    anchors: Mapping[int, bytes] = field(default_factory=dict)
    """Hashes noted elsewhere (backups, the head file) by row number."""
    _previous: bytes = b""
    _expected: int = 1
    _keyed: int = 0
    _unchecked: int = 0
    _faults: list[str] = field(default_factory=list)
    _first_bad: int | None = None

    def __post_init__(self) -> None:
        self._previous = genesis(self.journal_id)

    def see(self, row: Row) -> None:
        if row.seq != self._expected:
            self._fault(self._expected, f"row {row.seq} stands where row {self._expected} must be: deleted or moved")
            self._previous = row.hash  # go on from here: one fault must not hide the next
        elif row.key_id and row.key_id not in self.keys:
            self._unchecked += 1
        elif not hmac.compare_digest(link(self._previous, row, self.keys.get(row.key_id)), row.hash):
            self._fault(row.seq, f"row {row.seq} ({row.kind}) was changed, or the row before it was")
        noted = self.anchors.get(row.seq)
        if noted is not None and noted != row.hash:
            self._fault(row.seq, f"row {row.seq} differs from what was noted when it was written: rewritten since")
        self._keyed += bool(row.key_id)
        self._previous = row.hash
        self._expected = row.seq + 1

    def finish(self, head: Head, head_seal: bytes) -> ChainReport:
        """Compare the end of the chain with the head that the journal and other places remember."""
        last = self._expected - 1
        if head.seq > last:
            self._fault(last + 1, f"the journal ends at row {last} but had {head.seq}: its end was cut off")
        elif head.seq < last or head.hash != self._previous:
            self._fault(last, f"the journal ends at row {last}, which is not the end that it sealed (row {head.seq})")
        if head.key_id in self.keys or not head.key_id:
            expected = seal(head, self.keys.get(head.key_id))
            if not hmac.compare_digest(expected, head_seal):
                self._fault(head.seq, f"the seal of the last row ({head.seq}) is wrong: an older end was put back")
        beyond = max(self.anchors, default=0)
        if beyond > max(last, head.seq):
            self._fault(
                last + 1,
                f"the journal ends at row {last} but row {beyond} was once written: an older copy was put in its "
                "place, or the disk lost its last writes",
            )
        return ChainReport(
            rows=last,
            keyed_rows=self._keyed,
            unchecked_rows=self._unchecked,
            faults=tuple(self._faults),
            first_bad_seq=self._first_bad,
        )

    def _fault(self, seq: int, text: str) -> None:
        self._faults.append(text)
        if self._first_bad is None or seq < self._first_bad:
            self._first_bad = seq


@dataclass(slots=True)
class ChainWriter:
    """Makes new links. Belongs to the writer thread; `commit` only after the database has committed."""

    head: Head
    key: bytes | None
    _key_id: str = field(init=False)

    def __post_init__(self) -> None:
        if self.key is not None and len(self.key) != KEY_BYTES:
            raise InvariantError(f"a chain key has {KEY_BYTES} bytes, had {len(self.key)}")
        self._key_id = key_id(self.key)

    def extend(self, rows: Iterable[Row]) -> tuple[list[Row], Head]:
        """Number and link ``rows`` behind the head; return them with the head that they lead to."""
        seq, previous, out = self.head.seq, self.head.hash, []
        for row in rows:
            seq += 1
            numbered = row._replace(seq=seq, key_id=self._key_id)
            previous = link(previous, numbered, self.key)
            out.append(numbered._replace(hash=previous))
        return out, Head(seq=seq, hash=previous, key_id=self._key_id)

    def commit(self, head: Head) -> None:
        self.head = head
