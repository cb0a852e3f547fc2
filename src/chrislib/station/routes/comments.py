"""Comments of feeds, newest first."""

from typing import Any

from starlette.routing import Route

from chrislib.station.context import StationContext
from chrislib.station.feed_sharing import find_feed
from chrislib.station.fields import OneThing, texts_of
from chrislib.station.filters import Filters
from chrislib.station.http import (
    Answer,
    Call,
    endpoint,
    forbidden,
    missing,
)
from chrislib.station.store import Row

_COMMENTS = (
    "FROM comments k JOIN users u ON u.id = k.owner_id "
    "JOIN feeds x ON x.id = k.feed_id WHERE"
)
_LIMITS: dict[str, int | None] = {"title": 100, "content": None}
_COMMENT_COLUMNS = "k.*, u.username AS owner_username, x.owner_id AS feed_owner_id"


def routes(context: StationContext) -> list[Route]:
    """Return the routes of this module."""
    return [
        endpoint(
            "{id:int}/comments/", context, get=_comments, post=_new_comment, public=True
        ),
        endpoint(
            "{id:int}/comments/search/", context, get=_comments_found, public=True
        ),
        endpoint(
            "comments/{id:int}/",
            context,
            get=_ONE.get,
            put=_ONE.put,
            delete=_ONE.delete,
            public=True,
        ),
    ]


def _show_comment(call: Call, row: Row) -> dict[str, Any]:
    return {
        "url": call.url(f"comments/{row['id']}/"),
        "id": row["id"],
        "title": row["title"],
        "owner_username": row["owner_username"],
        "content": row["content"],
        "feed": call.url(f"{row['feed_id']}/"),
    }


def _comment_list(call: Call, where: str, values: list[Any], **more: Any) -> Answer:
    return call.query_listing(
        f"{_COMMENTS} {where}",
        values,
        columns=_COMMENT_COLUMNS,
        order="k.id DESC",
        show=lambda row: _show_comment(call, row),
        **more,
    )


def _comments(call: Call) -> Answer:
    feed = find_feed(call)["id"]
    return _comment_list(
        call,
        "k.feed_id = ?",
        [feed],
        search=(f"{feed}/comments/search/", ("id",)),
        links={"feed": f"{feed}/"},
        template=tuple(_LIMITS),
    )


def _comments_found(call: Call) -> Answer:
    feed = find_feed(call)["id"]
    more, values = Filters({"id": "k.id = ?"}).of(call.query)
    return _comment_list(call, f"k.feed_id = ? AND {more}", [feed, *values])


def _new_comment(call: Call) -> Answer:
    fields = _comment_fields(call)
    feed = find_feed(call, write=True)["id"]
    call.ids["id"] = call.store.insert(
        "comments",
        feed_id=feed,
        owner_id=call.me.id,
        **{"title": "", "content": "", **fields},
    )
    return Answer(_show_comment(call, _find_comment(call)), 201)


def _find_comment(call: Call, *, write: bool = False) -> Row:
    row = call.store.row(
        f"SELECT {_COMMENT_COLUMNS} {_COMMENTS} k.id = ?", call.ids["id"]
    )
    if row is None:
        raise missing("Comment")
    me = call.user
    if me is None or not (
        me.is_admin or me.id in (row["owner_id"], row["feed_owner_id"])
    ):
        find_feed(call, ident=row["feed_id"])
        if write:
            raise forbidden()
    return row


def _comment_fields(call: Call) -> dict[str, str]:
    return texts_of(call, _LIMITS)


_ONE = OneThing(
    table="comments",
    find=_find_comment,
    show=_show_comment,
    fields=_comment_fields,
    template=tuple(_LIMITS),
)
