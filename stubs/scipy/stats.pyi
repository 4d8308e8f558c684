# SPDX-License-Identifier: Apache-2.0
"""The normal distribution."""

from typing import overload

import numpy as np
import numpy.typing as npt

class _Normal:
    @overload
    def cdf(self, x: float, loc: float = 0.0, scale: float = 1.0) -> float: ...
    @overload
    def cdf(
        self, x: npt.NDArray[np.float64], loc: float = 0.0, scale: float = 1.0
    ) -> npt.NDArray[np.float64]: ...
    @overload
    def pdf(self, x: float, loc: float = 0.0, scale: float = 1.0) -> float: ...
    @overload
    def pdf(
        self, x: npt.NDArray[np.float64], loc: float = 0.0, scale: float = 1.0
    ) -> npt.NDArray[np.float64]: ...
    @overload
    def ppf(self, q: float, loc: float = 0.0, scale: float = 1.0) -> float: ...
    @overload
    def ppf(
        self, q: npt.NDArray[np.float64], loc: float = 0.0, scale: float = 1.0
    ) -> npt.NDArray[np.float64]: ...

norm: _Normal
