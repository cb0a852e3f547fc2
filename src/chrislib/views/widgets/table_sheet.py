"""A person's table: its first rows, and above each column what it is taken for."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

from PySide6.QtCore import Qt
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
from chrislib.library.names import clean
from chrislib.tables import ENCODINGS, SEPARATORS, Table, read_file, read_text
from chrislib.views.context import ViewContext
from chrislib.views.widgets.combos import combo
from chrislib.views.widgets.sheet import Sheet
from chrislib.views.widgets.text import Label, plain_tooltip

_SHOWN = 40


class ColumnsLike(Protocol):
    """What the columns of a table are for."""

    @property
    def heads(self) -> tuple[str, ...]:
        """What stands above them."""

    @property
    def kinds(self) -> tuple[Any, ...]:
        """What each is for, "" for nothing."""

    @property
    def headed(self) -> bool:
        """Whether the first row names the columns."""

    def with_kind(self, column: int, kind: Any) -> "ColumnsLike":
        """Return these with another meaning of a column."""

    def check(self) -> None:
        """Refuse columns that say too little (ChrislibError)."""


class TableSheet(Sheet):
    """Reads a file or pasted cells, shows them as guessed, lets a person correct.

    Who inherits says what columns can be (`choices`), guesses it (`guess`), tells in
    the foot what will be done (`tell`), and takes the table over (`take`).

    Parameters
    ----------
    source : Path or str
        A file, or cells out of the clipboard.
    name : str
        Begins the object names.
    words : str
        What stands above the table.
    """

    def __init__(
        self,
        window: QWidget,
        context: ViewContext,
        *,
        title: str,
        source: Path | str,
        name: str,
        words: str,
    ) -> None:
        subtitle = source.name if isinstance(source, Path) else "Pasted table"
        super().__init__(window, context.theme, title, subtitle)
        self.setObjectName(name)
        self._ctx = context
        self._source = source
        self._name = name
        self._tasks = self.own(context.tasks("columns of a table"))
        self._table: Table | None = None
        self._columns: ColumnsLike | None = None
        self._kinds: list[QComboBox] = []
        self._encoding = self._box("encoding", "Encoding")
        for key, label in ENCODINGS:
            self._encoding.addItem(label, key)
        self._separator = self._box("separator", "Separator")
        for key, label in SEPARATORS:
            self._separator.addItem(label, key)
        self._headed = QCheckBox("First row is a heading")
        self._headed.setObjectName(f"{name}.headed")
        self._preview()
        self._lay_out(words)
        self.next_button.setEnabled(False)
        self.next_pressed.connect(self._press)
        for box in (self._encoding, self._separator):
            box.activated.connect(lambda _at: self._read())
        self._headed.clicked.connect(self._guess_again)

    # -- what who inherits says ------------------------------------------------

    def controls(self) -> Sequence[tuple[str, QWidget]]:
        """Return further controls beside separator and encoding, with their words."""
        return ()

    def beside(self) -> Sequence[tuple[str, QWidget]]:
        """Return controls at the right, with their words."""
        return ()

    def choices(self) -> Sequence[tuple[str, object]]:
        """Return what a column can be: words, and the kind; the first is nothing."""
        raise NotImplementedError

    def guess(self, table: Table, headed: bool | None) -> ColumnsLike:
        """Return what the columns most likely are; None finds out about the head."""
        raise NotImplementedError

    def begin(self, _table: Table) -> None:
        """Be told of a table that was just read, with its columns guessed."""

    def tell(self) -> None:
        """Say in the foot what will be done, after each change."""
        raise NotImplementedError

    def take(self, table: Table, columns: Any) -> None:
        """Take over a table whose columns say enough."""
        raise NotImplementedError

    # -- the sheet -------------------------------------------------------------

    def open(self) -> None:
        """Show the sheet and read the table (disk, in a thread)."""
        super().open()
        self._read(first=True)

    def _box(self, name: str, label: str) -> QComboBox:
        box = combo(f"{self._name}.{name}", label, small=True)
        box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        return box

    def _preview(self) -> None:
        self._model = QStandardItemModel(self)
        view = self._view = QTableView()
        view.setObjectName(f"{self._name}.table")
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
        view.verticalHeader().setDefaultSectionSize(self._ctx.theme.px(28))

    def _lay_out(self, words: str) -> None:
        theme = self._ctx.theme
        row = QHBoxLayout()
        row.setSpacing(8)
        parts: list[tuple[str, QWidget]] = []
        if isinstance(self._source, Path):
            parts = [("Separator", self._separator), ("Encoding", self._encoding)]
        for label, box in (*parts, *self.controls()):
            row.addWidget(Label(theme, label, style="small", token="text.secondary"))
            row.addWidget(box)
            row.addSpacing(8)
        row.addWidget(self._headed)
        row.addStretch(1)
        for label, box in self.beside():
            row.addWidget(Label(theme, label, style="small", token="text.secondary"))
            row.addWidget(box)
        self._said = Label(
            theme,
            style="small",
            token="state.errors",
            wrap=True,
            name=f"{self._name}.said",
        )
        self._said.hide()
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(24, 16, 24, 16)
        column.setSpacing(12)
        column.addWidget(
            Label(theme, words, style="small", token="text.secondary", wrap=True)
        )
        column.addLayout(row)
        column.addWidget(self._said)
        column.addWidget(self._view, 1)
        self.body.addWidget(page)

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
            self._ctx.messages.failed(error)
        self._table = None
        self._model.clear()
        self.next_button.setEnabled(False)
        self.set_note(words, kind="failed")

    def _show(self, table: Table) -> None:
        self._table = table
        self._columns = self.guess(table, None)
        choose(self._encoding, table.encoding)
        choose(self._separator, table.separator)
        self._said.setText(" ".join(table.notes))
        self._said.setVisible(bool(table.notes))
        self._fill()
        self.begin(table)
        self.tell()

    def _guess_again(self, headed: bool) -> None:
        if self._table is not None:
            self._columns = self.guess(self._table, headed)
            self._fill()
            self.tell()

    def _fill(self) -> None:
        table, columns = self._table, self._columns
        if table is None or columns is None:
            return
        theme = self._ctx.theme
        self._headed.setChecked(columns.headed)
        rows = table.rows[columns.headed : columns.headed + _SHOWN]
        self._model.clear()
        self._model.setColumnCount(table.width)
        self._model.setHorizontalHeaderLabels([clean(head) for head in columns.heads])
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
            box = self._box(f"kind.{at}", f"{columns.heads[at]} is")
            for words, kind in self.choices():
                box.addItem(words, kind)
            box.activated.connect(lambda _i, at=at: self._retype(at))
            self._kinds.append(box)
            self._view.setIndexWidget(self._model.index(0, at), box)
            self._view.setColumnWidth(at, theme.px(184))
        self._view.setRowHeight(0, theme.px(40))
        self._follow_kinds()

    def _follow_kinds(self) -> None:
        if self._columns is not None:
            for box, kind in zip(self._kinds, self._columns.kinds, strict=True):
                choose(box, kind)

    def _retype(self, column: int) -> None:
        if self._columns is not None:
            kind = self._kinds[column].currentData()
            self._columns = self._columns.with_kind(column, kind or "")
            self._follow_kinds()
            self.tell()

    def _press(self) -> None:
        table, columns = self._table, self._columns
        if table is None or columns is None:
            return
        try:
            columns.check()
        except ChrislibError as error:
            self.set_note(f"{error.title} {error.hint}", kind="failed")
            if self._kinds:
                self._kinds[0].setFocus(Qt.FocusReason.OtherFocusReason)
            return
        self.take(table, columns)


def choose(box: QComboBox, key: object) -> None:
    """Choose the entry of a box that holds a key, if there is one."""
    # findData compares as Qt does, which knows nothing of our own classes
    for at in range(box.count()):
        if box.itemData(at) == key:
            box.setCurrentIndex(at)
            return
