# SPDX-License-Identifier: Apache-2.0
"""Dynamic properties: the sheet's variants, set so that the widget really changes.

A style sheet looks at a dynamic property only when the widget is polished, so a bare ``setProperty``
leaves the old look. Everyone who sets a variant at run time comes through here.
"""

from PySide6.QtWidgets import QWidget


def set_property(widget: QWidget, name: str, value: bool | int | str) -> None:
    """Set a dynamic property that the sheet reads, and polish the widget again if it changed.

    Booleans are stored as ``"true"`` and ``"false"``, as the sheet's selectors write them.
    """
    stored = str(value).lower() if isinstance(value, bool) else value
    if widget.property(name) == stored:
        return
    widget.setProperty(name, stored)
    restyle(widget)


def restyle(widget: QWidget) -> None:
    """Let the sheet look at the widget's properties again."""
    style = widget.style()
    style.unpolish(widget)
    style.polish(widget)
    widget.update()
