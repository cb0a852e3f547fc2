"""What is done with nodes: run again, split, join, delete; and why something cannot be.

Deleting is asynchronous (cube-api 7.5): it is asked for, then looked after until the
server says that the node is not there any more.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from chrislib.aio import several
from chrislib.cube.errors import CubeError, Forbidden, NotFound
from chrislib.cube.types import LIMITS, ComputeResource
from chrislib.errors import ChrislibError
from chrislib.feeds.deleting import gone_in_time
from chrislib.feeds.form import JOIN_PARAMETER
from chrislib.feeds.intents import run_of, within
from chrislib.feeds.limits import UNLIMITED
from chrislib.feeds.making import COPY_PLUGIN
from chrislib.feeds.model import Node
from chrislib.feeds.plugins import FeedPlugins
from chrislib.feeds.ports import JobsLike
from chrislib.feeds.server import FeedServer
from chrislib.feeds.states import ACTIVE, ENDED_BADLY
from chrislib.feeds.text import plain
from chrislib.feeds.values import PATH_TYPES, clean_path
from chrislib.jobs.model import Job, JobKey, Kind, Retention
from chrislib.jobs.outputs.purge import PurgePlan

COPY = "pl-topologicalcopy"
"""The plugin splits are made with (cube-api 7.6)."""
FILTER_LIMIT = 600
"""Characters of all expressions of a split together."""


class Purges(Protocol):
    """The part of the job manager that deletes runs it follows."""

    async def purge_plan(self, key: JobKey) -> PurgePlan:
        """Ask what would be deleted with a job (network)."""

    async def purge(self, key: JobKey, token: str) -> None:
        """Delete a job on the server, as its plan was confirmed (disk, network)."""


@dataclass(frozen=True, slots=True)
class DeletePlan:
    """What a deletion takes along, to be confirmed.

    Attributes
    ----------
    tops : tuple of Node
        Those that are deleted; everything below them goes as well.
    nodes : tuple of Node
        All that go.
    kept : tuple of Node
        Chosen nodes that cannot be deleted: roots of feeds.
    """

    tops: tuple[Node, ...]
    nodes: tuple[Node, ...]
    kept: tuple[Node, ...] = ()

    @property
    def running(self) -> int:
        """How many of them have not ended: they are stopped."""
        return sum(1 for node in self.nodes if node.state in ACTIVE)


@dataclass(frozen=True, slots=True)
class Deleted:
    """What became of a deletion: how many went, and why the others did not."""

    nodes: int
    failed: tuple[tuple[Node, ChrislibError], ...] = ()
    pending: int = 0
    """Nodes with which the server is still busy."""


def plan_delete(nodes: Sequence[Node], chosen: Sequence[int]) -> DeletePlan:
    """Return what deleting some nodes of a feed takes along.

    A server follows only the first parent: a join stays when another of its parents
    goes.
    """
    by_id = {int(node.id): node for node in nodes}
    wanted = {one for one in chosen if one in by_id}
    kept = tuple(by_id[one] for one in sorted(wanted) if not by_id[one].parents)
    wanted -= {int(node.id) for node in kept}
    going: set[int] = set(wanted)
    tops = set(wanted)
    for number in sorted(by_id):
        above = int(by_id[number].parents[0]) if by_id[number].parents else None
        if above in going:
            going.add(number)
            tops.discard(number)
    return DeletePlan(
        tops=tuple(by_id[one] for one in sorted(tops)),
        nodes=tuple(by_id[one] for one in sorted(going)),
        kept=kept,
    )


def split_problem(lines: Sequence[str]) -> str:
    """Return what is wrong with the expressions of a split, "" for nothing."""
    wanted = [line.strip() for line in lines if line.strip()]
    if not wanted:
        return "Enter an expression for each part, one a line."
    for line in wanted:
        if "," in line:
            return f"“{plain(line)}” has a comma, which divides parts on the server."
        try:
            re.compile(line)
        except re.error as error:
            return f"“{plain(line)}” cannot be read: {error.msg}."
    length = len(",".join(wanted))
    if length > FILTER_LIMIT:
        return f"Together they have {length} characters; {FILTER_LIMIT} are allowed."
    return ""


def parts_of(lines: Sequence[str], paths: Sequence[str]) -> list[tuple[str, int]]:
    """Return each expression with how many of the files it takes."""
    found = []
    for line in (line.strip() for line in lines if line.strip()):
        try:
            wanted = re.compile(line)
        except re.error:
            found.append((line, 0))
            continue
        found.append((line, sum(1 for path in paths if wanted.search(path))))
    return found


def by_folder(relatives: Sequence[str]) -> list[str]:
    """Return an expression for each first folder below an output."""
    folders = dict.fromkeys(
        path.split("/", 1)[0] for path in sorted(relatives) if "/" in path
    )
    return [f"/data/{_literal(folder)}/" for folder in folders if "," not in folder]


def by_kind(relatives: Sequence[str]) -> list[str]:
    """Return an expression for each ending of a file's name."""
    endings: dict[str, None] = {}
    for path in sorted(relatives):
        name = path.rsplit("/", 1)[-1]
        ending = ".nii.gz" if name.endswith(".nii.gz") else ""
        if not ending and "." in name[1:]:
            ending = "." + name.rsplit(".", 1)[-1]
        if ending and "," not in ending:
            endings[ending] = None
    return [f"{_literal(ending)}$" for ending in endings]


def _literal(text: str) -> str:
    return re.escape(text).replace("\\ ", " ").replace("\\-", "-")


def why_not(act: str, node: Node, nodes: Sequence[Node]) -> str:
    """Return why something cannot be done with a node now, "" where it can.

    Parameters
    ----------
    act : str
        "add", "again", "change" (again, with other values), "split", "join", "cancel",
        "delete" or "get".
    nodes : sequence of Node
        The nodes of its feed.
    """
    if node.state == "gone":
        return "It was deleted on the server."
    if act == "change" and not node.parents and node.plugin_name != COPY_PLUGIN:
        # new feeds are put together of data only
        return "It makes its data itself. “Run again, same values” makes such a feed."
    if act in {"add", "split"} and node.state in ENDED_BADLY:
        return "It did not end well: what follows it would be stopped at once."
    if act == "split" and node.state != "ready":
        return "It can be split once its files are there."
    if act == "join" and len(nodes) < 2:
        return "There is no other node to join it with."
    if act == "cancel" and node.state not in ACTIVE:
        return "It has ended: there is nothing to stop."
    if act == "delete" and not node.parents:
        return "The first node goes only with its feed: delete the feed in the list."
    if act == "get" and node.state in ACTIVE:
        return "Its files can be fetched once all are registered."
    return ""


class NodeActs:
    """Does things with nodes.

    Parameters
    ----------
    plugins : FeedPlugins
        Gives the form a node was run with.
    """

    def __init__(
        self, server: FeedServer, jobs: JobsLike, *, plugins: FeedPlugins
    ) -> None:
        self._client = server.client
        self._jobs = jobs
        self._plugins = plugins

    async def again(self, node: Node, *, feed_id: int) -> Job:
        """Run a node once more with the same values (network).

        A first node makes a feed of its own again.

        Raises
        ------
        ChrislibError
            It cannot be run as it was; nothing was started.
        """
        try:
            form = await self._plugins.form_again(node)
        except NotFound as error:
            raise ChrislibError(
                f"{plain(node.plugin_name)} {plain(node.plugin_version)} is not on the "
                "server any more.",
                "Nothing was started.",
                hint="Add a node with another version of it.",
            ) from error
        problems = form.errors()
        if problems:
            raise ChrislibError(
                "It cannot be run again as it was.",
                next(iter(problems.values())),
                hint="Choose Run again … and change what needs attention.",
            )
        names = [compute.name for compute in form.computes]
        if node.compute and names and node.compute not in names:
            raise ChrislibError(
                f"{plain(node.compute)} is not there any more.",
                "Nothing was started: this node ran on it.",
                hint="Choose Run again … and another compute resource.",
            )
        values = dict(form.payload())
        if node.plugin_type == "ts":
            values[JOIN_PARAMETER] = ",".join(str(int(one)) for one in node.parents)
        instance = await self._client().instances.get(node.id)
        root = not node.parents
        run = replace(
            run_of(form.plugin, values),
            previous_id=None if root else int(node.parents[0]),
            feed_id=None if root else feed_id,
            title=node.sent_title,
            compute_resource=node.compute if node.compute in names else "",
        )
        had = {name: _limit(int(getattr(instance, name))) for name in LIMITS}
        return await self._jobs.submit_now(within(run, had))

    async def data_of(self, node: Node) -> tuple[str, ...]:
        """Return the storage paths that a first node was made of (network).

        Raises
        ------
        ChrislibError
            They cannot be told.
        """
        try:
            given = await self._client().instances.parameters(node.id)
            takes = await self._plugins.parameters(node.plugin_id)
        except (Forbidden, NotFound) as error:
            raise ChrislibError(
                "What the feed was made of cannot be read.",
                "It was deleted, or is not open to this account. Nothing was started.",
                hint="Tick the data in the Library, then choose New feed.",
            ) from error
        names = [one.name for one in takes if one.type in PATH_TYPES]
        told = [clean_path(p) for name in names for p in given.get(name, "").split(",")]
        paths = tuple(dict.fromkeys(filter(None, told)))
        if not paths:
            raise ChrislibError(
                "The server does not say what the feed was made of.",
                "Nothing was started.",
                hint="Tick the data in the Library, then choose New feed.",
            )
        return paths

    async def split(
        self, node: Node, lines: Sequence[str], *, compute: str = ""
    ) -> tuple[int, ...]:
        """Make a node for each expression, of the files it takes (network).

        Returns
        -------
        tuple of int
            The nodes that were made.

        Raises
        ------
        ChrislibError
            An expression cannot be used, or the server cannot split.
        """
        problem = split_problem(lines)
        if problem:
            raise ChrislibError("Some parts need attention.", problem)
        wanted = [line.strip() for line in lines if line.strip()]
        made: tuple[int, ...] = await self._client().instances.split(
            node.id, wanted, compute=compute
        )
        return made

    async def split_places(self) -> tuple[ComputeResource, ...] | None:
        """Return where parts can be made, None where the server cannot (network).

        A server makes them with the newest version it has, and takes a place but no
        limits (cube-api 7.6).
        """
        versions = await self._plugins.versions(COPY)
        if not versions:
            return None
        form = await self._plugins.form_for(versions[0])
        return tuple(form.computes)

    async def delete(self, plan: DeletePlan, purges: Purges) -> Deleted:
        """Delete nodes as it was confirmed, and see them gone (disk, network)."""
        failed: list[tuple[Node, ChrislibError]] = []
        asked: list[Node] = []
        for node in plan.tops:
            below = plan_delete(plan.nodes, [int(node.id)]).nodes or (node,)
            try:
                await self._ask(node, len(below), purges)
            except ChrislibError as error:
                failed.append((node, error))
            else:
                asked.append(node)
        # looked after all at once: each may take the server its time
        ends = await several(asked, self._gone, at_once=len(asked))
        pending = 0
        for node, end in zip(asked, ends, strict=True):
            if isinstance(end, ChrislibError):
                failed.append((node, end))
            elif not end:
                pending += 1
        lost = sum(len(_below(plan, node)) for node, _error in failed)
        return Deleted(len(plan.nodes) - lost, tuple(failed), pending)

    async def _ask(self, node: Node, count: int, purges: Purges) -> None:
        job = self._job_of(node)
        if job is None:
            try:
                await self._client().instances.delete(node.id)
            except NotFound:
                return
            return
        plan = await purges.purge_plan(job.key)
        if plan.nodes > count:
            raise ChrislibError(
                "More hangs on this node than was shown.",
                "Nothing was deleted.",
                hint="Look again, then delete it.",
            )
        await purges.purge(job.key, plan.token)

    def _job_of(self, node: Node) -> Job | None:
        account = self._jobs.account_id
        for job in self._jobs.jobs():
            if (
                job.kind is Kind.RUN
                and job.remote_id == node.id
                and job.account_id == account
                and job.retention in {Retention.PRESENT, Retention.PURGE_FAILED}
            ):
                return job
        return None

    async def _gone(self, node: Node) -> bool | ChrislibError:
        """Wait until a node is not there any more; False while it still is."""

        async def look() -> bool:
            try:
                instance = await self._client().instances.get(node.id)
            except NotFound:
                return True
            if instance.deletion_status == "failed":
                raise ChrislibError(
                    "The server could not delete this node.",
                    plain(instance.deletion_error),
                    hint="Delete it again, or tell the person who runs the server.",
                )
            return False

        try:
            return await gone_in_time(look)
        except CubeError:
            return False  # how it ends is seen at the next look
        except ChrislibError as error:
            return error


def _below(plan: DeletePlan, node: Node) -> tuple[Node, ...]:
    return plan_delete(plan.nodes, [int(node.id)]).nodes or (node,)


def _limit(value: int) -> int | None:
    """Return a limit a run had, None where it had none."""
    return value if 0 < value < UNLIMITED else None
