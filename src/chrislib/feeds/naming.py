"""Rows of a few feeds by their ids, for who only has the ids."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from chrislib.aio import several
from chrislib.cube.errors import NotFound
from chrislib.feeds.model import FeedRow
from chrislib.feeds.nodes import row_of

if TYPE_CHECKING:
    from chrislib.cube.client import CubeClient

_AT_ONCE = 8


async def rows_of(client: "CubeClient", ids: Sequence[int]) -> list[FeedRow]:
    """Return the rows of feeds in that order (network); gone ones are left out."""

    async def one(feed_id: int) -> FeedRow | None:
        try:
            return row_of(await client.feeds.get(feed_id))
        except NotFound:
            return None

    found = await several(ids, one, at_once=_AT_ONCE)
    return [row for row in found if row is not None]
