# SPDX-License-Identifier: Apache-2.0
"""Chart and ladder against an empty plot, in one run: ``python -m benchmarks.bench_chart``.

Goal G5: with a million bars a last-bar update takes less than 1 ms and at most twice the repaint of an empty
pyqtgraph plot, a pan less than 4 ms and at most 1.5 times the empty plot's pan. The ladder paints 20 levels in
less than 0.3 ms. Each figure is update plus synchronous repaint; rounds alternate between ours and the
reference; medians of rounds, and of the ratios of rounds.
"""

import json
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Final

import numpy as np
import pyqtgraph as pg
from PySide6.QtWidgets import QApplication, QWidget

from benchmarks.harness import Row
from terminal.model.market import Bar
from tests.gui.painted import sample
from widgets.chart.interaction import ChartView
from widgets.chart.model import ChartModel
from widgets.chart.pyramid import Columns
from widgets.ladder.model import LadderModel
from widgets.ladder.view import LadderView
from widgets.theme import Theme

BARS: Final = 1_000_000
ROUNDS: Final = 41
REPEATS: Final = 8
_SIZE: Final = (1600, 900)


@dataclass(frozen=True, slots=True)
class Result:
    """One figure beside its reference, milliseconds; ``noise`` is the middle half of the ratios' spread."""

    name: str
    ours_ms: float
    reference_ms: float
    ratio: float
    noise: float
    most_ms: float
    most_ratio: float | None

    @property
    def met(self) -> bool:
        return self.ours_ms < self.most_ms and (self.most_ratio is None or self.ratio <= self.most_ratio)


def _time(action: Callable[[int], None]) -> float:
    """Return milliseconds per call."""
    start = time.perf_counter_ns()
    for place in range(REPEATS):
        action(place)
    return (time.perf_counter_ns() - start) / REPEATS / 1e6


def _compare(
    name: str,
    ours: Callable[[int], None],
    reference: Callable[[int], None],
    most_ms: float,
    most_ratio: float | None,
) -> Result:
    for action in (ours, reference):
        _time(action)
    rounds = [(_time(ours), _time(reference)) for _ in range(ROUNDS)]
    ratios = [mine / theirs for mine, theirs in rounds]
    quarters = statistics.quantiles(ratios, n=4)
    return Result(
        name=name,
        ours_ms=round(statistics.median(mine for mine, _ in rounds), 4),
        reference_ms=round(statistics.median(theirs for _, theirs in rounds), 4),
        ratio=round(statistics.median(ratios), 3),
        noise=round(quarters[2] - quarters[0], 3),
        most_ms=most_ms,
        most_ratio=most_ratio,
    )


def _model() -> ChartModel:
    rng = np.random.default_rng(1)
    close = 6000 + np.cumsum(np.round(rng.normal(0, 1, BARS))) / 4
    opens = np.concatenate(([6000.0], close[:-1]))
    reach = np.round(rng.random((2, BARS)) * 4) / 4
    columns = Columns(
        opens,
        np.maximum(opens, close) + reach[0],
        np.minimum(opens, close) - reach[1],
        close,
        np.round(rng.lognormal(6, 1, BARS)),
    )
    model = ChartModel(60)
    model.set_instrument(sample.INSTRUMENT)
    times = sample.at(10) - np.arange(BARS, dtype=np.int64)[::-1] * 60 * sample.NS
    model.series.load_columns(times, columns)
    model.set_sessions(sample.SESSIONS)
    model.orders = sample.orders()
    return model


def _chart_results(theme: Theme) -> list[Result]:
    start = time.perf_counter_ns()
    model = _model()
    view = ChartView(theme, model, lambda: sample.NOW)
    _show(view)
    view.rebuilt()
    view.viewport().repaint()
    print(f"build and first paint of {BARS:,} bars: {(time.perf_counter_ns() - start) / 1e6:.0f} ms")
    empty = pg.PlotWidget(background=theme.color("chart.bg"))
    empty.setXRange(0, 200, padding=0)
    empty.setYRange(0, 100, padding=0)
    _show(empty)

    def empty_repaint(_place: int) -> None:
        empty.viewport().repaint()

    def empty_pan(place: int) -> None:
        shift = 3.0 * (place % 20)
        empty.setXRange(shift, 200 + shift, padding=0)
        empty.viewport().repaint()

    live = model.series.live
    assert live is not None
    row = live.row

    def tick(place: int) -> None:
        close = row.close + (0.25 if place % 2 else 0.0)
        bar = Bar(
            instrument_id=sample.INSTRUMENT.id,
            seconds=60,
            start_ns=live.start_ns,
            open=row.open,
            high=max(row.high, row.close + 0.25),
            low=row.low,
            close=close,
            volume=row.volume,
            closed=False,
        )
        view.bars_changed(model.set_bars([bar], reset=False))
        view.viewport().repaint()

    def pan(place: int) -> None:
        view.pan(-3.0 if place % 2 else 3.0)
        view.viewport().repaint()

    out = []
    for name, visible in (("200 bars in sight", 200), ("all bars in sight", BARS)):
        view.go_home()
        view.zoom(view.view.step / (view.view.width * 0.85 / visible))
        view.go_home()
        view.viewport().repaint()
        out.append(_compare(f"last bar, {name}", tick, empty_repaint, 1.0, 2.0))
        view.pan(-1000)
        out.append(_compare(f"pan, {name}", pan, empty_pan, 4.0, 1.5))
    for widget in (view, empty):
        widget.close()
    return out


def _ladder_results(theme: Theme) -> list[Result]:
    model = LadderModel()
    model.set_instrument(sample.INSTRUMENT)
    model.set_quote(sample.quote())
    view = LadderView(theme, model)
    view.resize(236, 3 * 18 + 20 * 18 + 4)
    view.show()
    books = [sample.depth(seed=seed) for seed in range(8)]
    empty = pg.PlotWidget()
    _show(empty)

    def update(place: int) -> None:
        model.set_depth(books[place % 8])
        view.refresh()
        view.repaint()

    def paint(_place: int) -> None:
        view.invalidate()
        view.repaint()

    def plain(_place: int) -> None:
        empty.viewport().repaint()

    results = [
        _compare("ladder, paint 20 levels anew", paint, plain, 0.3, None),
        _compare("ladder, new book and its paint", update, plain, 0.6, None),
    ]
    for widget in (view, empty):
        widget.close()
    return results


def _show(widget: QWidget) -> None:
    widget.resize(*_SIZE)
    widget.show()
    QApplication.processEvents()


def run(*, tell: bool = True) -> list[dict[str, object]]:
    """Measure, print each figure beside its reference and goal, and return them as plain rows."""
    app = QApplication.instance()
    if not isinstance(app, QApplication):
        app = QApplication([])
    theme = Theme(app, "dark", "compact")
    results = [*_chart_results(theme), *_ladder_results(theme)]
    for item in results if tell else ():
        goal = f"< {item.most_ms} ms" + (f" and <= {item.most_ratio}x" if item.most_ratio else "")
        print(
            f"{item.name:36} ours {item.ours_ms:7.3f} ms   empty plot {item.reference_ms:7.3f} ms   "
            f"ratio {item.ratio:5.2f} (noise {item.noise:.2f})   goal {goal}: {'met' if item.met else 'MISSED'}"
        )
    return [{**asdict(item), "met": item.met} for item in results]


def measure(*, quick: bool) -> list[Row]:
    """Return the same as rows of the common form."""
    del quick  # it takes seconds
    return [
        Row(
            name=str(item["name"]),
            unit="ms",
            ours=float(str(item["ours_ms"])),
            reference=float(str(item["reference_ms"])),
            reference_name="empty plot",
            ratio=float(str(item["ratio"])),
            noise=float(str(item["noise"])),
            goal=f"< {item['most_ms']} ms" + (f" and <= {item['most_ratio']}x" if item["most_ratio"] else ""),
            met=bool(item["met"]),
        )
        for item in run(tell=False)
    ]


if __name__ == "__main__":
    print(json.dumps(run()))
