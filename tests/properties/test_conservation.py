# SPDX-License-Identifier: Apache-2.0
"""Nothing is made and nothing is lost: cash and quantity under random fills, fees, expiry, assignment and splits."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from terminal.model.enums import AssetClass, OptionRight
from terminal.model.ids import InstrumentId
from terminal.model.instrument import Instrument
from terminal.simulation.account_book import AccountSpec
from terminal.simulation.accounts import Accounts
from terminal.simulation.costs import Schedule
from terminal.simulation.ledger import Ledger

STOCK = Instrument(id=InstrumentId("AAPL"), asset_class=AssetClass.STOCK, symbol="AAPL", broker_id=1)
PAIR = Instrument(
    id=InstrumentId("EUR.USD"), asset_class=AssetClass.FOREX, symbol="EUR", min_tick=Decimal("0.00005"), broker_id=2
)
FUTURE = Instrument(
    id=InstrumentId("ES 20250321"), asset_class=AssetClass.FUTURE, symbol="ES", multiplier=Decimal(50), broker_id=3
)


def option(con_id: int, right: OptionRight, strike: int) -> Instrument:
    return Instrument(
        id=InstrumentId(f"AAPL 20250321 {right} {strike}"),
        asset_class=AssetClass.OPTION,
        symbol="AAPL",
        multiplier=Decimal(100),
        strike=Decimal(strike),
        right=right,
        expiry=date(2025, 3, 21),
        underlying_id=STOCK.id,
        broker_id=con_id,
    )


CALL, PUT = option(4, OptionRight.CALL, 100), option(5, OptionRight.PUT, 105)
INSTRUMENTS = {item.broker_id or 0: item for item in (STOCK, PAIR, FUTURE, CALL, PUT)}
PRICES = {1: "98.37", 2: "1.05735", 3: "5803.25", 4: "3.15", 5: "6.40"}
NAMES = ("first", "second")
TINY = Decimal("1e-15")
"""Divisions are rounded to 28 digits; nothing larger than that may ever be missing."""


def accounts(schedule: Schedule) -> Accounts:
    specs = [
        AccountSpec(name="first", schedule=schedule),
        AccountSpec(name="second", base="EUR", cash=Decimal(90_000), schedule=schedule),
    ]
    return Accounts(
        specs,
        mark=lambda con_id: float(PRICES[con_id]),
        underlying_of=lambda item: 1 if item.asset_class is AssetClass.OPTION else None,
        rate=lambda currency: {"EUR": 1.06, "USD": 1.0}[currency],
        day=lambda: (0, date(2025, 3, 4)),
    )


FILLS = st.lists(
    st.tuples(
        st.sampled_from(NAMES),
        st.sampled_from(sorted(INSTRUMENTS)),
        st.sampled_from([1, -1]),
        st.integers(min_value=1, max_value=40),
        st.integers(min_value=-200, max_value=200),
        st.sampled_from([1, 2, 3]),
    ),
    max_size=40,
)


@dataclass
class Street:
    """Whoever is on the other side: gets every quantity and all the money that an account gives."""

    quantity: Counter[int] = field(default_factory=Counter)
    cash: dict[str, Decimal] = field(default_factory=dict)

    def take(self, currency: str, amount: Decimal) -> None:
        self.cash[currency] = self.cash.get(currency, Decimal(0)) + amount


@settings(deadline=None, max_examples=120)
@given(fills=FILLS, schedule=st.sampled_from(list(Schedule)))
def test_what_accounts_pay_is_what_the_street_and_the_fees_get(
    fills: list[tuple[str, int, int, int, int, int]], schedule: Schedule
) -> None:
    money, street = accounts(schedule), Street()
    for name, con_id, sign, lots, ticks, liquidity in fills:
        instrument = INSTRUMENTS[con_id]
        quantity = Decimal(lots * (1000 if instrument is PAIR else 1))
        price = Decimal(PRICES[con_id]) + ticks * instrument.min_tick
        booked = money.book_fill(
            name, con_id, instrument, sign=sign, quantity=quantity, price=price, liquidity=liquidity
        )
        street.quantity[con_id] -= sign * int(quantity)
        street.take(booked.currency, booked.paid)
        if instrument is PAIR:
            street.take("EUR", -sign * quantity)
        street.take("USD", sign * quantity * price * instrument.multiplier)
    for con_id in INSTRUMENTS:
        assert sum(money.ledgers[name].quantity(con_id) for name in NAMES) == -street.quantity[con_id]
    for currency, opening in (("USD", Decimal(250_000)), ("EUR", Decimal(90_000))):
        # Futures move cash only by what they realise: what is open stands in their position.
        open_value = sum(
            (held.gross for name in NAMES for held in money.ledgers[name].holdings.values()
             if held.instrument is FUTURE and currency == "USD"),
            Decimal(0),
        )  # fmt: skip
        held = sum((money.ledgers[name].cash.get(currency, Decimal(0)) for name in NAMES), Decimal(0))
        assert abs(held - open_value + street.cash.get(currency, Decimal(0)) - opening) < TINY


def result(ledger: Ledger) -> Decimal:
    """Return all profit so far, open positions at cost: cash + cost of what is held."""
    return ledger.cash["USD"] + sum((held.cost for held in ledger.holdings.values()), Decimal(0))


def realised(ledger: Ledger) -> Decimal:
    return sum((held.realized for held in ledger.holdings.values()), Decimal(0))


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["buy", "sell", "deliver", "expire", "settle", "split", "pay"]),
        st.sampled_from([1, 4, 5]),
        st.integers(min_value=1, max_value=6),
        st.integers(min_value=1, max_value=900),
    ),
    max_size=40,
)


@settings(deadline=None, max_examples=200)
@given(steps=STEPS)
def test_every_dollar_is_cash_cost_or_realised_profit(steps: list[tuple[str, int, int, int]]) -> None:
    """After any history: cash + cost of open positions - realised profit = opening cash + credits."""
    ledger = Ledger(account="A", cash={"USD": Decimal(100_000)})
    credited, shares = Decimal(0), Decimal(0)
    for step, con_id, count, cents in steps:
        instrument, size = INSTRUMENTS[con_id], Decimal(count)
        price = Decimal(cents) / 10
        if step in {"buy", "sell"}:
            sign = 1 if step == "buy" else -1
            ledger.fill(con_id, instrument, sign=sign, quantity=size, price=price, paid=Decimal("1.0468"))
            shares += sign * size if con_id == 1 else 0
        elif step == "pay":
            ledger.credit("USD", price)
            credited += price
        elif step == "split" and ledger.quantity(1):
            ledger.replace(1, 1, STOCK, Decimal(2))
            shares *= 2
        elif step in {"deliver", "expire", "settle"} and con_id != 1 and ledger.quantity(con_id):
            shares += finish(ledger, con_id, step, price)
    assert ledger.quantity(1) == shares
    assert abs(result(ledger) - realised(ledger) - 100_000 - credited) < TINY


def finish(ledger: Ledger, con_id: int, step: str, price: Decimal) -> Decimal:
    """Exercise or assign one contract, or end all; return the shares that come in."""
    held = ledger.holdings[con_id]
    if step != "deliver":
        ledger.close(con_id, price if step == "settle" else Decimal(0))
        return Decimal(0)
    comes_in = (held.instrument.right is OptionRight.CALL) == (held.quantity > 0)
    before = abs(held.quantity)
    sign = 1 if comes_in else -1
    ledger.deliver(con_id, 1, STOCK, contracts=Decimal(1), sign=sign, strike=held.instrument.strike or Decimal(0))
    assert abs(ledger.quantity(con_id)) == before - 1
    return sign * Decimal(100)


@settings(deadline=None, max_examples=60)
@given(contracts=st.integers(min_value=1, max_value=9), side=st.sampled_from([1, -1]), right=st.sampled_from([4, 5]))
def test_what_one_side_delivers_the_other_receives(contracts: int, side: int, right: int) -> None:
    """Holder and writer of the same option: shares and strike money cancel out."""
    holder = Ledger(account="holder", cash={"USD": Decimal(0)})
    writer = Ledger(account="writer", cash={"USD": Decimal(0)})
    instrument, size = INSTRUMENTS[right], Decimal(contracts)
    for ledger, sign in ((holder, side), (writer, -side)):
        ledger.fill(right, instrument, sign=sign, quantity=size, price=Decimal("2.5"), paid=Decimal(0))
    call = instrument.right is OptionRight.CALL
    for ledger in (holder, writer):
        comes_in = call == (ledger.quantity(right) > 0)
        ledger.deliver(
            right, 1, STOCK, contracts=size, sign=1 if comes_in else -1, strike=instrument.strike or Decimal(0)
        )
    assert holder.quantity(1) == -writer.quantity(1)
    assert holder.quantity(right) == writer.quantity(right) == 0
    assert holder.cash["USD"] == -writer.cash["USD"]
    assert holder.holdings[1].cost == -writer.holdings[1].cost
