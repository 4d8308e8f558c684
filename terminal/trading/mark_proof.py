# SPDX-License-Identifier: Apache-2.0
"""MarkProof: do the prices that our own figure of the day rests on prove anything?

One wrong print must not halt a day. A price proves something when both sides are quoted, not crossed and not far apart,
and when it has not jumped from the last look to this one; a jump is believed once a later quote stands there too. It
judges prices, not losses, and must be asked regularly: it knows only what it has seen.
"""

from dataclasses import dataclass
from typing import Final

from terminal.model.enums import AssetClass
from terminal.model.ids import InstrumentId
from terminal.model.market import Quote
from terminal.trading.portfolio import Portfolio
from terminal.trading.views import MarketView

JUMP: Final = 0.10
"""Part of the price by which it may move between two looks."""
WIDE: Final = 0.10
WIDE_OPTION: Final = 0.50
"""Part of the middle that the spread may be."""
_TICKS: Final = 5
"""A spread of so few ticks is never wide."""


@dataclass(slots=True)
class _Seen:
    mark: float
    jumped: Quote | None = None
    """The quote with which the price first stood somewhere else."""


class MarkProof:
    """Looks at the quotes of what is held."""

    def __init__(self, market: MarketView, portfolio: Portfolio) -> None:
        self._market = market
        self._portfolio = portfolio
        self._seen: dict[InstrumentId, _Seen] = {}

    def doubt(self) -> str:
        """Return in words why the prices of what is held prove little, empty when all of them are sound."""
        doubts = [
            self._doubt_of(instrument_id)
            for instrument_id, position in self._portfolio.positions().items()
            if position.quantity
        ]
        return next(filter(None, doubts), "")

    def _doubt_of(self, instrument_id: InstrumentId) -> str:
        quote = self._market.quote(instrument_id)
        if quote is None or quote.bid is None or quote.ask is None or quote.mark is None:
            return f"{instrument_id} is not quoted on both sides"
        jumped = self._jumped(instrument_id, quote, quote.mark)
        spread, mid = quote.ask - quote.bid, (quote.ask + quote.bid) / 2
        if spread < 0:
            return f"{instrument_id} is quoted crossed"
        instrument = self._market.instrument(instrument_id)
        option = instrument is not None and instrument.asset_class is AssetClass.OPTION
        few = _TICKS * float(instrument.min_tick) if instrument is not None else 0.0
        if spread > max(abs(mid) * (WIDE_OPTION if option else WIDE), few):
            return f"{instrument_id} is quoted {quote.bid:g} to {quote.ask:g}"
        return f"{instrument_id} jumped to {quote.mark:g} and no later quote says so" if jumped else ""

    def _jumped(self, instrument_id: InstrumentId, quote: Quote, mark: float) -> bool:
        seen = self._seen.get(instrument_id)
        if seen is None:
            self._seen[instrument_id] = _Seen(mark=mark)
            return False
        if _near(mark, seen.mark):
            seen.mark, seen.jumped = mark, None
            return False
        first = seen.jumped
        if first is not None and first is not quote and first.mark is not None and _near(mark, first.mark):
            seen.mark, seen.jumped = mark, None
            return False
        if first is None or first is not quote:
            seen.jumped = quote
        return True


def _near(price: float, other: float) -> bool:
    return abs(price - other) <= JUMP * abs(other)
