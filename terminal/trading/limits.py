# SPDX-License-Identifier: Apache-2.0
"""RiskLimits: every number of the risk gate, with its default, bounds, unit and label.

On by default. Forms and the settings file are made from the field metadata; nothing here reads a file.
Percentages are 5.0 = 5 %. Amounts are in the account's base currency.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cache
from typing import Any

from terminal.errors import UserError


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitFact:
    """What a form needs to know of one limit."""

    name: str
    label: str
    unit: str
    low: float
    high: float
    default: float | bool
    help: str


def _limit(default: Any, label: str, unit: str, low: float, high: float, text: str = "") -> Any:
    facts = {"label": label, "unit": unit, "low": low, "high": high, "default": default, "help": text}
    return field(default=default, metadata=facts)


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskLimits:
    """Limits of one account.

    Raises:
        UserError RSK-001: a value is outside its bounds.
    """

    max_quantity_stock: float = _limit(1_000, "Largest stock order", "shares", 1, 1_000_000)
    max_quantity_contracts: float = _limit(10, "Largest option or futures order", "contracts", 1, 10_000)
    max_quantity_forex: float = _limit(100_000, "Largest currency order", "base units", 1, 100_000_000)
    max_notional: float = _limit(
        50_000, "Largest stock or option order", "base currency", 1, 1e9, "quantity x price x multiplier"
    )
    max_notional_futures: float = _limit(
        500_000, "Largest futures order", "base currency", 1, 1e10, "contract value, not margin"
    )
    max_notional_forex: float = _limit(150_000, "Largest currency order value", "base currency", 1, 1e10)
    max_position_stock: float = _limit(
        2_000, "Largest stock position", "shares", 1, 10_000_000, "counts working and unknown orders at worst case"
    )
    max_position_contracts: float = _limit(20, "Largest option or futures position", "contracts", 1, 100_000)
    max_position_forex: float = _limit(200_000, "Largest currency position", "base units", 1, 1e9)
    allow_short: bool = _limit(default=True, label="Short positions allowed", unit="", low=0, high=1)
    collar_percent: float = _limit(
        5.0, "Price collar", "%", 0.1, 50, "how far a limit may lie through the market; at least the ticks below"
    )
    collar_ticks: int = _limit(10, "Price collar, least", "ticks", 1, 1_000)
    collar_percent_option: float = _limit(50.0, "Price collar for options", "%", 1, 500, "against the model's price")
    collar_ticks_option: int = _limit(5, "Price collar for options, least", "ticks", 1, 1_000)
    stale_after_s: float = _limit(5.0, "Oldest quote to trade on", "s", 1, 60)
    clock_skew_s: float = _limit(
        30.0, "Broker's clock away from ours", "s", 5, 3_600, "orders stop until both agree; from 2 s on it is told"
    )
    jump_percent: float = _limit(
        10.0, "Price jump within a minute", "%", 0.5, 500, "a person is asked; at least the ticks of the collar"
    )
    jump_percent_option: float = _limit(50.0, "Price jump of an option within a minute", "%", 1, 1_000)
    market_spread_percent: float = _limit(
        1.0, "Market order: widest spread", "%", 0.01, 50, "a person is asked; one tick always passes"
    )
    market_spread_percent_option: float = _limit(20.0, "Market order in an option: widest spread", "%", 0.1, 200)
    market_size_percent: float = _limit(
        300.0, "Market order: largest part of the size at the touch", "%", 1, 100_000, "a person is asked"
    )
    loss_reduce_percent: float = _limit(2.0, "Day loss that allows only closing", "% of net liquidation", 0.1, 50)
    loss_halt_percent: float = _limit(3.0, "Day loss that halts and cancels", "% of net liquidation", 0.1, 50)
    orders_per_second: int = _limit(5, "Orders per second of one strategy", "orders", 1, 50)
    orders_per_minute: int = _limit(60, "Orders per minute of one strategy", "orders", 1, 1_000)
    orders_per_day: int = _limit(1_000, "Orders per day of one strategy", "orders", 1, 100_000)
    account_orders_per_second: int = _limit(10, "Orders per second of the account", "orders", 1, 40)
    duplicate_window_s: float = _limit(2.0, "Same order again is a duplicate within", "s", 0.1, 60)
    max_open_per_side: int = _limit(15, "Working orders per instrument and side", "orders", 1, 20, "IBKR allows 20")
    max_open_account: int = _limit(100, "Working orders of the account", "orders", 1, 1_000)
    close_collar_percent: float = _limit(1.0, "Closing outside regular hours: limit through the market", "%", 0.05, 10)
    arming_required: bool = _limit(
        default=False,
        label="Orders need arming",
        unit="",
        low=0,
        high=1,
        text="for demo and paper accounts; live accounts always need it",
    )
    arming_minutes: float = _limit(15.0, "Arming ends by itself after", "min", 1, 480)

    def __post_init__(self) -> None:
        for fact in facts():
            value = getattr(self, fact.name)
            if isinstance(value, bool):
                continue
            if not fact.low <= value <= fact.high:  # nan fails too
                raise UserError(
                    "RSK-001",
                    f"{fact.label} must lie between {fact.low:,.10g} and {fact.high:,.10g} {fact.unit}, "
                    f"was {value:,.10g}; change it in the risk settings",
                )
        if self.loss_halt_percent < self.loss_reduce_percent:
            raise UserError(
                "RSK-001",
                f"the day loss that halts ({self.loss_halt_percent:g} %) must not be smaller than the one that "
                f"allows only closing ({self.loss_reduce_percent:g} %)",
            )

    def changed(self, values: Mapping[str, float | bool]) -> "RiskLimits":
        """Return limits with some values replaced.

        Raises:
            UserError RSK-001: a value is outside its bounds. RSK-002: there is no such limit.
        """
        known = {fact.name for fact in facts()}
        unknown = sorted(set(values) - known)
        if unknown:
            raise UserError("RSK-002", f"there is no limit named {unknown[0]}; known are {', '.join(sorted(known))}")
        changes: dict[str, Any] = dict(values)
        return replace(self, **changes)


@cache
def facts() -> tuple[LimitFact, ...]:
    """Return label, unit and bounds of every limit, in the order of a form."""
    return tuple(LimitFact(name=each.name, **each.metadata) for each in fields(RiskLimits))
