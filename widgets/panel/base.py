# SPDX-License-Identifier: Apache-2.0
"""Panel: header, optional strip, body, optional footer, and what the panel says when it has no live data.

A panel's author puts a widget into the body and calls ``show_live``, ``show_stale``, ``show_error`` and
their like; the frame, the header, the link group, the active edge and the waiting are done here. It knows
no bus and no kernel.
"""

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QApplication, QFrame, QHBoxLayout, QProgressBar, QStackedWidget, QVBoxLayout, QWidget

from widgets import formats
from widgets.panel.header import PanelHeader
from widgets.panel.states import Action, Condition, Message, Skeleton
from widgets.theme import Theme, set_property

LOADING_LIMIT_MS: Final = 10_000
RETRY: Final = Action("retry", "Try again")


class Panel(QFrame):
    """The frame of one panel.

    Signals:
        action_chosen: key of the `Action` that a person took in an empty, error or no-permission message.
        link_group_changed: link group 1 to 8, 0 for none, whoever changed it.
        condition_changed: the panel says something else about its data (`Condition`).
        active_changed: the keyboard focus came into or left the panel.
    """

    action_chosen = Signal(str)
    link_group_changed = Signal(int)
    condition_changed = Signal(object)
    active_changed = Signal(bool)

    def __init__(
        self,
        theme: Theme,
        title: str,
        *,
        link_group: int | None = None,
        loading_limit_ms: int = LOADING_LIMIT_MS,
        parent: QWidget | None = None,
    ) -> None:
        """`link_group` None means that the panel follows no instrument and has no chip."""
        super().__init__(parent)
        self.theme = theme
        self.setObjectName("panel")
        self.setAccessibleName(title)
        self.header = PanelHeader(theme, title, linkable=link_group is not None, parent=self)
        self.header.chip.set_group(link_group or 0)
        self.header.chip.group_chosen.connect(self.link_group_changed)
        self._condition = Condition.LIVE
        self._active = False
        self._progress = QProgressBar(self)
        self._progress.setTextVisible(False)
        self._progress.setAccessibleName("Loading progress")
        self._progress.hide()
        self._strip = self._bar("panelStrip")
        self._footer = self._bar("panelFooter")
        self._pages = QStackedWidget(self)
        self._body = QWidget(self._pages)
        self._message = Message(theme, self._pages)
        self._skeleton = Skeleton(theme, self._pages)
        for page in (self._body, self._message, self._skeleton):
            self._pages.addWidget(page)
        self._message.chosen.connect(self.action_chosen)
        column = QVBoxLayout(self)
        column.setContentsMargins(1, 1, 1, 1)
        column.setSpacing(0)
        for part in (self.header, self._progress, self._strip, self._pages, self._footer):
            column.addWidget(part, 1 if part is self._pages else 0)
        self._waiting = QTimer(self)
        self._waiting.setSingleShot(True)
        self._waiting.setInterval(loading_limit_ms)
        self._waiting.timeout.connect(self._waited_too_long)
        app = QApplication.instance()
        if isinstance(app, QApplication):
            app.focusChanged.connect(self._follow_focus)

    # ------------------------------------------------------------------ parts
    def set_body(self, widget: QWidget) -> None:
        """Put the panel's content in; once."""
        if self._pages.indexOf(widget) >= 0:
            return
        old = self._body
        self._pages.insertWidget(0, widget)
        self._body = widget
        if self._pages.currentWidget() is old:
            self._pages.setCurrentWidget(widget)
        self._pages.removeWidget(old)
        old.deleteLater()
        self.setFocusProxy(widget)

    @property
    def body(self) -> QWidget:
        """The panel's content."""
        return self._body

    def add_to_strip(self, widget: QWidget, stretch: int = 0) -> None:
        """Put a widget into the bar under the header; the bar shows with its first widget."""
        self._put(self._strip, widget, stretch)

    def add_to_footer(self, widget: QWidget, stretch: int = 0) -> None:
        """Put a widget into the bar at the bottom; the bar shows with its first widget."""
        self._put(self._footer, widget, stretch)

    def add_tool(self, widget: QWidget) -> None:
        """Put a widget at the right end of the header."""
        self.header.add_tool(widget)

    def set_title(self, text: str) -> None:
        """Change the panel's name."""
        self.header.set_title(text)
        self.setAccessibleName(text)

    def set_context(self, text: str) -> None:
        """Say in the header what the panel is about now."""
        self.header.set_context(text)

    # ------------------------------------------------------------------ link group, focus
    @property
    def link_group(self) -> int:
        """Link group 1 to 8, 0 for none."""
        return self.header.chip.link_group

    def set_link_group(self, group: int) -> None:
        """Join a link group. Raises ``ValueError`` outside 0 to 8."""
        if group != self.link_group:
            self.header.chip.set_group(group)
            self.link_group_changed.emit(group)

    @property
    def active(self) -> bool:
        """Whether the keyboard focus is in the panel."""
        return self._active

    def set_armed(self, armed: bool) -> None:
        """Paint the edge in the colour that says that orders can leave from here."""
        set_property(self, "armed", armed)

    # ------------------------------------------------------------------ conditions
    @property
    def condition(self) -> Condition:
        """What the panel says about its data."""
        return self._condition

    @property
    def message(self) -> str:
        """The words of the message that covers the body, empty when none does."""
        return self._message.text if self._pages.currentWidget() is self._message else ""

    def show_live(self, age_s: float | None = None) -> None:
        """Show the body as live; `age_s` is the age of the newest word of its source in seconds."""
        self._enter(Condition.LIVE, self._body)
        self.header.set_state("" if age_s is None else formats.age(age_s))

    def show_stale(self, text: str) -> None:
        """Show the body with a warning in the header: ``3 of 4 stale, oldest 41 s``."""
        self._enter(Condition.STALE, self._body)
        self.header.set_state(text, "warn", "clock")

    def show_empty(self, title: str, meaning: str, action: Action | None = None, *, icon: str = "list") -> None:
        """Say what would be here, with one way to bring it about."""
        self._enter(Condition.EMPTY, self._message)
        self.header.set_state("")
        actions = () if action is None else (action,)
        self._message.show_message(Condition.EMPTY, title, meaning, actions=actions, icon=icon)

    def set_loading_heads(self, heads: Sequence[str]) -> None:
        """Say which column heads stand over the still bars while the panel loads."""
        self._skeleton.set_heads(heads)

    def show_loading(self, done: int = 0, total: int = 0, seconds: float = 0.0) -> None:
        """Show counted progress: ``4 of 9 · 0.8 s``. After the limit without another word it is an error."""
        if self._condition is not Condition.LOADING:
            self._waiting.start()
        self._enter(Condition.LOADING, self._skeleton)
        self._progress.setRange(0, total)
        self._progress.setValue(done)
        count = f"{done} of {total} · " if total else ""
        self.header.set_state(f"{count}{formats.age(seconds)}")

    def show_error(
        self, title: str, meaning: str, *, code: str = "", actions: Sequence[Action] = (RETRY,), cover: bool = True
    ) -> None:
        """Say plainly what failed, the broker's code, what it means now and the way out.

        `cover` False keeps the last good picture where that is safer than a message; the header then holds
        the title, and the meaning is its hint.
        """
        self._enter(Condition.ERROR, self._message if cover else self._body)
        self.header.set_state("Error" if cover else title, "danger", "error")
        self.header.setToolTip("" if cover else " ".join(part for part in (code, meaning) if part))
        self._message.show_message(Condition.ERROR, title, meaning, code=code, actions=actions)

    def show_no_permission(self, title: str, meaning: str, *, code: str = "", actions: Sequence[Action] = ()) -> None:
        """Say which permission is missing and what still works."""
        self._enter(Condition.NO_PERMISSION, self._message)
        self.header.set_state("")
        self._message.show_message(Condition.NO_PERMISSION, title, meaning, code=code, actions=actions)

    # ------------------------------------------------------------------ inside
    def _enter(self, condition: Condition, page: QWidget) -> None:
        if condition is not Condition.LOADING:
            self._waiting.stop()
        if condition is not Condition.ERROR:
            self.header.setToolTip("")
        self._progress.setVisible(condition is Condition.LOADING)
        if self._pages.currentWidget() is not page:
            self._pages.setCurrentWidget(page)
        if condition is not self._condition:
            self._condition = condition
            self.condition_changed.emit(condition)

    def _waited_too_long(self) -> None:
        limit = formats.age(self._waiting.interval() / 1000, fine=False)
        self.show_error("No answer yet", f"Nothing arrived within {limit}. It may still come; you can ask again.")

    def _bar(self, name: str) -> QWidget:
        bar = QWidget(self)
        bar.setObjectName(name)
        row = QHBoxLayout(bar)
        row.setContentsMargins(self.theme.space.x4, self.theme.space.x1, self.theme.space.x4, self.theme.space.x1)
        row.setSpacing(self.theme.space.x5)
        bar.hide()
        return bar

    def _put(self, bar: QWidget, widget: QWidget, stretch: int) -> None:
        layout = bar.layout()
        if isinstance(layout, QHBoxLayout):
            layout.addWidget(widget, stretch)
        bar.show()

    def _follow_focus(self, _old: QWidget | None, new: QWidget | None) -> None:
        active = new is not None and (new is self or self.isAncestorOf(new) or self.header.isAncestorOf(new))
        if active != self._active:
            self._active = active
            set_property(self, "active", active)
            set_property(self.header, "active", active)
            self.active_changed.emit(active)
