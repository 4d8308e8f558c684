# SPDX-License-Identifier: Apache-2.0
"""Preferences: the settings in use, those that the file keeps, and a watch over what others do to that file.

The two differ where the command line overrode a part for this run alone. A limit of risk that changes reaches the
gate at once. It must not write a setting that nobody changed here: what the file holds beside it stays.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Final

from terminal.clock import Clock
from terminal.errors import UserError
from terminal.kernel.parts import KernelParts
from terminal.settings import Connection, Settings
from terminal.trading.limits import RiskLimits

LOOK_S: Final = 5.0
CHANGED: Final = "the settings file was changed by another program"


def limits_of(settings: Settings) -> RiskLimits:
    """Return the risk limits of a profile: the defaults, with what its settings say in their place."""
    return RiskLimits().changed(settings.risk)


class Preferences:
    """The settings of one profile while it runs."""

    def __init__(self, parts: KernelParts, *, on_limits: Callable[[RiskLimits], None]) -> None:
        self.settings = parts.settings
        self._stored = parts.stored
        self._file = parts.settings_file
        self._open_profile = parts.open_profile
        self._on_limits = on_limits

    def change(self, name: str, value: object) -> None:
        """Change one setting; see `change_all`."""
        self.change_all({name: value})

    def change_all(self, values: Mapping[str, object]) -> None:
        """Change settings (``section.key`` -> value), save them at once, and let their readers know.

        One save waits for the disk, some milliseconds: what belongs together goes in one.

        Raises:
            UserError: SET-001 and following, they cannot be saved; RSK-001, limits contradict each other. Nothing has
                changed.
            ValueError: the rule of one refuses its value; nothing has changed.
        """
        stored, settings = self._stored, self.settings
        for name, value in values.items():
            stored = stored.with_value(name, value, self._file.risk_rules)
            settings = settings.with_value(name, value, self._file.risk_rules)
        limits = limits_of(settings)
        self._file.save(stored)
        self._stored, self.settings = stored, settings
        if any(name.startswith("risk.") for name in values):
            self._on_limits(limits)

    def open_elsewhere(self, connection: Connection) -> str:
        """Open another mode in a window and profile of its own; return the profile's name.

        Raises:
            UserError: APP-002, that profile is this one: it is saved for the next start; SET-00x, it cannot be saved.
        """
        profile = connection.mode.value
        if self._file.path.parent.name == profile:
            stored = replace(self._stored, connection=connection)
            self._file.save(stored)
            self._stored = stored
            raise UserError(
                "APP-002",
                f"the mode of a running window does not change. {profile.upper()} is saved for this profile: close "
                "Tiller and start it again",
            )
        self._open_profile(profile, connection)
        return profile

    async def watch(self, clock: Clock, on_foreign_change: Callable[[], None]) -> None:
        """Call ``on_foreign_change`` whenever somebody else changed the file; it never ends by itself."""
        told = False
        while True:
            changed = await asyncio.to_thread(self._file.changed_on_disk)
            if changed and not told:
                on_foreign_change()
            told = changed
            wake: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            timer = clock.call_later(LOOK_S, partial(_wake, wake))
            try:
                await wake
            finally:
                timer.cancel()


def _wake(waiting: asyncio.Future[None]) -> None:
    if not waiting.done():
        waiting.set_result(None)
