"""Where the runs of a recipe compute and what they may use: one run at a time."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import (
    QHBoxLayout,
    QListWidget,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from chrislib.feeds.many import ManyTable
from chrislib.feeds.many_model import Slot
from chrislib.views.feeds.compute_view import ComputeView
from chrislib.views.models.index import Index
from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.delegates import SizedDelegate, two_lines
from chrislib.views.widgets.paint import draw_row, draw_text
from chrislib.views.widgets.state_view import StateView
from chrislib.views.widgets.text import Label, line, plain_tooltip

WIDTH = 232
_WORDS = int(Qt.ItemDataRole.UserRole) + 1
_PROBLEM = _WORDS + 1


class _Rows(SizedDelegate):
    """What is run, and where or what is wrong with that."""

    high = 48

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: Index
    ) -> None:
        draw_row(painter, option, self.theme, bar=True)
        inner = option.rect.adjusted(12, 0, -8, 0)
        upper, lower = two_lines(inner, self.theme)
        draw_text(painter, upper, self.theme, text=str(index.data()))
        problem = index.data(_PROBLEM)
        draw_text(
            painter,
            lower,
            self.theme,
            text=str(problem or index.data(_WORDS)),
            style="caption",
            token="state.failed" if problem else "text.secondary",
        )


class RunsCompute(QWidget):
    """The fields of Add node for each run of a recipe; which one is chosen at the left.

    What is chosen and typed goes into the table at once.

    Parameters
    ----------
    prefix : str
        Begins the names of the fields.

    Signals
    -------
    changed : ()
        Something was chosen or typed.
    """

    changed = Signal()

    def __init__(self, theme: Theme, *, prefix: str) -> None:
        super().__init__()
        self._table: ManyTable | None = None
        self._here = -1
        self.setObjectName(f"{prefix}runs")
        self.view = ComputeView(theme, prefix=prefix)
        self.list = QListWidget()
        self.list.setObjectName(f"{prefix}runs.list")
        self.list.setAccessibleName("Runs of the recipe")
        self.list.setUniformItemSizes(True)
        self.list.setMouseTracking(True)
        self.list.setItemDelegate(_Rows(theme, self.list))
        self._nothing = StateView(
            theme,
            "layers",
            "Nothing is computed",
            "The recipe only links data into the feed.",
            primary=False,
        )
        self._side = QWidget()
        self._side.setFixedWidth(WIDTH)
        left = QVBoxLayout(self._side)
        left.setContentsMargins(0, 16, 0, 16)
        left.setSpacing(8)
        head = Label(theme, "Runs", style="section")
        head.setContentsMargins(12, 0, 0, 0)
        left.addWidget(head)
        left.addWidget(self.list, 1)
        self._edge = line(vertical=True)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self._side)
        row.addWidget(self._edge)
        row.addWidget(self.view, 1)
        row.addWidget(self._nothing, 1)
        self.list.currentRowChanged.connect(self._show)
        self.view.changed.connect(self._keep)
        theme.changed.connect(self.list.viewport().update)
        self.show_table(None)

    def show_table(self, table: ManyTable | None) -> None:
        """Offer the runs of another recipe; the first one is chosen."""
        self._table = table
        self._here = -1
        slots = self._slots
        self.list.blockSignals(True)
        self.list.clear()
        for slot in slots:
            self.list.addItem(slot.title)
        self.list.blockSignals(False)
        several = len(slots) > 1
        self._side.setVisible(several)
        self._edge.setVisible(several)
        self.view.setVisible(bool(slots))
        self._nothing.setVisible(not slots)
        self._write()
        if slots:
            self.list.setCurrentRow(0)
            self._show(0)

    @property
    def problems(self) -> int:
        """How many fields need attention, in all runs."""
        return sum(len(slot.limits.errors()) + bool(slot.gone) for slot in self._slots)

    @property
    def problem_words(self) -> str:
        """Return "1 field needs attention", "" where none does."""
        bad = self.problems
        words = "1 field needs" if bad == 1 else f"{bad} fields need"
        return f"{words} attention" if bad else ""

    def ask(self) -> bool:
        """Go to the first run with a mistake and return False, or True."""
        for at, slot in enumerate(self._slots):
            if slot.use_problem:
                self.list.setCurrentRow(at)
                self._show(at)
                if self.view.ask():
                    self.view.go_in()
                return False
        return True

    def refuse(self, at: int, place: str) -> None:
        """Go to a run the server refused; `place` is what it says of where it runs."""
        self.list.setCurrentRow(at)
        self._show(at)
        self._write()
        self.view.refuse(place)
        if self.view.ask():
            self.view.go_in()

    def go_in(self) -> None:
        """Take the focus in the list, or in the fields of the only run."""
        if len(self._slots) > 1:
            self.list.setFocus(Qt.FocusReason.OtherFocusReason)
        elif self._slots:
            self.view.go_in()

    # -- inside ----------------------------------------------------------------

    @property
    def _slots(self) -> tuple[Slot, ...]:
        return self._table.slots if self._table is not None else ()

    def _show(self, at: int) -> None:
        if at == self._here or not 0 <= at < len(self._slots):
            return
        self._here = at
        slot = self._slots[at]
        wanted = slot.gone or slot.place
        self.view.show_choices(slot.form.computes, slot.limits, wanted=wanted)

    def _keep(self) -> None:
        table = self._table
        if table is None or self._here < 0:
            return
        slot, chosen = self._slots[self._here], self.view.compute
        if chosen and (slot.gone or chosen != slot.place):
            first = slot.form.computes[0].name
            table.set_compute(self._here, "" if chosen == first else chosen)
        self._write()
        self.changed.emit()

    def _write(self) -> None:
        """Say of each run where it computes, or what is wrong with that."""
        for at, slot in enumerate(self._slots):
            row = self.list.item(at)
            problem, words = slot.use_problem, slot.use_words
            row.setData(_WORDS, words)
            row.setData(_PROBLEM, problem)
            spoken = f"{slot.title}, {problem or words}"
            row.setData(Qt.ItemDataRole.AccessibleTextRole, spoken)
            row.setToolTip(plain_tooltip(problem or words))
