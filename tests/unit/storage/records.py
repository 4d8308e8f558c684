# SPDX-License-Identifier: Apache-2.0
"""Records that a real order leaves in the journal, for every test of the storage."""

from decimal import Decimal

from terminal.model.commands import OrderSpec
from terminal.model.enums import OrderOrigin, OrderType, Side
from terminal.model.events import (
    OrderEvent,
    OrderFilled,
    OrderInitialized,
    OrderSending,
    OrderSent,
    OrderStaged,
    OrderWorking,
)
from terminal.model.ids import AccountId, ClientOrderId, ExecutionId, InstrumentId

ACCOUNT = AccountId("DU9000001")
AAPL = InstrumentId("AAPL")


def intent(number: int, quantity: int = 100) -> list[OrderEvent]:
    """Return what must be durable before the first byte of order ``number``."""
    name = ClientOrderId(f"T1-{number:04d}")
    spec = OrderSpec(
        instrument_id=AAPL,
        side=Side.BUY,
        quantity=Decimal(quantity),
        order_type=OrderType.LIMIT,
        limit_price=Decimal("187.30"),
    )
    return [
        OrderInitialized(client_order_id=name, ns=number, spec=spec, account_id=ACCOUNT, origin=OrderOrigin.MANUAL),
        OrderStaged(client_order_id=name, ns=number, broker_order_id=number, client_id=17),
        OrderSending(client_order_id=name, ns=number),
    ]


def fill(number: int, quantity: int, price: str, execution: str) -> OrderFilled:
    return OrderFilled(
        client_order_id=ClientOrderId(f"T1-{number:04d}"),
        ns=number + 10,
        execution_id=ExecutionId(execution),
        side=Side.BUY,
        quantity=Decimal(quantity),
        price=Decimal(price),
        event_ns=number + 5,
        exchange="NYSE",
    )


def story(number: int) -> list[OrderEvent]:
    """Return the whole life of order ``number``: sent, working, filled in two parts."""
    name = ClientOrderId(f"T1-{number:04d}")
    return [
        *intent(number),
        OrderSent(client_order_id=name, ns=number, session_epoch=1),
        OrderWorking(client_order_id=name, ns=number, perm_id=number * 1000),
        fill(number, 40, "187.29", f"0001.{number:04d}.01.01"),
        fill(number, 60, "187.30", f"0001.{number:04d}.02.01"),
    ]
