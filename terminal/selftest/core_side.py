# SPDX-License-Identifier: Apache-2.0
"""The core that will be killed: connects, streams, trades, tells each step on its standard output, then waits.

It ends by itself when its standard input closes, so that nothing is left when the self-test itself is killed.
"""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import asdict
from decimal import Decimal
from pathlib import Path
from typing import Final

from terminal.clock import NS_PER_S, perf_ns
from terminal.errors import TerminalError
from terminal.kernel import Kernel
from terminal.model.commands import BracketSpec, ModifyOrder, OrderSpec, SubmitOrder
from terminal.model.enums import OrderStatus, OrderType, Side, TimeInForce
from terminal.model.ids import ClientOrderId, InstrumentId
from terminal.model.market import Bar, Trade
from terminal.selftest.tools import (
    BRACKET,
    PARTIAL,
    PARTIAL_QUANTITY,
    PATIENCE_S,
    SYMBOLS,
    Holding,
    SelfTestError,
    Step,
    Tools,
    order_of,
    quantity_of,
    reasons,
    until,
)

OK: Final = 0
FAILED: Final = 1
_OWNER: Final = "selftest"
_ALIVE: Final = frozenset({OrderStatus.ACKED, OrderStatus.WORKING})
_TRIES: Final = 10


def run_core(tools: Tools, folder: Path) -> int:
    """Run the side that is killed; return 1 when a step does not hold, 0 when standard input closes."""
    return asyncio.run(_run(tools, folder))


async def _run(tools: Tools, folder: Path) -> int:
    try:
        async with tools.open_core(folder) as kernel:
            try:
                for name, step in (("connect", _connect), ("stream", _stream), ("bracket", _bracket)):
                    await _told(name, step, kernel)
                await _told("partial fill", _partial, kernel)
                _say({"holding": asdict(Holding.of(kernel))})
                await asyncio.to_thread(sys.stdin.read)
            finally:
                await kernel.stop()
    except (SelfTestError, TerminalError):
        return FAILED
    return OK


async def _told(name: str, work: Callable[[Kernel], Awaitable[str]], kernel: Kernel) -> None:
    started = perf_ns()
    try:
        ok, detail = True, await work(kernel)
    except (SelfTestError, TerminalError) as fault:
        _say(asdict(_step(name, started, ok=False, detail=str(fault))))
        raise
    _say(asdict(_step(name, started, ok=ok, detail=detail)))


def _step(name: str, started_ns: int, *, ok: bool, detail: str) -> Step:
    return Step(step=name, ok=ok, seconds=round((perf_ns() - started_ns) / NS_PER_S, 2), detail=detail)


def _say(message: object) -> None:
    with suppress(BrokenPipeError):
        sys.stdout.write(json.dumps(message) + "\n")
        sys.stdout.flush()


# ---------------------------------------------------------------- steps
async def _connect(kernel: Kernel) -> str:
    await kernel.start()
    await until(kernel, lambda: kernel.execution.link.reconciled, "connected and reconciled")
    return f"account {kernel.account_id}, {kernel.venue_words}"


async def _stream(kernel: Kernel) -> str:
    await until(
        kernel,
        lambda: all(kernel.hub.quote(InstrumentId(text)) is not None for text in SYMBOLS),
        f"quotes of {', '.join(SYMBOLS)}",
    )
    instrument = kernel.symbols.instrument_named(BRACKET)
    if instrument is None:
        raise SelfTestError(f"{BRACKET} was not found")
    trades: list[Trade] = []
    bars: list[Bar] = []
    heard = kernel.bus.subscribe(Trade, trades.append)
    kernel.subscriptions.watch(instrument, "trades", _OWNER)
    kernel.subscriptions.watch(instrument, "depth", _OWNER)
    kernel.bars.open(instrument, seconds=60, duration_s=3600, owner=_OWNER, sink=lambda seen, _: bars.extend(seen))
    try:
        await until(
            kernel,
            lambda: bool(trades and bars) and kernel.hub.depth(instrument.id) is not None,
            "prints, book and bars",
        )
    finally:
        heard.close()
    return f"{kernel.hub.messages} market events, {len(bars)} bars, book and prints of {BRACKET}"


async def _bracket(kernel: Kernel) -> str:
    """Buy with stop and target far away: both must work when the entry has filled."""
    instrument = kernel.symbols.instrument_named(BRACKET)
    quote = kernel.hub.quote(InstrumentId(BRACKET))
    if instrument is None or quote is None or quote.ask is None:
        raise SelfTestError(f"{BRACKET} has no ask")
    names = _submit(
        kernel,
        SubmitOrder(
            spec=OrderSpec(
                instrument_id=instrument.id,
                side=Side.BUY,
                quantity=Decimal(10),
                order_type=OrderType.LIMIT,
                limit_price=instrument.snap(quote.ask * 1.005),
            ),
            bracket=BracketSpec(
                stop_price=instrument.snap(quote.ask * 0.95),
                target_price=instrument.snap(quote.ask * 1.06),
                time_in_force=TimeInForce.GTC,
            ),
        ),
    )
    entry, *exits = [order_of(kernel, name) for name in names]

    def works() -> bool:
        return entry.status is OrderStatus.FILLED and all(each.status in _ALIVE for each in exits)

    try:
        await until(kernel, works, "entry filled, stop and target working")
    except SelfTestError as fault:
        raise SelfTestError(f"{fault} ({reasons([entry, *exits])})") from None
    await until(kernel, lambda: quantity_of(kernel, BRACKET) == entry.filled, "the position follows the fill")
    return f"bought {entry.filled} {BRACKET} at {entry.average_price}, stop and target work"


async def _partial(kernel: Kernel) -> str:
    """Buy more than stands at the best prices, at the best; follow it when it steps away before a part has filled."""
    instrument = kernel.symbols.instrument_named(PARTIAL)
    quote = kernel.hub.quote(InstrumentId(PARTIAL))
    if instrument is None or quote is None or quote.ask is None:
        raise SelfTestError(f"{PARTIAL} has no ask")
    (name,) = _submit(
        kernel,
        SubmitOrder(
            spec=OrderSpec(
                instrument_id=instrument.id,
                side=Side.BUY,
                quantity=PARTIAL_QUANTITY,
                order_type=OrderType.LIMIT,
                limit_price=instrument.snap(quote.ask),
                time_in_force=TimeInForce.GTC,
            )
        ),
    )
    order = order_of(kernel, name)
    sizes: list[Decimal] = []

    def partly() -> bool:
        if not sizes or order.filled != sizes[-1]:
            sizes.append(order.filled)
        return any(0 < size < PARTIAL_QUANTITY for size in sizes)

    for _ in range(_TRIES):
        with suppress(SelfTestError):
            await until(kernel, partly, "a partial fill", PATIENCE_S / _TRIES)
            break
        quote = kernel.hub.quote(instrument.id)
        if order.status in _ALIVE and quote is not None and quote.ask is not None:
            kernel.do(ModifyOrder(client_order_id=name, limit_price=instrument.snap(quote.ask)))
    else:
        raise SelfTestError(f"no partial fill within {PATIENCE_S:g} s ({reasons([order])})")
    return f"{order.filled} of {PARTIAL_QUANTITY} {PARTIAL} filled, the rest works"


def _submit(kernel: Kernel, command: SubmitOrder) -> list[ClientOrderId]:
    answer = kernel.do(command)
    names = [ClientOrderId(str(name)) for name in answer] if isinstance(answer, tuple) else []
    denied = [each for each in (order_of(kernel, name) for name in names) if each.status is OrderStatus.DENIED]
    if denied or not names:
        raise SelfTestError(f"the order was not let through: {reasons(denied)}")
    return names
