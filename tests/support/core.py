# SPDX-License-Identifier: Apache-2.0
"""A kernel on a profile's folder, wired as `main` wires it, with a clock and an end point that a test chooses."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from brokers.ibkr.broker import IbkrBroker
from strategies import mean_reversion, vwap_cross
from terminal.bus import Bus
from terminal.clock import Clock
from terminal.kernel import Kernel, KernelParts, limits_of
from terminal.logs import LogPipeline, Logs, Redactor, Ring
from terminal.model.ids import InstrumentId
from terminal.paths import ProfilePaths, prepare_profile
from terminal.ports import Broker, EventSink
from terminal.registry import Registry
from terminal.settings import Connection, NumberRule, Settings, SettingsFile
from terminal.storage.backup import back_up_daily
from terminal.storage.journal import JournalStore
from terminal.storage.market_store import MarketStore
from terminal.storage.workspace import WorkspaceStore
from terminal.strategy.base import StrategyPlugin
from terminal.trading.limits import facts

CHAIN_KEY = b"a key of thirty-two bytes, fixed"
BrokerFactory = Callable[[EventSink, Clock], Broker]


def risk_rules() -> list[NumberRule]:
    return [
        NumberRule(
            name=fact.name,
            default=fact.default,
            low=fact.low,
            high=fact.high,
            label=fact.label,
            help=fact.help,
            unit=fact.unit,
        )
        for fact in facts()
    ]


def no_checkpoint(_: str) -> None:
    """Let every named moment pass."""


def two_sided(kernel: Kernel, instrument_id: InstrumentId) -> bool:
    """Say whether both sides of a quote are told: on one alone no market order leaves."""
    quote = kernel.hub.quote(instrument_id)
    return quote is not None and quote.mid is not None


async def _diagnose(_: Settings) -> str:
    return "not asked in tests of the core"


def _open_profile(profile: str, connection: Connection) -> None:
    raise AssertionError(f"a test of the core opened the profile {profile} on {connection.host}:{connection.port}")


def build_kernel(
    paths: ProfilePaths,
    *,
    clock: Clock,
    address: tuple[str, int],
    broker: BrokerFactory = IbkrBroker,
    journal: type[JournalStore] = JournalStore,
    changes: Mapping[str, object] | None = None,
    checkpoint: Callable[[str], None] = no_checkpoint,
) -> Kernel:
    """Return a kernel that is not started yet. ``changes``: settings by dotted name, saved in the profile."""
    prepare_profile(paths)
    file = SettingsFile(paths.settings, risk_rules())
    settings = file.load().settings
    for name, value in (changes or {}).items():
        settings = settings.with_value(name, value, file.risk_rules)
    if changes:
        file.save(settings)
    registry: Registry[StrategyPlugin] = Registry(StrategyPlugin)
    registry.add_builtin([vwap_cross.PLUGIN, mean_reversion.PLUGIN])
    ring = Ring()

    async def endpoint() -> tuple[str, int]:
        return address

    parts = KernelParts(
        bus=Bus(),
        clock=clock,
        settings=settings,
        stored=settings,
        settings_file=file,
        journal=journal(
            paths.journal, key=CHAIN_KEY, version="test", settings_digest=settings.digest(), backups=paths.backups
        ),
        back_up=lambda at: back_up_daily(paths.journal, paths.backups, at),
        market_store=lambda: MarketStore(paths.market),
        workspace=WorkspaceStore(paths.workspace),
        logs=Logs(LogPipeline([ring], Redactor()), ring, ([], 0)),
        broker_factory=broker,
        endpoint=endpoint,
        strategies=registry,
        limits=limits_of(settings),
        diagnose=_diagnose,
        open_profile=_open_profile,
    )
    return Kernel(replace(parts, checkpoint=checkpoint))
