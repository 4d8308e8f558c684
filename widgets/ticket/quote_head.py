# SPDX-License-Identifier: Apache-2.0
"""The head of the ticket: the two sides, and the quote that an order would meet. A click on a price takes it."""

from PySide6.QtCore import Signal
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel

from terminal.model.market import Quote
from widgets import formats
from widgets.controls.buttons import Button, ButtonKind
from widgets.controls.data_mark import DataMark
from widgets.theme import Theme, set_property


class QuotePrice(QLabel):
    """A price of the quote; a click takes it as the limit."""

    clicked = Signal()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.clicked.emit()
        event.accept()


class QuoteHead:
    """Buy, sell, and the touch with its sizes; ``row`` is a layout of the panel's own."""

    def __init__(self, theme: Theme) -> None:
        self.buy = Button(theme, "Buy", ButtonKind.BUY_OUTLINE)
        self.sell = Button(theme, "Sell", ButtonKind.PLAIN)
        self.buy.setObjectName("ticketBuy")
        self.sell.setObjectName("ticketSell")
        self.bid, self.ask = QuotePrice(formats.NONE), QuotePrice(formats.NONE)
        for label, tone, tip in (
            (self.bid, "bid", "Take the bid as price"),
            (self.ask, "ask", "Take the ask as price"),
        ):
            label.setProperty("role", "figure")
            set_property(label, "tone", tone)
            label.setToolTip(tip)
            label.setAccessibleName(tip)
        self.bid_size, self.ask_size = QLabel(""), QLabel("")
        self.data_mark = DataMark()
        for count in (self.bid_size, self.ask_size):
            count.setProperty("role", "muted")
        cross = QLabel("×")
        cross.setProperty("role", "muted")
        self.row = row = QHBoxLayout()
        row.setSpacing(theme.space.x3)
        row.addWidget(self.buy)
        row.addWidget(self.sell)
        row.addStretch(1)
        row.addWidget(self.data_mark)
        for part in (self.bid_size, self.bid, cross, self.ask, self.ask_size):
            row.addWidget(part)

    def show_quote(self, quote: Quote | None, decimals: int) -> None:
        """Show bid and ask with their sizes, each price with its mark where it is delayed."""
        for label, price in ((self.bid, quote.bid if quote else None), (self.ask, quote.ask if quote else None)):
            late = formats.delayed_note(price, delayed=quote is not None and quote.delayed)
            label.setText(f"{formats.number(price, decimals)} {late}".rstrip())
        self.data_mark.show_for(quote)
        self.bid_size.setText(formats.size(quote.bid_size if quote else None))
        self.ask_size.setText(formats.size(quote.ask_size if quote else None))

    def show_stale(self, stale: bool) -> None:
        """Take the colour from what is old."""
        for label, tone in ((self.bid, "bid"), (self.ask, "ask"), (self.bid_size, ""), (self.ask_size, "")):
            set_property(label, "tone", "stale" if stale else tone)

    def show_side(self, *, buying: bool, solid: bool) -> None:
        """Mark the chosen side, solid where a click sends at once."""
        self.buy.set_kind((ButtonKind.BUY if solid else ButtonKind.BUY_OUTLINE) if buying else ButtonKind.PLAIN)
        self.sell.set_kind(ButtonKind.PLAIN if buying else ButtonKind.SELL if solid else ButtonKind.SELL_OUTLINE)
