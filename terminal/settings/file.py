# SPDX-License-Identifier: Apache-2.0
"""The settings file: read whole or refused whole, written atomically, never lost.

A value that its rule refuses stops the start, because a guessed limit could cost money; the person is told
name, line, value, rule and way out. A file that cannot be read is never overwritten: `set_aside` keeps it under
another name, and only then can defaults be saved.
"""

import difflib
import hashlib
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from terminal.clock import NS_PER_S, wall_clock_ns
from terminal.errors import UserError
from terminal.paths import check_private_file, write_atomically
from terminal.settings.rules import NumberRule, SettingField, section_fields
from terminal.settings.toml import lines_of_keys, toml_key, toml_value
from terminal.settings.tree import SECTIONS, VERSION, Scalar, Settings

RENAMED: Final[Mapping[str, str]] = {}
"""Old dotted name -> name of today. An entry never leaves."""
_LARGEST: Final = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsProblem:
    """One refused value: ``rule`` completes the sentence "NAME ..."."""

    name: str
    line: int | None
    value: object
    rule: str

    def __str__(self) -> str:
        where = f"line {self.line}: " if self.line is not None else ""
        return f"{where}{self.name} {self.rule}, was {self.value!r}"


class SettingsError(UserError):
    """The file cannot be used. Nothing was changed; ``problems`` lists refused values one by one."""

    def __init__(self, code: str, text: str, problems: Sequence[SettingsProblem] = ()) -> None:
        super().__init__(code, text)
        self.problems = tuple(problems)

    @property
    def mendable(self) -> bool:
        """Whether setting the file aside and starting with defaults loses nothing that a newer Tiller wrote."""
        return self.code in ("SET-001", "SET-002", "SET-004")


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsLoaded:
    settings: Settings
    warnings: tuple[str, ...] = ()
    """Unknown and renamed keys, in words."""


@dataclass(slots=True)
class _Reading:
    """One reading of one file."""

    lines: Mapping[str, int]
    risk_rules: Sequence[NumberRule]
    problems: list[SettingsProblem] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    unknown: dict[str, Any] = field(default_factory=dict)

    def refuse(self, name: str, value: object, rule: str) -> None:
        self.problems.append(SettingsProblem(name=name, line=self.lines.get(name), value=value, rule=rule))

    def keep(self, name: str, value: object, known: Sequence[str]) -> None:
        line = f"line {self.lines[name]}: " if name in self.lines else ""
        close = difflib.get_close_matches(name.rpartition(".")[2], known, 1)
        hint = f"; did you mean {close[0]}?" if close else ""
        self.warnings.append(f"{line}{name} is not known to this version; it is kept and has no effect{hint}")
        self.unknown[name] = value


class SettingsFile:
    """The settings of one profile on disk.

    ``risk_rules`` declares the numbers of the section ``risk``; every one of them is present in what `load`
    returns, with its default where the file does not say.
    """

    def __init__(self, path: Path, risk_rules: Sequence[NumberRule] = (), renamed: Mapping[str, str] = RENAMED) -> None:
        self.path = path
        self.risk_rules = tuple(risk_rules)
        self._renamed = renamed
        self._digest: str | None = None
        self._unreadable = False

    # ------------------------------------------------------------ reading
    def load(self) -> SettingsLoaded:
        """Read the file; a missing one gives the defaults.

        Raises:
            SettingsError: SET-001 not TOML, SET-002 refused values, SET-003 newer version, SET-004 not a text.
            UserError: FIL-00x, others can change the file.
        """
        self._unreadable = True
        text = self._read()
        self._digest = _digest(text)
        if text is None:
            self._unreadable = False
            return SettingsLoaded(settings=self.defaults())
        try:
            plain = tomllib.loads(text)
        except tomllib.TOMLDecodeError as fault:
            raise SettingsError(
                "SET-001",
                f"{self.path} cannot be read: {fault}. The file was left as it is and nothing was sent. Way out: mend "
                "that line, or start once with default settings (the file is then kept under another name)",
            ) from fault
        loaded = self._parse(plain, lines_of_keys(text))
        self._unreadable = False
        return loaded

    def defaults(self) -> Settings:
        return Settings(risk={rule.name: rule.default for rule in self.risk_rules})

    def changed_on_disk(self) -> bool:
        """Say whether the file is no longer what was loaded or saved here: disarm."""
        try:
            return _digest(self._read()) != self._digest
        except UserError:
            return True

    def _read(self) -> str | None:
        try:
            check_private_file(self.path)
            if self.path.stat().st_size > _LARGEST:
                raise SettingsError(
                    "SET-004", f"{self.path} must be smaller than 1 MB: it is no settings file; move it away"
                )
            return self.path.read_bytes().decode("utf-8")
        except FileNotFoundError:
            return None
        except UnicodeDecodeError as fault:
            raise SettingsError(
                "SET-004",
                f"{self.path} is not a text in UTF-8 ({fault.reason} at byte {fault.start}): mend it or move it away",
            ) from fault
        except OSError as fault:
            raise SettingsError(
                "SET-004", f"{self.path} cannot be read ({fault.strerror}): check its rights"
            ) from fault

    def _parse(self, plain: dict[str, Any], lines: Mapping[str, int]) -> SettingsLoaded:
        reading = _Reading(lines=lines, risk_rules=self.risk_rules)
        version = plain.pop("version", VERSION)
        if not isinstance(version, int) or isinstance(version, bool) or version < 1:
            reading.refuse("version", version, f"must be a whole number from 1 to {VERSION}")
        elif version > VERSION:
            raise SettingsError(
                "SET-003",
                f"{self.path} was written by a newer Tiller (form {version}, this one knows up to {VERSION}); it was "
                "left as it is. Way out: start the newer version, or name another profile with --profile",
            )
        reading.warnings += self._rename(plain)
        values: dict[str, Any] = {
            name: _section(reading, name, plain.pop(name, {}), section) for name, section in SECTIONS.items()
        }
        values["risk"] = _risk(reading, plain.pop("risk", {}))
        values["strategies"] = _strategies(reading, plain.pop("strategies", {}))
        for name, value in plain.items():
            reading.keep(name, value, [*SECTIONS, "risk", "strategies"])
        settings = Settings(**values, unknown=reading.unknown)
        if not reading.problems and (wrong := settings.contradiction()):
            reading.refuse(wrong[0], settings.connection.host, wrong[1])
        if reading.problems:
            listed = "; ".join(str(each) for each in reading.problems)
            raise SettingsError(
                "SET-002",
                f"{self.path} has values that cannot be used: {listed}. The file was left as it is and nothing was "
                "sent. Way out: mend them, or delete those lines to get the defaults",
                reading.problems,
            )
        return SettingsLoaded(settings=settings, warnings=tuple(reading.warnings))

    def _rename(self, plain: dict[str, Any]) -> Iterator[str]:
        for old, new in self._renamed.items():
            section, _, key = old.partition(".")
            table = plain.get(section)
            if isinstance(table, dict) and key in table:
                new_section, _, new_key = new.partition(".")
                target = plain.setdefault(new_section, {})
                if isinstance(target, dict):
                    target.setdefault(new_key, table.pop(key))
                    yield f"{old} is called {new} now; it was taken over"

    # ------------------------------------------------------------ writing
    def save(self, settings: Settings) -> None:
        """Write the whole tree atomically, 0600.

        Raises:
            UserError: SET-005, the present file could not be read and must not be overwritten; SET-006, it was
                changed on disk since it was loaded; FIL-006, the disk refused.
        """
        if self._unreadable:
            raise UserError(
                "SET-005", f"{self.path} could not be read and is not overwritten: mend it, or let Tiller set it aside"
            )
        if self.changed_on_disk():
            raise UserError("SET-006", f"{self.path} was changed by another program: load it again before saving")
        text = "".join(self._compose(settings))
        write_atomically(self.path, text.encode("utf-8"))
        self._digest = _digest(text)

    def set_aside(self) -> Path:
        """Rename a file that cannot be read, so that defaults can be saved; return its new name.

        Raises:
            UserError: FIL-006, the disk refused.
        """
        stamp = datetime.fromtimestamp(wall_clock_ns() / NS_PER_S, UTC).strftime("%Y%m%dT%H%M%S%fZ")
        kept = self.path.with_name(f"{self.path.name}.bad-{stamp}")
        try:
            self.path.replace(kept)
        except OSError as fault:
            raise UserError("FIL-006", f"{self.path} cannot be renamed ({fault.strerror}): check its folder") from fault
        self._unreadable, self._digest = False, _digest(None)
        return kept

    def _compose(self, settings: Settings) -> Iterator[str]:
        yield "# Settings of Tiller. Change them here while Tiller is closed, or in its settings window.\n"
        yield f"version = {VERSION}\n"
        plain, extra = settings.to_plain(), _by_table(settings.unknown)
        for key, value in extra.pop("", {}).items():
            if not isinstance(value, dict):
                yield f"{toml_key(key)} = {toml_value(value)}\n"
            else:
                extra[key] = value
        for name, section in SECTIONS.items():
            yield f"\n[{name}]\n"
            for each in section_fields(section):
                yield f"# {_comment(each)}\n{each.name} = {toml_value(plain[name][each.name])}\n"
            yield from _kept(extra.pop(name, {}))
        yield "\n[risk]\n"
        rules = {rule.name: rule for rule in self.risk_rules}
        for key, limit in plain["risk"].items():
            if key in rules:
                yield f"# {_limit_comment(rules[key])}\n"
            yield f"{toml_key(key)} = {toml_value(limit)}\n"
        yield from _kept(extra.pop("risk", {}))
        for strategy, parameters in plain["strategies"].items():
            yield f"\n[strategies.{toml_key(strategy)}]\n"
            for key, value in parameters.items():
                yield f"{toml_key(key)} = {toml_value(value)}\n"
            yield from _kept(extra.pop(f"strategies.{strategy}", {}))
        for name, table in extra.items():
            yield f"\n[{'.'.join(toml_key(part) for part in name.split('.'))}]\n"
            yield from _kept(table)


def _section(reading: _Reading, name: str, table: object, section: type) -> Any:
    if not isinstance(table, dict):
        reading.refuse(name, table, f"must be a section [{name}]")
        return section()
    fields = {each.name: each for each in section_fields(section)}
    values: dict[str, Any] = {}
    for key, value in table.items():
        found: SettingField | None = fields.get(key)
        if found is None:
            reading.keep(f"{name}.{key}", value, list(fields))
        elif wrong := found.refuse(value):
            reading.refuse(f"{name}.{key}", value, wrong)
        else:
            values[key] = found.parse(value)
    return replace(section(), **values)


def _risk(reading: _Reading, table: object) -> dict[str, float | bool]:
    rules = {rule.name: rule for rule in reading.risk_rules}
    limits: dict[str, float | bool] = {name: rule.default for name, rule in rules.items()}
    if not isinstance(table, dict):
        reading.refuse("risk", table, "must be a section [risk]")
        return limits
    for key, value in table.items():
        if key not in rules:
            reading.keep(f"risk.{key}", value, list(rules))
        elif wrong := rules[key].refuse(value):
            reading.refuse(f"risk.{key}", value, wrong)
        else:
            limits[key] = rules[key].parse(value)
    return limits


def _strategies(reading: _Reading, table: object) -> dict[str, dict[str, Scalar]]:
    found: dict[str, dict[str, Scalar]] = {}
    if not isinstance(table, dict):
        reading.refuse("strategies", table, "must be sections [strategies.ID]")
        return found
    for strategy, parameters in table.items():
        if not isinstance(parameters, dict):
            reading.refuse(f"strategies.{strategy}", parameters, f"must be a section [strategies.{strategy}]")
            continue
        found[strategy] = {}
        for key, value in parameters.items():
            if isinstance(value, bool | int | float | str):
                found[strategy][key] = value
            else:
                reading.refuse(f"strategies.{strategy}.{key}", value, "must be a number, a text, true or false")
    return found


def _by_table(unknown: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    tables: dict[str, dict[str, Any]] = {}
    for name, value in unknown.items():
        table, _, key = name.rpartition(".")
        tables.setdefault(table, {})[key] = value
    return tables


def _kept(table: Mapping[str, Any]) -> Iterator[str]:
    for key, value in table.items():
        yield f"{toml_key(key)} = {toml_value(value)}\n"


def _limit_comment(rule: NumberRule) -> str:
    about = f": {rule.help}" if rule.help else ""
    unit = f", {rule.unit}" if rule.unit else ""
    bounds = "" if isinstance(rule.default, bool) else f" ({rule.low:,.12g} to {rule.high:,.12g})"
    return f"{rule.label}{about}{unit}{bounds}"


def _comment(each: SettingField) -> str:
    rule = each.rule
    bounds = f" ({rule.low:,.12g} to {rule.high:,.12g})" if rule.low is not None and rule.high is not None else ""
    listed = f" ({', '.join(each.choices)})" if each.choices else ""
    unit = f", {rule.unit}" if rule.unit else ""
    return f"{rule.label}: {rule.help}{unit}{bounds}{listed}"


def _digest(text: str | None) -> str:
    return hashlib.sha256(b"absent" if text is None else text.encode("utf-8")).hexdigest()
