# SPDX-License-Identifier: Apache-2.0
"""Checks of the session and of reference data."""

import re
from typing import Any, Final

from tests.clients.conversation import AAPL, DELAYED, EUR, IBM, MSFT, SPY, Conversation, check, each, only

_HOURS: Final = re.compile(r"(\d{8}:(CLOSED|\d{4}-\d{8}:\d{4});?)+")


# ------------------------------------------------------------------ session
@check("connects and agrees on the version")
def connects(talk: Conversation) -> None:
    answer = talk.ask("connect", host=talk.host, port=talk.port, client_id=talk.client_id)
    talk.memory["connect"] = answer
    assert answer.value["connected"], answer
    assert answer.value["version"] == talk.version


@check("tells the accounts at the start")
def accounts(talk: Conversation) -> None:
    found = talk.memory["connect"].value["accounts"]
    assert found
    assert all(re.fullmatch(r"DU\d{7}", name) for name in found)
    talk.memory["account"] = found[0]


@check("tells the next valid id at the start")
def next_id_at_start(talk: Conversation) -> None:
    assert talk.memory["connect"].value["nextId"] >= 1


@check("tells that the farms are connected")
def farms(talk: Conversation) -> None:
    assert {2104, 2106, 2158} <= talk.memory["connect"].codes()


@check("reqIds gives the next valid id")
def ids(talk: Conversation) -> None:
    before, after = talk.ask("next_id").value
    assert after >= before


@check("reqCurrentTime is the market's time")
def current_time(talk: Conversation) -> None:
    first, second = talk.ask("current_time").value, talk.ask("current_time").value
    assert 0 <= second - first < 3600
    talk.memory["now"] = second


@check("reqManagedAccts repeats the accounts", lambda talk: talk.callbacks)
def managed(talk: Conversation) -> None:
    assert talk.memory["account"] in talk.ask("managed_accounts").value.split(",")


@check("reqUserInfo is answered", lambda talk: talk.version >= 167)
def user_info(talk: Conversation) -> None:
    answer = talk.ask("user_info")
    assert (answer.value, answer.errors) == ("answered", [])


@check("a taken client id is refused with 326")
def taken(talk: Conversation) -> None:
    answer = talk.ask("connect", session="taken", host=talk.host, port=talk.port, client_id=talk.client_id)
    assert not answer.value["connected"]
    answer.refused(326, "client id is already in use")


@check("a second client of the same program connects")
def second(talk: Conversation) -> None:
    answer = talk.ask("connect", session="second", host=talk.host, port=talk.port, client_id=talk.client_id + 1)
    assert answer.value["connected"]


# ------------------------------------------------------------------ contract details
def details(talk: Conversation, contract: Any) -> Any:
    return only(talk.ask("contract_details", contract=contract).value)


@each("details of {}", [("AAPL", AAPL), ("MSFT", MSFT), ("SPY", SPY), ("IBM", IBM), ("XOM", DELAYED)])
def stock_details(talk: Conversation, case: tuple[str, Any]) -> None:
    found = details(talk, case[1])
    contract = found["contract"]
    assert (contract["symbol"], contract["secType"], contract["currency"]) == (case[0], "STK", "USD")
    assert contract["conId"] == case[1]["conId"]
    assert contract["primaryExchange"] in found["validExchanges"].split(",")
    assert found["longName"]
    assert found["minTick"] == 0.01


@check("hours of a stock have IBKR's form and zone")
def hours(talk: Conversation) -> None:
    found = details(talk, AAPL)
    assert _HOURS.fullmatch(found["tradingHours"]), found["tradingHours"]
    assert _HOURS.fullmatch(found["liquidHours"]), found["liquidHours"]
    assert "0930-" in found["liquidHours"]
    assert found["timeZoneId"] in ("US/Eastern", "America/New_York", "EST5EDT")


@check("sizes of a stock", lambda talk: talk.version >= 164)
def sizes(talk: Conversation) -> None:
    found = details(talk, AAPL)
    assert float(found["minSize"]) > 0
    assert float(found["sizeIncrement"]) > 0
    assert float(found["suggestedSizeIncrement"]) >= float(found["sizeIncrement"])


@check("each exchange of a stock names a market rule")
def rules(talk: Conversation) -> None:
    found = details(talk, AAPL)
    named = found["marketRuleIds"].split(",")
    assert len(named) == len(found["validExchanges"].split(","))
    talk.memory["rule"] = int(named[0])


@check("a market rule has increments from zero on")
def market_rule(talk: Conversation) -> None:
    rows = talk.ask("market_rule", rule_id=talk.memory["rule"]).value
    assert [row["lowEdge"] for row in rows] == sorted(row["lowEdge"] for row in rows)
    assert rows[0]["lowEdge"] == 0
    assert all(row["increment"] > 0 for row in rows)


@check("an unknown market rule is refused")
def unknown_rule(talk: Conversation) -> None:
    talk.ask("market_rule", rule_id=987_654).refused(321, "market rule")


@check("details by conId alone")
def by_id(talk: Conversation) -> None:
    assert details(talk, {"conId": 8314})["contract"]["symbol"] == "IBM"


@check("details of a currency pair")
def pair(talk: Conversation) -> None:
    found = details(talk, EUR)
    assert found["contract"]["localSymbol"] == "EUR.USD"
    assert found["contract"]["secType"] == "CASH"
    assert found["minTick"] < 0.001


@check("details of every expiry of a future")
def futures(talk: Conversation) -> None:
    found = talk.ask("contract_details", contract={"symbol": "ES", "secType": "FUT", "exchange": "CME"}).value
    assert len(found) >= 2
    for one in found:
        assert one["contract"]["multiplier"] == "50"
        assert re.match(r"20\d{6}", one["contract"]["lastTradeDateOrContractMonth"])
        assert one["timeZoneId"] == "US/Central"
        assert re.fullmatch(r"20\d{4}", one["contractMonth"])
    first = min(found, key=lambda one: one["contractMonth"])["contract"]
    talk.memory["future"] = {
        "conId": first["conId"], "symbol": "ES", "secType": "FUT", "exchange": "CME", "currency": "USD"
    }  # fmt: skip


@each("details of the future {}", [("NQ", "20", "CME"), ("CL", "1000", "NYMEX"), ("GC", "100", "COMEX")])
def other_futures(talk: Conversation, case: tuple[str, str, str]) -> None:
    symbol, multiplier, exchange = case
    contract = {"symbol": symbol, "secType": "FUT", "exchange": exchange, "currency": "USD"}
    found = talk.ask("contract_details", contract=contract).value
    assert len(found) >= 2
    assert {one["contract"]["multiplier"] for one in found} == {multiplier}
    assert all(one["minTick"] > 0 and one["tradingHours"] for one in found)


@check("details of an index")
def index_details(talk: Conversation) -> None:
    found = details(talk, {"symbol": "SPX", "secType": "IND", "exchange": "CBOE", "currency": "USD"})
    assert found["contract"]["conId"] == 416904
    assert _HOURS.fullmatch(found["liquidHours"])


@check("details of a coin")
def coin_details(talk: Conversation) -> None:
    found = details(talk, {"symbol": "BTC", "secType": "CRYPTO", "exchange": "PAXOS", "currency": "USD"})
    assert found["contract"]["conId"] == 479624278
    assert found["minTick"] > 0
    assert talk.version < 164 or float(found["sizeIncrement"]) < 1


@check("options on an index: a monthly and a weekly class, by SMART and at the index's exchange")
def index_options(talk: Conversation) -> None:
    rows = talk.ask("option_parameters", symbol="SPX", sec_type="IND", con_id=416904).value
    assert {"SPX", "SPXW"} <= {row["tradingClass"] for row in rows}
    weekly = next(row for row in rows if row["tradingClass"] == "SPXW")
    wanted = {"symbol": "SPX", "secType": "OPT", "currency": "USD", "tradingClass": "SPXW", "right": "C",
              "lastTradeDateOrContractMonth": sorted(weekly["expirations"])[1]}  # fmt: skip
    smart, listed = (
        talk.ask("contract_details", contract={**wanted, "exchange": exchange}).value for exchange in ("SMART", "CBOE")
    )
    assert len(smart) == len(listed) >= 20
    assert {one["underSymbol"] for one in smart} == {"SPX"}
    assert {one["underSecType"] for one in smart} == {"IND"}


@check("option parameters of an underlying")
def option_parameters(talk: Conversation) -> None:
    rows = talk.ask("option_parameters", symbol="AAPL", sec_type="STK", con_id=265598).value
    smart = next(row for row in rows if row["exchange"] == "SMART")
    assert smart["multiplier"] == "100"
    assert smart["tradingClass"] == "AAPL"
    assert len(smart["expirations"]) >= 4
    assert len(smart["strikes"]) >= 20
    talk.memory["expiry"] = sorted(smart["expirations"])[2]


@check("details of a whole expiry")
def whole_expiry(talk: Conversation) -> None:
    wanted = {"symbol": "AAPL", "secType": "OPT", "exchange": "SMART", "currency": "USD",
              "lastTradeDateOrContractMonth": talk.memory["expiry"]}  # fmt: skip
    found = talk.ask("contract_details", contract=wanted).value
    rights = [one["contract"]["right"] for one in found]
    assert rights.count("C") == rights.count("P") >= 10
    assert all(one["underConId"] == 265598 for one in found)
    assert all(one["contract"]["multiplier"] == "100" for one in found)
    spot = 240.0
    calls = [one["contract"] for one in found if one["contract"]["right"] == "C"]
    nearest = min(calls, key=lambda contract: abs(contract["strike"] - spot))
    talk.memory["option"] = {
        "conId": nearest["conId"], "symbol": "AAPL", "secType": "OPT", "exchange": "SMART", "currency": "USD"
    }  # fmt: skip
    talk.memory["strike"] = nearest["strike"]


@check("details of one option")
def one_option(talk: Conversation) -> None:
    found = details(talk, talk.memory["option"])
    assert found["contract"]["strike"] == talk.memory["strike"]
    assert found["realExpirationDate"] == talk.memory["expiry"]
    assert found["underSymbol"] == "AAPL"
    assert found["contract"]["localSymbol"].startswith("AAPL  ")


@check("an unknown symbol is refused with 200")
def unknown_symbol(talk: Conversation) -> None:
    answer = talk.ask("contract_details", contract={"symbol": "NOSUCH", "secType": "STK", "exchange": "SMART"})
    answer.refused(200, "No security definition")


@check("a contract without symbol is refused with 321")
def no_symbol(talk: Conversation) -> None:
    talk.ask("contract_details", contract={"secType": "STK", "exchange": "SMART"}).refused(321)


# ------------------------------------------------------------------ other reference
@check("matching symbols by the beginning")
def matching(talk: Conversation) -> None:
    rows = talk.ask("matching_symbols", pattern="AAPL").value
    assert rows[0]["contract"]["conId"] == 265598
    assert rows[0]["contract"]["primaryExchange"] == "NASDAQ"
    assert "OPT" in rows[0]["derivativeSecTypes"]


@check("matching symbols by the name")
def matching_name(talk: Conversation) -> None:
    assert "MSFT" in [row["contract"]["symbol"] for row in talk.ask("matching_symbols", pattern="microsoft").value]


@check("matching nothing is an empty list")
def matching_nothing(talk: Conversation) -> None:
    assert talk.ask("matching_symbols", pattern="QQQQZZ").value == []


@check("exchanges that show a book")
def depth_exchanges(talk: Conversation) -> None:
    rows = talk.ask("depth_exchanges").value
    assert {"NASDAQ", "ARCA"} <= {row["exchange"] for row in rows if row["secType"] == "STK"}
    assert all(row["serviceDataType"] for row in rows)


@check("smart components of a quote's exchange map")
def smart_components(talk: Conversation) -> None:
    rows = talk.ask("smart_components", exchange="9c0001").value
    assert len(rows) >= 4
    letters = [row.get("exchangeLetter", "") for row in rows]
    assert len(set(letters)) == len(letters)
    assert "NASDAQ" in [row["exchange"] for row in rows]


@check("unknown smart components are refused")
def unknown_components(talk: Conversation) -> None:
    talk.ask("smart_components", exchange="zz").refused(321)


@check("display groups", lambda talk: talk.callbacks)
def display_groups(talk: Conversation) -> None:
    assert talk.ask("display_groups").value == "1|2|3|4|5|6|7"


@check("a display group tells of its contract", lambda talk: talk.callbacks)
def display_group_events(talk: Conversation) -> None:
    heard = talk.ask("display_group_events", group=4, contract="265598@SMART").value
    assert heard[0] in ("none", "265598@SMART")
    assert heard[-1] == "265598@SMART"


@check("an unknown display group is refused", lambda talk: talk.callbacks)
def unknown_group(talk: Conversation) -> None:
    talk.ask("display_group_events", group=99, contract="none").refused(321)


# ------------------------------------------------------------------ scanner
@each("scanner {}", ["TOP_PERC_GAIN", "TOP_PERC_LOSE", "MOST_ACTIVE", "OPT_VOLUME_MOST_ACTIVE"])
def scanner(talk: Conversation, code: str) -> None:
    rows = talk.ask("scanner", code=code, instrument="STK", location="STK.US.MAJOR", rows=5).value
    assert [row["rank"] for row in rows] == list(range(len(rows)))
    assert len(rows) <= 5
    assert len(rows) == 5 or not code.startswith("MOST")
    assert all(row["contractDetails"]["contract"]["secType"] == "STK" for row in rows)
    assert all(row["contractDetails"]["contract"]["conId"] > 0 for row in rows)


@check("an unknown scan is refused")
def unknown_scan(talk: Conversation) -> None:
    talk.ask("scanner", code="NO_SUCH_SCAN", instrument="STK", location="STK.US.MAJOR", rows=5).refused(162)
