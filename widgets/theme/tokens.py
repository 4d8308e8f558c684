# SPDX-License-Identifier: Apache-2.0
"""Tokens: the values of the look, read from one file and typed.

Palette, sheet, delegates, painters and plot pens all take their values from here, so that a colour that
is not a token cannot reach the screen. No Qt: the rules of the tokens are tested without a display.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Final, TypeVar, cast

import resources

TOKENS: Final = "themes/tokens.toml"
_HEX: Final = re.compile(r"#[0-9A-F]{6}")
_FLAGS: Final = ("hollow_up_candles", "sign_glyphs", "side_letters")
_T = TypeVar("_T")


class TokenError(LookupError):
    """A token was asked for that the file does not have, or the file breaks one of its rules."""


@dataclass(frozen=True, slots=True)
class Density:
    """Heights and paddings of one density, in pixels."""

    row: int
    table_header: int
    panel_header: int
    menu_bar: int
    status_bar: int
    control: int
    tab: int
    ladder_row: int
    cell_pad: int


@dataclass(frozen=True, slots=True)
class FontSizes:
    """Pixel sizes of the type roles in one density."""

    caption: int
    body: int
    title: int
    figure: int
    hero: int


@dataclass(frozen=True, slots=True)
class Space:
    """Distances in pixels; what each is for stands in the token file."""

    x0: int
    x1: int
    x2: int
    x3: int
    x4: int
    x5: int
    x6: int
    x7: int


@dataclass(frozen=True, slots=True)
class Radius:
    """Corner radii in pixels."""

    panel: int
    chip: int
    control: int
    dialog: int


@dataclass(frozen=True, slots=True)
class Stroke:
    """Line widths in pixels."""

    hairline: int
    frame_mode: int
    focus: int
    focus_contrast: int
    order_line: int
    position_line: int
    study: float


@dataclass(frozen=True, slots=True)
class IconSizes:
    """Icon edge lengths in pixels, and the stroke they are drawn with."""

    small: int
    normal: int
    large: int
    empty: int
    stroke: float


@dataclass(frozen=True, slots=True)
class Motion:
    """Durations in milliseconds."""

    flash: int
    hover: int
    panel: int
    toast_in: int
    toast_out: int
    hold_to_fire: int
    toast_info: int
    toast_fill: int
    arm_timeout: int


@dataclass(frozen=True, slots=True)
class Age:
    """Milliseconds since the source last spoke, after which a value is stale or dead."""

    quote_stale: int
    quote_dead: int
    pnl_stale: int
    pnl_dead: int
    account_stale: int
    preview_stale: int


@dataclass(frozen=True, slots=True)
class Limit:
    """Shares of a limit at which its bar changes colour."""

    near: float
    over: float


@dataclass(frozen=True, slots=True)
class ThemeTokens:
    """The colours of one theme by dotted name, and its flags."""

    name: str
    colors: Mapping[str, str]
    hollow_up_candles: bool
    sign_glyphs: bool
    side_letters: bool

    def hex(self, token: str) -> str:
        """Return ``#RRGGBB`` of a token such as ``text.muted``; `TokenError` names near ones."""
        try:
            return self.colors[token]
        except KeyError:
            group = token.split(".", maxsplit=1)[0]
            near = sorted(key for key in self.colors if key.startswith(f"{group}."))
            known = near or sorted({key.split(".", maxsplit=1)[0] for key in self.colors})
            raise TokenError(
                f"a colour must be a token of {TOKENS}, was {token!r}; theme {self.name} has {', '.join(known)}"
            ) from None


@dataclass(frozen=True, slots=True)
class Tokens:
    """The whole file."""

    themes: Mapping[str, ThemeTokens]
    densities: Mapping[str, Density]
    sizes: Mapping[str, FontSizes]
    ui_fonts: tuple[str, ...]
    mono_fonts: tuple[str, ...]
    features: tuple[str, ...]
    weights: Mapping[str, int]
    space: Space
    radius: Radius
    stroke: Stroke
    icon: IconSizes
    motion: Motion
    age: Age
    limit: Limit
    default_theme: str
    default_density: str

    def theme(self, name: str) -> ThemeTokens:
        """Return one theme; `TokenError` lists the themes there are."""
        return _pick(self.themes, name, "theme")

    def density(self, name: str) -> Density:
        """Return one density; `TokenError` lists the densities there are."""
        return _pick(self.densities, name, "density")


def load(text: str | None = None) -> Tokens:
    """Read the token file, or `text` in its place. Raises `TokenError` with the first broken rule."""
    try:
        doc = tomllib.loads(resources.read_text(TOKENS) if text is None else text)
    except tomllib.TOMLDecodeError as error:
        raise TokenError(f"{TOKENS} is not readable: {error}") from error
    font = _table(doc, "font")
    themes = {name: _theme(name, _table(doc, "theme")) for name in doc["meta"]["themes"]}
    _same_keys(themes)
    return Tokens(
        themes=themes,
        densities={name: _typed(Density, group) for name, group in _table(doc, "density").items()},
        sizes={name: _typed(FontSizes, group) for name, group in font["size"].items()},
        ui_fonts=tuple(font["ui"]),
        mono_fonts=tuple(font["mono"]),
        features=tuple(font["features"]),
        weights={
            "regular": font["weight_regular"],
            "medium": font["weight_medium"],
            "strong": font["weight_strong"],
        },
        space=_typed(Space, _table(doc, "space")),
        radius=_typed(Radius, _table(doc, "radius")),
        stroke=_typed(Stroke, _table(doc, "stroke")),
        icon=_typed(IconSizes, _table(doc, "icon")),
        motion=_typed(Motion, _table(doc, "motion")),
        age=_typed(Age, _table(doc, "age")),
        limit=_typed(Limit, _table(doc, "limit")),
        default_theme=doc["meta"]["default_theme"],
        default_density=doc["meta"]["default_density"],
    )


def _pick(group: Mapping[str, _T], name: str, what: str) -> _T:
    try:
        return group[name]
    except KeyError:
        raise TokenError(f"a {what} must be one of {', '.join(group)}, was {name!r}") from None


def _table(doc: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    table = doc.get(key)
    if not isinstance(table, Mapping):
        raise TokenError(f"{TOKENS} must have a table [{key}]")
    return table


def _typed(kind: type[_T], group: Mapping[str, Any]) -> _T:
    """Fill a dataclass from a table: every field there, nothing else, numbers only."""
    wanted = {field.name for field in fields(cast("type[Any]", kind))}
    for key in sorted(wanted ^ set(group)):
        state = "missing" if key in wanted else "unknown"
        raise TokenError(f"{TOKENS}: {kind.__name__.lower()} key {key!r} is {state}")
    for key, value in group.items():
        if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
            raise TokenError(f"{TOKENS}: {key} must be a number of 0 or more, was {value!r}")
    return kind(**group)


def _theme(name: str, all_themes: Mapping[str, Any]) -> ThemeTokens:
    own = _table(all_themes, name)
    base = _table(all_themes, own["inherits"]) if "inherits" in own else {}
    found: dict[str, Any] = {}
    for source in (base, own):
        for group, values in source.items():
            if isinstance(values, Mapping):
                found.update({f"{group}.{key}": value for key, value in values.items()})
    colors: dict[str, str] = {}
    for key, value in found.items():
        if not isinstance(value, str) or not _HEX.fullmatch(value):
            raise TokenError(f"{TOKENS}: theme {name}: {key} must be #RRGGBB in capitals, was {value!r}")
        colors[key] = value
    flags = {flag: bool(own.get(flag, False)) for flag in _FLAGS}
    return ThemeTokens(name=name, colors=colors, **flags)


def _same_keys(themes: Mapping[str, ThemeTokens]) -> None:
    first, *others = themes.values()
    for theme in others:
        for key in sorted(set(first.colors) ^ set(theme.colors)):
            raise TokenError(f"{TOKENS}: themes {first.name} and {theme.name} differ at {key}")
