# SPDX-License-Identifier: Apache-2.0
"""OptionMarket: the options side of the simulated market: touch, sizes, prints, feeds, Greeks and bars.

All contracts of an underlying move together, once a second, so a chain of any size is one vectorised calculation.
Options trade in the regular session alone; outside of it there is no quote.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from terminal.simulation.book import LimitBook
from terminal.simulation.catalog import Underlying
from terminal.simulation.depth import DepthField
from terminal.simulation.exchange_port import SimGreeks
from terminal.simulation.listed import ListedMarket
from terminal.simulation.option_chain import Contract, OptionListing
from terminal.simulation.option_greeks import implied_greeks, model_greeks
from terminal.simulation.option_quotes import TICK, Fair, Floats, OptionQuotes
from terminal.simulation.rng import label_key, mix, mix_array, unit, unit_array
from terminal.simulation.source import NEVER, DayFigures, FeedEvent, Touch
from terminal.simulation.tape import Ints, Prints, Tape
from terminal.simulation.trading_days import MINUTE_NS, NS

SOURCES: Final = ("bid", "ask", "last", "model")
_LEVELS: Final = 8
_TOUCH_LOTS: Final = 18.0
_REPEAT: Final = 5


@dataclass(frozen=True, slots=True)
class _Board:
    """Fair values and quotes of a group at one moment."""

    ns: int
    rows: dict[int, int]
    fair: Fair
    bid: Ints
    ask: Ints


class OptionMarket:
    """See the module."""

    def __init__(self, seed: int, market: ListedMarket) -> None:
        self._market = market
        self.calendar = market.calendar
        self.listing = OptionListing(market, market.calendar)
        self.quotes = OptionQuotes(market)
        self._key = label_key("options", seed)
        self._seed = seed
        self._fields: dict[tuple[int, int], DepthField] = {}
        self._groups: dict[str, OptionGroupFeed] = {}
        self.tapes: dict[tuple[int, int], Tape] = {}

    def need(self, con_id: int) -> Contract:
        found = self.listing.contract(con_id)
        if found is None:
            raise KeyError(f"contract {con_id} is not an option of this market")
        return found

    # ------------------------------------------------------------ quotes

    def is_open(self, contract: Contract, ns: int) -> bool:
        index = self.calendar.index_at(ns)
        return self.calendar.day(index).is_regular(ns) and ns < contract.last_ns

    def refresh_ns(self, spec: Underlying, ns: int) -> int:
        """Return the latest moment at or before ``ns`` at which this underlying's options were requoted."""
        offset = mix(self._key, spec.con_id) % 900 * 1_000_000
        return (ns - offset) // NS * NS + offset

    def touch(self, con_id: int, ns: int) -> Touch:
        contract = self.need(con_id)
        if not self.is_open(contract, ns):
            return None, None
        group = self._groups.get(contract.option_class.name)
        if group is not None and group.holds(con_id, ns):
            return group.touch(con_id)
        board = self.board(contract.spec, [contract], self.refresh_ns(contract.spec, ns))
        return _touch(int(board.bid[0]), int(board.ask[0]))

    def board(self, spec: Underlying, contracts: list[Contract], ns: int) -> _Board:
        fair = self.quotes.fair(spec, contracts, ns)
        ticks = self.quotes.quote(contracts, fair)
        return _Board(ns, {item.con_id: row for row, item in enumerate(contracts)}, fair, ticks.bid, ticks.ask)

    def displayed(self, con_id: int, sign: int, tick: int, touch: int, ns: int) -> int:
        contract = self.need(con_id)
        low, high = contract.option_class.increments
        step = low if tick < 300 else high
        if tick % step:
            return 0
        distance = (touch - tick) * sign // step
        if not 0 <= distance < _LEVELS:
            return 0
        index = self.calendar.index_at(ns)
        field = self._fields.get((con_id, index))
        if field is None:
            if len(self._fields) > 5000:
                self._fields.clear()
            lots = self._lots(contract, index)
            field = self._fields[con_id, index] = DepthField.of(self._seed, f"option {con_id}", 1, lots)
        return field.displayed(sign, tick // step, tick // step + sign * distance, ns)

    def _lots(self, contract: Contract, index: int) -> float:
        """Return the mean size of a level: large near the money of busy names, small far from it and far ahead."""
        rate = self._rate(contract, index)
        return max(_TOUCH_LOTS * min(0.4 + 4.0 * rate, 3.0) * min(contract.spec.events / 150, 1.5), 4.0)

    def fair_price(self, con_id: int, ns: int) -> float:
        """Return the fair value, also while the market is closed."""
        contract = self.need(con_id)
        return float(self.quotes.fair(contract.spec, [contract], ns).worth.price[0])

    # ------------------------------------------------------------ prints

    def tape_of_day(self, con_id: int, index: int) -> Tape:
        """Return a day's prints: rare, at the bid or ask of their moment, more near the money and soon to expire."""
        found = self.tapes.get((con_id, index))
        if found is None:
            found = self.tapes[con_id, index] = Tape(self._background(self.need(con_id), index))
            if len(self.tapes) > 4000:
                for key in [key for key, tape in self.tapes.items() if not tape.added and not tape.removed][:2000]:
                    del self.tapes[key]
        return found

    def _background(self, contract: Contract, index: int) -> Prints:
        day = self.calendar.day(index)
        none = np.zeros(0, dtype=np.int64)
        if day.open_ns >= contract.last_ns:
            return Prints(none, none, none, none.astype(np.int8))
        minutes = np.arange((day.close_ns - day.open_ns) // MINUTE_NS, dtype=np.int64)
        word = mix_array(mix(self._key, contract.con_id, index), minutes)
        chosen = unit_array(word) < self._rate(contract, index)
        minutes, word = minutes[chosen], word[chosen]
        if not len(minutes):
            return Prints(none, none, none, none.astype(np.int8))
        second = ((word >> np.uint64(20)) % np.uint64(59)).astype(np.int64) + 1
        moments = day.open_ns + minutes * MINUTE_NS + second * NS
        moments = np.array([self.refresh_ns(contract.spec, ns) for ns in moments.tolist()], dtype=np.int64)
        quotes = self.quotes.quote([contract], self.quotes.fair_path(contract, moments))
        buyer = ((word >> np.uint64(3)) & np.uint64(1)).astype(np.bool_) | (quotes.bid == 0)
        size = 1 + ((word >> np.uint64(30)) % np.uint64(1 << 10)).astype(np.int64) ** 3 // (1 << 25)
        tick = np.where(buyer, quotes.ask, quotes.bid)
        return Prints(moments, tick, size, np.where(buyer, 1, -1).astype(np.int8))

    def _rate(self, contract: Contract, index: int) -> float:
        """Return the chance of a print per minute."""
        start = self.calendar.day(index)
        spot = self.quotes.spot(contract.spec, start.open_ns)
        days = max((contract.expiry - start.date).days, 0) + 1
        distance = np.log(contract.strike / spot) / (contract.spec.volatility * np.sqrt(days / 365))
        wide = contract.spec.option_penny or not contract.option_class.american
        busy = contract.spec.events / 240 * (2.0 if wide else 1.0)
        return float(min(0.95, busy * 2.5 / (1 + days / 10) * np.exp(-0.5 * distance**2)))

    def figures(self, con_id: int, ns: int) -> DayFigures:
        contract = self.need(con_id)
        index = self.calendar.index_at(ns)
        prints = self.tape_of_day(con_id, index).prints
        opened = int(prints.tick[0]) if len(prints.ns) and prints.ns[0] <= ns else None
        before = self.calendar.day(index - 1)
        board = self.board(contract.spec, [contract], before.close_ns - NS)
        bid, ask = int(board.bid[0]), int(board.ask[0])
        return DayFigures(open=opened, previous_close=(bid + ask) // 2)

    def statistics(self, con_id: int, ns: int) -> dict[str, float]:
        """Return open interest: steady within a day, larger near the money and at round strikes."""
        contract = self.need(con_id)
        index = self.calendar.index_at(ns)
        draw = unit(mix(self._key, con_id, 7)) * (0.95 + 0.1 * unit(mix(self._key, con_id, index, 11)))
        round_bonus = 3.0 if contract.strike % 10 == 0 else 1.0
        return {"open_interest": float(int(60 + 9000 * draw * round_bonus * min(self._rate(contract, index) * 3, 1.0)))}

    def statistics_of_underlying(self, spec: Underlying, ns: int) -> dict[str, float]:
        """Return what is known of a name's options: thirty-day volatility, volumes and open interest of both rights."""
        if not spec.strike_step:
            return {}
        smile = self._market.smiles.day(spec, self.calendar.index_at(ns))
        level = self._market.level(spec.path_key, ns)
        until = np.array([ns + 30 * 86_400 * NS])
        event = smile.event_variance(ns, until)
        volatility = smile.surface.volatility(0.0, 30 / 365, smile.factor(level), event)
        index = self.calendar.index_at(ns)
        day = self.calendar.day(index)
        past = min(max((ns - day.open_ns) / (day.close_ns - day.open_ns), 0.0), 1.0)
        found = {"implied_volatility": float(volatility[0])}
        for place, right in enumerate(("call", "put")):
            draw = 0.6 + 0.8 * unit(mix(self._key, spec.con_id, index, place))
            contracts = spec.events * 2000 * draw * (1.0 if place == 0 else 0.75)
            found[f"{right}_volume"] = float(int(contracts * past))
            found[f"{right}_open_interest"] = float(int(contracts * 14))
        return found

    # ------------------------------------------------------------ feeds and Greeks

    def open_feed(self, con_id: int, ns: int) -> "OptionGroupFeed":
        option_class = self.need(con_id).option_class
        group = self._groups.get(option_class.name)
        if group is None:
            group = self._groups[option_class.name] = OptionGroupFeed(self, option_class.spec, ns)
        group.add(self.need(con_id), ns)
        return group

    def close_feed(self, con_id: int) -> "OptionGroupFeed | None":
        name = self.need(con_id).option_class.name
        group = self._groups.get(name)
        if group is None or group.remove(con_id):
            return None
        return self._groups.pop(name)

    def greeks(self, con_id: int, source: str, ns: int, book: LimitBook, last: int | None) -> SimGreeks | None:
        """Return the computation for the price that ``source`` names; None when that price does not exist."""
        if source not in SOURCES:
            raise ValueError(f"source of Greeks must be one of {SOURCES}, was {source!r}")
        contract = self.need(con_id)
        if ns >= contract.expiry_ns:
            return None
        group = self._groups.get(contract.option_class.name)
        if source == "model":
            if group is not None and group.holds(con_id, ns):
                return group.model(con_id)
            fair = self.quotes.fair(contract.spec, [contract], self.refresh_ns(contract.spec, ns))
            return model_greeks(con_id, fair, 0)
        tick = {"bid": book.bid, "ask": book.ask, "last": last}[source]
        if not tick:
            return None
        if group is not None and group.holds(con_id, ns):
            return group.of_price(con_id, source, tick)
        return self._of_price(contract, tick * TICK, self.refresh_ns(contract.spec, ns))

    def _of_price(self, contract: Contract, price: float, ns: int) -> SimGreeks:
        spot = np.array([self.quotes.spot(contract.spec, ns)])
        return implied_greeks(self.quotes, [contract], spot, np.array([price]), ns)[0]

    def evaluate(self, con_id: int, volatility: float, spot: float, ns: int) -> SimGreeks | None:
        """Return what an option is worth at a volatility and a spot."""
        contract = self.need(con_id)
        if ns >= contract.expiry_ns:
            return None
        return model_greeks(con_id, self.quotes.worth(contract, spot, volatility, ns), 0)

    def implied(self, con_id: int, price: float, spot: float, ns: int) -> SimGreeks | None:
        """Return the computation of a price; None when no volatility makes it."""
        contract = self.need(con_id)
        if ns >= contract.expiry_ns:
            return None
        found = implied_greeks(self.quotes, [contract], np.array([spot]), np.array([price]), ns)[0]
        return None if found.implied_volatility is None else found


class OptionGroupFeed:
    """The events of every watched option of one underlying."""

    def __init__(self, market: OptionMarket, spec: Underlying, ns: int) -> None:
        self._market = market
        self._spec = spec
        self._contracts: dict[int, Contract] = {}
        self._prints: dict[int, list[tuple[int, int, int, int]]] = defaultdict(list)
        self._last: dict[int, Touch] = {}
        self._board: _Board | None = None
        self._boarded: list[Contract] = []
        self._computed: dict[str, tuple[Floats, list[SimGreeks]]] = {}
        self._index = market.calendar.index_at(ns)
        self.next_ns = self._following(market.refresh_ns(spec, ns) + NS)

    def holds(self, con_id: int, ns: int) -> bool:
        """Say whether the board of this moment includes a contract."""
        board = self._board
        return board is not None and con_id in board.rows and board.ns == self._market.refresh_ns(self._spec, ns)

    def touch(self, con_id: int) -> Touch:
        board = self._need_board()
        row = board.rows[con_id]
        return _touch(int(board.bid[row]), int(board.ask[row]))

    def model(self, con_id: int) -> SimGreeks:
        board = self._need_board()
        return model_greeks(con_id, board.fair, board.rows[con_id])

    def of_price(self, con_id: int, source: str, tick: int) -> SimGreeks:
        """Return the computation of a price; all contracts of the board are computed at once, at the first question."""
        board = self._need_board()
        known = self._computed.get(source)
        if known is None:
            ticks = np.array([self._price_tick(item, source, board) for item in self._boarded], dtype=np.float64)
            quotes = self._market.quotes
            computed = implied_greeks(quotes, self._boarded, board.fair.spot, ticks * TICK, board.ns)
            known = self._computed[source] = (ticks, computed)
        row = board.rows[con_id]
        if known[0][row] != tick:
            # Own trading made another price than the background's.
            spot = board.fair.spot[row : row + 1]
            alone = [self._boarded[row]]
            return implied_greeks(self._market.quotes, alone, spot, np.array([tick * TICK]), board.ns)[0]
        return known[1][row]

    def _price_tick(self, contract: Contract, source: str, board: _Board) -> int:
        row = board.rows[contract.con_id]
        if source != "last":
            return int(board.bid[row] if source == "bid" else board.ask[row])
        figures = self._market.tape_of_day(contract.con_id, self._index).figures(board.ns)
        return figures[0] if figures else 0

    def _need_board(self) -> _Board:
        assert self._board is not None
        return self._board

    def add(self, contract: Contract, ns: int) -> None:
        self._contracts[contract.con_id] = contract
        self._note_prints(contract, ns)

    def _note_prints(self, contract: Contract, ns: int) -> None:
        rows = self._market.tape_of_day(contract.con_id, self._index).background.between(ns + 1, NEVER)
        for when, tick, size, side in zip(
            rows.ns.tolist(), rows.tick.tolist(), rows.size.tolist(), rows.side.tolist(), strict=True
        ):
            self._prints[when].append((contract.con_id, int(tick), size, side))

    def remove(self, con_id: int) -> bool:
        """Forget a contract; say whether any is left."""
        self._contracts.pop(con_id, None)
        self._last.pop(con_id, None)
        return bool(self._contracts)

    def _following(self, ns: int) -> int:
        """Return ``ns`` when options trade then, else the first refresh of the next regular session."""
        calendar = self._market.calendar
        day = calendar.day(calendar.index_at(ns))
        if ns < day.open_ns:
            return self._market.refresh_ns(self._spec, day.open_ns) + NS
        if ns < day.close_ns + NS:
            return ns
        return self._market.refresh_ns(self._spec, calendar.day(day.index + 1).open_ns) + NS

    def step(self) -> Sequence[FeedEvent]:
        ns = self.next_ns
        self.next_ns = self._following(ns + NS)
        index = self._market.calendar.index_at(ns)
        if index != self._index:
            self._index = index
            self._prints.clear()
            for contract in self._contracts.values():
                self._note_prints(contract, ns - 1)
        alive = [item for item in self._contracts.values() if self._market.is_open(item, ns)]
        events = [FeedEvent(con_id, None, None) for con_id in self._gone(alive)]
        if alive:
            self._board = self._market.board(self._spec, alive, ns)
            self._boarded = alive
            self._computed.clear()
            events += self._changes(self._board, ns)
        return events

    def _gone(self, alive: list[Contract]) -> list[int]:
        """Return contracts whose quote has just ended."""
        living = {item.con_id for item in alive}
        gone = [con_id for con_id in self._last if con_id not in living]
        for con_id in gone:
            del self._last[con_id]
        return gone

    def _changes(self, board: _Board, ns: int) -> list[FeedEvent]:
        events: list[FeedEvent] = []
        printed = {row[0]: row for row in self._prints.pop(ns, ()) if row[0] in board.rows}
        turn = ns // NS % _REPEAT
        for con_id, row in board.rows.items():
            touch = _touch(int(board.bid[row]), int(board.ask[row]))
            trade = printed.get(con_id)
            if trade is None and self._last.get(con_id) == touch and con_id % _REPEAT != turn:
                continue
            self._last[con_id] = touch
            _, tick, size, side = trade or (0, 0, 0, 0)
            events.append(FeedEvent(con_id, touch[0], touch[1], tick, size, side))
        return events


def _touch(bid: int, ask: int) -> Touch:
    return (bid if bid > 0 else None), ask
