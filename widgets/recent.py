# SPDX-License-Identifier: Apache-2.0
"""Recent: what is dear to make and asked for again and again, kept while it is asked for.

Prices never end, so a cache of their pictures must not grow with the day. A hit costs what a dictionary costs.
"""

from collections.abc import Callable, Hashable
from typing import TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Recent(dict[K, V]):
    """Makes what is missing. Holds at most twice ``keep``: what a generation of ``keep`` new ones did not ask for goes.

    Read it by its key alone; the other ways into a dictionary make nothing and keep nothing.
    """

    def __init__(self, keep: int, make: Callable[[K], V]) -> None:
        super().__init__()
        self._keep, self._make = keep, make
        self._older: dict[K, V] = {}

    def __missing__(self, key: K) -> V:
        value = self._older.pop(key) if key in self._older else self._make(key)
        if len(self) >= self._keep:
            self._older = dict(self)
            self.clear()
        self[key] = value
        return value
