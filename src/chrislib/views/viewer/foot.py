"""The foot of a picture page: which stack, where in it, how much is decoded."""

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QSlider, QWidget

from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.text import ElidedLabel, Label, line

_KNOB = 14
_GROOVE = 4


class StackSlider(QSlider):
    """A slider whose groove is lighter where pictures are decoded."""

    def __init__(self, theme: Theme, *, name: str) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self._theme = theme
        self._decoded: list[tuple[int, int]] = []
        self.setObjectName(name)
        self.setAccessibleName("Image")
        # keys are answered by the page: Up is back here, and forward in a slider
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        """Return a knob's height."""
        return QSize(200, 24)

    def set_decoded(self, indexes: frozenset[int]) -> None:
        """Mark what can be shown at once."""
        runs: list[tuple[int, int]] = []
        for index in sorted(indexes):
            if runs and runs[-1][1] == index - 1:
                runs[-1] = (runs[-1][0], index)
            else:
                runs.append((index, index))
        self._decoded = runs
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw groove, decoded parts, the way so far and the knob."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        top = (self.height() - _GROOVE) / 2
        whole = QRectF(_KNOB / 2, top, self.width() - _KNOB, _GROOVE)
        painter.setBrush(self._theme.color("bg.pressed"))
        painter.drawRoundedRect(whole, 2, 2)
        painter.setBrush(self._theme.color("text.disabled"))
        for first, last in self._decoded:
            left, right = self._place(first - 0.5), self._place(last + 0.5)
            left, right = max(left, whole.left()), min(right, whole.right())
            painter.drawRect(QRectF(left, top, right - left, _GROOVE))
        here = self._place(self.value())
        painter.setBrush(self._theme.color("accent.glyph"))
        painter.drawRoundedRect(
            QRectF(whole.left(), top, here - whole.left(), _GROOVE), 2, 2
        )
        knob = QRectF(here - _KNOB / 2, (self.height() - _KNOB) / 2, _KNOB, _KNOB)
        painter.setBrush(self._theme.color("text.primary"))
        painter.drawEllipse(knob)
        painter.end()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Go where the press is."""
        if event.button() == Qt.MouseButton.LeftButton:
            self.setSliderDown(True)
            self._go(event.position().x())
        event.accept()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Follow the pointer."""
        if self.isSliderDown():
            self._go(event.position().x())
        event.accept()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End following."""
        self.setSliderDown(False)
        event.accept()

    def _place(self, value: float) -> float:
        span = max(self.maximum() - self.minimum(), 1)
        share = (value - self.minimum()) / span
        return _KNOB / 2 + share * (self.width() - _KNOB)

    def _go(self, x: float) -> None:
        share = (x - _KNOB / 2) / max(self.width() - _KNOB, 1)
        span = self.maximum() - self.minimum()
        self.setValue(self.minimum() + round(min(max(share, 0), 1) * span))


class Foot(QWidget):
    """Title, slider and counts, 40 px high."""

    moved = Signal(int)
    """The slider asks for this index (from 0)."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setProperty("surface", "panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedHeight(theme.px(40))
        self._away = False
        self._title = ElidedLabel(
            theme, style="small", token="text.muted", name="viewer.foot.title"
        )
        self._title.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self._title.setFixedWidth(theme.px(168))
        self.slider = StackSlider(theme, name="viewer.slider")
        self.slider.valueChanged.connect(self.moved)
        self._count = Label(theme, style="small", name="viewer.count")
        self._decoded = Label(
            theme, style="small", token="text.muted", name="viewer.decoded"
        )
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 0, 16, 0)
        row.setSpacing(12)
        row.addWidget(self._title)
        row.addWidget(self.slider, 1)
        row.addWidget(self._count)
        row.addWidget(line(vertical=True))
        row.addWidget(self._decoded)

    def keep_away(self) -> None:
        """Never show: another foot speaks for the page."""
        self._away = True
        self.hide()

    def set_title(self, title: str) -> None:
        """Say which stack this is."""
        self._title.setText(title)

    def show_place(self, index: int, count: int) -> None:
        """Show where in the stack the view is."""
        self.slider.blockSignals(True)
        self.slider.setRange(0, max(count - 1, 0))
        self.slider.setValue(index)
        self.slider.blockSignals(False)
        self.slider.update()
        self._count.setText(f"{index + 1:,} of {count:,}")
        self.setVisible(count > 1 and not self._away)

    def show_decoded(self, indexes: frozenset[int]) -> None:
        """Show how much can be leafed through without waiting."""
        self.slider.set_decoded(indexes)
        self._decoded.setText(f"{len(indexes):,} decoded")

    @property
    def words(self) -> str:
        """The count as shown."""
        return self._count.text()
