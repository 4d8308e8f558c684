# SPDX-License-Identifier: Apache-2.0
"""Checks of live data and of option computations."""

from typing import Any, Final

from tests.clients.conversation import AAPL, DELAYED, EUR, IBM, MSFT, SPY, Answer, Conversation, check, close_to, each

NO_SUCH: Final = {**AAPL, "conId": 77_777_777}
BITCOIN: Final = {
    "conId": 479624278, "symbol": "BTC", "secType": "CRYPTO", "exchange": "PAXOS", "currency": "USD"
}  # fmt: skip


def sane(ticker: Any) -> None:
    """A quote that a trader would believe."""
    assert 0 < ticker["bid"] < ticker["ask"] < ticker["bid"] * 1.2
    assert ticker["bidSize"] > 0
    assert ticker["askSize"] > 0


# ------------------------------------------------------------------ level 1
@each("live quote of {}", [("AAPL", AAPL), ("SPY", SPY), ("EUR.USD", EUR)])
def quote(talk: Conversation, case: tuple[str, Any]) -> None:
    ticker = talk.ask("market_data", contract=case[1], until=["bid", "ask", "bidSize", "askSize"], data_type=1).value
    sane(ticker)
    assert ticker["marketDataType"] == 1


@check("last price, its size and the figures of the day")
def day(talk: Conversation) -> None:
    names = ["last", "lastSize", "volume", "open", "high", "low", "close"]
    ticker = talk.ask("market_data", contract=AAPL, until=names).value
    assert ticker["low"] <= ticker["last"] <= ticker["high"]
    assert ticker["low"] <= ticker["open"] <= ticker["high"]
    assert ticker["volume"] > ticker["lastSize"] > 0


@check("a line tells its smallest increment and exchange map")
def request_parameters(talk: Conversation) -> None:
    ticker = talk.ask("market_data", contract=AAPL, until=["minTick", "bboExchange"]).value
    assert (ticker["minTick"], ticker["bboExchange"]) == (0.01, "9c0001")


@check("an open market is not halted")
def halted(talk: Conversation) -> None:
    assert talk.ask("market_data", contract=AAPL, until=["halted"]).value["halted"] == 0


@check("quote of a future")
def future(talk: Conversation) -> None:
    ticker = talk.ask("market_data", contract=talk.memory["future"], until=["bid", "ask", "bidSize", "askSize"]).value
    sane(ticker)
    assert close_to(ticker["bid"] * 4, round(ticker["bid"] * 4))


@check("quote and computations of an option")
def option(talk: Conversation) -> None:
    names = ["bid", "ask", "bidGreeks", "askGreeks", "modelGreeks"]
    ticker = talk.ask("market_data", contract=talk.memory["option"], until=names).value
    assert ticker["bid"] < ticker["ask"]
    greeks = ticker["modelGreeks"]
    assert 0 < greeks["impliedVol"] < 3
    assert 0 < greeks["delta"] < 1
    assert greeks["gamma"] > 0 > greeks["theta"]
    assert greeks["vega"] > 0
    talk.memory["greeks"] = greeks


@check("exchanges of the quote and of the last trade")
def exchanges(talk: Conversation) -> None:
    ticker = talk.ask("market_data", contract=AAPL, until=["bidExchange", "askExchange", "lastExchange"]).value
    assert ticker["bidExchange"].isalpha()
    assert ticker["lastExchange"].isalpha()


@check("generic ticks: volatilities")
def volatilities(talk: Conversation) -> None:
    ticker = talk.ask("market_data", contract=AAPL, generics="104,106", until=["histVolatility", "impliedVolatility"])
    assert 0 < ticker.value["histVolatility"] < 3
    assert 0 < ticker.value["impliedVolatility"] < 3


@check("generic ticks: volume and open interest of the options on a stock")
def option_interest(talk: Conversation) -> None:
    names = ["callOpenInterest", "putOpenInterest", "callVolume", "putVolume"]
    ticker = talk.ask("market_data", contract=AAPL, generics="100,101", until=names).value
    assert all(ticker[name] > 0 for name in names)


@check("generic ticks: 13, 26 and 52 weeks and the average volume")
def weeks(talk: Conversation) -> None:
    names = ["avVolume", "low13week", "high13week", "low26week", "high26week", "low52week", "high52week"]
    ticker = talk.ask("market_data", contract=AAPL, generics="165", until=names).value
    assert ticker["low52week"] <= ticker["low26week"] <= ticker["low13week"]
    assert ticker["high13week"] <= ticker["high26week"] <= ticker["high52week"]
    assert ticker["avVolume"] > 1e5


@check("generic ticks: mark price")
def mark(talk: Conversation) -> None:
    ticker = talk.ask("market_data", contract=AAPL, generics="221", until=["markPrice", "bid", "ask"]).value
    assert ticker["bid"] * 0.99 < ticker["markPrice"] < ticker["ask"] * 1.01


@check("generic ticks: counts and rates of trades")
def rates(talk: Conversation) -> None:
    names = ["tradeCount", "tradeRate", "volumeRate"]
    ticker = talk.ask("market_data", contract=AAPL, generics="293,294,295", until=names).value
    assert ticker["tradeCount"] > 0


@check("generic ticks: shortable")
def shortable(talk: Conversation) -> None:
    ticker = talk.ask("market_data", contract=AAPL, generics="236", until=["shortableShares"]).value
    assert ticker["shortableShares"] > 0


@check("generic ticks: time and sales strings", lambda talk: talk.callbacks)
def time_and_sales(talk: Conversation) -> None:
    parts = talk.ask("market_data", contract=AAPL, generics="233", until=["rtVolume"]).value["rtVolume"].split(";")
    assert len(parts) == 6
    assert float(parts[0]) > 0
    assert parts[5] in ("true", "false")


@check("generic ticks: dividends", lambda talk: talk.callbacks)
def dividends(talk: Conversation) -> None:
    text = talk.ask("market_data", contract=AAPL, generics="456", until=["dividends"]).value["dividends"]
    assert len(text.split(",")) == 4


@check("an index has a level and no quote")
def index(talk: Conversation) -> None:
    contract = {"conId": 416904, "symbol": "SPX", "secType": "IND", "exchange": "CBOE", "currency": "USD"}
    assert talk.ask("market_data", contract=contract, until=["last", "close"]).value["last"] > 1000


@check("a coin has a quote", lambda talk: talk.version >= 163)
def coin(talk: Conversation) -> None:
    ticker = talk.ask("market_data", contract=BITCOIN, until=["bid", "ask"]).value
    assert 1000 < ticker["bid"] < ticker["ask"]


@check("a coin needs fractional sizes: 10285", lambda talk: talk.version < 163)
def coin_of_old(talk: Conversation) -> None:
    talk.ask("market_data", contract=BITCOIN, until=["bid"]).refused(10285, "fractional")


@check("generic ticks: open interest of a future")
def open_interest(talk: Conversation) -> None:
    name = "futuresOpenInterest"
    assert talk.ask("market_data", contract=talk.memory["future"], generics="588", until=[name]).value[name] > 0


@check("an unknown generic tick is refused with 321")
def unknown_generic(talk: Conversation) -> None:
    talk.ask("market_data", contract=AAPL, generics="9999", until=["bid"]).refused(321, "generic tick")


@check("a line on an unknown contract is refused with 200")
def unknown_line(talk: Conversation) -> None:
    talk.ask("market_data", contract=NO_SUCH, until=["bid"]).refused(200)


@check("frozen data is live while the market is open")
def frozen(talk: Conversation) -> None:
    ticker = talk.ask("market_data", contract=IBM, until=["bid", "ask"], data_type=2).value
    assert ticker["marketDataType"] == 1


@check("without permission live data is refused with 354")
def not_subscribed(talk: Conversation) -> None:
    talk.ask("market_data", contract=DELAYED, until=["bid"], data_type=1).refused(354, "not subscribed")


@each("data type {} without permission is delayed", [3, 4])
def delayed(talk: Conversation, data_type: int) -> None:
    answer = talk.ask("market_data", contract=DELAYED, until=["bid", "ask", "last", "close"], data_type=data_type)
    answer.refused(10167, "delayed")
    assert answer.value["marketDataType"] == 3
    assert answer.value["bid"] < answer.value["ask"]
    talk.ask("market_data", contract=IBM, until=["bid"], data_type=1)


@check("a snapshot ends by itself")
def snapshot(talk: Conversation) -> None:
    sane(talk.ask("snapshot", contract=MSFT).value)


@check("a regulatory snapshot is refused")
def regulatory(talk: Conversation) -> None:
    talk.ask("market_data", contract=MSFT, until=["bid"], regulatory=True).refused(10089, "snapshot")


# ------------------------------------------------------------------ tick by tick
@each("tick-by-tick {}", ["Last", "AllLast"])
def prints(talk: Conversation, kind: str) -> None:
    ticks = talk.ask("tick_by_tick", contract=AAPL, kind=kind, want=5).value
    assert [tick["time"] for tick in ticks] == sorted(tick["time"] for tick in ticks)
    assert all(tick["price"] > 0 and tick["size"] > 0 for tick in ticks)
    assert all(tick["exchange"] for tick in ticks)


@check("tick-by-tick BidAsk")
def quotes(talk: Conversation) -> None:
    for tick in talk.ask("tick_by_tick", contract=AAPL, kind="BidAsk", want=5).value:
        assert 0 < tick["bidPrice"] < tick["askPrice"]
        assert tick["bidSize"] > 0


@check("tick-by-tick MidPoint")
def middles(talk: Conversation) -> None:
    ticks = talk.ask("tick_by_tick", contract=AAPL, kind="MidPoint", want=3).value
    assert all(tick["midPoint"] > 0 for tick in ticks)


@check("tick-by-tick with past prints first")
def past_prints(talk: Conversation) -> None:
    ticks = talk.ask("tick_by_tick", contract=AAPL, kind="Last", want=20, past=20).value
    assert len(ticks) >= 20


@check("tick-by-tick trades of a currency pair are refused")
def pair_prints(talk: Conversation) -> None:
    talk.ask("tick_by_tick", contract=EUR, kind="Last", want=1).refused(10189)


# ------------------------------------------------------------------ depth
def believable(answer: Answer, rows: int) -> None:
    book = answer.value
    bids, asks = [row["price"] for row in book["bids"]], [row["price"] for row in book["asks"]]
    assert bids == sorted(bids, reverse=True)
    assert asks == sorted(asks)
    assert bids[0] < asks[0]
    assert len(bids) <= rows
    assert len(asks) <= rows
    assert all(row["size"] > 0 for row in book["bids"] + book["asks"])


@check("a book by position: inserts, updates, deletes")
def depth(talk: Conversation) -> None:
    answer = talk.ask("depth", contract={**AAPL, "exchange": "NASDAQ"}, rows=5, smart=False, changes=60)
    believable(answer, 5)
    assert {0, 2} <= set(answer.value["operations"])


@check("a smart book names its venues")
def smart_depth(talk: Conversation) -> None:
    answer = talk.ask("depth", contract=SPY, rows=10, smart=True, changes=40)
    believable(answer, 10)
    assert len({row["marketMaker"] for row in answer.value["bids"] + answer.value["asks"]}) > 1


@check("a book of no rows is refused")
def no_rows(talk: Conversation) -> None:
    talk.ask("depth", contract=AAPL, rows=0, smart=False, changes=1).refused(321, "rows")


# ------------------------------------------------------------------ option computations on request
@check("implied volatility of a price and back")
def there_and_back(talk: Conversation) -> None:
    option, spot = talk.memory["option"], talk.memory["strike"]
    priced = talk.ask("calculate", contract=option, under=spot, volatility=0.3).value
    assert priced["optPrice"] > 0
    solved = talk.ask("calculate", contract=option, under=spot, price=priced["optPrice"]).value
    assert close_to(solved["impliedVol"], 0.3, 1e-4)
    assert close_to(solved["undPrice"], spot)


@check("a calculation on a stock is refused")
def not_an_option(talk: Conversation) -> None:
    talk.ask("calculate", contract=AAPL, under=240, volatility=0.3).refused(321, "option")


@check("a price that no volatility gives is refused")
def impossible(talk: Conversation) -> None:
    talk.ask("calculate", contract=talk.memory["option"], under=240, price=10_000).refused(321)
