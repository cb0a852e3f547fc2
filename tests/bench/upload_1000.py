"""1,000 files of 32 kB: our journaled queue against bare httpx, same server.

Bare httpx has 8 connections, opened 10 ms apart, and keeps no record of anything. Ours
is the whole way of an upload: the job journaled, each file's fate written down, its
stored name and size compared. Both get a fresh folder for each run and take turns in
going first; the folder of bare httpx is made before its clock starts.
"""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

import httpx

from chrislib.catalog.catalog import Catalog
from chrislib.cube.client import CubeClient
from chrislib.jobs.clock import SystemClock
from chrislib.jobs.manager import JobManager
from chrislib.jobs.model import JobChange, Phase, UploadFile, UploadIntent
from tests.bench.harness import ROOT, Result, paired
from tests.bench.stations import Address, fresh_station

FILES = 1000
BYTES = 32_032
CONNECTIONS = 8
APART = 0.01


def _corpus(folder: Path) -> None:
    """Write the files, of random bytes (disk)."""
    folder.mkdir()
    for number in range(FILES):
        (folder / f"{number:05d}.dcm").write_bytes(os.urandom(BYTES))


async def _ours(address: Address, catalog: Path, paths: list[Path], to: str) -> float:
    """Send all by the queue; from handing them over to the end of the job."""
    client = await CubeClient.sign_in(address.url, address.username, address.password)
    await client.identify()
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
        await client.aclose()
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


def _life(which: str, address: Address, paths: Path, *, to: str, state: Path) -> float:
    """Send all by a process of its own: none is helped by what the other has done."""
    told = json.dumps([which, asdict(address), str(paths), to, str(state)], default=str)
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.upload_1000"],
        cwd=ROOT,
        input=told,
        capture_output=True,
        text=True,
        check=True,
    )
    return float(done.stdout)


def _live() -> None:
    which, place, folder, to, state = json.loads(sys.stdin.read())
    address = Address(**{**place, "home": Path(place["home"])})
    paths = sorted(Path(folder).iterdir())
    if which == "ours":
        took = asyncio.run(_ours(address, Path(state) / "catalog.db", paths, to))
    else:
        took = asyncio.run(_bare_run(address, paths, to))
    print(took)


async def _bare_run(address: Address, paths: list[Path], to: str) -> float:
    client = await CubeClient.sign_in(address.url, address.username, address.password)
    try:
        await client.files.make_folder(to)
    finally:
        await client.aclose()
    # as any program has it: without what our connection did to the HTTP library
    if sys.modules.get("sniffio", "") is None:
        del sys.modules["sniffio"]
    return await _bare(address, client.token, paths, to)


async def _check(address: Address, folder: str) -> None:
    """Check that the server has every file, whole."""
    client = await CubeClient.sign_in(address.url, address.username, address.password)
    try:
        there = [stored.size async for stored in client.files.tree(folder)]
    finally:
        await client.aclose()
    assert there == [BYTES] * FILES


def runs_of(runs: int) -> tuple[list[float], list[float]]:
    """Return the seconds of so many runs of ours and of bare httpx."""
    took: dict[str, list[float]] = {"ours": [], "bare": []}
    with fresh_station() as address, tempfile.TemporaryDirectory() as folder:
        paths = Path(folder) / "files"
        _corpus(paths)
        for number in range(-1, runs):
            order = ("ours", "bare") if number % 2 else ("bare", "ours")
            for which in order:
                to = f"home/{address.username}/uploads/{which}-{number}"
                state = Path(folder) / f"{which}-{number}"
                seconds = _life(which, address, paths, to=to, state=state)
                asyncio.run(_check(address, to))
                if number >= 0:  # the first of each warms the server up
                    took[which].append(seconds)
    return took["ours"], took["bare"]


def measure(runs: int = 6) -> list[Result]:
    """Measure both in turn on one station."""
    ours, bare = runs_of(runs)
    return [paired("upload_1000_vs_httpx", ours, bare, unit="s", goal=1.05)]


if __name__ == "__main__":
    _live()
