# SPDX-License-Identifier: Apache-2.0
"""No order, however odd, does anything but be accepted and simulated, or be refused with a code and leave no trace."""

from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from terminal.simulation.exchange_port import SimCondition, SimLeg, SimOrder, SimulatorRefusalError
from terminal.simulation.market import Market
from terminal.simulation.order_table import TIMES, TYPES
from terminal.simulation.trading_days import NS
from tests.unit.simulation.floor_case import AAPL, ACCOUNT, EUR, MSFT, market

BTC, ES, SPX = 479624278, 495001906, 416904
prices = st.one_of(
    st.none(),
    st.sampled_from([0.0, 0.01, 236.5, -1.0, 1e-9, 1e9, 1e30, 1e300, 236.123456789]),
    st.floats(allow_nan=False, allow_infinity=False),
)
sizes = st.one_of(
    st.sampled_from([Decimal(1), Decimal(100), Decimal("0.5"), Decimal("1e20"), Decimal("1e-9"), Decimal(0)]),
    st.decimals(allow_nan=False, allow_infinity=False, min_value=0),
)
texts = st.sampled_from(["", "20250304 12:00:00 US/Eastern"])
moments = st.sampled_from([0, 1, 1_741_111_200_000_000_000, 10**19])
contracts = st.sampled_from([AAPL, MSFT, EUR, BTC, ES, SPX, 0, 1, -5])
conditions = st.builds(
    SimCondition,
    kind=st.integers(0, 8),
    joined=st.sampled_from(["a", "o", "x"]),
    is_more=st.booleans(),
    value=st.floats(allow_nan=False, allow_infinity=False),
    ns=moments,
    con_id=contracts,
    trigger_method=st.integers(-1, 9),
    symbol=st.sampled_from(["", "AAPL"]),
)
legs = st.builds(
    SimLeg,
    con_id=contracts,
    ratio=st.sampled_from([-1, 0, 1, 100, 10**12]),
    action=st.sampled_from(["BUY", "SELL", "?"]),
    exchange=st.sampled_from(["SMART", "ARCA"]),
    price=st.sampled_from([None, None, 1.0]),
)
ODD_VALUES: dict[str, st.SearchStrategy[Any]] = {
    "account": st.sampled_from(["", "X"]),
    "con_id": contracts,
    "action": st.sampled_from(["", "SSHORT"]),
    "quantity": sizes,
    "order_type": st.sampled_from([*TYPES, "VOL", ""]),
    "tif": st.sampled_from([*TIMES, "", "GTX"]),
    "limit_price": prices,
    "aux_price": prices,
    "trail_stop_price": prices,
    "trailing_percent": prices,
    "limit_offset": prices,
    "percent_offset": prices,
    "cash_quantity": prices,
    "outside_rth": st.booleans(),
    "transmit": st.booleans(),
    "oca_group": st.sampled_from(["", "g"]),
    "oca_type": st.integers(-1, 4),
    "parent_perm_id": st.sampled_from([0, 7]),
    "trigger_method": st.integers(-1, 9),
    "display_size": st.sampled_from([1, 50, -3, 10**12]),
    "hidden": st.booleans(),
    "all_or_none": st.booleans(),
    "good_after_time": texts,
    "good_after_ns": moments,
    "good_till_date": texts,
    "good_till_ns": moments,
    "conditions": st.lists(conditions, min_size=1, max_size=2).map(tuple),
    "conditions_cancel_order": st.booleans(),
    "legs": st.lists(legs, min_size=1, max_size=4).map(tuple),
}
SOUND: dict[str, dict[str, Any]] = {
    "MKT": {},
    "LMT": {"limit_price": 236.5},
    "STP": {"aux_price": 230.0},
    "STP LMT": {"aux_price": 230.0, "limit_price": 229.0},
    "TRAIL": {"aux_price": 1.0},
    "TRAIL LIMIT": {"aux_price": 1.0, "limit_offset": 0.1},
    "MIT": {"aux_price": 230.0},
    "LIT": {"aux_price": 230.0, "limit_price": 229.0},
    "MOC": {},
    "LOC": {"limit_price": 236.5},
    "MIDPRICE": {},
    "REL": {"aux_price": 0.05},
}


@st.composite
def odd_orders(draw: st.DrawFn) -> SimOrder:
    """Draw an order that is sound but for up to three of its fields."""
    kind = draw(st.sampled_from(sorted(SOUND)))
    sent = SimOrder(
        account=ACCOUNT, con_id=AAPL, action=draw(st.sampled_from(["BUY", "SELL"])), quantity=Decimal(100),
        order_type=kind, **SOUND[kind],
    )  # fmt: skip
    for name in draw(st.lists(st.sampled_from(sorted(ODD_VALUES)), max_size=3, unique=True)):
        setattr(sent, name, draw(ODD_VALUES[name]))
    return sent


orders = odd_orders()
ODD: dict[str, Any] = {}


def settle(exchange: Market, sent: SimOrder) -> None:
    before = len(exchange.desk.orders.live())
    try:
        state = exchange.place(sent)
    except SimulatorRefusalError as refusal:
        ODD[str(refusal.code)] = refusal.text
        assert len(exchange.desk.orders.live()) == before
        return
    exchange.advance_to(exchange.now_ns() + NS)
    assert state.filled <= state.order.quantity
    exchange.desk.cancel(state.perm_id) if state.status not in {"Filled", "Cancelled"} else None


@settings(max_examples=500, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(orders)
def test_every_order_is_simulated_or_refused(sent: SimOrder) -> None:
    settle(SHARED, sent)
    assert all(text for text in ODD.values())


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(orders)
def test_every_preview_is_answered_or_refused(sent: SimOrder) -> None:
    sent.what_if = True
    try:
        seen = SHARED.preview(sent)
    except SimulatorRefusalError as refusal:
        ODD[str(refusal.code)] = refusal.text
    else:
        assert seen.commission >= 0


SHARED, _ = market()
