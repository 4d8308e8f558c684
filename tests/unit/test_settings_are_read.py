# SPDX-License-Identifier: Apache-2.0
"""No setting is read by nothing: each field of each section, and each limit, has a reader that does something with it.

The packages are walked as syntax trees. A read counts when what it reads from is known to be that section: by the
name of the attribute that it was taken from, by a variable that was filled with it, or by the type of a parameter.
Forms that show and store settings are no readers.
"""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Final

import pytest

from terminal.settings import SECTIONS, Settings, section_fields
from terminal.trading.limits import facts
from tests.conftest import ROOT

SECTION_OF: Final = {kind.__name__: name for name, kind in SECTIONS.items()}
FORMS: Final = ("terminal/settings", "widgets/settings_dialog.py", "widgets/connect_dialog.py")
"""What declares, stores and edits settings."""
READ_BY_THE_TREE: Final = frozenset({("connection", "allow_remote_host")})
"""A rule of the settings themselves: it decides what another setting may be."""
CORE_LIMITS: Final = "terminal/trading/limits.py"
Names = Mapping[str, str]
Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


def sources() -> Iterator[tuple[str, ast.Module]]:
    for folder in ("terminal", "brokers", "widgets"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            name = path.relative_to(ROOT).as_posix()
            if not name.startswith(FORMS):
                yield name, ast.parse(path.read_text(encoding="utf-8"))
    yield "main.py", ast.parse((ROOT / "main.py").read_text(encoding="utf-8"))


class Reads(ast.NodeVisitor):
    """Collects which fields of which sections a module reads."""

    def __init__(self) -> None:
        self.found: set[tuple[str, str]] = set()
        self._names: list[dict[str, str]] = [{}]

    def section(self, node: ast.AST) -> str:
        """Return the section that an expression stands for, empty when it is none."""
        match node:
            case ast.Attribute(attr=name) if name in SECTIONS:
                return name
            case ast.Name(id=name):
                return next((known[name] for known in reversed(self._names) if name in known), "")
            case _:
                return ""

    def visit_Attribute(self, node: ast.Attribute) -> None:
        if isinstance(node.ctx, ast.Load) and (section := self.section(node.value)):
            self.found.add((section, node.attr))
        self.generic_visit(node)

    def visit_Assign(self, node: ast.Assign) -> None:
        self.generic_visit(node)
        for target in node.targets:
            if isinstance(target, ast.Name):
                self._names[-1][target.id] = self.section(node.value)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self._function(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        self._function(node)

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self._function(node)

    def _function(self, node: Function) -> None:
        own = node.args
        given = {each.arg: _named(each.annotation) for each in (*own.posonlyargs, *own.args, *own.kwonlyargs)}
        self._names.append(given)
        self.generic_visit(node)
        self._names.pop()


def _named(annotation: ast.expr | None) -> str:
    """Return the section whose class a parameter is annotated with."""
    match annotation:
        case ast.Name(id=name) | ast.Attribute(attr=name) | ast.Constant(value=str(name)):
            return SECTION_OF.get(name, "")
        case _:
            return ""


def read(tree: ast.Module) -> set[tuple[str, str]]:
    reads = Reads()
    reads.visit(tree)
    return reads.found


@pytest.fixture(scope="module")
def trees() -> dict[str, ast.Module]:
    return dict(sources())


def test_every_setting_has_a_reader(trees: Mapping[str, ast.Module]) -> None:
    found = set().union(*(read(tree) for tree in trees.values()))
    declared = {(name, each.name) for name, kind in SECTIONS.items() for each in section_fields(kind)}
    assert sorted(declared - found - READ_BY_THE_TREE) == []


def test_what_the_tree_reads_itself_has_its_effect() -> None:
    elsewhere = ("connection.host", "192.0.2.7")
    with pytest.raises(ValueError, match="allow_remote_host"):
        Settings().with_value(*elsewhere)
    allowed = Settings().with_value("connection.allow_remote_host", True)
    assert allowed.with_value(*elsewhere).connection.host == "192.0.2.7"


def test_every_field_of_a_section_is_a_setting() -> None:
    """What the walk goes through is all there is: a plain field without a rule would be a setting without a form."""
    for kind in SECTIONS.values():
        assert {each.name for each in fields(kind)} == {each.name for each in section_fields(kind)}


def test_every_limit_has_a_reader(trees: Mapping[str, ast.Module]) -> None:
    core = {name: tree for name, tree in trees.items() if name.startswith("terminal/") and name != CORE_LIMITS}
    found = {
        node.attr
        for tree in core.values()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load) and _is_limits(node.value)
    }
    assert sorted({fact.name for fact in facts()} - found) == []


def _is_limits(node: ast.AST) -> bool:
    match node:
        case ast.Name(id="limits") | ast.Attribute(attr="limits" | "_limits"):
            return True
        case ast.Call(func=function):
            return _is_limits(function)
        case _:
            return False


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("def f(settings): return settings.log.kept_days", {("log", "kept_days")}),
        ("def f(one: Connection): return one.host", {("connection", "host")}),
        ("def f(one: 'Connection'): return lambda: one.host", {("connection", "host")}),
        ("demo = settings.demo\nprint(demo.seed)", {("demo", "seed")}),
        ("def f(settings): settings.log.kept_days = 3", set()),
        ("def f(bar): return bar.seed", set()),
        ("demo = settings.demo\ndemo = other\nprint(demo.seed)", set()),
        ("getattr(settings.demo, 'seed')", set()),
    ],
)
def test_the_walk_sees_what_it_says(code: str, found: set[tuple[str, str]]) -> None:
    assert {one for one in read(ast.parse(code)) if one[1] in ("kept_days", "host", "seed")} == found


def test_the_walk_reads_the_whole_program(trees: Mapping[str, ast.Module]) -> None:
    assert {"main.py", "widgets/desk.py", "terminal/kernel/core.py"} <= set(trees)
    assert not any(Path(name).match("settings_dialog.py") for name in trees)
