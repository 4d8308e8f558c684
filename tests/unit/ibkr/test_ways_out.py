# SPDX-License-Identifier: Apache-2.0
"""The way out that is told fits what was asked: delayed data is advised only where it exists."""

import pytest

from brokers.ibkr import codes

ADVICE = "delayed data in Tiller's settings"


@pytest.mark.parametrize("code", [354, 10089, 10090, 10168])
def test_delayed_data_is_advised_for_quotes_alone(code: int) -> None:
    row = codes.lookup(code)
    assert ADVICE in codes.way_out(row, "quote")
    for channel in codes.NEVER_DELAYED:
        told = codes.way_out(row, channel)
        assert ADVICE not in told
        assert "Market Data Subscriptions" in told


def test_what_is_not_available_delayed_is_not_advised_delayed() -> None:
    assert ADVICE not in codes.way_out(codes.lookup(10186), "quote")
