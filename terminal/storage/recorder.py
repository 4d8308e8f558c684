# SPDX-License-Identifier: Apache-2.0
"""Recorder: keeps level 1, trades and implied volatilities of what is being watched, from the first day.

On the hot path it appends to a list, nothing more; four times a second, or when 2,000 have gathered, the list
goes to the market store's thread as it is.
"""

from typing import TYPE_CHECKING, Any, Final

from terminal.bus import Bus, Subscription
from terminal.clock import Clock, Timer
from terminal.model.market import OptionQuote, Quote, Trade

if TYPE_CHECKING:
    from terminal.storage.market_store import MarketStore

FLUSH_S: Final = 0.25
FLUSH_ROWS: Final = 2_000
_KINDS: Final = ("quotes", "trades", "option_quotes")


class Recorder:
    """Records everything that the bus publishes of its three kinds between `start` and `stop`."""

    def __init__(self, bus: Bus, clock: Clock, store: "MarketStore") -> None:
        self._bus, self._clock, self._store = bus, clock, store
        self._buffers: dict[str, list[Any]] = {kind: [] for kind in _KINDS}
        self._subscriptions: list[Subscription] = []
        self._timer: Timer | None = None
        self.recorded = 0

    @property
    def running(self) -> bool:
        return bool(self._subscriptions)

    def start(self) -> None:
        if self.running:
            return
        self._subscriptions = [
            self._bus.subscribe(Quote, self._on_quote),
            self._bus.subscribe(Trade, self._on_trade),
            self._bus.subscribe(OptionQuote, self._on_option_quote),
        ]
        self._timer = self._clock.call_later(FLUSH_S, self._on_time)

    def stop(self) -> None:
        """End recording and hand over what is left."""
        for subscription in self._subscriptions:
            subscription.close()
        self._subscriptions = []
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self.flush()

    def flush(self) -> None:
        """Hand everything gathered to the store now."""
        for kind in self._buffers:
            self._hand_over(kind)

    def _on_quote(self, quote: Quote) -> None:
        buffer = self._buffers["quotes"]
        buffer.append(quote)
        if len(buffer) >= FLUSH_ROWS:
            self._hand_over("quotes")

    def _on_trade(self, trade: Trade) -> None:
        buffer = self._buffers["trades"]
        buffer.append(trade)
        if len(buffer) >= FLUSH_ROWS:
            self._hand_over("trades")

    def _on_option_quote(self, quote: OptionQuote) -> None:
        buffer = self._buffers["option_quotes"]
        buffer.append(quote)
        if len(buffer) >= FLUSH_ROWS:
            self._hand_over("option_quotes")

    def _hand_over(self, kind: str) -> None:
        buffer = self._buffers[kind]
        if buffer:
            self._buffers[kind] = []
            self.recorded += len(buffer)
            self._store.put_ticks(kind, buffer)

    def _on_time(self) -> None:
        self.flush()
        self._timer = self._clock.call_later(FLUSH_S, self._on_time)
