"""Where the runs of a recipe compute."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QFrame,
    QGridLayout,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from chrislib.feeds.many_model import Slot
from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.text import Label


class ComputeRows(QWidget):
    """A choice for each run of a recipe; the server's first is at the top.

    Signals
    -------
    chosen : (int, str)
        A slot and its compute resource, "" for the server's choice.
    """

    chosen = Signal(int, str)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._rows: list[QWidget] = []
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 8, 0, 0)
        self._grid.setHorizontalSpacing(16)
        self._grid.setVerticalSpacing(8)
        self._grid.setColumnStretch(2, 1)

    def show_slots(self, slots: Sequence[Slot], *, nothing: str = "") -> None:
        """Show the choices of other runs; `nothing` is said where there are none."""
        for piece in self._rows:
            self._grid.removeWidget(piece)
            piece.hide()
            piece.deleteLater()
        self._rows = []
        for at, slot in enumerate(slots):
            label = Label(self._theme, slot.title, style="small")
            box = compute_box(slot, at, chosen=self.chosen.emit)
            self._grid.addWidget(label, at, 0)
            self._grid.addWidget(box, at, 1)
            self._rows += [label, box]
        if not slots and nothing:
            label = Label(self._theme, nothing, style="small", token="text.muted")
            self._grid.addWidget(label, 0, 0)
            self._rows.append(label)


class ComputePage(QWidget):
    """The page of a sheet on which it is chosen where runs compute."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.rows = ComputeRows(theme)
        self.chosen = self.rows.chosen
        inner = QWidget()
        inside = QVBoxLayout(inner)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.addWidget(self.rows)
        inside.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(inner)
        # setWidget fills the widget's ground: it is the sheet's own here
        inner.setAutoFillBackground(False)
        scroll.viewport().setAutoFillBackground(False)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 16, 24, 16)
        column.setSpacing(8)
        column.addWidget(Label(theme, "Compute", style="section"))
        column.addWidget(
            Label(
                theme,
                "Where each run of the recipe computes, the same for every row.",
                style="small",
                token="text.secondary",
            )
        )
        column.addWidget(scroll, 1)

    def show_slots(self, slots: Sequence[Slot]) -> None:
        """Show the choices of other runs."""
        self.rows.show_slots(
            slots, nothing="Only the data is linked: nothing is computed."
        )


def compute_box(
    slot: Slot, at: int, *, chosen: Callable[[int, str], object]
) -> QComboBox:
    """Return the choice of one run's compute resource.

    Parameters
    ----------
    chosen : callable
        Gets `at` and the name of the resource, "" for the server's choice.
    """
    box = QComboBox()
    box.setObjectName(f"compute.{at}")
    box.setAccessibleName(f"Compute of {slot.title}")
    computes = slot.form.computes
    if not computes:
        box.addItem("As the server chooses", "")
    for place, one in enumerate(computes):
        words = f"{one.name}, {one.description}" if one.description else one.name
        box.addItem(words, "" if place == 0 else one.name)
    box.setCurrentIndex(max(0, box.findData(slot.compute)))
    box.setEnabled(len(computes) > 1)
    if len(computes) == 1:
        box.setToolTip("This plugin computes nowhere else")
    box.setProperty("small", True)
    box.activated.connect(lambda _at: chosen(at, str(box.currentData() or "")))
    return box
