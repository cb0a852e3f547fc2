"""Searches kept under a name, to be asked again."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NewType
from uuid import uuid4

from chrislib.catalog.searches import SearchRow, SearchTable
from chrislib.errors import ChrislibError
from chrislib.library import criteria as asked
from chrislib.library.names import clean
from chrislib.pacs.types import Criteria

SearchId = NewType("SearchId", str)
_MOST_WORDS = 80


@dataclass(frozen=True, slots=True)
class SavedSearch:
    """Criteria under a name; `uses` counts how often they were asked."""

    search_id: SearchId
    title: str
    criteria: Criteria
    made_at: float
    used_at: float = 0.0
    uses: int = 0


class SavedSearches:
    """The saved searches of the present account, in memory and in the catalog."""

    def __init__(self, table: SearchTable, *, account: Callable[[], str]) -> None:
        self._table = table
        self._account = account
        self._known: dict[SearchId, SavedSearch] = {}
        self._accounts: dict[SearchId, str] = {}

    async def load(self) -> None:
        """Read them (disk)."""
        for row in await self._table.all():
            found = _search_of(row)
            self._known[found.search_id] = found
            self._accounts[found.search_id] = row.account_key

    def all(self) -> list[SavedSearch]:
        """Return those of the present account, the one used last first."""
        account = self._account()
        mine = [
            search
            for search in self._known.values()
            if not account or self._accounts.get(search.search_id, "") in {"", account}
        ]
        return sorted(mine, key=lambda one: (-max(one.used_at, one.made_at), one.title))

    async def save(self, title: str, criteria: Criteria) -> SavedSearch:
        """Keep criteria under a name (disk); a name that is taken is replaced.

        Raises
        ------
        ChrislibError
            The name is blank, or the criteria cannot be asked.
        """
        title = clean(title)[:_MOST_WORDS]
        if not title:
            raise ChrislibError(
                "A saved search needs a name.",
                "It was not saved.",
                hint="Write what you look for, e.g. “Head MR of this year”.",
            )
        asked.check(criteria)
        same = next((one for one in self.all() if one.title == title), None)
        search = SavedSearch(
            search_id=same.search_id if same else SearchId(uuid4().hex),
            title=title,
            criteria=criteria,
            made_at=time.time(),
        )
        await self._put(search)
        return search

    async def use(self, search_id: SearchId) -> None:
        """Note that a search was asked again (disk)."""
        search = self._known.get(search_id)
        if search is not None:
            await self._put(replace(search, used_at=time.time(), uses=search.uses + 1))

    async def delete(self, search_id: SearchId) -> None:
        """Forget a search (disk)."""
        self._known.pop(search_id, None)
        self._accounts.pop(search_id, None)
        await self._table.delete(search_id)

    async def _put(self, search: SavedSearch) -> None:
        self._known[search.search_id] = search
        account = self._accounts.setdefault(search.search_id, self._account())
        await self._table.upsert(
            SearchRow(
                search_id=search.search_id,
                title=search.title,
                request=json.dumps(asked.to_request(search.criteria)),
                made_at=search.made_at,
                used_at=search.used_at,
                uses=search.uses,
                account_key=account,
            )
        )


def _search_of(row: SearchRow) -> SavedSearch:
    try:
        request = json.loads(row.request)
    except ValueError:
        request = {}
    return SavedSearch(
        search_id=SearchId(row.search_id),
        title=row.title,
        criteria=asked.from_request(request if isinstance(request, dict) else {}),
        made_at=row.made_at,
        used_at=row.used_at,
        uses=row.uses,
    )
