# SPDX-License-Identifier: Apache-2.0
"""Reading a message strictly: every field in its place, and none left at the end."""

from collections.abc import Sequence
from decimal import Decimal

from brokers.ibkr.contracts import WireContract, decimal


class Reader:
    """Reads fields in order, and knows at the end whether any is left."""

    __slots__ = ("_fields", "_next")

    def __init__(self, fields: Sequence[str], start: int = 1) -> None:
        self._fields = fields
        self._next = start

    def text(self) -> str:
        if self._next >= len(self._fields):
            raise ValueError(f"the message ends early, after {len(self._fields)} fields")
        self._next += 1
        return self._fields[self._next - 1]

    def skip(self, count: int) -> None:
        self._next += count
        if count < 0 or self._next > len(self._fields):
            raise ValueError(f"the message ends early, after {len(self._fields)} fields")

    def integer(self) -> int:
        text = self.text()
        return int(text) if text else 0

    def number(self) -> Decimal | None:
        """Read a number; None where it is empty or unset."""
        return optional(self.text())

    def texts(self, names: str) -> dict[str, str]:
        """Read one field per name (a line of names separated by blanks)."""
        return {name: self.text() for name in names.split()}

    def end(self) -> None:
        left = len(self._fields) - self._next
        if left:
            raise ValueError(f"the message has {left} fields too many")


def optional(text: str) -> Decimal | None:
    """Read a number that may be absent. Raises ValueError when it is not a number."""
    if not text:
        return None
    value = decimal(text, Decimal("NaN"))
    return value if value.is_finite() else None


def contract(read: Reader) -> WireContract:
    """Read the eleven contract fields of order and execution messages."""
    return WireContract(
        con_id=read.integer(),
        symbol=read.text(),
        sec_type=read.text(),
        expiry=read.text(),
        strike=read.text(),
        right=read.text(),
        multiplier=read.text(),
        exchange=read.text(),
        currency=read.text(),
        local_symbol=read.text(),
        trading_class=read.text(),
    )
