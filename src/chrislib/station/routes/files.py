"""User files and the file browser's files: lists, uploads, moves, downloads."""

import re
import secrets
import string
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from chrislib.station import sharing
from chrislib.station.context import StationContext
from chrislib.station.downloads import download_route
from chrislib.station.fields import REQUIRED, check_length
from chrislib.station.filters import Filters
from chrislib.station.http import (
    Answer,
    ApiError,
    Call,
    endpoint,
    invalid,
    missing,
    raw_endpoint,
    read_body,
)
from chrislib.station.routes.folders import (
    check_writable,
    load,
    set_public,
    show_file,
    show_link,
    with_template,
)
from chrislib.station.store import Row
from chrislib.station.tree import Tree
from chrislib.station.uploads import Upload, receive

_FROM = "FROM files x JOIN users u ON u.id = x.owner_id WHERE"
_COLUMNS = "x.*, u.username AS owner_username"
_SEARCH = (
    "id",
    "min_creation_date",
    "max_creation_date",
    "fname",
    "fname_exact",
    "fname_icontains",
    "fname_nslashes",
    "owner_username",
    "fname_icontains_multiple",
)
_FILTERS = Filters(
    {
        "id": "x.id = ?",
        "fname_exact": "x.fname = ?",
        "fname_icontains": "instr(casefold(x.fname), casefold(?))",
        "fname_nslashes": "length(x.fname) - length(replace(x.fname, '/', '')) = ?",
        "owner_username": "u.username = ?",
        "min_creation_date": "x.creation_date >= ?",
        "max_creation_date": "x.creation_date <= ?",
    },
    words={"fname_icontains_multiple": "instr(casefold(x.fname), casefold(?))"},
    prefixes={"fname": "x.fname"},
)
_NO_FILE = "No file was submitted."
_NOT_A_FILE = "The submitted data was not a file. Check the encoding type on the form."
_MAX_PATH = 1024
_LETTERS = string.ascii_letters + string.digits


def routes(context: StationContext) -> list[Route]:
    """Return the routes of this module."""
    return [
        raw_endpoint("userfiles/", context, get=_list, post=_upload),
        endpoint("userfiles/search/", context, get=_search),
        endpoint(
            "userfiles/{id:int}/", context, get=_detail, put=_change, delete=_delete
        ),
        download_route(
            "userfiles/{id:int}/{name:path}",
            context,
            allowed=lambda user, row: (
                user is not None and (user.is_admin or row["owner_id"] == user.id)
            ),
        ),
        endpoint(
            "filebrowser/files/{id:int}/",
            context,
            get=_browser_detail,
            put=_browser_change,
            delete=_browser_delete,
            public=True,
        ),
        download_route("filebrowser/files/{id:int}/{name:path}", context),
        endpoint(
            "filebrowser/linkfiles/{id:int}/",
            context,
            get=_link_detail,
            put=_link_change,
            delete=_link_delete,
            public=True,
        ),
        download_route(
            "filebrowser/linkfiles/{id:int}/{name:path}", context, table="linkfiles"
        ),
    ]


def _mine(call: Call) -> tuple[str, list[Any]]:
    if call.me.is_admin:
        return "x.fname >= 'home/' AND x.fname < 'home0'", []
    return "x.owner_id = ? AND x.fname >= 'home/' AND x.fname < 'home0'", [call.me.id]


def _show(call: Call, row: Row) -> dict[str, Any]:
    return show_file(call, row, below="userfiles")


def _list(call: Call) -> Answer:
    where, values = _mine(call)
    return call.query_listing(
        f"{_FROM} {where}",
        values,
        columns=_COLUMNS,
        order="x.fname DESC",
        show=lambda row: _show(call, row),
        search=("userfiles/search/", _SEARCH),
        template=("upload_path", "fname"),
    )


def _search(call: Call) -> Answer:
    where, values = _mine(call)
    more, found = _FILTERS.of(call.query)
    return call.query_listing(
        f"{_FROM} {where} AND {more}",
        [*values, *found],
        columns=_COLUMNS,
        order="x.fname DESC",
        show=lambda row: _show(call, row),
    )


def clean_name(name: str) -> str:
    """Return a file name as it is stored: what is neither letter nor -_. is dropped."""
    spaced = name.strip().replace(" ", "_")
    return re.sub(r"[^-\w.]", "", spaced)


async def _upload(request: Request, call: Call) -> Answer | Response:
    kind = request.headers.get("content-type", "").split(";", 1)[0].strip().lower()
    if kind != "multipart/form-data":
        data = await read_body(request)
        problems = {} if "upload_path" in data else {"upload_path": [REQUIRED]}
        problems["fname"] = [_NOT_A_FILE if "fname" in data else _NO_FILE]
        raise ApiError(400, problems)
    upload = Upload()
    try:
        await receive(request, call.context.disk, upload)
        return await run_in_threadpool(_finish_upload, call, upload)
    except ClientDisconnect:
        return Response(status_code=400)
    finally:
        upload.drop()


def _finish_upload(call: Call, upload: Upload) -> Answer:
    problems: dict[str, list[str]] = {}
    if "upload_path" not in upload.fields:
        problems["upload_path"] = [REQUIRED]
    if upload.file is None:
        problems["fname"] = [_NO_FILE]
    if problems:
        raise ApiError(400, problems)
    path = _upload_path(call, upload.fields["upload_path"], "upload_path")
    folder, _, name = path.rpartition("/")
    file = upload.file
    assert file is not None
    with call.store.transaction():
        free = _free_name(call, folder, clean_name(name))
        above = sharing.nearest(call.store, free)
        disk = file.keep()
        upload.file = None
        try:
            ident = call.store.register_file(
                free, file.size, disk, owner=call.me.username
            )
            sharing.inherit_below(call.store, above, free, kind="file")
        except BaseException:
            call.context.disk.remove([(disk, file.size)])
            raise
    return Answer(_show(call, _by_id(call, ident)), 201)


def _upload_path(call: Call, given: str, field: str) -> str:
    path = given.strip().lstrip("/")
    check_length(field, path, most=_MAX_PATH)
    if "," in path:
        raise invalid(field, "Invalid path. Cannot contain commas.")
    if path.endswith(".chrislink"):
        raise invalid(field, "Invalid path. Uploading ChRIS link files is not allowed.")
    if not path.startswith("home/"):
        raise invalid(field, "Invalid path. Path must start with 'home/'.")
    parts = path.split("/")
    if any(part in (".", "..") for part in parts) or "\0" in path:
        # A CUBE answers 500 as well; here nothing is left behind.
        raise ValueError("a path that leaves its folder")
    if call.store.folder_id(path.rstrip("/")) is not None:
        raise invalid(field, f"A folder with path '{path}' already exists.")
    if "" in parts or len(parts) < 3 or not clean_name(parts[-1]).strip("."):
        raise invalid(field, "Invalid path.")
    check_writable(call, field, path)
    return path


def _free_name(call: Call, folder: str, name: str) -> str:
    """Return a path nobody has yet: the one asked for, or one with a suffix."""
    path = f"{folder}/{name}"
    stem, dot, ending = name.rpartition(".")
    if not stem:
        stem, dot, ending = name, "", ""
    while call.store.value("SELECT 1 FROM files WHERE fname = ?", path) is not None:
        suffix = "".join(secrets.choice(_LETTERS) for _ in range(7))
        path = f"{folder}/{stem}_{suffix}{dot}{ending}"
    return path


def _by_id(call: Call, ident: int) -> Row:
    row = call.store.row(f"SELECT {_COLUMNS} {_FROM} x.id = ?", ident)
    if row is None:
        raise missing("ChrisFile")
    return row


def _own(call: Call) -> Row:
    row = call.store.row(f"SELECT {_COLUMNS} {_FROM} x.id = ?", call.ids["id"])
    if row is None or not row["fname"].startswith("home/"):
        raise missing("UserFile")
    if not (call.me.is_admin or row["owner_id"] == call.me.id):
        raise ApiError(
            403, {"detail": "You do not have permission to perform this action."}
        )
    return row


def _detail(call: Call) -> Answer:
    return with_template(_show(call, _own(call)), "upload_path", "public")


def _change(call: Call) -> Answer:
    row = _own(call)
    _move(call, row, "upload_path")
    return Answer(_show(call, _by_id(call, row["id"])))


def _move(call: Call, row: Row, field: str, table: str = "files") -> None:
    set_public(call, row, table)
    if field not in call.data:
        return
    given = str(call.data[field])
    if table == "linkfiles":
        given = given.removesuffix(".chrislink")
    path = _upload_path(call, given, field)
    if table == "linkfiles":
        path += ".chrislink"
    if path == row["fname"]:
        return
    if call.store.value(f"SELECT 1 FROM {table} WHERE fname = ?", path):
        raise invalid(field, f"File with path '{path}' already exists.")
    with call.store.transaction():
        folder = call.store.ensure_folder(
            path.rpartition("/")[0], row["owner_username"]
        )
        call.store.update(table, row["id"], fname=path, folder_id=folder)


def _tree(call: Call) -> Tree:
    tree: Tree = call.context.shared["tree"]
    return tree


def _delete(call: Call) -> Answer:
    _tree(call).delete_files([_own(call)["id"]])
    return Answer(status=204)


def _browser_detail(call: Call) -> Answer:
    row = load(call, "files", "ChrisFile")
    return with_template(show_file(call, row), "public", "new_file_path")


def _browser_change(call: Call) -> Answer:
    row = load(call, "files", "ChrisFile", write=True)
    _move(call, row, "new_file_path")
    return Answer(show_file(call, _by_id(call, row["id"])))


def _browser_delete(call: Call) -> Answer:
    row = load(call, "files", "ChrisFile", write=True)
    _tree(call).delete_files([row["id"]])
    return Answer(status=204)


def _link_detail(call: Call) -> Answer:
    row = load(call, "linkfiles", "ChrisLinkFile")
    return with_template(show_link(call, row), "public", "new_link_file_path")


def _link_change(call: Call) -> Answer:
    row = load(call, "linkfiles", "ChrisLinkFile", write=True)
    _move(call, row, "new_link_file_path", table="linkfiles")
    return Answer(show_link(call, load(call, "linkfiles", "ChrisLinkFile")))


def _link_delete(call: Call) -> Answer:
    row = load(call, "linkfiles", "ChrisLinkFile", write=True)
    call.store.execute("DELETE FROM linkfiles WHERE id = ?", row["id"])
    return Answer(status=204)
