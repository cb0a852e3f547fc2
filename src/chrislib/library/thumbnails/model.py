"""What a small picture is of, and what became of making it."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from hashlib import blake2b

from chrislib.library.model import Item, ItemState, Source

SMALL, LARGE = 128, 320
"""Pixels of the longer side: rows and trays, and the grid."""
MIDDLE = 50
"""Percent of the way through a series where its picture is taken from."""
STOPS = tuple(range(4, 100, 8))
"""Percents of the way where pictures are made while the pointer moves across."""


def series_subject(series_key: int) -> str:
    """Return the key of the subject that a series of this computer is."""
    return f"s{series_key}"


def item_key(item_id: str, path: str) -> str:
    """Return the key of the subject that a library item is."""
    place = f"{item_id}\n{path}".encode()
    return f"i{blake2b(place, digest_size=12).hexdigest()}"


@dataclass(frozen=True, slots=True)
class Subject:
    """What a small picture is of: a series of this computer, or an item of a server.

    Attributes
    ----------
    key : str
        The same for the same subject at any time; says nothing about a patient.
    series_key : int or None
        A series of the index of local files.
    item : Item or None
        What lies on the server; used when there are no local files.
    """

    key: str
    series_key: int | None = None
    item: Item | None = None

    @classmethod
    def of_series(cls, series_key: int) -> "Subject":
        """Return a series of this computer."""
        return cls(series_subject(series_key), series_key=series_key)

    @classmethod
    def of_item(cls, item: Item) -> "Subject":
        """Return what a library item holds."""
        return cls(item_key(item.item_id, item.path), item=item)

    @classmethod
    def of_both(cls, series_key: int | None, item: Item | None) -> "Subject | None":
        """Return the local series if there is one, else the item, else None."""
        if series_key is not None:
            return cls.of_series(series_key)
        return cls.of_item(item) if item is not None else None

    @property
    def can_have_picture(self) -> bool:
        """Whether it is worth asking: there are files, and they may be pictures."""
        if self.series_key is not None:
            return True
        item = self.item
        if item is None or item.state is not ItemState.READY or not item.path:
            return False
        return item.source is not Source.UPLOAD or bool(item.series_uid)

    def __eq__(self, other: object) -> bool:
        """Compare by what it is of: an item that changed is the same subject."""
        return isinstance(other, Subject) and other.key == self.key

    def __hash__(self) -> int:
        """Return the hash of the key."""
        return hash(self.key)


@dataclass(frozen=True, slots=True)
class Wanted:
    """One picture: of what, how large at most, how far into the series (percent)."""

    subject: Subject
    side: int = SMALL
    share: int = MIDDLE


class Outcome(Enum):
    """What became of a wish."""

    READY = "ready"
    NONE = "none"
    """No picture can be made of it."""
    LATER = "later"
    """Not now: there is no connection, or the server does not answer."""


@dataclass(frozen=True, slots=True)
class Made:
    """The answer to a wish; `jpeg` is empty unless it is READY."""

    wanted: Wanted
    outcome: Outcome
    jpeg: bytes = b""
    reason: str = ""


Listener = Callable[[tuple[Made, ...]], None]


def side_for(pixels: float) -> int:
    """Return the size of picture that fills so many pixels."""
    return SMALL if pixels <= SMALL else LARGE


def nearest_stop(share: float) -> int:
    """Return the stop (percent) next to a share from 0 to 1."""
    return min(STOPS, key=lambda stop: abs(stop - share * 100))
