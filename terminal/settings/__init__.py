# SPDX-License-Identifier: Apache-2.0
"""Settings: what a person decided, as an immutable tree of typed sections, one TOML file for each profile.

Read before the first window is painted, so only the standard library is imported here. Holds no secret (those
are in the keyring) and no layout (that is the workspace). This package decides what a value may be, never what
it is for.
"""

from terminal.settings.file import SettingsError, SettingsFile, SettingsLoaded, SettingsProblem
from terminal.settings.rules import NumberRule, Rule, SettingField, section_fields
from terminal.settings.tree import (
    SECTIONS,
    VERSION,
    Appearance,
    Connection,
    Demo,
    Density,
    Log,
    LogLevel,
    Recording,
    Scalar,
    Settings,
    Theme,
    Trading,
    Watchlist,
)

__all__ = [
    "SECTIONS",
    "VERSION",
    "Appearance",
    "Connection",
    "Demo",
    "Density",
    "Log",
    "LogLevel",
    "NumberRule",
    "Recording",
    "Rule",
    "Scalar",
    "SettingField",
    "Settings",
    "SettingsError",
    "SettingsFile",
    "SettingsLoaded",
    "SettingsProblem",
    "Theme",
    "Trading",
    "Watchlist",
    "section_fields",
]
