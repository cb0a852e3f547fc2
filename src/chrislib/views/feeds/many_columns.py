"""Which column of a table means the data, and which hold values."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from chrislib.feeds.many_csv import IDENTIFYING, NARROWING, TITLE, Meaning, guess
from chrislib.feeds.many_model import Column, Slot
from chrislib.library.words import count
from chrislib.tables import Table
from chrislib.views.context import ViewContext
from chrislib.views.widgets.table_sheet import TableSheet


class ManyColumnsSheet(TableSheet):
    """Rows of subjects out of a table.

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
        self._slots = slots
        super().__init__(
            window,
            context,
            title="Rows from a table",
            source=source,
            name="many.columns",
            words="Each row becomes a feed. Say which column tells what data is meant, "
            "and which hold values; the others can be used in titles.",
        )
        self.next_button.setText("Take over")

    def choices(self) -> Sequence[tuple[str, object]]:
        """Return what a column can be."""
        return (
            ("For titles only", ""),
            *((words, key) for key, words in {**IDENTIFYING, **NARROWING}.items()),
            ("Title of the feed", TITLE),
            *(
                (
                    f"{slot.title} {parameter.flag or parameter.name}",
                    Column(at, parameter.name),
                )
                for at, slot in enumerate(self._slots)
                for parameter in slot.form.parameters
            ),
        )

    def guess(self, table: Table, headed: bool | None) -> Meaning:
        """Return what the columns most likely are for."""
        return guess(table, self._slots, headed=headed is not False)

    def tell(self) -> None:
        """Say how many rows there are."""
        if self._table is not None and self._columns is not None:
            rows = len(self._table.rows) - self._columns.headed
            self.next_button.setEnabled(True)
            self.next_button.setText(f"Take over {count(rows, 'row')}")
            self.set_note("Nothing is sent.")

    def take(self, table: Table, columns: Any) -> None:
        """Take the rows over."""
        self.accept()
        self.chosen.emit(table, columns)
