"""What is killed again and again: a chrislib that submits, follows, tells and fetches.

Everything it does that another process must be able to check is written to files of
the folder it is given, a line each, before or after it is done.
"""

import asyncio
import json
import os
import random
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any

from chrislib.catalog.catalog import Catalog
from chrislib.cube.client import CubeClient
from chrislib.desktop.toast import Toast
from chrislib.errors import ChrislibError
from chrislib.jobs.clock import SystemClock
from chrislib.jobs.manager import JobManager
from chrislib.jobs.model import Job, Kind, Phase, ResultState, RunIntent

AT_ONCE = 4
BASE = 0.15


class Files:
    """Lines that survive a kill of this process, and of no more than that."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def write(self, name: str, **values: Any) -> None:
        """Add a line to a file, in one system call."""
        line = json.dumps({"pid": os.getpid(), **values}) + "\n"
        path = self._folder / f"{name}.jsonl"
        descriptor = os.open(path, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600)
        os.write(descriptor, line.encode())
        os.close(descriptor)

    def read(self, name: str) -> list[dict[str, Any]]:
        """Return the lines of a file."""
        path = self._folder / f"{name}.jsonl"
        if not path.exists():
            return []
        text = path.read_text(encoding="utf-8")
        return [json.loads(line) for line in text.splitlines()]


class Sink:
    """Shows toasts by writing them down."""

    def __init__(self, files: Files) -> None:
        self._files = files

    async def show(self, toast: Toast) -> None:
        """Show one."""
        self._files.write("shown", id=toast.id, title=toast.title, keys=toast.keys)


class Life:
    """One process's life, from its start to the moment it is killed.

    Parameters
    ----------
    folder : Path
        Catalog, downloads and the lines written.
    place : mapping
        ``url``, ``token``, ``root`` (id of the run the others hang under), ``feed``,
        ``plugin`` (id) and ``version``.
    seed : int
    """

    def __init__(self, folder: Path, place: dict[str, Any], *, seed: int) -> None:
        self._folder = folder
        self._place = place
        self._rng = random.Random(seed)
        self._files = Files(folder)
        self._client = CubeClient(place["url"], token=place["token"])
        self._catalog = Catalog(folder / "state" / "catalog.db")
        self._jobs = JobManager(
            catalog=self._catalog,
            client_for=lambda: self._client,
            pacs=lambda: None,
            clock=SystemClock(),
            sinks=[Sink(self._files)],
            base_period=BASE,
            downloads=lambda: folder / "downloads",
        )

    async def run(self, *, drain: bool) -> None:
        """Submit, follow and fetch until killed; with `drain` only end what is there.

        A drained life ends by itself once nothing is left to be done.
        """
        await self._client.identify()
        await self._catalog.open()
        assert not self._catalog.read_only, "the one killed before holds nothing"
        await self._jobs.start()
        self._files.write("begun", at=time.time(), drain=drain)
        deadline = time.monotonic() + 240
        while not (drain and self._rests()):
            assert time.monotonic() < deadline, self._waits_for()
            await self._act(submit=not drain)
            await asyncio.sleep(0.01)
        while self._untold():  # toasts are gathered for a while
            assert time.monotonic() < deadline, f"{self._untold()} toasts wait"
            await asyncio.sleep(0.01)
        await self._jobs.stop()
        await self._catalog.close()
        await self._client.aclose()
        self._files.write("drained", at=time.time())

    async def _act(self, *, submit: bool) -> None:
        live = [job for job in self._jobs.jobs() if not job.phase.terminal]
        if submit and len(live) < AT_ONCE:
            await self._submit()
        for job in self._jobs.jobs():
            if job.kind is not Kind.RUN or job.phase is not Phase.FINISHED:
                continue
            if job.result not in (ResultState.READY, ResultState.FETCH_FAILED):
                continue
            folder = self._folder / "downloads" / job.title
            await self._jobs.results.get(job.key, folder)

    async def _submit(self) -> None:
        nonce = f"n{os.getpid()}-{time.monotonic_ns()}-"
        intent = RunIntent(
            plugin_id=self._place["plugin"],
            plugin_name="pl-simpledsapp",
            plugin_version=self._place["version"],
            plugin_type="ds",
            parameters={"prefix": nonce},
            previous_id=self._place["root"],
            feed_id=self._place["feed"],
            title=nonce,
        )
        self._files.write("meant", nonce=nonce)
        key = ""
        try:
            if self._rng.random() < 0.5:
                key = await self._jobs.submit(intent)
            else:
                key = (await self._jobs.submit_now(intent)).key
        except ChrislibError as error:
            self._files.write("refused", nonce=nonce, why=str(error))
            return
        self._files.write("journaled", nonce=nonce, key=key)

    def _untold(self) -> int:
        """Return how many outcomes wait for their toast, or are being shown."""
        path = self._folder / "state" / "catalog.db"
        with closing(sqlite3.connect(path)) as db:
            found = db.execute(
                "SELECT count(*) FROM inbox WHERE toast IN ('PENDING','CLAIMED')"
            ).fetchone()
        return int(found[0])

    def _rests(self) -> bool:
        return not self._waits_for()

    def _waits_for(self) -> list[Any]:
        def waits(job: Job) -> bool:
            if not job.phase.terminal:
                return True
            return job.kind is Kind.RUN and job.result in (
                ResultState.READY,
                ResultState.FETCHING,
                ResultState.FETCH_FAILED,
            )

        return [
            (job.kind.value, job.phase.value, job.result.value, job.detail)
            for job in self._jobs.jobs()
            if waits(job)
        ]


def live(folder: Path, place: dict[str, Any], *, seed: int, drain: bool) -> None:
    """Live one life (network, disk)."""

    async def life() -> None:
        await Life(folder, place, seed=seed).run(drain=drain)

    asyncio.run(life())
