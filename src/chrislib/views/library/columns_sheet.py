"""What the columns of a work list mean: shown as guessed, corrected by a person."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QWidget

from chrislib.dicom.headings import GIVEN
from chrislib.errors import ChrislibError
from chrislib.library import criteria as asked
from chrislib.library.words import count
from chrislib.library.worklist.asking import criteria_of, date_order
from chrislib.library.worklist.columns import KINDS, Columns, guess
from chrislib.tables import Table
from chrislib.views.context import ViewContext
from chrislib.views.library.archives import ArchiveChoice
from chrislib.views.widgets.table_sheet import TableSheet, choose

_TRIED = 1000
_DATES = (
    ("ymd", "2026-03-04 (year first)"),
    ("dmy", "04.03.2026 (day first)"),
    ("mdy", "03/04/2026 (month first)"),
)
_NOT_USED = "Not used"


class ColumnsSheet(TableSheet):
    """A table whose rows are looked up.

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
        self._archives = archives
        self._wanted_pacs = pacs
        self._turn = 0
        super().__init__(
            window,
            ctx,
            title="Open a work list",
            source=source,
            name="columns",
            words="Each row is looked up by itself. Say what the columns hold; nothing "
            "is asked before you press the button.",
        )

    def controls(self) -> Sequence[tuple[str, QWidget]]:
        """Return the order of the parts of dates."""
        self._dates = self._box("dates", "Dates")
        self._dates.addItem("Choose …", "?")
        for key, words in _DATES:
            self._dates.addItem(words, key)
        self._dates.activated.connect(lambda _at: self.tell())
        return (("Dates", self._dates),)

    def beside(self) -> Sequence[tuple[str, QWidget]]:
        """Return which PACS is asked."""
        self._pacs = self._archives.combo("columns.pacs")
        self._pacs.setProperty("small", True)
        self._archives.choose(self._pacs, self._wanted_pacs)
        return (("Ask", self._pacs),)

    def choices(self) -> Sequence[tuple[str, object]]:
        """Return what a column can be."""
        return (
            (_NOT_USED, ""),
            *((asked.LABELS[kind], kind) for kind in KINDS),
            ("Given name", GIVEN),
        )

    def guess(self, table: Table, headed: bool | None) -> Columns:
        """Return what the columns most likely mean."""
        return guess(table, headed=headed)

    def begin(self, table: Table) -> None:
        """Choose the order of dates that the table is written in."""
        if isinstance(self._columns, Columns):
            choose(self._dates, date_order(table, self._columns))

    def done(self, result: int) -> None:
        """Close and drop what runs."""
        self._archives.release(self._pacs)
        super().done(result)

    def tell(self) -> None:
        """Say how many rows can be asked, and why not the others."""
        table, columns = self._table, self._columns
        if table is None or not isinstance(columns, Columns):
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

    def take(self, table: Table, columns: Any) -> None:
        """Take the table over, once it is known how its dates are written."""
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
