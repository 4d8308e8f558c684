# SPDX-License-Identifier: Apache-2.0
"""Panels: the frame that every dock's content stands in, its states, and the dock around it."""

from widgets.panel.base import Panel
from widgets.panel.dock import PanelDock
from widgets.panel.header import PanelHeader
from widgets.panel.states import Action, Condition
from widgets.panel.tabs import TabbedHeaders

__all__ = ["Action", "Condition", "Panel", "PanelDock", "PanelHeader", "TabbedHeaders"]
