"""The nodes of a feed, read with as few requests as there can be."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar

from chrislib.feeds.collect_model import FeedNodes
from chrislib.feeds.compare_nodes import places_of
from chrislib.feeds.nodes import nodes_of, row_of

if TYPE_CHECKING:
    from chrislib.cube.client import CubeClient

_In = TypeVar("_In")
_Out = TypeVar("_Out")

PARALLEL = 8
"""So many feeds or files at a time."""

Progress = Callable[[int, int], None]


async def read_nodes(client: "CubeClient", feed_id: int, *, now: datetime) -> FeedNodes:
    """Return a feed's title and nodes (network); joins stand below one parent."""
    feed, instances = await asyncio.gather(
        client.feeds.get(feed_id), all_of(client.instances.of_feed(feed_id))
    )
    nodes = nodes_of(instances, joins={}, jobs={}, now=now)
    return FeedNodes(feed_id, row_of(feed).title, nodes, places_of(nodes))


async def several(
    items: Sequence[_In],
    work: Callable[[_In], Awaitable[_Out]],
    *,
    at_once: int = PARALLEL,
    progress: Progress | None = None,
) -> list[_Out]:
    """Work on items, so many at a time; returns results in the order given.

    Raises
    ------
    ChrislibError
        The first failure that `work` lets through; the rest is given up.
    """
    gate = asyncio.Semaphore(at_once)
    ended = 0

    async def one(item: _In) -> _Out:
        nonlocal ended
        async with gate:
            result = await work(item)
        ended += 1
        if progress is not None:
            progress(ended, len(items))
        return result

    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one(item)) for item in items]
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from None
    return [task.result() for task in tasks]


async def all_of(rows: AsyncIterator[_Out]) -> list[_Out]:
    """Return everything a list of the server holds (network)."""
    return [row async for row in rows]
