# SPDX-License-Identifier: Apache-2.0
"""History: reading, pacing, refusals by their text, and streams that come back."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from brokers.ibkr import codes
from brokers.ibkr.pacing import HistoryPacing
from brokers.ibkr.series import BAR_SIZES, duration_text
from terminal.clock import NS_PER_S
from terminal.errors import BrokerError, LinkLostError, PacedError, RefusedError
from terminal.model.enums import AssetClass, BarSource, LinkState
from terminal.model.events import DataNotice
from terminal.model.instrument import Instrument, Session
from terminal.model.market import Bar
from tests.unit.ibkr.harness import AAPL, MSFT, Desk, StepClock, desk

T0 = 1_699_999_200  # on a minute
END, SIZE, DURATION, REGULAR, WHAT, FORMAT, KEEP = 15, 16, 17, 18, 19, 20, 21


def row(epoch: object, close: float = 101.0) -> tuple[object, ...]:
    return (epoch, 100.0, 102.0, 99.0, close, 1500, 100.5, 12)


def answer(req_id: object, *rows: tuple[object, ...]) -> list[object]:
    return [17, req_id, "s", "e", len(rows), *(field for one in rows for field in one)]


async def minute_bars(one: Desk, end_ns: int | None = None) -> Sequence[Bar]:
    return await one.broker.bars(AAPL, seconds=60, duration_s=3600, end_ns=end_ns)


async def test_bars_are_asked_in_epoch_and_read_in_order_of_time() -> None:
    async with desk() as one:
        await one.ready()
        one.tws.answers["20"] = lambda f: [answer(f[1], row(T0 + 60), row(T0), row(T0, 101.5))]
        bars = await minute_bars(one)
        assert [(bar.start_ns // NS_PER_S, bar.close) for bar in bars] == [(T0, 101.5), (T0 + 60, 101.0)]
        assert (bars[0].open, bars[0].high, bars[0].low, bars[0].volume) == (100.0, 102.0, 99.0, 1500.0)
        assert (bars[0].vwap, bars[0].count, bars[0].closed, bars[0].source) == (100.5, 12, True, BarSource.TRADES)
        sent = one.tws.all(20)[0]
        assert [sent[i] for i in (END, SIZE, DURATION, REGULAR, WHAT, FORMAT, KEEP)] == [
            "",
            "1 min",
            "3600 S",
            "1",
            "TRADES",
            "2",
            "0",
        ]


async def test_the_growing_bar_is_not_closed_and_an_end_is_asked_in_utc() -> None:
    async with desk() as one:
        await one.ready()
        now = one.clock.now_ns() // NS_PER_S
        one.tws.answers["20"] = lambda f: [answer(f[1], row(now - 120), row(now - 20))]
        assert [bar.closed for bar in await minute_bars(one)] == [True, False]
        assert [bar.closed for bar in await minute_bars(one, end_ns=one.clock.now_ns())] == [True, True]
        assert one.tws.all(20)[1][END] == "20231114-22:13:20"


async def test_daily_bars_start_at_midnight_of_the_exchange() -> None:
    async with desk() as one:
        await one.ready()
        one.tws.answers["20"] = lambda f: [answer(f[1], row("20231103"), row("20231106"))]
        bars = await one.broker.bars(AAPL, seconds=86400, duration_s=86400 * 10)
        assert [bar.start_ns // NS_PER_S for bar in bars] == [
            1698984000,
            1699246800,
        ]  # before and after the clocks change
        assert one.tws.all(20)[0][DURATION] == "10 D"


def test_every_bar_size_and_duration_has_ibkrs_words() -> None:
    assert list(BAR_SIZES) == [
        1,
        5,
        10,
        15,
        30,
        60,
        120,
        180,
        300,
        600,
        900,
        1200,
        1800,
        3600,
        7200,
        14400,
        28800,
        86400,
    ]
    assert duration_text(1800, 5) == "1800 S"
    assert duration_text(86400, 60) == "86400 S"
    assert duration_text(86401, 60) == "2 D"
    assert duration_text(86400, 86400) == "1 D"
    assert duration_text(86400 * 800, 86400) == "3 Y"


async def test_a_wrong_bar_size_is_refused_before_anything_is_sent() -> None:
    async with desk() as one:
        await one.ready()
        with pytest.raises(RefusedError, match="was 7"):
            await one.broker.bars(AAPL, seconds=7, duration_s=60)
        with pytest.raises(RefusedError, match="positive"):
            await one.broker.bars(AAPL, seconds=60, duration_s=0)


async def test_no_data_is_an_empty_answer() -> None:
    async with desk() as one:
        await one.ready()
        text = "Historical Market Data Service error message:HMDS query returned no data: AAPL@SMART Trades"
        one.tws.answers["20"] = lambda f: [(4, 2, f[1], 162, text, "")]
        assert list(await minute_bars(one)) == []
        assert not one.heard.of(DataNotice)


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (162, "Historical Market Data Service error message:No market data permissions for NYSE STK"),
        (200, "No security definition has been found for the request"),
        (321, "Error validating request: invalid step"),
    ],
)
async def test_a_refusal_reaches_the_caller_and_is_not_told_twice(code: int, text: str) -> None:
    async with desk() as one:
        await one.ready()
        one.tws.answers["20"] = lambda f: [(4, 2, f[1], code, text, "")]
        with pytest.raises(RefusedError, match=str(code)):
            await minute_bars(one)
        assert not one.heard.of(DataNotice)


async def test_pacing_waits_and_asks_again() -> None:
    async with desk() as one:
        await one.ready()
        text = "Historical Market Data Service error message:API historical data query cancelled: pacing violation"
        one.tws.answers["20"] = lambda f: (
            [answer(f[1], row(T0))] if len(one.tws.all(20)) > 1 else [(4, 2, f[1], 162, text, "")]
        )
        task = one.task(one.broker.bars(AAPL, seconds=60, duration_s=3600))
        stepped = await one.step_until(task.done)
        assert len(await task) == 1
        assert stepped >= 14.75


async def test_pacing_that_never_ends_is_an_error_in_the_end() -> None:
    async with desk() as one:
        await one.ready()
        one.tws.answers["20"] = lambda f: [(4, 2, f[1], 162, "pacing violation", "")]
        task = one.task(one.broker.bars(AAPL, seconds=60, duration_s=3600))
        await one.step_until(task.done)
        with pytest.raises(PacedError):
            await task


async def test_no_answer_ends_in_time_and_cancels_the_question() -> None:
    async with desk() as one:
        await one.ready()
        task = one.task(one.broker.bars(AAPL, seconds=60, duration_s=3600))
        await one.tws.request(20)
        assert await one.step_until(task.done) <= 30.25
        with pytest.raises(BrokerError, match="within 30 s"):
            await task
        await one.tws.request(25)


@pytest.mark.parametrize("rows", [(row("x"),), (row(T0, float("nan")),), (("1",),)])
async def test_unreadable_bars_are_an_error_at_once(rows: tuple[tuple[object, ...], ...]) -> None:
    async with desk() as one:
        await one.ready()
        one.tws.answers["20"] = lambda f: [answer(f[1], *rows)]
        with pytest.raises(BrokerError, match="could not be read"):
            await minute_bars(one)


async def test_bars_break_with_their_connection_and_are_refused_without_one() -> None:
    async with desk() as one:
        await one.ready()
        task = one.task(one.broker.bars(AAPL, seconds=60, duration_s=3600))
        await one.tws.request(20)
        one.tws.reset_connection()
        with pytest.raises(LinkLostError):
            await task
        with pytest.raises(LinkLostError):
            await minute_bars(one)


# ---------------------------------------------------------------- pacing
async def paced(clock: StepClock, pacing: HistoryPacing, one: Desk, keys: list[tuple[int, str]]) -> list[float]:
    """Enter with each (bar seconds, contract); return when each got in, in seconds."""
    start, times = clock.monotonic_ns(), list[float]()
    for number, (seconds, contract) in enumerate(keys):
        task = one.task(pacing.enter(seconds=seconds, contract=contract, key=(contract, number)))
        await one.step_until(task.done, limit_s=900)
        pacing.leave()
        times.append((clock.monotonic_ns() - start) / NS_PER_S)
    return times


async def test_sixty_small_requests_in_ten_minutes_are_the_most() -> None:
    async with desk() as one:
        pacing = HistoryPacing(one.clock)
        times = await paced(one.clock, pacing, one, [(5, f"S{n}") for n in range(61)])
        assert times[59] < 1.0
        assert times[60] >= 600.0


async def test_six_for_one_contract_in_two_seconds_never_happen() -> None:
    async with desk() as one:
        times = await paced(one.clock, HistoryPacing(one.clock), one, [(5, "AAPL")] * 12)
        assert all(later - earlier >= 2.0 for earlier, later in zip(times, times[4:], strict=False))


async def test_an_identical_small_request_waits_fifteen_seconds_and_minute_bars_never() -> None:
    async with desk() as one:
        pacing = HistoryPacing(one.clock)
        for seconds, least in ((5, 15.0), (60, 0.0)):
            stepped = 0.0
            for _ in range(2):
                task = one.task(pacing.enter(seconds=seconds, contract="A", key=("same", seconds)))
                stepped = await one.step_until(task.done)
                pacing.leave()
            assert least <= stepped <= least + 1


async def test_fifty_open_requests_are_the_most() -> None:
    async with desk() as one:
        pacing = HistoryPacing(one.clock)
        for number in range(50):
            await pacing.enter(seconds=60, contract=f"S{number}", key=(number,))
        waiting = one.task(pacing.enter(seconds=60, contract="more", key=("more",)))
        await one.step_until(lambda: one.clock.monotonic_ns() > 0)
        assert not waiting.done()
        pacing.leave()
        await waiting


# ---------------------------------------------------------------- streams
class Chart:
    def __init__(self) -> None:
        self.calls: list[tuple[list[tuple[int, float, bool]], bool]] = []

    def __call__(self, bars: Sequence[Bar], reset: bool) -> None:
        self.calls.append(([(bar.start_ns // NS_PER_S - T0, bar.close, bar.closed) for bar in bars], reset))


async def stream(one: Desk, chart: Chart, instrument: Instrument = AAPL) -> str:
    one.broker.keep_bars(instrument, seconds=60, duration_s=3600, regular_hours_only=True, sink=chart)
    await one.tws.until(lambda: bool(one.tws.all(20)))
    return one.tws.all(20)[-1][1]


def update(req_id: str, epoch: int, close: float) -> tuple[object, ...]:
    return (90, req_id, 12, epoch, 100.0, close, 102.0, 99.0, 100.5, 1500)


async def test_a_stream_starts_with_a_reset_grows_and_closes_its_bars() -> None:
    async with desk() as one:
        await one.ready()
        one.clock.advance_to((T0 + 90) * NS_PER_S) if one.clock.now_ns() < (T0 + 90) * NS_PER_S else None
        chart = Chart()
        req_id = await stream(one, chart)
        assert one.tws.all(20)[0][KEEP] == "1"
        now = one.clock.now_ns() // NS_PER_S // 60 * 60
        one.tws.send(*answer(req_id, row(now - 60), row(now)))
        one.tws.send(*update(req_id, now, 101.2))
        one.tws.send(*update(req_id, now + 60, 101.3))
        one.tws.send(*update(req_id, now, 90.0))
        one.tws.send(*update(req_id, now + 60, 101.4))
        await one.tws.until(lambda: True)
        await one.step_until(lambda: len(chart.calls) >= 4)
        shown = [([(start + T0 - now, close, closed) for start, close, closed in bars], r) for bars, r in chart.calls]
        assert shown == [
            ([(-60, 101.0, True), (0, 101.0, False)], True),
            ([(0, 101.2, False)], False),
            ([(0, 101.2, True), (60, 101.3, False)], False),
            ([(60, 101.4, False)], False),
        ]


async def test_a_stream_comes_back_after_a_reconnect_with_a_reset() -> None:
    async with desk() as one:
        await one.ready()
        chart = Chart()
        one.tws.answers["20"] = lambda f: [answer(f[1], row(T0))]
        await stream(one, chart)
        await one.step_until(lambda: len(chart.calls) == 1)
        one.tws.reset_connection()
        await one.heard.link(LinkState.RECONNECTING)
        await one.step_until(lambda: len(chart.calls) == 2)
        assert chart.calls[1] == ([(0, 101.0, True)], True)


@pytest.mark.parametrize("code", [10182, 10225])
async def test_an_interrupted_stream_is_asked_for_again_once(code: int) -> None:
    async with desk() as one:
        await one.ready()
        chart = Chart()
        one.tws.answers["20"] = lambda f: [answer(f[1], row(T0))]
        req_id = await stream(one, chart)
        one.tws.send(4, 2, req_id, code, "Failed to request live updates (disconnected).", "")
        notice = await one.heard.first(DataNotice)
        assert (notice.code, notice.channel, notice.instrument_id) == (code, "history", AAPL.id)
        await one.step_until(lambda: len(chart.calls) == 2)
        assert len(one.tws.all(20)) == 2
        assert len(one.tws.all(25)) == 1


async def test_a_closed_stream_is_silent_and_does_not_come_back() -> None:
    async with desk() as one:
        await one.ready()
        chart = Chart()
        kept = one.broker.keep_bars(AAPL, seconds=60, duration_s=3600, regular_hours_only=True, sink=chart)
        req_id = (await one.tws.request(20))[1]
        kept.close()
        kept.close()
        await one.tws.request(25)
        one.tws.send(*answer(req_id, row(T0)))
        one.tws.reset_connection()
        await one.heard.link(LinkState.RECONNECTING)
        await one.step_until(lambda: one.broker.link is LinkState.READY)
        one.broker.subscribe_quote(MSFT)
        await one.tws.request(1)
        assert len(one.tws.all(20)) == 1
        assert not chart.calls


async def test_forex_streams_midpoints() -> None:
    async with desk() as one:
        await one.ready()
        await stream(one, Chart(), replace(AAPL, asset_class=AssetClass.FOREX))
        assert one.tws.all(20)[0][WHAT] == "MIDPOINT"


async def test_a_stream_without_data_shows_an_empty_chart() -> None:
    async with desk() as one:
        await one.ready()
        chart = Chart()
        req_id = await stream(one, chart)
        one.tws.send(4, 2, req_id, 162, "HMDS query returned no data", "")
        await one.step_until(lambda: bool(chart.calls))
        assert chart.calls == [([], True)]


async def test_a_stream_without_data_is_asked_for_again() -> None:
    """Before the first print of a day there is nothing; a little later there is."""
    async with desk() as one:
        await one.ready()
        chart = Chart()
        req_id = await stream(one, chart)
        one.tws.send(4, 2, req_id, 162, "HMDS query returned no data", "")
        await one.step_until(lambda: len(one.tws.all(20)) == 2, limit_s=30)


# ---------------------------------------------------------------- real-time bars
def five(req_id: str, epoch: int, close: float) -> tuple[object, ...]:
    return (50, 3, req_id, epoch, 100.0, 102.0, 99.0, close, 1500, 100.5, 12)


async def five_seconds(one: Desk, chart: Chart) -> tuple[str, str]:
    """Follow bars of five seconds; return the numbers of the question for history and of that for bars."""
    one.broker.keep_bars(AAPL, seconds=5, duration_s=600, regular_hours_only=True, sink=chart)
    live = (await one.tws.request(50))[2]
    return one.tws.all(20)[-1][1], live


async def test_bars_of_five_seconds_grow_by_real_time_bars() -> None:
    async with desk() as one:
        await one.ready()
        chart = Chart()
        history, live = await five_seconds(one, chart)
        assert one.tws.all(20)[0][KEEP] == "0"
        now = one.clock.now_ns() // NS_PER_S // 5 * 5
        one.tws.send(*five(live, now - 5, 101.4))  # it ended while history was on its way
        one.tws.send(*answer(history, row(now - 10), row(now - 5)))
        one.tws.send(*five(live, now, 101.6))
        await one.step_until(lambda: len(chart.calls) == 2)
        shown = [([(start + T0 - now, close, closed) for start, close, closed in bars], r) for bars, r in chart.calls]
        assert shown == [([(-10, 101.0, True), (-5, 101.4, True)], True), ([(0, 101.6, True)], False)]


async def test_closed_real_time_bars_are_cancelled_and_history_that_came_is_not() -> None:
    async with desk() as one:
        await one.ready()
        chart = Chart()
        stream = one.broker.keep_bars(AAPL, seconds=5, duration_s=600, regular_hours_only=True, sink=chart)
        live = (await one.tws.request(50))[2]
        one.tws.send(*answer(one.tws.all(20)[0][1], row(T0)))
        await one.step_until(lambda: len(chart.calls) == 1)
        stream.close()
        assert (await one.tws.request(51))[2] == live
        assert not one.tws.all(25)


async def test_real_time_bars_come_back_after_a_reconnect_with_a_reset() -> None:
    async with desk() as one:
        await one.ready()
        chart = Chart()
        one.tws.answers["20"] = lambda f: [answer(f[1], row(T0))]
        await five_seconds(one, chart)
        await one.step_until(lambda: len(chart.calls) == 1)
        one.tws.reset_connection()
        await one.heard.link(LinkState.RECONNECTING)
        await one.step_until(lambda: len(one.tws.all(50)) == 2 and len(chart.calls) == 2)
        assert chart.calls[1] == ([(0, 101.0, True)], True)


async def test_refused_real_time_bars_leave_history_and_say_so() -> None:
    async with desk() as one:
        await one.ready()
        chart = Chart()
        history, live = await five_seconds(one, chart)
        one.tws.send(*answer(history, row(T0)))
        one.tws.send(4, 2, live, 321, "Error validating request", "")
        notice = await one.heard.first(DataNotice)
        assert (notice.code, notice.channel, notice.instrument_id) == (321, "history", AAPL.id)
        assert len(chart.calls) == 1


# ---------------------------------------------------------------- updates that stop
def _now(one: Desk) -> int:
    return one.clock.now_ns() // NS_PER_S // 60 * 60


def _silence_notices(one: Desk) -> list[DataNotice]:
    return [notice for notice in one.heard.of(DataNotice) if notice.code == codes.BARS_SILENT]


async def test_updates_that_stop_are_asked_for_again_within_two_bars() -> None:
    async with desk() as one:
        await one.ready()
        chart = Chart()
        one.tws.answers["20"] = lambda f: [answer(f[1], row(_now(one)))]
        req_id = await stream(one, chart)
        await one.step_until(lambda: len(chart.calls) == 1)
        one.tws.send(*update(req_id, _now(one), 101.5))
        await one.step_until(lambda: len(chart.calls) == 2)
        waited = await one.step_until(lambda: len(one.tws.all(20)) == 2, limit_s=200)
        assert 119 <= waited <= 121
        assert [fields[2] for fields in one.tws.all(25)] == [req_id]
        await one.step_until(lambda: len(chart.calls) == 3)
        assert chart.calls[2][1], "the chart starts again"
        assert [(notice.channel, notice.instrument_id) for notice in _silence_notices(one)] == [("history", AAPL.id)]


async def test_asking_again_in_vain_becomes_rare_and_an_update_makes_it_prompt() -> None:
    async with desk() as one:
        await one.ready()
        chart = Chart()
        first = _now(one)
        one.tws.answers["20"] = lambda f: [answer(f[1], row(first))]
        await stream(one, chart)

        async def asked(times: int) -> float:
            return await one.step_until(lambda: len(one.tws.all(20)) == times, step_s=1, limit_s=2_000)

        waits = [await asked(times) for times in (2, 3, 4, 5)]
        assert waits == pytest.approx([120, 240, 480, 960], abs=3)
        assert _silence_notices(one) == [], "a market without trades is no fault"
        one.tws.send(*update(one.tws.all(20)[-1][1], _now(one), 101.5))
        await one.step_until(lambda: not chart.calls[-1][1])
        assert await one.step_until(lambda: len(one.tws.all(20)) == 6, step_s=1, limit_s=200) <= 121


async def test_updates_of_a_stranger_and_older_ones_are_none() -> None:
    async with desk() as one:
        await one.ready()
        chart = Chart()
        one.tws.answers["20"] = lambda f: [answer(f[1], row(_now(one)))]
        req_id = await stream(one, chart)
        await one.step_until(lambda: len(chart.calls) == 1)
        waited = 0
        while len(one.tws.all(20)) < 2 and waited < 200:
            one.tws.send(*update("999999", _now(one), 101.5))
            one.tws.send(*update(req_id, T0 - 600, 101.5))
            one.clock.advance(1)
            await one.settle()
            waited += 1
        assert waited <= 130


async def test_nothing_is_missing_while_its_market_is_closed() -> None:
    async with desk() as one:
        await one.ready()
        chart = Chart()
        opens = one.clock.now_ns() + 7_200 * NS_PER_S
        closed = replace(AAPL, liquid_hours=(Session(start_ns=opens, end_ns=opens + 7_200 * NS_PER_S),))
        one.tws.answers["20"] = lambda f: [answer(f[1], row(T0))]
        await stream(one, chart, closed)
        waited = await one.step_until(lambda: len(one.tws.all(20)) == 2, step_s=1, limit_s=9_000)
        assert 7_200 <= waited <= 7_200 + 241


async def test_an_answer_that_never_comes_is_asked_for_again_and_told() -> None:
    async with desk() as one:
        await one.ready()
        await stream(one, Chart())
        waited = await one.step_until(lambda: len(one.tws.all(20)) == 2, limit_s=200)
        assert waited <= 121
        assert len(_silence_notices(one)) == 1


async def test_real_time_bars_that_stop_are_asked_for_again() -> None:
    async with desk() as one:
        await one.ready()
        chart = Chart()
        one.tws.answers["20"] = lambda f: [answer(f[1], row(T0))]
        _, live = await five_seconds(one, chart)
        await one.step_until(lambda: len(chart.calls) == 1)
        await one.step_until(lambda: len(one.tws.all(50)) == 2, limit_s=30)
        assert [fields[2] for fields in one.tws.all(51)] == [live]


async def test_a_closed_or_refused_stream_is_not_asked_for_again() -> None:
    async with desk() as one:
        await one.ready()
        kept = one.broker.keep_bars(AAPL, seconds=60, duration_s=3600, regular_hours_only=True, sink=Chart())
        req_id = (await one.tws.request(20))[1]
        one.broker.keep_bars(MSFT, seconds=60, duration_s=3600, regular_hours_only=True, sink=Chart())
        refused = (await one.tws.request(20, 2))[1]
        one.tws.send(*answer(req_id, row(T0)))
        one.tws.send(4, 2, refused, 200, "No security definition", "")
        await one.heard.first(DataNotice)
        kept.close()
        for _ in range(300):
            one.clock.advance(1)
            await one.settle()
        assert len(one.tws.all(20)) == 2
