"""What a drag of outputs carries: items for the tray, and files for other programs."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QMetaType, QMimeData, QUrl

from chrislib.cube.folder_types import Thing
from chrislib.feeds.model import OutputEntry
from chrislib.library.storage.model import Entry, entry_of
from chrislib.shown import one_line
from chrislib.views.widgets.dragging import items_data

if TYPE_CHECKING:
    from chrislib.library.model import Item

_URLS = "text/uri-list"


class LateFiles(QMimeData):
    """Files that are fetched while they are dragged.

    Their addresses are given when they are asked for, which is when they are dropped;
    what is not here by then is not given, and nothing waits.

    Parameters
    ----------
    ready : callable
        Returns the files, None while some are missing.
    """

    def __init__(self, ready: Callable[[], list[Path] | None]) -> None:
        super().__init__()
        self._ready = ready
        self.asked_early = False
        """Whether somebody wanted the files when they were not here."""
        self.given = False
        """Whether somebody got them."""

    def hasFormat(self, kind: str) -> bool:
        """Return whether it carries something: files always."""
        return kind == _URLS or super().hasFormat(kind)

    def formats(self) -> list[str]:
        """Return what it carries."""
        return [*super().formats(), _URLS]

    def retrieveData(self, kind: str, wanted: QMetaType | QMetaType.Type) -> object:
        """Return what is carried; files as far as they are here."""
        if kind != _URLS:
            return super().retrieveData(kind, wanted)
        paths = self._ready()
        if paths is None:
            self.asked_early = True
            return []
        self.given = True
        return [QUrl.fromLocalFile(str(path)) for path in paths]


def carried(
    items: Sequence["Item"], ready: Callable[[], list[Path] | None]
) -> LateFiles:
    """Return what a drag carries."""
    data = LateFiles(ready)
    if items:
        items_data([item.item_id for item in items], data)
    return data


def storage_entry(entry: OutputEntry, label: str = "") -> Entry:
    """Return an output as the storage and the tray know things."""
    thing = Thing(
        kind="folder" if entry.is_folder else "file",
        id=entry.file_id or 0,
        path=entry.path,
        owner="",
        public=False,
        created=None,
        size=entry.size,
    )
    found = entry_of(thing)
    shown = one_line(label or entry.title or entry.relative.rsplit("/", 1)[-1])
    return entry_of(thing, {thing.path: shown}) if shown else found
