"""The Library's left panel: sources, places, collections, with counts."""

from collections.abc import Callable, Mapping, Sequence

from PySide6.QtCore import QEvent, QMimeData, QModelIndex, QPoint, QSize, Qt, Signal
from PySide6.QtGui import (
    QDragEnterEvent,
    QDragLeaveEvent,
    QDragMoveEvent,
    QDropEvent,
    QKeyEvent,
    QMouseEvent,
    QStandardItem,
    QStandardItemModel,
)
from PySide6.QtWidgets import QAbstractItemView, QFrame, QTreeView, QVBoxLayout

from chrislib.views.models.gathered import COLLECTIONS, SMART, Gathered
from chrislib.views.ports import LayoutStore
from chrislib.views.shell.places_paint import (
    COUNT_ROLE,
    DEPTH_ROLE,
    DROP_ROLE,
    ICON_ROLE,
    PLUS_ROLE,
    SECTION_ROLE,
    PlaceDelegate,
    SpaceLine,
)
from chrislib.views.theme.theme import Theme

_FOLDED = "library.places.folded"
_TREE: tuple[tuple[str, tuple[tuple[str, str, str], ...]], ...] = (
    ("", (("overview", "Overview", "house"),)),
    (
        "Add data",
        (
            ("pacs", "PACS Lookup", "search"),
            ("upload", "Upload Data", "upload"),
            ("reference", "Reference Data", "library"),
        ),
    ),
    (
        "My Library",
        (
            ("all", "All", "images"),
            ("patients", "Patients", "user"),
            ("studies", "Studies", "briefcase-medical"),
            ("series", "Series", "layers"),
            ("previous", "Previous import", "history"),
            ("collection:quick", "Quick collection", "square-check"),
        ),
    ),
    (COLLECTIONS, ()),
    (SMART, ()),
    ("Storage", (("files", "Browse Files", "folder-tree"),)),
)


class _PlaceTree(QTreeView):
    """Heads fold with one click; places are chosen with click or arrows."""

    plus_pressed = Signal(str)
    """The button of the head with this text was clicked."""
    dropped = Signal(str, QMimeData)

    def __init__(self) -> None:
        super().__init__()
        self.takes: Callable[[str, QMimeData], bool] = lambda _section, _data: False
        self._over: QModelIndex | None = None
        self.setAcceptDrops(True)
        self.setDropIndicatorShown(False)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Fold a head, press its button, or choose a place."""
        at = event.position().toPoint()
        index = self.indexAt(at)
        if not index.isValid() or index.data(SECTION_ROLE) is not None:
            if event.button() == Qt.MouseButton.LeftButton:
                super().mousePressEvent(event)
            return
        if self._on_plus(index, at):
            self.plus_pressed.emit(str(index.data(Qt.ItemDataRole.DisplayRole)))
            return
        self.setExpanded(index, not self.isExpanded(index))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Do on a head what a click does: Return presses its button, or folds."""
        index = self.currentIndex()
        enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if enter and index.isValid() and index.data(PLUS_ROLE):
            self.plus_pressed.emit(str(index.data(Qt.ItemDataRole.DisplayRole)))
            return
        super().keyPressEvent(event)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Let drags in; each place says whether it takes them."""
        event.accept()

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        """Light the place that would take what is dragged."""
        at = event.position().toPoint()
        index = self.indexAt(at)
        section = index.data(SECTION_ROLE) if index.isValid() else None
        if section is not None and self.takes(str(section), event.mimeData()):
            self._light(index)
            event.setDropAction(Qt.DropAction.CopyAction)
            event.accept()
        else:
            self._light(None)
            event.ignore()

    def dragLeaveEvent(self, _event: QDragLeaveEvent) -> None:
        """Take the light back."""
        self._light(None)

    def dropEvent(self, event: QDropEvent) -> None:
        """Hand over what was dropped on a place."""
        index = self.indexAt(event.position().toPoint())
        self._light(None)
        section = index.data(SECTION_ROLE) if index.isValid() else None
        if section is not None and self.takes(str(section), event.mimeData()):
            event.acceptProposedAction()
            self.dropped.emit(str(section), event.mimeData())

    def _on_plus(self, index: QModelIndex, at: QPoint) -> bool:
        delegate = self.itemDelegate()
        if not index.data(PLUS_ROLE) or not isinstance(delegate, PlaceDelegate):
            return False
        return delegate.plus(self.visualRect(index)).contains(at)

    def _light(self, index: QModelIndex | None) -> None:
        for one, lit in ((self._over, False), (index, True)):
            if one is not None and one.isValid():
                self.model().setData(one, lit, DROP_ROLE)
        self._over = index


class PlacesPanel(QFrame):
    """The tree of places; emits the section that was chosen.

    Parameters
    ----------
    sections : sequence of str
        Which places exist; others are not shown.
    """

    chosen = Signal(str)
    plus_pressed = Signal(str)
    """The button of a head was pressed: a new collection is wanted there."""
    menu_asked = Signal(str, QPoint)
    dropped = Signal(str, QMimeData)

    def __init__(self, theme: Theme, sections: Sequence[str]) -> None:
        super().__init__()
        self._theme = theme
        self.setObjectName("places.panel")
        self.setProperty("surface", "panel")
        self._model = QStandardItemModel(self)
        self._rows: dict[str, QStandardItem] = {}
        self._heads: dict[str, QStandardItem] = {}
        self._gathered: tuple[Gathered, ...] = ()
        self._wanted = ""
        self._folded: set[str] = set()
        self._fill(sections)
        self.tree = _PlaceTree()
        self.tree.setObjectName("places")
        self.tree.setAccessibleName("Places")
        self.tree.setModel(self._model)
        self.tree.setItemDelegate(PlaceDelegate(theme, self.tree))
        self.tree.setHeaderHidden(True)
        self.tree.setIndentation(0)
        self.tree.setRootIsDecorated(False)
        self.tree.setMouseTracking(True)
        self.tree.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.tree.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.tree.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.tree.expandAll()
        self.space = SpaceLine(theme)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 8, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.tree, 1)
        column.addWidget(self.space)
        self.tree.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.tree.customContextMenuRequested.connect(self._ask_menu)
        self.tree.plus_pressed.connect(self.plus_pressed)
        self.tree.dropped.connect(self.dropped)
        self.tree.selectionModel().currentChanged.connect(self._moved)
        theme.changed.connect(self._relayout)

    def select(self, section: str) -> None:
        """Highlight a place without emitting `chosen`."""
        self._wanted = section
        item = self._rows.get(section)
        selection = self.tree.selectionModel()
        selection.blockSignals(True)
        if item is None:
            selection.clear()
        else:
            self.tree.setCurrentIndex(item.index())
        selection.blockSignals(False)
        self.tree.viewport().update()

    def show_counts(self, counts: Mapping[str, int]) -> None:
        """Show how many things each place holds; collections keep theirs."""
        held = {one.section for one in self._gathered}
        for section, item in self._rows.items():
            if section not in held:
                item.setData(counts.get(section), COUNT_ROLE)

    def remember(self, layout: LayoutStore) -> None:
        """Fold the heads that were folded the last time; keep it from now on."""
        kept = layout.get(_FOLDED)
        if isinstance(kept, list):
            self._folded = {head for head in kept if head in self._heads}
        for head in self._heads:
            self._fold_as_left(head)

        def note(index: QModelIndex, *, folded: bool) -> None:
            head = str(index.data(Qt.ItemDataRole.DisplayRole))
            (self._folded.add if folded else self._folded.discard)(head)
            layout.put(_FOLDED, sorted(self._folded))

        self.tree.collapsed.connect(lambda index: note(index, folded=True))
        self.tree.expanded.connect(lambda index: note(index, folded=False))

    def _fold_as_left(self, head: str) -> None:
        """Fold or unfold a head as the person left it; an empty one forgets."""
        self.tree.setExpanded(self._heads[head].index(), head not in self._folded)

    def take_drops(self, takes: Callable[[str, QMimeData], bool]) -> None:
        """Ask `takes` whether a place takes what is dragged over it."""
        self.tree.takes = takes

    def show_collections(self, gathered: Sequence[Gathered]) -> None:
        """Show collections in their order; what stays keeps its place and highlight."""
        if tuple(gathered) == self._gathered:
            return
        held = {one.section for one in gathered}
        scrolled = self.tree.verticalScrollBar().value()
        selection = self.tree.selectionModel()
        selection.blockSignals(True)
        for head in (COLLECTIONS, SMART):
            parent = self._heads.get(head)
            if parent is None:
                continue
            for row in reversed(range(parent.rowCount())):
                section = str(parent.child(row).data(SECTION_ROLE))
                if section not in held:
                    del self._rows[section]
                    parent.removeRow(row)
            empty = not parent.rowCount()
            self._arrange(parent, [one for one in gathered if one.head == head])
            if empty:
                self._fold_as_left(head)
        selection.blockSignals(False)
        self._gathered = tuple(gathered)
        self.tree.verticalScrollBar().setValue(scrolled)
        if self.tree.currentIndex().data(SECTION_ROLE) != self._wanted:
            self.select(self._wanted)

    def _arrange(self, parent: QStandardItem, wanted: Sequence[Gathered]) -> None:
        for row, one in enumerate(wanted):
            item = self._rows.get(one.section)
            if item is None:
                item = QStandardItem()
                item.setData(one.section, SECTION_ROLE)
                self._rows[one.section] = item
                parent.insertRow(row, item)
            elif item.row() != row:
                parent.insertRow(row, parent.takeRow(item.row()))
            item.setText(one.text)
            item.setData(one.icon, ICON_ROLE)
            item.setData(one.depth, DEPTH_ROLE)
            item.setData(one.count, COUNT_ROLE)
            count = "" if one.count is None else f", {one.count:,}"
            item.setData(f"{one.text}{count}", Qt.ItemDataRole.AccessibleTextRole)

    def sizeHint(self) -> QSize:
        """Return the width of a fresh panel."""
        return QSize(224, 400)

    def changeEvent(self, event: QEvent) -> None:
        """Measure the rows again after a change of font."""
        if event.type() == QEvent.Type.FontChange and hasattr(self, "tree"):
            self._relayout()
        super().changeEvent(event)

    def _fill(self, sections: Sequence[str]) -> None:
        for head, places in _TREE:
            shown = [place for place in places if place[0] in sections]
            gathers = head in (COLLECTIONS, SMART) and "all" in sections
            if not shown and not gathers:
                continue
            parent: QStandardItem = self._model.invisibleRootItem()
            if head:
                parent = QStandardItem(head)
                parent.setSelectable(False)
                parent.setEditable(False)
                if gathers:
                    what = "collection" if head == COLLECTIONS else "smart collection"
                    parent.setData(True, PLUS_ROLE)
                    parent.setToolTip(f"Return or + makes a new {what}")
                self._heads[head] = parent
                self._model.appendRow(parent)
            for section, text, icon in shown:
                item = QStandardItem(text)
                item.setData(section, SECTION_ROLE)
                item.setData(icon, ICON_ROLE)
                parent.appendRow(item)
                self._rows[section] = item

    def _moved(self, current: QModelIndex, _previous: QModelIndex) -> None:
        section = current.data(SECTION_ROLE)
        if section is not None:
            self._wanted = str(section)
            self.chosen.emit(str(section))

    def _ask_menu(self, at: QPoint) -> None:
        index = self.tree.indexAt(at)
        section = index.data(SECTION_ROLE) if index.isValid() else None
        if section is not None:
            spot = self.tree.viewport().mapToGlobal(at)
            self.menu_asked.emit(str(section), spot)

    def _relayout(self) -> None:
        self.tree.doItemsLayout()
