# SPDX-License-Identifier: Apache-2.0
"""Identities. A string type of its own for each, so that the type checker refuses to mix them."""

import secrets
from typing import Final, NewType

InstrumentId = NewType("InstrumentId", str)
"""Readable and stable across brokers: ``AAPL``, ``ES 20250321``, ``SPY 20250321 C 600``, ``EUR.USD`` ."""

ClientOrderId = NewType("ClientOrderId", str)
"""Our own name of an order intent, sent as the broker's order reference: the idempotency key."""

ExecutionId = NewType("ExecutionId", str)
AccountId = NewType("AccountId", str)
StrategyId = NewType("StrategyId", str)
GroupId = NewType("GroupId", str)
"""One bracket or one OCA group."""

_CROCKFORD: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def _base32(value: int, length: int) -> str:
    out = []
    for _ in range(length):
        out.append(_CROCKFORD[value & 31])
        value >>= 5
    return "".join(reversed(out))


def new_ulid(now_ns: int) -> str:
    """Return a 26-character ULID: 48 bits of milliseconds, then 80 random bits (sortable by time)."""
    return _base32((now_ns // 1_000_000) & ((1 << 48) - 1), 10) + _base32(secrets.randbits(80), 16)


def new_client_order_id(now_ns: int) -> ClientOrderId:
    """Return a fresh order reference such as ``T1-01JD...`` (29 ASCII characters; IBKR echoes up to 40)."""
    return ClientOrderId("T1-" + new_ulid(now_ns))


def new_group_id(now_ns: int) -> GroupId:
    return GroupId("G1-" + new_ulid(now_ns))


def execution_root(execution_id: ExecutionId) -> tuple[str, int]:
    """Split an IBKR execution id into its root and revision.

    Corrections of one execution differ only after the last period (``.01`` then ``.02``). An id without
    a numeric tail is its own root with revision 1. Source: IBKR executions documentation.
    """
    root, dot, tail = execution_id.rpartition(".")
    if dot and tail.isdigit():
        return root, int(tail)
    return execution_id, 1
