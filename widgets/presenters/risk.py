# SPDX-License-Identifier: Apache-2.0
"""Risk presenter: what the book stands for and how much of each limit is used."""

from collections.abc import Sequence
from decimal import Decimal

from terminal.kernel.exposure import Greeks, underlying_of
from terminal.model.account import Account
from terminal.model.enums import AssetClass
from terminal.model.ids import InstrumentId
from widgets import formats
from widgets.blotter.account import account_rows
from widgets.blotter.panels import AccountPanel
from widgets.blotter.positions import PositionRow
from widgets.figures import late_words
from widgets.freshness import Freshness, worst
from widgets.presenters.common import Stage
from widgets.presenters.positions import PositionsPresenter
from widgets.risk.panel import RiskFigures, RiskPanel
from widgets.risk.rows import LimitRow, UnderlyingRisk


class RiskPresenter:
    """Fills the risk and the account panel twice a second."""

    def __init__(self, stage: Stage, risk: RiskPanel, account: AccountPanel, positions: PositionsPresenter) -> None:
        self._stage = stage
        self._kernel = stage.kernel
        self._risk = risk
        self._account = account
        self._positions = positions

    def tick(self) -> None:
        kernel = self._kernel
        account = kernel.portfolio.account()
        rows = self._positions.rows
        worth = account.net_liquidation
        broker, ours = kernel.portfolio.day_pnl()
        held = [row for row in rows if row.position.quantity]
        marks = [self._base(row.open_pnl, row) for row in held]
        realized = [self._base(float(row.position.realized), row) for row in rows]
        stops = [row.at_stops for row in held]
        initial, equity = account.value("InitMarginReq"), account.value("EquityWithLoanValue") or worth
        ages, positions = self._stage.ages, self._positions
        margin = account.figures.get("ExcessLiquidity")
        broker_grade = ages.pnl(account.pnl_ns)
        self._risk.show_figures(
            RiskFigures(
                ours=ours,
                broker=broker,
                open_pnl=_total(marks),
                realized=_total(realized),
                at_stops=float(sum((stop for stop in stops if stop is not None), Decimal(0))) if held else None,
                unprotected=sum(stop is None for stop in stops),
                excess=float(margin.value) if margin is not None else None,
                margin_share=float(initial / equity) if initial is not None and equity else None,
                grade=positions.grade,
                broker_grade=broker_grade,
                account_grade=ages.account(margin.ns if margin is not None else None),
                delayed=positions.delayed,
            )
        )
        self._risk.show_underlyings(self._underlyings(rows), worth=_float(worth))
        self._show_limits(worst((positions.grade, broker_grade if broker is not None else Freshness.FRESH)))
        late = [row.age_s for row in held if ages.is_stale(row.age_s)]
        if late:
            self._risk.show_stale(late_words(late, len(held)))
        else:
            self._risk.show_live()
        self._show_account(account)

    def _show_limits(self, market: Freshness) -> None:
        """Show how much of each limit is used; what follows prices is as fresh as the figures of the day."""
        self._risk.show_limits(
            [
                LimitRow(
                    name=use.name,
                    used=use.used,
                    limit=use.limit,
                    unit=use.unit,
                    decimals=1 if use.unit.startswith("%") else 0,
                    grade=market if use.of_market else Freshness.FRESH,
                    delayed=use.of_market and self._positions.delayed,
                )
                for use in self._kernel.risk.limits_used()
            ]
        )

    def _show_account(self, account: Account) -> None:
        if not account.figures:
            return
        ages, now = self._stage.ages, self._kernel.clock.now_ns()
        for key, cells in account_rows(account, now, ages.account):
            self._account.model.update(key, cells)
        self._account.set_context(formats.account(account.id))
        newest = max(figure.ns for figure in account.figures.values())
        if ages.account(newest) is Freshness.FRESH:
            self._account.show_live()
        else:
            self._account.show_stale("the broker is silent")

    def _base(self, value: float | None, row: PositionRow) -> float | None:
        rate = self._kernel.portfolio.rate_to_base(row.instrument.currency)
        return None if value is None or rate is None else value * rate

    def _underlyings(self, rows: Sequence[PositionRow]) -> list[UnderlyingRisk]:
        exposures = self._kernel.exposures()
        grouped: dict[InstrumentId, list[PositionRow]] = {}
        for row in rows:
            grouped.setdefault(underlying_of(row.instrument), []).append(row)
        return [self._risk_of(key, parts, exposures.get(key, Greeks())) for key, parts in sorted(grouped.items())]

    def _risk_of(self, underlying: InstrumentId, parts: list[PositionRow], greeks: Greeks) -> UnderlyingRisk:
        held = [part for part in parts if part.position.quantity]
        if len(held) == 1:
            words = formats.quantity(held[0].position.quantity, formats.SignRule.ALWAYS)
        else:
            words = f"{len(held)} legs" if held else "flat"
        stops = [part.at_stops for part in held]
        return UnderlyingRisk(
            underlying=underlying,
            position=words,
            delta=greeks.delta,
            gamma=greeks.gamma,
            theta=greeks.theta,
            vega=greeks.vega,
            open_pnl=_total([self._base(part.open_pnl, part) for part in held]),
            day_pnl=_total([self._base(part.day, part) for part in parts]),
            at_stops=float(sum((stop for stop in stops if stop is not None), Decimal(0))) if held else None,
            unprotected=any(stop is None for stop in stops),
            grade=worst(self._stage.ages.grade(part.age_s) for part in held),
            delayed=any(part.delayed for part in held),
            has_options=any(part.instrument.asset_class is AssetClass.OPTION for part in held),
        )


def _total(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if len(known) == len(values) else None


def _float(value: Decimal | None) -> float | None:
    return None if value is None else float(value)
