"""A close look at one node: everything the inspector shows, from several answers."""

import asyncio
import time
from collections.abc import Mapping

from chrislib.cube.errors import CubeError, Forbidden, NotFound
from chrislib.cube.logs import (
    program_command,
    program_image,
    program_log,
    waits_on_compute,
)
from chrislib.cube.types import (
    ComputeResource,
    Plugin,
    PluginInstance,
    PluginParameter,
)
from chrislib.feeds.details import Ran, details_of
from chrislib.feeds.logs import PIECE, LogText, clean
from chrislib.feeds.model import FeedView, Node, NodeDetails
from chrislib.feeds.ports import JobsLike
from chrislib.feeds.server import FeedServer


class CloseLooks:
    """Asks for what a list of nodes does not say, and keeps what never changes."""

    def __init__(self, server: FeedServer, jobs: JobsLike) -> None:
        self._client, self._now = server.client, server.now
        self._jobs = jobs
        self._values: dict[int, dict[str, str]] = {}
        self._parameters: dict[int, tuple[PluginParameter, ...]] = {}
        self._plugins: dict[int, Plugin | None] = {}
        self._computes: dict[int, tuple[ComputeResource, ...]] = {}
        self._ran: dict[int, Ran] = {}
        self._log: tuple[int, str, LogText] = (0, "", LogText())
        server.on_change(self._forget)

    async def values(self, node_id: int) -> Mapping[str, str]:
        """Return what a node was given, by parameter name (network, once)."""
        if node_id not in self._values:
            self._values[node_id] = await self._client().instances.parameters(node_id)
        return self._values[node_id]

    async def parameters(self, plugin_id: int) -> tuple[PluginParameter, ...]:
        """Return what a plugin takes; nothing of one that was removed (network)."""
        if plugin_id not in self._parameters:
            try:
                found = await self._client().plugins.parameters(plugin_id)
            except (NotFound, Forbidden):
                found = ()
            self._parameters[plugin_id] = found
        return self._parameters[plugin_id]

    async def plugin(self, plugin_id: int) -> Plugin | None:
        """Return a plugin, None of one that was removed (network, once)."""
        if plugin_id not in self._plugins:
            try:
                self._plugins[plugin_id] = await self._client().plugins.get(plugin_id)
            except (NotFound, Forbidden):
                self._plugins[plugin_id] = None
        return self._plugins[plugin_id]

    def ran(self, node_id: int) -> Ran:
        """Return what was told of a node's container, as far as it was looked at."""
        return self._ran.get(node_id, Ran())

    async def details(
        self, view: FeedView, node: Node, *, seen: Mapping[str, float]
    ) -> NodeDetails:
        """Look closely at a node (network, disk; long logs in a thread).

        Parameters
        ----------
        seen : mapping of str to float
            Step word to when it was first seen here, seconds since the epoch.
        """
        instance = await self._client().instances.get(node.id)
        values = await self.values(node.id)
        parameters = await self.parameters(instance.plugin_id)
        plugin = await self.plugin(instance.plugin_id)
        trace = await self._jobs.trace(node.id)
        log = await self._log_of(instance)
        kept = False
        if not log.text and trace is not None and trace.log:
            # what was captured before the server overwrote it (CUBE 7)
            log, kept = await self._cleaned(int(node.id), trace.log), True
        return details_of(
            node,
            instance,
            values=values,
            parameters=parameters,
            log=log,
            phases=trace.entered if trace is not None else (),
            seen=seen,
            siblings=view.nodes,
            now=time.time(),
            skew=self._now().timestamp() - time.time(),
            plugin=plugin,
            compute=await self._compute(instance),
            ran=self._what_ran(instance),
            log_kept=kept,
            registered=await self._registered(node),
        )

    async def _registered(self, node: Node) -> int | None:
        """Return how many files of a node the server has entered so far (network)."""
        if node.state != "registering":
            return None
        try:
            return await self._client().files.count_below(node.output_path)
        except CubeError:
            # the sentence does without
            return None

    async def _log_of(self, instance: PluginInstance) -> LogText:
        if len(instance.raw) + len(instance.summary) > PIECE:
            log = await asyncio.to_thread(
                program_log, summary=instance.summary, raw=instance.raw
            )
        else:
            log = program_log(summary=instance.summary, raw=instance.raw)
        return await self._cleaned(int(instance.id), log)

    async def _cleaned(self, node_id: int, log: str) -> LogText:
        known, raw, shown = self._log
        if known == node_id and len(raw) == len(log) and raw == log:
            return shown
        if len(log) > PIECE:
            shown = await asyncio.to_thread(clean, log)
        else:
            shown = clean(log)
        self._log = node_id, log, shown
        return shown

    def _what_ran(self, instance: PluginInstance) -> Ran:
        """Return what the server tells of the container; later it forgets (7)."""
        ident = int(instance.id)
        waits = instance.status == "started" and waits_on_compute(
            summary=instance.summary, raw=instance.raw
        )
        command = program_command(instance.raw)
        if command:
            self._ran[ident] = Ran(command, program_image(instance.raw))
        before = self._ran.get(ident, Ran())
        return Ran(before.command, before.image, waits)

    async def _compute(self, instance: PluginInstance) -> ComputeResource | None:
        plugin_id = instance.plugin_id
        if plugin_id not in self._computes:
            try:
                found = await self._client().plugins.compute_resources(plugin_id)
            except CubeError:
                # only its time limit is not shown
                return None
            self._computes[plugin_id] = found
        wanted = instance.compute_resource_name
        return next((c for c in self._computes[plugin_id] if c.name == wanted), None)

    def _forget(self) -> None:
        for kept in (self._values, self._parameters, self._plugins):
            kept.clear()
        self._computes.clear()
        self._ran.clear()
        self._log = 0, "", LogText()
