"""A computer with a station, a catalog, the window and the commands as processes."""

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chrislib.catalog.catalog import Catalog
from chrislib.catalog.lease import Lease
from chrislib.cube.client import CubeClient
from chrislib.jobs.clock import SystemClock
from chrislib.jobs.manager import JobManager
from chrislib.jobs.model import Job, RunIntent

Station = Any


@dataclass(frozen=True)
class Said:
    """What a command printed, and how it ended."""

    code: int
    out: str
    err: str


def _hears_ctrl_c() -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@dataclass
class Home:
    """One person's computer: a station, a catalog beside it, and the commands."""

    station: Station

    @property
    def env(self) -> dict[str, str]:
        """Return the environment of the commands."""
        return {
            **os.environ,
            "CHRISLIB_HOME": str(self.station.home),
            "QT_QPA_PLATFORM": "offscreen",
            "DBUS_SESSION_BUS_ADDRESS": "disabled:",
        }

    @property
    def catalog(self) -> Path:
        """Return the file of the catalog."""
        return Path(self.station.home) / "state" / "catalog.db"

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        """Start a command."""
        return subprocess.Popen(
            [sys.executable, "-m", "chrislib", *arguments],
            env=self.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            # Tests run in the background of a shell too, which makes it deaf to that.
            preexec_fn=_hears_ctrl_c,  # noqa: PLW1509 - sets one signal, no more
        )

    def run(self, *arguments: str, seconds: float = 60) -> Said:
        """Run ``chrislib jobs`` to its end."""
        process = self.start("jobs", *arguments)
        out, err = process.communicate(timeout=seconds)
        return Said(process.returncode, out, err)

    async def ran(self, *arguments: str) -> Said:
        """Run ``chrislib jobs`` without holding the loop up."""
        return await asyncio.to_thread(self.run, *arguments)

    @contextmanager
    def window(self) -> Iterator["subprocess.Popen[str]"]:
        """Have the window open."""
        process = self.start("run")
        try:
            deadline = time.monotonic() + 30
            while (
                self.asked("SELECT count(*) FROM lease WHERE holder LIKE 'window%'")
                != [(1,)]
                or not self.listens
            ):
                assert process.poll() is None, process.communicate()
                assert time.monotonic() < deadline
                time.sleep(0.05)
            yield process
        finally:
            process.terminate()
            process.communicate(timeout=30)

    @property
    def listens(self) -> bool:
        """Whether the window can be asked."""
        return (Path(self.station.home) / "state" / "instance.sock").exists()

    def asked(self, query: str) -> list[Any]:
        """Ask the catalog itself."""
        if not self.catalog.exists():
            return []
        with closing(sqlite3.connect(self.catalog)) as db:
            made = db.execute("PRAGMA user_version").fetchone()[0] > 0
            # On a busy machine one can look between the file and its tables.
            return db.execute(query).fetchall() if made else []


async def submitted(home: Home, *parameters: dict[str, Any]) -> list[Job]:
    """Start runs below one root as the window would; returns them, the root last."""
    client = CubeClient(home.station.url, token=home.station.token)
    await client.identify()
    folder = "home/local/uploads/x"
    local = Path(home.station.home) / "a.txt"
    local.write_bytes(b"hello")
    await client.files.upload(local, f"{folder}/a.txt")
    catalog = Catalog(home.catalog, lease=Lease(home.catalog, yields=True))
    await catalog.open()
    jobs = JobManager(
        catalog=catalog,
        client_for=lambda: client,
        pacs=lambda: None,
        clock=SystemClock(),
        base_period=0.5,
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
                    title=f"{name} of a test",
                )
            )
        raise AssertionError(name)

    root = await run("pl-dircopy", None, {"dir": folder})
    made = [await run("pl-simpledsapp", root, given) for given in parameters]
    await jobs.stop()
    await catalog.close()
    await client.aclose()
    return [*made, root]
