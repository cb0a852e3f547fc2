"""Adding nodes and pipelines: the sheets that are opened for it."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QMenu

from chrislib.feeds.model import Node
from chrislib.views.context import ViewContext
from chrislib.views.feeds.add_node import AddNodeSheet
from chrislib.views.feeds.pipeline_acts import PipelineActs
from chrislib.views.feeds.pipelines_sheet import PipelinesSheet

if TYPE_CHECKING:
    from chrislib.views.feeds.pane import FeedsPane


class MakingActs:
    """What is added to the feed of a pane."""

    def __init__(self, context: ViewContext, *, pane: "FeedsPane") -> None:
        self._context = context
        self._pane = pane
        self._pipelines = PipelineActs(context, pane)

    def commands(self) -> tuple[tuple[str, str, Callable[[], None]], ...]:
        """Return words, key and act of each command."""
        return (
            ("Add node …", "A", self.add_node),
            ("Add pipeline …", "", self.add_pipeline),
            ("Make a pipeline of this branch …", "", self.make_pipeline),
            ("Pipelines …", "", self.show_pipelines),
        )

    def fill(self, menu: QMenu, node: Node) -> None:
        """Put what can be added after a node into its menu."""
        menu.addAction("Add node …\tA").triggered.connect(self.add_node)
        menu.addAction("Add pipeline …").triggered.connect(self.add_pipeline)
        make = menu.addAction("Make a pipeline of this branch …")
        make.setEnabled(node.plugin_type != "fs")
        make.triggered.connect(self.make_pipeline)

    def add_node(self) -> None:
        """Open the sheet that adds a node after the highlighted one."""
        self._add(pipelines=False)

    def add_pipeline(self) -> None:
        """Open the sheet that runs a pipeline after the highlighted node."""
        self._add(pipelines=True)

    def make_pipeline(self) -> None:
        """Open the sheet that makes a pipeline of the highlighted node's branch."""
        node, view = self._pane.node, self._pane.feed
        if node is None or view is None:
            self._no_node()
            return
        self._pipelines.make_of_branch(view, node, made=lambda _one: None)

    def show_pipelines(self) -> None:
        """Open the sheet with all pipelines of the server."""
        sheet = PipelinesSheet(self._pane.window(), self._context)
        sheet.open()

    def open_over_ghost(self, sheet: AddNodeSheet, *parents: Node) -> None:
        """Open a sheet while the graph shows where its node will stand."""
        graph = self._pane.centre.graph
        graph.set_ghost([parent.id for parent in parents], "New node\nNot added yet")
        sheet.finished.connect(lambda _code: graph.set_ghost(()))
        sheet.created.connect(self._pane.made)
        sheet.open()

    # -- inside ----------------------------------------------------------------

    def _add(self, *, pipelines: bool) -> None:
        node, view = self._pane.node, self._pane.feed
        if node is None or view is None:
            self._no_node()
            return
        sheet = AddNodeSheet(
            self._pane.window(),
            self._context,
            view=view,
            parent=node,
            pipelines=pipelines,
        )
        self.open_over_ghost(sheet, node)

    def _no_node(self) -> None:
        self._context.messages.info(
            "No node is highlighted.", hint="Click one in the graph first."
        )
