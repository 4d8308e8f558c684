# SPDX-License-Identifier: Apache-2.0
"""Mean reversion: every rule of its docstring alone, and every parameter's effect."""

from collections.abc import Sequence

import pytest

from strategies.mean_reversion import PLUGIN, MeanReversion
from terminal.clock import NS_PER_S
from terminal.model.enums import Side
from terminal.registry import Registry
from terminal.strategy.base import StrategyPlugin
from tests.unit.strategies.stage import Stage, bars, new_york

QUARTER = 900 * NS_PER_S
START = new_york(6, 9, 30)
ALPHA = 2 / 21


def away(percent: float) -> float:
    """Return the close that stands ``percent`` from an average that was 100 before it, itself included."""
    ratio = 1 + percent / 100  # close / (100 + alpha (close - 100)) = ratio
    return ratio * 100 * (1 - ALPHA) / (1 - ratio * ALPHA)


def warm(values: dict[str, float] | None = None) -> tuple[Stage, MeanReversion]:
    """Return a strategy whose average stands at 100."""
    stage, strategy = Stage(), MeanReversion(values or {})
    stage.now_ns = START
    strategy.warm_up(stage, bars([100.0] * 40, start_ns=START - 40 * QUARTER, seconds=900))
    return stage, strategy


def feed(stage: Stage, strategy: MeanReversion, closes: Sequence[float], start_ns: int = START) -> None:
    stage.feed(strategy, *bars(closes, start_ns=start_ns, seconds=900))


def test_the_manifest_loads_the_strategy() -> None:
    registry: Registry[StrategyPlugin] = Registry(StrategyPlugin)
    registry.add_builtin([PLUGIN])
    assert registry.load(PLUGIN.id) is MeanReversion


@pytest.mark.parametrize(("percent", "side"), [(0.301, Side.SELL), (1.0, Side.SELL), (-0.301, Side.BUY)])
def test_a_close_far_from_its_average_is_faded(percent: float, side: Side) -> None:
    stage, strategy = warm()
    feed(stage, strategy, [away(percent)])
    (plan,) = stage.entries
    assert plan.side is side


@pytest.mark.parametrize("percent", [0.0, 0.299, -0.299])
def test_a_close_near_its_average_is_left_alone(percent: float) -> None:
    stage, strategy = warm()
    feed(stage, strategy, [away(percent)])
    assert stage.entries == []
    assert stage.gates["distance"] is False


def test_the_stop_is_six_tenths_of_a_percent_and_there_is_no_target() -> None:
    stage, strategy = warm()
    close = away(0.5)
    feed(stage, strategy, [close])
    (plan,) = stage.entries
    assert plan.stop_distance == pytest.approx(0.006 * close)
    assert plan.target_distance is None
    assert plan.risk_fraction == pytest.approx(0.0025)


def test_nothing_is_decided_before_the_average_is_known() -> None:
    stage, strategy = Stage(), MeanReversion({})
    feed(stage, strategy, [100.0] * 18 + [110.0])
    assert stage.entries == []
    assert {reason for reason, _ in stage.holds} == {"warming up"}


def test_it_does_not_learn_from_a_bar_that_still_grows() -> None:
    stage, strategy = Stage(), MeanReversion({})
    stage.now_ns = START
    history = bars([100.0] * 40 + [200.0], start_ns=START - 40 * QUARTER, seconds=900)
    strategy.warm_up(stage, history)  # the last one ends a quarter of an hour from now
    feed(stage, strategy, [100.0])
    assert stage.entries == []


def test_one_position_and_one_entry_at_a_time() -> None:
    stage, strategy = warm()
    stage.has_working_entry = True
    feed(stage, strategy, [away(0.5)])
    assert stage.entries == []
    assert stage.gates["no entry working"] is False


# ---------------------------------------------------------------- exits
@pytest.mark.parametrize(("held", "sign"), [(10, -1), (-10, 1)])
def test_it_leaves_when_a_close_is_back_at_the_average(held: int, sign: int) -> None:
    stage, strategy = warm()
    feed(stage, strategy, [100 + sign * 1.0])
    stage.hold_position(held)
    feed(stage, strategy, [100 + sign * 0.9], START + QUARTER)
    assert stage.exits == []
    assert stage.gates["back at the average"] is False
    feed(stage, strategy, [100 - sign * 0.1], START + 2 * QUARTER)
    assert stage.exits == ["back at the average"]


def test_it_leaves_after_eight_bars() -> None:
    stage, strategy = warm()
    feed(stage, strategy, [101.0])
    stage.hold_position(-10)
    feed(stage, strategy, [102.0 + step for step in range(7)], START + QUARTER)
    assert stage.exits == []
    feed(stage, strategy, [110.0], START + 8 * QUARTER)
    assert stage.exits == ["held for the most bars allowed"]


def test_the_count_of_bars_starts_anew_with_each_position() -> None:
    stage, strategy = warm()
    for round_number in range(2):
        start = START + round_number * 10 * QUARTER
        stage.position = type(stage.position)()
        feed(stage, strategy, [104.0 + 20 * round_number], start)
        stage.hold_position(-10)
        feed(stage, strategy, [105.0 + 20 * round_number + step for step in range(7)], start + QUARTER)
    assert stage.exits == []


@pytest.mark.parametrize("held", [10, -10])
def test_a_position_is_closed_five_minutes_before_the_close(held: int) -> None:
    stage, strategy = warm()
    stage.hold_position(held)
    stage.tick(strategy, new_york(6, 15, 55) - NS_PER_S)
    assert stage.exits == []
    stage.tick(strategy, new_york(6, 15, 55))
    assert stage.exits == ["flat before the close"]


def test_a_working_entry_is_taken_back_before_the_close() -> None:
    stage, strategy = warm()
    stage.has_working_entry = True
    for second in range(3):
        stage.tick(strategy, new_york(6, 15, 55) + second * NS_PER_S)
    assert stage.exits == ["flat before the close"]


def test_no_entry_in_the_last_minutes_or_outside_the_session() -> None:
    for start in (new_york(6, 15, 45), new_york(6, 16), new_york(6, 8)):
        stage, strategy = warm()
        feed(stage, strategy, [away(1.0)], start)
        assert stage.entries == []
        assert stage.gates["time to trade"] is False


# ---------------------------------------------------------------- parameters
def test_every_parameter_has_bounds_around_its_default() -> None:
    for parameter in MeanReversion.parameters:
        assert parameter.low < parameter.default < parameter.high, parameter.name
        for beyond in (parameter.low - parameter.step, parameter.high + parameter.step, float("nan")):
            with pytest.raises(ValueError, match=parameter.label):
                MeanReversion({parameter.name: beyond})


def test_distance_stop_and_risk_follow_their_parameters() -> None:
    stage, strategy = warm({"away_percent": 0.5, "stop_percent": 1.2, "risk_percent": 0.5})
    feed(stage, strategy, [away(0.4)])
    assert stage.entries == []
    stage, strategy = warm({"away_percent": 0.2, "stop_percent": 1.2, "risk_percent": 0.5})
    close = away(0.25)
    feed(stage, strategy, [close])
    (plan,) = stage.entries
    assert plan.stop_distance == pytest.approx(0.012 * close)
    assert plan.risk_fraction == pytest.approx(0.005)


def test_the_average_is_taken_over_its_parameter() -> None:
    """A short average follows the close so closely that it never stands 0.3 % away."""
    stage, strategy = warm({"ema_bars": 2})
    feed(stage, strategy, [away(0.5)])
    assert stage.entries == []


def test_how_long_it_holds_and_when_it_is_flat_follow_their_parameters() -> None:
    stage, strategy = warm({"max_bars": 2, "flat_min": 60})
    stage.hold_position(-10)
    feed(stage, strategy, [102.0, 103.0])
    assert stage.exits == ["held for the most bars allowed"]
    stage.tick(strategy, new_york(6, 15))
    assert stage.exits[-1] == "flat before the close"


def test_bars_held_before_a_restart_count() -> None:
    stage, strategy = Stage(), MeanReversion({})
    stage.now_ns = START
    stage.hold_position(-10, opened_ns=START - 5 * QUARTER)
    strategy.warm_up(stage, bars([100.0] * 40, start_ns=START - 40 * QUARTER, seconds=900))
    feed(stage, strategy, [102.0, 103.0])
    assert stage.exits == []
    feed(stage, strategy, [104.0], START + 2 * QUARTER)
    assert stage.exits == ["held for the most bars allowed"]
