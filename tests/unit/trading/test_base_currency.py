# SPDX-License-Identifier: Apache-2.0
"""The account's base currency is what the broker reports net liquidation in, whatever was assumed before."""

from decimal import Decimal

import pytest

from terminal.model import events as e
from terminal.model.enums import OrderStatus
from terminal.trading.limits import RiskLimits
from tests.unit.trading.desk import AAPL, ACCOUNT, Desk, limit


def tell(desk: Desk, tag: str, value: str, currency: str) -> None:
    desk.say(
        e.AccountValueReported(ns=desk.clock.now_ns(), account_id=ACCOUNT, tag=tag, value=value, currency=currency)
    )


def european(limits: RiskLimits | None = None) -> Desk:
    """Return a core whose account counts in euro; IBKR tells its figures in alphabetical order."""
    desk = Desk(limits=limits, worth="")
    tell(desk, "AvailableFunds", "180000", "EUR")
    tell(desk, "ExchangeRate", "1.00", "EUR")
    tell(desk, "ExchangeRate", "0.80", "USD")
    tell(desk, "NetLiquidation", "200000", "EUR")
    return desk


def test_figures_are_those_of_the_base_currency() -> None:
    desk = european()
    account = desk.engine.portfolio.account()
    assert account.currency == "EUR"
    assert account.net_liquidation == Decimal(200_000)
    assert account.value("AvailableFunds") == Decimal(180_000)
    assert desk.engine.portfolio.rate_to_base("USD") == pytest.approx(0.8)
    assert desk.engine.portfolio.rate_to_base("EUR") == 1.0


def test_limits_and_loss_count_in_the_base_currency() -> None:
    desk = european(RiskLimits(max_notional=8_100))
    assert desk.submit(limit(price="100.00")).is_open  # 10,000 dollars are 8,000 euro
    assert desk.submit(limit(price="101.50")).status is OrderStatus.DENIED
    desk.engine.set_limits(RiskLimits())
    desk.hold(100)
    desk.market.show(AAPL, 50.0, 50.0, 50.0)
    loss = desk.engine.risk.day_loss_percent()
    assert loss == pytest.approx(4_000 / 204_000 * 100)
