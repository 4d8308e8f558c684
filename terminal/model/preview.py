# SPDX-License-Identifier: Apache-2.0
"""OrderPreview: what an order would do, before it is sent. Absent means not available, never a guess."""

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderPreview:
    """The broker's what-if answer, amounts in ``currency``; ``source`` says who computed it."""

    ns: int
    source: str = "broker"
    currency: str = "USD"
    commission: Decimal | None = None
    min_commission: Decimal | None = None
    max_commission: Decimal | None = None
    initial_before: Decimal | None = None
    initial_after: Decimal | None = None
    initial_change: Decimal | None = None
    maintenance_before: Decimal | None = None
    maintenance_after: Decimal | None = None
    maintenance_change: Decimal | None = None
    equity_before: Decimal | None = None
    equity_after: Decimal | None = None
    equity_change: Decimal | None = None
    warning: str = ""
