"""A page of looks applied to a catalog, by a process that is killed on the way.

Run as ``python -m tests.scenarios.store_pages FOLDER``: for each statement of the
page's transaction a forked copy of this process applies the page to a fresh copy of
``FOLDER/template.db`` and kills itself with signal 9 when SQLite begins the statement.
"""

import asyncio
import os
import shutil
import signal
import sys
from functools import partial
from pathlib import Path

from chrislib.catalog.catalog import Catalog
from chrislib.jobs import fsm, steps
from chrislib.jobs.clock import SystemClock
from chrislib.jobs.model import Job, Kind, Phase, RunIntent
from chrislib.jobs.store import Decision, JobStore, new_key

JOBS = 12
LOW = "2027-01-15T08:00:00+00:00"


async def prepare(path: Path) -> int:
    """Make a catalog with submitted runs; returns the account."""
    catalog = Catalog(path)
    await catalog.open()
    account = await catalog.jobs.account("http://x/", "u", server_uuid="s")
    store = JobStore(catalog.jobs, SystemClock())
    await store.add(
        [
            fsm.begin(
                steps.Tracked(
                    Job(
                        key=new_key(),
                        kind=Kind.RUN,
                        phase=Phase.SUBMITTED,
                        intent=RunIntent(1, "p", "1", "ds", {"n": n}, feed_id=1),
                        title="t",
                        remote_id=n,
                        remote_status="created",
                        feed_id=1,
                        backend="cube",
                        account_id=account.account_id,
                    ),
                    server_uuid="s",
                ),
                now=1.0,
            )
            for n in range(1, JOBS + 1)
        ]
    )
    await catalog.close()
    return account.account_id


async def apply(store: JobStore, account_id: int) -> int:
    """Apply one page: every run has finished; returns how many jobs changed."""
    decisions = []
    for number in range(1, JOBS + 1):
        tracked = store.by_token(account_id, "s", number)
        assert tracked is not None
        seen = steps.Observation(
            number, "finishedSuccessfully", "", 5.0, 6.0, "window", end_date=LOW
        )
        decisions.append(
            Decision(tracked.job.key, partial(fsm.reduce, obs=seen, now=9.0))
        )
    return await store.apply_page(decisions, low=(account_id, LOW))


async def _applied(path: Path, *, kill_at: int) -> None:
    catalog = Catalog(path)
    await catalog.open()
    store = JobStore(catalog.jobs, SystemClock())
    await store.load()
    count = 0

    def statement(_text: str) -> None:
        nonlocal count
        count += 1
        if count == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    writer = catalog._database._writer
    assert writer is not None
    writer.set_trace_callback(statement)
    await apply(store, account_id=1)
    writer.set_trace_callback(None)
    await catalog.close()


def main(folder: Path) -> None:
    """Kill one process at each statement, until one gets to the end."""
    for number in range(1, 10_000):
        path = folder / f"{number}.db"
        shutil.copyfile(folder / "template.db", path)
        child = os.fork()
        if child == 0:
            try:
                asyncio.run(_applied(path, kill_at=number))
            finally:
                os._exit(0)
        _, status = os.waitpid(child, 0)
        if not os.WIFSIGNALED(status):
            return


if __name__ == "__main__":
    main(Path(sys.argv[1]))
