"""The nodes of a feed while they are read, page by page."""

from typing import TYPE_CHECKING

from chrislib.cube.types import Feed, InstanceId, PluginInstance
from chrislib.feeds.model import Node
from chrislib.feeds.nodes import ready_node

if TYPE_CHECKING:
    from chrislib.cube.client import CubeClient


class Opening:
    """One reading of a feed.

    Attributes
    ----------
    early : dict
        Nodes that could be made of one row alone, as `ready_node` does.
    """

    def __init__(self, client: "CubeClient", feed_id: int) -> None:
        self.client = client
        self.feed_id = feed_id
        self._rows: list[PluginInstance] = []
        self._total = 0
        self.early: dict[InstanceId, Node] = {}

    @property
    def share(self) -> float:
        """How much of it has come, 0 to 1; 0 while nobody knows."""
        return min(1.0, len(self._rows) / self._total) if self._total else 0.0

    async def feed(self) -> Feed:
        """Read the feed itself (network)."""
        feed = await self.client.feeds.get(self.feed_id)
        self._total = sum(feed.jobs.values())
        return feed

    async def rows(self) -> list[PluginInstance]:
        """Read its rows (network); what can be made of one alone is made at once."""
        rows, early = self._rows, self.early
        async for row in self.client.instances.of_feed(self.feed_id):
            rows.append(row)
            node = ready_node(row)
            if node is not None:
                early[row.id] = node
        return rows
