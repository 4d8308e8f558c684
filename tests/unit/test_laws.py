# SPDX-License-Identifier: Apache-2.0
"""The laws that no tool checks: what the rules name exists, and what is forbidden is nowhere.

A contract on a wrong name passes for ever, an unhashed requirement installs anything, one nested Qt loop inside a
coroutine silently kills a data feed. Each law here is read from the sources themselves; each has been broken once
by hand to see it go red. It must not test behaviour: that is the business of the packages' own tests.
"""

import ast
import importlib.util
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

ROOT = Path(__file__).parents[2]
PACKAGES = ("terminal", "brokers", "strategies", "widgets", "resources")
REQUIREMENTS = sorted((ROOT / "requirements").glob("*.txt"))

# Calls that turn the event loop inside out: the outer task is entered twice and the inner one never wakes again.
NESTED_LOOPS = frozenset(
    {
        "exec",
        "exec_",
        "processEvents",
        "waitForBytesWritten",
        "waitForConnected",
        "waitForFinished",
        "waitForReadyRead",
        "waitForStarted",
    }
)
STATIC_DIALOGS = {
    "QColorDialog": frozenset({"getColor"}),
    "QFileDialog": frozenset({"getExistingDirectory", "getOpenFileName", "getOpenFileNames", "getSaveFileName"}),
    "QFontDialog": frozenset({"getFont"}),
    "QInputDialog": frozenset({"getDouble", "getInt", "getItem", "getMultiLineText", "getText"}),
    "QMessageBox": frozenset({"about", "aboutQt", "critical", "information", "question", "warning"}),
}
# Shown when there is no core and no event loop, before or after the window's.
WITHOUT_A_LOOP = "widgets/trouble.py"
HEAVY = frozenset(
    {
        "PySide6",
        "pyqtgraph",
        "qasync",
        "numpy",
        "pandas",
        "scipy",
        "sqlalchemy",
        "alembic",
        "ib_insync",
        "keyring",
        "structlog",
        "terminal",
        "brokers",
        "strategies",
        "widgets",
        "resources",
        "asyncio",
    }
)


def python_files(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def place(path: Path, node: ast.AST) -> str:
    return f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 0)}"


# ---------------------------------------------------------------- import contracts


def contracts() -> list[dict[str, object]]:
    with (ROOT / "pyproject.toml").open("rb") as file:
        return list(tomllib.load(file)["tool"]["importlinter"]["contracts"])


def strings(value: object) -> list[str]:
    return [entry for entry in value if isinstance(entry, str)] if isinstance(value, list) else []


def layer_names(contract: dict[str, object]) -> Iterator[str]:
    """Full names of the layers that must exist; a name in parentheses may be absent."""
    containers = strings(contract.get("containers")) or [""]
    for layer in strings(contract.get("layers")):
        for entry in re.split(r"\s*[|:]\s*", layer):
            if not entry.startswith("("):
                yield from (f"{container}.{entry}".lstrip(".") for container in containers)


def named_modules() -> list[str]:
    keys = ("source_modules", "forbidden_modules", "protected_modules", "allowed_importers", "modules", "ancestors")
    names: set[str] = set()
    for contract in contracts():
        names.update(layer_names(contract))
        for key in keys:
            names.update(name.removesuffix(".*") for name in strings(contract.get(key)))
    return sorted(names)


@pytest.mark.parametrize("name", named_modules())
def test_a_module_that_a_contract_names_exists(name: str) -> None:
    assert importlib.util.find_spec(name) is not None


def test_every_package_of_the_project_stands_under_the_contracts() -> None:
    with (ROOT / "pyproject.toml").open("rb") as file:
        project = tomllib.load(file)
    assert set(project["tool"]["importlinter"]["root_packages"]) == set(PACKAGES)
    assert set(project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]) == set(PACKAGES)


# ---------------------------------------------------------------- event loop


def called_name(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def owner_name(node: ast.Call) -> str:
    owner = node.func.value if isinstance(node.func, ast.Attribute) else None
    return owner.id if isinstance(owner, ast.Name) else getattr(owner, "attr", "")


def nests_a_loop(node: ast.Call) -> bool:
    name = called_name(node)
    return name in NESTED_LOOPS or name in STATIC_DIALOGS.get(owner_name(node), ())


def own_calls(function: ast.AsyncFunctionDef) -> Iterator[ast.Call]:
    """Calls in the coroutine's own body; a nested plain function runs later, outside the task."""
    waiting: list[ast.AST] = list(function.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Call):
            yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            waiting.extend(ast.iter_child_nodes(node))


def loops_nested_in_coroutines(tree: ast.Module) -> list[ast.Call]:
    coroutines = [node for node in ast.walk(tree) if isinstance(node, ast.AsyncFunctionDef)]
    return [call for function in coroutines for call in own_calls(function) if nests_a_loop(call)]


def modal_calls(tree: ast.Module) -> list[ast.Call]:
    """`x.exec()` and the static dialogs, wherever they stand: a slot may be called from a coroutine as well."""
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and nests_a_loop(node)]
    return [call for call in calls if called_name(call) in {"exec", "exec_"} or owner_name(call) in STATIC_DIALOGS]


@pytest.mark.parametrize("package", PACKAGES)
def test_no_coroutine_starts_a_nested_qt_loop(package: str) -> None:
    found = [place(path, call) for path in python_files(package) for call in loops_nested_in_coroutines(parse(path))]
    assert found == []


def test_no_widget_runs_a_modal_loop() -> None:
    files = [path for path in python_files("widgets") if path != ROOT / WITHOUT_A_LOOP]
    found = [place(path, call) for path in files for call in modal_calls(parse(path))]
    assert found == []


def imports(path: Path, module: str) -> bool:
    nodes = list(ast.walk(parse(path)))
    named = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    return module in named | {node.module for node in nodes if isinstance(node, ast.ImportFrom)}


def test_the_window_of_a_failed_start_is_reached_from_main_alone() -> None:
    """It waits in a loop of its own; whoever calls it must not stand in ours."""
    name = WITHOUT_A_LOOP.removesuffix(".py").replace("/", ".")
    users = [path for package in PACKAGES for path in python_files(package) if imports(path, name)]
    assert users == []
    assert imports(ROOT / "main.py", name)


@pytest.mark.parametrize(
    ("source", "count"),
    [
        ("async def f():\n    dialog.exec()", 1),
        ("async def f():\n    await g(QFileDialog.getOpenFileName(parent))", 1),
        ("async def f():\n    QMessageBox.question(parent, 'a', 'b')", 1),
        ("async def f():\n    logger.warning('a')", 0),
        ("async def f():\n    def later():\n        menu.exec()\n    await ask(later)", 0),
        ("def f():\n    dialog.exec()", 0),
    ],
)
def test_the_law_sees_a_nested_loop(source: str, count: int) -> None:
    assert len(loops_nested_in_coroutines(ast.parse(source))) == count


# ---------------------------------------------------------------- composition root


def test_main_imports_nothing_heavy_before_it_knows_the_command() -> None:
    tree = parse(ROOT / "main.py")
    names: set[str] = set()
    for node in tree.body:
        if isinstance(node, ast.Import):
            names.update(alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            names.add(node.module.split(".")[0])
    assert names & HEAVY == set()


# ---------------------------------------------------------------- locked dependencies


def entries(path: Path) -> list[str]:
    """The requirements of one lock file, each with its hashes on one line."""
    text = "\n".join(line for line in path.read_text().splitlines() if not line.startswith("#"))
    return [line for line in text.replace("\\\n", " ").splitlines() if line.strip()]


def test_there_are_three_lock_files() -> None:
    assert [path.name for path in REQUIREMENTS] == ["dev.txt", "package.txt", "runtime.txt"]


@pytest.mark.parametrize("path", REQUIREMENTS, ids=lambda path: path.name)
def test_every_requirement_has_a_version_and_hashes_and_no_address(path: Path) -> None:
    assert not re.search(r"://|^\s*-|@ |\bfile:|(^|\s)[./~]", path.read_text().replace("    --hash", ""), re.MULTILINE)
    loose = [
        entry
        for entry in entries(path)
        if not re.fullmatch(r"[a-z0-9-]+==[\w.+!]+( ;[^\\]*?)?(\s+--hash=sha256:[0-9a-f]{64})+\s*", entry)
    ]
    assert loose == []


def versions(name: str) -> set[str]:
    return {re.split(r"\s+--hash", entry)[0].strip() for entry in entries(ROOT / "requirements" / name)}


def test_one_environment_can_hold_the_runtime_and_the_tools() -> None:
    assert versions("runtime.txt") <= versions("dev.txt")
    assert versions("runtime.txt") <= versions("package.txt")


# ---------------------------------------------------------------- PySide6


def test_a_void_qt_call_keeps_its_reference_to_none(qtbot: QtBot) -> None:
    """PySide6 6.12.0 loses one reference to None per call on Python 3.11, until the process dies."""
    spare = [None] * 1_000_000  # so that a bad build fails this test and not the whole run
    label = QLabel()
    qtbot.addWidget(label)
    before = sys.getrefcount(None)
    for _ in range(5000):
        label.setText("x")
    assert sys.getrefcount(None) - before > -100
    assert len(spare) == 1_000_000
