# SPDX-License-Identifier: Apache-2.0
"""What the composition root hands to the kernel: the things with a life outside it, and factories. No logic."""

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from terminal.bus import Bus
from terminal.clock import Clock
from terminal.logs import Logs
from terminal.ports import Broker, EventSink
from terminal.registry import Registry
from terminal.settings import Connection, Settings, SettingsFile
from terminal.storage.journal import JournalStore
from terminal.storage.workspace import WorkspaceStore
from terminal.strategy.base import StrategyPlugin
from terminal.trading.limits import RiskLimits

if TYPE_CHECKING:
    from terminal.storage.market_store import MarketStore


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelParts:
    """What the composition root hands over: things with a life outside the kernel, and factories."""

    bus: Bus
    clock: Clock
    settings: Settings
    stored: Settings
    """What the file holds: the command line may have overridden a part of it for this run alone."""
    settings_file: SettingsFile
    journal: JournalStore
    back_up: Callable[[Clock], Coroutine[Any, Any, None]]
    """Copies the journal once a day, for ever."""
    market_store: "Callable[[], MarketStore]"
    """Makes the store of market data. It and the backups bring SQL, which a window does not wait for."""
    workspace: WorkspaceStore
    logs: Logs
    broker_factory: Callable[[EventSink, Clock], Broker]
    endpoint: Callable[[], Coroutine[Any, Any, tuple[str, int]]]
    """Where to connect: the settings' host and port, or the demo's child once it listens."""
    strategies: Registry[StrategyPlugin]
    limits: RiskLimits
    diagnose: Callable[[Settings], Coroutine[Any, Any, str]]
    """Checks of the connection, in words with the way out of each trouble."""
    open_profile: Callable[[str, Connection], None]
    """Start Tiller once more, on another profile, with these connection settings saved for it."""
    notices: Sequence[str] = ()
    """What opening the profile found, in words."""
    checkpoint: Callable[[str], None] = lambda _: None
