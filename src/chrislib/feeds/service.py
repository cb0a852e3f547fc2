"""Feeds for the window: what is there, what was made, and what to do with it."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from chrislib.cube.errors import CubeError, Forbidden, NotFound
from chrislib.cube.types import Plugin, PluginInstance, PluginParameter
from chrislib.errors import ChrislibError
from chrislib.feeds import outputs as outputs_tree
from chrislib.feeds.book import FeedBook, Scopes, Told
from chrislib.feeds.checks import check_title, newest_first
from chrislib.feeds.details import Looks, details_of
from chrislib.feeds.fetching import PREVIEW_LIMIT, Fetcher
from chrislib.feeds.form import JOIN_PARAMETER, ParameterForm
from chrislib.feeds.making import COPY_PLUGIN, LibraryData, NewFeeds
from chrislib.feeds.model import FeedRow, FeedView, Node, NodeDetails, OutputEntry
from chrislib.feeds.nodes import to_cancel, view_of
from chrislib.feeds.ports import FeedItem, JobsLike, SessionLike
from chrislib.feeds.recipes import Recipe, recent
from chrislib.jobs.model import DownloadIntent, Job, Kind, RunIntent
from chrislib.paths import Paths

if TYPE_CHECKING:
    # The HTTP library is half of the start-up time: it waits for the first paint.
    from chrislib.cube.client import CubeClient

_log = logging.getLogger(__name__)
_T = TypeVar("_T")


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
    """

    def __init__(
        self,
        *,
        jobs: JobsLike,
        session: SessionLike,
        paths: Paths,
        library: LibraryData | None = None,
    ) -> None:
        self._jobs = jobs
        self._session = session
        self.making = NewFeeds(jobs, copy_plugin=self._copies, library=library)
        self._fetcher = Fetcher(paths.cache / "previews")
        self._joins: dict[int, tuple[int, ...]] = {}
        self._views: dict[int, FeedView] = {}
        self._plugins: dict[str, list[Plugin]] = {}
        self._looks = Looks()
        self._book = FeedBook()
        self._notes: dict[int, str] = {}
        # what was given to a node, and what a plugin takes, never change
        self._values: dict[int, dict[str, str]] = {}
        self._parameters: dict[int, tuple[PluginParameter, ...]] = {}
        self._server = ""

    # -- looking ---------------------------------------------------------------

    async def feeds(self, scope: str = "mine") -> list[FeedRow]:
        """Return the feeds of a scope, newest first (network).

        Parameters
        ----------
        scope : str
            "mine" (own ones), "shared" (of others) or "public".
        """
        return (await self.all_feeds())[scope]

    async def all_feeds(
        self, *, whole: bool = True, told: Told | None = None
    ) -> Scopes:
        """Return "mine", "shared" and "public" feeds, each newest first (network).

        Parameters
        ----------
        whole : bool
            Read every page; otherwise the newest feeds, unless not all are known yet.
        told : callable, optional
            Gets what is known so far, page by page.
        """
        client = self._client()
        whole = whole or not self._book.whole
        return await self._book.read(client, whole=whole, told=told)

    async def check_counts(
        self, ids: Sequence[int], *, again: Sequence[int] = (), most: int = 12
    ) -> list[FeedRow]:
        """Return feeds with counts that are right, once for each (network).

        Lists count the nodes of shared feeds too often (trap 7).

        Parameters
        ----------
        again : sequence of int
            Look at these even if they were looked at before.
        most : int
            Not more than so many.
        """
        client = self._client()
        found = []
        for feed_id in [*again, *self._book.unchecked(ids)][:most]:
            try:
                row = self._book.exact(await client.feeds.get(feed_id))
            except (NotFound, Forbidden):
                continue  # the next list will not hold it
            if row is not None:
                found.append(row)
        return found

    async def with_files(self, words: str) -> set[int]:
        """Return the feeds that hold files with all the words (network)."""
        found: set[int] = set()
        while True:
            page = await self._client().feeds.page(
                files_fname_icontains=words, limit=100, offset=len(found)
            )
            before = len(found)
            found |= {int(feed.id) for feed in page.rows}
            if not page.more or len(found) == before:
                return found

    async def open(self, feed_id: int) -> FeedView:
        """Look at a feed: its nodes and its note (network)."""
        client = self._client()
        feed, instances = await asyncio.gather(
            client.feeds.get(feed_id), _all(client.instances.of_feed(feed_id))
        )
        await self._learn_joins(instances)
        note = self._notes.get(feed_id)
        if note is None:
            note = self._notes[feed_id] = await self._note(feed_id)
        view = view_of(
            feed,
            instances,
            joins=self._joins,
            jobs=self._jobs_by_instance(),
            copies_first=client.server is not None and client.server.generation >= 7,
            note=note,
            now=self._now(),
            checked_at=time.time(),
        )
        self._views[feed_id] = view
        self._looks.see(view.nodes, at=view.checked_at)
        return view

    async def details(self, feed_id: int, node_id: int) -> NodeDetails:
        """Look at one node closely: steps, parameters, command, log (network)."""
        client = self._client()
        view = self._views.get(feed_id) or await self.open(feed_id)
        instance = await client.instances.get(node_id)
        if node_id not in self._values:
            self._values[node_id] = await client.instances.parameters(node_id)
        plugin_id = instance.plugin_id
        if plugin_id not in self._parameters:
            self._parameters[plugin_id] = await client.plugins.parameters(plugin_id)
        node = next((row for row in view.nodes if row.id == node_id), None)
        if node is None:
            view = await self.open(feed_id)
            node = next((row for row in view.nodes if row.id == node_id), None)
        if node is None:
            raise ChrislibError(
                "This node is not in the feed any more.",
                "It was deleted on the server. What was fetched stays here.",
            )
        trace = await self._jobs.trace(node_id)
        phases = trace.entered if trace is not None else ()
        log = await client.instances.log_of(instance)
        if not log and trace is not None:
            # what was captured before the server overwrote it (CUBE 7)
            log = trace.log
        return details_of(
            node,
            instance,
            values=self._values[node_id],
            parameters=self._parameters[plugin_id],
            log=log,
            phases=phases,
            seen=self._looks.of(node_id),
            siblings=view.nodes,
            now=time.time(),
            skew=self._now().timestamp() - time.time(),
        )

    def known(self, feed_id: int) -> FeedView | None:
        """Return the last look at a feed, without asking the server."""
        return self._views.get(feed_id)

    def watch(self, feed_id: int | None) -> None:
        """Say which feed is on screen, None for none."""
        self._jobs.watch_feed(feed_id)

    # -- a feed's own fields ---------------------------------------------------

    async def rename(self, feed_id: int, title: str) -> None:
        """Give a feed another title (network)."""
        check_title(title, required=True)
        await self._client().feeds.rename(feed_id, title.strip())

    async def set_note(self, feed_id: int, text: str) -> None:
        """Write a feed's note (network)."""
        await self._client().feeds.set_note(feed_id, "Note", content=text)
        self._notes[feed_id] = text

    # -- making ----------------------------------------------------------------

    async def create_feed(
        self,
        *,
        title: str,
        items: Sequence[FeedItem],
        note: str = "",
        tags: Sequence[str] = (),
        first: Recipe | None = None,
    ) -> Job:
        """Make a feed from library items (network, disk); see `NewFeeds.create`."""
        return await self.making.create(
            title=title, items=items, note=note, tags=tags, first=first
        )

    async def recipes(self) -> list[Recipe]:
        """Return what was run on new feeds before, last used first (thread)."""
        jobs, account = self._jobs.jobs(), self._jobs.account_id
        return await asyncio.to_thread(recent, jobs, account)

    async def tag_names(self) -> tuple[str, ...]:
        """Return the tags there are on the server (network)."""
        return await self._client().feeds.tag_names()

    async def plugins(self) -> list[Plugin]:
        """Return plugins that can follow a node, recently used first (network).

        Each name occurs once, in its newest version.
        """
        by_name = await self._known_plugins()
        recent = self.recent_plugins()
        rank = {name: index for index, name in enumerate(recent)}
        newest = [versions[0] for versions in by_name.values()]
        usable = [plugin for plugin in newest if plugin.type in {"ds", "ts"}]
        return sorted(
            usable, key=lambda p: (rank.get(p.name, len(rank)), p.name.lower())
        )

    def recent_plugins(self) -> list[str]:
        """Return names of plugins that were run from here, last used first."""
        names: dict[str, None] = {}
        for job in self._jobs.jobs():
            if isinstance(job.intent, RunIntent):
                names.setdefault(job.intent.plugin_name)
        return list(names)

    async def form_for(self, plugin: Plugin) -> ParameterForm:
        """Return an empty form for a plugin (network)."""
        client = self._client()
        parameters, computes = await asyncio.gather(
            client.plugins.parameters(plugin.id),
            client.plugins.compute_resources(plugin.id),
        )
        return ParameterForm(
            plugin,
            parameters,
            computes=computes,
            generation=client.server.generation if client.server else 7,
        )

    async def form_again(self, node: Node) -> ParameterForm:
        """Return a form that holds what a node was run with (network)."""
        client = self._client()
        plugin = await client.plugins.get(node.plugin_id)
        form, values = await asyncio.gather(
            self.form_for(plugin), client.instances.parameters(node.id)
        )
        form.adopt(values)
        return form

    async def add_node(
        self,
        *,
        form: ParameterForm,
        parent: Node,
        compute: str = "",
        title: str = "",
        parents: Sequence[Node] = (),
    ) -> Job:
        """Add a node; returns once the server has it (network).

        Parameters
        ----------
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
        return await self._jobs.submit_now(
            RunIntent(
                plugin_id=form.plugin.id,
                plugin_name=form.plugin.name,
                plugin_version=form.plugin.version,
                plugin_type=form.plugin.type,
                parameters=values,
                previous_id=parent.id,
                feed_id=self._feed_of(parent),
                title=title.strip(),
                compute_resource=compute,
            )
        )

    # -- outputs ---------------------------------------------------------------

    async def outputs(self, node: Node) -> list[OutputEntry]:
        """Return what a node left behind, links followed (network)."""
        return await outputs_tree.output_tree(self._client().files, node.output_path)

    async def fetch(
        self,
        entry: OutputEntry,
        *,
        limit: int = PREVIEW_LIMIT,
        progress: Callable[[int], None] | None = None,
    ) -> Path:
        """Return a file on this computer with an output's content (network, disk).

        Raises
        ------
        ChrislibError
            It is no file, or larger than `limit` bytes.
        """
        return await self._fetcher.fetch(
            self._client(), entry, limit=limit, progress=progress
        )

    async def fetch_all(
        self,
        entries: Sequence[OutputEntry],
        *,
        progress: Callable[[int, int], None] | None = None,
    ) -> tuple[Path, ...]:
        """Fetch several files, a few at a time, in the order given (network, disk)."""
        return await self._fetcher.fetch_all(self._client(), entries, progress=progress)

    async def download(
        self, sources: Sequence[OutputEntry] | Node, folder: Path
    ) -> Job:
        """Start saving outputs in a folder of this computer (disk, network)."""
        if isinstance(sources, Node):
            node: Node | None = sources
            paths: tuple[str, ...] = (sources.output_path,)
            title = f"{sources.plugin_name} {sources.plugin_version}"
        else:
            node = None
            paths = tuple(entry.path for entry in sources)
            first = sources[0].relative.rsplit("/", 1)[-1] if sources else ""
            title = first if len(paths) == 1 else f"{len(paths):,} outputs"
        if not paths:
            raise ChrislibError("There is nothing to get.", hint="Choose an output.")
        intent = DownloadIntent(
            sources=paths,
            folder=str(folder),
            title=title,
            instance_id=node.id if node is not None else None,
            feed_id=self._feed_of(node) if node is not None else None,
        )
        key = await self._jobs.submit(intent)
        job = self._jobs.get(key)
        if job is None:
            raise ChrislibError(
                "The download could not be started.", hint="Try again.", retryable=True
            )
        return job

    # -- stopping --------------------------------------------------------------

    def cancel_count(self, node: Node) -> int:
        """Return how many nodes a cancel takes along, `node` included."""
        feed_id = self._feed_of(node)
        view = self._views.get(feed_id) if feed_id is not None else None
        return to_cancel(view.nodes if view is not None else (node,), node.id)

    async def cancel(self, node: Node) -> int:
        """Cancel a node and all after it; returns how many there were (network)."""
        count = self.cancel_count(node)
        job = self._jobs_by_instance().get(node.id)
        if job is not None and not job.phase.terminal:
            return max(count, await self._jobs.cancel(job.key))
        await self._client().instances.cancel(node.id)
        return count

    # -- inside ----------------------------------------------------------------

    def _client(self) -> "CubeClient":
        client = self._session.client
        if client is None:
            raise ChrislibError(
                "There is no connection to a server.",
                "Feeds are kept on the server; nothing is lost.",
                hint="Connect, then try again.",
                retryable=True,
            )
        place = f"{client.username} {client.base_url}"
        if place != self._server:
            self._forget(place)
        return client

    def _forget(self, server: str) -> None:
        """Drop what was learnt elsewhere: there, numbers mean other things."""
        self._server = server
        self._book.forget()
        for kept in (self._views, self._joins, self._notes, self._values):
            kept.clear()
        self._parameters.clear()
        self._plugins = {}
        self._looks = Looks()

    def _now(self) -> datetime:
        client = self._session.client
        return datetime.now(UTC) if client is None else client.server_now()

    def _jobs_by_instance(self) -> Mapping[int, Job]:
        return {
            job.remote_id: job
            for job in self._jobs.jobs()
            if job.kind is Kind.RUN and job.remote_id is not None
        }

    def _feed_of(self, node: Node) -> int | None:
        for feed_id, view in self._views.items():
            if any(row.id == node.id for row in view.nodes):
                return feed_id
        return None

    async def _note(self, feed_id: int) -> str:
        try:
            return await self._client().feeds.note(feed_id)
        except CubeError as error:
            _log.info("the note of feed %s could not be read: %s", feed_id, error)
            return ""

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

    async def _known_plugins(self) -> Mapping[str, list[Plugin]]:
        client = self._client()
        if not self._plugins:
            found: dict[str, list[Plugin]] = {}
            async for plugin in client.plugins.list():
                found.setdefault(plugin.name, []).append(plugin)
            for versions in found.values():
                versions.sort(key=newest_first, reverse=True)
            self._plugins = found
        return self._plugins

    async def _copies(self) -> tuple[Plugin, Sequence[PluginParameter]]:
        plugin = await self._plugin_named(COPY_PLUGIN)
        return plugin, await self._client().plugins.parameters(plugin.id)

    async def _plugin_named(self, name: str) -> Plugin:
        client = self._client()
        found = await _all(client.plugins.list(name_exact=name))
        if not found:
            raise ChrislibError(
                f"This server has no {name}.",
                "Feeds are made with it. Nothing was created.",
                hint="Ask the person who runs the server to register it.",
            )
        return max(found, key=newest_first)


async def _all(rows: AsyncIterator[_T]) -> list[_T]:
    return [row async for row in rows]
