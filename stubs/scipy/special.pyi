# SPDX-License-Identifier: Apache-2.0
"""The normal distribution function and its inverse."""

from typing import overload

import numpy as np
import numpy.typing as npt

@overload
def ndtr(x: float) -> float: ...
@overload
def ndtr(x: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]: ...
@overload
def ndtri(y: float) -> float: ...
@overload
def ndtri(y: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]: ...
