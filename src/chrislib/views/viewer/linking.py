"""Which picture of one stack belongs to a picture of another one."""

from dataclasses import dataclass

from chrislib.dicom.group import normal
from chrislib.dicom.volume import Stack

_PARALLEL = 0.95
"""Cosine of the angle (18 degrees) up to which slices count as parallel."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """Two pictures that were shown together when the views were linked."""

    mine: int
    theirs: int


def same_place(
    mine: Stack | None,
    theirs: Stack | None,
    *,
    index: int,
    counts: tuple[int, int],
    anchor: Anchor,
) -> int:
    """Return the picture of `theirs` that belongs to picture `index` of `mine`.

    Parallel slices of one study share patient space: the nearest one is taken. Those of
    different studies keep the distance they had when they were linked, in millimeters.
    What is not known to be anywhere goes along by its share of the way.

    Parameters
    ----------
    mine, theirs : Stack or None
        None for what is no DICOM series.
    counts : two int
        Number of pictures of both.
    anchor : Anchor
    """
    last = counts[1] - 1
    sign = direction(mine, theirs)
    if sign and mine is not None and theirs is not None:
        here, start = mine.slices[index].place, mine.slices[anchor.mine].place
        there = theirs.slices[anchor.theirs].place
        if here is not None and start is not None and there is not None:
            same = mine.header.study_uid == theirs.header.study_uid
            wanted = sign * here if same else there + sign * (here - start)
            return _nearest(theirs, wanted)
    if counts[0] < 2:
        return anchor.theirs
    return min(max(round(index / (counts[0] - 1) * last), 0), last)


def goes_along(mine: Stack | None, theirs: Stack | None) -> bool:
    """Whether leafing through one means anything for the other.

    Slices that cross each other share no way to go; where nothing is known of their
    place, nothing speaks against it.
    """
    both = (mine, theirs)
    known = [one is not None and one.header.orientation is not None for one in both]
    return not all(known) or direction(mine, theirs) != 0


def direction(mine: Stack | None, theirs: Stack | None) -> int:
    """Return 1 or -1 for parallel slices that run alike or against each other, or 0."""
    if mine is None or theirs is None or not mine.slices or not theirs.slices:
        return 0
    both = mine.header.orientation, theirs.header.orientation
    if both[0] is None or both[1] is None:
        return 0
    one, other = normal(both[0]), normal(both[1])
    if one is None or other is None:
        return 0
    cosine = sum(a * b for a, b in zip(one, other, strict=True))
    if abs(cosine) < _PARALLEL:
        return 0
    return 1 if cosine > 0 else -1


def _nearest(stack: Stack, wanted: float) -> int:
    places = [
        (abs(one.place - wanted), index)
        for index, one in enumerate(stack.slices)
        if one.place is not None
    ]
    return min(places)[1] if places else 0
