# SPDX-License-Identifier: Apache-2.0
"""Checks of orders, executions and the account, and of what IBKR refuses here."""

from typing import Any, Final

from tests.clients.conversation import AAPL, IBM, MSFT, SPY, UNSET, Conversation, check, close_to, each

GONE: Final = ["Cancelled", "ApiCancelled"]
RESTING: Final = ["Submitted", "PreSubmitted"]


def order(kind: str, action: str = "BUY", quantity: int = 100, **more: Any) -> dict[str, Any]:
    return {"action": action, "totalQuantity": quantity, "orderType": kind, "tif": "DAY", **more}


def resting(talk: Conversation, **more: Any) -> Any:
    """An order that waits far from the market."""
    wanted = order("LMT", lmtPrice=more.pop("price", 150.0), **more)
    return talk.ask("place", contract=IBM, order=wanted, until=RESTING)


# ------------------------------------------------------------------ account
@check("account values")
def account_values(talk: Conversation) -> None:
    rows = talk.ask("account_values", account=talk.memory["account"]).value
    tags = {row["tag"]: row["value"] for row in rows}
    assert {"NetLiquidation", "TotalCashValue", "BuyingPower", "InitMarginReq", "MaintMarginReq"} <= set(tags)
    assert float(tags["NetLiquidation"]) > 0


@check("account values of one account under a request")
def account_multi(talk: Conversation) -> None:
    rows = talk.ask("account_multi", account=talk.memory["account"]).value
    assert "NetLiquidation" in {row["tag"] for row in rows}
    assert {row["account"] for row in rows} == {talk.memory["account"]}


@check("account summary")
def account_summary(talk: Conversation) -> None:
    rows = talk.ask("account_summary", account=talk.memory["account"]).value
    assert {"NetLiquidation", "BuyingPower"} <= {row["tag"] for row in rows}


@check("profit and loss of the account")
def pnl(talk: Conversation) -> None:
    found = talk.ask("pnl", account=talk.memory["account"]).value
    assert all(abs(found[name]) < 1e9 for name in ("dailyPnL", "unrealizedPnL", "realizedPnL"))


@check("an unknown account is refused")
def unknown_account(talk: Conversation) -> None:
    talk.ask("pnl", account="DU7777777").refused(321, "account")


# ------------------------------------------------------------------ fills
@check("a market order fills, with execution and commission")
def market_order(talk: Conversation) -> None:
    answer = talk.ask("place", contract=AAPL, order=order("MKT", orderRef="T1-CHECK"), until=["Filled"])
    found = answer.value
    assert (found["status"], found["filled"], found["remaining"]) == ("Filled", 100, 0)
    assert found["permId"] > 0
    assert sum(fill["shares"] for fill in found["fills"]) == 100
    for fill in found["fills"]:
        assert fill["side"] == "BOT"
        assert fill["orderRef"] == "T1-CHECK"
        assert fill["conId"] == AAPL["conId"]
        assert fill["acctNumber"] == talk.memory["account"]
        assert 0 < fill["commission"] < 10
        assert fill["currency"] == "USD"
    cost = sum(fill["shares"] * fill["price"] for fill in found["fills"])
    assert close_to(found["avgFillPrice"], cost / 100, 1e-4)
    talk.memory["filled"] = found


@check("the fill is a position")
def position(talk: Conversation) -> None:
    rows = [row for row in talk.ask("positions").value if row["contract"]["conId"] == AAPL["conId"]]
    assert rows
    assert rows[0]["position"] >= 100
    assert rows[0]["avgCost"] > 100


@check("the position is in the portfolio")
def portfolio(talk: Conversation) -> None:
    rows = talk.ask("portfolio", account=talk.memory["account"]).value
    mine = next(row for row in rows if row["contract"]["conId"] == AAPL["conId"])
    assert close_to(mine["marketValue"], mine["marketPrice"] * mine["position"], 1e-3)


@check("positions of one account under a request", lambda talk: talk.callbacks)
def positions_multi(talk: Conversation) -> None:
    rows = talk.ask("positions_multi", account=talk.memory["account"]).value
    assert AAPL["conId"] in [row["contract"]["conId"] for row in rows]


@check("profit and loss of one position")
def pnl_single(talk: Conversation) -> None:
    found = talk.ask("pnl_single", account=talk.memory["account"], con_id=AAPL["conId"]).value
    assert found["value"] > 0
    assert found["position"] >= 100


@check("a sale of what is held")
def sale(talk: Conversation) -> None:
    found = talk.ask("place", contract=AAPL, order=order("MKT", "SELL", 50), until=["Filled"]).value
    assert [fill["side"] for fill in found["fills"]] == ["SLD"] * len(found["fills"])
    assert any(fill["realizedPNL"] < UNSET for fill in found["fills"])


@check("a marketable limit order fills at its price or better")
def marketable(talk: Conversation) -> None:
    found = talk.ask("place", contract=MSFT, order=order("LMT", lmtPrice=450.0), until=["Filled"]).value
    assert 0 < found["avgFillPrice"] < 450
    assert found["status"] == "Filled"


@check("an option order fills")
def option_order(talk: Conversation) -> None:
    found = talk.ask("place", contract=talk.memory["option"], order=order("MKT", quantity=1), until=["Filled"]).value
    assert found["filled"] == 1
    assert found["fills"][0]["commission"] > 0


@check("a future's order fills")
def future_order(talk: Conversation) -> None:
    found = talk.ask("place", contract=talk.memory["future"], order=order("MKT", quantity=1), until=["Filled"]).value
    assert found["filled"] == 1


# ------------------------------------------------------------------ resting, modified, cancelled
@check("a limit order rests and is told of as it was sent")
def rests(talk: Conversation) -> None:
    found = resting(talk, orderRef="T1-REST", outsideRth=True).value
    assert found["status"] in RESTING
    assert found["order"]["lmtPrice"] == 150
    assert found["order"]["orderRef"] == "T1-REST"
    assert bool(found["order"]["outsideRth"])
    assert found["remaining"] == 100
    talk.memory["resting"] = found["orderId"]


def price_of(talk: Conversation, number: int, wanted: float) -> Any:
    """The open order, once it stands at that price: a change takes as long as the way to the exchange."""
    found: Any = None
    for _ in range(60):
        rows = talk.ask("open_orders", everyone=False).value
        found = next(row for row in reversed(rows) if row["orderId"] == number)
        if found["lmtPrice"] == wanted:
            break
    return found


@check("a modification keeps the permanent id")
def modified(talk: Conversation) -> None:
    before = talk.ask("open_orders", everyone=False).value
    talk.ask("modify", order_id=talk.memory["resting"], order={"lmtPrice": 151.0}, until=RESTING)
    found = price_of(talk, talk.memory["resting"], 151)
    assert found["lmtPrice"] == 151
    assert found["permId"] in [row["permId"] for row in before]


@check("a modification to a price off the tick is refused with 110")
def off_tick(talk: Conversation) -> None:
    talk.ask("modify", order_id=talk.memory["resting"], order={"lmtPrice": 151.003}, until=["Never"]).refused(110)
    assert price_of(talk, talk.memory["resting"], 151)["lmtPrice"] == 151


@check("another client does not see it among its own orders")
def not_mine(talk: Conversation) -> None:
    rows = talk.ask("open_orders", session="second", everyone=False).value
    assert [row for row in rows if row["clientId"] != talk.client_id + 1] == []


@check("another client sees it among all orders")
def everyones(talk: Conversation) -> None:
    rows = talk.ask("open_orders", session="second", everyone=True).value
    assert (talk.client_id, talk.memory["resting"]) in [(row["clientId"], row["orderId"]) for row in rows]


@check("another client cannot cancel it: 10147")
def not_yours(talk: Conversation) -> None:
    number = talk.memory["resting"] + 500
    talk.ask("cancel_unknown", session="second", order_id=number).refused(10147, str(number))


@check("its own client cancels it")
def cancelled(talk: Conversation) -> None:
    found = talk.ask("cancel", order_id=talk.memory["resting"], until=GONE)
    assert found.value["status"] in GONE
    assert found.value["filled"] == 0


@check("what is cancelled cannot be cancelled again: 10148")
def cancelled_again(talk: Conversation) -> None:
    talk.ask("cancel_unknown", order_id=talk.memory["resting"]).refused(10148, "state: Cancelled")


@check("what is filled cannot be cancelled: 10148")
def filled_stays(talk: Conversation) -> None:
    talk.ask("cancel_unknown", order_id=talk.memory["filled"]["orderId"]).refused(10148, "state: Filled")


@check("an id that was never used cannot be cancelled: 10147")
def never_used(talk: Conversation) -> None:
    talk.ask("cancel_unknown", order_id=987_654).refused(10147, "987654")


@check("an id that is over cannot be used again: 103", lambda talk: talk.callbacks)
def duplicate(talk: Conversation) -> None:
    wanted = {**order("LMT", lmtPrice=150.0), "orderId": talk.memory["resting"]}
    talk.ask("place", contract=IBM, order=wanted, until=["Never"]).refused(103, "Duplicate order id")


@each(
    "an order of type {} waits",
    [
        ("STP", order("STP", auxPrice=400.0)),
        ("STP LMT", order("STP LMT", auxPrice=400.0, lmtPrice=401.0)),
        ("TRAIL", order("TRAIL", "BUY", auxPrice=90.0)),
    ],
)
def waits(talk: Conversation, case: tuple[str, dict[str, Any]]) -> None:
    answer = talk.ask("place", contract=IBM, order=case[1], until=RESTING)
    found = answer.value
    assert found["status"] in RESTING, (found["status"], answer.errors)
    assert found["order"]["orderType"] == case[0]
    assert talk.ask("cancel", order_id=found["orderId"], until=GONE).value["status"] in GONE


@check("an immediate-or-cancel order that finds nobody is gone")
def immediate(talk: Conversation) -> None:
    wanted = {**order("LMT", lmtPrice=150.0), "tif": "IOC"}
    found = talk.ask("place", contract=IBM, order=wanted, until=GONE).value
    assert found["status"] in GONE or found["status"] == "Inactive"
    assert found["filled"] == 0


@check("a good-till-cancelled order keeps its time in force")
def until_cancelled(talk: Conversation) -> None:
    found = talk.ask("place", contract=IBM, order={**order("LMT", lmtPrice=150.0), "tif": "GTC"}, until=RESTING).value
    assert found["order"]["tif"] == "GTC"
    talk.ask("cancel", order_id=found["orderId"], until=GONE)


@each(
    "refused: {}",
    [
        ("a price off the tick", order("LMT", lmtPrice=150.003), 110),
        ("no shares", order("LMT", quantity=0, lmtPrice=150.0), 434),
        ("neither bought nor sold", order("LMT", "HOLD", lmtPrice=150.0), 321),
        ("a type that does not exist", order("PERHAPS", lmtPrice=150.0), 387),
        ("more than the account can pay", order("LMT", quantity=9_000_000, lmtPrice=300.0), 201),
        ("an account of somebody else", order("LMT", lmtPrice=150.0, account="DU7777777"), 321),
    ],
)
def refused(talk: Conversation, case: tuple[str, dict[str, Any], int]) -> None:
    talk.ask("place", contract=IBM, order=case[1], until=["Never"]).refused(case[2])


# ------------------------------------------------------------------ groups
@check("a bracket: parent and children wait together and go together")
def bracket(talk: Conversation) -> None:
    parent = talk.ask("next_id").value[1]
    wanted = [
        order("LMT", lmtPrice=150.0, transmit=False, orderId=parent),
        order("LMT", "SELL", lmtPrice=400.0, transmit=False, parentId=parent, orderId=parent + 1),
        order("STP", "SELL", auxPrice=100.0, transmit=True, parentId=parent, orderId=parent + 2),
    ]
    for one in wanted[:2]:
        talk.ask("place", contract=IBM, order=one, until=["", "PendingSubmit", "ApiPending", "Inactive", *RESTING])
    talk.ask("place", contract=IBM, order=wanted[2], until=RESTING)
    rows = {row["orderId"]: row for row in talk.ask("open_orders", everyone=False).value}
    assert {parent, parent + 1, parent + 2} <= set(rows)
    assert [rows[parent + number]["parentId"] for number in (1, 2)] == [parent, parent]
    talk.ask("cancel", order_id=parent, until=GONE)
    assert set(talk.ask("status", order_ids=[parent + 1, parent + 2], until=GONE).value) <= set(GONE)


@check("one cancels all: the fill of one ends the other")
def one_cancels_all(talk: Conversation) -> None:
    group: dict[str, Any] = {"ocaGroup": f"OCA-{talk.client_id}", "ocaType": 1}
    waiting = talk.ask("place", contract=SPY, order=order("LMT", lmtPrice=400.0, **group), until=RESTING).value
    filled = talk.ask("place", contract=SPY, order=order("LMT", lmtPrice=700.0, **group), until=["Filled"]).value
    assert filled["status"] == "Filled"
    assert talk.ask("status", order_ids=[waiting["orderId"]], until=GONE).value[0] in GONE


@check("a preview tells margin and commission and leaves no order")
def what_if(talk: Conversation) -> None:
    state = talk.ask("what_if", contract=IBM, order=order("LMT", lmtPrice=150.0)).value
    assert float(state["initMarginChange"]) > 0
    assert float(state["initMarginAfter"]) >= float(state["initMarginChange"])
    paid = state.get("commission", state.get("commissionAndFees"))
    assert 0 < float(paid) < 100
    assert talk.ask("open_orders", everyone=False).value == []


# ------------------------------------------------------------------ lists
@check("executions of the day")
def executions(talk: Conversation) -> None:
    rows = talk.ask("executions", wanted={"clientId": talk.client_id}).value
    mine = [row for row in rows if row["orderId"] == talk.memory["filled"]["orderId"]]
    assert sum(row["shares"] for row in mine) == 100
    assert {row["clientId"] for row in rows} == {talk.client_id}


@each(
    "executions filtered by {}",
    [("symbol", {"symbol": "MSFT"}), ("side", {"side": "SELL"}), ("type", {"secType": "FUT"})],
)
def filtered(talk: Conversation, case: tuple[str, dict[str, str]]) -> None:
    rows = talk.ask("executions", wanted={"clientId": talk.client_id, **case[1]}).value
    assert rows
    match case[0]:
        case "symbol":
            assert {row["symbol"] for row in rows} == {"MSFT"}
        case "side":
            assert {row["side"] for row in rows} == {"SLD"}
        case _:
            assert {row["symbol"] for row in rows} == {"ES"}


@check("completed orders of the day")
def completed(talk: Conversation) -> None:
    rows = talk.ask("completed_orders").value
    permanent = [row["permId"] for row in rows]
    assert talk.memory["filled"]["permId"] in permanent
    assert {"Filled", "Cancelled"} <= {row["status"] for row in rows}


@check("only client 0 may bind orders made by hand")
def auto_bind(talk: Conversation) -> None:
    answer = talk.ask("auto_open_orders")
    assert answer.codes() & {321, 327}, answer.errors


@check("a stock cannot be exercised")
def exercise_stock(talk: Conversation) -> None:
    answer = talk.ask("exercise", contract=AAPL, action=1, quantity=1, account=talk.memory["account"], override=0)
    answer.refused(321)


# ------------------------------------------------------------------ what this account has not
@each(
    "refused as IBKR does: {}",
    [
        ("newsProviders", 10276),
        ("newsArticle", 10276),
        ("historicalNews", 10276),
        ("newsBulletins", 10276),
        ("fundamentalData", 430),
        ("financialAdvisor", 321),
        ("histogram", 322),
        ("scannerParameters", 322),
    ],
)
def not_here(talk: Conversation, case: tuple[str, int]) -> None:
    answer = talk.ask("refused", what=case[0], contract=AAPL)
    assert answer.value is None or answer.value == []
    answer.refused(case[1])


@check("refused as IBKR does: wshMetaData", lambda talk: talk.version >= 161)
def not_here_either(talk: Conversation) -> None:
    talk.ask("refused", what="wshMetaData", contract=AAPL).refused(10279)


@check("global cancel ends every order", alone=True)
def global_cancel(talk: Conversation) -> None:
    numbers = [resting(talk, price=150.0 + number).value["orderId"] for number in range(3)]
    assert set(talk.ask("global_cancel", order_ids=numbers).value) <= set(GONE)


@check("disconnects")
def disconnects(talk: Conversation) -> None:
    assert talk.ask("disconnect").value is False
