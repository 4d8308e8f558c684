# SPDX-License-Identifier: Apache-2.0
"""The core trades under the account and the client id that the connection has, not under former ones."""

from dataclasses import replace
from pathlib import Path

import pytest

from brokers.ibkr.broker import IbkrBroker
from brokers.ibkr.timing import BrokerClock
from terminal.clock import Clock, SimClock
from terminal.model import events as e
from terminal.model.enums import LinkState
from terminal.model.ids import AccountId
from terminal.paths import profile_paths
from terminal.ports import Broker, BrokerTruth, EventSink, WireOrder
from tests.support.core import build_kernel
from tests.unit.trading.desk import ACCOUNT, START_NS, stock

pytestmark = pytest.mark.usefixtures("any_logs")


class Venue(IbkrBroker):
    """A broker with one account and no socket."""

    def __init__(self, sink: EventSink, clock: BrokerClock) -> None:
        super().__init__(sink, clock)
        self.sink = sink

    @property
    def accounts(self) -> tuple[AccountId, ...]:
        return (ACCOUNT,)

    def place(self, order: WireOrder) -> int:
        del order
        return 1

    async def truth(self, account_id: AccountId) -> BrokerTruth:
        del account_id
        return BrokerTruth(
            ns=START_NS, open_orders=(), completed_orders=(), executions=(), commissions=(), positions=()
        )


async def test_orders_carry_the_client_id_of_the_connection(tmp_path: Path) -> None:
    made: list[Venue] = []

    def factory(sink: EventSink, clock: Clock) -> Broker:
        made.append(Venue(sink, clock))
        return made[0]

    clock = SimClock(START_NS)
    kernel = build_kernel(profile_paths("test", tmp_path), clock=clock, address=("127.0.0.1", 1), broker=factory)
    await kernel.journal.start()
    kernel.hub.add_instrument(stock())
    made[0].sink(e.LinkChanged(ns=START_NS, state=LinkState.SYNCING))
    first = kernel.settings.connection.client_id
    made[0].sink(e.LinkChanged(ns=START_NS, state=LinkState.RECONNECTING))
    settings = kernel.settings
    kernel.preferences.settings = replace(settings, connection=replace(settings.connection, client_id=first + 1))
    made[0].sink(e.LinkChanged(ns=START_NS, state=LinkState.SYNCING))
    session = kernel.risk.session
    assert session is not None
    assert (session.account_id, session.client_id) == (ACCOUNT, first + 1)
    kernel.execution.stop()
    await kernel.journal.stop()
