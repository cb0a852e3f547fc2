"""Light and dark: palette, style sheet, fonts and recolored icons from one table."""

import contextlib
from collections.abc import Callable, Mapping
from pathlib import Path

from PySide6.QtCore import QByteArray, QObject, QRectF, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontDatabase,
    QFontMetrics,
    QGuiApplication,
    QIcon,
    QPainter,
    QPalette,
    QPixmap,
)
from PySide6.QtWidgets import QApplication

from chrislib.views.theme.colors import DARK, LIGHT
from chrislib.views.theme.style import style_sheet

_REMEMBERED = 4_000
TEXT_SIZES = (0.9, 1.0, 1.15, 1.3)
"""The factors the setting *Text size* offers."""

_STYLES: Mapping[str, tuple[int, QFont.Weight]] = {
    "page": (20, QFont.Weight.DemiBold),
    "section": (14, QFont.Weight.DemiBold),
    "module": (14, QFont.Weight.Normal),
    "body": (13, QFont.Weight.Normal),
    "button": (13, QFont.Weight.Medium),
    "strong": (13, QFont.Weight.DemiBold),
    "small": (12, QFont.Weight.Normal),
    "small-strong": (12, QFont.Weight.Medium),
    "caption": (11, QFont.Weight.Normal),
    "group": (11, QFont.Weight.DemiBold),
    "mono": (12, QFont.Weight.Normal),
    "mono-strong": (12, QFont.Weight.DemiBold),
}
_SANS = ["Inter", "Noto Sans", "DejaVu Sans"]
_MONO = ["JetBrains Mono", "DejaVu Sans Mono"]

_ROLES: tuple[tuple[QPalette.ColorRole, str], ...] = (
    (QPalette.ColorRole.Window, "bg.window"),
    (QPalette.ColorRole.WindowText, "text.primary"),
    (QPalette.ColorRole.Base, "bg.input"),
    (QPalette.ColorRole.AlternateBase, "bg.panel"),
    (QPalette.ColorRole.Text, "text.primary"),
    (QPalette.ColorRole.Button, "bg.raised"),
    (QPalette.ColorRole.ButtonText, "text.primary"),
    (QPalette.ColorRole.BrightText, "text.on-accent"),
    (QPalette.ColorRole.Highlight, "bg.selected"),
    (QPalette.ColorRole.HighlightedText, "text.primary"),
    (QPalette.ColorRole.PlaceholderText, "text.muted"),
    (QPalette.ColorRole.Accent, "accent.text"),
    (QPalette.ColorRole.Link, "accent.text"),
    (QPalette.ColorRole.LinkVisited, "accent.text"),
    (QPalette.ColorRole.ToolTipBase, "bg.tooltip"),
    (QPalette.ColorRole.ToolTipText, "text.on-tooltip"),
    (QPalette.ColorRole.Light, "bg.pressed"),
    (QPalette.ColorRole.Midlight, "bg.hover"),
    (QPalette.ColorRole.Mid, "border.subtle"),
    (QPalette.ColorRole.Dark, "border.control"),
    (QPalette.ColorRole.Shadow, "bg.image"),
)
_TEXT_ROLES = (
    QPalette.ColorRole.WindowText,
    QPalette.ColorRole.Text,
    QPalette.ColorRole.ButtonText,
    QPalette.ColorRole.HighlightedText,
    QPalette.ColorRole.PlaceholderText,
    QPalette.ColorRole.Link,
)


class Theme(QObject):
    """Colors, icons and fonts of the current theme; `changed` when they differ.

    Parameters
    ----------
    resources : Path
        Folder with ``icons``, ``fonts`` and ``styles``.
    mode : str
        "dark", "light" or "system".
    text_size : float
        Factor for text and rows, see `TEXT_SIZES`.
    """

    changed = Signal()

    def __init__(
        self, resources: Path, mode: str = "dark", *, text_size: float = 1.0
    ) -> None:
        super().__init__()
        self._resources = resources
        self._mode = mode
        self._text_size = text_size
        self._app: QApplication | None = None
        self._sources: dict[str, str] = {}
        self._pixmaps: dict[tuple[str, str, int, float], QPixmap] = {}
        self._icons: dict[tuple[str, str, int], QIcon] = {}
        self._fonts: dict[str, QFont] = {}
        self._metrics: dict[str, QFontMetrics] = {}
        self._widths: dict[tuple[str, str], int] = {}
        self._elided: dict[tuple[str, str, int, Qt.TextElideMode], str] = {}
        self._loaded: set[str] = set()
        self._tokens: Mapping[str, str] = DARK
        self._pick()

    @property
    def name(self) -> str:
        """The theme in use: "dark" or "light"."""
        return "dark" if self._tokens is DARK else "light"

    @property
    def mode(self) -> str:
        """What was chosen: "dark", "light" or "system"."""
        return self._mode

    @property
    def text_size(self) -> float:
        """The factor for text and rows."""
        return self._text_size

    def px(self, metric: int) -> int:
        """Return a row height or text metric (px at text size 1), scaled."""
        return round(metric * self._text_size)

    def choose(self, mode: str | None = None, text_size: float | None = None) -> None:
        """Change theme or text size at once, everywhere."""
        self._mode = mode or self._mode
        self._text_size = text_size or self._text_size
        self._pick()
        self._fonts.clear()
        self._metrics.clear()
        self._widths.clear()
        self._elided.clear()
        self._pixmaps.clear()
        self._icons.clear()
        if self._app is not None:
            self._dress(self._app)
        self.changed.emit()

    def apply(self, app: QApplication) -> None:
        """Dress the whole application and follow the system where chosen."""
        self._app = app
        app.setStyle("Fusion")
        self._dress(app)
        app.styleHints().colorSchemeChanged.connect(self._system_changed)

    def follow(self, owner: QObject, dress: Callable[[], object]) -> None:
        """Call `dress` now and after each change, until `owner` is gone.

        For functions that belong to no object: a bound method of a widget may be
        connected to `changed` directly and ends with it.
        """

        def stop() -> None:
            # at the end of the program the theme may be gone before its followers
            with contextlib.suppress(RuntimeError):
                self.changed.disconnect(dress)

        dress()
        self.changed.connect(dress)
        owner.destroyed.connect(stop)

    def color(self, token: str) -> QColor:
        """Return the color of `token`; KeyError for a word that is none."""
        return QColor(self._tokens[token])

    def hex(self, token: str) -> str:
        """Return ``#rrggbb`` of `token`."""
        return self._tokens[token]

    def font(self, style: str) -> QFont:
        """Return the font of a style of the type table, e.g. "body"; reads files."""
        found = self._fonts.get(style)
        if found is None:
            size, weight = _STYLES[style]
            mono = style.startswith("mono")
            self._load_font(weight, mono=mono)
            found = QFont(_MONO if mono else _SANS)
            found.setPixelSize(self.px(size))
            found.setWeight(weight)
            found.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
            # digits of one width, so that counting numbers do not jump
            found.setFeature(QFont.Tag("tnum"), 1)
            self._fonts[style] = found
        return found

    def width(self, style: str, text: str) -> int:
        """Return the width of `text` in px; lists ask for the same words again."""
        key = (style, text)
        found = self._widths.get(key)
        if found is None:
            if len(self._widths) > _REMEMBERED:
                self._widths.clear()
            found = self._metrics_of(style).horizontalAdvance(text)
            self._widths[key] = found
        return found

    def elided(
        self, style: str, text: str, width: int, *, mode: Qt.TextElideMode
    ) -> str:
        """Return `text`, shortened to `width` px where it does not fit."""
        if self.width(style, text) <= width:
            return text
        key = (style, text, width, mode)
        found = self._elided.get(key)
        if found is None:
            if len(self._elided) > _REMEMBERED:
                self._elided.clear()
            found = self._metrics_of(style).elidedText(text, mode, max(width, 0))
            self._elided[key] = found
        return found

    def _metrics_of(self, style: str) -> QFontMetrics:
        found = self._metrics.get(style)
        if found is None:
            found = self._metrics[style] = QFontMetrics(self.font(style))
        return found

    def pixmap(
        self,
        name: str,
        token: str = "text.secondary",
        *,
        size: int = 16,
        dpr: float = 1,
    ) -> QPixmap:
        """Return icon `name` in the color of `token`, `size` px wide; reads files."""
        key = (name, token, size, dpr)
        found = self._pixmaps.get(key)
        if found is None:
            found = self._render(name, self._tokens[token], size=size, dpr=dpr)
            self._pixmaps[key] = found
        return found

    def icon(
        self, name: str, token: str = "text.secondary", *, size: int = 16
    ) -> QIcon:
        """Return icon `name` with its disabled look; reads files."""
        key = (name, token, size)
        found = self._icons.get(key)
        if found is None:
            found = QIcon()
            ratio = self._app.devicePixelRatio() if self._app is not None else 1.0
            for dpr in {1.0, ratio}:
                found.addPixmap(self.pixmap(name, token, size=size, dpr=dpr))
                found.addPixmap(
                    self.pixmap(name, "text.disabled", size=size, dpr=dpr),
                    QIcon.Mode.Disabled,
                )
            self._icons[key] = found
        return found

    def _pick(self) -> None:
        dark = self._mode != "light"
        if self._mode == "system":
            scheme = QGuiApplication.styleHints().colorScheme()
            dark = scheme != Qt.ColorScheme.Light
        self._tokens = DARK if dark else LIGHT

    def _system_changed(self) -> None:
        if self._mode == "system":
            self.choose()

    def _dress(self, app: QApplication) -> None:
        app.setPalette(self._palette())
        font = self.font("body")
        if app.font() != font:
            # every widget is dressed anew for it, as long as all the rest takes
            app.setFont(font)
        styles = self._resources / "styles"
        app.setStyleSheet(
            style_sheet(self._tokens, self.px, name=self.name, styles=styles)
        )

    def _palette(self) -> QPalette:
        palette = QPalette()
        for role, token in _ROLES:
            palette.setColor(role, self.color(token))
        for role in _TEXT_ROLES:
            palette.setColor(
                QPalette.ColorGroup.Disabled, role, self.color("text.disabled")
            )
        return palette

    def _load_font(self, weight: QFont.Weight, *, mono: bool) -> None:
        family = "JetBrainsMono" if mono else "Inter"
        word = {QFont.Weight.DemiBold: "SemiBold", QFont.Weight.Medium: "Medium"}
        file = f"{family}-{word.get(weight, 'Regular')}.ttf"
        if file not in self._loaded:
            self._loaded.add(file)
            QFontDatabase.addApplicationFont(str(self._resources / "fonts" / file))

    def _render(self, name: str, color: str, *, size: int, dpr: float) -> QPixmap:
        # QtSvg is not needed for the first text on screen: imported when used.
        from PySide6.QtSvg import QSvgRenderer

        source = self._sources.get(name)
        if source is None:
            file = self._resources / "icons" / f"{name}.svg"
            source = file.read_text(encoding="utf-8")
            self._sources[name] = source
        stroke = "2" if size <= 14 else "1.75"
        text = source.replace("currentColor", color).replace(
            'stroke-width="2"', f'stroke-width="{stroke}"'
        )
        side = round(size * dpr)
        pixmap = QPixmap(side, side)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        QSvgRenderer(QByteArray(text.encode())).render(
            painter, QRectF(0, 0, side, side)
        )
        painter.end()
        pixmap.setDevicePixelRatio(dpr)
        return pixmap
