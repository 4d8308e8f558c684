# SPDX-License-Identifier: Apache-2.0
"""State file: the market and the session rules of a stopped server, so that it resumes where it was.

One JSON object, written beside the old one and renamed over it, so that a
kill at any moment leaves a whole file. A file that is not one of ours is
refused and left untouched.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from terminal.errors import UserError

VERSION: Final = 1


def read_state(path: Path) -> Mapping[str, object] | None:
    """State of a former run; None when there is none yet.

    Raises UserError SIM-013 when the file is not readable, not ours or newer.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UserError("SIM-013", f"The state file {path} cannot be read: {error.strerror}.") from error
    try:
        state = json.loads(text)
    except json.JSONDecodeError as error:
        raise UserError("SIM-013", _damaged(path, f"it is not JSON (line {error.lineno})")) from error
    if not isinstance(state, dict) or not isinstance(state.get("version"), int):
        raise UserError("SIM-013", _damaged(path, "it is not a state of the simulator"))
    if state["version"] > VERSION:
        raise UserError(
            "SIM-013",
            f"The state file {path} has version {state['version']}, this program reads up to {VERSION}. "
            "Use the newer program, or another --state file.",
        )
    return state


def _damaged(path: Path, why: str) -> str:
    return f"The state file {path} cannot be used: {why}. Move it away to begin a new market."


def _private(path: str, flags: int) -> int:
    """Open for this user alone: a state tells what somebody holds."""
    return os.open(path, flags, 0o600)


def write_state(path: Path, parts: Mapping[str, object]) -> None:
    """Save atomically. Raises OSError when the disk refuses; the old file is then whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(path.name + ".new")
    with open(temporary, "w", encoding="utf-8", opener=_private) as file:
        json.dump({"version": VERSION, **parts}, file)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
