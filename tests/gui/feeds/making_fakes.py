"""Plugins and pipelines from memory, for the sheets that make something of them."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from chrislib.cube.types import Pipeline, Plugin, PluginParameter
from chrislib.errors import ChrislibError
from chrislib.feeds.drafts import DraftNode, PipelineDraft, Problem
from chrislib.feeds.form import ParameterForm
from chrislib.feeds.limits import Limits
from chrislib.feeds.model import FeedView, Node
from chrislib.feeds.pipelines import (
    FeedPipelines,
    NodePlan,
    PipelineNode,
    PipelineTree,
)
from chrislib.feeds.plugins import EarlierRun
from chrislib.jobs.model import Job, WorkflowIntent


class MemoryPlugins:
    """The plugins of a `MemoryFeeds` with all that is asked of them."""

    def __init__(
        self,
        feeds: Any,
        plugins: list[Plugin],
        parameters: Mapping[str, Sequence[PluginParameter]],
    ) -> None:
        self.feeds = feeds
        self.plugins = plugins
        self.taken = parameters
        self.others: list[Plugin] = []
        self.runs: list[EarlierRun] = []
        self.values: dict[int, dict[str, str]] = {}
        self.removed: BaseException | None = None

    async def usable(self) -> list[Plugin]:
        await self.feeds._answer()
        return list(self.plugins)

    def recent(self) -> list[str]:
        return ["pl-dcm2niix"]

    def uses(self) -> dict[str, int]:
        return {"pl-dcm2niix": 14, "pl-ants_reg": 3}

    def forget(self) -> None:
        self.feeds.calls.append(("forget",))

    async def versions(self, name: str) -> list[Plugin]:
        return [p for p in (*self.plugins, *self.others) if p.name == name]

    async def parameters(self, plugin_id: int) -> tuple[PluginParameter, ...]:
        known = [p for p in (*self.plugins, *self.others) if p.id == plugin_id]
        return tuple(self.taken.get(known[0].name, self.taken[""])) if known else ()

    async def form_for(self, plugin: Plugin) -> ParameterForm:
        if self.removed is not None:
            raise self.removed
        form = await self.feeds.form_for(plugin)
        assert isinstance(form, ParameterForm)
        return form

    async def form_again(self, node: Node) -> ParameterForm:
        form = await self.feeds.form_again(node)
        assert isinstance(form, ParameterForm)
        return form

    async def limits_of(self, _node: Node) -> dict[str, int]:
        return {"cpu_limit": 3000, "memory_limit": 200}

    async def earlier(self, name: str, most: int = 30) -> list[EarlierRun]:
        await asyncio.sleep(0)
        self.feeds.calls.append(("earlier", name))
        return list(self.runs[:most])

    async def values_of(self, run: EarlierRun) -> dict[str, str]:
        return dict(self.values.get(run.id, {}))


def make_pipeline(number: int, name: str, **changes: Any) -> Pipeline:
    facts: dict[str, Any] = {
        "locked": False,
        "authors": "A. Author",
        "category": "MRI",
        "description": "Finds the brain and measures it.",
        "owner_username": "chris",
    }
    return Pipeline(id=number, name=name, **(facts | changes))


class MemoryPipelines:
    """Pipelines of two nodes each; what is made or run is written down."""

    def __init__(self, plugins: MemoryPlugins) -> None:
        self._plugins = plugins
        self.rows = [
            make_pipeline(1, "Brain volumes"),
            make_pipeline(
                2, "My trial", owner_username="alex", locked=True, description=""
            ),
        ]
        self.making = self
        self.calls: list[tuple[Any, ...]] = []
        self.problems: list[Problem] = []
        self.refusal: BaseException | None = None
        self.username = "alex"

    async def all(self) -> list[Pipeline]:
        await asyncio.sleep(0)
        return list(self.rows)

    def recent(self) -> list[int]:
        return [1]

    async def tree(self, pipeline: Pipeline) -> PipelineTree:
        first, second = self._plugins.plugins[:2]
        nodes = (
            PipelineNode(
                11, "convert", first.id, first.name, first.version, (), {"prefix": "a"}
            ),
            PipelineNode(
                12,
                "register",
                second.id,
                second.name,
                second.version,
                (11,),
                {"fixed": "home/alex/t.nii", "transform": None, "threads": 2},
            ),
        )
        return PipelineTree(pipeline, nodes)

    async def plans(self, tree: PipelineTree) -> list[NodePlan]:
        plans = []
        for node in tree.nodes:
            plugin = next(
                p for p in self._plugins.plugins if int(p.id) == node.plugin_id
            )
            form = await self._plugins.form_for(plugin)
            form.preset(node.defaults)
            plans.append(NodePlan(node, form, Limits(plugin)))
        return plans

    intent = FeedPipelines.intent
    draft_of = FeedPipelines.draft_of

    async def run(self, intent: WorkflowIntent) -> Job:
        self.calls.append(("run", intent))
        if self.refusal is not None:
            raise self.refusal
        from tests.gui.feeds.conftest import make_job

        return make_job(intent.feed_id, None)

    async def check(self, _draft: PipelineDraft) -> list[Problem]:
        return list(self.problems)

    async def branch(self, _view: FeedView, node: Node) -> PipelineDraft:
        if node.plugin_type == "fs":
            raise ChrislibError("The data of a feed cannot be part of a pipeline.")
        first = DraftNode("one", node.plugin_name, node.plugin_version)
        return PipelineDraft("", (first, DraftNode("two", "pl-x", "1", "one")))

    async def create(self, draft: PipelineDraft) -> Pipeline:
        self.calls.append(("create", draft))
        if self.refusal is not None:
            raise self.refusal
        made = make_pipeline(9, draft.name, owner_username="alex")
        self.rows.append(made)
        return made

    async def delete(self, pipeline: Pipeline) -> None:
        self.calls.append(("delete", pipeline.id))
        self.rows.remove(pipeline)
