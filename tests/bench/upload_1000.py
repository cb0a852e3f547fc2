"""1,000 files of 32 kB: our journaled queue against bare httpx, same server.

Bare httpx has 8 connections, opened 10 ms apart, and keeps no record of anything. Ours
is the whole way of an upload: the job journaled, each file's fate written down, its
stored name and size compared. Both get a fresh folder for each run and take turns in
going first; the folder of bare httpx is made before its clock starts.
"""

import asyncio
import os
import tempfile
import time
from pathlib import Path

import httpx

from chrislib.catalog.catalog import Catalog
from chrislib.cube.client import CubeClient
from chrislib.jobs.clock import SystemClock
from chrislib.jobs.manager import JobManager
from chrislib.jobs.model import JobChange, Phase, UploadFile, UploadIntent
from tests.bench.harness import Result, paired
from tests.bench.stations import Address, fresh_station

FILES = 1000
BYTES = 32_032
CONNECTIONS = 8
APART = 0.01


def _corpus(folder: Path) -> list[Path]:
    """Write the files, of random bytes (disk)."""
    folder.mkdir()
    paths = [folder / f"{number:05d}.dcm" for number in range(FILES)]
    for path in paths:
        path.write_bytes(os.urandom(BYTES))
    return paths


async def _ours(client: CubeClient, catalog: Path, paths: list[Path], to: str) -> float:
    """Send all by the queue; from handing them over to the end of the job."""
    opened = Catalog(catalog)
    await opened.open()
    jobs = JobManager(
        catalog=opened,
        client_for=lambda: client,
        pacs=lambda: None,
        clock=SystemClock(),
        adopts=False,
    )
    ended = asyncio.Event()
    try:
        await jobs.start()
        await jobs.refresh()
        files = tuple(
            UploadFile(str(path), f"{to}/{path.name}", BYTES) for path in paths
        )

        def changed(changes: tuple[JobChange, ...]) -> None:
            if any(change.after.phase.terminal for change in changes):
                ended.set()

        unsubscribe = jobs.subscribe(changed)
        began = time.perf_counter()
        key = await jobs.submit(UploadIntent(to, files, "bench"))
        await asyncio.wait_for(ended.wait(), 300)
        took = time.perf_counter() - began
        unsubscribe()
        job = jobs.get(key)
        assert job is not None
        assert job.phase is Phase.FINISHED, job.detail
        rows = await opened.jobs.artifacts(key)
        assert sum(row.state == "DONE" for row in rows) == FILES
    finally:
        await jobs.stop()
        await opened.close()
    return took


async def _bare(address: Address, token: str, paths: list[Path], to: str) -> float:
    """Send all by httpx alone."""
    limits = httpx.Limits(
        max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS
    )
    headers = {"Accept": "application/json", "Authorization": f"Token {token}"}
    queue = list(reversed(paths))
    async with httpx.AsyncClient(
        base_url=address.url, headers=headers, limits=limits, timeout=60
    ) as http:

        async def worker(number: int) -> None:
            await asyncio.sleep(number * APART)
            while queue:
                path = queue.pop()
                answer = await http.post(
                    "userfiles/",
                    data={"upload_path": f"{to}/{path.name}"},
                    files={"fname": (path.name, path.read_bytes())},
                )
                assert answer.status_code == httpx.codes.CREATED, answer.status_code

        began = time.perf_counter()
        await asyncio.gather(*(worker(number) for number in range(CONNECTIONS)))
        return time.perf_counter() - began


async def _there(client: CubeClient, folder: str) -> int:
    """Return how many whole files the server has."""
    return sum([stored.size == BYTES async for stored in client.files.tree(folder)])


async def _runs(address: Address, runs: int) -> tuple[list[float], list[float]]:
    ours: list[float] = []
    bare: list[float] = []
    client = await CubeClient.sign_in(address.url, address.username, address.password)
    try:
        await client.identify()
        top = f"home/{address.username}/uploads"
        with tempfile.TemporaryDirectory() as folder:
            paths = _corpus(Path(folder) / "files")
            await _bare_run(client, address, paths[:50], f"{top}/warm")
            for number in range(runs):
                for mine in (number % 2 == 0, number % 2 == 1):
                    to = f"{top}/{'ours' if mine else 'bare'}-{number}"
                    if mine:
                        catalog = Path(folder) / f"state-{number}" / "catalog.db"
                        ours.append(await _ours(client, catalog, paths, to))
                    else:
                        bare.append(await _bare_run(client, address, paths, to))
                    assert await _there(client, to) == FILES
    finally:
        await client.aclose()
    return ours, bare


async def _bare_run(
    client: CubeClient, address: Address, paths: list[Path], to: str
) -> float:
    await client.files.make_folder(to)
    return await _bare(address, client.token, paths, to)


def measure(runs: int = 6) -> list[Result]:
    """Measure both in turn on one station."""
    with fresh_station() as address:
        ours, bare = asyncio.run(_runs(address, runs))
    return [paired("upload_1000_vs_httpx", ours, bare, unit="s", goal=1.05)]
