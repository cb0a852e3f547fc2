"""Plugins, their parameters, and where they can run."""

from collections.abc import AsyncIterator

from chrislib.cube import reading
from chrislib.cube.types import ComputeResource, Plugin, PluginId, PluginParameter
from chrislib.cube.wire import Wire


class PluginsApi:
    """``plugins/``. Every method uses the net and raises `CubeError`."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def list(
        self,
        *,
        type: str = "",  # noqa: A002 (CUBE's word)
        name_exact: str = "",
    ) -> AsyncIterator[Plugin]:
        """Iterate over the net over all plugins, or those of one type or name."""
        return self._wire.items(
            "plugins/search/",
            reading.plugin,
            params={"type": type or None, "name_exact": name_exact or None},
        )

    async def get(self, plugin_id: PluginId | int) -> Plugin:
        """Return one plugin from the net."""
        return await self._wire.one(f"plugins/{plugin_id}/", reading.plugin)

    async def parameters(
        self, plugin_id: PluginId | int
    ) -> tuple[PluginParameter, ...]:
        """Return a plugin's parameters from the net, in the plugin's order."""
        # paginated like everything: a plugin may have more than ten
        found = self._wire.items(f"plugins/{plugin_id}/parameters/", reading.parameter)
        return tuple([parameter async for parameter in found])

    async def compute_resources(
        self, plugin_id: PluginId | int
    ) -> tuple[ComputeResource, ...]:
        """Return from the net where a plugin can run; the first is the default."""
        found = self._wire.items(
            f"plugins/{plugin_id}/computeresources/", reading.compute
        )
        return tuple([compute async for compute in found])
