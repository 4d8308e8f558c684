# SPDX-License-Identifier: Apache-2.0
"""Frames: cut the byte stream into messages and build the frames that go out.

A frame is a big-endian uint32 length and that many bytes of NUL-terminated
fields. The splitter holds at most one frame, refuses a length that no client
can mean, and never throws away bytes silently: a corrupt length is an error
because nothing after it can be trusted.
"""

import struct
from typing import Final

from brokers.simulator.protocol.values import WireError

MAX_FRAME: Final = 0xFFFFFF
"""Longest payload in bytes: the limit that clients know (16 MB)."""
MAX_FIELDS: Final = 20_000
MAX_FIELD: Final = 65_536
"""Longest text of one field, characters."""
_LENGTH: Final = struct.Struct(">I")


class FrameError(WireError):
    """The stream is not made of frames any more; the connection must be closed."""


class FrameSplitter:
    """Collects bytes and gives back whole payloads, in order.

    Memory is bounded by `limit` plus one chunk of the socket.
    """

    def __init__(self, limit: int = MAX_FRAME) -> None:
        self.limit = limit
        self._buffer = bytearray()

    @property
    def pending(self) -> int:
        """Bytes that wait for the rest of their frame."""
        return len(self._buffer)

    def feed(self, data: bytes) -> list[bytes]:
        """Add bytes; return every payload that is now complete.

        Raises FrameError on a length above the limit. Payloads completed
        before the bad length are lost with it: the peer is broken.
        """
        self._buffer += data
        payloads: list[bytes] = []
        position = 0
        buffer = self._buffer
        while len(buffer) - position >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(buffer, position)
            if length > self.limit:
                buffer.clear()
                raise FrameError(f"frame length must be at most {self.limit:,} bytes, was {length:,}")
            end = position + _LENGTH.size + length
            if len(buffer) < end:
                break
            payloads.append(bytes(buffer[position + _LENGTH.size : end]))
            position = end
        del buffer[:position]
        return payloads


def frame(payload: bytes) -> bytes:
    """A payload with its length in front."""
    return _LENGTH.pack(len(payload)) + payload


def join_fields(fields: list[str], encoding: str = "ascii") -> bytes:
    """Payload of these field texts, each ended by NUL."""
    return ("\0".join(fields) + "\0").encode(encoding)


def split_fields(payload: bytes) -> list[str]:
    """Field texts of a payload.

    Raises WireError when it is empty, not ended by NUL, not UTF-8, or larger
    than any request that a client can mean.
    """
    if not payload:
        raise WireError("a message must have at least one field, was an empty frame")
    if payload[-1] != 0:
        raise WireError("the last field must end with a NUL byte")
    count = payload.count(0)
    if count > MAX_FIELDS:
        raise WireError(f"a message must have at most {MAX_FIELDS:,} fields, had {count:,}")
    try:
        fields = payload[:-1].decode("utf-8").split("\0")
    except UnicodeDecodeError as error:
        raise WireError(f"a message must be UTF-8, byte {error.start} is not") from error
    longest = max(map(len, fields))
    if longest > MAX_FIELD:
        raise WireError(f"a field must have at most {MAX_FIELD:,} characters, had {longest:,}")
    return fields
