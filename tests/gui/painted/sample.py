# SPDX-License-Identifier: Apache-2.0
"""One deterministic morning in one future, for painting and for tests: bars, book, prints, orders.

Numbers come from a seeded generator that walks on the tick grid; the last price, the book and the orders fit
together, as they would in a real market.
"""

from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import numpy as np

from terminal.model.enums import AssetClass, OrderType, Side
from terminal.model.ids import ClientOrderId, InstrumentId
from terminal.model.instrument import Instrument, Session
from terminal.model.market import Bar, Depth, DepthLevel, Quote, Trade
from widgets.chart.marks import ChartOrder, MarkState

NS = 1_000_000_000
ZONE = ZoneInfo("America/New_York")
LAST = 6762.5


def at(hour: int, minute: int = 0, second: int = 0, day: int = 17) -> int:
    """Return a moment of March 2026 in New York as nanoseconds UTC."""
    return int(datetime(2026, 3, day, hour, minute, second, tzinfo=ZONE).timestamp()) * NS


NOW = at(11, 42, 7)
INSTRUMENT = Instrument(
    id=InstrumentId("ES 20260619"),
    asset_class=AssetClass.FUTURE,
    symbol="ES",
    local_symbol="ESM6",
    name="E-mini S&P 500",
    exchange="CME",
    min_tick=Decimal("0.25"),
    multiplier=Decimal(50),
)
SESSIONS = tuple(Session(start_ns=at(9, 30, day=day), end_ns=at(16, 0, day=day)) for day in (16, 17))


def bars(seconds: int = 300, count: int = 320, seed: int = 221) -> list[Bar]:
    """Return bars that end with the growing one at `NOW`, its close at `LAST`."""
    rng = np.random.default_rng(seed)
    last_start = NOW - NOW % (seconds * NS)
    starts = [last_start - (count - 1 - place) * seconds * NS for place in range(count)]
    busy = np.array([any(session.contains(start) for session in SESSIONS) for start in starts])
    moves = rng.normal(0.0, np.where(busy, 2.0, 0.9)) * 4
    closes = LAST + (np.cumsum(np.round(moves)) - np.round(moves).sum()) / 4
    opens = np.concatenate(([closes[0]], closes[:-1]))
    reach = np.round(np.abs(rng.normal(0, np.where(busy, 5, 2), (2, count)))) / 4
    volume = np.round(np.where(busy, 14_000, 700) * rng.lognormal(0, 0.4, count))
    volume[-1] = np.round(volume[-1] * 0.43)
    return [
        Bar(
            instrument_id=INSTRUMENT.id,
            seconds=seconds,
            start_ns=starts[i],
            open=float(opens[i]),
            high=float(max(opens[i], closes[i]) + reach[0, i]),
            low=float(min(opens[i], closes[i]) - reach[1, i]),
            close=float(closes[i]),
            volume=float(volume[i]),
            closed=i < count - 1,
        )
        for i in range(count)
    ]


def quote(last: float = LAST, ns: int = NOW) -> Quote:
    """Return a quote with the last price at the ask."""
    return Quote(
        instrument_id=INSTRUMENT.id,
        received_ns=ns,
        bid=last - 0.25,
        bid_size=54,
        ask=last,
        ask_size=24,
        last=last,
        last_size=3,
        previous_close=6738.25,
    )


def depth(levels: int = 10, last: float = LAST, seed: int = 3) -> Depth:
    """Return a book of `levels` around the quote."""
    rng = np.random.default_rng(seed)
    sizes = np.round(rng.lognormal(4.2, 0.35, (2, levels)))
    sizes[0, 0], sizes[1, 0] = 54, 24
    return Depth(
        instrument_id=INSTRUMENT.id,
        received_ns=NOW,
        bids=tuple(DepthLevel(price=last - 0.25 * (i + 1), size=float(sizes[0, i])) for i in range(levels)),
        asks=tuple(DepthLevel(price=last + 0.25 * i, size=float(sizes[1, i])) for i in range(levels)),
    )


def trades(count: int = 60, seed: int = 11) -> list[Trade]:
    """Return prints that end at `NOW`, oldest first, on either side of the quote, two of them large."""
    rng = np.random.default_rng(seed)
    gaps = np.cumsum(rng.exponential(0.3, count)[::-1])[::-1]
    sizes = np.minimum(rng.geometric(0.25, count), 40)
    sizes[count - 6], sizes[count - 17] = 64, 112
    buys = rng.random(count) < 0.6
    return [
        Trade(
            instrument_id=INSTRUMENT.id,
            received_ns=NOW - round(gaps[i] * NS),
            event_ns=NOW - round(gaps[i] * NS) // NS * NS,
            price=LAST if buys[i] else LAST - 0.25,
            size=float(sizes[i]),
        )
        for i in range(count)
    ]


def order(
    name: str,
    side: Side,
    kind: OrderType,
    price: str,
    quantity: int = 1,
    *,
    pnl: str | None = None,
    text: str = "working",
    state: MarkState = MarkState.WORKING,
) -> ChartOrder:
    """Return an order line."""
    return ChartOrder(
        client_order_id=ClientOrderId(name),
        side=side,
        kind=kind,
        price=Decimal(price),
        quantity=Decimal(quantity),
        pnl_if_filled=None if pnl is None else Decimal(pnl),
        text=text,
        state=state,
    )


def orders() -> tuple[ChartOrder, ...]:
    """Return the working orders: a bracket around a position of +2 at 6,751.50 and one more entry."""
    return (
        order("target", Side.SELL, OrderType.LIMIT, "6784.00", 2, pnl="3250"),
        order("entry", Side.BUY, OrderType.LIMIT, "6760.25"),
        order("stop", Side.SELL, OrderType.STOP, "6741.00", 2, pnl="-1050"),
    )
