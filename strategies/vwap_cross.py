# SPDX-License-Identifier: Apache-2.0
"""VWAP cross: go with the close when it crosses the session's volume-weighted average price.

Rules, on closed 1-minute bars of the regular session:
- Long when the close crosses above the session VWAP while the simple average of the last 9 closes is above
  it; short when both are mirrored.
- Stop 1.5 x ATR(14) from the entry, target at 2 R (twice the stop distance).
- One position at a time. No entry in the last 30 minutes; everything flat 5 minutes before the close.
- Risk 0.25 % of net liquidation per trade.

The cross compares the last two closes with the VWAP as it stood at each. The VWAP starts anew every session.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import ClassVar, Final
from zoneinfo import ZoneInfo

from terminal.api import (
    FLAT_MIN,
    NS_PER_S,
    RISK_PERCENT,
    Atr,
    Bar,
    EntryPlan,
    FlatBeforeClose,
    Gate,
    Parameter,
    SessionVwap,
    Side,
    Sma,
    Strategy,
    StrategyContext,
    StrategyId,
    StrategyPlugin,
)

PLUGIN: Final = StrategyPlugin(
    id=StrategyId("vwap_cross"),
    title="VWAP cross",
    factory="strategies.vwap_cross:VwapCross",
    summary="Goes with a 1-minute close that crosses the session VWAP; stop 1.5 ATR, target 2 R, flat at the close.",
    default_symbols=("AAPL", "NVDA"),
)


class VwapCross(Strategy):
    """See the module: the rules stand there."""

    parameters: ClassVar[tuple[Parameter, ...]] = (
        Parameter(
            name="sma_bars",
            label="Average of closes",
            default=9,
            low=2,
            high=200,
            unit="bars",
            help="The simple moving average that must lie on the same side of the VWAP as the cross",
        ),
        Parameter(
            name="atr_bars",
            label="True range over",
            default=14,
            low=2,
            high=200,
            unit="bars",
            help="Wilder's average true range that sizes the stop",
        ),
        Parameter(
            name="stop_atr",
            label="Stop distance",
            default=1.5,
            low=0.1,
            high=20.0,
            step=0.1,
            unit="ATR",
            help="Protective stop from the entry price",
        ),
        Parameter(
            name="target_r",
            label="Target",
            default=2.0,
            low=0.1,
            high=20.0,
            step=0.1,
            unit="R",
            help="Profit target in multiples of the stop distance",
        ),
        Parameter(
            name="no_entry_min",
            label="No entry in the last",
            default=30,
            low=0,
            high=390,
            unit="minutes",
            help="Before the close of the regular session",
        ),
        FLAT_MIN,
        RISK_PERCENT,
    )
    bar_seconds: ClassVar[int] = 60
    history_s: ClassVar[int] = 86_400

    def __init__(self, values: Mapping[str, float]) -> None:
        super().__init__(values)
        self._sma = Sma(int(self.values["sma_bars"]))
        self._atr = Atr(int(self.values["atr_bars"]))
        self._vwap = SessionVwap()
        self._session_day = -1
        self._previous: tuple[float, float] | None = None  # close and VWAP of the bar before
        self._end_of_day = FlatBeforeClose(self.values["flat_min"])

    def warm_up(self, ctx: StrategyContext, bars: Sequence[Bar]) -> None:
        for bar in bars:
            vwap, _, _ = self._take(ctx, bar)
            if vwap is not None:
                self._previous = (bar.close, vwap)

    def _take(self, ctx: StrategyContext, bar: Bar) -> tuple[float | None, float | None, float | None]:
        """Push one bar; return (VWAP, SMA, ATR) after it."""
        day = _day(ctx, bar.start_ns)
        if day != self._session_day:
            self._session_day = day
            self._previous = None
        price = bar.vwap or (bar.high + bar.low + bar.close) / 3
        vwap = self._vwap.push(price, bar.volume, day)
        return vwap, self._sma.push(bar.close), self._atr.push(bar.high, bar.low, bar.close)

    def on_bar(self, ctx: StrategyContext, bar: Bar) -> None:
        previous = self._previous if _day(ctx, bar.start_ns) == self._session_day else None
        vwap, sma, atr = self._take(ctx, bar)
        if vwap is None:
            return
        self._previous = (bar.close, vwap)
        if previous is None or sma is None or atr is None:
            ctx.hold(reason="warming up", gates=[("indicators", "VWAP, average or true range not known yet", False)])
            return
        side = _cross(previous, (bar.close, vwap))
        if side is None:
            return
        gates: list[Gate] = [("cross", f"close {bar.close:.2f} through VWAP {vwap:.2f}", True)]
        trend = (sma - vwap) * side.sign > 0
        gates.append(("trend", f"average {sma:.2f} {'beyond' if trend else 'not beyond'} VWAP {vwap:.2f}", trend))
        gates.extend(self._entry_gates(ctx))
        reason = f"close crossed {'above' if side is Side.BUY else 'below'} the session VWAP"
        if not all(passed for _, _, passed in gates):
            ctx.hold(reason=reason, gates=gates)
            return
        stop = self.values["stop_atr"] * atr
        plan = EntryPlan(
            side=side,
            stop_distance=stop,
            target_distance=self.values["target_r"] * stop,
            risk_fraction=self.values["risk_percent"] / 100,
        )
        ctx.enter(plan, reason=reason, gates=gates)

    def _entry_gates(self, ctx: StrategyContext) -> list[Gate]:
        session = ctx.session
        left = (session.end_ns - ctx.now_ns) / (60 * NS_PER_S) if session is not None else 0.0
        quantity, needed = ctx.position.quantity, self.values["no_entry_min"]
        return [
            ("regular session", f"{left:.0f} minutes left" if session else "closed", session is not None),
            ("time for an entry", f"{left:.0f} of {needed:.0f} minutes needed", left > needed),
            ("flat", f"own position {quantity}", quantity == 0),
            ("no entry working", "one entry at a time", not ctx.has_working_entry),
        ]

    def on_timer(self, ctx: StrategyContext) -> None:
        self._end_of_day.look(ctx)


def _cross(before: tuple[float, float], now: tuple[float, float]) -> Side | None:
    """Return the direction in which the close went through the VWAP between two bars."""
    if before[0] <= before[1] and now[0] > now[1]:
        return Side.BUY
    if before[0] >= before[1] and now[0] < now[1]:
        return Side.SELL
    return None


def _day(ctx: StrategyContext, ns: int) -> int:
    """Return the ordinal of the exchange's calendar day at ``ns``."""
    return datetime.fromtimestamp(ns // NS_PER_S, UTC).astimezone(ZoneInfo(ctx.instrument.time_zone)).toordinal()
