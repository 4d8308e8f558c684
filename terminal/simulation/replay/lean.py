# SPDX-License-Identifier: Apache-2.0
"""Files in LEAN layout: finding them, reading their rows, and saying what is wrong with one.

Layout: ``<class>/<market>/<resolution>/<symbol>/<yyyymmdd>_<kind>.zip`` (or ``<symbol>.zip`` for hour and daily), one
CSV in a zip, times in milliseconds since midnight New York, prices of equities x 10,000
(https://www.quantconnect.com/docs/v2/lean-cli/datasets/format-and-storage). Only US equities are played in this
version. Every complaint names the file, the line and the rule.
"""

import re
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, time
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from terminal.errors import UserError
from terminal.simulation.trading_days import MINUTE_NS, local_ns

Ints = NDArray[np.int64]
Words = NDArray[np.str_]

INTRADAY: Final = ("tick", "second", "minute")
_WHOLE: Final = ("hour", "daily")
_NAME: Final = re.compile(r"^(\d{8})_(trade|quote)$")
_MOMENT: Final = re.compile(r"^(\d{8}) ([01]\d|2[0-3]):([0-5]\d),")
_DAY_MS: Final = 86_400_000
_COLUMNS: Final = {
    ("tick", "trade"): (0, 1, 2, 5),
    ("tick", "quote"): (0, 1, 2, 3, 4),
    ("second", "trade"): tuple(range(6)),
    ("minute", "trade"): tuple(range(6)),
    ("second", "quote"): tuple(range(11)),
    ("minute", "quote"): tuple(range(11)),
    ("hour", "trade"): (1, 2, 3, 4, 5),
    ("daily", "trade"): (1, 2, 3, 4, 5),
}
"""Integer columns of each kind of file."""
_WIDTH: Final = {("tick", "trade"): 6, ("tick", "quote"): 8}


@dataclass(frozen=True, slots=True, kw_only=True)
class LeanFile:
    """One file. ``day`` is None for hour and daily files, which hold everything."""

    path: Path
    root: Path
    symbol: str
    resolution: str
    kind: str
    day: date | None


def discover(paths: Iterable[Path | str]) -> list[LeanFile]:
    """Return the LEAN files among ``paths``; a folder stands for every zip below it.

    Raises:
        UserError: a path does not exist, or a named file is not in LEAN layout.
    """
    found: list[LeanFile] = []
    for given in map(Path, paths):
        if given.is_dir():
            inside = [parse_name(path) for path in sorted(given.rglob("*.zip"))]
            kept = [item for item in inside if item is not None]
            if not kept:
                raise UserError("SIM-011", f"{given}: no US equity file in LEAN layout below this folder")
            found.extend(kept)
        elif given.is_file():
            item = parse_name(given)
            if item is None:
                raise UserError(
                    "SIM-011",
                    f"{given}: a replay file must lie in LEAN layout, "
                    "equity/usa/<tick|second|minute>/<symbol>/<yyyymmdd>_<trade|quote>.zip",
                )
            found.append(item)
        else:
            raise UserError("SIM-010", f"{given}: no such file or folder")
    return found


def parse_name(path: Path) -> LeanFile | None:
    """Return what a path names, None when it is no US equity file in LEAN layout."""
    full = path.absolute()
    parts = full.parts
    if len(parts) > 5 and parts[-3] in INTRADAY and parts[-5:-3] == ("equity", "usa"):
        match = _NAME.match(full.name.split(".")[0])
        day = _date(match.group(1)) if match else None
        if match is None or day is None:
            return None
        return LeanFile(
            path=full,
            root=full.parents[2],
            symbol=parts[-2].upper(),
            resolution=parts[-3],
            kind=match.group(2),
            day=day,
        )
    if len(parts) > 4 and parts[-2] in _WHOLE and parts[-4:-2] == ("equity", "usa"):
        symbol = full.name.split(".")[0].upper()
        return LeanFile(path=full, root=full.parents[1], symbol=symbol, resolution=parts[-2], kind="trade", day=None)
    return None


def beside(root: Path, symbol: str, resolution: str, kind: str, day: date | None = None) -> LeanFile | None:
    """Return the file of the same data set that holds ``symbol``, None when there is none."""
    name = symbol.lower()
    path = root / resolution / (f"{name}.zip" if day is None else f"{name}/{day:%Y%m%d}_{kind}.zip")
    if not path.is_file():
        return None
    return LeanFile(path=path, root=root, symbol=symbol, resolution=resolution, kind=kind, day=day)


def days_beside(root: Path, symbol: str, resolution: str, kind: str) -> list[date]:
    """Return the days for which the data set has such a file."""
    folder = root / resolution / symbol.lower()
    names = (_NAME.match(path.name.split(".")[0]) for path in folder.glob(f"*_{kind}.zip"))
    return sorted(day for match in names if match and (day := _date(match.group(1))) is not None)


def _date(text: str) -> date | None:
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:8]))
    except ValueError:
        return None


# ---------------------------------------------------------------- rows


def lines_of(file: LeanFile) -> list[str]:
    """Return the lines of the one CSV in a file.

    Raises:
        UserError: SIM-012, not a readable zip with one CSV.
    """
    try:
        with zipfile.ZipFile(file.path) as archive:
            names = [name for name in archive.namelist() if not name.endswith("/")]
            if len(names) != 1:
                raise UserError("SIM-012", f"{file.path}: must hold one CSV file, holds {len(names)}")
            return archive.read(names[0]).decode("ascii").splitlines()
    except (zipfile.BadZipFile, OSError, UnicodeDecodeError, RuntimeError) as error:
        raise UserError("SIM-012", f"{file.path}: not a readable zip file ({error})") from error


def read_numbers(file: LeanFile, lines: Sequence[str]) -> Ints:
    """Return the integer columns of an intraday, hour or daily file, one row per line.

    Raises:
        UserError: SIM-013, a row breaks the layout; names the line and the rule.
    """
    columns = _COLUMNS[file.resolution, file.kind]
    if not lines:
        raise UserError("SIM-013", f"{file.path}: the file has no rows")
    try:
        rows: Ints = np.loadtxt(lines, delimiter=",", usecols=columns, dtype=np.int64, ndmin=2)
    except (ValueError, IndexError) as error:
        raise _first_bad_row(file, lines, columns, error) from error
    if len(rows) != len(lines):
        raise UserError("SIM-013", f"{file.path}: blank lines are not allowed")
    if file.resolution in INTRADAY:
        _check_times(file, rows[:, 0])
    low = 1 if (file.resolution, file.kind) != ("tick", "quote") else 0
    prices = rows[:, [1, 3]] if file.kind == "quote" and file.resolution == "tick" else rows[:, 1:2]
    bad = np.flatnonzero((prices < low).any(axis=1))
    if file.resolution in INTRADAY and len(bad):
        line = int(bad[0])
        raise UserError(
            "SIM-013", f"{file.path}, line {line + 1}: a price must be at least {low}, line was {lines[line]!r}"
        )
    return rows


def _check_times(file: LeanFile, ms: Ints) -> None:
    outside = np.flatnonzero((ms < 0) | (ms >= _DAY_MS))
    if len(outside):
        raise UserError(
            "SIM-013",
            f"{file.path}, line {int(outside[0]) + 1}: the time must lie between 0 and {_DAY_MS - 1} milliseconds, "
            f"was {int(ms[outside[0]])}",
        )
    back = np.flatnonzero(np.diff(ms) < 0)
    if len(back):
        line = int(back[0]) + 2
        raise UserError("SIM-013", f"{file.path}, line {line}: times must not go back, was {int(ms[line - 1])}")


def _first_bad_row(file: LeanFile, lines: Sequence[str], columns: Sequence[int], error: Exception) -> UserError:
    needed = max(_WIDTH.get((file.resolution, file.kind), 0), max(columns) + 1)
    for number, line in enumerate(lines, start=1):
        cells = line.split(",")
        if len(cells) < needed:
            return UserError(
                "SIM-013", f"{file.path}, line {number}: needs {needed} columns, has {len(cells)}: {line[:80]!r}"
            )
        for column in columns:
            if not re.fullmatch(r"-?\d+", cells[column].strip()):
                return UserError(
                    "SIM-013",
                    f"{file.path}, line {number}: column {column + 1} must be a whole number, was {cells[column]!r}",
                )
    return UserError("SIM-013", f"{file.path}: {error}")


def read_words(lines: Sequence[str], columns: Sequence[int]) -> Words:
    """Return text columns (exchange, condition) of rows that `read_numbers` has accepted."""
    words: Words = np.loadtxt(lines, delimiter=",", usecols=columns, dtype="U12", ndmin=2)
    return words


def read_starts(file: LeanFile, lines: Sequence[str]) -> tuple[list[date], Ints]:
    """Return the local date and the UTC nanoseconds of the rows of an hour or daily file.

    Raises:
        UserError: SIM-013, a time is not ``yyyymmdd hh:mm``.
    """
    dates: list[date] = []
    starts = np.zeros(len(lines), dtype=np.int64)
    midnights: dict[str, tuple[date, int]] = {}
    for row, line in enumerate(lines):
        match = _MOMENT.match(line)
        day = _date(match.group(1)) if match else None
        if match is None or day is None:
            text = line.split(",", 1)[0]
            raise UserError("SIM-013", f"{file.path}, line {row + 1}: the time must be yyyymmdd hh:mm, was {text!r}")
        found = midnights.get(match.group(1))
        if found is None:
            found = midnights[match.group(1)] = (day, local_ns(day, time(0, 0)))
        dates.append(found[0])
        starts[row] = found[1] + (int(match.group(2)) * 60 + int(match.group(3))) * MINUTE_NS
    return dates, starts
