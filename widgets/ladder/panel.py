# SPDX-License-Identifier: Apache-2.0
"""The ladder panel: header with the spread, the painted ladder, cancel buttons by side, and the panel's states.

It takes what the core says and emits wishes. Stale depth is covered rather than shown dimmed: a click on an
old size costs money. It knows no bus and no kernel.
"""

from collections.abc import Iterable

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

from terminal.model.enums import Side
from terminal.model.instrument import Instrument
from terminal.model.market import Depth, Quote
from widgets import formats
from widgets.chart.marks import ChartOrder
from widgets.controls.buttons import Button, IconButton
from widgets.controls.data_mark import DataMark
from widgets.ladder.model import LadderModel
from widgets.ladder.view import LadderView
from widgets.panel import Condition, Panel
from widgets.theme import Theme


class LadderPanel(Panel):
    """One ladder.

    Signals:
        clickToTrade: (side, price on the tick): a limit order there. Only when armed.
        cancelRequested: (client order id).
        cancelSideRequested: (side): cancel every order of that side in this instrument.
    """

    clickToTrade = Signal(object, object)
    cancelRequested = Signal(object)
    cancelSideRequested = Signal(object)

    def __init__(self, theme: Theme, *, link_group: int | None = 1, parent: QWidget | None = None) -> None:
        super().__init__(theme, "Ladder", link_group=link_group, parent=parent)
        self.model = LadderModel()
        self.view = LadderView(theme, self.model, self)
        self.spread = QLabel(self)
        self.spread.setProperty("role", "muted")
        self.centre_button = IconButton(theme, "plus", "Centre on the last price (C)", parent=self)
        self.centre_button.clicked.connect(self.view.centre)
        self.data_mark = DataMark(self)
        self.add_tool(self.data_mark)
        self.add_tool(self.spread)
        self.add_tool(self.centre_button)
        self.set_body(self.view)
        self.cancel_buys = self._cancel_button(theme, Side.BUY)
        self.cancel_sells = self._cancel_button(theme, Side.SELL)
        self.view.clickToTrade.connect(self.clickToTrade)
        self.view.cancelRequested.connect(self.cancelRequested)
        self.set_instrument(None)

    def _cancel_button(self, theme: Theme, side: Side) -> Button:
        button = Button(theme, "", small=True, parent=self)
        button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        button.clicked.connect(lambda: self.cancelSideRequested.emit(side))
        self.add_to_footer(button, 1)
        return button

    # ------------------------------------------------------------------ what is shown
    def set_instrument(self, instrument: Instrument | None) -> None:
        """Show another instrument; the ladder waits for its first quote or depth."""
        self.model.set_instrument(instrument)
        self.data_mark.show_for(None)
        self.setAccessibleName("Ladder" if instrument is None else f"Ladder {instrument.id}")
        self.view.cover("")
        self.set_top_only("")
        self._show_counts()
        if instrument is None:
            self.show_empty("No instrument", "Choose one in the watchlist.", icon="ladder")
        else:
            self.show_loading()
        self._refresh()

    def set_depth(self, depth: Depth | None) -> None:
        """Show the visible book; None when there is none (any more)."""
        self.model.set_depth(depth)
        if depth is not None and (depth.bids or depth.asks):
            self._arrived()
        self._refresh()

    def set_quote(self, quote: Quote) -> None:
        """Show the last price and, without depth, the best bid and ask."""
        self.model.set_quote(quote)
        self.data_mark.show_for(quote)
        if self.model.anchor is not None:
            self._arrived()
        self._refresh()

    def set_orders(self, orders: Iterable[ChartOrder]) -> None:
        """Show these own orders and no others; drafts are left out."""
        self.model.set_orders(orders)
        self._show_counts()
        self.view.refresh()

    def set_top_only(self, reason: str) -> None:
        """Show only the best bid and ask, and `reason` in plain words; empty brings the depth back."""
        self.model.top_only = bool(reason)
        self.view.set_note(reason)
        self._refresh()

    def set_armed(self, armed: bool) -> None:
        """Let clicks and keys place orders. Cancelling works disarmed as well."""
        self.view.set_armed(armed)

    # ------------------------------------------------------------------ conditions
    def show_live(self, age_s: float | None = None) -> None:
        """Show the book as live."""
        super().show_live(age_s)
        self.spread.show()
        self.view.cover("")

    def show_stale(self, text: str) -> None:
        """Cover the book, `text` saying how old it is; nothing can be placed until it is live again."""
        super().show_stale(text)
        self.spread.hide()
        self.view.cover(f"Depth is stale. {text}")

    # ------------------------------------------------------------------ inside
    def _arrived(self) -> None:
        """The first word ends the waiting; a stale book stays covered until the caller says it is live."""
        if self.condition is Condition.LOADING:
            self.show_live()

    def _refresh(self) -> None:
        self.view.refresh()
        spread = self.model.spread
        late = self.model.quote is not None and self.model.quote.delayed
        text = "" if spread is None or late else f"spread {formats.number(spread, self.model.decimals)}"
        if text != self.spread.text():
            self.spread.setText(text)

    def _show_counts(self) -> None:
        for side, button, one, many in (
            (Side.BUY, self.cancel_buys, "buy", "buys"),
            (Side.SELL, self.cancel_sells, "sell", "sells"),
        ):
            count = self.model.count(side)
            words = f"Cancel {count} {one if count == 1 else many}" if count else f"No {many}"
            if words != button.text():
                button.setText(words)
            button.setEnabled(count > 0)
