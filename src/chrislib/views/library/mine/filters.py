"""Pieces of the filter line: chips with choices, stars, color labels."""

from collections.abc import Mapping

from PySide6.QtCore import QPoint, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QHBoxLayout, QSizePolicy, QWidget

from chrislib.library.mine.model import Flag
from chrislib.views.library.mine import paint
from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.paint import draw_glyph, draw_text
from chrislib.views.widgets.text import plain_tooltip

FLAGS = {Flag.PICK: "Picked", Flag.NONE: "No flag", Flag.REJECT: "Rejected"}


class FilterChip(QAbstractButton):
    """A condition: outlined while it lets everything through, filled with a cross.

    Signals
    -------
    cleared
        The cross was pressed, or Del while the chip has the focus.
    """

    cleared = Signal()

    def __init__(self, theme: Theme, what: str, *, name: str) -> None:
        super().__init__()
        self._theme = theme
        self._what = what
        self._value = ""
        self.setObjectName(name)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.show_value("")
        theme.changed.connect(self.updateGeometry)

    @property
    def value(self) -> str:
        """What is asked for, "" when everything goes."""
        return self._value

    def show_value(self, value: str) -> None:
        """Show what is asked for; "" when everything goes."""
        self._value = value
        words = value or self._what
        self.setText(words if len(words) < 28 else words[:27] + "…")
        self.setAccessibleName(f"{self._what}: {value or 'any'}")
        self.setToolTip(plain_tooltip(f"{self._what}: {value or 'any'}"))
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        """Return room for the words and the glyph after them."""
        words = self._theme.width("small", self.text())
        return QSize(words + 38, self._theme.px(24))

    def minimumSizeHint(self) -> QSize:
        """Return the hint: a chip is never cut."""
        return self.sizeHint()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Press the cross, or the chip."""
        inside = self.rect().contains(event.position().toPoint())
        if self._value and inside and event.position().x() > self.width() - 26:
            self.setDown(False)
            self.cleared.emit()
            return
        super().mouseReleaseEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Open the choices with Return or Down; take the condition away with Del."""
        if event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace) and self._value:
            self.cleared.emit()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Down):
            self.click()
        else:
            super().keyPressEvent(event)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the chip."""
        theme = self._theme
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        if self._value:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.color("bg.highlight"))
        else:
            painter.setPen(QPen(theme.color("border.control"), 1))
            painter.setBrush(
                theme.color("bg.hover") if self.underMouse() else Qt.BrushStyle.NoBrush
            )
        painter.drawRoundedRect(box, box.height() / 2, box.height() / 2)
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(theme.color("border.focus"), 2))
            ring = box.adjusted(0.5, 0.5, -0.5, -0.5)
            painter.drawRoundedRect(ring, ring.height() / 2, ring.height() / 2)
        words = self.rect().adjusted(11, 0, -24, 0)
        draw_text(painter, words, theme, text=self.text(), style="small")
        icon = "x" if self._value else "chevron-down"
        spot = QPoint(self.width() - 21, (self.height() - 12) // 2)
        draw_glyph(painter, spot, theme, icon=icon, size=12)
        painter.end()


class StarFilter(QWidget):
    """Five stars to be clicked and "or more"; the same star again lets all through."""

    changed = Signal(int)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._stars = 0
        self.setObjectName("mine.filter.stars")
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setToolTip("Only what has so many stars or more")
        self.show_stars(0)
        theme.changed.connect(self.updateGeometry)

    def show_stars(self, stars: int) -> None:
        """Show the least number of stars."""
        self._stars = stars
        self.setAccessibleName(f"Stars: {stars or 'any number'}, or more")
        self.update()

    def sizeHint(self) -> QSize:
        """Return room for stars and words."""
        words = self._theme.width("small", "or more")
        return QSize(paint.stars_width() + words + 10, self._theme.px(24))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Ask for so many stars."""
        star = paint.star_at(round(event.position().x()))
        if star:
            self.changed.emit(0 if star == self._stars else star)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Change the number with the arrows or its digit."""
        step = {Qt.Key.Key_Right: 1, Qt.Key.Key_Left: -1}.get(Qt.Key(event.key()))
        digit = event.text()
        if step is not None:
            self.changed.emit(max(0, min(paint.STARS, self._stars + step)))
        elif digit.isascii() and digit.isdigit() and int(digit) <= paint.STARS:
            self.changed.emit(int(digit))
        else:
            super().keyPressEvent(event)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw stars and words."""
        painter = QPainter(self)
        top = (self.height() - paint.STAR) // 2
        paint.draw_stars(painter, QPoint(0, top), self._theme, stars=self._stars)
        words = self.rect().adjusted(paint.stars_width() + 4, 0, 0, 0)
        token = "text.primary" if self._stars else "text.muted"
        draw_text(
            painter, words, self._theme, text="or more", style="small", token=token
        )
        if self.hasFocus():
            painter.setPen(QPen(self._theme.color("border.focus"), 2))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(0, 1, -1, -1), 3, 3)
        painter.end()


class LabelFilter(QWidget):
    """The four color labels, each on or off."""

    changed = Signal(object)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setObjectName("mine.filter.labels")
        self._pieces: dict[int, _LabelPiece] = {}
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(1)
        for label in paint.LABELS:
            piece = _LabelPiece(theme, label)
            piece.clicked.connect(self._tell)
            self._pieces[label] = piece
            row.addWidget(piece)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def show_labels(self, labels: frozenset[int]) -> None:
        """Show which labels are asked for; none lets all through."""
        for label, piece in self._pieces.items():
            piece.setChecked(label in labels)

    def show_counts(self, counts: Mapping[int, int]) -> None:
        """Say how many series have each label."""
        for label, piece in self._pieces.items():
            word = paint.LABEL_WORDS[label]
            number = counts.get(label, 0)
            piece.setToolTip(f"Only {word.lower()} ({label}): {number:,}")
            piece.setAccessibleName(f"{word}, {number:,}")

    def _tell(self) -> None:
        on = [label for label, piece in self._pieces.items() if piece.isChecked()]
        self.changed.emit(frozenset(on))


class _LabelPiece(QAbstractButton):
    def __init__(self, theme: Theme, label: int) -> None:
        super().__init__()
        self._theme = theme
        self._label = label
        self.setObjectName(f"mine.filter.label.{label}")
        self.setAccessibleName(paint.LABEL_WORDS[label])
        self.setCheckable(True)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setFixedSize(24, 24)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRect(5, 5, paint.LABEL, paint.LABEL)
        paint.draw_label(painter, box, self._theme, label=self._label)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        ring = QRectF(box).adjusted(-3, -3, 3, 3)
        if self.isChecked():
            painter.setPen(QPen(self._theme.color("accent.glyph"), 2))
            painter.drawRoundedRect(ring, 5, 5)
        elif self.underMouse():
            painter.setPen(QPen(self._theme.color("border.control"), 1))
            painter.drawRoundedRect(ring, 5, 5)
        if self.hasFocus():
            painter.setPen(QPen(self._theme.color("border.focus"), 2))
            painter.drawRoundedRect(ring.adjusted(-1, -1, 1, 1), 6, 6)
        painter.end()
