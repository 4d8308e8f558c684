# SPDX-License-Identifier: Apache-2.0
"""Every decoder under damaged messages: a value or a WireError, never anything else; the long run is a campaign.

A good message is made from the table, then fields are swapped, dropped, doubled or overwritten. Random fields alone
would be refused at the first number.
"""

import random
from typing import Final

import pytest

from brokers.simulator.protocol import requests, responses
from brokers.simulator.protocol.frames import FrameError, FrameSplitter, frame, join_fields, split_fields
from brokers.simulator.protocol.language import MAX_VERSION, MIN_VERSION, Message, decode, encode
from brokers.simulator.protocol.values import WireError

MESSAGES: Final = [*requests.REQUESTS.values(), *responses.RESPONSES.values()]
JUNK: Final = (
    "", "0", "1", "2", "-1", "3", "7", "2147483647", "9" * 70, "1.5", "1e308", "nan", "inf", "Infinity", "BAG",
    "PEG BENCH", "PEG BEST", "IBKRATS", "true", "a=b;", "a;", "\\u00e9", "\\", "é", "x" * 300, " 1", "1_0", "0x1f",
    "None", "-", "+1", "1.7976931348623157E308",
)  # fmt: skip
BOUNDED: Final = 20_000
CAMPAIGN: Final = 1_000_000


def damaged(chance: random.Random, fields: list[str]) -> list[str]:
    """A message with one to four faults."""
    fields = list(fields)
    for _ in range(chance.randint(1, 4)):
        place = chance.randrange(len(fields))
        match chance.randrange(5):
            case 0:
                fields[place] = chance.choice(JUNK)
            case 1:
                del fields[place]
            case 2:
                fields.insert(place, chance.choice(JUNK))
            case 3:
                other = chance.randrange(len(fields))
                fields[place], fields[other] = fields[other], fields[place]
            case _:
                fields = fields[: place + 1]
        fields = fields or [""]
    return fields


def fuzz_decoders(cases: int, seed: int) -> int:
    """Decode so many damaged messages; return how many were understood all the same."""
    chance = random.Random(seed)
    understood = 0
    for number in range(cases):
        message: Message = MESSAGES[number % len(MESSAGES)]
        version = chance.randint(MIN_VERSION, MAX_VERSION)
        fields = damaged(chance, encode(message, version, {}))
        try:
            values = decode(message, version, fields)
        except WireError:
            continue
        understood += 1
        encode(message, version, values)  # what was read can be written
    return understood


def fuzz_splitter(cases: int, seed: int) -> int:
    """Feed so many damaged streams, cut anywhere; return how many payloads came out."""
    chance = random.Random(seed)
    found = 0
    for _ in range(cases):
        stream = bytearray(b"".join(frame(join_fields([str(chance.randrange(110)), "1"])) for _ in range(3)))
        for _ in range(chance.randrange(3)):
            stream[chance.randrange(len(stream))] = chance.randrange(256)
        splitter = FrameSplitter(chance.choice((64, 1024, 0xFFFFFF)))
        try:
            while stream:
                cut = chance.randint(1, len(stream))
                payloads = splitter.feed(bytes(stream[:cut]))
                del stream[:cut]
                assert splitter.pending <= splitter.limit + 4
                for payload in payloads:
                    found += 1
                    try:
                        assert join_fields(split_fields(payload), "utf-8") == payload
                    except WireError:
                        continue
        except FrameError:
            assert splitter.pending == 0
    return found


def test_damaged_messages_are_understood_or_refused() -> None:
    assert fuzz_decoders(BOUNDED, 1) > 0


def test_damaged_streams_are_cut_or_refused() -> None:
    assert fuzz_splitter(BOUNDED // 10, 1) > 0


@pytest.mark.campaign
@pytest.mark.parametrize("part", range(10))
def test_a_million_damaged_messages(part: int) -> None:
    assert fuzz_decoders(CAMPAIGN // 10, 100 + part) > 0


@pytest.mark.campaign
@pytest.mark.parametrize("part", range(10))
def test_a_million_damaged_streams(part: int) -> None:
    assert fuzz_splitter(CAMPAIGN // 10, 200 + part) > 0
