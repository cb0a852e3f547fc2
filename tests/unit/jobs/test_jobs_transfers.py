"""Uploads and downloads on a scripted storage: what fails, what goes on."""

import asyncio
import errno
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from chrislib.cube.client import CubeClient
from chrislib.cube.errors import Refused, ServerFault, ServerUnreachable
from chrislib.cube.types import FileId, Folder, StoragePath, StoredFile, TreeFile
from chrislib.jobs.backends.slots import EACH
from chrislib.jobs.model import (
    DownloadIntent,
    Phase,
    PullIntent,
    Reach,
    ResultState,
    RunIntent,
    UploadFile,
    UploadIntent,
)
from chrislib.jobs.outputs import parts, saving
from chrislib.jobs.transfers import PAUSED
from chrislib.pacs.errors import PullStopped
from chrislib.pacs.types import PullProgress, PullStage

Bench = Any


@dataclass
class Storage:
    """Files in memory, with the habits of a CUBE's storage."""

    files: dict[str, bytes] = field(default_factory=dict)
    folders: list[str] = field(default_factory=list)
    sends: list[str] = field(default_factory=list)
    fetches: list[str] = field(default_factory=list)
    errors: dict[str, list[Exception]] = field(default_factory=dict)
    after: dict[str, list[Exception]] = field(default_factory=dict)
    """What is raised although the file is stored."""
    late: set[str] = field(default_factory=set)
    """What is stored a moment after its first try has failed."""
    at_once: int = 0
    most_at_once: int = 0

    def fail(self, path: str) -> None:
        """Fail as scripted."""
        if self.errors.get(path):
            raise self.errors[path].pop(0)

    def stored(self, path: str) -> StoredFile:
        """Describe a file."""
        number = FileId(list(self.files).index(path))
        return StoredFile(number, StoragePath(path), len(self.files[path]), "u", None)

    async def make_folder(self, path: str) -> None:
        """Make a folder."""
        self.folders.append(path)

    async def folder(self, path: str) -> Folder | None:
        """Return a folder that is there."""
        return cast("Folder", object()) if path in self.folders else None

    async def file_at(self, path: str) -> StoredFile | None:
        """Return a file that is there."""
        return self.stored(path) if path in self.files else None

    async def upload(
        self, local: Path, remote: str, *, size: int | None, progress: Any
    ) -> StoredFile:
        """Take a file."""
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await asyncio.sleep(0.01)
            self.sends.append(remote)
            data = local.read_bytes()
            if remote in self.late:
                self.late.remove(remote)
                asyncio.get_running_loop().call_later(
                    0.02, self.files.__setitem__, remote, data
                )
            self.fail(remote)
            progress(len(data))
            place = f"{remote}_aB3dE6g" if remote in self.files else remote
            self.files[place] = data
            if self.after.get(remote):
                raise self.after[remote].pop(0)
            return self.stored(place)
        finally:
            self.at_once -= 1

    async def delete_file(self, number: int) -> None:
        """Delete a file; numbers of others stay."""
        name = list(self.files)[number]
        assert name.endswith("_aB3dE6g"), "only second copies"
        del self.files[name]

    async def tree(self, path: str) -> AsyncIterator[StoredFile]:
        """List everything below."""
        for name in list(self.files):
            if name.startswith(path):
                yield self.stored(name)

    async def walk(self, path: str) -> AsyncIterator[TreeFile]:
        """List everything below, with relative paths."""
        for name in list(self.files):
            if name.startswith(path):
                relative = name[len(path) :].lstrip("/")
                yield TreeFile(file=self.stored(name), relative=relative)

    @asynccontextmanager
    async def opened(
        self, number: int, *, size: int | None = None, start: int = 0
    ) -> AsyncIterator[tuple[int, AsyncIterator[bytes]]]:
        """Send a file."""
        name = list(self.files)[number]
        self.fetches.append(name)

        async def content() -> AsyncIterator[bytes]:
            await asyncio.sleep(0.01)
            self.fail(name)
            yield self.files[name]

        yield 0, content()


@pytest.fixture
def storage(bench: Bench) -> Storage:
    """Return the storage of the bench's connection."""
    made = Storage()

    async def parameters(_run: int) -> dict[str, str]:
        """Return what the run of these tests was given."""
        return {"prefix": "a", "dummyInt": "3"}

    class WithFiles(type(bench.connection)):  # type: ignore[misc]
        files = made
        instances = SimpleNamespace(parameters=parameters)

    old = bench.connection
    bench.connection = cast(
        "CubeClient", WithFiles(old.base_url, old.token, old.username, old.server)
    )
    return made


def local_files(tmp_path: Path, count: int, remote: str = "up/x") -> UploadIntent:
    """Write files and return the intent that sends them."""
    files = []
    for number in range(count):
        path = tmp_path / f"f{number}"
        path.write_bytes(b"x" * (number + 1))
        files.append(UploadFile(str(path), f"{remote}/sub/f{number}", number + 1))
    return UploadIntent(remote, tuple(files), "t")


async def ends(bench: Bench, key: Any) -> Any:
    """Wait for the end of a job."""
    await bench.until(lambda: bench.job(key).phase.terminal)
    return bench.job(key)


async def test_folders_first_then_one_file_then_eight(
    bench: Bench, storage: Storage, tmp_path: Path
) -> None:
    job = await ends(bench, await bench.jobs.submit(local_files(tmp_path, 30)))
    assert job.phase is Phase.FINISHED
    assert storage.folders == ["up/x", "up/x/sub"]
    assert len(storage.sends) == 30
    assert 2 <= storage.most_at_once <= 8
    assert (job.progress.bytes_done, job.progress.bytes_total) == (465, 465)


async def test_each_bad_file_is_named_and_sent_again_alone(
    bench: Bench, storage: Storage, tmp_path: Path
) -> None:
    refused = Refused("No comma, please.", hint="Rename it.")
    storage.errors = {"up/x/sub/f1": [refused], "up/x/sub/f0": [refused]}
    key = await bench.jobs.submit(local_files(tmp_path, 5))
    job = await ends(bench, key)
    assert job.phase is Phase.FINISHED_WITH_ERRORS
    assert {Path(f.path).name for f in job.failed_files} == {"f0", "f1"}
    assert "comma" in job.failed_files[0].reason
    storage.sends.clear()
    await bench.jobs.retry(key)
    job = await ends(bench, key)
    assert job.phase is Phase.FINISHED
    assert job.failed_files == ()
    assert sorted(storage.sends) == ["up/x/sub/f0", "up/x/sub/f1"]


async def test_a_server_that_fails_at_every_file_is_left_alone(
    bench: Bench, storage: Storage, tmp_path: Path
) -> None:
    full = ServerFault("The server failed.", hint="Its disk may be full.")
    storage.errors = {f"up/x/sub/f{n}": [full] for n in range(40)}
    job = await ends(bench, await bench.jobs.submit(local_files(tmp_path, 40)))
    assert job.phase is Phase.FAILED
    assert len(job.failed_files) == 40
    assert len(storage.sends) < 20
    assert "disk" in job.detail


async def test_an_upload_waits_for_the_server_and_sends_nothing_twice(
    bench: Bench, storage: Storage, tmp_path: Path
) -> None:
    gone = ServerUnreachable("gone", context={"sent": "no"})
    storage.errors = {"up/x/sub/f3": [gone, gone]}
    key = await bench.jobs.submit(local_files(tmp_path, 6))
    await bench.until(lambda: bench.job(key).reach is Reach.OFFLINE)
    assert not bench.job(key).phase.terminal
    job = await ends(bench, key)
    assert job.phase is Phase.FINISHED
    others = [name for name in storage.sends if not name.endswith("f3")]
    assert len(others) == len(set(others)) == 5


async def test_an_upload_goes_on_after_a_restart(
    bench: Bench, storage: Storage, tmp_path: Path
) -> None:
    intent = local_files(tmp_path, 60)
    key = await bench.jobs.submit(intent)
    await bench.until(lambda: len(storage.files) > 10)
    await bench.restart()
    await bench.jobs.refresh()
    job = await ends(bench, key)
    assert job.phase is Phase.FINISHED
    assert len(storage.files) == 60
    # Only what was under way may have been begun twice.
    assert len(storage.sends) <= 60 + 8


async def test_an_upload_can_be_cancelled_and_taken_up_again(
    bench: Bench, storage: Storage, tmp_path: Path
) -> None:
    key = await bench.jobs.submit(local_files(tmp_path, 60))
    await bench.until(lambda: len(storage.files) > 10)
    left = await bench.jobs.cancel(key)
    assert 0 < left < 60
    assert bench.job(key).phase is Phase.CANCELLED
    assert await bench.jobs.inbox() == ()
    await bench.jobs.retry(key)
    assert (await ends(bench, key)).phase is Phase.FINISHED
    assert len(storage.files) == 60


async def test_a_paused_upload_waits_also_over_a_restart(
    bench: Bench, storage: Storage, tmp_path: Path
) -> None:
    key = await bench.jobs.submit(local_files(tmp_path, 60))
    await bench.until(lambda: len(storage.files) > 10)
    await bench.jobs.pause(key)
    job = bench.job(key)
    assert (job.phase, job.paused, job.detail) == (Phase.QUEUED, True, PAUSED)
    sent = len(storage.sends)
    other = await bench.jobs.submit(local_files(tmp_path, 2, "up/y"))
    assert (await ends(bench, other)).phase is Phase.FINISHED
    await bench.restart()
    await bench.jobs.refresh()
    third = await bench.jobs.submit(local_files(tmp_path, 2, "up/z"))
    assert (await ends(bench, third)).phase is Phase.FINISHED
    assert bench.job(key).paused
    assert len(storage.sends) == sent + 4
    await bench.jobs.resume(key)
    job = await ends(bench, key)
    assert (job.phase, job.paused, job.detail) == (Phase.FINISHED, False, "")
    assert len([name for name in storage.files if name.startswith("up/x")]) == 60


async def test_a_paused_upload_can_be_cancelled(
    bench: Bench, storage: Storage, tmp_path: Path
) -> None:
    key = await bench.jobs.submit(local_files(tmp_path, 40))
    await bench.until(lambda: len(storage.files) > 3)
    await bench.jobs.pause(key)
    await bench.jobs.cancel(key)
    assert (bench.job(key).phase, bench.job(key).paused) == (Phase.CANCELLED, False)


async def test_a_broken_connection_has_one_file_sent_again(
    bench: Bench, storage: Storage, tmp_path: Path
) -> None:
    broke = ServerUnreachable("The connection broke.", context={"sent": "yes"})
    busy = ServerFault("Not ready.", context={"status": "503", "retry_after": "0"})
    storage.errors = {"up/x/sub/f3": [broke], "up/x/sub/f4": [busy, broke]}
    job = await ends(bench, await bench.jobs.submit(local_files(tmp_path, 12)))
    assert job.phase is Phase.FINISHED
    sent = Counter(storage.sends)
    assert (sent.pop("up/x/sub/f3"), sent.pop("up/x/sub/f4")) == (2, 3)
    assert set(sent.values()) == {1}


async def test_a_file_that_breaks_every_connection_does_not_stop_the_others(
    bench: Bench, storage: Storage, tmp_path: Path
) -> None:
    broke = ServerUnreachable("The connection broke.", context={"sent": "yes"})
    storage.errors = {"up/x/sub/f3": [broke] * 9}
    job = await ends(bench, await bench.jobs.submit(local_files(tmp_path, 12)))
    assert job.phase is Phase.FINISHED_WITH_ERRORS
    assert [Path(one.path).name for one in job.failed_files] == ["f3"]
    assert "connection broke" in job.failed_files[0].reason
    assert len(storage.files) == 11


async def test_what_arrived_although_the_answer_was_lost_is_kept_once(
    bench: Bench, storage: Storage, tmp_path: Path
) -> None:
    broke = ServerUnreachable("The connection broke.", context={"sent": "yes"})
    storage.after = {"up/x/sub/f3": [broke]}
    # Registered so late that it is sent again, and the second takes another name.
    storage.late = {"up/x/sub/f5"}
    storage.errors = {"up/x/sub/f5": [broke]}
    key = await bench.jobs.submit(local_files(tmp_path, 12))
    job = await ends(bench, key)
    assert job.phase is Phase.FINISHED
    assert job.detail == ""
    assert storage.sends.count("up/x/sub/f3") == 1
    assert sorted(storage.files) == sorted(f"up/x/sub/f{n}" for n in range(12))
    rows = await bench.catalog.jobs.artifacts(key)
    assert {row.stored_path for row in rows} == set(storage.files)


async def test_another_name_on_the_server_is_told(
    bench: Bench, storage: Storage, tmp_path: Path
) -> None:
    storage.files["up/x/sub/f1"] = b"somebody else's, of another size"
    key = await bench.jobs.submit(local_files(tmp_path, 3))
    job = await ends(bench, key)
    assert job.phase is Phase.FINISHED
    assert "1 of 3 files have another name" in job.detail
    rows = {row.remote_path: row for row in await bench.catalog.jobs.artifacts(key)}
    assert rows["up/x/sub/f1"].stored_path in storage.files


async def test_two_files_for_one_place_both_arrive(
    bench: Bench, storage: Storage, tmp_path: Path
) -> None:
    intent = local_files(tmp_path, 2)
    files = tuple(replace(file, remote="up/x/same.bin") for file in intent.files)
    key = await bench.jobs.submit(replace(intent, files=files))
    assert (await ends(bench, key)).phase is Phase.FINISHED
    assert sorted(storage.files) == ["up/x/same.bin", "up/x/same_2.bin"]


HOSTILE = {
    "out/../../../etc/passwd": b"a",
    "out//abs": b"b",
    "out/con.txt": b"c",
    "out/a:b": b"d",
    "out/a_b": b"e",
    "out/" + "n" * 300: b"f",
}


async def test_hostile_names_stay_in_the_folder(
    bench: Bench, storage: Storage, tmp_path: Path
) -> None:
    storage.files = dict(HOSTILE)
    folder = tmp_path / "chosen"
    key = await bench.jobs.submit(DownloadIntent(("out",), str(folder), "t"))
    job = await ends(bench, key)
    assert job.phase is Phase.FINISHED, job.detail
    saved = [path for path in folder.rglob("*") if path.is_file()]
    assert sorted(path.read_bytes() for path in saved) == sorted(HOSTILE.values())
    outside = [p for p in tmp_path.rglob("*") if p.is_file() and p not in saved]
    assert [p for p in outside if "state" not in p.parts] == []


async def test_a_disk_that_runs_full_keeps_what_is_whole(
    bench: Bench, storage: Storage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage.files = {f"out/f{n}": bytes([n]) * 10 for n in range(8)}
    room = [5]
    real = parts.fill

    def fill(descriptor: int, data: bytes) -> None:
        room[0] -= 1
        if room[0] < 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(descriptor, data)

    monkeypatch.setattr(parts, "fill", fill)
    folder = tmp_path / "chosen"
    key = await bench.jobs.submit(DownloadIntent(("out",), str(folder), "t"))
    job = await ends(bench, key)
    assert job.phase is Phase.FAILED
    assert "full" in job.detail
    assert "missing" in job.hint
    assert not list(folder.glob("*.part"))
    assert all(path.stat().st_size == 10 for path in folder.iterdir())
    room[0] = 1000
    kept = len(list(folder.iterdir()))
    storage.fetches.clear()
    await bench.jobs.retry(key)
    assert (await ends(bench, key)).phase is Phase.FINISHED
    assert len(list(folder.iterdir())) == 8
    assert len(storage.fetches) == 8 - kept


async def test_a_download_goes_on_after_a_restart_under_the_same_names(
    bench: Bench, storage: Storage, tmp_path: Path
) -> None:
    storage.files = {f"out/f{n}": bytes([n]) * 10 for n in range(40)}
    folder = tmp_path / "chosen"
    key = await bench.jobs.submit(DownloadIntent(("out",), str(folder), "t"))
    await bench.until(lambda: len(storage.fetches) > 12)
    await bench.jobs.stop()
    # As if it had been killed before the last files were noted.
    await bench.catalog._database.write(
        lambda db: db.execute(
            "UPDATE artifact SET state='WAITING' WHERE state='DONE' AND position > 3"
        )
    )
    await bench.restart()
    await bench.jobs.refresh()
    assert (await ends(bench, key)).phase is Phase.FINISHED
    assert sorted(path.name for path in folder.iterdir()) == sorted(
        f"f{n}" for n in range(40)
    )
    assert len(storage.fetches) <= 40 + EACH


async def test_what_is_there_is_not_fetched_again(
    bench: Bench, storage: Storage, tmp_path: Path
) -> None:
    storage.files = {f"out/d/f{n}": bytes([n]) * 10 for n in range(12)}
    folder = tmp_path / "chosen"
    intent = DownloadIntent(("out",), str(folder), "t")
    await ends(bench, await bench.jobs.submit(intent))
    storage.fetches.clear()
    job = await ends(bench, await bench.jobs.submit(intent))
    assert job.phase is Phase.FINISHED
    assert storage.fetches == []
    # what was changed, cut or deleted here comes again, and nothing is written over
    (folder / "d/f1").write_bytes(b"y" * 10)
    (folder / "d/f2").write_bytes(b"cut")
    (folder / "d/f3").unlink()
    job = await ends(bench, await bench.jobs.submit(intent))
    assert job.phase is Phase.FINISHED
    assert len(storage.fetches) == 3
    assert (folder / "d/f1").read_bytes() == b"y" * 10
    assert (folder / "d/f1 (2)").read_bytes() == bytes([1]) * 10
    assert (folder / "d/f2 (2)").read_bytes() == bytes([2]) * 10
    assert (folder / "d/f3").read_bytes() == bytes([3]) * 10


async def test_what_does_not_fit_is_not_begun(
    bench: Bench, storage: Storage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage.files = {"out/f": b"x" * 100}
    monkeypatch.setattr(
        "shutil.disk_usage", lambda _path: SimpleNamespace(free=saving.RESERVE)
    )
    key = await bench.jobs.submit(DownloadIntent(("out",), str(tmp_path / "c"), "t"))
    job = await ends(bench, key)
    assert job.phase is Phase.FAILED
    assert "free space" in job.detail
    assert storage.fetches == []


async def test_a_short_file_is_said_and_fetched_again(
    bench: Bench, storage: Storage, tmp_path: Path
) -> None:
    storage.files = {"out/a": b"aaaa", "out/b": b"bbbb"}
    whole = storage.stored

    def longer(path: str) -> StoredFile:
        return replace(whole(path), size=9) if path == "out/b" else whole(path)

    storage.stored = longer  # type: ignore[method-assign]
    folder = tmp_path / "c"
    key = await bench.jobs.submit(DownloadIntent(("out",), str(folder), "t"))
    job = await ends(bench, key)
    assert job.phase is Phase.FINISHED_WITH_ERRORS
    assert [f.path for f in job.failed_files] == ["out/b"]
    assert [path.name for path in folder.iterdir()] == ["a"]
    storage.files["out/b"] = b"b" * 9
    await bench.jobs.retry(key)
    assert (await ends(bench, key)).phase is Phase.FINISHED


class Puller:
    """Stands for the PACS service."""

    def __init__(self) -> None:
        self.under_way = 0
        self.most = 0
        self.stop_at: int | None = None
        self.sent: list[bool] = []
        self.free = asyncio.Event()
        self.free.set()

    async def pull(self, **values: Any) -> Any:
        """Bring ten images, or stop on the way."""
        self.sent.append(values["sent"])
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        try:
            await self.free.wait()
            for number in range(1, 11):
                await asyncio.sleep(0.002)
                if self.stop_at == number:
                    raise PullStopped(
                        "The PACS stopped sending images.",
                        received=number - 1,
                        expected=10,
                        hint="Retry.",
                    )
                values["progress"](PullProgress(PullStage.RECEIVING, number, 10))
            values["progress"](PullProgress(PullStage.REGISTERING, 10, 10))
            return None
        finally:
            self.under_way -= 1


def pull(number: int = 1) -> PullIntent:
    """Return a pull."""
    return PullIntent("MINI", "1", f"1.{number}", 10, "t", f"item {number}")


async def test_at_most_three_pulls_at_once(bench: Bench) -> None:
    bench.pacs = Puller()
    bench.pacs.free.clear()
    keys = [await bench.jobs.submit(pull(number)) for number in range(8)]
    await bench.until(lambda: bench.pacs.under_way == 3)
    bench.pacs.free.set()
    for key in keys:
        job = await ends(bench, key)
        assert job.phase is Phase.FINISHED
        assert (job.progress.done, job.progress.total) == (10, 10)
    assert bench.pacs.most == 3
    await bench.until(lambda: bench.sink.toasts)
    assert all("Pull" in toast.title for toast in bench.sink.toasts)


async def test_a_pull_that_stops_half_way_says_how_far(bench: Bench) -> None:
    bench.pacs = Puller()
    bench.pacs.stop_at = 5
    key = await bench.jobs.submit(pull())
    job = await ends(bench, key)
    assert (job.phase, job.error_code) == (Phase.FAILED, "STOPPED")
    assert (job.progress.done, job.progress.total) == (4, 10)
    assert "4 of 10" in job.detail
    assert [row.kind for row in await bench.jobs.inbox()] == ["FAILED"]
    bench.pacs.stop_at = None
    assert await bench.jobs.retry(key) == key
    job = await ends(bench, key)
    assert (job.phase, job.epoch) == (Phase.FINISHED, 1)
    assert bench.pacs.sent == [False, False]


async def test_a_pull_under_way_is_watched_after_a_restart(bench: Bench) -> None:
    bench.pacs = Puller()
    key = await bench.jobs.submit(pull())
    await bench.until(lambda: (p := bench.job(key).progress) and p.done >= 3)
    await bench.restart()
    await bench.jobs.refresh()
    assert (await ends(bench, key)).phase is Phase.FINISHED
    assert bench.pacs.sent == [False, True]


async def test_a_download_is_noted_at_the_run_it_is_the_output_of(
    bench: Bench, storage: Storage, tmp_path: Path, intent: RunIntent
) -> None:
    job = await bench.jobs.submit_now(intent)
    bench.server.set(1, "finishedSuccessfully")
    await ends(bench, job.key)
    storage.files = {"out/a": b"a"}
    storage.errors = {"out/a": [Refused("no")]}
    download = DownloadIntent(("out",), str(tmp_path / "c"), "t", instance_id=1)
    key = await bench.jobs.submit(download)
    assert (await ends(bench, key)).phase is Phase.FAILED
    failed = ResultState.FETCH_FAILED
    await bench.until(lambda: bench.job(job.key).result is failed)
    await bench.jobs.retry(key)
    assert (await ends(bench, key)).phase is Phase.FINISHED
    await bench.until(lambda: bench.job(job.key).result is ResultState.FETCHED)
