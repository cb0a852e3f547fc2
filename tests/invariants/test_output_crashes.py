"""Getting and deleting outputs, killed at one point after the other."""

import os
import random
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from chrislib.aio import spawn
from chrislib.jobs.model import Job, JobKey, Kind, Phase, ResultState, Retention
from tests.invariants import checks
from tests.invariants.crashing import Crasher, repeatable
from tests.invariants.world import World

_SOAK = bool(os.environ.get("CHRISLIB_SOAK"))
_POINTS = 150 if _SOAK else 24
_FARTHEST = 260
FILES = {"a.bin": b"a" * 3000, "sub/b.bin": b"b" * 70_000, "c.txt": b""}


_SETTLED = (ResultState.READY, ResultState.FETCHED)
_ENDS = (Retention.PRESENT, Retention.PURGED, Retention.PURGE_FAILED)


@contextmanager
def a_world() -> Iterator[World]:
    """Make a world whose process can be killed."""
    World.newest = None

    def crasher() -> Crasher | None:
        now = World.newest
        return now.process.crasher if now is not None and now.process else None

    place = tempfile.TemporaryDirectory(prefix="chrislib-outputs-")
    with place as folder, repeatable(crasher):
        made = World(Path(folder))
        try:
            yield made
        finally:
            made.close()


def points(seed: int) -> list[int]:
    """Return the points to die at, near ones more often."""
    dice = random.Random(seed)
    return [int(_FARTHEST ** dice.random()) for _ in range(_POINTS)]


def job(world: World, key: JobKey) -> Job:
    """Return a job that must be there."""
    found = world.jobs.get(key)
    assert found is not None
    return found


def until(world: World, condition: Callable[..., bool]) -> None:
    """Let time pass until something is so."""
    for _ in range(120):
        if condition():
            return
        world.advance(5)
    raise AssertionError("it did not happen")


def an_output(world: World, number: int) -> JobKey:
    """Return a run that has finished, with files on the server."""
    title = f"output {number}"
    world.meant.append(title)
    made = world.do(world.jobs.submit_now(world.intent(title)))
    assert made is not None
    assert made.remote_id is not None
    key, run = made.key, made.remote_id
    for name, content in FILES.items():
        world.server.add_file(run, name, content)
    world.server.set(run, "registeringFiles")
    world.server.set(run, "finishedSuccessfully")
    until(world, lambda: job(world, key).phase is Phase.FINISHED)
    return key


def nothing_short(folder: Path) -> int:
    """Make sure that what has a final name is whole; returns how many there are."""
    found = [p for p in folder.rglob("*") if p.is_file() and p.suffix != ".part"]
    for path in found:
        name = path.relative_to(folder).as_posix()
        assert path.read_bytes() == FILES[name], f"{name} is short"
    return len(found)


def test_a_get_killed_anywhere_is_whole_or_was_never_asked_for() -> None:
    with a_world() as world:
        get_outputs(world)
        assert world.crashes > _POINTS // 2


def get_outputs(world: World) -> None:
    """Get one output after the other, killed at another point each time."""
    for number, point in enumerate(points(1)):
        key = an_output(world, number)
        folder = world.folder / f"chosen {number}"
        folder.mkdir()

        async def get_and_wait(key: JobKey = key, folder: Path = folder) -> None:
            await world.jobs.results.get(key, folder)
            while job(world, key).result is not ResultState.FETCHED:
                await world.clock.sleep(0.2)

        world.do(get_and_wait(), crash=point)
        nothing_short(folder)
        until(world, lambda key=key: job(world, key).result in _SETTLED)
        asked = job(world, key).result is ResultState.FETCHED
        assert nothing_short(folder) == (len(FILES) if asked else 0)
        assert not list(folder.rglob("*.part"))
        downloads = [
            j
            for j in world.jobs.jobs()
            if j.kind is Kind.DOWNLOAD
            and getattr(j.intent, "instance_id", 0) == job(world, key).remote_id
        ]
        assert len(downloads) == int(asked)
        checks.check(world)


def test_a_purge_killed_anywhere_is_never_believed_and_never_repeated() -> None:
    with a_world() as world:
        purge_outputs(world)
        assert world.crashes > _POINTS // 3


def purge_outputs(world: World) -> None:
    """Delete one run after the other, killed at another point each time."""
    for number, point in enumerate(points(2)):
        key = an_output(world, number)
        run = job(world, key).remote_id
        assert run is not None
        before = len(deletes(world))

        async def purge(key: JobKey = key) -> None:
            plan = await world.jobs.results.purge_plan(key)
            await world.jobs.results.purge(key, plan.token)
            while job(world, key).retention is Retention.PURGING:
                await world.clock.sleep(0.2)

        # The server is slow sometimes, so that kills meet deletions under way.
        if number % 2:
            world.do(purge_taken(world, key), crash=point)
        else:
            world.do(with_deletions(world, purge()), crash=point)
        world.server.delete_pending()
        until(world, lambda key=key: job(world, key).retention in _ENDS)
        there = world.server.store.value("SELECT 1 FROM instances WHERE id=?", run)
        asked = len(deletes(world)) - before
        assert asked <= 1
        if job(world, key).retention is Retention.PURGED:
            assert there is None
        else:
            assert asked == 0 or there is not None
        checks.check(world)


async def purge_taken(world: World, key: JobKey) -> None:
    """Have a deletion taken, and wait a while."""
    plan = await world.jobs.results.purge_plan(key)
    await world.jobs.results.purge(key, plan.token)
    await world.clock.sleep(3)


async def with_deletions(world: World, work: Awaitable[None]) -> None:
    """Carry something out while the server deletes what it is asked to."""

    async def deleting() -> None:
        while True:
            await world.clock.sleep(0.3)
            world.server.delete_pending()

    task = spawn(deleting(), name="server")
    try:
        await work
    finally:
        task.cancel()


def deletes(world: World) -> list[str]:
    """Return what the server was asked to delete."""
    return [asked.path for asked in world.server.log if asked.method == "DELETE"]
