# SPDX-License-Identifier: Apache-2.0
"""A decoded request with typed access, so that a handler never asks what kind a value is."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from brokers.simulator.protocol.language import MAX_VERSION, Message
from brokers.simulator.protocol.values import Value, Values


class Request:
    """One request of a client. Absent numbers are None or the default that the caller names."""

    __slots__ = ("message", "server_version", "values")

    def __init__(self, message: Message, values: Values, server_version: int = MAX_VERSION) -> None:
        self.message = message
        self.values = values
        self.server_version = server_version

    @property
    def id(self) -> int:
        """Request or order id; -1 for requests that carry none."""
        value = self.values.get("req_id", self.values.get("order_id"))
        return value if isinstance(value, int) else -1

    def integer(self, name: str, default: int = 0) -> int:
        value = self.values.get(name)
        return value if isinstance(value, int) else default

    def text(self, name: str) -> str:
        value = self.values.get(name)
        return value if isinstance(value, str) else ""

    def flag(self, name: str) -> bool:
        return bool(self.values.get(name))

    def number(self, name: str) -> float | None:
        value = self.values.get(name)
        return float(value) if isinstance(value, int | float | Decimal) else None

    def decimal(self, name: str) -> Decimal | None:
        value = self.values.get(name)
        return value if isinstance(value, Decimal) else None

    def groups(self, name: str) -> Sequence[Mapping[str, Value]]:
        value = self.values.get(name)
        if isinstance(value, str) or not isinstance(value, Sequence):
            return ()
        return [group for group in value if isinstance(group, Mapping)]
