# SPDX-License-Identifier: Apache-2.0
"""ListedMarket: quotes and prints of everything that is not an option, and the feed the market hears of them.

Minutes and prices are listed_minutes.py's, options option_market.py's, bars history.py's, auctions and halts
market_facts.py's.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np

from terminal.model.enums import AssetClass
from terminal.simulation.flow import bid_tick
from terminal.simulation.listed_minutes import Listed, ListedMinutes
from terminal.simulation.paths import BLOCK_DAYS, FIRST_BLOCK
from terminal.simulation.plan import DayPlan, day_plan, index_plan, print_marks
from terminal.simulation.profiles import EARLY_MINUTES, LENGTHS, REGULAR, SEGMENTS
from terminal.simulation.seconds import SecondPath
from terminal.simulation.sessions import Part
from terminal.simulation.source import NEVER, DayFigures, FeedEvent, Touch
from terminal.simulation.tape import Prints, Tape
from terminal.simulation.trading_days import MINUTE_NS, TradingCalendar

_KEEP_EVENTS: Final = 1_500_000
_KEEP_PRINTS: Final = 1_000_000
_CHUNK: Final = 512


class ListedMarket(ListedMinutes):
    """See the module. What is kept is a cache, except own edits of tapes."""

    def __init__(self, seed: int, calendar: TradingCalendar) -> None:
        super().__init__(seed, calendar)
        self._plans: dict[tuple[int, int], DayPlan] = {}
        self._figures: dict[tuple[int, int], DayFigures] = {}
        self.tapes: dict[tuple[int, int], Tape] = {}

    # ------------------------------------------------------------ events

    def plan(self, con_id: int, index: int) -> DayPlan:
        """Return every background event of a day."""
        found = self._plans.pop((con_id, index), None)
        if found is None:
            found = self._build_plan(self.need(con_id), index)
        self._plans[con_id, index] = found
        kept = sum(len(plan.ns) for plan in self._plans.values())
        while kept > _KEEP_EVENTS and len(self._plans) > 1:
            kept -= len(self._plans.pop(next(iter(self._plans))).ns)
        return found

    def _build_plan(self, listed: Listed, index: int) -> DayPlan:
        day = self.minutes(listed.con_id, index)
        parts = [
            self.seconds(listed.spec.path_key, index, segment).take(self.mask(listed, index, segment))
            for segment in SEGMENTS
            if self.mask(listed, index, segment).any()
        ]
        path = SecondPath.join(parts)
        mid = self.mid_of(listed, [index])
        if listed.is_index:
            return index_plan(day, path, mid)
        return day_plan(self.seed, listed.label, index, day, path, mid)

    def tape_of_day(self, con_id: int, index: int) -> Tape:
        """Return a day's prints, own edits included."""
        found = self.tapes.pop((con_id, index), None)
        if found is None:
            found = Tape(_background(self.plan(con_id, index)), sizeless=self.need(con_id).is_index)
        self.tapes[con_id, index] = found
        kept = sum(len(tape.background.ns) for tape in self.tapes.values())
        if kept > _KEEP_PRINTS:
            self._forget_tapes(kept - _KEEP_PRINTS // 2, index)
        return found

    def _forget_tapes(self, prints: int, index: int) -> None:
        """Drop the oldest tapes of other days that carry no own edits (those are the record of what was streamed)."""
        for key in [key for key, tape in self.tapes.items() if not (tape.added or tape.removed or key[1] == index)]:
            if prints <= 0:
                break
            prints -= len(self.tapes.pop(key).background.ns)

    def touch(self, con_id: int, ns: int) -> Touch:
        """Return the background's bid and ask in ticks; none for an index and where nothing trades."""
        listed = self.need(con_id)
        index = self.calendar.index_at(ns)
        if listed.is_index or not self.hours.is_open(listed.kind, index, ns, Part.ALL):
            return None, None
        plan = self.plan(con_id, index)
        place = int(np.searchsorted(plan.ns, ns, side="right")) - 1
        if place >= 0 and ns - plan.ns[place] < 10 * MINUTE_NS:
            return int(plan.bid[place]), int(plan.ask[place])
        day = self.minutes(con_id, index)
        minute = min(int(np.searchsorted(day.ns, ns, side="right")), len(day.ns)) - 1
        spread = int(day.flow.spread[max(minute, 0)])
        bid = int(bid_tick(np.array([self.price(con_id, ns) / float(listed.spec.tick)]), spread)[0])
        return bid, bid + spread

    def displayed(self, con_id: int, sign: int, tick: int, touch: int, ns: int) -> int:
        """Return the background's size at a level: a quarter of it outside of regular hours."""
        listed = self.need(con_id)
        size = listed.depth.displayed(sign, tick, touch, ns)
        if listed.kind is AssetClass.STOCK and not self.calendar.day(self.calendar.index_at(ns)).is_regular(ns):
            lot = listed.spec.lot
            return size and max(size // 4 // lot * lot, lot)
        return size

    def figures(self, con_id: int, ns: int) -> DayFigures:
        index = self.calendar.index_at(ns)
        known = self._figures.get((con_id, index))
        if known is None:
            day = self.minutes(con_id, index)
            first = int(np.searchsorted(day.segment, REGULAR)) if self.need(con_id).kind is AssetClass.STOCK else 0
            opened = int(day.flow.open[min(first, len(day.ns) - 1)])
            before = None
            if index > FIRST_BLOCK * BLOCK_DAYS:
                before = round(self.adjusted_close(con_id, index - 1, index) / float(self.need(con_id).spec.tick))
            known = self._figures[con_id, index] = DayFigures(open=opened, previous_close=before)
        return (
            known if ns >= self.opens_ns(con_id, index) else DayFigures(open=None, previous_close=known.previous_close)
        )

    def opens_ns(self, con_id: int, index: int) -> int:
        """Return the moment from which a day has an open."""
        if self.need(con_id).kind in {AssetClass.STOCK, AssetClass.INDEX}:
            return self.calendar.day(index).open_ns
        return int(self.minutes(con_id, index).ns[0])

    def close_tick(self, con_id: int, index: int) -> int | None:
        """Return the official close of a day: of the closing auction, or the last of its regular session."""
        if index < FIRST_BLOCK * BLOCK_DAYS:
            return None
        number, row = divmod(index, BLOCK_DAYS)
        last = EARLY_MINUTES if self.calendar.span(index).early else LENGTHS[REGULAR]
        return int(self.flow(con_id, number, REGULAR).close[row, last - 1])

    def close_price(self, con_id: int, index: int) -> float:
        """Return the official close in money."""
        return (self.close_tick(con_id, index) or 0) * float(self.need(con_id).spec.tick)

    def adjusted_close(self, con_id: int, index: int, today: int) -> float:
        """Return an official close in money as it reads on day ``today``: restated for splits in between."""
        spec, corporate = self.need(con_id).spec, self.corporate
        before, now = (corporate.split_ratio(spec, self.calendar.date_of(day)) for day in (index, today))
        return self.close_price(con_id, index) * before / now

    def open_tick(self, con_id: int, index: int) -> int:
        """Return the official open of a day's regular session."""
        number, row = divmod(index, BLOCK_DAYS)
        return int(self.flow(con_id, number, REGULAR).open[row, 0])


class ListedFeed:
    """The events of one listed name, day after day."""

    def __init__(self, market: ListedMarket, con_id: int, ns: int) -> None:
        self._market = market
        self._con_id = con_id
        self._index = market.calendar.index_at(ns)
        self._plan = market.plan(con_id, self._index)
        self._place = int(np.searchsorted(self._plan.ns, ns, side="right"))
        self._rows: list[tuple[int, int, int, int, int, int, int]] = []
        self._row = 0
        self.next_ns = NEVER
        self._load()

    def _load(self) -> None:
        """Turn the next stretch of events into plain numbers."""
        if self._place >= len(self._plan.ns):
            self._index += 1
            self._plan = self._market.plan(self._con_id, self._index)
            self._place = 0
        part = slice(self._place, self._place + _CHUNK)
        plan = self._plan
        columns = (plan.ns, plan.bid, plan.ask, plan.tick, plan.size, plan.side, plan.code)
        self._rows = list(zip(*(column[part].tolist() for column in columns), strict=True))
        self._row = 0
        self._place += len(self._rows)
        self.next_ns = self._rows[0][0]

    def step(self) -> Sequence[FeedEvent]:
        _, bid, ask, tick, size, side, code = self._rows[self._row]
        self._row += 1
        if self._row < len(self._rows):
            self.next_ns = self._rows[self._row][0]
        else:
            self._load()
        if not code:
            return (FeedEvent(self._con_id, bid or None, ask or None, tick, size, side),)
        # A quote alone has no sale conditions, but stands in the overnight session if it is one.
        exchange, conditions = print_marks(code)
        return (FeedEvent(self._con_id, bid, ask, tick, size, side, exchange, conditions if size else ""),)


def _background(plan: DayPlan) -> Prints:
    keep = plan.size > 0
    return Prints(
        plan.ns[keep], plan.tick[keep], plan.size[keep], plan.side[keep], plan.code[keep],
    )  # fmt: skip
