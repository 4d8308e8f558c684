# SPDX-License-Identifier: Apache-2.0
"""The C heap of the process, kept from growing by holes.

glibc takes large blocks from the system and gives them back when they are freed, but each one freed raises its idea
of large, up to 32 MB: after some minutes frames, arrays and pages of SQLite lie in the common heap, among small
blocks that stay, and the holes between them are never given back (measured: 4 MB in the first hour). Says nothing to
Python's own allocator, and does nothing where there is no glibc.
"""

import ctypes
import sys
from typing import Final

_M_MMAP_THRESHOLD: Final = -3  # malloc.h
_LARGE: Final = 128 * 1024
"""What glibc begins with."""


def keep_large_blocks_apart() -> bool:
    """Fix the size from which a block is a mapping of its own; say whether the C library took it."""
    if sys.platform != "linux":
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    return mallopt is not None and mallopt(_M_MMAP_THRESHOLD, _LARGE) == 1
