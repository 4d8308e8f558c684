# SPDX-License-Identifier: Apache-2.0
"""The adapter where the account has no permission: delayed quotes, marked as such, with the market's own past."""

from collections.abc import Iterator

import pytest

from terminal.clock import NS_PER_S
from terminal.model.enums import DataType
from terminal.model.events import DataNotice, DataTypeChanged
from terminal.model.instrument import Instrument
from terminal.model.market import Depth, Quote, Trade
from terminal.simulation.factory import open_exchange
from tests.contract.ibkr_fixtures import Client, connected, simulator, stock

QUARTER_NS = 900 * NS_PER_S


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with simulator("--seed", "1", "--unsubscribed", "NVDA") as listening:
        yield listening


async def quoted(client: Client, instrument: Instrument) -> Quote:
    """Return a quote with both sides, a last price and the day's volume."""
    client.broker.subscribe_quote(instrument)

    def whole() -> list[Quote]:
        quotes = client.of(Quote, instrument_id=instrument.id)
        return [quote for quote in quotes if None not in (quote.bid, quote.ask, quote.last, quote.volume)]

    await client.until(lambda: bool(whole()))
    return whole()[0]


async def test_live_data_is_refused_in_plain_words(port: int) -> None:
    async with connected(port) as client:
        nvidia = await stock(client, "NVDA")
        client.broker.subscribe_quote(nvidia)
        notice = await client.one(DataNotice, instrument_id=nvidia.id)
        assert (notice.channel, notice.code) == ("quote", 354)
        assert (await quoted(client, await stock(client))).data_type is DataType.LIVE
        assert not client.of(Quote, instrument_id=nvidia.id)


async def test_delayed_quotes_are_the_market_of_a_quarter_of_an_hour_ago(port: int) -> None:
    market = open_exchange(seed=1)
    async with connected(port) as client:
        client.broker.request_data_type(DataType.DELAYED)
        nvidia = await stock(client, "NVDA")
        first = await quoted(client, nvidia)
        assert first.data_type is DataType.DELAYED
        assert (await client.one(DataTypeChanged, instrument_id=nvidia.id)).data_type is DataType.DELAYED
        notice = await client.one(DataNotice, instrument_id=nvidia.id, code=10167)
        assert notice.severity == "warn"
        began = market.now_ns() - QUARTER_NS
        tops = [market.top_at(nvidia.broker_id or 0, began + second * NS_PER_S) for second in range(120)]
        assert (first.bid, first.ask, first.last) in {(top.bid, top.ask, top.last) for top in tops}
        assert tops[0].volume <= (first.volume or 0) <= tops[-1].volume
        assert first.previous_close == tops[0].previous_close

        def moved() -> bool:
            quotes = client.of(Quote, instrument_id=nvidia.id)
            return any((quote.volume or 0) > (first.volume or 0) for quote in quotes)

        await client.until(moved)
        assert {quote.data_type for quote in client.of(Quote, instrument_id=nvidia.id)} == {DataType.DELAYED}
        assert (await quoted(client, await stock(client))).data_type is DataType.LIVE


async def test_choosing_delayed_data_revives_a_refused_line(port: int) -> None:
    async with connected(port) as client:
        nvidia = await stock(client, "NVDA")
        client.broker.subscribe_quote(nvidia)
        await client.one(DataNotice, instrument_id=nvidia.id, code=354)
        client.broker.request_data_type(DataType.DELAYED)
        assert (await quoted(client, nvidia)).data_type is DataType.DELAYED


async def test_neither_prints_nor_a_book_come_without_permission(port: int) -> None:
    async with connected(port) as client:
        client.broker.request_data_type(DataType.DELAYED)
        nvidia = await stock(client, "NVDA")
        client.broker.subscribe_trades(nvidia)
        client.broker.subscribe_depth(nvidia, rows=5)
        await client.one(DataNotice, instrument_id=nvidia.id, code=10189)
        await client.one(DataNotice, instrument_id=nvidia.id, code=354)
        first = await quoted(client, nvidia)

        def traded() -> bool:
            quotes = client.of(Quote, instrument_id=nvidia.id)
            return any((quote.volume or 0) > (first.volume or 0) for quote in quotes)

        await client.until(traded)
        assert not client.of(Trade)
        assert not client.of(Depth)
