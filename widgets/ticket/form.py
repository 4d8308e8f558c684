# SPDX-License-Identifier: Apache-2.0
"""The fields of the ticket: size, type, prices, force and exits. It holds what is typed and judges nothing."""

from collections.abc import Container
from dataclasses import replace
from decimal import Decimal
from typing import Final

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QGridLayout, QHBoxLayout, QLabel, QLineEdit

from terminal.model.enums import OrderType, TimeInForce
from terminal.model.instrument import Instrument
from widgets import formats
from widgets.controls.decimal_spin import DecimalSpin
from widgets.controls.field import Field
from widgets.theme import Theme, set_property
from widgets.ticket.model import NEEDS_LIMIT, NEEDS_STOP, Draft, TicketFields

TYPES: Final = (OrderType.LIMIT, OrderType.MARKET, OrderType.STOP, OrderType.STOP_LIMIT, OrderType.TRAIL)
FORCES: Final = (TimeInForce.DAY, TimeInForce.GTC, TimeInForce.IOC)


class TicketForm(QObject):
    """The fields and their ``rows``, layouts of the panel's own: what hides in them makes the panel narrower.

    Signals: ``edited()``, something was typed or chosen.
    """

    edited = Signal()

    def __init__(self, theme: Theme, size_text: str, parent: QObject) -> None:
        super().__init__(parent)
        self._filling = False
        self._build(theme, size_text)
        self._lay_out(theme)
        self._wire()

    def _build(self, theme: Theme, size_text: str) -> None:
        tick = Decimal("0.01")
        self.quantity = QLineEdit(size_text)
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

    def _lay_out(self, theme: Theme) -> None:
        space = theme.space
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
        self.rows = (fields, exits)

    def _wire(self) -> None:
        for line in (self.quantity, self.trail):
            line.textEdited.connect(self._tell)
        for spin in self._spins:
            spin.lineEdit().textChanged.connect(self._tell)
        for box in (self.kind, self.force):
            box.currentIndexChanged.connect(self._tell)
        for check in (self.outside, self.with_stop, self.with_target):
            check.toggled.connect(self._tell)

    def _tell(self) -> None:
        if not self._filling:
            self.edited.emit()

    @property
    def _spins(self) -> tuple[DecimalSpin, ...]:
        return self.limit, self.stop, self.exit_stop, self.exit_target

    # ------------------------------------------------------------ reading and filling
    def values(self, before: TicketFields) -> TicketFields:
        """Return what stands in the fields; the side is not theirs."""
        return replace(
            before,
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

    def begin(self, instrument: Instrument | None, size_text: str) -> None:
        """Empty the fields for another instrument, without a signal."""
        self._filling = True
        self.quantity.setText(size_text)
        self.trail.clear()
        self.with_stop.setChecked(False)
        self.with_target.setChecked(False)
        for spin in self._spins:
            spin.set_value(None)
            if instrument is not None:
                spin.set_range(instrument.min_tick, None)
                spin.set_tick(instrument.min_tick)
        self._filling = False

    def turn(self, limit: Decimal | None, *, joined: bool) -> None:
        """Fit the prices to the other side, without a signal: exits start anew, a limit that joined joins again."""
        self._filling = True
        if joined:
            self.limit.set_value(limit)
        self.exit_stop.set_value(None)
        self.exit_target.set_value(None)
        self._filling = False

    # ------------------------------------------------------------ showing
    def show_kind(self, kind: OrderType) -> None:
        """Show the fields that this type of order needs."""
        self.limit_field.setVisible(kind in NEEDS_LIMIT)
        self.stop_field.setVisible(kind in NEEDS_STOP)
        self.trail_field.setVisible(kind is OrderType.TRAIL)

    def show_exits(self, fields: TicketFields, draft: Draft | None, decimals: int) -> None:
        """Show the exits that a draft has, and how far they are from its price."""
        bracket = draft.command.bracket if draft else None
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
        reference = draft.reference if draft else None
        for label, spin in ((self.stop_words, self.exit_stop), (self.target_words, self.exit_target)):
            away = None
            if spin.isEnabled() and spin.value is not None and reference is not None:
                away = spin.value - reference
            label.setText("" if away is None else formats.number(away, decimals, formats.SignRule.ALWAYS))

    def show_stale(self, stale: bool) -> None:
        """Take the weight from distances that are counted from a market which is silent."""
        for label in (self.stop_words, self.target_words):
            set_property(label, "tone", "stale" if stale else "")

    def mark(self, wrong: Container[str]) -> None:
        """Mark the fields that could not be read, by the names of `TicketFields`."""
        marked = {
            "size_text": self.quantity,
            "trail_text": self.trail,
            "limit_text": self.limit,
            "stop_text": self.stop,
            "bracket_stop_text": self.exit_stop,
            "bracket_target_text": self.exit_target,
        }
        for name, widget in marked.items():
            set_property(widget, "invalid", name in wrong)
