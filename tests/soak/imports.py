"""Kills a process again and again while it brings a folder into the catalog.

Run as ``python -m tests.soak.imports FOLDER`` for one life of what is killed.
"""

import asyncio
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from chrislib.catalog.catalog import Catalog
from chrislib.library.indexing.indexer import Indexer
from chrislib.library.indexing.report import IndexReport
from tests.unit.library.indexing_files import content, series

_ROOT = Path(__file__).resolve().parents[2]
_A_SERIES = 50


@dataclass(slots=True)
class ImportCounts:
    """What was seen over all rounds; all but the first four must stay 0."""

    rounds: int = 0
    killed: int = 0
    ended: int = 0
    files: int = 0
    damaged: int = 0
    twice: int = 0
    miscounted: int = 0
    lost: int = 0
    left_running: int = 0
    problems: list[str] = field(default_factory=list)

    @property
    def held(self) -> bool:
        """Whether nothing was lost, doubled or damaged."""
        bad = (self.damaged, self.twice, self.miscounted, self.lost, self.left_running)
        return not any(bad) and not self.problems


def kill_imports(
    folder: Path,
    rounds: int,
    *,
    files: int,
    seed: int,
    say: Callable[[str], None] = lambda _line: None,
) -> ImportCounts:
    """Kill imports of a folder of so many files; compare with one left alone."""
    rng = random.Random(seed)
    corpus = folder / "corpus"
    for which in range(files // _A_SERIES):
        patient = f"P{which // 4}"
        place = corpus / str(which)
        series(place, _A_SERIES, which=which, patient=patient, study=f"1.{which // 2}")
    counts = ImportCounts(files=files // _A_SERIES * _A_SERIES)
    for number in range(rounds):
        ended = _one_life(folder, counts, wait=rng.random() * 0.8)
        counts.rounds += 1
        _look(folder, counts)
        if ended:
            # There must be something to read in the next life too.
            for path in rng.sample(sorted(corpus.rglob("*.dcm")), counts.files // 2):
                os.utime(path, ns=(0, time.time_ns()))
        if number % 10 == 9:
            say(f"imports: {counts.rounds} rounds, {counts.killed} killed")
    asyncio.run(live(folder))
    asyncio.run(live(folder / "alone", corpus))
    found, wanted = (content(_database(place)) for place in (folder, folder / "alone"))
    counts.lost = counts.files - len(found["files"])
    if found != wanted:
        counts.problems.append("the catalog is not what an import left alone makes")
    return counts


def as_json(counts: ImportCounts) -> dict[str, Any]:
    """Return the counts as JSON values."""
    return asdict(counts) | {"held": counts.held}


async def live(
    folder: Path, corpus: Path | None = None, *, speak: bool = False
) -> IndexReport:
    """Bring the folder in, once, saying when something was read (disk)."""
    catalog = Catalog(_database(folder))
    await catalog.open()
    said = False

    def progress(report: IndexReport) -> None:
        nonlocal said
        if speak and report.read and not said:
            said = True
            sys.stdout.write("reading\n")
            sys.stdout.flush()

    assert not catalog.read_only, "the one killed before holds nothing"
    indexer = Indexer(catalog.index, processes=1)
    report = await indexer.bring_in(corpus or folder / "corpus", progress=progress)
    await catalog.close()
    return report


def _one_life(folder: Path, counts: ImportCounts, *, wait: float) -> bool:
    """Start an import and kill it in its midst; whether it ended before."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.soak.imports", str(folder)],
        cwd=_ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        try:
            code = process.wait(wait)
        except subprocess.TimeoutExpired:
            readers = _children(process.pid)
            process.kill()
            process.wait()
            counts.killed += 1
            counts.left_running += _still_there(readers)
            return False
        if code:
            counts.problems.append(process.stderr.read()[-2000:])
    counts.ended += 1
    return True


def _look(folder: Path, counts: ImportCounts) -> None:
    """Look at the catalog as it was left."""
    found = content(_database(folder))
    if found["check"] != [("ok",)]:
        counts.damaged += 1
    paths = [row[0] for row in found["files"]]
    counts.twice += len(paths) - len(set(paths))
    held = sum(row[4] for row in found["series"])
    studies = sum(row[4] for row in found["studies"])
    words = {row[0] for row in found["words"]}
    keys = {row[0] for row in found["series"]}
    if not held == studies == len(paths) or words != keys:
        counts.miscounted += 1


def _children(pid: int) -> list[int]:
    try:
        tasks = Path(f"/proc/{pid}/task").iterdir()
        lists = [(task / "children").read_text("utf-8") for task in tasks]
    except OSError:
        return []
    return [int(one) for line in lists for one in line.split()]


def _still_there(pids: list[int]) -> int:
    """Count processes that outlive the program they read for."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if not any(_reads_headers(pid) for pid in pids):
            return 0
        time.sleep(0.05)
    return sum(_reads_headers(pid) for pid in pids)


def _reads_headers(pid: int) -> bool:
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False
    return b"chrislib.library.indexing.worker" in command


def _database(folder: Path) -> Path:
    return folder / "state" / "catalog.db"


if __name__ == "__main__":
    asyncio.run(live(Path(sys.argv[1]), speak=True))
