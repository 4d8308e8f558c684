# SPDX-License-Identifier: Apache-2.0
"""Rows of the decision log. No Qt."""

from typing import Final

from terminal.model.events import DecisionMade
from widgets.tables.columns import Cell, Column, Kind, Tone

COLUMNS: Final = (
    Column(key="time", title="Time", kind=Kind.TIME, decimals=0, width=62),
    Column(key="symbol", title="Symbol", width=64, strong=True),
    Column(key="action", title="Decision", width=120, stretch=2.0),
    Column(key="reason", title="Why", width=130, stretch=2.0, tone=Tone.SECONDARY),
    Column(key="gates", title="Gates", width=140, stretch=4.0, tone=Tone.MUTED, hide_order=0),
)


def decision_cells(decision: DecisionMade) -> dict[str, object]:
    """Return the cells of one decision; the first gate that failed comes first in the gates."""
    failed = [f"{name}: {value}" for name, value, passed in decision.gates if not passed]
    passed = [f"{name}: {value}" for name, value, ok in decision.gates if ok]
    held = decision.action == "hold"
    lines = "\n".join(f"{'passed' if ok else 'failed'}  {name}: {value}" for name, value, ok in decision.gates)
    return {
        "time": decision.ns,
        "symbol": decision.instrument_id,
        "action": Cell(decision.action.capitalize(), tone=Tone.MUTED if held else Tone.ACCENT, strong=not held),
        "reason": decision.reason,
        "gates": Cell("; ".join([*failed, *passed]), tone=Tone.WARN if failed else Tone.MUTED, tooltip=lines),
    }
