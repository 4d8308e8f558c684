# SPDX-License-Identifier: Apache-2.0
"""The option chain panel: expiries above, the grid below. It asks for contracts; it never fetches them itself."""

from collections.abc import Mapping, Sequence

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QTabBar

from terminal.model.ids import InstrumentId
from terminal.model.instrument import Instrument
from terminal.model.market import OptionQuote, OptionStatistics, Quote
from widgets import formats
from widgets.chain.model import ChainModel, Expiry
from widgets.chain.view import ChainView
from widgets.controls.data_mark import DataMark
from widgets.panel import Panel
from widgets.theme import Theme

REPAINT_MS = 100


class ChainPanel(Panel):
    """Signals:

    expiry_chosen(Expiry): show this expiry's contracts.
    visible_changed(list of instruments): stream these, and only these.
    picked(instrument, side, price): put this option into the ticket.
    """

    expiry_chosen = Signal(object)
    visible_changed = Signal(list)
    picked = Signal(object, object, object)

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme, "Option chain", link_group=1)
        self.model = ChainModel()
        self.view = ChainView(theme, self.model)
        self.set_body(self.view)
        self.tabs = QTabBar()
        self.tabs.setObjectName("expiries")
        self.tabs.setAccessibleName("Expiries")
        self.tabs.setExpanding(False)
        self.tabs.setDrawBase(False)
        self.tabs.setUsesScrollButtons(True)
        self.add_to_strip(self.tabs, 1)
        self.data_mark = DataMark(self)
        self.add_tool(self.data_mark)
        self._expiries: list[Expiry] = []
        self._visible: list[Instrument] = []
        self._dirty = False
        self._repaint = QTimer(self)
        self._repaint.setSingleShot(True)
        self._repaint.setInterval(REPAINT_MS)
        self._repaint.timeout.connect(self.view.viewport().update)
        self.tabs.currentChanged.connect(self._choose)
        self.view.seen.connect(self._tell_visible)
        self.view.picked.connect(self.picked)

    # ------------------------------------------------------------ filling
    def set_underlying(self, instrument: Instrument | None, quote: Quote | None) -> None:
        """Start over with another underlying; its expiries follow."""
        self.model.underlying = instrument
        self.model.spot = quote.mark if quote is not None else None
        self.model.spot_delayed = quote is not None and quote.delayed
        self.data_mark.show_for(quote)
        self.model.clear()
        self._show_visible([])
        self.set_expiries([])
        self.set_context("" if instrument is None else instrument.id)
        self.view.refresh()

    def set_expiries(self, expiries: Sequence[Expiry]) -> None:
        self._expiries = list(expiries)
        self.tabs.blockSignals(True)
        while self.tabs.count():
            self.tabs.removeTab(0)
        for expiry in expiries:
            week = "" if expiry.monthly else " w"
            self.tabs.addTab(f"{expiry.day.day} {expiry.day:%b}{week} · {expiry.days} d")
        self.tabs.blockSignals(False)

    def choose(self, index: int) -> None:
        """Show the expiry at ``index`` as if it had been clicked."""
        if self.tabs.currentIndex() == index:
            self._choose(index)
        else:
            self.tabs.setCurrentIndex(index)

    def _choose(self, index: int) -> None:
        if 0 <= index < len(self._expiries):
            self.model.clear()
            self.model.expiry = self._expiries[index]
            self.view.refresh()
            self.expiry_chosen.emit(self._expiries[index])

    def set_contracts(self, expiry: Expiry, contracts: Sequence[Instrument]) -> None:
        """Show the contracts of an expiry, unless another was chosen meanwhile."""
        if self.model.expiry != expiry:
            return
        self.model.set_contracts(contracts)
        self.show_live()
        self.view.centre()
        self._tell_visible()

    # ------------------------------------------------------------ streaming
    def _tell_visible(self) -> None:
        first, last = self.view.visible_range()
        # A dock behind another tab counts as visible for Qt: it is only moved out of sight.
        in_sight = self.isVisible() and not self.visibleRegion().isEmpty()
        contracts = self.model.contracts(first, last) if in_sight else []
        self._show_visible(contracts)

    def _show_visible(self, contracts: list[Instrument]) -> None:
        if [contract.id for contract in contracts] != [contract.id for contract in self._visible]:
            self._visible = contracts
            self.visible_changed.emit(contracts)

    @property
    def visible_contracts(self) -> Sequence[Instrument]:
        """What is streamed now."""
        return self._visible

    def update_visible(self) -> None:
        """Ask again for what is in view, after the panel was shown or hidden."""
        self._tell_visible()

    def take_quote(self, quote: Quote) -> None:
        self.model.quotes[quote.instrument_id] = quote
        if quote.delayed:
            self.data_mark.show_delayed(True)
        self._later()

    def take_option(self, option: OptionQuote) -> None:
        self.model.options[option.instrument_id] = option
        self._later()

    def take_statistics(self, statistics: OptionStatistics) -> None:
        self.model.statistics[statistics.instrument_id] = statistics
        self._later()

    def take_spot(self, quote: Quote) -> None:
        """Take the underlying's price."""
        self.model.spot_delayed = quote.delayed
        self.data_mark.show_delayed(self.model.delayed)
        spot = quote.mark
        if spot is not None and spot != self.model.spot:
            first = self.model.spot is None
            self.model.spot = spot
            if first and self.model.strikes:
                self.view.centre()
            self._later()

    def _later(self) -> None:
        if not self._repaint.isActive():
            self._repaint.start()

    def show_ages(self, ages: Mapping[InstrumentId, float | None], spot_age_s: float | None) -> None:
        """Dim what is old; the header says how much of it there is, and how old the oldest is."""
        limit = self.theme.tokens.age.quote_stale / 1_000
        spot_stale = spot_age_s is None or spot_age_s >= limit
        if spot_stale != self.model.spot_stale:
            self.model.spot_stale = spot_stale
            self._later()
        if not self.model.strikes:
            return
        stale = frozenset(key for key, age in ages.items() if age is not None and age >= limit)
        if stale != self.model.stale:
            self.model.stale = stale
            self._later()
        known = [age for age in ages.values() if age is not None]
        if stale:
            oldest = max(age for age in known if age >= limit)
            self.show_stale(f"{len(stale)} of {len(ages)} stale, oldest {formats.age(oldest)}")
        elif spot_stale and spot_age_s is not None:
            self.show_stale(f"underlying {formats.age(spot_age_s)} old")
        else:
            self.show_live(max(known) if known else None)
