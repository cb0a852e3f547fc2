"""Chips that are on or off: filters with their counts."""

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QHBoxLayout, QSizePolicy, QWidget

from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.text import plain_tooltip


class Chip(QAbstractButton):
    """A word and a count, 24 px high; filled while it is on."""

    def __init__(self, theme: Theme, text: str, *, name: str, icon: str = "") -> None:
        super().__init__()
        self._theme = theme
        self._count = 0
        self._compact = False
        self._glyph = icon
        self._token = "text.secondary"
        self.setCheckable(True)
        self.setObjectName(name)
        self.setText(text)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self._say()
        theme.changed.connect(self._dress)

    def set_glyph(self, icon: str, token: str) -> None:
        """Show a glyph before the word."""
        self._glyph, self._token = icon, token
        self._dress()

    def set_count(self, count: int) -> None:
        """Show how many there are."""
        if count != self._count:
            self._count = count
            self._say()
            self._dress()

    def set_compact(self, compact: bool) -> None:
        """Leave the word out; it is in the tooltip then."""
        if compact != self._compact:
            self._compact = compact
            self.setToolTip(plain_tooltip(self.text()) if compact else "")
            self._dress()

    @property
    def count(self) -> int:
        """The number shown."""
        return self._count

    @property
    def full_width(self) -> int:
        """The width with the word."""
        metrics = QFontMetrics(self._theme.font("small"))
        words = metrics.horizontalAdvance(f"{self.text()} {self._count:,}")
        return words + (18 if self._glyph else 0) + 22

    def sizeHint(self) -> QSize:
        """Return room for glyph, word and count."""
        width = self.full_width
        if self._compact:
            metrics = QFontMetrics(self._theme.font("small"))
            width -= metrics.horizontalAdvance(self.text() + " ")
        return QSize(width, self._theme.px(24))

    def minimumSizeHint(self) -> QSize:
        """Return the hint: a chip is never cut."""
        return self.sizeHint()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the chip."""
        theme = self._theme
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        radius = box.height() / 2
        edge = "accent.glyph" if self.isChecked() else "border.control"
        painter.setPen(QPen(theme.color(edge), 1))
        fill = Qt.BrushStyle.NoBrush
        if self.isChecked():
            painter.setBrush(theme.color("bg.selected"))
        elif self.underMouse():
            painter.setBrush(theme.color("bg.hover"))
        else:
            painter.setBrush(fill)
        painter.drawRoundedRect(box, radius, radius)
        if self.hasFocus():
            painter.setPen(QPen(theme.color("border.focus"), 2))
            painter.setBrush(fill)
            painter.drawRoundedRect(box.adjusted(1, 1, -1, -1), radius, radius)
        left = 10
        if self._glyph:
            ratio = self.devicePixelRatioF()
            picture = theme.pixmap(self._glyph, self._token, size=12, dpr=ratio)
            painter.drawPixmap(left, (self.height() - 12) // 2, picture)
            left += 18
        painter.setFont(theme.font("small"))
        painter.setPen(theme.color("text.primary"))
        flags = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        whole = QRectF(left, 0, self.width() - left, self.height())
        wide = 0
        if not self._compact:
            wide = QFontMetrics(painter.font()).horizontalAdvance(self.text() + " ")
            painter.drawText(whole, flags, self.text())
        painter.setPen(theme.color("text.secondary"))
        painter.drawText(whole.adjusted(wide, 0, 0, 0), flags, f"{self._count:,}")
        painter.end()

    def _say(self) -> None:
        self.setAccessibleName(f"{self.text()}, {self._count:,}")

    def _dress(self) -> None:
        self.updateGeometry()
        self.update()


class Chips(QWidget):
    """Several chips in a row; any of them may be on.

    Parameters
    ----------
    choices : sequence of (key, word, icon, token)
    """

    changed = Signal()

    def __init__(
        self, theme: Theme, choices: Sequence[tuple[str, str, str, str]], *, name: str
    ) -> None:
        super().__init__()
        self.setObjectName(name)
        self._chips: dict[str, Chip] = {}
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        for key, word, icon, token in choices:
            chip = Chip(theme, word, name=f"{name}.{key}")
            chip.set_glyph(icon, token)
            chip.toggled.connect(lambda _on: self.changed.emit())
            chip.hide()
            self._chips[key] = chip
            row.addWidget(chip)

    @property
    def chosen(self) -> frozenset[str]:
        """The keys that are on."""
        return frozenset(k for k, chip in self._chips.items() if chip.isChecked())

    @property
    def full_width(self) -> int:
        """The width of all chips that are shown, with their words."""
        shown = [chip for chip in self._chips.values() if not chip.isHidden()]
        return sum(chip.full_width + 6 for chip in shown)

    def set_compact(self, compact: bool) -> None:
        """Leave the words of all chips out, or show them."""
        for chip in self._chips.values():
            chip.set_compact(compact)

    def clear(self) -> None:
        """Turn all off; `changed` tells once."""
        if self.chosen:
            self.blockSignals(True)
            for chip in self._chips.values():
                chip.setChecked(False)
            self.blockSignals(False)
            self.changed.emit()

    def show_counts(self, counts: dict[str, int]) -> None:
        """Show how many there are of each; those without any are not shown."""
        for key, chip in self._chips.items():
            count = counts.get(key, 0)
            chip.set_count(count)
            wanted = count > 0 or chip.isChecked()
            if wanted == chip.isHidden():
                chip.setVisible(wanted)
