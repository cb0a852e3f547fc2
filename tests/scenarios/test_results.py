"""Scenarios 29, 65 to 67, 70, 74 and 75: logs, downloads, decisions, deletions."""

import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from chrislib.errors import ChrislibError
from chrislib.jobs.model import Phase, ResultState, Retention
from chrislib.jobs.outputs.purge import PurgeRefused
from chrislib.station.reports import Reporter
from tests.scenarios.outputs import deletes, ends_well, finished, submitted

SECRET = "0123456789abcdef0123456789abcdef01234567"
LOG = f"reading\nCHRIS_USER_TOKEN={SECRET}\n12 slices done\n"


def program(run: int, status: str = "started", log: str = LOG) -> dict[str, str]:
    """Return what CUBE says of a run's program."""
    report = Reporter(7)
    if status == "started":
        summary, raw = report.running(run, "image", command=["x"], log=log)
    else:
        summary, raw = report.ended(
            run, "image", command=["x"], log=log, status=status, pulled=True
        )
    return {"summary": summary, "raw": raw}


def cleaned(run: int) -> dict[str, str]:
    """Return what CUBE 7 says half a second later."""
    summary, raw = Reporter(7).cleaned(run)
    return {"summary": summary, "raw": raw}


# Logs.


@pytest.mark.virtual_time
async def test_s29_a_log_the_server_overwrites_stays_readable(sim: Any) -> None:
    feed = sim.server.add_feed()
    run = sim.server.add_run(feed, status="started")
    await sim.start()
    key = await sim.follow(run)
    sim.server.set(run, "registeringFiles", **program(run))
    await sim.until(lambda: sim.job(key).phase is Phase.REGISTERING)
    sim.server.set(run, "finishedSuccessfully", **cleaned(run))
    await sim.until(lambda: sim.job(key).phase is Phase.FINISHED)
    trace = await sim.jobs.trace(key)
    assert "12 slices done" in trace.log
    assert SECRET not in trace.log
    await sim.jobs.refresh()
    await sim.sleep(120)
    await sim.restart()
    await sim.jobs.refresh()
    await sim.sleep(60)
    assert (await sim.jobs.trace(key)).log == trace.log


@pytest.mark.virtual_time
async def test_the_last_of_a_log_is_taken_at_the_end(sim: Any) -> None:
    feed = sim.server.add_feed()
    run = sim.server.add_run(feed, status="started")
    await sim.start()
    key = await sim.follow(run)
    sim.server.set(run, "registeringFiles", **program(run, log="half"))
    await sim.until(lambda: sim.job(key).phase is Phase.REGISTERING)
    whole = program(run, "finishedWithError", log="half\nTraceback: it broke\n")
    sim.server.set(run, "finishedWithError", **whole)
    await sim.until(lambda: sim.job(key).phase is Phase.FINISHED_WITH_ERRORS)
    assert "it broke" in (await sim.jobs.trace(key)).log
    # A report that does not look like a clean-up takes nothing away either.
    sim.server.set(run, "finishedWithError", **program(run, log="something else"))
    await sim.jobs.refresh()
    await sim.sleep(60)
    assert "it broke" in (await sim.jobs.trace(key)).log


# Downloads.


def child(
    station: Any, home: Path, source: str, *, rate: int = 0
) -> "subprocess.Popen[str]":
    """Start a process that downloads, and can be killed."""
    return subprocess.Popen(
        [
            sys.executable,
            "-m",
            "tests.scenarios.fetching_child",
            str(home / "state" / "catalog.db"),
            station.url,
            station.token,
            str(home / "chosen"),
            source,
            str(rate),
        ],
        stdout=subprocess.PIPE,
        text=True,
    )


def kill_at(process: "subprocess.Popen[str]", count: int) -> bool:
    """Kill a child when it has got so many bytes; False if it had ended before."""
    assert process.stdout is not None
    with process.stdout as lines:
        for line in lines:
            if line.startswith("ended"):
                process.wait(30)
                return False
            if int(line) >= count:
                break
        process.kill()
        process.wait(30)
    return True


def upload(station: Any, api_class: Any, files: dict[str, bytes]) -> str:
    """Put files into a new folder of a station; returns its path."""
    api = api_class(station)
    place = f"home/local/uploads/fetch {random.randrange(1 << 40)}"
    for name, content in files.items():
        api.upload(f"{place}/{name}", content)
    api.http.close()
    return place


def whole_or_absent(folder: Path, files: dict[str, bytes]) -> int:
    """Make sure that whatever has a final name is whole; returns how many are."""
    found = [p for p in folder.glob("*") if p.suffix != ".part"]
    for path in found:
        assert path.read_bytes() == files[path.name], f"{path.name} is short"
    return len(found)


def test_s65_a_download_killed_at_70_percent_is_whole_in_the_end(
    station: Any, station_api: Any, tmp_path: Path
) -> None:
    size = 6 * 1024 * 1024
    files = {"big.bin": random.Random(1).randbytes(size)}
    source = upload(station, station_api, files)
    process = child(station, tmp_path, source, rate=3_000_000)
    assert kill_at(process, int(size * 0.7))
    folder = tmp_path / "chosen"
    assert [path.name for path in folder.iterdir()] == ["big.bin.part"]
    assert (folder / "big.bin.part").stat().st_size < size
    again = child(station, tmp_path, "")
    out, _ = again.communicate(timeout=60)
    assert out.splitlines()[-1] == "ended FINISHED"
    assert whole_or_absent(folder, files) == 1
    assert [path.name for path in folder.iterdir()] == ["big.bin"]


def test_killed_at_any_point_no_file_is_ever_short(
    station: Any, station_api: Any, tmp_path: Path
) -> None:
    dice = random.Random(65)
    files = {f"f{n}.bin": dice.randbytes(dice.randrange(1, 400_000)) for n in range(24)}
    total = sum(len(content) for content in files.values())
    source = upload(station, station_api, files)
    folder = tmp_path / "chosen"
    for round_ in range(6):
        begin = source if round_ == 0 else ""
        process = child(station, tmp_path, begin, rate=8_000_000)
        killed = kill_at(process, dice.randrange(1, total))
        whole_or_absent(folder, files)
        if not killed:
            break
    last = child(station, tmp_path, "")
    out, _ = last.communicate(timeout=60)
    assert out.splitlines()[-1] == "ended FINISHED"
    assert whole_or_absent(folder, files) == len(files)
    assert not list(folder.glob("*.part"))


@pytest.fixture
def station_api() -> Any:
    """Return the little HTTP client of the station's own tests."""
    from tests.station.conftest import Api

    return Api


@pytest.mark.virtual_time
async def test_s66_a_file_of_another_size_is_not_taken(
    sim: Any, tmp_path: Path
) -> None:
    key = await finished(sim, files={"a.txt": b"right", "b.txt": b"short"})
    sim.server.store.execute("UPDATE files SET fsize = 99 WHERE fname LIKE '%/b.txt'")
    folder = tmp_path / "chosen"
    download = await sim.jobs.results.get(key, folder)
    assert sim.job(key).result is ResultState.FETCHING
    await sim.until(lambda: sim.job(key).result is ResultState.FETCH_FAILED)
    job = sim.job(download)
    assert [file.path.rsplit("/", 1)[-1] for file in job.failed_files] == ["b.txt"]
    assert [path.name for path in folder.iterdir()] == ["a.txt"]
    sim.server.store.execute("UPDATE files SET fsize = 5 WHERE fname LIKE '%/b.txt'")
    assert await sim.jobs.results.get(key) == download
    await sim.until(lambda: sim.job(key).result is ResultState.FETCHED)
    assert (folder / "b.txt").read_bytes() == b"short"


# What changed since.


@pytest.mark.virtual_time
async def test_s67_inputs_that_changed_since_are_told_before_anything_is_replaced(
    sim: Any, tmp_path: Path
) -> None:
    folder = tmp_path / "chosen"
    key, parent = await submitted(sim, {"prefix": "x_"})
    await ends_well(sim, key, {"out.txt": b"first"})
    await sim.jobs.results.get(key, folder)
    await sim.until(lambda: sim.job(key).result is ResultState.FETCHED)
    await sim.sleep(5)
    assert (await sim.jobs.results.compare(key)).same
    assert "STATE_CHANGED" not in [row.kind for row in await sim.inbox()]

    other, parent = await submitted(sim, {"prefix": "x_"})
    await ends_well(sim, other, {"out.txt": b"second"})
    sim.server.add_file(parent, "late.txt", b"came later")
    await sim.jobs.results.get(other, folder)
    await sim.until(lambda: sim.job(other).result is ResultState.FETCHED)
    await sim.sleep(5)
    told = [row for row in await sim.inbox() if row.kind == "STATE_CHANGED"]
    assert [row.job_key for row in told] == [other]
    found = await sim.jobs.results.compare(other)
    assert [d.what for d in found.differences] == ["input file"]
    assert "late.txt" in found.differences[0].name
    assert (found.differences[0].before, found.differences[0].after) == (
        "",
        "10 bytes",
    )
    # Nothing was overwritten meanwhile, and nothing is until it is said.
    assert (folder / "out.txt").read_bytes() == b"first"
    assert (folder / "out (2).txt").read_bytes() == b"second"
    assert sim.job(other).result is ResultState.FETCHED

    assert await sim.jobs.results.settle(other, "separate")
    assert (folder / "out.txt").read_bytes() == b"first"
    assert await sim.jobs.results.settle(other, "replace")
    assert sim.job(other).result is ResultState.MERGED
    assert (folder / "out.txt").read_bytes() == b"second"
    assert not (folder / "out (2).txt").exists()


@pytest.mark.virtual_time
async def test_what_the_user_changed_meanwhile_is_never_replaced(
    sim: Any, tmp_path: Path
) -> None:
    folder = tmp_path / "chosen"
    key, _ = await submitted(sim, {"prefix": "x_"})
    await ends_well(sim, key, {"out.txt": b"first"})
    await sim.jobs.results.get(key, folder)
    await sim.until(lambda: sim.job(key).result is ResultState.FETCHED)
    (folder / "out.txt").write_bytes(b"mine now")
    other, parent = await submitted(sim, {"prefix": "x_"})
    await ends_well(sim, other, {"out.txt": b"second"})
    sim.server.add_file(parent, "late.txt", b"came later")
    await sim.jobs.results.get(other, folder)
    await sim.until(lambda: sim.job(other).result is ResultState.FETCHED)
    await sim.sleep(5)
    assert await sim.jobs.results.settle(other, "replace")
    assert (folder / "out.txt").read_bytes() == b"mine now"
    assert (folder / "out (2).txt").read_bytes() == b"second"
    assert "1 were changed" in sim.job(other).detail


# Discarding.


@pytest.mark.virtual_time
async def test_s70_a_discard_can_be_taken_back_while_the_output_is_there(
    sim: Any,
) -> None:
    key = await finished(sim)
    before = len(sim.server.log)
    await sim.jobs.results.discard(key)
    assert sim.job(key).result is ResultState.DISCARDED
    assert key not in [row.job_key for row in await sim.inbox()]
    await sim.jobs.results.undo(key)
    assert sim.job(key).result is ResultState.READY
    assert key in [row.job_key for row in await sim.inbox()]
    assert len(sim.server.log) == before, "a discard is no affair of the server"
    assert sim.job(key).retention is Retention.PRESENT


@pytest.mark.virtual_time
async def test_nothing_is_taken_back_of_what_is_not_there(sim: Any) -> None:
    key = await finished(sim)
    plan = await sim.jobs.results.purge_plan(key)
    await sim.jobs.results.purge(key, plan.token)
    sim.server.delete_pending()
    await sim.until(lambda: sim.job(key).retention is Retention.PURGED)
    await sim.jobs.results.discard(key)
    with pytest.raises(ChrislibError, match="cannot be taken back"):
        await sim.jobs.results.undo(key)
    assert sim.job(key).result is ResultState.DISCARDED


# Deleting on the server.


@pytest.fixture
def fault(sim: Any) -> Callable[[str], None]:
    """Return what makes the server's deletions fail."""
    path = sim.server._context.paths.station / "deletion-fault"

    def switch(words: str) -> None:
        path.write_text(words)

    return switch


@pytest.mark.virtual_time
async def test_s74_a_deletion_the_server_fails_is_told_and_can_be_repeated(
    sim: Any, fault: Callable[[str], None]
) -> None:
    key = await finished(sim)
    run = sim.job(key).remote_id
    plan = await sim.jobs.results.purge_plan(key)
    assert (plan.nodes, plan.running) == (1, 0)
    await sim.jobs.results.purge(key, plan.token)
    assert sim.job(key).retention is Retention.PURGING
    fault("fail:the storage is read only")
    sim.server.delete_pending()
    await sim.until(lambda: sim.job(key).retention is Retention.PURGE_FAILED)
    assert "the storage is read only" in sim.job(key).detail
    assert sim.job(key).phase is Phase.FINISHED
    kinds = [row.kind for row in await sim.inbox() if row.job_key == key]
    assert "PURGE_FAILED" in kinds

    fault("")
    plan = await sim.jobs.results.purge_plan(key)
    await sim.jobs.results.purge(key, plan.token)
    await sim.sleep(20)
    assert sim.job(key).retention is Retention.PURGING, "believed without a 404"
    sim.server.delete_pending()
    await sim.until(lambda: sim.job(key).retention is Retention.PURGED)
    assert deletes(sim) == [f"plugins/instances/{run}/"] * 2


@pytest.mark.virtual_time
async def test_s75_the_root_of_a_feed_is_not_deleted(sim: Any) -> None:
    feed = sim.server.add_feed()
    run = sim.server.add_run(feed, status="started", plugin="pl-dircopy", folders=True)
    await sim.start()
    key = await sim.follow(run)
    sim.server.set(run, "finishedSuccessfully")
    await sim.until(lambda: sim.job(key).phase is Phase.FINISHED)
    for ask in (
        sim.jobs.results.purge_plan(key),
        sim.jobs.results.purge(key, "whatever"),
    ):
        with pytest.raises(PurgeRefused) as refused:
            await ask
        assert "Delete the feed instead" in refused.value.hint
    assert sim.job(key).retention is Retention.PRESENT
    assert deletes(sim) == []
