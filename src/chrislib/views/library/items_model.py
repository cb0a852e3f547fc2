"""Library items as a list."""

from collections.abc import Callable, Iterable, Sequence

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
)

from chrislib.library.dates import show_age_at, show_date, show_day, show_time
from chrislib.library.model import Item, ItemId, ItemState, Source
from chrislib.library.names import clean, isolate, show_full_name
from chrislib.library.words import join, size
from chrislib.views.library.found_model import state_words
from chrislib.views.widgets.heads import head_cell

Index = QModelIndex | QPersistentModelIndex
TITLE, MODALITY, IMAGES, SIZE, STATE, ACTION = range(6)
HEADS = ("Name", "Modality", "Images", "Size", "State", "")
ItemRole = Qt.ItemDataRole.UserRole + 1
_SOURCES = {
    Source.PACS: "PACS",
    Source.UPLOAD: "Upload",
    Source.REFERENCE: "Reference data",
    Source.FEED: "Feed",
}


def action_of(item: Item) -> str:
    """Return the word of an item's button."""
    match item.state:
        case ItemState.READY:
            return "View"
        case ItemState.ON_THE_WAY:
            return "Cancel"
        case ItemState.WANTED:
            return "Add"
        case ItemState.CANCELLED:
            return "Add" if item.source is Source.PACS else "Retry"
        case ItemState.FAILED:
            return "Retry"
        case _:
            return ""


class ItemsModel(QAbstractTableModel):
    """Items, newest first; changed rows change in place."""

    def __init__(
        self,
        *,
        ticked: Callable[[ItemId], bool],
        hidden: Callable[[], bool],
        now: Callable[[], float],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._ticked = ticked
        self._hidden = hidden
        self._now = now
        self._all: list[Item] = []
        self._shown: list[Item] = []
        self._text = ""

    @property
    def count(self) -> int:
        """Number of items, shown or not."""
        return len(self._all)

    @property
    def shown(self) -> Sequence[Item]:
        """The items shown."""
        return self._shown

    def show(self, items: Iterable[Item]) -> None:
        """Take over the items."""
        self._all = list(items)
        self._apply()

    def filter(self, text: str) -> None:
        """Show what holds every word of `text`."""
        self._text = text.strip().casefold()
        self._apply()

    def ticks_changed(self) -> None:
        """Repaint every box."""
        if self._shown:
            last = self.index(len(self._shown) - 1, ACTION)
            self.dataChanged.emit(self.index(0, 0), last)

    def item(self, index: Index) -> Item | None:
        """Return the item of a row."""
        if not index.isValid() or index.row() >= len(self._shown):
            return None
        return self._shown[index.row()]

    def detail(self, item: Item) -> str:
        """Return the second line of a row."""
        source = _SOURCES[item.source]
        if item.source is Source.PACS and item.pacs:
            source = item.pacs
        added = join(show_day(item.added_at, now=self._now()), show_time(item.added_at))
        if not item.patient_name and not item.patient_id:
            return join(source, f"added {added}")
        who = "" if self._hidden() else show_full_name(item.patient_name)
        age = show_age_at(item.birth_date, item.study_date)
        study = isolate(clean(item.study_description))
        return join(who, study, show_date(item.study_date), age, source)

    def is_ticked(self, item: Item) -> bool:
        """Whether an item is in the tray."""
        return self._ticked(item.item_id)

    def _apply(self) -> None:
        words = self._text.split()
        shown = [
            item
            for item in self._all
            if item.state is not ItemState.WANTED
            and all(word in self._haystack(item) for word in words)
        ]
        same = [item.item_id for item in shown] == [i.item_id for i in self._shown]
        if not same:
            self.beginResetModel()
            self._shown = shown
            self.endResetModel()
            return
        before, self._shown = self._shown, shown
        for row, (old, new) in enumerate(zip(before, shown, strict=True)):
            if old != new:
                self.dataChanged.emit(self.index(row, 0), self.index(row, ACTION))

    def _haystack(self, item: Item) -> str:
        parts = (item.title, self.detail(item), item.modality, item.accession_number)
        patient = "" if self._hidden() else f"{item.patient_id} {item.patient_name}"
        return f"{' '.join(parts)} {patient}".casefold()

    # --- QAbstractTableModel ---

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 (Qt's way)
        """Return the number of items shown."""
        return 0 if parent.isValid() else len(self._shown)

    def columnCount(self, _parent: Index = QModelIndex()) -> int:  # noqa: B008
        """Return the number of columns."""
        return len(HEADS)

    def headerData(
        self,
        section: int,
        orientation: Qt.Orientation,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> object:
        """Return the words of the column heads."""
        if orientation != Qt.Orientation.Horizontal:
            return None
        return head_cell(HEADS[section], role, numeric=section in (IMAGES, SIZE))

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Return the words of a cell."""
        item = self.item(index)
        if item is None:
            return None
        column = index.column()
        if role == ItemRole:
            return item
        if role == Qt.ItemDataRole.CheckStateRole and column == TITLE:
            ticked = self.is_ticked(item)
            return Qt.CheckState.Checked if ticked else Qt.CheckState.Unchecked
        if role == Qt.ItemDataRole.ToolTipRole and column in (TITLE, STATE):
            return item.detail or f"{item.title}\n{self.detail(item)}"
        if role == Qt.ItemDataRole.AccessibleTextRole and column == TITLE:
            return f"{item.title}, {self.detail(item)}"
        spoken = (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole)
        if role not in spoken:
            return None
        images = f"{item.images:,}" if item.images is not None else ""
        return {
            TITLE: item.title,
            MODALITY: item.modality,
            IMAGES: images,
            SIZE: size(item.size),
            STATE: state_words(item)[1],
            ACTION: action_of(item),
        }[column]

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Return what can be done with a cell."""
        found = super().flags(index)
        if index.column() == TITLE:
            found |= Qt.ItemFlag.ItemIsUserCheckable
        return found
