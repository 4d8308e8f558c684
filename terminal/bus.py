# SPDX-License-Identifier: Apache-2.0
"""The bus: synchronous, typed, in subscription order. No queue, no task, no throttle.

A handler that raises is logged and counted; the next handler still runs. Subscribers to a base class see
its subclasses. Publishing from another thread is an error: the core has no locks.
"""

from collections.abc import Callable
from threading import get_ident
from typing import Any, TypeVar

import structlog

E = TypeVar("E")
Handler = Callable[[Any], None]
_log = structlog.get_logger("bus")


class Subscription:
    """Ends when `close` is called."""

    __slots__ = ("_bus", "_handler", "_kind")

    def __init__(self, bus: "Bus", kind: type, handler: Handler) -> None:
        self._bus, self._kind, self._handler = bus, kind, handler

    def close(self) -> None:
        self._bus._remove(self._kind, self._handler)  # our own other half


class Bus:
    """Publishes: whatever is given to `publish`, to every handler of its class and base classes."""

    def __init__(self) -> None:
        self._handlers: dict[type, list[Handler]] = {}
        self._resolved: dict[type, tuple[Handler, ...]] = {}
        self._thread = get_ident()
        self.faults = 0
        self.on_fault: Callable[[Handler, object, Exception], None] | None = None

    def subscribe(self, kind: type[E], handler: Callable[[E], None]) -> Subscription:
        self._handlers.setdefault(kind, []).append(handler)
        self._resolved.clear()
        return Subscription(self, kind, handler)

    def _remove(self, kind: type, handler: Handler) -> None:
        handlers = self._handlers.get(kind, [])
        if handler in handlers:
            handlers.remove(handler)
        self._resolved.clear()

    def _resolve(self, kind: type) -> tuple[Handler, ...]:
        found = tuple(handler for base in reversed(kind.__mro__) for handler in self._handlers.get(base, ()))
        self._resolved[kind] = found
        return found

    def publish(self, event: object) -> None:
        """Call every handler now, on this thread.

        Raises:
            RuntimeError: called from another thread than the one that built the bus.
        """
        if __debug__ and get_ident() != self._thread:
            raise RuntimeError(f"{type(event).__name__} was published from another thread than the core's")
        kind = type(event)
        handlers = self._resolved.get(kind)
        if handlers is None:
            handlers = self._resolve(kind)
        for handler in handlers:
            try:
                handler(event)
            except Exception as fault:
                self._fault(handler, event, fault)

    def _fault(self, handler: Handler, event: object, fault: Exception) -> None:
        self.faults += 1
        _log.error(
            "handler failed",
            handler=getattr(handler, "__qualname__", repr(handler)),
            event_type=type(event).__name__,
            exc_info=fault,
        )
        if self.on_fault is not None:
            self.on_fault(handler, event, fault)
