# SPDX-License-Identifier: Apache-2.0
"""The machine's side of the doctor: disk, keyring, journal; and how all findings are written."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from terminal.paths import free_bytes
from terminal.secrets import Secrets
from terminal.storage.journal import DISK_FLOOR, DISK_WARNING

_MARK: Final = {"ok": "ok  ", "warn": "warn", "fail": "FAIL"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One finding. ``state`` is ok, warn or fail."""

    name: str
    state: str
    text: str
    way_out: str = ""


def machine_findings(folder: Path, secrets: Secrets) -> Sequence[Finding]:
    """Check what the terminal needs of this machine."""
    there = next(path for path in (folder, *folder.parents) if path.exists())
    free = free_bytes(there)
    room = Finding(name="disk", state="ok", text=f"{free / 1e9:,.1f} GB free for {folder}")
    if free < DISK_WARNING:
        room = Finding(
            name="disk",
            state="fail" if free < DISK_FLOOR else "warn",
            text=f"only {free / 1e6:,.0f} MB free for {folder}",
            way_out=f"Free some: below {DISK_FLOOR / 1e6:,.0f} MB no order is sent, the journal needs the room.",
        )
    keys = Finding(name="keyring", state="ok", text="the system's keyring answers")
    if not secrets.available:
        keys = Finding(
            name="keyring",
            state="warn",
            text=secrets.problem,
            way_out="Trading works without it; the journal's chain is then kept without a key.",
        )
    return (room, keys)


def report(findings: Sequence[Finding], *, as_json: bool) -> tuple[int, str]:
    """Return the exit code (1 when anything failed) and the text of all findings."""
    failed = any(finding.state == "fail" for finding in findings)
    if as_json:
        text = json.dumps({"ok": not failed, "checks": [asdict(finding) for finding in findings]}, indent=2)
    else:
        lines = []
        for finding in findings:
            lines.append(f"{_MARK[finding.state]}  {finding.name}: {finding.text}")
            if finding.way_out:
                lines.append(f"      {finding.way_out}")
        text = "\n".join(lines)
    return (1 if failed else 0), text
