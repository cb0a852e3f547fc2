"""Pictures of rows from the thumbnail store, for every view of My Library."""

from collections.abc import Iterable

from PySide6.QtGui import QPixmap

from chrislib.library.mine.model import Row
from chrislib.library.thumbnails.model import Subject
from chrislib.views.widgets.thumbs import ThumbStore


class StorePictures:
    """What grid, list and inspector ask the store.

    Parameters
    ----------
    owner : object
        For whom pictures are asked before they are drawn.
    """

    def __init__(self, store: ThumbStore, owner: object) -> None:
        self._store = store
        self._owner = owner

    def of(self, row: Row, side: float) -> QPixmap | None:
        """Return a picture `side` device px wide or more; asks where there is none."""
        return self._store.picture(subject_of(row), side)

    def scrub(self, row: Row, share: float, side: float) -> QPixmap | None:
        """Return the picture at `share` (0 to 1) of a series that is here, if any."""
        subject = subject_of(row)
        return None if subject is None else self._store.scrub(subject, share, side)

    def look_at(self, shown: Iterable[Row], near: Iterable[Row], side: float) -> None:
        """Ask first for what is in sight, then for what is next to it."""
        self._store.look_at(self._owner, _subjects(shown), _subjects(near), side=side)


def subject_of(row: Row) -> Subject | None:
    """Return what a row's picture is of; of studies and patients their cover."""
    return Subject.of_both(row.series_key, row.item)


def _subjects(rows: Iterable[Row]) -> list[Subject]:
    found = (subject_of(row) for row in rows)
    return [one for one in found if one is not None]
