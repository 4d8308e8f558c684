# SPDX-License-Identifier: Apache-2.0
"""Root search by bracketing."""

from collections.abc import Callable

def brentq(
    f: Callable[[float], float],
    a: float,
    b: float,
    args: tuple[object, ...] = (),
    xtol: float = 2e-12,
    rtol: float = ...,
    maxiter: int = 100,
) -> float: ...
