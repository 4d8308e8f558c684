# SPDX-License-Identifier: Apache-2.0
"""A hand on the market: a price that jumps, a halt; what was streamed is what the record says afterwards."""

from decimal import Decimal

from brokers.simulator.faults.steering import Steering
from terminal.clock import NS_PER_S
from terminal.simulation.exchange_port import SimOrder, SimPrint, SimTop
from terminal.simulation.factory import DEMO_ACCOUNT, open_exchange
from terminal.simulation.floor import QuietListener
from terminal.simulation.market import Market

AAPL = 265598


class Ear(QuietListener):
    """Remembers what the market said."""

    def __init__(self) -> None:
        self.prints: list[SimPrint] = []
        self.tops: list[SimTop] = []

    def on_print(self, trade: SimPrint) -> None:
        self.prints.append(trade)

    def on_top(self, top: SimTop) -> None:
        self.tops.append(top)


def steered() -> tuple[Market, Steering, Ear]:
    market = open_exchange(seed=1)
    steering, ear = Steering(market), Ear()
    market.set_listener(ear)
    for kind in ("top", "prints"):
        market.watch(AAPL, kind)
    pass_by(market, 60)
    return market, steering, ear


def pass_by(market: Market, seconds: float) -> None:
    market.advance_to(market.now_ns() + round(seconds * NS_PER_S))


def bars_of(market: Market, seconds: int, start_ns: int, end_ns: int) -> list[tuple[float, float, float]]:
    bars = market.bars(
        AAPL, seconds=seconds, start_ns=start_ns, end_ns=end_ns, what="TRADES", regular_only=False
    )  # fmt: skip
    return [(bar.high, bar.low, bar.volume) for bar in bars]


def test_without_a_touch_nothing_changes() -> None:
    plain, heard = open_exchange(seed=1), Ear()
    plain.set_listener(heard)
    for kind in ("top", "prints"):
        plain.watch(AAPL, kind)
    pass_by(plain, 60)
    pass_by(plain, 300)
    market, _, ear = steered()
    pass_by(market, 300)
    assert ear.prints == heard.prints
    assert ear.tops == heard.tops


def test_a_price_jumps_and_the_record_says_so() -> None:
    market, steering, ear = steered()
    minute = 60 * NS_PER_S
    market.advance_to((market.now_ns() // minute + 1) * minute)
    before, start = market.mark(AAPL), market.now_ns()
    steering.shock(AAPL, -0.2)
    ear.prints.clear()
    pass_by(market, 120)
    after = market.top(AAPL)
    assert after.bid is not None
    assert after.ask is not None
    assert after.bid < after.ask
    assert abs((after.bid + after.ask) / 2 / before - 0.8) < 0.02
    assert ear.prints
    assert all(abs(each.price / before - 0.8) < 0.03 for each in ear.prints)
    told = sum(each.size for each in ear.prints if start <= each.ns < start + 2 * minute)
    found = bars_of(market, 60, start, start + 2 * minute)
    assert sum(volume for _, _, volume in found) == told
    assert max(high for high, _, _ in found) == max(each.price for each in ear.prints)
    assert min(low for _, low, _ in found) == min(each.price for each in ear.prints)


def test_a_resting_order_fills_when_the_price_jumps_through_it() -> None:
    market, steering, _ = steered()
    price = round(market.mark(AAPL) * 0.95, 2)
    state = market.place(
        SimOrder(account=DEMO_ACCOUNT, con_id=AAPL, action="BUY", quantity=Decimal(10), order_type="LMT",
                 limit_price=price, tif="DAY")
    )  # fmt: skip
    pass_by(market, 5)
    assert market.executions() == ()
    steering.shock(AAPL, -0.1)
    pass_by(market, 60)
    assert state.filled == 10
    assert all(one.price <= price for one in market.executions())


def test_nothing_trades_in_a_halt_and_everything_after_it() -> None:
    market, steering, ear = steered()
    steering.halt(AAPL, on=True)
    assert [top.halted for top in ear.tops[-1:]] == [True]
    ear.prints.clear()
    started = market.now_ns()
    state = market.place(
        SimOrder(account=DEMO_ACCOUNT, con_id=AAPL, action="BUY", quantity=Decimal(10), order_type="MKT", tif="DAY")
    )
    pass_by(market, 120)
    assert len(ear.prints) == 0
    assert market.executions() == ()
    assert sum(volume for _, _, volume in bars_of(market, 1, started + NS_PER_S, market.now_ns())) == 0
    steering.halt(AAPL, on=False)
    assert [top.halted for top in ear.tops[-1:]] == [False]
    pass_by(market, 60)
    assert state.filled == 10
    assert len(ear.prints) > 0
