# SPDX-License-Identifier: Apache-2.0
"""The profile of the self-test: paper settings for a market of its own, written before a core opens them."""

from dataclasses import replace
from pathlib import Path
from typing import Final

from terminal.model.enums import Mode
from terminal.paths import prepare_profile, profile_paths
from terminal.profile import settings_file
from terminal.selftest.tools import CORE_LIMITS, SYMBOLS

PROFILE: Final = "selftest"


def prepare(folder: Path, address: tuple[str, int]) -> None:
    """Write the settings of a paper profile below ``folder`` that connects to (host, port) ``address``."""
    paths = profile_paths(PROFILE, folder)
    prepare_profile(paths)
    file = settings_file(paths)
    settings = file.load().settings
    host, port = address
    connection = replace(settings.connection, mode=Mode.PAPER, host=host, port=port)
    settings = replace(settings, connection=connection, watchlist=replace(settings.watchlist, symbols=SYMBOLS))
    for name, value in CORE_LIMITS.items():
        settings = settings.with_value(f"risk.{name}", value, file.risk_rules)
    file.save(settings)
