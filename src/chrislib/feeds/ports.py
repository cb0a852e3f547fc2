"""What feeds need of the rooms around them, and nothing more."""

from enum import Enum
from typing import Protocol

from chrislib.catalog.rows import EventRow
from chrislib.cube.client import CubeClient
from chrislib.jobs.model import Intent, Job, JobKey, RunIntent


class SessionLike(Protocol):
    """The connection; `client` is None while there is none."""

    @property
    def client(self) -> CubeClient | None:
        """The client of the present server."""


class JobsLike(Protocol):
    """The part of the job manager that feeds use."""

    async def submit(self, intent: Intent) -> JobKey:
        """Journal a job and start it in the background (disk, network)."""

    async def submit_now(self, intent: RunIntent) -> Job:
        """Journal a run and send it; returns once the server answered (network)."""

    async def cancel(self, key: JobKey) -> int:
        """Cancel a job; returns how many nodes it took along (network)."""

    def jobs(self) -> tuple[Job, ...]:
        """Every job in memory, newest first."""

    def get(self, key: JobKey) -> Job | None:
        """Return one job."""

    def watch_feed(self, feed_id: int | None) -> None:
        """Say which feed is on screen, so that it is looked at more often."""


class EventTable(Protocol):
    """The catalog's record of what happened to jobs."""

    async def events(self, job_key: str) -> list[EventRow]:
        """Return what happened to a job, oldest first (disk)."""


class CatalogLike(Protocol):
    """The part of the catalog that feeds read."""

    @property
    def jobs(self) -> EventTable:
        """The table of jobs and their events."""


class FeedItem(Protocol):
    """A library item, as far as creating a feed needs it."""

    @property
    def item_id(self) -> str:
        """Its id in the library."""

    @property
    def title(self) -> str:
        """What it is called."""

    @property
    def path(self) -> str:
        """Storage path, "" while it is not known."""

    @property
    def state(self) -> Enum:
        """Whether its files can be opened: the value "ready" says so."""
