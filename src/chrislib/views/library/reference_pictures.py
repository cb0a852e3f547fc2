"""Sample pictures of reference data, remembered after the fetch is gone."""

import asyncio
import hashlib
import logging
from collections.abc import Iterable
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage, QPixmap

from chrislib.library.model import ItemState, Reference
from chrislib.library.references_memory import Key
from chrislib.library.thumbnails.model import Subject
from chrislib.views.context import ViewContext
from chrislib.views.library.reference_model import key_of
from chrislib.views.widgets.thumbs import ThumbStore

_log = logging.getLogger(__name__)
_SIDE = 320


class ReferencePictures(QObject):
    """Gives the sample picture of a reference, of this fetch or of an earlier one.

    Attributes
    ----------
    changed : signal
        There are new pictures.
    """

    changed = Signal()

    def __init__(self, ctx: ViewContext, thumbs: ThumbStore, parent: QObject) -> None:
        super().__init__(parent)
        self._folder = ctx.paths.cache / "references"
        self._thumbs = thumbs
        self._tasks = ctx.tasks("reference pictures")
        self._kept: dict[Key, QPixmap] = {}
        self._known: set[Key] = set()
        self._saved: set[Key] = set()
        thumbs.changed.connect(self.changed)

    def picture(self, reference: Reference, side: int) -> QPixmap | None:
        """Return the picture, None while or where there is none."""
        item, key = reference.item, key_of(reference)
        if item is not None and item.state is ItemState.READY:
            picture = self._thumbs.picture(Subject.of_item(item), side)
            if picture is not None:
                self._remember(key, picture)
                return picture
        return self._kept.get(key)

    def load(self, references: Iterable[Reference]) -> None:
        """Read what is remembered of references (disk, in a thread)."""
        fresh = [key for one in references if (key := key_of(one)) not in self._known]
        self._known.update(fresh)
        if fresh:
            self._tasks.start(
                asyncio.to_thread(self._read, fresh), name="read", done=self._take
            )

    def shutdown(self) -> None:
        """Cancel what runs."""
        self._tasks.cancel_all()

    def _read(self, keys: list[Key]) -> list[tuple[Key, QImage]]:
        found = []
        for key in keys:
            path = self._path(key)
            if path.exists() and not (image := QImage(str(path))).isNull():
                found.append((key, image))
        return found

    def _take(self, found: list[tuple[Key, QImage]]) -> None:
        for key, image in found:
            self._kept[key] = QPixmap.fromImage(image)
            self._saved.add(key)
        if found:
            self.changed.emit()

    def _remember(self, key: Key, picture: QPixmap) -> None:
        if key in self._saved:
            return
        self._saved.add(key)
        self._kept[key] = picture
        image = picture.toImage()
        self._tasks.start(
            asyncio.to_thread(self._save, self._path(key), image), name="save"
        )

    def _save(self, path: Path, image: QImage) -> None:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        part = path.with_suffix(".part.png")
        if image.save(str(part)):
            part.replace(path)
        else:
            _log.info("a sample picture could not be kept")

    def _path(self, key: Key) -> Path:
        name = hashlib.sha256("|".join(key).encode()).hexdigest()[:32]
        return self._folder / f"{name}.png"
