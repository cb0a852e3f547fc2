"""What a PACS lookup found: patients, studies and series as one tree."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from PySide6.QtCore import (
    QAbstractItemModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
)

from chrislib.library.dates import show_age, show_age_at, show_date
from chrislib.library.model import Item, ItemId, ItemState
from chrislib.library.names import NO_NAME, clean, isolate, show_full_name
from chrislib.library.pull import Found
from chrislib.library.words import count, join, series, size, studies
from chrislib.pacs.types import FoundPatient, FoundSeries, FoundStudy
from chrislib.views.widgets.heads import head_cell

Index = QModelIndex | QPersistentModelIndex
NAME, MODALITY, IMAGES, SIZE, STATE, ACTION = range(6)
HEADS = ("Patient, study, series", "Modality", "Images", "Size", "State", "")
NodeRole = Qt.ItemDataRole.UserRole + 1


@dataclass(slots=True, eq=False)
class Node:
    """A patient, a study or a series, and where it stands."""

    patient: FoundPatient
    study: FoundStudy | None = None
    series: FoundSeries | None = None
    parent: "Node | None" = None
    number: int = 0
    row: int = 0
    children: "list[Node]" = field(default_factory=list)

    @property
    def key(self) -> tuple[str, ...]:
        """What makes it the same node in the next answer."""
        base = (self.patient.patient_id, self.patient.name)
        study = (self.study.pacs, self.study.study_uid) if self.study else ()
        return base + study + ((self.series.series_uid,) if self.series else ())

    def leaves(self) -> "Iterable[Node]":
        """Return the series below, or itself."""
        if self.series is not None:
            return (self,)
        return [leaf for child in self.children for leaf in child.leaves()]

    def found(self) -> list[Found]:
        """Return what a pull of this node asks for."""
        return [
            (leaf.patient, leaf.study, leaf.series)
            for leaf in self.leaves()
            if leaf.study is not None and leaf.series is not None
        ]


Keep = Callable[[FoundPatient, FoundStudy, FoundSeries], bool]


class FoundModel(QAbstractItemModel):
    """The tree of a lookup, filtered here; items of the Library give the states.

    Parameters
    ----------
    item_of : callable
        Gives the Library's item of a series UID.
    ticked : callable
        Whether an item is in the tray.
    hidden : callable
        Whether names are not to be shown.
    """

    def __init__(
        self,
        *,
        item_of: Callable[[str], Item | None],
        ticked: Callable[[ItemId], bool],
        hidden: Callable[[], bool],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._item_of = item_of
        self._ticked = ticked
        self._hidden = hidden
        self._patients: tuple[FoundPatient, ...] = ()
        self._keep: Keep | None = None
        self._roots: list[Node] = []
        self._nodes: dict[int, Node] = {}
        self._of_series: dict[str, list[Node]] = {}

    @property
    def patients(self) -> tuple[FoundPatient, ...]:
        """Everything found, shown or not."""
        return self._patients

    @property
    def roots(self) -> Sequence[Node]:
        """The patients shown."""
        return self._roots

    def leaves(self) -> list[Node]:
        """Return every series shown."""
        return [leaf for root in self._roots for leaf in root.leaves()]

    def show(self, patients: tuple[FoundPatient, ...], keep: Keep | None) -> None:
        """Show what was found, as far as `keep` lets it through."""
        self._patients, self._keep = patients, keep
        self.beginResetModel()
        self._build()
        self.endResetModel()

    def item(self, node: Node) -> Item | None:
        """Return the Library's item of a series node."""
        return self._item_of(node.series.series_uid) if node.series else None

    def check_state(self, node: Node) -> Qt.CheckState:
        """Return whether a node is in the tray; partly for some of its series."""
        states = {self._is_ticked(leaf) for leaf in node.leaves()}
        if states == {True}:
            return Qt.CheckState.Checked
        return Qt.CheckState.PartiallyChecked if True in states else _UNCHECKED

    def items_changed(self, uids: Iterable[str]) -> None:
        """Repaint the rows of series whose items changed."""
        touched: dict[int, Node] = {}
        for uid in uids:
            for node in self._of_series.get(uid, ()):
                at: Node | None = node
                while at is not None and at.number not in touched:
                    touched[at.number] = at
                    at = at.parent
        if len(touched) > _MANY:
            self.ticks_changed()
            return
        for node in touched.values():
            self._touch(node)

    def ticks_changed(self) -> None:
        """Tell that boxes changed; the view repaints all of itself besides.

        A signal a row, or one for a range, makes a tree measure its rows again.
        """
        if self._roots:
            self._touch(self._roots[0])

    def node(self, index: Index) -> Node | None:
        """Return the node of an index."""
        return self._nodes.get(index.internalId()) if index.isValid() else None

    def index_of(self, node: Node, column: int = NAME) -> QModelIndex:
        """Return the index of a node."""
        return self.createIndex(node.row, column, node.number)

    def nodes(self) -> Iterable[Node]:
        """Return every node shown."""
        return self._nodes.values()

    def _is_ticked(self, leaf: Node) -> bool:
        item = self.item(leaf)
        return item is not None and self._ticked(item.item_id)

    def _touch(self, node: Node) -> None:
        self.dataChanged.emit(self.index_of(node), self.index_of(node, ACTION))

    def _build(self) -> None:
        self._roots, self._nodes, self._of_series = [], {}, {}
        for patient in self._patients:
            root = Node(patient)
            for study in patient.studies:
                branch = Node(patient, study, parent=root)
                for one in study.series:
                    if self._keep is None or self._keep(patient, study, one):
                        leaf = Node(patient, study, one, parent=branch)
                        leaf.row = len(branch.children)
                        branch.children.append(leaf)
                if branch.children or (not study.series and self._keep is None):
                    branch.row = len(root.children)
                    root.children.append(branch)
            if root.children:
                root.row = len(self._roots)
                self._roots.append(root)
        for root in self._roots:
            self._number(root)

    def _number(self, node: Node) -> None:
        node.number = len(self._nodes) + 1
        self._nodes[node.number] = node
        if node.series is not None:
            self._of_series.setdefault(node.series.series_uid, []).append(node)
        for child in node.children:
            self._number(child)

    # --- words --------------------------------------------------------------------

    def title(self, node: Node) -> str:
        """Return the first words of a row."""
        if node.series is not None:
            number = f"{node.series.number}. " if not node.series.description else ""
            text = isolate(clean(node.series.description))
            return text or f"{number}(no description)"
        if node.study is not None:
            return isolate(clean(node.study.description)) or "(no description)"
        return NO_NAME if self._hidden() else show_full_name(node.patient.name)

    def detail(self, node: Node) -> str:
        """Return the quieter words of a row."""
        if node.series is not None:
            one = node.series
            same = one.protocol.casefold() == one.description.casefold()
            other = node.study is not None and one.station != node.study.station
            return join(
                clean(one.body_part),
                clean(one.protocol) if not same else "",
                clean(one.station) if other else "",
                f"series {one.number}" if one.number else "",
            )
        patient, study = node.patient, node.study
        if study is not None:
            age = show_age(study.age_at_scan_days)
            return join(
                show_date(study.date),
                age or show_age_at(patient.birth_date, study.date),
                study.accession_number,
                clean(study.station),
            )
        number = studies(len(node.children))
        if self._hidden():
            return number
        born = f"born {patient.birth_date}" if patient.birth_date else ""
        return join(patient.patient_id or "no patient ID", patient.sex, born, number)

    def summary(self, node: Node) -> str:
        """Return "1 of 7 series here" of a study."""
        leaves = list(node.leaves())
        items = [self.item(leaf) for leaf in leaves]
        here = sum(item is not None and item.state is ItemState.READY for item in items)
        if here:
            return f"{here} of {series(len(leaves))} here"
        return series(len(leaves))

    def action(self, node: Node) -> str:
        """Return the word of a row's button."""
        if node.series is None:
            what = "study" if node.study is not None else "patient"
            missing = any(self.action(leaf) == "Add" for leaf in node.leaves())
            return f"Add {what}" if missing else ""
        item = self.item(node)
        return action_word(item)

    def _cell(self, node: Node, column: int) -> str:
        if column == NAME:
            return self.title(node)
        if column == ACTION:
            return self.action(node)
        if node.series is None:
            return self.summary(node) if column == STATE and node.study else ""
        item = self.item(node)
        if column == MODALITY:
            return node.series.modality
        if column == IMAGES:
            images = node.series.images
            return f"{images:,}" if images is not None else ""
        if column == SIZE:
            return size(item.size) if item is not None else ""
        return state_words(item)[1]

    # --- QAbstractItemModel -----------------------------------------------------------

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 (Qt's way)
        """Return the number of rows below."""
        if parent.column() > 0:
            return 0
        node = self.node(parent)
        return len(node.children if node is not None else self._roots)

    def columnCount(self, _parent: Index = QModelIndex()) -> int:  # noqa: B008
        """Return the number of columns."""
        return len(HEADS)

    def index(
        self,
        row: int,
        column: int,
        parent: Index = QModelIndex(),  # noqa: B008
    ) -> QModelIndex:
        """Return the index of a child."""
        if not self.hasIndex(row, column, parent):
            return QModelIndex()
        above = self.node(parent)
        rows = above.children if above is not None else self._roots
        return self.createIndex(row, column, rows[row].number)

    def parent(self, index: Index) -> QModelIndex:  # type: ignore[override]
        """Return the index above."""
        node = self.node(index)
        if node is None or node.parent is None:
            return QModelIndex()
        return self.index_of(node.parent)

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
        node = self.node(index)
        if node is None:
            return None
        column = index.column()
        if role == NodeRole:
            return node
        if role == Qt.ItemDataRole.DisplayRole:
            return self._cell(node, column)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            if column == NAME:
                return f"{self.title(node)}, {self.detail(node)}"
            return self._cell(node, column)
        if role == Qt.ItemDataRole.CheckStateRole and column == NAME:
            return self.check_state(node)
        if role == Qt.ItemDataRole.ToolTipRole and column in (NAME, STATE):
            item = self.item(node)
            if column == STATE:
                return item.detail if item is not None and item.detail else None
            return f"{self.title(node)}\n{self.detail(node)}"
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Return what can be done with a cell."""
        found = super().flags(index)
        if index.column() == NAME:
            found |= Qt.ItemFlag.ItemIsUserCheckable
        return found


_MANY = 200
_UNCHECKED = Qt.CheckState.Unchecked


def action_word(item: Item | None) -> str:
    """Return what can be done with a series: Add, Cancel, Retry or View."""
    if item is None or item.state in (ItemState.WANTED, ItemState.CANCELLED):
        return "Add"
    if item.state is ItemState.READY:
        return "View"
    if item.state in (ItemState.FAILED, ItemState.GONE):
        return "Retry"
    return "Cancel" if item.state is ItemState.ON_THE_WAY else ""


def state_words(item: Item | None) -> tuple[str, str, int, int]:
    """Return state key, words, and n of m for the bar of an item's state cell."""
    if item is None or item.state is ItemState.WANTED:
        return "", "", 0, 0
    total = item.images or 0
    match item.state:
        case ItemState.READY:
            if item.detail:
                return "errors", "Ready, with errors", 0, 0
            return "ready", "In your library", 0, 0
        case ItemState.ON_THE_WAY if item.received or item.job_key:
            if not item.received:
                return "queued", "Waiting", 0, 0
            words = f"{item.received:,} of {count(total, 'image')}"
            if not total:
                words = count(item.received, "image")
            return "running", words, item.received, total
        case ItemState.ON_THE_WAY:
            return "queued", "Waiting", 0, 0
        case ItemState.REGISTERING:
            words = f"Registering {count(total, 'image')}" if total else ""
            return "registering", words or "Registering files", total, total
        case ItemState.CANCELLED:
            return "cancelled", "Cancelled", 0, 0
        case ItemState.GONE:
            return "gone", "Gone from server", 0, 0
        case _:
            if item.received and total:
                return "failed", f"Stopped at {item.received:,} of {total:,}", 0, 0
            return "failed", "Failed", 0, 0
