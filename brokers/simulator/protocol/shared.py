# SPDX-License-Identifier: Apache-2.0
"""Rows that several messages share: contracts, combo legs, conditions, order blocks.

Each is one layout of the protocol under one name. A message that differs by a
field gets its own rows instead of a switch here.
"""

from typing import Final

from brokers.simulator.protocol.language import (
    Direction,
    Message,
    Repeat,
    Row,
    Rows,
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


def response(id_: int, name: str, *rows: Row) -> Message:
    """A message to a client."""
    return Message(id_, name, Direction.RESPONSE, rows)


def end_marker(id_: int, name: str) -> Message:
    """An end marker of the old kind: version and request id."""
    return response(id_, name, version(1), integer("req_id"))


CONTRACT_REQUEST: Final[Rows] = (
    integer("con_id", default=0),
    text("symbol"),
    text("sec_type"),
    text("last_trade_date"),
    number("strike", default=0.0),
    text("right"),
    text("multiplier"),
    text("exchange"),
    text("primary_exchange"),
    text("currency"),
    text("local_symbol"),
    text("trading_class"),
)
"""The twelve fields of a contract in requests."""

CONTRACT: Final[Rows] = tuple(row for row in CONTRACT_REQUEST if getattr(row, "name", "") != "primary_exchange")
"""The eleven fields of a contract in answers: without the primary exchange."""

PORTFOLIO_CONTRACT: Final[Rows] = tuple(row for row in CONTRACT_REQUEST if getattr(row, "name", "") != "exchange")
"""The eleven fields of a contract in portfolio values: primary exchange instead of exchange."""

TAG_VALUE: Final[Rows] = (text("tag"), text("value"))

DATA_LEGS: Final = When(
    "sec_type",
    Test.IS,
    (
        Repeat(
            "combo_legs",
            (integer("con_id", default=0), integer("ratio", default=0), text("action"), text("exchange")),
        ),
    ),
    operand="BAG",
)
"""Legs of a combination in data requests."""

ORDER_LEG: Final[Rows] = (
    integer("con_id", default=0),
    integer("ratio", default=0),
    text("action"),
    text("exchange"),
    integer("open_close", default=0),
    integer("short_sale_slot", default=0),
    text("designated_location"),
    integer("exempt_code", default=-1),
)

ORDER_LEGS: Final[Rows] = (
    Repeat("combo_legs", ORDER_LEG),
    Repeat("order_combo_legs", (decimal("price"),)),
    Repeat("smart_combo_params", TAG_VALUE),
)

DELTA_NEUTRAL_CONTRACT: Final[Rows] = (
    flag("delta_neutral_contract", default=False),
    When(
        "delta_neutral_contract",
        Test.PRESENT,
        (
            integer("dnc_con_id", default=0),
            number("dnc_delta", default=0.0),
            number("dnc_price", default=0.0),
        ),
    ),
)

DELTA_NEUTRAL_ORDER: Final = When(
    "delta_neutral_order_type",
    Test.PRESENT,
    (
        integer("delta_neutral_con_id", default=0),
        text("delta_neutral_settling_firm"),
        text("delta_neutral_clearing_account"),
        text("delta_neutral_clearing_intent"),
        text("delta_neutral_open_close"),
        flag("delta_neutral_short_sale", default=False),
        integer("delta_neutral_short_sale_slot", default=0),
        text("delta_neutral_designated_location"),
    ),
)

SCALE: Final[Rows] = (
    integer("scale_init_level_size"),
    integer("scale_subs_level_size"),
    decimal("scale_price_increment"),
    When(
        "scale_price_increment",
        Test.POSITIVE,
        (
            decimal("scale_price_adjust_value"),
            integer("scale_price_adjust_interval"),
            decimal("scale_profit_offset"),
            flag("scale_auto_reset", default=False),
            integer("scale_init_position"),
            integer("scale_init_fill_qty"),
            flag("scale_random_percent", default=False),
        ),
    ),
)

HEDGE: Final[Rows] = (text("hedge_type"), When("hedge_type", Test.PRESENT, (text("hedge_param"),)))

ALGORITHM: Final[Rows] = (
    text("algo_strategy"),
    When("algo_strategy", Test.PRESENT, (Repeat("algo_params", TAG_VALUE),)),
)

PEG_BENCHMARK: Final = When(
    "order_type",
    Test.IS,
    (
        integer("reference_contract_id", default=0),
        flag("pegged_change_decrease", default=False),
        decimal("pegged_change_amount"),
        decimal("reference_change_amount"),
        text("reference_exchange_id"),
    ),
    operand="PEG BENCH",
)

_PRICE, _TIME, _MARGIN, _EXECUTION, _VOLUME, _PERCENT = 1, 3, 4, 5, 6, 7

CONDITIONS: Final[Rows] = (
    Repeat(
        "conditions",
        (
            integer("type", default=_PRICE),
            text("conjunction", default="a"),
            When(
                "type",
                Test.IN,
                (flag("is_more", default=True),),
                operand=(_PRICE, _TIME, _MARGIN, _VOLUME, _PERCENT),
            ),
            When("type", Test.IS, (decimal("price"),), operand=_PRICE),
            When("type", Test.IS, (text("time"),), operand=_TIME),
            When("type", Test.IS, (integer("percent"),), operand=_MARGIN),
            When("type", Test.IS, (text("sec_type"), text("exchange"), text("symbol")), operand=_EXECUTION),
            When("type", Test.IS, (integer("volume"),), operand=_VOLUME),
            When("type", Test.IS, (decimal("change_percent"),), operand=_PERCENT),
            When(
                "type",
                Test.IN,
                (integer("con_id", default=0), text("exchange")),
                operand=(_PRICE, _VOLUME, _PERCENT),
            ),
            When("type", Test.IS, (integer("trigger_method", default=0),), operand=_PRICE),
        ),
    ),
    When(
        "conditions",
        Test.PRESENT,
        (flag("conditions_ignore_rth", default=False), flag("conditions_cancel_order", default=False)),
    ),
)

PEG_BEST_EXTRAS: Final[Rows] = (
    size("min_trade_qty", since=170),
    size("min_compete_size", since=170),
    decimal("compete_against_best_offset", since=170),
    decimal("mid_offset_at_whole", since=170),
    decimal("mid_offset_at_half", since=170),
)
"""Five fields at the end of openOrder and completedOrder."""
