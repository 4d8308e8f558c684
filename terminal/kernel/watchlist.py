# SPDX-License-Identifier: Apache-2.0
"""The watched symbols: found again after every start, quoted all the time, kept in the settings."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

import structlog

from terminal.clock import NS_PER_S, Clock
from terminal.errors import BrokerError, UserError
from terminal.market import symbols
from terminal.market.hub import MarketHub
from terminal.market.subscriptions import Subscriptions
from terminal.model.ids import InstrumentId
from terminal.model.instrument import Instrument
from terminal.ports import ReferenceData

OWNER: Final = "watchlist"
_EXCHANGE_ZONE: Final = ZoneInfo("America/New_York")
_log = structlog.get_logger("market")


class Watchlist:
    """Instruments by the text that a person typed for them, in their order."""

    def __init__(self, *, hub: MarketHub, subscriptions: Subscriptions, reference: ReferenceData, clock: Clock) -> None:
        self._hub = hub
        self._subscriptions = subscriptions
        self._reference = reference
        self._clock = clock
        self._texts: list[str] = []
        self._found: dict[str, Instrument] = {}
        self.problems: dict[str, str] = {}
        """Why a symbol could not be found, by its text."""
        self.on_changed: Callable[[], None] = lambda: None

    @property
    def texts(self) -> Sequence[str]:
        return tuple(self._texts)

    @property
    def instruments(self) -> Sequence[Instrument]:
        """What was found, in the order of the list."""
        return tuple(self._found[text] for text in self._texts if text in self._found)

    @property
    def size(self) -> int:
        """Return how many rows the list has: what was found and what could not be."""
        return len(self._found) + len(self.problems)

    def set_texts(self, texts: Sequence[str]) -> None:
        self._texts = list(dict.fromkeys(texts))

    def instrument_named(self, text: str) -> Instrument | None:
        """Return what a symbol stands for, by its text or its identity; None when it is not known yet."""
        found = self._found.get(text)
        if found is not None:
            return found
        return self._hub.instrument(InstrumentId(text))

    async def find_all(self) -> None:
        """Find every symbol that is not known yet, and quote it. A symbol that cannot be found stays listed."""
        for text in tuple(self._texts):
            if text in self._found:
                continue
            try:
                self._take(text, await self._find(text))
            except (BrokerError, UserError) as error:
                self.problems[text] = str(error)
                _log.warning("symbol not found", symbol=text, reason=str(error))

    async def replace(self, texts: Sequence[str]) -> None:
        """Watch exactly these: what is gone gives its quote back, what is new is found."""
        self.set_texts(texts)
        for text in [text for text in self._found if text not in self._texts]:
            self._subscriptions.unwatch(self._found.pop(text).id, "quote", OWNER)
        for text in [text for text in self.problems if text not in self._texts]:
            del self.problems[text]
        await self.find_all()
        self.on_changed()

    async def find(self, text: str, *, keep: bool) -> Instrument:
        """Return the contract that ``text`` means; ``keep`` adds it to the list.

        Raises:
            UserError MKT-001: the text has none of the known forms.
            BrokerError: the broker refuses it.
        """
        shown = text.strip().upper()
        known = self.instrument_named(shown)
        instrument = known if known is not None and known.broker_id is not None else await self._find(shown)
        self._hub.add_instrument(instrument)
        if keep and shown not in self._texts:
            self._texts.append(shown)
            self._take(shown, instrument)
        return instrument

    def remove(self, instrument_id: InstrumentId) -> None:
        """Take an instrument off the list; its quote goes back unless another needs it."""
        for text in [text for text, found in self._found.items() if found.id == instrument_id]:
            del self._found[text]
            self._texts.remove(text)
        if instrument_id in self.problems:  # never found: its row goes by its text
            del self.problems[instrument_id]
            self._texts.remove(instrument_id)
        self._subscriptions.unwatch(instrument_id, "quote", OWNER)
        self.on_changed()

    async def _find(self, text: str) -> Instrument:
        now = datetime.fromtimestamp(self._clock.now_ns() // NS_PER_S, UTC).astimezone(_EXCHANGE_ZONE)
        return await symbols.find(text, self._reference, now.date())

    def _take(self, text: str, instrument: Instrument) -> None:
        self._found[text] = instrument
        self.problems.pop(text, None)
        self._hub.add_instrument(instrument)
        self._subscriptions.watch(instrument, "quote", OWNER)
        self.on_changed()
