"""Workflows: runs of a pipeline under an instance."""

from typing import Any

from starlette.routing import Route

from chrislib.station.context import StationContext, shown
from chrislib.station.filters import Filters
from chrislib.station.http import (
    Answer,
    Call,
    as_template,
    endpoint,
    forbidden,
    missing,
)
from chrislib.station.pipelines import start_workflow
from chrislib.station.routes.feeds import counts
from chrislib.station.routes.instances import instance_list
from chrislib.station.routes.pipelines import find_pipeline
from chrislib.station.runner import Runner
from chrislib.station.store import Row

_FROM = (
    "FROM workflows w JOIN users u ON u.id = w.owner_id "
    "JOIN pipelines x ON x.id = w.pipeline_id WHERE"
)
_COLUMNS = "w.*, u.username AS owner_username, x.name AS pipeline_name"
_SEARCH = ("id", "title", "pipeline_name", "owner_username")
_FILTERS = Filters(
    {
        "id": "w.id = ?",
        "title": "instr(casefold(w.title), casefold(?))",
        "pipeline_name": "instr(casefold(x.name), casefold(?))",
        "owner_username": "u.username = ?",
    }
)
_FIELDS = ("previous_plugin_inst_id", "title", "nodes_info")


def routes(context: StationContext) -> list[Route]:
    """Return the routes of this module."""
    one = "pipelines/workflows/{id:int}/"
    return [
        endpoint(
            "pipelines/{id:int}/workflows/", context, get=_of_pipeline, post=_create
        ),
        endpoint("pipelines/workflows/", context, get=_list),
        endpoint("pipelines/workflows/search/", context, get=_search),
        endpoint(one, context, get=_detail, put=_change, delete=_delete),
        endpoint(f"{one}plugininstances/", context, get=_instances),
    ]


def _show(call: Call, row: Row, *, fresh: bool = False) -> dict[str, Any]:
    at = f"pipelines/workflows/{row['id']}/"
    numbers = counts(call, "workflow_id", row["id"])
    return {
        "url": call.url(at),
        "id": row["id"],
        "creation_date": shown(row["creation_date"]),
        "title": row["title"],
        "pipeline_id": row["pipeline_id"],
        "pipeline_name": row["pipeline_name"],
        "owner_username": row["owner_username"],
        # The answer to the POST counts before there is anything to count.
        **{name: 0 if fresh else number for name, number in numbers.items()},
        "pipeline": call.url(f"pipelines/{row['pipeline_id']}/"),
        "plugin_instances": call.url(f"{at}plugininstances/"),
    }


def _listing(call: Call, where: str, values: list[Any], **more: Any) -> Answer:
    if not call.me.is_admin:
        where, values = f"w.owner_id = ? AND {where}", [call.me.id, *values]
    return call.query_listing(
        f"{_FROM} {where}",
        values,
        columns=_COLUMNS,
        order="w.creation_date DESC, w.id DESC",
        show=lambda row: _show(call, row),
        **more,
    )


def _list(call: Call) -> Answer:
    return _listing(
        call,
        "1",
        [],
        search=("pipelines/workflows/search/", _SEARCH),
        links={"pipelines": "pipelines/"},
    )


def _search(call: Call) -> Answer:
    return _listing(call, *_FILTERS.of(call.query))


def _of_pipeline(call: Call) -> Answer:
    ident = find_pipeline(call)["id"]
    links = {"pipeline": f"pipelines/{ident}/"}
    return _listing(call, "w.pipeline_id = ?", [ident], links=links, template=_FIELDS)


def _create(call: Call) -> Answer:
    call.ids["workflow"] = start_workflow(call, find_pipeline(call))
    _runner(call).wake()
    call.ids["id"] = call.ids["workflow"]
    return Answer(_show(call, _find(call), fresh=True), 201)


def _find(call: Call) -> Row:
    row = call.store.row(f"SELECT {_COLUMNS} {_FROM} w.id = ?", call.ids["id"])
    if row is None:
        raise missing("Workflow")
    if not call.me.is_admin and row["owner_id"] != call.me.id:
        raise forbidden()
    return row


def _detail(call: Call) -> Answer:
    body = _show(call, _find(call))
    return Answer({**body, "template": as_template(("title",))})


def _change(call: Call) -> Answer:
    row = _find(call)
    if "title" in call.data:
        title = str(call.data["title"])[:100]
        call.store.update("workflows", row["id"], title=title)
    return Answer(_show(call, _find(call)))


def _delete(call: Call) -> Answer:
    row = _find(call)
    for instance in call.store.rows(
        "SELECT id FROM instances WHERE workflow_id = ? ORDER BY id", row["id"]
    ):
        _runner(call).cancel(instance["id"])
    with call.store.transaction():
        call.store.execute(
            "UPDATE instances SET workflow_id = NULL WHERE workflow_id = ?", row["id"]
        )
        call.store.execute("DELETE FROM workflows WHERE id = ?", row["id"])
    return Answer(status=204)


def _instances(call: Call) -> Answer:
    ident = _find(call)["id"]
    return instance_list(call, "i.workflow_id = ?", [ident])


def _runner(call: Call) -> Runner:
    runner: Runner = call.context.shared["runner"]
    return runner
