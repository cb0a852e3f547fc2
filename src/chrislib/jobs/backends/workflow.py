"""Workflows of a CUBE: a pipeline's run followed as one job.

A workflow has no status of its own, only counts of its instances. It is over when
none of them is active, and as good as the worst of them.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from chrislib.catalog.rows import AccountRow
from chrislib.cube.errors import NotFound, Refused
from chrislib.jobs.backends.cube_errors import translated
from chrislib.jobs.extensions import PluginContext
from chrislib.jobs.model import Phase, Progress, WorkflowIntent
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
    # The HTTP library is half of the start-up time: it waits for the first paint.
    from chrislib.cube.client import CubeClient
    from chrislib.cube.types import PluginInstance, Workflow

_EARLIER = 60.0
"""Seconds a workflow may seem older than its order: clocks differ."""
_ACTIVE: Mapping[str, Phase] = {
    "registering": Phase.REGISTERING,
    "uploading": Phase.STAGING_OUT,
    "started": Phase.RUNNING,
    "scheduled": Phase.QUEUED,
    "copying": Phase.STAGING_IN,
    "created": Phase.SUBMITTED,
    "waiting": Phase.WAITING,
}
"""CUBE's counters of instances that have not ended, the farthest first."""


class Workflows:
    """The workflows of the user on the present CUBE.

    Parameters
    ----------
    context : PluginContext
        Its connection is used; nothing is asked while there is none.
    """

    name = "workflow"
    manner = Manner(batch=1, at_once=2)

    def __init__(self, context: PluginContext) -> None:
        self._client_for = context.connection.client
        self._table = context.connection.table

    @property
    def place(self) -> Place:
        """The present server and user; no request is made."""
        client = self._client_for()
        if client is None:
            return Place("")
        return Place(client.base_url, client.username)

    async def account(self) -> AccountRow | None:
        """Return the CUBE account the workflows are on (disk)."""
        client = self._client_for()
        if client is None or client.server is None:
            return None
        return await self._table.account(
            client.base_url, client.username, server_uuid=client.server.uuid
        )

    async def submit(self, order: Order) -> JobStatus:
        """Make the workflow by one POST that is never repeated (network).

        Raises
        ------
        ServiceRefused
            The server says what is wrong with it.
        ServiceUnreachable
            It was not made, or that is not known.
        """
        intent = _intent(order)
        with translated():
            made = await self._client().workflows.start(
                intent.pipeline_id,
                intent.previous_id,
                title=intent.title,
                nodes=intent.nodes_info,
            )
        return JobStatus(
            str(made.id),
            Phase.SUBMITTED,
            title=made.title,
            feed_id=intent.feed_id,
            workflow_id=made.id,
        )

    async def find(self, order: Order) -> Sequence[JobStatus]:
        """Return own workflows of this pipeline under this run since then (network)."""
        intent, client = _intent(order), self._client()
        with translated():
            rows = [
                workflow
                async for workflow in client.workflows.search(
                    pipeline_name=intent.pipeline_name,
                    owner_username=client.username,
                )
                if workflow.pipeline_id == intent.pipeline_id
                and _since(workflow, order.issued_at)
            ]
            found = []
            for workflow in rows:
                nodes = await client.workflows.instances(workflow.id)
                own = {node.id for node in nodes}
                roots = {n.previous_id for n in nodes if n.previous_id not in own}
                if intent.previous_id in roots:
                    found.append(_status(workflow, feed_id=nodes[0].feed_id))
        return found

    async def observe(self, tokens: Sequence[str]) -> Mapping[str, JobStatus | None]:
        """Return how workflows are: one request each, twelve milliseconds (network)."""
        client = self._client()
        found: dict[str, JobStatus | None] = {}
        for token in tokens:
            try:
                with translated():
                    seen = await client.workflows.get(_number(token))
                found[token] = _status(seen)
            except UnknownToken:
                found[token] = None
        return found

    async def list_jobs(self) -> AsyncIterator[JobStatus]:
        """Iterate over the user's workflows, the newest first (network)."""
        client = self._client()
        with translated():
            async for workflow in client.workflows.search(
                owner_username=client.username
            ):
                yield _status(workflow)

    async def cancel(self, token: str) -> Sequence[str]:
        """Stop every instance of the workflow that has not ended (network)."""
        client = self._client()
        with translated():
            nodes = await client.workflows.instances(_number(token))
            for node in _tops(nodes):
                # CUBE stops what hangs below it in the same request.
                await _stopped(client, node)
        return (token,)

    async def purge(self, token: str) -> PurgeTicket:
        """Have the server forget the workflow; its runs and their files stay (net)."""
        with translated():
            await self._client().workflows.delete(_number(token))
        return PurgeTicket(done=True)

    async def log(self, token: str) -> str:
        """Return what the instances printed, one after the other (network)."""
        client = self._client()
        parts = []
        with translated():
            for node in await client.workflows.instances(_number(token)):
                said = await client.instances.log_of(node)
                parts.append(f"== {node.title or node.plugin_name} ==\n{said}\n")
        return "\n".join(parts)

    def _client(self) -> "CubeClient":
        client = self._client_for()
        if client is None:
            raise ServiceUnreachable("Not connected to a server.", sent=False)
        return client


async def _stopped(client: "CubeClient", node: "PluginInstance") -> None:
    # Refused: it ended, or was deleted, between the list and this request.
    with suppress(Refused, NotFound):
        await client.instances.cancel(node.id)


def _intent(order: Order) -> WorkflowIntent:
    if not isinstance(order.intent, WorkflowIntent):
        raise ServiceRefused("This is no workflow.", "Nothing was started.")
    return order.intent


def _number(token: str) -> int:
    try:
        return int(token)
    except ValueError:
        raise UnknownToken("This is no number of a workflow.") from None


def _since(workflow: "Workflow", issued_at: float) -> bool:
    made = workflow.creation_date
    return made is None or made.timestamp() >= issued_at - _EARLIER


def _tops(nodes: Sequence["PluginInstance"]) -> list["PluginInstance"]:
    """Return the active nodes whose parent is not an active node of it too."""
    active = {node.id for node in nodes if node.active}
    return [n for n in nodes if n.id in active and n.previous_id not in active]


def _status(workflow: "Workflow", feed_id: int | None = None) -> JobStatus:
    """Fold the counts of the instances into one phase."""
    jobs = workflow.jobs
    total = sum(jobs.values())
    active = sum(jobs.get(word, 0) for word in _ACTIVE)
    failed, stopped = jobs.get("errored", 0), jobs.get("cancelled", 0)
    detail, hint = "", ""
    if not total:
        phase = Phase.SUBMITTED  # nothing is counted in the first moments
    elif active:
        phase = next(p for word, p in _ACTIVE.items() if jobs.get(word, 0))
        if phase is Phase.WAITING and total > active:
            phase = Phase.RUNNING  # between two nodes
    elif failed:
        phase = Phase.FINISHED_WITH_ERRORS
        detail = f"{failed} of {total} nodes ended with an error."
        hint = "Look at the nodes in the feed."
    elif stopped:
        phase = Phase.CANCELLED if stopped == total else Phase.FINISHED_WITH_ERRORS
        detail = f"{stopped} of {total} nodes were stopped."
        hint = "Look at the nodes in the feed."
    else:
        phase = Phase.FINISHED
    return JobStatus(
        str(workflow.id),
        phase,
        detail=detail,
        hint=hint,
        progress=Progress(total - active, total, "nodes") if total else None,
        title=workflow.title,
        feed_id=feed_id,
        workflow_id=workflow.id,
        submitted_at=(
            None
            if workflow.creation_date is None
            else workflow.creation_date.timestamp()
        ),
    )
