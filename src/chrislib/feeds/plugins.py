"""Plugins that can follow a node, and the forms for their values."""

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from chrislib.aio import together
from chrislib.cube.types import LIMITS, Plugin, PluginParameter
from chrislib.errors import ChrislibError
from chrislib.feeds.checks import newest_first
from chrislib.feeds.form import ParameterForm
from chrislib.feeds.making import COPY_PLUGIN
from chrislib.feeds.model import Node
from chrislib.feeds.ports import JobsLike
from chrislib.feeds.server import FeedServer
from chrislib.jobs.model import RunIntent

_KEPT = 300.0
"""Seconds the list of plugins is gone by before it is read anew."""
MOST_RECENT = 5
"""Plugins used last that come before those used most."""


@dataclass(frozen=True, slots=True)
class EarlierRun:
    """A run whose values can be taken over.

    Attributes
    ----------
    state : str
        CUBE's status word.
    limits : mapping
        See `chrislib.cube.types.LIMITS`.
    """

    id: int
    feed_id: int
    title: str
    version: str
    state: str
    at: datetime | None
    owner: str = ""
    compute: str = ""
    limits: Mapping[str, int] = field(default_factory=dict)


class FeedPlugins:
    """The plugins of the server, read once."""

    def __init__(self, server: FeedServer, jobs: JobsLike) -> None:
        self._client = server.client
        self._jobs = jobs
        self._versions: dict[str, list[Plugin]] = {}
        self._read_at = 0.0
        # what a plugin takes never changes while it is there
        self._parameters: dict[int, tuple[PluginParameter, ...]] = {}
        server.on_change(self._versions.clear)
        server.on_change(self._parameters.clear)

    async def usable(self) -> list[Plugin]:
        """Return plugins that can follow a node (network).

        The few used last come first, then those used most, then all others by name.
        Each name occurs once, in its newest version.
        """
        by_name = await self._all()
        rank = {name: index for index, name in enumerate(self.recent()[:MOST_RECENT])}
        uses = self.uses()
        newest = [versions[0] for versions in by_name.values()]
        usable = [plugin for plugin in newest if plugin.type in {"ds", "ts"}]
        return sorted(
            usable,
            key=lambda p: (
                rank.get(p.name, len(rank)),
                -uses.get(p.name, 0),
                p.name.lower(),
            ),
        )

    def forget(self) -> None:
        """Ask the server again which plugins there are: one was removed."""
        self._versions.clear()
        self._parameters.clear()

    def uses(self) -> dict[str, int]:
        """Return how often plugins were run from here, by name."""
        return Counter(
            job.intent.plugin_name
            for job in self._jobs.jobs()
            if isinstance(job.intent, RunIntent)
        )

    async def versions(self, name: str) -> list[Plugin]:
        """Return a plugin's versions on the server, the newest first (network)."""
        return list((await self._all()).get(name, ()))

    async def parameters(self, plugin_id: int) -> tuple[PluginParameter, ...]:
        """Return what a plugin takes; asked for once (network)."""
        if plugin_id not in self._parameters:
            found = await self._client().plugins.parameters(plugin_id)
            self._parameters[plugin_id] = found
        return self._parameters[plugin_id]

    async def earlier(self, name: str, most: int = 30) -> list[EarlierRun]:
        """Return runs of a plugin that this account sees, newest first (network)."""
        page = await self._client().instances.page(plugin_name_exact=name, limit=most)
        rows = {row.id: row for row in page.rows if row.plugin_name == name}
        return [
            EarlierRun(
                id=int(row.id),
                feed_id=int(row.feed_id),
                title=row.title,
                version=row.plugin_version,
                state=row.status,
                at=row.start_date,
                owner=row.owner_username,
                compute=row.compute_resource_name,
                limits={name: int(getattr(row, name)) for name in LIMITS},
            )
            for row in sorted(rows.values(), key=lambda row: row.id, reverse=True)
        ]

    async def values_of(self, run: EarlierRun) -> dict[str, str]:
        """Return what a run was given (network)."""
        return dict(await self._client().instances.parameters(run.id))

    def recent(self) -> list[str]:
        """Return names of plugins that were run from here, last used first."""
        names: dict[str, None] = {}
        for job in self._jobs.jobs():
            if isinstance(job.intent, RunIntent):
                names.setdefault(job.intent.plugin_name)
        return list(names)

    async def form_for(self, plugin: Plugin) -> ParameterForm:
        """Return an empty form for a plugin (network).

        Raises
        ------
        NotFound
            It was removed from the server.
        """
        client = self._client()
        parameters, computes = await together(
            self.parameters(plugin.id),
            client.plugins.compute_resources(plugin.id),
        )
        return ParameterForm(
            plugin,
            parameters,
            computes=computes,
            generation=client.server.generation if client.server else 7,
        )

    async def form_by_id(self, plugin_id: int) -> ParameterForm:
        """Return an empty form for the plugin with a number (network).

        Raises
        ------
        NotFound
            It was removed from the server.
        """
        all_of_them = (await self._all()).values()
        known = (p for versions in all_of_them for p in versions if p.id == plugin_id)
        plugin = next(known, None)
        if plugin is None:
            plugin = await self._client().plugins.get(plugin_id)
        return await self.form_for(plugin)

    async def form_again(self, node: Node) -> ParameterForm:
        """Return a form that holds what a node was run with (network)."""
        client = self._client()
        plugin = await client.plugins.get(node.plugin_id)
        form, values = await together(
            self.form_for(plugin), client.instances.parameters(node.id)
        )
        form.adopt(values)
        return form

    async def limits_of(self, node: Node) -> dict[str, int]:
        """Return what a node was allowed to use (network), see `LIMITS`."""
        row = await self._client().instances.get(node.id)
        return {name: int(getattr(row, name)) for name in LIMITS}

    async def _all(self) -> Mapping[str, list[Plugin]]:
        client = self._client()
        if time.monotonic() - self._read_at > _KEPT:
            # plugins are registered and removed while the program runs
            self._versions.clear()
        if not self._versions:
            found: dict[str, list[Plugin]] = {}
            async for plugin in client.plugins.list():
                found.setdefault(plugin.name, []).append(plugin)
            for versions in found.values():
                versions.sort(key=newest_first, reverse=True)
            self._versions.update(found)
            self._read_at = time.monotonic()
        return self._versions

    async def copies(self) -> tuple[Plugin, Sequence[PluginParameter]]:
        """Return the plugin feeds are made with, and what it takes (network)."""
        plugin = await self._plugin_named(COPY_PLUGIN)
        return plugin, await self.parameters(plugin.id)

    async def _plugin_named(self, name: str) -> Plugin:
        client = self._client()
        found = [plugin async for plugin in client.plugins.list(name_exact=name)]
        if not found:
            raise ChrislibError(
                f"This server has no {name}.",
                "Feeds are made with it. Nothing was created.",
                hint="Ask the person who runs the server to register it.",
            )
        return max(found, key=newest_first)
