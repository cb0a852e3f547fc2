"""Plugins that can follow a node, and the forms for their values."""

import asyncio
from collections.abc import Mapping, Sequence

from chrislib.cube.types import Plugin, PluginParameter
from chrislib.errors import ChrislibError
from chrislib.feeds.checks import newest_first
from chrislib.feeds.form import ParameterForm
from chrislib.feeds.making import COPY_PLUGIN
from chrislib.feeds.model import Node
from chrislib.feeds.ports import JobsLike
from chrislib.feeds.server import FeedServer
from chrislib.jobs.model import RunIntent


class FeedPlugins:
    """The plugins of the server, read once."""

    def __init__(self, server: FeedServer, jobs: JobsLike) -> None:
        self._client = server.client
        self._jobs = jobs
        self._versions: dict[str, list[Plugin]] = {}
        server.on_change(self._versions.clear)

    async def usable(self) -> list[Plugin]:
        """Return plugins that can follow a node, recently used first (network).

        Each name occurs once, in its newest version.
        """
        by_name = await self._all()
        recent = self.recent()
        rank = {name: index for index, name in enumerate(recent)}
        newest = [versions[0] for versions in by_name.values()]
        usable = [plugin for plugin in newest if plugin.type in {"ds", "ts"}]
        return sorted(
            usable, key=lambda p: (rank.get(p.name, len(rank)), p.name.lower())
        )

    def recent(self) -> list[str]:
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

    async def _all(self) -> Mapping[str, list[Plugin]]:
        client = self._client()
        if not self._versions:
            found: dict[str, list[Plugin]] = {}
            async for plugin in client.plugins.list():
                found.setdefault(plugin.name, []).append(plugin)
            for versions in found.values():
                versions.sort(key=newest_first, reverse=True)
            self._versions.update(found)
        return self._versions

    async def copies(self) -> tuple[Plugin, Sequence[PluginParameter]]:
        """Return the plugin feeds are made with, and what it takes (network)."""
        plugin = await self._plugin_named(COPY_PLUGIN)
        return plugin, await self._client().plugins.parameters(plugin.id)

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
