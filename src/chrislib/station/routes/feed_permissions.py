"""Permissions of feeds: who has one, grants, revokes."""

from typing import Any

from starlette.routing import Route

from chrislib.station import feed_sharing
from chrislib.station.context import StationContext
from chrislib.station.feed_sharing import find_feed
from chrislib.station.fields import REQUIRED
from chrislib.station.http import Answer, Call, endpoint, forbidden, invalid, missing
from chrislib.station.store import Row

_NAME_LENGTHS = (4, 32)
_FROM = (
    "FROM feed_permissions p JOIN feeds x ON x.id = p.feed_id "
    "LEFT JOIN users u ON u.id = p.user_id "
    "LEFT JOIN groups g ON g.id = p.group_id WHERE"
)
_COLUMNS = "p.*, x.name AS feed_name, u.username, g.name AS group_name"


def routes(context: StationContext) -> list[Route]:
    """Return the routes of this module."""
    return [
        route for whom in ("user", "group") for route in _Family(whom).routes(context)
    ]


class _Family:
    """The endpoints of the users, or of the groups, of feeds."""

    def __init__(self, whom: str) -> None:
        self._whom = whom
        self._is_user = whom == "user"
        self._column = f"{whom}_id"
        self._field = "username" if self._is_user else "grp_name"
        self._searched = "username" if self._is_user else "group_name"

    def routes(self, context: StationContext) -> list[Route]:
        """Return the routes of this family."""
        name = f"{self._whom}permissions/"
        return [
            endpoint(f"{{id:int}}/{name}", context, get=self._list, post=self._grant),
            endpoint(f"{{id:int}}/{name}search/", context, get=self._search),
            endpoint(
                f"{name}{{id:int}}/", context, get=self._detail, delete=self._revoke
            ),
        ]

    def _rows(self, call: Call, feed: Row, more: str, *values: Any) -> Answer:
        at = f"{feed['id']}/"
        fits = f"{_FROM} p.feed_id = ? AND p.{self._column} IS NOT NULL"
        names = ("id", self._searched)
        return call.query_listing(
            f"{fits} AND {more}" if more else fits,
            [feed["id"], *values],
            order="p.id",
            columns=_COLUMNS,
            show=lambda row: self._show(call, row),
            search=None if more else (f"{at}{self._whom}permissions/search/", names),
            links=None if more else {"feed": at},
            template=None if more else (self._field,),
        )

    def _list(self, call: Call) -> Answer:
        # readers of a public feed do not see who else has it
        return self._rows(call, find_feed(call, write=True), "")

    def _search(self, call: Call) -> Answer:
        feed = find_feed(call, write=True)
        conditions, values = ["1"], list[Any]()
        name = call.query.get(self._searched)
        if name:
            column = "u.username" if self._is_user else "g.name"
            conditions.append(f"{column} = ?")
            values.append(name)
        ident = call.query.get("id", "")
        if ident.isdigit():
            conditions.append("p.id = ?")
            values.append(ident)
        return self._rows(call, feed, " AND ".join(conditions), *values)

    def _grant(self, call: Call) -> Answer:
        feed = find_feed(call, write=True)
        if not _owns(call, feed):
            raise forbidden()
        if self._field not in call.data:
            raise invalid(self._field, REQUIRED)
        name = str(call.data[self._field])
        least, most = _NAME_LENGTHS
        if self._is_user and not least <= len(name) <= most:
            bound = f"at least {least}" if len(name) < least else f"no more than {most}"
            text = f"Ensure this field has {bound} characters."
            raise invalid(self._field, text)
        column = "username" if self._is_user else "name"
        query = f"SELECT id FROM {self._whom}s WHERE {column} = ?"
        ident = call.store.value(query, name)
        if ident is None:
            text = f"Couldn't find any {self._whom} with {column} '{name}'."
            raise invalid(self._field, text)
        with call.store.transaction():
            known = (
                "SELECT 1 FROM feed_permissions "
                f"WHERE feed_id = ? AND {self._column} = ?"
            )
            if call.store.value(known, feed["id"], ident) is not None:
                text = (
                    f"{self._whom.capitalize()} '{name}' already has permission to "
                    f"access feed with id {feed['id']}"
                )
                raise invalid("non_field_errors", text)
            made = feed_sharing.grant(call.store, feed, self._column, ident=ident)
        return Answer(self._show(call, self._by_id(call, made)), 201)

    def _by_id(self, call: Call, ident: int) -> Row:
        row = call.store.row(
            f"SELECT {_COLUMNS} {_FROM} p.id = ? AND p.{self._column} IS NOT NULL",
            ident,
        )
        if row is None:
            raise missing(f"Feed{self._whom.capitalize()}Permission")
        return row

    def _detail(self, call: Call) -> Answer:
        row = self._by_id(call, call.ids["id"])
        find_feed(call, write=True, ident=row["feed_id"])
        return Answer(self._show(call, row))

    def _revoke(self, call: Call) -> Answer:
        row = self._by_id(call, call.ids["id"])
        feed = find_feed(call, write=True, ident=row["feed_id"])
        if not _owns(call, feed):
            raise forbidden()
        feed_sharing.revoke(call.store, row, feed)
        return Answer(status=204)

    def _show(self, call: Call, row: Row) -> dict[str, Any]:
        held = row["username"] if self._is_user else row["group_name"]
        return {
            "url": call.url(f"{self._whom}permissions/{row['id']}/"),
            "id": row["id"],
            "feed_id": row["feed_id"],
            "feed_name": row["feed_name"],
            f"{self._whom}_id": row[self._column],
            "user_username" if self._is_user else "group_name": held,
            "feed": call.url(f"{row['feed_id']}/"),
            self._whom: call.url(f"{self._whom}s/{row[self._column]}/"),
        }


def _owns(call: Call, feed: Row) -> bool:
    return call.me.is_admin or bool(feed["owner_id"] == call.me.id)
