# SPDX-License-Identifier: Apache-2.0
"""The frame splitter and the decoders under garbage: an error or a message, never anything else."""

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brokers.simulator.protocol.frames import (
    MAX_FIELDS,
    MAX_FRAME,
    FrameError,
    FrameSplitter,
    frame,
    join_fields,
    split_fields,
)
from brokers.simulator.protocol.language import decode, encode
from brokers.simulator.protocol.requests import REQUESTS
from brokers.simulator.protocol.values import WireError


@given(st.lists(st.binary(max_size=60), max_size=8), st.data())
def test_any_cut_of_the_stream_gives_the_same_payloads(payloads: list[bytes], data: st.DataObject) -> None:
    stream = b"".join(frame(payload) for payload in payloads)
    splitter = FrameSplitter()
    found: list[bytes] = []
    while stream:
        cut = data.draw(st.integers(1, len(stream)))
        found += splitter.feed(stream[:cut])
        stream = stream[cut:]
    assert found == payloads
    assert splitter.pending == 0


@given(st.integers(MAX_FRAME + 1, 2**32 - 1), st.binary(max_size=40))
def test_a_length_that_no_client_means_is_an_error_and_holds_nothing(length: int, rest: bytes) -> None:
    splitter = FrameSplitter()
    with pytest.raises(FrameError, match="frame length"):
        splitter.feed(struct.pack(">I", length) + rest)
    assert splitter.pending == 0


def test_half_a_frame_waits() -> None:
    splitter = FrameSplitter()
    assert splitter.feed(frame(b"71\x002\x00")[:7]) == []
    assert splitter.pending == 7


@pytest.mark.parametrize(
    ("payload", "rule"),
    [
        (b"", "at least one field"),
        (b"71\x002", "NUL"),
        (b"\xff\xfe\x00", "UTF-8"),
        (b"\0" * (MAX_FIELDS + 1), "at most 20,000 fields"),
        (b"3\0" + b"A" * 10_000_000 + b"\0", "at most 65,536 characters"),
    ],
    ids=["empty", "unterminated", "not-utf-8", "too-many", "ten-megabytes"],
)
def test_a_payload_that_cannot_be_read_names_the_rule(payload: bytes, rule: str) -> None:
    with pytest.raises(WireError, match=rule):
        split_fields(payload)


@settings(max_examples=300)
@given(st.binary(max_size=400))
def test_random_bytes_never_break_the_splitter(data: bytes) -> None:
    splitter = FrameSplitter()
    try:
        payloads = splitter.feed(data)
    except FrameError:
        return
    for payload in payloads:
        try:
            fields = split_fields(payload)
        except WireError:
            continue
        assert join_fields(fields, "utf-8") == payload


@settings(max_examples=400)
@given(
    st.sampled_from(sorted(REQUESTS)),
    st.integers(157, 178),
    st.lists(
        st.one_of(
            st.sampled_from(["", "0", "1", "-1", "2147483647", "BAG", "1e308", "nan", "PEG BENCH"]),
            st.text(max_size=8),
        ),
        max_size=130,
    ),
)
def test_random_fields_decode_or_are_refused(message_id: int, version: int, fields: list[str]) -> None:
    message = REQUESTS[message_id]
    try:
        decoded = decode(message, version, [str(message_id), *fields])
    except WireError:
        return
    # what was read can be written again, so nothing was invented or dropped
    assert len(encode(message, version, decoded)) == len(fields) + 1
