# SPDX-License-Identifier: Apache-2.0
"""Tables of the order requests: placeOrder and its relatives.

placeOrder has no message version; a field that is one place off changes the
meaning of money, so the tests count its fields at both dialects.
"""

from decimal import Decimal
from typing import Final

from brokers.simulator.protocol.language import (
    Direction,
    Literal,
    Message,
    Rows,
    Test,
    When,
    decimal,
    flag,
    integer,
    number,
    size,
    tags,
    text,
    version,
)
from brokers.simulator.protocol.shared import (
    ALGORITHM,
    CONDITIONS,
    CONTRACT_REQUEST,
    DELTA_NEUTRAL_CONTRACT,
    DELTA_NEUTRAL_ORDER,
    HEDGE,
    ORDER_LEGS,
    PEG_BENCHMARK,
    SCALE,
)

_MAIN: Final[Rows] = (
    text("action"),
    size("total_quantity"),
    text("order_type"),
    decimal("limit_price"),
    decimal("aux_price"),
    text("tif"),
    text("oca_group"),
    text("account"),
    text("open_close"),
    integer("origin", default=0),
    text("order_ref"),
    flag("transmit", default=True),
    integer("parent_id", default=0),
    flag("block_order", default=False),
    flag("sweep_to_fill", default=False),
    integer("display_size", default=0),
    integer("trigger_method", default=0),
    flag("outside_rth", default=False),
    flag("hidden", default=False),
    When("sec_type", Test.IS, ORDER_LEGS, operand="BAG"),
    Literal(""),  # sharesAllocation, withdrawn
)

_EXTENDED: Final[Rows] = (
    decimal("discretionary_amount", default=0),
    text("good_after_time"),
    text("good_till_date"),
    text("fa_group"),
    text("fa_method"),
    text("fa_percentage"),
    text("fa_profile", until=177),
    text("model_code"),
    integer("short_sale_slot", default=0),
    text("designated_location"),
    integer("exempt_code", default=-1),
    integer("oca_type", default=0),
    text("rule_80a"),
    text("settling_firm"),
    flag("all_or_none", default=False),
    integer("min_qty"),
    decimal("percent_offset"),
    flag("etrade_only", default=False),
    flag("firm_quote_only", default=False),
    decimal("nbbo_price_cap"),
    integer("auction_strategy", default=0),
    decimal("starting_price"),
    decimal("stock_ref_price"),
    number("delta"),
    decimal("stock_range_lower"),
    decimal("stock_range_upper"),
    flag("override_percentage_constraints", default=False),
    number("volatility"),
    integer("volatility_type"),
    text("delta_neutral_order_type"),
    decimal("delta_neutral_aux_price"),
    DELTA_NEUTRAL_ORDER,
    flag("continuous_update", default=False),
    integer("reference_price_type"),
    decimal("trail_stop_price"),
    decimal("trailing_percent"),
    *SCALE,
    text("scale_table"),
    text("active_start_time"),
    text("active_stop_time"),
    *HEDGE,
    flag("opt_out_smart_routing", default=False),
    text("clearing_account"),
    text("clearing_intent"),
    flag("not_held", default=False),
    *DELTA_NEUTRAL_CONTRACT,
    *ALGORITHM,
    text("algo_id"),
    flag("what_if", default=False),
    tags("misc_options"),
    flag("solicited", default=False),
    flag("randomize_size", default=False),
    flag("randomize_price", default=False),
    PEG_BENCHMARK,
    *CONDITIONS,
)

_TAIL: Final[Rows] = (
    text("adjusted_order_type"),
    decimal("trigger_price"),
    decimal("limit_price_offset"),
    decimal("adjusted_stop_price"),
    decimal("adjusted_stop_limit_price"),
    decimal("adjusted_trailing_amount"),
    integer("adjustable_trailing_unit", default=0),
    text("ext_operator"),
    text("soft_dollar_name"),
    text("soft_dollar_value"),
    decimal("cash_qty"),
    text("mifid2_decision_maker"),
    text("mifid2_decision_algo"),
    text("mifid2_execution_trader"),
    text("mifid2_execution_algo"),
    flag("dont_use_auto_price_for_hedge", default=False),
    flag("is_oms_container", default=False),
    flag("discretionary_up_to_limit", default=False),
    flag("use_price_mgmt_algo"),
    integer("duration", since=158),
    integer("post_to_ats", since=160),
    flag("auto_cancel_parent", since=162, default=False),
    text("advanced_error_override", since=166),
    text("manual_order_time", since=169),
    When("exchange", Test.IS, (integer("min_trade_qty"),), operand="IBKRATS", since=170),
    When(
        "order_type",
        Test.IS,
        (
            integer("min_compete_size"),
            decimal("compete_against_best_offset"),
            When(
                "compete_against_best_offset",
                Test.IS,
                (decimal("mid_offset_at_whole"), decimal("mid_offset_at_half")),
                operand=Decimal("Infinity"),
            ),
        ),
        operand="PEG BEST",
        since=170,
    ),
    When(
        "order_type",
        Test.IS,
        (decimal("mid_offset_at_whole"), decimal("mid_offset_at_half")),
        operand="PEG MID",
        since=170,
    ),
)

PLACE_ORDER: Final = Message(
    3,
    "placeOrder",
    Direction.REQUEST,
    (
        integer("order_id"),
        *CONTRACT_REQUEST,
        text("sec_id_type"),
        text("sec_id"),
        *_MAIN,
        *_EXTENDED,
        *_TAIL,
    ),
)
CANCEL_ORDER: Final = Message(
    4,
    "cancelOrder",
    Direction.REQUEST,
    (version(1), integer("order_id"), text("manual_cancel_time", since=169)),
)
REQ_OPEN_ORDERS: Final = Message(5, "reqOpenOrders", Direction.REQUEST, (version(1),))
REQ_EXECUTIONS: Final = Message(
    7,
    "reqExecutions",
    Direction.REQUEST,
    (
        version(3),
        integer("req_id"),
        integer("client_id", default=0),
        text("account"),
        text("time"),
        text("symbol"),
        text("sec_type"),
        text("exchange"),
        text("side"),
    ),
)
REQ_IDS: Final = Message(8, "reqIds", Direction.REQUEST, (version(1), integer("count", default=1)))
REQ_AUTO_OPEN_ORDERS: Final = Message(
    15, "reqAutoOpenOrders", Direction.REQUEST, (version(1), flag("auto_bind", default=False))
)
REQ_ALL_OPEN_ORDERS: Final = Message(16, "reqAllOpenOrders", Direction.REQUEST, (version(1),))
REQ_GLOBAL_CANCEL: Final = Message(58, "reqGlobalCancel", Direction.REQUEST, (version(1),))
REQ_COMPLETED_ORDERS: Final = Message(99, "reqCompletedOrders", Direction.REQUEST, (flag("api_only", default=False),))

ORDER_REQUESTS: Final = (
    PLACE_ORDER,
    CANCEL_ORDER,
    REQ_OPEN_ORDERS,
    REQ_EXECUTIONS,
    REQ_IDS,
    REQ_AUTO_OPEN_ORDERS,
    REQ_ALL_OPEN_ORDERS,
    REQ_GLOBAL_CANCEL,
    REQ_COMPLETED_ORDERS,
)
