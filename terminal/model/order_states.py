# SPDX-License-Identifier: Apache-2.0
"""The states of an order and which event may follow which: the tables behind `Order`.

They stand apart so that the aggregate reads as behaviour. No logic here.
"""

from collections.abc import Mapping
from typing import Final

from terminal.model import events as e
from terminal.model.enums import OrderStatus as S

OPEN: Final = frozenset({S.STAGED, S.SENDING, S.SENT, S.ACKED, S.WORKING, S.PARTIAL, S.INACTIVE, S.UNKNOWN})
"""May still fill: counts as exposure."""

LIVE_AT_BROKER: Final = frozenset({S.ACKED, S.WORKING, S.PARTIAL, S.INACTIVE})
"""The broker has shown it to us."""

UNCONFIRMED: Final = frozenset({S.SENDING, S.SENT})
"""On its way out: no word of the broker yet."""

SOFT_TERMINAL: Final = frozenset({S.FILLED, S.CANCELLED, S.REJECTED, S.EXPIRED, S.LOST})
"""Over, as far as we know: stronger evidence may reopen it, which is audited."""

TERMINAL: Final = SOFT_TERMINAL | {S.DENIED}

_LEFT_THE_HOUSE: Final = OPEN | SOFT_TERMINAL

ALLOWED: Final[Mapping[type[e.OrderEvent], frozenset[S]]] = {
    e.OrderDenied: frozenset({S.INITIALIZED}),
    e.OrderAdopted: frozenset({S.INITIALIZED}),
    e.OrderStaged: frozenset({S.INITIALIZED}),
    e.OrderSending: frozenset({S.STAGED}),
    e.OrderSent: _LEFT_THE_HOUSE - {S.STAGED},  # written down asynchronously: an answer may have been quicker
    e.OrderAcked: _LEFT_THE_HOUSE,
    e.OrderWorking: _LEFT_THE_HOUSE,
    e.OrderFilled: _LEFT_THE_HOUSE,  # a fill may already have been on the wire
    e.OrderCancelled: _LEFT_THE_HOUSE,
    e.OrderRejected: _LEFT_THE_HOUSE,
    e.OrderInactive: _LEFT_THE_HOUSE,
    e.OrderExpired: _LEFT_THE_HOUSE,
    e.OrderUnknown: OPEN,
    e.OrderLost: OPEN,
    e.OrderCancelRequested: OPEN,
    e.OrderCancelRefused: _LEFT_THE_HOUSE,
    e.OrderReplaceRequested: LIVE_AT_BROKER,
    e.OrderReplaced: _LEFT_THE_HOUSE,
    e.OrderReplaceRefused: _LEFT_THE_HOUSE,
    e.OrderStale: _LEFT_THE_HOUSE,
    e.OrderConfirmed: _LEFT_THE_HOUSE,
    e.OrderConflict: _LEFT_THE_HOUSE,
    e.OrderNoted: frozenset(S),
    e.OrderCommissioned: _LEFT_THE_HOUSE,
}
