"""Bringing a folder to the screen: first rows at once, the rest behind."""

import time
from itertools import islice

from PySide6.QtCore import QObject, Signal

from chrislib.aio import Breather
from chrislib.library.storage.model import Entry, Key
from chrislib.views.context import ViewContext
from chrislib.views.library.files.table_model import FilesModel

_PLACE = "files.place"
_EVERY = 0.25
"""Seconds between two looks at what arrived (ui.md §6)."""
_LINKS = 60
"""Links of a folder whose targets are looked at without being asked."""


class Loading(QObject):
    """Opens folders and fills the table's model.

    Signals
    -------
    opened : (Entry, bool)
        A folder is there, its rows are on the way; whether it is another one.
    arrived : bool
        Rows are there; True when that is all of them.
    named : ()
        Feeds and nodes have their names now.
    failed : object
        The exception; what was shown before is still there.
    """

    opened = Signal(object, bool)
    arrived = Signal(bool)
    named = Signal()
    failed = Signal(object)

    def __init__(self, ctx: ViewContext, model: FilesModel, parent: QObject) -> None:
        super().__init__(parent)
        self._ctx = ctx
        self._model = model
        self._tasks = ctx.tasks("files listing")
        self._closer = ctx.tasks("files closer")
        self.folder: Entry | None = None
        self.wanted = ""
        """Path that was asked for last."""
        self.highlight = ""
        """Name to be highlighted as soon as it is there."""
        self.total = 0
        self.complete = False

    @property
    def kept_path(self) -> str:
        """Where one was the last time, or the person's home."""
        return str(self._ctx.layout.get(_PLACE) or "") or self._ctx.storage.home

    def go(self, path: str) -> None:
        """Open the folder at a path (network)."""
        self.wanted = path
        self._begin()
        self._tasks.start(self._open(path), name="open", failed=self.failed.emit)

    def again(self) -> None:
        """Look again at the folder that is shown (network)."""
        if self.folder is None:
            self.go(self.wanted or self._ctx.storage.home)
            return
        self._begin()
        self._tasks.start(
            self._list(self.folder), name="again", failed=self.failed.emit
        )

    def forget(self) -> None:
        """Show nothing: another server or account."""
        self.stop()
        self.folder = None
        self._model.clear()

    def stop(self) -> None:
        """Stop asking."""
        self._tasks.cancel_all()
        self._closer.cancel_all()

    # --- inside -----------------------------------------------------------------

    def _begin(self) -> None:
        self._tasks.cancel_all()
        self._closer.cancel_all()

    async def _open(self, path: str) -> None:
        place = await self._ctx.storage.place(path)
        folder, before = place.folder, self.folder
        other = before is None or before.path != folder.path
        self.folder, self.highlight = folder, place.highlight
        self.wanted = folder.path
        self._ctx.layout.put(_PLACE, folder.path)
        if other:
            self._model.clear()
        self.opened.emit(folder, other)
        await self._list(folder)

    async def _list(self, folder: Entry) -> None:
        self.complete = False
        keys: set[Key] = set()
        shown_at = 0.0
        breather = Breather()
        async for batch in self._ctx.storage.contents(folder):
            # several may be here already: each has a turn of its own
            await breather.rest()
            first = not keys
            keys.update(entry.key for entry in batch.entries)
            self._model.add(batch.entries)
            self.total = batch.total
            if first and batch.complete:
                break
            now = time.monotonic()
            if now - shown_at >= _EVERY:
                shown_at = now
                self._model.flush()
                self.arrived.emit(False)
        self._model.flush()
        await breather.rest()
        self._model.keep_only(keys)
        self.total = len(keys)
        await breather.rest()
        column, downwards = self._model.order
        await self._model.arrange(column, downwards=downwards)
        self.complete = True
        self.arrived.emit(True)
        self._closer.start(self._look_closer(folder), name="closer")

    async def _look_closer(self, folder: Entry) -> None:
        storage = self._ctx.storage
        if await storage.learn(folder.path):
            breather = Breather()
            for entry in list(self._model.everything):
                fresh = storage.relabeled(entry)
                if fresh != entry:
                    self._model.change(fresh)
                await breather.rest()
            self.named.emit()
        links = (entry for entry in self._model.everything if entry.is_link)
        await storage.resolve_all(list(islice(links, _LINKS)), self._model.change)
