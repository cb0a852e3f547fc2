"""A row of tabs with counts: the current one is underlined."""

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QButtonGroup, QHBoxLayout, QWidget

from chrislib.views.theme.theme import Theme


class _Tab(QAbstractButton):
    """One tab: its word, its count, and a line when it is the current one."""

    def __init__(self, theme: Theme, label: str, *, name: str) -> None:
        super().__init__()
        self._theme = theme
        self.count: int | None = None
        self.setText(label)
        self.setCheckable(True)
        self.setObjectName(name)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.set_count(None)
        theme.changed.connect(self.update)

    def set_count(self, count: int | None) -> None:
        """Show another count; None shows none."""
        self.count = count
        tail = "" if count is None else f", {count:,}"
        self.setAccessibleName(self.text() + tail)
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        """Return room for word and count."""
        metrics = QFontMetrics(self._theme.font("small-strong"))
        width = metrics.horizontalAdvance(self.text())
        if self.count is not None:
            width += 6 + metrics.horizontalAdvance(f"{self.count:,}")
        return QSize(width + 4, self._theme.px(32))

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw word, count, underline and focus."""
        painter = QPainter(self)
        here = self.isChecked()
        font = self._theme.font("small-strong" if here else "small")
        metrics = QFontMetrics(font)
        painter.setFont(font)
        over = here or self.underMouse()
        painter.setPen(self._theme.color("text.primary" if over else "text.secondary"))
        base = self.rect().adjusted(0, 0, 0, -2)
        flags = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        painter.drawText(base, flags, self.text())
        if self.count is not None:
            left = metrics.horizontalAdvance(self.text()) + 6
            painter.setFont(self._theme.font("small"))
            painter.setPen(self._theme.color("text.muted"))
            painter.drawText(base.adjusted(left, 0, 0, 0), flags, f"{self.count:,}")
        if here:
            line = self.rect().adjusted(0, self.height() - 2, 0, 0)
            painter.fillRect(line, self._theme.color("accent.glyph"))
        if self.hasFocus():
            painter.setPen(self._theme.color("border.focus"))
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
        painter.end()


class Tabs(QWidget):
    """A choice of one list out of a few.

    Parameters
    ----------
    tabs : sequence of (key, label)
    """

    chosen = Signal(str)

    def __init__(
        self, theme: Theme, tabs: Sequence[tuple[str, str]], *, name: str
    ) -> None:
        super().__init__()
        self.setObjectName(name)
        self._tabs = {
            key: _Tab(theme, word, name=f"{name}.{key}") for key, word in tabs
        }
        group = QButtonGroup(self)
        group.setExclusive(True)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 0, 12, 0)
        row.setSpacing(16)
        for key, tab in self._tabs.items():
            group.addButton(tab)
            row.addWidget(tab)
            tab.clicked.connect(lambda _on=False, key=key: self.chosen.emit(key))
        row.addStretch(1)
        next(iter(self._tabs.values())).setChecked(True)

    @property
    def current(self) -> str:
        """Key of the current tab."""
        return next(key for key, tab in self._tabs.items() if tab.isChecked())

    def choose(self, key: str) -> None:
        """Make a tab the current one without emitting `chosen`."""
        self._tabs[key].setChecked(True)

    def set_count(self, key: str, count: int | None) -> None:
        """Show a count beside a tab's word."""
        self._tabs[key].set_count(count)
