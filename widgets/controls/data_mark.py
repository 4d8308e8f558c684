# SPDX-License-Identifier: Apache-2.0
"""The word beside prices that are delayed, for panels that show one market: hidden while the data is live."""

from PySide6.QtWidgets import QLabel, QWidget

from terminal.model.market import Quote
from widgets import formats
from widgets.theme import set_property


class DataMark(QLabel):
    """Says "Delayed" in the warning colour while the quote that it was told of is delayed."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(formats.DELAYED_WORD, parent)
        self.setObjectName("dataMark")
        self.setToolTip(formats.DELAYED_HINT)
        self.setAccessibleName(formats.DELAYED_HINT)
        set_property(self, "tone", "warn")
        self.hide()

    def show_for(self, quote: Quote | None) -> None:
        """Stand there while this quote is delayed; None is no quote yet."""
        self.show_delayed(quote is not None and quote.delayed)

    def show_delayed(self, delayed: bool) -> None:
        """Stand there while anything in the panel is delayed."""
        self.setVisible(delayed)
