# SPDX-License-Identifier: Apache-2.0
"""ReplaySource: recorded ticks as a source: all prints, level 1 from recorded quotes, history from the files beside.

There is no depth and there are no options: both are refused with the codes that TWS uses where it has no data. Own
orders fill against recorded quotes and prints and leave no trace on the recorded tape.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Final

import numpy as np

from terminal.errors import UserError
from terminal.model.instrument import Instrument
from terminal.model.market import Bar
from terminal.simulation.book import LimitBook
from terminal.simulation.catalog import SESSIONS_AHEAD, Underlying, build_stock
from terminal.simulation.exchange_port import SimGreeks, SimulatorRefusalError
from terminal.simulation.listings import UNDERLYINGS
from terminal.simulation.replay.history import RecordedHistory
from terminal.simulation.replay.lean import discover
from terminal.simulation.replay.recorded import RecordedDay, load_day
from terminal.simulation.rng import label_key
from terminal.simulation.source import NEVER, DayFigures, Feed, FeedEvent, SourceDefaults, Touch
from terminal.simulation.tape import Tape
from terminal.simulation.trading_days import EQUITY_HOURS, MINUTE_NS, NS, TradingCalendar

UNIT: Final = Decimal("0.0001")
LEAD_NS: Final = 5 * NS
"""The clock starts this long before the first recorded event."""
_CHUNK: Final = 1024
_REPLAY_ID_BASE: Final = 400_000_000


class ReplaySource(SourceDefaults):
    """See the module; fulfils `MarketSource`.

    Args:
        paths: LEAN files or folders; those with ticks or seconds are played, the others serve as history.

    Raises:
        UserError: a file is missing, damaged or nothing among them can be played.
    """

    own_prints = False

    def __init__(self, paths: Sequence[Path | str]) -> None:
        files = discover(paths)
        played = [item for item in files if item.resolution in {"tick", "second"} and item.day is not None]
        if not played:
            raise UserError(
                "SIM-014",
                "nothing to replay: name at least one tick or second file; "
                "minute, hour and daily files serve as history",
            )
        self._days = sorted({item.day for item in played if item.day is not None})
        self.calendar = TradingCalendar(self._days[0], EQUITY_HOURS)
        self._indices = [self._index(day) for day in self._days]
        self._roots = {item.symbol: item.root for item in played}
        self._ids = {symbol: contract_id(symbol) for symbol in sorted(self._roots)}
        self._symbols = {con_id: symbol for symbol, con_id in self._ids.items()}
        self._recorded: dict[tuple[int, int], RecordedDay] = {}
        self._tapes: dict[tuple[int, int], Tape] = {}
        self._built: dict[tuple[int, int], Instrument] = {}
        self._feeds: dict[int, RecordedFeed] = {}
        self._history = RecordedHistory(self)
        self.identity = f"replay of {', '.join(self._ids)} from {self._days[0]:%Y%m%d} to {self._days[-1]:%Y%m%d}"
        self._first_ns = self._first_event()

    def _index(self, day: date) -> int:
        if not self.calendar.is_trading_date(day):
            raise UserError("SIM-011", f"{day:%Y%m%d} is not a trading day of the New York exchanges")
        return self.calendar.index_of(day)

    def _first_event(self) -> int:
        """Return the earliest event of the first day."""
        days = [self.recorded(con_id, self._indices[0]) for con_id in self._symbols]
        starts = [int(part.ns[0]) for day in days for part in (day.quotes, day.prints) if len(part.ns)]
        return min(starts, default=self.calendar.day(self._indices[0]).start_ns)

    # ------------------------------------------------------------ clock

    def start_ns(self) -> int:
        return max(self._first_ns - LEAD_NS, self.calendar.day(self._indices[0]).start_ns)

    def end_ns(self) -> int:
        return self.calendar.day(self._indices[-1]).end_ns - 1

    def next_day(self, index: int) -> int:
        return next(day for day in self._indices if day > index)

    def is_played(self, index: int) -> bool:
        return index in self._indices

    # ------------------------------------------------------------ reference

    def unit(self, con_id: int) -> Decimal:
        del con_id
        return UNIT

    def root(self, con_id: int) -> tuple[Path, str]:
        """Return the data set and the symbol of a contract."""
        symbol = self._symbols[con_id]
        return self._roots[symbol], symbol

    def instruments(self, day: int) -> Sequence[Instrument]:
        return [item for item in (self.instrument(con_id, day) for con_id in self._symbols) if item is not None]

    def instrument(self, con_id: int, day: int) -> Instrument | None:
        symbol = self._symbols.get(con_id)
        if symbol is None:
            return None
        found = self._built.get((con_id, day))
        if found is None:
            trading = self.calendar.sessions(day, SESSIONS_AHEAD, regular=False)
            liquid = self.calendar.sessions(day, SESSIONS_AHEAD, regular=True)
            found = self._built[con_id, day] = build_stock(_spec(symbol, con_id), trading, liquid)
        return found

    def option_chain(self, con_id: int, day: int) -> Sequence[tuple[str, str, str, Sequence[str], Sequence[float]]]:
        del con_id, day
        raise SimulatorRefusalError(200, "No security definition has been found for the request")

    def option_contracts(
        self, symbol: str, day: int, *, expiry: str = "", strike: float = 0.0, right: str = ""
    ) -> Sequence[Instrument]:
        del symbol, day, expiry, strike, right
        return ()

    def underlying_of(self, instrument: Instrument) -> int | None:
        del instrument
        return None

    # ------------------------------------------------------------ market

    def recorded(self, con_id: int, index: int) -> RecordedDay:
        """Return the recorded events of a played day."""
        found = self._recorded.get((con_id, index))
        if found is None:
            root, symbol = self.root(con_id)
            found = load_day(root, symbol, self.calendar.day(index).date)
            self._recorded[con_id, index] = found
        return found

    def touch(self, con_id: int, ns: int) -> Touch:
        index = self.calendar.index_at(ns)
        if not self.is_played(index):
            return None, None
        quotes = self.recorded(con_id, index).quotes
        row = int(np.searchsorted(quotes.ns, ns, side="right")) - 1
        if row < 0:
            return None, None
        return int(quotes.bid[row]) or None, int(quotes.ask[row]) or None

    def displayed(self, con_id: int, sign: int, tick: int, touch: int, ns: int) -> int:
        if tick != touch:
            return 0
        quotes = self.recorded(con_id, self.calendar.index_at(ns)).quotes
        row = int(np.searchsorted(quotes.ns, ns, side="right")) - 1
        sizes = quotes.bid_size if sign > 0 else quotes.ask_size
        return int(sizes[row]) if row >= 0 else 0

    def has_depth(self, con_id: int) -> bool:
        del con_id
        return False

    def open_feed(self, con_id: int, ns: int) -> Feed:
        feed = self._feeds.get(con_id)
        if feed is None:
            feed = self._feeds[con_id] = RecordedFeed(self, con_id, self._indices, ns)
        return feed

    def close_feed(self, con_id: int) -> Feed | None:
        return self._feeds.pop(con_id, None)

    def tape(self, con_id: int, ns: int) -> Tape:
        index = self.calendar.index_at(ns)
        found = self._tapes.get((con_id, index))
        if found is None:
            found = self._tapes[con_id, index] = Tape(self.recorded(con_id, index).prints)
        return found

    def tapes(self) -> Mapping[tuple[int, int], Tape]:
        return self._tapes

    def figures(self, con_id: int, ns: int) -> DayFigures:
        index = self.calendar.index_at(ns)
        day = self.calendar.day(index)
        prints = self.tape(con_id, ns).prints.between(day.open_ns, min(ns + 1, day.open_ns + MINUTE_NS * 390))
        opened = int(prints.tick[0]) if len(prints.ns) else None
        return DayFigures(open=opened, previous_close=self._history.previous_close(con_id, index))

    def greeks(self, con_id: int, source: str, ns: int, book: LimitBook, last: int | None) -> SimGreeks | None:
        del con_id, source, ns, book, last
        return None

    def fair(self, con_id: int, ns: int) -> float | None:
        del con_id, ns
        return None

    def statistics(self, con_id: int, ns: int) -> dict[str, float]:
        average = self._history.average_volume(con_id, self.calendar.index_at(ns))
        return {} if average is None else {"average_volume": average}

    def bars(
        self, con_id: int, *, seconds: int, start_ns: int, end_ns: int, now_ns: int, what: str, regular_only: bool
    ) -> Sequence[Bar]:
        instrument = self.instrument(con_id, self.calendar.index_at(now_ns))
        if instrument is None:
            raise KeyError(f"contract {con_id} is not recorded")
        return self._history.bars(
            instrument, seconds=seconds, start_ns=start_ns, end_ns=end_ns, now_ns=now_ns, what=what,
            regular_only=regular_only,
        )  # fmt: skip

    def head_ns(self, con_id: int) -> int:
        return self._history.head_ns(con_id)


class RecordedFeed:
    """Quotes and prints of one symbol in time order; at the same millisecond the quotes come first."""

    def __init__(self, source: ReplaySource, con_id: int, days: Sequence[int], ns: int) -> None:
        self._source = source
        self._con_id = con_id
        now = source.calendar.index_at(ns)
        self._days = [day for day in days if day >= now]
        self._ns = ns
        self._rows: list[tuple[int, FeedEvent]] = []
        self._row = 0
        self._from = (0, 0)
        self.next_ns = NEVER
        self._load()

    def _load(self) -> None:
        """Merge the next stretch of quotes and prints."""
        self._rows, self._row = [], 0
        while self._days and not self._rows:
            day = self._source.recorded(self._con_id, self._days[0])
            if self._from == (0, 0):
                self._from = (
                    int(np.searchsorted(day.quotes.ns, self._ns, side="right")),
                    int(np.searchsorted(day.prints.ns, self._ns, side="right")),
                )
            self._rows = self._merge(day)
            if not self._rows:
                self._days.pop(0)
                self._from = (0, 0)
        self.next_ns = self._rows[0][0] if self._rows else NEVER

    def _merge(self, day: RecordedDay) -> list[tuple[int, FeedEvent]]:
        quote, trade = self._from
        quotes, prints = day.quotes, day.prints
        ends = [
            int(part[start + _CHUNK]) if start + _CHUNK < len(part) else NEVER
            for part, start in ((quotes.ns, quote), (prints.ns, trade))
        ]
        until = min(ends)
        quote_end = int(np.searchsorted(quotes.ns, until))
        trade_end = int(np.searchsorted(prints.ns, until))
        if (quote_end, trade_end) == (quote, trade):
            # More events in one instant than a stretch holds: take the whole instant.
            quote_end = int(np.searchsorted(quotes.ns, until, side="right"))
            trade_end = int(np.searchsorted(prints.ns, until, side="right"))
        rows = [
            (ns, 0, FeedEvent(self._con_id, bid or None, ask or None))
            for ns, bid, ask in zip(
                quotes.ns[quote:quote_end].tolist(), quotes.bid[quote:quote_end].tolist(),
                quotes.ask[quote:quote_end].tolist(), strict=True,
            )
        ]  # fmt: skip
        place = np.searchsorted(quotes.ns, prints.ns[trade:trade_end], side="right") - 1
        for offset, row in enumerate(place.tolist()):
            index = trade + offset
            bid = int(quotes.bid[row]) or None if row >= 0 else None
            ask = int(quotes.ask[row]) or None if row >= 0 else None
            event = FeedEvent(
                self._con_id, bid, ask, int(prints.tick[index]), int(prints.size[index]), int(prints.side[index]),
                day.exchange[index], day.condition[index],
            )  # fmt: skip
            rows.append((int(prints.ns[index]), 1, event))
        rows.sort(key=lambda row: row[:2])
        self._from = (quote_end, trade_end)
        return [(ns, event) for ns, _, event in rows]

    def step(self) -> Sequence[FeedEvent]:
        event = self._rows[self._row][1]
        self._row += 1
        if self._row < len(self._rows):
            self.next_ns = self._rows[self._row][0]
        else:
            self._load()
        return (event,)


def contract_id(symbol: str) -> int:
    """Return IBKR's contract id where the catalogue knows it, else one made of the symbol."""
    known = next((spec.con_id for spec in UNDERLYINGS if spec.symbol == symbol), None)
    return known if known is not None else _REPLAY_ID_BASE + label_key("replay", symbol) % 90_000_000


def _spec(symbol: str, con_id: int) -> Underlying:
    known = next((spec for spec in UNDERLYINGS if spec.symbol == symbol), None)
    return known or Underlying(con_id, symbol, symbol, "", 0.0, 0.0, 0.0)
