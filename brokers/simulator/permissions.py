# SPDX-License-Identifier: Apache-2.0
"""Market data permissions of the account: which symbols have no live data, and what a client hears then.

The words follow IBKR's. Orders and account figures need no permission, here as there.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from terminal.clock import NS_PER_S
from terminal.errors import UserError
from terminal.model.instrument import Instrument
from terminal.simulation.exchange_port import SimulatorRefusalError

DELAY_NS: Final = 15 * 60 * NS_PER_S
"""How old delayed data is."""
NOT_SUBSCRIBED: Final = "Requested market data is not subscribed. Delayed market data is available."
SHOWN_DELAYED: Final = "Requested market data is not subscribed. Displaying delayed market data."
NO_DEPTH: Final = "Requested market data is not subscribed. Deep market data has no delayed form."


def no_permission(instrument: Instrument) -> str:
    """What IBKR calls it where bars and prints are asked for."""
    return f"No market data permissions for {instrument.primary_exchange or instrument.exchange} {instrument.symbol}"


@dataclass(frozen=True, slots=True)
class Permissions:
    """What the account may see live: everything but some symbols and what is written on them."""

    without: frozenset[str] = frozenset()

    def check(self, listed: Iterable[Instrument]) -> None:
        """Raise UserError SIM-015 when a symbol is not in the market: a slip of the pen would permit what it named."""
        known = {instrument.symbol for instrument in listed}
        unknown = sorted(self.without - known)
        if unknown:
            raise UserError(
                "SIM-015",
                f"The market has no {', '.join(unknown)} to withhold. Choose from: {', '.join(sorted(known))}.",
            )

    def allow(self, instrument: Instrument) -> bool:
        """Whether there is live data of it."""
        return instrument.symbol not in self.without

    def need(self, instrument: Instrument, code: int, text: str) -> None:
        """Refuse with this code and text what has no delayed form. Raises SimulatorRefusalError."""
        if not self.allow(instrument):
            raise SimulatorRefusalError(code, text)
