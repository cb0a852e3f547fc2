"""Plugin instances: what the window calls runs and nodes."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime

from chrislib.cube import reading
from chrislib.cube.listing import Listed
from chrislib.cube.logs import program_log
from chrislib.cube.types import FeedId, InstanceId, PluginId, PluginInstance
from chrislib.cube.wire import Wire

_FULL_PAGE = 100
"""Full rows cost a CUBE 4.7 ms and 2 kB each; a thousand would block it 5 s."""


class InstancesApi:
    """``plugins/instances/``. Every coroutine uses the net and raises `CubeError`."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def create(
        self, plugin_id: PluginId | int, values: Mapping[str, object]
    ) -> PluginInstance:
        """Start a run over the net by one POST that is never repeated.

        Parameters
        ----------
        plugin_id : int
            Which plugin.
        values : mapping
            Instance fields (``title``, ``previous_id``, …) and the plugin's
            parameters by name. Unknown names are ignored by CUBE without a word
            (trap 12). None values are left out: 6.11 answers 500 to a null limit.

        Raises
        ------
        Refused
            `fields` says why; a bad parameter value stands under ``value``,
            without its name (trap 11).
        ServerUnreachable
            ``sent`` in its context says whether a run may have been made.
        """
        body = {key: value for key, value in values.items() if value is not None}
        return await self._wire.made(
            f"plugins/{plugin_id}/instances/", body, reading.instance
        )

    async def get(self, instance_id: InstanceId | int) -> PluginInstance:
        """Return one instance with its log fields from the net."""
        return await self._wire.one(
            f"plugins/instances/{instance_id}/", reading.instance
        )

    def of_feed(self, feed_id: FeedId | int) -> AsyncIterator[PluginInstance]:
        """Iterate over the net over a feed's instances (compact rows, no log)."""
        # not search/?feed_id=: that repeats rows of shared feeds (trap 7)
        path = f"{feed_id}/plugininstances/"
        return self._wire.items(path, reading.instance, ahead=True)

    def search(self, **filters: object) -> AsyncIterator[PluginInstance]:
        """Iterate over the net over instances; the filters are CUBE's."""
        return self._wire.items(
            "plugins/instances/search/",
            reading.instance,
            params=filters,
            limit=_FULL_PAGE,
        )

    async def page(self, **filters: object) -> Listed[PluginInstance]:
        """Read one page of a search over the net; `filters` are CUBE's own."""
        return await self._wire.page(
            "plugins/instances/search/", reading.instance, params=filters
        )

    async def page_of(
        self, feed_id: FeedId | int, *, limit: int, offset: int = 0
    ) -> Listed[PluginInstance]:
        """Read one page of a feed's instances over the net (compact, no log)."""
        return await self._wire.page(
            f"{feed_id}/plugininstances/",
            reading.instance,
            params={"limit": limit, "offset": offset or None},
        )

    async def filters(self) -> frozenset[str]:
        """Return the names of the filters that the server offers (net)."""
        value = await self._wire.get("plugins/instances/", {"limit": 1})
        queries = value.get("queries") if isinstance(value, dict) else None
        return frozenset(
            str(field.get("name"))
            for query in (queries if isinstance(queries, list) else [])
            if isinstance(query, dict)
            for field in query.get("data") or []
            if isinstance(field, dict)
        )

    async def active(self) -> AsyncIterator[PluginInstance]:
        """Iterate over the net over instances that have not ended."""
        async for instance in self.search(active=True):
            # servers before 6.9 ignore the filter and list everything
            if instance.active:
                yield instance

    async def finished_since(self, since: datetime) -> AsyncIterator[PluginInstance]:
        """Iterate over the net over instances that ended after `since`."""
        # end_date moves along with start_date until the end: active ones come too
        async for instance in self.search(min_end_date=since.isoformat()):
            if not instance.active:
                yield instance

    async def parameters(self, instance_id: InstanceId | int) -> dict[str, str]:
        """Return from the net the parameters that were given, as text by name."""
        # ids repeat here: each parameter type counts its own
        found = self._wire.items(
            f"plugins/instances/{instance_id}/parameters/",
            _given,
            identity="param_name",
        )
        return dict([pair async for pair in found])

    async def cancel(self, instance_id: InstanceId | int) -> PluginInstance:
        """Cancel an instance and all its descendants over the net.

        A cancel during the hand-over to the compute side can be lost (cube-api
        14.3): keep looking for a while.

        Raises
        ------
        Refused
            It has ended already.
        """
        return await self._wire.changed(
            f"plugins/instances/{instance_id}/",
            {"status": "cancelled"},
            reading.instance,
        )

    async def set_title(
        self, instance_id: InstanceId | int, title: str
    ) -> PluginInstance:
        """Rename an instance over the net (100 characters at most)."""
        return await self._wire.changed(
            f"plugins/instances/{instance_id}/", {"title": title}, reading.instance
        )

    async def delete(self, instance_id: InstanceId | int) -> None:
        """Delete a ds or ts instance, its descendants and files over the net.

        Returns when the server has noted it; it is gone when `get` raises
        `NotFound`.
        """
        await self._wire.delete(f"plugins/instances/{instance_id}/")

    async def split(
        self,
        instance_id: InstanceId | int,
        filters: Sequence[str],
        *,
        compute: str = "",
    ) -> tuple[int, ...]:
        """Make a copy node for each regular expression over the net (cube-api 7.6).

        Returns
        -------
        tuple of int
            Ids of the nodes made, in the order of the expressions.

        Raises
        ------
        Refused
            The server has no plugin to split with, or refuses an expression.
        """
        body = {"filter": ",".join(filters)}
        if compute:
            body["compute_resource_name"] = compute
        return await self._wire.made(
            f"plugins/instances/{instance_id}/splits/", body, _made_by_split
        )

    async def log_of(self, instance: PluginInstance) -> str:
        """Return the program's log, redacted; asks the net for a compact row.

        "" while there is none, and when only a clean-up job's log is left (trap 2).
        """
        if not instance.summary and not instance.raw:
            instance = await self.get(instance.id)
        return program_log(summary=instance.summary, raw=instance.raw)


def _made_by_split(value: object) -> tuple[int, ...]:
    listed = reading.Row(value).text("created_plugin_inst_ids")
    return tuple(int(part) for part in listed.split(",") if part.strip().isdigit())


def _given(value: object) -> tuple[str, str]:
    row = reading.Row(value)
    name = row.text("param_name")
    if not name:
        raise reading.BadRow("param_name")
    found = row.raw("value")
    return name, str(found) if isinstance(found, bool) else row.text("value")
