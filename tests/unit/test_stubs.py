# SPDX-License-Identifier: Apache-2.0
"""The stubs in `stubs/` against the packages that they describe.

A stub is a promise in place of the library's author: what it names must exist, or the type checker proves nothing.
Attributes that a class only sets while it is built are looked for in its source.
"""

import ast
import asyncio
import importlib
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

STUBS = Path(__file__).parents[2] / "stubs"
# sources that are Qt's or Python's own: what they have is seen by hasattr
NATIVE = frozenset({"PySide6", "Shiboken", "abc", "asyncio", "builtins", "enum", "shiboken6", "typing"})


@pytest.fixture(autouse=True)
def current_loop() -> Iterator[None]:
    """A loop to be found: eventkit asks for the current one while it is imported."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield
    asyncio.set_event_loop(None)
    loop.close()


def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def stub_files() -> list[Path]:
    return sorted(STUBS.rglob("*.pyi"))


def stubbed_module(path: Path) -> ModuleType:
    parts = path.relative_to(STUBS).with_suffix("").parts
    return importlib.import_module(".".join(parts[:-1] if parts[-1] == "__init__" else parts))


def class_source(cls: type) -> str:
    return "".join(inspect.getsource(base) for base in cls.__mro__ if base.__module__.split(".")[0] not in NATIVE)


def declared(body: list[ast.stmt]) -> Iterator[tuple[str, ast.stmt]]:
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name, node
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            yield node.target.id, node


def missing_members(owner: type, body: list[ast.stmt]) -> Iterator[str]:
    """Members of a stub class that the class has neither as attribute nor anywhere in its own source."""
    for name, _ in declared(body):
        if not hasattr(owner, name) and not re.search(rf"\b{name}\b", class_source(owner)):
            yield f"{owner.__qualname__}.{name}"


def missing_names(path: Path) -> list[str]:
    module = stubbed_module(path)
    missing: list[str] = []
    for name, node in declared(parse(path).body):
        if name.startswith("_") and not name.startswith("__"):
            continue
        value = getattr(module, name, None)
        if value is None:
            missing.append(name)
        elif isinstance(node, ast.ClassDef) and isinstance(value, type):
            missing.extend(missing_members(value, node.body))
    return missing


@pytest.mark.parametrize("path", stub_files(), ids=lambda path: str(path.relative_to(STUBS)))
@pytest.mark.usefixtures("qapp")
def test_every_name_in_a_stub_exists_in_the_package(path: Path) -> None:
    assert missing_names(path) == []


def stub_parameters(node: ast.FunctionDef | ast.AsyncFunctionDef) -> list[str]:
    arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    return [argument.arg for argument in arguments if not argument.arg.startswith("__")]


@pytest.mark.parametrize(
    "path", [path for path in stub_files() if path.parts[-2] == "ib_insync"], ids=lambda path: path.name
)
def test_a_stub_of_the_broker_library_has_the_parameters_of_the_real_function(path: Path) -> None:
    """Orders go through these signatures: a parameter that the library does not know is an order not sent."""
    module = stubbed_module(path)
    wrong: list[str] = []
    for name, node in declared(parse(path).body):
        members = declared(node.body) if isinstance(node, ast.ClassDef) else [(name, node)]
        owner: object = getattr(module, name) if isinstance(node, ast.ClassDef) else module
        for member, function in members:
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                real = list(inspect.signature(getattr(owner, member)).parameters)
                expected = [p for p in stub_parameters(function) if p != "self"]
                if expected != [p for p in real if p in expected]:
                    wrong.append(f"{name}.{member}: {expected} is not in {real}")
    assert wrong == []
