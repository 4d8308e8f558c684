# SPDX-License-Identifier: Apache-2.0
"""ListedMinutes: prices at any moment and the minutes of every listed name: paths, seconds and flow put together.

Keeps what was built lately; everything is a function of the seed. Quotes and prints are listed.py's.
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
from terminal.simulation.flow import Bools, Floats, HaltRow, Ints, MidOf, MinuteFlow, index_flow, minute_flow
from terminal.simulation.futures import FAMILIES, FutureContract, future_at, trading_share
from terminal.simulation.halts import apply_halts
from terminal.simulation.listings import UNDERLYINGS, VIX
from terminal.simulation.paths import BLOCK_DAYS, PathBlock, PathBook, remember
from terminal.simulation.plan import (
    CLOSING,
    EXTENDED,
    OPENING,
    OVERNIGHT,
    REOPENING,
    DayMinutes,
)
from terminal.simulation.profiles import EARLY_MINUTES, EVENING, GAP, LENGTHS, MORNING, NIGHT, REGULAR, SEGMENTS
from terminal.simulation.rng import generator
from terminal.simulation.seconds import SecondPath, second_path
from terminal.simulation.sessions import Part, VenueHours, segment_minutes, segment_start
from terminal.simulation.smile import Smiles, VixCurve
from terminal.simulation.trading_days import MINUTE_NS, TradingCalendar

ROUND_LOT: Final = 100
_KEEP_SECONDS: Final = 64
_KEEP_FLOWS: Final = 80


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


class ListedMinutes:
    """See the module."""

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

    def session_levels(self, key: str, moments: Ints) -> Floats:
        """Return a path's log price at moments of one regular session; equals `level` one by one."""
        index = self.calendar.index_at(int(moments[0]))
        span = self.calendar.span(index)
        if moments[0] < span.open_ns or moments[-1] >= span.close_ns:
            return np.array([self.level(key, ns) for ns in moments.tolist()])
        minute, rest = np.divmod(moments - span.open_ns, MINUTE_NS)
        found: Floats = self.seconds(key, index, REGULAR).level[minute, np.minimum(rest // 1_000_000_000, 59)]
        return found

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
        lot = ROUND_LOT if listed.kind is AssetClass.STOCK else 0
        return DayMinutes(np.concatenate(starts), segment_of, joined, auctions, halts, codes, lot)

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


def _mirrored(block: PathBlock) -> PathBlock:
    """Return a path whose highs are lows: of something that falls when it rises."""
    return PathBlock(block.open, block.low, block.high, block.close, block.scale)
