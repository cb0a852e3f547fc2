"""What a person does in the Feeds module: sheets, viewer, downloads, cancel."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu

from chrislib.feeds.model import Node
from chrislib.feeds.recipes import Recipe
from chrislib.jobs.model import Job, is_held
from chrislib.views.context import ViewContext
from chrislib.views.feeds.add_node import AddNodeSheet
from chrislib.views.feeds.create_feed import CreateFeedSheet
from chrislib.views.feeds.feed_again import FeedAgain
from chrislib.views.feeds.graph_tools import add_branch_actions
from chrislib.views.feeds.making_acts import MakingActs
from chrislib.views.feeds.output_acts import OutputActs
from chrislib.views.feeds.stop_acts import StopActs
from chrislib.views.feeds.text_sheet import TextSheet
from chrislib.views.navigation import ShowJobs
from chrislib.views.tasks import PaneTasks

if TYPE_CHECKING:
    from chrislib.views.feeds.pane import FeedsPane


class FeedActions:
    """The commands of a Feeds pane."""

    def __init__(
        self, context: ViewContext, tasks: PaneTasks, *, pane: "FeedsPane"
    ) -> None:
        self._context = context
        self._tasks = tasks
        self._pane = pane
        self.making = MakingActs(context, pane=pane)
        self.stops = StopActs(context, tasks, pane=pane)
        self.feed_again = FeedAgain(context, tasks, pane=pane)
        self.outputs = OutputActs(context, tasks, pane, view=pane.centre.outputs)

    def commands(self) -> list[QAction]:
        """Return the commands for palette and menu."""
        rows = (
            ("New feed …", "Ctrl+N", lambda: self.create_feed(())),
            *self.making.commands(),
            ("Run again …", "R", self.run_again),
            ("Get all outputs …", "D", self.outputs.get_all),
            ("Track this node", "", self.stops.track_current),
            ("Rename the feed …", "", self.rename),
        )
        made = []
        for words, key, act in rows:
            action = QAction(words, self._pane)
            action.setObjectName("feeds.command." + words.split(" …")[0].lower())
            if key:
                action.setToolTip(f"{words} ({key})")
            action.triggered.connect(lambda _on=False, act=act: act())
            made.append(action)
        return made

    def show_node_menu(self, at: QPoint) -> None:
        """Show the menu of the highlighted node."""
        node = self._pane.node
        if node is not None:
            self.node_menu(node).popup(at)

    def node_menu(self, node: Node) -> QMenu:
        """Return what can be done with a node."""
        menu = self._menu("feeds.node.menu")
        self.making.fill(menu, node)
        self._pane.node_acts.add_runs(menu, node)
        self._pane.node_acts.add_looks(menu, node)
        graph = self._pane.centre.graph
        if graph.isVisible() and graph.selected == node.id:
            add_branch_actions(menu, graph)
        self._pane.collecting.add_to_node_menu(menu, node)
        self._pane.comparing.add_to_node_menu(menu, node)
        menu.addAction(self.stops.track_words()).triggered.connect(self.stops.track)
        menu.addSeparator()
        self._pane.node_acts.add_ends(menu, node)
        words = self.stops.cancel_words()
        if words:
            menu.addAction(words).triggered.connect(self.stops.cancel)
        return menu

    def feed_menu(self) -> QMenu:
        """Return what can be done with the open feed."""
        menu = self._menu("feeds.feed.menu")
        menu.addAction("Rename …").triggered.connect(self.rename)
        self._pane.talk.fill(menu)
        menu.addSeparator()
        menu.addAction("Pipelines …").triggered.connect(self.making.show_pipelines)
        menu.addAction("Look again\tF5").triggered.connect(self._pane.refresh)
        return menu

    def _menu(self, name: str) -> QMenu:
        menu = QMenu(self._pane)
        menu.setObjectName(name)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        return menu

    # -- making ----------------------------------------------------------------

    def create_feed(
        self, item_ids: Sequence[str], recipe: Recipe | None = None
    ) -> None:
        """Open the sheet that makes a feed, with a recipe at what is wrong with it."""
        sheet = CreateFeedSheet(self._pane.window(), self._context, tuple(item_ids))
        if recipe is not None:
            sheet.compute.ask_at_fault()
            sheet.first.list.take(recipe)
        sheet.created.connect(self.feed_made)
        sheet.open()

    def feed_made(self, job: Job) -> None:
        """Show a new feed; of one that waits say what it waits for, and where."""
        self._pane.made(job)
        if is_held(job.intent):
            self._context.messages.info(
                "The feed waits for its data.",
                job.detail,
                hint="Jobs shows how far it is; chrislib may be closed meanwhile.",
                action=("Show", lambda: self._context.navigator.go(ShowJobs(job.key))),
                seconds=12,
            )

    def add_node(self) -> None:
        """Open the sheet that adds a node after the highlighted one."""
        self.making.add_node()

    def run_again(self) -> None:
        """Open the sheet with the values the highlighted node was run with."""
        node, view = self._pane.node, self._pane.feed
        if node is None or view is None:
            return
        if not node.parents:
            self.feed_again.begin(view, node)
            return
        by_id = {row.id: row for row in view.nodes}
        # of a join it hangs under the first, as the server has it
        parents = [by_id[one] for one in node.parents if one in by_id]
        if not parents:
            self._context.messages.info(
                "The node before it is not in the feed any more.",
                hint="Choose the node it shall follow, then Add node.",
            )
            return
        sheet = AddNodeSheet(
            self._pane.window(), self._context, view=view, parent=parents[0], again=node
        )
        self.making.open_over_ghost(sheet, *parents)

    def rename(self) -> None:
        """Give the feed another title."""
        view = self._pane.feed
        if view is None:
            return
        feed_id = view.row.id
        sheet = TextSheet(
            self._pane.window(),
            self._context,
            title="Rename feed",
            subtitle=f"Feed {feed_id}",
            text=view.row.sent_title,
            several_lines=False,
            save=lambda text: self._context.feeds.rename(feed_id, text),
        )
        sheet.saved.connect(self._pane.refresh)
        sheet.open()
