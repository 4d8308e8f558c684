# SPDX-License-Identifier: Apache-2.0
"""The tape as numbers: aggressor, filter, threshold, pause, times."""

from dataclasses import replace

import pytest

from terminal.model.enums import Side
from terminal.model.market import Trade
from tests.gui.painted import sample
from widgets.tape.model import TapeModel, TickRule, quote_rule

NS = sample.NS
QUOTE = replace(sample.quote(), bid=10.0, ask=10.4, received_ns=100 * NS)


def trade(price: float, *, size: float = 1, ns: int = 101 * NS, side: Side | None = None) -> Trade:
    return Trade(
        instrument_id=sample.INSTRUMENT.id,
        received_ns=ns,
        event_ns=ns // NS * NS,
        price=price,
        size=size,
        aggressor=side,
    )


def sides(model: TapeModel) -> list[Side | None]:
    return [row.side for row in reversed(model.rows)]


@pytest.mark.parametrize(
    ("price", "side"),
    [
        (10.4, Side.BUY),
        (10.5, Side.BUY),
        (10.0, Side.SELL),
        (9.0, Side.SELL),
        (10.3, Side.BUY),
        (10.1, Side.SELL),
        (10.2, None),
    ],
)
def test_quote_rule(price: float, side: Side | None) -> None:
    assert quote_rule(price, QUOTE) is side


def test_quote_rule_needs_a_real_spread() -> None:
    assert quote_rule(10.0, None) is None
    assert quote_rule(10.0, replace(QUOTE, ask=None)) is None
    assert quote_rule(10.0, replace(QUOTE, ask=10.0)) is None


def test_tick_rule_remembers_the_last_change() -> None:
    rule = TickRule()
    assert [rule.push(price) for price in (5, 5, 6, 6, 5.5, 5.5)] == [
        None,
        None,
        Side.BUY,
        Side.BUY,
        Side.SELL,
        Side.SELL,
    ]


def test_the_source_knows_best_then_the_quote_then_the_tick() -> None:
    model = TapeModel()
    model.set_quote(QUOTE)
    model.add([trade(10.4, side=Side.SELL), trade(10.4), trade(10.2), trade(10.2)])
    # the middle of the spread: the last change was down from 10.4
    assert sides(model) == [Side.SELL, Side.BUY, Side.SELL, Side.SELL]


def test_the_quote_that_stood_decides_not_the_one_that_came_later() -> None:
    model = TapeModel()
    model.set_quote(QUOTE)
    model.set_quote(replace(QUOTE, bid=10.4, ask=10.8, received_ns=102 * NS))
    model.add([trade(10.4, ns=101 * NS), trade(10.4, ns=103 * NS)])
    assert sides(model) == [Side.BUY, Side.SELL]


def test_before_any_quote_and_change_the_side_is_unknown() -> None:
    model = TapeModel()
    model.add([trade(10.0)])
    assert sides(model) == [None]


def test_newest_is_first_and_old_ones_go() -> None:
    model = TapeModel(kept=3)
    model.add(trade(float(price)) for price in range(5))
    assert [row.price for row in model.rows] == [4, 3, 2]


def test_the_filter_works_on_kept_prints_too() -> None:
    model = TapeModel(minimum=1)
    model.add([trade(1, size=5), trade(2, size=50), trade(3, size=0.5)])
    assert [row.size for row in model.rows] == [50, 5]
    model.set_minimum(10)
    assert [row.size for row in model.rows] == [50]
    model.set_minimum(0)
    assert [row.size for row in model.rows] == [0.5, 50, 5]
    with pytest.raises(ValueError, match="must be 0 or more, was -1"):
        model.set_minimum(-1)


def test_a_pause_holds_the_rows_and_counts_what_waits() -> None:
    model = TapeModel(minimum=2)
    model.add([trade(1, size=5)])
    model.pause(True)
    model.add([trade(2, size=5), trade(3, size=1), trade(4, size=9)])
    assert [row.price for row in model.rows] == [1]
    assert model.waiting == 2
    model.pause(False)
    assert [row.price for row in model.rows] == [4, 2, 1]
    assert model.waiting == 0


def test_large_prints_are_those_from_the_threshold_on() -> None:
    model = TapeModel(large=50)
    model.add([trade(1, size=49), trade(1, size=50)])
    assert [model.is_large(row) for row in model.rows] == [True, False]
    model.set_large(None)
    assert not any(model.is_large(row) for row in model.rows)


def test_tenths_are_shown_only_where_they_are_known() -> None:
    model = TapeModel()
    heard = replace(trade(1), event_ns=101 * NS, received_ns=101 * NS + 345_000_000)
    exact = replace(trade(1), event_ns=101 * NS + 120_000_000)
    late = replace(trade(1), event_ns=101 * NS, received_ns=500 * NS)
    model.add([heard, exact, late])
    assert [(row.ns, row.fine) for row in reversed(model.rows)] == [
        (101 * NS + 345_000_000, True),
        (101 * NS + 120_000_000, True),
        (101 * NS, False),
    ]
