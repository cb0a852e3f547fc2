"""Browse Files on screen: breadcrumb, tree, table, and what is highlighted."""

from collections.abc import Sequence

from PySide6.QtCore import QModelIndex, QPoint, Qt, QTimer
from PySide6.QtWidgets import (
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from chrislib.jobs.model import JobChange, UploadIntent
from chrislib.library import words as counted
from chrislib.library.model import LibraryChange
from chrislib.library.storage import rules
from chrislib.library.storage.model import Entry, Leads, parent_of
from chrislib.views.context import ViewContext
from chrislib.views.library.files import words
from chrislib.views.library.files.acts import FileActs
from chrislib.views.library.files.crumbs import Breadcrumb
from chrislib.views.library.files.desk import Desk
from chrislib.views.library.files.dragging import Dragging
from chrislib.views.library.files.folding import Folding
from chrislib.views.library.files.handing import Handing
from chrislib.views.library.files.loading import Loading
from chrislib.views.library.files.room import DropStack, split, with_foot, with_head
from chrislib.views.library.files.side import Side
from chrislib.views.library.files.table_model import FilesModel
from chrislib.views.library.files.table_view import FilesTable
from chrislib.views.library.files.ticks import Ticks
from chrislib.views.library.files.tree_model import FolderTree
from chrislib.views.library.files.tree_view import FolderView
from chrislib.views.library.opening import ItemOpener
from chrislib.views.navigation import ShowFeed, ShowLibrary
from chrislib.views.widgets.buttons import Field, button, icon_button
from chrislib.views.widgets.skeleton import Skeleton
from chrislib.views.widgets.state_view import StateView
from chrislib.views.widgets.text import Label

_SIZES, _SORT = "files.sizes", "files.sort"
_HEADS = ("name", "type", "size", "changed")


class FilesPage(QWidget):
    """The server's storage, one folder in the table, all of it in the tree."""

    def __init__(self, ctx: ViewContext, opener: ItemOpener) -> None:
        super().__init__()
        theme = ctx.theme
        self._ctx = ctx
        self._tasks = ctx.tasks("files page")
        self._busy = ""
        self.setObjectName("library.files")
        self.setAccessibleName("Browse Files")
        handing = Handing(ctx)
        self.inspector = Side(ctx, handing)
        self.dragging = Dragging(
            self,
            local=handing.local,
            item_id=lambda entry: ctx.storage.item_of(entry).item_id,
        )
        self._model = FilesModel(ctx.now, self.dragging, self)
        self.table = FilesTable(theme, self._model)
        self._tree_model = FolderTree(self.dragging, self)
        self.tree = FolderView(theme, self._tree_model)
        self._loading = Loading(ctx, self._model, self)
        self._folding = Folding(ctx, self.tree, self)
        self.acts = FileActs(ctx, opener, handing, pane=self)
        self._crumbs = Breadcrumb(theme)
        self._desk = Desk(ctx, self, self._crumbs)
        self._field = Field(
            theme, "Filter", name="files.filter", icon="filter", small=True
        )
        self._new = button(
            theme, "New folder", icon="folder-plus", name="files.new", small=True,
            tooltip="Make a folder here (Ctrl+Shift+N)",
        )  # fmt: skip
        self._more = icon_button(
            theme, "ellipsis", name="files.more", tooltip="More for this folder"
        )
        self._foot = Label(theme, style="small", token="text.muted", name="files.foot")
        self._skeleton = Skeleton(theme, row_height=28)
        self._state = StateView(theme, "folder-open", "")
        self._stack = DropStack(self.dragging)
        self._splitter = QSplitter(Qt.Orientation.Horizontal)
        self._soon = QTimer(self, singleShot=True, interval=0)
        self._soon.timeout.connect(self._show_highlighted)
        self._build()
        self._connect()
        self._show_ticks()
        self._stop_library = ctx.library.subscribe(self._library_changed)
        self._stop_jobs = ctx.jobs.subscribe(self._jobs_changed)
        self._stop_session = ctx.session.subscribe(self._session_changed)
        self._account = (ctx.session.host, ctx.session.username)

    # --- for the pane -----------------------------------------------------------

    @property
    def folder(self) -> Entry | None:
        """The folder that is shown."""
        return self._loading.folder

    @property
    def model(self) -> FilesModel:
        """What is in it."""
        return self._model

    @property
    def complete(self) -> bool:
        """Whether all of the folder is in the table."""
        return self._loading.complete

    @property
    def desk(self) -> Desk:
        """What keys and menus do."""
        return self._desk

    def show_payload(self, payload: object) -> None:
        """Show the folder at a path, or where one was."""
        if isinstance(payload, str):
            self._go(payload)
        elif self.folder is None:
            self._go(self._loading.kept_path)

    def refresh(self) -> None:
        """Look again at what is shown (F5)."""
        self._ctx.storage.forget_labels()
        self._loading.again()
        if self.folder is not None:
            self._folding.look_again(self.folder.path)

    def focus_filter(self) -> None:
        """Put the cursor into the filter (Ctrl+F)."""
        self._field.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def escape(self) -> bool:
        """Leave the path or the filter; False when there is nothing to leave."""
        if self._crumbs.cancel():
            return True
        if self._field.text():
            self._field.clear()
            self.table.setFocus()
            return True
        return self._desk.drop_cut()

    def shutdown(self) -> None:
        """Stop listening and cancel what runs."""
        self._soon.stop()
        self._stop_library()
        self._stop_jobs()
        self._stop_session()
        self._tasks.cancel_all()
        self._loading.stop()
        for part in (self._folding, self.acts, self._desk, self.inspector):
            part.shutdown()

    # --- a folder ---------------------------------------------------------------

    def go(self, path: str) -> None:
        """Lead to a path; Alt+Left leads back."""
        self._ctx.navigator.go(ShowLibrary("files", path))

    def _go(self, path: str) -> None:
        self._skeleton.start("Opening the folder")
        if not self._model.shown:
            self._stack.setCurrentWidget(self._skeleton)
        self._loading.go(path)
        self._folding.start()

    def _opened(self, folder: Entry, other: bool) -> None:
        self._show_trail()
        problem = rules.creation_refusal(folder)
        self._new.setEnabled(not problem)
        self._new.setToolTip(problem or "Make a folder here (Ctrl+Shift+N)")
        self._folding.reveal(folder.path)
        if other:
            self._field.clear()
            self.inspector.show_entries((), folder)

    def _arrived(self, complete: bool) -> None:
        self._skeleton.stop(self._show_rows)
        self._highlight_wanted()
        if complete:
            self._show_rows()
            self._soon.start()
        self._say()

    def _named(self) -> None:
        self._show_trail()
        self._folding.relabel()

    def _failed(self, error: BaseException) -> None:
        self._skeleton.stop(lambda: None)
        if self._model.shown:
            self._show_rows()
            self._ctx.messages.failed(error)
            return
        self._state.show_error(error, lambda: self._go(self._loading.wanted))
        self._stack.setCurrentWidget(self._state)

    def _show_rows(self) -> None:
        if self._model.shown:
            self._stack.setCurrentWidget(self.table)
        elif not self._loading.complete:
            return
        elif self._model.text:
            self._state.show_state(
                "scan-search",
                "Nothing here is called so",
                f"The folder holds {words.entries(len(self._model.everything))}.",
                [("Clear filter", self._field.clear)],
            )
            self._stack.setCurrentWidget(self._state)
        else:
            self._show_empty()
        self._say()

    def _show_empty(self) -> None:
        desk = self._desk
        problem = rules.creation_refusal(self.folder) if self.folder else ""
        if problem:
            self._state.show_state(
                "folder-open", "This folder is empty", "", [("Go up", self.up)]
            )
        else:
            self._state.show_state(
                "folder-open",
                "This folder is empty",
                "Drop files here to send them to the server.",
                [("Send files …", desk.choose_files), ("New folder …", desk.make)],
            )
        self._stack.setCurrentWidget(self._state)

    def _highlight_wanted(self) -> None:
        index = QModelIndex()
        if self._loading.highlight:
            index = self._model.find(self._loading.highlight)
            if index.isValid():
                self._loading.highlight = ""
        if index.isValid():
            self.table.setCurrentIndex(index)
            self.table.scrollTo(index)

    def _show_trail(self) -> None:
        if self.folder is None:
            return
        path, parts = self.folder.path, [("Storage", "")]
        steps = path.split("/") if path else []
        for depth in range(1, len(steps) + 1):
            at = "/".join(steps[:depth])
            parts.append((self._ctx.storage.label(at), at))
        self._crumbs.show_path(path, parts)

    def _say(self) -> None:
        model, total = self._model, self._loading.total
        shown, everything = model.shown, len(model.everything)
        said = words.entries(everything)
        if not self._loading.complete:
            said = f"{everything:,} of {words.entries(total)}"
        elif model.text:
            said = f"{len(shown):,} of {said}"
        ticked, holding = model.ticked(self.folder.path if self.folder else "")
        total_size = sum(e.size or 0 for e in ticked) if ticked else model.size
        size = counted.size(total_size or None)
        tick = f"{len(ticked):,} ticked" if ticked else ""
        self._foot.setText(self._busy or counted.join(said, tick, size))
        self._field.setPlaceholderText(f"Filter {words.entries(total)}")
        if ticked and len(ticked) == len(shown):
            self.table.set_box(Qt.CheckState.Checked)
        elif ticked or holding:
            self.table.set_box(Qt.CheckState.PartiallyChecked)
        else:
            self.table.set_box(Qt.CheckState.Unchecked)

    # --- what is highlighted ------------------------------------------------------

    def highlighted(self) -> list[Entry]:
        """Return the highlighted entries, from the top."""
        shown = self._model.shown
        return [shown[row] for row in self.table.highlighted_rows()]

    def _show_highlighted(self) -> None:
        self.inspector.show_entries(self.highlighted(), self.folder)

    def open_entry(self, entry: Entry | None) -> None:
        """Go into a folder, look at a file (Return, double click)."""
        if entry is None:
            return
        if entry.leads is Leads.FOLDER and not entry.closed:
            self.go(entry.path)
        else:
            self.acts.view(entry)

    def up(self) -> None:
        """Go to the folder above (Backspace)."""
        if self.folder is not None and self.folder.path:
            self.go(parent_of(self.folder.path) or "home")

    # --- what happened elsewhere --------------------------------------------------

    def _changed(self, paths: list[str]) -> None:
        if self.folder is not None and self.folder.path in paths:
            self._loading.again()
        self._folding.look_again(*paths)
        self._soon.start()

    def _renamed(self, entry: object) -> None:
        if isinstance(entry, Entry):
            self._loading.highlight = entry.thing.name

    def _is_busy(self, said: str) -> None:
        self._busy = said
        self._say()

    def _library_changed(self, change: LibraryChange) -> None:
        if change.tray:
            self._show_ticks()

    def _show_ticks(self) -> None:
        ticks = Ticks(self._ctx.storage.ticked())
        self._model.set_ticks(ticks)
        self._tree_model.set_ticks(ticks)
        self.tree.viewport().update()
        self._say()

    def _jobs_changed(self, changes: Sequence[JobChange]) -> None:
        for change in changes:
            job = change.after
            if (
                isinstance(job.intent, UploadIntent)
                and job.phase.terminal
                and self.folder is not None
                and job.intent.folder == self.folder.path
            ):
                self._changed([job.intent.folder])

    def _session_changed(self) -> None:
        if self._ctx.session.client is None:
            return
        account = (self._ctx.session.host, self._ctx.session.username)
        if account != self._account:
            # another server: what is shown is not there
            self._account = account
            self._folding.restart()
            self._loading.forget()
            if self.isVisible():
                self._go(self._ctx.storage.home)
        elif self.folder is None and self._stack.currentWidget() is self._state:
            # it could not be opened before; the server is there now
            self._go(self._loading.wanted or self._ctx.storage.home)

    # --- layout -----------------------------------------------------------------

    def _sort(self, column: int) -> None:
        before, downwards = self._model.order
        self._sort_by(column, downwards=not downwards if column == before else False)

    def _sort_by(self, column: int, *, downwards: bool) -> None:
        order = Qt.SortOrder.DescendingOrder if downwards else _ASCENDING
        self.table.head.setSortIndicator(column, order)
        self._ctx.layout.put(_SORT, [_HEADS[column], downwards])
        self._tasks.start(self._model.arrange(column, downwards=downwards), name="sort")

    def _filter(self, text: str) -> None:
        if self._model.filter(text):
            self._filtered()
        else:
            self._tasks.start(self._model.refit(), name="filter", done=self._filtered)

    def _filtered(self, _done: None = None) -> None:
        if self.folder is not None:
            self._show_rows()

    def _restore(self) -> None:
        sizes = self._ctx.layout.get(_SIZES)
        if isinstance(sizes, list) and len(sizes) == 2:
            self._splitter.setSizes([int(size) for size in sizes])
        kept = self._ctx.layout.get(_SORT)
        if isinstance(kept, list) and len(kept) == 2 and kept[0] in _HEADS:
            column = _HEADS.index(str(kept[0]))
            order = Qt.SortOrder.DescendingOrder if kept[1] else _ASCENDING
            self.table.head.setSortIndicator(column, order)
            self._model.set_order(column, downwards=bool(kept[1]))

    def _connect(self) -> None:
        self._loading.opened.connect(self._opened)
        self._loading.arrived.connect(self._arrived)
        self._loading.named.connect(self._named)
        self._loading.failed.connect(self._failed)
        self._crumbs.chosen.connect(self.go)
        self._field.textChanged.connect(self._filter)
        self._field.returnPressed.connect(self.table.setFocus)
        desk, table, tree = self._desk, self.table, self.tree
        self._new.clicked.connect(desk.make)
        self._more.clicked.connect(
            lambda: desk.place_menu(
                self._more.mapToGlobal(QPoint(0, self._more.height()))
            )
        )
        table.ticked.connect(desk.tick_row)
        table.opened.connect(lambda index: self.open_entry(self._model.entry(index)))
        table.key_pressed.connect(desk.key)
        table.up.connect(self.up)
        table.customContextMenuRequested.connect(desk.menu)
        table.head.sectionClicked.connect(self._sort)
        table.head.box_pressed.connect(lambda: self.acts.tick(list(self._model.shown)))
        table.selectionModel().selectionChanged.connect(lambda *_: self._soon.start())
        tree.chosen.connect(self._tree_chosen)
        tree.ticked.connect(desk.tick_folder)
        tree.customContextMenuRequested.connect(desk.tree_menu)
        self.inspector.view_pressed.connect(desk.view)
        self.inspector.get_pressed.connect(desk.get)
        self.inspector.share_pressed.connect(desk.share)
        self.inspector.feed_pressed.connect(
            lambda feed, node: self._ctx.navigator.go(ShowFeed(feed, node))
        )
        self.acts.changed.connect(self._changed)
        self.acts.renamed.connect(self._renamed)
        self.acts.busy.connect(self._is_busy)
        self.dragging.started.connect(self.acts.drag_begins)
        self.dragging.ended.connect(self.acts.drag_ends)
        self.dragging.moved_into.connect(self.acts.move_into)
        self.dragging.files_dropped.connect(desk.put)
        self._splitter.splitterMoved.connect(
            lambda *_: self._ctx.layout.put(_SIZES, self._splitter.sizes())
        )

    def _tree_chosen(self, index: QModelIndex) -> None:
        entry = self._tree_model.node(index).entry
        if entry is not None and (
            self.folder is None or entry.path != self.folder.path
        ):
            self.go(entry.path)

    def _build(self) -> None:
        for page in (self.table, self._skeleton, self._state):
            self._stack.addWidget(page)
        self._field.setFixedWidth(self._ctx.theme.px(184))
        head = [self._field, self._new, self._more]
        rows = with_foot(self._stack, self._foot)
        split(self._splitter, self.tree, rows)
        centre = with_head(self._crumbs, head, self._splitter)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(centre)
        self.table.head.setSortIndicator(0, _ASCENDING)
        self._restore()


_ASCENDING = Qt.SortOrder.AscendingOrder
