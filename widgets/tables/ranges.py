# SPDX-License-Identifier: Apache-2.0
"""Ranges: single changed cells joined to the few rectangles that a view is told about. No Qt."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

Span = tuple[int, int, int, int]
"""First row, last row, first column, last column."""

_MANY: Final = 256


def runs(numbers: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Give the runs of consecutive numbers of a sorted sequence."""
    if not numbers:
        return
    start = previous = numbers[0]
    for number in numbers[1:]:
        if number != previous + 1:
            yield start, previous
            start = number
        previous = number
    yield start, previous


def merged(spans: Iterable[Span]) -> Iterator[Span]:
    """Join spans of equal columns in rows that follow each other; very many become the one that holds all."""
    found = sorted(spans, key=lambda span: (span[2], span[3], span[0]))
    if len(found) > _MANY:
        tops, bottoms, lefts, rights = zip(*found, strict=True)
        yield min(tops), max(bottoms), min(lefts), max(rights)
        return
    held: Span | None = None
    for span in found:
        if held is not None and span[2:] == held[2:] and span[0] == held[1] + 1:
            held = (held[0], span[1], *held[2:])
            continue
        if held is not None:
            yield held
        held = span
    if held is not None:
        yield held
