# SPDX-License-Identifier: Apache-2.0
"""Positions presenter: what is held and was held today, in the positions table and in the chart's strip.

Its rows are the one picture of the book that orders, risk and status show as well. It sends nothing.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from terminal.model.enums import OrderType, Side
from terminal.model.instrument import Instrument
from terminal.model.position import Position
from widgets.blotter import orders as order_rows
from widgets.blotter import positions as position_rows
from widgets.blotter.panels import PositionsPanel
from widgets.blotter.positions import PositionRow
from widgets.chart.panel import ChartPanel
from widgets.figures import late_words
from widgets.freshness import Freshness, worst
from widgets.presenters.common import Stage

STOPS: Final = frozenset({OrderType.STOP, OrderType.STOP_LIMIT, OrderType.TRAIL})


class PositionsPresenter:
    """Fills the positions table and the position line of the chart ten times a second."""

    def __init__(self, stage: Stage, panel: PositionsPanel, chart: ChartPanel) -> None:
        self._stage = stage
        self._kernel = stage.kernel
        self._panel = panel
        self._chart = chart
        self.current: Instrument | None = None
        """The chart's instrument."""
        self.rows: Sequence[PositionRow] = ()
        """Every instrument that is or was held today, as of the last tick."""
        self.grade = Freshness.FRESH
        """How fresh a sum over all that is held is: as the stalest of it."""
        self.delayed = False
        """Whether a part of such a sum is of delayed prices."""

    def tick(self) -> None:
        """Show what depends on the market and the clock."""
        self.rows = rows = self._rows()
        model = self._panel.model
        shown = {row.instrument.id for row in rows}
        for known in model.ids:
            if known not in shown:
                model.remove(known)
        limits = {"stale_after_s": self._stage.stale_s, "dead_after_s": self._stage.dead_s}
        for row in rows:
            model.update(row.instrument.id, position_rows.position_cells(row, **limits))
        model.set_total(position_rows.total_cells(rows, **limits) if rows else None)
        held = [row for row in rows if row.position.quantity]
        self.grade = worst(self._stage.ages.grade(row.age_s) for row in held)
        self.delayed = any(row.delayed for row in held)
        late = [row.age_s for row in held if self._stage.ages.is_stale(row.age_s)]
        if late:
            self._panel.show_stale(late_words(late, len(held)))
        else:
            self._panel.show_live()
        self._show_position()

    def _rows(self) -> list[PositionRow]:
        """Return a row for every instrument that is or was held today."""
        kernel, rows = self._kernel, []
        for instrument_id, position in kernel.portfolio.positions().items():
            instrument = kernel.instrument(instrument_id)
            if instrument is None or not (position.quantity or position.bought or position.sold):
                continue
            reported = kernel.portfolio.broker_position(instrument_id)
            broker_pnl = kernel.portfolio.broker_pnl(instrument_id)
            rows.append(
                PositionRow(
                    instrument=instrument,
                    position=position,
                    mark=kernel.hub.mark(instrument_id),
                    age_s=self._stage.ages.of(instrument_id),
                    day=kernel.portfolio.daily_pnl(instrument_id),
                    broker_day=broker_pnl.daily if broker_pnl is not None else None,
                    broker_grade=self._stage.ages.pnl(broker_pnl.ns if broker_pnl is not None else None),
                    at_stops=self.at_stops(instrument, position),
                    broker_quantity=reported.quantity if reported is not None else None,
                    owners=kernel.owners(instrument_id),
                    delayed=(quote := kernel.hub.quote(instrument_id)) is not None and quote.delayed,
                )
            )
        return rows

    def at_stops(self, instrument: Instrument, position: Position) -> Decimal | None:
        """Return the result when every working stop of a position fills, None when part of it has no stop."""
        if not position.quantity:
            return None
        left, result = abs(position.quantity), Decimal(0)
        against = Side.SELL if position.quantity > 0 else Side.BUY
        stops = [
            order
            for order in self._kernel.orders.working_for(instrument.id, against)
            if order.spec.order_type in STOPS and order.spec.stop_price is not None
        ]
        direction = 1 if position.quantity > 0 else -1
        stops.sort(key=lambda order: (order.spec.stop_price or Decimal(0)) * -direction)
        for order in stops:
            covered = min(left, order.leaves)
            price = order.spec.stop_price or Decimal(0)
            result += covered * direction * (price - position.average_price) * instrument.multiplier
            left -= covered
        return None if left else result

    def _show_position(self) -> None:
        instrument = self.current
        if instrument is None:
            return
        position = self._kernel.portfolio.position(instrument.id)
        stop = self.at_stops(instrument, position)
        targets = [
            value
            for order in self._kernel.orders.working_for(instrument.id)
            if order.spec.order_type is OrderType.LIMIT
            and (value := order_rows.if_filled(order, position, instrument)) is not None
        ]
        self._chart.set_position(
            position.quantity,
            position.average_price,
            self._kernel.portfolio.unrealized(instrument.id),
            float(stop) if stop is not None else None,
            float(sum(targets, Decimal(0))) if targets else None,
            grade=self._stage.ages.quote(instrument.id),
        )
