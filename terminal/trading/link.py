# SPDX-License-Identifier: Apache-2.0
"""LinkWatch: is the way to the broker sound, and do both sides agree since it came back?

Counts sessions, so that a proof of absence knows whether an order was sent in an earlier one. It only keeps
state; what follows from a change is the engine's business.
"""

from typing import Final

from terminal.model.enums import LinkState
from terminal.model.events import LinkChanged

_FARM_CODES: Final = frozenset({2103, 2104, 2105, 2106, 2107, 2108, 2119, 2157, 2158})
"""Data farms: they dim quotes and do not touch orders."""
_UP: Final = frozenset({LinkState.SYNCING, LinkState.READY})


class LinkWatch:
    """State of the link as the order core sees it."""

    def __init__(self) -> None:
        self.state = LinkState.DISCONNECTED
        self.text = "not connected"
        self.session = 0
        """Counts connections of this run; 0 before the first."""
        self.reconciled = False
        self._down_since_sync = True
        self._broker_down = False

    @property
    def connected(self) -> bool:
        """Order bytes can reach the broker."""
        return self.state in _UP or (self.state is LinkState.DEGRADED and not self._broker_down)

    @property
    def socket_up(self) -> bool:
        """Cancels can be handed over, even if the broker's own link is down."""
        return self.state in _UP or self.state is LinkState.DEGRADED

    @property
    def sound(self) -> bool:
        """What the broker says now can prove something."""
        return self.connected

    def on_link(self, event: LinkChanged) -> tuple[bool, bool]:
        """Take a change; return whether the link was lost just now, and whether it came up just now."""
        was_connected, was_socket = self.connected, self.socket_up
        farm = event.state is LinkState.DEGRADED and event.code in _FARM_CODES
        self.state = event.state
        self._broker_down = event.state is LinkState.DEGRADED and not farm
        if event.text or event.state not in _UP:
            self.text = event.text or event.state.value
        if self.socket_up and not was_socket:
            self.session += 1
        lost = was_connected and not self.connected
        if not self.connected:
            self.reconciled = False
        return lost, self.connected and not was_connected
