"""What a person does with nodes: run again, split, join, delete, get, track."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu

from chrislib.feeds.acts import Deleted, plan_delete, why_not
from chrislib.feeds.model import Node
from chrislib.feeds.states import ACTIVE
from chrislib.jobs.model import Job
from chrislib.library.words import count as counted
from chrislib.views.context import ViewContext
from chrislib.views.feeds.add_node import AddNodeSheet
from chrislib.views.feeds.graph_paint import node_name
from chrislib.views.feeds.inspector_join import JoinSheet
from chrislib.views.feeds.inspector_origin import OriginSheet
from chrislib.views.feeds.inspector_several import Picks
from chrislib.views.feeds.inspector_split import SplitSheet
from chrislib.views.navigation import ShowFeed, ShowJobs
from chrislib.views.tasks import PaneTasks
from chrislib.views.widgets.text import plain_tooltip

if TYPE_CHECKING:
    from chrislib.views.feeds.pane import FeedsPane


class NodeActions:
    """The commands of the inspector, for one node or several.

    Parameters
    ----------
    pane : FeedsPane
        Knows the feed on screen and the highlighted node.
    """

    def __init__(
        self, context: ViewContext, tasks: PaneTasks, *, pane: "FeedsPane"
    ) -> None:
        self._context = context
        self._tasks = tasks
        self._pane = pane
        self._running = False
        self._seen: tuple[int, Node] | None = None
        self._deleted: set[int] = set()
        """Nodes whose deletion was asked for here: nobody needs to be told."""
        self.picks = Picks(pane)
        inspector, centre = pane.inspector, pane.centre
        inspector.run_again.connect(self.run_same)
        inspector.more_wanted.connect(self.show_menu)
        inspector.origin_wanted.connect(self.show_origin)
        several = inspector.several
        several.join.connect(self.join)
        several.get.connect(self.get)
        several.delete.connect(self.delete)
        several.clear.connect(lambda: self.picks.set(()))
        self.picks.changed.connect(self.show_picks)
        centre.graph.picked.connect(self._picked)
        centre.nodes.picked.connect(self.picks.set)
        centre.chosen.connect(lambda _node: self._chose())

    # -- which nodes -------------------------------------------------------------

    @property
    def nodes(self) -> tuple[Node, ...]:
        """The nodes that are highlighted: several, one or none."""
        view = self._pane.feed
        if view is None:
            return ()
        if self.picks.ids:
            by_id = {int(node.id): node for node in view.nodes}
            return tuple(by_id[one] for one in self.picks.ids if one in by_id)
        node = self._pane.node
        return (node,) if node is not None else ()

    def show_picks(self) -> None:
        """Show what is highlighted together, as the feed is now."""
        view = self._pane.feed
        nodes = self.nodes if self.picks.ids else ()
        ids = [int(node.id) for node in nodes]
        self._pane.centre.graph.set_picks(ids)
        self._pane.centre.nodes.set_picks(ids)
        self._pane.inspector.show_several(nodes, view.nodes if view is not None else ())

    def feed_looked(self) -> None:
        """Leave out what a fresher look at the feed has no more."""
        view = self._pane.feed
        self.picks.keep([n.id for n in view.nodes] if view is not None else ())
        if self.picks.ids:
            self.show_picks()
        before, node = self._seen, self._pane.node
        if before is not None and view is not None and view.row.id == before[0]:
            there = {int(one.id) for one in view.nodes}
            if int(before[1].id) not in there | self._deleted:
                self._context.messages.info(
                    f"{node_name(before[1])} is not in the feed any more.",
                    "It was deleted on the server. What was fetched stays here.",
                )
        self._seen = None
        if view is not None and node is not None:
            self._seen = int(view.row.id), node

    def _picked(self, node_id: int) -> None:
        node = self._pane.node
        self.picks.toggle(node_id, first=int(node.id) if node is not None else None)

    def _chose(self) -> None:
        if not self._pane.centre.nodes.several:
            self.picks.set(())

    # -- menu --------------------------------------------------------------------

    def commands(self) -> list[QAction]:
        """Return the commands for palette and menu."""
        rows: tuple[tuple[str, Callable[[], object]], ...] = (
            ("Run again with the same values", self.run_same),
            ("Split the node …", self.split),
            ("Join nodes …", self.join),
            ("Delete the node …", self.delete),
            ("Provenance of the node …", lambda: self.show_origin("card")),
            ("Methods paragraph …", lambda: self.show_origin("methods")),
            ("Show the log large", self._pane.inspector.enlarge_log),
        )
        made = []
        for words, act in rows:
            action = QAction(words, self._pane)
            action.setObjectName("feeds.command." + words.removesuffix(" …").lower())
            action.triggered.connect(lambda _on=False, act=act: act())
            made.append(action)
        return made

    def add_runs(self, menu: QMenu, node: Node) -> None:
        """Add what makes nodes of a node; what cannot be done says why."""
        menu.setToolTipsVisible(True)
        siblings = self._siblings(node)
        rows: tuple[tuple[str, str, Callable[[], object]], ...] = (
            ("change", "Run again …\tR", self._pane.actions_.run_again),
            ("again", "Run again, same values", self.run_same),
            ("split", "Split …", self.split),
            ("join", "Join …", self.join),
        )
        for act, words, do in rows:
            self._entry(menu, words, do, why_not(act, node, siblings))
        menu.addSeparator()

    def add_looks(self, menu: QMenu, node: Node) -> None:
        """Add what tells of a node, or takes something of it along."""
        get = self._pane.actions_.outputs.get_all
        reason = why_not("get", node, self._siblings(node))
        self._entry(menu, "Get all outputs …\tD", get, reason)
        inspector = self._pane.inspector
        self._entry(menu, "Copy command\tY", inspector.copy_command, "")
        self._entry(menu, "Log\tH", inspector.show_log, "")
        self._entry(menu, "Provenance …", lambda: self.show_origin("card"), "")
        self._entry(
            menu, "Methods paragraph …", lambda: self.show_origin("methods"), ""
        )
        menu.addSeparator()

    def add_ends(self, menu: QMenu, node: Node) -> None:
        """Add what takes a node away."""
        siblings = self._siblings(node)
        count = len(plan_delete(siblings, [int(node.id)]).nodes)
        words = f"Delete {count} nodes …" if count > 1 else "Delete …"
        self._entry(menu, words, self.delete, why_not("delete", node, siblings))

    def show_menu(self, at: QPoint) -> None:
        """Show all that can be done with the highlighted node."""
        node = self._pane.node
        if node is not None:
            self._pane.actions_.node_menu(node).popup(at)

    def _siblings(self, node: Node) -> Sequence[Node]:
        view = self._pane.feed
        return view.nodes if view is not None else (node,)

    @staticmethod
    def _entry(
        menu: QMenu, words: str, act: Callable[[], object], reason: str
    ) -> QAction:
        action = menu.addAction(words)
        action.setEnabled(not reason)
        action.setToolTip(plain_tooltip(reason))
        action.triggered.connect(lambda _on=False: act())
        return action

    # -- running -----------------------------------------------------------------

    def run_same(self) -> None:
        """Run the highlighted node once more, as it was, at once."""
        node, view = self._pane.node, self._pane.feed
        if node is None or view is None or self._running:
            return
        self._running = True
        feed_id = int(view.row.id)

        def made(job: Job) -> None:
            self._running = False
            self._ran(node, job)

        def failed(error: BaseException) -> None:
            self._running = False
            self._context.messages.failed(error)

        self._tasks.start(
            self._context.feeds.acts.again(node, feed_id=feed_id),
            name="run again",
            done=made,
            failed=failed,
        )

    def _ran(self, node: Node, job: Job) -> None:
        """Say that it runs, and lead there; what one looks at stays."""
        feed_id, number = job.feed_id, job.remote_id
        if node.parents:
            words = "The same values, beside the one before."
        else:
            made = f"Feed {feed_id}" if feed_id is not None else "A feed"
            words = f"{made} is made of the same data."
        go = (
            ShowFeed(feed_id, number)
            if feed_id is not None and number is not None
            else ShowJobs(job.key)
        )
        self._context.messages.success(
            f"{node_name(node)} runs again.",
            words,
            action=("Show", lambda: self._context.navigator.go(go)),
        )
        self._pane.refresh()

    def split(self) -> None:
        """Open the sheet that divides the files of the highlighted node."""
        node = self._pane.node
        if node is None or not self._may("split", node):
            return
        sheet = SplitSheet(self._pane.window(), self._context, node)
        sheet.made.connect(lambda ids: self._split(node, ids))
        sheet.open()

    def _split(self, node: Node, ids: Sequence[int]) -> None:
        count = len(ids)
        parts = "1 part" if count == 1 else f"{count} parts"
        self._context.messages.success(
            f"{node_name(node)} is split into {parts}.",
            "Each is a node after it; Jobs follows them.",
        )
        self._tasks.start(self._follow(ids), name="follow parts")
        self._pane.refresh()

    async def _follow(self, ids: Sequence[int]) -> None:
        for one in ids:
            await self._context.jobs.adoption.track(one)

    def join(self) -> None:
        """Choose the nodes of a join, then its plugin and values."""
        nodes, view = self.nodes, self._pane.feed
        if not nodes or view is None:
            return
        if len(nodes) == 1 and not self._may("join", nodes[0]):
            return
        sheet = JoinSheet(
            self._pane.window(),
            self._context,
            view=view,
            ticked=[int(node.id) for node in nodes],
        )
        sheet.chosen.connect(self._join)
        sheet.open()

    def _join(self, nodes: list[Node]) -> None:
        view = self._pane.feed
        if view is None:
            return
        sheet = AddNodeSheet(
            self._pane.window(),
            self._context,
            view=view,
            parent=nodes[0],
            joins=nodes[1:],
        )
        graph = self._pane.centre.graph
        graph.set_ghost([node.id for node in nodes], "New join\nNot added yet")
        sheet.finished.connect(lambda _code: graph.set_ghost(()))
        sheet.created.connect(self._joined)
        sheet.open()

    def _joined(self, job: Job) -> None:
        self.picks.set(())
        self._pane.made(job)

    # -- taking away, taking along -------------------------------------------------

    def delete(self) -> None:
        """Delete the highlighted nodes and all after them, once that is confirmed."""
        nodes, view = self.nodes, self._pane.feed
        if not nodes or view is None:
            return
        if len(nodes) == 1 and not self._may("delete", nodes[0]):
            return
        self._tasks.start(
            self._delete([int(node.id) for node in nodes]), name="delete nodes"
        )

    async def _delete(self, ids: Sequence[int]) -> None:
        view = self._pane.feed
        plan = plan_delete(view.nodes if view is not None else (), ids)
        if view is None or not plan.nodes:
            return
        count = len(plan.nodes)
        nodes = counted(count, "node")
        words = [f"In feed {view.row.id}: " + _names(plan.nodes) + "."]
        if count > len(plan.tops):
            words.append("What follows a node goes with it.")
        if plan.running:
            running = "1 of them has" if plan.running == 1 else f"{plan.running} have"
            words.append(f"{running} not ended and will be stopped.")
        if plan.kept:
            words.append("The first node stays: it goes only with its feed.")
        words.append(
            "Their files on the server go too, for everybody. What was fetched to "
            "this computer stays. There is no way back."
        )
        sure = await self._context.dialogs.confirm(
            f"Delete {nodes} on the server?",
            " ".join(words),
            action=f"Delete {nodes}",
            danger=True,
        )
        if not sure:
            return
        self._deleted |= {int(node.id) for node in plan.nodes}
        self._context.messages.info(
            f"{nodes[0].upper()}{nodes[1:]} {'is' if count == 1 else 'are'} being "
            "deleted.",
            "The server does it in the background; you can go on working.",
        )
        found = await self._context.feeds.acts.delete(plan, self._context.jobs.results)
        self.picks.set(())
        self._say_deleted(found)
        self._pane.refresh()

    def _say_deleted(self, found: Deleted) -> None:
        messages = self._context.messages
        for node, error in found.failed[:3]:
            messages.error(
                f"{node_name(node)} was not deleted. {error.title}",
                error.detail,
                hint=error.hint,
            )
        if found.pending:
            messages.info(
                "The server is still deleting.",
                "The nodes vanish from the graph when it has ended.",
            )
        elif found.nodes:
            nodes = "1 node is" if found.nodes == 1 else f"{found.nodes} nodes are"
            messages.success(f"{nodes} deleted.")

    def get(self) -> None:
        """Save the outputs of all highlighted nodes in a folder."""
        self._tasks.start(self._get(self.nodes), name="get outputs of nodes")

    async def _get(self, nodes: Sequence[Node]) -> None:
        view = self._pane.feed
        ready = [node for node in nodes if node.state not in {*ACTIVE, "gone"}]
        if not ready or view is None:
            return
        folder = await self._context.dialogs.open_folder(
            "Choose a folder for the outputs", self._context.paths.downloads
        )
        if folder is None:
            return
        for node in ready:
            job = await self._context.feeds.outputs.download(
                node, folder, feed_id=int(view.row.id)
            )
        count = len(ready)
        left = len(nodes) - count
        note = f" {left} not ready yet stay out." if left else ""
        self._context.messages.info(
            "Getting the outputs of 1 node."
            if count == 1
            else f"Getting the outputs of {count} nodes.",
            f"They go to {folder.name}.{note} You can go on working.",
            action=("Show", lambda: self._context.navigator.go(ShowJobs(job.key))),
        )

    # -- telling -----------------------------------------------------------------

    def show_origin(self, page: str) -> None:
        """Show where the result of the highlighted node comes from."""
        node, view = self._pane.node, self._pane.feed
        if node is None or view is None:
            return
        sheet = OriginSheet(
            self._pane.window(), self._context, view=view, node=node, page=page
        )
        sheet.open()

    def _may(self, act: str, node: Node) -> bool:
        """Whether something can be done; else say why not."""
        view = self._pane.feed
        reason = why_not(act, node, view.nodes if view is not None else (node,))
        if reason:
            self._context.messages.info(reason)
        return not reason


def _names(nodes: Sequence[Node], most: int = 5) -> str:
    names = [f"{node_name(node)} (node {node.id})" for node in nodes[:most]]
    rest = len(nodes) - most
    return ", ".join(names) + (f" and {rest} more" if rest > 0 else "")
