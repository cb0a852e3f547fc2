"""Series and files that came from a PACS, as the API shows them."""

import datetime
from typing import Any

from starlette.routing import BaseRoute

from chrislib.station.auth import Doorman, User
from chrislib.station.context import StationContext, shown
from chrislib.station.downloads import download_route
from chrislib.station.filters import Filters
from chrislib.station.http import (
    Answer,
    Call,
    Handler,
    endpoint,
    forbidden,
    invalid,
    missing,
)
from chrislib.station.pacs_desk import PacsDesk
from chrislib.station.pacs_receiver import ROOT
from chrislib.station.routes.folders import show_file
from chrislib.station.store import Row

_DATES = ("min_creation_date", "max_creation_date")
_SERIES_SEARCH = (
    *("id", *_DATES, "PatientID", "PatientName", "PatientSex", "PatientAge"),
    *("min_PatientAge", "max_PatientAge", "PatientBirthDate", "StudyDate"),
    *("AccessionNumber", "ProtocolName", "StudyInstanceUID", "StudyDescription"),
    *("SeriesInstanceUID", "SeriesDescription", "pacs_id", "pacs_identifier"),
    "deletion_status",
)
_SERIES_TEMPLATE = (
    *("path", "ndicom", "PatientID", "PatientName", "PatientBirthDate", "PatientAge"),
    *("PatientSex", "StudyDate", "AccessionNumber", "Modality", "ProtocolName"),
    *("StudyInstanceUID", "StudyDescription", "SeriesInstanceUID"),
    *("SeriesDescription", "pacs_name"),
)
_FILE_SEARCH = (
    *("id", *_DATES, "fname", "fname_exact", "fname_icontains"),
    *("fname_icontains_topdir_unique", "fname_nslashes"),
)
_SERIES_TEXTS = (
    *("PatientID", "PatientName", "PatientBirthDate", "PatientAge", "PatientSex"),
    *("StudyDate", "AccessionNumber", "Modality", "ProtocolName", "StudyInstanceUID"),
    *("StudyDescription", "SeriesInstanceUID", "SeriesDescription"),
)
_BETWEEN = {
    "min_creation_date": "x.creation_date >= ?",
    "max_creation_date": "x.creation_date <= ?",
}
_EXACT = (
    *("PatientID", "PatientSex", "PatientAge", "PatientBirthDate", "StudyDate"),
    *("AccessionNumber", "StudyInstanceUID", "SeriesInstanceUID", "deletion_status"),
)
_SERIES_FILTERS = Filters(
    {
        **_BETWEEN,
        "id": "x.id = ?",
        **{name: f"x.{name} = ?" for name in _EXACT},
        **{
            name: f"instr(casefold(x.{name}), casefold(?))"
            for name in (
                *("PatientName", "ProtocolName", "StudyDescription"),
                "SeriesDescription",
            )
        },
        "min_PatientAge": "x.PatientAge >= ?",
        "max_PatientAge": "x.PatientAge <= ?",
        "pacs_id": "x.pacs_id = ?",
        "pacs_identifier": "p.identifier = ?",
    },
    numbers=("PatientAge", "min_PatientAge", "max_PatientAge"),
)
_FILE_FILTERS = Filters(
    {
        **_BETWEEN,
        "id": "x.id = ?",
        "fname_exact": "x.fname = ?",
        "fname_icontains": "instr(casefold(x.fname), casefold(?))",
        "fname_nslashes": "length(x.fname) - length(replace(x.fname, '/', '')) = ?",
    },
    words={"fname_icontains_topdir_unique": "instr(casefold(x.fname), casefold(?))"},
    prefixes={"fname": "x.fname"},
)
_OWNED = "JOIN users u ON u.id = x.owner_id"
_SERIES_FROM = (
    "FROM pacs_series x JOIN pacs p ON p.id = x.pacs_id "
    "JOIN folders f ON f.id = x.folder_id WHERE"
)
_SERIES_COLUMNS = "x.*, p.identifier, f.path AS folder_path"
_SERIES_ORDER = "p.identifier, x.PatientID, x.id"
_FILE_FROM = (
    f"FROM files x {_OWNED} WHERE x.fname >= '{ROOT}/' AND x.fname < '{ROOT}0' AND"
)
_FILE_COLUMNS = "x.*, u.username AS owner_username"


def stored_routes(context: StationContext) -> list[BaseRoute]:
    """Return the routes of series and files."""

    def allowed(call: Call) -> bool:
        return Doorman(context.store).may_use_pacs(call.user)

    def may_download(user: User | None, row: Row) -> bool:
        inside = str(row["fname"]).startswith(f"{ROOT}/")
        return inside and Doorman(context.store).may_use_pacs(user)

    def at(
        path: str,
        get: Handler,
        *,
        post: Handler | None = None,
        delete: Handler | None = None,
    ) -> BaseRoute:
        full = f"pacs/{path}"
        return endpoint(
            full, context, allowed=allowed, get=get, post=post, delete=delete
        )

    return [
        at("series/", _series_list, post=_refuse),
        at("series/search/", _series_search),
        at("series/{id:int}/", _series, delete=_drop_series),
        at("files/", _files),
        at("files/search/", _file_search),
        at("files/{id:int}/", _file),
        download_route(
            "pacs/files/{id:int}/{name:path}", context, allowed=may_download
        ),
        at("{id:int}/series/", _series_of),
    ]


def _refuse(_call: Call) -> Answer:
    raise forbidden()


def _found(call: Call, kind: str, sql: str) -> Row:
    row = call.store.row(sql, call.ids["id"])
    if row is None:
        raise missing(kind)
    return row


def _show_series(call: Call, row: Row) -> dict[str, Any]:
    return {
        "url": call.url(f"pacs/series/{row['id']}/"),
        "id": row["id"],
        "creation_date": shown(row["creation_date"]),
        "folder_path": row["folder_path"],
        **{name: row[name] for name in _SERIES_TEXTS},
        "pacs_identifier": row["identifier"],
        "deletion_status": row["deletion_status"],
        "deletion_requested_at": shown(row["deletion_requested_at"]),
        "deletion_error": row["deletion_error"],
        "folder": call.url(f"filebrowser/{row['folder_id']}/"),
    }


def _series_page(call: Call, where: str, values: list[Any], **more: Any) -> Answer:
    return call.query_listing(
        f"{_SERIES_FROM} {where}",
        values,
        order=_SERIES_ORDER,
        columns=_SERIES_COLUMNS,
        show=lambda row: _show_series(call, row),
        **more,
    )


def _series_list(call: Call) -> Answer:
    return _series_page(
        call,
        "1",
        [],
        search=("pacs/series/search/", _SERIES_SEARCH),
        template=_SERIES_TEMPLATE,
    )


def _series_search(call: Call) -> Answer:
    for name in ("PatientBirthDate", "StudyDate"):
        given = call.query.get(name, "")
        if given and not _is_date(given):
            raise invalid(name, "Enter a valid date.")
    return _series_page(call, *_SERIES_FILTERS.of(call.query))


def _is_date(text: str) -> bool:
    try:
        datetime.date.fromisoformat(text)
    except ValueError:
        return False
    return len(text) == 10


def _series_of(call: Call) -> Answer:
    pacs = _found(call, "PACS", "SELECT id FROM pacs WHERE id = ?")
    at = f"pacs/{pacs['id']}/"
    return _series_page(call, "x.pacs_id = ?", [pacs["id"]], links={"pacs": at})


def _find_series(call: Call) -> Row:
    sql = f"SELECT {_SERIES_COLUMNS} {_SERIES_FROM} x.id = ?"
    return _found(call, "PACSSeries", sql)


def _series(call: Call) -> Answer:
    return Answer(_show_series(call, _find_series(call)))


def _drop_series(call: Call) -> Answer:
    row = _find_series(call)
    if not call.me.is_admin:
        raise forbidden()
    if row["deletion_status"] != "pending":
        call.store.update(
            "pacs_series",
            row["id"],
            deletion_status="pending",
            deletion_requested_at=call.store.now(),
            deletion_error="",
        )
    answer = Answer(_show_series(call, _find_series(call)), 202)
    desk: PacsDesk = call.context.shared["pacs"]
    desk.delete_series(row["id"])
    return answer


def _show_file(call: Call, row: Row) -> dict[str, Any]:
    body = show_file(call, row, below="pacs/files")
    del body["group_permissions"], body["user_permissions"]
    return body


def _file_page(call: Call, where: str, values: list[Any], **more: Any) -> Answer:
    return call.query_listing(
        f"{_FILE_FROM} {where}",
        values,
        order="x.fname DESC",
        columns=_FILE_COLUMNS,
        show=lambda row: _show_file(call, row),
        **more,
    )


def _files(call: Call) -> Answer:
    return _file_page(call, "1", [], search=("pacs/files/search/", _FILE_SEARCH))


def _file_search(call: Call) -> Answer:
    return _file_page(call, *_FILE_FILTERS.of(call.query))


def _file(call: Call) -> Answer:
    sql = f"SELECT {_FILE_COLUMNS} {_FILE_FROM} x.id = ?"
    return Answer(_show_file(call, _found(call, "PACSFile", sql)))
