# SPDX-License-Identifier: Apache-2.0
"""Column chunks: numpy arrays as one small blob, exact to the last bit, read at memory speed.

Market numbers are decimals with few digits, so most columns fit into small integers of a power of ten; each is
narrowed only if it comes back bit for bit, else it is stored as it is. No general compressor: inflating a million
bars with zlib takes several times longer than reading and widening them (measured).
"""

import struct
import zlib
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from terminal.errors import DataError

Array = npt.NDArray[Any]
"""float64 or int64."""
Columns = Mapping[str, Array]

_MAGIC: Final = b"TC1"
_HEAD: Final = struct.Struct("<3sBII")  # magic, number of columns, rows, checksum of the rest
_COLUMN: Final = struct.Struct("<B16sBBqI")  # name length, name, form, digits or step code, base, bytes
_RAW_FLOAT, _RAW_INT, _SCALED, _STEPPED, _ABSENT, _CONSTANT = range(6)
_MOST_DIGITS: Final = 6
_WIDTHS: Final[tuple[tuple[np.dtype[Any], int], ...]] = (
    (np.dtype("<i1"), 127),
    (np.dtype("<i2"), 32_767),
    (np.dtype("<i4"), 2_147_483_647),
)
_STEPS: Final = (1_000_000_000, 1_000_000, 1_000, 1)
_POWERS: Final = np.array([10.0**digits for digits in range(_MOST_DIGITS + 1)])


def pack(columns: Columns) -> bytes:
    """Return one blob for columns of equal length (float64 or int64, at most 16 characters of name).

    Raises:
        DataError: lengths differ.
    """
    sizes = {len(column) for column in columns.values()}
    if len(sizes) > 1:
        raise DataError(f"columns must have one length, had {sorted(sizes)}")
    parts = []
    for name, column in columns.items():
        encoded = name.encode("ascii")
        form, detail, base, data = _narrow(np.ascontiguousarray(column))
        parts.append(_COLUMN.pack(len(encoded), encoded, form, detail, base, len(data)) + data)
    body, rows = b"".join(parts), sizes.pop() if sizes else 0
    return _HEAD.pack(_MAGIC, len(columns), rows, _checksum(len(columns), rows, body)) + body


def rows_of(blob: bytes) -> int:
    """Return how many rows a blob holds, without reading them."""
    return _head(blob)[1]


def unpack(blob: bytes) -> dict[str, Array]:
    """Return the columns of a blob.

    Raises:
        DataError: the blob is damaged.
    """
    count, rows = _head(blob)
    out: dict[str, Array] = {}
    position = _HEAD.size
    for _ in range(count):
        length, encoded, form, detail, base, size = _COLUMN.unpack_from(blob, position)
        position += _COLUMN.size
        kind = np.int64 if form in (_RAW_INT, _STEPPED) else np.float64
        column = np.empty(rows, kind)
        _widen(blob, position, form, detail, base, column)
        out[encoded[:length].decode("ascii")] = column
        position += size
    return out


def unpack_into(blob: bytes, target: Columns, start: int) -> int:
    """Write the columns of a blob into slices of ``target`` from ``start``; return the row behind the last.

    Columns that the blob does not have are left as they are. Raises DataError.
    """
    count, rows = _head(blob)
    position = _HEAD.size
    for _ in range(count):
        length, encoded, form, detail, base, size = _COLUMN.unpack_from(blob, position)
        position += _COLUMN.size
        column = target.get(encoded[:length].decode("ascii"))
        if column is not None:
            _widen(blob, position, form, detail, base, column[start : start + rows])
        position += size
    return start + rows


def _head(blob: bytes) -> tuple[int, int]:
    if len(blob) < _HEAD.size:
        raise DataError("a column chunk is cut off")
    magic, count, rows, checksum = _HEAD.unpack_from(blob)
    if magic != _MAGIC or _checksum(count, rows, memoryview(blob)[_HEAD.size :]) != checksum:
        raise DataError("a column chunk is damaged")
    return count, rows


def _checksum(count: int, rows: int, body: bytes | memoryview) -> int:
    return zlib.crc32(body, zlib.crc32(struct.pack("<BI", count, rows)))


def _narrow(column: Array) -> tuple[int, int, int, bytes]:
    """Return form, detail, base and bytes of the smallest form that gives every bit back."""
    if column.dtype == np.int64:
        return _narrow_int(column)
    values = column.astype("<f8", copy=False)
    if not len(values) or np.isnan(values).all():
        return _ABSENT, 0, 0, b""
    if (values.view(np.int64) == values.view(np.int64)[0]).all():
        return _CONSTANT, 0, int(values.view(np.int64)[0]), b""
    if (np.abs(values) < 2**53).all() and not (np.signbit(values) & (values == 0.0)).any():
        for digits in range(_MOST_DIGITS + 1):
            scaled = np.rint(values * _POWERS[digits])
            if not (np.abs(scaled) < 2**53).all() or not (scaled / _POWERS[digits] == values).all():
                continue
            narrow = _smallest(scaled.astype(np.int64))
            if narrow is not None:
                return _SCALED, digits | narrow[0] << 4, narrow[1], narrow[2]
    return _RAW_FLOAT, 0, 0, values.tobytes()


def _narrow_int(column: Array) -> tuple[int, int, int, bytes]:
    values = column.astype("<i8", copy=False)
    if len(values):
        for code, step in enumerate(_STEPS):
            if ((values - values[0]) % step == 0).all():
                narrow = _smallest((values - values[0]) // step, centred=False)
                if narrow is not None:
                    return _STEPPED, code | narrow[0] << 4, int(values[0]), narrow[2]
    return _RAW_INT, 0, 0, values.tobytes()


def _smallest(values: npt.NDArray[np.int64], *, centred: bool = True) -> tuple[int, int, bytes] | None:
    """Return width code, base and bytes; None when 32 bits are too few."""
    low, high = int(values.min()), int(values.max())
    base = (low + high) // 2 if centred else 0
    reach = max(high - base, base - low)
    for code, (kind, largest) in enumerate(_WIDTHS):
        if reach <= largest:
            return code, base, (values - base).astype(kind).tobytes()
    return None


def _widen(blob: bytes, position: int, form: int, detail: int, base: int, out: Array) -> None:
    rows = len(out)
    if form == _ABSENT:
        out.fill(np.nan)
    elif form == _CONSTANT:
        out.fill(np.array([base], np.int64).view(np.float64)[0])
    elif form in (_RAW_FLOAT, _RAW_INT):
        out[:] = np.frombuffer(blob, "<f8" if form == _RAW_FLOAT else "<i8", rows, position)
    elif form in (_SCALED, _STEPPED) and detail >> 4 < len(_WIDTHS):
        raw = np.frombuffer(blob, _WIDTHS[detail >> 4][0], rows, position)
        if form == _SCALED:
            np.add(raw, float(base), out=out)
            np.divide(out, _POWERS[detail & 15], out=out)
        else:
            np.multiply(raw, _STEPS[detail & 15], out=out, dtype=np.int64)
            np.add(out, base, out=out)
    else:
        raise DataError(f"a column chunk has the unknown form {form}")
