"""Upload Data: drop, see what is there, choose, send, follow."""

import asyncio
from pathlib import Path
from time import monotonic

from PySide6.QtCore import QTimer
from PySide6.QtGui import (
    QDragEnterEvent,
    QDropEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import (
    QHBoxLayout,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from chrislib.errors import ChrislibError
from chrislib.jobs.model import JobKey
from chrislib.library.model import Item, LibraryChange, LocalScan
from chrislib.library.uploads import UploadRun
from chrislib.library.words import count, join, size
from chrislib.views.context import ViewContext
from chrislib.views.library.deidentify_panel import NARROW, WIDTH, DeidentifyPanel
from chrislib.views.library.drop_area import DropArea
from chrislib.views.library.record_sheet import show_record
from chrislib.views.library.running import RunningUploads, item_of_run
from chrislib.views.library.scan_facts import summary_of
from chrislib.views.library.scan_model import ScanModel
from chrislib.views.library.scan_pictures import fill_pictures
from chrislib.views.library.scan_tree import ScanTree
from chrislib.views.navigation import ShowLibrary
from chrislib.views.widgets.buttons import Field, button
from chrislib.views.widgets.dragging import dropped_paths
from chrislib.views.widgets.skeleton import Skeleton
from chrislib.views.widgets.state_view import StateView
from chrislib.views.widgets.text import Label, line


class UploadPage(QWidget):
    """The whole section."""

    def __init__(self, ctx: ViewContext) -> None:
        super().__init__()
        theme = ctx.theme
        self._ctx = ctx
        self._tasks = ctx.tasks("upload scan")
        self._verbs = ctx.tasks("uploads")
        self._paths: list[Path] = []
        self._own_name = ""
        self._cleaning = self._waits = False
        self._began = self._took = 0.0
        self._shown: LocalScan | None = None
        self._scanning: asyncio.Task[LocalScan] | None = None
        self.setObjectName("library.upload")
        self.setAccessibleName("Upload Data")
        self.setAcceptDrops(True)
        self._model = ScanModel(self)
        self._tree = ScanTree(theme, self._model)
        self._summary = Label(
            theme, style="small", token="text.muted", name="upload.summary"
        )
        head = QHBoxLayout()
        head.setSpacing(12)
        head.addWidget(Label(theme, "Upload Data", style="page"))
        head.addWidget(self._summary, 1)
        self._drop = DropArea(theme)
        top = QVBoxLayout()
        top.setContentsMargins(20, 12, 16, 12)
        top.setSpacing(10)
        top.addLayout(head)
        top.addWidget(self._drop)
        self._runs = RunningUploads(ctx)
        self._skeleton = Skeleton(theme, row_height=48, picture=True)
        self._state = StateView(theme, "triangle-alert", "")
        self._nothing = QWidget()
        self._pages = QStackedWidget()
        for page in (self._nothing, self._skeleton, self._state, self._tree):
            self._pages.addWidget(page)
        self._clean = DeidentifyPanel(ctx)
        self._edge = line(vertical=True)
        self._arrange(top)
        self._connect()
        self._unsubscribe = ctx.library.subscribe(self._on_change)
        self._look = self._timer(250, self._show_runs)
        self._count = self._timer(0, self._recount)
        self._yield_to_tray()
        self._show_runs()
        self.clear()

    def _arrange(self, top: QVBoxLayout) -> None:
        left = QVBoxLayout()
        left.setSpacing(0)
        left.addLayout(top)
        left.addWidget(line())
        left.addWidget(self._runs)
        left.addWidget(self._pages, 1)
        left.addWidget(self._foot())
        whole = QHBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addLayout(left, 1)
        whole.addWidget(self._edge)
        whole.addWidget(self._clean)

    def _connect(self) -> None:
        self._drop.dropped.connect(self.add)
        self._drop.files_wanted.connect(
            lambda: self._verbs.start(self._choose_files(), name="choose files")
        )
        self._drop.folder_wanted.connect(
            lambda: self._verbs.start(self._choose_folder(), name="choose folder")
        )
        self._drop.cleared.connect(self.clear)
        self._model.itemChanged.connect(self._recount_later)
        self._tree.selectionModel().currentChanged.connect(
            lambda now, _before: self._clean.show_series(self._model.series_at(now))
        )
        self._tree.decided.connect(self._decided)
        self._clean.changed.connect(self._choice_changed)
        self._clean.left_out.connect(self._model.untick)
        self._runs.cancelled.connect(self._cancel)
        self._runs.paused.connect(self._pause)
        self._runs.retried.connect(self._retry)
        self._runs.shown.connect(self._show_run)
        self._runs.recorded.connect(
            lambda run: self._verbs.start(
                show_record(self.window(), self._ctx, run.job_key), name="record"
            )
        )

    def _timer(self, milliseconds: int, call: object) -> QTimer:
        timer = QTimer(self)
        timer.setSingleShot(True)
        timer.setInterval(milliseconds)
        timer.timeout.connect(call)
        return timer

    def _foot(self) -> QWidget:
        theme = self._ctx.theme
        self._foot_bar = QWidget()
        self._foot_bar.setProperty("surface", "panel")
        self._name = Field(
            theme, "Name", name="upload.name", label="Name of the upload"
        )
        self._name.setMaximumWidth(theme.px(320))
        self._name.textChanged.connect(self._recount_later)
        self._open = Label(
            theme, style="small", token="state.errors", name="upload.question"
        )
        self._what = Label(
            theme, style="small", token="text.secondary", name="upload.chosen"
        )
        self._send = button(
            theme,
            "Send",
            kind="primary",
            icon="upload",
            name="upload.send",
            tooltip="Send what is ticked (Ctrl+Return)",
        )
        self._send.clicked.connect(self.primary)
        row = QHBoxLayout(self._foot_bar)
        row.setContentsMargins(20, 10, 16, 10)
        row.setSpacing(12)
        row.addWidget(Label(theme, "To uploads /", style="small"))
        row.addWidget(self._name, 1)
        row.addStretch(1)
        row.addWidget(self._open)
        row.addWidget(self._what)
        row.addWidget(self._send)
        return self._foot_bar

    # --- choosing ---

    def show_payload(self, paths: list[Path]) -> None:
        """Scan paths that were dropped elsewhere; without any, stay as it is."""
        if paths:
            self.clear()
            self.add(paths)

    def add(self, paths: list[Path]) -> None:
        """Add files and folders and scan all of them (disk)."""
        self._paths += [path for path in paths if path not in self._paths]
        if self._scanning is not None:
            self._scanning.cancel()
        self._put_away()
        self._began = monotonic()
        first = self._paths[0]
        more = f" and {len(self._paths) - 1} more" if len(self._paths) > 1 else ""
        place = "\n".join(str(path) for path in self._paths[:20])
        self._drop.fold(f"{first.name}{more}", place)
        self._foot_bar.hide()
        self._show_side(on=False)
        self._skeleton.start("Reading files", self.clear)
        self._pages.setCurrentWidget(self._skeleton)
        self._scanning = self._tasks.start(
            self._ctx.library.scan(self._paths, progress=self._read),
            name="scan",
            done=self._scanned,
            failed=self._failed,
        )

    def clear(self) -> None:
        """Put the scan away; running uploads stay."""
        self._tasks.cancel_all()
        self._put_away()
        self._scanning = None
        self._paths = []
        self._summary.setText("")
        self._drop.unfold()
        self._foot_bar.hide()
        self._show_side(on=False)
        self._pages.setCurrentWidget(self._nothing)

    async def _choose_files(self) -> None:
        start = self._paths[0].parent if self._paths else Path.home()
        chosen = await self._ctx.dialogs.open_files("Choose files", start)
        if chosen:
            self.add(list(chosen))

    async def _choose_folder(self) -> None:
        start = self._paths[0].parent if self._paths else Path.home()
        chosen = await self._ctx.dialogs.open_folder("Choose a folder", start)
        if chosen is not None:
            self.add([chosen])

    def _read(self, files: int) -> None:
        if self._scanning is not None:
            self._summary.setText(f"{count(files, 'file')} read …")

    def _scanned(self, scan: LocalScan) -> None:
        self._scanning = None
        self._shown = scan
        self._took = monotonic() - self._began
        self._skeleton.stop(lambda: self._show_scan(scan))

    def _put_away(self) -> None:
        """Let go of what was unpacked for the scan that is shown."""
        scan, self._shown = self._shown, None
        if scan is not None:
            self._ctx.library.intake.put_away(scan)

    def _show_scan(self, scan: LocalScan) -> None:
        hidden = bool(self._ctx.settings.get("hide_names"))
        self._model.show(scan, hidden=hidden)
        took = f" read in {self._took:.1f} s" if self._took >= 0.1 else ""
        self._summary.setText(summary_of(scan) + took)
        self._drop.fold(scan.title, "\n".join(scan.roots[:20]))
        if not scan.series and not scan.others and not scan.unreadable:
            self._state.show_state(
                "folder-open",
                "There is no file in it",
                "The chosen folders are empty.",
                [("Choose others", self.clear)],
            )
            self._pages.setCurrentWidget(self._state)
            return
        self._own_name, self._cleaning, self._waits = scan.title, False, False
        self._name.setText(scan.title)
        self._clean.show_scan(scan)
        self._tree.unfold()
        pictures = fill_pictures(self._ctx, self._model, scan)
        self._tasks.start(pictures, name="pictures")
        self._pages.setCurrentWidget(self._tree)
        self._foot_bar.show()
        self._show_side(on=True)
        self._recount()
        self._tree.setFocus()

    def _failed(self, error: BaseException) -> None:
        self._scanning = None
        paths = list(self._paths)
        self._skeleton.stop(lambda: self._show_error(error, paths))
        if not isinstance(error, ChrislibError):
            self._ctx.messages.failed(error)

    def _show_error(self, error: BaseException, paths: list[Path]) -> None:
        self._state.show_error(error, lambda: self.add(paths))
        self._pages.setCurrentWidget(self._state)

    def _recount_later(self) -> None:
        self._count.start()

    def _recount(self) -> None:
        chosen = self._model.chosen()
        if chosen is None:
            return
        self._clean.show_ticked(self._model.ticked())
        files = sum(len(one.files) for one in chosen.series) + len(chosen.others)
        self._what.setText(join(count(files, "file"), size(chosen.size)))
        self._clean.show_others(len(chosen.others))
        waiting = len(self._model.open_conflicts())
        open_ = f"{count(waiting, 'conflict')} to decide" if waiting else ""
        self._open.setText(join(open_, self._clean.question))

    def _decided(self, key: str, choice: str) -> None:
        self._model.decide(key, choice)
        self._recount_later()

    def _choice_changed(self) -> None:
        """Follow the project: its code is the name, until the person gives one."""
        scan, project = self._model.scan, self._clean.project
        if scan is None:
            return
        self._model.show_texts(self._clean.reasons)
        on = project is not None
        if on is not self._cleaning:
            # what cannot be cleaned goes only where somebody ticks it again
            self._cleaning = on
            self._model.tick_others(on=not on)
        name = project.code if project is not None else scan.title
        if self._name.text() == self._own_name and name != self._own_name:
            self._name.setText(name)
        self._own_name = name
        self._recount_later()
        if self._waits and self._clean.is_ready:
            self._waits = False
            self.primary()

    def _show_side(self, *, on: bool) -> None:
        self._edge.setVisible(on)
        self._clean.setVisible(on)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Leave the list its room where the page is narrow."""
        super().resizeEvent(event)
        narrow = self.width() < self._ctx.theme.px(1100)
        self._clean.setFixedWidth(self._ctx.theme.px(NARROW if narrow else WIDTH))

    # --- sending ---

    def primary(self) -> None:
        """Send what is ticked."""
        chosen = self._model.chosen()
        if chosen is None or self._pages.currentWidget() is not self._tree:
            return
        if not chosen.series and not chosen.others:
            self._ctx.messages.info(
                "Nothing is ticked", "Tick what is to be sent, then send again."
            )
            return
        waiting = self._model.open_conflicts()
        if waiting:
            self._ctx.messages.info(
                waiting[0].title, "Nothing was sent yet.", hint="Decide what it is."
            )
            self._tree.ask(waiting[0].key)
            return
        if not self._clean.is_ready:
            # the project of last time is still read: nothing may go without it
            self._waits = True
            return
        if self._clean.question:
            self._ctx.messages.info(
                self._clean.question,
                "Nothing was sent yet.",
                hint="Decide at the right, then send again.",
            )
            self._clean.ask()
            return
        self._send.setEnabled(False)
        self._verbs.start(
            self._ctx.library.upload(
                chosen,
                title=self._name.text().strip(),
                deidentify=self._clean.choice(),
            ),
            name="send",
            done=self._sent,
            failed=self._not_sent,
        )

    def _sent(self, _items: list[Item]) -> None:
        scan = self._model.scan
        if scan is not None and scan.series:
            # what was sent is on this computer too, and is found again there
            self._ctx.my_library.bring_in(self._paths)
        self._send.setEnabled(True)
        self.clear()
        self._drop.take_focus()
        self._show_runs()

    def _not_sent(self, error: BaseException) -> None:
        self._send.setEnabled(True)
        self._ctx.messages.failed(error)

    # --- following ---

    def _on_change(self, change: LibraryChange) -> None:
        if change.tray:
            self._yield_to_tray()
        if (change.items or change.history) and not self._look.isActive():
            self._look.start()

    def _yield_to_tray(self) -> None:
        full = len(self._ctx.library.tray) > 0
        self._send.set_kind("secondary" if full else "primary")

    def _show_runs(self) -> None:
        self._runs.show_runs(self._ctx.library.uploads())

    def _cancel(self, run: UploadRun) -> None:
        item_id = item_of_run(run)
        if item_id is not None:
            self._verbs.start(self._ctx.library.cancel(item_id), name="cancel")

    def _pause(self, run: UploadRun) -> None:
        key, jobs = JobKey(run.job_key), self._ctx.jobs
        verb = jobs.resume(key) if run.paused else jobs.pause(key)
        self._verbs.start(verb, name="pause")

    def _retry(self, run: UploadRun) -> None:
        item_id = item_of_run(run)
        if item_id is not None:
            self._verbs.start(self._ctx.library.retry(item_id), name="retry")

    def _show_run(self, run: UploadRun) -> None:
        self._ctx.navigator.go(ShowLibrary("all", run.item_ids))

    def focus_filter(self) -> None:
        """Put the cursor into the name."""
        self._name.setFocus()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take files anywhere on the page."""
        if dropped_paths(event):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Add what was dropped."""
        paths = dropped_paths(event)
        if paths:
            event.acceptProposedAction()
            self.add(paths)

    def shutdown(self) -> None:
        """Stop listening and cancel what runs here; uploads are jobs and go on."""
        self._unsubscribe()
        self._look.stop()
        self._count.stop()
        self._clean.shutdown()
        self._put_away()
        self._tasks.cancel_all()
        self._verbs.cancel_all()
