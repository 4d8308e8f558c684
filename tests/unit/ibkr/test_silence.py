# SPDX-License-Identifier: Apache-2.0
"""Silent lines over a real socket: who is asked, how, how often, and what an answer means."""

import gc
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from brokers.ibkr import codes
from brokers.ibkr.silence import ALONE_NS, LONGEST_ALONE_NS, LONGEST_NS, Pulse
from terminal.clock import NS_PER_S
from terminal.model.enums import LinkState
from terminal.model.events import DataNotice, QuotesFrozen
from terminal.model.market import Quote
from tests.unit.ibkr.harness import AAPL, MSFT, Desk, desk

SNAPSHOT = -4  # of reqMktData's fields: generic ticks, snapshot, regulatory snapshot, options


def _snapshots(one: Desk) -> list[list[str]]:
    return [fields for fields in one.tws.all(1) if fields[SNAPSHOT + 1] == "1"]


def _streams(one: Desk) -> list[list[str]]:
    return [fields for fields in one.tws.all(1) if fields[SNAPSHOT + 1] == "0"]


async def _talk(one: Desk, *lines: str, words: int = 10, every_s: float = 0.5) -> None:
    """Let lines speak in a steady rhythm."""
    for number in range(words):
        for req_id in lines:
            one.tws.send(1, 6, req_id, 1, 100 + number % 2, 5, 0)
        await one.heard.first(Quote, len(one.heard.of(Quote)) + len(lines))
        one.clock.advance(every_s)


async def _silent(one: Desk) -> str:
    """Subscribe, let it speak, and step until it is asked about; return the question's id."""
    one.broker.subscribe_quote(AAPL)
    stream = (await one.tws.request(1))[2]
    await _talk(one, stream)
    await one.step_until(lambda: bool(_snapshots(one)))
    return _snapshots(one)[0][2]


def test_a_pulse_is_patient_by_its_own_rhythm() -> None:
    busy, slow, new = Pulse(), Pulse(), Pulse()
    for number in range(200):
        busy.beat(number * NS_PER_S // 4)
        slow.beat(number * 60 * NS_PER_S)
    assert busy.patience_ns == ALONE_NS
    assert slow.patience_ns == LONGEST_ALONE_NS
    assert new.patience_ns == 60 * NS_PER_S
    busy.answers = 20
    assert busy.patience_ns == LONGEST_NS


async def test_packets_of_one_burst_are_one_word() -> None:
    async with desk() as one:
        await one.ready()
        one.broker.subscribe_quote(AAPL)
        stream = (await one.tws.request(1))[2]
        for _ in range(60):
            await _talk(one, stream, words=4, every_s=0.001)  # an even number: the next burst begins with a change
            one.clock.advance(0.996)
        pulse = one.ibkr._market._lines[AAPL.id].pulse
        assert pulse.beats == 60
        assert pulse.gap_ns == pytest.approx(NS_PER_S, rel=0.05)


async def test_the_same_prices_mean_that_the_market_is_quiet() -> None:
    async with desk() as one:
        await one.ready()
        question = await _silent(one)
        one.tws.send(1, 6, question, 1, 101, 5, 0)
        one.tws.send(57, 1, question)
        await one.step_until(lambda: len(_snapshots(one)) == 2)
        assert one.heard.of(QuotesFrozen) == []
        assert len(_streams(one)) == 1
        assert [fields[2] for fields in one.tws.all(2)] == [question]


async def test_another_price_means_that_the_stream_hangs() -> None:
    async with desk() as one:
        await one.ready()
        question = await _silent(one)
        one.tws.send(1, 6, question, 1, 250, 5, 0)
        await one.step_until(lambda: bool(one.heard.of(QuotesFrozen)))
        assert one.heard.of(QuotesFrozen)[0].instrument_ids == (AAPL.id,)
        await one.step_until(lambda: len(_streams(one)) == 2)
        told = [notice for notice in one.heard.of(DataNotice) if notice.code == codes.QUOTES_FROZEN]
        assert [(notice.channel, notice.severity) for notice in told] == [("quote", "warn")]


async def test_a_price_that_just_changed_is_no_fault() -> None:
    async with desk() as one:
        await one.ready()
        question = await _silent(one)
        stream = _streams(one)[0][2]
        one.tws.send(1, 6, question, 1, 250, 5, 0)
        one.tws.send(1, 6, stream, 1, 250, 5, 0)
        await one.heard.first(Quote, len(one.heard.of(Quote)) + 1)
        for _ in range(8):
            await one.settle()
            one.clock.advance(0.5)
        assert one.heard.of(QuotesFrozen) == []


async def test_no_answer_means_that_it_hangs_and_it_is_tried_ever_less() -> None:
    async with desk() as one:
        await one.ready()
        await _silent(one)
        await one.step_until(lambda: bool(one.heard.of(QuotesFrozen)), limit_s=4)
        await one.step_until(lambda: len(_streams(one)) == 4, limit_s=25)
        assert await one.step_until(lambda: len(_streams(one)) == 5, limit_s=70) > 55
        stream = _streams(one)[-1][2]
        await _talk(one, stream, words=2)
        assert len(one.heard.of(QuotesFrozen)) == 1
        await one.step_until(lambda: len(_snapshots(one)) == 2, limit_s=30)


@pytest.mark.parametrize("code", [101, 354])
async def test_a_snapshot_that_may_not_be_had_is_asked_of_the_stream_itself(code: int) -> None:
    async with desk() as one:
        await one.ready()
        question = await _silent(one)
        one.tws.send(4, 2, question, code, "refused", "")
        await one.step_until(lambda: len(_streams(one)) == 2)
        one.tws.send(1, 6, _streams(one)[1][2], 1, 100, 5, 0)
        await one.heard.first(Quote, len(one.heard.of(Quote)) + 1)
        await one.settle()
        one.clock.advance(3)
        assert one.heard.of(QuotesFrozen) == []
        told = {notice.code for notice in one.heard.of(DataNotice)}
        assert told <= {codes.CLOCK_DRIFT}, "a question of ours is nobody's business"


async def test_with_all_lines_in_use_the_stream_itself_is_asked() -> None:
    async with desk() as one:
        await one.broker.connect(replace(one.settings(), market_data_lines=1))
        await one.step_until(lambda: one.broker.link is LinkState.READY)
        one.broker.subscribe_quote(AAPL)
        await one.step_until(lambda: bool(_streams(one)))
        await _talk(one, _streams(one)[0][2])
        await one.step_until(lambda: len(_streams(one)) == 2)
        assert _snapshots(one) == []


async def test_lines_that_are_silent_together_are_asked_about_once() -> None:
    async with desk() as one:
        await one.ready()
        one.broker.subscribe_quote(AAPL)
        one.broker.subscribe_quote(MSFT)
        await one.tws.request(1, 2)
        await _talk(one, *[fields[2] for fields in _streams(one)], words=40)
        waited = await one.step_until(lambda: bool(_snapshots(one)))
        assert waited <= 6
        await one.step_until(lambda: bool(one.heard.of(QuotesFrozen)))
        assert set(one.heard.of(QuotesFrozen)[0].instrument_ids) == {AAPL.id, MSFT.id}
        assert len(_snapshots(one)) == 1
        assert sum(notice.code == codes.QUOTES_FROZEN for notice in one.heard.of(DataNotice)) == 1


async def _unsubscribe(one: Desk) -> None:
    one.broker.unsubscribe_quote(AAPL.id)


async def _give_up(one: Desk) -> None:
    await one.step_until(lambda: bool(one.heard.of(QuotesFrozen)))
    one.broker.unsubscribe_quote(AAPL.id)


@pytest.mark.parametrize("end", [_unsubscribe, _give_up])
async def test_a_question_leaves_nothing_in_the_library(end: Callable[[Desk], Awaitable[None]]) -> None:
    async with desk() as one:
        await one.ready()
        connection = one.ibkr._session.connection
        assert connection is not None
        await _silent(one)
        await end(one)
        for _ in range(4):
            one.clock.advance(0.5)
            await one.settle()
        gc.collect()
        wrapper = connection.wrapper
        assert not wrapper.tickers
        assert not wrapper.reqId2Ticker
        assert not any(wrapper.ticker2ReqId.values())
