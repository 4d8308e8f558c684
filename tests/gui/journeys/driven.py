# SPDX-License-Identifier: Apache-2.0
"""`tiller simulate` with a control port: a test may ask for the truth and send the market a background event.

Run as a child process. The seeded market lives on by itself; what the control port adds are events of the kind
that its own feed brings: another touch, and a print by somebody else. Orders and accounts are out of its reach.
"""

import argparse
import asyncio
import json
import os
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

from brokers.simulator.parent import parent_is_gone
from brokers.simulator.server import ServerOptions, SimulatedTws
from terminal.clock import LiveClock
from terminal.simulation.book import LimitBook
from terminal.simulation.factory import DEMO_ACCOUNT
from terminal.simulation.market import Market
from terminal.simulation.simulated import SimulatedSource
from terminal.simulation.source import FeedEvent


class DrivenExchange(Market):
    """The seeded market, in which the background of chosen instruments stands still until a test brings an event."""

    def __init__(self, *arguments: Any) -> None:
        self.calmed: set[int] = set()
        super().__init__(*arguments)

    def bring(self, event: FeedEvent) -> None:
        super()._on_event(event)

    def _on_event(self, event: FeedEvent) -> None:
        if event.con_id not in self.calmed:
            super()._on_event(event)

    def _refresh_touch(self, con_id: int) -> LimitBook:
        return self.book_of(con_id) if con_id in self.calmed else super()._refresh_touch(con_id)


class Control:
    """Answers one JSON object per line with one JSON object."""

    def __init__(self, server: SimulatedTws, market: DrivenExchange) -> None:
        self._server = server
        self._market = market

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            asked: dict[str, Any] = json.loads(line)
            answer = getattr(self, "do_" + asked.pop("do"))(**asked)
            writer.write(json.dumps(answer, default=str).encode() + b"\n")
            await writer.drain()
        writer.close()

    def _id(self, symbol: str) -> int:
        return next(one.broker_id or 0 for one in self._market.instruments() if one.symbol == symbol)

    def do_print(self, symbol: str, price: str, size: int, side: int) -> dict[str, Any]:
        """Let somebody else trade ``size`` at ``price`` with what rests there; ``side`` -1 is a seller.

        The background steps one tick back from that price first, so that an own order there is alone.
        """
        con_id = self._id(symbol)
        tick = round(Decimal(price) / self._market.unit(con_id))
        book = self._market.book_of(con_id)
        bid = tick - 1 if side < 0 else min(book.bid or tick - 1, tick - 1)
        ask = tick + 1 if side > 0 else max(book.ask or tick + 1, tick + 1)
        self._market.bring(FeedEvent(con_id, bid, ask, tick, size, side))
        return {}

    def do_calm(self, symbol: str) -> dict[str, Any]:
        """Let nobody else move one instrument from now on; its book stands as it is."""
        self._market.calmed.add(self._id(symbol))
        return {}

    def do_truth(self) -> dict[str, Any]:
        truth, market = self._server.truth, self._market
        self._server._hub.history.flush()
        symbols = {one.broker_id: one.symbol for one in market.instruments()}
        return {
            "positions": {
                symbols.get(one.con_id, str(one.con_id)): [one.quantity, one.average_cost, one.realized]
                for one in market.positions(DEMO_ACCOUNT)
            },
            "orders": [
                {
                    "ref": one.order.order_ref,
                    "perm": one.perm_id,
                    "parent": one.order.parent_perm_id,
                    "oca": one.order.oca_group,
                    "status": one.status,
                    "quantity": one.order.quantity,
                    "filled": one.filled,
                    "type": one.order.order_type,
                    "limit": one.order.limit_price,
                    "stop": one.order.aux_price,
                }
                for one in truth.orders()
            ],
            "executions": [
                {"ref": one.order_ref, "quantity": one.quantity, "price": one.price, "commission": one.commission}
                for one in truth.executions()
            ],
            "account": {tag: value for tag, value, unit in market.account_values(DEMO_ACCOUNT) if unit in ("USD", "")},
            "pnl": market.pnl(DEMO_ACCOUNT),
        }


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("command", choices=["simulate"])
    parser.add_argument("--parent-pid", type=int, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--history", type=Path, required=True)
    parser.add_argument("--control", type=Path, required=True)
    parser.add_argument("--unsubscribed", nargs="*", default=())
    parser.add_argument("--read-only", action="store_true")
    return parser.parse_args()


async def _main(options: argparse.Namespace) -> None:
    market = DrivenExchange(SimulatedSource(options.seed), (DEMO_ACCOUNT,), options.seed)
    clock = LiveClock()
    behaviour = ServerOptions(
        read_only=options.read_only, history=options.history, unsubscribed=frozenset(options.unsubscribed)
    )
    server = SimulatedTws(market, clock, behaviour)
    host, port = await server.start("127.0.0.1", options.port)
    control = await asyncio.start_server(Control(server, market).serve, "127.0.0.1", 0)
    options.control.write_text(str(control.sockets[0].getsockname()[1]), encoding="utf-8")
    sys.stdout.write(json.dumps({"listening": {"host": host, "port": port}, "accounts": [DEMO_ACCOUNT]}) + "\n")
    sys.stdout.flush()
    gone = asyncio.Event()
    _watch_parent(options.parent_pid, os.getppid(), clock, gone)
    async with control:
        await gone.wait()


def _watch_parent(pid: int, first_parent: int, clock: LiveClock, gone: asyncio.Event) -> None:
    if parent_is_gone(pid, first_parent):
        gone.set()
    else:
        clock.call_later(0.5, lambda: _watch_parent(pid, first_parent, clock, gone))


if __name__ == "__main__":
    asyncio.run(_main(_options()))
