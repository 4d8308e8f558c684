# SPDX-License-Identifier: Apache-2.0
"""Orders over a real socket: what leaves, what comes back in any order, previews, and the whole truth."""

import itertools
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest

from terminal.errors import BrokerError, LinkLostError, RefusedError, UserError
from terminal.model.commands import OrderSpec
from terminal.model.enums import LinkState, OrderType, Side, TimeInForce
from terminal.model.events import (
    VenueCommission,
    VenueDecodeFailed,
    VenueExecution,
    VenueOrderError,
    VenueOrderOpened,
    VenueOrderStatus,
)
from terminal.model.preview import OrderPreview
from tests.unit.ibkr import messages
from tests.unit.ibkr.fake_tws import frame
from tests.unit.ibkr.harness import AAPL, ACCOUNT, Desk, desk, limit_order, wire_order

# positions in placeOrder at 176
ACTION, QUANTITY, TYPE, LIMIT, AUX, TIF, OCA, ORDER_ACCOUNT = 16, 17, 18, 19, 20, 21, 22, 23
REFERENCE, TRANSMIT, PARENT, OUTSIDE = 26, 27, 28, 33


def spec(order_type: OrderType, **terms: Any) -> OrderSpec:
    return OrderSpec(instrument_id=AAPL.id, side=Side.SELL, quantity=Decimal(7), order_type=order_type, **terms)


async def test_an_order_leaves_with_every_term_explicit() -> None:
    async with desk() as one:
        await one.ready()
        assert one.broker.place(limit_order(5, price="100.25")) == 1
        sent = await one.tws.request(3)
        assert len(sent) == 115
        assert sent[1] == "5"
        assert [sent[i] for i in (ACTION, QUANTITY, TYPE, LIMIT, AUX, TIF)] == ["BUY", "10", "LMT", "100.25", "", "DAY"]
        assert [sent[i] for i in (ORDER_ACCOUNT, REFERENCE, TRANSMIT, PARENT, OUTSIDE)] == [
            ACCOUNT,
            "T1-01TEST",
            "1",
            "0",
            "0",
        ]


@pytest.mark.parametrize(
    ("terms", "expected"),
    [
        ({"order_type": OrderType.MARKET}, ["SELL", "7", "MKT", "", "", "DAY"]),
        ({"order_type": OrderType.STOP, "stop_price": Decimal("99.5")}, ["SELL", "7", "STP", "", "99.5", "DAY"]),
        (
            {
                "order_type": OrderType.STOP_LIMIT,
                "stop_price": Decimal("99.50"),
                "limit_price": Decimal(99),
                "time_in_force": TimeInForce.GTC,
            },
            ["SELL", "7", "STP LMT", "99", "99.5", "GTC"],
        ),
        (
            {"order_type": OrderType.TRAIL, "trail_amount": Decimal("0.5"), "time_in_force": TimeInForce.IOC},
            ["SELL", "7", "TRAIL", "", "0.5", "IOC"],
        ),
        ({"order_type": OrderType.TRAIL, "trail_percent": Decimal("1.5")}, ["SELL", "7", "TRAIL", "", "", "DAY"]),
    ],
)
async def test_each_order_type_has_its_prices(terms: dict[str, object], expected: list[str]) -> None:
    async with desk() as one:
        await one.ready()
        kind = terms.pop("order_type")
        assert isinstance(kind, OrderType)
        one.broker.place(wire_order(spec(kind, **terms)))
        sent = await one.tws.request(3)
        assert sent[ACTION : TIF + 1] == expected
        assert ("1.5" in sent) == ("trail_percent" in terms)


@pytest.mark.parametrize(
    "wrong",
    [
        spec(OrderType.LIMIT),
        spec(OrderType.STOP),
        spec(OrderType.STOP_LIMIT, limit_price=Decimal(1)),
        spec(OrderType.TRAIL),
        spec(OrderType.TRAIL, trail_amount=Decimal(1), trail_percent=Decimal(1)),
        spec(OrderType.LIMIT, limit_price=Decimal("NaN")),
        spec(OrderType.LIMIT, limit_price=Decimal("1.0000000000000000001")),
        spec(OrderType.LIMIT, limit_price=Decimal("0.000001")),
    ],
)
async def test_terms_that_do_not_fit_never_leave(wrong: OrderSpec) -> None:
    async with desk() as one:
        await one.ready()
        with pytest.raises(UserError):
            one.broker.place(wire_order(wrong))
        one.broker.place(limit_order(9))
        await one.tws.request(3)
        assert len(one.tws.all(3)) == 1


async def test_a_bracket_names_its_parent_and_only_the_last_transmits() -> None:
    async with desk() as one:
        await one.ready()
        one.broker.place(limit_order(5, transmit=False))
        one.broker.place(limit_order(6, transmit=False, parent=5))
        one.broker.place(limit_order(7, transmit=True, parent=5))
        await one.tws.request(3, 3)
        assert [(f[1], f[TRANSMIT], f[PARENT]) for f in one.tws.all(3)] == [
            ("5", "0", "0"),
            ("6", "0", "5"),
            ("7", "1", "5"),
        ]


async def test_modify_sends_the_whole_order_under_its_id_and_cancel_only_the_id() -> None:
    async with desk() as one:
        await one.ready()
        one.broker.place(limit_order(5))
        one.broker.modify(limit_order(5, price="100.5", quantity="12"))
        one.broker.cancel(5)
        await one.tws.request(4)
        assert [(f[1], f[QUANTITY], f[LIMIT]) for f in one.tws.all(3)] == [("5", "10", "100.25"), ("5", "12", "100.5")]
        assert one.tws.all(4) == [["4", "1", "5", ""]]


FILL: Sequence[list[str]] = (
    messages.open_order(status="Filled"),
    messages.status(text="Filled", filled=10, remaining=0),
    messages.execution(),
    messages.commission(),
)


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
async def test_a_fill_is_told_whole_in_whatever_order_its_messages_come(order: tuple[int, ...]) -> None:
    async with desk() as one:
        await one.ready()
        data = b"".join(frame(*FILL[index]) for index in order)
        one.tws.send_bytes(data[:17])
        one.tws.send_bytes(data[17:])
        await one.heard.until(
            lambda: all(
                one.heard.of(kind) for kind in (VenueOrderOpened, VenueOrderStatus, VenueExecution, VenueCommission)
            )
        )
        execution = one.heard.of(VenueExecution)[0]
        assert (execution.quantity, execution.price) == (Decimal(10), Decimal("100.2"))
        assert execution.client_order_id == one.heard.of(VenueOrderOpened)[0].client_order_id == "T1-01TEST"
        assert one.heard.of(VenueCommission)[0].execution_id == execution.execution_id


@pytest.mark.parametrize("code", [10349, 399, 404, 202, 110, 105, 2109, 19999, 201, 161, 10148])
async def test_an_error_on_a_live_order_is_told_and_changes_nothing_else(code: int) -> None:
    async with desk() as one:
        await one.ready()
        one.broker.place(limit_order(5))
        one.tws.send(*messages.status())
        one.tws.send(4, 2, 5, code, "some words", "")
        error = await one.heard.first(VenueOrderError)
        assert (error.broker_order_id, error.code, error.text) == (5, code, "some words")
        assert [status.status for status in one.heard.of(VenueOrderStatus)] == ["Submitted"]


async def test_a_fill_of_unknown_zone_and_of_an_order_we_never_placed_is_still_told() -> None:
    async with desk() as one:
        await one.ready()
        one.tws.send(*messages.execution(order_id=77, time="20240105 10:00:00 MARS", ref=""))
        execution = await one.heard.first(VenueExecution)
        assert (execution.client_order_id, execution.raw_time) == (None, "20240105 10:00:00 MARS")


@pytest.mark.parametrize(
    "fields",
    [
        messages.open_order()[:-1],
        messages.execution()[:-3],
        messages.status()[:5],
        messages.commission(amount="x"),
        messages.completed_order()[:-9],
        ["4", "2", "5", "x", "y"],
    ],
)
async def test_an_unreadable_order_message_asks_for_reconciliation(fields: list[str]) -> None:
    async with desk() as one:
        await one.ready()
        one.tws.send(*fields)
        failed = await one.heard.first(VenueDecodeFailed)
        assert failed.message_id == int(fields[0])
        assert failed.reason
        assert one.broker.link is LinkState.READY


async def test_fills_are_told_while_ibkr_lost_its_own_link() -> None:
    async with desk() as one:
        await one.ready()
        one.tws.send(4, 2, -1, 1100, "Connectivity between IBKR and TWS has been lost.", "")
        await one.heard.link(LinkState.DEGRADED)
        one.tws.send(*messages.execution())
        assert (await one.heard.first(VenueExecution)).quantity == 10


# ---------------------------------------------------------------- what-if
def margins(**changes: Any) -> list[str]:
    figures: dict[str, Any] = {
        "init_before": "0",
        "init_change": "2500.5",
        "init_after": "2500.5",
        "commission": "1.05",
        "commission_currency": "USD",
    }
    return messages.open_order(what_if=1, status="PreSubmitted", **(figures | changes))


def unset() -> list[str]:
    return messages.open_order(what_if=1, status="", warning="margins follow".replace(" ", "_"))


async def previewed(one: Desk, answers: Sequence[list[str]]) -> OrderPreview:
    one.tws.answers["3"] = lambda _: answers
    return await one.broker.preview(limit_order(5))


async def test_a_preview_is_asked_as_what_if_and_is_never_an_order() -> None:
    async with desk() as one:
        await one.ready()
        preview = await previewed(one, [margins()])
        assert (preview.initial_change, preview.commission, preview.currency) == (
            Decimal("2500.5"),
            Decimal("1.05"),
            "USD",
        )
        assert preview.equity_after is None
        assert not one.heard.of(VenueOrderOpened)


async def test_the_first_empty_answer_of_two_is_passed_over() -> None:
    async with desk() as one:
        await one.ready()
        preview = await previewed(one, [unset(), margins()])
        assert preview.initial_change == Decimal("2500.5")


async def test_only_an_empty_answer_gives_absent_margins_after_five_seconds_never_a_huge_number() -> None:
    async with desk() as one:
        await one.ready()
        one.tws.answers["3"] = lambda _: [unset()]
        task = one.task(one.broker.preview(limit_order(5)))
        stepped = await one.step_until(task.done)
        preview = await task
        assert stepped <= 5.25
        assert (preview.initial_change, preview.commission, preview.warning) == (None, None, "margins_follow")


async def test_a_preview_without_answer_ends_after_five_seconds() -> None:
    async with desk() as one:
        await one.ready()
        task = one.task(one.broker.preview(limit_order(5)))
        assert await one.step_until(task.done) <= 5.25
        with pytest.raises(BrokerError, match="no what-if answer"):
            await task


async def test_a_refused_preview_says_why_and_is_no_order_error() -> None:
    async with desk() as one:
        await one.ready()
        with pytest.raises(RefusedError, match="110"):
            await previewed(one, [["4", "2", "5", "110", "The price does not conform to the minimum price", ""]])
        assert not one.heard.of(VenueOrderError)


# ---------------------------------------------------------------- truth
async def test_the_truth_is_collected_from_all_four_queries() -> None:
    async with desk() as one:
        await one.ready()
        one.tws.answers["16"] = lambda _: [messages.open_order(), messages.status(), (53, 1)]
        one.tws.answers["99"] = lambda _: [messages.completed_order(), (102,)]
        one.tws.answers["7"] = lambda f: [
            messages.execution(req_id=int(f[2])),
            messages.commission(),
            (55, 1, f[2]),
        ]
        position = (61, 3, ACCOUNT, *messages.CONTRACT, 10, 100.2)
        one.tws.answers["61"] = lambda _: [position, position, (62, 1)]
        truth = await one.broker.truth(ACCOUNT)
        assert [order.broker_order_id for order in truth.open_orders] == [5]
        assert [order.status for order in truth.completed_orders] == ["Filled"]
        assert [(fill.quantity, fill.solicited) for fill in truth.executions] == [(Decimal(10), True)]
        assert [report.commission for report in truth.commissions] == [Decimal("1.0")]
        assert [(row.instrument_id, row.quantity) for row in truth.positions] == [(AAPL.id, Decimal(10))]
        assert not one.heard.of(VenueExecution), "an answer is given to who asked"


@pytest.mark.parametrize("silent", ["16", "99", "7", "61"])
async def test_a_query_without_end_is_an_error_never_an_empty_answer(silent: str) -> None:
    async with desk() as one:
        await one.ready()
        answer = one.tws.answers.pop(silent)
        task = one.task(one.broker.truth(ACCOUNT))
        await one.step_until(task.done)
        with pytest.raises(BrokerError, match="within 5 s"):
            await task
        one.tws.answers[silent] = answer
        assert (await one.broker.truth(ACCOUNT)).open_orders == ()


@pytest.mark.parametrize(
    ("kind", "broken"),
    [
        ("16", [messages.open_order()[:-1], (53, 1)]),
        ("99", [messages.completed_order()[:-1], (102,)]),
        ("61", [(61, 3, ACCOUNT, "x"), (62, 1)]),
    ],
)
async def test_a_hole_in_an_answer_is_an_error(kind: str, broken: list[Sequence[object]]) -> None:
    async with desk() as one:
        await one.ready()
        one.tws.answers[kind] = lambda _: broken
        with pytest.raises(BrokerError, match="could not be read"):
            await one.broker.truth(ACCOUNT)


async def test_two_truths_at_once_are_asked_one_after_the_other() -> None:
    async with desk() as one:
        await one.ready()
        first, second = one.task(one.broker.truth(ACCOUNT)), one.task(one.broker.truth(ACCOUNT))
        assert await one.step_until(lambda: first.done() and second.done()) < 5
        await first
        await second
        kinds = [f[0] for f in one.tws.received if f[0] in ("16", "99", "7")]
        assert kinds == ["16", "99", "7"] * 2


async def test_the_truth_breaks_with_its_connection() -> None:
    async with desk() as one:
        await one.ready()
        one.tws.answers["99"] = lambda _: []
        task = one.task(one.broker.truth(ACCOUNT))
        await one.tws.request(99)
        one.tws.reset_connection()
        with pytest.raises(LinkLostError):
            await task


async def test_a_lost_first_end_of_the_positions_does_not_block_the_truth_for_ever() -> None:
    async with desk() as one:
        answer = one.tws.answers.pop("61")
        await one.broker.connect(one.settings())
        await one.step_until(lambda: one.broker.link is LinkState.READY)
        one.tws.answers["61"] = answer
        late = one.task(one.broker.truth(ACCOUNT))
        await one.step_until(late.done)
        with pytest.raises(BrokerError, match="positions"):
            await late
        again = one.task(one.broker.truth(ACCOUNT))
        await one.step_until(again.done)
        assert (await again).positions == ()


# ---------------------------------------------------------------- what waits in its lane
async def _spend(one: Desk) -> None:
    """Use up what the budget lets orders have, so that the next one waits."""
    for order_id in range(100, 150):
        one.broker.place(limit_order(order_id))


async def test_a_cancel_takes_back_the_order_that_still_waits() -> None:
    async with desk() as one:
        await one.ready()
        await _spend(one)
        one.broker.place(limit_order(500))
        one.broker.cancel(500)
        told = [(each.broker_order_id, each.code) for each in one.heard.of(VenueOrderError)]
        assert told == [(500, 9016)]
        await one.step_until(lambda: len(one.tws.all(3)) >= 50, step_s=0.5)
        one.clock.advance(5)
        await one.tws.request(4)
        assert "500" not in {fields[1] for fields in one.tws.all(3)}, "an order left after its cancel"
        assert [fields[2] for fields in one.tws.all(4)] == ["500"], "a change may have waited there: the order lives"


async def test_what_waited_when_the_connection_broke_is_told_apart() -> None:
    async with desk() as one:
        await one.ready()
        await _spend(one)
        one.broker.place(limit_order(500))
        for order_id in range(600, 620):
            one.broker.cancel(order_id)
        one.tws.reset_connection()
        await one.heard.link(LinkState.RECONNECTING)
        told = {each.broker_order_id: each.code for each in one.heard.of(VenueOrderError)}
        assert told[500] == 9016
        assert told[619] == 9017
