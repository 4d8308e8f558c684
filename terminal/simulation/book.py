# SPDX-License-Identifier: Apache-2.0
"""LimitBook: one instrument's price-time priority book in integer ticks, own orders among background size.

The background (a touch on each side, a displayed size per level, prints) comes from outside and is authoritative;
own orders are laid over it. A level that holds an own order is a real queue: background that stood there first is
ahead of it, background that came later is behind. Three things fill an own order: it takes what is displayed, a
print reaches it in its queue, or the background crosses it. Nothing here knows money, sessions or order types.

Assumption: a shrinking background level loses its newest size first, so an own order advances by trades alone.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from terminal.simulation.trading_days import NS

Displayed = Callable[[int, int, int, int], int]
"""(sign, tick, touch, ns) -> displayed background size; sign +1 is the bid side."""

MAX_SWEEP: Final = 150
RECOVERY_NS: Final = 8 * NS
"""Time after which a level that own orders emptied is full again."""


@dataclass(slots=True)
class Resting:
    """One entry of a queue. ``owner`` 0 is background."""

    owner: int
    size: int


@dataclass(slots=True)
class Level:
    queue: list[Resting] = field(default_factory=list)

    def background(self) -> int:
        return sum(entry.size for entry in self.queue if not entry.owner)

    def own(self) -> int:
        return sum(entry.size for entry in self.queue if entry.owner)


@dataclass(frozen=True, slots=True)
class Match:
    """One trade. ``taker`` and ``maker`` are owners (0 background); ``sign`` is the taker's side."""

    taker: int
    maker: int
    tick: int
    size: int
    sign: int


class LimitBook:
    """See the module. Side signs: +1 bid / buy, -1 ask / sell."""

    def __init__(self, displayed: Displayed) -> None:
        self._displayed = displayed
        self.bid: int | None = None
        self.ask: int | None = None
        self._levels: dict[int, dict[int, Level]] = {1: {}, -1: {}}
        self._taken: dict[tuple[int, int], tuple[int, int]] = {}

    # ------------------------------------------------------------ reading

    def touch(self, sign: int) -> int | None:
        """Return the background's best price of a side."""
        return self.bid if sign > 0 else self.ask

    def background_at(self, sign: int, tick: int, ns: int) -> int:
        """Return the background size at a level, less what own orders took from it lately."""
        touch = self.touch(sign)
        if touch is None or (touch - tick) * sign < 0:
            return 0
        size = self._displayed(sign, tick, touch, ns)
        taken = self._taken.get((sign, tick))
        if taken is not None:
            amount, when = taken
            left = amount * (RECOVERY_NS - (ns - when)) // RECOVERY_NS
            if left <= 0:
                del self._taken[sign, tick]
            else:
                size -= left
        return max(size, 0)

    def visible_at(self, sign: int, tick: int, ns: int) -> int:
        """Return everything that stands at a level: background and own."""
        level = self._levels[sign].get(tick)
        return self.background_at(sign, tick, ns) + (level.own() if level else 0)

    def own_ticks(self, sign: int) -> list[int]:
        """Return prices with own orders, best first."""
        return sorted(self._levels[sign], reverse=sign > 0)

    def best(self, sign: int, ns: int) -> tuple[int, int] | None:
        """Return the best visible (tick, size) of a side; None when it is empty."""
        touch = self.touch(sign)
        own = self.own_ticks(sign)
        found: int | None = own[0] if own else None
        if touch is not None and (found is None or (touch - found) * sign >= 0):
            for step in range(MAX_SWEEP):
                tick = touch - sign * step
                if tick == found or self.background_at(sign, tick, ns) > 0:
                    found = tick
                    break
        if found is None:
            return None
        size = self.visible_at(sign, found, ns)
        return (found, size) if size > 0 else None

    def rows(self, sign: int, count: int, ns: int) -> list[tuple[int, int]]:
        """Return the best ``count`` visible (tick, size) levels of a side."""
        touch = self.touch(sign)
        ticks = set(self._levels[sign])
        if touch is not None:
            ticks.update(touch - sign * step for step in range(count + len(self._taken)))
        found: list[tuple[int, int]] = []
        for tick in sorted(ticks, reverse=sign > 0):
            size = self.visible_at(sign, tick, ns) if tick > 0 else 0
            if size > 0:
                found.append((tick, size))
            if len(found) == count:
                break
        return found

    # ------------------------------------------------------------ own orders

    def rest(self, owner: int, sign: int, tick: int, size: int, ns: int) -> None:
        """Put an own order at the end of the queue of its price."""
        level = self._levels[sign].get(tick)
        if level is None:
            level = self._levels[sign][tick] = Level()
        self._sync_level(sign, tick, level, ns)
        level.queue.append(Resting(owner, size))

    def remove(self, owner: int, sign: int, tick: int) -> int:
        """Take an own order out; return the size it had left (0 when it is not there)."""
        level = self._levels[sign].get(tick)
        if level is None:
            return 0
        left = sum(entry.size for entry in level.queue if entry.owner == owner)
        level.queue = [entry for entry in level.queue if entry.owner != owner]
        self._drop_if_empty(sign, tick, level)
        return left

    def resize(self, owner: int, sign: int, tick: int, size: int, ns: int) -> None:
        """Set what an own order has left at a level: a smaller size keeps its place, what is added queues up behind."""
        level = self._levels[sign].get(tick)
        excess = (sum(entry.size for entry in level.queue if entry.owner == owner) if level else 0) - size
        if level is None or excess < 0:
            self.rest(owner, sign, tick, -excess, ns)
            return
        for entry in reversed(level.queue):
            if entry.owner == owner and excess > 0:
                part = min(entry.size, excess)
                entry.size -= part
                excess -= part
        level.queue = [entry for entry in level.queue if entry.size > 0]
        self._drop_if_empty(sign, tick, level)

    # The three ways to a trade are generators: the caller settles each match (which may cancel or cut other own
    # orders of this book) before the next one is looked for. They must be run to their end.

    def take(self, owner: int, sign: int, limit: int | None, size: int, ns: int) -> Iterator[Match]:
        """Match an incoming own order against the other side; the caller rests or drops what is left."""
        side = -sign
        for tick in self._sweep(side, limit):
            if size <= 0:
                return
            level = self._levels[side].get(tick)
            if level is None:
                part = min(size, self.background_at(side, tick, ns))
                if part > 0:
                    self._note_taken(side, tick, part, ns)
                    size -= part
                    yield Match(owner, 0, tick, part, sign)
                continue
            self._sync_level(side, tick, level, ns)
            while size > 0 and level.queue:
                maker, part = self._head(level, size)
                size -= part
                if not maker:
                    self._note_taken(side, tick, part, ns)
                yield Match(owner, maker, tick, part, sign)
            self._drop_if_empty(side, tick, level)

    def _sweep(self, side: int, limit: int | None) -> list[int]:
        """Return the prices of ``side`` from best to worst that an order with ``limit`` may trade at."""
        touch = self.touch(side)
        ticks = set(self._levels[side])
        if touch is not None:
            ticks.update(touch - side * step for step in range(MAX_SWEEP))
        if limit is not None:
            ticks = {tick for tick in ticks if (tick - limit) * side >= 0}
        return sorted((tick for tick in ticks if tick > 0), reverse=side > 0)

    @staticmethod
    def _head(level: Level, size: int) -> tuple[int, int]:
        """Take up to ``size`` from the first entry of a queue; return its owner and the part."""
        head = level.queue[0]
        part = min(size, head.size)
        head.size -= part
        if head.size <= 0:
            level.queue.pop(0)
        return head.owner, part

    # ------------------------------------------------------------ background

    def set_touch(self, bid: int | None, ask: int | None, ns: int) -> Iterator[Match]:
        """Take the background's new touch; give what it trades with own orders that it crosses."""
        self.bid, self.ask = bid, ask
        for sign in (1, -1):
            if self._levels[sign]:
                yield from self._crossed(sign, ns)
                for tick, level in list(self._levels[sign].items()):
                    self._sync_level(sign, tick, level, ns)

    def _crossed(self, sign: int, ns: int) -> Iterator[Match]:
        """Fill own orders of a side that the other side's background has reached, at the own price."""
        other = -sign
        touch = self.touch(other)
        for tick in self.own_ticks(sign):
            if touch is None or (tick - touch) * sign < 0:
                return
            level = self._levels[sign].get(tick)
            if level is None:
                continue
            level.queue = [entry for entry in level.queue if entry.owner]
            for reached in range(touch, tick + sign, sign):
                available = self.background_at(other, reached, ns)
                while available > 0 and level.queue:
                    owner, part = self._head(level, available)
                    available -= part
                    self._note_taken(other, reached, part, ns)
                    yield Match(0, owner, tick, part, other)
            self._drop_if_empty(sign, tick, level)

    def trade(self, tick: int, size: int, sign: int, ns: int) -> Iterator[Match]:
        """Let a background print by a taker of side ``sign`` meet own orders: better prices first, then its own price.

        Gives the trades with own orders only; the rest of the print happened among the background.
        """
        maker = -sign
        for own in self.own_ticks(maker):
            if (own - tick) * maker < 0:
                return
            level = self._levels[maker].get(own)
            if level is None:
                continue
            self._sync_level(maker, own, level, ns)
            if own != tick:
                # A print beyond this price means that what stood here has traded or gone.
                level.queue = [entry for entry in level.queue if entry.owner]
            while size > 0 and level.queue:
                owner, part = self._head(level, size)
                size -= part
                if owner:
                    yield Match(0, owner, own, part, sign)
            self._drop_if_empty(maker, own, level)

    def _sync_level(self, sign: int, tick: int, level: Level, ns: int) -> None:
        """Bring the background part of a queue to what is displayed: growth joins behind, the newest leaves first."""
        target = self.background_at(sign, tick, ns)
        difference = target - level.background()
        if difference > 0:
            if level.queue and not level.queue[-1].owner:
                level.queue[-1].size += difference
            else:
                level.queue.append(Resting(0, difference))
            return
        for entry in reversed(level.queue):
            if difference >= 0:
                break
            if not entry.owner:
                part = min(entry.size, -difference)
                entry.size -= part
                difference += part
        level.queue = [entry for entry in level.queue if entry.size > 0]

    def _note_taken(self, side: int, tick: int, size: int, ns: int) -> None:
        before = self._taken.get((side, tick))
        left = before[0] * max(RECOVERY_NS - (ns - before[1]), 0) // RECOVERY_NS if before else 0
        self._taken[side, tick] = (left + size, ns)

    def _drop_if_empty(self, side: int, tick: int, level: Level) -> None:
        if not level.own():
            self._levels[side].pop(tick, None)
