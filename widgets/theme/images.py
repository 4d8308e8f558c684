# SPDX-License-Identifier: Apache-2.0
"""Images of the sheet: the few arrows and ticks that Qt loads by address, tinted per theme.

A style sheet can only name an image, so the tinted SVG texts are registered as an in-memory resource
tree (the layout of Qt's resource compiler, version 1). Nothing is written to disk: a full disk must not
cost a check box its tick.
"""

import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from PySide6.QtCore import qRegisterResourceData

import resources
from widgets.theme.tokens import ThemeTokens

# name in the sheet -> (icon file, token)
_SHAPES: Final[Mapping[str, tuple[str, str]]] = {
    "up": ("triangle-up", "text.muted"),
    "down": ("triangle-down", "text.muted"),
    "up_off": ("triangle-up", "text.disabled"),
    "down_off": ("triangle-down", "text.disabled"),
    "chevron_down": ("chevron-down", "text.secondary"),
    "chevron_down_off": ("chevron-down", "text.disabled"),
    "right": ("chevron-right", "text.muted"),
    "check": ("check", "text.primary"),
    "check_on": ("check-bold", "accent.on_solid"),
    "check_off": ("check-bold", "text.disabled"),
    "dash_on": ("dash-bold", "accent.on_solid"),
    "dot_on": ("dot", "accent.on_solid"),
}
_VERSION: Final = 1
_DIRECTORY: Final = 0x02
_ANY_TERRITORY: Final = 0
_C_LANGUAGE: Final = 1  # a file of any other language is only found in that locale


def tint(svg: str, color: str) -> str:
    """Return an SVG text whose ``currentColor`` is `color`."""
    return svg.replace("currentColor", color)


def sheet_images(theme: ThemeTokens) -> Mapping[str, str]:
    """Register the images of a theme with Qt, once per tint, and return their addresses by name."""
    return _registered(tuple((name, icon, theme.hex(token)) for name, (icon, token) in _SHAPES.items())).addresses


@dataclass(frozen=True, slots=True)
class _Registered:
    """Addresses, and the blocks that Qt reads them from: it keeps their pointers for ever."""

    addresses: Mapping[str, str]
    blocks: tuple[bytes, bytes, bytes]


@cache
def _registered(tints: tuple[tuple[str, str, str], ...]) -> _Registered:
    # Never taken out again: a widget may still hold an address of the theme before.
    root = f"tiller-{zlib.crc32(repr(tints).encode()):08x}"
    files = {
        f"{name}.svg": tint(resources.read_text(f"icons/{icon}.svg"), color).encode() for name, icon, color in tints
    }
    blocks = _compile(root, files)
    qRegisterResourceData(_VERSION, *blocks)
    return _Registered({name: f":/{root}/{name}.svg" for name, _, _ in tints}, blocks)


def _hash(name: str) -> int:
    """Return Qt's ELF-style hash, by which the entries of a folder are sorted."""
    value = 0
    for char in name:
        value = (value << 4) + ord(char)
        value ^= (value & 0xF0000000) >> 23
        value &= 0x0FFFFFFF
    return value


def _compile(root: str, files: Mapping[str, bytes]) -> tuple[bytes, bytes, bytes]:
    """Return tree, names and data of one folder of files, as Qt's resource reader wants them."""
    names, offsets = bytearray(), {}
    for name in (root, *files):
        offsets[name] = len(names)
        names += struct.pack(">HI", len(name), _hash(name)) + name.encode("utf-16-be")
    data, places = bytearray(), {}
    for name, content in files.items():
        places[name] = len(data)
        data += struct.pack(">I", len(content)) + content
    tree = bytearray(struct.pack(">IHII", 0, _DIRECTORY, 1, 1))
    tree += struct.pack(">IHII", offsets[root], _DIRECTORY, len(files), 2)
    for name in sorted(files, key=_hash):
        tree += struct.pack(">IHHHI", offsets[name], 0, _ANY_TERRITORY, _C_LANGUAGE, places[name])
    return bytes(tree), bytes(names), bytes(data)
