"""All feeds of an account as they are known so far: read in pages, kept, corrected.

Lists count the nodes of a shared feed once for everybody it is shared with (trap 7 of
the CUBE contract); a feed that was looked at by itself tells by how much.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from chrislib.cube.errors import Forbidden, NotFound
from chrislib.cube.types import Feed
from chrislib.feeds.model import FeedRow
from chrislib.feeds.nodes import row_of

if TYPE_CHECKING:
    from chrislib.cube.client import CubeClient

SCOPES = ("mine", "shared", "public")
Scopes = dict[str, list[FeedRow]]
Told = Callable[[Scopes], None]

_PAGE = 100
"""Rows of a page; after the first one those who look are told."""
_FEW = 20


class FeedBook:
    """Feeds by scope: own ones, those of others that are shared, public ones."""

    def __init__(self) -> None:
        self._rows: dict[str, dict[int, FeedRow]] = {scope: {} for scope in SCOPES}
        self._factors: dict[int, int] = {}
        self._checked: set[int] = set()
        self.whole = False
        """Whether every page was read once."""

    def forget(self) -> None:
        """Begin anew: another server, or another user."""
        for rows in self._rows.values():
            rows.clear()
        self._factors.clear()
        self._checked.clear()
        self.whole = False

    def scopes(self) -> Scopes:
        """Return what is known, newest first."""
        return {
            scope: sorted(rows.values(), key=lambda row: row.id, reverse=True)
            for scope, rows in self._rows.items()
        }

    async def read(
        self, client: "CubeClient", *, whole: bool, told: Told | None = None
    ) -> Scopes:
        """Read feeds (network): all pages, or only the newest feeds.

        Parameters
        ----------
        told : callable, optional
            Gets what is known so far: after one page, after two, four and so on.

        Raises
        ------
        CubeError
            A page was not answered; those before it stay.
        """
        me = client.username

        def whose(feed: Feed) -> str:
            return "mine" if feed.owner_username == me else "shared"

        lists = client.feeds
        await self._walk(
            client,
            lists.list(ahead=whole),
            scope_of=whose,
            scopes=SCOPES[:2],
            whole=whole,
            told=told,
        )
        await self._walk(
            client,
            lists.public(ahead=whole),
            scope_of=lambda _: "public",
            scopes=SCOPES[2:],
            whole=whole,
            told=told,
        )
        self.whole = self.whole or whole
        return self.scopes()

    def unchecked(self, ids: Sequence[int]) -> list[int]:
        """Return those of which it is not known yet whether lists count them right."""
        return [one for one in ids if one not in self._checked]

    def leave(self, feed_id: int) -> None:
        """Take it that a feed cannot be looked at by itself."""
        self._checked.add(feed_id)

    def exact(self, feed: Feed) -> FeedRow | None:
        """Take the counts of a feed that was read by itself; returns its row."""
        row = row_of(feed)
        self._checked.add(feed.id)
        found = None
        for rows in self._rows.values():
            listed = rows.get(feed.id)
            if listed is None:
                continue
            factor = self._factors.get(feed.id, 1)
            told = listed.nodes * factor
            if row.nodes and told % row.nodes == 0:
                self._factors[feed.id] = told // row.nodes
            found = rows[feed.id] = row
        return found

    def drop(self, ids: Sequence[int]) -> None:
        """Forget feeds that are gone."""
        for rows in self._rows.values():
            for feed_id in ids:
                rows.pop(feed_id, None)

    # Inside.

    async def _walk(
        self,
        client: "CubeClient",
        listed: AsyncIterator[Feed],
        *,
        scope_of: Callable[[Feed], str],
        scopes: Sequence[str],
        whole: bool,
        told: Told | None,
    ) -> None:
        seen: dict[str, set[int]] = {scope: set() for scope in scopes}
        number, next_told, oldest = 0, _PAGE, 0
        # Closed early, the iterator asks for no further page.
        async with aclosing(cast("Any", listed)):
            async for feed in listed:
                scope = scope_of(feed)
                self._rows[scope][feed.id] = self._corrected(row_of(feed))
                seen[scope].add(feed.id)
                number += 1
                if number % _PAGE == 0 and not whole:
                    oldest = min(map(min, filter(None, seen.values())))
                    break
                if number == next_told:
                    # Twice as many each time: who shows them does so a few times only.
                    next_told *= 2
                    if told is not None:
                        told(self.scopes())
        # All of them were read, whether that was meant or not; or the newest, down to
        # one: what is newer and was not among them is gone.
        for scope in scopes:
            rows = self._rows[scope]
            missing = {one for one in rows.keys() - seen[scope] if one > oldest}
            if oldest:  # of a part nothing is taken for gone that was not asked for
                missing = set(sorted(missing)[-_FEW:])
            for gone in await self._gone(client, missing):
                rows.pop(gone, None)

    async def _gone(self, client: "CubeClient", missing: set[int]) -> set[int]:
        """Return which feeds are gone that no page held (network).

        A feed that is deleted while pages are read moves the others up, and one of
        them slips from a page that is still to come to one that was read.
        """
        if len(missing) > _FEW:
            return missing
        gone = set()
        for feed_id in missing:
            try:
                await client.feeds.get(feed_id)
            except (NotFound, Forbidden):
                gone.add(feed_id)
        return gone

    def _corrected(self, row: FeedRow) -> FeedRow:
        factor = self._factors.get(row.id, 1)
        if factor == 1 or any(number % factor for number in row.states.values()):
            return row
        states: Mapping[str, int] = {
            state: number // factor for state, number in row.states.items()
        }
        return replace(row, states=states)
