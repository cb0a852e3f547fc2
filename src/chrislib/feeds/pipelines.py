"""Pipelines of the server: looked at, run, taken along, made and deleted."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from chrislib.aio import several, together
from chrislib.cube.errors import NotFound
from chrislib.cube.types import Pipeline
from chrislib.errors import ChrislibError
from chrislib.feeds.checks import check_title
from chrislib.feeds.drafts import (
    JOIN,
    DraftNode,
    PipelineDraft,
)
from chrislib.feeds.form import ParameterForm
from chrislib.feeds.limits import Limits
from chrislib.feeds.model import Node
from chrislib.feeds.pipeline_making import PipelineMaking
from chrislib.feeds.plugins import MOST_RECENT, FeedPlugins
from chrislib.feeds.ports import JobsLike
from chrislib.feeds.server import FeedServer
from chrislib.jobs.model import Job, WorkflowIntent

Value = str | int | float | bool | None
_AT_ONCE = 4


@dataclass(frozen=True, slots=True)
class PipelineNode:
    """One node of a pipeline; `parents` has several for a join, none at the top."""

    id: int
    title: str
    plugin_id: int
    plugin: str
    version: str
    parents: tuple[int, ...]
    defaults: Mapping[str, Value] = field(default_factory=dict)
    limits: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PipelineTree:
    """A pipeline with its nodes, parents first."""

    pipeline: Pipeline
    nodes: tuple[PipelineNode, ...]


@dataclass(slots=True)
class NodePlan:
    """What one node of a pipeline is run with: typed over what the pipeline says.

    Attributes
    ----------
    compute : str
        "" takes the plugin's first.
    """

    node: PipelineNode
    form: ParameterForm
    limits: Limits
    compute: str = ""

    @property
    def problems(self) -> int:
        """How many values need attention."""
        return len(self.form.errors()) + len(self.limits.errors()) + len(self.missing)

    @property
    def missing(self) -> tuple[str, ...]:
        """Names of values that the pipeline leaves open and nobody gave."""
        return tuple(
            parameter.name
            for parameter in self.form.addable
            if parameter.name in self.node.defaults
            and self.node.defaults[parameter.name] is None
            and parameter.default is None
        )

    @property
    def info(self) -> dict[str, object]:
        """What differs from the pipeline, as one element of ``nodes_info``."""
        body: dict[str, object] = {}
        given = self.form.payload()
        changed = []
        for parameter in self.form.parameters:
            name = parameter.name
            # a pipeline gives each a value: the plugin's own takes that back
            value = given.get(name, parameter.default)
            known = self.node.defaults.get(name, parameter.default)
            if value is not None and value != known:
                changed.append({"name": name, "default": value})
        if changed:
            body["plugin_parameter_defaults"] = changed
        if self.compute and self.compute != self._first:
            body["compute_resource_name"] = self.compute
        typed = self.limits.values
        for bound in self.limits.bounds:
            # what is left empty takes the least, whatever the pipeline says
            value = typed.get(bound.name, bound.low)
            if value != self.node.limits.get(bound.name, bound.low):
                body[bound.name] = value
        return {"piping_id": self.node.id, **body} if body else {}

    @property
    def place(self) -> str:
        """Where it is computed, "" where that is the server's affair."""
        return self.compute or self._first

    @property
    def _first(self) -> str:
        return self.form.computes[0].name if self.form.computes else ""


class FeedPipelines:
    """The pipelines of the present server."""

    def __init__(
        self, server: FeedServer, jobs: JobsLike, plugins: FeedPlugins
    ) -> None:
        self._client = server.client
        self._jobs = jobs
        self._plugins = plugins
        self.making = PipelineMaking(server, plugins)

    @property
    def username(self) -> str:
        """Who is signed in: whose pipelines may be deleted."""
        return self._client().username

    @property
    def takes_limits(self) -> bool:
        """Whether nodes of a pipeline can have limits: 6.x ignores them."""
        server = self._client().server
        return server is None or server.generation >= 7

    # -- looking ---------------------------------------------------------------

    async def all(self) -> list[Pipeline]:
        """Return the pipelines this account sees (network).

        The few used last come first, then those used most, then its own, by name.
        """
        client = self._client()
        found = [one async for one in client.workflows.pipelines()]
        uses = Counter(self._used())
        last = self.recent()[:MOST_RECENT]
        rank = {number: place for place, number in enumerate(last)}
        return sorted(
            found,
            key=lambda one: (
                rank.get(one.id, len(rank)),
                -uses[one.id],
                one.owner_username != client.username,
                one.name.casefold(),
            ),
        )

    def recent(self) -> list[int]:
        """Return numbers of pipelines that were run from here, last used first."""
        return list(dict.fromkeys(self._used()))

    def _used(self) -> list[int]:
        """Return the pipeline of each run from here, the last one first."""
        account = self._jobs.account_id
        return [
            job.intent.pipeline_id
            for job in self._jobs.jobs()
            if isinstance(job.intent, WorkflowIntent) and job.account_id == account
        ]

    async def tree(self, pipeline: Pipeline) -> PipelineTree:
        """Return the nodes of a pipeline with what they are given (network)."""
        api = self._client().workflows
        pipings, values = await together(
            api.pipings(pipeline.id), api.values(pipeline.id)
        )
        defaults: dict[int, dict[str, Value]] = {one.id: {} for one in pipings}
        for value in values:
            defaults.setdefault(value.piping_id, {})[value.name] = value.value
        titles = {one.title: one.id for one in pipings}
        nodes = []
        for one in sorted(pipings, key=lambda piping: piping.id):
            parents = [one.previous_id] if one.previous_id is not None else []
            joined = str(defaults[one.id].get(JOIN) or "")
            for title in joined.split(","):
                above = titles.get(title.strip())
                if above is not None and above not in parents:
                    parents.append(above)
            nodes.append(
                PipelineNode(
                    one.id,
                    one.title,
                    one.plugin_id,
                    one.plugin_name,
                    one.plugin_version,
                    tuple(parents),
                    defaults[one.id],
                    one.limits,
                )
            )
        return PipelineTree(pipeline, tuple(nodes))

    async def plans(self, tree: PipelineTree) -> list[NodePlan]:
        """Return a form for each node that holds what the pipeline says (network).

        Raises
        ------
        ChrislibError
            One of its plugins is not on the server any more.
        """
        taken = self.takes_limits

        async def one(node: PipelineNode) -> NodePlan:
            try:
                form = await self._plugins.form_by_id(node.plugin_id)
            except NotFound as error:
                raise ChrislibError(
                    f"{node.plugin} {node.version} is not on this server any more.",
                    f"“{node.title}” needs it. Nothing was started.",
                    hint="Choose another pipeline, or have the plugin registered.",
                ) from error
            form.preset(node.defaults)
            limits = Limits(form.plugin, node.limits, taken=taken)
            return NodePlan(node, form, limits)

        return await several(tree.nodes, one, at_once=_AT_ONCE)

    # -- running ---------------------------------------------------------------

    def intent(
        self,
        tree: PipelineTree,
        plans: Sequence[NodePlan],
        *,
        after: Node | None = None,
        feed_id: int | None = None,
        title: str = "",
    ) -> WorkflowIntent:
        """Return the order to run a pipeline; without `after` for a new feed.

        Raises
        ------
        ChrislibError
            Some values need attention, or the title is too long.
        """
        check_title(title)
        for plan in plans:
            if plan.problems:
                raise ChrislibError(
                    "Some values need attention.",
                    f"They are those of “{plan.node.title}”. Nothing was sent.",
                )
        return WorkflowIntent(
            pipeline_id=tree.pipeline.id,
            pipeline_name=tree.pipeline.name,
            previous_id=int(after.id) if after is not None else 0,
            feed_id=feed_id,
            title=title.strip() or tree.pipeline.name[:100],
            nodes=len(tree.nodes),
            nodes_info=tuple(info for plan in plans if (info := plan.info)),
        )

    async def run(self, intent: WorkflowIntent) -> Job:
        """Run a pipeline by one POST; returns once the server answered (network).

        Raises
        ------
        Refused
            The server refused it; nothing was started.
        """
        return await self._jobs.submit_now(intent)

    # -- taking along ----------------------------------------------------------

    def draft_of(self, tree: PipelineTree) -> PipelineDraft:
        """Return a pipeline as it can be written down."""
        titles = {node.id: node.title for node in tree.nodes}
        one = tree.pipeline
        return PipelineDraft(
            one.name,
            tuple(
                DraftNode(
                    node.title,
                    node.plugin,
                    node.version,
                    titles.get(node.parents[0]) if node.parents else None,
                    node.defaults,
                    limits=node.limits,
                )
                for node in tree.nodes
            ),
            authors=one.authors,
            category=one.category,
            description=one.description,
            locked=one.locked,
        )
