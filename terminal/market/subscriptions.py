# SPDX-License-Identifier: Apache-2.0
"""Subscriptions: who looks at what. Each line is asked for once, however many look, and given back after the last.

The budget of market-data lines is the broker's; when it is spent, a new request is refused with the
holders named, instead of an old line being dropped silently.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

from terminal.errors import UserError
from terminal.model.ids import InstrumentId
from terminal.model.instrument import Instrument
from terminal.ports import MarketFeed

Kind = Literal["quote", "depth", "trades"]
DEPTH_ROWS: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class LineUse:
    """One line and who holds it."""

    kind: Kind
    instrument_id: InstrumentId
    owners: tuple[str, ...]


class Subscriptions:
    """Reference-counted subscriptions over one feed.

    Raises on `watch`:
        UserError MKT-101: the line budget is spent.
    """

    def __init__(self, feed: MarketFeed, *, lines: int = 100) -> None:
        self._feed = feed
        self._lines = lines
        self._held: dict[tuple[Kind, InstrumentId], dict[str, Instrument]] = {}
        self.on_quote_ended: Callable[[InstrumentId], None] = lambda _: None
        """Called when nobody follows a quote any more: what was heard of it grows old."""

    def watch(self, instrument: Instrument, kind: Kind, owner: str) -> None:
        key = (kind, instrument.id)
        owners = self._held.get(key)
        if owners is not None:
            owners[owner] = instrument
            return
        if kind == "quote" and self.used() >= self._lines:
            raise UserError(
                "MKT-101",
                f"all {self._lines} market-data lines are in use; close a chain, a watchlist row or a panel first",
            )
        self._held[key] = {owner: instrument}
        match kind:
            case "quote":
                self._feed.subscribe_quote(instrument)
            case "depth":
                self._feed.subscribe_depth(instrument, DEPTH_ROWS)
            case "trades":
                self._feed.subscribe_trades(instrument)

    def unwatch(self, instrument_id: InstrumentId, kind: Kind, owner: str) -> None:
        key = (kind, instrument_id)
        owners = self._held.get(key)
        if owners is None or owners.pop(owner, None) is None or owners:
            return
        del self._held[key]
        match kind:
            case "quote":
                self._feed.unsubscribe_quote(instrument_id)
                self.on_quote_ended(instrument_id)
            case "depth":
                self._feed.unsubscribe_depth(instrument_id)
            case "trades":
                self._feed.unsubscribe_trades(instrument_id)

    def release(self, owner: str) -> None:
        """Give back everything that ``owner`` holds."""
        for kind, instrument_id in [key for key, owners in self._held.items() if owner in owners]:
            self.unwatch(instrument_id, kind, owner)

    def used(self) -> int:
        """Return how many quote lines are held."""
        return sum(1 for kind, _ in self._held if kind == "quote")

    @property
    def lines(self) -> int:
        return self._lines

    def holders(self) -> tuple[LineUse, ...]:
        return tuple(
            LineUse(kind=kind, instrument_id=instrument_id, owners=tuple(owners))
            for (kind, instrument_id), owners in self._held.items()
        )
