# SPDX-License-Identifier: Apache-2.0
"""A large block that was freed is given back, whatever was freed before it."""

import subprocess
import sys

TAKE_AND_GIVE_BACK = """
import ctypes, sys
from terminal.heap import keep_large_blocks_apart
class Counts(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in "arena a b blocks c d e f g h".split()]
libc = ctypes.CDLL(None)
libc.mallinfo2.restype = Counts
libc.malloc.restype = ctypes.c_void_p
libc.free.argtypes = [ctypes.c_void_p]
assert keep_large_blocks_apart()
before = libc.mallinfo2().arena
for _ in range(3):
    libc.free(libc.malloc(8 << 20))  # without us the first one tells glibc that 8 MB are small
print(libc.mallinfo2().arena - before)
"""


def test_a_large_block_stays_out_of_the_common_heap() -> None:
    done = subprocess.run([sys.executable, "-c", TAKE_AND_GIVE_BACK], check=True, capture_output=True, text=True)
    assert int(done.stdout) < 1 << 20
