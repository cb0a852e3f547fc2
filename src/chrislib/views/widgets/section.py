"""A part of the inspector that folds: a head with an arrow, and what is below."""

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QGridLayout,
    QHBoxLayout,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.emptied import empty
from chrislib.views.widgets.paint import draw_glyph, draw_text
from chrislib.views.widgets.text import ElidedLabel, Label, line


class _Head(QAbstractButton):
    def __init__(self, theme: Theme, title: str, *, name: str) -> None:
        super().__init__()
        self._theme = theme
        self.note = ""
        self.setText(title)
        self.setCheckable(True)
        self.setObjectName(name)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(120, self._theme.px(36))

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        theme = self._theme
        rect = self.rect()
        icon = "chevron-down" if self.isChecked() else "chevron-right"
        spot = rect.topLeft()
        spot.setY(rect.top() + (rect.height() - 14) // 2)
        draw_glyph(painter, spot, theme, icon=icon, size=14)
        words = rect.adjusted(20, 0, 0, 0)
        used = draw_text(painter, words, theme, text=self.text(), style="small-strong")
        draw_text(
            painter,
            words.adjusted(used + 8, 0, 0, 0),
            theme,
            text=self.note,
            style="small",
            token="text.muted",
        )
        if self.hasFocus():
            painter.setPen(theme.color("border.focus"))
            painter.drawRect(rect.adjusted(0, 2, -1, -3))
        painter.end()


class Section(QWidget):
    """A folding part of a panel.

    Parameters
    ----------
    content : QWidget
        Shown while the section is open.
    tool : QWidget, optional
        A button at the right end of the head.
    """

    toggled = Signal(bool)

    def __init__(
        self,
        theme: Theme,
        title: str,
        content: QWidget,
        *,
        name: str,
        open_: bool = True,
        tool: QWidget | None = None,
    ) -> None:
        super().__init__()
        self._title = title
        self._head = _Head(theme, title, name=name)
        self.content = content
        row = QHBoxLayout()
        row.setContentsMargins(16, 0, 12, 0)
        row.addWidget(self._head, 1)
        if tool is not None:
            row.addWidget(tool)
        inner = QVBoxLayout()
        inner.setContentsMargins(16, 0, 16, 12)
        inner.addWidget(content)
        self._inner = QWidget()
        self._inner.setLayout(inner)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(line())
        column.addLayout(row)
        column.addWidget(self._inner)
        self._head.toggled.connect(self._toggle)
        self._head.setChecked(open_)
        self._toggle(open_)

    @property
    def is_open(self) -> bool:
        """Whether the content is shown."""
        return self._head.isChecked()

    def set_open(self, open_: bool) -> None:
        """Unfold or fold."""
        self._head.setChecked(open_)

    def set_title(self, title: str) -> None:
        """Show another title."""
        if title != self._title:
            self._title = title
            self._head.setText(title)
            self._head.update()
            self._say()

    def set_note(self, note: str) -> None:
        """Show words beside the title."""
        if note != self._head.note:
            self._head.note = note
            self._head.update()
        self._say()

    def _toggle(self, open_: bool) -> None:
        self._inner.setVisible(open_)
        self._say()
        self.toggled.emit(open_)

    def _say(self) -> None:
        state = "unfolded" if self._head.isChecked() else "folded"
        note = f", {self._head.note}" if self._head.note else ""
        self._head.setAccessibleName(f"{self._title}{note}, {state}")


class Facts(QWidget):
    """Labels and values in two columns; values that are too long end in "…"."""

    def __init__(self, theme: Theme, *, mono: bool = False, share: int = 92) -> None:
        super().__init__()
        self._theme = theme
        self._mono = mono
        self._shown: tuple[tuple[str, str], ...] | None = None
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(8)
        self._grid.setVerticalSpacing(4)
        self._grid.setColumnMinimumWidth(0, share)
        self._grid.setColumnStretch(1, 1)

    def show_facts(self, facts: Sequence[tuple[str, str]]) -> None:
        """Show other facts; the same ones are left alone."""
        rows = tuple(facts)
        if rows == self._shown:
            return
        labels = None if self._shown is None else [label for label, _ in self._shown]
        same = labels == [label for label, _ in rows]
        self._shown = rows
        if same:
            for number, (label, value) in enumerate(rows):
                item = self._grid.itemAtPosition(number, 1)
                widget = item.widget() if item is not None else None
                if isinstance(widget, ElidedLabel):
                    widget.setText(value)
                    widget.setAccessibleName(f"{label} {value}")
            return
        empty(self._grid)
        for number, (label, value) in enumerate(rows):
            left = Label(
                self._theme,
                label,
                style="mono" if self._mono else "small",
                token="text.muted",
            )
            right = ElidedLabel(
                self._theme, value, style="small", mode=Qt.TextElideMode.ElideMiddle
            )
            right.setAccessibleName(f"{label} {value}")
            self._grid.addWidget(left, number, 0)
            self._grid.addWidget(right, number, 1)
