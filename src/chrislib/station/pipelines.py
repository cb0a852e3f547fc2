"""Pipelines: what a tree of plugins may be, and runs of one under an instance."""

import copy
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from chrislib.station.creation import amount, check, enter
from chrislib.station.fields import REQUIRED
from chrislib.station.http import Call, invalid
from chrislib.station.store import Row

LIMITS = ("cpu_limit", "memory_limit", "number_of_workers", "gpu_limit")
TABLE = """
CREATE TABLE IF NOT EXISTS piping_limits (
    piping_id INTEGER NOT NULL REFERENCES pipings(id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    value INTEGER NOT NULL,
    PRIMARY KEY (piping_id, name)
) WITHOUT ROWID;
"""
"""What a node may use where its pipeline says so; else its plugin's least."""


@dataclass(frozen=True, slots=True)
class Node:
    """One node of a tree that was asked for."""

    plugin: Row
    title: str
    previous: str | None
    defaults: Mapping[str, Any]
    limits: Mapping[str, int] = field(default_factory=dict)


def read_tree(call: Call, given: Any) -> list[Node]:
    """Return the nodes of a ``plugin_tree``, parents first (reads the database).

    Raises
    ------
    ApiError
        400: not a string of JSON, an unknown plugin, no or several roots, a title
        twice, a parent that is not there.
    """
    wrong = invalid("plugin_tree", f"Invalid tree list in {given}")
    if not isinstance(given, str):
        raise wrong
    try:
        nodes = json.loads(given)
    except ValueError:
        raise wrong from None
    if not isinstance(nodes, list) or not nodes:
        raise wrong
    read = [_node(call, node) for node in nodes if isinstance(node, dict)]
    titles = [node.title for node in read]
    if len(read) < len(nodes) or len(set(titles)) < len(titles):
        raise wrong
    if [node.previous for node in read].count(None) != 1:
        raise invalid("plugin_tree", f"Couldn't find the root of the tree in {given}")
    return _parents_first(read, wrong)


def _node(call: Call, node: Mapping[str, Any]) -> Node:
    plugin = _plugin(call, node)
    defaults = node.get("plugin_parameter_defaults") or []
    if not isinstance(defaults, list):
        raise invalid("plugin_tree", f"Invalid defaults in {node}")
    previous = node.get("previous")
    return Node(
        plugin,
        str(node.get("title") or plugin["name"])[:100],
        None if previous is None else str(previous),
        {str(d["name"]): d.get("default") for d in defaults if "name" in d},
        _limits(call, node),
    )


def _limits(call: Call, given: Mapping[str, Any]) -> dict[str, int]:
    """Return the limits of a node; 6.x takes no notice of them, without a word."""
    if call.context.config.generation < 7:
        return {}
    wanted = {name: given[name] for name in LIMITS if given.get(name) is not None}
    return {name: amount(name, value) for name, value in wanted.items()}


def _plugin(call: Call, node: Mapping[str, Any]) -> Row:
    select = (
        "SELECT p.*, m.name, m.type FROM plugins p JOIN metas m ON m.id = p.meta_id "
        "WHERE "
    )
    if "plugin_id" in node:
        row = call.store.row(f"{select} p.id = ?", node["plugin_id"])
    else:
        row = call.store.row(
            f"{select} m.name = ? AND p.version = ?",
            node.get("plugin_name", ""),
            node.get("plugin_version", ""),
        )
    if row is None or row["type"] == "fs":
        text = f"Couldn't find any 'ds' or 'ts' plugin for node {dict(node)}."
        raise invalid("plugin_tree", text)
    return row


def _parents_first(nodes: list[Node], wrong: Exception) -> list[Node]:
    placed: list[Node] = []
    left = list(nodes)
    while left:
        known = {node.title for node in placed}
        ready = [n for n in left if n.previous is None or n.previous in known]
        if not ready:
            raise wrong
        placed += ready
        left = [node for node in left if node not in ready]
    return placed


def enter_pipeline(call: Call, fields: Mapping[str, Any], nodes: list[Node]) -> int:
    """Enter a pipeline with its pipings and defaults (writes the database)."""
    store, now = call.store, call.store.now()
    with store.transaction():
        ident = store.insert(
            "pipelines",
            creation_date=now,
            modification_date=now,
            owner_id=call.me.id,
            **fields,
        )
        pipings: dict[str, int] = {}
        for node in nodes:
            piping = store.insert(
                "pipings",
                pipeline_id=ident,
                plugin_id=node.plugin["id"],
                previous_id=None if node.previous is None else pipings[node.previous],
                title=node.title,
            )
            pipings[node.title] = piping
            _enter_defaults(call, piping, node)
            for name, value in node.limits.items():
                store.insert("piping_limits", piping_id=piping, name=name, value=value)
    return ident


def _enter_defaults(call: Call, piping: int, node: Node) -> None:
    for parameter in call.store.rows(
        "SELECT * FROM parameters WHERE plugin_id = ? ORDER BY id", node.plugin["id"]
    ):
        own = json.loads(parameter["default_json"]) if parameter["optional"] else None
        call.store.insert(
            "piping_values",
            piping_id=piping,
            parameter_id=parameter["id"],
            value_json=json.dumps(node.defaults.get(parameter["name"], own)),
        )


def nodes_of_instance(call: Call, ident: Any) -> list[Node]:
    """Return the subtree of an instance as a tree of its own (reads the database).

    Raises
    ------
    ApiError
        400: no such ds instance, or titles that are empty or repeat.
    """
    store = call.store
    select = (
        "SELECT i.*, m.type, m.name AS plugin_name FROM instances i "
        "JOIN plugins p ON p.id = i.plugin_id JOIN metas m ON m.id = p.meta_id WHERE "
    )
    root = store.row(f"{select} i.id = ?", ident)
    if root is None or root["type"] != "ds":
        text = f"Couldn't find any 'ds' plugin instance with id {ident}."
        raise invalid("plugin_inst_id", text)
    found, level = [root], [root["id"]]
    while level:
        marks = ",".join("?" * len(level))
        below = store.rows(f"{select} i.previous_id IN ({marks}) ORDER BY i.id", *level)
        found += below
        level = [row["id"] for row in below]
    titles = {row["id"]: row["title"] for row in found}
    if "" in titles.values() or len(set(titles.values())) < len(titles):
        text = "Titles of the instances must be unique and not empty."
        raise invalid("plugin_inst_id", text)
    return [_as_node(call, row, titles) for row in found]


def _as_node(call: Call, row: Row, titles: Mapping[int, str]) -> Node:
    given = call.store.rows(
        "SELECT q.name, v.value_json FROM instance_values v "
        "JOIN parameters q ON q.id = v.parameter_id WHERE v.instance_id = ?",
        row["id"],
    )
    values = {one["name"]: json.loads(one["value_json"]) for one in given}
    plugin = _plugin(call, {"plugin_id": row["plugin_id"]})
    above = titles.get(row["previous_id"])
    return Node(plugin, row["title"], above, values, _limits(call, dict(row)))


def start_workflow(call: Call, pipeline: Row) -> int:
    """Enter a workflow and all its instances, or nothing (writes the database).

    Raises
    ------
    ApiError
        400: no previous instance, bad ``nodes_info``, a parameter without value.
    """
    store = call.store
    previous = call.data.get("previous_plugin_inst_id")
    if previous in (None, ""):
        raise invalid("previous_plugin_inst_id", REQUIRED)
    if store.row("SELECT 1 FROM instances WHERE id = ?", previous) is None:
        text = f"Couldn't find any 'previous' plugin instance with id {previous}."
        raise invalid("previous_plugin_inst_id", text)
    info = _nodes_info(call.data.get("nodes_info", "[]"))
    pipings = store.rows(
        "SELECT * FROM pipings WHERE pipeline_id = ? ORDER BY id", pipeline["id"]
    )
    with store.transaction():
        ident = store.insert(
            "workflows",
            creation_date=store.now(),
            title=str(call.data.get("title") or pipeline["name"])[:100],
            pipeline_id=pipeline["id"],
            owner_id=call.me.id,
        )
        made: dict[int, int] = {}
        by_title: dict[str, int] = {}
        for piping in pipings:
            above = made.get(piping["previous_id"], previous)
            instance = _enter_node(
                call, piping, info.get(piping["id"], {}), above=above, titles=by_title
            )
            store.update("instances", instance, workflow_id=ident)
            made[piping["id"]] = by_title[piping["title"]] = instance
    return ident


def _nodes_info(given: Any) -> dict[int, Mapping[str, Any]]:
    try:
        nodes = json.loads(given)
        return {int(node["piping_id"]): node for node in nodes}
    except (TypeError, ValueError, KeyError):
        raise invalid("nodes_info", f"Invalid nodes list in {given}") from None


def _enter_node(
    call: Call,
    piping: Row,
    info: Mapping[str, Any],
    *,
    above: Any,
    titles: Mapping[str, int],
) -> int:
    plugin = _plugin(call, {"plugin_id": piping["plugin_id"]})
    given = {d["name"]: d["default"] for d in info.get("plugin_parameter_defaults", ())}
    values: dict[str, Any] = {}
    for row in call.store.rows(
        "SELECT q.name, v.value_json FROM piping_values v "
        "JOIN parameters q ON q.id = v.parameter_id WHERE v.piping_id = ?",
        piping["id"],
    ):
        value = given.get(row["name"], json.loads(row["value_json"]))
        if value is None:
            text = f"Parameter '{row['name']}' of '{piping['title']}' has no value."
            raise invalid("nodes_info", text)
        values[row["name"]] = value
    if plugin["type"] == "ts" and values.get("plugininstances"):
        # A pipeline names the parents of a join by their titles.
        names = str(values["plugininstances"]).split(",")
        values["plugininstances"] = ",".join(
            str(titles.get(name.strip(), name)) for name in names
        )
    values = {name: value for name, value in values.items() if value != ""}
    one = copy.copy(call)
    own = call.store.rows(
        "SELECT name, value FROM piping_limits WHERE piping_id = ?", piping["id"]
    )
    place = info.get("compute_resource_name")
    one.data = {
        **values,
        **{row["name"]: row["value"] for row in own},
        **_limits(call, info),
        **({} if place is None else {"compute_resource_name": place}),
        "title": info.get("title") or piping["title"],
        "previous_id": above,
    }
    return enter(one, plugin, check(one, plugin))
