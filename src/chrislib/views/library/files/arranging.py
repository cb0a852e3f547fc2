"""Putting thousands of entries in order, in steps that hold up nobody."""

from collections.abc import Callable, Sequence
from heapq import merge
from typing import Any

from chrislib.aio import Breather
from chrislib.library.storage.model import Entry, Key, Leads, natural
from chrislib.views.library.files import words

NAME, TYPE, SIZE, CHANGED = range(4)
_STEP = 100
_RUN = 1000
"""So many are sorted at once, and such runs then put together."""


def _size(entry: Entry) -> int:
    return -1 if entry.size is None else entry.size


def _made(entry: Entry) -> float:
    return entry.created_at


def _name(entry: Entry) -> tuple[list[int | str], str]:
    return natural(entry.label)


_KEYS: dict[int, Callable[[Entry], Any]] = {
    NAME: _name,
    TYPE: words.type_words,
    SIZE: _size,
    CHANGED: _made,
}


async def arranged(
    entries: Sequence[Entry], column: int, *, downwards: bool
) -> list[Key]:
    """Return the keys of entries sorted by a column, folders first, equals by name.

    Keys are made and sorted in steps.
    """
    breather = Breather()
    folders: list[Entry] = []
    others: list[Entry] = []
    for number, entry in enumerate(entries):
        (folders if entry.leads is Leads.FOLDER else others).append(entry)
        if number % _STEP == 0:
            await breather.rest()
    found: list[Key] = []
    for part in (folders, others):
        named = await _sorted(part, _name, downwards=column == NAME and downwards)
        if column != NAME:
            named = await _sorted(named, _KEYS[column], downwards=downwards)
        for number, entry in enumerate(named):
            found.append(entry.key)
            if number % _STEP == 0:
                await breather.rest()
    return found


async def _sorted(
    entries: list[Entry], key: Callable[[Entry], Any], *, downwards: bool
) -> list[Entry]:
    breather = Breather()
    keys: list[Any] = []
    for number, entry in enumerate(entries):
        keys.append(key(entry))
        if number % _STEP == 0:
            await breather.rest()
    runs = []
    for first in range(0, len(entries), _RUN):
        places = range(first, min(first + _RUN, len(entries)))
        runs.append(sorted(places, key=keys.__getitem__, reverse=downwards))
        await breather.rest()
    found = []
    merged = merge(*runs, key=keys.__getitem__, reverse=downwards)
    for number, place in enumerate(merged):
        found.append(entries[place])
        if number % _STEP == 0:
            await breather.rest()
    return found
