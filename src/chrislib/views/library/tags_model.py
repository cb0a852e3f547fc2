"""Attributes before and after de-identification, for a table with a filter."""

from collections.abc import Sequence

from PySide6.QtCore import QObject, Qt

from chrislib.dicom.deidentify.engine import Change, Done
from chrislib.views.models.headed import HeadedTable
from chrislib.views.models.index import Index
from chrislib.views.theme.theme import Theme
from chrislib.views.widgets.text import plain_tooltip

GROUP, TAG, NAME, BEFORE, AFTER, ACTION = range(6)
HEADS = ("Group", "Tag", "Name", "On this computer", "As sent", "What is done")
_GROUPS = {
    0x0008: "Study and series",
    0x0010: "Patient",
    0x0012: "Clinical trial",
    0x0018: "Acquisition",
    0x0020: "Relationship",
    0x0028: "Image",
    0x0032: "Request",
    0x0038: "Visit",
    0x0040: "Procedure",
    0x0054: "Nuclear medicine",
    0x0070: "Presentation",
    0x0088: "Storage",
    0x0400: "Signatures",
}
_HIDDEN = "hidden"


class TagsModel(HeadedTable):
    """The changes of one file; rows are filtered here, a few hundred at most."""

    heads = HEADS

    def __init__(self, theme: Theme, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._all: tuple[Change, ...] = ()
        self._rows: list[Change] = []
        self._days = 0
        self._wanted = ""
        self._changed_only = True
        self._hidden = False

    def show(self, changes: Sequence[Change], *, days: int, hidden: bool) -> None:
        """Show another file; `hidden` keeps what names the patient off the screen."""
        self._all, self._days, self._hidden = tuple(changes), days, hidden
        self._filter()

    def look_for(self, text: str) -> None:
        """Show only rows with a text in tag, name or value."""
        self._wanted = text.casefold().strip()
        self._filter()

    def set_changed_only(self, on: bool) -> None:
        """Leave out what stays as it is."""
        self._changed_only = on
        self._filter()

    @property
    def counts(self) -> tuple[int, int, int]:
        """Rows shown, rows changed, rows in all."""
        changed = sum(change.done != Done.KEPT for change in self._all)
        return len(self._rows), changed, len(self._all)

    def cells(self, change: Change) -> tuple[str, ...]:
        """Return the words of a row."""
        hides = self._hidden and change.done != Done.KEPT and bool(change.before)
        group = change.tag >> 16
        return (
            _GROUPS.get(group, "Private" if group & 1 else "Other"),
            f"({group:04X},{change.tag & 0xFFFF:04X})",
            "› " * change.depth + change.name,
            _HIDDEN if hides else change.before,
            change.after,
            action_words(change, self._days),
        )

    def count(self) -> int:
        """Return the rows that are shown."""
        return len(self._rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Return a cell's words and look."""
        if not index.isValid() or index.row() >= len(self._rows):
            return None
        change, column = self._rows[index.row()], index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return self.cells(change)[column]
        if role == Qt.ItemDataRole.ToolTipRole:
            return plain_tooltip(self.cells(change)[column])
        kept = change.done == Done.KEPT
        if role == Qt.ItemDataRole.ForegroundRole:
            plain = column in (GROUP, TAG) or kept
            return self._theme.color("text.muted" if plain else "text.primary")
        if role == Qt.ItemDataRole.FontRole and column == AFTER and not kept:
            return self._theme.font("small-strong")
        return None

    def _filter(self) -> None:
        self.beginResetModel()
        self._rows = [change for change in self._all if self._passes(change)]
        self.endResetModel()

    def _passes(self, change: Change) -> bool:
        if self._changed_only and change.done == Done.KEPT:
            return False
        if not self._wanted:
            return True
        return any(self._wanted in cell.casefold() for cell in self.cells(change))


def action_words(change: Change, days: int) -> str:
    """Return what is done with an attribute, in words."""
    if change.done == Done.MOVED:
        return f"Moved by {days:,} days".replace("-", "−")
    return {
        Done.KEPT: "Kept",
        Done.REMOVED: "Removed",
        Done.EMPTIED: "Emptied",
        Done.REPLACED: "Replaced",
        Done.NEW_UID: "New UID",
        Done.CLEANED: "Cleaned",
        Done.ADDED: "Added",
    }.get(change.done, change.done)
