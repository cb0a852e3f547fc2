"""Programs of this computer under their supervisors: real processes throughout."""

import asyncio
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import chrislib.desktop
from chrislib.desktop.processes import ProcessMark, started_at
from chrislib.errors import ChrislibError
from chrislib.jobs.backends.local import GRACE, LocalPrograms
from chrislib.jobs.clock import SystemClock
from chrislib.jobs.model import JobKey, Phase, ProgramIntent
from chrislib.jobs.protocols import JobStatus, Order, ServiceRefused, UnknownToken
from tests.services.bench import Desk

SUPERVISOR = Path(next(iter(chrislib.desktop.__path__))) / "supervisor.py"
HOLD = "while [ ! -e go ]; do sleep 0.02; done"


class Programs:
    """Local programs in a folder, and the orders for them."""

    def __init__(
        self, folder: Path, at_once: int | None = None, grace: float = GRACE
    ) -> None:
        self.root = folder / "programs"
        self.work = folder / "work"
        self.work.mkdir(exist_ok=True)
        self.backend = LocalPrograms(
            self.root, SystemClock(), at_once=at_once, grace=grace
        )
        self._number = 0

    async def start(self, script: str, **more: Any) -> str:
        self._number += 1
        key = JobKey(f"00000000-0000-7000-8000-{self._number:012}")
        argv = ("sh", "-c", script)
        # What a failed test leaves behind ends by itself.
        limits = {"timeout": 120, **more}
        intent = ProgramIntent(argv, str(self.work), f"n{self._number}", **limits)
        await self.backend.submit(Order(key, intent, time.time()))
        return key

    async def look(self, token: str) -> JobStatus:
        status = (await self.backend.observe([token]))[token]
        assert status is not None
        return status

    async def until(
        self, token: str, right: Callable[[JobStatus], bool], seconds: float = 30
    ) -> JobStatus:
        deadline = time.monotonic() + seconds
        while not right(status := await self.look(token)):
            assert time.monotonic() < deadline, status
            await asyncio.sleep(0.02)
        return status

    async def ended(self, token: str) -> JobStatus:
        return await self.until(token, lambda status: status.phase.terminal)

    async def running(self, token: str) -> dict[str, Any]:
        """Wait until the program runs and return what its supervisor says."""
        await self.until(token, lambda s: s.phase is Phase.RUNNING)
        path = self.root / token / "status.json"
        deadline = time.monotonic() + 10
        while not path.exists() or json.loads(path.read_text())["program"] is None:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.01)
        found: dict[str, Any] = json.loads(path.read_text())
        return found


@pytest.fixture
def programs(tmp_path: Path) -> Programs:
    return Programs(tmp_path, at_once=4)


@pytest.mark.parametrize(
    ("script", "phase", "code"),
    [
        ("exit 0", Phase.FINISHED, ""),
        ("exit 3", Phase.FINISHED_WITH_ERRORS, "EXIT_3"),
        ("kill -9 $$", Phase.FAILED, "SIGNAL_9"),
    ],
)
async def test_how_a_program_ends_is_told(
    programs: Programs, script: str, phase: Phase, code: str
) -> None:
    status = await programs.ended(await programs.start(script))
    assert (status.phase, status.error_code) == (phase, code)


async def test_what_it_prints_and_writes_is_kept(programs: Programs) -> None:
    (programs.work / "input.txt").write_text("given")
    token = await programs.start(
        "cat input.txt; echo to-err >&2; mkdir -p a; echo b > a/out.txt; ln -s / root",
        inputs=("input.txt",),
    )
    await programs.ended(token)
    assert await programs.backend.log(token) == "givento-err\n"
    found = [a async for a in programs.backend.artifacts(token)]
    assert [(a.path, a.size) for a in found] == [("a/out.txt", 2)]
    blocks = [block async for block in programs.backend.read(token, found[0])]
    assert b"".join(blocks) == b"b\n"


async def test_no_more_run_at_once_than_allowed(tmp_path: Path) -> None:
    programs = Programs(tmp_path, at_once=2)
    tokens = [await programs.start(HOLD) for _ in range(5)]
    for token in tokens[:2]:
        await programs.running(token)
    for _ in range(10):
        phases = [(await programs.look(token)).phase for token in tokens]
        assert phases[:2] == [Phase.RUNNING] * 2
        assert phases[2:] == [Phase.QUEUED] * 3
    (programs.work / "go").touch()
    for token in tokens:
        assert (await programs.ended(token)).phase is Phase.FINISHED


def test_one_processor_stays_free(tmp_path: Path) -> None:
    backend = LocalPrograms(tmp_path, SystemClock())
    assert backend._at_once == max(1, (os.cpu_count() or 1) - 1)


async def test_handing_over_twice_runs_once(programs: Programs) -> None:
    token = await programs.start("echo ran >> ran.txt")
    intent = ProgramIntent(("sh", "-c", "echo ran >> ran.txt"), str(programs.work))
    order = Order(JobKey(token), intent, time.time())
    again = LocalPrograms(programs.root, SystemClock(), at_once=4)
    for backend in (programs.backend, again, programs.backend):
        await backend.submit(order)
        await backend.observe([token])
    await programs.ended(token)
    assert (programs.work / "ran.txt").read_text() == "ran\n"
    (found,) = await again.find(order)
    assert (found.key, found.phase) == (token, Phase.FINISHED)


async def test_a_second_supervisor_does_nothing(programs: Programs) -> None:
    token = await programs.start(f"echo ran >> ran.txt; {HOLD}")
    await programs.running(token)
    folder = programs.root / token
    before = (folder / "status.json").read_text()
    second = await asyncio.to_thread(supervise, folder)
    assert second == 1
    assert (
        json.loads(before)["program"]
        == (json.loads((folder / "status.json").read_text())["program"])
    )
    (programs.work / "go").touch()
    await programs.ended(token)
    assert (programs.work / "ran.txt").read_text() == "ran\n"


def supervise(folder: Path) -> int:
    command = [sys.executable, "-I", "-S", str(SUPERVISOR), str(folder)]
    return subprocess.run(command, check=False, timeout=30).returncode


async def test_a_cancel_ends_the_whole_group(programs: Programs) -> None:
    token = await programs.start("sleep 300 & echo $! > child; wait")
    known = await programs.running(token)
    child = programs.work / "child"
    deadline = time.monotonic() + 10
    while not child.exists() or not child.read_text().strip():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)
    mark = ProcessMark.of(int(child.read_text()))
    assert started_at(mark.pid)
    await programs.backend.cancel(token)
    status = await programs.ended(token)
    assert (status.phase, status.detail) == (Phase.CANCELLED, "Cancelled by you.")
    assert not started_at(mark.pid)
    assert not ProcessMark(**known["program"]).alive


async def test_who_does_not_listen_is_killed_after_its_grace(
    tmp_path: Path,
) -> None:
    programs = Programs(tmp_path, at_once=4, grace=1.5)
    token = await programs.start("trap '' TERM; while :; do sleep 0.1; done")
    await programs.running(token)
    begun = time.monotonic()
    await programs.backend.cancel(token)
    status = await programs.ended(token)
    assert status.phase is Phase.CANCELLED
    assert time.monotonic() - begun > 1.4
    spec = json.loads((programs.root / token / "spec.json").read_text())
    assert (spec["grace"], GRACE) == (1.5, 10.0)


async def test_a_program_that_waits_is_cancelled_without_starting(
    tmp_path: Path,
) -> None:
    programs = Programs(tmp_path, at_once=1)
    first = await programs.start(HOLD)
    second = await programs.start("echo ran > ran.txt")
    await programs.running(first)
    await programs.backend.cancel(second)
    assert (await programs.look(second)).phase is Phase.CANCELLED
    (programs.work / "go").touch()
    await programs.ended(first)
    assert not (programs.work / "ran.txt").exists()


async def test_a_program_out_of_time_is_ended(programs: Programs) -> None:
    token = await programs.start("sleep 300", timeout=0.2)
    status = await programs.ended(token)
    assert (status.phase, status.error_code) == (Phase.FAILED, "TIMEOUT")


async def test_the_system_asking_for_the_end_is_no_cancel(programs: Programs) -> None:
    token = await programs.start("sleep 300")
    known = await programs.running(token)
    os.kill(known["supervisor"]["pid"], signal.SIGTERM)
    status = await programs.ended(token)
    assert (status.phase, status.error_code) == (Phase.FAILED, "INTERRUPTED")


async def test_without_its_supervisor_a_program_is_followed_and_can_be_ended(
    programs: Programs,
) -> None:
    token = await programs.start("sleep 300")
    known = await programs.running(token)
    os.kill(known["supervisor"]["pid"], signal.SIGKILL)
    status = await programs.until(token, lambda s: "Nobody watches" in s.detail)
    assert status.phase is Phase.RUNNING
    await programs.backend.cancel(token)
    assert (await programs.ended(token)).phase is Phase.CANCELLED
    assert not ProcessMark(**known["program"]).alive


@pytest.mark.parametrize(
    ("intent", "field"),
    [
        (ProgramIntent((), "."), "argv"),
        (ProgramIntent(("no-such-program-here",), "."), "argv"),
        (ProgramIntent(("true",), "no/such/folder"), "folder"),
        (ProgramIntent(("true",), ".", inputs=("no-such-file",)), "inputs"),
    ],
)
async def test_what_cannot_be_started_is_refused_at_once(
    programs: Programs, intent: ProgramIntent, field: str
) -> None:
    with pytest.raises(ServiceRefused) as caught:
        await programs.backend.submit(Order(JobKey("k"), intent, 0.0))
    assert set(caught.value.fields) == {field}
    assert not programs.root.exists()


async def test_a_program_that_does_not_start_says_so(programs: Programs) -> None:
    place = programs.work / "broken"
    place.write_text("#!/no/such/interpreter\n")
    place.chmod(0o700)
    intent = ProgramIntent((str(place),), str(programs.work))
    await programs.backend.submit(Order(JobKey("k"), intent, 0.0))
    status = await programs.ended("k")
    assert (status.phase, status.error_code) == (Phase.FAILED, "NOT_STARTED")


async def test_a_claim_whose_supervisor_died_is_lost_not_started_again(
    programs: Programs,
) -> None:
    token = await programs.start("echo ran > ran.txt")
    await programs.ended(token)
    folder = programs.root / token
    supervisor = ProcessMark(**json.loads((folder / "claim").read_text()))
    deadline = time.monotonic() + 10
    while supervisor.alive:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)
    (folder / "status.json").unlink()
    (programs.work / "ran.txt").unlink()
    status = await programs.look(token)
    assert (status.phase, status.error_code) == (Phase.FAILED, "LOST")
    assert not (programs.work / "ran.txt").exists()


@pytest.mark.parametrize("token", ["", "..", "a/b", "../programs", "none"])
async def test_only_tokens_of_jobs_are_known(programs: Programs, token: str) -> None:
    await programs.ended(await programs.start("true"))
    assert (await programs.backend.observe([token])) == {token: None}
    with pytest.raises(UnknownToken):
        await programs.backend.purge(token)
    assert programs.root.exists()


async def test_a_purge_deletes_the_record_and_nothing_else(programs: Programs) -> None:
    token = await programs.start(f"echo kept > out.txt; {HOLD}")
    await programs.running(token)
    with pytest.raises(ServiceRefused):
        await programs.backend.purge(token)
    (programs.work / "go").touch()
    await programs.ended(token)
    assert (await programs.backend.purge(token)).done
    assert not (programs.root / token).exists()
    assert (programs.work / "out.txt").read_text() == "kept\n"


def test_a_supervisor_starts_quickly(tmp_path: Path) -> None:
    spec = {"argv": ["true"], "cwd": str(tmp_path)}
    times = []
    for number in range(5):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "spec.json").write_text(json.dumps(spec))
        begun = time.perf_counter()
        assert supervise(folder) == 0
        times.append(time.perf_counter() - begun)
    assert min(times) < 0.5
    loaded = subprocess.run(
        [
            sys.executable,
            "-I",
            "-S",
            "-c",
            f"import sys, runpy; runpy.run_path({str(SUPERVISOR)!r}); "
            "print(' '.join(sys.modules))",
        ],
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    ).stdout.split()
    assert not {"asyncio", "ssl", "chrislib", "site", "logging"} & set(loaded)


async def test_through_the_job_manager(desk: Desk, tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.mkdir()
    intent = ProgramIntent(("sh", "-c", "echo hello; echo x > out.txt"), str(work))
    key = await desk.jobs.submit(intent)
    job = await desk.phase(key, Phase.FINISHED)
    assert (job.title, job.backend, job.token) == ("sh", "local", key)
    fetched = await desk.jobs.services.fetch(key, tmp_path / "out")
    assert [file.remote_path for file in fetched.files] == ["out.txt"]
    again = await desk.jobs.retry(key)
    assert again != key
    await desk.phase(again, Phase.FINISHED)


async def test_a_refused_program_goes_back_to_its_author(
    desk: Desk, tmp_path: Path
) -> None:
    key = await desk.jobs.submit(ProgramIntent(("no-such-program",), str(tmp_path)))
    await desk.until(lambda: desk.job(key).field_errors)
    assert desk.job(key).phase is Phase.DRAFT
    assert await desk.jobs.cancel(key) == 1
    assert desk.job(key).phase is Phase.CANCELLED


async def test_programs_of_a_lost_catalog_are_taken_up_again(
    desk: Desk, tmp_path: Path
) -> None:
    work = tmp_path / "work"
    work.mkdir()
    intent = ProgramIntent(("sh", "-c", HOLD), str(work), "held", timeout=120)
    key = await desk.jobs.submit(intent)
    await desk.phase(key, Phase.RUNNING)
    await desk.stop()
    for path in desk.path.parent.glob("catalog.db*"):
        path.unlink()
    await desk.restart()
    await desk.until(lambda: desk.jobs.get(key) is not None)
    job = desk.job(key)
    with pytest.raises(ChrislibError, match="no such job"):
        await desk.jobs.services.recovery.adopt("local", "another")
    assert await desk.jobs.services.recovery.recover("local") == ()
    assert (job.key, job.phase, job.intent) == (key, Phase.RUNNING, intent)
    (work / "go").touch()
    await desk.phase(key, Phase.FINISHED)


async def test_what_is_forgotten_for_good_leaves_no_record(
    desk: Desk, tmp_path: Path
) -> None:
    work = tmp_path / "work"
    work.mkdir()
    key = await desk.jobs.submit(ProgramIntent(("true",), str(work)))
    await desk.phase(key, Phase.FINISHED)
    record = tmp_path / "state" / "plugins" / "local" / key
    assert record.is_dir()
    with sqlite3.connect(desk.path) as database:
        database.execute("UPDATE inbox SET seen_at=1")
        database.execute(
            "UPDATE job SET result='DISCARDED', terminal_at=1, changed_at=1"
        )
    await desk.restart()
    await desk.until(lambda: desk.jobs.get(key) is None)
    await desk.until(lambda: not record.exists())
    await desk.restart()
    assert desk.jobs.jobs() == ()
