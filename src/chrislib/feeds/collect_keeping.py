"""The last table of each recipe, as text that the next start reads again. Pure."""

import hashlib
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any, Protocol

from chrislib.cube.types import InstanceId, StoragePath
from chrislib.feeds.collect_model import Row, Source, Table, Wanted
from chrislib.feeds.collect_values import Value
from chrislib.feeds.model import Node, OutputEntry

_log = logging.getLogger(__name__)

KEYS = "feeds.collected"
"""Under this key stand the keys of all tables that are kept."""
MOST_KEPT = 12
_LIMIT = 4_000_000
"""Characters; a larger table is collected anew the next time."""
_VERSION = 1


class Kept(Protocol):
    """The part of the catalog's key-value table this needs."""

    async def get(self, key: str) -> str | None:
        """Return a text, or None (disk)."""

    async def set(self, key: str, value: str) -> None:
        """Keep a text (disk)."""

    async def delete(self, key: str) -> None:
        """Forget a text (disk)."""


def kept_key(server: str, wanted: Wanted) -> str:
    """Return the key of a recipe's last table."""
    parts = [server, wanted.plugin, wanted.place, wanted.pattern]
    if wanted.each != "file":
        parts.append(wanted.each)
    recipe = json.dumps(parts)
    return f"{KEYS}/" + hashlib.sha256(recipe.encode()).hexdigest()[:32]


def keys_of(text: str | None) -> list[str]:
    """Return the keys of what is kept, the oldest first."""
    try:
        found = json.loads(text or "[]")
    except ValueError:
        return []
    listed = found if isinstance(found, list) else []
    return [one for one in listed if isinstance(one, str)]


def keys_text(keys: Sequence[str]) -> str:
    """Return keys as text for `keys_of`."""
    return json.dumps(list(keys))


def to_text(table: Table) -> str:
    """Return a table as text, "" when it is too large to be kept."""
    text = json.dumps(
        {
            "version": _VERSION,
            "wanted": asdict(table.wanted),
            "feeds": table.feed_ids,
            "server": table.server,
            "at": table.collected_at,
            "rows": [_row(row) for row in table.rows],
        }
    )
    return text if len(text) <= _LIMIT else ""


def from_text(text: str) -> Table | None:
    """Return the table of a text, None for what is not one (any more)."""
    if not text:
        return None
    try:
        found = json.loads(text)
        if found["version"] != _VERSION:
            return None
        return Table(
            wanted=Wanted(**found["wanted"]),
            feed_ids=tuple(found["feeds"]),
            server=found["server"],
            rows=tuple(_row_back(row) for row in found["rows"]),
            collected_at=found["at"],
        )
    except (ValueError, KeyError, TypeError, IndexError):
        _log.info("a kept table could not be read")
        return None


def _row(row: Row) -> dict[str, Any]:
    source, node, file = row.source, row.source.node, row.file
    return {
        "source": [source.feed_id, source.feed_title, source.subject, source.problem],
        "node": None if node is None else _node(node),
        "subject": row.subject,
        "file": None if file is None else asdict(file),
        "values": {
            name: [value.text, value.number, value.unit]
            for name, value in row.values.items()
        },
        "problem": row.problem,
        "note": row.note,
        "line": row.line,
    }


def _row_back(row: Mapping[str, Any]) -> Row:
    feed_id, title, subject, problem = row["source"]
    node = None if row["node"] is None else _node_back(row["node"])
    file = row["file"]
    return Row(
        source=Source(feed_id, title, subject, node, problem),
        subject=row["subject"],
        file=None
        if file is None
        else OutputEntry(**{**file, "path": StoragePath(file["path"]), "children": ()}),
        values={name: Value(*value) for name, value in row["values"].items()},
        problem=row["problem"],
        note=row["note"],
        line=row.get("line", 0),
    )


def _node(node: Node) -> dict[str, Any]:
    return asdict(node) | {
        "started": _written(node.started),
        "ended": _written(node.ended),
    }


def _node_back(found: Mapping[str, Any]) -> Node:
    return Node(
        **{
            **found,
            "id": InstanceId(found["id"]),
            "parents": tuple(InstanceId(one) for one in found["parents"]),
            "started": _read(found["started"]),
            "ended": _read(found["ended"]),
        }
    )


def _written(at: datetime | None) -> str:
    return "" if at is None else at.isoformat()


def _read(text: str) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
