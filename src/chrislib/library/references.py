"""Reference data: what fs plugins deliver, with the mechanism out of sight."""

import logging
import re
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import uuid4

from chrislib.aio import several
from chrislib.cube.errors import CubeError
from chrislib.cube.types import Plugin, PluginInstance
from chrislib.errors import ChrislibError
from chrislib.jobs.model import RunIntent
from chrislib.library.follow import Follower
from chrislib.library.items import Items
from chrislib.library.model import Item, ItemId, ItemState, Reference, Source
from chrislib.library.names import clean
from chrislib.library.ports import SessionPort, client_of
from chrislib.library.references_memory import Facts, Key, ReferenceMemory

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
_FEW = 5
_READY = {"finishedSuccessfully"}
_KEPT = {ItemState.READY, ItemState.ON_THE_WAY, ItemState.REGISTERING}


def is_mechanism(name: str) -> bool:
    """Whether a plugin is known as a mechanism, or named like one."""
    return name in _MECHANISMS or bool(_MECHANISM_WORDS.search(name.lower()))


def may_deliver_data(plugin: Plugin) -> bool:
    """Whether an fs plugin looks like one that brings reference data.

    Nothing in a descriptor says so. It is one when it is not known as (or named like)
    a mechanism, and its category is empty or speaks of data. Required parameters
    rule it out as well; those are asked for separately.
    """
    if plugin.type != "fs" or is_mechanism(plugin.name):
        return False
    return not plugin.category.strip() or bool(_DATA_WORDS.search(plugin.category))


class References:
    """Finds reference data on the server, and fetches it once per version."""

    def __init__(
        self,
        *,
        items: Items,
        session: SessionPort,
        follower: Follower,
        known: Callable[[], dict[Key, ItemId]],
        memory: ReferenceMemory,
    ) -> None:
        self._items = items
        self._session = session
        self._follower = follower
        self._known = known
        self._memory = memory
        self._listed: dict[str, Plugin] = {}
        self._of_client: CubeClient | None = None

    async def everything(self) -> list[Reference]:
        """Return what every fs plugin of the server delivers (network), by title.

        Mechanisms are `hidden`, by the rule or because somebody said so. Of a plugin
        with several versions the newest is told, and every version that was fetched
        before.
        """
        client = client_of(self._session)
        await self._memory.load()
        plugins = await self._plugins(client)
        mine = {key: self._items.get(one) for key, one in self._known().items()}
        shown = _newest_and(plugins, keep=set(mine))
        needs = await self._needs(client, shown)

        async def one(plugin: Plugin) -> Reference:
            needy = needs.get(int(plugin.id), False)
            hidden = not self._may_deliver(plugin)
            if needy and not self._memory.shown(plugin.name):
                hidden = True
            item = mine.get((plugin.name, plugin.version))
            if not hidden and (item is None or item.state not in _KEPT):
                run = await self._finished(client, plugin)
                if run is not None and not self._memory.is_dropped(int(run.id)):
                    item = self._found_item(run, title=title_of(plugin))
            found = self._with_facts(_reference(plugin, item))
            return replace(
                found,
                hidden=hidden,
                overridden=self._memory.shown(plugin.name) is not None,
                needs_values=needy,
            )

        found = await several(shown, one, at_once=_AT_ONCE)
        found.sort(key=lambda one: (one.title.casefold(), one.version))
        return found

    async def list(self) -> list[Reference]:
        """Return the reference data of the server (network), by title."""
        return [one for one in await self.everything() if not one.hidden]

    async def delivers(self, name: str, version: str) -> bool:
        """Whether a plugin brings reference data, as far as is known (network)."""
        client = client_of(self._session)
        await self._memory.load()
        said = self._memory.shown(name)
        if said is not None:
            return said
        if self._of_client is not client:
            await self._plugins(client)
        plugin = self._listed.get(f"{name}|{version}") or self._listed.get(name)
        if plugin is None:
            # it is no longer registered: its name is all there is
            return not is_mechanism(name)
        return self._may_deliver(plugin)

    async def show(self, plugin_name: str, shown: bool | None) -> None:
        """Say that a plugin is reference data, or is not; None for the rule (disk)."""
        await self._memory.load()
        await self._memory.show(plugin_name, shown)

    async def measured(self, references: Sequence[Reference]) -> None:
        """Remember what fetches turned out to hold (disk)."""
        for one in references:
            item = one.item
            ready = item is not None and item.state is ItemState.READY
            if item is not None and ready and item.images and item.size:
                facts = Facts(item.images, item.size)
                await self._memory.set_facts((one.plugin_name, one.version), facts)

    async def drop(self, reference: Reference) -> None:
        """Take a reference out of the library (disk); the server keeps its files."""
        item = reference.item
        if item is None:
            return
        if item.instance_id is not None:
            await self._memory.drop(item.instance_id, True)
        await self._items.forget([item.item_id])

    async def take_back(self, item: Item) -> None:
        """Undo `drop` (disk)."""
        if item.instance_id is not None:
            await self._memory.drop(item.instance_id, False)
        await self._items.save([item])

    async def runs_in_feed(self, item: Item) -> int:
        """Return how many other runs the feed of a fetch holds (network)."""
        if item.feed_id is None:
            return 0
        feed = await client_of(self._session).feeds.get(item.feed_id)
        return max(0, sum(feed.jobs.values()) - 1)

    async def delete_there(self, reference: Reference) -> None:
        """Delete the feed of a fetch on the server, with its files (network, disk).

        Raises
        ------
        ChrislibError
            It is not known which feed that is, or the server refuses.
        """
        item = reference.item
        if item is None or item.feed_id is None:
            raise ChrislibError(
                f"It is not known which feed fetched “{reference.title}”.",
                "Nothing was deleted.",
                hint="Delete it in Feeds.",
            )
        await client_of(self._session).feeds.delete(item.feed_id)
        # History says of its entry what became of it
        await self._items.save([replace(item, state=ItemState.GONE)])
        await self._items.forget([item.item_id])

    async def adopt(self, reference: Reference) -> Item | None:
        """Keep a finished fetch of another computer in the Library (disk)."""
        item = reference.item
        if item is None or item.state not in _KEPT:
            return None
        kept = self._items.get(item.item_id)
        if kept is None:
            await self._items.save([item])
            self._follower.measure(item)
        return kept or item

    async def fetch(self, reference: Reference) -> Item:
        """Run the plugin in a feed of its own, unless that was done (network, disk).

        The run is journaled and sent in the background.
        """
        run = await self._finished(client_of(self._session), reference)
        if run is not None:
            await self._memory.drop(int(run.id), False)
            found = self._found_item(run, title=reference.title)
            kept = self._items.get(found.item_id)
            if kept is None:
                await self._items.save([found])
                self._follower.measure(found)
            return kept or found
        item = Item(
            item_id=ItemId(uuid4().hex),
            source=Source.REFERENCE,
            title=reference.title,
            state=ItemState.ON_THE_WAY,
            added_at=time.time(),
        )
        await self._items.save([item])
        intent = RunIntent(
            plugin_id=reference.plugin_id,
            plugin_name=reference.plugin_name,
            plugin_version=reference.version,
            plugin_type="fs",
            parameters={},
            title=reference.title[:100],
            item_ids=(item.item_id,),
        )
        return (await self._follower.send([item], intent))[0]

    async def _plugins(self, client: "CubeClient") -> "Sequence[Plugin]":
        """Return the fs plugins of the server (network)."""
        found = [plugin async for plugin in client.plugins.list(type="fs")]
        found = [plugin for plugin in found if plugin.type == "fs"]
        self._listed = {plugin.name: plugin for plugin in found}
        self._listed |= {f"{one.name}|{one.version}": one for one in found}
        self._of_client = client
        return found

    def _may_deliver(self, plugin: Plugin) -> bool:
        said = self._memory.shown(plugin.name)
        return may_deliver_data(plugin) if said is None else said

    async def _needs(
        self, client: "CubeClient", plugins: Sequence[Plugin]
    ) -> dict[int, bool]:
        """Return which plugins have required parameters (network, disk)."""
        unknown = [
            one for one in plugins if self._memory.needs_values(int(one.id)) is None
        ]
        taken = await several(
            unknown,
            lambda plugin: client.plugins.parameters(plugin.id),
            at_once=_AT_ONCE,
        )
        await self._memory.set_needs(
            {
                int(plugin.id): any(not one.optional for one in parameters)
                for plugin, parameters in zip(unknown, taken, strict=True)
            }
        )
        return {
            int(one.id): bool(self._memory.needs_values(int(one.id))) for one in plugins
        }

    def _with_facts(self, reference: Reference) -> Reference:
        facts = self._memory.facts((reference.plugin_name, reference.version))
        if facts is None:
            return reference
        return replace(reference, files=facts.files, size=facts.size)

    async def _finished(
        self, client: "CubeClient", plugin: Plugin | Reference
    ) -> PluginInstance | None:
        """Return a finished run of this plugin by the same user (network)."""
        name = plugin.name if isinstance(plugin, Plugin) else plugin.plugin_name
        try:
            # a few: the newest may be on its way to be deleted
            page = await client.instances.page(
                plugin_name_exact=name,
                plugin_version=plugin.version,
                status="finishedSuccessfully",
                owner_username=client.username,
                limit=_FEW,
            )
            for instance in page.rows:
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

    def _found_item(self, run: PluginInstance, *, title: str) -> Item:
        client = self._session.client
        server = client.server if client is not None else None
        found = _found_item(run, server=server.uuid if server else "", title=title)
        facts = self._memory.facts((run.plugin_name, run.plugin_version))
        if facts is not None:
            found = replace(found, images=facts.files, size=facts.size)
        return self._items.get(found.item_id) or found


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


def _found_item(instance: PluginInstance, *, server: str, title: str) -> Item:
    ended = instance.end_date
    return Item(
        # numbers of different servers must not meet
        item_id=ItemId(f"run-{server[:8]}-{instance.id}"),
        source=Source.REFERENCE,
        title=title,
        state=ItemState.READY,
        path=instance.output_path,
        feed_id=int(instance.feed_id),
        instance_id=int(instance.id),
        size=instance.size or None,
        added_at=ended.timestamp() if ended is not None else 0.0,
    )
