# SPDX-License-Identifier: Apache-2.0
"""Render the painted panels to PNG, to be laid beside the mocks: ``python -m tests.gui.painted.render DIR``.

Deterministic: the same panels with the same data in every theme and size. The test of this module saves into
its own folder and only looks whether something was painted; a person looks at the rest.
"""

import argparse
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path

from PySide6.QtCore import QPointF
from PySide6.QtWidgets import QApplication, QWidget

from terminal.model.enums import OrderType, Side
from tests.gui.painted import sample
from widgets.chart.marks import MarkState
from widgets.chart.panel import ChartPanel
from widgets.ladder.panel import LadderPanel
from widgets.tape.panel import TapePanel
from widgets.theme import Theme

_SIZES = {
    "1280": {"chart": (630, 520), "ladder": (216, 420), "tape": (170, 420)},
    "1440": {"chart": (768, 615), "ladder": (236, 455), "tape": (180, 455)},
    "2560": {"chart": (1020, 780), "ladder": (336, 1060), "tape": (226, 1060)},
}


def chart(theme: Theme) -> ChartPanel:
    """Return a chart as in the mocks: bracket, entry, position, two fills, a crosshair."""
    panel = ChartPanel(theme, lambda: sample.NOW)
    panel.set_instrument(sample.INSTRUMENT, sample.INSTRUMENT.name)
    panel.set_sessions(sample.SESSIONS)
    bars = sample.bars()
    panel.set_bars(bars, reset=True)
    panel.set_quote(sample.quote())
    panel.set_position(Decimal(2), Decimal("6751.50"), 1100.0, -1050.0, 3250.0)
    panel.set_orders(sample.orders())
    for place in (-22, -18):
        panel.add_fill(Side.BUY, bars[place].low, bars[place].start_ns, Decimal(1))
    return panel


def crowded_chart(theme: Theme) -> ChartPanel:
    """Return a chart with orders that crowd each other, wait, are drafts or lie out of sight."""
    panel = chart(theme)
    more = (
        sample.order("near", Side.BUY, OrderType.LIMIT, "6760.00"),
        sample.order("sending", Side.BUY, OrderType.LIMIT, "6759.75", text="sending", state=MarkState.PENDING),
        sample.order("draft", Side.SELL, OrderType.LIMIT, "6766.00", text="draft", state=MarkState.DRAFT),
        sample.order("far", Side.SELL, OrderType.LIMIT, "7100.00"),
        sample.order("deep", Side.BUY, OrderType.STOP_LIMIT, "6100.00"),
    )
    panel.set_orders((*sample.orders(), *more))
    return panel


def ladder(theme: Theme) -> LadderPanel:
    """Return a ladder with depth and own orders, two of them out of sight."""
    panel = LadderPanel(theme)
    panel.set_instrument(sample.INSTRUMENT)
    panel.set_quote(sample.quote())
    panel.set_depth(sample.depth())
    panel.set_orders(sample.orders())
    return panel


def ladder_top_only(theme: Theme) -> LadderPanel:
    """Return a ladder without depth permission."""
    panel = ladder(theme)
    panel.set_depth(None)
    panel.set_top_only("No depth permission for CME. This is the top of the book.")
    return panel


def ladder_stale(theme: Theme) -> LadderPanel:
    """Return a ladder whose depth is not to be believed."""
    panel = ladder(theme)
    panel.show_stale("Last word 4.2 s ago")
    return panel


def tape(theme: Theme) -> TapePanel:
    """Return a tape with prints of both sides, two of them large."""
    panel = TapePanel(theme)
    panel.set_instrument(sample.INSTRUMENT)
    trades = sample.trades()
    panel.set_quote(sample.quote(ns=trades[0].received_ns - 1))
    panel.add_trades(trades)
    return panel


PANELS: dict[str, tuple[str, Callable[[Theme], QWidget]]] = {
    "chart": ("chart", chart),
    "chart-crowded": ("chart", crowded_chart),
    "ladder": ("ladder", ladder),
    "ladder-top-only": ("ladder", ladder_top_only),
    "ladder-stale": ("ladder", ladder_stale),
    "tape": ("tape", tape),
}


def render(theme: Theme, folder: Path, size: str, names: Sequence[str] = tuple(PANELS)) -> list[Path]:
    """Save the named panels as they look in a window of that width; return the files."""
    saved = []
    for name in names:
        kind, make = PANELS[name]
        panel = make(theme)
        panel.resize(*_SIZES[size][kind])
        panel.show()
        QApplication.processEvents()
        if isinstance(panel, ChartPanel):
            panel.view.cross.move(QPointF(panel.view.view.width * 0.42, panel.view.view.height * 0.66))
            panel.view.cross_changed()
        QApplication.processEvents()
        path = folder / f"{name}-{theme.name}-{size}.png"
        panel.grab().save(str(path))
        saved.append(path)
        panel.close()
        panel.deleteLater()
        QApplication.processEvents()
    return saved


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--theme", action="append", choices=["dark", "light", "contrast", "cvd"])
    parser.add_argument("--size", action="append", choices=list(_SIZES))
    chosen = parser.parse_args()
    chosen.folder.mkdir(parents=True, exist_ok=True)
    app = QApplication([])
    app.setQuitOnLastWindowClosed(False)
    theme = Theme(app, "dark", "compact")
    for size in chosen.size or list(_SIZES):
        for name in chosen.theme or ["dark", "light"]:
            theme.switch(name=name, density="normal" if size == "2560" else "compact")
            render(theme, chosen.folder, size)


if __name__ == "__main__":
    main()
