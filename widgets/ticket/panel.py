# SPDX-License-Identifier: Apache-2.0
"""The ticket panel: side and quote, price and size, exits, preview, cost, action. The button says the whole order.

A view of `TicketModel`. It asks the core for previews through a signal and never sends by itself: sending
is a wish that the desk confirms, arms and passes on.
"""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Final

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QCheckBox, QComboBox, QGridLayout, QHBoxLayout, QLabel, QLineEdit, QVBoxLayout, QWidget

from terminal.model.enums import OrderType, Side, TimeInForce
from terminal.model.instrument import Instrument
from terminal.model.market import Quote
from widgets import formats
from widgets.controls.buttons import Button, ButtonKind
from widgets.controls.data_mark import DataMark
from widgets.controls.decimal_spin import DecimalSpin
from widgets.controls.elided import ElidedLabel
from widgets.controls.field import Field
from widgets.controls.mode import ArmStrip
from widgets.panel import Panel
from widgets.theme import Theme, set_property
from widgets.ticket.model import NEEDS_LIMIT, NEEDS_STOP, Draft, TicketModel
from widgets.ticket.preview import PreviewBlock, PreviewFigures, PreviewRow

TYPES: Final = (OrderType.LIMIT, OrderType.MARKET, OrderType.STOP, OrderType.STOP_LIMIT, OrderType.TRAIL)
FORCES: Final = (TimeInForce.DAY, TimeInForce.GTC, TimeInForce.IOC)
_QUIET_MS: Final = 150
_CHORD: Final = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier


def _is_enter(event: QKeyEvent) -> bool:
    return event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter} and not event.modifiers() & _CHORD


class QuotePrice(QLabel):
    """A price of the quote; a click takes it as the limit."""

    clicked = Signal()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.clicked.emit()
        event.accept()


class TicketPanel(Panel):
    """Signals:

    draft_changed(Draft or None): what stands in the ticket now, debounced: ask for a preview.
    send_requested(Draft): the button was pressed.
    arm_requested(): the arm button was pressed.
    """

    draft_changed = Signal(object)
    send_requested = Signal(object)
    arm_requested = Signal()

    def __init__(self, theme: Theme, model: TicketModel) -> None:
        super().__init__(theme, "Ticket", link_group=1)
        self.model = model
        self.draft: Draft | None = None
        self._armed = False
        self._blocked = ""
        self._refusal = ""
        self._preview_old = False
        self.refusal_of: Callable[[Draft], str] = lambda _: ""
        """Why the core would not send a draft now, empty when it would."""
        self._filling = False
        self._build(theme)
        self._lay_out(theme)
        self._quiet = QTimer(self)
        self._quiet.setSingleShot(True)
        self._quiet.setInterval(_QUIET_MS)
        self._quiet.timeout.connect(lambda: self.draft_changed.emit(self.draft))
        self._wire()
        self.read()

    # ------------------------------------------------------------ building
    def _build(self, theme: Theme) -> None:
        tick = Decimal("0.01")
        self.strip = ArmStrip(theme)
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
        self.quantity = QLineEdit(self.model.fields.size_text)
        self.quantity.setObjectName("ticketSize")
        self.quantity.setAccessibleName("Quantity: a number, 1R, 0.5%, $10k")
        self.quantity.setToolTip("A number, 1R (risk units at the stop), 0.5% of net liquidation, $10k, 50Δ")
        self.kind = QComboBox()
        self.kind.addItems([formats.ORDER_TYPES[kind] for kind in TYPES])
        self.kind.setObjectName("ticketType")
        self.force = QComboBox()
        self.force.addItems([formats.TIMES_IN_FORCE[force] for force in FORCES])
        self.force.setObjectName("ticketForce")
        self.limit = DecimalSpin(theme, "Limit price", tick=tick, minimum=tick)
        self.stop = DecimalSpin(theme, "Stop price", tick=tick, minimum=tick)
        self.limit.setObjectName("ticketLimit")
        self.stop.setObjectName("ticketStop")
        self.trail = QLineEdit()
        self.trail.setObjectName("ticketTrail")
        self.trail.setPlaceholderText("0.50 or 1%")
        self.outside = QCheckBox("Outside hours")
        self.outside.setObjectName("ticketOutside")
        self.with_stop, self.with_target = QCheckBox("Stop"), QCheckBox("Target")
        self.with_stop.setObjectName("ticketWithStop")
        self.with_target.setObjectName("ticketWithTarget")
        self.exit_stop = DecimalSpin(theme, "Protective stop", tick=tick, minimum=tick)
        self.exit_target = DecimalSpin(theme, "Target", tick=tick, minimum=tick)
        self.exit_stop.setObjectName("ticketExitStop")
        self.exit_target.setObjectName("ticketExitTarget")
        self.stop_words, self.target_words = QLabel(""), QLabel("")
        for words in (self.stop_words, self.target_words):
            words.setProperty("role", "muted")
        self.error = ElidedLabel("")
        self.error.setProperty("role", "danger")
        self.error.setObjectName("ticketError")
        self.preview = PreviewBlock(theme)
        self.arm = Button(theme, "Arm…", icon="lock")
        self.arm.setObjectName("ticketArm")
        self.send = Button(theme, "Buy", ButtonKind.BUY_OUTLINE, icon="lock")
        self.send.setObjectName("ticketSend")

    def _lay_out(self, theme: Theme) -> None:
        space = theme.space
        head = QHBoxLayout()
        head.setSpacing(space.x3)
        head.addWidget(self.buy)
        head.addWidget(self.sell)
        head.addStretch(1)
        head.addWidget(self.data_mark)
        cross = QLabel("×")
        cross.setProperty("role", "muted")
        for label in (self.bid_size, self.bid, cross, self.ask, self.ask_size):
            head.addWidget(label)
        self.limit_field = Field(theme, "Limit price", self.limit, line=False)
        self.stop_field = Field(theme, "Stop price", self.stop, line=False)
        self.trail_field = Field(theme, "Trail by", self.trail, line=False)
        fields = QHBoxLayout()
        fields.setSpacing(space.x4)
        fields.addWidget(Field(theme, "Quantity", self.quantity, line=False), 3)
        fields.addWidget(Field(theme, "Type", self.kind, line=False), 3)
        for field in (self.limit_field, self.stop_field, self.trail_field):
            fields.addWidget(field, 4)
        fields.addWidget(Field(theme, "In force", self.force, line=False), 3)
        exits = QGridLayout()
        exits.setHorizontalSpacing(space.x3)
        for column, widget in enumerate(
            (self.with_stop, self.exit_stop, self.stop_words, self.with_target, self.exit_target, self.target_words)
        ):
            exits.addWidget(widget, 0, column)
        exits.setColumnStretch(1, 2)
        exits.setColumnStretch(4, 2)
        exits.setColumnStretch(2, 1)
        exits.setColumnStretch(5, 1)
        actions = QHBoxLayout()
        actions.setSpacing(space.x4)
        actions.addWidget(self.arm)
        actions.addWidget(self.send, 1)
        extra = QHBoxLayout()
        extra.addWidget(self.error, 1)
        extra.addWidget(self.outside)
        inner = QVBoxLayout()
        inner.setContentsMargins(space.x4, space.x4, space.x4, space.x4)
        inner.setSpacing(space.x4)
        inner.addLayout(head)
        inner.addLayout(fields)
        inner.addLayout(exits)
        inner.addLayout(extra)
        inner.addWidget(self.preview)
        inner.addStretch(1)
        inner.addLayout(actions)
        body = QWidget()
        column_layout = QVBoxLayout(body)
        column_layout.setContentsMargins(0, 0, 0, 0)
        column_layout.setSpacing(0)
        column_layout.addWidget(self.strip)
        column_layout.addLayout(inner, 1)
        self.set_body(body)

    def _wire(self) -> None:
        self.buy.clicked.connect(lambda: self.set_side(Side.BUY))
        self.sell.clicked.connect(lambda: self.set_side(Side.SELL))
        self.bid.clicked.connect(lambda: self._take_quote_price("bid"))
        self.ask.clicked.connect(lambda: self._take_quote_price("ask"))
        for line in (self.quantity, self.trail):
            line.textEdited.connect(self.read)
        for spin in (self.limit, self.stop, self.exit_stop, self.exit_target):
            spin.lineEdit().textChanged.connect(self.read)
        for box in (self.kind, self.force):
            box.currentIndexChanged.connect(self.read)
        for check in (self.outside, self.with_stop, self.with_target):
            check.toggled.connect(self.read)
        self.quantity.returnPressed.connect(self.focus_send)
        self.arm.clicked.connect(self.arm_requested)
        self.send.clicked.connect(self._send)
        self.send.installEventFilter(self)

    # ------------------------------------------------------------ what it is about
    def set_instrument(self, instrument: Instrument | None, quote: Quote | None, size_text: str) -> None:
        """Start a fresh ticket for another instrument."""
        self.model.set_instrument(instrument, quote, size_text)
        self.set_context(instrument.label if instrument else "")
        self._filling = True
        self.quantity.setText(size_text)
        self.trail.clear()
        self.with_stop.setChecked(False)
        self.with_target.setChecked(False)
        for spin in (self.limit, self.stop, self.exit_stop, self.exit_target):
            spin.set_value(None)
            if instrument is not None:
                spin.set_range(instrument.min_tick, None)
                spin.set_tick(instrument.min_tick)
        self._filling = False
        self.take_quote(quote)
        self.read()

    def preset(self, *, force: TimeInForce, outside: bool, bracket: bool) -> None:
        """Begin with the choices of the settings."""
        self.force.setCurrentIndex(FORCES.index(force))
        self.outside.setChecked(outside)
        self.with_stop.setChecked(bracket)
        self.with_target.setChecked(bracket)

    def take_quote(self, quote: Quote | None) -> None:
        """Show the quote; prices already in the fields stay as they are."""
        first = self.model.quote is None
        self.model.quote = quote
        decimals = self.model.instrument.decimals if self.model.instrument else 2
        for label, price in ((self.bid, quote.bid if quote else None), (self.ask, quote.ask if quote else None)):
            late = formats.delayed_note(price, delayed=quote is not None and quote.delayed)
            label.setText(f"{formats.number(price, decimals)} {late}".rstrip())
        self.data_mark.show_for(quote)
        self.bid_size.setText(formats.size(quote.bid_size if quote else None))
        self.ask_size.setText(formats.size(quote.ask_size if quote else None))
        if self.limit.value is None and not self.limit.lineEdit().text():
            touch = self.model.near_touch()
            if touch is not None:
                self.limit.set_value(touch)
        if first:
            self.read()

    def show_quote_age(self, age_s: float | None) -> None:
        stale = age_s is None or age_s * 1_000 >= self.theme.tokens.age.quote_stale
        set_property(self.bid, "tone", "stale" if stale else "bid")
        set_property(self.ask, "tone", "stale" if stale else "ask")
        if self.model.instrument is not None:
            self.set_context(f"{self.model.instrument.label}" + (f"  quote {formats.age(age_s)} old" if stale else ""))

    def set_side(self, side: Side) -> None:
        """Turn the ticket; an untouched limit joins the other side of the market."""
        if side is self.model.fields.side:
            return
        joined = self.limit.value == self.model.near_touch()
        self.model.change(replace(self.model.fields, side=side))
        self._filling = True
        if joined:
            self.limit.set_value(self.model.near_touch())
        self.exit_stop.set_value(None)
        self.exit_target.set_value(None)
        self._filling = False
        self.read()

    def prefill(self, *, side: Side, limit: Decimal | None) -> None:
        """Put a side and a limit price in, as a click in ladder, chart or chain asks for."""
        self.set_side(side)
        self.kind.setCurrentIndex(TYPES.index(OrderType.LIMIT))
        if limit is not None:
            self.limit.set_value(limit)
        self.read()

    def begin(self, side: Side | None = None) -> None:
        """Put the keyboard into the size field, ready to type over it."""
        if side is not None:
            self.set_side(side)
        self.quantity.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.quantity.selectAll()

    def focus_send(self) -> None:
        if self.send.isEnabled():
            self.send.setFocus(Qt.FocusReason.TabFocusReason)

    def _take_quote_price(self, which: str) -> None:
        if self.model.instrument is None or self.model.quote is None:
            return
        value: float | None = getattr(self.model.quote, which)
        if value is not None:
            self.limit.set_value(self.model.instrument.snap(value))

    # ------------------------------------------------------------ reading
    def read(self) -> None:
        """Read all fields into the model and show what they mean."""
        if self._filling:
            return
        fields = replace(
            self.model.fields,
            size_text=self.quantity.text(),
            order_type=TYPES[self.kind.currentIndex()],
            limit_text=self.limit.text(),
            stop_text=self.stop.text(),
            trail_text=self.trail.text(),
            time_in_force=FORCES[self.force.currentIndex()],
            outside_regular_hours=self.outside.isChecked(),
            with_stop=self.with_stop.isChecked(),
            bracket_stop_text=self.exit_stop.text(),
            with_target=self.with_target.isChecked(),
            bracket_target_text=self.exit_target.text(),
        )
        self.model.change(fields)
        self.draft, errors = self.model.read()
        self._refusal = self.refusal_of(self.draft) if self.draft is not None else ""
        self._show_fields()
        self._show_exits()
        self._show_errors(errors)
        self._show_send()
        self._quiet.start()

    def _show_fields(self) -> None:
        kind = self.model.fields.order_type
        self.limit_field.setVisible(kind in NEEDS_LIMIT)
        self.stop_field.setVisible(kind in NEEDS_STOP)
        self.trail_field.setVisible(kind is OrderType.TRAIL)
        buying = self.model.fields.side is Side.BUY
        solid = self._armed
        self.buy.set_kind((ButtonKind.BUY if solid else ButtonKind.BUY_OUTLINE) if buying else ButtonKind.PLAIN)
        self.sell.set_kind(ButtonKind.PLAIN if buying else ButtonKind.SELL if solid else ButtonKind.SELL_OUTLINE)

    def _show_exits(self) -> None:
        fields, bracket = self.model.fields, self.draft.command.bracket if self.draft else None
        self._filling = True
        self.with_stop.setChecked(fields.with_stop)
        self.with_target.setChecked(fields.with_target)
        if bracket is not None:
            for spin, value in ((self.exit_stop, bracket.stop_price), (self.exit_target, bracket.target_price)):
                if value is not None and not spin.lineEdit().text() and not spin.hasFocus():
                    spin.set_value(value)
        self._filling = False
        self.exit_stop.setEnabled(fields.with_stop)
        self.exit_target.setEnabled(fields.with_target)
        reference = self.draft.reference if self.draft else None
        for label, spin in ((self.stop_words, self.exit_stop), (self.target_words, self.exit_target)):
            away = None
            if spin.isEnabled() and spin.value is not None and reference is not None:
                away = spin.value - reference
            decimals = self.model.instrument.decimals if self.model.instrument else 2
            label.setText("" if away is None else formats.number(away, decimals, formats.SignRule.ALWAYS))

    def _show_errors(self, errors: dict[str, str]) -> None:
        marked = {
            "size_text": self.quantity,
            "trail_text": self.trail,
            "limit_text": self.limit,
            "stop_text": self.stop,
            "bracket_stop_text": self.exit_stop,
            "bracket_target_text": self.exit_target,
        }
        for name, widget in marked.items():
            set_property(widget, "invalid", name in errors)
        first = next(iter(errors.values()), "")
        words = self.draft.size_words if self.draft else ""
        wrong = self._blocked or first or self._refusal
        set_property(self.error, "role", "danger" if wrong else "muted")
        self.error.setText(wrong or words)
        self.error.setToolTip(wrong or words)

    def _show_send(self) -> None:
        buying = self.model.fields.side is Side.BUY
        text = self.draft.words if self.draft else f"{formats.SIDES[self.model.fields.side]} …"
        self.send.setText(text)
        if self._armed:
            self.send.set_kind(ButtonKind.BUY if buying else ButtonKind.SELL)
            self.send.set_icon(None)
        else:
            self.send.set_kind(ButtonKind.BUY_OUTLINE if buying else ButtonKind.SELL_OUTLINE)
            self.send.set_icon("lock")
        why = self._blocked or self._refusal or ("The preview is old; wait for a fresh one." * self._preview_old)
        self.send.setToolTip(why)
        self.send.setEnabled(self.draft is not None and not why)

    def _send(self) -> None:
        if self.draft is not None and self.send.isEnabled():
            self.send_requested.emit(self.draft)

    def recheck(self) -> None:
        """Ask again whether the core would send what stands here: its answer follows market, account and time."""
        refusal = self.refusal_of(self.draft) if self.draft is not None else ""
        if refusal != self._refusal:
            self._refusal = refusal
            self._show_errors({})
            self._show_send()

    def set_preview_age(self, age_s: float | None) -> None:
        """Show how old the broker's preview is; the button waits while it is too old. None: there is none."""
        self.preview.show_age(age_s)
        old = age_s is not None and age_s * 1_000 >= self.theme.tokens.age.preview_stale
        if old != self._preview_old:
            self._preview_old = old
            self._show_send()

    # ------------------------------------------------------------ what the core says
    def set_armed_state(self, armed: bool, left: str = "") -> None:
        """Show whether the button sends at once, and for how long still."""
        changed = armed != self._armed
        self._armed = armed
        self.arm.setText(f"Disarm {left}".strip() if armed else "Arm…")
        self.arm.set_icon("unlock" if armed else "lock")
        if changed:
            self.strip.set_armed(armed)
            self.set_armed(armed)
            self._show_fields()
            self._show_send()

    def set_blocked(self, reason: str) -> None:
        """Refuse to send with a reason and its way out; empty lifts it."""
        if reason != self._blocked:
            self._blocked = reason
            self.read()

    def show_preview(self, rows: list[PreviewRow], figures: PreviewFigures, problem: str = "") -> None:
        self.preview.show_rows(rows, figures, problem)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Enter on the send button presses it: only a key that was pressed there, not one that led there."""
        pressed = event.type() == QEvent.Type.KeyPress and watched is self.send
        if pressed and isinstance(event, QKeyEvent) and _is_enter(event):
            if not event.isAutoRepeat():
                self.send.click()
            return True
        return super().eventFilter(watched, event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        side = {"b": Side.BUY, "s": Side.SELL}.get(event.text().lower())
        if side is not None and not event.modifiers():
            self.begin(side)
            return
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and (
            event.modifiers() & Qt.KeyboardModifier.ControlModifier
        ):
            if not event.isAutoRepeat():
                self._send()
            return
        super().keyPressEvent(event)
