# SPDX-License-Identifier: Apache-2.0
"""The inbound frame splitter: bytes in, whole messages out, whatever the socket does to their borders.

Ours, because the library's waits for ever behind a corrupt length and copies the rest of a burst once per
message. It knows nothing of what the messages say.
"""

from typing import Final

MAX_FRAME: Final = 0xFFFFFF
"""Longest message of the protocol (16 MB): a longer one is a corrupt length."""
_PREFIX: Final = 4


class FrameError(Exception):
    """The stream is not the TWS protocol any more: nothing after this point can be trusted."""


class FrameSplitter:
    """Collects bytes and hands out payloads without their length prefix.

    What waits is bounded by one frame of `MAX_FRAME` bytes plus one read of the socket.
    """

    __slots__ = ("_need", "_parts", "_size")

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._size = 0
        self._need = _PREFIX

    @property
    def waiting(self) -> int:
        """Return how many bytes of an unfinished frame are held."""
        return self._size

    def feed(self, data: bytes) -> list[bytes]:
        """Take bytes, return the payloads that are complete now, in order.

        Raises:
            FrameError: a length is zero or longer than the protocol allows.
        """
        if self._parts:
            self._parts.append(data)
            self._size += len(data)
            if self._size < self._need:
                return []
            data = b"".join(self._parts)
            self._parts.clear()
        frames: list[bytes] = []
        take = frames.append
        start, end = 0, len(data)
        self._need = _PREFIX
        while end - start >= _PREFIX:
            body = start + _PREFIX
            length = int.from_bytes(data[start:body], "big")
            if not 0 < length <= MAX_FRAME:
                raise FrameError(f"a message length must be 1 to {MAX_FRAME} bytes, was {length}")
            stop = body + length
            if stop > end:
                self._need = _PREFIX + length
                break
            take(data[body:stop])
            start = stop
        self._size = end - start
        if self._size:
            self._parts.append(data[start:] if start else data)
        return frames
