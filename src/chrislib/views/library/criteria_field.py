"""Criteria as chips in one field: typed, pasted, changed by a menu, crossed out."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QMenu

from chrislib.errors import ChrislibError
from chrislib.library import criteria as asked
from chrislib.library.criteria import Criterion
from chrislib.library.lists import MOST_VALUES, from_list, is_list, is_table, values_in
from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.pills import EditLine, Pill, PillFrame
from chrislib.views.widgets.text import plain_tooltip

_KINDS = (
    asked.PATIENT_ID,
    asked.NAME,
    asked.ACCESSION,
    asked.DATE,
    asked.BIRTH,
    asked.STUDY_UID,
    asked.SERIES_UID,
)
"""What a chip can be turned into by its menu."""


class Chip(Pill):
    """One condition with a cross; the words open a menu."""

    kind_chosen = Signal(str)

    def __init__(self, theme: Theme, criterion: Criterion) -> None:
        super().__init__(theme, criterion.words, name=f"pacs.chip.{criterion.key}")
        self.criterion = criterion
        self.setAccessibleName(f"Condition {criterion.words}")
        words = asked.LABELS.get(criterion.key, criterion.key)
        shown = ", ".join(criterion.values[:24])
        self.setToolTip(
            plain_tooltip(f"{words}: {shown}\nClick to change, Del to remove")
        )
        self.clicked.connect(self._menu)

    def _ask_removal(self) -> None:
        self.removed.emit()

    def _menu(self) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for key in _KINDS:
            action = menu.addAction(asked.LABELS[key])
            action.setCheckable(True)
            action.setChecked(key == self.criterion.key)
            action.triggered.connect(
                lambda _on=False, key=key: self.kind_chosen.emit(key)
            )
        menu.addSeparator()
        menu.addAction("Remove").triggered.connect(self._ask_removal)
        menu.popup(self.mapToGlobal(self.rect().bottomLeft()))


class _Edit(EditLine):
    """The line behind the chips; a paste of several lines is one condition."""

    lines_pasted = Signal(str)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Paste):
            text = QGuiApplication.clipboard().text()
            if not self.text() and (is_table(text) or is_list(text)):
                self.lines_pasted.emit(text)
                return
        super().keyPressEvent(event)


class CriteriaField(PillFrame[_Edit]):
    """A field of chips with a line to type in.

    Signals
    -------
    submitted
        Return was pressed with nothing left to add.
    refused : str
        What was typed cannot be asked; "" takes that back.
    table_pasted : str
        The text of a table, or of a long list, was pasted.
    changed
        The chips are others now.
    """

    submitted = Signal()
    refused = Signal(str)
    table_pasted = Signal(str)
    changed = Signal()

    def __init__(self, theme: Theme, *, name: str) -> None:
        super().__init__(theme, _Edit(), name=name)
        self._chips: list[Chip] = []
        self.edit.setAccessibleName("Patient ID, name or accession number")
        self.edit.setPlaceholderText("Add patient ID, name, accession number …")
        self.edit.returnPressed.connect(self._entered)
        self.edit.textEdited.connect(self._edited)
        self.edit.left_behind.connect(self._remove_last)
        self.edit.lines_pasted.connect(self.take_lines)

    @property
    def conditions(self) -> tuple[Criterion, ...]:
        """What the chips say."""
        return tuple(chip.criterion for chip in self._chips)

    def show_conditions(self, conditions: tuple[Criterion, ...]) -> None:
        """Replace all chips."""
        for chip in self._chips:
            self.drop(chip)
        self._chips = []
        for condition in conditions:
            self._add(condition)
        self.changed.emit()

    def add(self, condition: Criterion) -> None:
        """Add a chip, or values to the chip of the same kind of list."""
        if condition not in self.conditions:
            self._add(condition)
            self.changed.emit()

    def take_text(self) -> bool:
        """Turn what is typed into a chip; whether that worked or nothing was."""
        text = self.edit.text().strip()
        if not text:
            return True
        try:
            condition = asked.guess(text)
        except ChrislibError as error:
            self.refused.emit(f"{error.title} {error.hint}")
            return False
        if condition is not None:
            self.add(condition)
        self.edit.clear()
        return True

    def take_lines(self, text: str) -> int:
        """Add a list as one chip, however its values are separated.

        A table, or more values than one lookup takes, is offered as a work list.
        Returns how many values there are; 0 for none.
        """
        values = values_in(text)
        if values and is_table(text):
            self.table_pasted.emit(text)
            return len(values)
        if len(values) > MOST_VALUES:
            self.table_pasted.emit("\n".join(values))
            return len(values)
        try:
            condition = from_list(text)
        except ChrislibError as error:
            # nothing is lost: what was pasted can be corrected in the line
            self.edit.setText(", ".join(values))
            self.refused.emit(f"{error.title} {error.hint}")
            return len(values)
        if condition is not None:
            self.add(condition)
        return len(values)

    def _add(self, condition: Criterion) -> None:
        chip = Chip(self._theme, condition)
        chip.removed.connect(lambda: self._remove(chip))
        chip.kind_chosen.connect(lambda key: self._retype(chip, key))
        self.put(chip, len(self._chips))
        self._chips.append(chip)
        self._settle()

    def _remove(self, chip: Chip) -> None:
        if chip in self._chips:
            self._chips.remove(chip)
            self.drop(chip)
            self.edit.setFocus()
            self._settle()
            self.changed.emit()

    def _remove_last(self) -> None:
        if self._chips:
            self._remove(self._chips[-1])

    def _retype(self, chip: Chip, key: str) -> None:
        values: list[str] = []
        try:
            for value in chip.criterion.values:
                made = asked.make(key, value.strip("*"))
                values += made.values if made is not None else ()
        except ChrislibError as error:
            self.refused.emit(f"{error.title} {error.hint}")
            return
        at = self._chips.index(chip)
        kept = list(self.conditions)
        kept[at] = Criterion(key, tuple(values))
        self.show_conditions(tuple(kept))

    def _settle(self) -> None:
        self.edit.setPlaceholderText(
            "Add more …" if self._chips else "Add patient ID, name, accession number …"
        )

    def _entered(self) -> None:
        had = bool(self.edit.text().strip())
        if self.take_text() and not had:
            self.submitted.emit()

    def _edited(self, _text: str) -> None:
        self.refused.emit("")
