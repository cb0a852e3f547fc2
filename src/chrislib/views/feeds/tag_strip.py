"""The tags of an open feed in its head: dots and names, as many as there is room."""

from collections.abc import Sequence

from PySide6.QtCore import QRect, QSize
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QSizePolicy

from chrislib.feeds.markdown import clean
from chrislib.feeds.tags import Tag
from chrislib.views.feeds.tag_colors import draw_dot
from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.paint import draw_ring, draw_text
from chrislib.views.widgets.text import plain_tooltip

_NONE = "Add tag"
_DOT, _GAP, _WIDEST, _LEAST = 16, 10, 140, 170


class TagStrip(QAbstractButton):
    """One button with all tags on it; it opens the sheet of tags."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._tags: tuple[Tag, ...] = ()
        self.setObjectName("feeds.head.tags")
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.update)
        self.show_tags(())

    def show_tags(self, tags: Sequence[Tag]) -> None:
        """Show other tags."""
        self._tags = tuple(tags)
        names = ", ".join(clean(tag.label) for tag in self._tags)
        self.setToolTip(plain_tooltip(f"Tags: {names}") if names else "Tags …")
        self.setAccessibleName(f"Tags: {names}" if names else "Tags")
        self.updateGeometry()
        self.update()

    @property
    def tags(self) -> tuple[Tag, ...]:
        """What is shown."""
        return self._tags

    def sizeHint(self) -> QSize:
        """Return room for all tags."""
        width = sum(self._width(tag) + _GAP for tag in self._tags)
        if not self._tags:
            width = self._theme.width("caption", _NONE) + 4
        return QSize(width, self._theme.px(18))

    def minimumSizeHint(self) -> QSize:
        """Return room for a tag or two: the facts beside them give way first."""
        hint = self.sizeHint()
        return QSize(min(hint.width(), self._theme.px(_LEAST)), hint.height())

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the tags that fit, and how many more there are."""
        painter = QPainter(self)
        at, height = 0, self.height()
        if not self._tags:
            draw_text(
                painter,
                self.rect(),
                self._theme,
                text=_NONE,
                style="caption",
                token="accent.text",
            )
        for number, tag in enumerate(self._tags):
            left = len(self._tags) - number
            more = f"+{left}"
            need = self._width(tag)
            rest = 0 if left == 1 else self._theme.width("caption", f"+{left - 1}") + 4
            if at + need + rest > self.width():
                draw_text(
                    painter,
                    QRect(at, 0, self.width() - at, height),
                    self._theme,
                    text=more,
                    style="caption",
                    token="text.secondary",
                )
                break
            draw_dot(painter, QRect(at, 0, 12, height), self._theme, color=tag.color)
            draw_text(
                painter,
                QRect(at + _DOT, 0, need - _DOT, height),
                self._theme,
                text=clean(tag.label),
                style="caption",
                token="text.primary" if self.underMouse() else "text.secondary",
            )
            at += need + _GAP
        if self.hasFocus():
            draw_ring(painter, self.rect(), self._theme)
        painter.end()

    def _width(self, tag: Tag) -> int:
        return _DOT + min(_WIDEST, self._theme.width("caption", clean(tag.label)) + 2)
