# SPDX-License-Identifier: Apache-2.0
"""Rows of the account table. No Qt: the broker's figures with their ages, in the order a trader asks for them."""

from collections.abc import Callable, Iterator
from typing import Final

from terminal.clock import NS_PER_S
from terminal.model.account import Account
from widgets.formats import SignRule
from widgets.freshness import Freshness
from widgets.tables.columns import Cell, Column, Kind, Tone

COLUMNS: Final = (
    Column(key="name", title="Figure", width=130, tone=Tone.SECONDARY),
    Column(key="value", title="Value", kind=Kind.NUMBER, width=96, strong=True),
    Column(key="currency", title="", width=36, tone=Tone.MUTED, hide_order=1),
    Column(key="age", title="Age", kind=Kind.AGE, width=56, tone=Tone.MUTED, hide_order=0),
)

FIGURES: Final = (
    ("NetLiquidation", "Net liquidation"),
    ("EquityWithLoanValue", "Equity with loan"),
    ("TotalCashValue", "Cash"),
    ("GrossPositionValue", "Gross position value"),
    ("InitMarginReq", "Initial margin"),
    ("MaintMarginReq", "Maintenance margin"),
    ("AvailableFunds", "Available funds"),
    ("ExcessLiquidity", "Excess liquidity"),
    ("Cushion", "Cushion"),
    ("BuyingPower", "Buying power"),
    ("UnrealizedPnL", "Open P&L"),
    ("RealizedPnL", "Realised P&L"),
)
_SIGNED: Final = frozenset({"UnrealizedPnL", "RealizedPnL"})


def account_rows(
    account: Account, now_ns: int, grade: Callable[[int], Freshness]
) -> Iterator[tuple[str, dict[str, object]]]:
    """Return (row id, cells) of the figures that the broker has sent, and the cash of every currency.

    ``grade`` says of the time at which a figure was told how fresh it is.
    """
    shown = dict(FIGURES)
    cash = {key: f"Cash {key.split('(')[1].rstrip(')')}" for key in account.figures if key.startswith("CashBalance (")}
    for tag, name in (shown | cash).items():
        figure = account.figures.get(tag)
        if figure is None:
            continue
        age_s = max(0, now_ns - figure.ns) / NS_PER_S
        is_cushion = tag == "Cushion"
        yield (
            tag,
            {
                "name": name,
                "value": Cell(
                    figure.value * 100 if is_cushion else figure.value,
                    sign=SignRule.MONEY if tag in _SIGNED else SignRule.NEVER,
                    decimals=1 if is_cushion else 2,
                    freshness=grade(figure.ns),
                ),
                "currency": "%" if is_cushion else figure.currency,
                "age": age_s,
            },
        )
