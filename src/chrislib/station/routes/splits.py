"""Splits: one filtered copy of an instance's output for each expression."""

from typing import Any

from starlette.routing import Route

from chrislib.station.context import StationContext, shown
from chrislib.station.creation import check, enter
from chrislib.station.fields import check_length
from chrislib.station.http import Answer, Call, endpoint, invalid, missing
from chrislib.station.routes.instances import load_instance
from chrislib.station.routes.plugins import plugin_by_name
from chrislib.station.store import Row

_TABLE = """
CREATE TABLE IF NOT EXISTS splits (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    creation_date TEXT NOT NULL,
    filter TEXT NOT NULL,
    instance_id INTEGER NOT NULL REFERENCES instances(id) ON DELETE CASCADE,
    created_ids TEXT NOT NULL
);
"""
_COPY = "pl-topologicalcopy"
_MAX_FILTER = 600


def routes(context: StationContext) -> list[Route]:
    """Return the routes of this module."""
    context.store.add_schema(_TABLE)
    at = "plugins/instances/{id:int}/splits/"
    return [
        endpoint(at, context, get=_list, post=_create),
        endpoint("plugins/instances/splits/{id:int}/", context, get=_detail),
    ]


def _show(call: Call, row: Row) -> dict[str, Any]:
    return {
        "url": call.url(f"plugins/instances/splits/{row['id']}/"),
        "id": row["id"],
        "creation_date": shown(row["creation_date"]),
        "filter": row["filter"],
        "plugin_inst_id": row["instance_id"],
        "created_plugin_inst_ids": row["created_ids"],
        "plugin_inst": call.url(f"plugins/instances/{row['instance_id']}/"),
    }


def _list(call: Call) -> Answer:
    ident = load_instance(call, call.ids["id"])["id"]
    return call.query_listing(
        "FROM splits WHERE instance_id = ?",
        [ident],
        order="id DESC",
        show=lambda row: _show(call, row),
        links={"plugin_inst": f"plugins/instances/{ident}/"},
        template=("filter", "compute_resource_name"),
    )


def _create(call: Call) -> Answer:
    ident = load_instance(call, call.ids["id"])["id"]
    given = str(call.data.get("filter") or "")
    check_length("filter", given, most=_MAX_FILTER)
    plugin = plugin_by_name(call, _COPY)
    if plugin is None:
        text = f"Couldn't find any version of plugin '{_COPY}'."
        raise invalid("non_field_errors", text)
    compute = call.data.get("compute_resource_name")
    made: list[int] = []
    with call.store.transaction():
        for one in given.split(","):
            call.data = {
                "previous_id": ident,
                "plugininstances": str(ident),
                "filter": one.strip(),
                "compute_resource_name": compute,
            }
            made.append(enter(call, plugin, check(call, plugin)))
        split = call.store.insert(
            "splits",
            creation_date=call.store.now(),
            filter=given,
            instance_id=ident,
            created_ids=",".join(map(str, made)),
        )
    row = call.store.row("SELECT * FROM splits WHERE id = ?", split)
    assert row is not None
    return Answer(_show(call, row), 201)


def _detail(call: Call) -> Answer:
    row = call.store.row("SELECT * FROM splits WHERE id = ?", call.ids["id"])
    if row is None:
        raise missing("PluginInstanceSplit")
    load_instance(call, row["instance_id"])
    return Answer(_show(call, row))
