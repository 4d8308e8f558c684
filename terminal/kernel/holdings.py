# SPDX-License-Identifier: Apache-2.0
"""HeldQuotes: everything that is held is quoted, whether a panel looks at it or not.

The day's loss, the risk rules and a closing order need a live price of what is owned; a line that only a panel
holds goes with the panel. It subscribes and tells when it cannot, nothing else.
"""

from collections.abc import Callable
from typing import Final

from terminal.bus import Bus
from terminal.errors import UserError
from terminal.market.subscriptions import Subscriptions
from terminal.model.events import DataNotice, PositionChanged
from terminal.model.ids import InstrumentId
from terminal.model.instrument import Instrument
from terminal.trading.portfolio import Portfolio

OWNER: Final = "positions"


class HeldQuotes:
    """Follows the positions of the current account.

    Publishes: DataNotice, once per instrument whose quote cannot be had.
    """

    def __init__(
        self,
        *,
        bus: Bus,
        portfolio: Portfolio,
        subscriptions: Subscriptions,
        instrument_of: Callable[[InstrumentId], Instrument | None],
    ) -> None:
        self._bus = bus
        self._portfolio = portfolio
        self._subscriptions = subscriptions
        self._instrument_of = instrument_of
        self._held: set[InstrumentId] = set()
        self._told: set[InstrumentId] = set()
        bus.subscribe(PositionChanged, self._on_change)

    def _on_change(self, event: PositionChanged) -> None:
        name = event.instrument_id
        wanted = bool(self._portfolio.position(name).quantity)
        if wanted == (name in self._held):
            return
        if not wanted:
            self._held.discard(name)
            self._subscriptions.unwatch(name, "quote", OWNER)
            return
        instrument = self._instrument_of(name)
        if instrument is None or instrument.broker_id is None:
            return  # asked again with the next word about the position
        try:
            self._subscriptions.watch(instrument, "quote", OWNER)
        except UserError as fault:
            self._tell(event.ns, name, fault)
            return
        self._held.add(name)
        self._told.discard(name)

    def _tell(self, ns: int, name: InstrumentId, fault: UserError) -> None:
        if name in self._told:
            return
        self._told.add(name)
        self._bus.publish(
            DataNotice(
                ns=ns,
                code=0,
                text=f"{name} is held and has no live quote: its result and the day's loss are not known here",
                way_out=fault.text,
                instrument_id=name,
                severity="error",
                channel="quote",
            )
        )
