# SPDX-License-Identifier: Apache-2.0
"""What bars show: the market's own kinds, and those that follow from them.

BID_ASK joins the bars of both sides, HISTORICAL_VOLATILITY follows from daily closes, AGGTRADES are a coin's trades.
A kind that does not exist is refused with 431; one that does not exist for a contract as the market refuses it.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from brokers.simulator.capabilities import variants
from brokers.simulator.studies import VOLATILITY_DAYS, realized_volatility
from terminal.clock import NS_PER_S
from terminal.model.instrument import Instrument
from terminal.model.market import Bar
from terminal.simulation.exchange_port import Exchange, SimulatorRefusalError

_DAY_S: Final = 86_400
_DAY_NS: Final = _DAY_S * NS_PER_S
_LOOK_BACK_NS: Final = 60 * _DAY_NS
"""Calendar time that surely holds the trading days of one volatility."""
KINDS: Final = variants("reqHistoricalData")
LIVE_KINDS: Final = variants("reqRealTimeBars")
"""Those that real-time bars and bars kept up to date have."""
_HMDS: Final = "Historical Market Data Service error message:"


def check_kind(what: str, kinds: Sequence[str] = KINDS) -> None:
    """Refuse with 431 what cannot be shown."""
    if what not in kinds:
        raise SimulatorRefusalError(
            431, f"What to show field is missing or incorrect: '{what[:40]}'. Legal ones are: {', '.join(kinds)}"
        )


def shown_bars(
    exchange: Exchange,
    instrument: Instrument,
    *,
    seconds: int,
    start_ns: int,
    end_ns: int,
    what: str,
    regular_only: bool,
) -> Sequence[Bar]:
    """Bars of [start, end). Raises SimulatorRefusalError 162 when there are none of that kind."""

    def market(kind: str, length: int = seconds, since_ns: int = start_ns) -> Sequence[Bar]:
        return exchange.bars(
            instrument.broker_id or 0,
            seconds=length,
            start_ns=since_ns,
            end_ns=end_ns,
            what=kind,
            regular_only=regular_only,
        )

    match what:
        case "BID_ASK":
            return _both_sides(market("BID"), market("ASK"))
        case "AGGTRADES":
            return market("TRADES")
        case "HISTORICAL_VOLATILITY":
            if seconds < _DAY_S:
                raise _none("HISTORICAL_VOLATILITY is shown by bars of a day or longer")
            return _volatility(market("TRADES", _DAY_S, start_ns - _LOOK_BACK_NS), market("TRADES"))
        case _:
            return market(what)


def _none(text: str) -> SimulatorRefusalError:
    return SimulatorRefusalError(162, f"{_HMDS}HMDS query returned no data: {text}")


def _both_sides(bids: Sequence[Bar], asks: Sequence[Bar]) -> list[Bar]:
    """Open is the mean bid, high the highest ask, low the lowest bid, close the mean ask, as IBKR defines it."""
    by_start = {bar.start_ns: bar for bar in asks}
    return [
        replace(
            bid,
            open=_mean(bid),
            high=by_start[bid.start_ns].high,
            low=bid.low,
            close=_mean(by_start[bid.start_ns]),
            volume=0.0,
            vwap=None,
            count=0,
        )
        for bid in bids
        if bid.start_ns in by_start
    ]


def _mean(bar: Bar) -> float:
    """Mean of a side over a bar; the bar's four prices stand for its time where no average is known."""
    return bar.vwap if bar.vwap is not None else (bar.open + bar.high + bar.low + bar.close) / 4


def _volatility(days: Sequence[Bar], wanted: Sequence[Bar]) -> list[Bar]:
    """One bar per wanted bar: the volatility of the closes of 30 days, before it, in it and after it."""
    found: list[Bar] = []
    for bar in wanted:
        end_ns = bar.end_ns if bar is not wanted[-1] else max(bar.end_ns, days[-1].end_ns if days else 0)
        inside = [number for number, day in enumerate(days) if bar.start_ns <= day.start_ns < end_ns]
        levels = [
            level
            for number in ([inside[0] - 1, *inside] if inside else [])
            if number >= VOLATILITY_DAYS
            and (level := realized_volatility([one.close for one in days[number - VOLATILITY_DAYS : number + 1]]))
        ]
        if levels:
            found.append(
                replace(
                    bar,
                    open=levels[0],
                    high=max(levels),
                    low=min(levels),
                    close=levels[-1],
                    volume=0.0,
                    vwap=None,
                    count=0,
                )
            )
    return found
