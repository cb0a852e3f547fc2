"""A process that submits runs and ends the hard way at an exact point.

Arguments: catalog file, server address, token and where to die ("" lives); the intents
come as JSON over its input, each with what follows it or without. The points:
"journaled" (written down, nothing sent), "answered" (the 201 is there, nothing noted),
"committed" (the token is just written).
"""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from chrislib.catalog.catalog import Catalog
from chrislib.catalog.job_pages import JobChanges, JobWrite
from chrislib.catalog.jobs import JobTable
from chrislib.cube.client import CubeClient
from chrislib.jobs.backends.cube import CubeRuns
from chrislib.jobs.clock import SystemClock
from chrislib.jobs.manager import JobManager
from chrislib.jobs.model import RunIntent
from chrislib.jobs.submission import outbox
from chrislib.jobs.submission.chains import Chain
from chrislib.jobs.submission.held import Next


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _has_token(write: JobWrite) -> bool:
    if isinstance(write.row, JobChanges):
        return "remote_id" in write.row.columns
    return bool(write.row.remote_id)


def _arm(point: str) -> None:
    submit, commit = CubeRuns.submit, JobTable.commit

    async def dying_submit(self: CubeRuns, intent: RunIntent) -> Any:
        if point == "journaled":
            _die()
        seen = await submit(self, intent)
        if point == "answered":
            _die()
        return seen

    async def dying_commit(self: JobTable, writes: Any, **kwargs: Any) -> None:
        made: Sequence[JobWrite] = writes() if callable(writes) else writes
        await commit(self, made, **kwargs)
        if point == "committed" and any(_has_token(w) for w in made):
            _die()

    CubeRuns.submit = dying_submit  # type: ignore[method-assign]
    JobTable.commit = dying_commit  # type: ignore[method-assign]


def _member(values: dict[str, Any]) -> RunIntent | Chain:
    if "then" not in values:
        return RunIntent(**values)
    then = [Next(RunIntent(**one["intent"]), one["under"]) for one in values["then"]]
    return Chain(RunIntent(**values["intent"]), tuple(then))


async def _run(arguments: list[str]) -> None:
    path, url, token, point = arguments
    _arm(point)
    outbox.PER_SECOND = 500.0
    intents = [_member(values) for values in json.load(sys.stdin)]
    catalog = Catalog(Path(path))
    await catalog.open()
    client = CubeClient(url, token=token)
    await client.identify()
    jobs = JobManager(
        catalog=catalog,
        client_for=lambda: client,
        pacs=lambda: None,
        clock=SystemClock(),
        base_period=0.6,
        adopts=False,
    )
    await jobs.start()
    if len(intents) > 1:
        key: str = await jobs.batches.submit(intents, "a batch")
    else:
        (only,) = intents
        assert isinstance(only, RunIntent)
        key = await jobs.submit(only)
    sys.stdout.write(f"{key}\n")
    sys.stdout.flush()
    await asyncio.sleep(600)


if __name__ == "__main__":
    asyncio.run(_run(sys.argv[1:]))
