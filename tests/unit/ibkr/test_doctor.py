# SPDX-License-Identifier: Apache-2.0
"""The doctor names what stands in the way, and sends no order."""

import socket
from collections.abc import Sequence

import pytest

from brokers.ibkr.doctor import Check, diagnose
from terminal.model.enums import Mode
from tests.unit.ibkr.harness import AAPL, Desk, desk
from tests.unit.ibkr.test_reference import details, rule


async def examine(one: Desk, *, port: int | None = None, mode: Mode = Mode.PAPER) -> dict[str, Check]:
    task = one.task(diagnose(one.settings(port=port, mode=mode), one.clock, AAPL))
    await one.step_until(task.done)
    checks: Sequence[Check] = await task
    return {check.name: check for check in checks}


def quoting(one: Desk, *answer: Sequence[object]) -> None:
    one.tws.answers["9"] = lambda f: [details(f[2]), (52, 1, f[2])]
    one.tws.answers["91"] = rule
    one.tws.answers["1"] = lambda f: [[f[2] if field == "id" else field for field in one_] for one_ in answer]
    one.tws.epoch_s = 1_700_000_000


async def test_a_healthy_server_passes_every_check_without_an_order() -> None:
    async with desk() as one:
        quoting(one, (1, 6, "id", 1, 190.5, 100, 0))
        checks = await examine(one)
        assert {check.state for check in checks.values()} == {"ok"}
        assert list(checks) == [
            "port",
            "handshake",
            "client id",
            "account",
            "clock",
            "farms",
            "market data",
            "read-only",
            "time zones",
        ]
        assert not one.tws.all(3)
        assert "1234567" not in str(checks)


async def test_a_closed_port_is_named_first_and_alone() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    async with desk() as one:
        checks = await examine(one, port=port)
        assert list(checks) == ["port"]
        assert checks["port"].state == "fail"
        assert "Socket Clients" in checks["port"].way_out


async def test_what_listens_but_is_no_tws_fails_the_handshake() -> None:
    async with desk() as one:
        one.tws.greet = False
        checks = await examine(one)
        assert checks["handshake"].state == "fail"
        assert checks["handshake"].way_out


async def test_a_taken_client_id_and_a_wrong_account_are_told_apart() -> None:
    async with desk() as one:
        checks = await examine(one, mode=Mode.LIVE)
        assert checks["account"].state == "fail"


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        ([(58, 1, "id", 3), (1, 6, "id", 66, 190.5, 100, 0)], "warn"),
        ([(4, 2, "id", 354, "Requested market data is not subscribed.", "")], "fail"),
        ([], "warn"),
    ],
)
async def test_market_data_permission_shows_in_one_quote(answer: list[Sequence[object]], state: str) -> None:
    async with desk() as one:
        quoting(one, *answer)
        checks = await examine(one)
        assert checks["market data"].state == state
        assert checks["market data"].way_out


async def test_a_read_only_api_fails_with_the_setting_to_change() -> None:
    async with desk() as one:
        quoting(one, (1, 6, "id", 1, 190.5, 100, 0))
        text = "Error validating request.-'cd' : cause - The API interface is currently in Read-Only mode."
        one.tws.answers["16"] = lambda _: [(4, 2, 2147483647, 321, text, "")]
        checks = await examine(one)
        assert checks["read-only"].state == "fail"
        assert "untick 'Read-Only API'" in checks["read-only"].way_out


async def test_a_clock_far_off_is_told() -> None:
    async with desk() as one:
        quoting(one, (1, 6, "id", 1, 190.5, 100, 0))
        one.tws.epoch_s += 45
        checks = await examine(one)
        assert checks["clock"].state == "fail"
        assert "time service" in checks["clock"].way_out
