# SPDX-License-Identifier: Apache-2.0
"""Account, positions and P&L: absent stays absent, unknown contracts are announced, numbers stay out of logs."""

import logging
from decimal import Decimal

import pytest

from brokers.ibkr.session import masked
from terminal.model.events import AccountValueReported, PnlReported, PositionReported
from terminal.model.instrument import Instrument
from tests.unit.ibkr import messages
from tests.unit.ibkr.harness import AAPL, ACCOUNT, desk


def position(quantity: object = 10, cost: object = 100.25) -> tuple[object, ...]:
    return (61, 3, ACCOUNT, *messages.CONTRACT, quantity, cost)


async def test_positions_announce_their_contract_and_ask_for_their_pnl() -> None:
    async with desk() as one:
        one.tws.answers["61"] = lambda _: [position(), (62, 1)]
        await one.ready()
        reported = await one.heard.first(PositionReported)
        assert (reported.instrument_id, reported.quantity, reported.average_cost) == (AAPL.id, Decimal(10), 100.25)
        announced = one.heard.of(Instrument)[0]
        assert (announced.id, announced.broker_id) == (AAPL.id, 265598)
        assert one.heard.events.index(announced) < one.heard.events.index(reported)
        asked = await one.tws.request(94)
        assert asked[2:] == [ACCOUNT, "", "265598"]
        one.tws.send(95, asked[1], 10, 5.5, 7.25, messages.UNSET, 1900.0)
        pnl = await one.heard.first(PnlReported)
        assert (pnl.instrument_id, pnl.daily, pnl.unrealized, pnl.realized) == (AAPL.id, 5.5, 7.25, None)
        one.tws.send(*position(12))
        await one.heard.first(PositionReported, 2)
        assert len(one.tws.all(94)) == 1


async def test_the_accounts_pnl_has_no_huge_numbers() -> None:
    async with desk() as one:
        await one.ready()
        asked = await one.tws.request(92)
        one.tws.send(94, asked[1], -12.5, messages.UNSET, "")
        pnl = await one.heard.first(PnlReported)
        assert (pnl.account_id, pnl.instrument_id) == (ACCOUNT, None)
        assert (pnl.daily, pnl.unrealized, pnl.realized) == (-12.5, None, None)


async def test_other_accounts_of_the_login_come_by_the_summary() -> None:
    async with desk() as one:
        one.tws.accounts = "DU1234567,DU7654321,"
        await one.ready()
        asked = await one.tws.request(62)
        one.tws.send(63, 1, asked[2], "DU7654321", "NetLiquidation", "10.00", "USD")
        value = await one.heard.first(AccountValueReported, 2)
        assert (value.account_id, value.tag, value.value) == ("DU7654321", "NetLiquidation", "10.00")


async def test_without_positions_or_figures_the_link_becomes_ready_and_says_what_is_missing() -> None:
    async with desk() as one:
        del one.tws.answers["61"]
        await one.broker.connect(one.settings())
        await one.tws.request(92)
        stepped = await one.step_until(lambda: one.broker.link.value == "ready")
        assert 4.5 <= stepped <= 5.5


@pytest.mark.parametrize(("account", "shown"), [("DU1234567", "DU•••567"), ("U12", "•••")])
def test_account_numbers_are_masked(account: str, shown: str) -> None:
    assert masked(account) == shown


async def test_no_log_line_carries_the_account(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        async with desk() as one:
            one.tws.answers["61"] = lambda _: [position(), (61, 3, ACCOUNT, "x"), (62, 1)]
            await one.ready()
            one.tws.send(*messages.open_order())
            one.tws.send(*messages.execution())
            one.tws.send(4, 2, 5, 201, f"Order rejected - reason: account {ACCOUNT}", "")
            one.tws.send(17, "garbage", ACCOUNT)
            one.tws.reset_connection()
            await one.step_until(lambda: one.tws.connections == 2)
    assert ACCOUNT not in caplog.text
