# SPDX-License-Identifier: Apache-2.0
"""What the words of a script do to the broker's own books: fills that were not to be, corrections, hands in TWS.

Everything here is true at the simulated broker: positions, cash and the truth query follow, so that an oracle can ask
whether a client found out.
"""

from dataclasses import replace
from decimal import Decimal
from typing import Final

from brokers.simulator.faults.incident import Deed
from brokers.simulator.faults.steering import Steering
from brokers.simulator.faults.vocabulary import Argument
from terminal.errors import UserError
from terminal.simulation.exchange_port import SimExecution, SimOrder, SimOrderState, SimulatorRefusalError
from terminal.simulation.market import Market
from terminal.simulation.orders import Working, price_to_tick

_ROOT: Final = slice(None, -2)


def _market(deed: Deed) -> Market:
    exchange = deed.lab.server.exchange
    if not isinstance(exchange, Market):
        raise UserError("SIM-021", f"{deed.script}: {deed.action.word} needs a market of the simulator.")
    return exchange


def _working(deed: Deed) -> Working | None:
    """The order that the moment is about; else the newest one that lives."""
    market, incident = _market(deed), deed.incident
    perm_id = incident.integer("perm_id")
    if not perm_id and incident.session is not None and incident.session.client_id is not None:
        perm_id = deed.lab.server.ids.perm_id(incident.session.client_id, incident.integer("order_id")) or 0
    if not perm_id:
        perm_id = max((state.perm_id for state in market.open_orders()), default=0)
    return market.desk.orders.get(perm_id)


def _decimal(value: Argument, default: Decimal) -> Decimal:
    return default if value is None else Decimal(str(value))


# ------------------------------------------------------------------ executions
def _fill(deed: Deed) -> None:
    """Execute an order, whatever its state: ``quantity`` (default: what is left), ``price`` (default: its own)."""
    market, keys = _market(deed), deed.action.keys()
    working = _relative(market, _working(deed), str(keys.get("of", "")))
    if working is None:
        return
    size = int(_decimal(keys.get("quantity"), Decimal(max(1, working.left))))
    price = _decimal(keys.get("price"), _price_of(market, working))
    status = keys.get("status")
    fill(market, working, size, price, str(status) if status is not None else None)


def _relative(market: Market, working: Working | None, which: str) -> Working | None:
    """The order itself, or the n-th order that hangs on it (``child1``, ``child2``), whatever its state."""
    if working is None or not which.startswith("child"):
        return working
    children = market.desk.orders.children(working)
    number = int(which[5:] or "1") if which[5:].isdecimal() or not which[5:] else 1
    return children[number - 1] if number <= len(children) else None


def _price_of(market: Market, working: Working) -> Decimal:
    order = working.state.order
    price = order.limit_price if order.limit_price is not None else order.aux_price
    return Decimal(str(price if price is not None else round(market.mark(order.con_id), 2)))


def fill(market: Market, working: Working, size: int, price: Decimal, status: str | None) -> None:
    """Book an execution at the broker and tell everybody."""
    resting = working.left > size
    execution = market.desk.settlement.execute(
        working, market.money, tick=price_to_tick(working.unit, price), size=size, sign=working.sign,
        ns=market.now_ns(), liquidity=2,
    )  # fmt: skip
    if not resting:
        market.desk.finish(working, "Filled")
        working.state.completed_status = "Filled"
    working.state.status = status or ("Submitted" if resting else "Filled")
    _book_changed(market, execution, working.state)


def _book_changed(market: Market, execution: SimExecution, state: SimOrderState) -> None:
    market.listener.on_execution(execution, state)
    market.listener.on_position(market.money.position(execution.account, execution.con_id))
    market.listener.on_account(execution.account)


def _last_execution(market: Market, working: Working) -> int | None:
    found = [n for n, each in enumerate(market.desk.settlement.executions) if each.perm_id == working.perm_id]
    return found[-1] if found else None


def _bust(deed: Deed) -> None:
    _revise(deed, None, Decimal(0))


def _correct(deed: Deed) -> None:
    keys = deed.action.keys()
    price = _decimal(keys["price"], Decimal(0)) if "price" in keys else None
    by = _decimal(keys.get("by"), Decimal(0))
    quantity = _decimal(keys["quantity"], Decimal(0)) if "quantity" in keys else None
    _revise(deed, price, quantity, by)


def _revise(deed: Deed, price: Decimal | None, quantity: Decimal | None, by: Decimal = Decimal(0)) -> None:
    """Put a new revision in the place of the last execution; the ledger takes the old one back and books the new."""
    working = _working(deed)
    if working is None:
        return
    market = _market(deed)
    at = _last_execution(market, working)
    if at is None:
        return
    old = market.desk.settlement.executions[at]
    revision = int(old.execution_id[-2:]) + 1
    new = replace(
        old,
        execution_id=f"{old.execution_id[_ROOT]}{revision:02d}",
        quantity=old.quantity if quantity is None else quantity,
        price=float(Decimal(str(old.price)) + by) if price is None else float(price),
        cumulative=old.cumulative + (Decimal(0) if quantity is None else quantity - old.quantity),
        commission=old.commission if quantity is None or quantity else 0.0,
    )
    ledger, sign = market.money.ledger(old.account), 1 if old.side == "BOT" else -1
    paid = Decimal(str(old.commission))
    ledger.fill(
        old.con_id, working.instrument, sign=-sign, quantity=old.quantity, price=Decimal(str(old.price)), paid=-paid
    )
    if new.quantity:
        ledger.fill(
            old.con_id, working.instrument, sign=sign, quantity=new.quantity, price=Decimal(str(new.price)),
            paid=Decimal(str(new.commission)),
        )  # fmt: skip
    market.desk.settlement.executions[at] = new
    working.filled += int(new.quantity - old.quantity)
    working.state.filled = Decimal(working.filled)
    deed.lab.server.note("revised", execution_id=new.execution_id, quantity=new.quantity, price=new.price)
    _book_changed(market, new, working.state)


# ------------------------------------------------------------------ hands in TWS
def _place(deed: Deed) -> None:
    """Somebody places an order in TWS (client 0, no order id) or from another client."""
    market, keys = _market(deed), deed.action.keys()
    symbol = str(keys["symbol"])
    found = next((each for each in market.instruments() if each.symbol == symbol), None)
    if found is None or found.broker_id is None:
        raise UserError("SIM-021", f"{deed.script}, line {deed.action.line}: the market has no {symbol!r}.")
    limit, client = keys.get("limit"), keys.get("client", 0)
    order = SimOrder(
        account=market.accounts[0],
        con_id=found.broker_id,
        action=str(keys["action"]).upper(),
        quantity=_decimal(keys["quantity"], Decimal(1)),
        order_type=str(keys.get("type", "LMT" if limit is not None else "MKT")),
        limit_price=float(limit) if isinstance(limit, int | float) else None,
        order_ref=str(keys.get("ref", "")),
        client_id=client if isinstance(client, int) else 0,
    )
    try:
        state = market.place(order)
    except SimulatorRefusalError as refusal:
        deed.lab.server.note("fault_refused", code=refusal.code, text=refusal.text)
        return
    deed.lab.server.note("placed_in_tws", perm_id=state.perm_id, order_ref=order.order_ref, client=order.client_id)


def _cancel_order(deed: Deed) -> None:
    working = _working(deed)
    if working is not None:
        _market(deed).desk.finish(working, "Cancelled in TWS")
        deed.lab.server.note("cancelled_in_tws", perm_id=working.perm_id)


def _modify_order(deed: Deed) -> None:
    working = _working(deed)
    if working is None:
        return
    keys, order = deed.action.keys(), working.state.order
    limit = keys.get("limit")
    changed = replace(
        order,
        limit_price=float(limit) if isinstance(limit, int | float) else order.limit_price,
        quantity=_decimal(keys.get("quantity"), order.quantity),
    )
    try:
        state = _market(deed).modify(working.perm_id, changed)
    except SimulatorRefusalError as refusal:
        deed.lab.server.note("fault_refused", code=refusal.code, text=refusal.text)
        return
    deed.lab.server.note("modified_in_tws", perm_id=working.perm_id)
    deed.lab.server.on_order(state)


def _second_order(deed: Deed) -> None:
    """The broker makes another live order of the same request: same id, same reference, new permanent id."""
    working = _working(deed)
    if working is None:
        return
    order = replace(working.state.order, parent_perm_id=0, oca_group="")
    state = _market(deed).place(order)
    deed.lab.server.note(
        "order_accepted", client=order.client_id, order_id=order.order_id, perm_id=state.perm_id,
        order_ref=order.order_ref, transmit=order.transmit,
    )  # fmt: skip


def _steered(deed: Deed) -> tuple[Steering, int]:
    """The hand on the market and the contract that is meant."""
    market, symbol = _market(deed), deed.action.keys()["symbol"]
    found = next((each.broker_id for each in market.instruments() if each.symbol == symbol), None)
    steering = deed.lab.server.steering
    if steering is None or found is None:
        raise UserError("SIM-021", f"{deed.script}, line {deed.action.line}: the market has no {symbol!r} to move.")
    return steering, found


def _shock(deed: Deed) -> None:
    steering, con_id = _steered(deed)
    percent = deed.action.keys()["percent"]
    steering.shock(con_id, float(percent) / 100 if isinstance(percent, int | float) else 0.0)


def _halt(deed: Deed) -> None:
    steering, con_id = _steered(deed)
    steering.halt(con_id, on=deed.action.keys().get("on", True) is not False)


ACTS: Final = {
    "shock": _shock,
    "halt": _halt,
    "fill": _fill,
    "bust": _bust,
    "correct": _correct,
    "place": _place,
    "cancel_order": _cancel_order,
    "modify_order": _modify_order,
    "second_order": _second_order,
}
