"""Where the runs of a recipe compute."""

from collections.abc import Sequence

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


class ComputePage(QWidget):
    """A choice for each run: what the plugin may use, the server's first at the top.

    Signals
    -------
    chosen : (int, str)
        A slot and its compute resource, "" for the server's choice.
    """

    chosen = Signal(int, str)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._inner = QWidget()
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll = scroll
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
        self.show_slots(())

    def show_slots(self, slots: Sequence[Slot]) -> None:
        """Show the choices of other runs."""
        inner = QWidget()
        grid = QGridLayout(inner)
        grid.setContentsMargins(0, 8, 0, 0)
        grid.setHorizontalSpacing(16)
        grid.setVerticalSpacing(8)
        grid.setColumnStretch(2, 1)
        for at, slot in enumerate(slots):
            grid.addWidget(Label(self._theme, slot.title), at, 0)
            grid.addWidget(compute_box(slot, at, chosen=self.chosen.emit), at, 1)
        if not slots:
            words = "Only the data is linked: nothing is computed."
            grid.addWidget(Label(self._theme, words, token="text.muted"), 0, 0)
        grid.setRowStretch(len(slots) + 1, 1)
        self._scroll.setWidget(inner)
        # setWidget fills the widget's ground: it is the sheet's own here
        inner.setAutoFillBackground(False)
        self._scroll.viewport().setAutoFillBackground(False)


def compute_box(slot: Slot, at: int, *, chosen: object) -> QComboBox:
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
    if callable(chosen):
        box.activated.connect(lambda _at: chosen(at, str(box.currentData() or "")))
    return box
