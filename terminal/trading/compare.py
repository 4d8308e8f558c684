# SPDX-License-Identifier: Apache-2.0
"""Compare what we hold with what the broker says: pure, in words a person can check against TWS."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

from terminal.clock import NS_PER_S
from terminal.model.enums import OrderStatus, OrderType, TimeInForce
from terminal.model.ids import AccountId, InstrumentId
from terminal.model.instrument import Instrument
from terminal.model.order import Order

_ZERO: Final = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionGap:
    """Our sum of fills and the broker's report differ."""

    instrument_id: InstrumentId
    ours: Decimal
    broker: Decimal

    @property
    def delta(self) -> Decimal:
        return self.broker - self.ours


def position_gaps(
    ours: Mapping[InstrumentId, Decimal], broker: Mapping[InstrumentId, Decimal]
) -> tuple[PositionGap, ...]:
    """Return every instrument whose quantities differ; an absent entry is zero."""
    return tuple(
        PositionGap(instrument_id=name, ours=ours.get(name, _ZERO), broker=broker.get(name, _ZERO))
        for name in sorted(set(ours) | set(broker))
        if ours.get(name, _ZERO) != broker.get(name, _ZERO)
    )


def adjustment_id(account_id: AccountId, gap: PositionGap, ns: int, ordinal: int) -> str:
    """Return the same id for the same correction of the same day, however often it is computed.

    ``ordinal`` counts the adjustments that the instrument had before, so that a later, equal one is another.
    """
    day = datetime.fromtimestamp(ns // NS_PER_S, UTC).strftime("%Y%m%d")
    text = f"{account_id}|{gap.instrument_id}|{day}|{gap.delta.normalize()}|{ordinal}"
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def describe(order: Order) -> str:
    """Return an order in one line: what it is and how it stands."""
    spec = order.spec
    price = ""
    if spec.order_type is not OrderType.MARKET:
        shown = [str(each) for each in (spec.stop_price, spec.limit_price) if each is not None]
        price = " at " + " / ".join(shown) if shown else ""
    filled = f", {order.filled} filled" if order.filled else ""
    return f"{spec.side.value} {spec.quantity} {spec.instrument_id}{price}: {order.status.value}{filled}"


def session_over(order: Order, instrument: Instrument | None, now_ns: int) -> bool:
    """Say whether the trading day that a DAY order was made for has ended; False when hours are not known."""
    if order.spec.time_in_force is TimeInForce.GTC or instrument is None:
        return False
    hours = instrument.trading_hours if order.spec.outside_regular_hours else instrument.liquid_hours
    ends = [session.end_ns for session in hours if session.end_ns > order.created_ns]
    return bool(ends) and min(ends) <= now_ns


def is_missing(order: Order) -> bool:
    """Say whether an absent order still needs an explanation."""
    return order.is_open and order.status is not OrderStatus.STAGED
