"""Tags and taggings of feeds."""

from typing import Any

from starlette.routing import Route

from chrislib.station.context import StationContext
from chrislib.station.feed_sharing import find_feed, may_write, mine
from chrislib.station.fields import BLANK, REQUIRED, OneThing, texts_of
from chrislib.station.filters import Filters
from chrislib.station.http import (
    Answer,
    Call,
    endpoint,
    forbidden,
    invalid,
    missing,
)
from chrislib.station.routes.feeds import feed_list
from chrislib.station.store import Row

_TAGS = "FROM tags t JOIN users u ON u.id = t.owner_id WHERE"
_TAG_COLUMNS = "t.*, u.username AS owner_username"
_LIMITS = {"name": 100, "color": 20}
_TAG_SEARCH = ("id", "name", "color", "owner_username")
_TAG_FILTERS = Filters(
    {
        "id": "t.id = ?",
        "name": "instr(casefold(t.name), casefold(?))",
        "color": "t.color = ?",
        "owner_username": "u.username = ?",
    }
)


def routes(context: StationContext) -> list[Route]:
    """Return the routes of this module."""
    one = "tags/{id:int}/"
    return [
        endpoint("tags/", context, get=_tags, post=_new_tag),
        endpoint("tags/search/", context, get=_search),
        endpoint(one, context, get=_ONE.get, put=_ONE.put, delete=_ONE.delete),
        endpoint(f"{one}feeds/", context, get=_feeds_of_tag),
        endpoint(f"{one}taggings/", context, get=_taggings_of_tag, post=_tag_a_feed),
        endpoint("{id:int}/tags/", context, get=_tags_of_feed),
        endpoint("{id:int}/taggings/", context, get=_taggings, post=_new_tagging),
        endpoint("taggings/{id:int}/", context, get=_tagging, delete=_delete_tagging),
    ]


def _show_tag(call: Call, row: Row) -> dict[str, Any]:
    at = f"tags/{row['id']}/"
    return {
        "url": call.url(at),
        "id": row["id"],
        "name": row["name"],
        "owner_username": row["owner_username"],
        "color": row["color"],
        "feeds": call.url(f"{at}feeds/"),
        "taggings": call.url(f"{at}taggings/"),
    }


def _tag_list(call: Call, where: str, values: list[Any], **more: Any) -> Answer:
    return call.query_listing(
        f"{_TAGS} {where}",
        values,
        columns=_TAG_COLUMNS,
        order="t.id",
        show=lambda row: _show_tag(call, row),
        **more,
    )


def _tags(call: Call) -> Answer:
    return _tag_list(
        call,
        "1",
        [],
        search=("tags/search/", _TAG_SEARCH),
        links={"feeds": ""},
        template=tuple(_LIMITS),
    )


def _search(call: Call) -> Answer:
    return _tag_list(call, *_TAG_FILTERS.of(call.query))


def _find_tag(call: Call, *, write: bool = False) -> Row:
    row = call.store.row(f"SELECT {_TAG_COLUMNS} {_TAGS} t.id = ?", call.ids["id"])
    if row is None:
        raise missing("Tag")
    if write and not call.me.is_admin and row["owner_id"] != call.me.id:
        raise forbidden()
    return row


def _tag_fields(call: Call) -> dict[str, str]:
    fields = texts_of(call, _LIMITS)
    if fields.get("color") == "":
        raise invalid("color", BLANK)
    return fields


def _new_tag(call: Call) -> Answer:
    fields = _tag_fields(call)
    if "color" not in fields:
        raise invalid("color", REQUIRED)
    call.ids["id"] = call.store.insert(
        "tags", owner_id=call.me.id, name=fields.get("name", ""), color=fields["color"]
    )
    return Answer(_show_tag(call, _find_tag(call)), 201)


_ONE = OneThing(
    table="tags",
    find=_find_tag,
    show=_show_tag,
    fields=_tag_fields,
    template=tuple(_LIMITS),
)


def _feeds_of_tag(call: Call) -> Answer:
    tag = _find_tag(call)["id"]
    seen, values = mine(call.me)
    return feed_list(
        call,
        f"(x.public OR {seen}) AND "
        "x.id IN (SELECT feed_id FROM taggings WHERE tag_id = ?)",
        [*values, tag],
        links={"tag": f"tags/{tag}/"},
    )


def _show_tagging(call: Call, row: Row) -> dict[str, Any]:
    return {
        "url": call.url(f"taggings/{row['id']}/"),
        "id": row["id"],
        "tag_id": row["tag_id"],
        "feed_id": row["feed_id"],
        "tag": call.url(f"tags/{row['tag_id']}/"),
        "feed": call.url(f"{row['feed_id']}/"),
    }


def _tagging_list(call: Call, column: str, ident: int, **more: Any) -> Answer:
    return call.query_listing(
        f"FROM taggings WHERE {column} = ?",
        [ident],
        order="id",
        show=lambda row: _show_tagging(call, row),
        **more,
    )


def _taggings_of_tag(call: Call) -> Answer:
    tag = _find_tag(call)["id"]
    links = {"tag": f"tags/{tag}/"}
    return _tagging_list(call, "tag_id", tag, links=links, template=("feed_id",))


def _tags_of_feed(call: Call) -> Answer:
    feed = find_feed(call)["id"]
    return _tag_list(
        call,
        "t.id IN (SELECT tag_id FROM taggings WHERE feed_id = ?)",
        [feed],
        links={"feed": f"{feed}/"},
    )


def _taggings(call: Call) -> Answer:
    feed = find_feed(call)["id"]
    links = {"feed": f"{feed}/"}
    return _tagging_list(call, "feed_id", feed, links=links, template=("tag_id",))


def _enter_tagging(call: Call, feed: int, tag: int) -> Answer:
    known = "SELECT 1 FROM taggings WHERE tag_id = ? AND feed_id = ?"
    with call.store.transaction():
        if call.store.value(known, tag, feed) is not None:
            text = f"Tagging for feed_id {feed} and tag_id {tag} already exists."
            raise invalid("non_field_errors", text)
        ident = call.store.insert("taggings", tag_id=tag, feed_id=feed)
    row = call.store.row("SELECT * FROM taggings WHERE id = ?", ident)
    assert row is not None
    return Answer(_show_tagging(call, row), 201)


def _number(call: Call, field: str) -> int:
    if field not in call.data:
        raise invalid(field, REQUIRED)
    try:
        return int(call.data[field])
    except (TypeError, ValueError):
        raise invalid(field, "A valid integer is required.") from None


def _new_tagging(call: Call) -> Answer:
    feed, tag = find_feed(call, write=True)["id"], _number(call, "tag_id")
    if call.store.value("SELECT 1 FROM tags WHERE id = ?", tag) is None:
        raise invalid("tag_id", f"Couldn't find any tag with id {tag}.")
    return _enter_tagging(call, feed, tag)


def _tag_a_feed(call: Call) -> Answer:
    tag, feed = _find_tag(call)["id"], _number(call, "feed_id")
    row = call.store.row("SELECT * FROM feeds WHERE id = ?", feed)
    if row is None:
        raise invalid("feed_id", f"Couldn't find any feed with id {feed}.")
    if not may_write(call.store, call.me, row):
        text = f"User does not have permission to tag feed with feed_id {feed}."
        raise invalid("feed_id", text)
    return _enter_tagging(call, feed, tag)


def _find_tagging(call: Call) -> Row:
    row = call.store.row(
        "SELECT g.* FROM taggings g JOIN feeds x ON x.id = g.feed_id "
        "WHERE g.id = ? AND x.owner_id = ?",
        call.ids["id"],
        call.me.id,
    )
    if row is None:
        raise missing("Tagging")
    return row


def _tagging(call: Call) -> Answer:
    return Answer(_show_tagging(call, _find_tagging(call)))


def _delete_tagging(call: Call) -> Answer:
    call.store.execute("DELETE FROM taggings WHERE id = ?", _find_tagging(call)["id"])
    return Answer(status=204)
