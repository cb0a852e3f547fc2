"""Plugin instances: create, list, watch, cancel, delete."""

import json
from typing import Any

from starlette.routing import Route

from chrislib.station.context import StationContext, shown
from chrislib.station.creation import check, enter
from chrislib.station.feed_sharing import find_feed, mine
from chrislib.station.fields import check_length
from chrislib.station.filters import Filters
from chrislib.station.http import Answer, Call, endpoint, forbidden, invalid, missing
from chrislib.station.routes.plugins import find_plugin
from chrislib.station.runner import Runner
from chrislib.station.store import Row
from chrislib.station.tree import Tree

_ACTIVE = (
    "'created','waiting','copying','scheduled','started','uploading','registeringFiles'"
)
_STATUSES: tuple[str, ...] = (
    "created",
    "waiting",
    "copying",
    "scheduled",
    "started",
    "uploading",
    "registeringFiles",
    "finishedSuccessfully",
    "finishedWithError",
    "cancelled",
)
_FROM = (
    "FROM instances i JOIN plugins p ON p.id = i.plugin_id "
    "JOIN metas m ON m.id = p.meta_id JOIN users u ON u.id = i.owner_id "
    "JOIN compute_resources c ON c.id = i.compute_resource_id "
    "LEFT JOIN workflows w ON w.id = i.workflow_id "
    "LEFT JOIN pipelines x ON x.id = w.pipeline_id WHERE"
)
# a CUBE lists a node once for everybody its feed is shared with (trap 7)
_OFTEN = _FROM.replace(
    " WHERE",
    " LEFT JOIN feed_permissions su ON su.feed_id = i.feed_id AND su.group_id IS NULL "
    "LEFT JOIN feed_permissions sg ON sg.feed_id = i.feed_id AND sg.user_id IS NULL "
    "WHERE",
)
_COLUMNS = (
    "i.*, p.version AS plugin_version, m.name AS plugin_name, m.type AS plugin_type, "
    "u.username AS owner_username, c.name AS compute_resource_name, "
    "w.pipeline_id, x.name AS pipeline_name"
)
_ORDER = "i.start_date DESC, i.id DESC"
_SEARCH = (
    "id",
    "min_start_date",
    "max_start_date",
    "min_end_date",
    "max_end_date",
    "root_id",
    "previous_id",
    "title",
    "status",
    "active",
    "owner_username",
    "feed_id",
    "plugin_id",
    "plugin_name",
    "plugin_name_exact",
    "plugin_version",
    "plugin_type",
    "workflow_id",
    "deletion_status",
)
_SUBTREE = (
    "WITH RECURSIVE below(id) AS (SELECT ? UNION SELECT k.id FROM instances k "
    "JOIN below b ON k.previous_id = b.id) SELECT id FROM below"
)
_CONDITIONS = {
    "id": "i.id = ?",
    "min_start_date": "i.start_date >= ?",
    "max_start_date": "i.start_date <= ?",
    "min_end_date": "i.end_date >= ?",
    "max_end_date": "i.end_date <= ?",
    "root_id": f"i.id IN ({_SUBTREE})",
    "previous_id": "i.previous_id = ?",
    "title": "instr(casefold(i.title), casefold(?))",
    "status": "i.status = ?",
    "owner_username": "u.username = ?",
    "feed_id": "i.feed_id = ?",
    "plugin_id": "i.plugin_id = ?",
    "plugin_name": "instr(casefold(m.name), casefold(?))",
    "plugin_name_exact": "m.name = ?",
    "plugin_version": "p.version = ?",
    "plugin_type": "m.type = ?",
    "workflow_id": "i.workflow_id = ?",
    "deletion_status": "i.deletion_status = ?",
}
_FIELDS = (
    "title",
    "compute_resource_name",
    "previous_id",
    "cpu_limit",
    "memory_limit",
    "number_of_workers",
    "gpu_limit",
)


def routes(context: StationContext) -> list[Route]:
    """Start the runner and return the routes of this module."""
    runner = Runner(context)
    context.shared["runner"] = runner
    tree: Tree = context.shared["tree"]
    tree.before["instances"] = runner.forget_instance
    tree.before["feeds"] = runner.forget_feed
    context.background("runner", runner.loop)
    one = "plugins/instances/{id:int}/"
    return [
        endpoint("plugins/{id:int}/instances/", context, get=_of_plugin, post=_create),
        endpoint("plugins/instances/", context, get=_list),
        endpoint("plugins/instances/search/", context, get=_search),
        endpoint(one, context, get=_detail, put=_change, delete=_delete),
        endpoint(f"{one}descendants/", context, get=_descendants),
        endpoint(f"{one}parameters/", context, get=_parameters),
    ]


def show_instance(call: Call, row: Row, *, compact: bool = False) -> dict[str, Any]:
    """Return an instance as the API shows one, or as its feed's short list does."""
    at = f"plugins/instances/{row['id']}/"
    body: dict[str, Any] = {
        "url": call.url(at),
        "id": row["id"],
        "title": row["title"],
    }
    if row["previous_id"] is not None:
        body["previous_id"] = row["previous_id"]
    for name in (
        "compute_resource_name",
        "plugin_id",
        "plugin_name",
        "plugin_version",
        "plugin_type",
        "feed_id",
    ):
        body[name] = row[name]
    body["start_date"] = shown(row["start_date"])
    body["end_date"] = shown(row["end_date"])
    body["output_path"] = row["output_path"]
    body["status"] = row["status"]
    body["active"] = f"'{row['status']}'" in _ACTIVE
    if row["workflow_id"] is not None:
        for name in ("pipeline_id", "pipeline_name", "workflow_id"):
            body[name] = row[name]
    if not compact:
        body["summary"], body["raw"] = row["summary"], row["raw"]
    for name in (
        "owner_username",
        "cpu_limit",
        "memory_limit",
        "number_of_workers",
        "gpu_limit",
        "size",
        "error_code",
        "deletion_status",
    ):
        body[name] = row[name]
    if compact:
        body["deletion_error"] = row["deletion_error"]
        body["output_folder"] = call.url(f"filebrowser/{row['output_folder_id']}/")
        return body
    body["deletion_requested_at"] = shown(row["deletion_requested_at"])
    body["deletion_error"] = row["deletion_error"]
    above = row["previous_id"]
    body["previous"] = (
        None if above is None else call.url(f"plugins/instances/{above}/")
    )
    body["output_folder"] = call.url(f"filebrowser/{row['output_folder_id']}/")
    body["feed"] = call.url(f"{row['feed_id']}/")
    body["plugin"] = call.url(f"plugins/{row['plugin_id']}/")
    workflow = row["workflow_id"]
    body["workflow"] = (
        None if workflow is None else call.url(f"pipelines/workflows/{workflow}/")
    )
    compute = row["compute_resource_id"]
    body["compute_resource"] = call.url(f"computeresources/{compute}/")
    for name in ("descendants", "parameters", "splits"):
        body[name] = call.url(f"{at}{name}/")
    return body


def instance_list(
    call: Call,
    where: str,
    values: list[Any],
    *,
    compact: bool = False,
    often: bool = False,
    **more: Any,
) -> Answer:
    """Return the list of instances that fit `where`.

    Parameters
    ----------
    often : bool
        As the lists over all feeds: too often where a feed is shared.
    """
    order = more.pop("order", _ORDER)
    shared = "SELECT EXISTS (SELECT 1 FROM feed_permissions)"
    often = often and not call.me.is_admin and bool(call.store.value(shared))
    return call.query_listing(
        f"{_OFTEN if often else _FROM} {where}",
        values,
        columns=_COLUMNS,
        order=order,
        show=lambda row: show_instance(call, row, compact=compact),
        **more,
    )


def _visible(call: Call) -> tuple[str, list[Any]]:
    if call.me.is_admin:
        return "1", []
    seen, values = mine(call.me)
    feeds = f"SELECT x.id FROM feeds x WHERE x.public OR {seen}"
    return f"i.feed_id IN ({feeds})", values


def _list(call: Call) -> Answer:
    where, values = _visible(call)
    return instance_list(
        call,
        where,
        values,
        search=("plugins/instances/search/", _SEARCH),
        links={"plugins": "plugins/"},
        often=True,
    )


def _search(call: Call) -> Answer:
    where, values = _visible(call)
    statuses = _STATUSES
    if call.context.config.generation < 7:
        statuses = tuple(s for s in statuses if s not in ("copying", "uploading"))
    filters = Filters(_CONDITIONS, choices={"status": statuses})
    more, found = filters.of(call.query)
    # Anything but the two words lists everything, as a CUBE does.
    active = call.query.get("active", "").lower()
    if active in ("true", "false"):
        negation = "" if active == "true" else "NOT "
        more += f" AND i.status {negation}IN ({_ACTIVE})"
    return instance_list(call, f"{where} AND {more}", [*values, *found], often=True)


def _of_plugin(call: Call) -> Answer:
    plugin = find_plugin(call)
    names = call.store.rows(
        "SELECT name FROM parameters WHERE plugin_id = ? ORDER BY id", plugin["id"]
    )
    fields = [f for f in _FIELDS if f != "previous_id" or plugin["type"] != "fs"]
    where, values = _visible(call)
    at = f"plugins/{plugin['id']}/"
    return instance_list(
        call,
        f"i.plugin_id = ? AND {where}",
        [plugin["id"], *values],
        links={"plugin": at, "compute_resources": f"{at}computeresources/"},
        template=[*fields, *(row["name"] for row in names)],
    )


def load_instance(call: Call, ident: int) -> Row:
    """Return an instance the user may see; 404 or 403 without one."""
    row = call.store.row(f"SELECT {_COLUMNS} {_FROM} i.id = ?", ident)
    if row is None:
        raise missing("PluginInstance")
    if call.me.is_admin or row["owner_id"] == call.me.id:
        return row
    # what is done to a node is its owner's, also in a shared feed
    find_feed(call, ident=row["feed_id"])
    if call.method != "GET":
        raise forbidden()
    return row


def _runner(call: Call) -> Runner:
    runner: Runner = call.context.shared["runner"]
    return runner


def _create(call: Call) -> Answer:
    plugin = find_plugin(call)
    ident = enter(call, plugin, check(call, plugin))
    _runner(call).wake()
    return Answer(show_instance(call, load_instance(call, ident)), 201)


def _detail(call: Call) -> Answer:
    body = show_instance(call, load_instance(call, call.ids["id"]))
    body["template"] = {
        "data": [{"name": "title", "value": ""}, {"name": "status", "value": ""}]
    }
    return Answer(body)


def _change(call: Call) -> Answer:
    row = load_instance(call, call.ids["id"])
    title = call.data.get("title")
    if title is not None:
        check_length("title", str(title), most=100)
    status = call.data.get("status")
    if status is not None and (
        status != "cancelled"
        or row["status"] in ("finishedSuccessfully", "finishedWithError")
    ):
        text = f"Can not change status from '{row['status']}' to '{status}'."
        raise invalid("status", text)
    if title is not None:
        call.store.update("instances", row["id"], title=str(title))
    if status is not None:
        _runner(call).cancel(row["id"])
    return Answer(show_instance(call, load_instance(call, row["id"])))


def _delete(call: Call) -> Answer:
    row = load_instance(call, call.ids["id"])
    if row["plugin_type"] == "fs":
        raise forbidden()
    tree: Tree = call.context.shared["tree"]
    if tree.request_deletion("instances", row["id"]):
        return Answer(status=204)
    return Answer(show_instance(call, load_instance(call, row["id"])), 202)


def _descendants(call: Call) -> Answer:
    row = load_instance(call, call.ids["id"])
    return instance_list(call, f"i.id IN ({_SUBTREE})", [row["id"]], order="i.id")


def _parameters(call: Call) -> Answer:
    row = load_instance(call, call.ids["id"])

    def show(value: Row) -> dict[str, Any]:
        kind = value["type"]
        return {
            "url": call.url(f"plugins/{kind}-parameter/{value['id']}/"),
            "id": value["id"],
            "param_name": value["name"],
            "value": json.loads(value["value_json"]),
            "type": kind,
            "plugin_inst": call.url(f"plugins/instances/{row['id']}/"),
            "plugin_param": call.url(f"plugins/parameters/{value['parameter_id']}/"),
        }

    return call.query_listing(
        "FROM instance_values v JOIN parameters q ON q.id = v.parameter_id "
        "WHERE v.instance_id = ?",
        [row["id"]],
        columns="v.*, q.name, q.type",
        order="v.id",
        show=show,
    )
