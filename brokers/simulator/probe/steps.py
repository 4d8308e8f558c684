# SPDX-License-Identifier: Apache-2.0
"""The forty steps of the probe. Each asks one thing and says what belongs to its answer.

Orders are buys of one share, or of what a rule refuses, far below the market, and are cancelled in the step after; what
fills an account, moves money or needs a subscription is not here.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from brokers.simulator.probe.client import Heard, ProbeClient
from brokers.simulator.protocol.values import Value, Values

SHARE: Final[Values] = {"symbol": "AAPL", "sec_type": "STK", "exchange": "SMART", "currency": "USD"}
FIRST_REQUEST: Final = 7_000
REF: Final = "tiller-probe"
_UNKNOWN_ORDER: Final = 999_999_000
_STREAM_S: Final = 4.0
_ANSWER_S: Final = 12.0


@dataclass(slots=True)
class Course:
    """What the steps of one run hand on to each other."""

    client: ProbeClient
    scale: float = 1.0
    """Of every wait (a fast simulator needs less)."""
    con_id: int = 0
    price: Decimal = Decimal(0)
    """Of the far limit order."""
    order_id: int = 0
    placed: list[int] = field(default_factory=list)
    request: int = FIRST_REQUEST
    mark: int = 0
    """How much had been heard when the step began."""

    def ask(self, name: str, **values: Value) -> int:
        """Send a request under a fresh id; return the id."""
        self.request += 1
        self.client.send(name, req_id=self.request, **values)
        return self.request

    def say(self, name: str, **values: Value) -> None:
        """Send a request that has no id."""
        self.client.send(name, **values)

    def new(self) -> list[Heard]:
        """What was heard since the step began."""
        return self.client.heard[self.mark :]

    async def until(self, name: str, *, own: bool = False, seconds: float = _ANSWER_S) -> bool:
        """Wait for a message of this name (``own``: with the id of this request), or an error about it."""

        def there() -> bool:
            return any(self._ends(each, name, own=own) for each in self.new())

        return await self.client.wait(there, seconds * self.scale)

    def _ends(self, heard: Heard, name: str, *, own: bool) -> bool:
        about = heard.values.get("req_id", heard.values.get("order_id"))
        if heard.name == "error":
            return about in (self.request, self.order_id) and about != 0
        return heard.name == name and (not own or about in (self.request, self.order_id))

    async def linger(self, seconds: float = _STREAM_S) -> bool:
        """Listen for so long."""
        await self.client.wait(lambda: False, seconds * self.scale)
        return not self.client.closed

    def fresh_order(self) -> int:
        """The next order id."""
        self.order_id = max(self.order_id + 1, self.client.next_order_id)
        self.client.next_order_id = self.order_id + 1
        return self.order_id

    def place(self, order_id: int, **changes: Value) -> None:
        """Place the far limit order, or a variation of it."""
        terms: dict[str, Value] = {
            **SHARE, "con_id": self.con_id, "order_id": order_id, "action": "BUY", "total_quantity": Decimal(1),
            "order_type": "LMT", "limit_price": self.price, "tif": "DAY", "account": self.client.accounts[0],
            "order_ref": f"{REF}-{order_id}", "open_close": "O", "transmit": True, **changes,
        }  # fmt: skip
        if order_id not in self.placed:
            self.placed.append(order_id)
        self.client.send("placeOrder", **terms)


Act = Callable[[Course], Awaitable[bool]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One question. ``about``: the messages that belong to its answer; ``shapes``: those whose fields are compared."""

    title: str
    act: Act
    about: tuple[str, ...]
    shapes: tuple[str, ...] = ()
    subscription: bool = False
    """Whether the answer hangs on what the account has subscribed to: differences are shown apart."""


def _once(name: str, answer: str, **values: Value) -> Act:
    """Ask something with an id and wait for one message."""

    async def act(course: Course) -> bool:
        course.ask(name, **values)
        return await course.until(answer, own=True)

    return act


def _plain(name: str, answer: str, **values: Value) -> Act:
    """Ask something without an id."""

    async def act(course: Course) -> bool:
        course.say(name, **values)
        return await course.until(answer)

    return act


async def _details(course: Course) -> bool:
    course.ask("reqContractDetails", **SHARE)
    ended = await course.until("contractDetailsEnd", own=True)
    for heard in course.new():
        con_id = heard.values.get("con_id")
        if heard.name == "contractDetails" and isinstance(con_id, int):
            course.con_id = con_id
    return ended


async def _daily(course: Course) -> bool:
    """Daily bars; the newest close gives the price of the far order: half of it, in whole dollars."""
    course.ask("reqHistoricalData", **SHARE, end="", bar_size="1 day", duration="5 D", use_rth=True,
               what_to_show="TRADES", format_date=1)  # fmt: skip
    ended = await course.until("historicalData", own=True)
    for heard in course.new():
        bars = heard.values.get("bars")
        if heard.name == "historicalData" and isinstance(bars, list | tuple) and bars:
            last = bars[-1]
            close = last.get("close") if isinstance(last, dict) else None
            if isinstance(close, int | float | Decimal):
                course.price = Decimal(max(1, int(float(close) / 2)))
    return ended


async def _line(course: Course) -> bool:
    req_id = course.ask("reqMktData", **SHARE)
    heard = await course.linger()
    course.say("cancelMktData", req_id=req_id)
    return heard


async def _duplicate_line(course: Course) -> bool:
    req_id = course.ask("reqMktData", **SHARE)
    await course.until("tickReqParams", own=True)
    course.say("reqMktData", req_id=req_id, **SHARE)
    done = await course.client.wait(lambda: any(each.name == "error" for each in course.new()), 5 * course.scale)
    course.say("cancelMktData", req_id=req_id)
    return done


def _stream(name: str, cancel: str, **values: Value) -> Act:
    async def act(course: Course) -> bool:
        req_id = course.ask(name, **SHARE, **values)
        heard = await course.linger()
        course.say(cancel, req_id=req_id)
        return heard

    return act


async def _summary(course: Course) -> bool:
    req_id = course.ask("reqAccountSummary", group="All", tags="NetLiquidation,TotalCashValue,BuyingPower")
    ended = await course.until("accountSummaryEnd", own=True)
    course.say("cancelAccountSummary", req_id=req_id)
    return ended


async def _updates(course: Course) -> bool:
    account = course.client.accounts[0]
    course.say("reqAccountUpdates", subscribe=True, account=account)
    ended = await course.until("accountDownloadEnd")
    course.say("reqAccountUpdates", subscribe=False, account=account)
    return ended


async def _positions(course: Course) -> bool:
    course.say("reqPositions")
    ended = await course.until("positionEnd")
    course.say("cancelPositions")
    return ended


def _of_account(name: str, cancel: str, answer: str, **values: Value) -> Act:
    async def act(course: Course) -> bool:
        req_id = course.ask(name, account=course.client.accounts[0], **values)
        ended = await course.until(answer, own=True)
        course.say(cancel, req_id=req_id)
        return ended

    return act


async def _what_if(course: Course) -> bool:
    course.place(course.fresh_order(), what_if=True)
    return await course.until("openOrder")


async def _place(course: Course) -> bool:
    course.place(course.fresh_order())
    await course.until("orderStatus")
    return await course.linger(2.0)


async def _modify(course: Course) -> bool:
    course.place(course.order_id, limit_price=course.price - 1)
    await course.until("orderStatus")
    return await course.linger(2.0)


async def _cancel(course: Course) -> bool:
    course.say("cancelOrder", order_id=course.order_id)
    return await course.linger(3.0)


async def _cancel_unknown(course: Course) -> bool:
    course.say("cancelOrder", order_id=_UNKNOWN_ORDER)
    return await course.client.wait(lambda: any(each.name == "error" for each in course.new()), 5 * course.scale)


async def _old_id(course: Course) -> bool:
    course.place(course.order_id)
    return await course.linger(2.0)


def _refused(**changes: Value) -> Act:
    async def act(course: Course) -> bool:
        course.place(course.fresh_order(), **changes)
        return await course.linger(2.0)

    return act


async def _held(course: Course) -> bool:
    """An order that is not transmitted is shown to nobody; it is taken back in the same step."""
    order_id = course.fresh_order()
    course.place(order_id, transmit=False)
    await course.linger(1.0)
    course.say("cancelOrder", order_id=order_id)
    return await course.linger(2.0)


_ORDER: Final = ("openOrder", "orderStatus", "error")
_WORDS: Final = ("openOrder", "orderStatus")
STEPS: Final[tuple[Step, ...]] = (
    Step(title="current time", act=_plain("reqCurrentTime", "currentTime"), about=("currentTime",),
         shapes=("currentTime",)),
    Step(title="accounts", act=_plain("reqManagedAccts", "managedAccounts"), about=("managedAccounts",)),
    Step(title="next order id", act=_plain("reqIds", "nextValidId", count=1), about=("nextValidId",)),
    Step(title="contract details", act=_details, about=("contractDetails", "contractDetailsEnd", "error"),
         shapes=("contractDetails",)),
    Step(title="details of an unknown symbol",
         act=_once("reqContractDetails", "contractDetailsEnd", **{**SHARE, "symbol": "ZZZZZQ"}),
         about=("contractDetails", "contractDetailsEnd", "error")),
    Step(title="details of all futures of a root",
         act=_once("reqContractDetails", "contractDetailsEnd", symbol="ES", sec_type="FUT", exchange="CME",
                   currency="USD"),
         about=("contractDetails", "contractDetailsEnd", "error"), shapes=("contractDetails",)),
    Step(title="matching symbols", act=_once("reqMatchingSymbols", "symbolSamples", pattern="AAP"),
         about=("symbolSamples", "error")),
    Step(title="option parameters",
         act=_once("reqSecDefOptParams", "securityDefinitionOptionParameterEnd", symbol="AAPL", sec_type="STK",
                   con_id=265598),
         about=("securityDefinitionOptionParameter", "securityDefinitionOptionParameterEnd", "error")),
    Step(title="market rule", act=_plain("reqMarketRule", "marketRule", rule_id=26), about=("marketRule", "error")),
    Step(title="depth exchanges", act=_plain("reqMktDepthExchanges", "mktDepthExchanges"),
         about=("mktDepthExchanges",)),
    Step(title="head timestamp",
         act=_once("reqHeadTimeStamp", "headTimestamp", **SHARE, use_rth=True, what_to_show="TRADES", format_date=1),
         about=("headTimestamp", "error"), shapes=("headTimestamp",)),
    Step(title="daily bars", act=_daily, about=("historicalData", "error"), shapes=("historicalData",)),
    Step(title="minute bars",
         act=_once("reqHistoricalData", "historicalData", **SHARE, end="", bar_size="1 min", duration="1800 S",
                   use_rth=False, what_to_show="TRADES", format_date=2),
         about=("historicalData", "error")),
    Step(title="bars of a size that is not",
         act=_once("reqHistoricalData", "historicalData", **SHARE, end="", bar_size="7 mins", duration="1 D",
                   use_rth=True, what_to_show="TRADES", format_date=1),
         about=("historicalData", "error")),
    Step(title="past midpoints",
         act=_once("reqHistoricalTicks", "historicalTicks", **SHARE, start="", end="20250304 16:00:00 US/Eastern",
                   count=10, what_to_show="MIDPOINT", use_rth=True),
         about=("historicalTicks", "error")),
    Step(title="trading schedule",
         act=_once("reqHistoricalData", "historicalSchedule", **SHARE, end="", bar_size="1 day", duration="5 D",
                   use_rth=True, what_to_show="SCHEDULE", format_date=1),
         about=("historicalSchedule", "error"), shapes=("historicalSchedule",)),
    Step(title="a line of quotes", act=_line, about=("marketDataType", "tickReqParams", "error"),
         shapes=("tickReqParams", "marketDataType"), subscription=True),
    Step(title="a snapshot", act=_once("reqMktData", "tickSnapshotEnd", **SHARE, snapshot=True),
         about=("tickSnapshotEnd", "error"), subscription=True),
    Step(title="the same line twice", act=_duplicate_line, about=("error",)),
    Step(title="the end of a line that is not", act=_plain("cancelMktData", "error", req_id=6_999),
         about=("error",)),
    Step(title="tick by tick", act=_stream("reqTickByTickData", "cancelTickByTickData", type="BidAsk"),
         about=("tickByTick", "error"), subscription=True),
    Step(title="a book", act=_stream("reqMktDepth", "cancelMktDepth", rows=5, smart_depth=True),
         about=("updateMktDepth", "updateMktDepthL2", "error"), subscription=True),
    Step(title="account summary", act=_summary, about=("accountSummary", "accountSummaryEnd", "error"),
         shapes=("accountSummary",)),
    Step(title="account updates", act=_updates,
         about=("updateAccountValue", "updateAccountTime", "accountDownloadEnd", "error")),
    Step(title="positions", act=_positions, about=("positionEnd",)),
    Step(title="positions of one account",
         act=_of_account("reqPositionsMulti", "cancelPositionsMulti", "positionMultiEnd"),
         about=("positionMultiEnd", "error")),
    Step(title="profit and loss", act=_of_account("reqPnL", "cancelPnL", "pnl"), about=("pnl", "error")),
    Step(title="own open orders", act=_plain("reqOpenOrders", "openOrderEnd"), about=("openOrderEnd",)),
    Step(title="completed orders", act=_plain("reqCompletedOrders", "completedOrdersEnd", api_only=True),
         about=("completedOrdersEnd",)),
    Step(title="executions", act=_once("reqExecutions", "execDetailsEnd"), about=("execDetailsEnd", "error")),
    Step(title="what if", act=_what_if, about=_ORDER, shapes=("openOrder",)),
    Step(title="a limit order far away", act=_place, about=_ORDER, shapes=_WORDS),
    Step(title="change its price", act=_modify, about=_ORDER, shapes=_WORDS),
    Step(title="cancel it", act=_cancel, about=_ORDER, shapes=("orderStatus",)),
    Step(title="cancel it again", act=_cancel, about=_ORDER),
    Step(title="cancel an order that is not", act=_cancel_unknown, about=("error",)),
    Step(title="the id of an order that is over", act=_old_id, about=_ORDER),
    Step(title="a price off its tick", act=_refused(limit_price=Decimal("100.123")), about=_ORDER),
    Step(title="no quantity", act=_refused(total_quantity=Decimal(0)), about=_ORDER),
    Step(title="an order that is held", act=_held, about=_ORDER),
)  # fmt: skip
