# SPDX-License-Identifier: Apache-2.0
"""Contract facts: search, one contract or a refusal that lists them, hours, ticks, chains; every call ends."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from brokers.ibkr.contracts import ContractRegister, WireContract, from_wire, to_ib
from brokers.ibkr.hours import format_utc, parse_hours, parse_time, zone
from terminal.clock import NS_PER_S
from terminal.errors import BrokerError, LinkLostError, RefusedError
from terminal.model.enums import AssetClass, OptionRight
from terminal.model.ids import InstrumentId
from terminal.model.instrument import Instrument, Session, TickBand
from terminal.model.market import OptionParameters
from tests.unit.ibkr.harness import AAPL, desk

HOURS = "20231114:0400-20231114:2000;20231115:CLOSED;20231116:0400-20231116:2000"
LIQUID = "20231114:0930-20231114:1600;20231115:CLOSED"


def details(req_id: str, *, con_id: int = 265598, exchange: str = "SMART", primary: str = "NASDAQ") -> list[object]:
    return [
        *(10, req_id, "AAPL", "STK", "", 0, "", exchange, "USD", "AAPL", "NMS", "NMS", con_id, 0.01, ""),
        *("LMT,MKT,STP", "SMART,NASDAQ", 1, 0, "APPLE INC", primary, "", "Technology", "", "", "US/Eastern"),
        *(HOURS, LIQUID, "", 0, 0, 1, "", "", "26,27", "", "COMMON", 0.0001, 0.0001, 100),
    ]


def option_details(req_id: str, strike: float, right: str) -> list[object]:
    local = f"AAPL  231117{right}00190000"
    return [
        *(10, req_id, "AAPL", "OPT", "20231117 16:00 US/Eastern", strike, right, "SMART", "USD", local, "AAPL", "AAPL"),
        *(int(strike * 10) + (right == "C"), 0.01, 100, "LMT,MKT", "SMART,CBOE", 1, 265598, "APPLE INC", "", "202311"),
        *("", "", "", "US/Eastern", LIQUID, LIQUID, "", 0, 0, 2, "AAPL", "STK", "32,109", "20231117", "", 1, 1, 1),
    ]


_ES_INDEX = (11004968, "ES", "IND", "CME", "USD", 2, "FUT", "FOP", "E-mini S&P 500", "")
_ES_STOCK = (1, "ES", "STK", "NYSE", "USD", 0, "EVERSOURCE ENERGY", "")


def rule(fields: list[str]) -> Sequence[Sequence[object]]:
    return [(93, fields[1], 2, 0, 0.0001, 1, 0.01)]


async def test_one_match_is_qualified_with_hours_ticks_and_sizes() -> None:
    async with desk() as one:
        await one.ready()
        one.tws.answers["9"] = lambda f: [details(f[2]), (52, 1, f[2])]
        one.tws.answers["91"] = rule
        found = await one.broker.qualify(Instrument(id=AAPL.id, asset_class=AssetClass.STOCK, symbol="AAPL"))
        assert (found.id, found.broker_id, found.primary_exchange, found.name) == (
            "AAPL",
            265598,
            "NASDAQ",
            "APPLE INC",
        )
        assert (found.min_tick, found.min_size) == (Decimal("0.01"), Decimal("0.0001"))
        assert found.tick_bands == (
            TickBand(low_edge=Decimal(0), increment=Decimal("0.0001")),
            TickBand(low_edge=Decimal(1), increment=Decimal("0.01")),
        )
        assert found.snap(0.12345) == Decimal("0.1234")
        assert one.tws.all(91) == [["91", "26"]], "the rule of SMART"
        opens = int(datetime(2023, 11, 14, 14, 30, tzinfo=UTC).timestamp()) * NS_PER_S
        assert found.liquid_hours == (Session(start_ns=opens, end_ns=opens + 6 * 3600 * NS_PER_S + 1800 * NS_PER_S),)
        assert len(found.trading_hours) == 2
        assert found.order_types == {"LMT", "MKT", "STP"}
        assert found.time_zone == "US/Eastern"
        await one.broker.qualify(found)
        assert len(one.tws.all(91)) == 1, "rules are kept"


async def test_several_matches_are_refused_by_name() -> None:
    async with desk() as one:
        await one.ready()
        one.tws.answers["9"] = lambda f: [
            details(f[2], con_id=1, primary="NASDAQ"),
            details(f[2], con_id=2, primary="MEXI"),
            (52, 1, f[2]),
        ]
        plain = Instrument(id=AAPL.id, asset_class=AssetClass.STOCK, symbol="AAPL")
        with pytest.raises(RefusedError, match=r"2 contracts fit AAPL.*NASDAQ.*MEXI"):
            await one.broker.qualify(plain)
        one.tws.answers["91"] = rule
        assert (await one.broker.qualify(replace(plain, primary_exchange="MEXI"))).broker_id == 2


async def test_no_match_is_refused_with_ibkrs_reason() -> None:
    async with desk() as one:
        await one.ready()
        one.tws.answers["9"] = lambda f: [(4, 2, f[2], 200, "No security definition has been found", "")]
        with pytest.raises(RefusedError, match="No security definition"):
            await one.broker.qualify(AAPL)


async def test_every_question_ends_without_an_answer_too() -> None:
    async with desk() as one:
        await one.ready()
        for ask in (
            one.broker.qualify(AAPL),
            one.broker.search("AAPL"),
            one.broker.option_parameters(AAPL),
            one.broker.option_contracts(AAPL, "20231117", "AAPL"),
        ):
            task = one.task(ask)
            await one.step_until(task.done)
            with pytest.raises(BrokerError, match="within"):
                await task


async def test_questions_break_with_the_connection() -> None:
    async with desk() as one:
        await one.ready()
        task = one.task(one.broker.qualify(AAPL))
        await one.tws.request(9)
        await one.broker.disconnect()
        with pytest.raises(LinkLostError):
            await task
        with pytest.raises(LinkLostError):
            await one.broker.search("AAPL")


async def test_a_missing_market_rule_leaves_the_minimum_tick() -> None:
    async with desk() as one:
        await one.ready()
        one.tws.answers["9"] = lambda f: [details(f[2]), (52, 1, f[2])]
        task = one.task(one.broker.qualify(AAPL))
        await one.tws.request(91)
        await one.step_until(task.done)
        assert (await task).tick_bands == ()


async def test_search_finds_stocks_and_the_futures_of_a_root() -> None:
    async with desk() as one:
        await one.ready()
        one.tws.answers["81"] = lambda f: [
            (79, f[1], 2, *_ES_INDEX, *_ES_STOCK),
        ]
        future = [
            *(
                10,
                "{req}",
                "ES",
                "FUT",
                "20240315 08:30 US/Central",
                0,
                "",
                "CME",
                "USD",
                "ESH4",
                "ES",
                "ES",
                500,
                0.25,
            ),
            *(
                50,
                "LMT",
                "CME",
                1,
                11004968,
                "E-mini S&P 500",
                "",
                "202403",
                "",
                "",
                "",
                "US/Central",
                "",
                "",
                "",
                0,
                0,
            ),
            *(2, "ES", "IND", "67", "20240315", "", 1, 1, 1),
        ]
        old = ["20231015 08:30 US/Central" if x == "20240315 08:30 US/Central" else x for x in future]
        one.tws.answers["9"] = lambda f: (
            [[f[2] if x == "{req}" else x for x in row] for row in (old, future)] + [[52, 1, f[2]]]
        )
        found = await one.broker.search(" es ")
        assert [one.id for one in found] == ["^ES", "ES", "ES 20240315"]
        assert (found[2].broker_id, found[2].multiplier, found[2].expiry) == (500, Decimal(50), date(2024, 3, 15))
        assert (found[1].name, found[1].primary_exchange) == ("EVERSOURCE ENERGY", "NYSE")


@pytest.mark.parametrize("typed", ["EUR.USD", "eurusd", "EUR/USD"])
async def test_a_currency_pair_is_known_without_asking(typed: str) -> None:
    async with desk() as one:
        await one.ready()
        (found,) = await one.broker.search(typed)
        assert (found.id, found.exchange, found.asset_class) == ("EUR.USD", "IDEALPRO", AssetClass.FOREX)


async def test_option_parameters_come_sorted() -> None:
    async with desk() as one:
        await one.ready()
        one.tws.answers["78"] = lambda f: [
            (75, f[1], "SMART", 265598, "AAPL", "100", 2, "20231124", "20231117", 3, 200.0, 180.0, 190.0),
            (76, f[1]),
        ]
        assert await one.broker.option_parameters(AAPL) == (
            OptionParameters(
                underlying_id=AAPL.id,
                exchange="SMART",
                trading_class="AAPL",
                multiplier="100",
                expiries=("20231117", "20231124"),
                strikes=(180.0, 190.0, 200.0),
            ),
        )
        assert one.tws.all(78)[0][2:] == ["AAPL", "", "STK", "265598"]


async def test_a_whole_expiry_comes_complete_and_sorted() -> None:
    async with desk() as one:
        await one.ready()
        one.tws.answers["9"] = lambda f: [
            *(option_details(f[2], strike, right) for strike in (200.0, 190.0) for right in "PC"),
            (52, 1, f[2]),
        ]
        one.tws.answers["91"] = rule
        found = await one.broker.option_contracts(AAPL, "20231117", "AAPL")
        assert [option.id for option in found] == [
            "AAPL 20231117 C 190",
            "AAPL 20231117 P 190",
            "AAPL 20231117 C 200",
            "AAPL 20231117 P 200",
        ]
        first = found[0]
        assert (first.strike, first.right, first.multiplier) == (Decimal(190), OptionRight.CALL, Decimal(100))
        assert (first.underlying_id, first.expiry, len(first.tick_bands)) == (AAPL.id, date(2023, 11, 17), 2)
        assert len(one.tws.all(91)) == 1


# ---------------------------------------------------------------- pure parts
def wire(**changes: str) -> WireContract:
    fields = {
        "symbol": "AAPL",
        "sec_type": "STK",
        "expiry": "",
        "strike": "0",
        "right": "?",
        "multiplier": "",
        "exchange": "NASDAQ",
        "currency": "USD",
        "local_symbol": "AAPL",
        "trading_class": "NMS",
    }
    return WireContract(con_id=265598, **(fields | changes))


@pytest.mark.parametrize(
    ("changes", "identity"),
    [
        ({}, "AAPL"),
        ({"currency": "EUR"}, "AAPL@EUR"),
        (
            {"sec_type": "OPT", "expiry": "20231117", "strike": "190.0", "right": "C", "trading_class": "AAPL"},
            "AAPL 20231117 C 190",
        ),
        (
            {"sec_type": "OPT", "expiry": "20231117", "strike": "2.5", "right": "PUT", "trading_class": "AAPL1"},
            "AAPL/AAPL1 20231117 P 2.5",
        ),
        ({"sec_type": "FUT", "expiry": "20240315 08:30 US/Central", "trading_class": "AAPL"}, "AAPL 20240315"),
        ({"sec_type": "CASH", "symbol": "EUR"}, "EUR.USD"),
        ({"sec_type": "IND"}, "^AAPL"),
        ({"sec_type": "FOP", "local_symbol": "EX2 C5000"}, "FOP:EX2 C5000"),
    ],
)
async def test_a_contract_has_one_identity_wherever_it_is_seen(changes: dict[str, str], identity: str) -> None:
    made = from_wire(wire(**changes))
    assert made.id == identity
    back = to_ib(made)
    assert (back.conId, back.symbol, back.currency) == (265598, made.symbol, made.currency)
    assert back.secType == wire(**changes).sec_type


def test_the_register_announces_a_contract_once_and_prefers_the_qualified_one() -> None:
    announced: list[Instrument] = []
    register = ContractRegister(announced.append)
    assert register.identify(wire()) is register.identify(wire())
    assert [instrument.id for instrument in announced] == ["AAPL"]
    register.remember(AAPL)
    assert register.identify(wire()) is AAPL
    assert register.remember(replace(AAPL, broker_id=None)) is AAPL
    assert register.get(InstrumentId("AAPL")) is AAPL


@pytest.mark.parametrize(
    ("text", "epoch"),
    [
        ("20240105 10:00:00 US/Eastern", 1704466800),
        ("20240105 10:00:00 EST", 1704466800),
        ("20240705 10:00:00 EST", 1720188000),  # IBKR's EST has its summer time
        ("20231214-20:57:37", 1702587457),
        ("20240105 16:00:00 MET", 1704466800),
        ("20240105 09:00 US/Central", 1704466800),
        ("20240105 10:00:00 XYZ", None),
        ("20241305 10:00:00 UTC", None),
        ("", None),
    ],
)
def test_times_of_ibkr(text: str, epoch: int | None) -> None:
    assert parse_time(text) == (None if epoch is None else epoch * NS_PER_S)


def test_a_time_without_zone_takes_the_given_one() -> None:
    assert parse_time("20240105  10:00:00", "US/Eastern") == 1704466800 * NS_PER_S
    assert parse_time("20240105  10:00:00") is not None
    assert format_utc(1704466800 * NS_PER_S) == "20240105-15:00:00"


@pytest.mark.parametrize("name", ["US/Eastern", "EST (Eastern Standard Time)", "America/New_York", "JST", "MET", "UTC"])
def test_zones_of_ibkr_are_known(name: str) -> None:
    assert zone(name) is not None


def test_hours_of_both_forms_over_midnight_and_nonsense() -> None:
    new = parse_hours("20240105:1700-20240106:1600;20240106:CLOSED", "US/Central")
    old = parse_hours("20240105:0930-1600,1700-1800;20240106:CLOSED", "US/Eastern")
    night = parse_hours("20240105:1700-0400", "US/Eastern")
    assert [(s.end_ns - s.start_ns) // NS_PER_S for s in new] == [23 * 3600]
    assert [(s.end_ns - s.start_ns) // NS_PER_S for s in old] == [6 * 3600 + 1800, 3600]
    assert [(s.end_ns - s.start_ns) // NS_PER_S for s in night] == [11 * 3600]
    assert parse_hours("20240105:0930-20240105:1600", "Nowhere/Land") == ()
    assert parse_hours("x;;20241399:0930-1600;:", "US/Eastern") == ()
