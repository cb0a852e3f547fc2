"""Feeds: the API root, search, notes, and a feed's own lists."""

from typing import Any

from starlette.routing import Route

from chrislib.station.context import StationContext, shown
from chrislib.station.feed_sharing import find_feed, mine, times
from chrislib.station.fields import BLANK, check_length, texts_of
from chrislib.station.filters import Filters
from chrislib.station.http import Answer, Call, endpoint, invalid
from chrislib.station.routes.instances import instance_list
from chrislib.station.store import Row
from chrislib.station.tree import Tree

_SEARCH = (
    "id",
    "name",
    "name_exact",
    "name_startswith",
    "min_id",
    "max_id",
    "min_creation_date",
    "max_creation_date",
    "files_fname_icontains",
    "deletion_status",
)
_HAS_FILE = (
    "EXISTS (SELECT 1 FROM files f WHERE f.fname >= x.folder_path || '/' "
    "AND f.fname < x.folder_path || '0' AND instr(casefold(f.fname), casefold(?)))"
)
_FILTERS = Filters(
    {
        "id": "x.id = ?",
        "min_id": "x.id >= ?",
        "max_id": "x.id <= ?",
        "name": "instr(casefold(x.name), casefold(?))",
        "name_exact": "x.name = ?",
        "min_creation_date": "x.creation_date >= ?",
        "max_creation_date": "x.creation_date <= ?",
        "deletion_status": "x.deletion_status = ?",
    },
    words={"files_fname_icontains": _HAS_FILE},
    prefixes={"name_startswith": "x.name"},
)
_LINKS = {
    "chrisinstance": "chrisinstance/1/",
    "public_feeds": "publicfeeds/",
    "compute_resources": "computeresources/",
    "plugin_metas": "plugins/metas/",
    "plugins": "plugins/",
    "plugin_instances": "plugins/instances/",
    "pipelines": "pipelines/",
    "workflows": "pipelines/workflows/",
    "tags": "tags/",
    "pipelinesourcefiles": "pipelines/sourcefiles/",
    "userfiles": "userfiles/",
    "pacs": "pacs/",
    "pacsqueries": "pacs/queries/",
    "pacsfiles": "pacs/files/",
    "pacsseries": "pacs/series/",
    "filebrowser": "filebrowser/",
}
_COUNTS = {
    "created_jobs": "created",
    "waiting_jobs": "waiting",
    "copying_jobs": "copying",
    "scheduled_jobs": "scheduled",
    "started_jobs": "started",
    "uploading_jobs": "uploading",
    "registering_jobs": "registeringFiles",
    "finished_jobs": "finishedSuccessfully",
    "errored_jobs": "finishedWithError",
    "cancelled_jobs": "cancelled",
}
_ONLY_SEVEN = ("copying_jobs", "uploading_jobs")


def routes(context: StationContext) -> list[Route]:
    """Return the routes of this module."""
    return [
        endpoint("", context, get=_root, public=True),
        endpoint("search/", context, get=_search),
        endpoint("publicfeeds/", context, get=_public, public=True),
        endpoint("publicfeeds/search/", context, get=_public_search, public=True),
        endpoint(
            "{id:int}/", context, get=_detail, put=_change, delete=_delete, public=True
        ),
        endpoint("{id:int}/plugininstances/", context, get=_instances, public=True),
        endpoint("note{id:int}/", context, get=_note, put=_change_note, public=True),
    ]


def counts(call: Call, column: str, ident: int) -> dict[str, int]:
    """Return how many instances of a feed or workflow are in each status.

    Parameters
    ----------
    column : str
        ``feed_id`` or ``workflow_id``.
    """
    found = call.store.rows(
        "SELECT status, COUNT(*) AS n FROM instances "
        f"WHERE {column} = ? GROUP BY status",
        ident,
    )
    by_status = {row["status"]: row["n"] for row in found}
    old = call.context.config.generation < 7
    return {
        name: by_status.get(status, 0)
        for name, status in _COUNTS.items()
        if not (old and name in _ONLY_SEVEN)
    }


def show_feed(call: Call, row: Row, *, listed: bool = False) -> dict[str, Any]:
    """Return a feed as the API of this generation shows one.

    Parameters
    ----------
    listed : bool
        In a list or search, where the nodes of shared feeds are counted too often.
    """
    at = f"{row['id']}/"
    numbers = counts(call, "feed_id", row["id"])
    if listed:
        often = times(call.store, row["id"])
        numbers = {name: number * often for name, number in numbers.items()}
    return {
        "url": call.url(at),
        "id": row["id"],
        "creation_date": shown(row["creation_date"]),
        "modification_date": shown(row["modification_date"]),
        "name": row["name"],
        "public": bool(row["public"]),
        "owner_username": row["owner_username"],
        "folder_path": row["folder_path"],
        **numbers,
        "deletion_status": row["deletion_status"],
        "deletion_requested_at": shown(row["deletion_requested_at"]),
        "deletion_error": row["deletion_error"],
        "folder": call.url(f"filebrowser/{row['folder_id']}/"),
        "note": call.url(f"note{row['id']}/"),
        "group_permissions": call.url(f"{at}grouppermissions/"),
        "user_permissions": call.url(f"{at}userpermissions/"),
        "tags": call.url(f"{at}tags/"),
        "taggings": call.url(f"{at}taggings/"),
        "comments": call.url(f"{at}comments/"),
        "plugin_instances": call.url(f"{at}plugininstances/"),
        "owner": call.url(f"users/{row['owner_id']}/"),
    }


def feed_list(
    call: Call, where: str, values: list[Any], *, often: bool = True, **more: Any
) -> Answer:
    """Return the list of feeds that fit `where`.

    Parameters
    ----------
    often : bool
        Whether a CUBE joins there whom feeds are shared with.
    """
    return call.query_listing(
        f"FROM feeds x JOIN users u ON u.id = x.owner_id WHERE {where}",
        values,
        columns="x.*, u.username AS owner_username",
        order="x.creation_date DESC, x.id DESC",
        show=lambda row: show_feed(call, row, listed=often),
        **more,
    )


def _mine(call: Call) -> tuple[str, list[Any]]:
    if call.user is None:
        return "0", []
    if call.user.is_admin:
        return "x.public = 0", []
    return mine(call.user)


def _root(call: Call) -> Answer:
    where, values = _mine(call)
    links = dict(_LINKS)
    if call.user is not None:
        links["download_tokens"] = "downloadtokens/"
        links["groups"] = "groups/"
        links["user"] = f"users/{call.user.id}/"
    often = call.user is not None and not call.user.is_admin
    search = ("search/", _SEARCH)
    return feed_list(call, where, values, often=often, search=search, links=links)


def _search(call: Call) -> Answer:
    where, values = _mine(call)
    more, found = _FILTERS.of(call.query)
    often = not call.me.is_admin
    return feed_list(call, f"{where} AND {more}", [*values, *found], often=often)


def _public(call: Call) -> Answer:
    search = ("publicfeeds/search/", _SEARCH)
    return feed_list(call, "x.public = 1", [], often=False, search=search)


def _public_search(call: Call) -> Answer:
    more, found = _FILTERS.of(call.query)
    return feed_list(call, f"x.public = 1 AND {more}", found, often=False)


def _detail(call: Call) -> Answer:
    body = show_feed(call, find_feed(call))
    body["template"] = {"data": [{"name": n, "value": ""} for n in ("name", "public")]}
    return Answer(body)


def _change(call: Call) -> Answer:
    feed = find_feed(call, write=True)
    name = call.data.get("name")
    if name is not None:
        name = str(name).strip()
        if not name:
            raise invalid("name", BLANK)
        check_length("name", name, most=200)
        call.store.update("feeds", feed["id"], name=name)
    if "public" in call.data:
        given = call.data["public"]
        if not call.me.is_admin and feed["owner_id"] != call.me.id:
            text = "Public status of a feed can only be changed by its owner or"
            raise invalid("public", f"{text}superuser 'chris'.")
        if given not in (True, False, "true", "false"):
            raise invalid("public", "Must be a valid boolean.")
        _publish(call, feed, public=given in (True, "true"))
    return Answer(show_feed(call, find_feed(call)))


def _publish(call: Call, feed: Row, *, public: bool) -> None:
    tree: Tree = call.context.shared["tree"]
    store, path = call.store, feed["folder_path"]
    name = f"PUBLIC/{path.replace('/', '_')}.chrislink"
    with store.transaction():
        store.update("feeds", feed["id"], public=int(public))
        tree.publish(feed["folder_id"], public=public)
        store.execute("DELETE FROM linkfiles WHERE fname = ?", name)
        if public:
            link = store.register_link(name, path, owner=feed["owner_username"])
            store.update("linkfiles", link, public=1)


def _delete(call: Call) -> Answer:
    feed = find_feed(call, write=True)
    tree: Tree = call.context.shared["tree"]
    if tree.request_deletion("feeds", feed["id"]):
        return Answer(status=204)
    return Answer(show_feed(call, find_feed(call)), 202)


def _instances(call: Call) -> Answer:
    feed = find_feed(call)["id"]
    return instance_list(
        call, "i.feed_id = ?", [feed], compact=True, links={"feed": f"{feed}/"}
    )


def _show_note(call: Call, feed: Row) -> dict[str, Any]:
    return {
        "url": call.url(f"note{feed['id']}/"),
        "id": feed["id"],
        "title": feed["note_title"],
        "content": feed["note_content"],
        "feed": call.url(f"{feed['id']}/"),
    }


def _note(call: Call) -> Answer:
    body = _show_note(call, find_feed(call, kind="Note"))
    names = ("title", "content")
    body["template"] = {"data": [{"name": n, "value": ""} for n in names]}
    return Answer(body)


def _change_note(call: Call) -> Answer:
    feed = find_feed(call, write=True, kind="Note")
    given = texts_of(call, {"title": 100, "content": None})
    changed = {f"note_{name}": text for name, text in given.items()}
    if changed:
        call.store.update("feeds", feed["id"], **changed)
    return Answer(_show_note(call, find_feed(call, kind="Note")))
