# SPDX-License-Identifier: Apache-2.0
"""Moving averages of the close: simple and exponential."""

from collections import deque
from typing import ClassVar

import numpy as np

from terminal.indicators.base import Array, columns, decayed_sum, period_parameter, take

_INPUTS = ("close",)


class Sma:
    """Simple moving average: the mean of the last ``period`` closes; None before there are so many."""

    inputs: ClassVar[tuple[str, ...]] = _INPUTS

    def __init__(self, period: int) -> None:
        self._period = int(period_parameter(20).check(period))
        self.reset()

    def reset(self) -> None:
        self._window: deque[float] = deque(maxlen=self._period)
        self._value: float | None = None

    @property
    def value(self) -> float | None:
        return self._value

    def push(self, *inputs: float) -> float | None:
        (close,) = take(inputs, _INPUTS)
        self._window.append(close)
        # Summed anew each time: a running sum would drift over a long day, and the window is short.
        self._value = sum(self._window) / self._period if len(self._window) == self._period else None
        return self._value

    def peek(self, *inputs: float) -> float | None:
        (close,) = take(inputs, _INPUTS)
        if len(self._window) < self._period - 1:
            return None
        rest = sum(self._window)
        if len(self._window) == self._period:
            rest -= self._window[0]
        return (rest + close) / self._period

    @staticmethod
    def batch(close: Array, *, period: int) -> Array:
        """Return the average at every bar, nan before bar ``period - 1``. Same unit as `close`."""
        period_parameter(20).check(period)
        (close,) = columns(_INPUTS, (close,))
        out = np.full(len(close), np.nan)
        if len(close) >= period:
            # Sums run from a value near the data: differences of running sums then lose no digits that matter.
            base = close[0]
            sums = np.cumsum(close - base)
            sums[period:] -= sums[:-period].copy()
            out[period - 1 :] = base + sums[period - 1 :] / period
        return out


class Ema:
    """Exponential moving average with ``alpha = 2 / (period + 1)``.

    The first value is the simple average of the first ``period`` closes (as in TA-Lib); None before it.
    """

    inputs: ClassVar[tuple[str, ...]] = _INPUTS

    def __init__(self, period: int) -> None:
        self._period = int(period_parameter(20).check(period))
        self._alpha = 2 / (self._period + 1)
        self.reset()

    def reset(self) -> None:
        self._seed: list[float] = []
        self._value: float | None = None

    @property
    def value(self) -> float | None:
        return self._value

    def push(self, *inputs: float) -> float | None:
        value = self.peek(*inputs)
        if self._value is None:
            self._seed.append(inputs[0])
            if value is not None:
                self._seed = []
        self._value = value
        return value

    def peek(self, *inputs: float) -> float | None:
        (close,) = take(inputs, _INPUTS)
        if self._value is not None:
            return self._value + self._alpha * (close - self._value)
        if len(self._seed) + 1 < self._period:
            return None
        return (sum(self._seed) + close) / self._period

    @staticmethod
    def batch(close: Array, *, period: int) -> Array:
        """Return the average at every bar, nan before bar ``period - 1``. Same unit as `close`."""
        period_parameter(20).check(period)
        (close,) = columns(_INPUTS, (close,))
        return smooth(close, period, 2 / (period + 1))


def smooth(values: Array, period: int, alpha: float) -> Array:
    """Return ``y += alpha * (value - y)`` seeded with the mean of the first `period` values, nan before it."""
    out = np.full(len(values), np.nan)
    if len(values) >= period:
        # Relative to the seed, so that the decaying sum starts at zero and keeps its digits.
        seed = float(np.mean(values[:period]))
        steps = alpha * (values[period - 1 :] - seed)
        steps[0] = 0.0
        out[period - 1 :] = seed + decayed_sum(steps, 1 - alpha)
    return out
