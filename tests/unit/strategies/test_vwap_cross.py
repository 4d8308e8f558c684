# SPDX-License-Identifier: Apache-2.0
"""VWAP cross: every rule of its docstring alone, and every parameter's effect."""

import itertools
from collections.abc import Sequence

import pytest

from strategies.vwap_cross import PLUGIN, VwapCross
from terminal.clock import NS_PER_S
from terminal.model.enums import Side
from terminal.registry import Registry
from terminal.strategy.base import StrategyPlugin
from tests.unit.strategies.stage import MINUTE, Stage, bars, new_york

OPEN = new_york(6, 9, 30)
UP = [100.0] * 10 + [101.0] * 10 + [100.2, 101.0]
"""Above its average price for ten minutes, one close below it, back above: the trend is up all along."""
UP_LATE = [100.0] * 10 + [99.0] * 10 + [101.0]
"""A cross to above out of ten low closes: the average of nine still lies below."""


def mirrored(closes: Sequence[float]) -> list[float]:
    return [200.0 - close for close in closes]


def run(closes: Sequence[float], *, start_ns: int = OPEN, stage: Stage | None = None, **values: float) -> Stage:
    stage = stage or Stage()
    strategy = VwapCross(values)
    stage.feed(strategy, *bars(closes, start_ns=start_ns))
    return stage


def average_true_range(closes: Sequence[float], reach: float, period: int) -> float:
    """Wilder's average, written once more: the mean of the first ``period`` ranges, then 1/period of each new one."""
    ranges = [2 * reach]
    for before, now in itertools.pairwise(closes):
        ranges.append(max(now + reach, before) - min(now - reach, before))
    value = sum(ranges[:period]) / period
    for each in ranges[period:]:
        value += (each - value) / period
    return value


def test_the_manifest_loads_the_strategy() -> None:
    registry: Registry[StrategyPlugin] = Registry(StrategyPlugin)
    registry.add_builtin([PLUGIN])
    assert registry.load(PLUGIN.id) is VwapCross


def test_a_close_that_crosses_above_goes_long() -> None:
    (plan,) = run(UP).entries
    assert plan.side is Side.BUY


def test_the_mirror_goes_short_with_the_same_distances() -> None:
    (long,), (short,) = run(UP).entries, run(mirrored(UP)).entries
    assert short.side is Side.SELL
    assert short.stop_distance == pytest.approx(long.stop_distance)
    assert short.target_distance == pytest.approx(long.target_distance)


def test_no_trade_without_a_cross() -> None:
    assert run([100.0] * 10 + [101.0] * 12).entries == []  # leaves the average once, while it warms up


def test_touching_the_average_and_going_on_is_a_cross_only_in_the_new_direction() -> None:
    assert run([*UP, 101.1, 101.2]).entries == run(UP).entries


@pytest.mark.parametrize("closes", [UP_LATE, mirrored(UP_LATE)])
def test_the_average_of_nine_closes_must_lie_on_the_same_side(closes: Sequence[float]) -> None:
    stage = run(closes)
    assert stage.entries == []
    assert stage.gates["trend"] is False
    assert all(passed for name, passed in stage.gates.items() if name != "trend")


def test_stop_is_one_and_a_half_average_true_ranges_and_target_two_risks() -> None:
    (plan,) = run(UP).entries
    expected = 1.5 * average_true_range(UP, 0.1, 14)
    assert plan.stop_distance == pytest.approx(expected)
    assert plan.target_distance == pytest.approx(2 * expected)
    assert plan.risk_fraction == pytest.approx(0.0025)


@pytest.mark.parametrize(("left_min", "entries"), [(31, 1), (30, 0), (29, 0)])
def test_no_entry_in_the_last_thirty_minutes(left_min: int, entries: int) -> None:
    start = new_york(6, 16) - (left_min + len(UP)) * MINUTE
    stage = run(UP, start_ns=start)
    assert len(stage.entries) == entries
    assert stage.gates["time for an entry"] is bool(entries)


def test_no_entry_outside_the_regular_session() -> None:
    stage = run(UP, start_ns=new_york(6, 8))
    assert stage.entries == []
    assert stage.gates["regular session"] is False


@pytest.mark.parametrize("held", [10, -10])
def test_one_position_at_a_time(held: int) -> None:
    stage = Stage()
    stage.hold_position(held)
    assert run(UP, stage=stage).entries == []
    assert stage.gates["flat"] is False


def test_one_working_entry_at_a_time() -> None:
    stage = run(UP, stage=Stage(has_working_entry=True))
    assert stage.entries == []
    assert stage.gates["no entry working"] is False


def test_nothing_is_decided_before_the_indicators_are_known() -> None:
    stage = run([100.0, 101.0, 99.0, 101.0])
    assert stage.entries == []
    assert {reason for reason, _ in stage.holds} == {"warming up"}


def test_history_warms_it_up_without_a_decision() -> None:
    stage, strategy = Stage(), VwapCross({})
    made = bars(UP, start_ns=OPEN)
    stage.now_ns = made[-2].end_ns
    strategy.warm_up(stage, made[:-1])
    assert (stage.entries, stage.exits, stage.holds) == ([], [], [])
    stage.feed(strategy, made[-1])
    assert stage.entries == run(UP).entries


def test_a_bar_that_was_missed_counts_as_the_bar_before() -> None:
    """Closed while we were away: no trade on it, but the next cross is measured from it."""
    stage, strategy = Stage(), VwapCross({})
    made = bars([*UP[:-2], 101.0, 100.2, 101.0], start_ns=OPEN)
    stage.feed(strategy, *made[:-2])
    strategy.warm_up(stage, [made[-2]])
    stage.feed(strategy, made[-1])
    (plan,) = stage.entries
    assert plan.side is Side.BUY


def test_the_average_price_starts_anew_every_session() -> None:
    """Yesterday's prices would hide this cross: they lie far above."""
    stage, strategy = Stage(), VwapCross({})
    stage.feed(strategy, *bars([300.0] * 30, start_ns=new_york(6, 15)))
    stage.entries.clear()
    stage.feed(strategy, *bars(UP, start_ns=new_york(7, 9, 30)))
    assert {plan.side for plan in stage.entries} == {Side.BUY}


def test_the_jump_between_two_sessions_is_no_cross() -> None:
    stage, strategy = Stage(), VwapCross({})
    stage.feed(strategy, *bars([100.0] * 20 + [99.0] * 9, start_ns=new_york(6, 15, 31)))
    stage.feed(strategy, *bars([120.0], start_ns=new_york(7, 9, 30)))
    assert stage.entries == []


def test_sessions_are_new_york_days_also_over_the_change_of_clocks() -> None:
    stage, strategy = Stage(), VwapCross({})
    stage.feed(strategy, *bars([300.0] * 30, start_ns=new_york(7, 15)))
    stage.feed(strategy, *bars(UP, start_ns=new_york(10, 9, 30)))
    assert {plan.side for plan in stage.entries} == {Side.BUY}


# ---------------------------------------------------------------- flat before the close
@pytest.mark.parametrize("held", [10, -10])
def test_a_position_is_closed_five_minutes_before_the_close(held: int) -> None:
    stage, strategy = Stage(), VwapCross({})
    stage.hold_position(held)
    stage.tick(strategy, new_york(6, 15, 55) - NS_PER_S)
    assert stage.exits == []
    stage.tick(strategy, new_york(6, 15, 55))
    assert stage.exits == ["flat before the close"]
    stage.tick(strategy, new_york(6, 15, 55) + NS_PER_S)
    assert len(stage.exits) == 2, "it asks until it is flat"


def test_a_working_entry_is_taken_back_once_before_the_close() -> None:
    stage, strategy = Stage(has_working_entry=True), VwapCross({})
    for second in range(5):
        stage.tick(strategy, new_york(6, 15, 55) + second * NS_PER_S)
    assert stage.exits == ["flat before the close"]


def test_nothing_to_close_is_left_alone() -> None:
    stage, strategy = Stage(), VwapCross({})
    stage.tick(strategy, new_york(6, 15, 58))
    assert stage.exits == []


# ---------------------------------------------------------------- parameters
def test_every_parameter_has_bounds_around_its_default() -> None:
    for parameter in VwapCross.parameters:
        assert parameter.low < parameter.default < parameter.high, parameter.name
        assert parameter.check(parameter.low) == parameter.low
        for beyond in (parameter.low - parameter.step, parameter.high + parameter.step, float("nan")):
            with pytest.raises(ValueError, match=parameter.label):
                VwapCross({parameter.name: beyond})


def test_stop_target_and_risk_follow_their_parameters() -> None:
    (usual,) = run(UP).entries
    (changed,) = run(UP, stop_atr=3.0, target_r=1.0, risk_percent=1.0).entries
    assert changed.stop_distance == pytest.approx(2 * usual.stop_distance)
    assert changed.target_distance == pytest.approx(changed.stop_distance)
    assert changed.risk_fraction == pytest.approx(0.01)


def test_the_true_range_is_taken_over_its_parameter() -> None:
    plan = run(UP, atr_bars=5).entries[-1]
    assert plan.stop_distance == pytest.approx(1.5 * average_true_range(UP, 0.1, 5))


def test_a_short_average_lets_a_late_cross_through() -> None:
    assert run(UP_LATE).entries == []
    assert len(run(UP_LATE, sma_bars=2).entries) == 1


def test_the_times_before_the_close_follow_their_parameters() -> None:
    start = new_york(6, 16) - (60 + len(UP)) * MINUTE
    assert len(run(UP, start_ns=start).entries) == 1
    assert run(UP, start_ns=start, no_entry_min=61).entries == []
    stage, strategy = Stage(), VwapCross({"flat_min": 60})
    stage.hold_position(1)
    stage.tick(strategy, new_york(6, 15))
    assert stage.exits == ["flat before the close"]
