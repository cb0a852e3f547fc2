"""What the columns of a table are for: shown as guessed, corrected by a person."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor, QStandardItem, QStandardItemModel
from PySide6.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QComboBox,
    QHBoxLayout,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from chrislib.errors import ChrislibError
from chrislib.feeds.many_csv import IDENTIFYING, NARROWING, TITLE, Meaning, guess
from chrislib.feeds.many_model import Column, Slot
from chrislib.library.names import clean
from chrislib.library.words import count
from chrislib.tables import ENCODINGS, SEPARATORS, Table, read_file, read_text
from chrislib.views.context import ViewContext
from chrislib.views.widgets.sheet import Sheet
from chrislib.views.widgets.text import Label, plain_tooltip

_SHOWN = 40


class ManyColumnsSheet(Sheet):
    """A table's first rows, and above each column what it is taken for.

    Parameters
    ----------
    source : Path or str
        A file, or cells out of the clipboard.
    slots : sequence of Slot
        Whose parameters a column can hold.

    Signals
    -------
    chosen : (Table, Meaning)
    """

    chosen = Signal(object, object)

    def __init__(
        self,
        window: QWidget,
        context: ViewContext,
        *,
        source: Path | str,
        slots: Sequence[Slot],
    ) -> None:
        title = source.name if isinstance(source, Path) else "Pasted table"
        super().__init__(window, context.theme, "Rows from a table", title)
        self.setObjectName("many.columns")
        self._context = context
        self._source = source
        self._slots = slots
        self._tasks = context.tasks("columns of many")
        self._table: Table | None = None
        self._meaning: Meaning | None = None
        self._kinds: list[QComboBox] = []
        self._encoding = self._box("many.encoding", "Encoding")
        for key, words in ENCODINGS:
            self._encoding.addItem(words, key)
        self._separator = self._box("many.separator", "Separator")
        for key, words in SEPARATORS:
            self._separator.addItem(words, key)
        self._headed = QCheckBox("First row is a heading")
        self._headed.setObjectName("many.headed")
        self._model = QStandardItemModel(self)
        self._view = QTableView()
        self._lay_out()
        self.next_button.setText("Take over")
        self.next_button.setEnabled(False)
        self.next_pressed.connect(self._press)
        for box in (self._encoding, self._separator):
            box.activated.connect(lambda _at: self._read())
        self._headed.clicked.connect(self._guess)

    def open(self) -> None:
        """Show the sheet and read the table (disk, in a thread)."""
        super().open()
        self._read(first=True)

    def done(self, result: int) -> None:
        """Close and drop what runs."""
        self._tasks.cancel_all()
        super().done(result)

    def _lay_out(self) -> None:
        theme, view = self._context.theme, self._view
        view.setObjectName("many.columns.table")
        view.setAccessibleName("First rows of the table")
        view.setModel(self._model)
        view.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        view.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        view.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        view.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        view.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        view.setWordWrap(False)
        view.horizontalHeader().setDefaultAlignment(
            Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        )
        view.verticalHeader().hide()
        view.verticalHeader().setDefaultSectionSize(theme.px(28))
        row = QHBoxLayout()
        row.setSpacing(8)
        if isinstance(self._source, Path):
            for words, box in (
                ("Separator", self._separator),
                ("Encoding", self._encoding),
            ):
                row.addWidget(
                    Label(theme, words, style="small", token="text.secondary")
                )
                row.addWidget(box)
                row.addSpacing(8)
        row.addWidget(self._headed)
        row.addStretch(1)
        self._said = Label(
            theme, style="small", token="state.errors", wrap=True, name="many.said"
        )
        self._said.hide()
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(24, 16, 24, 16)
        column.setSpacing(12)
        column.addWidget(
            Label(
                theme,
                "Each row becomes a feed. Say which column tells what data is meant, "
                "and which hold values; the others can be used in titles.",
                style="small",
                token="text.secondary",
                wrap=True,
            )
        )
        column.addLayout(row)
        column.addWidget(self._said)
        column.addWidget(view, 1)
        self.body.addWidget(page)

    def _box(self, name: str, label: str) -> QComboBox:
        box = QComboBox()
        box.setObjectName(name)
        box.setAccessibleName(label)
        box.setProperty("small", True)
        box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        return box

    def _read(self, *, first: bool = False) -> None:
        encoding = "" if first else str(self._encoding.currentData())
        separator = "" if first else str(self._separator.currentData())
        source = self._source
        work: Callable[[], Table]
        if isinstance(source, Path):
            path = source

            def work() -> Table:
                return read_file(path, encoding=encoding, separator=separator)

        else:
            text = source

            def work() -> Table:
                return read_text(text, title="Pasted table", separator="\t")

        self.set_note("Reading the table …")
        self._tasks.start(
            asyncio.to_thread(work),
            name="read a table",
            done=self._show,
            failed=self._failed,
        )

    def _failed(self, error: BaseException) -> None:
        words = str(error)
        if isinstance(error, ChrislibError):
            words = " ".join(filter(None, (error.title, error.detail, error.hint)))
        else:
            self._context.messages.failed(error)
        self._table = None
        self._model.clear()
        self.next_button.setEnabled(False)
        self.set_note(words, kind="failed")

    def _show(self, table: Table) -> None:
        self._table = table
        for box, key in (
            (self._encoding, table.encoding),
            (self._separator, table.separator),
        ):
            box.setCurrentIndex(max(0, box.findData(key)))
        self._said.setText(" ".join(table.notes))
        self._said.setVisible(bool(table.notes))
        self._headed.setChecked(True)
        self._guess(True)

    def _guess(self, headed: bool) -> None:
        if self._table is not None:
            self._meaning = guess(self._table, self._slots, headed=headed)
            self._fill()
            self._say()

    def _fill(self) -> None:
        table, meaning = self._table, self._meaning
        if table is None or meaning is None:
            return
        theme = self._context.theme
        rows = table.rows[int(meaning.headed) :][:_SHOWN]
        self._model.clear()
        self._model.setColumnCount(table.width)
        self._model.setHorizontalHeaderLabels([clean(head) for head in meaning.heads])
        self._model.appendRow([QStandardItem() for _ in range(table.width)])
        muted = QColor(theme.color("text.secondary"))
        for cells in rows:
            items = []
            for at in range(table.width):
                item = QStandardItem(clean(cells[at]) if at < len(cells) else "")
                item.setToolTip(plain_tooltip(item.text()))
                item.setForeground(muted)
                items.append(item)
            self._model.appendRow(items)
        self._kinds = []
        for at in range(table.width):
            box = self._box(f"many.kind.{at}", f"{meaning.heads[at]} is")
            box.addItem("For titles only", "")
            for key, words in {**IDENTIFYING, **NARROWING}.items():
                box.addItem(words, key)
            box.addItem("Title of the feed", TITLE)
            for number, slot in enumerate(self._slots):
                for parameter in slot.form.parameters:
                    words = f"{slot.title} {parameter.flag or parameter.name}"
                    box.addItem(words, Column(number, parameter.name))
            box.activated.connect(lambda _i, at=at: self._retype(at))
            self._kinds.append(box)
            self._view.setIndexWidget(self._model.index(0, at), box)
            self._view.setColumnWidth(at, theme.px(190))
        self._view.setRowHeight(0, theme.px(40))
        self._follow_kinds()

    def _follow_kinds(self) -> None:
        meaning = self._meaning
        if meaning is None:
            return
        for box, kind in zip(self._kinds, meaning.kinds, strict=True):
            found = next((n for n in range(box.count()) if box.itemData(n) == kind), 0)
            box.setCurrentIndex(found)

    def _retype(self, column: int) -> None:
        if self._meaning is not None:
            kind = self._kinds[column].currentData()
            self._meaning = self._meaning.with_kind(column, kind)
            self._follow_kinds()
            self._say()

    def _say(self) -> None:
        table, meaning = self._table, self._meaning
        if table is None or meaning is None:
            return
        rows = len(table.rows) - meaning.headed
        self.next_button.setEnabled(True)
        self.next_button.setText(f"Take over {count(rows, 'row')}")
        self.set_note("Nothing is sent.")

    def _press(self) -> None:
        table, meaning = self._table, self._meaning
        if table is None or meaning is None:
            return
        try:
            meaning.check()
        except ChrislibError as error:
            self.set_note(f"{error.title} {error.hint}", kind="failed")
            if self._kinds:
                self._kinds[0].setFocus(Qt.FocusReason.OtherFocusReason)
            return
        self.chosen.emit(table, meaning)
        self.accept()
