# SPDX-License-Identifier: Apache-2.0
"""A profile, open and locked: its settings, its log and its demo market, begun after the first paint.

The first paint needs three words of the settings and nothing else: `Session.look` reads them without the settings'
machinery, and whatever is heavy is imported where it is used. It must not know a broker: what makes the demo's
market is handed in.
"""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

if TYPE_CHECKING:
    from terminal.logs import Logs
    from terminal.paths import ProfilePaths
    from terminal.settings import Connection, Settings, SettingsFile

LOOK: Final = (
    ("connection", "mode", ("demo", "paper", "live")),
    ("appearance", "theme", ("dark", "light", "contrast", "cvd", "system")),
    ("appearance", "density", ("auto", "compact", "normal", "relaxed")),
)
"""What the first paint needs of the settings: section, key, values with the default first. A test holds them equal."""
NAMED_MODES: Final = ("paper", "live")
"""A new profile of this name begins in that mode."""


class DemoMarket(Protocol):
    """The simulated market of a demo, in a process of its own."""

    def wait_listening(self) -> tuple[str, int]:
        """Return its host and port as soon as it can be connected to."""
        ...

    def stop(self) -> None: ...


@dataclass(slots=True)
class Session:
    """One profile whose lock is held. `begin` does what the first paint does not wait for."""

    paths: "ProfilePaths"
    demo: bool
    ending: contextlib.ExitStack
    market: Callable[["ProfilePaths", "Settings"], DemoMarket]
    """Starts the demo's market."""
    notices: tuple[str, ...] = ()

    def begin(self) -> "Begun":
        """Read the settings, start the log and the demo's market; all ends with the session.

        Raises:
            UserError: SET-00x, the settings cannot be used; FIL-00x, a folder is not private.
        """
        from terminal.heap import keep_large_blocks_apart
        from terminal.logs import start_logs
        from terminal.model.enums import Mode

        keep_large_blocks_apart()
        file = settings_file(self.paths)
        loaded = file.load()
        stored = settings = self._in_its_mode(loaded.settings)
        if self.demo:
            settings = replace(settings, connection=replace(settings.connection, mode=Mode.DEMO))
        child = None
        if settings.connection.mode is Mode.DEMO:
            child = self.market(self.paths, settings)
            self.ending.callback(child.stop)
        logs = start_logs(
            self.paths.logs,
            level=settings.log.level.value,
            console="warning",
            mask_accounts=settings.log.mask_accounts,
            kept_days=settings.log.kept_days,
        )
        self.ending.callback(logs.stop)
        return Begun(settings, stored, file, logs, child, (*self.notices, *loaded.warnings))

    def _in_its_mode(self, settings: "Settings") -> "Settings":
        """Return the settings of a new profile that has the name of a mode in that mode; all others as they are."""
        if self.paths.profile not in NAMED_MODES or self.paths.settings.exists():
            return settings
        from terminal.model.enums import Mode

        return replace(settings, connection=replace(settings.connection, mode=Mode(self.paths.profile)))

    def look(self) -> tuple[str, str, str]:
        """Return mode, theme and density for the first paint, without the settings' whole machinery.

        Anything unusual in the file is left to the full reading, which refuses it in words.
        """
        import tomllib

        known: dict[str, Any] = {}
        with contextlib.suppress(FileNotFoundError, UnicodeDecodeError, tomllib.TOMLDecodeError):
            known = tomllib.loads(self.paths.settings.read_text("utf-8"))
        found = []
        for section, key, usual in LOOK:
            table = known.get(section, {})
            value = table.get(key, usual[0]) if isinstance(table, dict) else None
            if value not in usual:
                settings = settings_file(self.paths).load().settings
                return (
                    settings.connection.mode.value,
                    settings.appearance.theme.value,
                    settings.appearance.density.value,
                )
            found.append(str(value))
        if self.paths.profile in NAMED_MODES and not self.paths.settings.exists():
            found[0] = self.paths.profile
        return ("demo" if self.demo else found[0]), found[1], found[2]


@dataclass(frozen=True, slots=True)
class Begun:
    """What `Session.begin` started."""

    settings: "Settings"
    stored: "Settings"
    settings_file: "SettingsFile"
    logs: "Logs"
    child: DemoMarket | None
    notices: tuple[str, ...]


def settings_file(paths: "ProfilePaths") -> "SettingsFile":
    """Return the profile's settings file, which knows the rules of the risk limits."""
    from terminal.settings import NumberRule, SettingsFile
    from terminal.trading.limits import facts

    rules = [
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
    return SettingsFile(paths.settings, rules)


def keep_connection(beside: "ProfilePaths", name: str, connection: "Connection") -> Path:
    """Save a connection in the profile ``name`` that lies beside another; return the folder of both.

    Raises:
        UserError: SET-00x, FIL-00x, it cannot be saved there.
    """
    from terminal.paths import prepare_profile, profile_paths

    folder = beside.root.parent
    other = profile_paths(name, folder)
    prepare_profile(other)
    file = settings_file(other)
    file.save(replace(file.load().settings, connection=connection))
    return folder
