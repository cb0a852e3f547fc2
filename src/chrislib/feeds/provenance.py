"""What came from what: a node with everything before it, as a card, text or JSON.

The JSON is version 1 of its own schema. Nodes are in the order they ran::

    {"schema": "chrislib.node-provenance/1", "node": int, "feed": int,
     "feed_title": str, "made_at": ISO, "server": {"name", "url", "uuid", "user"},
     "nodes": [{
       "node": int, "title": str, "inputs": [int], "state": str, "error_code": str,
       "plugin": {"name", "version", "type", "image", "authors", "license"},
       "values": {flag: str}, "defaults": {flag: str},
       "compute": {"resource": str, "cpu_millicores", "memory_mib", "gpu", "workers"},
       "started": ISO|null, "ended": ISO|null, "started_by": str, "output": str}],
     "jobs": {…}}

``jobs`` is the export of the job manager (`chrislib.jobs.outputs.provenance`) for the
runs that are followed here: their histories and the checksums of what was fetched.
Times are UTC. Secrets never get into it; without `names`, titles and storage paths,
which may name a patient, are left out.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from chrislib.aio import several
from chrislib.cube.types import Plugin
from chrislib.feeds.closely import CloseLooks
from chrislib.feeds.details import default_values, given_values
from chrislib.feeds.limits import UNLIMITED
from chrislib.feeds.model import FeedView, Node
from chrislib.feeds.server import FeedServer
from chrislib.feeds.states import WORDS, duration
from chrislib.feeds.text import plain

SCHEMA = "chrislib.node-provenance/1"
_AT_ONCE = 4
_LEFT_OUT = "[left out]"
Value = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Origin:
    """One run: what it was made with, and what it took.

    `paths` are the flags whose values are storage paths.
    """

    node: Node
    image: str = ""
    plugin_title: str = ""
    authors: str = ""
    license: str = ""
    values: tuple[Value, ...] = ()
    defaults: tuple[Value, ...] = ()
    paths: frozenset[str] = frozenset()
    cpu: int = 0
    """Millicores; 0 of this and the three below where no limit is known."""
    memory: int = 0
    """MiB."""
    gpu: int = 0
    workers: int = 0
    owner: str = ""


@dataclass(frozen=True, slots=True)
class Card:
    """A node and all it came from, in the order the nodes were made."""

    node: Node
    feed_id: int
    feed_title: str
    server: str
    url: str
    uuid: str
    user: str
    made_at: datetime
    origins: tuple[Origin, ...]


def ancestors(nodes: Sequence[Node], node: Node) -> tuple[Node, ...]:
    """Return a node and everything it came from, in the order of their ids."""
    by_id = {int(row.id): row for row in nodes}
    found: dict[int, Node] = {}
    ahead = [int(node.id)]
    while ahead:
        number = ahead.pop()
        row = by_id.get(number)
        if row is not None and number not in found:
            found[number] = row
            ahead.extend(int(parent) for parent in row.parents)
    return tuple(found[number] for number in sorted(found))


class FeedProvenance:
    """Asks for what a card needs.

    Parameters
    ----------
    closely : CloseLooks
        Keeps what was asked before.
    """

    def __init__(self, server: FeedServer, closely: CloseLooks) -> None:
        self._client = server.client
        self._now = server.now
        self._closely = closely

    async def card(self, view: FeedView, node: Node) -> Card:
        """Return where a node's result comes from (network)."""
        client = self._client()
        chain = ancestors(view.nodes, node)
        origins = await several(chain, self._origin, at_once=_AT_ONCE)
        told = client.server
        return Card(
            node=node,
            feed_id=int(view.row.id),
            feed_title=view.row.title,
            server=plain(told.name) if told is not None else "",
            url=client.base_url,
            uuid=told.uuid if told is not None else "",
            user=client.username,
            made_at=self._now().astimezone(UTC),
            origins=tuple(origins),
        )

    async def _origin(self, row: Node) -> Origin:
        instance = await self._client().instances.get(row.id)
        values = await self._closely.values(int(row.id))
        parameters = await self._closely.parameters(row.plugin_id)
        plugin = await self._closely.plugin(row.plugin_id)
        ran = self._closely.ran(int(row.id))
        return Origin(
            node=row,
            image=ran.image or _image(plugin),
            plugin_title=plain(plugin.title) if plugin is not None else "",
            authors=plain(plugin.authors) if plugin is not None else "",
            license=plain(plugin.license) if plugin is not None else "",
            values=given_values(values, parameters),
            defaults=default_values(values, parameters),
            paths=frozenset(
                p.flag or p.name for p in parameters if p.type in {"path", "unextpath"}
            ),
            cpu=_limit(instance.cpu_limit),
            memory=_limit(instance.memory_limit),
            gpu=_limit(instance.gpu_limit),
            workers=_limit(instance.number_of_workers),
            owner=plain(instance.owner_username),
        )


def without_names(card: Card) -> Card:
    """Return a card without titles and storage paths, which may name a patient."""
    return replace(
        card,
        feed_title="",
        node=_nameless(card.node),
        origins=tuple(
            replace(
                one,
                node=_nameless(one.node),
                values=tuple(
                    (flag, _LEFT_OUT if flag in one.paths else value)
                    for flag, value in one.values
                ),
            )
            for one in card.origins
        ),
    )


def to_json(card: Card, jobs: Mapping[str, Any] | None = None) -> str:
    """Return a card as JSON text; `jobs` is the export of the job manager."""
    data: dict[str, Any] = {
        "schema": SCHEMA,
        "node": int(card.node.id),
        "feed": card.feed_id,
        "feed_title": plain(card.feed_title),
        "made_at": _iso(card.made_at),
        "server": {
            "name": card.server,
            "url": card.url,
            "uuid": card.uuid,
            "user": card.user,
        },
        "nodes": [_node_json(one) for one in card.origins],
    }
    if jobs is not None:
        data["jobs"] = jobs
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def to_text(card: Card) -> str:
    """Return a card as plain text."""
    node = card.node
    title = f", “{plain(card.feed_title)}”" if card.feed_title else ""
    head = [
        f"Provenance of {_name(node)}, node {node.id}",
        f"Feed {card.feed_id}{title}",
        f"Server {card.server or 'ChRIS'} {card.url} ({card.uuid}), user {card.user}",
        f"Written {card.made_at:%Y-%m-%d %H:%M:%S} UTC",
    ]
    parts = ["\n".join(head)]
    for number, one in enumerate(card.origins, 1):
        lines = [f"{number}. {_name(one.node)}, node {one.node.id}"]
        lines += [f"   {label:<12}{value}" for label, value in rows_of(one)]
        parts.append("\n".join(lines))
    return "\n\n".join(parts) + "\n"


def rows_of(one: Origin) -> list[Value]:
    """Return a run as labels and values, as card and text show it."""
    node = one.node
    inputs = ", ".join(f"node {parent}" for parent in node.parents)
    rows = [
        ("Title", plain(node.title)),
        ("Input", inputs or "what its values name"),
        ("Image", one.image),
    ]
    rows += [("Value", " ".join(pair).strip()) for pair in one.values]
    if one.defaults:
        rows.append(
            ("Defaults", ", ".join(f"{flag} {value}" for flag, value in one.defaults))
        )
    rows += [
        ("Compute", compute_of(one)),
        ("Time", times_of(node)),
        ("Started by", one.owner),
        (
            "State",
            WORDS[node.state] + (f" ({node.error_code})" if node.error_code else ""),
        ),
        ("Output", str(node.output_path)),
    ]
    return [(label, value) for label, value in rows if value]


def compute_of(one: Origin) -> str:
    """Return where a run computed, and within what limits."""
    parts = [plain(one.node.compute)]
    if one.cpu:
        parts.append(f"{one.cpu / 1000:g} CPU")
    if one.memory:
        parts.append(f"{one.memory:,} MiB")
    if one.gpu:
        parts.append(f"{one.gpu} GPU")
    if one.workers > 1:
        parts.append(f"{one.workers} workers")
    return " · ".join(part for part in parts if part)


def times_of(node: Node) -> str:
    """Return when a run began and ended, UTC."""
    if node.started is None:
        return ""
    began = node.started.astimezone(UTC)
    if node.ended is None:
        return f"{began:%Y-%m-%d %H:%M:%S} UTC, not ended"
    long = (node.ended - node.started).total_seconds()
    ended = node.ended.astimezone(UTC)
    day = "" if ended.date() == began.date() else f"{ended:%Y-%m-%d} "
    return f"{began:%Y-%m-%d %H:%M:%S} to {day}{ended:%H:%M:%S} UTC ({duration(long)})"


def _nameless(node: Node) -> Node:
    return replace(node, title="", output_path=type(node.output_path)(""))


def _node_json(one: Origin) -> dict[str, Any]:
    node = one.node
    return {
        "node": int(node.id),
        "title": plain(node.title),
        "inputs": [int(parent) for parent in node.parents],
        "state": node.state,
        "error_code": node.error_code,
        "plugin": {
            "name": plain(node.plugin_name),
            "version": plain(node.plugin_version),
            "type": node.plugin_type,
            "image": one.image,
            "authors": one.authors,
            "license": one.license,
        },
        "values": dict(one.values),
        "defaults": dict(one.defaults),
        "compute": {
            "resource": plain(node.compute),
            "cpu_millicores": one.cpu or None,
            "memory_mib": one.memory or None,
            "gpu": one.gpu or None,
            "workers": one.workers or None,
        },
        "started": _iso(node.started),
        "ended": _iso(node.ended),
        "started_by": one.owner,
        "output": str(node.output_path),
    }


def _name(node: Node) -> str:
    return plain(f"{node.plugin_name} {node.plugin_version}")


def _image(plugin: Plugin | None) -> str:
    return plain(plugin.dock_image) if plugin is not None else ""


def _limit(value: int) -> int:
    return value if 0 < value < UNLIMITED else 0


def _iso(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(UTC).isoformat(timespec="seconds")
