"""The page of subjects and values: table, filters, and what a row comes to."""

from collections.abc import Sequence

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QHBoxLayout,
    QMenu,
    QVBoxLayout,
    QWidget,
)

from chrislib.feeds.many import ManyTable
from chrislib.feeds.many_model import CAN, REFUSED, WAITS, WARNS, Column
from chrislib.feeds.subjects import GROUPINGS, SubjectItem, subjects_of
from chrislib.feeds.title_marks import unknown_marks
from chrislib.views.context import ViewContext
from chrislib.views.feeds.many_model import ManyModel
from chrislib.views.feeds.many_review import DryRun
from chrislib.views.feeds.many_view import ManyView
from chrislib.views.widgets.buttons import Field, Segments, button
from chrislib.views.widgets.combos import combo
from chrislib.views.widgets.text import Label, line

_LATER = 80


class ManyPage(QWidget):
    """Subjects × parameters, with the dry run of the highlighted row below.

    Signals
    -------
    changed
        Rows or values are others now.
    csv_wanted, paste_wanted
        A table shall be opened, or taken from the clipboard.
    said : str
        Words for the sheet's foot.
    """

    changed = Signal()
    csv_wanted = Signal()
    paste_wanted = Signal()
    said = Signal(str)

    def __init__(self, context: ViewContext) -> None:
        super().__init__()
        theme = self._theme = context.theme
        self.items: Sequence[SubjectItem] = ()
        self.model = ManyModel(lambda: bool(context.settings.get("hide_names")))
        self.view = ManyView(theme, self.model)
        self._filter = Field(theme, name="many.filter", label="Filter rows")
        self._filter.setPlaceholderText("Filter rows")
        self._filter.setProperty("small", True)
        self._filter.setMaximumWidth(theme.px(200))
        self._kinds = Segments(
            theme,
            (
                ("all", "All", ""),
                ("can", "Can start", ""),
                ("refused", "Refused", ""),
            ),
            name="many.kinds",
        )
        self._group = combo("many.group", "A row is one", small=True)
        for key, word in GROUPINGS:
            self._group.addItem(f"One row per {word}", key)
        self._csv = button(
            theme,
            "Open CSV",
            kind="quiet",
            icon="file-spreadsheet",
            name="many.csv",
            small=True,
        )
        self._paste = button(
            theme,
            "Paste",
            kind="quiet",
            icon="clipboard-list",
            name="many.paste",
            small=True,
            tooltip="Take rows and values from a spreadsheet, with their heads",
        )
        self._add = button(theme, "Column", icon="plus", name="many.column", small=True)
        self._pattern = Field(theme, name="many.pattern", label="Titles of the feeds")
        self._pattern.setProperty("small", True)
        self._marks = button(
            theme, "Insert …", kind="quiet", name="many.marks", small=True
        )
        self._pattern_error = Label(
            theme, style="small", token="state.failed", name="many.pattern.error"
        )
        self.dry = DryRun(context)
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(_LATER)
        self._later.timeout.connect(self._tell)
        self._lay_out()
        self._connect()

    @property
    def table(self) -> ManyTable | None:
        """What is shown."""
        return self.model.table

    @property
    def grouping(self) -> str:
        """What a row is."""
        return str(self._group.currentData())

    def show_table(self, table: ManyTable) -> None:
        """Show another table."""
        self._pattern.setText(table.pattern)
        self.model.show_table(table)
        self._begin()

    def group(self, items: Sequence[SubjectItem]) -> None:
        """Make the rows of ticked items."""
        self.items = items
        table = self.model.table
        if table is not None:
            table.set_subjects(subjects_of(items, self.grouping))
            self.model.show_table(table)
            self._begin()

    def set_from_table(self, on: bool) -> None:
        """Whether the rows are those of a CSV: then they are not grouped here."""
        self._group.setVisible(not on)

    def first_refused(self) -> bool:
        """Go to the first refused cell; False where there is none."""
        table = self.model.table
        if table is None:
            return False
        for number in range(len(table.rows)):
            verdict = table.verdict(number)
            if verdict.kind == REFUSED:
                if self.model.place(number) < 0:
                    self._filter.clear()
                    self._kinds.choose("all")
                    self.model.narrow("", "all")
                self.view.show_cell(number, verdict.column)
                return True
        return False

    def refresh(self) -> None:
        """Show rows as they are now."""
        self.model.rows_changed()

    # -- inside ----------------------------------------------------------------

    def _lay_out(self) -> None:
        theme = self._theme
        top = QHBoxLayout()
        top.setContentsMargins(16, 8, 16, 8)
        top.setSpacing(8)
        for piece in (self._filter, self._kinds, self._group):
            top.addWidget(piece)
        top.addStretch(1)
        for button_ in (self._csv, self._paste, self._add):
            top.addWidget(button_)
        titles = QHBoxLayout()
        titles.setContentsMargins(16, 0, 16, 8)
        titles.setSpacing(8)
        titles.addWidget(Label(theme, "Titles", style="small", token="text.secondary"))
        titles.addWidget(self._pattern, 1)
        titles.addWidget(self._marks)
        titles.addWidget(self._pattern_error, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(top)
        column.addLayout(titles)
        column.addWidget(line())
        column.addWidget(self.view, 1)
        column.addWidget(line())
        column.addWidget(self.dry)

    def _connect(self) -> None:
        self._filter.textChanged.connect(lambda _text: self._narrow())
        self._kinds.chosen.connect(lambda _key: self._narrow())
        self._group.activated.connect(lambda _at: self.group(self.items))
        self._csv.clicked.connect(self.csv_wanted)
        self._paste.clicked.connect(self.paste_wanted)
        self._add.clicked.connect(self._offer_columns)
        self._marks.clicked.connect(self._offer_marks)
        self._pattern.textEdited.connect(self._name)
        self.view.changed.connect(self._later.start)
        self.view.current_changed.connect(self._show_row)
        self.view.said.connect(self.said)
        self.view.removed.connect(self._remove_column)

    def _begin(self) -> None:
        if self.model.rowCount():
            self.view.setCurrentIndex(self.model.index(0, 1))
        self._say_pattern()
        self._tell()

    def _narrow(self) -> None:
        self.model.narrow(self._filter.text(), self._kinds.current)
        self._tell()

    def _name(self, pattern: str) -> None:
        if self.model.table is not None:
            self.model.table.set_pattern(pattern)
            self._say_pattern()
            self.model.rows_changed()

    def _say_pattern(self) -> None:
        table = self.model.table
        known = set(table.marks()) if table is not None else set()
        unknown = unknown_marks(self._pattern.text(), known.__contains__)
        words = f"{unknown[0]} means nothing here" if unknown and known else ""
        self._pattern_error.setText(words)
        self._pattern_error.setVisible(bool(words))
        self._pattern.set_refused(bool(words))

    def _tell(self) -> None:
        """Count the rows and show what the highlighted one comes to."""
        table = self.model.table
        if table is None:
            return
        counts = table.counts()
        can = sum(counts.get(kind, 0) for kind in (CAN, WARNS, WAITS))
        for key, words, number in (
            ("all", "All", len(table.rows)),
            ("can", "Can start", can),
            ("refused", "Refused", counts.get(REFUSED, 0)),
        ):
            self._kinds.set_label(key, f"{words} {number:,}")
        self._show_row()
        self.changed.emit()

    def _show_row(self) -> None:
        self.dry.show_row(self.model, self.view.current_number)

    def _offer_columns(self) -> None:
        table = self.model.table
        if table is None:
            return
        menu = self._menu("many.columns")
        last = -1
        for column in table.addable():
            if last not in (-1, column.slot):
                menu.addSeparator()
            last = column.slot
            parameter = table.parameter(column)
            words = f"{table.slots[column.slot].title}  {parameter.flag}"
            action = menu.addAction(words.replace("&", "&&"))
            action.triggered.connect(
                lambda _on=False, column=column: self._add_column(column)
            )
        if not menu.actions():
            nothing = menu.addAction("Nothing more can be given")
            nothing.setEnabled(False)
        self._drop(menu, self._add)

    def _add_column(self, column: Column) -> None:
        table = self.model.table
        if table is not None:
            table.add_column(column)
            self.model.show_table(table)
            if table.rows:
                self.view.show_cell(0, column)
            self._say_pattern()
            self._tell()

    def _remove_column(self, column: Column) -> None:
        table = self.model.table
        if table is not None:
            table.remove_column(column)
            self.model.show_table(table)
            self._say_pattern()
            self._tell()

    def _offer_marks(self) -> None:
        table = self.model.table
        if table is None:
            return
        menu = self._menu("many.marks.menu")
        for mark in ("n", *table.marks()):
            action = menu.addAction(f"{{{mark}}}")
            action.triggered.connect(lambda _on=False, mark=mark: self._insert(mark))
        self._drop(menu, self._marks)

    def _insert(self, mark: str) -> None:
        self._pattern.insert(f"{{{mark}}}")
        self._name(self._pattern.text())
        self._pattern.setFocus(Qt.FocusReason.OtherFocusReason)

    def _menu(self, name: str) -> QMenu:
        menu = QMenu(self)
        menu.setObjectName(name)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        return menu

    def _drop(self, menu: QMenu, under: QWidget) -> None:
        menu.popup(under.mapToGlobal(under.rect().bottomLeft()))
