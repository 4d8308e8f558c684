# SPDX-License-Identifier: Apache-2.0
"""Market presenter: the chosen instrument, and every panel that shows its market."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from terminal.model.enums import AssetClass
from terminal.model.events import DataNotice
from terminal.model.ids import InstrumentId
from terminal.model.instrument import Instrument
from widgets.bridge import Frame
from widgets.chart.panel import ChartPanel
from widgets.chart.past_sessions import with_past
from widgets.figures import late_words
from widgets.ladder.panel import LadderPanel
from widgets.panel import Panel
from widgets.presenters.chain import ChainPresenter
from widgets.presenters.common import Stage, sentences
from widgets.tape.panel import TapePanel
from widgets.watchlist import rows
from widgets.watchlist.panel import WatchlistPanel

DAY_S = 86_400
HISTORY_S = {5: 3_600, 60: 2 * DAY_S, 300: 5 * DAY_S, 900: 10 * DAY_S, 3_600: 30 * DAY_S, 86_400: 365 * DAY_S}
"""How much history a time frame shows at first, by its bar's seconds."""


@dataclass(slots=True)
class MarketPanels:
    watchlist: WatchlistPanel
    chart: ChartPanel
    ladder: LadderPanel
    tape: TapePanel


class MarketPresenter:
    """Follows the chosen instrument of each link group through the panels of that group."""

    def __init__(self, stage: Stage, panels: MarketPanels, chain: ChainPresenter) -> None:
        self._stage = stage
        self._kernel = stage.kernel
        self._panels = panels
        self._chain = chain
        self.current: Instrument | None = None
        """What was chosen last, in the watchlist's group."""
        self.first_symbol = ""
        """What was chosen when the window was last closed."""
        self.shown: dict[str, Instrument] = {}
        """Which instrument each linked panel shows, by the panel's key."""
        self.on_shown: Callable[[str, Instrument], None] = lambda _key, _instrument: None
        """Told which panel shows which instrument from now on."""
        self._groups: dict[int, Instrument] = {}
        self._linked: dict[str, tuple[Panel, Callable[[Instrument], None]]] = {
            "chart": (panels.chart, self._show_chart),
            "ladder": (panels.ladder, self._show_ladder),
            "tape": (panels.tape, self._show_tape),
            "chain": (chain.panel, chain.set_underlying),
        }
        self._bars_of: tuple[InstrumentId, int, bool] | None = None
        panels.watchlist.chosen.connect(self.choose)
        panels.watchlist.add_requested.connect(lambda text: stage.run(self.open_symbol(text, keep=True), "Not added"))
        panels.watchlist.remove_requested.connect(self._remove)
        panels.chart.timeFrameChanged.connect(lambda _: self._follow_bars())
        for key in self._linked:
            self._follow_group(key)

    def link(self, key: str, panel: Panel, show: Callable[[Instrument], None]) -> None:
        """Let one more panel follow its link group: ``show`` is called with every instrument chosen there."""
        self._linked[key] = (panel, show)
        self._follow_group(key)

    def _follow_group(self, key: str) -> None:
        panel, _ = self._linked[key]
        panel.link_group_changed.connect(partial(self._join, key))

    def _join(self, key: str, group: int) -> None:
        """A panel that joins a group shows what the group shows."""
        instrument = self._groups.get(group)
        if instrument is not None and self.shown.get(key) != instrument:
            self._show_in(key, instrument)

    # ------------------------------------------------------------ choosing
    def choose(self, instrument_id: InstrumentId) -> None:
        """Show an instrument that the core knows in every panel of the watchlist's group."""
        instrument = self._kernel.hub.instrument(instrument_id)
        if instrument is not None and (self.current is None or instrument.id != self.current.id):
            self._show(instrument)

    async def open_symbol(self, text: str, *, keep: bool = False) -> None:
        """Find what a person typed and show it; ``keep`` puts it into the watchlist for good."""
        instrument = await self._kernel.open_symbol(text, keep=keep)
        self.refresh_watchlist()
        self._show(instrument)

    def show_contract(self, instrument: Instrument) -> None:
        """Show a contract that a panel already has whole (an option of the chain), in the chain's group."""
        self._kernel.hub.add_instrument(instrument)
        self._show(instrument, self._chain.panel.link_group)

    def _show(self, instrument: Instrument, group: int | None = None) -> None:
        watchlist = self._panels.watchlist
        chosen = watchlist.link_group if group is None else group
        if chosen == watchlist.link_group:
            self.current = instrument
            watchlist.select(instrument.id)
        self._groups[chosen] = instrument
        for key, (panel, _) in self._linked.items():
            if panel.link_group == chosen and chosen:
                self._show_in(key, instrument)

    def _show_in(self, key: str, instrument: Instrument) -> None:
        kernel = self._kernel
        previous = self.shown.get(key)
        self.shown[key] = instrument
        kernel.subscriptions.release(key)
        if previous is not None and all(shown.id != previous.id for shown in self.shown.values()):
            kernel.hub.forget(previous.id)
        self._stage.attempt(lambda: kernel.subscriptions.watch(instrument, "quote", key))
        self._linked[key][1](instrument)
        self.on_shown(key, instrument)

    def _show_chart(self, instrument: Instrument) -> None:
        chart, quote = self._panels.chart, self._kernel.hub.quote(instrument.id)
        chart.set_instrument(instrument, instrument.name)
        chart.set_sessions(with_past(instrument.liquid_hours, instrument.time_zone))
        if quote is not None:
            chart.set_quote(quote)
        self._follow_bars()

    def _show_ladder(self, instrument: Instrument) -> None:
        ladder, quote = self._panels.ladder, self._kernel.hub.quote(instrument.id)
        ladder.set_instrument(instrument)
        if instrument.asset_class is AssetClass.OPTION:
            ladder.set_top_only("Top of book only. Depth is not asked for options.")
        else:
            self._kernel.subscriptions.watch(instrument, "depth", "ladder")
        if quote is not None:
            ladder.set_quote(quote)

    def _show_tape(self, instrument: Instrument) -> None:
        tape, quote = self._panels.tape, self._kernel.hub.quote(instrument.id)
        tape.set_instrument(instrument)
        if instrument.asset_class is AssetClass.OPTION:
            tape.show_no_permission(
                "No prints for options", "The broker sends tick-by-tick data for stocks, futures and currencies only."
            )
            return
        self._kernel.subscriptions.watch(instrument, "trades", "tape")
        if quote is not None:
            tape.set_quote(quote)

    # ------------------------------------------------------------ bars
    def _follow_bars(self) -> None:
        instrument, chart = self.shown.get("chart"), self._panels.chart
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
        panels, shown = self._panels, self.shown
        for key, take in (
            ("chart", panels.chart.set_quote),
            ("ladder", panels.ladder.set_quote),
            ("tape", panels.tape.set_quote),
        ):
            instrument = shown.get(key)
            quote = frame.quotes.get(instrument.id) if instrument is not None else None
            if quote is not None:
                take(quote)
        ladder, tape = shown.get("ladder"), shown.get("tape")
        depth = frame.depths.get(ladder.id) if ladder is not None else None
        if depth is not None:
            panels.ladder.set_depth(depth)
        if tape is not None and frame.trades:
            trades = [trade for trade in frame.trades if trade.instrument_id == tape.id]
            if trades:
                panels.tape.add_trades(trades)
        for listed in self._kernel.watchlist:
            if listed.id in frame.quotes:
                self._watch_row(listed)
        self._chain.on_frame(frame)

    def on_notice(self, notice: DataNotice) -> None:
        """Show trouble with a channel in the panel that it concerns."""
        code = str(notice.code) if notice.code else ""
        text = sentences(notice.meaning or notice.text, notice.way_out)
        match notice.channel:
            case "depth" if self._concerns(notice, "ladder"):
                self._panels.ladder.set_top_only(f"Top of book only. {text}")
            case "ticks" if self._concerns(notice, "tape"):
                self._panels.tape.show_no_permission("No prints", text, code=code)
            case "history" if self._concerns(notice, "chart"):
                said = sentences(notice.meaning, notice.text, notice.way_out)  # one code for every refusal there
                self._panels.chart.show_error("No bars", said, code=code)
            case "chain" if self._concerns(notice, "chain"):
                self._chain.show_refusal(text, code)

    def _concerns(self, notice: DataNotice, key: str) -> bool:
        instrument = self.shown.get(key)
        return instrument is not None and notice.instrument_id in (None, instrument.id)

    # ------------------------------------------------------------ ages
    def tick(self) -> None:
        """Ten times a second: ages of everything on screen."""
        for instrument in self._kernel.watchlist:
            self._watch_row(instrument)
        self._age_watchlist()
        current, hub = self.current, self._kernel.hub
        if current is None:
            return
        self._panels.watchlist.details.show_instrument(
            current, hub.quote(current.id), self._kernel.clock.now_ns(), self._stage.ages.quote(current.id)
        )
        ladder = self.shown.get("ladder")
        if ladder is not None:
            self._age_ladder(ladder)
        chart = self.shown.get("chart")
        if chart is not None and hub.quote(chart.id) is not None:
            self._panels.chart.show_age(hub.age_s(chart.id), self._stage.stale_s)
        tape = self.shown.get("tape")
        if tape is not None:
            self._age_tape(tape)
        self._chain.tick()

    def _age_watchlist(self) -> None:
        hub, watchlist = self._kernel.hub, self._panels.watchlist
        ages = [hub.age_s(one.id) for one in self._kernel.watchlist if hub.quote(one.id) is not None]
        late = [age for age in ages if self._stage.ages.is_stale(age)]
        if late:
            watchlist.show_stale(late_words(late, len(ages)))
        else:
            watchlist.show_live()

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

    def _age_tape(self, instrument: Instrument) -> None:
        hub, tape = self._kernel.hub, self._panels.tape
        age, heard = hub.age_s(instrument.id), tape.model.heard_ns
        if age is None and heard is not None:
            age = hub.age_of(heard)
        tape.show_age(age, self._stage.stale_s)

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
        if self.current is None:
            self._choose_first()

    def _choose_first(self) -> None:
        """Begin where the person left, as soon as that symbol is there; with the first one otherwise."""
        found = {str(instrument.id): instrument for instrument in self._kernel.watchlist}
        symbols = self._kernel.symbols
        if self.first_symbol in found:
            self._show(found[self.first_symbol])
        elif found and (self.first_symbol not in symbols.texts or self.first_symbol in symbols.problems):
            self._show(self._kernel.watchlist[0])

    def _remove(self, instrument_id: InstrumentId) -> None:
        self._kernel.remove_symbol(instrument_id)
        self._panels.watchlist.model.remove(instrument_id)
