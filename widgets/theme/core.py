# SPDX-License-Identifier: Apache-2.0
"""Theme: the tokens of the chosen theme and density, as the things that Qt paints with.

Everything is made once per theme and kept; `switch` forgets it all, dresses the application anew and
tells every widget with one signal. It must not know any panel, and it never reads settings: the window
tells it what to wear.
"""

from typing import Final

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QBrush, QColor, QFont, QGuiApplication, QIcon, QPen, QPixmap
from PySide6.QtWidgets import QApplication, QStyleFactory

from widgets.theme import icons, palette, tokens
from widgets.theme.fonts import FontBook
from widgets.theme.images import sheet_images

FOLLOW_SYSTEM: Final = "system"
_COMPACT_UP_TO: Final = 1600


class Theme(QObject):
    """What the application wears.

    Signals:
        changed: theme, density or motion is another one; palette and sheet are already in place. Drop
            what was cached from this object, set fixed heights again and repaint.
    """

    changed = Signal()

    def __init__(
        self,
        app: QApplication,
        name: str | None = None,
        density: str | None = None,
        *,
        reduced_motion: bool = False,
    ) -> None:
        """Read the tokens and dress `app`.

        `name` is a theme of the token file, ``system``, or None for its default. `density` None takes compact
        on screens up to 1600 pixels wide, else normal. Raises `TokenError` for an unknown name.
        """
        super().__init__(app)
        self._app = app
        self.tokens = tokens.load()
        app.setStyle(QStyleFactory.create("Fusion"))
        self._wear(name or self.tokens.default_theme, density or _density_of(app), reduced_motion)

    def switch(
        self, *, name: str | None = None, density: str | None = None, reduced_motion: bool | None = None
    ) -> None:
        """Change theme, density or motion at run time; what is None stays. Emits `changed`."""
        motion = self._reduced if reduced_motion is None else reduced_motion
        self._wear(name or self.name, density or self.density_name, motion)
        self.changed.emit()

    # ------------------------------------------------------------------ what is worn
    @property
    def name(self) -> str:
        """Name of the theme, never ``system``."""
        return self._theme.name

    @property
    def density_name(self) -> str:
        """Name of the density."""
        return self._density_name

    @property
    def density(self) -> tokens.Density:
        """Heights and paddings in pixels."""
        return self.tokens.densities[self._density_name]

    @property
    def sizes(self) -> tokens.FontSizes:
        """Type sizes in pixels."""
        return self.tokens.sizes[self._density_name]

    @property
    def space(self) -> tokens.Space:
        """Distances in pixels."""
        return self.tokens.space

    @property
    def motion(self) -> tokens.Motion:
        """Durations in milliseconds; movement is 0 under reduced motion, holding and time-outs stay."""
        return self._motion

    @property
    def reduced_motion(self) -> bool:
        """Whether movement is off: a flash becomes an underline."""
        return self._reduced

    @property
    def sign_glyphs(self) -> bool:
        """Whether an arrow stands before each signed number."""
        return self._theme.sign_glyphs

    @property
    def side_letters(self) -> bool:
        """Whether B or S stands beside every side colour."""
        return self._theme.side_letters

    @property
    def hollow_up_candles(self) -> bool:
        """Whether a rising candle is drawn hollow."""
        return self._theme.hollow_up_candles

    @property
    def focus_width(self) -> int:
        """Width of the focus ring in pixels."""
        stroke = self.tokens.stroke
        return stroke.focus_contrast if self.name == "contrast" else stroke.focus

    # ------------------------------------------------------------------ paint
    def hex(self, token: str) -> str:
        """Return ``#RRGGBB`` of a token such as ``text.muted``. Raises `TokenError` for an unknown one."""
        return self._theme.hex(token)

    def color(self, token: str) -> QColor:
        """Return the shared colour of a token: do not change it."""
        found = self._colors.get(token)
        if found is None:
            found = self._colors[token] = QColor(self._theme.hex(token))
        return found

    def brush(self, token: str) -> QBrush:
        """Return the shared solid brush of a token."""
        found = self._brushes.get(token)
        if found is None:
            found = self._brushes[token] = QBrush(self.color(token))
        return found

    def pen(self, token: str, width: float = 1, dash: tuple[float, ...] = ()) -> QPen:
        """Return the shared cosmetic pen of a token; `dash` in pixels, as (7, 4)."""
        key = (token, width, dash)
        found = self._pens.get(key)
        if found is None:
            found = QPen(self.color(token), width)
            found.setCosmetic(True)
            if dash:
                found.setCapStyle(Qt.PenCapStyle.FlatCap)
                found.setDashPattern([part / width for part in dash])
            self._pens[key] = found
        return found

    # ------------------------------------------------------------------ type
    def font(self, role: str = "body", weight: str = "regular") -> QFont:
        """Return the interface face.

        Role is caption, body, title, figure or hero; weight is regular, medium or strong.
        """
        return self._fonts.ui(role, weight)

    def number_font(self, role: str = "body", weight: str = "regular") -> QFont:
        """Return the face for columns of numbers: even digits, whatever fonts the machine has."""
        return self._fonts.number(role, weight)

    def mono(self, role: str = "body", weight: str = "regular") -> QFont:
        """Return the face for log, code and error codes."""
        return self._fonts.mono(role, weight)

    # ------------------------------------------------------------------ icons
    def icon(self, name: str, color: str = "text.secondary", size: int | None = None) -> QIcon:
        """Return an icon tinted with a token, `size` in pixels (default the normal size).

        Disabled it is tinted as disabled text.
        """
        edge = size or self.tokens.icon.normal
        key = (name, color, edge)
        found = self._icons.get(key)
        if found is None:
            found = icons.build(name, self.hex(color), self.hex("text.disabled"), edge)
            self._icons[key] = found
        return found

    def pixmap(self, name: str, color: str = "text.secondary", size: int | None = None, scale: float = 1.0) -> QPixmap:
        """Return a tinted icon as a pixmap for a screen of `scale`, to be painted by a delegate."""
        edge = size or self.tokens.icon.normal
        key = (name, color, edge, scale)
        found = self._pixmaps.get(key)
        if found is None:
            found = self._pixmaps[key] = icons.render(name, self.hex(color), edge, scale)
        return found

    # ------------------------------------------------------------------ dressing
    def _wear(self, name: str, density: str, reduced_motion: bool) -> None:
        chosen = self.tokens.theme(_system_theme() if name == FOLLOW_SYSTEM else name)
        self.tokens.density(density)
        self._theme, self._density_name, self._reduced = chosen, density, reduced_motion
        self._motion = _still(self.tokens.motion) if reduced_motion else self.tokens.motion
        self._colors: dict[str, QColor] = {}
        self._brushes: dict[str, QBrush] = {}
        self._pens: dict[tuple[str, float, tuple[float, ...]], QPen] = {}
        self._icons: dict[tuple[str, str, int], QIcon] = {}
        self._pixmaps: dict[tuple[str, str, int, float], QPixmap] = {}
        self._fonts = FontBook(self.tokens, density)
        self._app.setPalette(palette.build_palette(chosen))
        self._app.setFont(self._fonts.ui())
        self._app.setStyleSheet(palette.build_sheet(self.tokens, chosen, density, sheet_images(chosen)))


def _density_of(app: QApplication) -> str:
    narrow = app.primaryScreen().availableGeometry().width() <= _COMPACT_UP_TO
    return "compact" if narrow else "normal"


def _system_theme() -> str:
    """Return light where the desktop says light; dark is the default everywhere else."""
    scheme = QGuiApplication.styleHints().colorScheme()
    return "light" if scheme == Qt.ColorScheme.Light else "dark"


def _still(motion: tokens.Motion) -> tokens.Motion:
    """Return the durations without movement. Holding to fire and time-outs are rules, not movement."""
    return tokens.Motion(
        flash=0,
        hover=0,
        panel=0,
        toast_in=0,
        toast_out=0,
        hold_to_fire=motion.hold_to_fire,
        toast_info=motion.toast_info,
        toast_fill=motion.toast_fill,
        arm_timeout=motion.arm_timeout,
    )
