# SPDX-License-Identifier: Apache-2.0
"""The strategies panel: one line per strategy with its switch, decisions and parameters of the chosen one.

One click switches between Off, Observe and Live. Results are the strategy's own, apart from manual trading.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Final

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import (
    QDoubleSpinBox,
    QFormLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QScrollArea,
    QSplitter,
    QStackedWidget,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from terminal.model.enums import StrategyState
from terminal.model.events import DecisionMade
from terminal.model.ids import StrategyId
from terminal.strategy.base import Parameter
from widgets import formats
from widgets.controls.buttons import Button, ButtonKind
from widgets.controls.elided import ElidedLabel
from widgets.controls.segments import Segments
from widgets.figures import tone, words
from widgets.freshness import Freshness
from widgets.panel import Panel
from widgets.strategies import rows
from widgets.tables.model import TableModel
from widgets.tables.table import Table
from widgets.theme import Theme, set_property

CHOICES: Final = (("off", "Off"), ("observe", "Observe"), ("live", "Live"))
_KEPT: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategyFigures:
    """What one strategy holds and has made, in the account's currency."""

    position: str
    orders: int
    open_pnl: float | None
    realized: float
    commission: float
    grade: Freshness = Freshness.FRESH
    """As the stalest of what it holds."""
    delayed: bool = False


class StrategyLine(QFrame):
    """One strategy: name, switch, figures, last decision."""

    state_chosen = Signal(object, object)
    selected = Signal(object)

    def __init__(self, theme: Theme, strategy_id: StrategyId, title: str, summary: str) -> None:
        super().__init__()
        self.strategy_id = strategy_id
        self.setObjectName(f"strategy:{strategy_id}")
        self.setProperty("role", "line")
        self.setToolTip(summary)
        self.name = QLabel(title)
        self.name.setProperty("role", "strong")
        self.symbols = ElidedLabel("")
        self.symbols.setProperty("role", "muted")
        self.switch = Segments(theme, f"State of {title}", CHOICES, current="off")
        self.switch.chosen.connect(lambda key: self.state_chosen.emit(strategy_id, StrategyState(key)))
        self.figures = ElidedLabel("")
        self.figures.setProperty("role", "secondary")
        self.pnl = QLabel(formats.NONE)
        self.pnl.setProperty("role", "strong")
        self.word = ElidedLabel("")
        self.word.setProperty("role", "muted")
        space = theme.space
        top, middle = QHBoxLayout(), QHBoxLayout()
        for row in (top, middle):
            row.setSpacing(space.x4)
        top.addWidget(self.name)
        top.addWidget(self.symbols, 1)
        top.addWidget(self.pnl)
        middle.addWidget(self.switch)
        middle.addWidget(self.figures, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(space.x4, space.x3, space.x4, space.x3)
        column.setSpacing(space.x2)
        column.addLayout(top)
        column.addLayout(middle)
        column.addWidget(self.word)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.selected.emit(self.strategy_id)
        super().mousePressEvent(event)

    def show_state(self, state: StrategyState, reason: str, symbols: Sequence[str]) -> None:
        key = "off" if state is StrategyState.FAULTED else state.value
        self.switch.set_current(key)
        self.symbols.setText(", ".join(symbols))
        if state is StrategyState.FAULTED:
            self.word.setText(f"Stopped by a fault. {reason}")
            set_property(self.word, "tone", "danger")
        elif reason:
            self.word.setText(reason[:1].upper() + reason[1:])
            set_property(self.word, "tone", "warn")
        elif self.word.property("tone") in ("warn", "danger"):  # what stopped it is no longer so
            self.word.setText("")

    def show_figures(self, figures: StrategyFigures) -> None:
        self.figures.setText(f"{figures.position or 'flat'}   {figures.orders} working")
        total = None if figures.open_pnl is None else figures.open_pnl + figures.realized - figures.commission
        grade = figures.grade
        self.pnl.setText(words(total, grade=grade, delayed=figures.delayed))
        self.pnl.setToolTip(
            f"Open {words(figures.open_pnl, grade=grade, delayed=figures.delayed)}, "
            f"realised {formats.number(figures.realized, 2, formats.SignRule.MONEY)}, "
            f"commission {formats.number(figures.commission, 2)}"
        )
        set_property(self.pnl, "tone", tone(total, grade=grade))

    def show_decision(self, decision: DecisionMade) -> None:
        when = formats.clock_time(decision.ns)
        self.word.setText(f"{when}  {decision.instrument_id}: {decision.action}. {decision.reason}")
        set_property(self.word, "tone", "muted")


class ParameterForm(QWidget):
    """Every parameter of one strategy with its bounds and unit.

    Signals: ``applied(values)``, ``symbols_applied(tuple)``.
    """

    applied = Signal(dict)
    symbols_applied = Signal(tuple)

    def __init__(self, theme: Theme, parameters: Sequence[Parameter]) -> None:
        super().__init__()
        self._spins: dict[str, QDoubleSpinBox] = {}
        form = QFormLayout()
        form.setHorizontalSpacing(theme.space.x5)
        form.setVerticalSpacing(theme.space.x2)
        self.symbols = QLineEdit()
        self.symbols.setAccessibleName("Symbols, separated by commas")
        self.symbols.setToolTip("Symbols of the watchlist, separated by commas; Enter applies")
        self.symbols.returnPressed.connect(self._apply_symbols)
        form.addRow("Symbols", self.symbols)
        for parameter in parameters:
            spin = QDoubleSpinBox()
            decimals = 0 if parameter.step >= 1 else max(1, len(f"{parameter.step:g}".partition(".")[2]))
            spin.setDecimals(decimals)
            spin.setRange(parameter.low, parameter.high)
            spin.setSingleStep(parameter.step)
            spin.setSuffix(f" {parameter.unit}" if parameter.unit else "")
            spin.setToolTip(f"{parameter.help} ({parameter.low:g} to {parameter.high:g})".strip())
            spin.setAccessibleName(parameter.label)
            spin.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            spin.setObjectName(f"parameter:{parameter.name}")
            spin.lineEdit().setTextMargins(5, 0, 0, 0)
            spin.installEventFilter(self)
            form.addRow(parameter.label, spin)
            self._spins[parameter.name] = spin
        apply = Button(theme, "Apply", ButtonKind.PRIMARY, small=True)
        apply.setObjectName("parametersApply")
        apply.clicked.connect(lambda: self.applied.emit({name: spin.value() for name, spin in self._spins.items()}))
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(apply)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.space.x4, theme.space.x4, theme.space.x4, theme.space.x4)
        column.addLayout(form)
        column.addLayout(row)
        column.addStretch(1)

    def show_values(self, values: Mapping[str, float], symbols: Sequence[str]) -> None:
        for name, spin in self._spins.items():
            if not spin.hasFocus() and name in values:
                spin.setValue(values[name])
        if not self.symbols.hasFocus():
            self.symbols.setText(", ".join(symbols))

    def _apply_symbols(self) -> None:
        self.symbols_applied.emit(
            tuple(part.strip().upper() for part in self.symbols.text().split(",") if part.strip())
        )

    def eventFilter(self, watched: object, event: QEvent) -> bool:
        """A wheel in passing must not move a parameter."""
        if event.type() == QEvent.Type.Wheel and isinstance(watched, QWidget) and not watched.hasFocus():
            event.ignore()
            return True
        return False


class StrategiesPanel(Panel):
    """Signals: state_chosen(id, state), values_applied(id, dict), symbols_applied(id, tuple), stop_all_requested()."""

    state_chosen = Signal(object, object)
    values_applied = Signal(object, dict)
    symbols_applied = Signal(object, tuple)
    stop_all_requested = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme, "Strategies")
        self.lines: dict[StrategyId, StrategyLine] = {}
        self.forms: dict[StrategyId, ParameterForm] = {}
        self._decisions: dict[StrategyId, TableModel] = {}
        self._tables: dict[StrategyId, Table] = {}
        self._serial = count()
        self._selected: StrategyId | None = None
        self._list = QVBoxLayout()
        self._list.setContentsMargins(0, 0, 0, 0)
        self._list.setSpacing(0)
        self._list.addStretch(1)
        holder = QWidget()
        holder.setLayout(self._list)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setWidget(holder)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        self.pages = QStackedWidget()
        self._books: dict[StrategyId, QTabWidget] = {}
        split = QSplitter(Qt.Orientation.Horizontal)
        split.setChildrenCollapsible(False)
        split.setHandleWidth(3)
        split.addWidget(scroll)
        split.addWidget(self.pages)
        split.setStretchFactor(0, 4)
        split.setStretchFactor(1, 5)
        self.set_body(split)
        self.stop_all = Button(theme, "Stop all strategies", ButtonKind.DANGER, small=True)
        self.stop_all.setObjectName("stopStrategies")
        self.stop_all.clicked.connect(self.stop_all_requested)
        self.running = QLabel("")
        self.running.setProperty("role", "secondary")
        self.add_to_footer(self.running, 1)
        self.add_to_footer(self.stop_all)

    def add(self, strategy_id: StrategyId, title: str, summary: str, parameters: Sequence[Parameter]) -> None:
        """Show one more strategy."""
        line = StrategyLine(self.theme, strategy_id, title, summary)
        line.state_chosen.connect(self.state_chosen)
        line.selected.connect(self.select)
        self._list.insertWidget(self._list.count() - 1, line)
        self.lines[strategy_id] = line
        form = ParameterForm(self.theme, parameters)
        form.applied.connect(lambda values, chosen=strategy_id: self.values_applied.emit(chosen, values))
        form.symbols_applied.connect(lambda symbols, chosen=strategy_id: self.symbols_applied.emit(chosen, symbols))
        self.forms[strategy_id] = form
        self._decisions[strategy_id] = TableModel(rows.COLUMNS, self, keep_last=_KEPT)
        table = Table(self.theme, self._decisions[strategy_id], name=f"Decisions of {title}")
        self._tables[strategy_id] = table
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setWidget(form)
        book = QTabWidget()
        book.setDocumentMode(True)
        book.addTab(table, f"{title}: decisions")
        book.addTab(scroll, "Parameters")
        self._books[strategy_id] = book
        self.show_state(strategy_id, StrategyState.OFF, "", ())
        self.pages.addWidget(book)
        if self._selected is None:
            self.select(strategy_id)

    def select(self, strategy_id: StrategyId) -> None:
        """Show decisions and parameters of one strategy."""
        if strategy_id == self._selected:
            return
        self._selected = strategy_id
        self.pages.setCurrentWidget(self._books[strategy_id])
        for known, line in self.lines.items():
            set_property(line, "selected", known == strategy_id)

    def show_state(self, strategy_id: StrategyId, state: StrategyState, reason: str, symbols: Sequence[str]) -> None:
        """Show the state of one strategy and, when it is not off, why no decision stands there yet."""
        self.lines[strategy_id].show_state(state, reason, symbols)
        running = state in (StrategyState.OBSERVE, StrategyState.LIVE)
        self._tables[strategy_id].view.set_empty(
            "No decisions yet",
            "It decides when a bar of its symbols closes."
            if running
            else "Switch the strategy to Observe: it says what it would do, and why.",
        )

    def add_decision(self, decision: DecisionMade) -> None:
        model = self._decisions.get(decision.strategy_id)
        if model is None:
            return
        model.update((decision.ns, decision.instrument_id, next(self._serial)), rows.decision_cells(decision))
        self.lines[decision.strategy_id].show_decision(decision)

    def show_running(self, live: int, observing: int) -> None:
        self.running.setText(f"{live} live, {observing} observing")
        self.stop_all.setEnabled(bool(live or observing))
