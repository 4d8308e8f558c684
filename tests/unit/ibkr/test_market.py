# SPDX-License-Identifier: Apache-2.0
"""Market data over a real socket: quotes, prints, option computations, refusals, and nothing left behind."""

import gc

import pytest

from brokers.ibkr import codes
from terminal.clock import NS_PER_S
from terminal.model.enums import AssetClass, DataType, LinkState, OptionPriceSource, OptionRight
from terminal.model.events import DataNotice, DataTypeChanged, SourceSpoke
from terminal.model.ids import InstrumentId
from terminal.model.instrument import Instrument
from terminal.model.market import OptionQuote, OptionStatistics, Quote, Trade
from tests.unit.ibkr.fake_tws import frame
from tests.unit.ibkr.harness import AAPL, MSFT, Desk, desk

CALL = Instrument(
    id=InstrumentId("AAPL 20240119 C 190"),
    asset_class=AssetClass.OPTION,
    symbol="AAPL",
    right=OptionRight.CALL,
    broker_id=600001,
)
EURUSD = Instrument(
    id=InstrumentId("EUR.USD"), asset_class=AssetClass.FOREX, symbol="EUR", exchange="IDEALPRO", broker_id=12087792
)


async def line(one: Desk, instrument: Instrument = AAPL) -> str:
    """Subscribe level 1; return the request id that the server saw."""
    one.broker.subscribe_quote(instrument)
    await one.tws.until(lambda: bool(one.tws.all(1)))
    return one.tws.all(1)[-1][2]


async def test_one_packet_makes_one_quote_per_changed_instrument() -> None:
    async with desk() as one:
        await one.ready()
        apple = await line(one)
        one.broker.subscribe_quote(MSFT)
        microsoft = (await one.tws.request(1, 2))[2]
        one.tws.send_bytes(
            frame(1, 6, apple, 1, 190.5, 300, 0)
            + frame(1, 6, apple, 2, 190.52, 200, 0)
            + frame(1, 6, apple, 4, 190.51, 100, 0)
            + frame(2, 6, apple, 8, 1000000)
            + frame(1, 6, microsoft, 1, 370.0, 1, 0)
            + frame(1, 6, apple, 9, 189.0, 0, 0)
        )
        await one.heard.first(Quote, 2)
        quotes = {quote.instrument_id: quote for quote in one.heard.of(Quote)}
        assert len(one.heard.of(Quote)) == 2
        apple_quote = quotes[AAPL.id]
        assert (apple_quote.bid, apple_quote.bid_size) == (190.5, 300.0)
        assert (apple_quote.ask, apple_quote.ask_size) == (190.52, 200.0)
        assert (apple_quote.last, apple_quote.last_size, apple_quote.volume) == (190.51, 100.0, 1000000.0)
        assert (apple_quote.previous_close, apple_quote.open, apple_quote.high) == (189.0, None, None)
        assert (apple_quote.halted, apple_quote.data_type) == (False, DataType.LIVE)
        assert apple_quote.received_ns == one.clock.now_ns()


@pytest.mark.parametrize(("price", "size"), [(-1, 0), (0, 0)])
async def test_no_price_is_absent_with_its_size(price: float, size: float) -> None:
    async with desk() as one:
        await one.ready()
        req_id = await line(one)
        one.tws.send_bytes(frame(1, 6, req_id, 1, price, size, 0) + frame(1, 6, req_id, 2, 190.52, 200, 0))
        quote = await one.heard.first(Quote)
        assert (quote.bid, quote.bid_size, quote.ask) == (None, None, 190.52)


async def test_a_negative_price_of_a_future_is_a_price() -> None:
    async with desk() as one:
        await one.ready()
        req_id = await line(one)
        one.tws.send(1, 6, req_id, 1, -37.63, 5, 0)
        assert (await one.heard.first(Quote)).bid == -37.63


async def test_a_message_cut_into_single_bytes_reads_the_same() -> None:
    async with desk() as one:
        await one.ready()
        req_id = await line(one)
        data = frame(1, 6, req_id, 1, 190.5, 300, 0)
        for index in range(len(data)):
            one.tws.send_bytes(data[index : index + 1])
            await one.step_until(lambda: True)
        assert (await one.heard.first(Quote)).bid == 190.5


async def test_a_burst_of_thousands_in_one_segment_is_read_to_the_end() -> None:
    async with desk() as one:
        await one.ready()
        req_id = await line(one)
        one.tws.send_bytes(b"".join(frame(1, 6, req_id, 1, 100 + n / 100, n + 1, 0) for n in range(5000)))
        await one.heard.until(lambda: any(quote.bid == 149.99 for quote in one.heard.of(Quote)))
        assert len(one.heard.of(Quote)) < 100


async def test_garbage_in_a_tick_costs_only_that_tick() -> None:
    async with desk() as one:
        await one.ready()
        req_id = await line(one)
        one.tws.send_bytes(
            frame(1, 6, req_id, 1, "abc", 1, 0)
            + frame(1, 6, req_id)
            + frame(99, req_id, "x")
            + frame(12345, "unknown")
            + frame(58, 1, "x", "y")
            + frame(1, 6, req_id, 1, 190.5, 1, 0)
        )
        assert (await one.heard.first(Quote)).bid == 190.5
        assert one.broker.link is LinkState.READY
        assert [notice.code for notice in one.heard.of(DataNotice)] == [codes.UNREADABLE]


async def test_delayed_data_say_so() -> None:
    async with desk() as one:
        await one.ready()
        req_id = await line(one)
        one.tws.send(4, 2, req_id, 10167, "Requested market data is not subscribed. Displaying delayed.", "")
        one.tws.send(58, 1, req_id, 3)
        one.tws.send(1, 6, req_id, 66, 190.5, 300, 0)
        quote = await one.heard.first(Quote)
        assert (quote.bid, quote.data_type) == (190.5, DataType.DELAYED)
        changed = await one.heard.first(DataTypeChanged)
        assert (changed.instrument_id, changed.data_type) == (AAPL.id, DataType.DELAYED)
        notice = await one.heard.first(DataNotice)
        assert (notice.instrument_id, notice.channel, notice.code) == (AAPL.id, "quote", 10167)
        assert "Market Data Subscriptions" in notice.way_out


async def test_choosing_delayed_data_asks_open_lines_again() -> None:
    async with desk() as one:
        await one.ready()
        await line(one)
        one.broker.request_data_type(DataType.DELAYED)
        await one.tws.request(1, 2)
        kinds = [fields[0] for fields in one.tws.received]
        assert one.tws.all(59) == [["59", "1", "3"]]
        assert kinds.index("59") < len(kinds) - 1 - kinds[::-1].index("1")


@pytest.mark.parametrize("code", [354, 10089, 10186, 10168, 10197, 101, 200, 19999])
async def test_a_refusal_reaches_the_right_instrument_with_meaning_and_way_out(code: int) -> None:
    async with desk() as one:
        await one.ready()
        req_id = await line(one)
        one.tws.send(4, 2, req_id, code, "IBKR's own words", "")
        notice = await one.heard.first(DataNotice)
        assert (notice.instrument_id, notice.channel, notice.text) == (AAPL.id, "quote", "IBKR's own words")
        assert notice.meaning
        assert notice.way_out or code == 19999


async def test_option_computations_carry_their_source_and_no_sentinels() -> None:
    async with desk() as one:
        await one.ready()
        req_id = await line(one, CALL)
        one.tws.send(21, req_id, 13, 0, 0.25, 0.55, 5.2, -1, 0.03, -2, -2, 190.1)
        model = await one.heard.first(OptionQuote)
        assert model.source is OptionPriceSource.MODEL
        assert (model.implied_volatility, model.delta, model.price, model.gamma) == (0.25, 0.55, 5.2, 0.03)
        assert (model.vega, model.theta, model.pv_dividend, model.underlying_price) == (None, None, None, 190.1)
        one.tws.send(21, req_id, 10, 0, -1, -2, -1, -1, -2, -2, -2, -1)
        bid = await one.heard.first(OptionQuote, 2)
        assert bid.source is OptionPriceSource.BID
        assert {bid.implied_volatility, bid.delta, bid.price, bid.gamma, bid.underlying_price} == {None}
        assert not one.heard.of(Quote), "a computation alone is no quote"


async def test_open_interest_and_volume_are_told_once_per_change() -> None:
    async with desk() as one:
        await one.ready()
        req_id = await line(one, CALL)
        assert one.tws.all(1)[-1][-4] == "100,101"
        for _ in range(2):
            one.tws.send_bytes(frame(2, 6, req_id, 27, 1234) + frame(2, 6, req_id, 8, 55))
            one.tws.send(1, 6, req_id, 1, 5.0, len(one.heard.events), 0)
        await one.heard.first(Quote, 1)
        await one.heard.until(lambda: any(quote.bid is not None for quote in one.heard.of(Quote)))
        told = [(s.open_interest, s.volume) for s in one.heard.of(OptionStatistics)]
        assert told[-1] == (1234.0, 55.0)
        assert len(told) == len(set(told))


async def test_prints_come_with_the_venues_time() -> None:
    async with desk() as one:
        await one.ready()
        one.broker.subscribe_trades(AAPL)
        req_id = (await one.tws.request(97))[1]
        one.tws.send(99, req_id, 2, 1699999990, 190.51, 100, 0, "ISLAND", "@ TI")
        trade = await one.heard.first(Trade)
        assert (trade.price, trade.size, trade.exchange, trade.conditions) == (190.51, 100.0, "ISLAND", "@ TI")
        assert trade.event_ns == 1699999990 * NS_PER_S
        assert trade.aggressor is None


async def test_refused_prints_come_from_level_one_and_that_is_said() -> None:
    async with desk() as one:
        await one.ready()
        one.broker.subscribe_trades(AAPL)
        req_id = (await one.tws.request(97))[1]
        one.tws.send(4, 2, req_id, 10190, "Max number of tick-by-tick requests has been reached.", "")
        level_one = (await one.tws.request(1))[2]
        one.tws.send_bytes(
            frame(1, 6, level_one, 4, 190.5, 100, 0)
            + frame(2, 6, level_one, 5, 100)
            + frame(2, 6, level_one, 5, 40)
            + frame(1, 6, level_one, 4, 190.6, 7, 0)
        )
        await one.heard.first(Trade, 3)
        assert [(trade.price, trade.size) for trade in one.heard.of(Trade)] == [
            (190.5, 100.0),
            (190.5, 40.0),
            (190.6, 7.0),
        ]
        assert not one.heard.of(Quote), "level 1 itself was not asked for"
        assert [notice.code for notice in one.heard.of(DataNotice)] == [codes.TRADES_FALLBACK, 10190]
        one.broker.unsubscribe_trades(AAPL.id)
        await one.tws.request(2)
        assert one.broker.subscriptions() == {"quotes": 0, "depth": 0, "trades": 0}


async def test_contracts_without_prints_are_not_asked_for_them() -> None:
    async with desk() as one:
        await one.ready()
        one.broker.subscribe_trades(EURUSD)
        assert (await one.heard.first(DataNotice)).code == codes.NO_TRADES
        await line(one)
        assert not one.tws.all(97)


async def test_unsubscribing_leaves_nothing_in_the_library() -> None:
    async with desk() as one:
        await one.ready()
        connection = one.ibkr._session.connection
        assert connection is not None
        for _ in range(3):
            req_id = await line(one)
            one.tws.send(1, 6, req_id, 1, 190.5, 300, 0)
            count = len(one.heard.of(Quote)) + 1
            await one.heard.first(Quote, count)
            one.broker.unsubscribe_quote(AAPL.id)
            one.tws.received.clear()
        gc.collect()
        wrapper = connection.wrapper
        assert not wrapper.tickers
        assert not wrapper.reqId2Ticker
        assert not wrapper.trades
        assert not any(wrapper.ticker2ReqId.values())


async def test_subscribing_twice_is_one_line() -> None:
    async with desk() as one:
        await one.ready()
        await line(one)
        one.broker.subscribe_quote(AAPL)
        one.broker.subscribe_quote(MSFT)
        await one.tws.request(1, 2)
        assert len(one.tws.all(1)) == 2
        assert one.broker.subscriptions()["quotes"] == 2


async def test_any_packet_says_that_the_source_speaks_at_most_once_a_second() -> None:
    async with desk() as one:
        await one.ready()
        req_id = await line(one)
        before = len(one.heard.of(SourceSpoke))
        for number in range(5):
            one.tws.send(1, 6, req_id, 1, 100 + number, 5, 0)
            await one.heard.first(Quote, number + 1)
        assert len(one.heard.of(SourceSpoke)) - before <= 1
