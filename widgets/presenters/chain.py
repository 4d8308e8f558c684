# SPDX-License-Identifier: Apache-2.0
"""Chain presenter: fetches expiries and contracts of the chosen underlying and streams only what is in view."""

from collections.abc import Sequence
from functools import partial

from terminal.errors import BrokerError
from terminal.model.enums import AssetClass
from terminal.model.instrument import Instrument
from terminal.model.market import OptionParameters
from widgets import formats
from widgets.bridge import Frame
from widgets.chain.model import Expiry, expiries_of
from widgets.chain.panel import ChainPanel
from widgets.presenters.common import Stage

OWNER = "option chain"
_HAS_OPTIONS = frozenset({AssetClass.STOCK, AssetClass.INDEX, AssetClass.FUTURE})


class ChainPresenter:
    """Keeps the chain panel on the underlying that is chosen."""

    def __init__(self, stage: Stage, panel: ChainPanel) -> None:
        self._stage = stage
        self._kernel = stage.kernel
        self.panel = panel
        self._underlying: Instrument | None = None
        panel.expiry_chosen.connect(lambda expiry: stage.run(self._fetch_contracts(expiry), "No contracts"))
        panel.visible_changed.connect(self._stream)
        panel.action_chosen.connect(lambda _: self._retry())

    def set_underlying(self, instrument: Instrument) -> None:
        """Follow another instrument; an option leaves the chain of its underlying where it is."""
        if instrument.asset_class is AssetClass.OPTION:
            return
        self._underlying = instrument
        quote = self._kernel.hub.quote(instrument.id)
        self.panel.set_underlying(instrument, quote)
        if instrument.asset_class not in _HAS_OPTIONS:
            self.panel.show_empty("No options", f"{instrument.id} has no listed options.")
            return
        self.panel.show_loading()
        self._stage.run(self._fetch_expiries(instrument), "No option chain")

    def _retry(self) -> None:
        if self._underlying is not None:
            self.set_underlying(self._underlying)

    async def _fetch_expiries(self, instrument: Instrument) -> None:
        try:
            parameters = await self._kernel.broker.option_parameters(instrument)
        except BrokerError as error:
            if self._underlying is instrument:
                self.show_refusal(error.text, str(error.code) if error.code else "")
            return
        if self._underlying is not instrument:
            return
        now = self._kernel.clock.now_ns()
        expiries = expiries_of(_codes(parameters), formats.moment(now, instrument.time_zone).date())
        if not expiries:
            self.panel.show_empty("No options", f"The broker lists no options of {instrument.id}.")
            return
        self.panel.set_expiries(expiries)
        self.panel.choose(_first_choice(expiries))

    async def _fetch_contracts(self, expiry: Expiry) -> None:
        underlying = self._underlying
        if underlying is None:
            return
        self.panel.show_loading()
        try:
            contracts = await self._kernel.broker.option_contracts(underlying, expiry.code, expiry.trading_class)
        except BrokerError as error:
            self.show_refusal(error.text, str(error.code) if error.code else "")
            return
        if self._underlying is underlying:
            self.panel.set_contracts(expiry, contracts)

    def show_refusal(self, text: str, code: str) -> None:
        self.panel.show_error("No option chain", text, code=code)

    def _stream(self, contracts: list[Instrument]) -> None:
        """Hold lines for exactly these contracts."""
        subscriptions = self._kernel.subscriptions
        wanted = {contract.id for contract in contracts}
        for use in subscriptions.holders():
            if OWNER in use.owners and use.instrument_id not in wanted:
                subscriptions.unwatch(use.instrument_id, "quote", OWNER)
        for contract in contracts:
            self._kernel.hub.add_instrument(contract)
            if not self._stage.attempt(partial(subscriptions.watch, contract, "quote", OWNER), "Chain not complete"):
                break
            self._show_known(contract)

    def _show_known(self, contract: Instrument) -> None:
        """Show what is known of a contract already, with its age, until its stream speaks."""
        hub = self._kernel.hub
        quote, option, statistics = (
            hub.quote(contract.id),
            hub.option_quote(contract.id),
            hub.statistics(contract.id),
        )
        if quote is not None:
            self.panel.take_quote(quote)
        if option is not None:
            self.panel.take_option(option)
        if statistics is not None:
            self.panel.take_statistics(statistics)

    # ------------------------------------------------------------ frames
    def on_frame(self, frame: Frame) -> None:
        if self._underlying is None:
            return
        known = {contract.id for contract in self.panel.visible_contracts}
        for instrument_id in frame.quotes.keys() & known:
            self.panel.take_quote(frame.quotes[instrument_id])
        for instrument_id in frame.options.keys() & known:
            model = self._kernel.hub.option_quote(instrument_id)
            if model is not None:
                self.panel.take_option(model)
        for instrument_id in frame.statistics.keys() & known:
            statistics = self._kernel.hub.statistics(instrument_id)
            if statistics is not None:
                self.panel.take_statistics(statistics)
        quote = frame.quotes.get(self._underlying.id)
        if quote is not None:
            self.panel.take_spot(quote)

    def tick(self) -> None:
        ages, underlying = self._stage.ages, self._underlying
        self.panel.show_ages(
            {contract.id: ages.of(contract.id) for contract in self.panel.visible_contracts},
            ages.of(underlying.id) if underlying is not None else None,
        )
        self.panel.model.positions = {
            instrument_id: position.quantity
            for instrument_id, position in self._kernel.portfolio.positions().items()
            if position.quantity
        }
        self.panel.update_visible()


def _codes(parameters: Sequence[OptionParameters]) -> list[tuple[str, str]]:
    """Return every (expiry, trading class) once; SMART where the broker names it, else all venues."""
    smart = [one for one in parameters if one.exchange == "SMART"] or parameters
    return sorted({(expiry, one.trading_class) for one in smart for expiry in one.expiries})


def _first_choice(expiries: list[Expiry]) -> int:
    """Return the first monthly expiry at least a week away, else the first."""
    for index, expiry in enumerate(expiries):
        if expiry.monthly and expiry.days >= 7:
            return index
    return 0
