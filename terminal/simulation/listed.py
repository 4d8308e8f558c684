# SPDX-License-Identifier: Apache-2.0
"""ListedMarket: prices, minutes, quotes and prints of everything that is not an option.

Puts paths, seconds, flow and plans together per instrument and day, keeps what was built lately, and gives the market
its feed. Options are option_market.py's; bars are history.py's; auctions and halts events.py's.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp
from typing import Final

import numpy as np

from terminal.model.enums import AssetClass
from terminal.simulation.activity import CLOSE_SHARE, FUND_CLOSE_SHARE, OPEN_SHARE, activity
from terminal.simulation.adjust import Adjustments
from terminal.simulation.catalog import Underlying, path_spec
from terminal.simulation.corporate import Corporate
from terminal.simulation.depth import DepthField
from terminal.simulation.flow import Bools, Floats, HaltRow, Ints, MidOf, MinuteFlow, bid_tick, index_flow, minute_flow
from terminal.simulation.futures import FAMILIES, FutureContract, future_at, trading_share
from terminal.simulation.halts import apply_halts
from terminal.simulation.listings import UNDERLYINGS, VIX
from terminal.simulation.paths import BLOCK_DAYS, FIRST_BLOCK, PathBlock, PathBook, remember
from terminal.simulation.plan import (
    CLOSING,
    CONDITIONS,
    EXTENDED,
    OPENING,
    OVERNIGHT,
    REOPENING,
    DayMinutes,
    DayPlan,
    day_plan,
    index_plan,
)
from terminal.simulation.profiles import EARLY_MINUTES, EVENING, GAP, LENGTHS, MORNING, NIGHT, REGULAR, SEGMENTS
from terminal.simulation.rng import generator
from terminal.simulation.seconds import SecondPath, second_path
from terminal.simulation.sessions import Part, VenueHours, segment_minutes, segment_start
from terminal.simulation.smile import Smiles, VixCurve
from terminal.simulation.source import NEVER, DayFigures, FeedEvent, Touch
from terminal.simulation.tape import Prints, Tape
from terminal.simulation.trading_days import MINUTE_NS, TradingCalendar

_KEEP_SECONDS: Final = 64
_KEEP_FLOWS: Final = 96
_KEEP_EVENTS: Final = 2_000_000
_KEEP_PRINTS: Final = 1_200_000
_CHUNK: Final = 512


@dataclass(frozen=True, slots=True)
class Listed:
    """One tradable name: its spec, its own label and how it is shown."""

    con_id: int
    spec: Underlying
    label: str
    depth: DepthField
    future: FutureContract | None = None

    @property
    def kind(self) -> AssetClass:
        return self.spec.asset_class

    @property
    def is_index(self) -> bool:
        return self.kind is AssetClass.INDEX


class ListedMarket:
    """See the module. Everything is a function of the seed; what is kept is a cache, except own edits of tapes."""

    def __init__(self, seed: int, calendar: TradingCalendar) -> None:
        self.seed = seed
        self.calendar = calendar
        self.hours = VenueHours(calendar)
        self.corporate = Corporate(seed, calendar)
        specs = {spec.path_key: path_spec(spec) for spec in (*(each.spec for each in FAMILIES), *UNDERLYINGS)}
        specs["SPX"] = path_spec(next(spec for spec in UNDERLYINGS if spec.symbol == "SPX"))
        self.paths = PathBook(seed, calendar, tuple(specs.values()), self.corporate.shocks)
        self.adjustments = Adjustments(calendar, self.paths, self.corporate)
        self.smiles = Smiles(calendar, self.paths, self.corporate)
        self.vix = VixCurve(self.smiles)
        self._specs = {spec.con_id: spec for spec in UNDERLYINGS}
        self._listed: dict[int, Listed] = {}
        self._flows: dict[tuple[int, int, int], MinuteFlow] = {}
        self._halts: dict[tuple[int, int], tuple[HaltRow, ...]] = {}
        self._seconds: dict[tuple[str, int, int], SecondPath] = {}
        self._days: dict[tuple[int, int], DayMinutes] = {}
        self._plans: dict[tuple[int, int], DayPlan] = {}
        self._figures: dict[tuple[int, int], DayFigures] = {}
        self.tapes: dict[tuple[int, int], Tape] = {}

    def listed(self, con_id: int) -> Listed | None:
        """Return what trades under ``con_id``, None when nothing of this market does."""
        found = self._listed.get(con_id)
        if found is None:
            found = self._list(con_id)
            if found is not None:
                self._listed[con_id] = found
        return found

    def _list(self, con_id: int) -> Listed | None:
        spec = self._specs.get(con_id)
        future: FutureContract | None = None
        if spec is not None:
            label = f"{spec.symbol}.{spec.currency}" if spec.currency != "USD" else spec.symbol
        else:
            future = future_at(con_id, self.calendar)
            if future is None:
                return None
            spec, label = future.family.spec, f"{future.family.spec.symbol} {future.expiry:%Y%m%d}"
        return Listed(con_id, spec, label, DepthField.of(self.seed, label, spec.lot, spec.depth), future)

    def need(self, con_id: int) -> Listed:
        found = self.listed(con_id)
        if found is None:
            raise KeyError(f"contract {con_id} is not listed")
        return found

    # ------------------------------------------------------------ prices

    def scale(self, listed: Listed, index: int) -> float:
        """Return the money at level 0 of the path on a day: dividends, splits and the basis of futures are in it."""
        return self.adjustments.scale(listed.spec, listed.future, index)

    def mid_of(self, listed: Listed, indices: Sequence[int]) -> MidOf:
        """Return the way from levels [day, ...] to the efficient price in ticks."""
        tick = float(listed.spec.tick)
        if listed.spec is VIX:
            curves = [self.vix.day(index) for index in indices]

            def vix(level: Floats) -> Floats:
                if len(curves) == 1:
                    return curves[0].value(level) / tick
                return np.stack([curve.value(row) for curve, row in zip(curves, level, strict=True)]) / tick

            return vix
        factor = np.array([self.scale(listed, index) for index in indices]) / tick
        if len(factor) == 1:
            single = float(factor[0])
            return lambda level: np.exp(level) * single
        return lambda level: np.exp(level) * factor[:, None]

    def level(self, key: str, ns: int) -> float:
        """Return a path's log price at any moment, whether or not something trades then."""
        index = self.calendar.index_at(ns)
        span = self.calendar.span(index)
        while ns < span.gap_ns:
            index -= 1
            span = self.calendar.span(index)
        segment = next(part for part in reversed(SEGMENTS) if ns >= segment_start(span, part))
        minute, rest = divmod(ns - segment_start(span, segment), MINUTE_NS)
        if minute >= segment_minutes(span, segment):
            return self.paths.day_level(key, index, segment + 1)
        return float(self.seconds(key, index, segment).level[minute, min(rest // 1_000_000_000, 59)])

    def price(self, con_id: int, ns: int) -> float:
        """Return the efficient price, in money, at any moment."""
        listed = self.need(con_id)
        index = self.calendar.index_at(ns)
        level = self.level(listed.spec.path_key, ns)
        if listed.spec is VIX:
            return float(self.vix.day(index).value(np.array([level]))[0])
        return self.scale(listed, index) * exp(level)

    def seconds(self, key: str, index: int, segment: int) -> SecondPath:
        """Return one stretch of a day by the second."""
        place = (key, index, segment)
        found = self._seconds.pop(place, None)
        if found is None:
            found = second_path(self.seed, key, index, segment, self.minutes_of_path(key, index, segment))
        remember(self._seconds, place, found, _KEEP_SECONDS)
        return found

    def minutes_of_path(self, key: str, index: int, segment: int) -> PathBlock:
        """Return one stretch of a day of a path, arrays [minute]."""
        if segment == GAP:
            return self.paths.gap(key, index)
        number, row = divmod(index, BLOCK_DAYS)
        return self.paths.segment(key, number, segment).row(row)

    # ------------------------------------------------------------ minutes

    def flow(self, con_id: int, number: int, segment: int) -> MinuteFlow:
        """Return one stretch of a block of days, arrays [day, minute]; what does not trade is to be masked."""
        key = (con_id, number, segment)
        found = self._flows.pop(key, None)
        if found is None:
            found = self._build_flow(self.need(con_id), number, segment)
        remember(self._flows, key, found, _KEEP_FLOWS)
        return found

    def _build_flow(self, listed: Listed, number: int, segment: int) -> MinuteFlow:
        spec = listed.spec
        indices = range(number * BLOCK_DAYS, (number + 1) * BLOCK_DAYS)
        block = self.paths.segment(spec.path_key, number, segment)
        mid = self.mid_of(listed, indices)
        if listed.is_index:
            return index_flow(_mirrored(block) if spec is VIX else block, mid)
        early = self.early(number)
        busy = np.where(
            early[:, None], activity(listed.kind, segment, early=True), activity(listed.kind, segment, early=False)
        )
        heat = self.paths.days(spec.path_key, number).volatility[:, None] ** 0.7
        if listed.future is not None:
            heat = (
                heat * np.array([trading_share(listed.future, self.calendar.date_of(day)) for day in indices])[:, None]
            )
        share = 1.0 if not spec.has_auctions else 1 - OPEN_SHARE - self.close_share(spec)
        flow = minute_flow(
            self.seed, spec, listed.label, (number, segment), block, mid, np.maximum(busy * heat, 1e-4), share
        )
        if not spec.has_auctions or segment != REGULAR:
            return flow
        flow, self._halts[listed.con_id, number] = apply_halts(flow, early, tier_2=spec.hard_to_borrow)
        opening, closing = self.auction_sizes(listed, number)
        rows = np.arange(BLOCK_DAYS)
        flow.volume[:, 0] += opening
        flow.volume[rows, np.where(early, EARLY_MINUTES, LENGTHS[REGULAR]) - 1] += closing
        return flow

    def early(self, number: int) -> Bools:
        """Say of each day of a block whether it closes early."""
        return np.array([self.calendar.span(number * BLOCK_DAYS + row).early for row in range(BLOCK_DAYS)])

    @staticmethod
    def close_share(spec: Underlying) -> float:
        return FUND_CLOSE_SHARE if spec.fund else CLOSE_SHARE

    def auction_sizes(self, listed: Listed, number: int) -> tuple[Ints, Ints]:
        """Return the background's volume in the opening and closing auctions of a block of days."""
        rng = generator(self.seed, "auctions", listed.label, number)
        noise = np.exp(0.3 * rng.standard_normal((2, BLOCK_DAYS)) - 0.045)
        heat = self.paths.days(listed.spec.path_key, number).volatility ** 0.5
        shares = np.array([OPEN_SHARE, self.close_share(listed.spec)])[:, None]
        sizes = np.maximum((listed.spec.daily_volume * shares * noise * heat).astype(np.int64), 100)
        return sizes[0], sizes[1]

    def halts(self, con_id: int, index: int) -> tuple[HaltRow, ...]:
        """Return the halts of a day's regular session, in its minutes."""
        if not self.need(con_id).spec.has_auctions:
            return ()
        number, row = divmod(index, BLOCK_DAYS)
        if (con_id, number) not in self._halts:
            self.flow(con_id, number, REGULAR)
        return tuple(halt for halt in self._halts[con_id, number] if halt.row == row)

    def mask(self, listed: Listed, index: int, segment: int, part: Part = Part.ALL) -> Bools:
        """Say of each minute of a stretch whether the instrument trades then."""
        return self.hours.mask(listed.kind, index, part, segment)

    def minutes(self, con_id: int, index: int) -> DayMinutes:
        """Return the minutes of a day in which the instrument trades."""
        found = self._days.pop((con_id, index), None)
        if found is None:
            found = self._build_day(self.need(con_id), index)
        remember(self._days, (con_id, index), found, _KEEP_FLOWS)
        return found

    def _build_day(self, listed: Listed, index: int) -> DayMinutes:
        number, row = divmod(index, BLOCK_DAYS)
        span = self.calendar.span(index)
        starts: list[Ints] = []
        segments: list[np.ndarray[tuple[int], np.dtype[np.int8]]] = []
        flows: list[MinuteFlow] = []
        before_regular = 0
        for segment in SEGMENTS:
            mask = self.mask(listed, index, segment)
            if not mask.any():
                continue
            if segment < REGULAR:
                before_regular += int(mask.sum())
            starts.append(segment_start(span, segment) + np.flatnonzero(mask).astype(np.int64) * MINUTE_NS)
            segments.append(np.full(len(starts[-1]), segment, dtype=np.int8))
            flow = self._gap_flow(listed, index) if segment == GAP else self.flow(listed.con_id, number, segment)
            flows.append(flow.rows(mask if segment == GAP else (row, mask)))
        segment_of = np.concatenate(segments)
        codes = np.zeros(len(segment_of), dtype=np.int8)
        auctions: tuple[tuple[int, int, int, int], ...] = ()
        halts: tuple[HaltRow, ...] = ()
        joined = MinuteFlow.join(flows)
        if listed.kind is AssetClass.STOCK:
            codes[(segment_of == MORNING) | (segment_of == EVENING)] = EXTENDED
            codes[segment_of == NIGHT] = EXTENDED + OVERNIGHT
            halts = tuple(
                HaltRow(0, one.start + before_regular, one.stop + before_regular, one.low, one.high)
                for one in self.halts(listed.con_id, index)
            )
            auctions = self._auctions(listed, index, joined, before_regular, halts)
        return DayMinutes(np.concatenate(starts), segment_of, joined, auctions, halts, codes)

    def _auctions(
        self, listed: Listed, index: int, flow: MinuteFlow, first: int, halts: tuple[HaltRow, ...]
    ) -> tuple[tuple[int, int, int, int], ...]:
        number, row = divmod(index, BLOCK_DAYS)
        opening, closing = self.auction_sizes(listed, number)
        last = first + (EARLY_MINUTES if self.calendar.span(index).early else LENGTHS[REGULAR]) - 1
        found = [
            (first, OPENING, int(flow.open[first]), int(opening[row])),
            (last, CLOSING, int(flow.close[last]), int(closing[row])),
        ]
        for halt in halts:
            size = max(int(flow.volume[halt.stop]) // 5, 1)
            found.append((halt.stop, REOPENING, int(flow.open[halt.stop]), size))
        return tuple(found)

    def _gap_flow(self, listed: Listed, index: int) -> MinuteFlow:
        """Return the minutes of a weekend or holiday, arrays [minute]."""
        key = (listed.con_id, index, GAP)
        found = self._flows.pop(key, None)
        if found is None:
            block = self.paths.gap(listed.spec.path_key, index)
            busy = activity(listed.kind, GAP, early=False, minutes=len(block.open))
            mid = self.mid_of(listed, [index])
            found = minute_flow(self.seed, listed.spec, listed.label, (index, GAP), block, mid, busy)
        remember(self._flows, key, found, _KEEP_FLOWS)
        return found

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
            self._forget_tapes(kept - _KEEP_PRINTS // 2)
        return found

    def _forget_tapes(self, prints: int) -> None:
        """Drop the oldest tapes that carry no own edits (those are the record of what was streamed)."""
        for key in [key for key, tape in self.tapes.items() if not tape.added and not tape.removed][:-1]:
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

    def figures(self, con_id: int, ns: int) -> DayFigures:
        index = self.calendar.index_at(ns)
        known = self._figures.get((con_id, index))
        if known is None:
            day = self.minutes(con_id, index)
            first = int(np.searchsorted(day.segment, REGULAR)) if self.need(con_id).kind is AssetClass.STOCK else 0
            opened = int(day.flow.open[min(first, len(day.ns) - 1)])
            known = self._figures[con_id, index] = DayFigures(
                open=opened, previous_close=self.close_tick(con_id, index - 1)
            )
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
        exchange = "OVERNIGHT" if code >= OVERNIGHT else ""
        return (FeedEvent(self._con_id, bid, ask, tick, size, side, exchange, CONDITIONS[code % OVERNIGHT]),)


def _background(plan: DayPlan) -> Prints:
    keep = plan.size > 0
    return Prints(
        plan.ns[keep], plan.tick[keep].astype(np.int64), plan.size[keep].astype(np.int64), plan.side[keep],
        plan.code[keep],
    )  # fmt: skip


def _mirrored(block: PathBlock) -> PathBlock:
    """Return a path whose highs are lows: of something that falls when it rises."""
    return PathBlock(block.open, block.low, block.high, block.close, block.scale)
