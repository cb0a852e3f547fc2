"""Pictures decoded and windowed behind the window, the wanted one first."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from PySide6.QtCore import QObject, QRectF, Qt, Signal
from PySide6.QtGui import QImage, QPainter

from chrislib.dicom.errors import DicomError
from chrislib.dicom.render import Picture, Window, render
from chrislib.errors import ChrislibError
from chrislib.views.tasks import PaneTasks

_log = logging.getLogger(__name__)

CACHE_BYTES = 256_000_000
"""Decoded values kept per view."""


class PictureSource(Protocol):
    """An ordered set of pictures; `read` blocks and runs in a thread."""

    @property
    def count(self) -> int:
        """Number of pictures."""

    def read(self, index: int) -> Picture:
        """Decode picture `index`; raises DicomError with words."""


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """A picture ready to be drawn."""

    index: int
    image: QImage
    picture: Picture


@dataclass(frozen=True, slots=True)
class Failure:
    """A picture that cannot be shown."""

    index: int
    error: ChrislibError


@dataclass(frozen=True, slots=True)
class _Wish:
    index: int
    window: Window | None
    invert: bool


def to_image(
    picture: Picture, window: Window | None = None, *, invert: bool = False
) -> QImage:
    """Return a picture as it is drawn; may run in any thread."""
    array = render(picture, window, invert=invert)
    rows, columns = array.shape[:2]
    color = array.ndim == 3
    form = QImage.Format.Format_RGB888 if color else QImage.Format.Format_Grayscale8
    # converted here, not when it is drawn; and a QImage over a numpy buffer does not
    # keep that buffer alive, the converted one has its own
    plain = QImage(array.data, columns, rows, array.strides[0], form)
    return plain.convertToFormat(QImage.Format.Format_RGB32)


def fitted(image: QImage, side: int, *, aspect: float = 1.0) -> QImage:
    """Return a picture fitted into a black square; may run in any thread."""
    square = QImage(side, side, QImage.Format.Format_RGB32)
    square.fill(0xFF000000)
    wide, high = image.width(), image.height() * aspect
    if wide <= 0 or high <= 0:
        return square
    scale = min(side / wide, side / high)
    area = QRectF(
        (side - wide * scale) / 2, (side - high * scale) / 2, wide * scale, high * scale
    )
    if scale < 0.5:  # painting alone would skip pixels
        image = image.scaled(
            max(round(area.width()), 1),
            max(round(area.height()), 1),
            Qt.AspectRatioMode.IgnoreAspectRatio,
            Qt.TransformationMode.SmoothTransformation,
        )
    painter = QPainter(square)
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    painter.drawImage(area, image)
    painter.end()
    return square


class FrameStream(QObject):
    """Shows one picture of a source at a time and decodes its neighbors ahead.

    Wishes are answered in order of asking, but a wish that is overtaken before its
    turn is dropped: the wheel never builds a queue.

    Parameters
    ----------
    limit : int
        Bytes of decoded values kept.
    ahead : int
        Neighbors decoded on each side.
    """

    shown = Signal(object)
    failed = Signal(object)
    decoded = Signal(int)

    def __init__(
        self, tasks: PaneTasks, *, limit: int = CACHE_BYTES, ahead: int = 400
    ) -> None:
        super().__init__()
        self._tasks = tasks
        self._limit = limit
        self._ahead = ahead
        self._source: PictureSource | None = None
        self._cache: OrderedDict[int, Picture | DicomError] = OrderedDict()
        self._bytes = 0
        self._wish: _Wish | None = None
        self._at = 0
        self._task: asyncio.Task[None] | None = None

    def use(self, source: PictureSource | None) -> None:
        """Show pictures of `source` from now on; what was decoded is dropped."""
        self.stop()
        self._source = source
        self._cache.clear()
        self._bytes = 0
        self._wish = None

    def set_limit(self, limit: int) -> None:
        """Keep so many bytes of decoded values from now on."""
        self._limit = limit

    def stop(self) -> None:
        """Stop decoding; a thread that is at work finishes unheard."""
        if self._task is not None:
            self._task.cancel()
            self._task = None

    def want(self, index: int, window: Window | None, *, invert: bool = False) -> None:
        """Ask for a picture; the answer is `shown` or `failed`."""
        if self._source is None or not 0 <= index < self._source.count:
            return
        self._wish = _Wish(index, window, invert)
        if self._task is None or self._task.done():
            self._task = self._tasks.start(self._work(self._source), name="pictures")

    @property
    def decoded_indexes(self) -> frozenset[int]:
        """What is decoded and kept."""
        return frozenset(self._cache)

    async def _work(self, source: PictureSource) -> None:
        while True:
            wish, self._wish = self._wish, None
            if wish is not None:
                self._at = wish.index
                await self._answer(source, wish)
                continue
            upcoming = self._next(source.count)
            if upcoming is None:
                return
            await self._decode(source, upcoming)

    async def _answer(self, source: PictureSource, wish: _Wish) -> None:
        found = await self._decode(source, wish.index)
        if isinstance(found, DicomError):
            self.failed.emit(Failure(wish.index, found))
            return
        image = await asyncio.to_thread(
            to_image, found, wish.window, invert=wish.invert
        )
        self.shown.emit(Shown(wish.index, image, found))

    async def _decode(self, source: PictureSource, index: int) -> Picture | DicomError:
        known = self._cache.get(index)
        if known is not None:
            self._cache.move_to_end(index)
            return known
        found: Picture | DicomError
        try:
            found = await asyncio.to_thread(source.read, index)
        except DicomError as error:
            found = error
        self._cache[index] = found
        self._bytes += _size(found)
        while self._bytes > self._limit and len(self._cache) > 1:
            oldest = next(iter(self._cache))
            if oldest == self._at:
                self._cache.move_to_end(oldest)
                continue
            self._bytes -= _size(self._cache.pop(oldest))
        self.decoded.emit(len(self._cache))
        return found

    def _next(self, count: int) -> int | None:
        """Return the nearest neighbor not decoded yet, while there is room."""
        if self._bytes > self._limit * 0.8:
            return None
        for index in _around(self._at, count, self._ahead):
            if index not in self._cache:
                return index
        return None


def _around(at: int, count: int, reach: int) -> Iterator[int]:
    for step in range(1, reach + 1):
        if at + step < count:
            yield at + step
        if at - step >= 0:
            yield at - step


def _size(found: Picture | DicomError) -> int:
    return found.values.nbytes if isinstance(found, Picture) else 1


class CallSource:
    """A `PictureSource` made of a number and a function."""

    def __init__(self, count: int, read: Callable[[int], Picture]) -> None:
        self._count = count
        self._read = read

    @property
    def count(self) -> int:
        """Number of pictures."""
        return self._count

    def read(self, index: int) -> Picture:
        """Return picture `index`."""
        return self._read(index)
