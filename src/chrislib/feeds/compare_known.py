"""What is known of a comparison so far, in words: nothing unread is called the same."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from chrislib.feeds.compare_files import count_verdicts
from chrislib.feeds.compare_model import FilesCompared, RunsCompared, glance
from chrislib.feeds.compare_nodes import NodePair

KEPT = 20_000
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


class _Tally:
    """Outcomes of all nodes of two feeds, counted as they come."""

    def __init__(self) -> None:
        self.both = self.alone = self.differ = self.same = 0
        self.no_values = self.no_files = self.unread = 0

    def count(self, one: Outcome, by: int) -> None:
        """Count an outcome (1), or no longer (-1)."""
        if one.side:
            self.alone += by
            return
        listed = one.files is not None and not one.files.problem
        self.both += by
        self.differ += by * bool(one.differences)
        self.same += by * (one.row[0] == "same")
        self.no_values += by * (not one.values)
        self.no_files += by * (not listed)
        self.unread += by * (one.files.unread if one.files is not None else 0)

    @property
    def words(self) -> str:
        """What differs between the feeds, and what was not looked at."""
        if not self.both + self.alone:
            return ""
        parts = [f"{_many(self.both, 'node')} on both sides"]
        if self.differ:
            parts.append("1 differs" if self.differ == 1 else f"{self.differ:,} differ")
        elif self.both and self.same == self.both:
            parts.append("nothing differs but times")
        parts += [f"{self.alone:,} only on one side"] if self.alone else []
        unknown = {"values": self.no_values, "files": self.no_files}
        if self.no_values == self.no_files:
            unknown = {"values and files": self.no_files}
        parts += [
            f"{what} of {_many(number, 'pair')} not compared"
            for what, number in unknown.items()
            if number
        ]
        if self.unread:
            parts.append(f"contents of {_files(self.unread)} not compared")
        return " · ".join(parts)


class Known:
    """What was found so far, by place."""

    def __init__(self) -> None:
        self.runs: dict[str, RunsCompared] = {}
        self.files: dict[str, FilesCompared] = {}
        """The files of nodes, as many as are held; `counted` knows of all."""
        self._counts: dict[str, FileCounts] = {}
        self._outcomes: dict[str, Outcome] = {}
        self._pairs: dict[str, NodePair] = {}
        self._tally = _Tally()
        self._held = 0

    def begin(self, pairs: Iterable[NodePair]) -> None:
        """Forget what was known; these are compared now."""
        self.runs.clear()
        self.files.clear()
        self._counts.clear()
        self._outcomes.clear()
        self._held = 0
        self._pairs = {pair.place: pair for pair in pairs}
        self._tally = _Tally()
        for pair in self._pairs.values():
            self._tally.count(self.of(pair), 1)

    @property
    def head(self) -> str:
        """What differs between all pairs, and what was not looked at."""
        return self._tally.words

    @property
    def unlisted(self) -> int:
        """How many nodes on both sides have files that were not compared."""
        return self._tally.no_files

    def take_runs(self, found: Mapping[str, RunsCompared]) -> None:
        """Take what differs in the values of nodes."""
        self.runs.update(found)
        for place in found:
            self._renew(place)

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
        self._renew(place)

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

    def _renew(self, place: str) -> None:
        before, pair = self._outcomes.pop(place, None), self._pairs.get(place)
        if pair is not None and before is not None:
            self._tally.count(before, -1)
            self._tally.count(self.of(pair), 1)

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


def _files(number: int) -> str:
    return _many(number, "file")


def _many(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
