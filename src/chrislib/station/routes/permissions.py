"""Permissions of folders, files and link files: lists, grants, changes, revokes."""

from typing import Any

from starlette.routing import Route

from chrislib.station import sharing
from chrislib.station.context import StationContext
from chrislib.station.fields import REQUIRED
from chrislib.station.http import (
    Answer,
    ApiError,
    Call,
    as_template,
    endpoint,
    forbidden,
    invalid,
    missing,
)
from chrislib.station.store import Row
from chrislib.station.whom import Whom

_BASE = {
    "folder": "filebrowser",
    "file": "filebrowser/files",
    "link": "filebrowser/linkfiles",
}
_MODELS = {"folder": "Folder", "file": "File", "link": "LinkFile"}
_WORDS = {"folder": "folder", "file": "file", "link": "link file"}
_NAMES = {"folder": "folder", "file": "file", "link": "link_file"}
_RIGHTS = ("r", "w")


def routes(context: StationContext) -> list[Route]:
    """Return the routes of this module."""
    found: list[Route] = []
    for kind in _BASE:
        for whom in ("user", "group"):
            found += _Family(kind, whom).routes(context)
    return found


class _Family:
    """The four endpoints of one kind of thing and of users, or of groups."""

    def __init__(self, kind: str, whom: str) -> None:
        self._kind = kind
        self._whom = whom
        self._who = Whom(whom)
        self._shown = "user_username" if whom == "user" else "group_name"

    def routes(self, context: StationContext) -> list[Route]:
        """Return the routes of this family."""
        base, name = _BASE[self._kind], f"{self._whom}permissions/"
        return [
            endpoint(
                f"{base}/{{id:int}}/{name}", context, get=self._list, post=self._grant
            ),
            endpoint(f"{base}/{{id:int}}/{name}search/", context, get=self._search),
            endpoint(
                f"{base}/{name}{{id:int}}/",
                context,
                get=self._detail,
                put=self._change,
                delete=self._revoke,
            ),
        ]

    def _thing(self, call: Call, ident: int, *, write: bool) -> Row:
        table = sharing.KIND_TABLES[self._kind]
        row = call.store.row(f"SELECT * FROM {table} WHERE id = ?", ident)
        if row is None:
            raise missing(f"Chris{_MODELS[self._kind]}")
        mine = call.me.is_admin or row["owner_id"] == call.me.id
        if not mine and (write or not sharing.is_granted(call.store, call.me, row)):
            raise forbidden()
        return row

    def _rows(self, call: Call, thing: Row, more: str, *values: Any) -> Answer:
        at = f"{_BASE[self._kind]}/{thing['id']}/"
        search = f"{at}{self._whom}permissions/search/"
        query = more or "1"
        return call.query_listing(
            "FROM permissions p LEFT JOIN users u ON u.id = p.user_id "
            "LEFT JOIN groups g ON g.id = p.group_id "
            f"WHERE p.kind = ? AND p.thing_id = ? AND p.{self._who.column} IS NOT NULL "
            f"AND {query}",
            [self._kind, thing["id"], *values],
            order="p.id",
            columns="p.*, u.username, g.name AS group_name",
            show=lambda row: self._show(call, row, thing),
            search=None if more else (search, ("id", self._who.searched)),
            links=None if more else {_NAMES[self._kind]: at},
            template=None if more else (self._who.field, "permission"),
        )

    def _list(self, call: Call) -> Answer:
        return self._rows(call, self._thing(call, call.ids["id"], write=False), "")

    def _search(self, call: Call) -> Answer:
        thing = self._thing(call, call.ids["id"], write=False)
        more, values = self._who.search(call)
        return self._rows(call, thing, more, *values)

    def _grant(self, call: Call) -> Answer:
        thing = self._thing(call, call.ids["id"], write=True)
        name = self._who.named(call)
        ident = self._who.find(call, name)
        right = self._right(call, required=False)
        known = call.store.value(
            f"SELECT id FROM permissions WHERE kind = ? AND thing_id = ? "
            f"AND {self._who.column} = ?",
            self._kind,
            thing["id"],
            ident,
        )
        if known is not None:
            text = (
                f"{self._whom.capitalize()} '{name}' already has a permission to "
                f"access {_WORDS[self._kind]} with id {thing['id']}"
            )
            raise invalid("non_field_errors", text)
        made = sharing.grant(
            call.store, thing, self._who.column, ident=ident, permission=right
        )
        return Answer(self._show(call, self._by_id(call, made), thing), 201)

    def _right(self, call: Call, *, required: bool) -> str:
        if "permission" not in call.data:
            if required:
                raise invalid("permission", REQUIRED)
            return "r"
        right = str(call.data["permission"])
        if right not in _RIGHTS:
            raise invalid("permission", f'"{right}" is not a valid choice.')
        return right

    def _by_id(self, call: Call, ident: int) -> Row:
        row = call.store.row(
            "SELECT p.*, u.username, g.name AS group_name FROM permissions p "
            "LEFT JOIN users u ON u.id = p.user_id "
            "LEFT JOIN groups g ON g.id = p.group_id "
            f"WHERE p.id = ? AND p.kind = ? AND p.{self._who.column} IS NOT NULL",
            ident,
            self._kind,
        )
        if row is None:
            model = f"{_MODELS[self._kind]}{self._whom.capitalize()}Permission"
            raise ApiError(404, {"detail": f"No {model} matches the given query."})
        return row

    def _detail(self, call: Call) -> Answer:
        row = self._by_id(call, call.ids["id"])
        thing = self._thing(call, row["thing_id"], write=False)
        body = self._show(call, row, thing)
        body["template"] = as_template(("permission",))
        return Answer(body)

    def _change(self, call: Call) -> Answer:
        row = self._by_id(call, call.ids["id"])
        thing = self._thing(call, row["thing_id"], write=True)
        right = self._right(call, required=True)
        sharing.grant(
            call.store,
            thing,
            self._who.column,
            ident=row[self._who.column],
            permission=right,
        )
        return Answer(self._show(call, self._by_id(call, row["id"]), thing))

    def _revoke(self, call: Call) -> Answer:
        row = self._by_id(call, call.ids["id"])
        thing = self._thing(call, row["thing_id"], write=True)
        sharing.revoke(call.store, row, thing)
        return Answer(status=204)

    def _show(self, call: Call, row: Row, thing: Row) -> dict[str, Any]:
        at = f"{_BASE[self._kind]}/{self._whom}permissions/{row['id']}/"
        name, path = _NAMES[self._kind], sharing.PATHS[self._kind]
        held = row["username"] if self._whom == "user" else row["group_name"]
        return {
            "url": call.url(at),
            "id": row["id"],
            "permission": row["permission"],
            f"{name}_id": thing["id"],
            f"{name}_{path}": thing[path],
            f"{self._whom}_id": row[self._who.column],
            self._shown: held,
            name: call.url(f"{_BASE[self._kind]}/{thing['id']}/"),
            self._whom: call.url(f"{self._whom}s/{row[self._who.column]}/"),
        }
