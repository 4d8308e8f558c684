# SPDX-License-Identifier: Apache-2.0
"""What we write as TOML, the standard library reads back the same: nothing of a person's file is lost."""

import contextlib
import tomllib
from datetime import UTC
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from terminal.settings import Settings, SettingsError, SettingsFile
from terminal.settings.toml import toml_key, toml_value

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
LEAVES = st.one_of(
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False),
    TEXT,
    st.dates(),
    st.times(),
    st.datetimes(timezones=st.just(UTC)),
)
VALUES: st.SearchStrategy[Any] = st.recursive(
    LEAVES,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXT, inner, max_size=3)),
    max_leaves=8,
)


@given(st.dictionaries(TEXT, VALUES, max_size=4))
def test_every_value_comes_back(table: dict[str, Any]) -> None:
    text = "".join(f"{toml_key(key)} = {toml_value(value)}\n" for key, value in table.items())
    assert tomllib.loads(text) == table


@given(TEXT, TEXT, st.one_of(st.booleans(), st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False), TEXT))
def test_every_strategy_parameter_survives_a_save(
    tmp_path_factory: Any, strategy: str, parameter: str, value: bool | float | str
) -> None:
    folder: Path = tmp_path_factory.mktemp("settings")
    file = SettingsFile(folder / "settings.toml")
    settings = Settings(strategies={strategy: {parameter: value}})
    file.load()
    file.save(settings)
    assert SettingsFile(file.path).load().settings == settings


@given(st.binary(max_size=200))
def test_any_content_gives_settings_or_a_refusal(tmp_path_factory: Any, content: bytes) -> None:
    file = SettingsFile(tmp_path_factory.mktemp("settings") / "settings.toml")
    file.path.write_bytes(content)
    with contextlib.suppress(SettingsError):
        file.load()
    assert file.path.read_bytes() == content
