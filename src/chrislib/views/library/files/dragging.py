"""What is dragged from Browse Files and what may be dropped into it."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QByteArray, QMimeData, QObject, QUrl, Signal

from chrislib.library.storage.model import Entry, Key, Leads
from chrislib.library.storage.service import tick_problem
from chrislib.views.widgets.dragging import items_data

ENTRIES = "application/x-chrislib-storage"


class Dragging(QObject):
    """One drag at a time: the entries themselves stay here, the data names them.

    Signals
    -------
    started : list of Entry
        A drag begins; whoever has the files on this computer may say so.
    ended : list of Entry
        It is over, wherever it was dropped.
    moved_into : (list of Entry, Entry or None)
        Entries were dropped on a folder, None for the one on screen.
    files_dropped : (list of Path, Entry or None)
        Files of this computer were dropped.
    """

    started = Signal(list)
    ended = Signal(list)
    moved_into = Signal(list, object)
    files_dropped = Signal(list, object)

    def __init__(
        self,
        parent: QObject,
        *,
        local: Callable[[Entry], Path | None],
        item_id: Callable[[Entry], str],
    ) -> None:
        super().__init__(parent)
        self._local = local
        self._item_id = item_id
        self._dragged: list[Entry] = []

    @property
    def types(self) -> list[str]:
        """What can be dropped here."""
        return [ENTRIES, "text/uri-list"]

    def data(self, entries: Sequence[Entry]) -> QMimeData:
        """Return what a drag carries: ids, and file URLs of what is here already."""
        self._dragged = list(entries)
        made = QMimeData()
        keys = [list(entry.key) for entry in entries]
        made.setData(ENTRIES, QByteArray(json.dumps(keys).encode()))
        ids = [self._item_id(one) for one in entries if not tick_problem(one)]
        if ids:
            items_data(ids, made)
        paths = [self._local(entry) for entry in entries]
        here = [path for path in paths if path is not None]
        if here and len(here) == len(paths):
            made.setUrls([QUrl.fromLocalFile(str(path)) for path in here])
        self.started.emit(list(entries))
        return made

    def end(self) -> None:
        """Note that a drag is over."""
        self.ended.emit(self._dragged)

    def fits(self, data: QMimeData, target: Entry | None) -> bool:
        """Return whether something may be dropped on a folder (None: the one shown)."""
        if target is not None and target.leads is not Leads.FOLDER:
            return False
        if data.hasFormat(ENTRIES):
            keys = self._keys(data)
            return target is not None and target.key not in keys
        return any(url.isLocalFile() for url in data.urls())

    def dropped(self, data: QMimeData, target: Entry | None) -> None:
        """Tell what was dropped where."""
        if data.hasFormat(ENTRIES):
            keys = self._keys(data)
            entries = [entry for entry in self._dragged if entry.key in keys]
            if entries and target is not None:
                self.moved_into.emit(entries, target)
            return
        paths = [Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()]
        if paths:
            self.files_dropped.emit(paths, target)

    def _keys(self, data: QMimeData) -> set[Key]:
        try:
            rows = json.loads(bytes(data.data(ENTRIES).data()))
        except ValueError:
            return set()
        return {(str(kind), int(number)) for kind, number in rows}
