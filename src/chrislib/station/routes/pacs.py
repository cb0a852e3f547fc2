"""PACS: lookups, retrieves, and the series and files that came."""

import json
import sqlite3
from typing import Any

from starlette.routing import BaseRoute

from chrislib.station.auth import Doorman
from chrislib.station.context import StationContext, shown
from chrislib.station.fields import BLANK, REQUIRED, too_long
from chrislib.station.filters import Filters
from chrislib.station.http import (
    Answer,
    ApiError,
    Call,
    Handler,
    as_template,
    endpoint,
    forbidden,
    invalid,
    missing,
)
from chrislib.station.pacs_desk import PacsDesk
from chrislib.station.pacs_live import live_routes
from chrislib.station.pacs_receiver import ROOT
from chrislib.station.pacs_stored import stored_routes
from chrislib.station.store import Row

_STATUSES = ("created", "sent", "succeeded", "errored")
_DATES = ("min_creation_date", "max_creation_date")
_PACS_SEARCH = ("id", "identifier", "active")
_QUERY_SEARCH = (
    *("id", *_DATES, "title_exact", "title", "status", "execute", "description"),
    *("pacs_id", "pacs_identifier", "owner_username"),
)
_RETRIEVE_SEARCH = ("id", *_DATES, "status", "owner_username")
_BETWEEN = {
    "min_creation_date": "x.creation_date >= ?",
    "max_creation_date": "x.creation_date <= ?",
}
_QUERY_FILTERS = Filters(
    {
        **_BETWEEN,
        "id": "x.id = ?",
        "title_exact": "x.title = ?",
        "title": "instr(casefold(x.title), casefold(?))",
        "description": "instr(casefold(x.description), casefold(?))",
        "status": "x.status = ?",
        "execute": "x.execute = (lower(?) IN ('true', '1'))",
        "pacs_id": "x.pacs_id = ?",
        "pacs_identifier": "p.identifier = ?",
        "owner_username": "u.username = ?",
    },
    choices={"status": _STATUSES},
)
_RETRIEVE_FILTERS = Filters(
    {
        **_BETWEEN,
        "id": "x.id = ?",
        "status": "x.status = ?",
        "owner_username": "u.username = ?",
    },
    choices={"status": _STATUSES},
)
_OWNED = "JOIN users u ON u.id = x.owner_id"
_QUERY_FROM = f"FROM pacs_queries x {_OWNED} JOIN pacs p ON p.id = x.pacs_id WHERE"
_QUERY_COLUMNS = "x.*, u.username AS owner_username, p.identifier"
_QUERY_ORDER = "p.identifier, u.username, x.creation_date DESC"
_RETRIEVE_FROM = (
    f"FROM pacs_retrieves x {_OWNED} JOIN pacs_queries q ON q.id = x.query_id "
    "JOIN pacs p ON p.id = q.pacs_id WHERE"
)
_RETRIEVE_COLUMNS = "x.*, u.username AS owner_username, p.identifier, q.title, q.query"


def routes(context: StationContext) -> list[BaseRoute]:
    """Return the routes of this module."""
    desk = PacsDesk(context)
    context.shared["pacs"] = desk

    def allowed(call: Call) -> bool:
        return Doorman(context.store).may_use_pacs(call.user)

    def at(
        path: str,
        get: Handler,
        *,
        post: Handler | None = None,
        put: Handler | None = None,
        delete: Handler | None = None,
    ) -> BaseRoute:
        return endpoint(
            f"pacs/{path}",
            context,
            allowed=allowed,
            get=get,
            post=post,
            put=put,
            delete=delete,
        )

    return [
        *live_routes(context, desk.hub),
        at("", _pacs_list),
        at("search/", _pacs_search),
        at("queries/", _queries),
        at("queries/search/", _query_search),
        at("queries/{id:int}/", _query, put=_change_query, delete=_drop_query),
        at("queries/{id:int}/retrieves/", _retrieves, post=_retrieve_now),
        at("queries/{id:int}/retrieves/search/", _retrieve_search),
        at("queries/retrieves/{id:int}/", _retrieve, delete=_drop_retrieve),
        *stored_routes(context),
        at("{id:int}/", _pacs),
        at("{id:int}/queries/", _queries_of, post=_ask),
    ]


def _desk(call: Call) -> PacsDesk:
    desk: PacsDesk = call.context.shared["pacs"]
    return desk


def _one(call: Call, kind: str, *, source: str, columns: str) -> Row:
    row = call.store.row(f"SELECT {columns} {source} x.id = ?", call.ids["id"])
    if row is None:
        raise missing(kind)
    return row


def _show_pacs(call: Call, row: Row) -> dict[str, Any]:
    return {
        "url": call.url(f"pacs/{row['id']}/"),
        "id": row["id"],
        "identifier": row["identifier"],
        "active": bool(row["active"]),
        "folder_path": f"{ROOT}/{row['identifier']}",
        "folder": call.url(f"filebrowser/{row['folder_id']}/"),
        "query_list": call.url(f"pacs/{row['id']}/queries/"),
        "series_list": call.url(f"pacs/{row['id']}/series/"),
    }


def _pacs_list(call: Call) -> Answer:
    if _desk(call).faults().lookup_down:
        _desk(call).pause()
        raise ConnectionError("the lookup service is switched off")
    return call.query_listing(
        "FROM pacs",
        [],
        order="id",
        show=lambda row: _show_pacs(call, row),
        search=("pacs/search/", _PACS_SEARCH),
    )


def _pacs_search(call: Call) -> Answer:
    filters = Filters(
        {
            "id": "id = ?",
            "identifier": "identifier = ?",
            "active": "active = (lower(?) IN ('true', '1'))",
        }
    )
    where, values = filters.of(call.query)
    return call.query_listing(
        f"FROM pacs WHERE {where}",
        values,
        order="id",
        show=lambda row: _show_pacs(call, row),
    )


def _find_pacs(call: Call) -> Row:
    return _one(call, "PACS", source="FROM pacs x WHERE", columns="x.*")


def _pacs(call: Call) -> Answer:
    return Answer(_show_pacs(call, _find_pacs(call)))


def _show_query(call: Call, row: Row) -> dict[str, Any]:
    return {
        "url": call.url(f"pacs/queries/{row['id']}/"),
        "id": row["id"],
        "creation_date": shown(row["creation_date"]),
        "title": row["title"],
        "query": row["query"],
        "description": row["description"],
        "status": row["status"],
        "pacs_identifier": row["identifier"],
        "owner_username": row["owner_username"],
        "execute": bool(row["execute"]),
        "result": row["result"],
        "retrieve_list": call.url(f"pacs/queries/{row['id']}/retrieves/"),
    }


def _query_page(call: Call, where: str, values: list[Any], **more: Any) -> Answer:
    return call.query_listing(
        f"{_QUERY_FROM} {where}",
        values,
        order=_QUERY_ORDER,
        columns=_QUERY_COLUMNS,
        show=lambda row: _show_query(call, row),
        **more,
    )


def _queries(call: Call) -> Answer:
    return _query_page(
        call,
        "1",
        [],
        search=("pacs/queries/search/", _QUERY_SEARCH),
        links={"pacs": "pacs/"},
    )


def _query_search(call: Call) -> Answer:
    return _query_page(call, *_QUERY_FILTERS.of(call.query))


def _queries_of(call: Call) -> Answer:
    pacs = _find_pacs(call)
    return _query_page(
        call,
        "x.pacs_id = ?",
        [pacs["id"]],
        links={"pacs": f"pacs/{pacs['id']}/"},
        template=("title", "query", "description", "execute"),
    )


def _find_query(call: Call) -> Row:
    return _one(call, "PACSQuery", source=_QUERY_FROM, columns=_QUERY_COLUMNS)


def _query(call: Call) -> Answer:
    body = _show_query(call, _find_query(call))
    body["template"] = as_template(("title", "description", "execute"))
    return Answer(body)


def _ask(call: Call) -> Answer:
    pacs = _find_pacs(call)
    fields = _checked(call, required=("title", "query"))
    execute = fields.get("execute", True)
    try:
        ident = call.store.insert(
            "pacs_queries",
            creation_date=call.store.now(),
            title=fields["title"],
            query=fields["query"],
            description=fields.get("description", ""),
            execute=int(execute),
            pacs_id=pacs["id"],
            owner_id=call.me.id,
        )
    except sqlite3.IntegrityError:
        raise _taken(fields["title"], pacs["identifier"]) from None
    call.ids["id"] = ident
    answer = Answer(_show_query(call, _find_query(call)), 201)
    if execute:
        _desk(call).start_query(ident)
    return answer


def _change_query(call: Call) -> Answer:
    row = _own(call, _find_query(call))
    fields = _checked(call, required=())
    fields.pop("query", None)
    if row["execute"] and fields.get("execute") is False:
        text = "Can not change field execute from true to false."
        raise invalid("execute", text)
    starts = bool(fields.get("execute")) and not row["execute"]
    if fields:
        try:
            call.store.update("pacs_queries", row["id"], **fields)
        except sqlite3.IntegrityError:
            raise _taken(fields["title"], row["identifier"]) from None
    answer = Answer(_show_query(call, _find_query(call)))
    if starts:
        _desk(call).start_query(row["id"])
    return answer


def _drop_query(call: Call) -> Answer:
    row = _own(call, _find_query(call))
    call.store.execute("DELETE FROM pacs_queries WHERE id = ?", row["id"])
    return Answer(status=204)


def _own(call: Call, row: Row) -> Row:
    if row["owner_id"] != call.me.id and not call.me.is_admin:
        raise forbidden()
    return row


def _taken(title: str, identifier: str) -> ApiError:
    text = f"You have already registered a PACS query with title={title} for pacs "
    return ApiError(400, [text + identifier])


def _checked(call: Call, *, required: tuple[str, ...]) -> dict[str, Any]:
    """Return the fields of a query that were given, or raise all complaints."""
    wrong: dict[str, list[str]] = {
        name: [REQUIRED] for name in required if name not in call.data
    }
    fields: dict[str, Any] = {}
    for name, limit in (("title", 300), ("description", 700)):
        if name in call.data:
            text, complaint = _text(call.data[name], limit, blank=name != "title")
            fields[name] = text
            if complaint:
                wrong[name] = [complaint]
    if "query" in call.data:
        fields["query"] = call.data["query"]
        if not _is_json(call.data["query"]):
            wrong["query"] = ["Value must be valid JSON."]
    if call.data.get("execute") not in (None, ""):
        word = str(call.data["execute"]).strip().lower()
        fields["execute"] = word in {"true", "1", "yes", "on", "t", "y"}
        if not fields["execute"] and word not in {"false", "0", "no", "off", "f", "n"}:
            wrong["execute"] = ["Must be a valid boolean."]
    if wrong:
        raise ApiError(400, wrong)
    return fields


def _text(value: Any, limit: int, *, blank: bool) -> tuple[str, str]:
    """Return a text field and what is wrong with it, "" if nothing is."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return "", "This field may not be null." if value is None else (
            "Not a valid string."
        )
    text = str(value).strip()
    if not text and not blank:
        return "", BLANK
    if len(text) > limit:
        return "", too_long(limit)
    return text, ""


def _is_json(value: Any) -> bool:
    if not isinstance(value, str):
        return False
    try:
        json.loads(value)
    except ValueError:
        return False
    return True


def _show_retrieve(call: Call, row: Row) -> dict[str, Any]:
    return {
        "url": call.url(f"pacs/queries/retrieves/{row['id']}/"),
        "id": row["id"],
        "creation_date": shown(row["creation_date"]),
        "pacs_query_id": row["query_id"],
        "pacs_query_title": row["title"],
        "query": row["query"],
        "pacs_identifier": row["identifier"],
        "status": row["status"],
        "owner_username": row["owner_username"],
        "result": row["result"],
        "pacs_query": call.url(f"pacs/queries/{row['query_id']}/"),
    }


def _retrieve_page(call: Call, where: str, values: list[Any], **more: Any) -> Answer:
    query = _find_query(call)
    return call.query_listing(
        f"{_RETRIEVE_FROM} x.query_id = ? AND {where}",
        [query["id"], *values],
        order="x.creation_date DESC",
        columns=_RETRIEVE_COLUMNS,
        show=lambda row: _show_retrieve(call, row),
        **more,
    )


def _retrieves(call: Call) -> Answer:
    at = f"pacs/queries/{call.ids['id']}/"
    return _retrieve_page(
        call,
        "1",
        [],
        search=(f"{at}retrieves/search/", _RETRIEVE_SEARCH),
        links={"pacs_query": at},
    )


def _retrieve_search(call: Call) -> Answer:
    return _retrieve_page(call, *_RETRIEVE_FILTERS.of(call.query))


def _find_retrieve(call: Call) -> Row:
    return _one(call, "PACSRetrieve", source=_RETRIEVE_FROM, columns=_RETRIEVE_COLUMNS)


def _retrieve(call: Call) -> Answer:
    return Answer(_show_retrieve(call, _find_retrieve(call)))


def _retrieve_now(call: Call) -> Answer:
    query = _find_query(call)
    desk = _desk(call)
    down = desk.faults().lookup_down
    if down:
        desk.pause()
    result = (
        ""
        if down
        else desk.retrieve_result(query["query"], identifier=query["identifier"])
    )
    call.ids["id"] = call.store.insert(
        "pacs_retrieves",
        creation_date=call.store.now(),
        status="errored" if down else "sent",
        result=result,
        query_id=query["id"],
        owner_id=call.me.id,
    )
    body = _show_retrieve(call, _find_retrieve(call))
    # Only the answer to the POST shows the query as it was handed over.
    asked = json.loads(query["query"])
    if isinstance(asked, dict):
        body["query"] = json.dumps({**asked, "then": "retrieve", "withFeedBack": True})
    if not down:
        desk.start_transfers(body["id"])
    return Answer(body, 201)


def _drop_retrieve(call: Call) -> Answer:
    row = _own(call, _find_retrieve(call))
    call.store.execute("DELETE FROM pacs_retrieves WHERE id = ?", row["id"])
    return Answer(status=204)
