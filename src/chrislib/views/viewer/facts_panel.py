"""The fourth cell of the three planes: facts, the value at the point, the window."""

from PySide6.QtCore import QPointF, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import (
    QFormLayout,
    QHBoxLayout,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from chrislib.dicom.nifti import Volume
from chrislib.dicom.render import Window
from chrislib.views.theme.theme import Theme
from chrislib.views.viewer import overlay
from chrislib.views.widgets.buttons import Field, button
from chrislib.views.widgets.text import ElidedLabel, Label

_BINS = 96


class Histogram(QWidget):
    """How often values occur, with the ramp of the window over it."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._counts: list[float] = []
        self._range = (0.0, 1.0)
        self._window = Window(0.5, 1.0)
        self.setAccessibleName("Histogram")
        self.setObjectName("viewer.histogram")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        """Return the height of the panel's picture."""
        return QSize(240, self._theme.px(72))

    def show_counts(self, counts: list[float], low: float, high: float) -> None:
        """Show counts (0 … 1) of equal bins from `low` to `high`."""
        self._counts, self._range = counts, (low, high)
        self.update()

    def show_window(self, window: Window) -> None:
        """Show which values become black and white."""
        self._window = window
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw counts and ramp."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), self._theme.color("bg.input"))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        wide, high = self.width(), self.height()
        if self._counts:
            outline = QPolygonF([QPointF(0, high)])
            last = max(len(self._counts) - 1, 1)
            for number, count in enumerate(self._counts):
                outline.append(QPointF(number / last * wide, high * (1 - count)))
            outline.append(QPointF(wide, high))
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self._theme.color("border.control"))
            painter.drawPolygon(outline)
        low, top = self._range
        span = max(top - low, 1e-9)
        left = (self._window.center - self._window.width / 2 - low) / span * wide
        right = (self._window.center + self._window.width / 2 - low) / span * wide
        painter.setPen(QPen(self._theme.color("accent.glyph"), 1.5))
        painter.drawLine(QPointF(left, high), QPointF(right, 0))
        painter.end()


class FactsPanel(QWidget):
    """The fourth cell: what the volume is, the point, its value, the window."""

    window_chosen = Signal(object)
    reset_asked = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.setProperty("surface", "panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setObjectName("viewer.facts")
        self._title = ElidedLabel(theme, style="section", name="viewer.facts.title")
        self._values: dict[str, Label] = {}
        self._stated = (0.0, 0.0)
        form = QFormLayout()
        form.setHorizontalSpacing(24)
        form.setVerticalSpacing(4)
        for key, words in (
            ("volume", "Volume"),
            ("stored", "Stored as"),
            ("cursor", "Cursor"),
            ("value", "Value"),
        ):
            shown = Label(theme, style="small", name=f"viewer.facts.{key}")
            self._values[key] = shown
            form.addRow(
                Label(theme, words, style="small", token="text.muted"),
                shown,
            )
        self.histogram = Histogram(theme)
        self._width = self._field("viewer.window.width", "Width")
        self._level = self._field("viewer.window.level", "Level")
        fields = QHBoxLayout()
        fields.setSpacing(8)
        for words, field in (("Width", self._width), ("Level", self._level)):
            fields.addWidget(Label(theme, words, style="small", token="text.muted"))
            fields.addWidget(field)
        fields.addStretch(1)
        again = button(
            theme, "Reset", kind="quiet", name="viewer.window.reset", small=True
        )
        again.clicked.connect(self.reset_asked)
        fields.addWidget(again)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 16, 16, 16)
        column.setSpacing(8)
        column.addWidget(self._title)
        column.addLayout(form)
        column.addSpacing(8)
        self._head = Label(theme, "Window", style="small-strong")
        column.addWidget(self._head)
        column.addWidget(self.histogram)
        column.addLayout(fields)
        column.addStretch(1)

    def show_volume(self, title: str, volume: Volume) -> None:
        """Show the facts of a volume."""
        x, y, z = volume.shape
        sizes = volume.voxel
        same = max(sizes) - min(sizes) < 0.005
        voxel = (
            f"{sizes[0]:.2g}" if same else " × ".join(f"{size:.2g}" for size in sizes)
        )
        self._title.setText(title)
        points = f" · {volume.points:,} volumes" if volume.points > 1 else ""
        self._set("volume", f"{x:,} × {y:,} × {z:,} · {voxel} mm{points}")
        self._set("stored", volume.stored + (" · labels" if volume.labels else ""))
        plain = not volume.labels and volume.values.ndim == 3
        self._width.setEnabled(plain)
        self._level.setEnabled(plain)

    def show_point(self, where: str, value: str) -> None:
        """Show the common point and its value."""
        self._set("cursor", where)
        self._set("value", value)

    def show_window(self, window: Window) -> None:
        """Show the window in fields and histogram."""
        self.histogram.show_window(window)
        for field, value in ((self._width, window.width), (self._level, window.center)):
            field.setText(overlay.number(value))
            field.set_refused(False)
        self._stated = (
            _typed(self._level.text()) or 0.0,
            _typed(self._width.text()) or 1e-6,
        )

    def _set(self, key: str, words: str) -> None:
        self._values[key].setText(words)

    def _field(self, name: str, label: str) -> Field:
        field = Field(self._theme, name=name, label=label, small=True)
        field.setFixedWidth(self._theme.px(84))
        field.editingFinished.connect(self._chosen)
        return field

    def _chosen(self) -> None:
        values = []
        for field in (self._width, self._level):
            found = _typed(field.text())
            field.set_refused(found is None)
            values.append(found)
        width, level = values
        if width is not None and level is not None:
            wanted = Window(level, max(width, 1e-6))
            if (wanted.center, wanted.width) != self._stated:
                self.window_chosen.emit(wanted)


def _typed(text: str) -> float | None:
    """Return a number as people type it, None for anything else."""
    try:
        found = float(text.replace(",", "").replace("\u2212", "-").strip())
    except ValueError:
        return None
    return found if abs(found) < 1e12 else None


def histogram_of(volume: Volume) -> tuple[list[float], float, float]:
    """Return a histogram of what is not background, its highest bin 1."""
    import numpy as np

    step = max(1, round((volume.values.size / 400_000) ** (1 / 3)))
    some = volume.values[::step, ::step, ::step]
    inside = some[some != 0]
    if inside.size == 0:
        return [], 0.0, 1.0
    low, high = (float(edge) for edge in np.percentile(inside, (0.1, 99.9)))
    if high <= low:
        high = low + 1.0
    counts, _ = np.histogram(inside, bins=_BINS, range=(low, high))
    top = max(int(counts.max()), 1)
    return [float(count) / top for count in counts], low, high
