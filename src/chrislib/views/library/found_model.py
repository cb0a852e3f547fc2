"""What a PACS lookup found: patients, studies and series as one tree that grows."""

from collections.abc import Callable, Iterable, Sequence

from PySide6.QtCore import QModelIndex, QObject, Qt
from PySide6.QtGui import QStandardItem, QStandardItemModel

from chrislib.library.dates import show_age, show_age_at, show_date
from chrislib.library.found import patient_key, study_key
from chrislib.library.model import Item, ItemId, ItemState
from chrislib.library.names import NO_NAME, clean, isolate, show_full_name
from chrislib.library.words import count, join, series, size, studies
from chrislib.pacs.types import FoundPatient, FoundStudy
from chrislib.views.library.found_node import Keep, Node
from chrislib.views.models.index import Index
from chrislib.views.widgets.heads import head_cell
from chrislib.views.widgets.text import plain_tooltip

__all__ = ["ACTION", "HEADS", "IMAGES", "MODALITY", "NAME", "SIZE", "STATE"]
__all__ += ["FoundModel", "Keep", "Node", "NodeRole", "action_word", "state_words"]

NAME, MODALITY, IMAGES, SIZE, STATE, ACTION = range(6)
HEADS = ("Patient, study, series", "Modality", "Images", "Size", "State", "")
NodeRole = Qt.ItemDataRole.UserRole + 1
_MANY = 200
_UNCHECKED = Qt.CheckState.Unchecked
_FLAGS = (
    Qt.ItemFlag.ItemIsEnabled
    | Qt.ItemFlag.ItemIsSelectable
    | Qt.ItemFlag.ItemIsUserCheckable
)


class FoundModel(QStandardItemModel):
    """The tree of a lookup, filtered here; items of the Library give the states.

    Rows are Qt's own items, which hold nothing: a view asks for the place of every
    row again whenever some are added, and thousands of answers must not come from
    Python. New patients stand at the end, so that nothing moves.

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
        super().__init__(0, len(HEADS), parent)
        self._item_of = item_of
        self._ticked = ticked
        self._hidden = hidden
        self._patients: dict[tuple[str, str], FoundPatient] = {}
        self._keep: Keep | None = None
        self._roots: list[Node] = []
        self._known: dict[tuple[str, ...], Node] = {}
        self._of_series: dict[str, list[Node]] = {}
        self._waiting: list[tuple[Node, QStandardItem]] = []
        self.shown_series = 0
        """Number of series in the tree, unfolded or not."""
        self.shown_rows = 0
        """Number of patients and studies in the tree."""

    @property
    def patients(self) -> tuple[FoundPatient, ...]:
        """Everything found, shown or not."""
        return tuple(self._patients.values())

    @property
    def roots(self) -> Sequence[Node]:
        """The patients shown."""
        return self._roots

    @property
    def waiting(self) -> bool:
        """Whether rows were made that are not shown yet."""
        return bool(self._waiting)

    @property
    def hides_names(self) -> bool:
        """Whether names are not shown."""
        return self._hidden()

    def leaves(self) -> list[Node]:
        """Return every series shown."""
        return [leaf for root in self._roots for leaf in root.leaves()]

    def begin(self, keep: Keep | None) -> None:
        """Forget everything; from now on show what `keep` lets through."""
        self.clear()
        self.setColumnCount(len(HEADS))
        self._patients, self._keep = {}, keep
        self._roots, self._known, self._of_series = [], {}, {}
        self._waiting = []
        self.shown_series = self.shown_rows = 0

    def show(self, patients: Sequence[FoundPatient], keep: Keep | None) -> None:
        """Show what was found, as far as `keep` lets it through."""
        self.begin(keep)
        self.add(patients)

    def add(self, patients: Iterable[FoundPatient]) -> list[Node]:
        """Take over patients that are new or have more; return the new rows."""
        return [*self.prepare(patients), *self.insert()]

    def prepare(self, patients: Iterable[FoundPatient]) -> list[Node]:
        """Make the rows of new patients, to be shown by `insert`.

        Those of patients that are shown come in at once and are returned.
        """
        fresh: list[Node] = []
        for patient in patients:
            key = patient_key(patient)
            self._patients[key] = patient
            root = self._known.get(key)
            if root is not None:
                if root.row < 0:
                    fresh += self.insert()
                fresh += self._extend(root, patient)
                continue
            root = Node(patient, row=-1)
            rows = self._branches(root, patient.studies)
            if not rows:
                continue
            self._known[key] = root
            item = _row_item()
            item.appendRows(rows)
            self._waiting.append((root, item))
            self.shown_rows += 1
        return fresh

    def insert(self) -> list[Node]:
        """Show the rows that were made; return them."""
        waiting, self._waiting = self._waiting, []
        fresh: list[Node] = []
        for root, _ in waiting:
            root.row = len(self._roots)
            self._roots.append(root)
            fresh += [root, *root.children]
        if waiting:
            self.invisibleRootItem().appendRows([item for _, item in waiting])
        return fresh

    def _extend(self, root: Node, patient: FoundPatient) -> list[Node]:
        root.patient = patient
        item, fresh = self.item(root.row), list[Node]()
        for study in patient.studies:
            branch = self._known.get((*patient_key(patient), *study_key(study)))
            if branch is None:
                rows = self._branches(root, (study,))
                if rows:
                    item.appendRows(rows)
                    fresh.append(root.children[-1])
                continue
            before = branch.size
            branch.renew(patient, study)
            if branch.size != before:
                self.shown_series += branch.size - before
                self._note(branch)
                item.child(branch.row).setRowCount(branch.size)
        return fresh

    def _branches(self, root: Node, found: Iterable[FoundStudy]) -> list[QStandardItem]:
        rows: list[QStandardItem] = []
        for study in found:
            branch = Node(root.patient, study, parent=root, keep=self._keep)
            if not branch.size and (study.series or self._keep is not None):
                continue
            branch.row = len(root.children)
            root.children.append(branch)
            self._known[(*patient_key(root.patient), *study_key(study))] = branch
            self._note(branch)
            self.shown_series += branch.size
            self.shown_rows += 1
            item = _row_item()
            item.setRowCount(branch.size)
            rows.append(item)
        return rows

    def _note(self, branch: Node) -> None:
        for uid in branch.kept_uids():
            nodes = self._of_series.setdefault(uid, [])
            if branch not in nodes:
                nodes.append(branch)

    def item_of(self, node: Node) -> Item | None:
        """Return the Library's item of a series node."""
        return self._item_of(node.series.series_uid) if node.series else None

    def unfold(self, index: QModelIndex) -> None:
        """Make the rows below an index checkable, before they are seen."""
        item = self.itemFromIndex(index)
        for row in range(item.rowCount() if item is not None else 0):
            if item.child(row) is None:
                below = QStandardItem()
                below.setFlags(_FLAGS)
                item.setChild(row, below)

    def check_state(self, node: Node) -> Qt.CheckState:
        """Return whether a node is in the tray; partly for some of its series."""
        states = {self._is_ticked(leaf) for leaf in node.leaves()}
        if states == {True}:
            return Qt.CheckState.Checked
        return Qt.CheckState.PartiallyChecked if True in states else _UNCHECKED

    def branches_of(self, series_uid: str) -> Sequence[Node]:
        """Return the studies shown that have a series."""
        return self._of_series.get(series_uid, ())

    def items_changed(self, uids: Iterable[str]) -> None:
        """Repaint the rows of series whose items changed."""
        touched: dict[int, Node] = {}
        for uid in uids:
            for branch in self._of_series.get(uid, ()):
                at: Node | None = branch.leaf_of(uid)
                while at is not None and id(at) not in touched:
                    touched[id(at)] = at
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
        if not index.isValid():
            return None
        path = [index.row()]
        above = index.parent()
        while above.isValid():
            path.append(above.row())
            above = above.parent()
        row = path.pop()
        if row >= len(self._roots):
            return None
        found = self._roots[row]
        while path:
            # the series of a study are made when one of them is asked for
            row, below = path.pop(), found.children
            if row >= len(below):
                return None
            found = below[row]
        return found

    def index_of(self, node: Node, column: int = NAME) -> QModelIndex:
        """Return the index of a node."""
        if node.parent is None:
            return self.index(node.row, column)
        return self.index(node.row, column, self.index_of(node.parent))

    def nodes(self) -> Iterable[Node]:
        """Return every node shown."""
        for root in self._roots:
            yield root
            for branch in root.children:
                yield branch
                yield from branch.children

    def _is_ticked(self, leaf: Node) -> bool:
        item = self.item_of(leaf)
        return item is not None and self._ticked(item.item_id)

    def _touch(self, node: Node) -> None:
        self.dataChanged.emit(self.index_of(node), self.index_of(node, ACTION))

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
        items = [self.item_of(leaf) for leaf in leaves]
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
        return action_word(self.item_of(node))

    def cell(self, node: Node, column: int) -> str:
        """Return the words of a cell."""
        if column == NAME:
            return self.title(node)
        if column == ACTION:
            return self.action(node)
        if node.series is None:
            return self.summary(node) if column == STATE and node.study else ""
        item = self.item_of(node)
        if column == MODALITY:
            return node.series.modality
        if column == IMAGES:
            images = node.series.images
            return f"{images:,}" if images is not None else ""
        if column == SIZE:
            return size(item.size) if item is not None else ""
        return state_words(item)[1]

    # --- QStandardItemModel -------------------------------------------------------

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
            return self.cell(node, column)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            if column == NAME:
                return f"{self.title(node)}, {self.detail(node)}"
            return self.cell(node, column)
        if role == Qt.ItemDataRole.CheckStateRole and column == NAME:
            return self.check_state(node)
        if role == Qt.ItemDataRole.ToolTipRole and column in (NAME, STATE):
            return plain_tooltip(self._tip(node, column)) or None
        return None

    def _tip(self, node: Node, column: int) -> str:
        item = self.item_of(node)
        if column == STATE:
            return item.detail if item is not None else ""
        return f"{self.title(node)}\n{self.detail(node)}"


def _row_item() -> QStandardItem:
    """Return Qt's side of a row. It says by itself what can be done with it.

    A method of the model would be called from Python for every row at every layout.
    """
    item = QStandardItem()
    item.setColumnCount(len(HEADS))
    item.setFlags(_FLAGS)
    return item


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
