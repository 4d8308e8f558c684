# SPDX-License-Identifier: Apache-2.0
"""Start-up: handshake, versions, client ids, notices, through the real client and through bare frames."""

from brokers.simulator.server import SimulatedTws
from tests.unit.simulator_wire.conftest import Connect
from tests.unit.simulator_wire.still_market import ACCOUNT


async def test_the_real_client_connects_and_synchronizes(server: SimulatedTws, connect: Connect) -> None:
    ib = await connect(7)
    assert ib.isConnected()
    assert ib.client.serverVersion() == 176
    assert ib.managedAccounts() == [ACCOUNT]
    assert {value.tag for value in ib.accountValues()} >= {"NetLiquidation", "TotalCashBalance"}
