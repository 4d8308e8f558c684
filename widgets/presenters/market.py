# SPDX-License-Identifier: Apache-2.0
"""Market presenter: the chosen instrument, and every panel that shows its market."""

from collections.abc import Callable
from dataclasses import dataclass

from terminal.model.enums import AssetClass
from terminal.model.events import DataNotice
from terminal.model.ids import InstrumentId
from terminal.model.instrument import Instrument
from terminal.model.market import Quote
from widgets.bridge import Frame
from widgets.chart.panel import ChartPanel
from widgets.ladder.panel import LadderPanel
from widgets.presenters.chain import ChainPresenter
from widgets.presenters.common import Stage, sentences
from widgets.tape.panel import TapePanel
from widgets.watchlist import rows
from widgets.watchlist.panel import WatchlistPanel

DAY_S = 86_400
HISTORY_S = {60: 2 * DAY_S, 300: 5 * DAY_S, 900: 10 * DAY_S, 3_600: 30 * DAY_S, 86_400: 365 * DAY_S}
"""How much history a time frame shows at first, by its bar's seconds."""


@dataclass(slots=True)
class MarketPanels:
    watchlist: WatchlistPanel
    chart: ChartPanel
    ladder: LadderPanel
    tape: TapePanel


class MarketPresenter:
    """Follows one chosen instrument through all linked panels."""

    def __init__(self, stage: Stage, panels: MarketPanels, chain: ChainPresenter) -> None:
        self._stage = stage
        self._kernel = stage.kernel
        self._panels = panels
        self._chain = chain
        self.current: Instrument | None = None
        self.on_instrument: list[Callable[[Instrument], None]] = []
        """Called when another instrument was chosen."""
        self._bars_of: tuple[InstrumentId, int, bool] | None = None
        panels.watchlist.chosen.connect(self.choose)
        panels.watchlist.add_requested.connect(lambda text: stage.run(self.open_symbol(text, keep=True), "Not added"))
        panels.watchlist.remove_requested.connect(self._remove)
        panels.chart.timeFrameChanged.connect(lambda _: self._follow_bars())

    # ------------------------------------------------------------ choosing
    def choose(self, instrument_id: InstrumentId) -> None:
        """Show an instrument that the core knows in every linked panel."""
        instrument = self._kernel.hub.instrument(instrument_id)
        if instrument is not None and (self.current is None or instrument.id != self.current.id):
            self._show(instrument)

    async def open_symbol(self, text: str, *, keep: bool = False) -> None:
        """Find what a person typed and show it; ``keep`` puts it into the watchlist for good."""
        instrument = await self._kernel.open_symbol(text, keep=keep)
        self.refresh_watchlist()
        self._show(instrument)

    def show_contract(self, instrument: Instrument) -> None:
        """Show a contract that a panel already has whole (an option of the chain)."""
        self._kernel.hub.add_instrument(instrument)
        self._show(instrument)

    def _show(self, instrument: Instrument) -> None:
        kernel, owner = self._kernel, "current instrument"
        previous, self.current = self.current, instrument
        kernel.subscriptions.release(owner)
        if previous is not None:
            kernel.hub.forget(previous.id)
        self._stage.attempt(lambda: kernel.subscriptions.watch(instrument, "quote", owner))
        if instrument.asset_class is not AssetClass.OPTION:
            kernel.subscriptions.watch(instrument, "trades", owner)
        kernel.subscriptions.watch(instrument, "depth", owner)
        panels, quote = self._panels, kernel.hub.quote(instrument.id)
        panels.watchlist.select(instrument.id)
        panels.chart.set_instrument(instrument, instrument.name)
        panels.chart.set_sessions(instrument.liquid_hours)
        panels.ladder.set_instrument(instrument)
        panels.tape.set_instrument(instrument)
        if instrument.asset_class is AssetClass.OPTION:
            panels.tape.show_no_permission(
                "No prints for options", "The broker sends tick-by-tick data for stocks, futures and currencies only."
            )
        if quote is not None:
            self._give_quote(quote)
        self._chain.set_underlying(instrument)
        self._follow_bars()
        for tell in self.on_instrument:
            tell(instrument)

    # ------------------------------------------------------------ bars
    def _follow_bars(self) -> None:
        instrument, chart = self.current, self._panels.chart
        if self._bars_of is not None:
            known, seconds, regular = self._bars_of
            self._kernel.bars.close(known, seconds=seconds, owner="chart", regular_hours_only=regular)
            self._bars_of = None
        if instrument is None:
            return
        seconds = chart.time_frame
        regular = seconds >= DAY_S
        self._bars_of = (instrument.id, seconds, regular)
        self._kernel.bars.open(
            instrument,
            seconds=seconds,
            duration_s=HISTORY_S.get(seconds, 5 * DAY_S),
            owner="chart",
            sink=chart.set_bars,
            regular_hours_only=regular,
        )

    # ------------------------------------------------------------ frames
    def on_frame(self, frame: Frame) -> None:
        current = self.current
        if current is not None:
            quote = frame.quotes.get(current.id)
            if quote is not None:
                self._give_quote(quote)
            depth = frame.depths.get(current.id)
            if depth is not None:
                self._panels.ladder.set_depth(depth)
            trades = [trade for trade in frame.trades if trade.instrument_id == current.id]
            if trades:
                self._panels.tape.add_trades(trades)
        for instrument in self._kernel.watchlist:
            if instrument.id in frame.quotes:
                self._watch_row(instrument)
        self._chain.on_frame(frame)

    def _give_quote(self, quote: Quote) -> None:
        self._panels.chart.set_quote(quote)
        self._panels.ladder.set_quote(quote)
        self._panels.tape.set_quote(quote)

    def on_notice(self, notice: DataNotice) -> None:
        """Show trouble with a channel in the panel that it concerns."""
        if self.current is None or notice.instrument_id not in (None, self.current.id):
            return
        code = str(notice.code) if notice.code else ""
        text = sentences(notice.meaning or notice.text, notice.way_out)
        match notice.channel:
            case "depth":
                self._panels.ladder.set_top_only(f"Top of book only. {text}")
            case "ticks":
                self._panels.tape.show_no_permission("No prints", text, code=code)
            case "history":
                self._panels.chart.show_error("No bars", text, code=code)
            case "chain":
                self._chain.show_refusal(text, code)

    # ------------------------------------------------------------ ages
    def tick(self) -> None:
        """Ten times a second: ages of everything on screen."""
        for instrument in self._kernel.watchlist:
            self._watch_row(instrument)
        current, hub = self.current, self._kernel.hub
        if current is None:
            return
        self._panels.watchlist.details.show_instrument(current, hub.quote(current.id), self._kernel.clock.now_ns())
        self._age_ladder(current)
        self._chain.tick()

    def _age_ladder(self, instrument: Instrument) -> None:
        hub, ladder = self._kernel.hub, self._panels.ladder
        depth = hub.depth(instrument.id)
        if depth is not None:
            age = hub.age_of(depth.received_ns)
        else:
            known = hub.age_s(instrument.id)
            if known is None:
                return
            age = known
        if age >= self._stage.stale_s:
            ladder.show_stale(f"{age:.0f} s old")
        else:
            ladder.show_live(age)

    def _watch_row(self, instrument: Instrument) -> None:
        kernel = self._kernel
        self._panels.watchlist.model.update(
            instrument.id,
            rows.watch_cells(
                instrument,
                kernel.hub.quote(instrument.id),
                quantity=kernel.portfolio.position(instrument.id).quantity,
                age_s=kernel.hub.age_s(instrument.id),
                stale_after_s=self._stage.stale_s,
                dead_after_s=self._stage.dead_s,
            ),
            group=rows.group_of(instrument),
        )

    # ------------------------------------------------------------ watchlist
    def refresh_watchlist(self) -> None:
        """Show the symbols that the core watches, and no others."""
        shown: set[object] = {instrument.id for instrument in self._kernel.watchlist}
        problems = self._kernel.symbols.problems
        model = self._panels.watchlist.model
        for known in model.ids:
            if known not in shown and known not in problems:
                model.remove(known)
        for text, reason in problems.items():
            model.update(text, rows.missing_cells(text, reason), group="Not found")
        for instrument in self._kernel.watchlist:
            self._watch_row(instrument)
        if self.current is None and self._kernel.watchlist:
            self._show(self._kernel.watchlist[0])

    def _remove(self, instrument_id: InstrumentId) -> None:
        self._kernel.remove_symbol(instrument_id)
        self._panels.watchlist.model.remove(instrument_id)
