# SPDX-License-Identifier: Apache-2.0
"""What may be typed as a size, what it comes to, and that it never comes to more than was meant."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminal.model.enums import AssetClass
from terminal.model.ids import InstrumentId
from terminal.model.instrument import Instrument
from widgets.ticket.size import SizeBasis, needs_stop, parse_size

STOCK = Instrument(id=InstrumentId("AAPL"), asset_class=AssetClass.STOCK, symbol="AAPL")
OPTION = replace(
    STOCK, id=InstrumentId("AAPL C"), asset_class=AssetClass.OPTION, multiplier=Decimal(100), min_tick=Decimal("0.01")
)
BASIS = SizeBasis(
    instrument=STOCK,
    price=Decimal(200),
    stop_price=Decimal(198),
    net_liquidation=Decimal(250_000),
    risk_fraction=Decimal("0.0025"),
    rate=Decimal(1),
)


@pytest.mark.parametrize(
    ("text", "quantity"),
    [
        ("100", 100),
        (" 1,200 ", 1200),
        ("2k", 2000),
        ("1R", 312),  # 0.25 % of 250,000 is 625; 2 lost per share
        ("0.5r", 156),
        ("0.5%", 6),  # 1,250 of money at 200
        ("$10k", 50),
        ("$ 1m", 5000),
    ],
)
def test_amounts_come_to_units(text: str, quantity: int) -> None:
    assert parse_size(text, BASIS).quantity == quantity


@pytest.mark.parametrize(
    ("text", "quantity"),
    [
        ("1R", 312),  # 625 of the account are 62,500 yen; 200 lost per share
        ("0.5%", 6),  # 1,250 of the account are 125,000 yen at 20,000
        ("$10k", 50),
        ("100", 100),
    ],
)
def test_money_of_the_account_becomes_money_of_the_instrument(text: str, quantity: int) -> None:
    tokyo = replace(STOCK, currency="JPY")
    basis = replace(BASIS, instrument=tokyo, price=Decimal(20_000), stop_price=Decimal(19_800), rate=Decimal("0.01"))
    assert parse_size(text, basis).quantity == quantity


@pytest.mark.parametrize("text", ["1R", "0.5%", "$10k"])
def test_money_without_a_rate_of_exchange_is_no_size(text: str) -> None:
    tokyo = replace(STOCK, currency="JPY")
    with pytest.raises(ValueError, match="JPY"):
        parse_size(text, replace(BASIS, instrument=tokyo, rate=None))
    assert parse_size("100", replace(BASIS, instrument=tokyo, rate=None)).quantity == 100


def test_delta_counts_contracts() -> None:
    basis = replace(BASIS, instrument=OPTION, delta=-0.25)
    assert parse_size("50Δ", basis).quantity == 2
    assert parse_size("60 d", basis).quantity == 2


@pytest.mark.parametrize(
    ("text", "basis", "words"),
    [
        ("", BASIS, "must be a number"),
        ("ten", BASIS, "must be a number"),
        ("-5", BASIS, "must be a number"),
        ("nan", BASIS, "must be a number"),
        ("1e9", BASIS, "must be a number"),
        ("0", BASIS, "at least 1"),
        ("1.5", BASIS, "multiple of 1"),
        ("0.0001%", BASIS, "at least 1"),
        ("1R", replace(BASIS, stop_price=None), "switch the stop on"),
        ("1R", replace(BASIS, stop_price=Decimal(200)), "move the stop"),
        ("1R", replace(BASIS, net_liquidation=None), "net liquidation"),
        ("5%", replace(BASIS, net_liquidation=None), "net liquidation"),
        ("$5k", replace(BASIS, price=None), "needs a price"),
        ("50Δ", BASIS, "delta"),
    ],
)
def test_a_refusal_names_what_is_missing(text: str, basis: SizeBasis, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        parse_size(text, basis)


def test_an_amount_is_cut_to_the_limits_in_words_and_a_number_never() -> None:
    basis = replace(BASIS, largest=(Decimal(119), "order value"))
    cut = parse_size("1R", basis)
    assert cut.quantity == 119
    assert cut.words == "1R is 312, cut to 119 by the limit on order value"
    assert parse_size("500", basis).quantity == 500, "what was typed as a number is refused by the gate, not changed"
    assert parse_size("$10k", basis).words == "$10k is 50"


def test_only_risk_needs_a_stop() -> None:
    assert needs_stop(" 2R ")
    assert not needs_stop("200")


@given(st.decimals(min_value=Decimal("0.01"), max_value=Decimal(20), places=2), st.integers(1, 1_000))
def test_risk_is_never_more_than_asked_for(multiple: Decimal, ticks: int) -> None:
    basis = replace(BASIS, stop_price=Decimal(200) - ticks * Decimal("0.01"))
    try:
        size = parse_size(f"{multiple}R", basis)
    except ValueError:
        return
    asked = multiple * Decimal(250_000) * Decimal("0.0025")
    assert size.quantity * ticks * Decimal("0.01") <= asked
    assert (size.quantity + 1) * ticks * Decimal("0.01") > asked


@given(st.text(max_size=12))
def test_nonsense_is_refused_and_never_an_accident(text: str) -> None:
    try:
        size = parse_size(text, BASIS)
    except ValueError:
        return
    assert size.quantity >= 1
    assert size.quantity == size.quantity.to_integral_value()
