"""Kills a process again and again while it sends thousands of files.

Run as ``python -m tests.soak.uploads FOLDER`` for one life of what is killed. What
counts is what the server has in the end: it is asked by a process that was never
killed.
"""

import asyncio
import json
import random
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from chrislib.catalog.catalog import Catalog
from chrislib.cube.client import CubeClient
from chrislib.jobs.clock import SystemClock
from chrislib.jobs.manager import JobManager
from chrislib.jobs.model import JobChange, Kind, Phase, UploadFile, UploadIntent

_ROOT = Path(__file__).resolve().parents[2]
_LOOKED_INTO = 40
"""Files of each upload whose bytes are compared, not only their number."""


@dataclass(slots=True)
class UploadCounts:
    """What was seen over all rounds; all but the first five must stay 0."""

    rounds: int = 0
    killed: int = 0
    uploads: int = 0
    files: int = 0
    on_server: int = 0
    missing: int = 0
    twice: int = 0
    short: int = 0
    wrong: int = 0
    failed: int = 0
    damaged: int = 0
    problems: list[str] = field(default_factory=list)

    @property
    def held(self) -> bool:
        """Whether every file is there once and whole, and the catalog is sound."""
        bad = (self.missing, self.twice, self.short, self.wrong, self.failed)
        return not any((*bad, self.damaged)) and not self.problems


def kill_uploads(
    folder: Path,
    rounds: int,
    *,
    server: tuple[str, str],
    files: int,
    seed: int,
    say: Callable[[str], None] = lambda _line: None,
) -> UploadCounts:
    """Kill uploads of so many files; what ends is looked at and begun anew.

    Parameters
    ----------
    server : tuple of (url, token)
    """
    rng = random.Random(seed)
    counts = UploadCounts()
    corpus = folder / "corpus"
    corpus.mkdir(parents=True)
    for number in range(files):
        # sizes tell them apart, contents too
        (corpus / f"{number:05}.dcm").write_bytes(rng.randbytes(1000 + number))
    number, longest = 0, max(0.4, files / 400)
    while counts.rounds < rounds:
        _plan(folder, number, server=server)
        while not _one_life(folder, counts, wait=rng.uniform(0.0, longest)):
            _look(folder, counts)
            if counts.rounds >= rounds:
                # the last one ends in peace
                _one_life(folder, counts, wait=600.0)
                break
            if counts.rounds % 10 == 0:
                say(f"uploads: {counts.rounds} rounds, {counts.killed} killed")
        _look(folder, counts)
        asyncio.run(_compare(folder, number, server=server, counts=counts))
        number += 1
    return counts


def as_json(counts: UploadCounts) -> dict[str, Any]:
    """Return the counts as JSON values."""
    return asdict(counts) | {"held": counts.held}


async def live(folder: Path) -> None:
    """Go on with the upload of this folder, or begin it, until it ends."""
    wanted = json.loads((folder / "wanted.json").read_text("utf-8"))
    catalog = Catalog(_database(folder))
    await catalog.open()
    assert not catalog.read_only, "the one killed before holds nothing"
    client = CubeClient(wanted["url"], token=wanted["token"])
    await client.identify()
    jobs = JobManager(
        catalog=catalog,
        client_for=lambda: client,
        pacs=lambda: None,
        clock=SystemClock(),
        base_period=0.2,
        adopts=False,
    )
    ended = asyncio.Event()
    try:
        await jobs.start()
        await jobs.refresh()
        known = [job for job in jobs.jobs() if job.intent.title == wanted["to"]]
        assert len(known) <= 1
        key = known[0].key if known else await jobs.submit(_intent(folder, wanted))
        told = jobs.subscribe(lambda changes: _look_for_end(changes, ended))
        sys.stdout.write("sending\n")
        sys.stdout.flush()
        job = jobs.get(key)
        if job is None or not job.phase.terminal:
            await ended.wait()
        told()
    finally:
        await jobs.stop()
        await client.aclose()
        await catalog.close()


def _look_for_end(changes: tuple[JobChange, ...], ended: asyncio.Event) -> None:
    if any(change.after.phase.terminal for change in changes):
        ended.set()


def _plan(folder: Path, number: int, *, server: tuple[str, str]) -> None:
    url, token = server
    to = f"home/local/uploads/{folder.name}-{number}"
    wanted = {"url": url, "token": token, "to": to}
    (folder / "wanted.json").write_text(json.dumps(wanted), "utf-8")


def _intent(folder: Path, wanted: dict[str, str]) -> UploadIntent:
    to = wanted["to"]
    files = tuple(
        UploadFile(str(path), f"{to}/{at % 3}/{path.name}", path.stat().st_size)
        for at, path in enumerate(sorted((folder / "corpus").iterdir()))
    )
    return UploadIntent(to, files, to)


def _one_life(folder: Path, counts: UploadCounts, *, wait: float) -> bool:
    """Live, and be killed in the midst of it; whether the upload ended before."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.soak.uploads", str(folder)],
        cwd=_ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    counts.rounds += wait < 600.0
    with process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        try:
            code = process.wait(wait)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            counts.killed += 1
            return False
        if code:
            counts.problems.append(process.stderr.read()[-2000:])
    return True


def _look(folder: Path, counts: UploadCounts) -> None:
    """Look at the catalog as it was left."""
    with closing(sqlite3.connect(_database(folder))) as db:
        counts.damaged += db.execute("PRAGMA integrity_check").fetchone() != ("ok",)


async def _compare(
    folder: Path, number: int, *, server: tuple[str, str], counts: UploadCounts
) -> None:
    """Ask the server what it has, and compare bytes of some of it (network)."""
    wanted = json.loads((folder / "wanted.json").read_text("utf-8"))
    intent = _intent(folder, wanted)
    asked = {file.remote: file for file in intent.files}
    counts.uploads += 1
    counts.files += len(asked)
    with closing(sqlite3.connect(_database(folder))) as db:
        rows = db.execute(
            "SELECT phase FROM job WHERE kind=? AND title=?",
            (Kind.UPLOAD.value, intent.title),
        ).fetchall()
    if rows != [(Phase.FINISHED.value,)]:
        counts.failed += 1
        counts.problems.append(f"upload {number} ended as {rows}")
    url, token = server
    client = CubeClient(url, token=token)
    rng = random.Random(number)
    try:
        await client.identify()
        there = [stored async for stored in client.files.tree(intent.folder)]
        seen = Counter(stored.path for stored in there)
        counts.on_server += len(there)
        counts.missing += len(asked.keys() - seen.keys())
        counts.twice += sum(stored.path not in asked for stored in there)
        counts.twice += sum(n - 1 for n in seen.values())
        for stored in there:
            file = asked.get(stored.path)
            counts.short += file is not None and file.size != stored.size
        for stored in rng.sample(there, min(_LOOKED_INTO, len(there))):
            file = asked.get(stored.path)
            if file is not None:
                found = await client.files.read(stored.id, 1 << 30)
                here = Path(file.local).read_bytes()
                counts.wrong += found != here
    finally:
        await client.aclose()


def _database(folder: Path) -> Path:
    return folder / "state" / "catalog.db"


if __name__ == "__main__":
    asyncio.run(live(Path(sys.argv[1])))
