# SPDX-License-Identifier: Apache-2.0
"""Registry: which brokers and strategies there are, by their manifests, and their code on first use.

Three sources, one list: the tuples that the program itself passes, entry points of installed distributions, and
the person's own folder. A manifest is strings; nothing of a plugin runs before it is asked for, except the files
of the person's folder, which are their own manifest. A plugin that cannot be loaded is listed as broken and the
terminal starts.
"""

import hashlib
import importlib
import importlib.abc
import importlib.util
import stat
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import Any, Final, Generic, Protocol, TypeVar

from terminal.errors import PluginError, UserError

USER_PACKAGE: Final = "tiller_user_plugins"
"""Private parent of the modules of the person's folder: it is never on ``sys.path``."""
_LARGEST_FILE: Final = 1_000_000


class Manifest(Protocol):
    """What every kind of plugin declares about itself."""

    @property
    def id(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def factory(self) -> str:
        """``package.module:name``, imported on first use."""
        ...


M = TypeVar("M", bound=Manifest)


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered(Generic[M]):
    manifest: M
    origin: str
    """Where it comes from, for a person: built in, distribution NAME, or a file."""
    module: str = ""
    """The private module that a file of the person became; its factory is looked up there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """A plugin that is there and cannot be used."""

    origin: str
    reason: str


class Registry(Generic[M]):
    """The plugins of one kind.

    ``kind`` is the manifest's class; `add_*` fill it, `manifests` lists it, `load` gives the code.
    """

    def __init__(self, kind: type[M]) -> None:
        self._kind = kind
        self._found: dict[str, Registered[M]] = {}
        self._broken: list[Broken] = []

    # ------------------------------------------------------------ sources
    def add(self, manifest: M, origin: str = "built in", module: str = "") -> None:
        """Raises UserError PLG-001: the id is taken; the text names both origins."""
        taken = self._found.get(manifest.id)
        if taken is not None:
            raise UserError(
                "PLG-001",
                f"two plugins have the id {manifest.id!r}: one is {taken.origin}, the other {origin}. "
                "Way out: rename or remove one of them",
            )
        self._found[manifest.id] = Registered(manifest=manifest, origin=origin, module=module)

    def add_builtin(self, manifests: Iterable[M]) -> None:
        for manifest in manifests:
            self.add(manifest)

    def add_entry_points(self, group: str, found: Iterable[EntryPoint] | None = None) -> None:
        """Add the manifests that installed distributions declare under ``group``.

        Raises:
            UserError: PLG-001.
        """
        for point in found if found is not None else entry_points(group=group):
            origin = (
                f"of the distribution {point.dist.name}" if point.dist is not None else f"entry point {point.value}"
            )
            try:
                manifest = point.load()
            except (ImportError, AttributeError, SyntaxError, OSError, ValueError, TypeError) as fault:
                self._broken.append(Broken(origin=origin, reason=_why(fault)))
                continue
            self._take(manifest, origin)

    def add_folder(self, folder: Path, approved: Mapping[str, str] | None = None) -> None:
        """Add the ``PLUGIN`` manifest of every ``*.py`` file in the person's own folder; the name behind the colon
        of its factory is looked up in that file.

        ``approved``: file name -> SHA-256 in hexadecimal; with it, a file that is not listed or has changed since
        is not run. Files that others can change are never run. A Python plugin is not a sandbox.

        Raises:
            UserError: PLG-001.
        """
        if not folder.is_dir():
            return
        for path in sorted(folder.glob("*.py")):
            origin = f"the file {path}"
            try:
                module = _run_file(path, approved)
            except PluginError as fault:
                self._broken.append(Broken(origin=origin, reason=str(fault)))
            else:
                self._take(vars(module).get("PLUGIN"), origin, module.__name__)

    def _take(self, manifest: object, origin: str, module: str = "") -> None:
        if isinstance(manifest, self._kind):
            self.add(manifest, origin, module)
        else:
            reason = f"it must define PLUGIN as a {self._kind.__name__}, had {type(manifest).__name__}"
            self._broken.append(Broken(origin=origin, reason=reason))

    # ------------------------------------------------------------ answers
    @property
    def manifests(self) -> Mapping[str, M]:
        return {name: each.manifest for name, each in self._found.items()}

    @property
    def broken(self) -> tuple[Broken, ...]:
        return tuple(self._broken)

    def origin(self, plugin_id: str) -> str:
        return self._get(plugin_id).origin

    def load(self, plugin_id: str) -> Any:
        """Return the factory of a plugin, importing it now.

        Raises:
            UserError: PLG-002, there is no such plugin.
            PluginError: its code cannot be imported.
        """
        found = self._get(plugin_id)
        module, _, name = found.manifest.factory.partition(":")
        try:
            return getattr(importlib.import_module(found.module or module), name)
        except (ImportError, AttributeError, SyntaxError, OSError, ValueError, TypeError) as fault:
            reason = _why(fault)
            self._broken.append(Broken(origin=found.origin, reason=reason))
            raise PluginError(plugin_id, f"cannot be loaded ({found.origin}): {reason}") from fault

    def _get(self, plugin_id: str) -> Registered[M]:
        found = self._found.get(plugin_id)
        if found is None:
            known = ", ".join(sorted(self._found)) or "none"
            raise UserError("PLG-002", f"there is no plugin {plugin_id!r}; known: {known}")
        return found


def _run_file(path: Path, approved: Mapping[str, str] | None) -> ModuleType:
    """Import one file of the person's folder as a child of `USER_PACKAGE`.

    Raises:
        PluginError: it may not or cannot run.
    """
    name = path.stem
    if not name.isidentifier():
        raise PluginError(name, "its file name must be a Python name such as my_idea.py")
    content = _read_own(path)
    if approved is not None and approved.get(path.name) != hashlib.sha256(content).hexdigest():
        raise PluginError(name, "it is new or has changed since it was approved: look at it and approve it again")
    _make_parent()
    full = f"{USER_PACKAGE}.{name}"
    specification = importlib.util.spec_from_file_location(full, path, loader=_Approved(path, content))
    if specification is None or specification.loader is None:
        raise PluginError(name, "it cannot be imported")
    module = importlib.util.module_from_spec(specification)
    sys.modules[full] = module
    try:
        specification.loader.exec_module(module)
    except BaseException as fault:
        del sys.modules[full]
        if isinstance(fault, KeyboardInterrupt | SystemExit | GeneratorExit):
            raise
        raise PluginError(name, _why(fault)) from fault
    return module


class _Approved(importlib.abc.SourceLoader):
    """Runs the very bytes that were read and approved: importing the path would read the file a second time."""

    def __init__(self, path: Path, content: bytes) -> None:
        self._path, self._content = path, content

    def get_filename(self, _fullname: str) -> str:
        return str(self._path)

    def get_data(self, path: str | bytes) -> bytes:
        if path != str(self._path):
            raise OSError(f"{path!r} was not read")  # no compiled copy: nobody approved that
        return self._content


def _read_own(path: Path) -> bytes:
    found = path.lstat()
    if not stat.S_ISREG(found.st_mode):
        raise PluginError(path.stem, "it must be a plain file, not a link")
    if sys.platform != "win32" and found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise PluginError(path.stem, "other users can change it: run chmod 600 on it after reading it")
    if found.st_size > _LARGEST_FILE:
        raise PluginError(path.stem, "it must be smaller than 1 MB")
    return path.read_bytes()


def _make_parent() -> None:
    if USER_PACKAGE not in sys.modules:
        parent = ModuleType(USER_PACKAGE, "The person's own plugins.")
        parent.__path__ = []
        sys.modules[USER_PACKAGE] = parent


def _why(fault: BaseException) -> str:
    where = ""
    trace = fault.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is not None:
        where = f" (line {trace.tb_lineno} of {Path(trace.tb_frame.f_code.co_filename).name})"
    return f"{type(fault).__name__}: {fault}{where}"
