"""Making pipelines: of a feed's branch or a file, checked before anything is sent."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from chrislib.aio import several, together
from chrislib.cube.errors import Refused, ServerFault
from chrislib.cube.types import LIMITS, Pipeline, Plugin, PluginParameter
from chrislib.errors import ChrislibError
from chrislib.feeds.drafts import (
    JOIN,
    DraftNode,
    PipelineDraft,
    Problem,
    Value,
    unique_titles,
)
from chrislib.feeds.limits import Limits
from chrislib.feeds.model import FeedView, Node
from chrislib.feeds.plugins import FeedPlugins
from chrislib.feeds.server import FeedServer
from chrislib.feeds.values import check, to_value

_AT_ONCE = 4


class PipelineMaking:
    """New pipelines on the present server, and the end of old ones."""

    def __init__(self, server: FeedServer, plugins: FeedPlugins) -> None:
        self._client = server.client
        self._plugins = plugins

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
                unique_titles([one.sent_title or one.sent_plugin for one in inside]),
                strict=True,
            )
        )
        client = self._client()

        async def draft(one: Node) -> DraftNode:
            given, parameters = await together(
                client.instances.parameters(one.id),
                self._plugins.parameters(one.plugin_id),
            )
            values = _typed(given, parameters)
            if one.plugin_type == "ts":
                values[JOIN] = ",".join(titles[parent] for parent in one.parents)
            above = one.parents[0] if one.id != node.id and one.parents else None
            return DraftNode(
                titles[one.id],
                one.sent_plugin,
                one.plugin_version,
                titles[above] if above is not None else None,
                values,
            )

        nodes = await several(inside, draft, at_once=_AT_ONCE)
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

    async def share(self, pipeline: Pipeline) -> None:
        """Open a pipeline to all (network); servers never lock one again."""
        await self._client().workflows.unlock(pipeline.id)

    async def delete(self, pipeline: Pipeline) -> None:
        """Delete a pipeline of one's own (network); what was run with it stays."""
        await self._client().workflows.delete_pipeline(pipeline.id)

    # -- inside ----------------------------------------------------------------

    async def _taken(self, name: str) -> bool:
        client = self._client()
        async for _one in client.workflows.pipelines(name_exact=name):
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
