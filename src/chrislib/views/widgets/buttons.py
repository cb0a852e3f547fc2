"""Buttons, icon buttons, segments and small form pieces of the house."""

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import (
    QButtonGroup,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QSizePolicy,
    QStyle,
    QStyleOptionButton,
    QStyleOptionToolButton,
    QStylePainter,
    QToolButton,
    QWidget,
)

from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.text import plain_tooltip

_KEY_WORDS = {"Return": "⏎", "Ctrl": "Ctrl"}
_TOKENS = {
    "primary": "text.on-accent",
    "quiet": "accent.text",
    "danger": "state.failed",
}


def key_text(shortcut: str) -> str:
    """Return a shortcut as it is drawn: ``Ctrl+Return`` is "Ctrl ⏎"."""
    return " ".join(_KEY_WORDS.get(part, part) for part in shortcut.split("+"))


def accessible(text: str) -> str:
    """Return what a screen reader says for a button's text or tooltip."""
    return text.split(" (", maxsplit=1)[0].replace(" …", "").replace("&", "")


class Button(QPushButton):
    """A push button that follows the theme and can show its key in a box."""

    def __init__(
        self, theme: Theme, text: str, *, kind: str, icon: str, keys: str, small: bool
    ) -> None:
        super().__init__(text)
        self._theme = theme
        self._glyph = icon
        self._keys = key_text(keys)
        self._small = small
        self.setProperty("kind", kind)
        self.setProperty("small", small)
        self.setAutoDefault(False)
        self.setCursor(Qt.CursorShape.ArrowCursor)
        self._dress()
        theme.changed.connect(self._dress)

    def set_kind(self, kind: str) -> None:
        """Turn into a primary, secondary, quiet or danger button."""
        if self.property("kind") != kind:
            self.setProperty("kind", kind)
            self.style().unpolish(self)
            self.style().polish(self)
            self._dress()

    def set_icon(self, icon: str) -> None:
        """Show another icon of the set; "" shows none."""
        self._glyph = icon
        self._dress()

    def setText(self, text: str) -> None:
        """Change the words, on screen and for screen readers."""
        super().setText(text)
        self.setAccessibleName(accessible(text))

    def sizeHint(self) -> QSize:
        """Return Qt's hint plus room for the key and the gap after the glyph."""
        hint = super().sizeHint()
        gap = 4 if self._glyph else 0
        return QSize(hint.width() + gap + self._key_width(), hint.height())

    def minimumSizeHint(self) -> QSize:
        """Return the hint: words of a button are never cut."""
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the ground by the style, glyph, words and key by hand."""
        if not self._keys and not self._glyph:
            super().paintEvent(event)
            return
        option = QStyleOptionButton()
        self.initStyleOption(option)
        painter = QStylePainter(self)
        painter.drawControl(QStyle.ControlElement.CE_PushButtonBevel, option)
        kind = str(self.property("kind"))
        token = _TOKENS.get(kind, "text.primary")
        if not self.isEnabled():
            token = "text.disabled"
        metrics = QFontMetrics(self.font())
        words = metrics.horizontalAdvance(self.text())
        side = self.iconSize().width() if self._glyph else 0
        gap = 8 if self._glyph else 0
        left = (self.width() - words - side - gap - self._key_width()) // 2
        if self._glyph:
            ratio = self.devicePixelRatioF()
            painter.drawPixmap(
                left,
                (self.height() - side) // 2,
                self._theme.pixmap(self._glyph, token, size=side, dpr=ratio),
            )
        painter.setFont(self.font())
        painter.setPen(self._theme.color(token))
        rect = QRectF(left + side + gap, 0, words + 2, self.height())
        flags = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(rect, int(flags), self.text())
        if self._keys:
            self._draw_key(painter, token, left + side + gap + words)
        painter.end()

    def _draw_key(self, painter: QPainter, token: str, left: int) -> None:
        height = self._theme.px(18)
        width = self._key_width() - 12
        box = QRectF(left + 12, (self.height() - height) / 2, width, height)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        faint = self._theme.color(token)
        faint.setAlphaF(0.55)
        painter.setPen(QPen(faint, 1))
        painter.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), 3, 3)
        painter.setPen(self._theme.color(token))
        painter.setFont(self._theme.font("caption"))
        painter.drawText(box, int(Qt.AlignmentFlag.AlignCenter), self._keys)

    def _key_width(self) -> int:
        if not self._keys:
            return 0
        metrics = QFontMetrics(self._theme.font("caption"))
        return metrics.horizontalAdvance(self._keys) + 12 + 12

    def _dress(self) -> None:
        self.setFont(self._theme.font("small-strong" if self._small else "button"))
        if self._glyph:
            token = _TOKENS.get(str(self.property("kind")), "text.primary")
            side = 14 if self._small else 16
            self.setIcon(self._theme.icon(self._glyph, token, size=side))
            self.setIconSize(QSize(side, side))
        self.updateGeometry()


def button(
    theme: Theme,
    text: str,
    *,
    kind: str = "secondary",
    icon: str = "",
    name: str,
    tooltip: str = "",
    shortcut: str = "",
    small: bool = False,
) -> Button:
    """Return a push button 32 px high (24 when `small`).

    Parameters
    ----------
    kind : str
        "secondary", "primary" (one per screen), "quiet" or "danger".
    icon : str
        Name of an icon, "" for none.
    name : str
        The object name, by which tests and assistive tools find it.
    shortcut : str
        Shown in a box and in the tooltip only: the key itself belongs to the
        pane's action, or to the shell (``Ctrl+Return`` presses the primary button).
    """
    made = Button(theme, text, kind=kind, icon=icon, keys=shortcut, small=small)
    made.setObjectName(name)
    made.setAccessibleName(accessible(text))
    made.setToolTip(plain_tooltip(tooltip))
    return made


class IconButton(QToolButton):
    """A glyph without words; its tooltip is its name."""

    def __init__(self, theme: Theme, icon: str, *, token: str, size: int) -> None:
        super().__init__()
        self._theme = theme
        self._glyph = icon
        self._token = token
        self._side = size
        self._dress()
        theme.changed.connect(self._dress)

    def set_icon(self, icon: str, token: str = "") -> None:
        """Show another icon or color."""
        self._glyph = icon
        self._token = token or self._token
        self._dress()

    def _dress(self) -> None:
        self.setIcon(self._theme.icon(self._glyph, self._token, size=16))
        self.setIconSize(QSize(16, 16))
        self.setFixedSize(self._side, self._side)


def icon_button(
    theme: Theme,
    icon: str,
    *,
    name: str,
    tooltip: str,
    token: str = "text.secondary",
    size: int = 28,
) -> IconButton:
    """Return a square button with a glyph; the tooltip's words are its name.

    The tooltip reads "Fold inspector (F8)": what stands before the bracket is what a
    screen reader says.
    """
    made = IconButton(theme, icon, token=token, size=size)
    made.setObjectName(name)
    made.setToolTip(plain_tooltip(tooltip))
    made.setAccessibleName(accessible(tooltip))
    return made


class _Segment(QToolButton):
    """One piece of `Segments`: glyph 14, 8 px, word."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._glyph = ""
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)

    def set_glyph(self, icon: str) -> None:
        """Show an icon before the word; "" shows none."""
        self._glyph = icon
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        """Return Qt's hint plus room for the glyph."""
        hint = super().sizeHint()
        return QSize(hint.width() + (22 if self._glyph else 0), hint.height())

    def minimumSizeHint(self) -> QSize:
        """Return the hint: the word is never cut."""
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the ground by the style, glyph and word by hand."""
        if not self._glyph:
            super().paintEvent(event)
            return
        option = QStyleOptionToolButton()
        self.initStyleOption(option)
        text, option.text = option.text, ""
        painter = QStylePainter(self)
        painter.drawComplexControl(QStyle.ComplexControl.CC_ToolButton, option)
        words = QFontMetrics(self.font()).horizontalAdvance(text)
        left = (self.width() - words - 22) // 2
        picture = self._theme.pixmap(self._glyph, size=14, dpr=self.devicePixelRatioF())
        painter.drawPixmap(left, (self.height() - 14) // 2, picture)
        painter.setFont(self.font())
        token = "text.primary" if self.isEnabled() else "text.disabled"
        painter.setPen(self._theme.color(token))
        rect = QRectF(left + 22, 0, words + 2, self.height())
        flags = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(rect, int(flags), text)
        painter.end()


class Segments(QWidget):
    """One choice out of a few, side by side.

    Parameters
    ----------
    choices : sequence of (key, label, icon)
        Icon "" for none.
    """

    chosen = Signal(str)

    def __init__(
        self, theme: Theme, choices: Sequence[tuple[str, str, str]], *, name: str
    ) -> None:
        super().__init__()
        self.setObjectName(name)
        self._theme = theme
        self._buttons: dict[str, _Segment] = {}
        self._icons = {key: icon for key, _, icon in choices}
        self._group = QButtonGroup(self)
        self._group.setExclusive(True)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        last = len(choices) - 1
        for index, (key, label, _icon) in enumerate(choices):
            piece = _Segment(theme)
            piece.setObjectName(f"{name}.{key}")
            piece.setAccessibleName(label)
            piece.setCheckable(True)
            piece.setText(label)
            piece.setProperty("segment", True)
            edge = "first" if index == 0 else "last" if index == last else ""
            piece.setProperty("edge", edge)
            piece.clicked.connect(lambda _on=False, key=key: self.chosen.emit(key))
            self._group.addButton(piece)
            self._buttons[key] = piece
            row.addWidget(piece)
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self._dress()
        theme.changed.connect(self._dress)
        if choices:
            self._buttons[choices[0][0]].setChecked(True)

    @property
    def current(self) -> str:
        """The key of the chosen segment."""
        for key, piece in self._buttons.items():
            if piece.isChecked():
                return key
        return ""

    def choose(self, key: str) -> None:
        """Choose `key` without emitting `chosen`."""
        self._buttons[key].setChecked(True)

    def offer(self, key: str, offered: bool) -> None:
        """Show or hide one segment; the outer ones have round corners."""
        self._buttons[key].setVisible(offered)
        shown = [one for one in self._buttons.values() if not one.isHidden()]
        for one in shown:
            edge = {shown[0]: "first", shown[-1]: "last"}.get(one, "")
            one.setProperty("edge", edge)
            one.style().unpolish(one)
            one.style().polish(one)

    def set_label(self, key: str, label: str) -> None:
        """Change the words of one segment."""
        self._buttons[key].setText(label)
        self._buttons[key].setAccessibleName(label)

    def _dress(self) -> None:
        for key, piece in self._buttons.items():
            piece.setFont(self._theme.font("small"))
            piece.set_glyph(self._icons[key])


class Field(QLineEdit):
    """A one-line field with an optional glyph, that can be marked as refused."""

    def __init__(
        self,
        theme: Theme,
        placeholder: str = "",
        *,
        name: str,
        icon: str = "",
        small: bool = False,
        label: str = "",
    ) -> None:
        super().__init__()
        self._theme = theme
        self._glyph = icon
        self._action = None
        self.setObjectName(name)
        self.setAccessibleName(label or placeholder)
        self.setPlaceholderText(placeholder)
        self.setProperty("small", small)
        self._style_name = "small" if small else "body"
        if icon:
            self._action = self.addAction(
                theme.icon(icon, size=14), QLineEdit.ActionPosition.LeadingPosition
            )
        self._dress()
        theme.changed.connect(self._dress)

    def set_refused(self, refused: bool) -> None:
        """Draw the edge in the color of failures, or as usual."""
        if bool(self.property("refused")) != refused:
            self.setProperty("refused", refused)
            self.style().unpolish(self)
            self.style().polish(self)

    def _dress(self) -> None:
        self.setFont(self._theme.font(self._style_name))
        if self._action is not None:
            self._action.setIcon(self._theme.icon(self._glyph, size=14))
