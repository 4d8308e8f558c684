# SPDX-License-Identifier: Apache-2.0
"""What the journal says of itself: the first record of every run, and what reading it whole gives. No SQL."""

from dataclasses import dataclass
from typing import Any

from terminal.storage.chain import ChainReport


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalOpened:
    """First record of every run: who wrote what follows, with which settings, and what was found wrong."""

    ns: int
    process: int
    version: str
    settings_digest: str
    key_id: str
    found: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedJournal:
    """Everything the journal holds, oldest first, and what the check of its chain said."""

    records: tuple[Any, ...]
    report: ChainReport
