# SPDX-License-Identifier: Apache-2.0
"""What the strategies panel says of a strategy in each state, and that no decision replaces another."""

from collections.abc import Iterator

import pytest

from strategies import vwap_cross
from terminal.model.enums import StrategyState
from terminal.model.events import DecisionMade
from terminal.model.ids import InstrumentId, StrategyId
from widgets.strategies.panel import StrategiesPanel
from widgets.tables.view import RowsView
from widgets.theme import Theme

CROSS = StrategyId("vwap_cross")


@pytest.fixture
def panel(theme: Theme) -> Iterator[StrategiesPanel]:
    made = StrategiesPanel(theme)
    plugin = vwap_cross.PLUGIN
    made.add(CROSS, plugin.title, plugin.summary, vwap_cross.VwapCross.parameters)
    made.resize(640, 240)
    made.show()
    yield made
    made.close()
    made.deleteLater()


def decisions(panel: StrategiesPanel) -> RowsView:
    return panel.findChildren(RowsView)[0]


def test_a_fault_is_told_until_it_is_no_longer_so(panel: StrategiesPanel) -> None:
    line = panel.lines[CROSS]
    panel.show_state(CROSS, StrategyState.FAULTED, "division by zero", ("AAPL",))
    assert line.word.text() == "Stopped by a fault. division by zero"
    assert line.word.property("tone") == "danger"
    panel.show_state(CROSS, StrategyState.OBSERVE, "", ("AAPL",))
    assert not line.word.text()


def test_the_empty_table_says_what_the_state_means(panel: StrategiesPanel) -> None:
    assert "Switch the strategy to Observe" in decisions(panel).accessibleDescription()
    panel.show_state(CROSS, StrategyState.OBSERVE, "", ("AAPL",))
    assert decisions(panel).accessibleDescription().endswith("It decides when a bar of its symbols closes.")
    panel.show_state(CROSS, StrategyState.OFF, "", ("AAPL",))
    assert "Switch the strategy to Observe" in decisions(panel).accessibleDescription()


def test_two_decisions_of_one_moment_are_two_rows(panel: StrategiesPanel) -> None:
    for action in ("enter", "exit"):
        panel.add_decision(
            DecisionMade(
                ns=1, strategy_id=CROSS, instrument_id=InstrumentId("AAPL"), action=action, reason="close crossed"
            )
        )
    assert decisions(panel).model().rowCount() == 2
    assert panel.lines[CROSS].word.text().endswith("AAPL: exit. close crossed")
