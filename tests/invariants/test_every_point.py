"""One person's morning, killed at one point after the other, at every one in the end.

Runs are started, end, are told of, got and put away. In `make soak` the process dies
once at every statement, commit, request, answer and toast there is on the way, and at
every twentieth step of a coroutine; in `make test` at a few of each kind.
"""

import json
import os
import shutil
import tempfile
from collections import Counter
from pathlib import Path

import pytest

from chrislib.jobs.model import Phase
from tests.invariants import checks
from tests.invariants.crashing import repeatable
from tests.invariants.world import World

_REPORT = os.environ.get("CHRISLIB_SOAK", "")
EFFECTS = frozenset({"statement", "commit", "committed", "request", "answer",
                     "toast", "shown"})  # fmt: skip
AWAITS = frozenset({"await"})
_FEW = 6


def morning(world: World) -> None:
    """Do what a person does; whatever dies on the way is started again."""

    def submit(title: str) -> None:
        world.meant.append(title)
        world.do(world.jobs.submit(world.intent(title)))

    submit("run 1")
    world.meant.append("run 2")
    world.do(world.jobs.submit_now(world.intent("run 2")))
    world.meant += ["run 3", "run 3"]
    two = [world.intent("run 3"), world.intent("run 3")]
    world.do(world.jobs.batches.submit(two, "two of a kind"))
    world.advance(12)
    runs = [
        int(row[0])
        for row in world.server.store.rows(
            "SELECT id FROM instances WHERE title LIKE 'run %' ORDER BY id"
        )
    ]
    for run in runs[1:]:
        world.server.set(run, "registeringFiles")
    world.advance(20)
    for run in runs[1:2]:
        world.server.set(run, "cancelled", error_code="CODE14")
    for run in (*runs[:1], *runs[2:]):
        world.server.set(run, "finishedSuccessfully")
    world.advance(70)
    ended = [job for job in world.all_jobs() if job.phase is Phase.FINISHED]
    if ended:
        world.do(world.jobs.results.discard(ended[0].key))
        world.do(world.jobs.results.undo(ended[0].key))
        world.do(world.jobs.results.later(ended[-1].key))
    world.restart()
    for batch in world.jobs.batches.batches():
        if batch.state == "PAUSED":  # what was cut off waits for its author
            world.do(world.jobs.batches.resume(batch.key))
    world.finish_all()
    for _ in range(2):
        world.advance(100)
    world.finish_all()
    for _ in range(3):
        world.advance(100)


def lived(fuse: int | None, only: frozenset[str]) -> tuple[Counter[str], str]:
    """Live the morning, die once; returns the points passed and where it died."""
    folder = Path(tempfile.mkdtemp(prefix="chrislib-morning-"))

    def crasher() -> object:
        world = World.newest
        return world.process.crasher if world and world.process else None

    with repeatable(crasher):  # type: ignore[arg-type]
        world = World(folder)
        try:
            world.fuse, world.fuse_of = fuse, only
            morning(world)
            checks.check(world)
            checks.at_rest(world)
            _nothing_is_missing(world)
            died = [x.crasher.where for x in world.lives if x.crasher.dead]
            passed: Counter[str] = Counter()
            for life in world.lives:
                passed += life.crasher.passed
            return passed, died[0] if died else ""
        finally:
            world.close()
            shutil.rmtree(folder, ignore_errors=True)


def _nothing_is_missing(world: World) -> None:
    for job in world.all_jobs():
        known = job.phase in (Phase.FINISHED, Phase.FAILED, Phase.NOT_SUBMITTED)
        assert known, f"I16: {job.title} is {job.phase.value}"
    for number, title in world.server.store.rows(
        "SELECT id, title FROM instances WHERE title LIKE 'run %'"
    ):
        owned = [job for job in world.all_jobs() if job.remote_id == number]
        assert len(owned) == 1, f"I1: run {number} ({title}) has {len(owned)} jobs"


def _chosen(total: int, step: int) -> list[int]:
    if _REPORT:
        return list(range(1, total + 1, step))
    return [1 + total * part // _FEW for part in range(_FEW)]


@pytest.mark.parametrize(("only", "step"), [(EFFECTS, 1), (AWAITS, 20)])
def test_killed_at_each_point_nothing_is_lost(only: frozenset[str], step: int) -> None:
    passed, died = lived(None, frozenset())
    assert died == ""
    total = sum(count for kind, count in passed.items() if kind in only)
    assert total > 100
    died_at: Counter[str] = Counter()
    for number in _chosen(total, step):
        try:
            _, where = lived(number, only)
        except AssertionError as error:
            kinds = ", ".join(sorted(only))
            raise AssertionError(f"killed at {number} of {kinds}: {error}") from error
        died_at[where] += 1
    # Some stories end before their point: pages hold more or fewer rows each time.
    assert sum(died_at.values()) - died_at[""] >= 0.6 * len(_chosen(total, step))
    if _REPORT:
        report = Path(_REPORT).with_name(f"points-{len(only)}.json")
        report.write_text(json.dumps(died_at), encoding="utf-8")
