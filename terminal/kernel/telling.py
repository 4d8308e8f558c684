# SPDX-License-Identifier: Apache-2.0
"""What the broker says and what becomes of orders, into the log: without a window nobody sees it anywhere else."""

import structlog

from terminal.bus import Bus
from terminal.model.enums import LinkState
from terminal.model.events import DataNotice, LinkChanged, OrderChanged
from terminal.trading.index import OrderIndex

_log = structlog.get_logger("broker")
_orders_log = structlog.get_logger("orders")
_UP = (LinkState.SYNCING, LinkState.READY)


def log_the_broker(bus: Bus) -> None:
    """Log every change of the link and every notice that carries a code, with its way out."""
    bus.subscribe(LinkChanged, _on_link)
    bus.subscribe(DataNotice, _on_notice)


def _on_link(event: LinkChanged) -> None:
    if event.state in _UP or not event.code:
        _log.info(f"link {event.state.value}", text=event.text or None)
        return
    _log.warning(event.text, link=event.state.value, code=event.code, way_out=event.way_out)


def _on_notice(notice: DataNotice) -> None:
    if not notice.code:
        return  # our own words, logged where they were found
    tell = {"error": _log.error, "warn": _log.warning, "warning": _log.warning}.get(notice.severity, _log.info)
    tell(notice.text, code=notice.code, way_out=notice.way_out or None, instrument=notice.instrument_id)


def log_the_orders(bus: Bus, orders: OrderIndex) -> None:
    """Log one line per order event."""

    def on_change(change: OrderChanged) -> None:
        order = orders.get(change.client_order_id)
        if order is None:
            return
        spec = order.spec
        _orders_log.info(
            type(change.event).__name__,
            order=change.client_order_id,
            id=order.broker_order_id,
            status=change.status.value,
            what=f"{spec.side.value} {spec.quantity} {spec.instrument_id} {spec.order_type.value}",
            filled=str(order.filled),
            owner=order.strategy_id or order.origin.value,
        )

    bus.subscribe(OrderChanged, on_change)
