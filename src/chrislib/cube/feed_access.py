"""Who may open a feed. To share one gives the right to change and delete it."""

from dataclasses import dataclass
from functools import partial

from chrislib.cube import reading
from chrislib.cube.reading import BadRow, Row
from chrislib.cube.types import Feed, FeedId
from chrislib.cube.wire import Wire


@dataclass(frozen=True, slots=True)
class FeedGrant:
    """One row of ``<id>/userpermissions/`` or ``<id>/grouppermissions/``."""

    id: int
    name: str
    """User or group."""
    is_group: bool


def _grant(value: object, *, is_group: bool) -> FeedGrant:
    row = Row(value)
    name = row.text("group_name" if is_group else "user_username")
    if not name:
        raise BadRow("name")
    return FeedGrant(id=row.need("id"), name=name, is_group=is_group)


class FeedAccessApi:
    """Permissions of feeds. Every method uses the net and raises `CubeError`."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def grants(self, feed_id: FeedId | int) -> tuple[FeedGrant, ...]:
        """Return who else may open a feed, from the net.

        Raises
        ------
        Forbidden
            Readers of a public feed are not told.
        """
        found: list[FeedGrant] = []
        for is_group in (False, True):
            read = partial(_grant, is_group=is_group)
            rows = self._wire.items(f"{feed_id}/{_part(is_group)}", read)
            found += [row async for row in rows]
        return tuple(found)

    async def grant(
        self, feed_id: FeedId | int, name: str, *, is_group: bool
    ) -> FeedGrant:
        """Share a feed with a user or group over the net.

        Raises
        ------
        Refused
            There is nobody of this name, or it was shared before.
        Forbidden
            Only the owner may.
        """
        values = {"grp_name" if is_group else "username": name}
        read = partial(_grant, is_group=is_group)
        return await self._wire.made(f"{feed_id}/{_part(is_group)}", values, read)

    async def revoke(self, grant_id: int, *, is_group: bool) -> None:
        """Take a feed back from a user or group over the net."""
        await self._wire.delete(f"{_part(is_group)}{grant_id}/")

    async def publish(self, feed_id: FeedId | int, *, public: bool) -> Feed:
        """Open a feed, with its files, to everybody, or close it, over the net."""
        return await self._wire.changed(f"{feed_id}/", {"public": public}, reading.feed)


def _part(is_group: bool) -> str:
    return "grouppermissions/" if is_group else "userpermissions/"
