"""Scenarios 68, 69 and 76 to 78: handlers of plug-ins, and local programs."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from chrislib.desktop.processes import ProcessMark, boot_id
from chrislib.jobs.extensions import HANDLERS
from chrislib.jobs.model import (
    JobKey,
    Phase,
    ProgramIntent,
    ResultState,
    Retention,
    ServiceIntent,
)
from tests.services.bench import Desk, ServiceProcess, Site

# The fixtures of services are of use here too.
from tests.services.fixtures import (
    desk,
    served,
    service,
    site,
    textworks,
    textworks_wheel,
)

__all__ = ["desk", "served", "service", "site", "textworks", "textworks_wheel"]

ROOT = Path(__file__).resolve().parents[2]
HANDLER = """
class Handler:
    def __init__(self, context):
        pass

    def accepts(self, job):
        return 50 if job.title == "trouble" else 0

    async def apply(self, job, files, base, *, replace=False):
        raise ZeroDivisionError("it divides by nothing")
"""
COUNTING = HANDLER.replace(
    'raise ZeroDivisionError("it divides by nothing")',
    "from chrislib.jobs.protocols import MergeOutcome\n"
    '        return MergeOutcome(True, "taken in by the plug-in")',
)
POINTS = {HANDLERS: "t = trouble_maker:Handler"}
LONG = "echo started; while [ ! -e go ]; do sleep 0.05; done; echo ended"


async def measured(desk: Desk, title: str) -> JobKey:
    """Return a job of the service that has finished."""
    intent = ServiceIntent("textworks", "measure", {"values": {"text": "a b"}}, title)
    key = await desk.jobs.submit(intent)
    await desk.phase(key, Phase.FINISHED)
    return key


@pytest.mark.logs("a result handler failed")
async def test_s68_a_handler_that_raises_keeps_what_was_fetched(
    served: Desk, site: Site, tmp_path: Path
) -> None:
    site.install_source("trouble-maker", HANDLER, POINTS)
    await served.jobs.services.reload()
    key = await measured(served, "trouble")
    other = await measured(served, "no trouble")
    place, beside = tmp_path / "out", tmp_path / "beside"
    await served.jobs.results.get(key, place)
    await served.jobs.results.get(other, beside)
    await served.until(lambda: served.job(key).hint)
    await served.until(lambda: served.job(other).result is ResultState.MERGED)
    job = served.job(key)
    assert job.result is ResultState.FETCHED
    assert job.phase is Phase.FINISHED
    assert "could not take them: ZeroDivisionError" in job.detail
    assert {path.name for path in place.iterdir()} == {"report.json", "words.txt"}
    assert served.job(other).detail == "2 different words."
    # It is the same after a restart: nothing is tried over and over.
    await served.restart()
    assert served.job(key).result is ResultState.FETCHED


async def test_without_its_whole_distribution_a_finished_job_is_kept(
    served: Desk, site: Site, service: ServiceProcess, tmp_path: Path
) -> None:
    site.install_source("trouble-maker", COUNTING, POINTS)
    await served.jobs.services.reload()
    first = await measured(served, "trouble")
    await served.jobs.results.get(first, tmp_path / "first")
    await served.until(lambda: served.job(first).result is ResultState.MERGED)
    assert served.job(first).detail == "taken in by the plug-in"

    second = await measured(served, "trouble")
    # Everything of that handler's distribution goes, the service's too.
    site.uninstall()
    await served.restart()
    assert served.job(second).phase is Phase.FINISHED
    assert served.job(second).token
    assert served.job(second).result is ResultState.READY
    assert served.jobs.extensions.handlers(served.job(second)) == ()


async def test_s69_without_its_handler_a_job_is_tracked_and_its_files_are_saved(
    served: Desk, textworks: Callable[[], None], site: Site, tmp_path: Path
) -> None:
    key = await measured(served, "a text")
    info = next(site.folder.glob("*.dist-info"))
    points = info / "entry_points.txt"
    text = points.read_text()
    points.write_text(text.replace("ReportHandler", "").partition(f"[{HANDLERS}]")[0])
    await served.restart()
    assert served.jobs.extensions.handlers(served.job(key)) == ()
    assert served.job(key).result is ResultState.READY
    await served.jobs.results.get(key, tmp_path / "out")
    await served.until(lambda: served.job(key).result is ResultState.FETCHED)
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {"report.json", "words.txt"}


def start_child(folder: Path) -> "subprocess.Popen[bytes]":
    script = ROOT / "tests" / "scenarios" / "program_child.py"
    return subprocess.Popen(
        [sys.executable, str(script), str(folder)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


def kill_child(child: "subprocess.Popen[bytes]") -> None:
    child.send_signal(signal.SIGKILL)
    child.wait()


async def test_s76_a_program_outlives_us_and_is_adopted(tmp_path: Path) -> None:
    child = start_child(tmp_path)
    assert child.stdout is not None
    line = await asyncio.to_thread(child.stdout.readline)
    key = JobKey(line.decode().strip())
    kill_child(child)
    child.stdout.close()
    status = status_of(tmp_path, key)
    program = mark(status, "program")
    assert program.alive
    desk = await Desk(tmp_path).start()
    try:
        assert (await desk.phase(key, Phase.RUNNING)).token == key
        (tmp_path / "work" / "go").touch()
        await desk.phase(key, Phase.FINISHED)
        assert (tmp_path / "work" / "out.txt").read_text() == "written\n"
        # The very process that was there before, and it ran once.
        assert mark(status_of(tmp_path, key), "program") == program
        assert await logged(desk, key) == "started\nended\n"
        assert await desk.kinds(key) == ["READY"]
    finally:
        await desk.stop()


@pytest.fixture
def stranger() -> Iterator["subprocess.Popen[bytes]"]:
    """Return a process that is none of ours, leader of its own group."""
    process = subprocess.Popen(["sleep", "60"], start_new_session=True)
    yield process
    process.kill()
    process.wait()


@pytest.fixture
async def interrupted(desk: Desk, tmp_path: Path) -> AsyncIterator[JobKey]:
    """Return a program whose processes and chrislib ended without a word."""
    work = tmp_path / "work"
    work.mkdir()
    intent = ProgramIntent(("sh", "-c", LONG), str(work), "a long one", timeout=120)
    key = await desk.jobs.submit(intent)
    await desk.phase(key, Phase.RUNNING)
    await desk.until(lambda: status_of(tmp_path, key)["program"])
    await desk.until((folder_of(tmp_path, key) / "log.txt").read_text)
    status = status_of(tmp_path, key)
    await desk.stop()
    for name in ("supervisor", "program"):
        os.kill(mark(status, name).pid, signal.SIGKILL)
    await desk.until(
        lambda: not any(mark(status, n).alive for n in ("supervisor", "program"))
    )
    yield key
    (work / "go").touch()


async def test_s77_another_program_with_its_number_is_left_alone(
    desk: Desk,
    interrupted: JobKey,
    stranger: "subprocess.Popen[bytes]",
    tmp_path: Path,
) -> None:
    status = status_of(tmp_path, interrupted)
    for name in ("supervisor", "program"):
        status[name]["pid"] = stranger.pid
    write_status(tmp_path, interrupted, status)
    assert mark(status, "program").replaced
    backend: Any = desk.jobs.extensions.backend("local")
    await backend.cancel(interrupted)
    (folder_of(tmp_path, interrupted) / "cancel").unlink(missing_ok=True)
    await desk.restart()
    job = await desk.phase(interrupted, Phase.FAILED)
    assert job.error_code == "LOST"
    assert "another program has its number" in job.detail
    assert await desk.jobs.cancel(interrupted) == 0
    await desk.jobs.services.purge(interrupted)
    await desk.until(lambda: desk.job(interrupted).retention is Retention.PURGED)
    assert stranger.poll() is None


async def test_s78_a_reboot_interrupts_and_keeps_the_log(
    desk: Desk, interrupted: JobKey, tmp_path: Path
) -> None:
    status = status_of(tmp_path, interrupted)
    # After a reboot numbers begin anew: even one that is alive is not ours.
    us = ProcessMark.of(os.getpid())
    for name in ("supervisor", "program"):
        status[name] = {"pid": us.pid, "started": us.started, "boot": "another boot"}
    write_status(tmp_path, interrupted, status)
    assert boot_id() not in ("", "another boot")
    await desk.restart()
    job = await desk.phase(interrupted, Phase.FAILED)
    assert job.error_code == "INTERRUPTED"
    assert "started anew" in job.detail
    assert await logged(desk, interrupted) == "started\n"
    assert (folder_of(tmp_path, interrupted) / "log.txt").read_text() == "started\n"
    assert await desk.kinds(interrupted) == ["FAILED"]


def folder_of(home: Path, key: JobKey) -> Path:
    return home / "state" / "plugins" / "local" / key


def status_of(home: Path, key: JobKey) -> dict[str, Any]:
    text = (folder_of(home, key) / "status.json").read_text()
    found: dict[str, Any] = json.loads(text)
    return found


def write_status(home: Path, key: JobKey, status: dict[str, Any]) -> None:
    (folder_of(home, key) / "status.json").write_text(json.dumps(status))


def mark(status: dict[str, Any], name: str) -> ProcessMark:
    return ProcessMark(**status[name])


async def logged(desk: Desk, key: JobKey) -> str:
    """Return the log as the window shows it."""
    for _ in range(50):
        trace = await desk.jobs.trace(key)
        if trace is not None and trace.log:
            return trace.log
        await desk.jobs.services.looked()
    return ""
