"""Permissions of feeds: who has one, grants, revokes."""

from typing import Any

from starlette.routing import Route

from chrislib.station import feed_sharing
from chrislib.station.context import StationContext
from chrislib.station.feed_sharing import find_feed
from chrislib.station.http import Answer, Call, endpoint, forbidden, invalid, missing
from chrislib.station.store import Row
from chrislib.station.whom import Whom

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
        self._who = Whom(whom)

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
        fits = f"{_FROM} p.feed_id = ? AND p.{self._who.column} IS NOT NULL"
        names = ("id", self._who.searched)
        return call.query_listing(
            f"{fits} AND {more}" if more else fits,
            [feed["id"], *values],
            order="p.id",
            columns=_COLUMNS,
            show=lambda row: self._show(call, row),
            search=None if more else (f"{at}{self._whom}permissions/search/", names),
            links=None if more else {"feed": at},
            template=None if more else (self._who.field,),
        )

    def _list(self, call: Call) -> Answer:
        # readers of a public feed do not see who else has it
        return self._rows(call, find_feed(call, write=True), "")

    def _search(self, call: Call) -> Answer:
        feed = find_feed(call, write=True)
        more, values = self._who.search(call)
        return self._rows(call, feed, more, *values)

    def _grant(self, call: Call) -> Answer:
        feed = find_feed(call, write=True)
        if not _owns(call, feed):
            raise forbidden()
        name = self._who.named(call)
        least, most = _NAME_LENGTHS
        if self._who.is_user and not least <= len(name) <= most:
            bound = f"at least {least}" if len(name) < least else f"no more than {most}"
            text = f"Ensure this field has {bound} characters."
            raise invalid(self._who.field, text)
        ident = self._who.find(call, name)
        with call.store.transaction():
            known = (
                "SELECT 1 FROM feed_permissions "
                f"WHERE feed_id = ? AND {self._who.column} = ?"
            )
            if call.store.value(known, feed["id"], ident) is not None:
                text = (
                    f"{self._whom.capitalize()} '{name}' already has permission to "
                    f"access feed with id {feed['id']}"
                )
                raise invalid("non_field_errors", text)
            made = feed_sharing.grant(call.store, feed, self._who.column, ident=ident)
        return Answer(self._show(call, self._by_id(call, made)), 201)

    def _by_id(self, call: Call, ident: int) -> Row:
        row = call.store.row(
            f"SELECT {_COLUMNS} {_FROM} p.id = ? AND p.{self._who.column} IS NOT NULL",
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
        held = row["username"] if self._who.is_user else row["group_name"]
        return {
            "url": call.url(f"{self._whom}permissions/{row['id']}/"),
            "id": row["id"],
            "feed_id": row["feed_id"],
            "feed_name": row["feed_name"],
            f"{self._whom}_id": row[self._who.column],
            "user_username" if self._who.is_user else "group_name": held,
            "feed": call.url(f"{row['feed_id']}/"),
            self._whom: call.url(f"{self._whom}s/{row[self._who.column]}/"),
        }


def _owns(call: Call, feed: Row) -> bool:
    return call.me.is_admin or bool(feed["owner_id"] == call.me.id)
