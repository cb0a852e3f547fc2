"""What chrislib itself registers: runs, pulls, uploads, downloads, local programs.

They come by the same entry points as anybody's (``pyproject.toml``) and keep the same
protocols. The loops of runs and transfers are chrislib's own, made for what a CUBE
costs; they look up here what to work with.
"""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import TYPE_CHECKING

from chrislib.cube.types import InstanceId, PluginId
from chrislib.jobs.backends.base import Outcome, Report
from chrislib.jobs.backends.cube import values_of
from chrislib.jobs.backends.cube_errors import translated
from chrislib.jobs.backends.deidentified import Copies
from chrislib.jobs.backends.download import DownloadBackend
from chrislib.jobs.backends.local import LocalPrograms
from chrislib.jobs.backends.pull import PullBackend
from chrislib.jobs.backends.upload import UploadBackend
from chrislib.jobs.causes import PHASE_OF_STATUS
from chrislib.jobs.extensions import PluginContext
from chrislib.jobs.model import Job, Phase, RunIntent
from chrislib.jobs.protocols import (
    JobStatus,
    Manner,
    Order,
    Place,
    PurgeTicket,
    ServiceRefused,
    ServiceUnreachable,
    UnknownToken,
)

if TYPE_CHECKING:
    from chrislib.cube.client import CubeClient
    from chrislib.cube.types import PluginInstance
    from chrislib.jobs.backends.base import TransferBackend

_OWN = Manner(own_follower=True)


class CubeJobs:
    """Plugin runs of the present CUBE; tokens are instance ids."""

    def __init__(self, context: PluginContext) -> None:
        self._connection = context.connection

    @property
    def name(self) -> str:
        """What its jobs are filed under."""
        return "cube"

    @property
    def place(self) -> Place:
        """The present server and user."""
        client = self._connection.client()
        return Place(client.base_url, client.username) if client else Place("")

    @property
    def manner(self) -> Manner:
        """Followed by sweeps of lists, not run by run."""
        return _OWN

    async def submit(self, order: Order) -> JobStatus:
        """Make a run by one POST (network)."""
        intent = order.intent
        if not isinstance(intent, RunIntent):
            raise ServiceRefused("This is no run of a plugin.")
        with translated():
            made = await self._client().instances.create(
                PluginId(intent.plugin_id), values_of(intent)
            )
        return _status(made)

    async def observe(self, tokens: Sequence[str]) -> Mapping[str, JobStatus | None]:
        """Look at single runs (network: one request each)."""
        found: dict[str, JobStatus | None] = {}
        for token in tokens:
            try:
                with translated():
                    run = await self._client().instances.get(_number(token))
            except UnknownToken:
                found[token] = None
            else:
                found[token] = _status(run)
        return found

    async def list_jobs(self) -> AsyncIterator[JobStatus]:
        """Return the user's runs that have not ended (network)."""
        client = self._client()
        with translated():
            rows = client.instances.search(active=True, owner_username=client.username)
            async for run in rows:
                # Servers before 6.9 ignore the filter and list everything.
                if run.active:
                    yield _status(run)

    async def cancel(self, token: str) -> Sequence[str]:
        """Stop a run and what hangs under it (network)."""
        with translated():
            await self._client().instances.cancel(_number(token))
        return [token]

    async def purge(self, token: str) -> PurgeTicket:
        """Ask for the deletion of a run with all below it (network)."""
        with translated():
            await self._client().instances.delete(_number(token))
        # CUBE has noted it: it is gone when it is not found any more.
        return PurgeTicket(done=False)

    async def log(self, token: str) -> str:
        """Return the end of the run's log, redacted (network)."""
        client = self._client()
        with translated():
            return await client.instances.log_of(
                await client.instances.get(_number(token))
            )

    def _client(self) -> "CubeClient":
        client = self._connection.client()
        if client is None:
            raise ServiceUnreachable("No server is connected.", sent=False)
        return client


class _Transfers(ABC):
    """Work this computer drives, over the present connection."""

    def __init__(self, context: PluginContext) -> None:
        self._context = context
        self._connection = context.connection

    @property
    def place(self) -> Place:
        """The present server and user."""
        client = self._connection.client()
        return Place(client.base_url, client.username) if client else Place("")

    @property
    def manner(self) -> Manner:
        """Carried out by `jobs.transfers`."""
        return _OWN

    def ready(self) -> bool:
        """Whether there is a connection."""
        return self._made() is not None

    async def run(self, job: Job, report: Report) -> Outcome:
        """Carry the job to its end (network, disk)."""
        made = self._made()
        if made is None:
            raise ServiceUnreachable("No server is connected.", sent=False)
        return await made.run(job, report)

    @abstractmethod
    def _made(self) -> "TransferBackend | None":
        """Return what carries the work out, None while there is no connection."""


class Pulls(_Transfers):
    """Series from a PACS to the server."""

    name = "pull"

    def _made(self) -> "TransferBackend | None":
        service = self._connection.pacs()
        stall = self._connection.stall_seconds
        return PullBackend(service, stall_seconds=stall) if service else None


class Uploads(_Transfers):
    """Files of this computer to the server."""

    name = "upload"

    def __init__(self, context: PluginContext) -> None:
        super().__init__(context)
        table = context.connection.deidentify
        self._copies = Copies(table, context.folder) if table is not None else None

    def _made(self) -> "TransferBackend | None":
        client = self._connection.client()
        if client is None:
            return None
        return UploadBackend(
            client,
            self._connection.table,
            self._context.clock,
            copies=self._copies,
        )


class Downloads(_Transfers):
    """Files of the server to this computer."""

    name = "download"

    def _made(self) -> "TransferBackend | None":
        client = self._connection.client()
        if client is None:
            return None
        table, slots = self._connection.table, self._connection.slots
        return DownloadBackend(client, table, slots)


def local(context: PluginContext) -> LocalPrograms:
    """Return the programs of this computer."""
    return LocalPrograms(context.folder, context.clock)


def _number(token: str) -> InstanceId:
    if not token.isdecimal():
        raise UnknownToken("The server has no such run.")
    return InstanceId(int(token))


def _status(run: "PluginInstance") -> JobStatus:
    phase = PHASE_OF_STATUS.get(run.status, Phase.UNKNOWN)
    if run.status == "cancelled":
        phase = Phase.FAILED if run.error_code else Phase.CANCELLED
    return JobStatus(
        token=str(run.id),
        phase=phase,
        status=run.status,
        error_code=run.error_code,
        title=run.title,
        submitted_at=run.start_date.timestamp() if run.start_date else None,
        feed_id=run.feed_id,
        workflow_id=run.workflow_id,
    )
