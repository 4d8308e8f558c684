# SPDX-License-Identifier: Apache-2.0
"""Market depth: the visible book as inserts, updates and deletes by position.

A client keeps the rows and applies what it is told, so one wrong position
ruins its book. The server therefore keeps the rows that the client has and
sends exactly the difference to the rows that the market shows now.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final, NamedTuple

from brokers.simulator.capabilities import need
from brokers.simulator.contracts import invalid
from brokers.simulator.hub import Handlers, Hub
from brokers.simulator.permissions import NO_DEPTH
from brokers.simulator.protocol import requests, responses_data
from brokers.simulator.request import Request
from brokers.simulator.session import Session
from terminal.simulation.exchange_port import SimulatorRefusalError

MAX_SUBSCRIPTIONS: Final = 3
MAX_ROWS: Final = 60
RESET: Final = "Market depth data has been RESET. Please empty deep book contents before applying any new entries."
_RESETS: Final = frozenset({"day_end"})
_ASK, _BID = 0, 1


class Operation(IntEnum):
    """What to do with the row at a position."""

    INSERT = 0
    UPDATE = 1
    DELETE = 2


class Level(NamedTuple):
    """One row of one side."""

    price: float
    size: float
    maker: str


class Change(NamedTuple):
    """One row message."""

    position: int
    operation: Operation
    level: Level


def differences(shown: Sequence[Level], wanted: Sequence[Level]) -> list[Change]:
    """Row messages that turn the rows a client has into the rows it should have.

    Deletes come first, from the end, so that the client never holds more rows
    than the longer of the two books.
    """
    keep = {level[::2] for level in wanted}
    gone = [position for position, level in enumerate(shown) if level[::2] not in keep]
    changes = [Change(position, Operation.DELETE, shown[position]) for position in reversed(gone)]
    rows = [level for level in shown if level[::2] in keep]
    for position, level in enumerate(wanted):
        same = position < len(rows) and rows[position][::2] == level[::2]
        if not same:
            changes.append(Change(position, Operation.INSERT, level))
            rows.insert(position, level)
        elif rows[position].size != level.size:
            changes.append(Change(position, Operation.UPDATE, level))
            rows[position] = level
    changes += [
        Change(position, Operation.DELETE, rows[position]) for position in range(len(rows) - 1, len(wanted) - 1, -1)
    ]
    return changes


@dataclass(eq=False, slots=True)
class Ladder:
    """One depth subscription of one client."""

    session: Session
    req_id: int
    con_id: int
    rows: int
    smart: bool
    shown: dict[int, list[Level]] = field(default_factory=lambda: {_ASK: [], _BID: []})


class DepthDesk:
    """Serves market depth, three subscriptions per client as IBKR's minimum."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._ladders: dict[tuple[Session, int], Ladder] = {}
        self._by_contract: dict[int, list[Ladder]] = defaultdict(list)
        self._changed: set[int] = set()

    def handlers(self) -> Handlers:
        return {requests.REQ_MKT_DEPTH: self.subscribe, requests.CANCEL_MKT_DEPTH: self.cancel}

    def subscribe(self, session: Session, request: Request) -> None:
        """Start a book. Errors: 200 contract, 309 limit, 321 rows, 322 duplicate, 354 permission, the market's own."""
        if (session, request.id) in self._ladders:
            raise SimulatorRefusalError(322, "Error processing request.-'b' : cause - Duplicate ticker id")
        if sum(1 for owner, _ in self._ladders if owner is session) >= MAX_SUBSCRIPTIONS:
            raise SimulatorRefusalError(
                309, f"Max number ({MAX_SUBSCRIPTIONS}) of market depth requests has been reached"
            )
        rows = request.integer("rows")
        if not 1 <= rows <= MAX_ROWS:
            raise invalid(f"Number of rows must be 1 to {MAX_ROWS}, was {rows}")
        instrument = self._hub.contracts.resolve(request)
        need(request.message.name, instrument)
        self._hub.permissions.need(instrument, 354, NO_DEPTH)
        con_id = instrument.broker_id or 0
        self._hub.exchange.book(con_id, rows)  # refuses when there is none
        ladder = Ladder(session, request.id, con_id, rows, request.flag("smart_depth"))
        self._ladders[session, request.id] = ladder
        self._by_contract[con_id].append(ladder)
        self._hub.watch(con_id, "book")
        self._send(ladder)

    def cancel(self, session: Session, request: Request) -> None:
        """Stop a book; 310 when there is none."""
        ladder = self._ladders.get((session, request.id))
        if ladder is None:
            raise SimulatorRefusalError(310, f"Can't find the subscribed market depth with tickerId:{request.id}")
        self._drop(ladder)

    def forget(self, session: Session) -> None:
        for ladder in [one for one in self._ladders.values() if one.session is session]:
            self._drop(ladder)

    def _drop(self, ladder: Ladder) -> None:
        del self._ladders[ladder.session, ladder.req_id]
        ladders = self._by_contract[ladder.con_id]
        ladders.remove(ladder)
        if not ladders:
            del self._by_contract[ladder.con_id]
        self._hub.unwatch(ladder.con_id, "book")

    def on_book(self, con_id: int) -> None:
        if con_id in self._by_contract:
            self._changed.add(con_id)

    def on_session(self, event: str) -> None:
        """A new session begins with an empty book: the client is told to clear its own."""
        if event not in _RESETS:
            return
        for ladder in self._ladders.values():
            ladder.session.error(ladder.req_id, 317, RESET)
            ladder.shown = {_ASK: [], _BID: []}
            self._changed.add(ladder.con_id)

    def on_turn(self, now_ns: int) -> None:
        """Send the rows that changed in this step."""
        del now_ns
        for con_id in self._changed:
            for ladder in tuple(self._by_contract.get(con_id, ())):
                self._send(ladder)
        self._changed.clear()

    def _send(self, ladder: Ladder) -> None:
        bids, asks = self._hub.exchange.book(ladder.con_id, ladder.rows)
        for side, rows in ((_ASK, asks), (_BID, bids)):
            wanted = [Level(*row) for row in rows[: ladder.rows]]
            for change in differences(ladder.shown[side], wanted):
                self._row(ladder, side, change)
            ladder.shown[side] = wanted

    @staticmethod
    def _row(ladder: Ladder, side: int, change: Change) -> None:
        deleted = change.operation is Operation.DELETE
        row = {
            "req_id": ladder.req_id,
            "position": change.position,
            "operation": int(change.operation),
            "side": side,
            "price": 0.0 if deleted else change.level.price,
            "size": 0 if deleted else change.level.size,
        }
        if ladder.smart or change.level.maker:
            ladder.session.send(
                responses_data.MARKET_DEPTH_L2, **row, market_maker=change.level.maker, smart_depth=ladder.smart
            )
        else:
            ladder.session.send(responses_data.MARKET_DEPTH, **row)
