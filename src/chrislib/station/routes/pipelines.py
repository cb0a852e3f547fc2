"""Pipelines: trees of plugins that are kept to be run again."""

import json
from typing import Any

from starlette.routing import Route

from chrislib.station.context import StationContext, shown
from chrislib.station.fields import REQUIRED
from chrislib.station.filters import Filters
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
from chrislib.station.pipelines import (
    LIMITS,
    TABLE,
    enter_pipeline,
    nodes_of_instance,
    read_tree,
)
from chrislib.station.routes.plugins import show_plugin
from chrislib.station.store import Row

_FROM = "FROM pipelines x JOIN users u ON u.id = x.owner_id WHERE"
_COLUMNS = "x.*, u.username AS owner_username"
_SEARCH = (
    "id",
    "owner_username",
    "name",
    "name_exact",
    "category",
    "description",
    "authors",
    "min_creation_date",
    "max_creation_date",
)
_FILTERS = Filters(
    {
        "id": "x.id = ?",
        "owner_username": "u.username = ?",
        "name": "instr(casefold(x.name), casefold(?))",
        "name_exact": "x.name = ?",
        "category": "instr(casefold(x.category), casefold(?))",
        "description": "instr(casefold(x.description), casefold(?))",
        "authors": "instr(casefold(x.authors), casefold(?))",
        "min_creation_date": "x.creation_date >= ?",
        "max_creation_date": "x.creation_date <= ?",
    }
)
_SOURCES = (
    "id",
    "min_creation_date",
    "max_creation_date",
    "fname",
    "fname_exact",
    "fname_icontains",
    "pipeline_id",
    "pipeline_name",
    "uploader_username",
)
_TEXTS = ("authors", "category", "description")
_FIELDS = ("name", *_TEXTS, "locked", "plugin_tree", "plugin_inst_id")


def routes(context: StationContext) -> list[Route]:
    """Return the routes of this module."""
    context.store.add_schema(TABLE)
    one = "pipelines/{id:int}/"
    return [
        endpoint("pipelines/", context, get=_list, post=_create),
        endpoint("pipelines/search/", context, get=_search),
        endpoint("pipelines/sourcefiles/", context, get=_sources),
        endpoint("pipelines/sourcefiles/search/", context, get=_no_sources),
        endpoint(one, context, get=_detail, put=_change, delete=_delete),
        endpoint(f"{one}pipings/", context, get=_pipings),
        endpoint(f"{one}parameters/", context, get=_parameters),
        endpoint(f"{one}plugins/", context, get=_plugins),
        endpoint(f"{one}json/", context, get=_json),
        endpoint("pipelines/pipings/{id:int}/", context, get=_piping),
    ]


def find_pipeline(call: Call, *, write: bool = False) -> Row:
    """Return the pipeline of the path; 404 for one that is locked by somebody else."""
    row = call.store.row(f"SELECT {_COLUMNS} {_FROM} x.id = ?", call.ids["id"])
    if row is None:
        raise missing("Pipeline")
    own = call.me.is_admin or row["owner_id"] == call.me.id
    if not own and (row["locked"] or write):
        raise forbidden() if write else missing("Pipeline")
    return row


def _show(call: Call, row: Row) -> dict[str, Any]:
    at = f"pipelines/{row['id']}/"
    return {
        "url": call.url(at),
        "id": row["id"],
        "name": row["name"],
        "locked": bool(row["locked"]),
        **{name: row[name] for name in _TEXTS},
        "owner_username": row["owner_username"],
        "creation_date": shown(row["creation_date"]),
        "modification_date": shown(row["modification_date"]),
        "plugins": call.url(f"{at}plugins/"),
        "plugin_pipings": call.url(f"{at}pipings/"),
        "default_parameters": call.url(f"{at}parameters/"),
        "workflows": call.url(f"{at}workflows/"),
        "json_repr": call.url(f"{at}json/"),
    }


def _listing(call: Call, where: str, values: list[Any], **more: Any) -> Answer:
    if not call.me.is_admin:
        where = f"(x.locked = 0 OR x.owner_id = ?) AND {where}"
        values = [call.me.id, *values]
    return call.query_listing(
        f"{_FROM} {where}",
        values,
        columns=_COLUMNS,
        order="x.creation_date DESC, x.id DESC",
        show=lambda row: _show(call, row),
        **more,
    )


def _list(call: Call) -> Answer:
    return _listing(
        call,
        "1",
        [],
        search=("pipelines/search/", _SEARCH),
        links={"plugins": "plugins/"},
        template=_FIELDS,
    )


def _search(call: Call) -> Answer:
    return _listing(call, *_FILTERS.of(call.query))


def _create(call: Call) -> Answer:
    name = str(call.data.get("name") or "")
    if not name:
        raise invalid("name", REQUIRED)
    if call.data.get("plugin_tree") not in (None, ""):
        nodes = read_tree(call, call.data["plugin_tree"])
    elif call.data.get("plugin_inst_id") not in (None, ""):
        nodes = nodes_of_instance(call, call.data["plugin_inst_id"])
    else:
        text = (
            "At least one of the fields 'plugin_tree' or 'plugin_inst_id' must be "
            "provided."
        )
        raise ApiError(400, {"non_field_errors": [text]})
    taken = call.store.value("SELECT 1 FROM pipelines WHERE name = ?", name)
    if taken is not None:
        if call.context.config.generation < 7:
            raise TypeError("a name that is taken")  # answers 500, as 6.x does
        raise invalid("name", f"Pipeline with name {name} already exists.")
    fields: dict[str, Any] = {t: str(call.data.get(t) or "") for t in _TEXTS}
    locked = call.data.get("locked", True) not in (False, "false", "False", "0", 0)
    ident = enter_pipeline(call, {**fields, "name": name, "locked": locked}, nodes)
    call.ids["id"] = ident
    return Answer(_show(call, find_pipeline(call)), 201)


def _detail(call: Call) -> Answer:
    body = _show(call, find_pipeline(call))
    names = ("name", *_TEXTS, "locked") if body["locked"] else ("name", *_TEXTS)
    return Answer({**body, "template": as_template(names)})


def _change(call: Call) -> Answer:
    row = find_pipeline(call, write=True)
    fields: dict[str, Any] = {
        name: str(call.data[name]) for name in ("name", *_TEXTS) if name in call.data
    }
    if "locked" in call.data and row["locked"]:
        fields["locked"] = call.data["locked"] not in (False, "false", "False")
    if fields:
        now = call.store.now()
        call.store.update("pipelines", row["id"], **fields, modification_date=now)
    return Answer(_show(call, find_pipeline(call)))


def _delete(call: Call) -> Answer:
    row = find_pipeline(call, write=True)
    with call.store.transaction():
        call.store.execute(
            "UPDATE instances SET workflow_id = NULL WHERE workflow_id IN "
            "(SELECT id FROM workflows WHERE pipeline_id = ?)",
            row["id"],
        )
        call.store.execute("DELETE FROM pipelines WHERE id = ?", row["id"])
    return Answer(status=204)


_PIPINGS = (
    "FROM pipings g JOIN plugins p ON p.id = g.plugin_id "
    "JOIN metas m ON m.id = p.meta_id WHERE"
)
_PIPING_COLUMNS = ", ".join(
    (
        "g.*, m.name AS plugin_name, p.version AS plugin_version",
        *(
            f"coalesce((SELECT l.value FROM piping_limits l WHERE l.piping_id = g.id "
            f"AND l.name = '{name}'), p.min_{name}) AS {name}"
            for name in LIMITS
        ),
    )
)


def _show_piping(call: Call, row: Row) -> dict[str, Any]:
    body: dict[str, Any] = {
        "url": call.url(f"pipelines/pipings/{row['id']}/"),
        "id": row["id"],
    }
    above = row["previous_id"]
    if above is not None:
        body["previous_id"] = above
    for name in ("title", "plugin_id", "plugin_name", "plugin_version", "pipeline_id"):
        body[name] = row[name]
    if call.context.config.generation >= 7:
        body |= {name: row[name] for name in LIMITS}
    body["previous"] = (
        None if above is None else call.url(f"pipelines/pipings/{above}/")
    )
    body["plugin"] = call.url(f"plugins/{row['plugin_id']}/")
    body["pipeline"] = call.url(f"pipelines/{row['pipeline_id']}/")
    return body


def _pipings(call: Call) -> Answer:
    ident = find_pipeline(call)["id"]
    return call.query_listing(
        f"{_PIPINGS} g.pipeline_id = ?",
        [ident],
        columns=_PIPING_COLUMNS,
        order="g.id",
        show=lambda row: _show_piping(call, row),
        links={"pipeline": f"pipelines/{ident}/"},
    )


def _piping(call: Call) -> Answer:
    row = call.store.row(
        f"SELECT {_PIPING_COLUMNS} {_PIPINGS} g.id = ?", call.ids["id"]
    )
    if row is None:
        raise missing("PluginPiping")
    call.ids["id"] = row["pipeline_id"]
    find_pipeline(call)
    return Answer(_show_piping(call, row))


def _parameters(call: Call) -> Answer:
    ident = find_pipeline(call)["id"]
    limits = LIMITS if call.context.config.generation >= 7 else ()

    def show(row: Row) -> dict[str, Any]:
        kind, piping = row["type"], row["piping_id"]
        return {
            "url": call.url(f"pipelines/{kind}-parameter/{row['value_id']}/"),
            "id": row["value_id"],
            "value": json.loads(row["value_json"]),
            "type": kind,
            "plugin_piping_id": piping,
            "plugin_piping_title": row["title"],
            **{f"plugin_piping_{name}": row[name] for name in limits},
            "previous_plugin_piping_id": row["previous_id"],
            "param_name": row["param_name"],
            "param_id": row["parameter_id"],
            "plugin_piping": call.url(f"pipelines/pipings/{piping}/"),
            "plugin_name": row["plugin_name"],
            "plugin_version": row["plugin_version"],
            "plugin_id": row["plugin_id"],
            "plugin_param": call.url(f"plugins/parameters/{row['parameter_id']}/"),
        }

    return call.query_listing(
        "FROM piping_values v JOIN parameters q ON q.id = v.parameter_id "
        "JOIN pipings g ON g.id = v.piping_id JOIN plugins p ON p.id = g.plugin_id "
        "JOIN metas m ON m.id = p.meta_id WHERE g.pipeline_id = ?",
        [ident],
        columns=f"{_PIPING_COLUMNS}, v.*, v.id AS value_id, q.name AS param_name, "
        "q.type",
        order="v.id",
        show=show,
    )


def _plugins(call: Call) -> Answer:
    ident = find_pipeline(call)["id"]
    return call.query_listing(
        f"{_PIPINGS} g.pipeline_id = ?",
        [ident],
        columns="p.*, m.*, p.id, p.creation_date, g.id AS piping",
        order="piping",
        show=lambda row: show_plugin(call, row),
        links={"pipeline": f"pipelines/{ident}/"},
    )


def _json(call: Call) -> Answer:
    row = find_pipeline(call)
    tree = []
    titles: dict[int, str] = {}
    for piping in call.store.rows(
        "SELECT * FROM pipings WHERE pipeline_id = ? ORDER BY id", row["id"]
    ):
        titles[piping["id"]] = piping["title"]
        values = call.store.rows(
            "SELECT q.name, v.value_json FROM piping_values v "
            "JOIN parameters q ON q.id = v.parameter_id WHERE v.piping_id = ?",
            piping["id"],
        )
        tree.append(
            {
                "plugin_id": piping["plugin_id"],
                "previous": titles.get(piping["previous_id"]),
                "title": piping["title"],
                "plugin_parameter_defaults": [
                    {"name": v["name"], "default": json.loads(v["value_json"])}
                    for v in values
                ],
            }
        )
    body = {
        "url": call.url(f"pipelines/{row['id']}/"),
        "name": row["name"],
        "locked": bool(row["locked"]),
        **{name: row[name] for name in _TEXTS},
        "plugin_tree": json.dumps(tree),
    }
    return Answer(body)


def _sources(call: Call) -> Answer:
    # Files of pipelines cannot be uploaded to the station: there are never any.
    return call.listing(0, [], search=("pipelines/sourcefiles/search/", _SOURCES))


def _no_sources(call: Call) -> Answer:
    return call.listing(0, [])
