"""Who may see what is in storage: people, groups, everybody."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from chrislib.cube.errors import CubeError, Refused
from chrislib.cube.folder_types import Grant, Right, Thing
from chrislib.errors import ChrislibError
from chrislib.library.storage import rules
from chrislib.library.storage.model import Entry

if TYPE_CHECKING:
    from chrislib.cube.client import CubeClient


class Access:
    """Grants of an entry. Errors come in people's words.

    Parameters
    ----------
    client : callable
        The present connection; raises when there is none.
    """

    def __init__(self, client: "Callable[[], CubeClient]") -> None:
        self._client = client

    def may_share(self, entry: Entry) -> str:
        """Return why an entry cannot be shared by this account; "" when it can."""
        username = self._client().username
        if username not in (entry.thing.owner, rules.ADMIN):
            return f"Only its owner, {entry.thing.owner}, can open it to others."
        if rules.feed_of(entry.thing.path) is not None and rules.is_structure(
            entry.thing.path
        ):
            return "It belongs to a feed: share the feed in Feeds."
        if entry.thing.path.endswith("/feeds") and entry.thing.path.count("/") == 2:
            return "It holds all your feeds: share single ones in Feeds."
        if entry.thing.path.split("/")[0] != "home" or entry.thing.path.count("/") < 2:
            return "This is one of the server's own folders."
        return ""

    async def grants(self, entry: Entry) -> tuple[Grant, ...]:
        """Return who else may open an entry (network)."""
        return await self._client().folders.grants(entry.thing)

    async def groups(self) -> tuple[str, ...]:
        """Return the server's groups (network)."""
        return await self._client().folders.groups()

    async def grant(
        self, entry: Entry, name: str, *, is_group: bool, right: Right
    ) -> Grant:
        """Open an entry, and all below it, to somebody (network).

        Raises
        ------
        ChrislibError
            There is nobody of that name, or it is no new right.
        """
        name = name.strip()
        kind = "group" if is_group else "person"
        if not name:
            raise ChrislibError(
                "Nobody was named.", "Nothing was shared.", hint="Write a user name."
            )
        if not is_group and name == entry.thing.owner:
            raise ChrislibError(
                f"{name} owns it already.", "Nothing was shared.", hint="Name another."
            )
        api = self._client().folders
        known = next(
            (
                one
                for one in await api.grants(entry.thing)
                if (one.name, one.is_group) == (name, is_group)
            ),
            None,
        )
        try:
            if known is not None:
                return await api.regrant(entry.thing.kind, known, right)
            return await api.grant(entry.thing, name, is_group=is_group, right=right)
        except Refused as error:
            said = " ".join(error.fields.values())
            if "find any" in said or "characters" in said:
                raise ChrislibError(
                    f"This server has no {kind} called “{name}”.",
                    "Nothing was shared.",
                    hint="Names are written exactly as their owner signs in.",
                ) from error
            raise rules.explained(error, what="shared", name=name) from error
        except CubeError as error:
            raise rules.explained(error, what="shared") from error

    async def revoke(self, entry: Entry, grant: Grant) -> None:
        """Close an entry, and all below it, to somebody (network)."""
        try:
            await self._client().folders.revoke(entry.thing.kind, grant)
        except CubeError as error:
            raise rules.explained(error, what="closed") from error

    async def publish(self, entry: Entry, *, public: bool) -> Thing:
        """Open an entry, and all below it, to everybody, or close it (network)."""
        try:
            return await self._client().folders.publish(entry.thing, public=public)
        except CubeError as error:
            raise rules.explained(error, what="shared") from error
