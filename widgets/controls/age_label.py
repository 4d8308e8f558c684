# SPDX-License-Identifier: Apache-2.0
"""Age label: how long ago a source last spoke, in the warning colour once that is too long."""

from PySide6.QtWidgets import QLabel, QWidget

from widgets import formats
from widgets.theme import set_property


class AgeLabel(QLabel):
    """An age that turns stale after `stale_ms` milliseconds."""

    def __init__(self, name: str, stale_ms: int, parent: QWidget | None = None) -> None:
        super().__init__(formats.NONE, parent)
        self._name = name
        self._stale_ms = stale_ms
        self.setProperty("role", "muted")
        self.setAccessibleName(name)

    def set_age(self, seconds: float | None) -> None:
        """Show an age; None is never heard of."""
        stale = seconds is None or seconds * 1000 >= self._stale_ms
        self.setText(formats.age(seconds))
        set_property(self, "tone", "warn" if stale else "muted")
        self.setToolTip(f"{self._name}: {'stale, ' if stale else ''}{formats.age(seconds)} old")

    @property
    def stale(self) -> bool:
        """Whether the shown age is too old."""
        return bool(self.property("tone") == "warn")
