# SPDX-License-Identifier: Apache-2.0
"""Fault scripts as texts: what is read, what is refused and where; the catalogue is whole."""

import argparse
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brokers.simulator.faults import library
from brokers.simulator.faults.acts import ACTS
from brokers.simulator.faults.script import parse_script, plain, read_script
from brokers.simulator.faults.vocabulary import ACTIONS
from brokers.simulator.faults.yaml_text import YamlError, node_of, read_yaml
from brokers.simulator.options import add_arguments
from terminal.errors import UserError
from tests.conftest import ROOT

FAULTS = (
    *(f"T{number:02d}" for number in range(1, 15)),  # T15 needs a second process
    *(f"S{number:02d}" for number in range(1, 11)),
    *(f"O{number:02d}" for number in range(1, 24)),
    *(f"M{number:02d}" for number in range(1, 8)),
    "C01", "C02", "C03", "P06", "P07", "X02",
)  # fmt: skip


# ------------------------------------------------------------------ YAML
@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("# only a comment\n", None),
        ("---\na: 1", {"a": 1}),
        ("a: 1\nb: [x, 'y # z', \"q\\n\"]\n", {"a": 1, "b": ["x", "y # z", "q\n"]}),
        ("- 1\n- - 2\n  - 3\n- {a: b, c: [d]}\n", [1, [2, 3], {"a": "b", "c": ["d"]}]),
        ("a:\n- 1\n- b: 2\n  c: 3\n", {"a": [1, {"b": 2, "c": 3}]}),
        ("a:\n  b:\n    c: yes # YAML 1.2: a text\n", {"a": {"b": {"c": "yes"}}}),
        ("a: ~\nb:\nc: null\n", {"a": None, "b": None, "c": None}),
        ("a: -1.5e3\nb: 1000\nc: 1_0\nd: .5\ne: 1.\n", {"a": -1500.0, "b": 1000, "c": "1_0", "d": 0.5, "e": 1.0}),
        ("a: true\nb: False\nc: 'true'\n", {"a": True, "b": False, "c": "true"}),
        ("a: http://x/y#z\n", {"a": "http://x/y#z"}),
        ("then: [drop, fill: {}, notice: {code: 1}]\n", {"then": ["drop", {"fill": {}}, {"notice": {"code": 1}}]}),
        ("a: 'it''s'\n", {"a": "it's"}),
        ('a: "\\u20ac \\x41"\n', {"a": "€ A"}),
    ],
)
def test_what_is_read(text: str, value: object) -> None:
    assert plain(read_yaml(text)) == value


@pytest.mark.parametrize(
    ("text", "line", "word"),
    [
        ("a: 1\n  b: 2\n", 2, "indentation"),
        ("a: 1\na: 2\n", 2, "twice"),
        ("a: {b: 1, b: 2}\n", 1, "twice"),
        ("a: [1, 2\n", 1, "expected"),
        ("a: {b: 1\n", 1, "expected"),
        ("a: {b}\n", 1, "colon"),
        ("a: 'x\n", 1, "closing"),
        ("\ta: 1\n", 1, "tabs"),
        ("a: &b 1\n", 1, "anchor"),
        ("a: *b\n", 1, "alias"),
        ("a: !!python/object 1\n", 1, "tag"),
        ("a: |\n  text\n", 1, "block"),
        ("a: 1\n---\nb: 2\n", 2, "one document"),
        ("a: b: c\n", 1, "quotes"),
        ("a: [1] 2\n", 1, "follow"),
        ('a: "\\q"\n', 1, "escape"),
        ("- 1\nb: 2\n", 2, "indentation"),
        ("a: " + "[" * 50 + "\n", 1, "deep"),
    ],
)
def test_what_is_refused(text: str, line: int, word: str) -> None:
    with pytest.raises(YamlError) as caught:
        read_yaml(text)
    assert caught.value.line == line
    assert word in caught.value.rule


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(min_size=1, max_size=8), inner, max_size=4),
    max_leaves=12,
)


@given(VALUES)
@settings(max_examples=200, deadline=None)
def test_json_on_one_line_is_read_as_json_does(value: object) -> None:
    """JSON is YAML: what a program writes that way comes back as it was."""
    text = "a: " + json.dumps(value)
    assert plain(read_yaml(text)) == {"a": value}
    assert plain(node_of(value)) == value


@given(st.text(max_size=300))
@settings(max_examples=300, deadline=None)
def test_no_text_does_more_than_be_refused(text: str) -> None:
    line = 1
    try:
        read_yaml(text)
    except YamlError as error:
        line = error.line
    assert 1 <= line <= max(1, len(text.splitlines()))


# ------------------------------------------------------------------ scripts
@pytest.mark.parametrize(
    ("text", "line", "word"),
    [
        ("[]", 1, "mapping"),
        ("id: x\n", 1, "rules"),
        ("id: x\nrules: []\n", 2, "at least one rule"),
        ("colour: red\nrules:\n  - on: placeOrder\n    then: [drop]\n", 1, "colour"),
        ("rules:\n  - then: [drop]\n", 2, '"on"'),
        ("rules:\n  - on: placeOrder\n    after: 3\n    then: [drop]\n", 2, '"on"'),
        ("rules:\n  - on: placeOrders\n    then: [drop]\n", 2, "placeOrders"),
        ("rules:\n  - on: [placeOrder, openOrder]\n    then: [drop]\n", 2, "not both"),
        ("rules:\n  - on: placeOrder\n", 2, "then"),
        ("rules:\n  - on: placeOrder\n    then:\n      - explode\n", 4, "explode"),
        ("rules:\n  - on: placeOrder\n    then:\n      - wait: soon\n", 4, "seconds"),
        ("rules:\n  - on: placeOrder\n    then:\n      - wait: -1\n", 4, "seconds"),
        ("rules:\n  - on: placeOrder\n    then:\n      - drop: 3\n", 4, "nothing"),
        ("rules:\n  - on: placeOrder\n    then:\n      - {drop: , reset: }\n", 4, "one word"),
        ("rules:\n  - on: placeOrder\n    then:\n      - refuse: {text: x}\n", 4, "code"),
        ("rules:\n  - on: placeOrder\n    then:\n      - refuse: {code: 1, colour: x}\n", 4, "colour"),
        ("rules:\n  - on: placeOrder\n    then:\n      - set: {price: 1}\n", 4, "makes no sense"),
        ("rules:\n  - on: tickPrice\n    then:\n      - accept\n", 4, "makes no sense"),
        ("rules:\n  - on: tickPrice\n    then:\n      - corrupt: {how: badly}\n", 4, "length_huge"),
        ("rules:\n  - on: tickPrice\n    then:\n      - scale: {price: a}\n", 4, "numbers"),
        ("rules:\n  - on: start\n    then:\n      - say: {what: nothing}\n", 4, "no message"),
        ("rules:\n  - on: start\n    then:\n      - arm: nobody\n", 4, "nobody"),
        ("rules:\n  - on: tickPrice\n    then:\n      - set: {colour: 1}\n", 4, "colour"),
        ("rules:\n  - on: tickPrice\n    where: {colour: 1}\n    then: [drop]\n", 3, "colour"),
        ("rules:\n  - on: tickPrice\n    then:\n      - corrupt: {how: nan, field: colour}\n", 4, "colour"),
        ("rules:\n  - on: start\n    then:\n      - say: {what: orderStatus, colour: 1}\n", 4, "colour"),
        ("rules:\n  - on: start\n    then:\n      - proxy: {mode: fast}\n", 4, "half_open"),
        ("rules:\n  - on: start\n    then:\n      - raw: xyz\n", 4, "hexadecimal"),
        ("rules:\n  - on: placeOrder\n    nth: 0\n    then: [drop]\n", 3, "nth"),
        ("rules:\n  - on: placeOrder\n    chance: 2\n    then: [drop]\n", 3, "chance"),
        ("rules:\n  - every: 0\n    then: [reset]\n", 2, "every"),
        ("inject: magic\nrules:\n  - on: placeOrder\n    then: [drop]\n", 1, "magic"),
        (
            "rules:\n  - {name: a, on: placeOrder, then: [drop]}\n  - {name: a, on: placeOrder, then: [drop]}\n",
            3,
            "two",
        ),
        ("variants: {}\n", 1, "empty"),
    ],
)
def test_a_script_that_cannot_be_is_refused_with_its_line(text: str, line: int, word: str) -> None:
    with pytest.raises(UserError) as caught:
        parse_script(text, "my.yaml")
    assert caught.value.code == "SIM-020"
    assert f"my.yaml, line {line}: " in caught.value.text
    assert word in caught.value.text


def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"SIM-020.*nowhere"):
        read_script(tmp_path / "nowhere.yaml")
    path = tmp_path / "latin.yaml"
    path.write_bytes(b"title: caf\xe9\n")
    with pytest.raises(UserError, match=r"UTF-8"):
        read_script(path)


def test_every_word_of_the_vocabulary_is_carried_out() -> None:
    assert set(ACTS) | {"wait"} == set(ACTIONS)
    assert all(word.meaning for word in ACTIONS.values())


# ------------------------------------------------------------------ the catalogue
def test_the_catalogue_has_every_fault() -> None:
    assert list(library.names()) == sorted(FAULTS)
    assert len(FAULTS) == 60


@pytest.mark.parametrize("name", FAULTS)
def test_every_fault_has_a_title_and_invariants(name: str) -> None:
    for form in library.forms(name):
        script = library.load(form)
        assert script.title
        assert script.inject in ("sim", "proxy", "clk")
        assert script.needs_proxy is (script.inject == "proxy")
        assert script.holds
        assert all(each.startswith("I") for each in script.holds)


@pytest.mark.parametrize("name", FAULTS)
def test_every_fault_is_named_by_a_test(name: str) -> None:
    texts = [path.read_text(encoding="utf-8") for path in (ROOT / "tests" / "faults").glob("test_*.py")]
    texts = [text for text in texts if "FAULTS = (" not in text]
    assert any(f'"{name}' in text for text in texts)


def test_a_fault_that_there_is_not_is_named() -> None:
    with pytest.raises(UserError, match="SIM-022"):
        library.load("T99")
    with pytest.raises(UserError, match="SIM-022"):
        library.load("../../../etc/passwd")
    with pytest.raises(UserError, match="variant"):
        library.load("T01.other")


# ------------------------------------------------------------------ the documentation
MANUAL = (ROOT / "docs" / "simulated-tws.md").read_text(encoding="utf-8")


def test_the_examples_of_the_manual_are_scripts() -> None:
    examples = [part.split("```")[0] for part in MANUAL.split("```yaml\n")[1:]]
    assert examples
    for text in examples:
        assert parse_script(text, "the manual").rules


def test_the_manual_has_every_word_and_every_fault() -> None:
    for word in ACTIONS:
        assert f"| `{word}` |" in MANUAL, word
    for name in FAULTS:
        row = next(line for line in MANUAL.splitlines() if line.startswith(f"| {name} |"))
        script = library.load(name)
        assert script.title in row
        assert f"| {script.inject} |" in row
        assert " ".join(script.holds) in row


def test_the_manual_has_every_option_and_command_of_control() -> None:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    options = [each for action in parser._actions for each in action.option_strings if each.startswith("--")]
    for option in options:
        assert option in MANUAL or option in ("--help", "--allow-remote"), option
    commands = "truth status pause go_on speed step fault faults calm restart shock halt quit"
    for command in commands.split():
        assert f"`{command}`" in MANUAL, command
