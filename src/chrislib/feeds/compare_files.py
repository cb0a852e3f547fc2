"""What differs between the files of two nodes. Pure, but for `contents_equal`."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from chrislib.aio import several
from chrislib.feeds.model import OutputEntry
from chrislib.feeds.outputs import walk

WORDS: Mapping[str, str] = {
    "same": "Same",
    "size": "Same size",
    "differs": "Different",
    "left": "Only left",
    "right": "Only right",
}
"""Verdict to the words on screen; "same" is said of contents that were compared."""

_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class FilePair:
    """Two files at the same place below their nodes' output folders.

    `verdict` is a key of `WORDS`; "size" says that the contents were not looked at.
    """

    relative: str
    left: OutputEntry | None
    right: OutputEntry | None
    verdict: str


def compare_files(
    left: Iterable[OutputEntry], right: Iterable[OutputEntry]
) -> list[FilePair]:
    """Pair files by their place; folders are walked, dead links left out.

    Where all files of each side lie in one folder and only its name differs (that of
    the data a feed was made of), places are counted from inside it. Two links to one
    file of the storage are the same without a look.

    Returns
    -------
    list of FilePair
        In the order of their paths.
    """
    ours = {entry.relative: entry for entry in walk(left)}
    theirs = {entry.relative: entry for entry in walk(right)}
    tops = _only_folder(ours), _only_folder(theirs)
    if all(tops) and tops[0] != tops[1]:
        ours = _inside(ours)
        theirs = _inside(theirs)
    return [
        FilePair(
            relative,
            ours.get(relative),
            theirs.get(relative),
            _verdict(ours.get(relative), theirs.get(relative)),
        )
        for relative in sorted({*ours, *theirs}, key=lambda text: (text.lower(), text))
    ]


def count_verdicts(pairs: Iterable[FilePair]) -> dict[str, int]:
    """Return how many pairs there are of each verdict, in the order of `WORDS`."""
    found = dict.fromkeys(WORDS, 0)
    for pair in pairs:
        found[pair.verdict] += 1
    return {verdict: count for verdict, count in found.items() if count}


async def contents_equal(
    fetch: Callable[[OutputEntry], Awaitable[Path]], pair: FilePair
) -> bool:
    """Fetch both files of a pair and compare every byte (network, disk).

    Parameters
    ----------
    fetch : callable
        Brings a file to this computer, e.g. `FeedOutputs.fetch`.

    Raises
    ------
    ChrislibError
        One of them could not be fetched.
    """
    if pair.left is None or pair.right is None:
        return False
    first, second = await several((pair.left, pair.right), fetch, at_once=2)
    return first == second or await asyncio.to_thread(equal_files, first, second)


def equal_files(first: Path, second: Path) -> bool:
    """Return whether two files hold the same bytes (disk)."""
    with first.open("rb") as one, second.open("rb") as other:
        while True:
            block = one.read(_BLOCK)
            if block != other.read(_BLOCK):
                return False
            if not block:
                return True


def _only_folder(files: Mapping[str, OutputEntry]) -> str:
    """Return the folder in which all files lie, "" where there are several."""
    tops = {relative.partition("/")[0] for relative in files}
    inside = all("/" in relative for relative in files)
    return tops.pop() if inside and len(tops) == 1 else ""


def _inside(files: Mapping[str, OutputEntry]) -> dict[str, OutputEntry]:
    return {relative.partition("/")[2]: entry for relative, entry in files.items()}


def _verdict(left: OutputEntry | None, right: OutputEntry | None) -> str:
    if right is None:
        return "left"
    if left is None:
        return "right"
    if left.file_id == right.file_id:
        return "same"
    if left.size is None or right.size is None:
        return "size" if left.size == right.size else "differs"
    if left.size != right.size:
        return "differs"
    return "same" if left.size == 0 else "size"
