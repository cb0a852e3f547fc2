"""The nodes of a feed, read with as few requests as there can be."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar

from chrislib.aio import together
from chrislib.feeds.collect_model import FeedNodes
from chrislib.feeds.compare_nodes import places_of
from chrislib.feeds.nodes import nodes_of, row_of

if TYPE_CHECKING:
    from chrislib.cube.client import CubeClient

_Out = TypeVar("_Out")


async def read_nodes(client: "CubeClient", feed_id: int, *, now: datetime) -> FeedNodes:
    """Return a feed's title and nodes (network); joins stand below one parent."""
    feed, instances = await together(
        client.feeds.get(feed_id), all_of(client.instances.of_feed(feed_id))
    )
    nodes = nodes_of(instances, joins={}, jobs={}, now=now)
    return FeedNodes(feed_id, row_of(feed).title, nodes, places_of(nodes))


async def all_of(rows: AsyncIterator[_Out]) -> list[_Out]:
    """Return everything a list of the server holds (network)."""
    return [row async for row in rows]
