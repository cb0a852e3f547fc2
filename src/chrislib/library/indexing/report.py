"""What bringing in a folder came to."""

import os
from dataclasses import dataclass, field
from pathlib import Path

from chrislib.catalog.index_rows import INSTANCE, UNREADABLE

_TOLD_PROBLEMS = 1000


@dataclass(slots=True)
class IndexReport:
    """What bringing in a folder came to.

    Attributes
    ----------
    seen : int
        Ordinary files that were met.
    read : int
        Files that were read, because they are new or changed.
    images : int
        Files read that belong to a series.
    moved, removed : int
        Files known before that are elsewhere now, or gone.
    unreadable : int
        Files and folders that could not be read.
    problems : list of (Path, str)
        The first of them, and why.
    stopped : bool
        It was stopped; what was read until then is kept.
    away : bool
        The folder is not there (a disk that is not connected): nothing was removed.
    """

    seen: int = 0
    read: int = 0
    images: int = 0
    moved: int = 0
    removed: int = 0
    unreadable: int = 0
    problems: list[tuple[Path, str]] = field(default_factory=list)
    stopped: bool = False
    away: bool = False

    def problem(self, path: bytes, reason: str) -> None:
        """Count a file that could not be read; only the first ones are kept."""
        self.unreadable += 1
        if len(self.problems) < _TOLD_PROBLEMS:
            self.problems.append((Path(os.fsdecode(path)), reason))

    def take_back(self, path: bytes, state: int) -> None:
        """Uncount a file that is read once more."""
        self.read -= 1
        self.images -= state == INSTANCE
        if state == UNREADABLE:
            self.unreadable -= 1
            gone = Path(os.fsdecode(path))
            self.problems = [one for one in self.problems if one[0] != gone]
