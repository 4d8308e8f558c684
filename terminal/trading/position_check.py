# SPDX-License-Identifier: Apache-2.0
"""PositionCheck: does the sum of our fills equal what the broker reports?

What is held at the very first comparison is adopted with the broker's cost. Later a difference is corrected
only after two comparisons at least 10 s apart saw the same one, flagged, under an id that makes it happen once.
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from terminal.clock import NS_PER_S, Clock
from terminal.model import events as e
from terminal.model.enums import AssetClass
from terminal.model.ids import AccountId, InstrumentId
from terminal.model.instrument import Instrument
from terminal.ports import BrokerTruth
from terminal.trading.compare import PositionGap, adjustment_id, position_gaps
from terminal.trading.ledger import OrderLedger
from terminal.trading.portfolio import Portfolio

POLL_APART_S: Final = 10.0
_POLL_APART_NS: Final = round(POLL_APART_S * NS_PER_S)
Line = tuple[str, str, str]


@dataclass(slots=True)
class _Gap:
    gap: PositionGap
    first_ns: int


class PositionCheck:
    """Compares positions and books what no execution explains."""

    def __init__(
        self,
        *,
        ledger: OrderLedger,
        portfolio: Portfolio,
        clock: Clock,
        instrument_of: Callable[[InstrumentId], Instrument | None],
        ask: Callable[[str, float], None],
    ) -> None:
        self._ledger = ledger
        self._portfolio = portfolio
        self._clock = clock
        self._instrument_of = instrument_of
        self._ask = ask
        self._compared: set[AccountId] = set()
        self._first = False
        self._gaps: dict[InstrumentId, _Gap] = {}
        self._adopt_late: set[InstrumentId] = set()

    def begin(self, account: AccountId) -> None:
        """Note, before the broker's executions are booked, whether this account was never seen before."""
        self._first = account not in self._compared and not self._portfolio.has_records(account)
        self._compared.add(account)

    def first_seen(self) -> list[int]:
        """Return when each open difference was first seen."""
        return [each.first_ns for each in self._gaps.values()]

    def compare(self, account: AccountId, truth: BrokerTruth) -> tuple[list[Line], bool]:
        """Compare the sum of fills with the broker; return the lines and whether a difference is still open."""
        reported = {each.instrument_id: each for each in truth.positions if each.account_id in (account, "")}
        for each in truth.positions:
            self._portfolio.on_position(each)
        self._portfolio.forget_broker_positions(account, set(reported), truth.ns)
        gaps = position_gaps(
            {name: position.quantity for name, position in self._portfolio.positions().items()},
            {name: each.quantity for name, each in reported.items() if not self._is_combo(name)},
        )
        self._gaps = {name: each for name, each in self._gaps.items() if any(gap == each.gap for gap in gaps)}
        lines: list[Line] = []
        still_open = False
        for gap in gaps:
            broker = reported.get(gap.instrument_id)
            line, is_open = self._treat(account, gap, broker)
            lines.append(line)
            still_open |= is_open
        return lines, still_open

    def _is_combo(self, instrument_id: InstrumentId) -> bool:
        instrument = self._instrument_of(instrument_id)
        return instrument is not None and instrument.asset_class is AssetClass.COMBO

    def _treat(self, account: AccountId, gap: PositionGap, broker: e.PositionReported | None) -> tuple[Line, bool]:
        name, now = gap.instrument_id, self._clock.monotonic_ns()
        ours, theirs = f"{name}: {gap.ours}", f"{name}: {gap.broker}"
        if self._instrument_of(name) is None:  # without its multiplier no price of it means anything
            if self._first:
                self._adopt_late.add(name)
            self._ask(f"the contract {name} is not known yet", POLL_APART_S)
            return (ours, theirs, "its contract is not known yet; compared again in 10 s"), False
        if self._first or name in self._adopt_late:
            self._adopt_late.discard(name)
            self._adjust(account, gap, broker, "held at the broker before the first start", opening=True)
            return (ours, theirs, "adopted as opening position"), False
        seen = self._gaps.get(name)
        if seen is None:
            self._gaps[name] = _Gap(gap=gap, first_ns=now)
            return (ours, theirs, "executions were asked for; compared again in 10 s"), True
        if now - seen.first_ns < _POLL_APART_NS:
            return (ours, theirs, "compared again in 10 s"), True
        del self._gaps[name]
        self._adjust(account, gap, broker, "two comparisons found no execution that explains it", opening=False)
        return (ours, theirs, f"position adjusted by {gap.delta}, flagged"), False

    def _adjust(
        self, account: AccountId, gap: PositionGap, broker: e.PositionReported | None, reason: str, *, opening: bool
    ) -> None:
        now = self._clock.now_ns()
        instrument = self._instrument_of(gap.instrument_id)
        multiplier = float(instrument.multiplier) if instrument is not None else 1.0
        price = None
        if broker is not None and broker.quantity:
            price = broker.average_cost / multiplier
        if price is None:
            price = self._portfolio.valuation.mark(gap.instrument_id)
        held = self._portfolio.position(gap.instrument_id).average_price
        self._ledger.adjust(
            e.PositionAdjusted(
                ns=now,
                adjustment_id=adjustment_id(
                    account, gap, now, self._portfolio.adjustment_count(account, gap.instrument_id)
                ),
                account_id=account,
                instrument_id=gap.instrument_id,
                quantity=gap.delta,
                price=Decimal(repr(price)) if price is not None else held,
                reason=reason,
                opening=opening,
            )
        )
