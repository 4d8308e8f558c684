# SPDX-License-Identifier: Apache-2.0
"""The list of indicators with their typed parameters, for menus, settings and strategies.

An indicator enters the terminal by one row here. It must not compute anything itself.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from terminal.indicators.averages import Ema, Sma
from terminal.indicators.base import Array, Indicator, Number, Parameter, period_parameter
from terminal.indicators.volatility import Atr
from terminal.indicators.vwap import SessionVwap


@dataclass(frozen=True, slots=True, kw_only=True)
class IndicatorSpec:
    """One indicator: ``inputs`` are column names in the order that `batch` and `push` take them.

    ``overlay``: in the price unit, drawn over the bars. ``per_session``: begins anew with each session.
    ``memory``: after this many periods the weight of what came before is below 1e-17, so a live indicator that
    was fed so many bars equals one that saw them all; 0 where a session's start bounds it.
    """

    name: str
    title: str
    inputs: tuple[str, ...]
    parameters: tuple[Parameter, ...]
    overlay: bool
    per_session: bool
    memory: int
    make: Callable[..., Indicator]
    compute: Callable[..., Array]

    def settings(self, given: Mapping[str, Number]) -> dict[str, Number]:
        """Return every parameter, given or default, checked. Raises ValueError for an unknown or bad one."""
        known = {parameter.name for parameter in self.parameters}
        for name in given:
            if name not in known:
                allowed = ", ".join(sorted(known)) or "none"
                raise ValueError(f"{self.name} has no parameter {name!r}; it has {allowed}")
        return {item.name: item.check(given.get(item.name, item.default)) for item in self.parameters}

    def label(self, given: Mapping[str, Number]) -> str:
        """Return the title with its parameters, as ``EMA 20``."""
        return " ".join([self.title, *(str(value) for value in self.settings(given).values())])


_SPECS: Final = (
    IndicatorSpec(
        name="sma",
        title="SMA",
        inputs=Sma.inputs,
        parameters=(period_parameter(20),),
        overlay=True,
        per_session=False,
        memory=1,
        make=Sma,
        compute=Sma.batch,
    ),
    IndicatorSpec(
        name="ema",
        title="EMA",
        inputs=Ema.inputs,
        parameters=(period_parameter(20),),
        overlay=True,
        per_session=False,
        memory=20,
        make=Ema,
        compute=Ema.batch,
    ),
    IndicatorSpec(
        name="vwap",
        title="VWAP",
        inputs=SessionVwap.inputs,
        parameters=(),
        overlay=True,
        per_session=True,
        memory=0,
        make=SessionVwap,
        compute=SessionVwap.batch,
    ),
    IndicatorSpec(
        name="atr",
        title="ATR",
        inputs=Atr.inputs,
        parameters=(period_parameter(14),),
        overlay=False,
        per_session=False,
        memory=40,
        make=Atr,
        compute=Atr.batch,
    ),
)
REGISTRY: Final[Mapping[str, IndicatorSpec]] = {item.name: item for item in _SPECS}


def spec(name: str) -> IndicatorSpec:
    """Return an indicator by name; LookupError lists the names there are."""
    found = REGISTRY.get(name)
    if found is None:
        raise LookupError(f"an indicator must be one of {', '.join(REGISTRY)}, was {name!r}")
    return found


def create(name: str, **parameters: Number) -> Indicator:
    """Return a fresh live indicator. Raises LookupError (name) or ValueError (parameters)."""
    found = spec(name)
    return found.make(**found.settings(parameters))


def batch(name: str, data: Mapping[str, Array], **parameters: Number) -> Array:
    """Return an indicator over whole columns, nan where it has no value.

    Raises LookupError for an unknown indicator or a missing column, ValueError for bad parameters or data.
    """
    found = spec(name)
    missing = [column for column in found.inputs if column not in data]
    if missing:
        raise LookupError(f"{name} needs the columns {', '.join(found.inputs)}; {', '.join(missing)} is missing")
    return found.compute(*(data[column] for column in found.inputs), **found.settings(parameters))
