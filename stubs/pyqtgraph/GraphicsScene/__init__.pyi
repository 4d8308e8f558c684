# SPDX-License-Identifier: Apache-2.0
"""The scene that sends hover, drag and click events to items."""

from pyqtgraph.GraphicsScene.GraphicsScene import GraphicsScene as GraphicsScene
