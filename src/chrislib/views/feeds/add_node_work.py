"""What Add node is about to send: a plugin or a pipeline, with all that was typed."""

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any

from chrislib.aio import together
from chrislib.cube.types import Plugin
from chrislib.feeds.form import ParameterForm
from chrislib.feeds.limits import Limits
from chrislib.feeds.model import FeedView, Node
from chrislib.feeds.pipelines import NodePlan, PipelineTree
from chrislib.feeds.service import FeedsService
from chrislib.jobs.model import Job
from chrislib.views.feeds.graph_paint import node_name

Rows = list[tuple[str, str]]
_ENDED = {
    "failed": "failed",
    "cancelled": "was cancelled",
    "upstream": "was stopped, as a node before it did not succeed",
}


@dataclass(slots=True)
class PluginWork:
    """A plugin to be run.

    Attributes
    ----------
    joined : callable
        Gives the nodes a join takes, as they are ticked now.
    """

    form: ParameterForm
    limits: Limits
    joined: Callable[[], list[Node]]
    compute: str = ""
    wanted_compute: str = ""

    title_words = "Title of the node"

    @property
    def label(self) -> str:
        """Return "pl-dcm2niix 1.0.4"."""
        return node_label(self.form.plugin)

    @property
    def several(self) -> bool:
        """Whether there is a choice of compute resources."""
        return len(self.form.computes) > 1

    @property
    def set_words(self) -> str:
        """How many parameters are set."""
        return f"{len(self.form.given)} of {len(self.form.parameters)} set"

    @property
    def compute_words(self) -> str:
        """Where it runs, and what it may use."""
        parts = (self.compute, self.limits.words or "the plugin's least")
        return " · ".join(part for part in parts if part)

    def rows(self, parent: Node) -> Rows:
        """Return what the review says."""
        form = self.form
        rows = [("Plugin", self.label), ("After", node_name(parent))]
        if form.plugin.type == "ts":
            rows.append(("Joins", ", ".join(node_name(n) for n in self.joined())))
        rows.append(("Compute", self.compute_words))
        return rows + [(p.flag or p.name, form.text(p.name)) for p in form.given]

    @property
    def command(self) -> str:
        """The command line."""
        return self.form.made_command_line()

    def send(
        self, feeds: FeedsService, *, view: FeedView, parent: Node, title: str
    ) -> Coroutine[Any, Any, Job]:
        """Return what adds the node (network)."""
        return feeds.add_node(
            form=self.form,
            parent=parent,
            compute=self.compute if self.several else "",
            title=title,
            parents=self.joined() if self.form.plugin.type == "ts" else (),
            limits=self.limits.values,
        )


@dataclass(slots=True)
class PipelineWork:
    """A pipeline to be run."""

    tree: PipelineTree
    plans: list[NodePlan] = field(default_factory=list)

    title_words = "Title of the run"

    @property
    def label(self) -> str:
        """Return the pipeline's name."""
        return self.tree.pipeline.name

    @property
    def several(self) -> bool:
        """Whether one of its nodes has a choice of compute resources."""
        return any(len(plan.form.computes) > 1 for plan in self.plans)

    @property
    def set_words(self) -> str:
        """How many nodes differ from the pipeline."""
        changed = sum(1 for plan in self.plans if plan.info)
        if not changed:
            return "as the pipeline says"
        return "1 node changed" if changed == 1 else f"{changed} nodes changed"

    @property
    def compute_words(self) -> str:
        """Where its nodes run."""
        names = dict.fromkeys(plan.place for plan in self.plans)
        return ", ".join(name for name in names if name)

    def rows(self, parent: Node) -> Rows:
        """Return what the review says."""
        rows = [
            ("Pipeline", self.label),
            ("After", node_name(parent)),
            ("Nodes", f"{len(self.tree.nodes):,}"),
        ]
        for plan in self.plans:
            parts = [f"{plan.node.plugin} {plan.node.version}", plan.place]
            parts.append(plan.limits.words)
            words = " · ".join(part for part in parts if part)
            rows.append((plan.node.title, words))
        return rows

    @property
    def command(self) -> str:
        """The command lines of its nodes, one below the other."""
        return "\n".join(plan.form.made_command_line() for plan in self.plans)

    def send(
        self, feeds: FeedsService, *, view: FeedView, parent: Node, title: str
    ) -> Coroutine[Any, Any, Job]:
        """Return what runs the pipeline (network)."""
        pipelines = feeds.pipelines
        return pipelines.run(
            pipelines.intent(
                self.tree, self.plans, after=parent, feed_id=view.row.id, title=title
            )
        )


Work = PluginWork | PipelineWork


class WorkShelf:
    """What was typed for plugins and pipelines, while one looks at others.

    Parameters
    ----------
    joined : callable
        Gives the nodes a join takes.
    """

    def __init__(self, feeds: FeedsService, joined: Callable[[], list[Node]]) -> None:
        self._feeds = feeds
        self._joined = joined
        self._kept: dict[tuple[str, int], Work] = {}

    def get(self, what: Plugin | PipelineTree) -> Work | None:
        """Return what was typed before, None for nothing."""
        return self._kept.get(work_key(what))

    def keep(self, work: Work) -> None:
        """Keep what is typed from now on."""
        what = work.form.plugin if isinstance(work, PluginWork) else work.tree
        self._kept[work_key(what)] = work

    async def make(self, what: Plugin | PipelineTree) -> Work:
        """Return a form, or those of all nodes (network).

        Raises
        ------
        NotFound
            A plugin was removed from the server.
        """
        if isinstance(what, PipelineTree):
            return PipelineWork(what, await self._feeds.pipelines.plans(what))
        form = await self._feeds.plugins.form_for(what)
        before = next(
            (
                work
                for work in self._kept.values()
                if isinstance(work, PluginWork)
                and work.form.plugin.name == form.plugin.name
            ),
            None,
        )
        if before is not None:
            # the same plugin in another version takes over what was typed
            given = before.form.given
            form.adopt({one.name: before.form.text(one.name) for one in given})
        return PluginWork(form, Limits(form.plugin), self._joined)

    async def again(self, node: Node) -> PluginWork:
        """Return what a node was run with: values, place and limits (network).

        Raises
        ------
        NotFound
            Its plugin was removed from the server.
        """
        plugins = self._feeds.plugins
        form, limits = await together(plugins.form_again(node), plugins.limits_of(node))
        held = Limits(form.plugin, limits)
        return PluginWork(form, held, self._joined, wanted_compute=node.compute)


def node_label(plugin: Plugin) -> str:
    """Return "pl-dcm2niix 1.0.4"."""
    return f"{plugin.name} {plugin.version}"


def parent_trouble(parent: Node, view: FeedView | None) -> str:
    """Return why nothing will run after a node, as far as is known; "" else."""
    now: Sequence[Node] = view.nodes if view is not None else (parent,)
    here = next((node for node in now if node.id == parent.id), None)
    if here is None or here.state == "gone":
        return (
            f"{node_name(parent)} is not on the server any more. Choose another node "
            "to add to; the command line below can be copied."
        )
    if here.state in _ENDED:
        return (
            f"{node_name(parent)} {_ENDED[here.state]}: the server stops at once what "
            "is added after it. Run that node again first, or add after another one."
        )
    return ""


def work_key(what: Plugin | PipelineTree) -> tuple[str, int]:
    """Return what tells plugins and pipelines apart."""
    if isinstance(what, Plugin):
        return "plugin", int(what.id)
    return "pipeline", what.pipeline.id


def what_label(what: Plugin | PipelineTree) -> str:
    """Return what a plugin or a pipeline is called."""
    return node_label(what) if isinstance(what, Plugin) else what.pipeline.name
