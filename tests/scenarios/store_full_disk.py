"""A process that follows a run while its disk fills up and gets room again.

Run as ``python -m tests.scenarios.store_full_disk CATALOG URL TOKEN FOLDER``; prints
what it saw as JSON. No file may grow past its first bytes while the "disk is full".
"""

import asyncio
import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

from chrislib.catalog.catalog import Catalog
from chrislib.catalog.lease import Lease, LeaseTimes
from chrislib.cube.client import CubeClient
from chrislib.jobs.clock import SystemClock
from chrislib.jobs.manager import JobManager
from chrislib.jobs.model import Job, RunIntent

BASE = 0.3
"""Seconds between two looks at the server while there is room."""


class Counting(httpx.AsyncHTTPTransport):
    """Counts requests."""

    count = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one on."""
        self.count += 1
        return await super().handle_async_request(request)


async def until(condition: Callable[[], object], seconds: float = 30.0) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("it did not happen")
        await asyncio.sleep(0.02)


async def pauses(transport: Counting, *, seconds: float) -> bool:
    """Whether no request leaves for so long, once those on their way have left."""
    deadline = time.monotonic() + 30
    asked, since = transport.count, time.monotonic()
    while time.monotonic() - since < seconds:
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(0.02)
        if transport.count != asked:
            asked, since = transport.count, time.monotonic()
    return True


def limit(size: int) -> None:
    """Let no file of this process grow beyond so many bytes."""
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))


async def main(path: Path, url: str, *, token: str, folder: str) -> dict[str, Any]:
    """Follow a run through it all; returns what was seen."""
    transport = Counting()
    client = CubeClient(url, token=token, transport=transport)
    await client.identify()
    times = LeaseTimes(beat=0.2, expiry=5.0, retry=0.1)
    catalog = Catalog(path, lease=Lease(path, times=times))
    await catalog.open()
    jobs = JobManager(
        catalog=catalog,
        client_for=lambda: client,
        pacs=lambda: None,
        clock=SystemClock(),
        base_period=BASE,
    )
    await jobs.start()

    async def run(name: str, parent: Job | None, given: dict[str, Any]) -> Job:
        async for plugin in client.plugins.list(name_exact=name):
            return await jobs.submit_now(
                RunIntent(
                    plugin_id=plugin.id,
                    plugin_name=name,
                    plugin_version=plugin.version,
                    plugin_type="ds" if parent else "fs",
                    parameters=given,
                    previous_id=parent.remote_id if parent else None,
                    feed_id=parent.feed_id if parent else None,
                )
            )
        raise LookupError(name)

    root = await run("pl-dircopy", None, {"dir": folder})
    node = await run("pl-simpledsapp", root, {"sleepLength": "2"})
    account = node.account_id
    unlimited, _ = resource.getrlimit(resource.RLIMIT_FSIZE)
    limit(1024)
    await until(lambda: catalog.condition.trouble is not None)
    trouble = catalog.condition.trouble
    assert trouble is not None
    low = await catalog.jobs.low(account)
    told: list[str] = []
    catalog.condition.subscribe(
        lambda: told.append(catalog.condition.trouble.kind
                            if catalog.condition.trouble else "")
    )  # fmt: skip
    for _ in range(600):
        there = await client.instances.get(node.remote_id or 0)
        if there.status == "finishedSuccessfully":
            break
        await asyncio.sleep(0.1)
    quiet = await pauses(transport, seconds=5 * BASE)
    before = jobs.get(node.key)
    assert before is not None
    seen = {
        "kind": trouble.kind,
        "title": trouble.title,
        "asks while full": not quiet,
        "low moved": await catalog.jobs.low(account) != low,
        "phase while full": before.phase.value,
    }
    limit(unlimited)
    await until(lambda: (job := jobs.get(node.key)) and job.phase.terminal)
    await until(lambda: catalog.condition.trouble is None)
    after = jobs.get(node.key)
    assert after is not None
    rows = [row for row in await jobs.inbox() if row.job_key == node.key]
    seen |= {"phase": after.phase.value, "inbox": len(rows), "told": told[-1:]}
    await jobs.stop()
    await catalog.close()
    await client.aclose()
    return seen


if __name__ == "__main__":
    found = asyncio.run(
        main(Path(sys.argv[1]), sys.argv[2], token=sys.argv[3], folder=sys.argv[4])
    )
    sys.stdout.write(json.dumps(found) + "\n")
