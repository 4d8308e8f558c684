# SPDX-License-Identifier: Apache-2.0
"""Mean reversion: fade a 15-minute close that has run away from its exponential average.

Rules, on closed 15-minute bars of the regular session:
- When the close stands at least 0.3 % above the EMA(20): short; at least 0.3 % below: long.
- Exit when a close is back at or beyond the EMA(20), after at most 8 bars, or at the stop 0.6 % from the entry.
- One position at a time; flat 5 minutes before the close, so that a stop never has to hold over a night gap.
- Risk 0.25 % of net liquidation per trade.
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar, Final

from terminal.api import (
    FLAT_MIN,
    NS_PER_S,
    RISK_PERCENT,
    Bar,
    Ema,
    EntryPlan,
    FlatBeforeClose,
    Gate,
    Parameter,
    Side,
    Strategy,
    StrategyContext,
    StrategyId,
    StrategyPlugin,
)

PLUGIN: Final = StrategyPlugin(
    id=StrategyId("mean_reversion"),
    title="Mean reversion",
    factory="strategies.mean_reversion:MeanReversion",
    summary="Fades a 15-minute close 0.3 % away from its EMA(20); out at the average, after 8 bars or at 0.6 %.",
    default_symbols=("MSFT", "TSLA"),
)


class MeanReversion(Strategy):
    """See the module: the rules stand there."""

    parameters: ClassVar[tuple[Parameter, ...]] = (
        Parameter(
            name="ema_bars",
            label="Average",
            default=20,
            low=2,
            high=200,
            unit="bars",
            help="Exponential moving average of the closes",
        ),
        Parameter(
            name="away_percent",
            label="Distance to fade",
            default=0.3,
            low=0.05,
            high=10.0,
            step=0.05,
            unit="%",
            help="Of the close from its average",
        ),
        Parameter(
            name="stop_percent",
            label="Stop",
            default=0.6,
            low=0.05,
            high=10.0,
            step=0.05,
            unit="%",
            help="Protective stop from the entry price",
        ),
        Parameter(name="max_bars", label="Hold at most", default=8, low=1, high=100, unit="bars"),
        FLAT_MIN,
        RISK_PERCENT,
    )
    bar_seconds: ClassVar[int] = 900
    history_s: ClassVar[int] = 5 * 86_400

    def __init__(self, values: Mapping[str, float]) -> None:
        super().__init__(values)
        self._ema = Ema(int(self.values["ema_bars"]))
        self._bars_held = 0
        self._end_of_day = FlatBeforeClose(self.values["flat_min"])

    def warm_up(self, ctx: StrategyContext, bars: Sequence[Bar]) -> None:
        opened_ns = ctx.position.opened_ns
        for bar in bars:
            if bar.end_ns > ctx.now_ns:
                continue  # never learn from a bar that can still change
            self._ema.push(bar.close)
            if opened_ns is not None and bar.end_ns > opened_ns:
                self._bars_held += 1  # held through a restart, a change of parameters or a break of the link

    def on_bar(self, ctx: StrategyContext, bar: Bar) -> None:
        ema = self._ema.push(bar.close)
        if ema is None:
            ctx.hold(reason="warming up", gates=[("average", f"needs {self.values['ema_bars']:.0f} bars", False)])
            return
        quantity = ctx.position.quantity
        if quantity:
            self._bars_held += 1
            self._exit_rules(ctx, bar.close, ema, 1 if quantity > 0 else -1)
            return
        self._bars_held = 0
        self._entry_rules(ctx, bar.close, ema)

    def _exit_rules(self, ctx: StrategyContext, close: float, ema: float, direction: int) -> None:
        back = (close - ema) * direction >= 0
        old = self._bars_held >= self.values["max_bars"]
        gates: list[Gate] = [
            ("back at the average", f"close {close:.2f}, average {ema:.2f}", back),
            ("held long enough", f"{self._bars_held} of {self.values['max_bars']:.0f} bars", old),
        ]
        if back or old:
            ctx.exit(reason="back at the average" if back else "held for the most bars allowed", gates=gates)
        else:
            ctx.hold(reason="waiting for the average", gates=gates)

    def _entry_rules(self, ctx: StrategyContext, close: float, ema: float) -> None:
        away = (close / ema - 1) * 100
        far = abs(away) >= self.values["away_percent"]
        gates: list[Gate] = [("distance", f"{away:+.2f} % of {self.values['away_percent']:.2f} % needed", far)]
        session = ctx.session
        left = (session.end_ns - ctx.now_ns) / (60 * NS_PER_S) if session is not None else 0.0
        gates.append(("time to trade", f"{left:.0f} minutes to the close", left > self.values["flat_min"]))
        gates.append(("no entry working", "one entry at a time", not ctx.has_working_entry))
        side = Side.SELL if away > 0 else Side.BUY
        reason = f"close {away:+.2f} % from its average"
        if not all(passed for _, _, passed in gates):
            ctx.hold(reason=reason, gates=gates)
            return
        plan = EntryPlan(
            side=side,
            stop_distance=close * self.values["stop_percent"] / 100,
            risk_fraction=self.values["risk_percent"] / 100,
        )
        ctx.enter(plan, reason=reason, gates=gates)

    def on_timer(self, ctx: StrategyContext) -> None:
        self._end_of_day.look(ctx)
