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
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from terminal.model.enums import OrderType, Side, TimeInForce
from terminal.model.instrument import Instrument
from terminal.model.market import Quote
from widgets import formats
from widgets.controls.buttons import Button, ButtonKind
from widgets.controls.elided import ElidedLabel
from widgets.controls.mode import ArmStrip
from widgets.panel import Panel
from widgets.theme import Theme, set_property
from widgets.ticket.form import FORCES, TYPES, TicketForm
from widgets.ticket.model import Draft, TicketModel
from widgets.ticket.preview import PreviewBlock, PreviewFigures, PreviewRow
from widgets.ticket.quote_head import QuoteHead

_QUIET_MS: Final = 150
_CHORD: Final = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier


def _is_enter(event: QKeyEvent) -> bool:
    return event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter} and not event.modifiers() & _CHORD


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
        self.strip = ArmStrip(theme)
        self.head = head = QuoteHead(theme)
        self.form = form = TicketForm(theme, self.model.fields.size_text, self)
        self.buy, self.sell, self.bid, self.ask = head.buy, head.sell, head.bid, head.ask
        self.quantity, self.kind, self.force = form.quantity, form.kind, form.force
        self.limit, self.stop, self.trail, self.outside = form.limit, form.stop, form.trail, form.outside
        self.with_stop, self.exit_stop = form.with_stop, form.exit_stop
        self.with_target, self.exit_target = form.with_target, form.exit_target
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
        inner.addLayout(self.head.row)
        for row in self.form.rows:
            inner.addLayout(row)
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
        self.form.edited.connect(self.read)
        self.quantity.returnPressed.connect(self.focus_send)
        self.arm.clicked.connect(self.arm_requested)
        self.send.clicked.connect(self._send)
        self.send.installEventFilter(self)

    # ------------------------------------------------------------ what it is about
    def set_instrument(self, instrument: Instrument | None, quote: Quote | None, size_text: str) -> None:
        """Start a fresh ticket for another instrument."""
        self.model.set_instrument(instrument, quote, size_text)
        self.set_context(instrument.label if instrument else "")
        self.form.begin(instrument, size_text)
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
        self.head.show_quote(quote, decimals)
        if self.limit.value is None and not self.limit.lineEdit().text():
            touch = self.model.near_touch()
            if touch is not None:
                self.limit.set_value(touch)
        if first:
            self.read()

    def show_quote_age(self, age_s: float | None) -> None:
        stale = age_s is None or age_s * 1_000 >= self.theme.tokens.age.quote_stale
        self.head.show_stale(stale)
        self.preview.show_market(stale=stale)
        self.form.show_stale(stale and self.draft is not None and self.draft.of_market)
        if stale and self.model.instrument is not None:
            self.show_stale("no quote" if age_s is None else f"quote {formats.age(age_s, fine=False)} old")
        else:
            self.show_live()

    def set_side(self, side: Side) -> None:
        """Turn the ticket; an untouched limit joins the other side of the market."""
        if side is self.model.fields.side:
            return
        joined = self.limit.value == self.model.near_touch()
        self.model.change(replace(self.model.fields, side=side))
        self.form.turn(self.model.near_touch(), joined=joined)
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
        self.model.change(self.form.values(self.model.fields))
        self.draft, errors = self.model.read()
        self._refusal = self.refusal_of(self.draft) if self.draft is not None else ""
        self._show_fields()
        decimals = self.model.instrument.decimals if self.model.instrument else 2
        self.form.show_exits(self.model.fields, self.draft, decimals)
        self._show_errors(errors)
        self._show_send()
        self._quiet.start()

    def _show_fields(self) -> None:
        fields = self.model.fields
        self.form.show_kind(fields.order_type)
        self.head.show_side(buying=fields.side is Side.BUY, solid=self._armed)

    def _show_errors(self, errors: dict[str, str]) -> None:
        self.form.mark(errors)
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
