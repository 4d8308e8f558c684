# SPDX-License-Identifier: Apache-2.0
"""Each line is asked for once and given back after the last; the budget refuses with the way out."""

from dataclasses import dataclass, field, replace

import pytest

from terminal.errors import UserError
from terminal.market.subscriptions import DEPTH_ROWS, Subscriptions
from terminal.model.enums import DataType
from terminal.model.ids import InstrumentId
from terminal.model.instrument import Instrument
from tests.unit.strategies.stage import STOCK


@dataclass(slots=True)
class Feed:
    """Fulfils `MarketFeed` by remembering."""

    asked: list[str] = field(default_factory=list)

    def subscribe_quote(self, instrument: Instrument) -> None:
        self.asked.append(f"+quote {instrument.id}")

    def unsubscribe_quote(self, instrument_id: InstrumentId) -> None:
        self.asked.append(f"-quote {instrument_id}")

    def subscribe_depth(self, instrument: Instrument, rows: int) -> None:
        self.asked.append(f"+depth {instrument.id} {rows}")

    def unsubscribe_depth(self, instrument_id: InstrumentId) -> None:
        self.asked.append(f"-depth {instrument_id}")

    def subscribe_trades(self, instrument: Instrument) -> None:
        self.asked.append(f"+trades {instrument.id}")

    def unsubscribe_trades(self, instrument_id: InstrumentId) -> None:
        self.asked.append(f"-trades {instrument_id}")

    def request_data_type(self, data_type: DataType) -> None:
        raise AssertionError("not the subscriptions' business")

    def subscriptions(self) -> dict[str, int]:
        return {}


def named(name: str) -> Instrument:
    return replace(STOCK, id=InstrumentId(name), symbol=name)


def test_a_line_is_asked_for_once_and_given_back_after_the_last() -> None:
    feed = Feed()
    lines = Subscriptions(feed)
    for owner in ("watchlist", "chart", "chart"):
        lines.watch(STOCK, "quote", owner)
    assert feed.asked == ["+quote XYZ"]
    lines.unwatch(STOCK.id, "quote", "watchlist")
    lines.unwatch(STOCK.id, "quote", "nobody")
    assert feed.asked == ["+quote XYZ"]
    lines.unwatch(STOCK.id, "quote", "chart")
    lines.unwatch(STOCK.id, "quote", "chart")
    assert feed.asked == ["+quote XYZ", "-quote XYZ"]
    assert lines.used() == 0


def test_kinds_are_lines_of_their_own() -> None:
    feed = Feed()
    lines = Subscriptions(feed)
    for kind in ("quote", "depth", "trades"):
        lines.watch(STOCK, kind, "ladder")
    assert feed.asked == ["+quote XYZ", f"+depth XYZ {DEPTH_ROWS}", "+trades XYZ"]
    assert lines.used() == 1, "only quotes count against the budget"
    lines.release("ladder")
    assert sorted(feed.asked[3:]) == ["-depth XYZ", "-quote XYZ", "-trades XYZ"]
    assert lines.holders() == ()


def test_the_budget_refuses_and_forgets_nothing() -> None:
    feed = Feed()
    lines = Subscriptions(feed, lines=2)
    for name in ("A", "B"):
        lines.watch(named(name), "quote", "watchlist")
    with pytest.raises(UserError, match="all 2 market-data lines") as error:
        lines.watch(named("C"), "quote", "chain")
    assert error.value.code == "MKT-101"
    lines.watch(named("A"), "quote", "chain")  # a line that is held costs nothing more
    lines.watch(named("C"), "depth", "ladder")
    assert {use.instrument_id: use.owners for use in lines.holders() if use.kind == "quote"} == {
        "A": ("watchlist", "chain"),
        "B": ("watchlist",),
    }
    lines.unwatch(InstrumentId("B"), "quote", "watchlist")
    lines.watch(named("C"), "quote", "chain")
    assert feed.asked[-1] == "+quote C"
