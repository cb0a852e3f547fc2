"""What the columns of a table mean: shown as guessed, corrected by a person."""

import asyncio
from collections.abc import Callable
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

from chrislib.dicom.headings import GIVEN
from chrislib.errors import ChrislibError
from chrislib.library import criteria as asked
from chrislib.library.names import clean
from chrislib.library.words import count
from chrislib.library.worklist.asking import criteria_of, date_order
from chrislib.library.worklist.columns import KINDS, Columns, guess
from chrislib.tables import (
    ENCODINGS,
    SEPARATORS,
    Table,
    read_file,
    read_text,
)
from chrislib.views.context import ViewContext
from chrislib.views.library.archives import ArchiveChoice
from chrislib.views.widgets.sheet import Sheet
from chrislib.views.widgets.text import Label, plain_tooltip

_SHOWN = 40
_TRIED = 1000
_DATES = (
    ("ymd", "2026-03-04 (year first)"),
    ("dmy", "04.03.2026 (day first)"),
    ("mdy", "03/04/2026 (month first)"),
)
_NOT_USED = "Not used"


class ColumnsSheet(Sheet):
    """A table's first rows, and above each column what it is taken for.

    Signals
    -------
    chosen : (Table, Columns, str, str)
        The table, its columns, the PACS ("" for all) and the order of dates.
    """

    chosen = Signal(object, object, str, str)

    def __init__(
        self,
        window: QWidget,
        ctx: ViewContext,
        archives: ArchiveChoice,
        *,
        source: Path | str,
        pacs: str = "",
    ) -> None:
        title = source.name if isinstance(source, Path) else "Pasted table"
        super().__init__(window, ctx.theme, "Open a work list", title)
        self.setObjectName("columns")
        self._ctx = ctx
        self._source = source
        self._archives = archives
        self._tasks = ctx.tasks("columns of a table")
        self._table: Table | None = None
        self._columns: Columns | None = None
        self._kinds: list[QComboBox] = []
        self._turn = 0
        self._controls(archives, pacs)
        self._preview()
        self._lay_out()
        self.next_button.setEnabled(False)
        self.next_pressed.connect(self._press)
        for box in (self._encoding, self._separator):
            box.activated.connect(lambda _at: self._read())
        self._headed.clicked.connect(self._guess_again)
        self._dates.activated.connect(lambda _at: self._try_out())

    def _controls(self, archives: ArchiveChoice, pacs: str) -> None:
        self._encoding = self._box("columns.encoding", "Encoding")
        for key, words in ENCODINGS:
            self._encoding.addItem(words, key)
        self._separator = self._box("columns.separator", "Separator")
        for key, words in SEPARATORS:
            self._separator.addItem(words, key)
        self._dates = self._box("columns.dates", "Dates")
        self._dates.addItem("Choose …", "?")
        for key, words in _DATES:
            self._dates.addItem(words, key)
        self._headed = QCheckBox("First row is a heading")
        self._headed.setObjectName("columns.headed")
        self._pacs = archives.combo("columns.pacs")
        self._pacs.setProperty("small", True)
        archives.choose(self._pacs, pacs)

    def _preview(self) -> None:
        self._model = QStandardItemModel(self)
        self._view = QTableView()
        self._view.setObjectName("columns.table")
        self._view.setAccessibleName("First rows of the table")
        self._view.setModel(self._model)
        self._view.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self._view.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self._view.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._view.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self._view.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self._view.setWordWrap(False)
        self._view.horizontalHeader().setDefaultAlignment(
            Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        )
        self._view.verticalHeader().hide()
        self._view.verticalHeader().setDefaultSectionSize(self._ctx.theme.px(28))

    def _lay_out(self) -> None:
        theme = self._ctx.theme
        row = QHBoxLayout()
        row.setSpacing(8)
        parts: list[tuple[str, QWidget]] = [
            ("Separator", self._separator),
            ("Encoding", self._encoding),
            ("Dates", self._dates),
        ]
        if isinstance(self._source, str):
            parts = parts[2:]
        for words, box in parts:
            row.addWidget(Label(theme, words, style="small", token="text.secondary"))
            row.addWidget(box)
            row.addSpacing(8)
        row.addWidget(self._headed)
        row.addStretch(1)
        row.addWidget(Label(theme, "Ask", style="small", token="text.secondary"))
        row.addWidget(self._pacs)
        self._said = Label(
            theme, style="small", token="state.errors", wrap=True, name="columns.said"
        )
        self._said.hide()
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(24, 16, 24, 16)
        column.setSpacing(12)
        column.addWidget(
            Label(
                theme,
                "Each row is looked up by itself. Say what the columns hold; nothing "
                "is asked before you press the button.",
                style="small",
                token="text.secondary",
                wrap=True,
            )
        )
        column.addLayout(row)
        column.addWidget(self._said)
        column.addWidget(self._view, 1)
        self.body.addWidget(page)

    def open(self) -> None:
        """Show the sheet and read the table (disk, in a thread)."""
        super().open()
        self._read(first=True)

    def done(self, result: int) -> None:
        """Close and drop what runs."""
        self._tasks.cancel_all()
        self._archives.release(self._pacs)
        super().done(result)

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
            self._ctx.messages.failed(error)
        self._table = None
        self._model.clear()
        self.next_button.setEnabled(False)
        self.set_note(words, kind="failed")

    def _show(self, table: Table) -> None:
        self._table = table
        self._columns = guess(table)
        self._choose(self._encoding, table.encoding)
        self._choose(self._separator, table.separator)
        self._said.setText(" ".join(table.notes))
        self._said.setVisible(bool(table.notes))
        self._fill()
        self._choose(self._dates, date_order(table, self._columns))
        self._try_out()

    def _guess_again(self, headed: bool) -> None:
        if self._table is not None:
            self._columns = guess(self._table, headed=headed)
            self._fill()
            self._try_out()

    def _fill(self) -> None:
        table, columns = self._table, self._columns
        if table is None or columns is None:
            return
        theme = self._ctx.theme
        self._headed.setChecked(columns.headed)
        rows = table.rows[columns.headed : columns.headed + _SHOWN]
        self._model.clear()
        self._model.setColumnCount(table.width)
        self._model.setHorizontalHeaderLabels(list(columns.heads))
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
            box = self._box(f"columns.kind.{at}", f"{columns.heads[at]} is")
            box.addItem(_NOT_USED, "")
            for kind in KINDS:
                box.addItem(asked.LABELS[kind], kind)
            box.addItem("Given name", GIVEN)
            box.activated.connect(lambda _i, at=at: self._retype(at))
            self._kinds.append(box)
            self._view.setIndexWidget(self._model.index(0, at), box)
            self._view.setColumnWidth(at, theme.px(176))
        self._view.setRowHeight(0, theme.px(40))
        self._follow_kinds()

    def _follow_kinds(self) -> None:
        columns = self._columns
        if columns is None:
            return
        for box, kind in zip(self._kinds, columns.kinds, strict=True):
            self._choose(box, kind)

    def _retype(self, column: int) -> None:
        if self._columns is not None:
            kind = str(self._kinds[column].currentData() or "")
            self._columns = self._columns.with_kind(column, kind)
            self._follow_kinds()
            self._try_out()

    def _choose(self, box: QComboBox, key: str) -> None:
        at = box.findData(key)
        if at >= 0:
            box.setCurrentIndex(at)

    def _try_out(self) -> None:
        """Say how many rows can be asked, and why not the others."""
        table, columns = self._table, self._columns
        if table is None or columns is None:
            return
        number = len(table.rows) - columns.headed
        self.next_button.setText(f"Look up {count(number, 'row')}")
        self.next_button.setEnabled(True)
        dates = str(self._dates.currentData())
        self._turn += 1
        turn = self._turn
        self._tasks.start(
            asyncio.to_thread(_tried, table, columns, dates),
            name="try a table out",
            done=lambda bad: self._say(number, bad, turn),
        )

    def _say(self, number: int, bad: list[tuple[int, str]], turn: int) -> None:
        if turn != self._turn:
            return  # the columns are others by now
        if not bad:
            self.set_note(f"{count(number, 'row')}, one question each")
            return
        line, reason = bad[0]
        among = "" if number <= _TRIED else f" of the first {_TRIED:,}"
        self.set_note(
            f"{count(len(bad), 'row')}{among} cannot be asked. Line {line:,}: {reason}",
            kind="failed",
        )

    def _press(self) -> None:
        table, columns = self._table, self._columns
        if table is None or columns is None:
            return
        try:
            columns.check()
        except ChrislibError as error:
            self.set_note(f"{error.title} {error.hint}", kind="failed")
            self._kinds[0].setFocus(Qt.FocusReason.OtherFocusReason)
            return
        dates = str(self._dates.currentData())
        if dates == "?":
            self.set_note(
                "Say how the dates are written: “03/04/2026” could mean two days.",
                kind="failed",
            )
            self._dates.setFocus(Qt.FocusReason.OtherFocusReason)
            return
        self.chosen.emit(table, columns, str(self._pacs.currentData() or ""), dates)
        self.accept()


def _tried(table: Table, columns: Columns, dates: str) -> list[tuple[int, str]]:
    """Return line and reason of the rows that cannot be asked, among the first."""
    bad: list[tuple[int, str]] = []
    start = int(columns.headed)
    for at, cells in enumerate(table.rows[start : start + _TRIED]):
        try:
            criteria_of(cells, columns, dates=dates)
        except ChrislibError as error:
            bad.append((table.lines[at + start], error.title))
    return bad
