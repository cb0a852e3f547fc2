"""Reference data: what fs plugins deliver, with the mechanism out of sight."""

import asyncio
import logging
import re
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import uuid4

from chrislib.cube.errors import CubeError
from chrislib.cube.types import Plugin, PluginInstance
from chrislib.errors import ChrislibError
from chrislib.jobs.model import RunIntent
from chrislib.library.follow import Follower
from chrislib.library.items import Items
from chrislib.library.model import Item, ItemId, ItemState, Reference, Source
from chrislib.library.names import clean
from chrislib.library.ports import JobsPort, SessionPort, client_of

if TYPE_CHECKING:
    # The HTTP library is half of the start-up time: it waits for the first paint.
    from chrislib.cube.client import CubeClient

_log = logging.getLogger(__name__)

_MECHANISMS = frozenset(
    {
        "pl-dircopy",
        "pl-empty-feed",
        "pl-simplefsapp",
        "pl-download-url",
        "pl-git-clone",
        "pl-pull_scp",
        "pl-pacsquery",
        "pl-pacsretrieve",
        "pl-s3retrieve",
        "pl-create_tetra",
    }
)
"""fs plugins that move or make data: they deliver nothing of their own."""
_MECHANISM_WORDS = re.compile(
    r"(^|[-_])(dbg|test|debug|copy|dircopy|retrieve|query|clone|download|upload|scp)"
    r"($|[-_])"
)
_DATA_WORDS = re.compile(
    r"data|atlas|template|reference|phantom|sample|subject|image|surface|label",
    re.IGNORECASE,
)
_AT_ONCE = 4
_LOOKED_UP = 24
"""Up to so many references are looked up among the finished runs, one request each."""
_READY = {"finishedSuccessfully"}
_KEPT = {ItemState.READY, ItemState.ON_THE_WAY, ItemState.REGISTERING}

Key = tuple[str, str]
"""Name and version of a plugin."""


def may_deliver_data(plugin: Plugin) -> bool:
    """Whether an fs plugin looks like one that brings reference data.

    Nothing in a descriptor says so. It is one when it is not known as (or named like)
    a mechanism, and its category is empty or speaks of data. Required parameters
    rule it out as well; those are asked for separately.
    """
    if plugin.type != "fs" or plugin.name in _MECHANISMS:
        return False
    if _MECHANISM_WORDS.search(plugin.name.lower()):
        return False
    return not plugin.category.strip() or bool(_DATA_WORDS.search(plugin.category))


class References:
    """Finds reference data on the server, and fetches it once per version."""

    def __init__(
        self,
        *,
        items: Items,
        jobs: JobsPort,
        session: SessionPort,
        follower: Follower,
        known: Callable[[], dict[Key, ItemId]],
    ) -> None:
        self._items = items
        self._jobs = jobs
        self._session = session
        self._follower = follower
        self._known = known
        self._required: dict[int, bool] = {}

    async def list(self) -> list[Reference]:
        """Return all reference data of the server (network), by title.

        Of a plugin with several versions the newest is offered, and every version
        that was fetched before.
        """
        client = client_of(self._session)
        candidates = [
            plugin
            async for plugin in client.plugins.list(type="fs")
            if may_deliver_data(plugin)
        ]
        gate = asyncio.Semaphore(_AT_ONCE)

        async def free(plugin: Plugin) -> bool:
            async with gate:
                return not await self._needs_values(client, plugin)

        wanted = await asyncio.gather(*(free(plugin) for plugin in candidates))
        plugins = [
            plugin for plugin, keep in zip(candidates, wanted, strict=True) if keep
        ]
        mine = {key: self._items.get(one) for key, one in self._known().items()}
        shown = _newest_and(plugins, keep=set(mine))

        async def one(plugin: Plugin) -> Reference:
            item = mine.get((plugin.name, plugin.version))
            if item is None and len(shown) <= _LOOKED_UP:
                async with gate:
                    run = await self._finished(client, plugin)
                item = _found_item(run, title=title_of(plugin)) if run else None
            return _reference(plugin, item)

        found = list(await asyncio.gather(*(one(plugin) for plugin in shown)))
        found.sort(key=lambda one: (one.title.casefold(), one.version))
        return found

    async def adopt(self, reference: Reference) -> Item | None:
        """Keep a finished fetch of another computer in the Library (disk)."""
        item = reference.item
        if item is None or item.state not in _KEPT:
            return None
        kept = self._items.get(item.item_id)
        if kept is None:
            await self._items.save([item])
        return kept or item

    async def fetch(self, reference: Reference) -> Item:
        """Run the plugin in a feed of its own, unless that was done (network, disk).

        The run is journaled and sent in the background.
        """
        run = await self._finished(client_of(self._session), reference)
        if run is not None:
            found = _found_item(run, title=reference.title)
            kept = self._items.get(found.item_id)
            if kept is None:
                await self._items.save([found])
            return kept or found
        item = Item(
            item_id=ItemId(uuid4().hex),
            source=Source.REFERENCE,
            title=reference.title,
            state=ItemState.ON_THE_WAY,
            added_at=time.time(),
        )
        await self._items.save([item])
        try:
            key = await self._jobs.submit(
                RunIntent(
                    plugin_id=reference.plugin_id,
                    plugin_name=reference.plugin_name,
                    plugin_version=reference.version,
                    plugin_type="fs",
                    parameters={},
                    title=reference.title[:100],
                    item_ids=(item.item_id,),
                )
            )
        except ChrislibError as error:
            failed = replace(item, state=ItemState.FAILED, detail=error.title)
            await self._items.save([failed])
            raise
        item = replace(item, job_key=key)
        await self._items.save([item])
        job = self._jobs.get(key)
        if job is not None:
            self._follower.adopt(item, job)
        return self._items.get(item.item_id) or item

    async def _needs_values(self, client: "CubeClient", plugin: Plugin) -> bool:
        known = self._required.get(plugin.id)
        if known is None:
            parameters = await client.plugins.parameters(plugin.id)
            known = any(not parameter.optional for parameter in parameters)
            self._required[plugin.id] = known
        return known

    async def _finished(
        self, client: "CubeClient", plugin: Plugin | Reference
    ) -> PluginInstance | None:
        """Return a finished run of this plugin by the same user (network)."""
        name = plugin.name if isinstance(plugin, Plugin) else plugin.plugin_name
        try:
            async for instance in client.instances.search(
                plugin_name_exact=name,
                plugin_version=plugin.version,
                status="finishedSuccessfully",
                owner_username=client.username,
            ):
                # a filter the server does not know is ignored without a word
                fit = (name, plugin.version, client.username) == (
                    instance.plugin_name,
                    instance.plugin_version,
                    instance.owner_username,
                )
                kept = instance.deletion_status in {"", "inactive"}
                if fit and kept and instance.status in _READY:
                    return instance
        except CubeError as error:
            # at worst something is fetched twice
            _log.info("finished references could not be listed: %s", error.title)
        return None


def _newest_and(plugins: Iterable[Plugin], *, keep: set[Key]) -> list[Plugin]:
    newest: dict[str, Plugin] = {}
    for plugin in plugins:
        before = newest.get(plugin.name)
        if before is None or _rank(plugin.version) > _rank(before.version):
            newest[plugin.name] = plugin
    return [
        plugin
        for plugin in plugins
        if newest[plugin.name] is plugin or (plugin.name, plugin.version) in keep
    ]


def _rank(version: str) -> tuple[tuple[int, str], ...]:
    return tuple(
        (int(part), "") if part.isdigit() else (-1, part)
        for part in re.findall(r"\d+|[^\d.]+", version)
    )


def _reference(plugin: Plugin, item: Item | None) -> Reference:
    return Reference(
        plugin_id=plugin.id,
        plugin_name=plugin.name,
        version=plugin.version,
        title=title_of(plugin),
        category=clean(plugin.category),
        description=clean(plugin.description),
        authors=clean(plugin.authors),
        license=clean(plugin.license),
        item=item,
    )


def title_of(plugin: Plugin) -> str:
    """Return what a reference is called: its title, or its name without "pl-"."""
    return clean(plugin.title) or plugin.name.removeprefix("pl-").replace("_", " ")


def _found_item(instance: PluginInstance, *, title: str) -> Item:
    ended = instance.end_date
    return Item(
        item_id=ItemId(f"run-{instance.id}"),
        source=Source.REFERENCE,
        title=title,
        state=ItemState.READY,
        path=instance.output_path,
        feed_id=int(instance.feed_id),
        instance_id=int(instance.id),
        size=instance.size or None,
        added_at=ended.timestamp() if ended is not None else 0.0,
    )
