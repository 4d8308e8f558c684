# SPDX-License-Identifier: Apache-2.0
"""Average true range after Wilder: how far a bar usually travels, gaps included."""

from typing import ClassVar

import numpy as np

from terminal.indicators.averages import smooth
from terminal.indicators.base import Array, columns, period_parameter, take

_INPUTS = ("high", "low", "close")


class Atr:
    """Average true range in the price unit.

    True range is max(high, previous close) - min(low, previous close), for the first bar high - low. The first
    value is the mean of the first ``period`` true ranges, then ``atr += (range - atr) / period``.
    Source: J. W. Wilder, New Concepts in Technical Trading Systems, 1978.
    """

    inputs: ClassVar[tuple[str, ...]] = _INPUTS

    def __init__(self, period: int) -> None:
        self._period = int(period_parameter(14).check(period))
        self.reset()

    def reset(self) -> None:
        self._close: float | None = None
        self._seed: list[float] = []
        self._value: float | None = None

    @property
    def value(self) -> float | None:
        return self._value

    def push(self, *inputs: float) -> float | None:
        value = self.peek(*inputs)
        if self._value is None:
            self._seed.append(self._range(inputs[0], inputs[1]))
            if value is not None:
                self._seed = []
        self._value = value
        self._close = inputs[2]
        return value

    def peek(self, *inputs: float) -> float | None:
        high, low, _ = take(inputs, _INPUTS)
        if high < low:
            raise ValueError(f"high must not be below low, was {high} below {low}")
        reach = self._range(high, low)
        if self._value is not None:
            return self._value + (reach - self._value) / self._period
        if len(self._seed) + 1 < self._period:
            return None
        return (sum(self._seed) + reach) / self._period

    def _range(self, high: float, low: float) -> float:
        if self._close is None:
            return high - low
        return max(high, self._close) - min(low, self._close)

    @staticmethod
    def batch(high: Array, low: Array, close: Array, *, period: int) -> Array:
        """Return the average true range at every bar, nan before bar ``period - 1``."""
        period_parameter(14).check(period)
        high, low, close = columns(_INPUTS, (high, low, close))
        if (high < low).any():
            row = int(np.argmax(high < low))
            raise ValueError(f"high must not be below low, was {high[row]} below {low[row]} in row {row}")
        reach = high - low
        reach[1:] = np.maximum(high[1:], close[:-1]) - np.minimum(low[1:], close[:-1])
        return smooth(reach, period, 1 / period)
