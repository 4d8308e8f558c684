# SPDX-License-Identifier: Apache-2.0
"""Figures outside of tables: the text of an amount and the tone of its label, by sign, age and kind of data. No Qt.

Tables have their delegate for this; labels get the same answers here.
"""

from collections.abc import Sequence

from widgets import formats
from widgets.formats import Number, SignRule
from widgets.freshness import Freshness


def words(
    value: Number | None,
    decimals: int = 2,
    sign: SignRule = SignRule.MONEY,
    *,
    grade: Freshness = Freshness.FRESH,
    delayed: bool = False,
) -> str:
    """Return the amount with its mark where it is of delayed prices; a dash where it is missing or dead."""
    shown = None if grade is Freshness.DEAD else value
    late = formats.delayed_note(shown, delayed=delayed)
    return f"{formats.number(shown, decimals, sign)} {late}".rstrip()


def tone(
    value: Number | None, decimals: int = 2, sign: SignRule = SignRule.MONEY, *, grade: Freshness = Freshness.FRESH
) -> str:
    """Return the ``tone`` of the label: a stale amount has no sign colour, and nothing has one that has no sign."""
    if value is None or grade is Freshness.DEAD:
        return "muted"
    if grade is Freshness.STALE:
        return "stale"
    if sign is not SignRule.MONEY:
        return ""
    rounded = round(float(value), decimals)
    return "muted" if rounded == 0 else "up" if rounded > 0 else "down"


def late_words(late: Sequence[float | None], count: int) -> str:
    """Return what a panel's header says of the ages that are too old, of ``count`` in all; None was never heard of."""
    known = [age for age in late if age is not None]
    oldest = f", oldest {formats.age(max(known), fine=False)}" if known else ""
    return f"{len(late)} of {count} stale{oldest}"
