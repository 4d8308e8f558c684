# SPDX-License-Identifier: Apache-2.0
"""The book: the Greeks of what the portfolio holds now, and of what one more order would make of them."""

from collections.abc import Callable, Mapping, Sequence

from terminal.kernel.exposure import Greeks, Holding, MarketSight, by_underlying, greeks_of
from terminal.market.hub import MarketHub
from terminal.model.commands import OrderSpec
from terminal.model.ids import InstrumentId
from terminal.model.instrument import Instrument
from terminal.trading.portfolio import Portfolio


class Book:
    """Reads portfolio and market when it is asked; it keeps nothing."""

    def __init__(
        self, hub: MarketHub, portfolio: Portfolio, instrument_of: Callable[[InstrumentId], Instrument | None]
    ) -> None:
        self._portfolio = portfolio
        self._instrument_of = instrument_of
        self._sight = MarketSight(mark=hub.mark, option=hub.option_quote, rate=portfolio.rate_to_base)

    def exposures(self) -> Mapping[InstrumentId, Greeks]:
        """Return currency Greeks by underlying of everything held."""
        return by_underlying(self._holdings(), self._sight)

    def _holdings(self) -> list[Holding]:
        held = []
        for instrument_id, position in self._portfolio.positions().items():
            instrument = self._instrument_of(instrument_id)
            if position.quantity and instrument is not None:
                held.append(Holding(instrument=instrument, quantity=position.quantity))
        return held

    def greeks_after(self, spec: OrderSpec) -> Sequence[tuple[str, float | None, float | None]]:
        """Return (name, now, after) of the book's Greeks in currency when an order fills completely."""
        instrument = self._instrument_of(spec.instrument_id)
        if instrument is None:
            return ()
        now = Greeks()
        for greeks in self.exposures().values():
            now = now.plus(greeks)
        step = greeks_of(Holding(instrument=instrument, quantity=spec.quantity * spec.side.sign), self._sight)
        after = now.plus(step)
        rows = [("Delta, $", now.delta, after.delta)]
        if instrument.right is not None:
            rows += [
                ("Gamma, $ per 1%", now.gamma, after.gamma),
                ("Theta, $ per day", now.theta, after.theta),
                ("Vega, $ per pt", now.vega, after.vega),
            ]
        return rows
