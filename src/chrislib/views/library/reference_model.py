"""Reference data as a list: what is shown of it, and in which order."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QObject,
    Qt,
)

from chrislib.catalog.folding import searchable
from chrislib.library.dates import show_day
from chrislib.library.history_uses import FeedUse
from chrislib.library.model import ItemState, Reference
from chrislib.library.words import count, join, size
from chrislib.views.library.history_model import uses_words
from chrislib.views.models.index import Index

ReferenceRole = Qt.ItemDataRole.UserRole + 1
_MOVING = {ItemState.ON_THE_WAY, ItemState.REGISTERING}
_STOPPED = {ItemState.FAILED, ItemState.CANCELLED}

KINDS: Sequence[tuple[str, str, tuple[str, ...]]] = (
    ("templates", "Templates", ("template",)),
    ("atlases", "Atlases", ("atlas", "parcel", "label", "regions")),
    ("surfaces", "Surfaces", ("surface", "mesh")),
    ("sets", "Data sets", ()),
)
"""Key, words, and what a category or title of that kind holds; the last is the rest."""
NAME, NEWEST, LARGEST = "name", "newest", "largest"


@dataclass(frozen=True, slots=True)
class Narrowed:
    """What the list is narrowed to, and its order."""

    text: str = ""
    kind: str = ""
    license: str = ""
    order: str = NAME


def is_mine(reference: Reference) -> bool:
    """Whether a reference was fetched, or is on its way."""
    return reference.item is not None and (
        reference.item.state is ItemState.READY or reference.item.state in _MOVING
    )


def action_of(reference: Reference) -> str:
    """Return the word of a card's button; "" for none."""
    item = reference.item
    if reference.hidden:
        return "" if reference.needs_values else "Use as reference"
    if item is None:
        return "Fetch"
    if item.state is ItemState.READY:
        return "Use again"
    if item.state is ItemState.ON_THE_WAY:
        return "Cancel"
    if item.state is ItemState.REGISTERING:
        return ""
    return "Retry" if item.state is ItemState.FAILED else "Fetch"


def state_of(reference: Reference) -> tuple[str, str]:
    """Return state key and words of a card; empty where it is simply new or ready."""
    item = reference.item
    if reference.hidden or item is None:
        return "", ""
    match item.state:
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


def reason_of(reference: Reference) -> str:
    """Return why a fetch failed, "" where none did."""
    item = reference.item
    if item is None or item.state is not ItemState.FAILED:
        return ""
    return item.detail or "The server does not say why."


def facts_of(reference: Reference) -> str:
    """Return "6 files · 62 MB · version 2009c"; "about" for what is remembered."""
    item = reference.item
    if item is not None and item.state is ItemState.READY and item.images:
        known = count(item.images, "file"), size(item.size) if item.size else ""
    elif reference.files:
        about = f"about {size(reference.size)}" if reference.size else ""
        known = count(reference.files, "file"), about
    else:
        known = "", ""
    return join(*known, f"version {reference.version}")


def size_of(reference: Reference) -> int | None:
    """Return the bytes of a reference as far as they are known."""
    item = reference.item
    if item is not None and item.size:
        return item.size
    return reference.size


def kind_of(reference: Reference) -> str:
    """Return the key of `KINDS` that a title, or else a category, speaks of."""
    for said in (reference.title.casefold(), reference.category.casefold()):
        for key, _, words in KINDS:
            if any(word in said for word in words):
                return key
    return KINDS[-1][0]


def fits(reference: Reference, text: str) -> bool:
    """Whether a reference holds every word of `text`."""
    haystack = searchable(
        " ".join(
            (
                reference.title,
                reference.category,
                reference.description,
                reference.authors,
                reference.plugin_name,
            )
        )
    )
    return all(word in haystack for word in searchable(text).split())


def narrowed(references: Iterable[Reference], wanted: Narrowed) -> list[Reference]:
    """Return the references that fit, in the order that is wanted."""
    found = [
        one
        for one in references
        if fits(one, wanted.text)
        and wanted.kind in ("", kind_of(one))
        and wanted.license in ("", one.license)
    ]
    if wanted.order == NEWEST:
        found.sort(key=lambda one: -(one.item.added_at if one.item else 0.0))
    elif wanted.order == LARGEST:
        found.sort(key=lambda one: -(size_of(one) or 0))
    return found


class ReferenceModel(QAbstractListModel):
    """References of one column; changed ones change in place.

    Parameters
    ----------
    ticked : callable
        Whether the box of one is ticked.
    uses : callable
        The feeds that used one.
    now : callable
        Seconds since the epoch.
    """

    def __init__(
        self,
        *,
        ticked: Callable[[Reference], bool],
        uses: Callable[[Reference], tuple[FeedUse, ...]] = lambda _one: (),
        now: Callable[[], float] = lambda: 0.0,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._ticked = ticked
        self._uses = uses
        self._now = now
        self._shown: list[Reference] = []

    @property
    def shown(self) -> Sequence[Reference]:
        """The references shown."""
        return self._shown

    def show(self, references: Iterable[Reference]) -> None:
        """Take over other references; what stays keeps its highlight."""
        shown = list(references)
        wanted = [key_of(one) for one in shown]
        if wanted == [key_of(one) for one in self._shown]:
            self._shown = shown
            self.repaint()
            return
        there = set(wanted)
        for row in reversed(range(len(self._shown))):
            if key_of(self._shown[row]) not in there:
                self.beginRemoveRows(QModelIndex(), row, row)
                del self._shown[row]
                self.endRemoveRows()
        left = [key_of(one) for one in self._shown]
        if left != [key for key in wanted if key in set(left)]:
            self.beginResetModel()
            self._shown = shown
            self.endResetModel()
            return
        for row, one in enumerate(shown):
            if row >= len(self._shown) or key_of(self._shown[row]) != key_of(one):
                self.beginInsertRows(QModelIndex(), row, row)
                self._shown.insert(row, one)
                self.endInsertRows()
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

    def second_facts(self, reference: Reference) -> str:
        """Return "Fetched today · used in 3 feeds", or what it is and of whom."""
        item = reference.item
        if item is None or item.state is not ItemState.READY:
            kind = "" if reference.hidden else "Reference data"
            return join(reference.category or kind, reference.authors)
        day = show_day(item.added_at, now=self._now()) if item.added_at else ""
        day = day.lower() if day in ("Today", "Yesterday") else day
        uses = uses_words(self._uses(reference)).replace("Used", "used")
        return join(f"Fetched {day}" if day else "Fetched", uses or "not used yet")

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
            state = state_of(reference)[1] or ("Ready" if is_mine(reference) else "")
            words = (
                reference.title,
                state,
                reason_of(reference),
                facts_of(reference),
                action_of(reference),
            )
            return ", ".join(word for word in words if word)
        if role == Qt.ItemDataRole.ToolTipRole:
            return "\n".join(
                filter(
                    None,
                    (
                        reference.title,
                        reason_of(reference),
                        reference.description,
                        reference.authors,
                        reference.license,
                    ),
                )
            )
        if role == Qt.ItemDataRole.CheckStateRole:
            on = self.is_ticked(reference)
            return Qt.CheckState.Checked if on else Qt.CheckState.Unchecked
        return None


def key_of(reference: Reference) -> tuple[str, str]:
    """Return what tells references apart: plugin and version."""
    return reference.plugin_name, reference.version
