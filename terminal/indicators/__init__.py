# SPDX-License-Identifier: Apache-2.0
"""Indicators: each declared once, with a batch form over arrays and a `push` form for live data.

A chart draws the batch, a strategy pushes closed bars; a property test proves that both give the same
numbers, so that what a person sees is what a strategy decided on. numpy only: no domain type, no clock.
"""

from terminal.indicators.averages import Ema, Sma
from terminal.indicators.base import Array, Indicator, Number, Parameter
from terminal.indicators.registry import REGISTRY, IndicatorSpec, batch, create, spec
from terminal.indicators.volatility import Atr
from terminal.indicators.vwap import SessionVwap

__all__ = [
    "REGISTRY",
    "Array",
    "Atr",
    "Ema",
    "Indicator",
    "IndicatorSpec",
    "Number",
    "Parameter",
    "SessionVwap",
    "Sma",
    "batch",
    "create",
    "spec",
]
