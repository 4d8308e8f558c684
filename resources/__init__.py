# SPDX-License-Identifier: Apache-2.0
"""Data that ships with Tiller: themes, fonts, icons, layouts, sample sessions, licences. No logic.

One function family opens everything, so that a wheel, a zip and a frozen build work alike and nobody
builds a path from ``__file__``. A name is a path with forward slashes below this package, for example
``themes/tokens.toml``. It must not know Qt, and nothing here is written at run time.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

if TYPE_CHECKING:
    from importlib.abc import ResourceLoader
    from importlib.resources.abc import Traversable

_LOADER: Final = cast("ResourceLoader", __spec__.loader)


def _parts(name: str) -> list[str]:
    parts = name.split("/")
    if not name or any(part in {"", ".", ".."} for part in parts):
        raise ValueError(f"a resource name is a relative path with forward slashes, was {name!r}")
    return parts


def _entry(name: str) -> "Traversable":
    from importlib import resources  # slow to import, and the first paint only reads bytes

    return resources.files(__name__).joinpath(*_parts(name))


def _missing(name: str) -> FileNotFoundError:
    return FileNotFoundError(
        f"resource {name!r} is not part of this installation of Tiller: install it again, "
        "or in a checkout restore the resources folder"
    )


def read_text(name: str) -> str:
    """Return a text resource, decoded as UTF-8.

    Raises ``FileNotFoundError`` that names the resource, ``ValueError`` for a name that leaves the package.
    """
    return read_bytes(name).decode("utf-8")


def read_bytes(name: str) -> bytes:
    """Return the bytes of a resource. Errors as `read_text`."""
    try:
        return _LOADER.get_data(str(Path(__path__[0], *_parts(name))))
    except OSError:
        raise _missing(name) from None


def exists(name: str) -> bool:
    """Say whether a resource file of that name ships."""
    return _entry(name).is_file()


def names(folder: str, suffix: str = "") -> list[str]:
    """Return the names below one folder (not its subfolders), sorted, that end in `suffix`."""
    entry = _entry(folder)
    if not entry.is_dir():
        raise _missing(folder)
    found = (item.name for item in entry.iterdir() if item.is_file())
    return sorted(f"{folder}/{name}" for name in found if name.endswith(suffix))


@contextmanager
def as_path(name: str) -> Iterator[Path]:
    """Give a real file for code that insists on one. It may be gone when the block ends."""
    entry = _entry(name)
    if not entry.is_file():
        raise _missing(name)
    from importlib import resources

    with resources.as_file(entry) as path:
        yield path
