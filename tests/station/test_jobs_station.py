"""Jobs against the real station process: whatever fails, nothing is lost."""

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from chrislib.catalog.catalog import Catalog
from chrislib.cube.client import CubeClient
from chrislib.desktop.toast import Toast
from chrislib.jobs.clock import SystemClock
from chrislib.jobs.manager import JobManager
from chrislib.jobs.model import (
    DownloadIntent,
    Job,
    JobKey,
    Phase,
    PullIntent,
    Reach,
    RunIntent,
    UploadFile,
    UploadIntent,
)
from chrislib.pacs.through_cube import PacsService
from chrislib.pacs.types import Criteria, FoundSeries

Station = Any
StationFactory = Callable[..., Station]


class Sink:
    """Keeps toasts."""

    def __init__(self) -> None:
        self.toasts: list[Toast] = []

    async def show(self, toast: Toast) -> None:
        """Keep one."""
        self.toasts.append(toast)


@dataclass
class Desk:
    """A job manager signed in to a station; `reopen` plays the next start."""

    folder: Path
    client: CubeClient
    stall: float = 20.0
    sink: Sink = field(default_factory=Sink)
    catalog: Catalog = field(init=False)
    jobs: JobManager = field(init=False)

    async def open(self) -> "Desk":
        """Open the catalog and start."""
        self.catalog = Catalog(self.folder / "state" / "catalog.db")
        await self.catalog.open()
        self.jobs = JobManager(
            catalog=self.catalog,
            client_for=lambda: self.client,
            pacs=lambda: PacsService(self.client),
            clock=SystemClock(),
            sinks=[self.sink],
            base_period=0.6,
            stall_seconds=self.stall,
        )
        await self.jobs.start()
        return self

    async def close(self) -> None:
        """Stop and close; the work on the station goes on."""
        await self.jobs.stop()
        await self.catalog.close()

    async def reopen(self) -> None:
        """End and start anew over the same catalog."""
        await self.close()
        await self.open()
        await self.jobs.refresh()

    def job(self, key: JobKey) -> Job:
        """Return a job."""
        found = self.jobs.get(key)
        assert found is not None
        return found

    async def until(
        self, condition: Callable[[], object], seconds: float = 40.0
    ) -> None:
        """Wait until something is so."""
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, [
                (job.kind, job.phase, job.detail, job.progress)
                for job in self.jobs.jobs()
            ]
            await asyncio.sleep(0.02)

    async def log(self, key: JobKey, seconds: float = 40.0) -> str:
        """Wait until a run's log is kept, and return it."""
        deadline = time.monotonic() + seconds
        while True:
            trace = await self.jobs.trace(key)
            if trace is not None and trace.log:
                return trace.log
            assert time.monotonic() < deadline, "no log was kept"
            await asyncio.sleep(0.02)

    async def ends(self, key: JobKey) -> Job:
        """Wait until a job has ended."""
        await self.until(lambda: self.job(key).phase.terminal)
        return self.job(key)

    async def plugin(self, name: str) -> tuple[int, str]:
        """Return id and version of a plugin."""
        async for plugin in self.client.plugins.list(name_exact=name):
            return plugin.id, plugin.version
        raise AssertionError(name)

    async def run(
        self, name: str, previous: Job | None = None, **parameters: Any
    ) -> Job:
        """Start a run."""
        number, version = await self.plugin(name)
        return await self.jobs.submit_now(
            RunIntent(
                plugin_id=number,
                plugin_name=name,
                plugin_version=version,
                plugin_type="ds" if previous else "fs",
                parameters=parameters,
                previous_id=previous.remote_id if previous else None,
                feed_id=previous.feed_id if previous else None,
                title="a title",
                note="" if previous else "a note",
            )
        )

    async def upload(self, count: int = 3, size: int = 1000) -> tuple[JobKey, str]:
        """Start an upload; returns its job and its folder on the station."""
        local = self.folder / f"files {time.monotonic_ns()}"
        (local / "sub").mkdir(parents=True)
        files = []
        remote = f"home/local/uploads/{time.monotonic_ns()}"
        for number in range(count):
            name = f"{'sub/' if number % 2 else ''}f{number}.bin"
            (local / name).write_bytes(os.urandom(size + number))
            files.append(
                UploadFile(str(local / name), f"{remote}/{name}", size + number)
            )
        key = await self.jobs.submit(UploadIntent(remote, tuple(files), "files"))
        return key, remote


async def signed_in(station: Station) -> CubeClient:
    """Return a client that knows who it is."""
    client = CubeClient(station.url, token=station.token)
    await client.identify()
    return client


OpenDesk = Callable[..., Awaitable[Desk]]


@pytest.fixture
async def open_desk(tmp_path: Path) -> AsyncIterator[OpenDesk]:
    """Return what opens a manager on a station; closed after the test."""
    made: list[Desk] = []

    async def open_on(station: Station, stall: float = 20.0) -> Desk:
        made.append(Desk(tmp_path, await signed_in(station), stall=stall))
        return await made[-1].open()

    yield open_on
    for desk in made:
        await desk.close()
        await desk.client.aclose()


@pytest.fixture
async def desk(station: Station, open_desk: OpenDesk) -> Desk:
    """Return a manager on the shared station."""
    return await open_desk(station)


async def small_series(
    client: CubeClient, *, least: int = 5, most: int = 60
) -> FoundSeries:
    """Return a series of the PACS that is not registered yet."""
    service = PacsService(client)
    for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ":
        criteria = Criteria({"PatientName": (f"{letter}*",)})
        for patient in (await service.lookup(criteria)).patients:
            for study in patient.studies:
                for series in study.series:
                    if not least <= (series.images or 0) <= most:
                        continue
                    if await client.pacs.series(series.series_uid) is None:
                        return series
    raise AssertionError("no such series")


def pull_of(series: FoundSeries) -> PullIntent:
    """Return the intent that pulls a series."""
    return PullIntent(
        pacs=series.pacs,
        study_uid=series.study_uid,
        series_uid=series.series_uid,
        expected_images=series.images,
        title=series.description,
        item_id=series.series_uid,
    )


async def test_from_local_files_to_local_results(desk: Desk, tmp_path: Path) -> None:
    key, remote = await desk.upload()
    uploaded = await desk.ends(key)
    assert uploaded.phase is Phase.FINISHED, uploaded.detail
    assert uploaded.progress is not None
    assert uploaded.progress.done == uploaded.progress.total == 3
    root = await desk.run("pl-dircopy", dir=remote)
    assert root.feed_id is not None
    desk.jobs.watch_feed(root.feed_id)
    node = await desk.run("pl-simpledsapp", root, prefix="x_")
    assert (await desk.ends(root.key)).phase is Phase.FINISHED
    ended = await desk.ends(node.key)
    assert ended.phase is Phase.FINISHED, ended.detail
    assert await desk.client.feeds.note(root.feed_id) == "a note"
    assert await desk.jobs.trace(node.remote_id or 0) is not None
    instance = await desk.client.instances.get(node.remote_id or 0)
    folder = tmp_path / "saved"
    download = await desk.jobs.submit(
        DownloadIntent((instance.output_path,), str(folder), "results")
    )
    saved = await desk.ends(download)
    assert saved.phase is Phase.FINISHED, saved.detail
    names = [path.name for path in folder.rglob("*") if path.is_file()]
    assert saved.progress is not None
    assert len(names) == saved.progress.total
    assert not any(name.endswith(".part") for name in names)
    await desk.until(lambda: len(desk.sink.toasts) >= 1)
    assert all("title" not in t.title + t.text for t in desk.sink.toasts)


async def test_the_same_files_are_not_fetched_twice(desk: Desk, tmp_path: Path) -> None:
    key, remote = await desk.upload(5)
    await desk.ends(key)
    folder = tmp_path / "saved"
    for _ in range(2):
        job = await desk.jobs.submit(DownloadIntent((remote,), str(folder), "x"))
        assert (await desk.ends(job)).phase is Phase.FINISHED
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert len(files) == 5
    next(path for path in files if path.name == "f1.bin").write_bytes(b"mine")
    job = await desk.jobs.submit(DownloadIntent((remote,), str(folder), "x"))
    assert (await desk.ends(job)).phase is Phase.FINISHED
    names = sorted(path.name for path in folder.rglob("*") if path.is_file())
    assert "f1 (2).bin" in names
    assert len(names) == 6


async def test_a_series_is_pulled_and_registered(desk: Desk) -> None:
    series = await small_series(desk.client)
    seen: list[tuple[Phase, int]] = []
    desk.jobs.subscribe(
        lambda changes: seen.extend(
            (c.after.phase, c.after.progress.done if c.after.progress else 0)
            for c in changes
        )
    )
    job = await desk.ends(await desk.jobs.submit(pull_of(series)))
    assert job.phase is Phase.FINISHED, job.detail
    assert job.progress is not None
    assert job.progress.done == series.images
    assert Phase.REGISTERING in [phase for phase, _ in seen]
    again = await desk.ends(await desk.jobs.submit(pull_of(series)))
    assert again.phase is Phase.FINISHED


async def test_a_pull_that_stops_says_so_and_goes_on(
    station_factory: StationFactory, open_desk: OpenDesk
) -> None:
    station = station_factory("--pace", "0.8")
    desk = await open_desk(station, stall=0.5)
    series = await small_series(desk.client, least=3, most=12)
    key = await desk.jobs.submit(pull_of(series))
    job = await desk.ends(key)
    assert job.phase is Phase.FAILED
    assert job.error_code == "STOPPED"
    assert job.hint
    assert job.progress is not None
    assert job.progress.done < (series.images or 0)
    desk.stall = 20.0
    await desk.reopen()
    assert await desk.jobs.retry(key) == key
    job = await desk.ends(key)
    assert job.phase is Phase.FINISHED, job.detail
    assert job.epoch == 1


async def test_a_pull_goes_on_over_a_restart_of_ours(
    station_factory: StationFactory, open_desk: OpenDesk
) -> None:
    station = station_factory("--pace", "0.15")
    desk = await open_desk(station)
    series = await small_series(desk.client, least=10, most=40)
    key = await desk.jobs.submit(pull_of(series))
    await desk.until(lambda: (p := desk.job(key).progress) and p.done >= 2)
    await desk.reopen()
    assert not desk.job(key).phase.terminal
    job = await desk.ends(key)
    assert job.phase is Phase.FINISHED, job.detail
    assert job.progress is not None
    assert job.progress.done == series.images


async def test_a_station_killed_and_started_again_loses_nothing(
    station_factory: StationFactory, open_desk: OpenDesk
) -> None:
    station = station_factory()
    desk = await open_desk(station)
    key, remote = await desk.upload()
    await desk.ends(key)
    root = await desk.run("pl-dircopy", dir=remote)
    node = await desk.run("pl-simpledsapp", root, sleepLength="2")
    station.kill()
    await desk.until(lambda: desk.job(node.key).reach is Reach.OFFLINE)
    assert not desk.job(node.key).phase.terminal
    upload, _ = await desk.upload(4)
    await asyncio.sleep(0)
    assert not desk.job(upload).phase.terminal
    old = desk.client
    station.start()
    desk.client = await signed_in(station)
    await desk.jobs.refresh()
    await old.aclose()
    assert (await desk.ends(root.key)).phase is Phase.FINISHED
    ended = await desk.ends(node.key)
    assert ended.phase is Phase.FINISHED, ended.detail
    sent = await desk.ends(upload)
    assert sent.phase is Phase.FINISHED, sent.detail
    assert desk.jobs.reach is Reach.FRESH


async def test_a_run_that_ends_while_we_are_closed_is_told_at_the_next_start(
    desk: Desk,
) -> None:
    key, remote = await desk.upload()
    await desk.ends(key)
    root = await desk.run("pl-dircopy", dir=remote)
    node = await desk.run("pl-simpledsapp", root, sleepLength="1")
    await desk.close()
    number = node.remote_id or 0
    deadline = time.monotonic() + 40
    while (await desk.client.instances.get(number)).active:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.1)
    await desk.open()
    await desk.jobs.refresh()
    assert desk.job(node.key).phase is Phase.FINISHED
    target = f"feed/{node.feed_id}/node/{node.remote_id}"
    await desk.until(lambda: target in [t.target for t in desk.sink.toasts])
    await desk.reopen()
    await asyncio.sleep(0.3)
    assert [t.target for t in desk.sink.toasts].count(target) == 1


async def test_a_program_that_fails_is_told_with_its_log(
    old_station: Station, open_desk: OpenDesk
) -> None:
    # On 6.11, which keeps logs: 7 erases them after half a second, and who gets them
    # there on a busy machine is chance (ADR 5).
    desk = await open_desk(old_station)
    key, remote = await desk.upload()
    await desk.ends(key)
    root = await desk.run("pl-dircopy", dir=remote)
    desk.jobs.watch_feed(root.feed_id)
    node = await desk.run("pl-dcm2niix", root, b="nonsense")
    job = await desk.ends(node.key)
    assert job.phase is Phase.FINISHED_WITH_ERRORS
    assert "log" in job.hint
    # The list that told of the end holds no log: it is looked for right afterwards.
    assert "invalid choice" in await desk.log(node.key)
    kinds = {row.kind for row in await desk.jobs.inbox() if row.job_key == node.key}
    assert kinds == {"ERRORS"}


async def test_a_cancel_takes_the_subtree(desk: Desk) -> None:
    key, remote = await desk.upload()
    await desk.ends(key)
    root = await desk.run("pl-dircopy", dir=remote)
    node = await desk.run("pl-simpledsapp", root, sleepLength="30")
    below = await desk.run("pl-simpledsapp", node, prefix="y")
    await desk.until(lambda: desk.job(node.key).phase is Phase.RUNNING)
    assert await desk.jobs.cancel(node.key) == 2
    assert (await desk.ends(node.key)).phase is Phase.CANCELLED
    await desk.until(lambda: desk.job(below.key).phase.terminal)


async def test_a_revoked_token_pauses_and_loses_nothing(desk: Desk) -> None:
    key, remote = await desk.upload()
    await desk.ends(key)
    root = await desk.run("pl-dircopy", dir=remote)
    good = desk.client
    revoked = CubeClient(good.base_url, token="0" * 40)
    revoked.username, revoked.server = good.username, good.server
    desk.client = revoked
    upload, _ = await desk.upload(2)
    await desk.until(lambda: desk.jobs.reach is Reach.AUTH_REQUIRED)
    await desk.jobs.refresh()
    assert not desk.job(upload).phase.terminal

    async def notices() -> int:
        return [row.kind for row in await desk.jobs.inbox()].count("AUTH")

    deadline = time.monotonic() + 30
    while not await notices():  # written behind whoever was refused
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)
    assert await notices() == 1
    desk.client = good
    await desk.jobs.refresh()
    assert (await desk.ends(root.key)).phase is Phase.FINISHED
    assert (await desk.ends(upload)).phase is Phase.FINISHED
    await revoked.aclose()


async def test_a_file_that_cannot_be_read_does_not_stop_the_rest(desk: Desk) -> None:
    local = desk.folder / "mixed"
    local.mkdir()
    (local / "good.bin").write_bytes(b"x" * 10)
    remote = f"home/local/uploads/{time.monotonic_ns()}"
    files = (
        UploadFile(str(local / "good.bin"), f"{remote}/good.bin", 10),
        UploadFile(str(local / "missing.bin"), f"{remote}/missing.bin", 5),
    )
    key = await desk.jobs.submit(UploadIntent(remote, files, "mixed"))
    job = await desk.ends(key)
    assert job.phase is Phase.FINISHED_WITH_ERRORS
    assert [Path(f.path).name for f in job.failed_files] == ["missing.bin"]
    (local / "missing.bin").write_bytes(b"y" * 5)
    await desk.jobs.retry(key)
    job = await desk.ends(key)
    assert job.phase is Phase.FINISHED, job.detail
    stored = [file.path async for file in desk.client.files.tree(remote)]
    assert sorted(stored) == [f"{remote}/good.bin", f"{remote}/missing.bin"]


async def test_a_station_without_room_says_so_and_goes_on(
    station_factory: StationFactory, open_desk: OpenDesk
) -> None:
    station = station_factory("--quota", "30000")
    desk = await open_desk(station)
    key, _ = await desk.upload(8, size=9000)
    job = await desk.ends(key)
    assert job.phase in (Phase.FINISHED_WITH_ERRORS, Phase.FAILED)
    assert job.failed_files
    assert job.failed_files[0].reason
    assert "Retry" in job.hint


async def test_the_old_generation_is_followed_too(
    old_station: Station, open_desk: OpenDesk
) -> None:
    desk = await open_desk(old_station)
    key, remote = await desk.upload()
    await desk.ends(key)
    root = await desk.run("pl-dircopy", dir=remote)
    node = await desk.run("pl-simpledsapp", root, prefix="z")
    assert (await desk.ends(node.key)).phase is Phase.FINISHED


_RUNNER = """
import asyncio, sys
from pathlib import Path
from chrislib.catalog.catalog import Catalog
from chrislib.cube.client import CubeClient
from chrislib.jobs.clock import SystemClock
from chrislib.jobs.manager import JobManager
from chrislib.jobs.model import RunIntent

async def main(path, url, token, plugin, remote, label):
    client = CubeClient(url, token=token)
    catalog = Catalog(Path(path))
    await catalog.open()
    jobs = JobManager(catalog=catalog, client_for=lambda: client, pacs=lambda: None,
                      clock=SystemClock(), sinks=[], base_period=0.6)
    await jobs.start()
    print("ready", flush=True)
    for number in range(10_000):
        title = f"{label}-{number}"
        intent = RunIntent(int(plugin), "pl-dircopy", "1", "fs", {"dir": remote},
                           title=title)
        print("asked", title, flush=True)
        if number % 2:
            await jobs.submit(intent)
        else:
            await jobs.submit_now(intent)
        print("kept", title, flush=True)

asyncio.run(main(*sys.argv[1:]))
"""


async def test_killed_again_and_again_no_run_is_lost_or_made_twice(
    desk: Desk, station: Station
) -> None:
    key, remote = await desk.upload(1)
    await desk.ends(key)
    plugin, _ = await desk.plugin("pl-dircopy")
    path = desk.folder / "killed" / "catalog.db"
    kept: set[str] = set()
    label = f"k{time.monotonic_ns()}"
    for number in range(4):
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-c", _RUNNER, str(path), station.url, station.token,
            str(plugin), remote, f"{label}-{number}", stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        assert child.stdout is not None
        # Killed some time after its first run was taken, however slow the computer is.
        before = b""
        while b"kept" not in before:
            line = await child.stdout.readline()
            assert line, "it ended by itself"
            before += line
        await asyncio.sleep(0.03 + 0.07 * number)
        child.kill()
        said = (before + await child.stdout.read()).decode().split()
        kept.update(said[at + 1] for at, w in enumerate(said[:-1]) if w == "kept")
        await child.wait()
    await desk.close()
    mine, desk.folder = desk.folder, desk.folder / "over"
    desk.folder.mkdir()
    (desk.folder / "state").symlink_to(path.parent)
    await desk.open()
    await desk.jobs.refresh()

    def own() -> list[Job]:  # other tests leave runs at this station
        return [job for job in desk.jobs.jobs() if job.title.startswith(label)]

    await desk.until(lambda: all(job.phase.terminal for job in own()), 60)
    desk.folder = mine
    jobs = own()
    found = desk.client.instances.search(title=label)
    runs = {i.id: i.title async for i in found}
    assert kept, "nothing was ever submitted"
    assert kept <= {job.title for job in jobs}, "a journaled run is lost"
    assert len(set(runs.values())) == len(runs), "a run was made twice"
    assert {job.remote_id: job.title for job in jobs if job.remote_id} == runs
    lost = [job for job in jobs if job.remote_id is None]
    assert all(job.phase is Phase.NOT_SUBMITTED for job in lost)
