# SPDX-License-Identifier: Apache-2.0
"""Reg T margin of the options on one underlying together with its shares: strategy rules and the best pairing.

Rules: FINRA rule 4210(f)(2) and the Cboe margin manual; the forms with shares are those that IBKR prints on its US
options margin page. A short option is naked (premium + 20 % of the underlying, 15 % for broad indexes, less the
out-of-the-money amount, at least premium + 10 %), or half of a short straddle (the greater of both + the other's
premium), or covered by shares, or part of a spread: all options of one short expiry together need their largest loss
over the strikes, where a long option may expire later but never earlier. That one rule makes verticals, butterflies,
condors, boxes and calendars what the manual says they need. Long options are paid in full and need nothing.

Pairing: every contract stands in one bucket (naked, with shares, in the spread of an expiry), and the allocation with
the lowest maintenance is wanted. Small books are solved by trying every allocation. Larger ones are first divided by
the common divisor of their sizes; then, from three starts (everything naked; shares first, then spreads; spreads
alone), single moves and swaps of one contract or of all of a leg are taken while they lower it, and the best end
wins. IBKR does not promise the optimum for large books either. Pure: prices come in with the legs.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import product
from math import comb, gcd, prod
from typing import Final, TypeAlias

from terminal.simulation.share_margin import Need, OptionLeg, ShareRules, StockLot

EQUITY_RATE: Final = 0.20
INDEX_RATE: Final = 0.15
FLOOR_RATE: Final = 0.10
_INFINITE: Final = float("inf")
_STEPS: Final = 400
_MOST_TRIED: Final = 1500
"""Books with no more allocations than this are solved by trying them all."""
_MOST_SWAPPED: Final = 48
"""With more single moves than this, swaps are not tried: large books settle for single moves."""
_LARGE: Final = 20
"""Legs from which on the first improvement is taken, not the best."""
_INITIAL_WEIGHT: Final = 1e-4
NAKED: Final = -1
SHARES: Final = -2
Bucket = int
"""NAKED (for a long leg: idle), SHARES, or the number of a spread group."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Underlying:
    """What the legs are on. ``rate`` of the naked formula; ``same_expiry``: no spread across expiries (VIX)."""

    spot: float
    rate: float = EQUITY_RATE
    same_expiry: bool = False


def naked(leg: OptionLeg, underlying: Underlying) -> float:
    """Return the requirement of one short contract alone."""
    spot = underlying.spot
    floor = FLOOR_RATE * (spot if leg.call else leg.strike)
    return leg.units * (leg.price + max(underlying.rate * spot - leg.out_of_the_money(spot), floor))


def requirement(legs: Sequence[OptionLeg], shares: float, underlying: Underlying) -> Need:
    """Return what ``legs`` and ``shares`` of one underlying need together.

    All legs deliver the same number of shares. The shares' own requirement is inside, odd lots included.
    """
    return _requirement(tuple(legs), shares, underlying)


@lru_cache(maxsize=512)
def _requirement(legs: tuple[OptionLeg, ...], shares: float, underlying: Underlying) -> Need:
    rules = ShareRules(price=underlying.spot, shares=shares)
    shorts = [leg for leg in legs if leg.quantity < 0]
    longs = [leg for leg in legs if leg.quantity > 0]
    if not shorts and (not longs or not shares):
        return rules.alone()
    pairing = _Pairing([*shorts, *longs], len(shorts), rules, underlying)
    if pairing.allocations() <= _MOST_TRIED:
        return pairing.solve_all()
    divisor = gcd(*(leg.quantity for leg in legs), int(abs(shares) // legs[0].units))
    if divisor > 1:
        part = requirement(
            [replace(leg, quantity=leg.quantity // divisor) for leg in legs], shares / divisor, underlying
        )
        return part.times(divisor)
    return pairing.solve()


@dataclass(slots=True)
class _Leg:
    """A leg with what the search asks again and again."""

    leg: OptionLeg
    count: int
    short: bool
    naked: float
    premium: float
    buckets: tuple[Bucket, ...]
    losses: tuple[float, ...]
    """Per contract at every scenario, what the leg costs its holder (long: negative)."""


_Allocation: TypeAlias = Sequence[dict[Bucket, int]]


class _Pairing:
    """The search over one underlying."""

    def __init__(self, legs: Sequence[OptionLeg], shorts: int, rules: ShareRules, underlying: Underlying) -> None:
        self._rules = rules
        self._units = legs[0].units
        self._lots = int(abs(rules.shares) // self._units)
        self._expiries = sorted({leg.expiry for leg in legs[:shorts]})
        self._scenarios = (0.0, *sorted({leg.strike for leg in legs}))
        self._underlying = underlying
        self._legs = [self._prepare(leg) for leg in legs]
        self._lot_cache: dict[tuple[tuple[int, int], ...], Need] = {}
        self._pool_cache: dict[tuple[int, tuple[tuple[int, int], ...]], float] = {}

    def _prepare(self, leg: OptionLeg) -> _Leg:
        short = leg.quantity < 0
        spreads = tuple(
            number
            for number, expiry in enumerate(self._expiries)
            if expiry == leg.expiry or (not short and expiry < leg.expiry and not self._underlying.same_expiry)
        )
        with_shares = self._lots and leg.call == (short == (self._rules.shares > 0))
        sign = 1.0 if short else -1.0
        return _Leg(
            leg=leg,
            count=abs(leg.quantity),
            short=short,
            naked=naked(leg, self._underlying) if short else 0.0,
            premium=leg.price * leg.units,
            buckets=(NAKED, *((SHARES,) if with_shares else ()), *spreads),
            losses=tuple(sign * leg.units * leg.intrinsic(spot) for spot in self._scenarios),
        )

    # ------------------------------------------------------------ the search

    def allocations(self) -> int:
        """Return how many allocations there are."""
        return prod(comb(leg.count + len(leg.buckets) - 1, len(leg.buckets) - 1) for leg in self._legs)

    def solve_all(self) -> Need:
        """Try every allocation."""
        choices = [list(_shares_of(leg.count, leg.buckets)) for leg in self._legs]
        best = min(product(*choices), key=self._cost)
        return self._need(best)

    def solve(self) -> Need:
        best = min((self._descend(start) for start in self._starts()), key=lambda found: found[0])
        return self._need(best[1])

    def _starts(self) -> Iterator[_Allocation]:
        """Begin naked; with shares first and spreads then; with spreads alone."""
        yield [{NAKED: leg.count} for leg in self._legs]
        for first in (SHARES, NAKED):
            yield self._packed(shares=first == SHARES)

    def _packed(self, *, shares: bool) -> _Allocation:
        """Put as much as fits with the shares and into spreads; a leg's last spread group is the nearest expiry."""
        left = {True: self._lots if shares else 0, False: self._lots if shares else 0}
        found: list[dict[Bucket, int]] = []
        calls = dict.fromkeys(range(len(self._expiries)), 0)
        for leg in reversed(self._legs):  # the long ones first: they make room for the short ones
            place: dict[Bucket, int] = {}
            rest = leg.count
            if shares and SHARES in leg.buckets and leg.short:
                taken = min(rest, left[leg.short])
                left[leg.short] -= taken
                place[SHARES] = taken
                rest -= taken
            group = leg.buckets[-1]
            if group >= 0 and rest:
                fits = rest
                if leg.leg.call:
                    fits = rest if not leg.short else min(rest, calls[group])
                    calls[group] += -fits if leg.short else fits
                place[group] = fits
                rest -= fits
            place[NAKED] = rest
            found.append({bucket: count for bucket, count in place.items() if count})
        found.reverse()
        return found

    def _descend(self, start: _Allocation) -> tuple[float, _Allocation]:
        best, cost = start, self._cost(start)
        for _ in range(_STEPS):
            step = self._better(best, cost)
            if step is None:
                break
            cost, best = step
        return cost, best

    def _better(self, place: _Allocation, cost: float) -> tuple[float, _Allocation] | None:
        """Return the best neighbour that lowers the cost; in large books the first one."""
        found: tuple[float, _Allocation] | None = None
        for trial in self._neighbours(place):
            lower = self._cost(trial)
            if lower < (cost if found is None else found[0]) - 1e-9:
                found = (lower, trial)
                if len(self._legs) > _LARGE:
                    break
        return found

    def _neighbours(self, place: _Allocation) -> Iterator[_Allocation]:
        moves = list(self._moves(place))
        for leg, source, target, count in moves:
            yield _moved(place, leg, source, target, count)
        if len(moves) > _MOST_SWAPPED:
            return
        for leg, source, target, count in moves:
            for other, from_bucket, to_bucket, number in moves:
                if other > leg and number == count:
                    yield _moved(_moved(place, leg, source, target, count), other, from_bucket, to_bucket, number)

    def _moves(self, place: _Allocation) -> Iterator[tuple[int, Bucket, Bucket, int]]:
        for number, leg in enumerate(self._legs):
            for source, count in place[number].items():
                for target in leg.buckets:
                    if target != source:
                        yield from ((number, source, target, size) for size in {1, count})

    # ------------------------------------------------------------ what an allocation needs

    def _cost(self, place: _Allocation) -> float:
        need = self._need(place)
        return need.maintenance + _INITIAL_WEIGHT * need.initial

    def _need(self, place: _Allocation) -> Need:
        total = self._with_shares(place)
        if total.maintenance == _INFINITE:
            return total
        spread = sum(self._spread(number, place) for number in range(len(self._expiries)))
        return total.plus(spread + self._alone(place))

    def _spread(self, group: int, place: _Allocation) -> float:
        """Return the largest loss of a spread group; infinite when short calls stand open to the sky."""
        members = tuple((number, row[group]) for number, row in enumerate(place) if group in row)
        if not members:
            return 0.0
        known = self._pool_cache.get((group, members))
        if known is None:
            known = self._pool_cache[group, members] = self._largest_loss(members)
        return known

    def _largest_loss(self, members: tuple[tuple[int, int], ...]) -> float:
        legs = self._legs
        if sum(count if legs[i].short else -count for i, count in members if legs[i].leg.call) > 0:
            return _INFINITE
        return max(
            0.0,
            *(sum(count * legs[i].losses[at] for i, count in members) for at in range(len(self._scenarios))),
        )

    def _alone(self, place: _Allocation) -> float:
        """Return what naked options need, short calls paired with short puts as straddles, the dearest first."""
        sides: dict[bool, list[list[float]]] = {True: [], False: []}
        for leg, row in zip(self._legs, place, strict=True):
            if leg.short and NAKED in row:
                sides[leg.leg.call].append([leg.naked, leg.premium, row[NAKED]])
        for rows in sides.values():
            rows.sort(reverse=True)
        calls, puts = sides[True], sides[False]
        total = 0.0
        while calls and puts:
            call, put = calls[0], puts[0]
            count = min(call[2], put[2])
            greater, other = (call, put) if call[0] >= put[0] else (put, call)
            total += count * (greater[0] + other[1])
            for rows in (calls, puts):
                rows[0][2] -= count
                if not rows[0][2]:
                    rows.pop(0)
        return total + sum(row[0] * row[2] for row in (*calls, *puts))

    def _with_shares(self, place: _Allocation) -> Need:
        members = tuple((number, row[SHARES]) for number, row in enumerate(place) if SHARES in row)
        known = self._lot_cache.get(members)
        if known is None:
            known = self._lot_cache[members] = self._lots_need(members)
        return known

    def _lots_need(self, members: tuple[tuple[int, int], ...]) -> Need:
        """Return the shares' requirement with the options laid to them; infinite when there are too few shares."""
        written = [(self._legs[i], count) for i, count in members if self._legs[i].short]
        bought = [(self._legs[i], count) for i, count in members if not self._legs[i].short]
        lots: list[StockLot] = []
        waiting = [[leg, count] for leg, count in bought]
        for leg, count in written:
            rest = count
            for row in waiting:
                other, free = row[0], row[1]
                assert isinstance(other, _Leg)
                assert isinstance(free, int)
                if not rest or not free or not self._rules.collars(leg.leg, other.leg):
                    continue
                taken = min(rest, free)
                lots.append(StockLot(count=taken, units=self._units, written=leg.leg, bought=other.leg))
                row[1] = free - taken
                rest -= taken
            if rest:
                lots.append(StockLot(count=rest, units=self._units, written=leg.leg))
        for row in waiting:
            other, free = row[0], row[1]
            assert isinstance(other, _Leg)
            assert isinstance(free, int)
            if free:
                lots.append(StockLot(count=free, units=self._units, bought=other.leg))
        if sum(lot.count for lot in lots) > self._lots:
            return Need(initial=_INFINITE, maintenance=_INFINITE, regulation_t=_INFINITE)
        return self._rules.need(lots)


def _shares_of(count: int, buckets: Sequence[Bucket]) -> Iterator[dict[Bucket, int]]:
    """Yield every way to share contracts out over buckets."""
    if len(buckets) == 1:
        yield {buckets[0]: count} if count else {}
        return
    for here in range(count + 1):
        for rest in _shares_of(count - here, buckets[1:]):
            yield {buckets[0]: here, **rest} if here else rest


def _moved(place: _Allocation, leg: int, source: Bucket, target: Bucket, count: int) -> _Allocation:
    row = dict(place[leg])
    left = row[source] - count
    if left:
        row[source] = left
    else:
        del row[source]
    row[target] = row.get(target, 0) + count
    changed = list(place)
    changed[leg] = row
    return changed
