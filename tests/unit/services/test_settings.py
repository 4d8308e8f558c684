# SPDX-License-Identifier: Apache-2.0
"""Settings are read whole or refused by name, line, value, rule and way out; nothing of a person's is lost."""

import subprocess
import sys
from pathlib import Path

import pytest

from terminal.errors import UserError
from terminal.model.enums import Mode
from terminal.settings import SECTIONS, NumberRule, Settings, SettingsError, SettingsFile, Theme, section_fields
from terminal.settings.toml import toml_value

RULES = (
    NumberRule(name="max_quantity", default=1000, low=1, high=1_000_000, label="Largest order", unit="shares"),
    NumberRule(name="collar_percent", default=5.0, low=0.1, high=50, label="Price collar", unit="%"),
    NumberRule(name="allow_short", default=True, low=0, high=1, label="Short positions"),
)


@pytest.fixture
def file(tmp_path: Path) -> SettingsFile:
    return SettingsFile(tmp_path / "settings.toml", RULES)


def write(file: SettingsFile, text: str) -> None:
    file.path.write_text(text, encoding="utf-8")
    file.path.chmod(0o600)


def refusal(file: SettingsFile, text: str) -> SettingsError:
    write(file, text)
    with pytest.raises(SettingsError) as refused:
        file.load()
    assert file.path.read_text(encoding="utf-8") == text  # never touched
    return refused.value


def test_a_first_start_is_the_demo_with_the_risk_limits_of_the_core(file: SettingsFile) -> None:
    loaded = file.load()
    assert loaded.settings.connection.mode is Mode.DEMO
    assert dict(loaded.settings.risk) == {"max_quantity": 1000, "collar_percent": 5.0, "allow_short": True}
    assert not file.path.exists()


def test_every_default_obeys_its_own_rule() -> None:
    for name, section in SECTIONS.items():
        for each in section_fields(section):
            assert each.refuse(each.to_toml(each.default)) == "", f"{name}.{each.name}"
            assert each.rule.label, f"{name}.{each.name}"
            assert each.rule.help, f"{name}.{each.name}"


def test_saved_settings_come_back(file: SettingsFile) -> None:
    settings = file.load().settings
    for name, value in {
        "appearance.theme": "light",
        "trading.stock_quantity": 5,
        "watchlist.symbols": ["SPY", "EUR.USD"],
        "risk.max_quantity": 50,
        "risk.allow_short": False,
        "strategies.vwap_cross.atr_stop": 2.5,
        "connection.connect_timeout_s": 7,
    }.items():
        settings = settings.with_value(name, value, RULES)
    file.save(settings)
    assert file.path.stat().st_mode & 0o777 == 0o600
    again = SettingsFile(file.path, RULES).load()
    assert again.settings == settings
    assert again.warnings == ()
    assert again.settings.appearance.theme is Theme.LIGHT
    assert again.settings.watchlist.symbols == ("SPY", "EUR.USD")


BAD = {
    "[connection]\nport = 99999": ("connection.port", 2, "must lie between 1 and 65,535"),
    '[connection]\nport = "7497"': ("connection.port", 2, "must be a whole number"),
    "[connection]\nport = true": ("connection.port", 2, "must be a whole number"),
    '[connection]\nmode = "lve"': ("connection.mode", 2, "must be one of demo, paper, live"),
    '[connection]\nhost = "10.0.0.7"': ("connection.host", 2, "allow_remote_host"),
    '[connection]\nhost = "a b"': ("connection.host", 2, "must be a host name"),
    '[connection]\n\ndata_type = "frozen"': ("connection.data_type", 3, "must be one of live, delayed"),
    '[watchlist]\nsymbols = ["AAPL", 5]': ("watchlist.symbols", 2, "must be a text"),
    '[watchlist]\nsymbols = ["<b>"]': ("watchlist.symbols", 2, "capital letters"),
    "[recorder]\non = 1": ("recorder.on", 2, "must be true or false"),
    "[demo]\nspeed = nan": ("demo.speed", 2, "must be a number"),
    "[risk]\nmax_quantity = 0": ("risk.max_quantity", 2, "must lie between 1 and 1,000,000 shares"),
    "[risk]\nmax_quantity = 1.5": ("risk.max_quantity", 2, "whole number"),
    "[risk]\nallow_short = 1": ("risk.allow_short", 2, "true or false"),
    "[risk]\ncollar_percent = inf": ("risk.collar_percent", 2, "must be a number"),
    "trading = 5": ("trading", 1, "must be a section"),
    "strategies = 5": ("strategies", 1, "must be sections"),
    "[strategies.x]\ny = [1]": ("strategies.x.y", 2, "must be a number, a text"),
    "version = 0": ("version", 1, "from 1 to 1"),
}


@pytest.mark.parametrize("text", BAD)
def test_a_refused_value_is_told_by_name_line_value_and_rule(file: SettingsFile, text: str) -> None:
    name, line, rule = BAD[text]
    fault = refusal(file, text + "\n")
    assert fault.code == "SET-002"
    assert [(problem.name, problem.line) for problem in fault.problems] == [(name, line)]
    assert rule in fault.problems[0].rule
    assert "Way out" in fault.text


def test_all_refused_values_are_told_at_once(file: SettingsFile) -> None:
    fault = refusal(file, "[connection]\nport = 0\nclient_id = 0\n[risk]\nmax_quantity = -1\n")
    assert [problem.line for problem in fault.problems] == [2, 3, 5]


@pytest.mark.parametrize(
    ("text", "code"),
    [("a = = 1\n", "SET-001"), ("a = 1\na = 2\n", "SET-001"), ("version = 2\n[new]\nx = 1\n", "SET-003")],
)
def test_a_file_that_cannot_be_read_is_refused_and_left_alone(file: SettingsFile, text: str, code: str) -> None:
    assert refusal(file, text).code == code


def test_a_file_that_is_no_text_is_refused(file: SettingsFile) -> None:
    file.path.write_bytes(b"\xff\xfe\x00")
    file.path.chmod(0o600)
    with pytest.raises(SettingsError, match="SET-004"):
        file.load()
    file.path.write_bytes(b"#" * 1_000_001)
    with pytest.raises(SettingsError, match="smaller than 1 MB"):
        file.load()


def test_a_bad_file_is_never_overwritten_until_it_is_set_aside(file: SettingsFile) -> None:
    refusal(file, "broken = \n")
    with pytest.raises(UserError, match="SET-005"):
        file.save(file.defaults())
    kept = file.set_aside()
    file.save(file.defaults())
    assert kept.read_text() == "broken = \n"
    assert file.load().settings == file.defaults()


def test_a_file_that_others_can_change_is_refused(file: SettingsFile) -> None:
    write(file, "")
    file.path.chmod(0o622)
    with pytest.raises(UserError, match="FIL-003"):
        file.load()


def test_a_change_by_another_program_is_noticed_and_not_overwritten(file: SettingsFile) -> None:
    file.save(file.load().settings)
    assert not file.changed_on_disk()
    write(file, file.path.read_text().replace("max_quantity = 1000", "max_quantity = 900000"))
    assert file.changed_on_disk()
    with pytest.raises(UserError, match="SET-006"):
        file.save(file.defaults())
    assert file.load().settings.risk["max_quantity"] == 900_000
    assert not file.changed_on_disk()


def test_what_this_version_does_not_know_is_kept_and_named(file: SettingsFile) -> None:
    write(
        file,
        "later = 2030-01-01\n[connection]\nprot = 7497\n"
        '[future]\nx = {a = [1, 2.5, "é\\n"]}\n[[future.list]]\ny = true\n'
        "[risk]\nnew_limit = 7.0\n",
    )
    loaded = file.load()
    assert len(loaded.warnings) == 4
    assert "line 3: connection.prot" in loaded.warnings[0]
    assert "did you mean port" in loaded.warnings[0]
    file.save(loaded.settings.with_value("connection.port", 4002))
    again = file.load()
    assert again.settings.unknown == loaded.settings.unknown
    assert again.settings.connection.port == 4002


def test_a_renamed_setting_is_taken_over(tmp_path: Path) -> None:
    file = SettingsFile(tmp_path / "settings.toml", RULES, renamed={"connection.client": "connection.client_id"})
    write(file, "[connection]\nclient = 44\n")
    loaded = file.load()
    assert loaded.settings.connection.client_id == 44
    assert loaded.warnings == ("connection.client is called connection.client_id now; it was taken over",)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("connection.port", 0, "must lie between"),
        ("connection.host", "192.168.0.5", "must be this machine"),
        ("connection.nothing", 1, "there is no setting"),
        ("nothing.port", 1, "there is no section"),
        ("risk.max_quantity", 0, "must lie between"),
        ("risk.nothing", 1, "is not a limit"),
        ("strategies.x", 1, "must be strategies.ID.PARAMETER"),
        ("strategies.x.y", [1], "plain value"),
    ],
)
def test_a_change_in_the_form_is_refused_by_the_same_rules(name: str, value: object, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Settings().with_value(name, value, RULES)


def test_another_machine_needs_an_explicit_word() -> None:
    allowed = Settings().with_value("connection.allow_remote_host", True)
    assert allowed.with_value("connection.host", "10.0.0.7").connection.host == "10.0.0.7"
    assert Settings().with_value("connection.host", "::1").connection.host == "::1"


def test_the_digest_of_the_risk_limits_changes_with_them_alone() -> None:
    base = Settings(risk={"a": 1.0})
    assert base.risk_digest() == base.with_value("appearance.theme", "light").risk_digest()
    assert base.digest() != base.with_value("appearance.theme", "light").digest()
    assert base.risk_digest() != Settings(risk={"a": 2.0}).risk_digest()


def test_only_toml_values_are_written() -> None:
    with pytest.raises(TypeError):
        toml_value(object())


def test_reading_settings_imports_nothing_heavy() -> None:
    """Settings are read before the first window is painted."""
    code = (
        "import sys, terminal.settings\n"
        "heavy = {'numpy', 'sqlalchemy', 'alembic', 'keyring', 'structlog', 'PySide6', 'pydantic'}\n"
        "sys.exit(str(heavy & set(sys.modules)) if heavy & set(sys.modules) else 0)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=Path(__file__).parents[3], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
