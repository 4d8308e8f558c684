# SPDX-License-Identifier: Apache-2.0
"""ListedMarket: quotes, prints and minutes of the simulated stocks, funds, futures and EUR.USD.

Puts paths, seconds and flow together per instrument and day, keeps what was built lately, and gives the market its
feed. Options are option_market.py's; bars are history.py's.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import exp
from typing import Final, TypeVar

import numpy as np

from terminal.simulation.catalog import ES, FUTURE_BASIS, UNDERLYINGS, Underlying, future_at
from terminal.simulation.depth import DepthField
from terminal.simulation.flow import DayPlan, Grid, MinuteFlow, bid_tick, day_plan, minute_flow
from terminal.simulation.paths import BLOCK_DAYS, FIRST_BLOCK, PathBook
from terminal.simulation.seconds import SecondPath, second_path
from terminal.simulation.source import NEVER, DayFigures, FeedEvent, Touch
from terminal.simulation.tape import Prints, Tape
from terminal.simulation.trading_days import MINUTE_NS, TradingCalendar

_KEEP_DAYS: Final = 32
_KEEP_FLOWS: Final = 60
_KEEP_TAPES: Final = 64
_CHUNK: Final = 512
_K = TypeVar("_K")
_V = TypeVar("_V")


@dataclass(frozen=True, slots=True)
class Listed:
    """One tradable name: its spec, its own label and how its price follows its path."""

    con_id: int
    spec: Underlying
    label: str
    grid: Grid
    depth: DepthField


class ListedMarket:
    """See the module. Everything is a function of the seed; what is kept is a cache, except own edits of tapes."""

    def __init__(self, seed: int, calendar: TradingCalendar) -> None:
        self.seed = seed
        self.calendar = calendar
        self.paths = PathBook(seed, calendar.hours, (*UNDERLYINGS, ES))
        self._specs = {spec.con_id: spec for spec in UNDERLYINGS}
        self._listed: dict[int, Listed] = {}
        self._flows: dict[tuple[int, int], MinuteFlow] = {}
        self._seconds: dict[tuple[str, int], SecondPath] = {}
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
        label, scale = "", 0.0
        if spec is not None:
            label, scale = spec.symbol, spec.price
        else:
            expiry = future_at(con_id)
            if expiry is None:
                return None
            # The basis is counted from the anchor: a constant premium per expiry keeps a future's path its index's.
            spec, label = ES, f"ES {expiry:%Y%m%d}"
            years = (expiry - self.calendar.day(0).date).days / 365.0
            scale = ES.price * exp(FUTURE_BASIS * years)
        depth = DepthField.of(self.seed, label, spec.lot, spec.depth)
        return Listed(con_id, spec, label, Grid(scale, float(spec.tick)), depth)

    def need(self, con_id: int) -> Listed:
        found = self.listed(con_id)
        if found is None:
            raise KeyError(f"contract {con_id} is not listed")
        return found

    # ------------------------------------------------------------ days

    def flow(self, con_id: int, number: int) -> MinuteFlow:
        """Return the minutes of a block of days, arrays [day, minute]."""
        key = (con_id, number)
        found = self._flows.pop(key, None)
        if found is None:
            listed = self.need(con_id)
            block = self.paths.block(listed.spec.path_key, number)
            found = minute_flow(self.seed, listed.spec, listed.label, listed.grid, number, block, self.calendar.hours)
        _remember(self._flows, key, found, _KEEP_FLOWS)
        return found

    def minutes(self, con_id: int, index: int) -> MinuteFlow:
        """Return the minutes of one day, arrays [minute]."""
        number, row = divmod(index, BLOCK_DAYS)
        return self.flow(con_id, number).rows(row)

    def seconds(self, key: str, index: int) -> SecondPath:
        found = self._seconds.pop((key, index), None)
        if found is None:
            found = second_path(self.seed, key, index, self.paths.day(key, index))
        _remember(self._seconds, (key, index), found, _KEEP_DAYS)
        return found

    def plan(self, con_id: int, index: int) -> DayPlan:
        """Return every background event of a day."""
        found = self._plans.pop((con_id, index), None)
        if found is None:
            listed = self.need(con_id)
            path = self.seconds(listed.spec.path_key, index)
            start = self.calendar.day(index).start_ns
            minutes = self.minutes(con_id, index)
            found = day_plan(self.seed, listed.label, index, start, minutes, path, listed.grid)
        _remember(self._plans, (con_id, index), found, _KEEP_DAYS)
        return found

    def tape_of_day(self, con_id: int, index: int) -> Tape:
        """Return a day's prints, own edits included."""
        found = self.tapes.pop((con_id, index), None)
        if found is None:
            found = Tape(_background(self.plan(con_id, index)))
        self.tapes[con_id, index] = found
        if len(self.tapes) > _KEEP_TAPES:
            self._forget_tapes()
        return found

    def _forget_tapes(self) -> None:
        """Drop the oldest tapes that carry no own edits (those are the record of what was streamed)."""
        for key in [key for key, tape in self.tapes.items() if not tape.added and not tape.removed][: _KEEP_TAPES // 2]:
            del self.tapes[key]

    # ------------------------------------------------------------ moments

    def level(self, key: str, ns: int) -> float:
        """Return a path's log price at a moment; between sessions the last one of the session before."""
        index = self.calendar.index_at(ns)
        day = self.calendar.day(index)
        if ns < day.start_ns:
            return float(self.paths.day(key, index - 1).close[-1])
        path = self.seconds(key, index)
        minute, rest = divmod(ns - day.start_ns, MINUTE_NS)
        return float(path.level[minute, min(rest // 1_000_000_000, 59)])

    def touch(self, con_id: int, ns: int) -> Touch:
        """Return the background's bid and ask in ticks."""
        index = self.calendar.index_at(ns)
        plan = self.plan(con_id, index)
        place = int(np.searchsorted(plan.ns, ns, side="right")) - 1
        if place >= 0:
            return int(plan.bid[place]), int(plan.ask[place])
        listed = self.need(con_id)
        spread = int(self.minutes(con_id, index).spread[0])
        mid = listed.grid.mid(self.paths.day(listed.spec.path_key, index).open[:1])
        bid = int(bid_tick(mid, spread)[0])
        return bid, bid + spread

    def figures(self, con_id: int, ns: int) -> DayFigures:
        index = self.calendar.index_at(ns)
        known = self._figures.get((con_id, index))
        if known is None:
            opened = int(self.minutes(con_id, index).open[self.calendar.hours.open_minute])
            known = DayFigures(open=opened, previous_close=self.close_tick(con_id, index - 1))
            _remember(self._figures, (con_id, index), known, 4 * _KEEP_TAPES)
        if ns < self.calendar.day(index).open_ns:
            return replace(known, open=None)
        return known

    def close_tick(self, con_id: int, index: int) -> int | None:
        """Return the regular session's last price of a day; None before the start of history."""
        if index < FIRST_BLOCK * BLOCK_DAYS:
            return None
        return int(self.minutes(con_id, index).close[self.calendar.hours.close_minute - 1])


class ListedFeed:
    """The events of one listed name, day after day."""

    def __init__(self, market: ListedMarket, con_id: int, ns: int) -> None:
        self._market = market
        self._con_id = con_id
        self._index = market.calendar.index_at(ns)
        self._plan = market.plan(con_id, self._index)
        self._place = int(np.searchsorted(self._plan.ns, ns, side="right"))
        self._rows: list[tuple[int, int, int, int, int]] = []
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
        self._rows = list(
            zip(
                plan.ns[part].tolist(), plan.bid[part].tolist(), plan.ask[part].tolist(),
                plan.size[part].tolist(), plan.side[part].tolist(), strict=True,
            )
        )  # fmt: skip
        self._row = 0
        self._place += len(self._rows)
        self.next_ns = self._rows[0][0]

    def step(self) -> Sequence[FeedEvent]:
        _, bid, ask, size, side = self._rows[self._row]
        self._row += 1
        if self._row < len(self._rows):
            self.next_ns = self._rows[self._row][0]
        else:
            self._load()
        return (FeedEvent(self._con_id, bid, ask, ask if side > 0 else bid, size, side),)


def _background(plan: DayPlan) -> Prints:
    keep = plan.size > 0
    tick = np.where(plan.side[keep] > 0, plan.ask[keep], plan.bid[keep])
    return Prints(plan.ns[keep], tick.astype(np.int64), plan.size[keep].astype(np.int64), plan.side[keep])


def _remember(cache: dict[_K, _V], key: _K, value: _V, limit: int) -> None:
    cache[key] = value
    while len(cache) > limit:
        cache.pop(next(iter(cache)))
