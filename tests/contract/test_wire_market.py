# SPDX-License-Identifier: Apache-2.0
"""The real market over the wire: what the client shows equals what the market holds."""

from typing import Any

import pytest

from tests.contract.wire_fixtures import AAPL, World


async def test_quotes_book_and_prints_of_the_client_are_those_of_the_market(world: World) -> None:
    ib: Any = await world.client(1)
    stock = world.library.Stock("AAPL", "SMART", "USD")
    line = ib.reqMktData(stock)
    await world.until(lambda: line.last == line.last)  # not a nan any more
    ladder = ib.reqMktDepth(stock, 10)
    prints: list[float] = []

    def note(tickers: Any) -> None:
        prints.extend(tick.size for one in tickers for tick in one.tickByTicks)

    ib.pendingTickersEvent += note
    ib.reqTickByTickData(stock, "AllLast")
    await world.until(lambda: len(prints) > 40)
    world.server.pump.step(0)
    await ib.reqCurrentTimeAsync()  # everything before it has arrived
    top = world.server.exchange.top(AAPL)
    assert (line.bid, line.ask, line.last, line.volume) == (top.bid, top.ask, top.last, top.volume)
    bids, asks = world.server.exchange.book(AAPL, 10)
    assert [(row.price, row.size) for row in ladder.domBids] == [row[:2] for row in bids]
    assert [(row.price, row.size) for row in ladder.domAsks] == [row[:2] for row in asks]
    assert ladder.domBids[0].price == line.bid


async def test_a_kept_up_to_date_bar_ends_as_the_bar_that_history_tells_later(world: World) -> None:
    ib: Any = await world.client(1)
    stock = world.library.Stock("AAPL", "SMART", "USD")
    asked = ("", "1800 S", "1 min", "TRADES", False, 2)
    growing = await ib.reqHistoricalDataAsync(stock, *asked, True)
    assert len(growing) >= 29
    count = len(growing)
    await world.until(lambda: len(growing) >= count + 3, step=1.0)
    later = await ib.reqHistoricalDataAsync(stock, *asked, False)
    told = {bar.date: bar for bar in later}
    for bar in growing[count - 1 : -1]:
        whole = told[bar.date]
        assert (bar.open, bar.high, bar.low, bar.close) == (whole.open, whole.high, whole.low, whole.close)
        assert (bar.volume, bar.barCount) == (whole.volume, whole.barCount)


async def test_five_second_bars_add_up_to_the_minute(world: World) -> None:
    ib: Any = await world.client(1)
    stock = world.library.Stock("SPY", "SMART", "USD")
    bars = ib.reqRealTimeBars(stock, 5, "TRADES", False)
    await ib.reqCurrentTimeAsync()
    await world.until(lambda: len(bars) >= 26, step=1.0)
    start = next(index for index, bar in enumerate(bars) if bar.time.second == 0)
    minute = bars[start : start + 12]
    history = await ib.reqHistoricalDataAsync(stock, "", "600 S", "1 min", "TRADES", False, 2)
    (whole,) = [bar for bar in history if bar.date == minute[0].time]
    assert sum(bar.volume for bar in minute) == whole.volume
    assert (max(bar.high for bar in minute), min(bar.low for bar in minute)) == (whole.high, whole.low)
    assert (minute[0].open_, minute[-1].close) == (whole.open, whole.close)


async def test_every_listed_name_is_found_and_quoted(world: World) -> None:
    ib: Any = await world.client(1)
    library = world.library
    stocks = [library.Stock(name, "SMART", "USD") for name in ("AAPL", "MSFT", "NVDA", "TSLA", "IBM", "SPY", "QQQ")]
    details = await ib.reqContractDetailsAsync(library.Future("ES", exchange="CME"))
    contracts = [*await ib.qualifyContractsAsync(*stocks, library.Forex("EURUSD")), details[0].contract]
    assert len(contracts) == 9
    lines = [ib.reqMktData(contract) for contract in contracts]
    await world.until(lambda: all(line.bid > 0 and line.ask > line.bid for line in lines))
    for contract, line in zip(contracts, lines, strict=True):
        (found,) = await ib.reqContractDetailsAsync(library.Contract(conId=contract.conId))
        for price in (line.bid, line.ask):
            assert round(price / found.minTick, 6) == round(price / found.minTick)


async def test_the_chain_streams_greeks_that_its_own_calculator_confirms(world: World) -> None:
    ib: Any = await world.client(1)
    library = world.library
    stock = library.Stock("AAPL", "SMART", "USD")
    line = ib.reqMktData(stock)
    await world.until(lambda: line.bid > 0)
    (chain,) = [one for one in await ib.reqSecDefOptParamsAsync("AAPL", "", "STK", AAPL) if one.exchange == "SMART"]
    expiry = chain.expirations[2]
    calls = await ib.reqContractDetailsAsync(library.Option("AAPL", expiry, 0, "C", "SMART", currency="USD"))
    strikes = sorted(one.contract.strike for one in calls)
    assert set(strikes) <= set(chain.strikes)
    near = sorted(calls, key=lambda one: abs(one.contract.strike - line.last))[:5]
    contracts = sorted((one.contract for one in near), key=lambda contract: contract.strike)
    options = [ib.reqMktData(contract, "100,101,106") for contract in contracts]
    await world.until(lambda: all(one.modelGreeks and one.bid > 0 for one in options))
    deltas = [one.modelGreeks.delta for one in options]
    assert deltas == sorted(deltas, reverse=True)
    assert all(0 < delta < 1 for delta in deltas)
    for option in options:
        model = option.modelGreeks
        worth = await ib.calculateOptionPriceAsync(option.contract, model.impliedVol, model.undPrice)
        assert worth.optPrice == pytest.approx(model.optPrice, abs=2e-5)  # a second of theta
        assert worth.gamma == pytest.approx(model.gamma, rel=1e-4)
        assert option.bid - 0.1 < model.optPrice < option.ask + 0.1
