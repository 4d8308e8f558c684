# SPDX-License-Identifier: Apache-2.0
"""The ladder's state: sizes by tick, best prices, own orders, and which rows are in sight. No Qt, no bus.

Rows are whole ticks. The ladder moves only when the last price leaves its middle half, never while a mouse is
over it: a row must not move away under a click that means money.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from terminal.model.enums import Side
from terminal.model.ids import ClientOrderId
from terminal.model.instrument import Instrument
from terminal.model.market import Depth, DepthLevel, Quote
from widgets import formats
from widgets.chart.marks import ChartOrder, MarkState
from widgets.ladder.ticks import TickGrid

LEVELS: Final = 20
_TEXTS_KEPT: Final = 1000


@dataclass(frozen=True, slots=True)
class Chip:
    """Own orders of one side at one price: text such as ``1 LMT``, ``3 LMT ×2`` for several; ``short`` the total."""

    side: Side
    text: str
    short: str
    state: MarkState
    order_ids: tuple[ClientOrderId, ...]


@dataclass(frozen=True, slots=True)
class LadderRow:
    """What stands in one row. ``bid_share`` and ``ask_share``: size by the largest in sight, 0 to 1."""

    index: int
    price: str
    bid: str = ""
    bid_share: float = 0.0
    ask: str = ""
    ask_share: float = 0.0
    best_bid: bool = False
    best_ask: bool = False
    last: bool = False
    cursor: bool = False
    buy: Chip | None = None
    sell: Chip | None = None


@dataclass(frozen=True, slots=True)
class EdgeNote:
    """The nearest own order beyond an edge, its distance in ticks, and how many more there are."""

    order: ChartOrder
    ticks: int
    more: int

    def words(self, decimals: int) -> tuple[str, str]:
        """Return (order, distance) as a person reads them; the side's letter stands apart."""
        kind = formats.ORDER_TYPES[self.order.kind]
        price = formats.number(self.order.price, decimals)
        more = f" +{self.more} more" if self.more else ""
        return (
            f"{formats.quantity(self.order.quantity)} {kind} {price}{more}",
            f"{abs(self.ticks)} tick{'' if abs(self.ticks) == 1 else 's'} {'up' if self.ticks > 0 else 'down'}",
        )


class LadderModel:
    """Everything one ladder shows."""

    def __init__(self) -> None:
        self.instrument: Instrument | None = None
        self.decimals = 2
        self.grid: TickGrid | None = None
        self.quote: Quote | None = None
        self.orders: tuple[ChartOrder, ...] = ()
        self.top_only = False
        self.cursor: int | None = None
        self.rows_shown = LEVELS
        self.top = 0
        """Tick number of the uppermost row."""
        self._bids: dict[int, float] = {}
        self._asks: dict[int, float] = {}
        self._placed = False
        self._texts: dict[int, str] = {}

    # ------------------------------------------------------------------ what the core says
    def set_instrument(self, instrument: Instrument | None) -> None:
        """Show another instrument: everything of the old one goes."""
        self.instrument = instrument
        self.decimals = instrument.decimals if instrument is not None else 2
        self.grid = TickGrid(instrument) if instrument is not None else None
        self._texts.clear()
        self.quote, self.orders, self.cursor, self._placed = None, (), None, False
        self._bids, self._asks = {}, {}

    def set_depth(self, depth: Depth | None) -> None:
        """Take the visible book; sizes of several makers at one price are added. None forgets it."""
        self._bids = self._by_tick(depth.bids) if depth is not None else {}
        self._asks = self._by_tick(depth.asks) if depth is not None else {}

    def set_quote(self, quote: Quote | None) -> None:
        self.quote = quote

    def set_orders(self, orders: Iterable[ChartOrder]) -> None:
        """Take the own orders. A draft is not one yet."""
        self.orders = tuple(order for order in orders if order.state is not MarkState.DRAFT)

    def count(self, side: Side) -> int:
        """Return how many own orders of a side there are."""
        return sum(order.side is side for order in self.orders)

    # ------------------------------------------------------------------ prices
    @property
    def best_bid(self) -> int | None:
        """Tick of the best bid: of the book, else of the quote."""
        if self._bids and not self.top_only:
            return max(self._bids)
        return self._tick_of(self.quote.bid if self.quote else None)

    @property
    def best_ask(self) -> int | None:
        if self._asks and not self.top_only:
            return min(self._asks)
        return self._tick_of(self.quote.ask if self.quote else None)

    @property
    def last(self) -> int | None:
        return self._tick_of(self.quote.last if self.quote else None)

    @property
    def spread(self) -> Decimal | None:
        """Best ask minus best bid in the price unit; None without both."""
        bid, ask = self.best_bid, self.best_ask
        if bid is None or ask is None or self.grid is None:
            return None
        return self.grid.price(ask) - self.grid.price(bid)

    @property
    def anchor(self) -> int | None:
        """The tick that the ladder keeps in its middle: the last price, but no further out than the touch.

        A last price that the quotes have left behind would keep one side of the book out of sight.
        """
        bid, ask, last = self.best_bid, self.best_ask, self.last
        if bid is not None and ask is not None:
            return (bid + ask) // 2 if last is None else min(max(last, bid), max(bid, ask))
        if last is not None:
            return last
        return bid if bid is not None else ask

    def price_of(self, index: int) -> Decimal | None:
        return self.grid.price(index) if self.grid is not None else None

    # ------------------------------------------------------------------ rows in sight
    def resize(self, rows: int) -> None:
        """Show so many rows; the middle stays."""
        rows = max(1, rows)
        self.top += (rows - self.rows_shown) // 2
        self.rows_shown = rows

    def follow(self, *, held: bool) -> bool:
        """Centre if the anchor has left the middle half; `held` (a mouse is over it) forbids. Say if it moved."""
        anchor = self.anchor
        if anchor is None or (held and self._placed):
            return False
        row = self.top - anchor
        quarter = self.rows_shown // 4
        if self._placed and quarter <= row < self.rows_shown - quarter:
            return False
        return self.centre()

    def centre(self) -> bool:
        """Put the anchor into the middle row. Say if it moved."""
        anchor = self.anchor
        if anchor is None:
            return False
        top = anchor + self.rows_shown // 2
        moved = top != self.top or not self._placed
        self.top, self._placed = top, True
        return moved

    def scroll(self, ticks: int) -> None:
        """Move to higher prices, or lower ones if negative."""
        self.top += ticks

    def move_cursor(self, ticks: int) -> None:
        """Walk the cursor, starting at the anchor; the ladder goes along to keep it in sight."""
        start = self.cursor if self.cursor is not None else self.anchor
        if start is None:
            return
        self.cursor = start + ticks if self.cursor is not None else start
        if self.cursor > self.top:
            self.top = self.cursor
        elif self.cursor <= self.top - self.rows_shown:
            self.top = self.cursor + self.rows_shown - 1

    def orders_at(self, index: int, side: Side | None = None) -> tuple[ChartOrder, ...]:
        """Return own orders at a tick, of one side or both."""
        if self.grid is None:
            return ()
        return tuple(
            order
            for order in self.orders
            if self.grid.index(order.price) == index and (side is None or order.side is side)
        )

    def rows(self) -> list[LadderRow]:
        """Return the rows in sight, highest price first."""
        if self.grid is None or not self._placed:
            return []
        indices = range(self.top, self.top - self.rows_shown, -1)
        bids, asks = self._sizes()
        largest = max([0.0, *(bids.get(i, 0.0) for i in indices), *(asks.get(i, 0.0) for i in indices)])
        chips = self._chips()
        best_bid, best_ask, last = self.best_bid, self.best_ask, self.last
        return [
            LadderRow(
                index=i,
                price=self._text(i),
                bid=formats.size(bids[i]) if i in bids else "",
                bid_share=bids[i] / largest if i in bids and largest else 0.0,
                ask=formats.size(asks[i]) if i in asks else "",
                ask_share=asks[i] / largest if i in asks and largest else 0.0,
                best_bid=i == best_bid,
                best_ask=i == best_ask,
                last=i == last,
                cursor=i == self.cursor,
                buy=chips.get((i, Side.BUY)),
                sell=chips.get((i, Side.SELL)),
            )
            for i in indices
        ]

    def edges(self) -> tuple[EdgeNote | None, EdgeNote | None]:
        """Return the nearest own orders above and below what is in sight. Distances count from the last price."""
        if self.grid is None or not self._placed:
            return None, None
        anchor = self.anchor if self.anchor is not None else self.top
        placed = sorted(((self.grid.index(order.price), order) for order in self.orders), key=lambda item: item[0])
        above = [item for item in placed if item[0] > self.top]
        below = [item for item in placed if item[0] <= self.top - self.rows_shown]
        up = EdgeNote(above[0][1], above[0][0] - anchor, len(above) - 1) if above else None
        down = EdgeNote(below[-1][1], below[-1][0] - anchor, len(below) - 1) if below else None
        return up, down

    # ------------------------------------------------------------------ inside
    def _text(self, index: int) -> str:
        found = self._texts.get(index)
        if found is None:
            if len(self._texts) > _TEXTS_KEPT:
                self._texts.clear()
            found = self._texts[index] = formats.number(self.price_of(index), self.decimals)
        return found

    def _sizes(self) -> tuple[Mapping[int, float], Mapping[int, float]]:
        if not self.top_only:
            return self._bids, self._asks
        bid, ask, quote = self.best_bid, self.best_ask, self.quote
        bids = {bid: quote.bid_size} if quote and bid is not None and quote.bid_size is not None else {}
        asks = {ask: quote.ask_size} if quote and ask is not None and quote.ask_size is not None else {}
        return bids, asks

    def _chips(self) -> dict[tuple[int, Side], Chip]:
        groups: dict[tuple[int, Side], list[ChartOrder]] = {}
        if self.grid is not None:
            for order in self.orders:
                groups.setdefault((self.grid.index(order.price), order.side), []).append(order)
        return {key: _chip(key[1], orders) for key, orders in groups.items()}

    def _by_tick(self, levels: Iterable[DepthLevel]) -> dict[int, float]:
        out: dict[int, float] = {}
        if self.grid is not None:
            for level in levels:
                index = self.grid.index(level.price)
                out[index] = out.get(index, 0.0) + level.size
        return out

    def _tick_of(self, price: float | None) -> int | None:
        return self.grid.index(price) if price is not None and self.grid is not None else None


def _chip(side: Side, orders: list[ChartOrder]) -> Chip:
    total = sum((order.quantity for order in orders), Decimal(0))
    kinds = {formats.ORDER_TYPES[order.kind] for order in orders}
    kind = kinds.pop() if len(kinds) == 1 else "mixed"
    times = f" ×{len(orders)}" if len(orders) > 1 else ""
    waits = any(order.state is MarkState.PENDING for order in orders)
    return Chip(
        side=side,
        text=f"{formats.quantity(total)} {kind}{times}",
        short=formats.size(total),
        state=MarkState.PENDING if waits else MarkState.WORKING,
        order_ids=tuple(order.client_order_id for order in orders),
    )
