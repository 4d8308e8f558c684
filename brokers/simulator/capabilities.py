# SPDX-License-Identifier: Apache-2.0
"""Which request is served for which security type: one table, which the handlers ask and a test walks over the wire.

What is not in the set of a row is refused with the row's code and words, before the market is asked. What may be
ordered stands in the market's own table of order types. Sources: IBKR's API documentation, "tick-by-tick data",
"historical data", "market depth"; the words follow what TWS answers.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

from terminal.model.enums import AssetClass
from terminal.model.instrument import Instrument
from terminal.simulation.exchange_port import SimulatorRefusalError

STK, OPT, FUT, CASH = AssetClass.STOCK, AssetClass.OPTION, AssetClass.FUTURE, AssetClass.FOREX
CRYPTO, IND = AssetClass.CRYPTO, AssetClass.INDEX
EVERY: Final = frozenset({STK, OPT, FUT, CASH, CRYPTO, IND})
TRADED: Final = EVERY - {CASH}
QUOTED: Final = EVERY - {IND}
PRINTED: Final = EVERY - {CASH, IND}
_HMDS: Final = "Historical Market Data Service error message:"
_NO_DATA: Final = _HMDS + "HMDS query returned no data: {symbol} has no {variant}"


class Capability(NamedTuple):
    """One request, or one variant of it: for which classes it is served, and how it is refused for the others."""

    request: str
    variant: str
    classes: frozenset[AssetClass]
    code: int = 0
    text: str = ""


def _rows(request: str, classes: Mapping[str, frozenset[AssetClass]], code: int, text: str) -> tuple[Capability, ...]:
    return tuple(Capability(request, variant, served, code, text) for variant, served in classes.items())


_QUOTES_AND_TRADES: Final = {"TRADES": TRADED, "MIDPOINT": QUOTED, "BID": QUOTED, "ASK": QUOTED}
_ON_STOCKS: Final = frozenset({STK})
_ON_STOCKS_AND_INDICES: Final = frozenset({STK, IND})

TABLE: Final[Mapping[tuple[str, str], Capability]] = {
    (row.request, row.variant): row
    for row in (
        Capability("reqContractDetails", "", EVERY),
        Capability("reqMktData", "", EVERY),
        Capability(
            "reqMktDepth",
            "",
            frozenset({STK, FUT, CASH, CRYPTO}),
            10092,
            "Deep market data is not supported for this combination of security type/exchange",
        ),
        *_rows(
            "reqTickByTickData",
            {"Last": PRINTED, "AllLast": PRINTED, "BidAsk": QUOTED, "MidPoint": QUOTED},
            10189,
            "Failed to request tick-by-tick data:{variant} is not available for {symbol}.",
        ),
        *_rows("reqRealTimeBars", _QUOTES_AND_TRADES, 420, "Invalid Real-time Query:{symbol} has no {variant}"),
        *_rows(
            "reqHistoricalData",
            {
                **_QUOTES_AND_TRADES,
                "BID_ASK": QUOTED,
                "ADJUSTED_LAST": _ON_STOCKS,
                "FEE_RATE": _ON_STOCKS,
                "HISTORICAL_VOLATILITY": _ON_STOCKS_AND_INDICES,
                "OPTION_IMPLIED_VOLATILITY": _ON_STOCKS_AND_INDICES,
                "AGGTRADES": frozenset({CRYPTO}),
                "SCHEDULE": EVERY,
            },
            162,
            _NO_DATA,
        ),
        *_rows("reqHeadTimeStamp", {**_QUOTES_AND_TRADES, "BID_ASK": QUOTED}, 162, _NO_DATA),
        *_rows(
            "reqHistoricalTicks",
            {"TRADES": PRINTED, "BID_ASK": QUOTED, "MIDPOINT": QUOTED},
            10187,
            "Failed to request historical ticks:{symbol} has no {variant}",
        ),
        *(
            Capability(
                request, "", frozenset({OPT}), 321, "Error validating request.-'b' : cause - {symbol} is not an option"
            )
            for request in ("calculateImpliedVolatility", "calculateOptionPrice", "exerciseOptions")
        ),
    )
}
"""Every request about a contract that is served, by message name and variant."""


def variants(request: str) -> tuple[str, ...]:
    """The variants of a request that exist, in the table's order."""
    return tuple(row.variant for row in TABLE.values() if row.request == request)


def need(request: str, instrument: Instrument, variant: str = "") -> None:
    """Refuse a request that is not served for this contract. Raises SimulatorRefusalError with the row's code.

    The variant must exist: that is checked before, with the words that belong to it.
    """
    row = TABLE[request, variant]
    if instrument.asset_class not in row.classes:
        symbol = instrument.local_symbol or instrument.symbol
        raise SimulatorRefusalError(row.code, row.text.format(symbol=symbol, variant=variant))
