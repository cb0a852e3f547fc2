"""1,000 files of 32 kB: our journaled downloads against bare httpx, same server.

Bare httpx streams over 8 connections, opened 10 ms apart, into files of the same disk,
and keeps no record of anything. Ours is the whole way of a download: the folder listed,
the job journaled, each file written beside its place, checked, synced and renamed, its
fate written down. Both get a fresh folder for each run and take turns in going first;
bare httpx is handed the list of files before its clock starts.
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
from chrislib.jobs.model import DownloadIntent, JobChange, Phase
from tests.bench.harness import ROOT, Result, paired
from tests.bench.stations import Address, fresh_station, stored_files

FILES = 1000
BYTES = 32_032
CONNECTIONS = 8
APART = 0.01
AGAIN_GOAL = 0.35
"""What a second download may cost, for which every file is there, of the first."""


async def _ours(address: Address, state: Path, source: str, to: Path) -> list[float]:
    """Fetch all by the queue; twice, the second time everything is there."""
    client = await CubeClient.sign_in(address.url, address.username, address.password)
    await client.identify()
    opened = Catalog(state / "catalog.db")
    await opened.open()
    jobs = JobManager(
        catalog=opened,
        client_for=lambda: client,
        pacs=lambda: None,
        clock=SystemClock(),
        adopts=False,
    )
    ended = asyncio.Event()
    took = []
    try:
        await jobs.start()
        await jobs.refresh()

        def changed(changes: tuple[JobChange, ...]) -> None:
            if any(change.after.phase.terminal for change in changes):
                ended.set()

        unsubscribe = jobs.subscribe(changed)
        for _ in range(2):
            ended.clear()
            began = time.perf_counter()
            key = await jobs.submit(DownloadIntent((source,), str(to), "bench"))
            await asyncio.wait_for(ended.wait(), 300)
            took.append(time.perf_counter() - began)
            job = jobs.get(key)
            assert job is not None
            assert job.phase is Phase.FINISHED, job.detail
            rows = await opened.jobs.artifacts(key)
            assert sum(row.state == "DONE" for row in rows) == FILES
        unsubscribe()
    finally:
        await jobs.stop()
        await client.aclose()
        await opened.close()
    return took


async def _bare(address: Address, token: str, ids: list[int], to: Path) -> float:
    """Fetch all by httpx alone."""
    limits = httpx.Limits(
        max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS
    )
    headers = {"Accept": "application/json", "Authorization": f"Token {token}"}
    to.mkdir()
    queue = list(reversed(ids))
    async with httpx.AsyncClient(
        base_url=address.url, headers=headers, limits=limits, timeout=60
    ) as http:

        async def worker(number: int) -> None:
            await asyncio.sleep(number * APART)
            while queue:
                file_id = queue.pop()
                place = f"filebrowser/files/{file_id}/content"
                async with http.stream("GET", place) as answer:
                    assert answer.status_code == httpx.codes.OK, answer.status_code
                    with (to / f"{file_id}.dcm").open("wb") as out:
                        async for chunk in answer.aiter_bytes():
                            out.write(chunk)

        began = time.perf_counter()
        await asyncio.gather(*(worker(number) for number in range(CONNECTIONS)))
        return time.perf_counter() - began


async def _bare_run(address: Address, source: str, to: Path) -> list[float]:
    client = await CubeClient.sign_in(address.url, address.username, address.password)
    try:
        ids = [int(stored.id) async for stored in client.files.tree(source)]
    finally:
        await client.aclose()
    # as any program has it: without what our connection did to the HTTP library
    if sys.modules.get("sniffio", "") is None:
        del sys.modules["sniffio"]
    return [await _bare(address, client.token, ids, to)]


def _life(which: str, address: Address, source: str, state: Path) -> list[float]:
    """Fetch all by a process of its own: none is helped by what the other has done."""
    told = json.dumps([which, asdict(address), source, str(state)], default=str)
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.download_1000"],
        cwd=ROOT,
        input=told,
        capture_output=True,
        text=True,
        check=True,
    )
    took: list[float] = json.loads(done.stdout)
    return took


def _live() -> None:
    which, place, source, state = json.loads(sys.stdin.read())
    address = Address(**{**place, "home": Path(place["home"])})
    folder = Path(state)
    if which == "ours":
        took = asyncio.run(_ours(address, folder, source, folder / "files"))
    else:
        took = asyncio.run(_bare_run(address, source, folder / "files"))
    print(json.dumps(took))


def runs_of(runs: int) -> tuple[list[float], list[float], list[float]]:
    """Return the seconds of so many runs: ours, ours again, and bare httpx."""
    ours, again, bare = [], [], []
    with fresh_station() as address, tempfile.TemporaryDirectory() as folder:
        source = f"home/{address.username}/uploads/bench"
        stored_files(address, source, count=FILES, content=os.urandom(BYTES))
        for number in range(-1, runs):
            order = ("ours", "bare") if number % 2 else ("bare", "ours")
            for which in order:
                state = Path(folder) / f"{which}-{number}"
                state.mkdir()
                took = _life(which, address, source, state)
                there = [one.stat().st_size for one in (state / "files").iterdir()]
                assert there == [BYTES] * FILES
                if number < 0:  # the first of each warms the server up
                    continue
                if which == "ours":
                    ours.append(took[0])
                    again.append(took[1])
                else:
                    bare.append(took[0])
    return ours, again, bare


def measure(runs: int = 6) -> list[Result]:
    """Measure both in turn on one station."""
    ours, again, bare = runs_of(runs)
    return [
        paired("download_1000_vs_httpx", ours, bare, unit="s", goal=1.05),
        paired("download_again_vs_first", again, ours, unit="s", goal=AGAIN_GOAL),
    ]


if __name__ == "__main__":
    _live()
