"""What a person does in the Feeds module: sheets, viewer, downloads, cancel."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu

from chrislib.feeds.model import Node
from chrislib.feeds.states import ACTIVE
from chrislib.jobs.model import Job, Kind, is_held
from chrislib.views.context import ViewContext
from chrislib.views.feeds.add_node import AddNodeSheet
from chrislib.views.feeds.create_feed import CreateFeedSheet
from chrislib.views.feeds.graph_tools import add_branch_actions
from chrislib.views.feeds.making_acts import MakingActs
from chrislib.views.feeds.output_acts import OutputActs
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
        self.outputs = OutputActs(context, tasks, pane, view=pane.centre.outputs)

    def commands(self) -> list[QAction]:
        """Return the commands for palette and menu."""
        rows = (
            ("New feed …", "Ctrl+N", lambda: self.create_feed(())),
            *self.making.commands(),
            ("Run again …", "R", self.run_again),
            ("Get all outputs …", "D", self.outputs.get_all),
            ("Track this node", "", self.track_current),
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
        words = "Stop tracking" if self.followed(node) else "Track this"
        menu.addAction(words).triggered.connect(lambda: self.track(node))
        menu.addSeparator()
        self._pane.node_acts.add_ends(menu, node)
        if node.state in ACTIVE:
            count = self._context.feeds.cancel_count(node)
            words = "Cancel 1 node …" if count == 1 else f"Cancel {count} nodes …"
            menu.addAction(words).triggered.connect(self.cancel)
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

    def create_feed(self, item_ids: Sequence[str]) -> None:
        """Open the sheet that makes a feed."""
        sheet = CreateFeedSheet(self._pane.window(), self._context, tuple(item_ids))
        sheet.created.connect(self._feed_made)
        sheet.open()

    def _feed_made(self, job: Job) -> None:
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
        parents = [row for row in view.nodes if row.id in node.parents]
        if not parents:
            self.create_feed(())
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
            text=view.row.title,
            several_lines=False,
            save=lambda text: self._context.feeds.rename(feed_id, text),
        )
        sheet.saved.connect(self._pane.refresh)
        sheet.open()

    # -- following -------------------------------------------------------------

    def track_current(self) -> None:
        """Follow the highlighted node and tell when it is over."""
        node = self._pane.node
        if node is not None and self.followed(node) is None:
            self.track(node)

    def track(self, node: Node) -> None:
        """Follow a node in Jobs, whoever started it; or stop following it."""
        self._tasks.start(self._track(node), name="track")

    def followed(self, node: Node) -> Job | None:
        """Return the job that follows a node, None where none does."""
        jobs = self._context.jobs
        account = jobs.account_id
        return next(
            (
                job
                for job in jobs.jobs()
                if job.remote_id == node.id
                and job.kind is Kind.RUN
                and job.tracked
                and job.account_id == account
            ),
            None,
        )

    async def _track(self, node: Node) -> None:
        jobs, messages = self._context.jobs, self._context.messages
        name = f"{node.plugin_name} {node.plugin_version}"
        followed = self.followed(node)
        if followed is not None:
            await jobs.adoption.untrack(followed.key)
            messages.info(f"{name} is not tracked any more.", "It runs on.")
            return
        job = await jobs.adoption.track(node.id)
        messages.success(
            f"{name} is tracked.",
            "Jobs follows it and tells when it is over.",
            action=("Show", lambda: self._context.navigator.go(ShowJobs(job.key))),
        )

    # -- stopping --------------------------------------------------------------

    def cancel(self) -> None:
        """Cancel the highlighted node and all after it, once that is confirmed."""
        node = self._pane.node
        if node is not None:
            self._tasks.start(self._cancel(node), name="cancel")

    async def _cancel(self, node: Node) -> None:
        count = self._context.feeds.cancel_count(node)
        nodes = "1 node" if count == 1 else f"{count} nodes"
        after = "" if count == 1 else " It and all after it stop."
        sure = await self._context.dialogs.confirm(
            f"Cancel {nodes}?",
            f"{node.plugin_name} {node.plugin_version} has not finished.{after} "
            "What was computed before stays.",
            action=f"Cancel {nodes}",
            danger=True,
        )
        if not sure:
            return
        count = await self._context.feeds.cancel(node)
        stopped = "1 node is" if count == 1 else f"{count} nodes are"
        self._context.messages.info(f"{stopped} cancelled.")
        self._pane.refresh()
