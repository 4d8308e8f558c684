# SPDX-License-Identifier: Apache-2.0
"""The chart panel: header with price and time frames, position strip, plot, and the panel's states.

It takes what the core says and emits what a person wishes; whether a wish becomes an order is decided
elsewhere. It knows no bus and no kernel.
"""

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QLabel, QWidget

from terminal.model.enums import Side
from terminal.model.instrument import Instrument, Session
from terminal.model.market import Bar, Quote
from widgets import figures, formats
from widgets.chart.interaction import ChartView
from widgets.chart.marks import ChartFill, ChartOrder, ChartPosition, MarkState
from widgets.chart.model import TIME_FRAMES, ChartModel
from widgets.chart.strip import PositionStrip
from widgets.chart.study_lines import DEFAULT_STUDIES, StudyChoice
from widgets.chart.study_menu import StudyButton
from widgets.controls.data_mark import DataMark
from widgets.controls.segments import Segments
from widgets.formats import SignRule
from widgets.freshness import Freshness
from widgets.panel import Condition, Panel
from widgets.theme import Theme, set_property

_CLOCK_MS = 1000


class ChartPanel(Panel):
    """One chart.

    Signals:
        timeFrameChanged: a person chose bars of so many seconds; the chart waits for `set_bars`.
        orderMoveRequested: (client order id, new price on the tick).
        orderCancelRequested: (client order id).
        cancelAllRequested: cancel every order of this instrument.
        flattenRequested: close the position of this instrument.
        priceClicked: (price on the tick, side of a limit order that would rest there, keyboard modifiers).
        studiesChanged: the tuple of `StudyChoice` that a person set, to be saved with the layout.
    """

    timeFrameChanged = Signal(int)
    orderMoveRequested = Signal(object, object)
    orderCancelRequested = Signal(object)
    cancelAllRequested = Signal()
    flattenRequested = Signal()
    priceClicked = Signal(object, object, object)
    studiesChanged = Signal(object)

    def __init__(
        self,
        theme: Theme,
        now_ns: Callable[[], int],
        *,
        seconds: int = 300,
        link_group: int | None = 1,
        studies: Sequence[StudyChoice] = DEFAULT_STUDIES,
        parent: QWidget | None = None,
    ) -> None:
        """`now_ns` is the core's clock, for the countdown of the growing bar."""
        super().__init__(theme, "Chart", link_group=link_group, parent=parent)
        self.model = ChartModel(seconds)
        self.model.set_studies(studies)
        self.view = ChartView(theme, self.model, now_ns, self)
        self.last = QLabel(self)
        self.last.setProperty("role", "figure")
        self.change = QLabel(self)
        self.change.setProperty("role", "secondary")
        self.header.add_lead(self.last)
        self.header.add_lead(self.change)
        self.data_mark = DataMark(self)
        self.header.add_lead(self.data_mark)
        frames = [(str(value), text) for value, text in TIME_FRAMES]
        self.time_frames = Segments(theme, "Time frame", frames, current=str(seconds), parent=self)
        self.study_button = StudyButton(theme, studies, self)
        self.add_tool(self.time_frames)
        self.add_tool(self.study_button)
        self.strip = PositionStrip(theme, self)
        self.add_to_strip(self.strip, 1)
        self.set_body(self.view)
        self._clock = QTimer(self)
        self._clock.setInterval(_CLOCK_MS)
        self._clock.timeout.connect(self.view.clock_ticked)
        self._connect()
        self.set_instrument(None, "")

    def _connect(self) -> None:
        self.time_frames.chosen.connect(lambda key: self._choose_time_frame(int(key)))
        self.study_button.changed.connect(self._set_studies)
        self.strip.cancelClicked.connect(self.cancelAllRequested)
        self.strip.flattenClicked.connect(self.flattenRequested)
        self.view.orderMoveRequested.connect(self.orderMoveRequested)
        self.view.orderCancelRequested.connect(self.orderCancelRequested)
        self.view.priceClicked.connect(self.priceClicked)

    # ------------------------------------------------------------------ what is shown
    @property
    def time_frame(self) -> int:
        """Seconds of one bar."""
        return self.model.series.seconds

    def set_instrument(self, instrument: Instrument | None, text: str) -> None:
        """Show another instrument; `text` says what it is (``E-mini S&P 500``). The chart waits for its bars."""
        self.model.set_instrument(instrument)
        title = "Chart" if instrument is None else str(instrument.id)
        self.header.set_title(title)
        self.setAccessibleName("Chart" if instrument is None else f"Chart {instrument.id}")
        self.set_context(text)
        self.strip.show_position(None, self.model.decimals)
        self.strip.show_orders(0)
        self.view.orders_changed()
        self._show_price()
        self._wait()

    def set_time_frame(self, seconds: int) -> None:
        """Show bars of another length, without a signal; the chart waits for them. LookupError if not offered."""
        self.time_frames.set_current(str(seconds))
        if seconds != self.model.series.seconds:
            self.model.set_time_frame(seconds)
            self._wait()

    def set_bars(self, bars: Sequence[Bar], reset: bool) -> None:
        """Show bars of the instrument and time frame, oldest first.

        With `reset` they replace all that is there; without it each grows the last bar, starts the next or
        corrects an older one. Raises ValueError for bars of another instrument or length.
        """
        change = self.model.set_bars(bars, reset=reset)
        if not len(self.model.series):
            self.view.rebuilt()
            self.show_empty("No bars", "Nothing has traded in this time frame, or the source has no history.")
            return
        if reset:
            self.view.rebuilt()
            self.view.setAccessibleDescription(self.view.legend.text())
            self.show_live()
        else:
            self.view.bars_changed(change)

    def set_sessions(self, sessions: Iterable[Session]) -> None:
        """Set the regular sessions: what lies outside is shaded, session studies begin with each."""
        self.model.set_sessions(sessions)
        self.view.studies_changed()

    def set_orders(self, orders: Iterable[ChartOrder]) -> None:
        """Show these orders and no others."""
        self.model.orders = tuple(orders)
        self.strip.show_orders(sum(order.state is not MarkState.DRAFT for order in self.model.orders))
        self.view.orders_changed()

    def set_position(
        self,
        quantity: Decimal,
        average_price: Decimal,
        open_pnl: float | None = None,
        at_stop: float | None = None,
        at_target: float | None = None,
        *,
        grade: Freshness = Freshness.FRESH,
    ) -> None:
        """Show the position; a quantity of 0 takes its line away. Money in the instrument's currency.

        ``grade`` is that of the price which the open P&L is counted with.
        """
        position = ChartPosition(
            quantity=quantity,
            average_price=average_price,
            open_pnl=open_pnl,
            at_stop=at_stop,
            at_target=at_target,
            grade=grade,
        )
        self.model.position = position if quantity else None
        self.strip.show_position(self.model.position, self.model.decimals)
        self.view.orders_changed()

    def add_fill(self, side: Side, price: float | Decimal, ns: int, quantity: Decimal) -> None:
        """Mark an own execution at its price and bar."""
        self.model.add_fill(ChartFill(side=side, price=float(price), ns=ns, quantity=quantity))
        self.view.fills_changed()

    def set_fills(self, fills: Iterable[ChartFill]) -> None:
        """Mark these own executions and no others."""
        self.model.set_fills(fills)
        self.view.fills_changed()

    def set_quote(self, quote: Quote) -> None:
        """Show the last price and the change of the day."""
        self.model.quote = quote
        self._show_price()
        self.view.quote_changed()

    def show_age(self, age_s: float | None, stale_s: float) -> None:
        """Take back the last price's colour when its source was silent for ``stale_s`` seconds; None is stale too."""
        stale = age_s is None or age_s >= stale_s
        if stale != self.model.stale:
            self.model.stale = stale
            self._show_price()
            self.view.quote_changed()
            self.view.legend.update()
        if self.condition not in (Condition.LIVE, Condition.STALE):
            return  # what covers the bars says more than their age; the price stands in the header all the same
        if stale:
            self.show_stale("" if age_s is None else f"{age_s:.0f} s old")
        elif self.condition is Condition.STALE:
            self.show_live()

    def set_armed(self, armed: bool) -> None:
        """Let order lines be moved. Cancelling works disarmed as well; the edge stays plain, as the look has it."""
        self.view.set_armed(armed)

    # ------------------------------------------------------------------ inside
    def _wait(self) -> None:
        self.view.rebuilt()
        if self.model.instrument is None:
            self.show_empty("No instrument", "Choose one in the watchlist or with the symbol search.", icon="chart")
        else:
            self.show_loading()

    def _choose_time_frame(self, seconds: int) -> None:
        if seconds != self.model.series.seconds:
            self.set_time_frame(seconds)
            self.timeFrameChanged.emit(seconds)

    def _set_studies(self, choices: Sequence[StudyChoice]) -> None:
        self.model.set_studies(choices)
        self.view.studies_changed()
        self.studiesChanged.emit(tuple(choices))

    def _show_price(self) -> None:
        quote, decimals = self.model.quote, self.model.decimals
        self.data_mark.show_for(quote)
        last = quote.last if quote is not None else None
        text = "" if last is None else formats.number(last, decimals)
        change = quote.change if quote is not None else None
        words, tone = "", "muted"
        if quote is not None and change is not None and quote.previous_close:
            signed = formats.number(change, decimals, SignRule.MONEY)
            words = f"{signed} ({formats.percent(change / quote.previous_close)})"
            tone = figures.tone(change, decimals, grade=Freshness.STALE if self.model.stale else Freshness.FRESH)
        if text != self.last.text() or words != self.change.text():
            self.last.setText(text)
            self.change.setText(words)
        set_property(self.last, "tone", "stale" if self.model.stale else "")
        set_property(self.change, "tone", tone)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._clock.start()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._clock.stop()
