"""Feeds for the window: what is there, what was made, and what to do with it."""

import asyncio
import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property, partial
from typing import TYPE_CHECKING

from chrislib.aio import together
from chrislib.cube.types import PluginInstance
from chrislib.errors import ChrislibError
from chrislib.feeds.acts import NodeActs
from chrislib.feeds.bulk import BulkFeeds
from chrislib.feeds.checks import check_title
from chrislib.feeds.closely import CloseLooks
from chrislib.feeds.comments import FeedComments
from chrislib.feeds.details import Looks
from chrislib.feeds.form import JOIN_PARAMETER, ParameterForm
from chrislib.feeds.intents import run_of, within
from chrislib.feeds.lists import FeedLists
from chrislib.feeds.making import LibraryData, NewFeeds
from chrislib.feeds.making_steps import FirstSteps
from chrislib.feeds.many_feeds import ManyFeeds
from chrislib.feeds.measures import FeedMeasures
from chrislib.feeds.model import FeedView, Node, NodeDetails
from chrislib.feeds.nodes import to_cancel, view_of
from chrislib.feeds.notes import FeedNotes
from chrislib.feeds.opening import Opening
from chrislib.feeds.pipelines import FeedPipelines
from chrislib.feeds.plugins import FeedPlugins
from chrislib.feeds.ports import JobsLike, SessionLike
from chrislib.feeds.provenance import FeedProvenance
from chrislib.feeds.readmes import KeptReadmes, PluginReadmes
from chrislib.feeds.renaming import problem_of
from chrislib.feeds.results import FeedOutputs
from chrislib.feeds.server import FeedServer
from chrislib.feeds.sharing import FeedSharing
from chrislib.feeds.tags import FeedTags
from chrislib.feeds.unsent import DraftShelf, Unsent
from chrislib.jobs.model import Job, Kind
from chrislib.paths import Paths

if TYPE_CHECKING:
    from chrislib.feeds.collect import Collecting
    from chrislib.feeds.collect_keeping import Kept
    from chrislib.feeds.compare import Comparing

_log = logging.getLogger(__name__)
_AT_ONCE = 400
"""So many nodes are looked at within a frame; more of them on a thread."""


class FeedsService:
    """Everything the Feeds module asks for.

    Parameters
    ----------
    jobs : JobsLike
        Sends and follows runs and downloads.
    session : SessionLike
        The connection of the window.
    paths : Paths
        Where previews are kept.
    library : LibraryData, optional
        Lets feeds wait for data that is on the way.
    kept : Kept, optional
        Where collected tables are kept.
    readmes : KeptReadmes, optional
        Where READMEs of plugins are kept.
    drafts : DraftShelf, optional
        Where notes and comments that were not sent are kept.
    """

    def __init__(
        self,
        *,
        jobs: JobsLike,
        session: SessionLike,
        paths: Paths,
        library: LibraryData | None = None,
        kept: "Kept | None" = None,
        readmes: KeptReadmes | None = None,
        drafts: DraftShelf | None = None,
    ) -> None:
        self._jobs = jobs
        server = FeedServer(session)
        self._client, self._now = server.client, server.now
        self.lists = FeedLists(server)
        self.measures = FeedMeasures(server)
        self.plugins = FeedPlugins(server, jobs)
        self.pipelines = FeedPipelines(server, jobs, self.plugins)
        self.bulk = BulkFeeds(
            server, jobs, copy_plugin=self.plugins.copies, lists=self.lists
        )
        self.outputs = FeedOutputs(server, jobs, previews=paths.cache / "previews")
        self.making = NewFeeds(jobs, copy_plugin=self.plugins.copies, library=library)
        self.first_steps = FirstSteps(jobs, self.making)
        self.many = ManyFeeds(
            server,
            jobs,
            plugins=self.plugins,
            pipelines=self.pipelines,
            making=self.making,
        )
        self._server, self._kept = server, kept
        self.closely = CloseLooks(server, jobs)
        self.provenance = FeedProvenance(server, self.closely)
        self.acts = NodeActs(server, jobs, plugins=self.plugins)
        self.unsent = Unsent(drafts, account=lambda: jobs.account_id)
        self.notes = FeedNotes(server, self.unsent)
        self.comments = FeedComments(server, self.unsent)
        self.tags = FeedTags(server)
        self.sharing = FeedSharing(server)
        self.readmes = PluginReadmes(readmes)
        self._joins: dict[int, tuple[int, ...]] = {}
        self._views: dict[int, FeedView] = {}
        self._openings: dict[int, Opening] = {}
        self._looks = Looks()
        server.on_change(self._forget)

    @cached_property
    def collecting(self) -> "Collecting":
        """Values out of many results; made, and its code read, when first asked for."""
        from chrislib.feeds.collect import Collecting

        return Collecting(self._server, self._kept)

    @cached_property
    def comparing(self) -> "Comparing":
        """Two runs or feeds side by side; made when first asked for."""
        from chrislib.feeds.compare import Comparing

        return Comparing(self._server, self.outputs)

    # -- looking ---------------------------------------------------------------

    async def open(self, feed_id: int) -> FeedView:
        """Look at a feed: its nodes and its note (network)."""
        opening = self._openings[feed_id] = Opening(self._client(), feed_id)
        try:
            view = await self._view(opening)
        finally:
            # another look may have begun meanwhile
            if self._openings.get(feed_id) is opening:
                del self._openings[feed_id]
        self._views[feed_id] = view
        self._looks.see(view.nodes, at=view.checked_at)
        return view

    async def details(self, feed_id: int, node_id: int) -> NodeDetails:
        """Look at one node closely: steps, parameters, command, log (network)."""
        view = self._views.get(feed_id) or await self.open(feed_id)
        node = next((row for row in view.nodes if row.id == node_id), None)
        if node is None:
            view = await self.open(feed_id)
            node = next((row for row in view.nodes if row.id == node_id), None)
        if node is None:
            raise ChrislibError(
                "This node is not in the feed any more.",
                "It was deleted on the server. What was fetched stays here.",
            )
        return await self.closely.details(view, node, seen=self._looks.of(node_id))

    def share_read(self, feed_id: int) -> float:
        """Return how much of a feed the latest look has read by now, 0 to 1."""
        opening = self._openings.get(feed_id)
        return opening.share if opening is not None else 0.0

    def known(self, feed_id: int) -> FeedView | None:
        """Return the last look at a feed, without asking the server."""
        return self._views.get(feed_id)

    def lose(self, feed_id: int) -> None:
        """Forget a feed that was deleted, or is not open to this account any more."""
        self._views.pop(feed_id, None)
        self.lists.drop((feed_id,))

    def watch(self, feed_id: int | None) -> None:
        """Say which feed is on screen, None for none."""
        self._jobs.watch_feed(feed_id)

    # -- a feed's own fields ---------------------------------------------------

    async def rename(self, feed_id: int, title: str) -> None:
        """Give a feed another title (network)."""
        title = title.strip()
        problem = problem_of(title)
        if problem:
            raise ChrislibError(problem, "Nothing was sent.")
        await self._client().feeds.rename(feed_id, title)

    # -- making ----------------------------------------------------------------

    async def add_node(
        self,
        *,
        form: ParameterForm,
        parent: Node,
        compute: str = "",
        title: str = "",
        parents: Sequence[Node] = (),
        limits: Mapping[str, int] | None = None,
    ) -> Job:
        """Add a node; returns once the server has it (network).

        Parameters
        ----------
        limits : mapping of str to int, optional
            See `chrislib.cube.types.LIMITS`; what is missing is the plugin's least.
        parents : sequence of Node
            For a join (ts): all nodes it takes, `parent` included or not.

        Raises
        ------
        ChrislibError
            The form has errors, the title is too long, the node cannot have a child.
        Refused
            The server refused a value; nothing was created, the form is untouched.
        """
        check_title(title)
        problems = form.errors()
        if problems:
            raise ChrislibError(
                "Some values need attention.",
                "Nothing was sent.",
                hint=next(iter(problems.values())),
            )
        values = dict(form.payload())
        if form.plugin.type == "ts":
            ids = dict.fromkeys((parent.id, *(node.id for node in parents)))
            values[JOIN_PARAMETER] = ",".join(str(node_id) for node_id in ids)
        run = replace(
            run_of(form.plugin, values),
            previous_id=parent.id,
            feed_id=self._feed_of(parent),
            title=title.strip(),
            compute_resource=compute,
        )
        return await self._jobs.submit_now(within(run, limits or {}))

    # -- stopping --------------------------------------------------------------

    def cancel_count(self, node: Node) -> int:
        """Return how many nodes a cancel takes along, `node` included."""
        feed_id = self._feed_of(node)
        view = self._views.get(feed_id) if feed_id is not None else None
        return to_cancel(view.nodes if view is not None else (node,), node.id)

    async def cancel(self, node: Node) -> int:
        """Cancel a node and all after it; returns how many there were (network)."""
        count = self.cancel_count(node)
        feed_id = self._feed_of(node)
        jobs = {} if feed_id is None else self._jobs_by_instance(feed_id)
        job = jobs.get(node.id)
        if job is not None and not job.phase.terminal:
            return max(count, await self._jobs.cancel(job.key))
        await self._client().instances.cancel(node.id)
        return count

    # -- inside ----------------------------------------------------------------

    def _forget(self) -> None:
        for kept in (self._views, self._joins):
            kept.clear()
        self._looks = Looks()

    def _jobs_by_instance(self, feed_id: int) -> Mapping[int, Job]:
        return {
            job.remote_id: job
            for job in self._jobs.of_feed(feed_id)
            if job.kind is Kind.RUN and job.remote_id is not None
        }

    def _feed_of(self, node: Node) -> int | None:
        for feed_id, view in self._views.items():
            if any(row.id == node.id for row in view.nodes):
                return feed_id
        return None

    async def _view(self, opening: Opening) -> FeedView:
        client, feed_id = opening.client, opening.feed_id
        feed, instances, note = await together(
            opening.feed(), opening.rows(), self.notes.known(feed_id)
        )
        await self._learn_joins(instances)
        looked = partial(
            view_of,
            feed,
            instances,
            joins=dict(self._joins),
            jobs=self._jobs_by_instance(feed_id),
            copies_first=client.server is not None and client.server.generation >= 7,
            note=note,
            now=self._now(),
            checked_at=time.time(),
            early=opening.early,
        )
        large = len(instances) > _AT_ONCE
        return await asyncio.to_thread(looked) if large else looked()

    async def _learn_joins(self, instances: Sequence[PluginInstance]) -> None:
        """Ask once for the parents of each join; a list says only the first."""
        client = self._client()
        for row in instances:
            if row.plugin_type != "ts" or row.id in self._joins:
                continue
            values = await client.instances.parameters(row.id)
            listed = values.get(JOIN_PARAMETER, "")
            self._joins[row.id] = tuple(
                int(part) for part in listed.split(",") if part.strip().isdigit()
            )
