"""Reference data as a list of cards."""

from collections.abc import Callable, Iterable, Sequence

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
)

from chrislib.library.model import Item, ItemState, Reference
from chrislib.library.words import count, join, size

Index = QModelIndex | QPersistentModelIndex
ReferenceRole = Qt.ItemDataRole.UserRole + 1
_MOVING = {ItemState.ON_THE_WAY, ItemState.REGISTERING}


def is_mine(reference: Reference) -> bool:
    """Whether a reference was fetched, or is on its way."""
    return reference.item is not None and (
        reference.item.state is ItemState.READY or reference.item.state in _MOVING
    )


def action_of(reference: Reference) -> str:
    """Return the word of a card's button."""
    item = reference.item
    if item is None:
        return "Fetch"
    if item.state is ItemState.READY:
        return "Use again"
    if item.state is ItemState.ON_THE_WAY:
        return "Cancel"
    if item.state is ItemState.REGISTERING:
        return ""
    return "Fetch"


def state_of(reference: Reference) -> tuple[str, str]:
    """Return state key and words of a card; empty where it is simply new."""
    item = reference.item
    if item is None:
        return "", ""
    match item.state:
        case ItemState.READY:
            return "ready", "Ready"
        case ItemState.REGISTERING:
            return "registering", "Registering files"
        case ItemState.ON_THE_WAY:
            return "running", "Fetching"
        case ItemState.FAILED:
            return "failed", "Failed"
        case ItemState.CANCELLED:
            return "cancelled", "Cancelled"
        case _:
            return "", ""


def facts_of(reference: Reference) -> str:
    """Return "6 files · 62 MB · version 2009c"."""
    item: Item | None = reference.item
    files = count(item.images, "file") if item and item.images else ""
    bytes_ = size(item.size) if item and item.size else ""
    return join(files, bytes_, f"version {reference.version}")


class ReferenceModel(QAbstractListModel):
    """References that fit the search; changed cards change in place."""

    def __init__(
        self, *, ticked: Callable[[Reference], bool], parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._ticked = ticked
        self._shown: list[Reference] = []

    @property
    def shown(self) -> Sequence[Reference]:
        """The references shown."""
        return self._shown

    def show(self, references: Iterable[Reference]) -> None:
        """Take over other references."""
        shown = list(references)
        same = [_key(one) for one in shown] == [_key(one) for one in self._shown]
        if not same:
            self.beginResetModel()
            self._shown = shown
            self.endResetModel()
            return
        self._shown = shown
        self.repaint()

    def repaint(self) -> None:
        """Repaint every card."""
        if self._shown:
            self.dataChanged.emit(self.index(0), self.index(len(self._shown) - 1))

    def reference(self, index: Index) -> Reference | None:
        """Return the reference of a card."""
        if not index.isValid() or index.row() >= len(self._shown):
            return None
        return self._shown[index.row()]

    def is_ticked(self, reference: Reference) -> bool:
        """Whether the box of a card is ticked."""
        return self._ticked(reference)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 (Qt's way)
        """Return the number of cards."""
        return 0 if parent.isValid() else len(self._shown)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Return the words of a card."""
        reference = self.reference(index)
        if reference is None:
            return None
        if role == ReferenceRole:
            return reference
        if role == Qt.ItemDataRole.DisplayRole:
            return reference.title
        if role == Qt.ItemDataRole.AccessibleTextRole:
            words = (reference.title, state_of(reference)[1], action_of(reference))
            return ", ".join(word for word in words if word)
        if role == Qt.ItemDataRole.ToolTipRole:
            return f"{reference.title}\n{reference.description}\n{reference.authors}"
        if role == Qt.ItemDataRole.CheckStateRole:
            on = self.is_ticked(reference)
            return Qt.CheckState.Checked if on else Qt.CheckState.Unchecked
        return None


def _key(reference: Reference) -> tuple[str, str]:
    return reference.plugin_name, reference.version


def fits(reference: Reference, text: str) -> bool:
    """Whether a reference holds every word of `text`."""
    haystack = " ".join(
        (
            reference.title,
            reference.category,
            reference.description,
            reference.authors,
            reference.plugin_name,
        )
    ).casefold()
    return all(word in haystack for word in text.casefold().split())
