# SPDX-License-Identifier: Apache-2.0
"""Tables of the messages to a client that are not orders: data, reference, account, session."""

from collections.abc import Mapping
from typing import Final

from brokers.simulator.protocol.language import (
    Direction,
    Message,
    Repeat,
    Row,
    Series,
    Test,
    When,
    decimal,
    flag,
    integer,
    number,
    size,
    text,
    version,
)
from brokers.simulator.protocol.responses_orders import ORDER_RESPONSES
from brokers.simulator.protocol.shared import CONTRACT, PORTFOLIO_CONTRACT, TAG_VALUE
from brokers.simulator.protocol.values import UNSET_DOUBLE_TEXT, Kind

_REQ_ID: Final = integer("req_id")


def _response(id_: int, name: str, *rows: Row) -> Message:
    return Message(id_, name, Direction.RESPONSE, rows)


def _end(id_: int, name: str) -> Message:
    """An end marker of the old kind: version and request id."""
    return _response(id_, name, version(1), _REQ_ID)


# ------------------------------------------------------------------ session
ERROR: Final = _response(
    4,
    "error",
    version(2),
    integer("req_id", default=-1),
    integer("code"),
    text("message"),
    text("advanced_reject", since=166),
)
MANAGED_ACCOUNTS: Final = _response(15, "managedAccounts", version(1), text("accounts"))
CURRENT_TIME: Final = _response(49, "currentTime", version(1), integer("epoch"))

# ------------------------------------------------------------------ market data
TICK_PRICE: Final = _response(
    1,
    "tickPrice",
    version(6),
    _REQ_ID,
    integer("tick_type"),
    number("price"),
    size("size"),
    integer("attributes", default=0),
)
TICK_SIZE: Final = _response(2, "tickSize", version(6), _REQ_ID, integer("tick_type"), size("size"))
TICK_OPTION_COMPUTATION: Final = _response(
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
TICK_GENERIC: Final = _response(45, "tickGeneric", version(6), _REQ_ID, integer("tick_type"), number("value"))
TICK_STRING: Final = _response(46, "tickString", version(6), _REQ_ID, integer("tick_type"), text("value"))
TICK_SNAPSHOT_END: Final = _end(57, "tickSnapshotEnd")
MARKET_DATA_TYPE: Final = _response(58, "marketDataType", version(1), _REQ_ID, integer("type"))
TICK_REQ_PARAMS: Final = _response(
    81,
    "tickReqParams",
    _REQ_ID,
    number("min_tick"),
    text("bbo_exchange"),
    integer("snapshot_permissions", default=0),
)
MARKET_DEPTH: Final = _response(
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
MARKET_DEPTH_L2: Final = _response(
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
TICK_BY_TICK: Final = _response(
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
HISTORICAL_DATA: Final = _response(17, "historicalData", _REQ_ID, text("start"), text("end"), Repeat("bars", _BAR))
HISTORICAL_DATA_UPDATE: Final = _response(
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
REAL_TIME_BAR: Final = _response(
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
HEAD_TIMESTAMP: Final = _response(88, "headTimestamp", _REQ_ID, text("time"))
HISTORICAL_TICKS: Final = _response(
    96,
    "historicalTicks",
    _REQ_ID,
    Repeat("ticks", (integer("epoch"), integer("mask", default=0), number("price"), size("size"))),
    flag("done", default=True),
)
HISTORICAL_TICKS_BID_ASK: Final = _response(
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
HISTORICAL_TICKS_LAST: Final = _response(
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
HISTORICAL_SCHEDULE: Final = _response(
    106,
    "historicalSchedule",
    _REQ_ID,
    text("start"),
    text("end"),
    text("time_zone"),
    Repeat("sessions", (text("start"), text("end"), text("reference_date"))),
)

# ------------------------------------------------------------------ reference
CONTRACT_DETAILS: Final = _response(
    10,
    "contractDetails",
    version(8, until=164),
    _REQ_ID,
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
    integer("con_id"),
    decimal("min_tick"),
    integer("size_multiplier", until=164, default=100),
    text("multiplier"),
    text("order_types"),
    text("valid_exchanges"),
    integer("price_magnifier", default=1),
    integer("under_con_id", default=0),
    text("long_name"),
    text("primary_exchange"),
    text("contract_month"),
    text("industry"),
    text("category"),
    text("subcategory"),
    text("time_zone"),
    text("trading_hours"),
    text("liquid_hours"),
    text("ev_rule"),
    decimal("ev_multiplier"),
    Repeat("security_ids", TAG_VALUE),
    integer("aggregation_group", default=1),
    text("under_symbol"),
    text("under_sec_type"),
    text("market_rule_ids"),
    text("real_expiration_date"),
    text("stock_type"),
    decimal("min_size", since=164),
    decimal("size_increment", since=164),
    decimal("suggested_size_increment", since=164),
)
CONTRACT_DETAILS_END: Final = _end(52, "contractDetailsEnd")
SEC_DEF_OPT_PARAMS: Final = _response(
    75,
    "securityDefinitionOptionParameter",
    _REQ_ID,
    text("exchange"),
    integer("under_con_id"),
    text("trading_class"),
    text("multiplier"),
    Series("expirations", Kind.TEXT),
    Series("strikes", Kind.FLOAT),
)
SEC_DEF_OPT_PARAMS_END: Final = _response(76, "securityDefinitionOptionParameterEnd", _REQ_ID)
SYMBOL_SAMPLES: Final = _response(
    79,
    "symbolSamples",
    _REQ_ID,
    Repeat(
        "contracts",
        (
            integer("con_id"),
            text("symbol"),
            text("sec_type"),
            text("primary_exchange"),
            text("currency"),
            Series("derivatives", Kind.TEXT),
            text("description", since=176),
            text("issuer_id", since=176),
        ),
    ),
)
DEPTH_EXCHANGES: Final = _response(
    80,
    "mktDepthExchanges",
    Repeat(
        "exchanges",
        (
            text("exchange"),
            text("sec_type"),
            text("listing_exchange"),
            text("service"),
            integer("aggregation_group", unset="2147483647"),
        ),
    ),
)
MARKET_RULE: Final = _response(
    93,
    "marketRule",
    integer("rule_id"),
    Repeat("increments", (decimal("low_edge"), decimal("increment"))),
)

# ------------------------------------------------------------------ account
ACCOUNT_VALUE: Final = _response(
    6, "updateAccountValue", version(2), text("key"), text("value"), text("currency"), text("account")
)
ACCOUNT_TIME: Final = _response(8, "updateAccountTime", version(1), text("time"))
ACCOUNT_DOWNLOAD_END: Final = _response(54, "accountDownloadEnd", version(1), text("account"))
PORTFOLIO_VALUE: Final = _response(
    7,
    "updatePortfolio",
    version(8),
    *PORTFOLIO_CONTRACT,
    size("position"),
    decimal("market_price"),
    decimal("market_value"),
    decimal("average_cost"),
    decimal("unrealized_pnl"),
    decimal("realized_pnl"),
    text("account"),
)
POSITION: Final = _response(
    61, "position", version(3), text("account"), *CONTRACT, size("position"), decimal("average_cost")
)
POSITION_END: Final = _response(62, "positionEnd", version(1))
ACCOUNT_SUMMARY: Final = _response(
    63,
    "accountSummary",
    version(1),
    _REQ_ID,
    text("account"),
    text("tag"),
    text("value"),
    text("currency"),
)
ACCOUNT_SUMMARY_END: Final = _end(64, "accountSummaryEnd")
POSITION_MULTI: Final = _response(
    71,
    "positionMulti",
    version(1),
    _REQ_ID,
    text("account"),
    *CONTRACT,
    size("position"),
    decimal("average_cost"),
    text("model_code"),
)
POSITION_MULTI_END: Final = _end(72, "positionMultiEnd")
ACCOUNT_UPDATE_MULTI: Final = _response(
    73,
    "accountUpdateMulti",
    version(1),
    _REQ_ID,
    text("account"),
    text("model_code"),
    text("key"),
    text("value"),
    text("currency"),
)
ACCOUNT_UPDATE_MULTI_END: Final = _end(74, "accountUpdateMultiEnd")
PNL: Final = _response(
    94,
    "pnl",
    _REQ_ID,
    decimal("daily", unset=UNSET_DOUBLE_TEXT),
    decimal("unrealized", unset=UNSET_DOUBLE_TEXT),
    decimal("realized", unset=UNSET_DOUBLE_TEXT),
)
PNL_SINGLE: Final = _response(
    95,
    "pnlSingle",
    _REQ_ID,
    size("position"),
    decimal("daily", unset=UNSET_DOUBLE_TEXT),
    decimal("unrealized", unset=UNSET_DOUBLE_TEXT),
    decimal("realized", unset=UNSET_DOUBLE_TEXT),
    decimal("value", unset=UNSET_DOUBLE_TEXT),
)

RESPONSES: Final[Mapping[int, Message]] = {
    message.id: message
    for message in (
        *ORDER_RESPONSES,
        ERROR,
        MANAGED_ACCOUNTS,
        CURRENT_TIME,
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
        CONTRACT_DETAILS,
        CONTRACT_DETAILS_END,
        SEC_DEF_OPT_PARAMS,
        SEC_DEF_OPT_PARAMS_END,
        SYMBOL_SAMPLES,
        DEPTH_EXCHANGES,
        MARKET_RULE,
        ACCOUNT_VALUE,
        ACCOUNT_TIME,
        ACCOUNT_DOWNLOAD_END,
        PORTFOLIO_VALUE,
        POSITION,
        POSITION_END,
        ACCOUNT_SUMMARY,
        ACCOUNT_SUMMARY_END,
        POSITION_MULTI,
        POSITION_MULTI_END,
        ACCOUNT_UPDATE_MULTI,
        ACCOUNT_UPDATE_MULTI_END,
        PNL,
        PNL_SINGLE,
    )
}
"""Every message that is sent, by message id."""
