"""What the list of feeds asks for beside the feeds, from memory."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from chrislib.feeds.bulk import Failure, Report, Weight
from chrislib.feeds.measures import Measure
from chrislib.feeds.model import FeedRow
from chrislib.jobs.model import Job

Told = Callable[[int, int], None]


class MemoryMeasures:
    """Run times and sizes by feed."""

    def __init__(self) -> None:
        self.known: dict[int, Measure] = {}
        self.asked: set[int] = set()

    def missing(self, rows: Sequence[FeedRow]) -> list[FeedRow]:
        return [r for r in rows if r.id in self.known and r.id not in self.asked]

    async def of(self, row: FeedRow) -> Measure:
        self.asked.add(row.id)
        return self.known[row.id]


class MemoryTags:
    """Tags and their feeds."""

    def __init__(self) -> None:
        self.feeds: dict[str, set[int]] = {}

    async def all(self) -> tuple[Any, ...]:
        return tuple(
            SimpleNamespace(id=number, label=name, name=name, color="", mine=True)
            for number, name in enumerate(self.feeds)
        )

    async def feeds_of(self, tag_id: int) -> set[int]:
        return set(list(self.feeds.values())[tag_id])


class MemoryBulk:
    """What is done to several feeds; `refused` says to which it cannot be done."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, tuple[int, ...], Any]] = []
        self.refused: dict[int, Any] = {}
        self.weight = Weight(nodes=27, active=2, files=1_204, size=2_100_000_000)
        self.job: Job | None = None

    def _report(self, name: str, rows: Sequence[FeedRow], what: Any) -> Report:
        ids = tuple(int(row.id) for row in rows)
        self.calls.append((name, ids, what))
        failed = tuple(
            Failure(row, self.refused[row.id]) for row in rows if row.id in self.refused
        )
        return Report(tuple(one for one in ids if one not in self.refused), failed)

    async def rename(
        self, rows: Sequence[FeedRow], titles: Mapping[int, str], *, told: Told
    ) -> Report:
        told(len(rows), len(rows))
        return self._report("rename", rows, [titles[row.id] for row in rows])

    async def duplicate(
        self, rows: Sequence[FeedRow], titles: Mapping[int, str], *, told: Told
    ) -> Report:
        return self._report("duplicate", rows, [titles[row.id] for row in rows])

    async def download(
        self, rows: Sequence[FeedRow], folder: Path, *, told: Told
    ) -> Report:
        return self._report("download", rows, folder)

    async def delete(self, rows: Sequence[FeedRow], *, told: Told) -> Report:
        return self._report("delete", rows, None)

    async def weigh(self, rows: Sequence[FeedRow], *, told: Told) -> Weight:
        return self.weight

    async def merge(self, rows: Sequence[FeedRow], title: str) -> Job:
        self._report("merge", rows, title)
        assert self.job is not None
        return self.job
