"""Cancel and Track, of one node or of all that are highlighted together."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from chrislib.errors import ChrislibError
from chrislib.feeds.model import Node
from chrislib.feeds.nodes import Stop, plan_cancel
from chrislib.jobs.model import Job, Kind
from chrislib.library.words import count as counted
from chrislib.views.context import ViewContext
from chrislib.views.navigation import ShowJobs
from chrislib.views.tasks import PaneTasks

if TYPE_CHECKING:
    from chrislib.views.feeds.pane import FeedsPane


class StopActs:
    """Stops nodes, follows nodes."""

    def __init__(
        self, context: ViewContext, tasks: PaneTasks, *, pane: "FeedsPane"
    ) -> None:
        self._context = context
        self._tasks = tasks
        self._pane = pane

    # -- following -------------------------------------------------------------

    def track_words(self) -> str:
        """Return what `track` does with what is highlighted."""
        nodes = self._pane.node_acts.nodes
        stop = nodes and not self._loose(nodes)
        if len(nodes) > 1:
            these = f"{len(nodes) if stop else len(self._loose(nodes))} nodes"
            return f"Stop tracking {these}" if stop else f"Track {these}"
        return "Stop tracking" if stop else "Track this"

    def track(self) -> None:
        """Follow all highlighted nodes, whoever started them; or stop following."""
        nodes = self._pane.node_acts.nodes
        loose = self._loose(nodes)
        if loose:
            self._tasks.start(self._track(loose), name="track")
        elif nodes:
            self._tasks.start(self._untrack(nodes), name="track")

    def track_current(self) -> None:
        """Follow the highlighted nodes that nothing follows yet."""
        if self._loose(self._pane.node_acts.nodes):
            self.track()

    def _loose(self, nodes: Sequence[Node]) -> list[Node]:
        """Return the nodes that nothing follows."""
        if not nodes:
            return []
        followed = self._followed()
        return [node for node in nodes if int(node.id) not in followed]

    def _followed(self) -> dict[int, Job]:
        """Return the jobs that follow nodes of this account, by node."""
        jobs = self._context.jobs
        account = jobs.account_id
        return {
            job.remote_id: job
            for job in jobs.jobs()
            if job.remote_id is not None
            and job.kind is Kind.RUN
            and job.tracked
            and job.account_id == account
        }

    async def _track(self, nodes: Sequence[Node]) -> None:
        jobs, done = self._context.jobs, []
        try:
            for node in nodes:
                done.append(await jobs.adoption.track(node.id))
        finally:
            # those before one that is refused are followed
            self._say_tracked(nodes[: len(done)], done)

    def _say_tracked(self, nodes: Sequence[Node], jobs: Sequence[Job]) -> None:
        if not jobs:
            return
        first, several = jobs[0], len(jobs) > 1
        self._context.messages.success(
            f"{_named(nodes)} {'are' if several else 'is'} tracked.",
            f"Jobs follows {'them' if several else 'it'} and tells when "
            f"{'each' if several else 'it'} is over.",
            action=("Show", lambda: self._context.navigator.go(ShowJobs(first.key))),
        )

    async def _untrack(self, nodes: Sequence[Node]) -> None:
        followed = self._followed()
        for node in nodes:
            job = followed.get(int(node.id))
            if job is not None:
                await self._context.jobs.adoption.untrack(job.key)
        several = len(nodes) > 1
        self._context.messages.info(
            f"{_named(nodes)} {'are' if several else 'is'} not tracked any more.",
            "They run on." if several else "It runs on.",
        )

    # -- stopping --------------------------------------------------------------

    def plan(self) -> Stop:
        """Return what a cancel of what is highlighted stops."""
        view = self._pane.feed
        chosen = [int(node.id) for node in self._pane.node_acts.nodes]
        return plan_cancel(view.nodes if view is not None else (), chosen)

    def cancel_words(self) -> str:
        """Return the words of Cancel, "" where nothing can be stopped."""
        count = len(self.plan().nodes)
        return f"Cancel {counted(count, 'node')} …" if count else ""

    def cancel(self) -> None:
        """Cancel what is highlighted and all after it, once that is confirmed."""
        plan = self.plan()
        if plan.nodes:
            self._tasks.start(self._cancel(plan), name="cancel")

    async def _cancel(self, plan: Stop) -> None:
        count, tops = len(plan.nodes), len(plan.tops)
        unfinished = "has" if tops == 1 else "have"
        words = [f"{_named(plan.tops)} {unfinished} not finished."]
        if count > tops:
            words.append(f"{'It' if tops == 1 else 'They'} and all after stop.")
        words.append("What was computed before stays.")
        sure = await self._context.dialogs.confirm(
            f"Cancel {counted(count, 'node')}?",
            " ".join(words),
            action=f"Cancel {counted(count, 'node')}",
            danger=True,
        )
        if not sure:
            return
        stopped: set[int] = set()
        for top in plan.tops:
            try:
                await self._context.feeds.cancel(top)
            except ChrislibError as error:
                self._context.messages.failed(error)
            else:
                stopped |= plan.below[int(top.id)]
        if stopped:
            are = "is" if len(stopped) == 1 else "are"
            self._context.messages.info(
                f"{counted(len(stopped), 'node')} {are} cancelled."
            )
        self._pane.refresh()


def _named(nodes: Sequence[Node]) -> str:
    if len(nodes) == 1:
        return f"{nodes[0].plugin_name} {nodes[0].plugin_version}"
    return counted(len(nodes), "node")
