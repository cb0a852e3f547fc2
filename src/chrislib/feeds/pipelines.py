"""Pipelines of the server: looked at, run, taken along, made and deleted."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from chrislib.cube.errors import NotFound, Refused, ServerFault
from chrislib.cube.types import LIMITS, Pipeline, Plugin, PluginParameter
from chrislib.errors import ChrislibError
from chrislib.feeds.checks import check_title
from chrislib.feeds.drafts import (
    JOIN,
    DraftNode,
    PipelineDraft,
    Problem,
    unique_titles,
)
from chrislib.feeds.form import ParameterForm
from chrislib.feeds.limits import Limits
from chrislib.feeds.model import FeedView, Node
from chrislib.feeds.plugins import FeedPlugins
from chrislib.feeds.ports import JobsLike
from chrislib.feeds.server import FeedServer
from chrislib.feeds.values import check, to_value
from chrislib.jobs.model import Job, WorkflowIntent

if TYPE_CHECKING:
    from chrislib.cube.client import CubeClient

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
            if value is not None and value != self.node.defaults.get(name):
                changed.append({"name": name, "default": value})
        if changed:
            body["plugin_parameter_defaults"] = changed
        if self.compute and self.compute != self._first:
            body["compute_resource_name"] = self.compute
        body |= {
            name: value
            for name, value in self.limits.values.items()
            if value != self.node.limits.get(name)
        }
        return {"piping_id": self.node.id, **body} if body else {}

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

    @property
    def username(self) -> str:
        """Who is signed in: whose pipelines may be deleted."""
        return self._client().username

    # -- looking ---------------------------------------------------------------

    async def all(self) -> list[Pipeline]:
        """Return the pipelines this account sees, last used first (network)."""
        client = self._client()
        found = [one async for one in client.workflows.pipelines()]
        rank = {number: place for place, number in enumerate(self.recent())}
        return sorted(
            found,
            key=lambda one: (
                rank.get(one.id, len(rank)),
                one.owner_username != client.username,
                one.name.casefold(),
            ),
        )

    def recent(self) -> list[int]:
        """Return numbers of pipelines that were run from here, last used first."""
        account = self._jobs.account_id
        return list(
            dict.fromkeys(
                job.intent.pipeline_id
                for job in self._jobs.jobs()
                if isinstance(job.intent, WorkflowIntent) and job.account_id == account
            )
        )

    async def tree(self, pipeline: Pipeline) -> PipelineTree:
        """Return the nodes of a pipeline with what they are given (network)."""
        api = self._client().workflows
        pipings, values = await asyncio.gather(
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
        gate = asyncio.Semaphore(_AT_ONCE)

        async def one(node: PipelineNode) -> NodePlan:
            async with gate:
                try:
                    form = await self._plugins.form_by_id(node.plugin_id)
                except NotFound as error:
                    raise ChrislibError(
                        f"{node.plugin} {node.version} is not on this server any more.",
                        f"“{node.title}” needs it. Nothing was started.",
                        hint="Choose another pipeline, or have the plugin registered.",
                    ) from error
            form.preset(node.defaults)
            return NodePlan(node, form, Limits(form.plugin, node.limits))

        return list(await asyncio.gather(*(one(node) for node in tree.nodes)))

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

    # -- taking along, making --------------------------------------------------

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

    async def branch(self, view: FeedView, node: Node) -> PipelineDraft:
        """Return the pipeline a node and all after it would make (network).

        What they were given comes with them.

        Raises
        ------
        ChrislibError
            It is the data of the feed, or a join needs what is not in the branch.
        """
        if node.plugin_type == "fs":
            raise ChrislibError(
                "The data of a feed cannot be part of a pipeline.",
                "A pipeline begins with a node after it.",
                hint="Highlight that node, then make the pipeline.",
            )
        inside = _below(view.nodes, node)
        for one in inside:
            missing = [p for p in one.parents if all(p != n.id for n in inside)]
            if one.plugin_type == "ts" and missing:
                raise ChrislibError(
                    f"{one.plugin_name} joins nodes that are not in this branch.",
                    "A pipeline needs all of them.",
                    hint="Highlight a node above all it joins.",
                )
        titles = dict(
            zip(
                (one.id for one in inside),
                unique_titles([one.title or one.plugin_name for one in inside]),
                strict=True,
            )
        )
        client = self._client()
        gate = asyncio.Semaphore(_AT_ONCE)

        async def draft(one: Node) -> DraftNode:
            async with gate:
                given, parameters = await asyncio.gather(
                    client.instances.parameters(one.id),
                    self._plugins.parameters(one.plugin_id),
                )
            values = _typed(given, parameters)
            if one.plugin_type == "ts":
                values[JOIN] = ",".join(titles[parent] for parent in one.parents)
            above = one.parents[0] if one.id != node.id and one.parents else None
            return DraftNode(
                titles[one.id],
                one.plugin_name,
                one.plugin_version,
                titles[above] if above is not None else None,
                values,
            )

        nodes = await asyncio.gather(*(draft(one) for one in inside))
        return PipelineDraft("", tuple(nodes))

    async def check(self, draft: PipelineDraft) -> list[Problem]:
        """Return what a server would not take of a pipeline (network).

        Plugins in versions it does not have, parameters they do not know, values that
        are none.
        """
        found: list[Problem] = []
        for node in draft.nodes:
            versions = await self._plugins.versions(node.plugin)
            plugin = next((p for p in versions if p.version == node.version), None)
            if plugin is None:
                has = ", ".join(p.version for p in versions[:5])
                said = f"This server has no {node.plugin} {node.version}."
                more = f" It has {has}." if has else ""
                found.append(Problem(said + more, node.title, node.line))
            elif plugin.type == "fs":
                found.append(
                    Problem(
                        f"{node.plugin} brings data in. It cannot follow a node.",
                        node.title,
                        node.line,
                    )
                )
            else:
                parameters = await self._plugins.parameters(plugin.id)
                found += _given_problems(node, plugin, parameters)
        if not found and await self._taken(draft.name):
            found.append(
                Problem(
                    f"This server has a pipeline “{draft.name}” already. "
                    "Give this one another name."
                )
            )
        return found

    async def create(self, draft: PipelineDraft) -> Pipeline:
        """Make a pipeline on the server by one POST (network).

        Raises
        ------
        Refused
            `fields` says why; a name that is taken stands under ``name``.
        """
        typed = replace(
            draft, nodes=tuple([await self._as_typed(node) for node in draft.nodes])
        )
        try:
            return await self._client().workflows.create_pipeline(
                typed.name, typed.tree(), facts=typed.facts
            )
        except ServerFault as error:
            # 6.11 answers 500 to a name that is taken
            if not await self._taken(draft.name):
                raise
            raise Refused(
                "The server has a pipeline of this name already.",
                "Nothing was made.",
                fields={"name": "This name is taken. Enter another one."},
            ) from error

    async def delete(self, pipeline: Pipeline) -> None:
        """Delete a pipeline of one's own (network); what was run with it stays."""
        await self._client().workflows.delete_pipeline(pipeline.id)

    # -- inside ----------------------------------------------------------------

    async def _taken(self, name: str) -> bool:
        api: CubeClient = self._client()
        async for _one in api.workflows.pipelines(name_exact=name):
            return True
        return False

    async def _as_typed(self, node: DraftNode) -> DraftNode:
        """Return a node whose texts are what its plugin takes: "007" stays a text."""
        versions = await self._plugins.versions(node.plugin)
        plugin = next((p for p in versions if p.version == node.version), None)
        if plugin is None:
            return node
        parameters = {p.name: p for p in await self._plugins.parameters(plugin.id)}
        values = dict(node.defaults)
        for name, value in node.defaults.items():
            parameter = parameters.get(name)
            if parameter is not None and value is not None and name != JOIN:
                values[name] = to_value(parameter, _text(node, name))
        return replace(node, defaults=values)


def _text(node: DraftNode, name: str) -> str:
    value = node.texts.get(name)
    if value is None:
        value = str(node.defaults.get(name, ""))
    return value


def _given_problems(
    node: DraftNode, plugin: Plugin, parameters: Sequence[PluginParameter]
) -> list[Problem]:
    known = {parameter.name: parameter for parameter in parameters}
    label = f"{plugin.name} {plugin.version}"
    found = []
    for name, value in node.defaults.items():
        if name not in known:
            said = f"{label} has no parameter “{name}”."
            found.append(Problem(said, node.title, node.line))
        elif value is not None and name != JOIN:
            said = check(known[name], _text(node, name))
            if said:
                found.append(Problem(said, node.title, node.line))
    limits = Limits(plugin)
    for name in LIMITS:
        if name in node.limits:
            limits.set(name, _limit_text(name, node.limits[name]))
    for said in limits.errors().values():
        found.append(Problem(said, node.title, node.line))
    return found


def _limit_text(name: str, value: int) -> str:
    return f"{value}m" if name == "cpu_limit" else str(value)


def _typed(
    given: Mapping[str, str], parameters: Sequence[PluginParameter]
) -> dict[str, Value]:
    """Return the values of a run by their types; what cannot be read stays a text."""
    known = {parameter.name: parameter for parameter in parameters}
    found: dict[str, Value] = {}
    for name, text in given.items():
        parameter = known.get(name)
        if parameter is None:
            continue
        try:
            found[name] = to_value(parameter, text)
        except ValueError:
            found[name] = text
    return found


def _below(nodes: Sequence[Node], top: Node) -> list[Node]:
    """Return a node and all after it, parents first."""
    inside = {top.id}
    found = [top]
    grew = True
    while grew:
        more = [
            node
            for node in nodes
            if node.id not in inside and any(p in inside for p in node.parents)
        ]
        inside.update(node.id for node in more)
        found += more
        grew = bool(more)
    return sorted(found, key=lambda node: node.id)
