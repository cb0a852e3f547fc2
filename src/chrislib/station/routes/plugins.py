"""Plugins, their metas, parameters and compute resources."""

import json
from typing import Any

from starlette.routing import Route

from chrislib.station.context import StationContext, shown
from chrislib.station.filters import Filters
from chrislib.station.http import Answer, Call, endpoint, missing
from chrislib.station.registry import Registry
from chrislib.station.routes.core import compute_list
from chrislib.station.store import Row

_FROM = "FROM plugins p JOIN metas m ON m.id = p.meta_id WHERE"
_COLUMNS = (
    "p.*, m.name, m.title, m.public_repo, m.license, m.type, m.icon, m.category, "
    "m.authors, m.documentation"
)
_ORDER = "m.type, m.id DESC, p.creation_date DESC"


def _contains(column: str) -> str:
    return f"instr(casefold({column}), casefold(?))"


def _anywhere(*columns: str) -> str:
    return _contains(" || char(10) || ".join(columns))


_SEARCH = (
    "id",
    "name",
    "name_exact",
    "version",
    "dock_image",
    "type",
    "category",
    "min_creation_date",
    "max_creation_date",
    "title",
    "public_repo",
    "description",
    "name_title_category",
    "compute_resource_id",
    "sort",
)
_FILTERS = Filters(
    {
        "id": "p.id = ?",
        "name": _contains("m.name"),
        "name_exact": "m.name = ?",
        "version": "p.version = ?",
        "dock_image": "p.dock_image = ?",
        "type": "m.type = ?",
        "category": _contains("m.category"),
        "min_creation_date": "p.creation_date >= ?",
        "max_creation_date": "p.creation_date <= ?",
        "title": _contains("m.title"),
        "public_repo": "m.public_repo = ?",
        "description": _contains("p.description"),
        "name_title_category": _anywhere("m.name", "m.title", "m.category"),
        "compute_resource_id": "? IN (SELECT id FROM compute_resources)",
    },
    choices={"type": ("ds", "fs", "ts")},
)
_SORTS = {
    "version": "p.version",
    "-version": "p.version DESC",
    "creation_date": "p.creation_date",
    "-creation_date": "p.creation_date DESC",
}
_META_SEARCH = (
    "id",
    "name",
    "name_exact",
    "title",
    "public_repo",
    "category",
    "type",
    "authors",
    "min_creation_date",
    "max_creation_date",
    "name_title_category",
    "name_authors_category",
)
_META_FILTERS = Filters(
    {
        "id": "m.id = ?",
        "name": _contains("m.name"),
        "name_exact": "m.name = ?",
        "title": _contains("m.title"),
        "public_repo": "m.public_repo = ?",
        "category": _contains("m.category"),
        "type": "m.type = ?",
        "authors": _contains("m.authors"),
        "min_creation_date": "m.creation_date >= ?",
        "max_creation_date": "m.creation_date <= ?",
        "name_title_category": _anywhere("m.name", "m.title", "m.category"),
        "name_authors_category": _anywhere("m.name", "m.authors", "m.category"),
    },
    choices={"type": ("ds", "fs", "ts")},
)


def routes(context: StationContext) -> list[Route]:
    """Enter the plugins and return the routes of this module."""
    registry = Registry()
    registry.register(context.store)
    context.shared["registry"] = registry
    return [
        endpoint("plugins/", context, get=_list, public=True),
        endpoint("plugins/search/", context, get=_search, public=True),
        endpoint("plugins/{id:int}/", context, get=_detail, public=True),
        endpoint("plugins/{id:int}/parameters/", context, get=_parameters, public=True),
        endpoint(
            "plugins/{id:int}/computeresources/", context, get=_computes, public=True
        ),
        endpoint("plugins/parameters/{id:int}/", context, get=_parameter, public=True),
        endpoint("plugins/metas/", context, get=_metas, public=True),
        endpoint("plugins/metas/search/", context, get=_meta_search, public=True),
        endpoint("plugins/metas/{id:int}/", context, get=_meta, public=True),
        endpoint("plugins/metas/{id:int}/plugins/", context, get=_of_meta, public=True),
    ]


def show_plugin(call: Call, row: Row) -> dict[str, Any]:
    """Return a plugin as the API shows one."""
    at = f"plugins/{row['id']}/"
    body: dict[str, Any] = {
        "url": call.url(at),
        "id": row["id"],
        "creation_date": shown(row["creation_date"]),
        "name": row["name"],
        "version": row["version"],
        "dock_image": row["dock_image"],
        "public_repo": row["public_repo"],
        "icon": row["icon"],
        "type": row["type"],
        "stars": 0,
        "authors": row["authors"],
        "title": row["title"],
        "category": row["category"],
        "description": row["description"],
        "documentation": row["documentation"],
        "license": row["license"],
        "execshell": row["execshell"],
        "selfpath": row["selfpath"],
        "selfexec": row["selfexec"],
    }
    for what in ("number_of_workers", "cpu_limit", "memory_limit", "gpu_limit"):
        for end in ("min", "max"):
            body[f"{end}_{what}"] = row[f"{end}_{what}"]
    body["meta"] = call.url(f"plugins/metas/{row['meta_id']}/")
    for name, last in (
        ("parameters", "parameters"),
        ("instances", "instances"),
        ("compute_resources", "computeresources"),
    ):
        body[name] = call.url(f"{at}{last}/")
    return body


def find_plugin(call: Call) -> Row:
    """Return the plugin of the path's id; 404 without one."""
    row = call.store.row(f"SELECT {_COLUMNS} {_FROM} p.id = ?", call.ids["id"])
    if row is None:
        raise missing("Plugin")
    return row


def plugin_by_name(call: Call, name: str) -> Row | None:
    """Return the newest version of the plugin with this name."""
    query = f"SELECT {_COLUMNS} {_FROM} m.name = ? ORDER BY p.id DESC"
    return call.store.row(query, name)


def _plugins(
    call: Call, where: str, values: list[Any], order: str = _ORDER, **more: Any
) -> Answer:
    return call.query_listing(
        f"{_FROM} {where}",
        values,
        columns=_COLUMNS,
        order=order,
        show=lambda row: show_plugin(call, row),
        **more,
    )


def _list(call: Call) -> Answer:
    return _plugins(
        call,
        "1",
        [],
        search=("plugins/search/", _SEARCH),
        links={"feeds": "", "plugin_metas": "plugins/metas/"},
    )


def _search(call: Call) -> Answer:
    where, values = _FILTERS.of(call.query)
    order = _SORTS.get(call.query.get("sort", ""), _ORDER)
    return _plugins(call, where, values, order)


def _detail(call: Call) -> Answer:
    return Answer(show_plugin(call, find_plugin(call)))


def _show_parameter(call: Call, row: Row) -> dict[str, Any]:
    return {
        "url": call.url(f"plugins/parameters/{row['id']}/"),
        "id": row["id"],
        "name": row["name"],
        "type": row["type"],
        "optional": bool(row["optional"]),
        "default": json.loads(row["default_json"]),
        "flag": row["flag"],
        "short_flag": row["short_flag"],
        "action": row["action"],
        "help": row["help"],
        "ui_exposed": bool(row["ui_exposed"]),
        "plugin": call.url(f"plugins/{row['plugin_id']}/"),
    }


def _parameters(call: Call) -> Answer:
    plugin = find_plugin(call)["id"]
    return call.query_listing(
        "FROM parameters WHERE plugin_id = ?",
        [plugin],
        order="id",
        show=lambda row: _show_parameter(call, row),
        links={"plugin": f"plugins/{plugin}/"},
    )


def _parameter(call: Call) -> Answer:
    row = call.store.row("SELECT * FROM parameters WHERE id = ?", call.ids["id"])
    if row is None:
        raise missing("PluginParameter")
    return Answer(_show_parameter(call, row))


def _computes(call: Call) -> Answer:
    return compute_list(call, links={"plugin": f"plugins/{find_plugin(call)['id']}/"})


def _show_meta(call: Call, row: Row) -> dict[str, Any]:
    at = f"plugins/metas/{row['id']}/"
    return {
        "url": call.url(at),
        "id": row["id"],
        "creation_date": shown(row["creation_date"]),
        "modification_date": shown(row["modification_date"]),
        "name": row["name"],
        "title": row["title"],
        "stars": 0,
        "public_repo": row["public_repo"],
        "license": row["license"],
        "type": row["type"],
        "icon": row["icon"],
        "category": row["category"],
        "authors": row["authors"],
        "documentation": row["documentation"],
        "plugins": call.url(f"{at}plugins/"),
    }


def _meta_list(call: Call, where: str, values: list[Any], **more: Any) -> Answer:
    return call.query_listing(
        f"FROM metas m WHERE {where}",
        values,
        order="m.type, m.id DESC",
        show=lambda row: _show_meta(call, row),
        **more,
    )


def _metas(call: Call) -> Answer:
    return _meta_list(
        call,
        "1",
        [],
        search=("plugins/metas/search/", _META_SEARCH),
        links={"feeds": "", "plugins": "plugins/"},
    )


def _meta_search(call: Call) -> Answer:
    where, values = _META_FILTERS.of(call.query)
    return _meta_list(call, where, values)


def _find_meta(call: Call) -> Row:
    row = call.store.row("SELECT * FROM metas WHERE id = ?", call.ids["id"])
    if row is None:
        raise missing("PluginMeta")
    return row


def _meta(call: Call) -> Answer:
    return Answer(_show_meta(call, _find_meta(call)))


def _of_meta(call: Call) -> Answer:
    meta = _find_meta(call)["id"]
    return _plugins(call, "m.id = ?", [meta], links={"meta": f"plugins/metas/{meta}/"})
