# SPDX-License-Identifier: Apache-2.0
"""Bars as they come from history and from the live feed, and the studies over them."""

from dataclasses import replace

import numpy as np
import pytest

from terminal.indicators import batch
from terminal.model.ids import InstrumentId
from terminal.model.instrument import Session
from terminal.model.market import Bar
from widgets.chart.model import ChartModel
from widgets.chart.series import BarSeries, Change, session_numbers
from widgets.chart.study_lines import StudyChoice

NS = 1_000_000_000
START = 1_773_700_200 * NS


def bar(place: int, close: float, *, volume: float = 10, high: float | None = None, seconds: int = 60) -> Bar:
    top = close + 1 if high is None else high
    return Bar(
        instrument_id=InstrumentId("X"),
        seconds=seconds,
        start_ns=START + place * seconds * NS,
        open=close - 0.5,
        high=top,
        low=close - 1,
        close=close,
        volume=volume,
    )


def walk(count: int) -> list[Bar]:
    rng = np.random.default_rng(4)
    return [
        bar(i, float(c), volume=float(v))
        for i, (c, v) in enumerate(
            zip(100 + np.cumsum(rng.normal(0, 1, count)), rng.integers(0, 50, count), strict=True)
        )
    ]


def test_the_newest_bar_grows_and_the_next_one_closes_it() -> None:
    series = BarSeries(60)
    series.load([bar(0, 10), bar(1, 11)])
    assert len(series) == 2
    assert len(series.pyramid) == 1
    assert series.put(bar(1, 12)) is Change.LIVE
    assert series.put(bar(1, 12)) is Change.NOTHING
    assert series.put(bar(2, 13)) is Change.CLOSED
    assert [series.row(i).close for i in range(3)] == [10, 12, 13]
    assert series.times.tolist() == [START, START + 60 * NS, START + 120 * NS]


def test_an_older_bar_corrects_or_fills_a_hole() -> None:
    series = BarSeries(60)
    series.load([bar(0, 10), bar(2, 12), bar(3, 13)])
    assert series.put(bar(2, 20)) is Change.ALL
    assert series.put(bar(1, 11)) is Change.ALL
    assert [series.row(i).close for i in range(4)] == [10, 11, 20, 13]
    assert series.put(bar(1, 11)) is Change.NOTHING
    assert series.live is not None
    assert series.live.row.close == 13


def test_loading_sorts_and_keeps_the_last_word_on_each_bar() -> None:
    series = BarSeries(60)
    series.load([bar(1, 11), bar(0, 10), bar(1, 99)])
    assert [series.row(i).close for i in range(2)] == [10, 99]


def test_live_bars_one_by_one_equal_a_load() -> None:
    bars = walk(700)
    live, loaded = BarSeries(60), BarSeries(60)
    for item in bars:
        live.put(replace(item, close=item.open, high=item.high, volume=0))
        live.put(item)
    loaded.load(bars)
    assert np.array_equal(live.times, loaded.times)
    assert np.array_equal(live.pyramid.closed().high, loaded.pyramid.closed().high)
    assert np.array_equal(live.prices, loaded.prices)
    assert live.extremes(0, 700) == loaded.extremes(0, 700)
    assert live.tail(3) == loaded.tail(3)


def test_bars_of_another_length_or_without_numbers_are_refused() -> None:
    series = BarSeries(60)
    with pytest.raises(ValueError, match="must last 60 s, was 300 s"):
        series.put(bar(0, 1, seconds=300))
    with pytest.raises(ValueError, match="finite"):
        series.load([bar(0, float("nan"))])


def test_index_at() -> None:
    series = BarSeries(60)
    series.load([bar(0, 10), bar(5, 11)])
    assert series.index_at(START - 1) is None
    assert series.index_at(START + 90 * NS) == 0
    assert series.index_at(START + 300 * NS) == 1


def test_sessions_number_bars_and_leave_the_night_out() -> None:
    times = START + np.arange(6) * 60 * NS
    sessions = [
        Session(start_ns=START + 60 * NS, end_ns=START + 180 * NS),
        Session(start_ns=START + 240 * NS, end_ns=START + 999 * NS),
    ]
    assert session_numbers(times, 60, sessions, "UTC").tolist() == [-1, 0, 0, -1, 1, 1]
    assert set(session_numbers(times, 86_400, sessions, "UTC").tolist()) == {-1.0}
    assert len(set(session_numbers(times, 60, [], "UTC").tolist())) == 1


@pytest.mark.parametrize("name", ["sma", "ema", "vwap"])
def test_studies_extended_live_equal_a_rebuild(name: str) -> None:
    bars = walk(400)
    choice = StudyChoice(name=name, color="study.s1", parameters={} if name == "vwap" else {"period": 9})
    live, whole = ChartModel(60), ChartModel(60)
    for model in (live, whole):
        model.set_studies([choice])
        model.set_sessions([Session(start_ns=START + 50 * 60 * NS, end_ns=START + 350 * 60 * NS)])
    live.set_bars(bars[:120], reset=True)
    for item in bars[120:]:
        live.set_bars([item], reset=False)
    whole.set_bars(bars, reset=True)
    np.testing.assert_allclose(live.studies[0].values, whole.studies[0].values, rtol=1e-12)
    before, after = live.live_values()[0], whole.live_values()[0]
    assert before == (after if after is None else pytest.approx(after))


def test_the_live_value_is_what_the_closed_bar_will_have() -> None:
    bars = walk(60)
    model = ChartModel(60)
    model.set_studies([StudyChoice(name="ema", color="study.s1", parameters={"period": 20})])
    model.set_bars(bars, reset=True)
    close = np.array([item.close for item in bars])
    assert model.live_values()[0] == pytest.approx(batch("ema", {"close": close}, period=20)[-1])


def test_the_legend_has_the_bar_and_its_studies() -> None:
    model = ChartModel(60)
    model.set_bars(walk(60), reset=True)
    legend = model.legend(3)
    assert legend.row is not None
    assert legend.row.close == model.series.row(3).close
    labels = [(choice.label, value) for choice, value in legend.studies]
    assert labels[0] == ("EMA 20", None)
    assert labels[1][0] == "VWAP"
    assert ChartModel(60).legend(None).row is None
