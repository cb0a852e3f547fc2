"""Files of this computer for a new feed: looked at, sent as uploads, and taken in."""

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QEvent, QObject, Signal
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QHBoxLayout, QWidget

from chrislib.errors import ChrislibError
from chrislib.library.model import Item, LocalScan
from chrislib.library.words import count, join, series, size
from chrislib.views.context import ViewContext
from chrislib.views.navigation import ShowLibrary
from chrislib.views.tasks import PaneTasks
from chrislib.views.widgets.buttons import button
from chrislib.views.widgets.dragging import dropped_paths
from chrislib.views.widgets.text import Label

_ASKS = "Drop files of this computer here, or choose"


class LocalFiles(QWidget):
    """A bar with what is taken from this computer; its page takes drops too.

    Images (DICOM) are not sent from here: Upload Data shows first what would leave
    this computer, and can take names out of it.

    Signals
    -------
    added : list of str
        Ids of items on their way to the server now.
    said : (str, str)
        Words for the sheet's foot, and their kind.
    left : ()
        Upload Data is shown instead.
    """

    added = Signal(list)
    said = Signal(str, str)
    left = Signal()

    def __init__(self, context: ViewContext, tasks: PaneTasks) -> None:
        super().__init__()
        theme = context.theme
        self._context = context
        self._tasks = tasks
        self._start = Path.home()
        self.busy = False
        self.sent = False
        """Whether something went to the server."""
        self.setObjectName("create.local")
        self._words = Label(
            theme,
            _ASKS,
            style="small",
            token="text.secondary",
            wrap=True,
            name="create.local.say",
        )
        self.files = button(theme, "Files …", name="create.local.files", small=True)
        self.folder = button(theme, "Folder …", name="create.local.folder", small=True)
        self.files.setAccessibleName("Choose files of this computer")
        self.folder.setAccessibleName("Choose a folder of this computer")
        self.stop = button(theme, "Stop", name="create.local.stop", small=True)
        row = QHBoxLayout(self)
        row.setContentsMargins(24, 8, 16, 12)
        row.setSpacing(8)
        row.addWidget(self._words, 1)
        for one in (self.files, self.folder, self.stop):
            row.addWidget(one)
        self.files.clicked.connect(
            lambda: self._tasks.start(self._choose_files(), name="choose files")
        )
        self.folder.clicked.connect(
            lambda: self._tasks.start(self._choose_folder(), name="choose folder")
        )
        self.stop.clicked.connect(self._stopped)
        self._set_busy(False)

    def take_drops(self, page: QWidget) -> None:
        """Take what is dropped anywhere on a page."""
        page.setAcceptDrops(True)
        page.installEventFilter(self)

    def add(self, paths: Sequence[Path]) -> None:
        """Look at files and folders, ask, and send them (disk, network)."""
        if self.busy or not paths:
            return
        self._start = paths[0].parent
        self._set_busy(True)
        self._words.setText("Reading files")
        self._task = self._tasks.start(
            self._bring(list(paths)),
            name="local files",
            done=self._brought,
            failed=self._failed,
        )

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        """Answer drags over the page."""
        kind = event.type()
        if kind == QEvent.Type.DragLeave:
            self._show_hot(False)
        if not isinstance(event, QDropEvent) or not dropped_paths(event):
            return False
        if kind in (QEvent.Type.DragEnter, QEvent.Type.DragMove):
            self._show_hot(True)
            event.acceptProposedAction()
        elif kind == QEvent.Type.Drop:
            self._show_hot(False)
            event.acceptProposedAction()
            self.add(dropped_paths(event))
        return True

    # -- inside ----------------------------------------------------------------

    def _set_busy(self, busy: bool) -> None:
        self.busy = busy
        self.files.setVisible(not busy)
        self.folder.setVisible(not busy)
        self.stop.setVisible(busy)
        self._show_hot(False)

    def _show_hot(self, hot: bool) -> None:
        if not self.busy:
            self._words.setText("Drop to add to the feed" if hot else _ASKS)
            self._words.set_token("accent.text" if hot else "text.secondary")

    async def _choose_files(self) -> None:
        found = await self._context.dialogs.open_files("Choose files", self._start)
        self.add(found)

    async def _choose_folder(self) -> None:
        title = "Choose a folder"
        found = await self._context.dialogs.open_folder(title, self._start)
        if found is not None:
            self.add([found])

    async def _bring(self, paths: list[Path]) -> list[Item]:
        """Scan, ask, and hand the files to the job manager (disk, network)."""
        library = self._context.library
        scan = await library.scan(paths, progress=self._read)
        try:
            if scan.series:
                if await self._to_upload_data(scan):
                    self.left.emit()
                    self._context.navigator.go(ShowLibrary("upload", paths))
                return []
            if not scan.others:
                raise ChrislibError("There is no file in it.", "Nothing was sent.")
            if not await self._may_send(scan):
                return []
            return await library.upload(scan, title=scan.title)
        finally:
            library.intake.put_away(scan)

    async def _to_upload_data(self, scan: LocalScan) -> bool:
        images = sum(len(one.files) for one in scan.series)
        what = join(series(len(scan.series)), count(images, "image"))
        return await self._context.dialogs.confirm(
            f"These are images: {what}",
            "Upload Data shows first what of them would leave this computer, and can "
            "take names out. This sheet closes; once they are sent, begin it again "
            "with them.",
            action="Open Upload Data",
        )

    async def _may_send(self, scan: LocalScan) -> bool:
        files = count(len(scan.others), "file")
        bad = len(scan.unreadable)
        out = f" {count(bad, 'file')} cannot be read and stay out." if bad else ""
        return await self._context.dialogs.confirm(
            f"Send {files} to {self._context.session.host}?",
            f"{join(scan.title, size(scan.size))}: as they are, to your uploads. They "
            f"become part of this feed and stay in your Library.{out}",
            action="Send",
        )

    def _read(self, files: int) -> None:
        if self.busy:
            self._words.setText(f"{count(files, 'file')} read …")

    def _brought(self, items: list[Item]) -> None:
        self._set_busy(False)
        if items:
            self.sent = True
            self.added.emit([str(item.item_id) for item in items])
        self.files.setFocus()

    def _failed(self, error: BaseException) -> None:
        self._set_busy(False)
        self.said.emit(str(error), "failed")

    def _stopped(self) -> None:
        self._task.cancel()
        self._set_busy(False)
