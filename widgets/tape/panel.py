# SPDX-License-Identifier: Apache-2.0
"""The tape panel: header with filter and pause, the painted tape, and the panel's states.

It takes prints and quotes and shows them; it knows no bus and no kernel.
"""

from collections.abc import Iterable

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QLabel, QWidget

from terminal.model.instrument import Instrument
from terminal.model.market import Quote, Trade
from widgets import formats
from widgets.panel import Condition, Panel
from widgets.tape.model import TapeModel
from widgets.tape.options import TapeOptions
from widgets.tape.view import TapeView
from widgets.theme import Theme, set_property


class TapePanel(Panel):
    """One tape.

    Signals:
        optionsChanged: (smallest size shown, size of a large print or None), to be saved with the layout.
    """

    optionsChanged = Signal(float, object)

    def __init__(
        self,
        theme: Theme,
        *,
        minimum: float = 1,
        large: float | None = 50,
        link_group: int | None = 1,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(theme, "Tape", link_group=link_group, parent=parent)
        self.model = TapeModel(minimum=minimum, large=large)
        self.view = TapeView(theme, self.model, self)
        self._says = QLabel(self)
        self._says.setProperty("role", "muted")
        self.options = TapeOptions(theme, minimum, large, self)
        self.add_tool(self._says)
        self.add_tool(self.options)
        self.set_body(self.view)
        self.view.pauseChanged.connect(self._say)
        self.options.minimumChanged.connect(self._set_minimum)
        self.options.largeChanged.connect(self._set_large)
        self.set_instrument(None)

    def set_instrument(self, instrument: Instrument | None) -> None:
        """Show another instrument; the tape waits for its first print."""
        self.model.set_instrument(instrument)
        self.setAccessibleName("Tape" if instrument is None else f"Tape {instrument.id}")
        self.view.restart()
        self._say()
        if instrument is None:
            self.show_empty("No instrument", "Choose one in the watchlist.", icon="tape")
        else:
            self.show_empty("No prints yet", "Trades appear here as they happen.", icon="tape")

    def set_quote(self, quote: Quote) -> None:
        """Remember a quote: it tells the side of prints that come without one."""
        self.model.set_quote(quote)

    def add_trades(self, trades: Iterable[Trade]) -> None:
        """Show prints in the order in which they were heard."""
        before = len(self.model)
        self.model.add(trades)
        if len(self.model) and not before and self.condition in (Condition.EMPTY, Condition.LOADING):
            self.show_live()
        self.view.refresh()

    def show_age(self, age_s: float | None, stale_s: float) -> None:
        """Take the colour from the prints when their source was silent for ``stale_s`` seconds; None is stale too."""
        if self.condition not in (Condition.LIVE, Condition.STALE):
            return
        stale = age_s is None or age_s >= stale_s
        if stale:
            self.show_stale("" if age_s is None else formats.age(age_s, fine=False))
        else:
            self.show_live()
        if stale != self.model.stale:
            self.model.stale = stale
            self.view.update()

    def _set_minimum(self, size: float) -> None:
        self.model.set_minimum(size)
        self._changed()

    def _set_large(self, size: float | None) -> None:
        self.model.set_large(size)
        self._changed()

    def _changed(self) -> None:
        self.view.refresh()
        self._say()
        self.optionsChanged.emit(self.model.minimum, self.model.large)

    def _say(self) -> None:
        """Say in the header what is left out, or that it holds still and how many prints wait."""
        paused = self.model.paused
        if paused:
            text = f"paused, {self.model.waiting:,} wait" if self.model.waiting else "paused"
        else:
            text = f"≥ {formats.quantity(self.model.minimum)}"
        if text != self._says.text():
            self._says.setText(text)
            self.view.setAccessibleDescription(text)
            set_property(self._says, "tone", "warn" if paused else "muted")
