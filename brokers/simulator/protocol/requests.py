# SPDX-License-Identifier: Apache-2.0
"""Tables of the requests that are not orders: data, reference, account, session.

A request that is not in `REQUESTS` is answered with a refusal; the session
never stays silent.
"""

from collections.abc import Mapping
from typing import Final

from brokers.simulator.protocol.language import (
    Direction,
    Message,
    Row,
    flag,
    integer,
    number,
    tags,
    text,
    version,
)
from brokers.simulator.protocol.requests_orders import ORDER_REQUESTS
from brokers.simulator.protocol.shared import CONTRACT_REQUEST, DATA_LEGS, DELTA_NEUTRAL_CONTRACT

_REQ_ID: Final = integer("req_id")


def _request(id_: int, name: str, *rows: Row) -> Message:
    return Message(id_, name, Direction.REQUEST, rows)


def _cancel(id_: int, name: str) -> Message:
    """A cancel of the old kind: version and request id."""
    return _request(id_, name, version(1), _REQ_ID)


# ------------------------------------------------------------------ market data
REQ_MKT_DATA: Final = _request(
    1,
    "reqMktData",
    version(11),
    _REQ_ID,
    *CONTRACT_REQUEST,
    DATA_LEGS,
    *DELTA_NEUTRAL_CONTRACT,
    text("generic_ticks"),
    flag("snapshot", default=False),
    flag("regulatory_snapshot", default=False),
    tags("options"),
)
CANCEL_MKT_DATA: Final = _request(2, "cancelMktData", version(2), _REQ_ID)
REQ_MKT_DEPTH: Final = _request(
    10,
    "reqMktDepth",
    version(5),
    _REQ_ID,
    *CONTRACT_REQUEST,
    integer("rows", default=0),
    flag("smart_depth", default=False),
    tags("options"),
)
CANCEL_MKT_DEPTH: Final = _request(11, "cancelMktDepth", version(1), _REQ_ID, flag("smart_depth", default=False))
REQ_MARKET_DATA_TYPE: Final = _request(59, "reqMarketDataType", version(1), integer("type"))
REQ_TICK_BY_TICK: Final = _request(
    97,
    "reqTickByTickData",
    _REQ_ID,
    *CONTRACT_REQUEST,
    text("type"),
    integer("count", default=0),
    flag("ignore_size", default=False),
)
CANCEL_TICK_BY_TICK: Final = _request(98, "cancelTickByTickData", _REQ_ID)
CALC_IMPLIED_VOLATILITY: Final = _request(
    54,
    "calculateImpliedVolatility",
    version(3),
    _REQ_ID,
    *CONTRACT_REQUEST,
    number("option_price"),
    number("under_price"),
    integer("option_count", default=0),
    tags("options", tail=True),  # the newest client sends no count
)
CALC_OPTION_PRICE: Final = _request(
    55,
    "calculateOptionPrice",
    version(3),
    _REQ_ID,
    *CONTRACT_REQUEST,
    number("volatility"),
    number("under_price"),
    integer("option_count", default=0),
    tags("options", tail=True),  # the newest client sends no count
)

# ------------------------------------------------------------------ history
REQ_HISTORICAL_DATA: Final = _request(
    20,
    "reqHistoricalData",
    _REQ_ID,
    *CONTRACT_REQUEST,
    flag("include_expired", default=False),
    text("end"),
    text("bar_size"),
    text("duration"),
    flag("use_rth", default=False),
    text("what_to_show"),
    integer("format_date", default=1),
    DATA_LEGS,
    flag("keep_up_to_date", default=False),
    tags("options"),
)
REQ_REAL_TIME_BARS: Final = _request(
    50,
    "reqRealTimeBars",
    version(3),
    _REQ_ID,
    *CONTRACT_REQUEST,
    integer("bar_size", default=5),
    text("what_to_show"),
    flag("use_rth", default=False),
    tags("options"),
)
REQ_HEAD_TIMESTAMP: Final = _request(
    87,
    "reqHeadTimeStamp",
    _REQ_ID,
    *CONTRACT_REQUEST,
    flag("include_expired", default=False),
    flag("use_rth", default=False),
    text("what_to_show"),
    integer("format_date", default=1),
)
CANCEL_HEAD_TIMESTAMP: Final = _request(90, "cancelHeadTimeStamp", _REQ_ID)
REQ_HISTORICAL_TICKS: Final = _request(
    96,
    "reqHistoricalTicks",
    _REQ_ID,
    *CONTRACT_REQUEST,
    flag("include_expired", default=False),
    text("start"),
    text("end"),
    integer("count", default=0),
    text("what_to_show"),
    flag("use_rth", default=False),
    flag("ignore_size", default=False),
    tags("options"),
)

# ------------------------------------------------------------------ reference
REQ_CONTRACT_DETAILS: Final = _request(
    9,
    "reqContractDetails",
    version(8),
    _REQ_ID,
    *CONTRACT_REQUEST,
    flag("include_expired", default=False),
    text("sec_id_type"),
    text("sec_id"),
    text("issuer_id", since=176),
)
REQ_SEC_DEF_OPT_PARAMS: Final = _request(
    78,
    "reqSecDefOptParams",
    _REQ_ID,
    text("symbol"),
    text("fut_fop_exchange"),
    text("sec_type"),
    integer("con_id", default=0),
)
REQ_MATCHING_SYMBOLS: Final = _request(81, "reqMatchingSymbols", _REQ_ID, text("pattern"))
REQ_MKT_DEPTH_EXCHANGES: Final = _request(82, "reqMktDepthExchanges")
REQ_MARKET_RULE: Final = _request(91, "reqMarketRule", integer("rule_id"))

REQ_SMART_COMPONENTS: Final = _request(83, "reqSmartComponents", _REQ_ID, text("bbo_exchange"))
REQ_SOFT_DOLLAR_TIERS: Final = _request(79, "reqSoftDollarTiers", _REQ_ID)
REQ_FAMILY_CODES: Final = _request(80, "reqFamilyCodes")

# ------------------------------------------------------------------ scanner
REQ_SCANNER: Final = _request(
    22,
    "reqScannerSubscription",
    _REQ_ID,
    integer("rows", default=-1),
    text("instrument"),
    text("location"),
    text("scan_code"),
    number("above_price"),
    number("below_price"),
    integer("above_volume"),
    number("market_cap_above"),
    number("market_cap_below"),
    text("moody_rating_above"),
    text("moody_rating_below"),
    text("sp_rating_above"),
    text("sp_rating_below"),
    text("maturity_date_above"),
    text("maturity_date_below"),
    number("coupon_rate_above"),
    number("coupon_rate_below"),
    flag("exclude_convertible", default=False),
    integer("average_option_volume_above"),
    text("setting_pairs"),
    text("stock_type"),
    text("filter_options"),
    text("options"),
)
CANCEL_SCANNER: Final = _request(23, "cancelScannerSubscription", version(1), _REQ_ID)

# ------------------------------------------------------------------ display groups
QUERY_DISPLAY_GROUPS: Final = _request(67, "queryDisplayGroups", version(1), _REQ_ID)
SUBSCRIBE_TO_GROUP: Final = _request(68, "subscribeToGroupEvents", version(1), _REQ_ID, integer("group"))
UPDATE_DISPLAY_GROUP: Final = _request(69, "updateDisplayGroup", version(1), _REQ_ID, text("contract_info"))
UNSUBSCRIBE_FROM_GROUP: Final = _request(70, "unsubscribeFromGroupEvents", version(1), _REQ_ID)

# ------------------------------------------------------------------ exercise
EXERCISE_OPTIONS: Final = _request(
    21,
    "exerciseOptions",
    version(2),
    _REQ_ID,
    *(row for row in CONTRACT_REQUEST if getattr(row, "name", "") != "primary_exchange"),
    integer("exercise_action"),
    integer("quantity"),
    text("account"),
    integer("override", default=0),
)

# ------------------------------------------------------------------ account
REQ_ACCOUNT_UPDATES: Final = _request(
    6, "reqAccountUpdates", version(2), flag("subscribe", default=False), text("account")
)
REQ_POSITIONS: Final = _request(61, "reqPositions", version(1))
CANCEL_POSITIONS: Final = _request(64, "cancelPositions", version(1))
REQ_ACCOUNT_SUMMARY: Final = _request(62, "reqAccountSummary", version(1), _REQ_ID, text("group"), text("tags"))
REQ_POSITIONS_MULTI: Final = _request(74, "reqPositionsMulti", version(1), _REQ_ID, text("account"), text("model_code"))
REQ_ACCOUNT_UPDATES_MULTI: Final = _request(
    76,
    "reqAccountUpdatesMulti",
    version(1),
    _REQ_ID,
    text("account"),
    text("model_code"),
    flag("ledger_and_nlv", default=False),
)
REQ_PNL: Final = _request(92, "reqPnL", _REQ_ID, text("account"), text("model_code"))
CANCEL_PNL: Final = _request(93, "cancelPnL", _REQ_ID)
REQ_PNL_SINGLE: Final = _request(94, "reqPnLSingle", _REQ_ID, text("account"), text("model_code"), integer("con_id"))
CANCEL_PNL_SINGLE: Final = _request(95, "cancelPnLSingle", _REQ_ID)

# ------------------------------------------------------------------ session
START_API: Final = _request(71, "startApi", version(2), integer("client_id"), text("capabilities"))
REQ_MANAGED_ACCOUNTS: Final = _request(17, "reqManagedAccts", version(1))
REQ_CURRENT_TIME: Final = _request(49, "reqCurrentTime", version(1))
SET_SERVER_LOG_LEVEL: Final = _request(14, "setServerLogLevel", version(1), integer("level"))
REQ_USER_INFO: Final = _request(104, "reqUserInfo", _REQ_ID)

CANCEL_HISTORICAL_DATA: Final = _cancel(25, "cancelHistoricalData")
CANCEL_REAL_TIME_BARS: Final = _cancel(51, "cancelRealTimeBars")
CANCEL_CALC_IMPLIED_VOLATILITY: Final = _cancel(56, "cancelCalculateImpliedVolatility")
CANCEL_CALC_OPTION_PRICE: Final = _cancel(57, "cancelCalculateOptionPrice")
CANCEL_ACCOUNT_SUMMARY: Final = _cancel(63, "cancelAccountSummary")
CANCEL_POSITIONS_MULTI: Final = _cancel(75, "cancelPositionsMulti")
CANCEL_ACCOUNT_UPDATES_MULTI: Final = _cancel(77, "cancelAccountUpdatesMulti")

REQUESTS: Final[Mapping[int, Message]] = {
    message.id: message
    for message in (
        *ORDER_REQUESTS,
        REQ_MKT_DATA,
        CANCEL_MKT_DATA,
        REQ_MKT_DEPTH,
        CANCEL_MKT_DEPTH,
        REQ_MARKET_DATA_TYPE,
        REQ_TICK_BY_TICK,
        CANCEL_TICK_BY_TICK,
        CALC_IMPLIED_VOLATILITY,
        CALC_OPTION_PRICE,
        CANCEL_CALC_IMPLIED_VOLATILITY,
        CANCEL_CALC_OPTION_PRICE,
        REQ_HISTORICAL_DATA,
        CANCEL_HISTORICAL_DATA,
        REQ_REAL_TIME_BARS,
        CANCEL_REAL_TIME_BARS,
        REQ_HEAD_TIMESTAMP,
        CANCEL_HEAD_TIMESTAMP,
        REQ_HISTORICAL_TICKS,
        REQ_CONTRACT_DETAILS,
        REQ_SEC_DEF_OPT_PARAMS,
        REQ_MATCHING_SYMBOLS,
        REQ_MKT_DEPTH_EXCHANGES,
        REQ_MARKET_RULE,
        REQ_ACCOUNT_UPDATES,
        REQ_POSITIONS,
        CANCEL_POSITIONS,
        REQ_ACCOUNT_SUMMARY,
        CANCEL_ACCOUNT_SUMMARY,
        REQ_POSITIONS_MULTI,
        CANCEL_POSITIONS_MULTI,
        REQ_ACCOUNT_UPDATES_MULTI,
        CANCEL_ACCOUNT_UPDATES_MULTI,
        REQ_PNL,
        CANCEL_PNL,
        REQ_PNL_SINGLE,
        CANCEL_PNL_SINGLE,
        START_API,
        REQ_MANAGED_ACCOUNTS,
        REQ_CURRENT_TIME,
        SET_SERVER_LOG_LEVEL,
        REQ_USER_INFO,
        REQ_SMART_COMPONENTS,
        REQ_SOFT_DOLLAR_TIERS,
        REQ_FAMILY_CODES,
        REQ_SCANNER,
        CANCEL_SCANNER,
        QUERY_DISPLAY_GROUPS,
        SUBSCRIBE_TO_GROUP,
        UPDATE_DISPLAY_GROUP,
        UNSUBSCRIBE_FROM_GROUP,
        EXERCISE_OPTIONS,
    )
}
"""Every request that is read, by message id."""

FIRST_VERSIONS: Final[Mapping[int, int]] = {REQ_USER_INFO.id: 167}
"""Server version at which a request came to be, for those younger than the oldest dialect."""
