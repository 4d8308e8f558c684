# SPDX-License-Identifier: Apache-2.0
"""The feed freezes while the window is open: two seconds of the clock later nothing on screen still looks fresh.

The book holds a stock bought through the ticket, an option, a strategy's position and a working order, so that every
sum on screen hangs on quotes.
"""

from decimal import Decimal

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from terminal.model.commands import OrderSpec, SetStrategyState, SubmitOrder
from terminal.model.enums import OrderOrigin, OrderStatus, OrderType, Side, StrategyState
from terminal.model.ids import InstrumentId, StrategyId
from tests.conftest import AllowLogs
from tests.gui.journeys.inventory import NET, of_quotes, of_the_broker
from tests.gui.journeys.stage import (
    DrivenMarket,
    Terminal,
    choose,
    focused,
    orders_of,
    paper,
    press,
    ready,
    shown,
)
from tests.gui.journeys.test_hands import arm
from widgets.desk import Desk
from widgets.shots import until

AAPL = InstrumentId("AAPL")
MSFT = InstrumentId("MSFT")
VWAP = StrategyId("vwap_cross")
FRESH_S = 0.6
PLACES = {
    "chain",
    "chart",
    "ladder",
    "orders",
    "positions",
    "risk",
    "status",
    "strategy",
    "tape",
    "ticket",
    "watchlist",
}


async def buy_through_the_ticket(desk: Desk) -> None:
    ticket = desk.ticket
    ticket.kind.setCurrentText("MKT")
    ticket.begin(Side.BUY)
    QTest.keyClicks(focused(), "10")
    press(focused(), Qt.Key.Key_Return)
    await shown(ticket.send.isEnabled, "the order may leave")
    press(ticket.send, Qt.Key.Key_Return)
    await filled(desk, AAPL)


async def buy(desk: Desk, name: InstrumentId, quantity: int, strategy: StrategyId | None = None) -> None:
    spec = OrderSpec(instrument_id=name, side=Side.BUY, quantity=Decimal(quantity), order_type=OrderType.MARKET)
    origin = OrderOrigin.MANUAL if strategy is None else OrderOrigin.STRATEGY
    desk.kernel.do(SubmitOrder(spec=spec, origin=origin, strategy_id=strategy))
    await filled(desk, name)


async def filled(desk: Desk, name: InstrumentId) -> None:
    await shown(lambda: bool(orders_of(desk, name)), f"the order for {name} is made")
    (order,) = orders_of(desk, name)
    await shown(lambda: order.status is OrderStatus.FILLED, f"{name} is bought: {order.status} {order.reason}")


async def rest_an_order(desk: Desk) -> None:
    quote = desk.kernel.hub.quote(MSFT)
    assert quote is not None
    assert quote.bid is not None
    spec = OrderSpec(
        instrument_id=MSFT,
        side=Side.BUY,
        quantity=Decimal(1),
        order_type=OrderType.LIMIT,
        limit_price=Decimal(str(round(quote.bid * 0.97, 2))),
    )
    desk.kernel.do(SubmitOrder(spec=spec))
    await shown(lambda: len(desk.kernel.orders.open()) == 1, "an order works")


async def fill_the_book(desk: Desk) -> None:
    """Bring every figure to the screen that hangs on a quote."""
    await arm(desk)
    desk.docks["chain"].raise_()
    model = desk.chain.model
    await shown(lambda: any(model.value(row.call, "delta") is not None for row in model.strikes), "the chain streams")
    await choose(desk, "AAPL")
    await buy_through_the_ticket(desk)
    option = next(one for one in desk.chain.visible_contracts if desk.chain.model.value(one, "ask") is not None)
    await buy(desk, option.id, 1)
    desk.kernel.do(SetStrategyState(strategy_id=VWAP, state=StrategyState.LIVE))
    await buy(desk, MSFT, 5, VWAP)
    desk.kernel.do(SetStrategyState(strategy_id=VWAP, state=StrategyState.OBSERVE))
    await rest_an_order(desk)
    await shown(lambda: len(desk.risk.underlyings.ids) == 2, "the risk panel shows both underlyings")
    await shown(lambda: len(desk.positions.model.ids) == 3, "three positions stand in the table")
    await shown(lambda: len(desk.ticket.preview.shown_rows()) > 1, "the preview is there")
    await shown(lambda: bool(desk.tape.model.rows), "the tape has prints")


def test_everything_on_screen_is_stale_when_the_feed_freezes_and_fresh_when_it_thaws(
    terminal: Terminal, market: DrivenMarket, allow_logs: AllowLogs
) -> None:
    allow_logs("broker", "orders")
    names: list[set[str]] = []

    def fresh(desk: Desk) -> list[str]:
        return sorted(name for name, stale in of_quotes(desk).items() if not stale)

    def stale(desk: Desk) -> list[str]:
        return sorted(name for name, stale in (of_quotes(desk) | of_the_broker(desk)).items() if stale)

    async def journey(desk: Desk) -> None:
        await ready(desk)
        await until(lambda: len(desk.account.model.ids) > 0 and not any(of_the_broker(desk).values()), patience_s=5)
        assert [name for name, old in of_the_broker(desk).items() if old] == [], "a quiet account is not stale"
        await fill_the_book(desk)
        await shown(lambda: not stale(desk), "everything is fresh")
        names.append(set(of_quotes(desk)))
        with market.frozen():
            await shown(lambda: (desk.kernel.hub.age_s(AAPL) or 0) >= desk.stage.stale_s, "two seconds went by")
            await until(lambda: not fresh(desk), patience_s=FRESH_S)
            assert fresh(desk) == [], "what hangs on quotes is stale"
            names.append(set(of_quotes(desk)))
            await until(lambda: all(of_the_broker(desk).values()), patience_s=8)
            assert [name for name, old in of_the_broker(desk).items() if not old] == [], "the broker is silent"
        await until(lambda: not stale(desk), patience_s=40)
        assert stale(desk) == [], "all is fresh again"

    assert terminal.open(journey, profile="paper", settings=paper(market)) == 0
    before, during = names
    assert before == during, "what hangs on quotes must neither come nor go while it grows old"
    assert {name.split()[0] for name in during} == PLACES
    assert {name for name in during if name.startswith("risk total")} >= {f"risk total {key}" for key in NET}
