# SPDX-License-Identifier: Apache-2.0
"""Python's cycle collector, kept off the frames: a full pass over a started program would stand in one for 100 ms.

What the start has made lives until the end, so it is taken out of every later pass. The collector is off from
the first import (main.py) until the panels stand. It must not be used to free anything.
"""

import gc
from typing import Final

_THRESHOLDS: Final = (5_000, 20, 20)
"""New objects per pass over the young, and passes per pass over the next age; measured, see benchmarks."""


def settle() -> None:
    """Let the collector work, from now on only on what is made from now on. Takes microseconds; may be repeated."""
    gc.freeze()
    gc.set_threshold(*_THRESHOLDS)
    gc.enable()
