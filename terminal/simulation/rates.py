# SPDX-License-Identifier: Apache-2.0
"""Exchange rates against USD: the mark of the listed pair, or else what the source knows of the currency.

Accounts value every currency with these. A rate is asked many times at one moment, so it is kept for that moment.
"""

from typing import Protocol

from terminal.model.enums import AssetClass
from terminal.simulation.source import MarketSource


class Marks(Protocol):
    """What is asked of the floor."""

    def now_ns(self) -> int: ...
    def day_index(self) -> int: ...
    def mark(self, con_id: int) -> float: ...


class ExchangeRates:
    """USD for one unit of a currency, now."""

    def __init__(self, source: MarketSource, marks: Marks) -> None:
        self._source = source
        self._marks = marks
        self._pairs: dict[str, tuple[int, bool]] | None = None
        self._kept_ns = -1
        self._kept: dict[str, float] = {}

    def __call__(self, currency: str) -> float:
        """Return USD for one unit.

        Raises:
            KeyError: neither a pair nor the source knows the currency.
        """
        now = self._marks.now_ns()
        if now != self._kept_ns:
            self._kept_ns = now
            self._kept.clear()
        rate = self._kept.get(currency)
        if rate is None:
            rate = self._kept[currency] = self._ask(currency, now)
        return rate

    def _ask(self, currency: str, now: int) -> float:
        if self._pairs is None:
            self._pairs = self._listed()
        pair = self._pairs.get(currency)
        if pair is not None:
            price = self._marks.mark(pair[0])
            if price > 0:
                return 1.0 / price if pair[1] else price
        return self._source.fx_rate(currency, now)

    def _listed(self) -> dict[str, tuple[int, bool]]:
        """Return currency -> its pair with USD, and whether that is quoted the other way round (USD.JPY)."""
        found: dict[str, tuple[int, bool]] = {}
        for item in self._source.instruments(self._marks.day_index()):
            if item.asset_class is not AssetClass.FOREX or item.broker_id is None:
                continue
            if item.currency == "USD":
                found[item.symbol] = (item.broker_id, False)
            elif item.symbol == "USD":
                found.setdefault(item.currency, (item.broker_id, True))
        return found
