# SPDX-License-Identifier: Apache-2.0
"""What every indicator has in common: its contract, its parameters and the checks on its input.

Arrays hold nan where an indicator has no value yet; scalars hold None. It must not know any single indicator.
"""

import math
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.float64]
Number: TypeAlias = int | float


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One setting of an indicator: a whole number unless ``whole`` is False. Bounds are inclusive."""

    name: str
    title: str
    default: Number
    low: Number
    high: Number
    whole: bool = True
    unit: str = ""

    def check(self, value: object) -> Number:
        """Return `value`, as int where a whole number is asked for.

        Raises:
            ValueError: not a number, not whole, or out of bounds; the text says what is allowed.
        """
        rule = f"{self.name} must be a {'whole ' if self.whole else ''}number from {self.low} to {self.high}"
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise ValueError(f"{rule}, was {value!r}")
        if not self.low <= value <= self.high or (self.whole and value != int(value)):
            raise ValueError(f"{rule}, was {value!r}")
        return int(value) if self.whole else float(value)


PERIOD_BOUNDS = (1, 10_000)


def period_parameter(default: int) -> Parameter:
    """Return the parameter that most indicators have: how many bars they look back."""
    low, high = PERIOD_BOUNDS
    return Parameter(name="period", title="Bars", default=default, low=low, high=high, unit="bars")


class Indicator(Protocol):
    """The live form: fed one closed bar at a time, in the order of its spec's ``inputs``.

    `push` takes the bar and returns the new value, None while too few bars are known. `peek` returns what
    `push` would return and changes nothing: for the bar that still grows. `value` is the last pushed one.
    """

    @property
    def value(self) -> float | None: ...
    def push(self, *inputs: float) -> float | None: ...
    def peek(self, *inputs: float) -> float | None: ...
    def reset(self) -> None: ...


def take(inputs: tuple[float, ...], names: tuple[str, ...]) -> tuple[float, ...]:
    """Return `inputs` if there is one finite number for each name, else raise ValueError."""
    if len(inputs) != len(names):
        raise ValueError(f"inputs must be {', '.join(names)}, were {len(inputs)} numbers")
    for name, value in zip(names, inputs, strict=True):
        if not math.isfinite(value):
            raise ValueError(f"{name} must be a finite number, was {value}")
    return inputs


def columns(names: tuple[str, ...], arrays: tuple[Array, ...]) -> tuple[Array, ...]:
    """Return the arrays as float64 if they are finite, one-dimensional and equally long, else raise ValueError."""
    if len(arrays) != len(names):
        raise ValueError(f"columns must be {', '.join(names)}, were {len(arrays)} arrays")
    out = tuple(np.asarray(array, dtype=np.float64) for array in arrays)
    for name, array in zip(names, out, strict=True):
        if array.ndim != 1 or len(array) != len(out[0]):
            raise ValueError(f"{name} must be one column of {len(out[0])} values, was of shape {array.shape}")
        if not np.isfinite(array).all():
            raise ValueError(f"{name} must hold finite numbers, row {int(np.argmin(np.isfinite(array)))} does not")
    return out


def decayed_sum(values: Array, keep: float) -> Array:
    """Return ``y[t] = values[t] + keep * y[t-1]`` (with ``y[-1] = 0``) in log2(n) vector steps, for 0 <= keep < 1.

    Recursive doubling (Hillis and Steele, 1986): after step k every element holds the sum over its last
    2**k inputs. All weights are at most 1, so nothing grows; it stops where the next weight is below 1e-20
    of the sum, which no float64 can see.
    """
    out = values.copy()
    reach, weight = 1, keep
    while reach < len(out) and weight > 1e-20:
        out[reach:] += weight * out[:-reach]
        reach, weight = reach * 2, weight * weight
    return out
