# SPDX-License-Identifier: Apache-2.0
"""Numbers, ages, times and words as a person reads them."""

import math
from decimal import Decimal
from enum import StrEnum

import pytest

from terminal.model import enums
from widgets import formats
from widgets.formats import SignRule

SECOND = 1_000_000_000
# 17 March 2026 15:42:07.987 UTC is 11:42:07 in New York (daylight time).
TUESDAY = 1_773_762_127 * SECOND + 987_654_321


@pytest.mark.parametrize(
    ("value", "decimals", "sign", "text"),
    [
        (6762.5, 2, SignRule.NEVER, "6,762.50"),
        (Decimal(1100), 2, SignRule.MONEY, "+1,100.00"),
        (-604.5, 2, SignRule.MONEY, "−604.50"),
        (0, 2, SignRule.MONEY, "0.00"),
        (-0.001, 2, SignRule.MONEY, "0.00"),
        (-0.18, 2, SignRule.NEVER, "−0.18"),
        (2, 0, SignRule.ALWAYS, "+2"),
        (Decimal("1.084250"), 5, SignRule.NEVER, "1.08425"),
        (None, 2, SignRule.MONEY, "–"),
        (math.nan, 2, SignRule.NEVER, "–"),
        (math.inf, 2, SignRule.NEVER, "–"),
        (1_234_567_890, 0, SignRule.NEVER, "1,234,567,890"),
    ],
)
def test_number(value: formats.Number | None, decimals: int, sign: SignRule, text: str) -> None:
    assert formats.number(value, decimals, sign) == text


def test_percent_takes_a_ratio() -> None:
    assert formats.percent(0.0036) == "+0.36%"
    assert formats.percent(Decimal("-0.148"), 1) == "−14.8%"
    assert formats.percent(0.331, 1, SignRule.NEVER) == "33.1%"
    assert formats.percent(None) == "–"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (999, "999"),
        (999.5, "999.5"),
        (1000, "1.0k"),
        (12_480, "12.5k"),
        (999_949, "999.9k"),
        (999_950, "1.0M"),
        (3_412_000_000, "3.4B"),
        (-2100, "−2.1k"),
        (None, "–"),
    ],
)
def test_size(value: float | None, text: str) -> None:
    assert formats.size(value) == text


def test_quantity_shows_the_decimals_it_has() -> None:
    assert formats.quantity(Decimal("300.0000")) == "300"
    assert formats.quantity(Decimal("0.5000")) == "0.5"
    assert formats.quantity(1200, SignRule.ALWAYS) == "+1,200"
    assert formats.quantity(Decimal("1E+3")) == "1,000"


def test_aligned_numbers_have_their_points_in_one_line() -> None:
    rows = formats.align(["6,762.50", "1.08425", "300", "–"])
    assert len({len(row) - max(row.find("."), row.find("\u2008")) for row in rows}) == 1
    assert formats.align(["1", "22"]) == ["1", "22"]
    assert formats.align([]) == []


def test_decimals_of_a_tick() -> None:
    assert [formats.decimals_of(tick) for tick in (0.25, 0.01, 0.00005, 1, Decimal("5E-5"))] == [2, 2, 5, 0, 5]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.04, "0.0 s"),
        (0.4, "0.4 s"),
        (9.94, "9.9 s"),
        (9.96, "9.9 s"),
        (41, "41 s"),
        (125, "2 m 05 s"),
        (6_540, "1 h 49 m"),
        (90_000, "1 d 1 h"),
        (-3, "0.0 s"),
        (None, "–"),
    ],
)
def test_age(seconds: float | None, text: str) -> None:
    assert formats.age(seconds) == text


def test_a_coarse_age_has_whole_seconds() -> None:
    assert formats.age(8.7, fine=False) == "8 s"


def test_countdown_never_shows_time_that_is_gone() -> None:
    assert [formats.countdown(left) for left in (173, 172.2, 0, -5, 3_773)] == [
        "2:53",
        "2:53",
        "0:00",
        "0:00",
        "1:02:53",
    ]


def test_times_in_the_exchange_zone() -> None:
    assert formats.clock_time(TUESDAY) == "11:42:07"
    assert formats.clock_time(TUESDAY, decimals=1) == "11:42:07.9"
    assert formats.clock_time(TUESDAY, "UTC", seconds=False) == "15:42"
    assert formats.clock_time_zone(TUESDAY) == "11:42:07 ET"
    assert formats.clock_time_zone(TUESDAY, "America/Chicago") == "10:42:07 CT"
    assert formats.day(TUESDAY, weekday=True) == "Tue 17 Mar"
    assert formats.day(TUESDAY, year=True) == "17 Mar 2026"


def test_new_york_follows_daylight_saving() -> None:
    sunday = 1_772_953_200 * SECOND  # 8 March 2026 07:00 UTC, the minute the clocks go forward
    assert formats.clock_time(sunday - 1) == "01:59:59"
    assert formats.clock_time(sunday) == "03:00:00"


def test_since_shows_the_day_when_it_was_not_today() -> None:
    assert formats.since(TUESDAY - 3600 * SECOND, TUESDAY) == "10:42:07"
    assert formats.since(TUESDAY - 24 * 3600 * SECOND, TUESDAY) == "16 Mar"


def test_an_account_is_masked() -> None:
    assert formats.account("DU9000001") == "DU•••001"
    assert formats.account("U1234417") == "U•••417"
    assert formats.account("DEMO-1") == "DEMO-1"


@pytest.mark.parametrize(
    ("kind", "texts"),
    [
        (enums.Side, formats.SIDES),
        (enums.Side, formats.SIDE_LETTERS),
        (enums.OrderType, formats.ORDER_TYPES),
        (enums.TimeInForce, formats.TIMES_IN_FORCE),
        (enums.OrderStatus, formats.ORDER_STATUSES),
        (enums.PendingRequest, formats.PENDING_REQUESTS),
        (enums.Knowledge, formats.KNOWLEDGE),
        (enums.OrderOrigin, formats.ORDER_ORIGINS),
        (enums.BracketRole, formats.BRACKET_ROLES),
        (enums.AssetClass, formats.ASSET_CLASSES),
        (enums.OptionRight, formats.OPTION_RIGHTS),
        (enums.DataType, formats.DATA_TYPES),
        (enums.Mode, formats.MODES),
        (enums.TradingState, formats.TRADING_STATES),
        (enums.LinkState, formats.LINK_STATES),
        (enums.StrategyState, formats.STRATEGY_STATES),
    ],
)
def test_every_member_has_a_text(kind: type[StrEnum], texts: dict[str, str]) -> None:
    assert {str(member) for member in kind} == set(texts)
