"""What is known of a comparison so far, in words: nothing unread is called the same."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from chrislib.feeds.compare_files import count_verdicts
from chrislib.feeds.compare_model import FilesCompared, RunsCompared, glance
from chrislib.feeds.compare_nodes import NodePair

KEPT = 50_000
"""Pairs of files that are held whole; of other nodes only how many differ is."""


@dataclass(frozen=True, slots=True)
class FileCounts:
    """The files of two nodes, counted.

    Attributes
    ----------
    differ : int
        Of other size or content, or only on one side.
    unread : int
        Of the same size; their contents were not compared.
    problem : str
        Why a side could not be listed.
    """

    differ: int = 0
    unread: int = 0
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is known of two nodes.

    Attributes
    ----------
    differences : tuple of str
        What differs, in words.
    values : bool
        Whether their values were compared.
    files : FileCounts or None
        None while their files were not compared.
    side : str
        "left" or "right" where only one side has the node.
    """

    differences: tuple[str, ...] = ()
    values: bool = False
    files: FileCounts | None = None
    side: str = ""

    @property
    def row(self) -> tuple[str, str]:
        """Verdict, a key of `compare_files.WORDS`, and what differs in words."""
        if self.side:
            return self.side, f"Only {self.side}"
        if self.differences:
            return "differs", ", ".join(self.differences)
        words = "Same values" if self.values else "Same version"
        if self.files is None:
            return "size", words
        if self.files.problem:
            return "size", f"{words}, files not listed"
        if self.files.unread:
            return "size", f"{words} and file sizes"
        return ("same", "Same") if self.values else ("size", f"{words} and files")

    @property
    def head(self) -> str:
        """What differs between the two, and what was not looked at."""
        if self.side or not (self.values or self.files):
            return ""
        parts = []
        if self.differences:
            parts.append(f"Differs in: {', '.join(self.differences)}")
        elif self.row[0] == "same":
            parts.append("Nothing differs but times")
        else:
            unread = self.files is not None and self.files.unread
            also = " and file sizes" if unread else ""
            parts.append(f"Same {'values' if self.values else 'version'}{also}")
        parts += [] if self.values else ["values not compared"]
        if self.files is None:
            parts.append("files not compared")
        elif self.files.problem:
            parts.append("files could not be listed")
        elif self.files.unread:
            parts.append(f"contents of {_files(self.files.unread)} not compared")
        return " · ".join(parts)


class Known:
    """What was found so far, by place."""

    def __init__(self) -> None:
        self.runs: dict[str, RunsCompared] = {}
        self.files: dict[str, FilesCompared] = {}
        """The files of nodes, as many as are held; `counted` knows of all."""
        self._counts: dict[str, FileCounts] = {}
        self._outcomes: dict[str, Outcome] = {}
        self._held = 0

    def clear(self) -> None:
        """Forget all of it."""
        self.runs.clear()
        self.files.clear()
        self._counts.clear()
        self._outcomes.clear()
        self._held = 0

    def take_runs(self, found: Mapping[str, RunsCompared]) -> None:
        """Take what differs in the values of nodes."""
        self.runs.update(found)
        for place in found:
            self._outcomes.pop(place, None)

    def take_files(
        self, place: str, files: FilesCompared, *, hold: bool = True
    ) -> None:
        """Take the files of two nodes.

        Parameters
        ----------
        hold : bool
            Hold all of them, else only while they are few.
        """
        before = self.files.pop(place, None)
        self._held -= 0 if before is None else len(before.pairs)
        if hold or self._held + len(files.pairs) <= KEPT:
            self.files[place] = files
            self._held += len(files.pairs)
        self._counts[place] = count_files(files)
        self._outcomes.pop(place, None)

    def counted(self, place: str) -> bool:
        """Return whether the files of two nodes were listed and compared."""
        counts = self._counts.get(place)
        return counts is not None and not counts.problem

    def of(self, pair: NodePair) -> Outcome:
        """Return what is known of two nodes."""
        found = self._outcomes.get(pair.place)
        if found is None:
            found = self._find(pair)
            self._outcomes[pair.place] = found
        return found

    def _find(self, pair: NodePair) -> Outcome:
        if pair.left is None or pair.right is None:
            return Outcome(side="right" if pair.left is None else "left")
        runs, counts = self.runs.get(pair.place), self._counts.get(pair.place)
        values = glance(pair) if runs is None else runs.differences
        files = (_files(counts.differ),) if counts and counts.differ else ()
        return Outcome((*values, *files), runs is not None, counts)


def count_files(files: FilesCompared) -> FileCounts:
    """Return how many files of two nodes differ, and how many were not read."""
    if files.problem:
        return FileCounts(problem=files.problem)
    counts = count_verdicts(files.pairs)
    differ = sum(counts.get(one, 0) for one in ("differs", "left", "right"))
    return FileCounts(differ, counts.get("size", 0))


def head_of_feeds(outcomes: Iterable[Outcome]) -> str:
    """Return in words what differs between two feeds, and what was not looked at."""
    both = alone = differ = same = no_values = no_files = unread = 0
    for one in outcomes:
        if one.side:
            alone += 1
            continue
        both += 1
        differ += bool(one.differences)
        same += one.row[0] == "same"
        no_values += not one.values
        no_files += one.files is None or bool(one.files.problem)
        unread += one.files.unread if one.files is not None else 0
    parts = [f"{_many(both, 'node')} on both sides"]
    if differ:
        parts.append("1 differs" if differ == 1 else f"{differ:,} differ")
    elif both and same == both:
        parts.append("nothing differs but times")
    parts += [f"{alone:,} only on one side"] if alone else []
    if no_values and no_values == no_files:
        parts.append(f"values and files of {_many(no_files, 'pair')} not compared")
    else:
        for number, what in ((no_values, "values"), (no_files, "files")):
            if number:
                parts.append(f"{what} of {_many(number, 'pair')} not compared")
    parts += [f"contents of {_files(unread)} not compared"] if unread else []
    return " · ".join(parts)


def _files(number: int) -> str:
    return _many(number, "file")


def _many(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
