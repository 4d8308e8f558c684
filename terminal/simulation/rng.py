# SPDX-License-Identifier: Apache-2.0
"""Random numbers by address: the same seed and the same labels give the same numbers, in any order of asking.

The market is a function of seed and time, so nothing here keeps a position in a stream: a generator is made for
one purpose and one block of time, and single numbers (a displayed size at one moment) are hashes of their address.
Must not be used for anything secret.
"""

import hashlib
from typing import Final

import numpy as np
from numpy.typing import NDArray

_MASK: Final = (1 << 64) - 1
_GAMMA: Final = 0x9E3779B97F4A7C15
_A: Final = 0xBF58476D1CE4E5B9
_B: Final = 0x94D049BB133111EB
_TO_UNIT: Final = 2.0**-53


def label_key(*labels: object) -> int:
    """Return a 64-bit key of readable labels, the same on every machine."""
    text = "\x1f".join(str(label) for label in labels)
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")


def generator(seed: int, *labels: object) -> np.random.Generator:
    """Return a Philox generator that belongs to ``seed`` and ``labels`` alone."""
    key = np.array([seed & _MASK, label_key(*labels)], dtype=np.uint64)
    return np.random.Generator(np.random.Philox(key=key))


def mix(key: int, *words: int) -> int:
    """Hash ``words`` under ``key`` to 64 bits (the finaliser of SplitMix64, once per word)."""
    state = key
    for word in words:
        state = (state ^ (word & _MASK)) & _MASK
        state = (state + _GAMMA) & _MASK
        state = ((state ^ (state >> 30)) * _A) & _MASK
        state = ((state ^ (state >> 27)) * _B) & _MASK
        state ^= state >> 31
    return state


def unit(value: int) -> float:
    """Map 64 bits to [0, 1)."""
    return (value >> 11) * _TO_UNIT


def mix_array(key: NDArray[np.uint64] | int, words: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Hash each of ``words`` under ``key``; equals `mix` with one word, element by element."""
    with np.errstate(over="ignore"):
        state = np.uint64(key) ^ words.astype(np.uint64) if isinstance(key, int) else key ^ words.astype(np.uint64)
        state = state + np.uint64(_GAMMA)
        state = (state ^ (state >> np.uint64(30))) * np.uint64(_A)
        state = (state ^ (state >> np.uint64(27))) * np.uint64(_B)
        return state ^ (state >> np.uint64(31))


def unit_array(values: NDArray[np.uint64]) -> NDArray[np.float64]:
    """Map 64-bit words to [0, 1); equals `unit` element by element."""
    return (values >> np.uint64(11)).astype(np.float64) * _TO_UNIT
