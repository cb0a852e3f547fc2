"""Thumbnails for views: what is there at once, what is not in the background."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Sequence
from enum import Enum

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QImage, QPixmap

from chrislib.library.model import Item
from chrislib.library.thumbnails.model import (
    MIDDLE,
    SMALL,
    STOPS,
    Made,
    Outcome,
    Subject,
    Wanted,
    nearest_stop,
    side_for,
)
from chrislib.views.context import ViewContext
from chrislib.views.widgets.frames import fitted

_log = logging.getLogger(__name__)
_SIDE = 112
"""Pixels; twice the largest place they are drawn in rows and the tray."""
_BYTES = 96_000_000
"""Of pictures kept ready to be drawn."""
_ASKED_AFTER = 30
"""Milliseconds in which wishes are gathered: a scrolled view asks once."""
_TOLD_AFTER = 100
_AGAIN_AFTER = 60.0
"""Seconds after which a server that did not give a file is asked once more."""


class Look(Enum):
    """What there is to show of a subject."""

    WAITING = "waiting"
    READY = "ready"
    NONE = "none"
    """No picture, now or at all: draw a glyph."""


class ThumbStore(QObject):
    """Gives the picture of a series or an item, or None until there is one.

    A view asks while it paints; it may also say what it shows and what is near
    (`look_at`), so that the order is right and what was scrolled away is let go.

    Signals
    -------
    changed
        There are new pictures; at most ten times a second.
    """

    changed = Signal()

    def __init__(self, ctx: ViewContext, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._ctx = ctx
        self._thumbnails = ctx.thumbnails
        self._tasks = ctx.tasks("thumbnails")
        self._known: OrderedDict[Wanted, QPixmap | Outcome] = OrderedDict()
        self._squares: dict[Wanted, QPixmap] = {}
        self._bytes = 0
        self._missed: dict[Wanted, float] = {}
        self._painted: dict[Wanted, None] = {}
        self._painted_before: dict[Wanted, None] = {}
        self._looks: dict[object, tuple[Sequence[Wanted], Sequence[Wanted]]] = {}
        self._arrived: list[Made] = []
        self._told = self._timer(_TOLD_AFTER, self._tell)
        self._asked = self._timer(_ASKED_AFTER, self._ask)
        self._client: object = ctx.session.client
        self._unsubscribe = (
            ctx.session.subscribe(self._on_session),
            self._thumbnails.subscribe(self._on_made),
        )

    def _timer(self, interval: int, call: Callable[[], None]) -> QTimer:
        timer = QTimer(self)
        timer.setSingleShot(True)
        timer.setInterval(interval)
        timer.timeout.connect(call)
        return timer

    # --- what views call -----------------------------------------------------

    def pixmap(self, item: Item | None) -> QPixmap | None:
        """Return the square picture of an item; asks for it in the background."""
        if item is None:
            return None
        wanted = Wanted(Subject.of_item(item), SMALL)
        picture = self._picture(wanted)
        if picture is None:
            return None
        square = self._squares.get(wanted)
        if square is None:
            square = QPixmap.fromImage(fitted(picture.toImage(), _SIDE))
            self._squares[wanted] = square
        return square

    def picture(self, subject: Subject | None, side: float = SMALL) -> QPixmap | None:
        """Return the picture of a subject; asks for it in the background.

        Parameters
        ----------
        side : float
            Device pixels of the longer side it is drawn with. The picture has square
            pixels and is not larger than it has to be; fit it into its place.
        """
        if subject is None:
            return None
        return self._picture(Wanted(subject, side_for(side)))

    def scrub(
        self, subject: Subject, share: float, side: float = SMALL
    ) -> QPixmap | None:
        """Return the picture `share` (0 to 1) of the way through a series.

        Only for series on this computer; None for others, and until it is there. The
        pictures around it are asked for too.
        """
        if subject.series_key is None:
            return None
        stop, size = nearest_stop(share), side_for(side)
        for near in sorted(STOPS, key=lambda one: abs(one - stop)):
            self._picture(Wanted(subject, size, near))
        return self._picture(Wanted(subject, size, stop))

    def state(self, subject: Subject | None, side: float = SMALL) -> Look:
        """Return whether there is a picture, will be one, or a glyph is to be drawn."""
        if subject is None or not subject.can_have_picture:
            return Look.NONE
        known = self._known.get(Wanted(subject, side_for(side)))
        if known is None:
            return Look.WAITING
        return Look.READY if isinstance(known, QPixmap) else Look.NONE

    def look_at(
        self,
        owner: object,
        shown: Sequence[Subject],
        near: Sequence[Subject] = (),
        *,
        side: float = SMALL,
    ) -> None:
        """Say what a view shows now and what is next to it; the rest is let go.

        Without any `shown` the view is forgotten.
        """
        before = self._looks.pop(owner, ((), ()))
        size = side_for(side)
        seen = [Wanted(one, size) for one in shown if one.can_have_picture]
        beside = [Wanted(one, size) for one in near if one.can_have_picture]
        for gone in {*before[0], *before[1]}.difference(seen, beside):
            self._painted.pop(gone, None)
            self._painted_before.pop(gone, None)
        if seen or beside:
            self._looks[owner] = (seen, beside)
        self._asked.start()

    def shutdown(self) -> None:
        """Stop listening and let go of every wish."""
        for end in self._unsubscribe:
            end()
        self._told.stop()
        self._asked.stop()
        self._tasks.cancel_all()
        self._thumbnails.wish(self, ())

    # --- asking --------------------------------------------------------------

    def _picture(self, wanted: Wanted) -> QPixmap | None:
        if not wanted.subject.can_have_picture:
            return None
        known = self._known.get(wanted)
        if known is Outcome.LATER:
            missed = self._missed.get(wanted, 0.0)
            if self._ctx.now() - missed > _AGAIN_AFTER:
                self._forget(wanted)
                known = None
        if known is None:
            self._painted[wanted] = None
            if not self._asked.isActive():
                self._asked.start()
            return None
        self._known.move_to_end(wanted)
        return known if isinstance(known, QPixmap) else None

    def _ask(self) -> None:
        seen: dict[Wanted, None] = {}
        near: dict[Wanted, None] = {}
        for shown, beside in self._looks.values():
            seen.update(dict.fromkeys(shown))
            near.update(dict.fromkeys(beside))
        seen.update(self._painted)
        seen.update(self._painted_before)
        self._thumbnails.wish(
            self,
            [wanted for wanted in seen if wanted not in self._known],
            [one for one in near if one not in self._known and one not in seen],
        )

    def _on_session(self) -> None:
        # what could not be had without a connection is asked for again
        if self._ctx.session.client is self._client:
            return
        self._client = self._ctx.session.client
        for wanted in [w for w, one in self._known.items() if one is Outcome.LATER]:
            self._forget(wanted)
        self._told.start()

    # --- answers -------------------------------------------------------------

    def _on_made(self, made: tuple[Made, ...]) -> None:
        ours = [
            one
            for one in made
            if one.wanted in self._painted
            or one.wanted in self._painted_before
            or any(one.wanted in a or one.wanted in b for a, b in self._looks.values())
        ]
        if ours:
            self._arrived += ours
            if len(self._arrived) == len(ours):
                self._tasks.start(self._unpack(), name="unpack", failed=self._failed)

    async def _unpack(self) -> None:
        """Turn what arrived into pictures, in a thread."""
        while self._arrived:
            part = list(self._arrived)
            images = await asyncio.to_thread(_unpacked, part)
            for one, image in zip(part, images, strict=True):
                self._remember(one, image)
            del self._arrived[: len(part)]
        if not self._told.isActive():
            self._told.start()

    def _remember(self, made: Made, image: QImage | None) -> None:
        wanted = made.wanted
        self._forget(wanted)
        self._painted.pop(wanted, None)
        self._painted_before.pop(wanted, None)
        if image is None:
            missing = Outcome.NONE if made.outcome is Outcome.READY else made.outcome
            self._known[wanted] = missing
            if missing is Outcome.LATER:
                self._missed[wanted] = self._ctx.now()
            return
        self._known[wanted] = QPixmap.fromImage(image)
        self._bytes += image.sizeInBytes()
        while self._bytes > _BYTES:
            oldest = next(iter(self._known))
            if oldest == wanted:
                break
            self._forget(oldest)

    def _forget(self, wanted: Wanted) -> None:
        before = self._known.pop(wanted, None)
        self._squares.pop(wanted, None)
        self._missed.pop(wanted, None)
        if isinstance(before, QPixmap):
            self._bytes -= before.width() * before.height() * 4

    def _tell(self) -> None:
        # what is still seen is asked for again while it is painted
        self._painted_before = {
            wanted: None for wanted in self._painted if wanted not in self._known
        }
        self._painted = {}
        self.changed.emit()
        self._asked.start()

    def _failed(self, error: BaseException) -> None:
        # a missing thumbnail is no news for anybody
        _log.info("a thumbnail could not be shown: %s", type(error).__name__)


def _unpacked(made: Sequence[Made]) -> list[QImage | None]:
    """Return the pictures of answers; runs in a thread."""
    images: list[QImage | None] = []
    for one in made:
        image = QImage.fromData(one.jpeg) if one.jpeg else QImage()
        plain = image.convertToFormat(QImage.Format.Format_RGB32)
        images.append(None if image.isNull() else plain)
    return images


__all__ = ["MIDDLE", "Look", "Subject", "ThumbStore"]
