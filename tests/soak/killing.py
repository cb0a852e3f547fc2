"""Kills a chrislib at random moments, many times, and counts what was lost.

The station is a real process and so is what is killed, with signal 9. After the last
round the work is ended in peace and everything is compared: the lines the killed
processes wrote, the catalog, the station's runs, and the files saved.
"""

import asyncio
import hashlib
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from chrislib.cube.client import CubeClient
from tests.soak.child import Files

_ROOT = Path(__file__).resolve().parents[2]
_CONTENT = b"what every run copies\n" * 200


@dataclass
class Counts:
    """What the rounds came to; everything called lost, duplicate or short must be 0."""

    rounds: int = 0
    seconds: float = 0.0
    submissions: int = 0
    runs_on_server: int = 0
    uncertain_settled: int = 0
    never_sent: int = 0
    lost_jobs: int = 0
    duplicate_submissions: int = 0
    toasts: int = 0
    outcomes: int = 0
    outcomes_untold: int = 0
    duplicate_toasts: int = 0
    files: int = 0
    short_files: int = 0
    integrity: str = ""
    problems: list[str] = field(default_factory=list)

    @property
    def held(self) -> bool:
        """Whether nothing was lost, done twice or cut short."""
        wrong = (
            self.lost_jobs
            + self.duplicate_submissions
            + self.duplicate_toasts
            + self.short_files
        )
        return wrong == 0 and self.integrity == "ok" and not self.problems


class Nursery:
    """The process that starts lives."""

    def __init__(self, folder: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.soak.nursery", str(folder)],
            cwd=_ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def live(self, seed: int, *, drain: bool = False) -> int:
        """Start a life; returns its process id."""
        return int(self._ask(do="live", seed=seed, drain=drain)["pid"])

    def wait(self, pid: int) -> int:
        """Wait for a life to end; returns how."""
        return int(self._ask(do="wait", pid=pid)["status"])

    def close(self) -> None:
        """End it."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(10)
        self._process.stdout.close()

    def _ask(self, **request: Any) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("what starts the lives has ended")
        answer: dict[str, Any] = json.loads(line)
        return answer


async def prepare(folder: Path, url: str, token: str) -> None:
    """Make the feed that every run hangs under, and say where things are."""
    folder.mkdir(parents=True, exist_ok=True)
    client = CubeClient(url, token=token)
    await client.identify()
    local = folder / "input.txt"
    local.write_bytes(_CONTENT)
    remote = f"home/local/uploads/soak-{time.time_ns()}"
    for name in ("a.txt", "b.txt"):
        await client.files.upload(local, f"{remote}/{name}")
    plugins = {
        plugin.name: plugin
        for name in ("pl-dircopy", "pl-simpledsapp")
        async for plugin in client.plugins.list(name_exact=name)
    }
    root = await client.instances.create(plugins["pl-dircopy"].id, {"dir": remote})
    deadline = time.monotonic() + 60
    while (await client.instances.get(root.id)).status != "finishedSuccessfully":
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)
    place = {
        "url": url,
        "token": token,
        "root": root.id,
        "feed": root.feed_id,
        "plugin": plugins["pl-simpledsapp"].id,
        "version": plugins["pl-simpledsapp"].version,
    }
    (folder / "place.json").write_text(json.dumps(place), encoding="utf-8")
    await client.aclose()


class _Moments:
    """Chooses when a life ends: some while they start, most in the midst of work.

    A start takes longer on a busy machine, so it is measured as the rounds go on.
    """

    def __init__(self, files: Files, rng: random.Random) -> None:
        self._files = files
        self._rng = rng
        self._start = 0.6

    def wait(self) -> float:
        """Wait for the chosen moment; returns when the life began to be waited for."""
        began = time.time()
        if self._rng.random() < 0.2:
            time.sleep(self._rng.uniform(0.02, self._start))
        else:
            time.sleep(self._start + self._rng.uniform(0.0, 1.2))
        return began

    def learn(self, pid: int, began: float) -> None:
        """Note how long this life took to start, if it came so far."""
        lines = [line for line in self._files.read("begun") if line["pid"] == pid]
        took = float(lines[-1]["at"]) - began if lines else 1.5 * self._start
        self._start = min(4.0, max(0.2, 0.7 * self._start + 0.3 * took))


def kill_rounds(folder: Path, rounds: int, *, seed: int = 1, say: Any = None) -> Counts:
    """Live and kill so many times, then end the work in peace (processes, network)."""
    rng = random.Random(seed)
    counts = Counts()
    nursery = Nursery(folder)
    moments = _Moments(Files(folder), rng)
    began = time.monotonic()
    database = folder / "state" / "catalog.db"
    try:
        for number in range(rounds):
            pid = nursery.live(rng.randrange(1 << 30))
            began_at = moments.wait()
            os.kill(pid, signal.SIGKILL)
            status = nursery.wait(pid)
            moments.learn(pid, began_at)
            if status != -signal.SIGKILL:
                counts.problems.append(f"round {number} ended by itself: {status}")
            counts.rounds += 1
            if number % 25 == 24:
                found = _integrity(database)
                if found != "ok":
                    counts.problems.append(f"round {number}: {found}")
                if say is not None:
                    sent = len(Files(folder).read("meant"))
                    say(f"{number + 1} rounds, {sent} submissions")
        pid = nursery.live(0, drain=True)
        status = nursery.wait(pid)
        if status != 0:
            counts.problems.append(f"the last life did not end its work: {status}")
    finally:
        nursery.close()
    counts.seconds = round(time.monotonic() - began, 1)
    asyncio.run(_compare(folder, database, counts))
    return counts


def _integrity(database: Path) -> str:
    if not database.exists():
        return "ok"
    with closing(sqlite3.connect(database)) as db:
        return str(db.execute("PRAGMA integrity_check").fetchone()[0])


async def _compare(folder: Path, database: Path, counts: Counts) -> None:
    place = json.loads((folder / "place.json").read_text(encoding="utf-8"))
    files = Files(folder)
    counts.integrity = _integrity(database)
    with closing(sqlite3.connect(database)) as db:
        rows = db.execute(
            "SELECT job_key, title, phase, remote_id, seq, result FROM job "
            "WHERE kind='run'"
        ).fetchall()
        inbox = dict(db.execute("SELECT dedupe_key, toast FROM inbox"))
        uncertain = db.execute(
            "SELECT count(DISTINCT job_key) FROM job_event "
            "WHERE to_phase='SUBMIT_UNCERTAIN'"
        ).fetchone()[0]
        holes = db.execute(
            "SELECT j.job_key FROM job j LEFT JOIN job_event e USING (job_key) "
            "GROUP BY j.job_key HAVING count(e.seq)<>j.seq OR max(e.seq)<>j.seq"
        ).fetchall()
    if holes:
        counts.problems.append(f"{len(holes)} histories have holes")
    _jobs(counts, files, rows, uncertain=uncertain)
    made = await _runs(place)
    _submissions(counts, rows, made)
    _toasts(counts, files, inbox)
    await _files(counts, folder, place, rows)


def _jobs(counts: Counts, files: Files, rows: list[Any], *, uncertain: int) -> None:
    counts.submissions = len(files.read("meant"))
    counts.uncertain_settled = uncertain
    keys = {row[0] for row in rows}
    for line in files.read("journaled"):
        if line["key"] not in keys:
            counts.lost_jobs += 1
            counts.problems.append(f"job {line['key']} is not in the catalog")
    counts.never_sent = sum(row[2] == "NOT_SUBMITTED" for row in rows)
    for line in files.read("refused"):
        counts.problems.append(f"refused: {line['why']}")
    for row in rows:
        if row[2] not in ("FINISHED", "NOT_SUBMITTED"):
            counts.problems.append(f"{row[1]} ended as {row[2]}")


async def _runs(place: dict[str, Any]) -> dict[str, list[int]]:
    """Return the station's runs by what they were called."""
    client = CubeClient(place["url"], token=place["token"])
    await client.identify()
    made: dict[str, list[int]] = {}
    async for instance in client.instances.of_feed(place["feed"]):
        if instance.title.startswith("n"):
            made.setdefault(instance.title, []).append(instance.id)
    await client.aclose()
    return made


def _submissions(counts: Counts, rows: list[Any], made: dict[str, list[int]]) -> None:
    counts.runs_on_server = sum(len(ids) for ids in made.values())
    owned = {row[3]: row for row in rows if row[3] is not None}
    for nonce, ids in made.items():
        if len(ids) > 1:
            counts.duplicate_submissions += len(ids) - 1
            counts.problems.append(f"{nonce} was made {len(ids)} times")
        for number in ids:
            if number not in owned:
                counts.lost_jobs += 1
                counts.problems.append(f"run {number} ({nonce}) belongs to no job")
    for row in rows:
        if row[2] == "NOT_SUBMITTED" and row[1] in made:
            counts.lost_jobs += 1
            counts.problems.append(f"{row[1]} is said not to be there, and is")


def _toasts(counts: Counts, files: Files, inbox: dict[str, str]) -> None:
    shown = files.read("shown")
    told = Counter(key for line in shown for key in line["keys"])
    ids = Counter(line["id"] for line in shown)
    counts.toasts = len(shown)
    counts.outcomes = len(inbox)
    counts.outcomes_untold = sum(key not in told for key in inbox)
    counts.duplicate_toasts = sum(n - 1 for n in told.values()) + sum(
        n - 1 for n in ids.values()
    )
    for key, count in told.items():
        if count > 1:
            counts.problems.append(f"{key} was told {count} times")
        if key not in inbox:
            counts.problems.append(f"{key} was told and is not in the inbox")
    waiting = [key for key, toast in inbox.items() if toast in ("PENDING", "CLAIMED")]
    if waiting:
        counts.problems.append(f"{len(waiting)} outcomes still wait for their toast")


async def _files(
    counts: Counts, folder: Path, place: dict[str, Any], rows: list[Any]
) -> None:
    wanted = hashlib.sha256(_CONTENT).hexdigest()
    for row in rows:
        if row[2] != "FINISHED" or not row[1].startswith("n"):
            continue
        saved = [p for p in (folder / "downloads" / row[1]).rglob("*") if p.is_file()]
        copies = [p for p in saved if p.name.endswith((".txt",)) and "-" in p.name]
        for path in saved:
            if path.suffix == ".part":
                counts.problems.append(f"{path.name} was left")
        counts.files += len(saved)
        if len(copies) < 2:
            counts.short_files += 1
            counts.problems.append(f"{row[1]} has {len(copies)} of its 2 files")
        for path in copies:
            found = hashlib.sha256(path.read_bytes()).hexdigest()
            if found != wanted:
                counts.short_files += 1
                counts.problems.append(f"{path.name} is not whole")


def as_json(counts: Counts) -> dict[str, Any]:
    """Return the counts as JSON values."""
    return asdict(counts) | {"held": counts.held}
