# SPDX-License-Identifier: Apache-2.0
"""Ages: how fresh everything on screen is, in one place, so that no two panels disagree about the same source.

Market data age by the last word for their instrument, the broker's own figures by the last word on the link: a quiet
account is not stale, a silent link is. What was heard before the link broke is as old as itself until told again.
"""

from terminal.kernel import Kernel
from terminal.model.enums import LinkState
from terminal.model.events import LinkChanged
from terminal.model.ids import InstrumentId
from widgets.freshness import Freshness, freshness
from widgets.theme.tokens import Age

_SOUND = frozenset({LinkState.READY, LinkState.SYNCING})


class Ages:
    """Grades what the core knows, by the limits of the look."""

    def __init__(self, kernel: Kernel, limits: Age) -> None:
        self._kernel = kernel
        self._limits = limits
        self._before: frozenset[int] = frozenset()
        """When the broker's figures were told that the last break of the link has cut off."""

    @property
    def stale_s(self) -> float:
        return self._limits.quote_stale / 1_000

    @property
    def dead_s(self) -> float:
        return self._limits.quote_dead / 1_000

    def on_link(self, event: LinkChanged) -> None:
        """Remember what was told before the link broke: heartbeats of the next one do not speak for it.

        To be called as it happens: a moment later the next session's figures are there already.
        """
        if event.state not in _SOUND or event.data_lost:
            account = self._kernel.portfolio.account()
            told = {figure.ns for figure in account.figures.values()} | {account.pnl_ns or 0}
            told |= {one.ns for one in self._kernel.portfolio.broker_pnls()}
            self._before = frozenset(told)

    # ------------------------------------------------------------ the market
    def of(self, instrument_id: InstrumentId) -> float | None:
        """Return the seconds since the source last spoke for an instrument: its quote, or Greeks that have none."""
        hub = self._kernel.hub
        age = hub.age_s(instrument_id)
        if age is not None:
            return age
        option, facts = hub.option_quote(instrument_id), hub.statistics(instrument_id)
        heard = [one.received_ns for one in (option, facts) if one is not None]
        return hub.age_of(max(heard)) if heard else None

    def quote(self, instrument_id: InstrumentId) -> Freshness:
        """Grade what comes of the quote of an instrument."""
        return self.grade(self.of(instrument_id))

    def grade(self, age_s: float | None) -> Freshness:
        """Grade a market value of this age."""
        return freshness(age_s, self.stale_s, self.dead_s)

    def is_stale(self, age_s: float | None) -> bool:
        return self.grade(age_s) is not Freshness.FRESH

    # ------------------------------------------------------------ the broker's figures
    def pnl(self, told_ns: int | None) -> Freshness:
        """Grade the broker's own P&L, told at this time."""
        return freshness(self._told(told_ns), self._limits.pnl_stale / 1_000, self._limits.pnl_dead / 1_000)

    def account(self, told_ns: int | None) -> Freshness:
        """Grade a figure of the account, told at this time; the last one known is kept, however old."""
        return freshness(self._told(told_ns), self._limits.account_stale / 1_000, float("inf"))

    def _told(self, told_ns: int | None) -> float | None:
        if told_ns is None:
            return None
        if told_ns in self._before:
            return self._kernel.clock.seconds_since(told_ns)
        return self._kernel.hub.age_of(told_ns)
