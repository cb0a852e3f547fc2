"""The client of `poll_real_time`: follows runs for minutes and says what it took."""

import asyncio
import json
import resource
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import httpx

from chrislib.catalog.catalog import Catalog
from chrislib.cube.client import CubeClient
from chrislib.jobs.clock import SystemClock
from chrislib.jobs.manager import JobManager
from chrislib.jobs.model import JobChange
from tests.sim.desk import following

_SETTLED = 45.0


class Counting(httpx.AsyncHTTPTransport):
    """Counts the requests that are sent."""

    count = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.count += 1
        return await super().handle_async_request(request)


async def main(url: str, token: str, uuid: str, folder: Path, seconds: float) -> None:
    transport = Counting()
    client = CubeClient(url, token=token, transport=transport)
    await client.identify()
    catalog = Catalog(folder / "catalog.db")
    await catalog.open()
    manager = JobManager(
        catalog=catalog,
        client_for=lambda: client,
        pacs=lambda: None,
        clock=SystemClock(),
        adopts=False,
    )
    await manager.start()
    manager.attention(focused=True, visible=True)
    found: dict[int, float] = {}

    def heard(changes: tuple[JobChange, ...]) -> None:
        for change in changes:
            job = change.after
            if job.remote_id is not None and job.phase.terminal:
                found.setdefault(job.remote_id, time.monotonic())

    manager.subscribe(heard)
    account = await catalog.jobs.account(
        client.base_url, client.username, server_uuid=uuid
    )
    news = (folder / "begun.jsonl").open(encoding="utf-8")

    async def follow() -> None:
        steps = [
            following(
                json.loads(line),
                account_id=account.account_id,
                server_uuid=uuid,
                now=time.time(),
            )
            for line in news.readlines()
        ]
        if steps:
            await manager._store.add(steps)

    async def keep_following(until: float) -> None:
        while time.monotonic() < until:
            await asyncio.sleep(2.0)
            await follow()

    await follow()
    await manager.refresh()
    await keep_following(time.monotonic() + _SETTLED)
    first, asked, memory = time.monotonic(), transport.count, _rss()
    half = (seconds - _SETTLED) / 2
    await keep_following(first + half)
    manager.attention(focused=False, visible=False)
    hidden, cpu = time.monotonic(), time.process_time()
    await keep_following(hidden + half)
    last = time.monotonic()
    share = 100 * (time.process_time() - cpu) / (last - hidden)
    requests = (transport.count - asked) / ((last - first) / 60)
    growth = _rss() - memory
    await manager.stop()
    await catalog.close()
    await client.aclose()
    news.close()
    told = {
        "found": found,
        "first": first,
        "hidden": hidden,
        "last": last,
        "requests": requests,
        "hidden_cpu": share,
        "rss_growth": growth,
    }
    print(json.dumps(told))


def _rss() -> float:
    """Return resident memory now, MB."""
    status = Path("/proc/self/statm")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return int(status.read_text("utf-8").split()[1]) * resource.getpagesize() / 2**20


if __name__ == "__main__":
    url, token, uuid, folder, seconds = sys.argv[1:6]
    asyncio.run(main(url, token, uuid, Path(folder), float(seconds)))
