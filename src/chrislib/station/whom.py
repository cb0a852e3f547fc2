"""Whom a permission is for: users, or groups; both are named and searched alike."""

from typing import Any

from chrislib.station.fields import REQUIRED
from chrislib.station.filters import Filters
from chrislib.station.http import Call, invalid


class Whom:
    """Users, or groups, as the lists of permissions know them.

    Parameters
    ----------
    kind : str
        "user" or "group".
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.is_user = kind == "user"
        self.column = f"{kind}_id"
        self.field = "username" if self.is_user else "grp_name"
        self.searched = "username" if self.is_user else "group_name"
        self._name = "username" if self.is_user else "name"
        shown = "u.username" if self.is_user else "g.name"
        self._filters = Filters({"id": "p.id = ?", self.searched: f"{shown} = ?"})

    def search(self, call: Call) -> tuple[str, list[Any]]:
        """Return the SQL condition of a search and its values."""
        return self._filters.of(call.query)

    def named(self, call: Call) -> str:
        """Return the name a request gives.

        Raises
        ------
        ApiError
            400, there is none.
        """
        if self.field not in call.data:
            raise invalid(self.field, REQUIRED)
        return str(call.data[self.field])

    def find(self, call: Call, name: str) -> int:
        """Return the id of who has a name (reads the database).

        Raises
        ------
        ApiError
            400, nobody has.
        """
        query = f"SELECT id FROM {self.kind}s WHERE {self._name} = ?"
        ident: int | None = call.store.value(query, name)
        if ident is None:
            text = f"Couldn't find any {self.kind} with {self._name} '{name}'."
            raise invalid(self.field, text)
        return ident
