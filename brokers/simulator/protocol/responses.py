# SPDX-License-Identifier: Apache-2.0
"""Tables of the messages to a client that are not orders: reference, account, session; and all together."""

from collections.abc import Mapping
from typing import Final

from brokers.simulator.protocol.language import (
    Message,
    Repeat,
    Series,
    decimal,
    integer,
    number,
    size,
    text,
    version,
)
from brokers.simulator.protocol.responses_data import DATA_RESPONSES
from brokers.simulator.protocol.responses_orders import ORDER_RESPONSES
from brokers.simulator.protocol.shared import CONTRACT, PORTFOLIO_CONTRACT, TAG_VALUE, end_marker, response
from brokers.simulator.protocol.values import UNSET_DOUBLE_TEXT, Kind

_REQ_ID: Final = integer("req_id")


# ------------------------------------------------------------------ session
ERROR: Final = response(
    4,
    "error",
    version(2),
    integer("req_id", default=-1),
    integer("code"),
    text("message"),
    text("advanced_reject", since=166),
)
MANAGED_ACCOUNTS: Final = response(15, "managedAccounts", version(1), text("accounts"))
CURRENT_TIME: Final = response(49, "currentTime", version(1), integer("epoch"))

# ------------------------------------------------------------------ reference
CONTRACT_DETAILS: Final = response(
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
    decimal("size_min_tick", since=163, until=164),
    decimal("min_size", since=164),
    decimal("size_increment", since=164),
    decimal("suggested_size_increment", since=164),
)
CONTRACT_DETAILS_END: Final = end_marker(52, "contractDetailsEnd")
SEC_DEF_OPT_PARAMS: Final = response(
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
SEC_DEF_OPT_PARAMS_END: Final = response(76, "securityDefinitionOptionParameterEnd", _REQ_ID)
SYMBOL_SAMPLES: Final = response(
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
DEPTH_EXCHANGES: Final = response(
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
MARKET_RULE: Final = response(
    93,
    "marketRule",
    integer("rule_id"),
    Repeat("increments", (decimal("low_edge"), decimal("increment"))),
)

SMART_COMPONENTS: Final = response(
    82,
    "smartComponents",
    _REQ_ID,
    Repeat("components", (integer("bit"), text("exchange"), text("letter"))),
)
SOFT_DOLLAR_TIERS: Final = response(
    77, "softDollarTiers", _REQ_ID, Repeat("tiers", (text("name"), text("value"), text("display_name")))
)
FAMILY_CODES: Final = response(78, "familyCodes", Repeat("codes", (text("account"), text("code"))))
USER_INFO: Final = response(107, "userInfo", _REQ_ID, text("white_branding_id"))

# ------------------------------------------------------------------ display groups
DISPLAY_GROUP_LIST: Final = response(67, "displayGroupList", version(1), _REQ_ID, text("groups"))
DISPLAY_GROUP_UPDATED: Final = response(68, "displayGroupUpdated", version(1), _REQ_ID, text("contract_info"))

# ------------------------------------------------------------------ account
ACCOUNT_VALUE: Final = response(
    6, "updateAccountValue", version(2), text("key"), text("value"), text("currency"), text("account")
)
ACCOUNT_TIME: Final = response(8, "updateAccountTime", version(1), text("time"))
ACCOUNT_DOWNLOAD_END: Final = response(54, "accountDownloadEnd", version(1), text("account"))
PORTFOLIO_VALUE: Final = response(
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
POSITION: Final = response(
    61, "position", version(3), text("account"), *CONTRACT, size("position"), decimal("average_cost")
)
POSITION_END: Final = response(62, "positionEnd", version(1))
ACCOUNT_SUMMARY: Final = response(
    63,
    "accountSummary",
    version(1),
    _REQ_ID,
    text("account"),
    text("tag"),
    text("value"),
    text("currency"),
)
ACCOUNT_SUMMARY_END: Final = end_marker(64, "accountSummaryEnd")
POSITION_MULTI: Final = response(
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
POSITION_MULTI_END: Final = end_marker(72, "positionMultiEnd")
ACCOUNT_UPDATE_MULTI: Final = response(
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
ACCOUNT_UPDATE_MULTI_END: Final = end_marker(74, "accountUpdateMultiEnd")
PNL: Final = response(
    94,
    "pnl",
    _REQ_ID,
    decimal("daily", unset=UNSET_DOUBLE_TEXT),
    decimal("unrealized", unset=UNSET_DOUBLE_TEXT),
    decimal("realized", unset=UNSET_DOUBLE_TEXT),
)
PNL_SINGLE: Final = response(
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
        *DATA_RESPONSES,
        ERROR,
        MANAGED_ACCOUNTS,
        CURRENT_TIME,
        CONTRACT_DETAILS,
        CONTRACT_DETAILS_END,
        SEC_DEF_OPT_PARAMS,
        SEC_DEF_OPT_PARAMS_END,
        SYMBOL_SAMPLES,
        DEPTH_EXCHANGES,
        MARKET_RULE,
        SMART_COMPONENTS,
        SOFT_DOLLAR_TIERS,
        FAMILY_CODES,
        USER_INFO,
        DISPLAY_GROUP_LIST,
        DISPLAY_GROUP_UPDATED,
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
