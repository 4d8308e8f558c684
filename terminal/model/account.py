# SPDX-License-Identifier: Apache-2.0
"""Account: the broker's figures for one account, each with the moment it was heard."""

from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation

from terminal.model.enums import Mode
from terminal.model.ids import AccountId


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    value: Decimal
    currency: str
    ns: int


@dataclass(slots=True, kw_only=True)
class Account:
    """Figures by IBKR's tag (NetLiquidation, AvailableFunds, ExcessLiquidity, InitMarginReq, MaintMarginReq,
    BuyingPower, Cushion, TotalCashValue, GrossPositionValue, RealizedPnL, UnrealizedPnL)."""

    id: AccountId
    mode: Mode
    currency: str = "USD"
    figures: dict[str, Figure] = field(default_factory=dict)
    text_figures: dict[str, str] = field(default_factory=dict)
    """Tags whose value is not a number (AccountType and the like)."""
    daily_pnl: float | None = None
    unrealized_pnl: float | None = None
    realized_pnl: float | None = None
    pnl_ns: int | None = None

    def note(self, tag: str, value: str, currency: str, ns: int) -> None:
        """Take one reported figure. Values in another currency than the base one go under ``tag (CUR)``."""
        if tag == "NetLiquidation" and currency not in ("", "BASE", self.currency):
            self._rebase(currency)
        key = tag if currency in ("", "BASE", self.currency) else f"{tag} ({currency})"
        try:
            number = Decimal(value)
        except InvalidOperation:
            self.text_figures[key] = value
            return
        if number.is_finite() and abs(number) < Decimal("1e300"):
            self.figures[key] = Figure(value=number, currency=currency or self.currency, ns=ns)

    def _rebase(self, currency: str) -> None:
        """The broker counts in another base currency than was assumed: its figures take the plain names."""
        former, self.currency, suffix = self.currency, currency, f" ({currency})"
        for key in [key for key in self.figures if key.endswith(suffix)]:
            tag = key.removesuffix(suffix)
            if tag in self.figures:
                self.figures[f"{tag} ({former})"] = self.figures[tag]
            self.figures[tag] = self.figures.pop(key)

    def value(self, tag: str) -> Decimal | None:
        figure = self.figures.get(tag)
        return figure.value if figure else None

    @property
    def net_liquidation(self) -> Decimal | None:
        return self.value("NetLiquidation")
