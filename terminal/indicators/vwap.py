# SPDX-License-Identifier: Apache-2.0
"""Session VWAP: the volume-weighted average price since the session began."""

from typing import ClassVar

import numpy as np

from terminal.indicators.base import Array, columns, take

_INPUTS = ("price", "volume", "session")


class SessionVwap:
    """Sum of price times volume over sum of volume, from the first bar of the session on.

    ``price`` is the bar's own volume-weighted price where the source gives one, else its typical price (high +
    low + close) / 3. ``session`` is any number that changes from session to session, such as the day's ordinal.
    A negative session number means that the bar belongs to none: no value, and nothing is added. None while no
    volume has traded.
    """

    inputs: ClassVar[tuple[str, ...]] = _INPUTS

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self._session: float | None = None
        self._base = self._amount = self._volume = 0.0
        self._value: float | None = None

    @property
    def value(self) -> float | None:
        return self._value

    def push(self, *inputs: float) -> float | None:
        price, volume, session = _checked(inputs)
        if session < 0:
            self.reset()
            return None
        if session != self._session:
            self._session = session
            self._base, self._amount, self._volume = price, 0.0, 0.0
        self._amount += (price - self._base) * volume
        self._volume += volume
        self._value = self._base + self._amount / self._volume if self._volume else None
        return self._value

    def peek(self, *inputs: float) -> float | None:
        price, volume, session = _checked(inputs)
        if session < 0:
            return None
        if session != self._session:
            return price if volume else None
        total = self._volume + volume
        return self._base + (self._amount + (price - self._base) * volume) / total if total else None

    @staticmethod
    def batch(price: Array, volume: Array, session: Array) -> Array:
        """Return the average at every bar, nan outside a session and before its first volume."""
        price, volume, session = columns(_INPUTS, (price, volume, session))
        if (volume < 0).any():
            raise ValueError(f"volume must not be negative, row {int(np.argmax(volume < 0))} is")
        out = np.full(len(price), np.nan)
        if not len(price):
            return out
        starts = np.flatnonzero(np.diff(session, prepend=session[0] + 1))
        for first, last in zip(starts, [*starts[1:], len(price)], strict=True):
            if session[first] < 0:
                continue
            # Relative to the session's first price: small numbers keep their digits.
            amount = np.cumsum((price[first:last] - price[first]) * volume[first:last])
            total = np.cumsum(volume[first:last])
            np.divide(amount, total, out=out[first:last], where=total > 0)
            out[first:last] += price[first]
        return out


def _checked(inputs: tuple[float, ...]) -> tuple[float, ...]:
    values = take(inputs, _INPUTS)
    if values[1] < 0:
        raise ValueError(f"volume must not be negative, was {values[1]}")
    return values
