# SPDX-License-Identifier: Apache-2.0
"""What the journal says, for a person or a program without the window: orders, fills, positions, verify.

Reads a consistent snapshot and changes nothing, also while Tiller runs. The JSON forms are public: a change that
breaks one raises `JSON_VERSION`.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from terminal.errors import InvariantError, UserError
from terminal.logs import iso
from terminal.model.enums import Side
from terminal.model.events import OrderEvent, OrderInitialized, PositionAdjusted
from terminal.model.ids import AccountId, InstrumentId
from terminal.model.instrument import Instrument
from terminal.model.order import Fill, Order
from terminal.model.position import Position
from terminal.storage.journal_reader import load_journal, verify_journal

JSON_VERSION: Final = 1
_Key = tuple[AccountId, InstrumentId]
SUBJECTS: Final = ("orders", "fills", "positions", "verify")


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderLine:
    time: str
    client_order_id: str
    account: str
    instrument: str
    side: str
    quantity: Decimal
    type: str
    limit_price: Decimal | None
    stop_price: Decimal | None
    time_in_force: str
    status: str
    pending: str
    knowledge: str
    filled: Decimal
    average_price: Decimal | None
    commission: Decimal
    broker_order_id: int | None
    perm_id: int | None
    origin: str
    strategy: str | None
    role: str
    group: str | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FillLine:
    time: str
    execution_id: str
    client_order_id: str
    account: str
    instrument: str
    side: str
    quantity: Decimal
    price: Decimal
    exchange: str
    commission: Decimal | None
    currency: str
    strategy: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionLine:
    account: str
    instrument: str
    quantity: Decimal
    average_price: Decimal
    realized: Decimal | None
    """None when the journal does not know the contract's multiplier."""
    commission: Decimal
    adjusted: Decimal
    """Part of the quantity that no fill explains."""


@dataclass(slots=True)
class Replay:
    """Orders, contracts and adjustments as the journal tells them."""

    orders: dict[str, Order] = field(default_factory=dict)
    instruments: dict[InstrumentId, Instrument] = field(default_factory=dict)
    adjustments: list[PositionAdjusted] = field(default_factory=list)
    oddities: list[str] = field(default_factory=list)
    """Events that no order could take, in words."""

    def see(self, record: object) -> None:
        match record:
            case Instrument():
                self.instruments[record.id] = record
            case OrderInitialized():
                self.orders[record.client_order_id] = Order(record)
            case OrderEvent():
                self._apply(record)
            case PositionAdjusted():
                if all(known.adjustment_id != record.adjustment_id for known in self.adjustments):
                    self.adjustments.append(record)
            case _:
                pass  # facts about the session, not about orders

    def _apply(self, event: OrderEvent) -> None:
        name = f"{type(event).__name__} of {event.client_order_id}"
        order = self.orders.get(event.client_order_id)
        if order is None:
            self.oddities.append(f"{name}: the journal does not know that order")
            return
        try:
            order.apply(event)
        except InvariantError as fault:
            self.oddities.append(f"{name}: {fault}")


def replay(records: Iterable[object]) -> Replay:
    found = Replay()
    for record in records:
        found.see(record)
    return found


def order_lines(found: Replay) -> list[OrderLine]:
    """Return every order, oldest first."""
    return [
        OrderLine(
            time=iso(order.created_ns),
            client_order_id=order.client_order_id,
            account=order.account_id,
            instrument=order.instrument_id,
            side=order.spec.side.value,
            quantity=order.spec.quantity,
            type=order.spec.order_type.value,
            limit_price=order.spec.limit_price,
            stop_price=order.spec.stop_price,
            time_in_force=order.spec.time_in_force.value,
            status=order.status.value,
            pending=order.pending.value,
            knowledge=order.knowledge.value,
            filled=order.filled,
            average_price=order.average_price,
            commission=order.commission,
            broker_order_id=order.broker_order_id,
            perm_id=order.perm_id,
            origin=order.origin.value,
            strategy=order.strategy_id,
            role=order.role.value,
            group=order.group_id,
            reason=order.reason,
        )
        for order in found.orders.values()
    ]


def _fills(found: Replay) -> list[tuple[Order, Fill]]:
    every = [(order, fill) for order in found.orders.values() for fill in order.fills.values() if fill.quantity]
    return sorted(every, key=lambda pair: (pair[1].event_ns, pair[1].ns))


def fill_lines(found: Replay) -> list[FillLine]:
    """Return the latest revision of every execution, oldest first; busted ones are left out."""
    lines = []
    for order, fill in _fills(found):
        paid = order.commissions.get(fill.execution_id)
        lines.append(
            FillLine(
                time=iso(fill.event_ns),
                execution_id=fill.execution_id,
                client_order_id=order.client_order_id,
                account=order.account_id,
                instrument=order.instrument_id,
                side=order.spec.side.value,
                quantity=fill.quantity,
                price=fill.price,
                exchange=fill.exchange,
                commission=paid.amount if paid is not None else None,
                currency=paid.currency if paid is not None else "",
                strategy=order.strategy_id,
            )
        )
    return lines


def position_lines(found: Replay) -> list[PositionLine]:
    """Return every position that fills and flagged adjustments lead to, also closed ones."""
    adjusted: dict[_Key, Decimal] = {}
    steps: list[tuple[int, _Key, Side, Decimal, Decimal]] = []
    for change in found.adjustments:
        key = (change.account_id, change.instrument_id)
        adjusted[key] = adjusted.get(key, Decimal(0)) + change.quantity
        side = Side.BUY if change.quantity > 0 else Side.SELL
        steps.append((0 if change.opening else change.ns, key, side, abs(change.quantity), change.price))
    for order, fill in _fills(found):
        key = (order.account_id, order.instrument_id)
        steps.append((fill.ns, key, order.spec.side, fill.quantity, fill.price))
    books: dict[_Key, Position] = {}
    for _, key, side, quantity, price in sorted(steps, key=lambda step: step[0]):
        contract = found.instruments.get(key[1])
        multiplier = contract.multiplier if contract is not None else Decimal(1)
        books[key] = books.get(key, Position()).with_fill(side, quantity, price, multiplier)
    for order in found.orders.values():
        key = (order.account_id, order.instrument_id)
        if key in books and order.commission:
            books[key] = books[key].with_commission(order.commission)
    return [
        PositionLine(
            account=key[0],
            instrument=key[1],
            quantity=position.quantity,
            average_price=position.average_price,
            realized=position.realized if key[1] in found.instruments else None,
            commission=position.commission,
            adjusted=adjusted.get(key, Decimal(0)),
        )
        for key, position in sorted(books.items())
    ]


# ---------------------------------------------------------------- output
def journal_report(subject: str, path: Path, *, key: bytes | None = None, as_json: bool = False) -> tuple[int, str]:
    """Return exit code and text of ``tiller journal SUBJECT``: 0, or 1 when the journal does not verify.

    Raises:
        UserError: STO-00x, the journal cannot be read; CLI-001, there is no such subject.
    """
    if subject not in SUBJECTS:
        raise UserError("CLI-001", f"the journal can tell {', '.join(SUBJECTS)}, not {subject!r}")
    if subject == "verify":
        return _verify(path, key, as_json=as_json)
    loaded = load_journal(path, key=key)
    found = replay(loaded.records)
    lines = _LINES[subject](found)
    remarks = [*found.oddities, *([] if loaded.report.ok else [loaded.report.summary])]
    code = 0 if loaded.report.ok else 1
    if as_json:
        return code, _json({subject: [_plain(line) for line in lines], "remarks": remarks})
    text = table_text(_HEADINGS[subject], lines) if lines else f"no {subject}"
    return code, "\n".join([text, *(f"remark: {clean(remark)}" for remark in remarks)])


def _verify(path: Path, key: bytes | None, *, as_json: bool) -> tuple[int, str]:
    report = verify_journal(path, key=key)
    code = 0 if report.ok else 1
    if as_json:
        return code, _json(
            {
                "ok": report.ok,
                "rows": report.rows,
                "keyed_rows": report.keyed_rows,
                "unchecked_rows": report.unchecked_rows,
                "first_bad_row": report.first_bad_seq,
                "faults": list(report.faults),
            }
        )
    return code, "\n".join([report.summary, *(f"  {clean(fault)}" for fault in report.faults)])


_LINES: Final[Mapping[str, Callable[[Replay], Sequence[Any]]]] = {
    "orders": order_lines,
    "fills": fill_lines,
    "positions": position_lines,
}
_HEADINGS: Final[Mapping[str, Sequence[str]]] = {
    "orders": (
        "time",
        "client_order_id",
        "instrument",
        "side",
        "quantity",
        "type",
        "limit_price",
        "stop_price",
        "status",
        "filled",
        "average_price",
        "origin",
        "reason",
    ),
    "fills": ("time", "instrument", "side", "quantity", "price", "commission", "client_order_id", "execution_id"),
    "positions": ("account", "instrument", "quantity", "average_price", "realized", "commission", "adjusted"),
}


def table_text(names: Sequence[str], lines: Sequence[object]) -> str:
    """Return aligned columns: numbers to the right, texts to the left, absent as a dash."""
    cells = [[_cell(getattr(line, name)) for name in names] for line in lines]
    right = [isinstance(getattr(lines[0], name), Decimal | int) for name in names]
    heads = [name.replace("_", " ") for name in names]
    widths = [max(len(row[column]) for row in [heads, *cells]) for column in range(len(names))]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if flush else cell.ljust(width)
            for cell, width, flush in zip(row, widths, right, strict=True)
        ).rstrip()
        for row in [heads, *cells]
    )


def clean(text: str) -> str:
    """Return ``text`` without anything that a terminal could obey."""
    return "".join(each if each.isprintable() else f"\\x{ord(each):02x}" for each in text)


def _cell(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, Decimal):
        return format(value, ",f")
    return clean(str(value))


def _plain(line: Any) -> dict[str, Any]:
    return {each.name: _json_value(getattr(line, each.name)) for each in fields(line)}


def _json_value(value: object) -> object:
    return format(value, "f") if isinstance(value, Decimal) else value


def _json(content: Mapping[str, Any]) -> str:
    return json.dumps({"version": JSON_VERSION, **content}, indent=1)
