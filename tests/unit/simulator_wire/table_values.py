# SPDX-License-Identifier: Apache-2.0
"""Random values for any field table, made from the table itself."""

from decimal import Decimal

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from brokers.simulator.protocol.language import (
    Field,
    Literal,
    Repeat,
    Rows,
    Series,
    When,
    passes,
    plan,
)
from brokers.simulator.protocol.values import UNSET_INTEGER, Kind, Value, Values

_TEXT = st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=12)
_NAME = st.text(st.characters(exclude_characters="\0;=", codec="utf-8"), min_size=1, max_size=6)
_NUMBERS = st.decimals(-(10**9), 10**9, places=6, allow_nan=False, allow_infinity=False)
_KINDS: dict[Kind, SearchStrategy[Value]] = {
    Kind.INTEGER: st.integers(-(2**31), UNSET_INTEGER - 1),
    Kind.FLOAT: st.floats(-1e12, 1e12, allow_nan=False).map(lambda number: number + 0.0),
    Kind.DECIMAL: _NUMBERS,
    Kind.SIZE: st.integers(-(10**9), 10**9).map(Decimal),
    Kind.FLAG: st.booleans(),
    Kind.TEXT: _TEXT,
    Kind.TAGS: st.dictionaries(_NAME, _NAME, max_size=3),
}


def operands(rows: Rows) -> dict[str, list[Value]]:
    """Name of a field -> the values that switch a block on."""
    found: dict[str, list[Value]] = {}
    for row in rows:
        if isinstance(row, When):
            if row.operand is not None:
                several = row.operand if isinstance(row.operand, tuple) else (row.operand,)
                found.setdefault(row.name, []).extend(several)
            for name, more in operands(row.rows).items():
                found.setdefault(name, []).extend(more)
    return found


@st.composite
def table_values(draw: st.DrawFn, rows: Rows, server_version: int) -> Values:
    """Values for every field that the version has, conditional blocks included where they apply."""
    values: Values = {}
    _fill(draw, rows, server_version, values, operands(rows))
    return values


def _fill(draw: st.DrawFn, rows: Rows, server_version: int, values: Values, switches: dict[str, list[Value]]) -> None:
    for row in plan(rows, server_version):
        match row:
            case Field():
                usual = _KINDS[row.kind]
                special = switches.get(row.name)
                values[row.name] = draw(st.one_of(st.sampled_from(special), usual) if special else usual)
            case Repeat():
                values[row.name] = draw(st.lists(table_values(row.rows, server_version), max_size=3))
            case Series():
                values[row.name] = draw(st.lists(_KINDS[row.kind], max_size=4))
            case When():
                if passes(row, values):
                    _fill(draw, row.rows, server_version, values, switches)
            case Literal():
                pass
