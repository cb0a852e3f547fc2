"""A job manager as the program has it, over a real catalog, on the in-process station.

::

    @pytest.mark.virtual_time
    async def test_s13_long_registering(sim):
        feed = sim.server.add_feed()
        await sim.start()
        key = await sim.follow(sim.server.add_run(feed, status="started"))
        sim.server.set(sim.job(key).remote_id, "registeringFiles")
        await sim.sleep(60)
        assert sim.job(key).phase is Phase.REGISTERING
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from chrislib.aio import spawn
from chrislib.catalog.catalog import Catalog
from chrislib.cube.client import CubeClient
from chrislib.desktop.toast import Toast
from chrislib.jobs import causes, fsm, steps
from chrislib.jobs.manager import JobManager
from chrislib.jobs.model import InboxRow, Job, JobKey, Kind, Phase, RunIntent
from chrislib.jobs.store import new_key
from tests.sim.server import SimServer
from tests.sim.virtual import VirtualClock


class SimSink:
    """Keeps the toasts it is asked to show, with the time."""

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock
        self.toasts: list[tuple[float, Toast]] = []

    async def show(self, toast: Toast) -> None:
        """Keep it."""
        self.toasts.append((self._clock.monotonic(), toast))


class SimDesk:
    """One person's computer with chrislib on it, and the server it speaks to.

    Parameters
    ----------
    folder : Path
    generation : int
        Of the server.
    server : SimServer, optional
        One that is there already.

    Attributes
    ----------
    client : CubeClient or None
        The present connection; None plays a program that is not signed in.
    more : dict
        Further arguments of `JobManager`.
    adopts : bool
        Whether runs nobody here started are looked for; set it before `start`.
    """

    def __init__(
        self, folder: Path, *, generation: int = 7, server: SimServer | None = None
    ) -> None:
        self.folder = folder
        self.clock = server.clock if server is not None else VirtualClock()
        self.server = server or SimServer(
            folder / "server", self.clock, generation=generation
        )
        self.client: CubeClient | None = self.server.client()
        self.sink = SimSink(self.clock)
        self.more: dict[str, Any] = {}
        self.adopts = False
        self.catalog = Catalog(folder / "state" / "catalog.db")
        self.jobs: JobManager = self._manager()
        self._running = False

    def _manager(self) -> JobManager:
        return JobManager(
            catalog=self.catalog,
            client_for=lambda: self.client,
            pacs=lambda: None,
            clock=self.clock,
            sinks=[self.sink],
            adopts=self.adopts,
            **self.more,
        )

    async def start(self) -> None:
        """Open the catalog and follow what is in it."""
        if self._running:
            return
        if self.client is not None and self.client.server is None:
            await self.client.identify()
        self.jobs = self._manager()
        await self.catalog.open()
        await self.jobs.start()
        self._running = True

    async def stop(self) -> None:
        """End the program politely; the server goes on."""
        if self._running:
            self._running = False
            await self.jobs.stop()
            await self.catalog.close()

    async def restart(self) -> None:
        """End the program and start it again on the same catalog."""
        await self.stop()
        self.catalog = Catalog(self.folder / "state" / "catalog.db")
        await self.start()

    async def close(self) -> None:
        """End everything."""
        await self.stop()
        if self.client is not None:
            await self.client.aclose()
        self.server.close()

    async def sleep(self, seconds: float) -> None:
        """Let virtual time pass."""
        await asyncio.sleep(seconds)

    async def until(
        self, condition: Callable[[], object], seconds: float = 600.0
    ) -> float:
        """Wait in virtual time until something is so; returns how long it took."""
        began = self.clock.monotonic()
        while not condition():
            assert self.clock.monotonic() < began + seconds, "it did not happen"
            await asyncio.sleep(0.25)
        return self.clock.monotonic() - began

    async def follow(self, run_id: int, *, title: str = "") -> JobKey:
        """Have a run of the server followed as if it had been submitted from here."""
        return (await self.follow_all([run_id], title=title))[0]

    async def follow_all(
        self, run_ids: Sequence[int], *, title: str = "", look: bool = True
    ) -> list[JobKey]:
        """Have runs of the server followed, all in one transaction."""
        client = self.client or self.server.client()
        account = await self.catalog.jobs.account(
            client.base_url, self.server.username, server_uuid=self.server.uuid
        )
        steps = [
            following(
                self.server.run(run_id),
                account_id=account.account_id,
                server_uuid=self.server.uuid,
                now=self.clock.time(),
                title=title,
            )
            for run_id in run_ids
        ]
        await self.jobs._store.add(steps)
        if look:
            spawn(self.jobs.refresh(), name="sim: look")
        return [step.tracked.job.key for step in steps]

    def job(self, key: JobKey) -> Job:
        """Return a job that must be there."""
        found = self.jobs.get(key)
        assert found is not None
        return found

    async def inbox(self) -> tuple[InboxRow, ...]:
        """Return what waits to be seen."""
        return await self.jobs.inbox()


def following(
    row: Mapping[str, Any],
    *,
    account_id: int,
    server_uuid: str,
    now: float,
    title: str = "",
) -> steps.Step:
    """Return the step by which a run of the server is followed from now on."""
    phase = causes.PHASE_OF_STATUS.get(row["status"], Phase.SUBMITTED)
    job = Job(
        key=new_key(now),
        kind=Kind.RUN,
        phase=Phase.SUBMITTED if phase.terminal else phase,
        intent=RunIntent(
            plugin_id=row["plugin_id"],
            plugin_name="pl-simpledsapp",
            plugin_version="",
            plugin_type="ds",
            parameters={},
            previous_id=row["previous_id"],
            feed_id=row["feed_id"],
        ),
        title=title or f"run {row['id']}",
        remote_id=row["id"],
        remote_status=row["status"],
        feed_id=row["feed_id"],
        previous_id=row["previous_id"],
        backend="cube",
        account_id=account_id,
    )
    return fsm.begin(steps.Tracked(job=job, server_uuid=server_uuid), now=now)
