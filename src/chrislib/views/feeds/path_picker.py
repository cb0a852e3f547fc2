"""Choosing data for a parameter: outputs of the feed, the library, the storage."""

from collections.abc import AsyncIterator, Callable, Sequence

from PySide6.QtCore import (
    QModelIndex,
    QPersistentModelIndex,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QKeyEvent, QStandardItem, QStandardItemModel
from PySide6.QtWidgets import (
    QAbstractItemView,
    QTreeView,
)

from chrislib.library.model import Item, ItemState
from chrislib.library.storage.listing import Batch
from chrislib.library.storage.model import Entry, Leads
from chrislib.views.context import ViewContext
from chrislib.views.feeds.beside_form import BesideForm
from chrislib.views.widgets.buttons import Field
from chrislib.views.widgets.text import plain_tooltip

PATH_ROLE = int(Qt.ItemDataRole.UserRole) + 1
"""The storage path of a row, "" for a group."""
WORK_ROLE = PATH_ROLE + 1
"""The `_Work` behind a row that can be unfolded, or that shows more."""
_MOST_ITEMS = 500
_ROW = 26

Paths = Callable[[], Sequence[tuple[str, str]]]
"""Gives (words, storage path) of what the feed itself offers."""


class _Work:
    """A folder whose content is read a page at a time."""

    def __init__(self, path: str, entry: Entry | None) -> None:
        self.path = path
        self.entry = entry
        self.pages: AsyncIterator[Batch] | None = None
        self.shown = 0
        self.asked = False


class _Tree(QTreeView):
    """Return takes what is highlighted; arrows fold as everywhere."""

    taken = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Take with Return, else as usual."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and not (
            event.modifiers() & Qt.KeyboardModifier.ControlModifier
        ):
            self.taken.emit()
            return
        super().keyPressEvent(event)


class PathPicker(BesideForm):
    """The column beside the form; `picked` tells one or several paths, by commas.

    Parameters
    ----------
    own : callable
        What the feed offers; nothing where there is no feed yet.
    """

    picked = Signal(str)

    def __init__(self, context: ViewContext, *, own: Paths) -> None:
        theme = context.theme
        super().__init__(theme, name="paths", head="Choose data", verb="Use")
        self._context = context
        self._theme = theme
        self._own = own
        self._tasks = context.tasks("pick a path")
        self._filled = False
        self.search = Field(theme, "Filter", name="paths.filter", icon="search")
        self.model = QStandardItemModel(self)
        self.view = _Tree()
        self.view.setObjectName("paths.tree")
        self.view.setAccessibleName("Data to choose from")
        self.view.setModel(self.model)
        self.view.setHeaderHidden(True)
        self.view.setUniformRowHeights(True)
        self.view.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.view.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.view.setVerticalScrollMode(QTreeView.ScrollMode.ScrollPerPixel)
        self._lay_out(self.search, self.view)
        self.search.textChanged.connect(self._filter)
        self.view.expanded.connect(self._unfolded)
        self.view.doubleClicked.connect(self._activated)
        self.view.taken.connect(self._take_or_turn)
        self.view.selectionModel().selectionChanged.connect(lambda *_: self._say())
        self._use.clicked.connect(self._take)

    def open_for(self, flag: str) -> None:
        """Offer data for a parameter, and take the focus."""
        self._head.setText(f"Choose data for {flag}")
        if not self._filled:
            self._fill()
        self.search.setFocus(Qt.FocusReason.OtherFocusReason)

    def shutdown(self) -> None:
        """Cancel what runs."""
        self._tasks.cancel_all()

    @property
    def paths(self) -> list[str]:
        """Paths of the highlighted rows, in their order on screen."""
        rows = sorted(
            self.view.selectionModel().selectedIndexes(),
            key=lambda index: self.view.visualRect(index).top(),
        )
        return [path for row in rows if (path := str(row.data(PATH_ROLE) or ""))]

    # -- filling ---------------------------------------------------------------

    def _fill(self) -> None:
        self._filled = True
        own = self._own()
        if own:
            group = self._group("This feed", "workflow")
            for words, path in own:
                group.appendRow(self._row(words, path, folder=True))
            self.view.expand(group.index())
        tray = self._context.library.tray.items()
        self._fill_items("Tray", "layers", tray, unfold=True)
        self._tasks.start(
            self._context.library.items(),
            name="items",
            done=lambda items: self._fill_items("My library", "library", items),
            failed=lambda _error: None,
        )
        self._tasks.start(
            self._context.storage.roots(),
            name="roots",
            done=self._fill_roots,
            failed=self._no_storage,
        )

    def _fill_items(
        self, title: str, icon: str, items: Sequence[Item], *, unfold: bool = False
    ) -> None:
        ready = [item for item in items if item.path and item.state is ItemState.READY]
        if not ready:
            return
        group = self._group(title, icon, place=None if unfold else self._after_tray())
        for item in ready[:_MOST_ITEMS]:
            detail = f", {item.detail}" if item.detail else ""
            group.appendRow(self._row(f"{item.title}{detail}", item.path, folder=True))
        left = len(ready) - _MOST_ITEMS
        if left > 0:
            more = self._plain(f"{left:,} more; Browse Files below has all")
            group.appendRow(more)
        if unfold:
            self.view.expand(group.index())
        self._filter(self.search.text())

    def _after_tray(self) -> int:
        titles = [self.model.item(n).text() for n in range(self.model.rowCount())]
        return next(
            (n for n, title in enumerate(titles) if title not in {"This feed", "Tray"}),
            len(titles),
        )

    def _fill_roots(self, roots: Sequence[Entry]) -> None:
        for entry in roots:
            if entry.thing.path == "PIPELINES":
                continue
            row = self._entry_row(entry)
            # a root holds things of all people: it is no input itself
            row.setData("", PATH_ROLE)
            self.model.appendRow(row)

    def _no_storage(self, error: BaseException) -> None:
        self.model.appendRow(self._plain(f"Storage: {error}"))

    def _group(self, title: str, icon: str, place: int | None = None) -> QStandardItem:
        group = self._plain(title)
        group.setIcon(self._theme.icon(icon, size=14))
        group.setEnabled(True)
        if place is None:
            self.model.appendRow(group)
        else:
            self.model.insertRow(place, group)
        return group

    def _plain(self, words: str) -> QStandardItem:
        row = self._sized(words)
        row.setToolTip(plain_tooltip(words))
        row.setSelectable(False)
        row.setData("", PATH_ROLE)
        return row

    def _sized(self, words: str) -> QStandardItem:
        row = QStandardItem(words)
        row.setSizeHint(QSize(0, self._theme.px(_ROW)))
        return row

    def _row(self, words: str, path: str, *, folder: bool) -> QStandardItem:
        row = self._sized(words)
        row.setIcon(self._theme.icon("folder" if folder else "file", size=14))
        row.setToolTip(plain_tooltip(f"{words}\n{path}"))
        row.setData(path, PATH_ROLE)
        if folder:
            row.setData(_Work(path, None), WORK_ROLE)
            row.appendRow(self._plain("Asking …"))
        return row

    def _entry_row(self, entry: Entry) -> QStandardItem:
        folder = entry.leads is Leads.FOLDER
        gone = entry.leads is Leads.NOWHERE
        row = self._row(entry.label, "" if gone else entry.path, folder=folder)
        if folder:
            row.setData(_Work(entry.path, entry), WORK_ROLE)
        if gone:
            row.setSelectable(False)
        return row

    # -- unfolding -------------------------------------------------------------

    def _unfolded(self, index: QModelIndex) -> None:
        row = self.model.itemFromIndex(index)
        work = row.data(WORK_ROLE)
        if isinstance(work, _Work) and not work.asked:
            self._read(QPersistentModelIndex(index), work)

    def _read(self, place: QPersistentModelIndex, work: _Work) -> None:
        """Ask for the next page of a folder (behind)."""
        work.asked = True

        async def page() -> Batch | None:
            storage = self._context.storage
            if work.pages is None:
                entry = work.entry
                if entry is None:
                    entry = (await storage.place(work.path)).folder
                work.pages = storage.contents(entry)
            return await anext(work.pages, None)

        def show(batch: Batch | None) -> None:
            if place.isValid():
                self._add(self._at(place), work, batch)

        def fail(error: BaseException) -> None:
            if place.isValid():
                row = self._at(place)
                row.removeRow(row.rowCount() - 1)
                row.appendRow(self._plain(str(error)))
                # the next time it is unfolded it is asked for again
                work.asked, work.pages = False, None

        self._tasks.start(page(), name="folder", done=show, failed=fail)

    def _at(self, place: QPersistentModelIndex) -> QStandardItem:
        index = self.model.index(place.row(), 0, place.parent())
        return self.model.itemFromIndex(index)

    def _add(self, row: QStandardItem, work: _Work, batch: Batch | None) -> None:
        row.removeRow(row.rowCount() - 1)
        if batch is None:
            return
        row.appendRows([self._entry_row(entry) for entry in batch.entries])
        work.shown += len(batch.entries)
        if not batch.complete:
            more = self._plain(f"Show {batch.total - work.shown:,} more")
            more.setSelectable(True)
            more.setData(work, WORK_ROLE)
            row.appendRow(more)
        elif not work.shown:
            row.appendRow(self._plain("Nothing in it"))

    # -- taking ----------------------------------------------------------------

    def _activated(self, index: QModelIndex) -> None:
        if index.data(PATH_ROLE) and not self.model.hasChildren(index):
            self._take()
        else:
            self._show_more(index)

    def _show_more(self, index: QModelIndex) -> bool:
        work = index.data(WORK_ROLE)
        if index.data(PATH_ROLE) or not isinstance(work, _Work):
            return False
        if index.parent().isValid() and not self.model.hasChildren(index):
            parent = index.parent()
            row = self.model.itemFromIndex(parent)
            row.child(index.row()).setText("Asking …")
            self._read(QPersistentModelIndex(parent), work)
            return True
        return False

    def _take_or_turn(self) -> None:
        index = self.view.currentIndex()
        if self.paths:
            self._take()
        elif index.isValid() and not self._show_more(index):
            self.view.setExpanded(index, not self.view.isExpanded(index))

    def _take(self) -> None:
        paths = self.paths
        if paths:
            self.picked.emit(",".join(paths))

    def _say(self) -> None:
        count = len(self.paths)
        self._use.setEnabled(count > 0)
        self._use.setText(f"Use {count}" if count > 1 else "Use")

    def _filter(self, words: str) -> None:
        wanted = words.casefold().split()
        for number in range(self.model.rowCount()):
            group = self.model.item(number)
            if isinstance(group.data(WORK_ROLE), _Work):
                continue
            for row in range(group.rowCount()):
                text = group.child(row).text().casefold()
                fits = all(word in text for word in wanted)
                self.view.setRowHidden(row, group.index(), not fits)
