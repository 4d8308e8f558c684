# SPDX-License-Identifier: Apache-2.0
"""The order in the ticket: what the fields mean together, and what is wrong with which of them."""

from dataclasses import replace
from decimal import Decimal
from typing import Any, cast

import pytest

from terminal.model.enums import AssetClass, OrderType, Side, TimeInForce
from terminal.model.ids import InstrumentId
from terminal.model.instrument import Instrument
from terminal.model.market import Quote
from widgets.ticket.model import Draft, TicketFields, TicketModel

STOCK = Instrument(id=InstrumentId("AAPL"), asset_class=AssetClass.STOCK, symbol="AAPL", min_tick=Decimal("0.01"))
QUOTE = Quote(instrument_id=STOCK.id, received_ns=1, bid=199.98, ask=200.02, bid_size=3, ask_size=4)


def model(**fields: object) -> TicketModel:
    made = TicketModel(net_liquidation=Decimal(250_000), rate_to_base=lambda _: 1.0)
    made.set_instrument(STOCK, QUOTE, "100")
    changed: Any = replace(made.fields, **cast("dict[str, Any]", fields))
    made.change(changed)
    return made


def draft(**fields: object) -> Draft:
    found, errors = model(**fields).read()
    assert not errors
    assert found is not None
    return found


def errors(**fields: object) -> dict[str, str]:
    found, wrong = model(**fields).read()
    assert found is None
    return wrong


def test_an_untouched_ticket_joins_the_own_side() -> None:
    assert draft().command.spec.limit_price == Decimal("199.98")
    assert draft(side=Side.SELL).command.spec.limit_price == Decimal("200.02")
    assert draft().words == "Buy 100 AAPL at 199.98 LMT"


@pytest.mark.parametrize(
    ("fields", "limit", "stop"),
    [
        ({"order_type": OrderType.MARKET}, None, None),
        ({"order_type": OrderType.STOP, "stop_text": "201"}, None, Decimal(201)),
        (
            {"order_type": OrderType.STOP_LIMIT, "stop_text": "201", "limit_text": "201.5"},
            Decimal("201.5"),
            Decimal(201),
        ),
    ],
)
def test_a_type_takes_the_prices_that_it_has(
    fields: dict[str, object], limit: Decimal | None, stop: Decimal | None
) -> None:
    spec = draft(**fields).command.spec
    assert (spec.limit_price, spec.stop_price) == (limit, stop)


def test_a_trail_is_an_amount_or_a_percentage() -> None:
    amount = draft(order_type=OrderType.TRAIL, trail_text="0.50").command.spec
    assert (amount.trail_amount, amount.trail_percent) == (Decimal("0.50"), None)
    share = draft(order_type=OrderType.TRAIL, trail_text="1.5%").command.spec
    assert (share.trail_amount, share.trail_percent) == (None, Decimal("1.5"))


@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({"limit_text": "200.005"}, "limit_text", "multiple of 0.01"),
        ({"limit_text": "-1"}, "limit_text", "above zero"),
        ({"limit_text": "abc"}, "limit_text", "must be a number"),
        ({"limit_text": "inf"}, "limit_text", "above zero"),
        ({"order_type": OrderType.STOP}, "stop_text", "a price is needed"),
        ({"order_type": OrderType.TRAIL, "trail_text": ""}, "trail_text", "must be a number"),
        ({"order_type": OrderType.TRAIL, "trail_text": "0"}, "trail_text", "above zero"),
        ({"size_text": "many"}, "size_text", "must be a number"),
        ({"with_stop": True, "bracket_stop_text": "201"}, "bracket_stop_text", "must be below 199.98"),
        ({"with_target": True, "bracket_target_text": "150"}, "bracket_target_text", "must be above 199.98"),
        (
            {"side": Side.SELL, "with_stop": True, "bracket_stop_text": "199"},
            "bracket_stop_text",
            "must be above 200.02",
        ),
    ],
)
def test_a_mistake_is_named_at_its_field(fields: dict[str, object], field: str, words: str) -> None:
    wrong = errors(**fields)
    assert words in wrong[field]


def test_exits_stand_by_the_settings_and_tell_what_is_at_stake() -> None:
    found = draft(with_stop=True, with_target=True)
    bracket = found.command.bracket
    assert bracket is not None
    assert bracket.stop_price == Decimal("197.98")  # 1 % below, on the tick
    assert bracket.target_price == Decimal("203.98")  # twice that above
    assert found.risk == Decimal(200)
    assert found.reward == Decimal(400)
    assert found.value == Decimal(19_998)


def test_an_amount_of_risk_switches_the_exits_on() -> None:
    made = model(size_text="1R")
    assert made.fields.with_stop
    assert made.fields.with_target
    found, wrong = made.read()
    assert not wrong
    assert found is not None
    assert found.command.spec.quantity == 312


def test_the_limits_cut_an_amount_and_say_so() -> None:
    made = model(size_text="1R")
    made.largest = lambda _instrument, _price, _side: (Decimal(119), "MAX_NOTIONAL")
    found, _ = made.read()
    assert found is not None
    assert found.command.spec.quantity == 119
    assert found.size_words.endswith("cut to 119 by the limit on order value")


def test_another_instrument_takes_no_price_along() -> None:
    made = model(limit_text="150", with_stop=True, bracket_stop_text="140", time_in_force=TimeInForce.GTC)
    made.set_instrument(replace(STOCK, id=InstrumentId("IBM")), None, "10")
    kept = made.fields
    assert (kept.limit_text, kept.bracket_stop_text, kept.with_stop) == ("", "", False)
    assert kept.time_in_force is TimeInForce.GTC
    found, wrong = made.read()
    assert found is None
    assert "limit_text" in wrong, "without a quote there is no price to fall back on"


def test_without_an_instrument_there_is_no_order() -> None:
    found, wrong = TicketModel(fields=TicketFields()).read()
    assert found is None
    assert "choose an instrument" in wrong[""]
