"""Get, later, discard, partial outputs, handlers: one path for all."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from chrislib.errors import ChrislibError
from chrislib.jobs.model import (
    Job,
    JobKey,
    Kind,
    Phase,
    ResultState,
    Retention,
    RunIntent,
)
from chrislib.jobs.outputs import offers
from chrislib.jobs.protocols import MergeOutcome
from tests.scenarios.outputs import finished
from tests.sim import faults
from tests.sim.faults import Fault

pytestmark = pytest.mark.virtual_time


async def fetched(sim: Any, key: JobKey) -> None:
    """Wait until an output is here."""
    await sim.until(lambda: sim.job(key).result is ResultState.FETCHED)


async def test_get_saves_and_says_so_step_by_step(sim: Any, tmp_path: Path) -> None:
    key = await finished(sim, files={"a.txt": b"1", "sub/b.txt": b"22"})
    seen: list[ResultState] = []
    sim.jobs.subscribe(
        lambda changes: seen.extend(
            c.after.result for c in changes if c.after.key == key
        )
    )
    await sim.jobs.results.get(key, tmp_path / "chosen")
    await fetched(sim, key)
    states = list(dict.fromkeys(seen))
    assert states == [ResultState.FETCHING, ResultState.FETCHED]
    assert (tmp_path / "chosen" / "sub" / "b.txt").read_bytes() == b"22"
    rows = await sim.catalog.jobs.inbox()
    assert [row.action for row in rows if row.job_key == key] == ["get"]


async def test_get_without_a_folder_goes_where_outputs_go(
    sim: Any, tmp_path: Path
) -> None:
    key = await finished(sim)
    with pytest.raises(ChrislibError, match="folder"):
        await sim.jobs.results.get(key)
    sim.more["downloads"] = lambda: tmp_path / "mine"
    await sim.restart()
    await sim.jobs.refresh()
    await sim.jobs.results.get(key)
    await fetched(sim, key)
    job = sim.job(key)
    place = (
        tmp_path / "mine" / f"Feed {job.feed_id}" / f"pl-simpledsapp {job.remote_id}"
    )
    assert (place / "a.txt").read_bytes() == b"output"


async def test_several_outputs_go_into_folders_of_their_own(
    sim: Any, tmp_path: Path
) -> None:
    keys = [await finished(sim) for _ in range(3)]
    await sim.jobs.results.discard(keys[2])
    found = await sim.jobs.results.get_several(
        [*keys[:2], JobKey("nobody")], tmp_path / "all"
    )
    assert [error is None for error in found.values()] == [True, True, False]
    for key in keys[:2]:
        await fetched(sim, key)
    names = sorted(path.name for path in (tmp_path / "all").iterdir())
    assert names == [f"pl-simpledsapp {sim.job(key).remote_id}" for key in keys[:2]]
    assert sim.job(keys[2]).result is ResultState.DISCARDED


async def test_get_twice_is_one_download(sim: Any, tmp_path: Path) -> None:
    key = await finished(sim)
    first = await sim.jobs.results.get(key, tmp_path / "chosen")
    assert await sim.jobs.results.get(key, tmp_path / "chosen") == first
    await fetched(sim, key)
    # Got again it is a new download, and what is here is not fetched twice.
    second = await sim.jobs.results.get(key, tmp_path / "chosen")
    assert second != first
    await sim.until(lambda: sim.job(second).phase is Phase.FINISHED)
    await fetched(sim, key)
    assert [p.name for p in (tmp_path / "chosen").iterdir()] == ["a.txt"]


async def test_get_is_journaled_without_a_server_and_done_when_it_is_back(
    sim: Any, tmp_path: Path
) -> None:
    key = await finished(sim)
    down = Fault(faults.refuse, times=None)
    sim.server.faults.append(down)
    await sim.jobs.results.get(key, tmp_path / "chosen")
    await sim.sleep(60)
    assert sim.job(key).result is ResultState.FETCHING
    await sim.restart()
    assert sim.job(key).result is ResultState.FETCHING
    sim.server.faults.remove(down)
    await sim.jobs.refresh()
    await fetched(sim, key)
    assert (tmp_path / "chosen" / "a.txt").read_bytes() == b"output"


async def test_a_get_that_was_stopped_leaves_no_part_and_is_open_again(
    sim: Any, tmp_path: Path
) -> None:
    key = await finished(sim, files={"a.bin": b"x" * 100})
    hanging = Fault(faults.hang(asyncio.sleep), where="/content", times=None)
    sim.server.faults.append(hanging)
    download = await sim.jobs.results.get(key, tmp_path / "chosen")
    await sim.until(lambda: sim.job(download).phase is Phase.RUNNING)
    await sim.jobs.cancel(download)
    await sim.until(lambda: sim.job(key).result is ResultState.READY)
    assert list((tmp_path / "chosen").iterdir()) == []


async def test_a_feeds_pane_download_counts_as_a_get(sim: Any, tmp_path: Path) -> None:
    from chrislib.jobs.model import DownloadIntent

    key = await finished(sim)
    job = sim.job(key)
    path = sim.server.run(job.remote_id)["output_path"]
    intent = DownloadIntent(
        (path,),
        str(tmp_path / "c"),
        "t",
        instance_id=job.remote_id,
        feed_id=job.feed_id,
    )
    await sim.jobs.submit(intent)
    # What the inbox's button says afterwards, however late.
    await fetched(sim, key)
    (row,) = [row for row in await sim.inbox() if row.job_key == key]
    await sim.jobs.act(row.dedupe_key, "get")
    await sim.sleep(30)
    assert sim.job(key).result is ResultState.FETCHED
    downloads = [j for j in sim.jobs.jobs() if j.kind is Kind.DOWNLOAD]
    assert len(downloads) == 1


async def test_later_comes_back_when_its_time_has_come(sim: Any) -> None:
    key = await finished(sim)
    (row,) = await sim.inbox()
    await sim.jobs.act(row.dedupe_key, "seen")
    await sim.jobs.results.later(key, sim.clock.time() + 3600)
    await sim.sleep(1800)
    assert sim.job(key).result is ResultState.SNOOZED
    await sim.restart()
    await sim.sleep(1700)
    assert sim.job(key).result is ResultState.SNOOZED
    await sim.sleep(300)
    assert sim.job(key).result is ResultState.READY
    (row,) = await sim.inbox()
    assert (row.seen_at, row.acted_at) == (None, None)


async def test_a_snooze_can_be_moved(sim: Any) -> None:
    key = await finished(sim)
    await sim.jobs.results.later(key, sim.clock.time() + 86_400)
    await sim.jobs.results.later(key, sim.clock.time() + 600)
    await sim.sleep(700)
    assert sim.job(key).result is ResultState.READY


async def test_later_survives_a_sleeping_computer(sim: Any) -> None:
    key = await finished(sim)
    await sim.jobs.results.later(key, sim.clock.time() + 3600)
    await sim.sleep(10)
    sim.clock.suspend(8 * 3600)
    await sim.sleep(90)
    assert sim.job(key).result is ResultState.READY


async def test_later_without_a_time_waits_for_the_user(sim: Any) -> None:
    key = await finished(sim)
    await sim.jobs.results.later(key)
    await sim.sleep(86_400)
    assert sim.job(key).result is ResultState.SNOOZED
    await sim.jobs.results.discard(key)
    assert sim.job(key).result is ResultState.DISCARDED


async def test_a_discard_while_it_is_fetched_stops_that(
    sim: Any, tmp_path: Path
) -> None:
    key = await finished(sim)
    sim.server.faults.append(
        Fault(faults.hang(asyncio.sleep), where="/content", times=None)
    )
    download = await sim.jobs.results.get(key, tmp_path / "chosen")
    await sim.until(lambda: sim.job(download).phase is Phase.RUNNING)
    await sim.jobs.results.discard(key)
    assert sim.job(download).phase is Phase.CANCELLED
    await sim.sleep(30)
    assert sim.job(key).result is ResultState.DISCARDED


# Handlers.


class Handler:
    """Takes results in, or fails."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.got: list[Any] = []

    def accepts(self, _job: Job) -> int:
        """Return a higher priority than the generic handler's."""
        return 10

    async def apply(
        self, job: Job, files: Any, base: Any, *, replace: bool = False
    ) -> MergeOutcome:
        """Note what came."""
        self.got.append((job.key, files, base, replace))
        if self.error is not None:
            raise self.error
        return MergeOutcome(merged=True, detail="It is in the atlas.")


async def test_a_handler_gets_whole_files_with_their_digests(
    sim: Any, tmp_path: Path
) -> None:
    handler = Handler()
    key = await finished(sim, files={"a.txt": b"1", "b.txt": b"2"})
    sim.jobs.results.intake._handlers = lambda _job: (handler,)
    await sim.jobs.results.get(key, tmp_path / "chosen")
    await sim.until(lambda: sim.job(key).result is ResultState.MERGED)
    ((_, files, base, replace),) = handler.got
    assert sorted(file.path.read_bytes() for file in files.files) == [b"1", b"2"]
    assert all(len(file.sha256) == 64 for file in files.files)
    assert (files.folder, base, replace) == (tmp_path / "chosen", None, False)
    assert sim.job(key).detail == "It is in the atlas."


@pytest.mark.logs("a result handler failed: Handler")
async def test_a_handler_that_fails_loses_nothing(sim: Any, tmp_path: Path) -> None:
    key = await finished(sim)
    other = await finished(sim)
    broken = Handler(RuntimeError("boom"))
    good = Handler()
    sim.jobs.results.intake._handlers = lambda job: (
        broken if job.key == key else good,
    )
    for one in (key, other):
        await sim.jobs.results.get(one, tmp_path / one)
    await sim.until(lambda: sim.job(other).result is ResultState.MERGED)
    await sim.until(lambda: "could not take them" in sim.job(key).detail)
    assert sim.job(key).result is ResultState.FETCHED
    assert (tmp_path / key / "a.txt").read_bytes() == b"output"
    broken.error = None
    assert await sim.jobs.results.settle(key, "separate")
    assert sim.job(key).result is ResultState.MERGED


async def test_what_was_fetched_and_not_handed_on_is_at_the_next_start(
    sim: Any, tmp_path: Path
) -> None:
    key = await finished(sim)

    async def killed(_key: Any, _files: Any) -> None:
        """End before anything was done with the files."""

    sim.jobs.results.intake.take_in = killed
    await sim.jobs.results.get(key, tmp_path / "chosen")
    await fetched(sim, key)
    handler = Handler()
    await sim.stop()
    sim.catalog = type(sim.catalog)(sim.folder / "state" / "catalog.db")
    from chrislib.jobs.outputs.intake import Intake

    real = Intake.resume

    async def with_handler(self: Intake, jobs: Any) -> None:
        self._handlers = lambda _job: (handler,)
        await real(self, jobs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Intake, "resume", with_handler)
        await sim.start()
    await sim.until(lambda: sim.job(key).result is ResultState.MERGED)
    assert len(handler.got) == 1


# Offers.


def a_job(phase: Phase, **more: Any) -> Job:
    """Return a run in a phase."""
    intent = RunIntent(1, "p", "1", "ds", {}, previous_id=1)
    return Job(JobKey("k"), Kind.RUN, phase, intent, "t", **{"remote_id": 3, **more})


def test_what_can_be_got_is_labelled() -> None:
    whole = offers.offer(a_job(Phase.FINISHED))
    assert (whole.possible, whole.label, whole.warning) == (True, "", "")
    partial = offers.offer(a_job(Phase.FINISHED_WITH_ERRORS))
    assert partial.label == "Partial output"
    assert "error" in partial.warning
    seven = offers.offer(a_job(Phase.CANCELLED), generation=7)
    six = offers.offer(a_job(Phase.CANCELLED), generation=6)
    assert seven.possible
    assert "at once" in seven.warning
    assert "at once" not in six.warning
    assert not offers.offer(a_job(Phase.RUNNING)).possible
    assert not offers.offer(a_job(Phase.NOT_SUBMITTED, remote_id=None)).possible
    gone = offers.offer(a_job(Phase.FINISHED, retention=Retention.PURGED))
    assert (gone.possible, gone.reason) == (False, "It was deleted on the server.")


async def test_what_a_stopped_run_wrote_can_be_got(sim: Any, tmp_path: Path) -> None:
    feed = sim.server.add_feed()
    run = sim.server.add_run(feed, status="started", folders=True)
    sim.server.add_file(run, "half.txt", b"half")
    await sim.start()
    key = await sim.follow(run)
    sim.server.set(run, "cancelled")
    await sim.until(lambda: sim.job(key).phase is Phase.CANCELLED)
    assert "at once" in sim.jobs.results.offer(key).warning
    download = await sim.jobs.results.get(key, tmp_path / "chosen")
    await sim.until(lambda: sim.job(download).phase is Phase.FINISHED)
    assert (tmp_path / "chosen" / "half.txt").read_bytes() == b"half"
    assert sim.job(key).result is ResultState.NONE
