"""chrislib and the service killed at random: nothing is lost, nothing made twice."""

import asyncio
import os
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from chrislib.jobs.model import Phase
from tests.services.bench import Desk, ServiceProcess, Site

ROOT = Path(__file__).resolve().parents[2]
ROUNDS = 3


def start_child(
    folder: Path, service: ServiceProcess, site: Site, turn: int
) -> "subprocess.Popen[bytes]":
    script = ROOT / "tests" / "services" / "submitting_child.py"
    paths = os.pathsep.join([str(ROOT), str(site.folder)])
    return subprocess.Popen(
        [sys.executable, str(script), str(folder), service.url, str(turn)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": paths},
    )


async def killed_after(child: "subprocess.Popen[bytes]", jobs: int) -> None:
    """Kill a chrislib after it has journaled so many jobs."""
    assert child.stdout is not None
    said = await asyncio.to_thread(child.stdout.read, jobs)
    assert said == b"." * jobs
    child.kill()
    await asyncio.to_thread(child.wait)
    child.stdout.close()


@pytest.mark.logs("outcome of a submission")
async def test_killed_at_random_nothing_is_lost_and_nothing_made_twice(
    service: ServiceProcess,
    textworks: Callable[[], None],
    site: Site,
    tmp_path: Path,
) -> None:
    del textworks
    rng = random.Random(3)
    journaled = 0
    for turn in range(ROUNDS):
        child = start_child(tmp_path, service, site, turn)
        jobs = rng.randint(1, 12)
        await killed_after(child, jobs)
        journaled += jobs
        if turn % 2:
            service.kill()
            service.start()
    desk = Desk(tmp_path)
    desk.use(service)
    await desk.start()
    try:
        ended = (Phase.FINISHED, Phase.NOT_SUBMITTED)
        await desk.until(
            lambda: all(job.phase in ended for job in desk.jobs.jobs()), 60
        )
        jobs_here = desk.jobs.jobs()
        queue = service.ask("GET", "/jobs")
        references = Counter(row["reference"] for row in queue)
        assert len(jobs_here) >= journaled
        assert set(references.values()) <= {1}
        finished = {job.key: job.token for job in jobs_here if job.token}
        assert finished == {row["reference"]: row["token"] for row in queue}
        rows = Counter(row.job_key for row in await desk.jobs.inbox())
        assert set(rows.values()) == {1}
        assert len(rows) == len(jobs_here)
    finally:
        await desk.stop()
