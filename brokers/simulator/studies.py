# SPDX-License-Identifier: Apache-2.0
"""Figures that TWS computes from the market's own record: volatilities, extremes of weeks, rates of trading.

Nothing here is drawn: each figure follows from bars or from what the market itself states.
They are kept for a minute of the market, because several lines ask for the same.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise
from math import log, sqrt
from statistics import stdev
from typing import Final

from terminal.clock import NS_PER_S
from terminal.model.enums import AssetClass
from terminal.model.instrument import Instrument
from terminal.model.market import Bar
from terminal.simulation.exchange_port import Exchange, SimulatorRefusalError

_DAY_NS: Final = 86_400 * NS_PER_S
_MINUTE_NS: Final = 60 * NS_PER_S
_KEPT_NS: Final = _MINUTE_NS
YEAR_DAYS: Final = 252
VOLATILITY_DAYS: Final = 30
"""Trading days of IBKR's historical volatility."""
_WEEKS: Final = ((13, "13"), (26, "26"), (52, "52"))
_RATE_MINUTES: Final = 5


def realized_volatility(closes: Sequence[float], per_year: float = YEAR_DAYS) -> float | None:
    """Annual standard deviation of the logarithmic returns; None for fewer than two."""
    returns = [log(after / before) for before, after in pairwise(closes) if before > 0 and after > 0]
    return stdev(returns) * sqrt(per_year) if len(returns) > 1 else None


class Studies:
    """Computes and keeps figures per contract."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._kept: dict[tuple[str, int], tuple[int, dict[str, float]]] = {}

    def figures(self, instrument: Instrument, names: frozenset[str]) -> dict[str, float]:
        """Every figure that is known and asked for, the market's own first."""
        con_id = instrument.broker_id or 0
        found = dict(self._exchange.statistics(con_id))
        for provided, compute in ((_DAILY, self._daily), (_INTRADAY, self._intraday)):
            if names & provided - set(found):
                found = {**compute(instrument), **found}
        return found

    # ------------------------------------------------------------------ from bars
    def _daily(self, instrument: Instrument) -> dict[str, float]:
        return self._keep("daily", instrument, self._compute_daily)

    def _compute_daily(self, instrument: Instrument) -> dict[str, float]:
        days = self._bars(instrument, 86_400, 365 * _DAY_NS, regular_only=True)
        found: dict[str, float] = {}
        if not days:
            return found
        now_ns = self._exchange.now_ns()
        for weeks, name in _WEEKS:
            recent = [bar for bar in days if bar.start_ns >= now_ns - weeks * 7 * _DAY_NS] or days[-1:]
            found[f"low_{name}_week"] = min(bar.low for bar in recent)
            found[f"high_{name}_week"] = max(bar.high for bar in recent)
        volatility = realized_volatility([bar.close for bar in days[-VOLATILITY_DAYS - 1 :]])
        if volatility is not None:
            found["historical_volatility"] = volatility
        quarter = days[-63:]
        if any(bar.volume for bar in quarter):
            found["average_volume"] = float(round(sum(bar.volume for bar in quarter) / len(quarter)))
        return found

    def _intraday(self, instrument: Instrument) -> dict[str, float]:
        return self._keep("intraday", instrument, self._compute_intraday)

    def _compute_intraday(self, instrument: Instrument) -> dict[str, float]:
        minutes = self._bars(instrument, 60, _DAY_NS, regular_only=False)
        found: dict[str, float] = {}
        if not minutes:
            return found
        today = [bar for bar in minutes if bar.start_ns >= minutes[-1].start_ns - _DAY_NS // 2]
        recent = today[-_RATE_MINUTES:]
        found["trade_count"] = float(sum(bar.count for bar in today))
        found["trade_rate"] = float(round(sum(bar.count for bar in recent) / len(recent)))
        found["volume_rate"] = float(round(sum(bar.volume for bar in recent) / len(recent)))
        volatility = realized_volatility([bar.close for bar in today[-_RATE_MINUTES * 6 :]], YEAR_DAYS * 390)
        if volatility is not None:
            found["realtime_historical_volatility"] = volatility
        return found

    def _bars(self, instrument: Instrument, seconds: int, span_ns: int, *, regular_only: bool) -> Sequence[Bar]:
        now_ns = self._exchange.now_ns()
        what = "MIDPOINT" if instrument.asset_class is AssetClass.FOREX else "TRADES"
        try:
            return self._exchange.bars(
                instrument.broker_id or 0,
                seconds=seconds,
                start_ns=now_ns - span_ns,
                end_ns=now_ns + 1,
                what=what,
                regular_only=regular_only,
            )
        except SimulatorRefusalError:
            return ()

    # ------------------------------------------------------------------ memory
    def _keep(
        self, kind: str, instrument: Instrument, compute: Callable[[Instrument], dict[str, float]]
    ) -> dict[str, float]:
        key, now_ns = (kind, instrument.broker_id or 0), self._exchange.now_ns()
        kept = self._kept.get(key)
        if kept is None or not 0 <= now_ns - kept[0] < _KEPT_NS:
            kept = self._kept[key] = (now_ns, compute(instrument))
        return kept[1]


_DAILY: Final = frozenset(
    {"historical_volatility", "average_volume"}
    | {f"{side}_{weeks}_week" for side in ("low", "high") for _, weeks in _WEEKS}
)
_INTRADAY: Final = frozenset({"trade_count", "trade_rate", "volume_rate", "realtime_historical_volatility"})
