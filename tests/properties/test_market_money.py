# SPDX-License-Identifier: Apache-2.0
"""Money on the living market: random trading of two accounts over an expiry against an oracle that only counts.

The oracle sees executions and, for the night, contracts and settlement prices; it knows nothing of ledgers.
"""

from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from terminal.model.enums import AssetClass, OptionRight
from terminal.model.instrument import Instrument
from terminal.simulation.costs import Schedule
from terminal.simulation.exchange_port import SimExecution, SimOrder, SimulatorRefusalError
from terminal.simulation.factory import account_specs
from terminal.simulation.facts import Borrow, Dividend
from terminal.simulation.market import Market
from terminal.simulation.simulated import SimulatedSource
from terminal.simulation.trading_days import NS

AAPL, EUR = 265598, 12087792
FRIDAY = date(2025, 3, 7)
CENT = Decimal("0.01")


class PlainSource(SimulatedSource):
    """The simulated market from a Friday on, without interest, dividends and fees for borrowed shares."""

    def __init__(self) -> None:
        super().__init__(1, first_day=FRIDAY)

    def interest_rate(self, currency: str, ns: int) -> float:
        del currency, ns
        return 0.0

    def dividends(self, con_id: int, first: date, last: date) -> Sequence[Dividend]:
        del con_id, first, last
        return ()

    def borrow(self, con_id: int, ns: int) -> Borrow:
        del con_id, ns
        return Borrow(available=10_000_000, fee=0.0, rebate=0.0, level=3.0)


@dataclass
class Oracle:
    """Quantities and cash by counting."""

    quantity: dict[tuple[str, int], Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    cash: dict[tuple[str, str], Decimal] = field(default_factory=lambda: defaultdict(Decimal))

    def trade(self, one: SimExecution, instrument: Instrument) -> None:
        sign = 1 if one.side == "BOT" else -1
        size = sign * one.quantity
        self.quantity[one.account, one.con_id] += size
        self.cash[one.account, one.commission_currency] -= Decimal(repr(one.commission))
        money = size * Decimal(repr(one.price)) * instrument.multiplier
        if instrument.asset_class is AssetClass.FOREX:
            self.cash[one.account, instrument.symbol] += size
        self.cash[one.account, instrument.currency] -= money

    def expire(self, account: str, con_id: int, instrument: Instrument, final: Decimal) -> None:
        """Exercise or assign what is in the money; the rest goes."""
        held = self.quantity.pop((account, con_id), Decimal(0))
        strike = instrument.strike or Decimal(0)
        call = instrument.right is OptionRight.CALL
        if (final - strike if call else strike - final) >= CENT:
            shares = held * 100 if call else -held * 100
            self.quantity[account, AAPL] += shares
            self.cash[account, "USD"] -= shares * strike


ORDERS = st.lists(
    st.tuples(
        st.integers(min_value=0, max_value=1),
        st.integers(min_value=0, max_value=5),
        st.sampled_from(["BUY", "SELL"]),
        st.integers(min_value=1, max_value=4),
    ),
    min_size=3,
    max_size=12,
)


def opened() -> tuple[Market, list[tuple[int, int]]]:
    """Return a market and what is traded: contract id and lot."""
    exchange = Market(PlainSource(), account_specs(2, Schedule.TIERED), 1)
    spot = exchange.mark(AAPL)
    chain = exchange.find(symbol="AAPL", sec_type="OPT", expiry="20250307")
    near = sorted(chain, key=lambda item: (abs(float(item.strike or 0) - spot - 4), str(item.right)))[:4]
    return exchange, [(AAPL, 30), (EUR, 20_000), *((item.broker_id or 0, 1) for item in near)]


def assert_equal(exchange: Market, oracle: Oracle) -> None:
    for account, ledger in exchange.money.ledgers.items():
        for con_id in {key[1] for key in oracle.quantity if key[0] == account} | set(ledger.holdings):
            assert ledger.quantity(con_id) == oracle.quantity.get((account, con_id), Decimal(0))
        for currency in {key[1] for key in oracle.cash if key[0] == account} | set(ledger.cash):
            counted = oracle.cash.get((account, currency), Decimal(0))
            assert abs(ledger.cash.get(currency, Decimal(0)) - counted) < Decimal("1e-6")


@settings(deadline=None, max_examples=4, suppress_health_check=[HealthCheck.too_slow])
@given(orders=ORDERS)
def test_the_market_books_what_a_counting_oracle_expects(orders: list[tuple[int, int, str, int]]) -> None:
    exchange, traded = opened()
    oracle = Oracle()
    for account, ledger in exchange.money.ledgers.items():
        oracle.cash[account, ledger.base] = ledger.cash[ledger.base]
    for who, what, side, lots in orders:
        con_id, lot = traded[what]
        order = SimOrder(
            account=exchange.accounts[who], con_id=con_id, action=side, quantity=Decimal(lots * lot), order_type="MKT"
        )
        with suppress(SimulatorRefusalError):  # funds, day trades, both sides of an option
            exchange.place(order)
        exchange.advance_to(exchange.now_ns() + 5 * NS)
    day = exchange.source.calendar.day(0)
    exchange.advance_to(day.end_ns - 1)
    for one in exchange.executions():
        instrument = exchange.instrument(one.con_id)
        assert instrument is not None
        oracle.trade(one, instrument)
    assert_equal(exchange, oracle)
    for con_id, _ in traded[2:]:
        option, final = exchange.instrument(con_id), exchange.source.settlement_price(con_id, 0)
        assert option is not None
        assert final is not None
        for account in exchange.accounts:
            oracle.expire(account, con_id, option, Decimal(repr(round(final, 4))))
    exchange.advance_to(day.end_ns)
    assert exchange.day_index() == 1
    assert_equal(exchange, oracle)
