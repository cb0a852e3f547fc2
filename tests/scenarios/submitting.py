"""A person's computer on a real station, for tests that kill its process."""

import asyncio
import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from chrislib.catalog.catalog import Catalog
from chrislib.cube.client import CubeClient
from chrislib.jobs.clock import SystemClock
from chrislib.jobs.manager import JobManager
from chrislib.jobs.model import Job, JobKey, RunIntent
from chrislib.jobs.submission.chains import Chain

_CHILD = Path(__file__).with_name("submitting_child.py")


@dataclass
class Place:
    """A station with a feed, and a catalog that processes come and go on."""

    station: Any
    catalog_path: Path
    client: CubeClient
    root: int = 0
    feed: int = 0
    children: list["subprocess.Popen[str]"] = field(default_factory=list)

    @classmethod
    async def make(cls, station: Any, folder: Path) -> "Place":
        """Sign in and make a feed with one finished node (network)."""
        client = CubeClient(station.url, token=station.token)
        await client.identify()
        place = cls(station, folder / "state" / "catalog.db", client)
        remote = f"home/local/uploads/{time.monotonic_ns()}"
        sample = folder / "a.txt"
        sample.write_text("a")
        await client.files.upload(sample, f"{remote}/a.txt")
        number = await place.plugin("pl-dircopy")
        made = await client.instances.create(number, {"dir": remote})
        place.root, place.feed = made.id, made.feed_id
        return place

    async def plugin(self, name: str) -> int:
        """Return the id of a plugin (network)."""
        async for plugin in self.client.plugins.list(name_exact=name):
            return plugin.id
        raise AssertionError(name)

    async def intent(self, prefix: str, **more: Any) -> RunIntent:
        """Return a run under the feed's first node (network)."""
        values: dict[str, Any] = {
            "parameters": {"prefix": prefix},
            "previous_id": self.root,
            **more,
        }
        return RunIntent(
            plugin_id=await self.plugin("pl-simpledsapp"),
            plugin_name="pl-simpledsapp",
            plugin_version="2.1.0",
            plugin_type="ds",
            feed_id=self.feed,
            title="copy",
            **values,
        )

    async def sleeper(self) -> int:
        """Start a run that does not end in a test's time (network)."""
        number = await self.plugin("pl-simpledsapp")
        values = {"previous_id": self.root, "prefix": "z", "sleepLength": "3600"}
        return (await self.client.instances.create(number, values)).id

    async def made(self, below: int = 0) -> int:
        """Count the runs under a node (network)."""
        count = 0
        async for row in self.client.instances.search(previous_id=below or self.root):
            count += row.plugin_name == "pl-simpledsapp"
        return count

    def child(
        self, intents: Sequence[RunIntent | Chain], *, die: str = "", url: str = ""
    ) -> "subprocess.Popen[str]":
        """Start a process that submits intents (process)."""
        text = json.dumps([asdict(intent) for intent in intents])
        url = url or self.station.url
        arguments = [str(self.catalog_path), url, self.station.token, die]
        process = subprocess.Popen(
            [sys.executable, str(_CHILD), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdin is not None
        process.stdin.write(text)
        process.stdin.close()
        self.children.append(process)
        return process

    async def wait(self, process: "subprocess.Popen[str]", seconds: float = 60) -> int:
        """Wait until a process has ended; returns how."""
        return await asyncio.to_thread(process.wait, seconds)

    async def close(self) -> None:
        """End what is left."""
        for process in self.children:
            if process.poll() is None:
                process.kill()
                process.wait()
            if process.stdout is not None:
                process.stdout.close()
        await self.client.aclose()


class Program:
    """The program started again on the same catalog, in this process."""

    def __init__(
        self,
        path: Path,
        client: CubeClient,
        *,
        adopts: bool = False,
        base: float = 0.6,
    ) -> None:
        self.client = client
        self.catalog = Catalog(path)
        self.jobs = JobManager(
            catalog=self.catalog,
            client_for=lambda: self.client,
            pacs=lambda: None,
            clock=SystemClock(),
            base_period=base,
            adopts=adopts,
        )

    async def __aenter__(self) -> "Program":
        await self.catalog.open()
        await self.jobs.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.jobs.stop()
        await self.catalog.close()

    def job(self, key: JobKey) -> Job:
        """Return a job that must be there."""
        found = self.jobs.get(key)
        assert found is not None
        return found

    def only(self) -> Job:
        """Return the one run that was submitted."""
        (job,) = (
            job
            for job in self.jobs.jobs()
            if isinstance(job.intent, RunIntent) and not job.intent.found
        )
        return job

    def rows_of(self, remote_id: int | None) -> int:
        """Count the rows that have a run of the server."""
        return sum(job.remote_id == remote_id for job in self.jobs.jobs())

    async def until(
        self, condition: Callable[[], object], seconds: float = 60.0
    ) -> None:
        """Wait until something is so."""
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, Counter(
                (job.phase, job.remote_id is not None, job.detail)
                for job in self.jobs.jobs()
            )
            await asyncio.sleep(0.02)
