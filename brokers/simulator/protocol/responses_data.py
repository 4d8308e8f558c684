# SPDX-License-Identifier: Apache-2.0
"""Tables of the messages to a client that carry market data and history."""

from typing import Final

from brokers.simulator.protocol.language import (
    Message,
    Repeat,
    Test,
    When,
    flag,
    integer,
    number,
    size,
    text,
    version,
)
from brokers.simulator.protocol.shared import end_marker, response

_REQ_ID: Final = integer("req_id")

# ------------------------------------------------------------------ market data
TICK_PRICE: Final = response(
    1,
    "tickPrice",
    version(6),
    _REQ_ID,
    integer("tick_type"),
    number("price"),
    size("size"),
    integer("attributes", default=0),
)
TICK_SIZE: Final = response(2, "tickSize", version(6), _REQ_ID, integer("tick_type"), size("size"))
TICK_OPTION_COMPUTATION: Final = response(
    21,
    "tickOptionComputation",
    _REQ_ID,
    integer("tick_type"),
    integer("tick_attribute", default=0),
    number("implied_volatility", default=-1.0),
    number("delta", default=-2.0),
    number("option_price", default=-1.0),
    number("pv_dividend", default=-1.0),
    number("gamma", default=-2.0),
    number("vega", default=-2.0),
    number("theta", default=-2.0),
    number("under_price", default=-1.0),
)
TICK_GENERIC: Final = response(45, "tickGeneric", version(6), _REQ_ID, integer("tick_type"), number("value"))
TICK_STRING: Final = response(46, "tickString", version(6), _REQ_ID, integer("tick_type"), text("value"))
TICK_SNAPSHOT_END: Final = end_marker(57, "tickSnapshotEnd")
MARKET_DATA_TYPE: Final = response(58, "marketDataType", version(1), _REQ_ID, integer("type"))
TICK_REQ_PARAMS: Final = response(
    81,
    "tickReqParams",
    _REQ_ID,
    number("min_tick"),
    text("bbo_exchange"),
    integer("snapshot_permissions", default=0),
)
MARKET_DEPTH: Final = response(
    12,
    "updateMktDepth",
    version(1),
    _REQ_ID,
    integer("position"),
    integer("operation"),
    integer("side"),
    number("price"),
    size("size"),
)
MARKET_DEPTH_L2: Final = response(
    13,
    "updateMktDepthL2",
    version(1),
    _REQ_ID,
    integer("position"),
    text("market_maker"),
    integer("operation"),
    integer("side"),
    number("price"),
    size("size"),
    flag("smart_depth", default=False),
)
TICK_BY_TICK: Final = response(
    99,
    "tickByTick",
    _REQ_ID,
    integer("type"),
    integer("epoch"),
    When(
        "type",
        Test.IN,
        (number("price"), size("size"), integer("mask", default=0), text("exchange"), text("conditions")),
        operand=(1, 2),
    ),
    When(
        "type",
        Test.IS,
        (
            number("bid"),
            number("ask"),
            size("bid_size"),
            size("ask_size"),
            integer("mask", default=0),
        ),
        operand=3,
    ),
    When("type", Test.IS, (number("midpoint"),), operand=4),
)

# ------------------------------------------------------------------ history
_BAR: Final = (
    text("time"),
    number("open"),
    number("high"),
    number("low"),
    number("close"),
    size("volume"),
    number("average"),
    integer("count"),
)
HISTORICAL_DATA: Final = response(17, "historicalData", _REQ_ID, text("start"), text("end"), Repeat("bars", _BAR))
HISTORICAL_DATA_UPDATE: Final = response(
    90,
    "historicalDataUpdate",
    _REQ_ID,
    integer("count"),
    text("time"),
    number("open"),
    number("close"),
    number("high"),
    number("low"),
    number("average"),
    size("volume"),
)
REAL_TIME_BAR: Final = response(
    50,
    "realtimeBar",
    version(3),
    _REQ_ID,
    integer("epoch"),
    number("open"),
    number("high"),
    number("low"),
    number("close"),
    size("volume"),
    number("average"),
    integer("count"),
)
HEAD_TIMESTAMP: Final = response(88, "headTimestamp", _REQ_ID, text("time"))
HISTORICAL_TICKS: Final = response(
    96,
    "historicalTicks",
    _REQ_ID,
    Repeat("ticks", (integer("epoch"), integer("mask", default=0), number("price"), size("size"))),
    flag("done", default=True),
)
HISTORICAL_TICKS_BID_ASK: Final = response(
    97,
    "historicalTicksBidAsk",
    _REQ_ID,
    Repeat(
        "ticks",
        (
            integer("epoch"),
            integer("mask", default=0),
            number("bid"),
            number("ask"),
            size("bid_size"),
            size("ask_size"),
        ),
    ),
    flag("done", default=True),
)
HISTORICAL_TICKS_LAST: Final = response(
    98,
    "historicalTicksLast",
    _REQ_ID,
    Repeat(
        "ticks",
        (
            integer("epoch"),
            integer("mask", default=0),
            number("price"),
            size("size"),
            text("exchange"),
            text("conditions"),
        ),
    ),
    flag("done", default=True),
)
HISTORICAL_SCHEDULE: Final = response(
    106,
    "historicalSchedule",
    _REQ_ID,
    text("start"),
    text("end"),
    text("time_zone"),
    Repeat("sessions", (text("start"), text("end"), text("reference_date"))),
)

# ------------------------------------------------------------------ scanner
SCANNER_DATA: Final = response(
    20,
    "scannerData",
    version(3),
    _REQ_ID,
    Repeat(
        "rows",
        (
            integer("rank"),
            integer("con_id"),
            text("symbol"),
            text("sec_type"),
            text("last_trade_date"),
            number("strike", default=0.0),
            text("right"),
            text("exchange"),
            text("currency"),
            text("local_symbol"),
            text("market_name"),
            text("trading_class"),
            text("distance"),
            text("benchmark"),
            text("projection"),
            text("legs"),
        ),
    ),
)

DATA_RESPONSES: Final[tuple[Message, ...]] = (
    TICK_PRICE,
    TICK_SIZE,
    TICK_OPTION_COMPUTATION,
    TICK_GENERIC,
    TICK_STRING,
    TICK_SNAPSHOT_END,
    MARKET_DATA_TYPE,
    TICK_REQ_PARAMS,
    MARKET_DEPTH,
    MARKET_DEPTH_L2,
    TICK_BY_TICK,
    HISTORICAL_DATA,
    HISTORICAL_DATA_UPDATE,
    REAL_TIME_BAR,
    HEAD_TIMESTAMP,
    HISTORICAL_TICKS,
    HISTORICAL_TICKS_BID_ASK,
    HISTORICAL_TICKS_LAST,
    HISTORICAL_SCHEDULE,
    SCANNER_DATA,
)
