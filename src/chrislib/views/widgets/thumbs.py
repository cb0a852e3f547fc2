"""Thumbnails of library items: fetched once, kept on disk, made in threads."""

import asyncio
import hashlib
import logging
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QImage, QPixmap

from chrislib.dicom.errors import DicomError
from chrislib.errors import ChrislibError
from chrislib.library.model import Item, ItemState, Source
from chrislib.views.context import ViewContext
from chrislib.views.widgets.frames import fitted, to_image

_log = logging.getLogger(__name__)
_SIDE = 112
"""Pixels; twice the largest place they are drawn in rows and the tray."""
_AT_ONCE = 2


class ThumbStore(QObject):
    """Gives the picture of an item, or None until there is one.

    Signals
    -------
    changed
        There are new pictures; at most ten times a second.
    """

    changed = Signal()

    def __init__(self, ctx: ViewContext, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._ctx = ctx
        self._tasks = ctx.tasks("thumbnails")
        self._gate = asyncio.Semaphore(_AT_ONCE)
        self._known: dict[str, QPixmap | None] = {}
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(100)
        self._soon.timeout.connect(self.changed)
        self._client: object = ctx.session.client
        self._unsubscribe = ctx.session.subscribe(self._on_session)

    def pixmap(self, item: Item | None) -> QPixmap | None:
        """Return the picture of an item; asks for it in the background (network)."""
        if item is None or item.state is not ItemState.READY or not item.path:
            return None
        if item.source is Source.UPLOAD and not item.series_uid:
            return None
        if item.path not in self._known:
            self._known[item.path] = None
            self._tasks.start(self._load(item), name="thumbnail", failed=self._failed)
        return self._known[item.path]

    def shutdown(self) -> None:
        """Stop listening and cancel what runs."""
        self._unsubscribe()
        self._soon.stop()
        self._tasks.cancel_all()

    def _on_session(self) -> None:
        # what could not be had without a connection is asked for again
        if self._ctx.session.client is self._client:
            return
        self._client = self._ctx.session.client
        self._known = {path: one for path, one in self._known.items() if one}
        self._soon.start()

    def _failed(self, error: BaseException) -> None:
        # a missing thumbnail is no news for anybody
        _log.info("a thumbnail could not be made: %s", type(error).__name__)

    async def _load(self, item: Item) -> None:
        """Read it from the cache, or make it of one file (network, disk)."""
        cache = self._ctx.paths.cache
        key = f"{item.item_id}\n{item.path}"
        place = cache / "thumbs"
        file = place / f"{hashlib.sha256(key.encode()).hexdigest()[:24]}.png"
        async with self._gate:
            image = await asyncio.to_thread(_read, file)
            if image is None:
                try:
                    source = await self._ctx.library.sample_file(item, cache=cache)
                except ChrislibError as error:
                    _log.info("no file for a thumbnail: %s", error.title)
                    return
                if source is None:
                    return
                image = await asyncio.to_thread(_make, source, file)
        if image is not None:
            self._known[item.path] = QPixmap.fromImage(image)
            self._soon.start()


def _read(file: Path) -> QImage | None:
    image = QImage(str(file)) if file.exists() else QImage()
    return None if image.isNull() else image


def _make(source: Path, file: Path) -> QImage | None:
    """Make a thumbnail of a file and keep it (disk); runs in a thread."""
    try:
        image = _picture(source)
    except (DicomError, OSError, ValueError):
        return None
    finally:
        source.unlink(missing_ok=True)
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    image.save(str(file))
    return image


def _picture(source: Path) -> QImage:
    from chrislib.dicom.decode import read_picture
    from chrislib.dicom.header import read_header
    from chrislib.dicom.nifti import is_volume, read_volume

    if is_volume(source):
        volume = read_volume(source)
        picture = volume.picture("axial", volume.count("axial") // 2)
        return fitted(to_image(picture), _SIDE, aspect=picture.aspect)
    if source.suffix.lower() in {".png", ".jpg", ".jpeg"}:
        return fitted(QImage(str(source)), _SIDE)
    picture = read_picture(source, read_header(source).frames // 2)
    return fitted(to_image(picture), _SIDE, aspect=picture.aspect)
