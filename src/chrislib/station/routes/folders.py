"""The file browser: folders, their contents, moves and deletions."""

from collections.abc import Callable, Mapping
from typing import Any

from starlette.routing import Route

from chrislib.station import sharing
from chrislib.station.access import may_fill, may_read, may_write
from chrislib.station.auth import Doorman
from chrislib.station.context import StationContext, shown
from chrislib.station.fields import REQUIRED, check_length
from chrislib.station.http import (
    Answer,
    Call,
    endpoint,
    forbidden,
    invalid,
    missing,
)
from chrislib.station.store import Row
from chrislib.station.tree import Tree

_WITH_OWNER = "x.*, u.username AS owner_username"
_MAX_PATH = 1024
_KINDS = {"folders": "folder", "files": "file", "linkfiles": "link"}


def routes(context: StationContext) -> list[Route]:
    """Return the routes of this module."""
    context.shared["tree"] = Tree(context)
    return [
        endpoint("filebrowser/", context, get=_root, post=_create, public=True),
        endpoint("filebrowser/search/", context, get=_search, public=True),
        endpoint(
            "filebrowser/{id:int}/",
            context,
            get=_detail,
            put=_change,
            delete=_delete,
            public=True,
        ),
        endpoint("filebrowser/{id:int}/children/", context, get=_children, public=True),
        endpoint("filebrowser/{id:int}/files/", context, get=_files, public=True),
        endpoint("filebrowser/{id:int}/linkfiles/", context, get=_links, public=True),
    ]


def show_folder(call: Call, row: Row) -> dict[str, Any]:
    """Return a folder as the API shows one."""
    at = f"filebrowser/{row['id']}/"
    parent = row["parent_id"]
    return {
        "url": call.url(at),
        "id": row["id"],
        "creation_date": shown(row["creation_date"]),
        "path": row["path"],
        "public": bool(row["public"]),
        "owner_username": row["owner_username"],
        "deletion_status": row["deletion_status"],
        "deletion_requested_at": shown(row["deletion_requested_at"]),
        "deletion_error": row["deletion_error"],
        "parent": None if parent is None else call.url(f"filebrowser/{parent}/"),
        "children": call.url(f"{at}children/"),
        "files": call.url(f"{at}files/"),
        "link_files": call.url(f"{at}linkfiles/"),
        "group_permissions": call.url(f"{at}grouppermissions/"),
        "user_permissions": call.url(f"{at}userpermissions/"),
        "owner": call.url(f"users/{row['owner_id']}/"),
    }


def show_file(
    call: Call, row: Row, *, below: str = "filebrowser/files"
) -> dict[str, Any]:
    """Return a file as the API shows one below `below`."""
    at = f"{below}/{row['id']}/"
    rights = f"filebrowser/files/{row['id']}/"
    return {
        "url": call.url(at),
        "id": row["id"],
        "creation_date": shown(row["creation_date"]),
        "fname": row["fname"],
        "fsize": row["fsize"],
        "public": bool(row["public"]),
        "owner_username": row["owner_username"],
        "file_resource": call.url(at + row["fname"].rpartition("/")[2]),
        "parent_folder": call.url(f"filebrowser/{row['folder_id']}/"),
        "group_permissions": call.url(f"{rights}grouppermissions/"),
        "user_permissions": call.url(f"{rights}userpermissions/"),
        "owner": call.url(f"users/{row['owner_id']}/"),
    }


def show_link(call: Call, row: Row) -> dict[str, Any]:
    """Return a link file as the API shows one."""
    at = f"filebrowser/linkfiles/{row['id']}/"
    target = row["path"]
    folder = call.store.folder_id(target)
    file = call.store.value("SELECT id FROM files WHERE fname = ?", target)
    return {
        "url": call.url(at),
        "id": row["id"],
        "creation_date": shown(row["creation_date"]),
        "path": target,
        "fname": row["fname"],
        "fsize": len(target.encode()),
        "public": bool(row["public"]),
        "owner_username": row["owner_username"],
        "file_resource": call.url(at + row["fname"].rpartition("/")[2]),
        "linked_folder": None if folder is None else call.url(f"filebrowser/{folder}/"),
        "linked_file": None if file is None else call.url(f"filebrowser/files/{file}/"),
        "parent_folder": call.url(f"filebrowser/{row['folder_id']}/"),
        "group_permissions": call.url(f"{at}grouppermissions/"),
        "user_permissions": call.url(f"{at}userpermissions/"),
        "owner": call.url(f"users/{row['owner_id']}/"),
    }


def with_template(body: dict[str, Any], *names: str) -> Answer:
    """Return a detail: the object and the fields that can be written."""
    body["template"] = {"data": [{"name": n, "value": ""} for n in names]}
    return Answer(body)


def load(call: Call, table: str, kind: str, *, write: bool = False) -> Row:
    """Return the row of the path's id, if the user may read (or write) it."""
    row = call.store.row(
        f"SELECT {_WITH_OWNER} FROM {table} x JOIN users u ON u.id = x.owner_id "
        "WHERE x.id = ?",
        call.ids["id"],
    )
    if row is None:
        raise missing(kind)
    if not may_read(call.store, call.user, row) or (
        write and not may_write(call.store, call.me, row)
    ):
        if call.user is None:
            _ = call.me
        raise forbidden()
    return row


def _folder(call: Call, *, write: bool = False) -> Row:
    return load(call, "folders", "ChrisFolder", write=write)


def _folder_by_id(call: Call, ident: int) -> Row:
    row = call.store.row(
        f"SELECT {_WITH_OWNER} FROM folders x JOIN users u ON u.id = x.owner_id "
        "WHERE x.id = ?",
        ident,
    )
    if row is None:
        raise missing("ChrisFolder")
    return row


def _root(call: Call) -> Answer:
    root = call.store.folder_id("")
    assert root is not None
    return call.listing(
        1,
        [show_folder(call, _folder_by_id(call, root))],
        search=("filebrowser/search/", ("id", "path")),
        template=("path",),
    )


def _search(call: Call) -> Answer:
    ident, path = call.query.get("id"), call.query.get("path")
    row: Row | None = None
    if ident is not None and ident.isdigit():
        row = call.store.row("SELECT id FROM folders WHERE id = ?", int(ident))
    elif path is not None:
        row = call.store.row("SELECT id FROM folders WHERE path = ?", path.strip("/"))
    found = None if row is None else _folder_by_id(call, row["id"])
    if found is None or not may_read(call.store, call.user, found):
        return call.listing(0, [])
    if path is not None and found["path"] != path.strip("/"):
        return call.listing(0, [])
    return call.listing(1, [show_folder(call, found)])


def _detail(call: Call) -> Answer:
    return with_template(show_folder(call, _folder(call)), "public", "path")


def _level(
    call: Call, table: str, order: str, show: Callable[[Call, Row], Mapping[str, Any]]
) -> Answer:
    folder = _folder(call)
    column = "parent_id" if table == "folders" else "folder_id"
    pacs = Doorman(call.store).may_use_pacs(call.user)
    shown, values = sharing.visible(_KINDS[table], call.user, pacs=pacs)
    return call.query_listing(
        f"FROM {table} x JOIN users u ON u.id = x.owner_id "
        f"WHERE x.{column} = ? AND {shown}",
        [folder["id"], *values],
        order=f"x.{order} DESC",
        columns=_WITH_OWNER,
        show=lambda row: show(call, row),
        links={"folder": f"filebrowser/{folder['id']}/"},
    )


def _children(call: Call) -> Answer:
    return _level(call, "folders", "path", show_folder)


def _files(call: Call) -> Answer:
    return _level(call, "files", "fname", show_file)


def _links(call: Call) -> Answer:
    return _level(call, "linkfiles", "fname", show_link)


def _new_path(call: Call) -> str:
    given = call.data.get("path")
    if given is None:
        raise invalid("path", REQUIRED)
    path = str(given).strip().strip("/")
    check_length("path", path, most=_MAX_PATH)
    if not path.startswith("home/"):
        raise invalid("path", "Invalid path. Path must start with 'home/'.")
    if "," in path:
        raise invalid("path", "Invalid path. Cannot contain commas.")
    if any(part in ("", ".", "..") for part in path.split("/")):
        raise invalid("path", "Invalid path.")
    return path


def check_writable(call: Call, field: str, path: str) -> None:
    """Refuse with 400 unless the user may write the nearest folder above `path`."""
    parent = path.rpartition("/")[0]
    row = sharing.nearest(call.store, path)
    if not may_fill(call.store, call.me, row):
        text = "User does not have write permission under the folder"
        raise invalid(field, f"Invalid path. {text} '{parent}'.")


def _create(call: Call) -> Answer:
    path = _new_path(call)
    if call.store.folder_id(path) is not None:
        raise invalid("path", f"Folder with path '{path}' already exists.")
    check_writable(call, "path", path)
    above = sharing.nearest(call.store, path)
    with call.store.transaction():
        ident = call.store.ensure_folder(path, call.me.username)
        sharing.inherit_below(call.store, above, path, kind="folder")
    return Answer(show_folder(call, _folder_by_id(call, ident)), 201)


def _tree(call: Call) -> Tree:
    tree: Tree = call.context.shared["tree"]
    return tree


def _change(call: Call) -> Answer:
    folder = _folder(call, write=True)
    if "path" in call.data:
        path = _new_path(call)
        if path != folder["path"]:
            if call.store.folder_id(path) is not None:
                raise invalid("path", f"Folder with path '{path}' already exists.")
            _refuse_fixed(folder["path"], "Moving")
            check_writable(call, "path", path)
            if (path + "/").startswith(folder["path"] + "/"):
                raise invalid("path", f"Invalid path. Path '{path}' is below itself.")
            _tree(call).move_folder(folder, path)
        folder = _folder_by_id(call, folder["id"])
    set_public(call, folder, "folders")
    return Answer(show_folder(call, _folder_by_id(call, folder["id"])))


def set_public(call: Call, row: Row, table: str) -> None:
    """Open a thing to everybody, or close it, if the request says so.

    Only the owner may; others who may write get 400.
    """
    if "public" not in call.data:
        return
    if not (call.me.is_admin or row["owner_id"] == call.me.id):
        text = (
            f"Public status of a {_KINDS[table]} can only be changed by its owner or"
            "superuser 'chris'."
        )
        raise invalid("public", text)
    public = call.data["public"] in (True, "true")
    if table == "folders":
        _tree(call).publish(row["id"], public=public)
    else:
        call.store.update(table, row["id"], public=int(public))
    if public != bool(row["public"]):
        sharing.publish_link(call.store, row, public=public)


def _refuse_fixed(path: str, what: str) -> None:
    parts = path.split("/")
    fixed = len(parts) < 3 or (len(parts) == 3 and parts[2] == "feeds")
    if fixed or parts[0] != "home":
        raise invalid("non_field_errors", f"{what} folder '{path}' is not allowed.")


def _refuse_of_feed(call: Call, folder: Row) -> None:
    """Keep a feed's folders: they go with the feed or the instance, not before."""
    query = (
        "SELECT 1 FROM feeds f JOIN instances i ON i.feed_id = f.id "
        "WHERE f.folder_id = ?1 OR i.output_folder_id = ?1 "
        "OR (i.output_path >= ?2 || '/' AND i.output_path < ?2 || '0')"
    )
    if call.store.value(query, folder["id"], folder["path"]) is not None:
        text = f"Deleting folder '{folder['path']}' is not allowed."
        raise invalid("non_field_errors", text)


def _delete(call: Call) -> Answer:
    folder = _folder(call, write=True)
    _refuse_fixed(folder["path"], "Deleting")
    _refuse_of_feed(call, folder)
    _tree(call).request_deletion("folders", folder["id"])
    return Answer(show_folder(call, _folder_by_id(call, folder["id"])), 202)
