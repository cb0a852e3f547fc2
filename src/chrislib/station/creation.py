"""Making an instance: what may be asked for, and what is entered in the database."""

import json
import math
import re
from dataclasses import dataclass, field
from typing import Any

from chrislib.station.access import PathError, input_path
from chrislib.station.feed_sharing import may_write
from chrislib.station.fields import BLANK, REQUIRED, check_length
from chrislib.station.http import ApiError, Call, invalid
from chrislib.station.reports import Reporter
from chrislib.station.store import Row

_ACTIVE = (
    "created",
    "waiting",
    "copying",
    "scheduled",
    "started",
    "uploading",
    "registeringFiles",
)
_LIMITS = ("cpu_limit", "memory_limit", "number_of_workers", "gpu_limit")
_TEXT = {"string": 600, "path": 16_000, "unextpath": 16_000}


@dataclass(slots=True)
class Wish:
    """A valid request for an instance."""

    title: str
    previous: Row | None
    compute: int
    limits: dict[str, int]
    values: list[tuple[Row, Any]] = field(default_factory=list)


def check(call: Call, plugin: Row) -> Wish:
    """Return what is asked for (reads the database).

    Raises
    ------
    ApiError
        400 in the words of the API.
    """
    title = call.data.get("title")
    title = "" if title is None else str(title)
    check_length("title", title, most=100)
    wish = Wish(
        title=title,
        previous=None,
        compute=_compute(call, plugin),
        limits={name: _limit(call, plugin, name) for name in _LIMITS},
    )
    wish.previous = _previous(call, plugin)
    given = call.store.rows(
        "SELECT * FROM parameters WHERE plugin_id = ? ORDER BY id", plugin["id"]
    )
    for parameter in given:
        name = parameter["name"]
        if name not in call.data:
            if not parameter["optional"]:
                raise invalid(name, REQUIRED)
            continue
        value = _value(call, parameter, call.data[name])
        wish.values.append((parameter, value))
    if plugin["type"] == "ts":
        _check_parents(call, wish)
    return wish


def _compute(call: Call, plugin: Row) -> int:
    name = call.data.get("compute_resource_name") or "host"
    found = call.store.value("SELECT id FROM compute_resources WHERE name = ?", name)
    if found is None:
        text = (
            f"Plugin '{plugin['name']}' with version '{plugin['version']}' has not "
            f"been registered with compute resource '{name}'."
        )
        raise invalid("compute_resource_name", text)
    return int(found)


_UNITS = {
    "cpu_limit": (r"(\d+)m", {"": 1}, "CPU format incorrect. Format is xm"),
    "memory_limit": (
        r"(\d+)(Mi|Gi)",
        {"Mi": 1, "Gi": 1024},
        "Memory format incorrect. Format is xMi or xGi",
    ),
}


def _limit(call: Call, plugin: Row, name: str) -> int:
    least, most = int(plugin[f"min_{name}"]), int(plugin[f"max_{name}"])
    if name not in call.data:
        return least
    given = call.data[name]
    if given is None:
        if call.context.config.generation < 7 and name in _UNITS:
            raise TypeError("a limit that is null")  # answers 500, as 6.x does
        return least
    value = amount(name, given)
    if not least <= value <= most:
        raise invalid(name, "This field value is out of range.")
    return value


def amount(name: str, given: Any) -> int:
    """Return millicores, MiB or a number; a 400 for what is none.

    Raises
    ------
    ApiError
        In the words of the API.
    """
    if not isinstance(given, bool) and re.fullmatch(r"\d+", str(given)):
        return int(given)
    if name not in _UNITS:
        raise invalid(name, "A valid integer is required.")
    pattern, factors, words = _UNITS[name]
    match = re.fullmatch(pattern, str(given))
    if match is None:
        raise invalid(name, f"{words} where x is an integer.")
    unit = match.group(2) if len(match.groups()) > 1 else ""
    return int(match.group(1)) * factors[unit]


def _previous(call: Call, plugin: Row) -> Row | None:
    if plugin["type"] == "fs":
        return None
    given = call.data.get("previous_id")
    if not given:
        raise invalid("previous_id", REQUIRED)
    row = _instance(call, given)
    if row is None:
        text = f"Couldn't find any 'previous' plugin instance with id {given}."
        raise invalid("previous_id", text)
    feed = call.store.row("SELECT * FROM feeds WHERE id = ?", row["feed_id"])
    if feed is None or not may_write(call.store, call.me, feed):
        text = f"Not allowed to write to feed for previous instance with id {given}."
        raise invalid("previous_id", text)
    return row


def _instance(call: Call, given: Any) -> Row | None:
    try:
        ident = int(given)
    except (TypeError, ValueError):
        return None
    return call.store.row("SELECT * FROM instances WHERE id = ?", ident)


def _value(call: Call, parameter: Row, given: Any) -> Any:
    if given is None:
        raise invalid("value", "This field may not be null.")
    kind = parameter["type"]
    if kind == "boolean":
        if given in (True, False, "true", "True", "false", "False", "1", "0", 1, 0):
            return given in (True, "true", "True", "1", 1)
        raise invalid("value", "Must be a valid boolean.")
    if kind == "integer":
        return _integer(given)
    if kind == "float":
        return _float(given)
    if isinstance(given, bool) or not isinstance(given, str | int | float):
        raise invalid("value", "Not a valid string.")
    text = str(given)
    if kind == "string":
        text = text.strip()
    check_length("value", text, most=_TEXT[kind])
    if kind == "string":
        return text
    if not text.strip():
        raise invalid("value", BLANK)
    try:
        return ",".join(input_path(call.store, call.me, p) for p in text.split(","))
    except PathError as error:
        raise invalid("value", str(error)) from None


def _integer(given: Any) -> int:
    if not isinstance(given, list | dict) and re.fullmatch(
        r"\s*[+-]?\d+(\.0*)?\s*", str(given)
    ):
        return int(float(given)) if "." in str(given) else int(given)
    raise invalid("value", "A valid integer is required.")


def _float(given: Any) -> float:
    try:
        value = float(given)
    except (TypeError, ValueError):
        raise invalid("value", "A valid number is required.") from None
    if not math.isfinite(value):
        raise invalid("value", "A valid number is required.")
    return value


def _check_parents(call: Call, wish: Wish) -> None:
    """Check the list of parents of a ts plugin."""
    assert wish.previous is not None
    for position, (parameter, value) in enumerate(wish.values):
        if parameter["name"] != "plugininstances" or not value:
            continue
        idents = [part.strip() for part in str(value).split(",")]
        if str(wish.previous["id"]) not in idents:
            text = (
                f"Previous instance id '{wish.previous['id']}' must be included in "
                "the 'plugininstances' list for a non-empty list."
            )
            raise invalid("value", text)
        for ident in idents:
            row = _instance(call, ident)
            if row is None:
                text = f"Couldn't find any plugin instance with id {ident}."
                raise invalid("value", text)
            if row["feed_id"] != wish.previous["feed_id"]:
                text = f"Plugin instance with id {ident} is not in this feed."
                raise invalid("value", text)
        wish.values[position] = (parameter, ",".join(idents))


def parents_of(wish: Wish) -> list[int]:
    """Return the ids of all instances that must have finished first."""
    if wish.previous is None:
        return []
    for parameter, value in wish.values:
        if parameter["name"] == "plugininstances" and value:
            return [int(part) for part in str(value).split(",")]
    return [int(wish.previous["id"])]


def first_status(statuses: list[str], *, generation: int) -> str:
    """Return the status of an instance whose parents have these."""
    if any(s in ("cancelled", "finishedWithError") for s in statuses):
        return "cancelled"
    if any(s in _ACTIVE for s in statuses):
        return "waiting"
    return "copying" if generation >= 7 else "scheduled"


def enter(call: Call, plugin: Row, wish: Wish) -> int:
    """Enter the instance, and its feed if it is a root (writes the database)."""
    store, me = call.store, call.me
    generation = call.context.config.generation
    with store.transaction():
        now = store.now()
        parents = parents_of(wish)
        marks = ",".join("?" * len(parents))
        statuses = [
            row["status"]
            for row in store.rows(
                f"SELECT status FROM instances WHERE id IN ({marks})", *parents
            )
        ]
        if len(statuses) < len(set(parents)):
            raise ApiError(400, {"previous_id": ["The instance was deleted."]})
        if wish.previous is None:
            feed, above = _new_feed(call, wish.title or plugin["name"], now)
        else:
            feed = wish.previous["feed_id"]
            above = wish.previous["output_path"].removesuffix("/data")
        status = first_status(statuses, generation=generation)
        ident = store.insert(
            "instances",
            title=wish.title,
            previous_id=None if wish.previous is None else wish.previous["id"],
            feed_id=feed,
            plugin_id=plugin["id"],
            compute_resource_id=wish.compute,
            owner_id=me.id,
            start_date=now,
            end_date=now,
            output_path="",
            output_folder_id=0,
            status=status,
            summary=Reporter(generation).created(),
            **wish.limits,
        )
        output = f"{above}/{plugin['name']}_{ident}/data"
        folder = store.ensure_folder(output, me.username)
        store.update("instances", ident, output_path=output, output_folder_id=folder)
        for parameter, value in wish.values:
            store.insert(
                "instance_values",
                instance_id=ident,
                parameter_id=parameter["id"],
                value_json=json.dumps(value),
            )
    return ident


def _new_feed(call: Call, name: str, now: str) -> tuple[int, str]:
    store, me = call.store, call.me
    feed = store.insert(
        "feeds",
        creation_date=now,
        modification_date=now,
        name=name,
        owner_id=me.id,
        folder_id=0,
        folder_path="",
    )
    path = f"home/{me.username}/feeds/feed_{feed}"
    folder = store.ensure_folder(path, me.username)
    store.update("feeds", feed, folder_path=path, folder_id=folder)
    return feed, path
