"""Who may open a feed: people, groups, everybody; and what that gives away."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chrislib.aio import Progress
from chrislib.cube.errors import CubeError, Forbidden, Refused
from chrislib.errors import ChrislibError
from chrislib.feeds.outcome import Outcome, each
from chrislib.feeds.refusals import ADMIN, explained
from chrislib.feeds.server import FeedServer

if TYPE_CHECKING:
    from chrislib.cube.client import CubeClient
    from chrislib.cube.feed_access import FeedGrant

_COUNTED = 5_000
"""Files whose sizes are added up; a row costs a CUBE a millisecond."""
_LINKS = 20
"""Links to the data a feed was made from that are named."""


@dataclass(frozen=True, slots=True)
class Grant:
    """Somebody besides the owner who may open and change a feed."""

    id: int
    name: str
    is_group: bool


@dataclass(frozen=True, slots=True)
class Access:
    """Who may open one feed.

    Attributes
    ----------
    grants : tuple of Grant, or None
        None where this account is not told.
    may_change : bool
        Whether this account may share it, take it back and publish it.
    """

    feed_id: int
    title: str
    owner: str
    public: bool
    grants: tuple[Grant, ...] | None
    may_change: bool


@dataclass(frozen=True, slots=True)
class Published:
    """What everybody would see of a feed that is made public.

    Attributes
    ----------
    files : int
        Own files below the feed.
    size : int or None
        Their bytes; None where there are too many to add up.
    others : int
        Nodes of other people in the feed; their files are not counted.
    links : tuple of str
        Names, with their paths, of the data it was made from.
    """

    nodes: int
    files: int
    size: int | None
    note: bool
    comments: int
    tags: int
    others: int
    links: tuple[str, ...]


class FeedSharing:
    """Permissions of feeds. Errors come in people's words."""

    def __init__(self, server: FeedServer) -> None:
        self._client = server.client

    async def access(self, feed_id: int) -> Access:
        """Return who may open a feed (network)."""
        client = self._client()
        feed = await client.feeds.get(feed_id)
        grants: tuple[Grant, ...] | None
        try:
            rows = await client.feed_access.grants(feed_id)
            grants = tuple(_grant(row) for row in rows)
        except Forbidden:
            grants = None
        return Access(
            feed_id=feed_id,
            title=feed.name,
            owner=feed.owner_username,
            public=feed.public,
            grants=grants,
            may_change=client.username in (feed.owner_username, ADMIN),
        )

    async def groups(self) -> tuple[str, ...]:
        """Return the names of the server's groups (network).

        People are not listed by a CUBE: their names have to be known.
        """
        return await self._client().folders.groups()

    async def share(self, feed_id: int, name: str, *, is_group: bool = False) -> Grant:
        """Let a user or group open and change a feed (network).

        Raises
        ------
        ChrislibError
            There is nobody of that name, they have it already, or only the owner
            may; nothing was shared.
        """
        name = name.strip()
        kind = "group" if is_group else "person"
        if not name:
            raise ChrislibError(
                f"No {kind} was named.", _NOTHING, hint="Write a name first."
            )
        try:
            made = await self._client().feed_access.grant(
                feed_id, name, is_group=is_group
            )
        except Refused as error:
            said = " ".join(error.fields.values())
            if "find any" in said or "characters" in said:
                raise ChrislibError(
                    f"This server has no {kind} called “{name}”.",
                    _NOTHING,
                    hint="Names are written exactly as their owner signs in."
                    if not is_group
                    else "Choose one of the groups in the list.",
                ) from error
            if "already" in said:
                raise AlreadyShared(name) from error
            raise explained(error, what=_NOTHING) from error
        except CubeError as error:
            raise explained(error, what=_NOTHING, hint=_OWNER_ONLY) from error
        return _grant(made)

    async def share_many(
        self,
        feed_ids: Sequence[int],
        name: str,
        *,
        is_group: bool = False,
        progress: Progress | None = None,
    ) -> Outcome:
        """Share feeds with a user or group; who has one keeps it (network)."""

        async def give(feed_id: int) -> None:
            try:
                await self.share(feed_id, name, is_group=is_group)
            except AlreadyShared:
                return

        return await each(feed_ids, give, progress)

    async def revoke(self, grant: Grant) -> None:
        """Take a feed back from somebody, with all it opened (network)."""
        try:
            await self._client().feed_access.revoke(grant.id, is_group=grant.is_group)
        except CubeError as error:
            raise explained(
                error, what=f"{grant.name} can still open it.", hint=_OWNER_ONLY
            ) from error

    async def publishes(self, feed_id: int) -> Published:
        """Return what a public feed shows to everybody (network)."""
        client = self._client()
        feed = await client.feeds.get(feed_id)
        nodes, root, others = 0, "", 0
        async for row in client.instances.of_feed(feed_id):
            nodes += 1
            others += row.owner_username not in ("", client.username)
            if row.previous_id is None:
                root = row.output_path
        files, size = await client.feeds.weight(feed.folder_path, most=_COUNTED)
        return Published(
            nodes=nodes,
            files=files,
            size=size,
            note=bool((await client.feeds.note(feed_id)).strip()),
            comments=(await client.comments.page(feed_id, limit=1)).total or 0,
            tags=len(await client.tags.of(feed_id)),
            others=others,
            links=await _links(client, root),
        )

    async def set_public(self, feed_id: int, public: bool) -> None:
        """Open a feed and its files to everybody, or close it again (network)."""
        what = "It is open to everybody still."
        if public:
            what = "Nothing was published."
        try:
            await self._client().feed_access.publish(feed_id, public=public)
        except CubeError as error:
            raise explained(error, what=what, hint=_OWNER_ONLY) from error


class AlreadyShared(ChrislibError):
    """Somebody who is to get a feed has it."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"{name} can open it already.",
            "Nothing was changed.",
            hint="Name somebody else.",
        )


_NOTHING = "Nothing was shared."
_OWNER_ONLY = "Only the owner of a feed shares it, takes it back or makes it public."


def _grant(row: "FeedGrant") -> Grant:
    return Grant(row.id, row.name, row.is_group)


async def _links(client: "CubeClient", root: str) -> tuple[str, ...]:
    """Return what the links of a feed's first node lead to (network)."""
    folder = await client.folders.at(root) if root else None
    if folder is None:
        return ()
    page = await client.folders.page(folder.id, "linkfiles", limit=_LINKS)
    return tuple(row.target for row in page.rows)
