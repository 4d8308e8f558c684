# SPDX-License-Identifier: Apache-2.0
"""LimitBook: one instrument's price-time priority book in integer ticks, own orders among background size.

The background (a touch on each side, a displayed size per level, prints) comes from outside and is authoritative;
own orders are laid over it. A level that holds an own order is a real queue: background that stood there first is
ahead of it, background that came later is behind. Three things fill an own order: it takes what is displayed, a
print reaches it in its queue, or the background crosses it. Nothing here knows money, sessions or order types.

An own order may be hidden (behind everything displayed at its price, and not seen) or an iceberg (a displayed peak
that is renewed from a reserve, each time at the end of the displayed queue).

Assumptions: a shrinking background level loses its newest size first, so an own order advances by trades alone; what
own orders took from a level comes back in a straight line over `RECOVERY_NS`.
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
    """One entry of a queue. ``owner`` 0 is background; ``reserve`` is what an iceberg holds behind its ``peak``."""

    owner: int
    size: int
    reserve: int = 0
    peak: int = 0
    hidden: bool = False


@dataclass(slots=True)
class Level:
    """A price's queue: displayed entries in order of arrival, then hidden ones."""

    queue: list[Resting] = field(default_factory=list)

    def background(self) -> int:
        return sum(entry.size for entry in self.queue if not entry.owner)

    def shown(self) -> int:
        """Return what own orders display."""
        return sum(entry.size for entry in self.queue if entry.owner and not entry.hidden)

    def left(self, owner: int) -> int:
        """Return what an own order has left here, displayed or not."""
        return sum(entry.size + entry.reserve for entry in self.queue if entry.owner == owner)

    def has_own(self) -> bool:
        return any(entry.owner for entry in self.queue)

    def join(self, entry: Resting) -> None:
        """Queue up: at the end, or before the hidden ones when displayed."""
        place = len(self.queue)
        if not entry.hidden:
            while place and self.queue[place - 1].hidden:
                place -= 1
        self.queue.insert(place, entry)

    def grow(self, size: int) -> None:
        """Let background join behind what is displayed."""
        last = next((entry for entry in reversed(self.queue) if not entry.hidden), None)
        if last is not None and not last.owner:
            last.size += size
        else:
            self.join(Resting(0, size))

    def take(self, size: int) -> tuple[int, int]:
        """Take up to ``size`` from the first entry; return its owner and the part. A used-up peak is renewed last."""
        head = self.queue[0]
        part = min(size, head.size)
        head.size -= part
        if head.size <= 0:
            self.queue.pop(0)
            if head.reserve > 0:
                head.size = min(head.peak, head.reserve)
                head.reserve -= head.size
                self.join(head)
        return head.owner, part


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
        return self.background_at(sign, tick, ns) + (level.shown() if level else 0)

    def own_ticks(self, sign: int) -> list[int]:
        """Return prices with own orders, best first."""
        return sorted(self._levels[sign], reverse=sign > 0)

    def available(self, sign: int, limit: int | None, ns: int, plain: Callable[[int], bool]) -> int:
        """Return what an order of side ``sign`` could take now: background, and own orders that ``plain`` admits."""
        total = 0
        for tick in self._sweep(-sign, limit):
            total += self.background_at(-sign, tick, ns)
            level = self._levels[-sign].get(tick)
            if level is not None:
                total += sum(one.size + one.reserve for one in level.queue if one.owner and plain(one.owner))
        return total

    def best(self, sign: int, ns: int) -> tuple[int, int] | None:
        """Return the best visible (tick, size) of a side; None when it is empty."""
        touch = self.touch(sign)
        found = next((tick for tick in self.own_ticks(sign) if self._levels[sign][tick].shown()), None)
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

    def rest(
        self, owner: int, sign: int, tick: int, size: int, ns: int, *, peak: int = 0, hidden: bool = False
    ) -> None:
        """Put an own order at the end of the queue of its price, with a displayed ``peak`` or hidden if asked for."""
        level = self._levels[sign].get(tick)
        if level is None:
            level = self._levels[sign][tick] = Level()
        self._sync_level(sign, tick, level, ns)
        first = min(size, peak) if peak else size
        level.join(Resting(owner, first, size - first, peak, hidden))

    def remove(self, owner: int, sign: int, tick: int) -> int:
        """Take an own order out; return the size it had left (0 when it is not there)."""
        level = self._levels[sign].get(tick)
        if level is None:
            return 0
        left = level.left(owner)
        level.queue = [entry for entry in level.queue if entry.owner != owner]
        self._drop_if_empty(sign, tick, level)
        return left

    def resize(
        self, owner: int, sign: int, tick: int, size: int, ns: int, *, peak: int = 0, hidden: bool = False
    ) -> None:
        """Set what an own order has left at a level: a smaller size keeps its place, what is added queues up behind."""
        level = self._levels[sign].get(tick)
        excess = (level.left(owner) if level else 0) - size
        if level is None or excess < 0:
            if excess:
                self.rest(owner, sign, tick, -excess, ns, peak=peak, hidden=hidden)
            return
        for entry in reversed(level.queue):
            if entry.owner == owner:
                kept = min(entry.reserve, excess)
                entry.reserve -= kept
                part = min(entry.size, excess - kept)
                entry.size -= part
                excess -= kept + part
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
                maker, part = level.take(size)
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

    # ------------------------------------------------------------ background

    def set_touch(self, bid: int | None, ask: int | None, ns: int) -> Iterator[Match]:
        """Take the background's new touch; give what it trades with own orders that it crosses."""
        self.bid, self.ask = bid, ask
        for sign in (1, -1):
            if self._levels[sign]:
                yield from self._crossed(sign, ns)
                for tick, level in list(self._levels[sign].items()):
                    self._sync_level(sign, tick, level, ns)

    def show(self, bid: int | None, ask: int | None) -> None:
        """Take the background's touch without trading: what is crossed waits (a halt)."""
        self.bid, self.ask = bid, ask

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
                    owner, part = level.take(available)
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
                owner, part = level.take(size)
                size -= part
                if owner:
                    yield Match(0, owner, own, part, sign)
            self._drop_if_empty(maker, own, level)

    def _sync_level(self, sign: int, tick: int, level: Level, ns: int) -> None:
        """Bring the background part of a queue to what is displayed: growth joins behind, the newest leaves first."""
        target = self.background_at(sign, tick, ns)
        difference = target - level.background()
        if difference > 0:
            level.grow(difference)
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
        if not level.has_own():
            self._levels[side].pop(tick, None)
