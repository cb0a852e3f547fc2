"""The top bar: mark, connection, palette, modules, activity, inbox, settings."""

from PySide6.QtCore import QPoint, QRect, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import (
    QAbstractButton,
    QHBoxLayout,
    QSizePolicy,
    QWidget,
)

from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.paint import draw_glyph, draw_text
from chrislib.views.widgets.text import ElidedLabel

BAR = 48


class _Painted(QAbstractButton):
    """A button that is drawn by hand, with hover, focus ring and a name."""

    def __init__(self, theme: Theme, *, name: str, words: str) -> None:
        super().__init__()
        self._theme = theme
        self.setObjectName(name)
        self.setAccessibleName(words)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        theme.changed.connect(self.update)

    def _ground(self, painter: QPainter, rect: QRect, token: str = "") -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        fill = token
        if self.isDown():
            fill = "bg.pressed"
        elif self.underMouse():
            fill = "bg.hover"
        if fill:
            painter.setBrush(self._theme.color(fill))
            painter.drawRoundedRect(rect, 4, 4)
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(self._theme.color("border.focus"), 2))
            painter.drawRoundedRect(QRectF(rect).adjusted(1, 1, -1, -1), 4, 4)


class MarkButton(_Painted):
    """The mark and the name; opens the menu with every command."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme, name="menu", words="Menu")
        self.setToolTip("Menu with every command")

    def sizeHint(self) -> QSize:
        """Return mark plus name."""
        metrics = QFontMetrics(self._theme.font("section"))
        return QSize(22 + 10 + metrics.horizontalAdvance("chrislib") + 16, 36)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the mark and the name."""
        painter = QPainter(self)
        self._ground(painter, self.rect())
        spot = QPoint(8, (self.height() - 22) // 2)
        draw_glyph(
            painter, spot, self._theme, icon="mark", token="accent.fill", size=22
        )
        words = QRect(40, 0, self.width() - 44, self.height())
        draw_text(painter, words, self._theme, text="chrislib", style="section")
        painter.end()


_HEALTH = {
    "none": ("unplug", "text.muted", "not connected"),
    "connecting": ("loader-circle", "state.preparing", "connecting"),
    "connected": ("circle-check", "state.ready", "connected"),
    "unreachable": ("cloud-off", "state.errors", "no answer"),
    "auth_required": ("triangle-alert", "state.errors", "sign in again"),
}


class ConnectionChip(_Painted):
    """Glyph, server and user; opens the accounts menu."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme, name="connection", words="Connection")
        self._host = ""
        self._user = ""
        self._state = "none"

    def show_connection(self, *, host: str, user: str, state: str) -> None:
        """Show who is signed in where, and the health as glyph and word."""
        self._host, self._user, self._state = host, user, state
        word = _HEALTH[state][2]
        self.setAccessibleName(
            f"Connection: {host or 'none'}, {user or 'nobody'}, {word}"
        )
        self.setToolTip(f"{word.capitalize()}. Accounts and sign-in")
        self.updateGeometry()
        self.update()

    @property
    def words(self) -> tuple[str, str]:
        """What is drawn: server and second word."""
        second = self._user if self._state == "connected" else _HEALTH[self._state][2]
        return self._host or "No server", second if self._host else ""

    def sizeHint(self) -> QSize:
        """Return room for both words, at most 320 px."""
        metrics = QFontMetrics(self._theme.font("small"))
        host, user = self.words
        width = metrics.horizontalAdvance(host) + metrics.horizontalAdvance(user)
        return QSize(min(320, width + 32 + (14 if user else 2) + 30), 28)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw glyph, words and arrow."""
        painter = QPainter(self)
        self._ground(painter, self.rect(), "bg.raised")
        glyph, token, _word = _HEALTH[self._state]
        middle = self.height() // 2
        draw_glyph(
            painter,
            QPoint(9, middle - 7),
            self._theme,
            icon=glyph,
            token=token,
            size=14,
        )
        host, user = self.words
        metrics = QFontMetrics(self._theme.font("small"))
        room = self.width() - 32 - 30
        wide = min(metrics.horizontalAdvance(host) + 1, room)
        rect = QRect(32, 0, wide, self.height())
        draw_text(painter, rect, self._theme, text=host, style="small")
        rest = QRect(32 + wide + 8, 0, room - wide - 8, self.height())
        if user and rest.width() > 12:
            draw_text(
                painter, rest, self._theme, text=user, style="small", token="text.muted"
            )
        spot = QPoint(self.width() - 22, middle - 7)
        draw_glyph(painter, spot, self._theme, icon="chevron-down", size=14)
        painter.end()


class PaletteButton(_Painted):
    """Looks like a search field; opens the palette."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(
            theme, name="palette.open", words="Search library, feeds and commands"
        )
        self.setToolTip("Search library, feeds and commands (Ctrl+K)")
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        """Return 440 px, 320 in a window under 1320."""
        window = self.window()
        return QSize(440 if window is None or window.width() >= 1320 else 320, 32)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw a field with a glyph, its words and its key."""
        painter = QPainter(self)
        theme = self._theme
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        focus = self.hasFocus()
        edge = theme.color("border.focus" if focus else "border.control")
        painter.setPen(QPen(edge, 2 if focus else 1))
        fill = "bg.hover" if self.underMouse() else "bg.input"
        painter.setBrush(theme.color(fill))
        inset = 1.0 if focus else 0.5
        box = QRectF(self.rect()).adjusted(inset, inset, -inset, -inset)
        painter.drawRoundedRect(box, 4, 4)
        draw_glyph(painter, QPoint(10, 9), theme, icon="search", size=14)
        words = QRect(33, 0, self.width() - 33 - 60, self.height())
        draw_text(
            painter,
            words,
            theme,
            text="Search library, feeds and commands",
            style="small",
            token="text.muted" if fill == "bg.input" else "text.secondary",
        )
        key = QRectF(self.width() - 48.5, 7.5, 39, 17)
        painter.setPen(QPen(theme.color("border.subtle"), 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(key, 3, 3)
        draw_text(
            painter,
            key.toRect(),
            theme,
            text="Ctrl K",
            style="caption",
            token="text.secondary",
            align=Qt.AlignmentFlag.AlignHCenter,
        )
        painter.end()


class ModuleTab(_Painted):
    """A module's name with the accent line while it is current."""

    def __init__(self, theme: Theme, text: str, *, name: str, keys: str) -> None:
        super().__init__(theme, name=name, words=text)
        self.setText(text)
        self.setCheckable(True)
        self.setToolTip(f"{text} ({keys})")
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Expanding)

    def sizeHint(self) -> QSize:
        """Return the word and 13 px on both sides."""
        metrics = QFontMetrics(self._theme.font("section"))
        return QSize(metrics.horizontalAdvance(self.text()) + 26, BAR)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the word; the line below tells which module is current."""
        painter = QPainter(self)
        current = self.isChecked()
        draw_text(
            painter,
            self.rect(),
            self._theme,
            text=self.text(),
            style="section" if current else "module",
            token="text.primary" if current or self.underMouse() else "text.secondary",
            align=Qt.AlignmentFlag.AlignHCenter,
        )
        if current:
            foot = QRect(0, self.height() - 2, self.width(), 2)
            painter.fillRect(foot, self._theme.color("accent.glyph"))
        if self.hasFocus():
            painter.setPen(QPen(self._theme.color("border.focus"), 2))
            painter.drawRoundedRect(self.rect().adjusted(3, 9, -3, -9), 4, 4)
        painter.end()


class ActivityRing(_Painted):
    """How many jobs run, and how far they are; turns only while nobody knows."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme, name="activity", words="Jobs")
        self.setCheckable(True)
        self._count = 0
        self._share: float | None = 0.0
        self._angle = 0
        self._still = False
        self._turn = QTimer(self)
        self._turn.setInterval(60)
        self._turn.timeout.connect(self._step)
        self.show_activity(0, 0.0)

    @property
    def count(self) -> int:
        """Number of jobs that have not ended."""
        return self._count

    def show_activity(self, count: int, share: float | None) -> None:
        """Show `count` jobs; `share` 0 to 1, None while unknown."""
        self._count, self._share = count, share
        words = f"{count} running" if count else "nothing running"
        self.setAccessibleName(f"Jobs, {words}")
        self.setToolTip(f"Jobs: {words} (Ctrl+J)")
        turning = count > 0 and share is None and not self._still
        if turning and not self._turn.isActive():
            self._turn.start()
        elif not turning:
            self._turn.stop()
        self.update()

    def set_still(self, still: bool) -> None:
        """Never turn, for people who asked for less motion."""
        self._still = still
        self.show_activity(self._count, self._share)

    def sizeHint(self) -> QSize:
        """Return 36 px square."""
        return QSize(36, 36)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the ring with the count in it."""
        painter = QPainter(self)
        theme = self._theme
        self._ground(painter, self.rect(), "bg.selected" if self.isChecked() else "")
        ring = QRectF(0, 0, 22, 22)
        ring.moveCenter(QRectF(self.rect()).center())
        pen = QPen(theme.color("bg.pressed"), 3)
        pen.setCapStyle(Qt.PenCapStyle.FlatCap)
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if not self._count:
            pen.setColor(theme.color("border.control"))
            pen.setWidth(2)
            painter.setPen(pen)
        painter.drawEllipse(ring)
        if self._count:
            pen.setColor(theme.color("state.running"))
            painter.setPen(pen)
            share = 0.3 if self._share is None else max(self._share, 0.02)
            start = 90 * 16 - self._angle * 16
            painter.drawArc(ring, start, -round(share * 360 * 16))
            draw_text(
                painter,
                self.rect(),
                theme,
                text=str(self._count) if self._count < 100 else "99",
                style="caption",
                align=Qt.AlignmentFlag.AlignHCenter,
            )
        painter.end()

    def _step(self) -> None:
        self._angle = (self._angle + 18) % 360
        self.update()


class GlyphButton(_Painted):
    """A glyph of 36 px with an optional count in its corner."""

    def __init__(self, theme: Theme, icon: str, *, name: str, words: str) -> None:
        super().__init__(theme, name=name, words=words)
        self._icon = icon
        self._count = 0

    @property
    def count(self) -> int:
        """The number in the corner."""
        return self._count

    def show_count(self, count: int, *, words: str, tooltip: str) -> None:
        """Show `count` in the corner (none for 0)."""
        self._count = count
        self.setAccessibleName(words)
        self.setToolTip(tooltip)
        self.update()

    def sizeHint(self) -> QSize:
        """Return 36 px square."""
        return QSize(36, 36)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw glyph and count."""
        painter = QPainter(self)
        theme = self._theme
        self._ground(painter, self.rect(), "bg.selected" if self.isChecked() else "")
        spot = QPoint((self.width() - 16) // 2, (self.height() - 16) // 2)
        draw_glyph(painter, spot, theme, icon=self._icon, size=16)
        if self._count:
            text = str(self._count) if self._count < 100 else "99+"
            metrics = QFontMetrics(theme.font("caption"))
            width = max(15, metrics.horizontalAdvance(text) + 8)
            disc = QRectF(self.width() - width - 1, 2, width, 15)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.color("accent.fill"))
            painter.drawRoundedRect(disc, 7.5, 7.5)
            draw_text(
                painter,
                disc.toRect(),
                theme,
                text=text,
                style="group",
                token="text.on-accent",
                align=Qt.AlignmentFlag.AlignHCenter,
            )
        painter.end()


class TopBar(QWidget):
    """Everything above the work, 48 px high."""

    module_chosen = Signal(str)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.setObjectName("top-bar")
        self.setFixedHeight(BAR)
        self.mark = MarkButton(theme)
        self.chip = ConnectionChip(theme)
        self.checked = ElidedLabel(
            theme, style="caption", token="text.muted", name="shell.checked"
        )
        self.palette_button = PaletteButton(theme)
        self.library_tab = ModuleTab(
            theme, "Library", name="module.library", keys="Ctrl+1"
        )
        self.feeds_tab = ModuleTab(theme, "Feeds", name="module.feeds", keys="Ctrl+2")
        self.activity = ActivityRing(theme)
        self.bell = GlyphButton(theme, "bell", name="bell", words="Inbox")
        self.bell.setToolTip("Inbox (Ctrl+I)")
        self.settings = GlyphButton(
            theme, "settings", name="settings", words="Settings"
        )
        self.settings.setToolTip("Settings (Ctrl+,)")
        left, right = QWidget(), QWidget()
        for side in (left, right):
            side.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Expanding)
        first = QHBoxLayout(left)
        first.setContentsMargins(6, 0, 12, 0)
        first.setSpacing(14)
        first.addWidget(self.mark)
        first.addWidget(self.chip)
        first.addWidget(self.checked, 1)
        last = QHBoxLayout(right)
        last.setContentsMargins(12, 0, 12, 0)
        last.setSpacing(4)
        last.addStretch(1)
        last.addWidget(self.library_tab)
        last.addWidget(self.feeds_tab)
        last.addSpacing(12)
        for piece in (self.activity, self.bell, self.settings):
            last.addWidget(piece)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 1)
        row.setSpacing(0)
        row.addWidget(left, 1)
        row.addWidget(self.palette_button)
        row.addWidget(right, 1)
        self.library_tab.clicked.connect(lambda: self.module_chosen.emit("library"))
        self.feeds_tab.clicked.connect(lambda: self.module_chosen.emit("feeds"))
        theme.changed.connect(self.update)

    def show_module(self, name: str) -> None:
        """Light the tab of "library" or "feeds", or the ring for "jobs"."""
        self.library_tab.setChecked(name == "library")
        self.feeds_tab.setChecked(name == "feeds")
        self.activity.setChecked(name == "jobs")

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the ground and the hairline below."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), self._theme.color("bg.panel"))
        painter.fillRect(
            QRect(0, self.height() - 1, self.width(), 1),
            self._theme.color("border.subtle"),
        )
        painter.end()
