# SPDX-License-Identifier: Apache-2.0
"""Without a window the log is the only place where a person sees what the broker's side says."""

import logging

import pytest

from terminal.bus import Bus
from terminal.kernel.telling import log_the_broker
from terminal.model.enums import LinkState
from terminal.model.events import DataNotice, LinkChanged
from tests.conftest import AllowLogs


@pytest.fixture
def bus(allow_logs: AllowLogs) -> Bus:
    allow_logs("broker")
    made = Bus()
    log_the_broker(made)
    return made


def levels(caplog: pytest.LogCaptureFixture) -> list[int]:
    return [record.levelno for record in caplog.records if record.name == "broker"]


def test_trouble_with_the_link_is_a_warning(bus: Bus, caplog: pytest.LogCaptureFixture) -> None:
    bus.publish(LinkChanged(ns=0, state=LinkState.CONNECTING, code=502, text="nothing listens", way_out="start it"))
    assert levels(caplog) == [logging.WARNING]


def test_the_usual_life_of_a_link_is_no_warning(bus: Bus, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        for state in (LinkState.CONNECTING, LinkState.SYNCING, LinkState.READY, LinkState.DISCONNECTED):
            bus.publish(LinkChanged(ns=0, state=state))
    assert levels(caplog) == [logging.INFO] * 4


@pytest.mark.parametrize(
    ("severity", "level"), [("error", logging.ERROR), ("warn", logging.WARNING), ("info", logging.INFO)]
)
def test_a_notice_has_its_own_weight(bus: Bus, caplog: pytest.LogCaptureFixture, severity: str, level: int) -> None:
    with caplog.at_level(logging.INFO):
        bus.publish(DataNotice(ns=0, code=2103, text="a farm is down", severity=severity))
        bus.publish(DataNotice(ns=0, code=0, text="our own words", severity=severity))
    assert levels(caplog) == [level]
