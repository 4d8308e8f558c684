# SPDX-License-Identifier: Apache-2.0
"""The tree itself: every setting that Tiller has, with its default. Defaults are the careful choice."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from ipaddress import ip_address
from typing import Annotated, Any, Final

from terminal.model.enums import DataType, Mode, TimeInForce
from terminal.settings.rules import NumberRule, Rule, section_fields

VERSION: Final = 1
Scalar = bool | int | float | str
_LOOPBACK_ONLY: Final = (
    "must be this machine (127.0.0.1, ::1, localhost) unless connection.allow_remote_host is true, because the "
    "protocol is plain text without a password"
)
_SYMBOL: Final = re.compile(r"[\^A-Z0-9./@ -]{1,40}", re.ASCII)


class Theme(StrEnum):
    DARK = "dark"
    LIGHT = "light"
    CONTRAST = "contrast"
    CVD = "cvd"
    SYSTEM = "system"


class Density(StrEnum):
    AUTO = "auto"  # compact on screens up to 1,600 pixels wide, else normal
    COMPACT = "compact"
    NORMAL = "normal"
    RELAXED = "relaxed"


class LogLevel(StrEnum):
    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"


def is_loopback(host: str) -> bool:
    """Say whether ``host`` names this machine itself."""
    if host.lower() == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _refuse_symbol(name: str) -> str:
    return "" if _SYMBOL.fullmatch(name) else "must be symbols in capital letters such as AAPL, ES or EUR.USD"


def _refuse_host(name: str) -> str:
    known = re.fullmatch(r"[A-Za-z0-9.:_-]{1,253}", name, re.ASCII)
    return "" if known else "must be a host name or address such as 127.0.0.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    mode: Annotated[
        Mode,
        Rule(
            label="Mode",
            help="What money is at stake: demo starts its own market, paper and live connect to TWS or IB Gateway",
        ),
    ] = Mode.DEMO
    host: Annotated[
        str, Rule(label="Host", help="Where TWS or IB Gateway runs; this machine unless allowed", check=_refuse_host)
    ] = "127.0.0.1"
    port: Annotated[
        int,
        Rule(
            label="Port",
            help="Socket port in the API settings of TWS (7497 paper, 7496 live) or IB Gateway (4002 paper, 4001 live)",
            low=1,
            high=65535,
        ),
    ] = 7497
    client_id: Annotated[
        int,
        Rule(
            label="Client id", help="Number of this client; each program at one TWS needs its own", low=1, high=999_999
        ),
    ] = 17
    account: Annotated[
        str, Rule(label="Account", help="Account to trade; empty takes the only one that the broker names")
    ] = ""
    data_type: Annotated[
        DataType,
        Rule(
            label="Market data",
            help="Ask for live data, or for delayed data where no subscription exists",
            choices=(DataType.LIVE.value, DataType.DELAYED.value),
        ),
    ] = DataType.LIVE
    connect_timeout_s: Annotated[
        float, Rule(label="Connection timeout", help="How long to wait for an answer", unit="s", low=1, high=60)
    ] = 5.0
    market_data_lines: Annotated[
        int, Rule(label="Market data lines", help="How many quotes the account may stream at once", low=10, high=10_000)
    ] = 100
    allow_remote_host: Annotated[
        bool,
        Rule(
            label="Allow another machine",
            help="The protocol of TWS is plain text without a password: only on a network that you trust",
        ),
    ] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Appearance:
    theme: Annotated[Theme, Rule(label="Theme", help="Colours of every window")] = Theme.DARK
    density: Annotated[Density, Rule(label="Density", help="Height of rows and controls")] = Density.AUTO


@dataclass(frozen=True, slots=True, kw_only=True)
class Trading:
    confirm_before_send: Annotated[
        bool, Rule(label="Confirm before sending", help="Ask once more even while armed; disarmed it always asks")
    ] = False
    stock_quantity: Annotated[
        int, Rule(label="Stock quantity", help="First quantity in the ticket", unit="shares", low=1, high=1_000_000)
    ] = 100
    option_quantity: Annotated[
        int, Rule(label="Option quantity", help="First quantity in the ticket", unit="contracts", low=1, high=10_000)
    ] = 1
    future_quantity: Annotated[
        int, Rule(label="Future quantity", help="First quantity in the ticket", unit="contracts", low=1, high=10_000)
    ] = 1
    forex_quantity: Annotated[
        int, Rule(label="Currency quantity", help="First quantity in the ticket", unit="units", low=1, high=100_000_000)
    ] = 20_000
    time_in_force: Annotated[TimeInForce, Rule(label="Time in force", help="First choice in the ticket")] = (
        TimeInForce.DAY
    )
    outside_regular_hours: Annotated[bool, Rule(label="Outside regular hours", help="First choice in the ticket")] = (
        False
    )
    bracket_on: Annotated[bool, Rule(label="Bracket", help="Open the ticket with a stop and a target")] = False
    bracket_stop_percent: Annotated[
        float, Rule(label="Bracket stop", help="Distance of the stop from the entry", unit="%", low=0.05, high=50)
    ] = 1.0
    bracket_target_ratio: Annotated[
        float, Rule(label="Bracket target", help="Distance of the target in stop distances", unit="x", low=0.1, high=20)
    ] = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Watchlist:
    symbols: Annotated[
        tuple[str, ...], Rule(label="Symbols", help="What the watchlist shows, in this order", check=_refuse_symbol)
    ] = ("AAPL", "MSFT", "NVDA", "TSLA", "IBM", "SPY", "QQQ", "/ES", "EUR.USD")


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    on: Annotated[
        bool, Rule(label="Record market data", help="Keep quotes, trades and volatilities of watched symbols")
    ] = True
    retention_days: Annotated[
        int, Rule(label="Keep for", help="Older recordings are deleted", unit="days", low=1, high=3650)
    ] = 30
    size_cap_mb: Annotated[
        int,
        Rule(label="Size limit", help="The oldest recordings go when there is more", unit="MB", low=64, high=1_000_000),
    ] = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Demo:
    seed: Annotated[int, Rule(label="Seed", help="The same seed gives the same market", low=0, high=2**31 - 1)] = 1
    speed: Annotated[
        float, Rule(label="Speed", help="How fast the demo's time passes", unit="x", low=0.1, high=1000)
    ] = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    level: Annotated[LogLevel, Rule(label="Detail", help="Least important line that is kept")] = LogLevel.INFO
    mask_accounts: Annotated[bool, Rule(label="Mask account numbers", help="Show DU•••001 in place of the number")] = (
        True
    )
    kept_days: Annotated[int, Rule(label="Keep for", help="Older logs are deleted", unit="days", low=1, high=365)] = 30


SECTIONS: Final[Mapping[str, type]] = {
    "connection": Connection,
    "appearance": Appearance,
    "trading": Trading,
    "watchlist": Watchlist,
    "recorder": Recording,
    "demo": Demo,
    "log": Log,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything of one profile. ``unknown`` holds what this version does not know, as TOML gave it."""

    connection: Connection = field(default_factory=Connection)
    appearance: Appearance = field(default_factory=Appearance)
    trading: Trading = field(default_factory=Trading)
    watchlist: Watchlist = field(default_factory=Watchlist)
    recorder: Recording = field(default_factory=Recording)
    demo: Demo = field(default_factory=Demo)
    log: Log = field(default_factory=Log)
    risk: Mapping[str, float | bool] = field(default_factory=dict)
    """Limit by name; what they mean and their bounds are declared by the trading core."""
    strategies: Mapping[str, Mapping[str, Scalar]] = field(default_factory=dict)
    """Parameters that differ from a strategy's own defaults, by strategy id."""
    unknown: Mapping[str, Any] = field(default_factory=dict)

    def with_value(self, name: str, value: object, risk_rules: tuple[NumberRule, ...] = ()) -> "Settings":
        """Return a tree with one setting (``section.key`` or ``strategies.ID.key``) changed.

        Raises:
            ValueError: there is no such setting, or its rule refuses the value; the text says which rule.
        """
        section, _, key = name.partition(".")
        if section == "risk":
            rule = next((each for each in risk_rules if each.name == key), None)
            wrong = rule.refuse(value) if rule is not None else "is not a limit that this version knows"
            if rule is None or wrong:
                raise ValueError(f"{name} {wrong}, was {value!r}")
            return replace(self, risk={**self.risk, key: rule.parse(value)})
        if section == "strategies":
            strategy, _, parameter = key.rpartition(".")
            if not strategy or not parameter or not isinstance(value, bool | int | float | str):
                raise ValueError(f"{name} must be strategies.ID.PARAMETER with a plain value, was {value!r}")
            return replace(
                self, strategies={**self.strategies, strategy: {**self.strategies.get(strategy, {}), parameter: value}}
            )
        return self._with_field(section, key, value)

    def _with_field(self, section: str, key: str, value: object) -> "Settings":
        if section not in SECTIONS:
            raise ValueError(f"there is no section {section!r}")
        found = next((each for each in section_fields(SECTIONS[section]) if each.name == key), None)
        if found is None:
            raise ValueError(f"there is no setting {section}.{key}")
        if wrong := found.refuse(found.to_toml(value)):
            raise ValueError(f"{section}.{key} {wrong}, was {value!r}")
        changed = replace(self, **{section: replace(getattr(self, section), **{key: found.parse(value)})})
        if conflict := changed.contradiction():
            raise ValueError(f"{conflict[0]} {conflict[1]}, was {value!r}")
        return changed

    def contradiction(self) -> tuple[str, str] | None:
        """Return a setting and what is wrong with it in the light of others; None when nothing is."""
        if not is_loopback(self.connection.host) and not self.connection.allow_remote_host:
            return "connection.host", _LOOPBACK_ONLY
        return None

    def to_plain(self) -> dict[str, Any]:
        """Return the known settings as TOML values: section -> key -> value."""
        plain: dict[str, Any] = {
            name: {each.name: each.to_toml(getattr(getattr(self, name), each.name)) for each in section_fields(section)}
            for name, section in SECTIONS.items()
        }
        plain["risk"] = dict(self.risk)
        plain["strategies"] = {name: dict(values) for name, values in self.strategies.items()}
        return plain

    def digest(self) -> str:
        """Return a short name of exactly these settings, for the journal and for noticing a change."""
        text = json.dumps(self.to_plain(), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def risk_digest(self) -> str:
        """Return a short name of exactly these risk limits: arming holds for them alone."""
        text = json.dumps(dict(self.risk), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:16]
