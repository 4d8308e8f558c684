# SPDX-License-Identifier: Apache-2.0
"""Freshness: whether a value may be relied on, from the age of its source; and the worst of several. No Qt.

A value that is made of others is as fresh as the stalest of them: a sum never looks better than its parts.
"""

from collections.abc import Iterable
from enum import StrEnum


class Freshness(StrEnum):
    """Whether a value may be relied on. A dead value is shown as missing."""

    FRESH = "fresh"
    STALE = "stale"
    DEAD = "dead"


def freshness(age_s: float | None, stale_after_s: float, dead_after_s: float) -> Freshness:
    """Grade a value by its age in seconds; None, never heard of, is dead."""
    if age_s is None or age_s >= dead_after_s:
        return Freshness.DEAD
    return Freshness.STALE if age_s >= stale_after_s else Freshness.FRESH


def worst(grades: Iterable[Freshness]) -> Freshness:
    """Return the grade of what is made of parts with these grades; nothing at all is fresh."""
    found = set(grades)
    if Freshness.DEAD in found:
        return Freshness.DEAD
    return Freshness.STALE if Freshness.STALE in found else Freshness.FRESH
