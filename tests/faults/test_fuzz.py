# SPDX-License-Identifier: Apache-2.0
"""Answers spoilt at random: nothing is sent twice, and in the end the core knows what happened."""

import random

import pytest

from brokers.simulator.faults.script import parse_script
from terminal.model.commands import CancelOrder
from terminal.model.enums import LinkState, Side
from terminal.paths import ProfilePaths
from tests.faults.lab import laboratory

pytestmark = pytest.mark.usefixtures("any_logs")
ORDERS = "openOrder, orderStatus, execDetails, commissionReport, completedOrder"
LISTS = "openOrderEnd, execDetailsEnd, completedOrdersEnd, positionEnd, position, accountDownloadEnd, updatePortfolio"
MARKET = "tickPrice, tickSize, tickString, tickGeneric, marketDataType, tickReqParams, contractDetails, currentTime"
KINDS = ("missing", "extra", "letters", "nan", "infinite", "unknown", "empty", "utf8", "nuls")
SETS = {"orders": (ORDERS, 0.15), "lists": (LISTS, 0.2), "market": (MARKET, 0.05)}


async def a_spoilt_hour(profile: ProfilePaths, subject: str, how: str, seed: int, deeds: int) -> None:
    names, chance = SETS[subject]
    script = parse_script(
        f"id: fuzz\nrules:\n  - name: spoil\n    armed: false\n    on: [{names}]\n    chance: {chance}\n"
        f"    then: [corrupt: {{how: {how}}}]\n",
        "fuzz",
    )
    dice = random.Random(seed)
    async with laboratory(profile, script, seed=seed) as w:
        await w.ready()
        w.server.laboratory.arm(["spoil"], "fuzz", on=True)
        for _ in range(deeds):
            text, side = dice.choice(["AAPL", "IBM", "NVDA"]), dice.choice([Side.BUY, Side.SELL])
            quote = w.core.hub.quote(w.instrument(text).id)
            seen = quote is not None and quote.bid is not None and quote.ask is not None  # may be spoilt just now
            if seen and w.core.link is LinkState.READY and w.core.execution.link.reconciled:
                price = w.away(text, side, dice.choice([-0.001, 0.01]))
                w.submit(w.limit(text, side, dice.randint(1, 60), price))
                open_ = list(w.core.orders.open())
                if open_ and dice.random() < 0.4:
                    w.core.do(CancelOrder(client_order_id=dice.choice(open_).client_order_id))
            await w.step(dice.choice([0.5, 1.0, 3.0]))
        w.server.laboratory.calm()
        await w.converged(240)
        w.once()
        w.audited()


@pytest.mark.parametrize("subject", SETS)
@pytest.mark.parametrize("how", KINDS)
async def test_answers_spoilt_at_random(profile: ProfilePaths, subject: str, how: str) -> None:
    await a_spoilt_hour(profile, subject, how, seed=1, deeds=12)


@pytest.mark.campaign
@pytest.mark.parametrize("subject", SETS)
@pytest.mark.parametrize("how", KINDS)
@pytest.mark.parametrize("seed", range(10, 20))
async def test_many_answers_spoilt_at_random(profile: ProfilePaths, subject: str, how: str, seed: int) -> None:
    await a_spoilt_hour(profile, subject, how, seed=seed, deeds=100)
