# SPDX-License-Identifier: Apache-2.0
"""Panel header: link chip, title, context, then age or state, then tools.

It is also the title bar of the panel's dock, so a press beside its controls must reach the dock: nothing
here swallows mouse events.
"""

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QWidget

from widgets.controls.elided import ElidedLabel
from widgets.controls.link_chip import LinkChip
from widgets.theme import Theme, set_property


class PanelHeader(QWidget):
    """The bar at the top of a panel; `PanelHeader.chip` is hidden where a panel follows no instrument."""

    def __init__(self, theme: Theme, title: str, *, linkable: bool = True, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setObjectName("panelHeader")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.chip = LinkChip(theme, parent=self)
        self.chip.setVisible(linkable)
        self._linkable = linkable
        self.in_tabs = False
        self._title = QLabel(title, self)
        self._title.setProperty("role", "title")
        self._context = ElidedLabel("", self)
        self._context.setProperty("tone", "muted")
        self._state_icon = QLabel(self)
        self._state_icon.hide()
        self._state = ElidedLabel("", self)
        self._state.setProperty("role", "muted")
        self._state_look: tuple[str, str] | None = None
        self._lead = QHBoxLayout()
        self._tools = QHBoxLayout()
        row = QHBoxLayout(self)
        row.setContentsMargins(theme.space.x3, 0, theme.space.x3, 0)
        row.setSpacing(theme.space.x4)
        row.addWidget(self.chip)
        row.addWidget(self._title)
        row.addLayout(self._lead)
        row.addWidget(self._context, 1)
        row.addStretch(0)
        state = QHBoxLayout()
        state.setSpacing(theme.space.x2)
        state.addWidget(self._state_icon)
        state.addWidget(self._state)
        row.addLayout(state)
        row.addLayout(self._tools)
        self._lead.setSpacing(theme.space.x4)
        self._tools.setSpacing(theme.space.x2)
        theme.changed.connect(self._restyle)
        self._restyle()

    # ------------------------------------------------------------------ words
    @property
    def title(self) -> str:
        """The panel's name."""
        return self._title.text()

    def set_title(self, text: str) -> None:
        """Change the panel's name."""
        self._title.setText(text)

    def set_context(self, text: str) -> None:
        """Say what the panel is about now: a symbol, a list, a spread."""
        self._context.setText(text)

    @property
    def context(self) -> str:
        """What the panel is about now."""
        return self._context.text()

    def set_state(self, text: str, tone: str = "muted", icon: str = "") -> None:
        """Show age or state at the right: tone muted, warn or danger; an icon such as ``clock`` before it."""
        self._state.setText(text)
        set_property(self._state, "tone", tone)
        look = (icon, tone)
        if look != self._state_look:
            self._state_look = look
            self._tint()

    @property
    def state_text(self) -> str:
        """The age or state that is shown."""
        return self._state.text()

    # ------------------------------------------------------------------ widgets
    def set_in_tabs(self, in_tabs: bool) -> None:
        """Stand in a tab row, which names the panel already: title and context go."""
        self.in_tabs = in_tabs
        self.chip.setVisible(self._linkable and not in_tabs)
        self._title.setVisible(not in_tabs)
        self._context.setVisible(not in_tabs)
        set_property(self, "tabs", in_tabs)
        self._restyle()

    def add_lead(self, widget: QWidget) -> None:
        """Put a widget right after the title: a symbol menu, a price."""
        self._lead.addWidget(widget)

    def add_tool(self, widget: QWidget) -> None:
        """Put a widget at the right end, after those that are there."""
        self._tools.addWidget(widget)

    @property
    def tools_width(self) -> int:
        """Pixels that state and tools need, without the name."""
        state = self._state.sizeHint().width() if self._state.text() else 0
        state += self._theme.tokens.icon.small if self._state_icon.isVisibleTo(self) else 0
        return int(state + self._tools.sizeHint().width() + 2 * self._theme.space.x4 + 2 * self._theme.space.x3)

    def sizeHint(self) -> QSize:
        return QSize(super().sizeHint().width(), self._theme.density.panel_header)

    def minimumSizeHint(self) -> QSize:
        return QSize(0, self._theme.density.panel_header)

    def _restyle(self) -> None:
        heights = self._theme.density
        self.setFixedHeight(heights.tab if self.in_tabs else heights.panel_header)
        self._tint()

    def _tint(self) -> None:
        icon, tone = self._state_look or ("", "muted")
        self._state_icon.setVisible(bool(icon))
        if icon:
            color = {"warn": "state.warn", "danger": "state.danger"}.get(tone, "text.muted")
            size = self._theme.tokens.icon.small
            scale = self.devicePixelRatioF()
            self._state_icon.setPixmap(self._theme.pixmap(icon, color, size, scale))
