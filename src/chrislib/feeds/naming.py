"""Rows of a few feeds by their ids, for who only has the ids."""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from chrislib.cube.errors import NotFound
from chrislib.feeds.model import FeedRow
from chrislib.feeds.nodes import row_of

if TYPE_CHECKING:
    from chrislib.cube.client import CubeClient


async def rows_of(client: "CubeClient", ids: Sequence[int]) -> list[FeedRow]:
    """Return the rows of feeds in that order (network); gone ones are left out."""

    async def one(feed_id: int) -> FeedRow | None:
        try:
            return row_of(await client.feeds.get(feed_id))
        except NotFound:
            return None

    found = await asyncio.gather(*(one(feed_id) for feed_id in ids))
    return [row for row in found if row is not None]
