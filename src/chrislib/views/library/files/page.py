"""Browse Files on screen: breadcrumb, tree, table, and what is highlighted."""

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QModelIndex, QPoint, Qt, QTimer
from PySide6.QtGui import QKeySequence, QResizeEvent, QShortcut
from PySide6.QtWidgets import (
    QHBoxLayout,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from chrislib.jobs.model import JobChange, UploadIntent
from chrislib.library import words as counted
from chrislib.library.model import LibraryChange
from chrislib.library.storage import rules
from chrislib.library.storage.model import Entry, Key, Leads, parent_of
from chrislib.views.context import ViewContext
from chrislib.views.library.files import words
from chrislib.views.library.files.acts import FileActs
from chrislib.views.library.files.crumbs import Breadcrumb
from chrislib.views.library.files.dragging import Dragging
from chrislib.views.library.files.folding import Folding
from chrislib.views.library.files.menu import entry_menu, place_menu
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
from chrislib.views.widgets.text import Label, line

_PLACE, _SIZES, _SORT = "files.place", "files.sizes", "files.sort"
_NARROW = 1090
"""Width below which the inspector gives way (ui.md §2)."""
_LINKS = 60
"""Links of a folder whose targets are looked at without being asked."""
_HEADS = ("name", "type", "size", "changed")


class FilesPage(QWidget):
    """The server's storage, one folder in the table, all of it in the tree."""

    def __init__(self, ctx: ViewContext, opener: ItemOpener) -> None:
        super().__init__()
        theme = ctx.theme
        self._ctx = ctx
        self._tasks = ctx.tasks("files listing")
        self._later = ctx.tasks("files later")
        self._folder: Entry | None = None
        self._wanted = ""
        self._highlight = ""
        self._complete = False
        self._total = 0
        self._busy = ""
        self._cut: tuple[Entry, ...] = ()
        self._folded = False
        self.setObjectName("library.files")
        self.setAccessibleName("Browse Files")
        self.side = Side(ctx)
        self._dragging = Dragging(
            self,
            local=self.side.local,
            item_id=lambda entry: ctx.storage.item_of(entry).item_id,
        )
        self._model = FilesModel(ctx.now, self._dragging, self)
        self.table = FilesTable(theme, self._model)
        self._tree_model = FolderTree(self._dragging, self)
        self.tree = FolderView(theme, self._tree_model)
        self._folding = Folding(ctx, self.tree, self)
        self._acts = FileActs(ctx, opener, self)
        self._crumbs = Breadcrumb(theme)
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
        self._stack = QStackedWidget()
        self._splitter = QSplitter(Qt.Orientation.Horizontal)
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(0)
        self._soon.timeout.connect(self._show_highlighted)
        self._build()
        self._connect()
        self._keys()
        self._show_ticks()
        self._stop_library = ctx.library.subscribe(self._library_changed)
        self._stop_jobs = ctx.jobs.subscribe(self._jobs_changed)
        self._stop_session = ctx.session.subscribe(self._session_changed)
        self._account = (ctx.session.host, ctx.session.username)

    # --- for the pane -----------------------------------------------------------

    @property
    def folder(self) -> Entry | None:
        """The folder that is shown."""
        return self._folder

    @property
    def model(self) -> FilesModel:
        """What is in it."""
        return self._model

    @property
    def dragging(self) -> Dragging:
        """What is dragged and dropped."""
        return self._dragging

    @property
    def acts(self) -> FileActs:
        """The verbs."""
        return self._acts

    def show_payload(self, payload: object) -> None:
        """Show the folder at a path, or where one was."""
        if isinstance(payload, str) and payload:
            self._go(payload)
        elif self._folder is None:
            known = self._ctx.layout.get(_PLACE)
            self._go(str(known or "") or self._ctx.storage.home)

    def refresh(self) -> None:
        """Look again at what is shown (F5)."""
        self._ctx.storage.forget_labels()
        if self._folder is None:
            self._go(self._wanted or self._ctx.storage.home)
            return
        self._tasks.cancel_all()
        self._tasks.start(self._again(self._folder), name="again", failed=self._failed)
        self._folding.look_again(self._folder.path)

    def focus_filter(self) -> None:
        """Put the cursor into the filter (Ctrl+F)."""
        self._field.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self._field.selectAll()

    def toggle_right(self) -> None:
        """Fold the inspector, or show it (F8)."""
        self._folded = not self.side.isHidden()
        self.side.setVisible(not self._folded)

    def escape(self) -> bool:
        """Leave the path or the filter; False when there is nothing to leave."""
        if self._crumbs.cancel():
            return True
        if self._field.text():
            self._field.clear()
            self.table.setFocus()
            return True
        if self._cut:
            self._set_cut(())
            return True
        return False

    def shutdown(self) -> None:
        """Stop listening and cancel what runs."""
        self._soon.stop()
        self._stop_library()
        self._stop_jobs()
        self._stop_session()
        for owner in (self._tasks, self._later):
            owner.cancel_all()
        self._folding.shutdown()
        self._acts.shutdown()
        self.side.shutdown()

    # --- a folder ---------------------------------------------------------------

    def go(self, path: str) -> None:
        """Lead to a path; Alt+Left leads back."""
        self._ctx.navigator.go(ShowLibrary("files", path))

    def _go(self, path: str) -> None:
        self._wanted = path
        self._tasks.cancel_all()
        self._skeleton.start("Opening the folder")
        if not self._model.shown:
            self._stack.setCurrentWidget(self._skeleton)
        self._tasks.start(self._open(path), name="open", failed=self._failed)
        self._tasks.start(self._folding.root(), name="top", failed=lambda _error: None)

    async def _open(self, path: str) -> None:
        place = await self._ctx.storage.place(path)
        folder = place.folder
        other = self._folder is None or self._folder.path != folder.path
        self._folder, self._highlight = folder, place.highlight
        self._wanted = folder.path
        self._ctx.layout.put(_PLACE, folder.path)
        self._show_trail()
        self._new.setEnabled(not rules.creation_refusal(folder))
        self._new.setToolTip(rules.creation_refusal(folder) or "Make a folder here")
        self._folding.reveal(folder.path)
        if other:
            self._field.clear()
            self._model.clear()
            self.side.show_entries((), folder.label)
        await self._list(folder)

    async def _list(self, folder: Entry) -> None:
        self._complete = False
        keys: set[Key] = set()
        first = True
        async for batch in self._ctx.storage.contents(folder):
            keys.update(entry.key for entry in batch.entries)
            self._model.add(batch.entries)
            self._total, self._complete = batch.total, batch.complete
            if first or batch.complete:
                self._skeleton.stop(self._show_rows)
            if first:
                column, downwards = self._model.order
                if batch.complete:
                    await self._model.arrange(column, downwards=downwards)
                self._highlight_wanted()
            first = False
            self._say()
        self._complete = True
        self._model.keep_only(keys)
        column, downwards = self._model.order
        await self._model.arrange(column, downwards=downwards)
        self._highlight_wanted()
        self._show_rows()
        links = [entry for entry in self._model.everything if entry.is_link]
        self._later.cancel_all()
        self._later.start(self._look_closer(folder, links[:_LINKS]), name="closer")

    async def _again(self, folder: Entry) -> None:
        await self._list(folder)

    async def _look_closer(self, folder: Entry, links: list[Entry]) -> None:
        if await self._ctx.storage.learn(folder.path):
            for entry in list(self._model.everything):
                fresh = self._ctx.storage.relabeled(entry)
                if fresh != entry:
                    self._model.change(fresh)
            self._show_trail()
            self._folding.relabel()
        await self._ctx.storage.resolve_all(links, self._model.change)

    def _failed(self, error: BaseException) -> None:
        self._skeleton.stop(lambda: None)
        if self._model.shown:
            self._show_rows()
            self._ctx.messages.failed(error)
            return
        self._state.show_error(error, lambda: self._go(self._wanted))
        self._stack.setCurrentWidget(self._state)

    def _show_rows(self) -> None:
        if self._model.shown:
            self._stack.setCurrentWidget(self.table)
        elif not self._complete:
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
        problem = rules.creation_refusal(self._folder) if self._folder else ""
        if problem:
            self._state.show_state(
                "folder-open", "This folder is empty", "", [("Go up", self._up)]
            )
        else:
            self._state.show_state(
                "folder-open",
                "This folder is empty",
                "Drop files here to send them to the server.",
                [("Send files …", self._upload), ("New folder …", self._make)],
            )
        self._stack.setCurrentWidget(self._state)

    def _highlight_wanted(self) -> None:
        index = QModelIndex()
        if self._highlight:
            index = self._model.find(self._highlight)
            if index.isValid():
                self._highlight = ""
        if index.isValid():
            self.table.setCurrentIndex(index)
            self.table.scrollTo(index)

    def _show_trail(self) -> None:
        if self._folder is None:
            return
        path, parts = self._folder.path, [("Storage", "")]
        steps = path.split("/") if path else []
        for depth in range(1, len(steps) + 1):
            at = "/".join(steps[:depth])
            parts.append((self._ctx.storage.label(at), at))
        self._crumbs.show_path(path, parts)

    def _say(self) -> None:
        model = self._model
        everything, shown = len(model.everything), len(model.shown)
        known = f"{everything:,} of {self._total:,}" if not self._complete else ""
        said = known + " entries" if known else words.entries(everything)
        if model.text and self._complete:
            said = f"{shown:,} of {words.entries(everything)}"
        ticked = [e for e in model.shown if model.ticks.state(e.path) == _CHECKED]
        parts = [said, f"{len(ticked):,} ticked" if ticked else ""]
        sized = ticked or model.shown
        parts.append(counted.size(sum(entry.size or 0 for entry in sized) or None))
        self._foot.setText(self._busy or counted.join(*parts))
        self._field.setPlaceholderText(f"Filter {words.entries(self._total)}")
        self.table.set_box(model.ticks.of_all(model.shown))

    # --- what is highlighted ------------------------------------------------------

    def highlighted(self) -> list[Entry]:
        """Return the highlighted entries, from the top."""
        rows = sorted(
            index.row() for index in self.table.selectionModel().selectedRows(0)
        )
        return [self._model.shown[row] for row in rows]

    def _show_highlighted(self) -> None:
        label = self._folder.label if self._folder is not None else ""
        self.side.show_entries(self.highlighted(), label)

    def _open_entry(self, entry: Entry | None) -> None:
        if entry is None:
            return
        if entry.leads is Leads.FOLDER and not entry.closed:
            self.go(entry.path)
        else:
            self._acts.view(entry)

    def _up(self) -> None:
        if self._folder is not None and self._folder.path:
            self.go(parent_of(self._folder.path) or "home")

    # --- verbs ------------------------------------------------------------------

    def _key(self, key: str) -> None:
        entries = self.highlighted()
        if key == "T":
            self._acts.tick(entries)
        elif key == "Shift+T":
            self._acts.tick(list(self._model.shown))
        elif key == "D":
            self._acts.get(entries)
        elif key in ("E", " ") and entries:
            self._acts.view(entries[0])
        elif key == "/":
            self._crumbs.edit()

    def _make(self) -> None:
        if self._folder is not None:
            self._acts.new_folder(self._folder)

    def _rename(self) -> None:
        entries = self.highlighted()
        if len(entries) == 1:
            self._acts.rename(entries[0])

    def _set_cut(self, entries: Sequence[Entry]) -> None:
        self._cut = tuple(entries)
        self._model.set_cut(entry.key for entry in entries)
        if entries:
            self._ctx.messages.info(
                f"{words.entries(len(entries))} cut",
                "Go to another folder and press Ctrl+V to move there.",
                seconds=5,
            )

    def _paste(self) -> None:
        if self._cut and self._folder is not None:
            cut, self._cut = self._cut, ()
            self._model.set_cut(())
            self._acts.move_into(cut, self._folder)

    def _upload(self) -> None:
        self._later.start(self._choose_files(), name="choose files")

    def _upload_folder(self) -> None:
        self._later.start(self._choose_folder(), name="choose folder")

    async def _choose_files(self) -> None:
        paths = await self._ctx.dialogs.open_files("Send files", Path.home())
        if paths:
            self._put(list(paths), None)

    async def _choose_folder(self) -> None:
        path = await self._ctx.dialogs.open_folder("Send a folder", Path.home())
        if path is not None:
            self._put([path], None)

    def _put(self, paths: list[Path], target: Entry | None) -> None:
        folder = target or self._folder
        if folder is not None:
            self._acts.put(paths, folder)

    def _menu(self, at: QPoint) -> None:
        entries = self.highlighted()
        if not self.table.indexAt(at).isValid() or not entries:
            self._place_menu(self.table.viewport().mapToGlobal(at))
            return
        self._entry_menu(entries, self.table.viewport().mapToGlobal(at))

    def _tree_menu(self, at: QPoint) -> None:
        entry = self._tree_model.node(self.tree.indexAt(at)).entry
        if entry is not None:
            self._entry_menu([entry], self.tree.viewport().mapToGlobal(at))

    def _entry_menu(self, entries: Sequence[Entry], at: QPoint) -> None:
        storage = self._ctx.storage
        entry_menu(
            self,
            self._acts,
            entries,
            username=storage.username,
            share_problem=storage.access.may_share,
            open_=self._open_entry,
            cut=self._set_cut,
        ).popup(at)

    def _place_menu(self, at: QPoint) -> None:
        problem = rules.creation_refusal(self._folder) if self._folder else ""
        place_menu(
            self,
            new_folder=self._make,
            paste=self._paste if self._cut else None,
            upload=self._upload,
            upload_folder=self._upload_folder,
            go_to=self._crumbs.edit,
            refresh=self.refresh,
            problem=problem,
        ).popup(at)

    def _share(self) -> None:
        if self.side.entry is not None:
            self._acts.share(self.side.entry)

    # --- what happened elsewhere --------------------------------------------------

    def _changed(self, paths: list[str]) -> None:
        if self._folder is not None and self._folder.path in paths:
            self._tasks.cancel_all()
            self._tasks.start(
                self._again(self._folder), name="again", failed=self._failed
            )
        self._folding.look_again(*paths)

    def _renamed(self, entry: object) -> None:
        if isinstance(entry, Entry):
            self._highlight = entry.thing.name

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
                and self._folder is not None
                and job.intent.folder == self._folder.path
            ):
                self._changed([job.intent.folder])

    def _session_changed(self) -> None:
        account = (self._ctx.session.host, self._ctx.session.username)
        if account == self._account or self._ctx.session.client is None:
            return
        # another server: what is shown is not there
        self._account = account
        self._folding.restart()
        self._model.clear()
        self._folder = None
        if self.isVisible():
            self._go(self._ctx.storage.home)

    # --- layout -----------------------------------------------------------------

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Give the inspector's room to the table in a small window."""
        super().resizeEvent(event)
        self.side.setVisible(self.width() >= _NARROW and not self._folded)

    def _sort(self, column: int) -> None:
        before, downwards = self._model.order
        self._sort_by(column, downwards=not downwards if column == before else False)

    def _sort_by(self, column: int, *, downwards: bool) -> None:
        order = Qt.SortOrder.DescendingOrder if downwards else _ASCENDING
        self.table.head.setSortIndicator(column, order)
        self._ctx.layout.put(_SORT, [_HEADS[column], downwards])
        self._later.start(self._model.arrange(column, downwards=downwards), name="sort")

    def _filter(self, text: str) -> None:
        self._model.filter(text)
        if self._folder is not None:
            self._show_rows()

    def _restore(self) -> None:
        sizes = self._ctx.layout.get(_SIZES)
        if isinstance(sizes, list) and len(sizes) == 3:
            self._splitter.setSizes([int(size) for size in sizes])
        kept = self._ctx.layout.get(_SORT)
        if isinstance(kept, list) and len(kept) == 2 and kept[0] in _HEADS:
            column = _HEADS.index(str(kept[0]))
            order = Qt.SortOrder.DescendingOrder if kept[1] else _ASCENDING
            self.table.head.setSortIndicator(column, order)
            self._model.set_order(column, downwards=bool(kept[1]))

    def _connect(self) -> None:
        self._crumbs.chosen.connect(self.go)
        self._field.textChanged.connect(self._filter)
        self._field.returnPressed.connect(self.table.setFocus)
        self._new.clicked.connect(self._make)
        self._more.clicked.connect(
            lambda: self._place_menu(
                self._more.mapToGlobal(QPoint(0, self._more.height()))
            )
        )
        table, tree = self.table, self.tree
        table.ticked.connect(self._tick_row)
        table.opened.connect(lambda index: self._open_entry(self._model.entry(index)))
        table.key_pressed.connect(self._key)
        table.up.connect(self._up)
        table.customContextMenuRequested.connect(self._menu)
        table.head.sectionClicked.connect(self._sort)
        table.head.box_pressed.connect(lambda: self._acts.tick(list(self._model.shown)))
        table.selectionModel().selectionChanged.connect(lambda *_: self._soon.start())
        tree.chosen.connect(self._tree_chosen)
        tree.ticked.connect(self._tick_folder)
        tree.customContextMenuRequested.connect(self._tree_menu)
        self.side.view_pressed.connect(self._open_or_view)
        self.side.get_pressed.connect(lambda: self._acts.get(self.highlighted()))
        self.side.share_pressed.connect(self._share)
        self.side.feed_pressed.connect(
            lambda feed, node: self._ctx.navigator.go(ShowFeed(feed, node))
        )
        self._acts.changed.connect(self._changed)
        self._acts.renamed.connect(self._renamed)
        self._acts.busy.connect(self._is_busy)
        self._dragging.moved_into.connect(self._acts.move_into)
        self._dragging.files_dropped.connect(self._put)
        self._splitter.splitterMoved.connect(
            lambda *_: self._ctx.layout.put(_SIZES, self._splitter.sizes())
        )

    def _open_or_view(self) -> None:
        entries = self.highlighted()
        if entries:
            self._acts.view(entries[0])

    def _tick_row(self, index: QModelIndex) -> None:
        entry = self._model.entry(index)
        if entry is not None:
            entries = self.highlighted()
            among = entry in entries and len(entries) > 1
            self._acts.tick(entries if among else [entry])

    def _tick_folder(self, index: QModelIndex) -> None:
        entry = self._tree_model.node(index).entry
        if entry is not None:
            self._acts.tick([entry])

    def _tree_chosen(self, index: QModelIndex) -> None:
        entry = self._tree_model.node(index).entry
        if entry is not None and (
            self._folder is None or entry.path != self._folder.path
        ):
            self.go(entry.path)

    def _keys(self) -> None:
        for keys, verb in (
            ("F2", self._rename),
            ("Ctrl+X", lambda: self._set_cut(self.highlighted())),
            ("Ctrl+V", self._paste),
            ("Ctrl+C", lambda: self._acts.copy_paths(self.highlighted())),
            ("Del", lambda: self._acts.delete(self.highlighted())),
        ):
            shortcut = QShortcut(QKeySequence(keys), self.table)
            shortcut.setContext(Qt.ShortcutContext.WidgetShortcut)
            shortcut.activated.connect(verb)
        making = QShortcut(QKeySequence("Ctrl+Shift+N"), self)
        making.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        making.activated.connect(self._make)

    def _build(self) -> None:
        theme = self._ctx.theme
        head = QHBoxLayout()
        head.setContentsMargins(16, 8, 12, 8)
        head.setSpacing(8)
        head.addWidget(self._crumbs, 1)
        self._field.setFixedWidth(theme.px(184))
        head.addWidget(self._field)
        head.addWidget(self._new)
        head.addWidget(self._more)
        for page in (self.table, self._skeleton, self._state):
            self._stack.addWidget(page)
        rows = QWidget()
        column = QVBoxLayout(rows)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._stack, 1)
        column.addWidget(line())
        foot = QHBoxLayout()
        foot.setContentsMargins(16, 4, 16, 4)
        foot.addWidget(self._foot, 1)
        column.addLayout(foot)
        work = QSplitter(Qt.Orientation.Horizontal)
        work.setChildrenCollapsible(False)
        centre = QWidget()
        inner = QVBoxLayout(centre)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(0)
        inner.addLayout(head)
        inner.addWidget(line())
        inner.addWidget(self._splitter, 1)
        self._splitter.setObjectName("files.splitter")
        self._splitter.setChildrenCollapsible(False)
        self._splitter.setHandleWidth(1)
        self._splitter.addWidget(self.tree)
        self._splitter.addWidget(rows)
        self._splitter.setStretchFactor(0, 0)
        self._splitter.setStretchFactor(1, 1)
        self._splitter.setSizes([320, 600])
        self.tree.setMinimumWidth(184)
        work.setHandleWidth(1)
        work.addWidget(centre)
        work.addWidget(self.side)
        work.setStretchFactor(0, 1)
        work.setStretchFactor(1, 0)
        work.setSizes([912, 304])
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(work)
        self.table.head.setSortIndicator(0, _ASCENDING)
        self._restore()


_CHECKED = Qt.CheckState.Checked
_ASCENDING = Qt.SortOrder.AscendingOrder
