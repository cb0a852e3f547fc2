"""From a server's instances to the nodes of a feed. Pure functions."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from chrislib.copies import maker
from chrislib.cube.types import Feed, InstanceId, PluginInstance
from chrislib.feeds.model import FeedRow, FeedView, Node
from chrislib.feeds.states import (
    ACTIVE,
    WORDS,
    count_states,
    duration,
    reason_for,
    state_of,
    states_of_feed,
)
from chrislib.jobs.model import Job, Phase
from chrislib.shown import one_line

# a feed has thousands of nodes, a server thousands of feeds
_made = maker(Node)
_row_made = maker(FeedRow)


def row_of(feed: Feed, states: Mapping[str, int] | None = None) -> FeedRow:
    """Return the list row of a feed; `states` replaces the server's counters."""
    title = feed.name
    exact = None
    if not title.isprintable():
        title, exact = one_line(title), title
    return _row_made(
        id=feed.id,
        title=title,
        owner=feed.owner_username,
        created=feed.creation_date,
        public=feed.public,
        states=states_of_feed(feed) if states is None else dict(states),
        deleting=feed.deletion_status == "pending",
        exact_title=exact,
    )


def view_of(
    feed: Feed,
    instances: Iterable[PluginInstance],
    *,
    joins: Mapping[int, tuple[int, ...]],
    jobs: Mapping[int, Job],
    copies_first: bool,
    note: str,
    now: datetime,
    checked_at: float,
    early: Mapping[InstanceId, Node] | None = None,
) -> FeedView:
    """Return a feed as one look at the server gave it.

    Parameters
    ----------
    joins : mapping of int to tuple of int
        Parents of ts nodes, as far as they are known.
    jobs : mapping of int to Job
        Jobs of ours by the instance they follow.
    copies_first : bool
        See `chrislib.feeds.states.state_of`.
    early : mapping, optional
        What `ready_node` made of the same instances.
    """
    nodes = nodes_of(
        instances,
        joins=joins,
        jobs=jobs,
        copies_first=copies_first,
        now=now,
        early=early,
    )
    return FeedView(
        row=row_of(feed, count_states(node.state for node in nodes)),
        nodes=nodes,
        note=note,
        folder_path=feed.folder_path,
        checked_at=checked_at,
    )


def nodes_of(
    instances: Iterable[PluginInstance],
    *,
    joins: Mapping[int, tuple[int, ...]],
    jobs: Mapping[int, Job],
    now: datetime,
    copies_first: bool = False,
    early: Mapping[InstanceId, Node] | None = None,
) -> tuple[Node, ...]:
    """Return nodes in the order of their ids, each instance once (trap 7).

    Parameters
    ----------
    early : mapping, optional
        What `ready_node` made of the same instances.
    """
    rows = sorted({row.id: row for row in instances}.values(), key=lambda row: row.id)
    done: dict[InstanceId, Node] = {}
    for row in rows:
        job = jobs.get(row.id)
        node = early.get(row.id) if early is not None else None
        if node is None or row.id in joins or (job and job.phase is Phase.GONE):
            parents = _parents(row, joins)
            above = [done[parent] for parent in parents if parent in done]
            state = state_of(
                row.status,
                row.error_code,
                parents=[parent.state for parent in above],
                phase=job.phase if job is not None else None,
                copies_first=copies_first,
            )
            detail = _detail(row, state, above=above, now=now)
            node = _node(row, parents, state=state, detail=detail)
        done[row.id] = node
    return tuple(done.values())


def ready_node(row: PluginInstance) -> Node | None:
    """Return the node of a run that is done, None where its state depends on others.

    So most nodes of a large feed are made while the rest of it is on its way.
    """
    if row.status != "finishedSuccessfully" or row.plugin_type == "ts":
        return None
    detail = _took(row, joined=0) or WORDS["ready"]
    return _node(row, _parents(row, {}), state="ready", detail=detail)


def _node(
    row: PluginInstance, parents: tuple[InstanceId, ...], *, state: str, detail: str
) -> Node:
    reason = reason_for(row.error_code) if row.error_code else None
    title, plugin, version = row.title, row.plugin_name, row.plugin_version
    exact_title = exact_plugin = None
    if not (title + plugin + version).isprintable():
        exact_title, exact_plugin = title, plugin
        title, plugin, version = one_line(title), one_line(plugin), one_line(version)
    # in the order of the fields of `Node`: names of them cost as much as all the rest
    return _made(
        row.id,
        title,
        row.plugin_id,
        plugin,
        version,
        row.plugin_type,
        parents,
        state,
        detail,
        row.output_path,
        row.start_date,
        None if row.active else row.end_date,
        row.compute_resource_name,
        row.error_code,
        f"{reason.text} {reason.hint}" if reason is not None else "",
        exact_title,
        exact_plugin,
    )


def _parents(
    row: PluginInstance, joins: Mapping[int, tuple[int, ...]]
) -> tuple[InstanceId, ...]:
    first = () if row.previous_id is None else (row.previous_id,)
    if row.id not in joins:
        return first
    others = tuple(InstanceId(parent) for parent in joins.get(row.id, ()))
    return tuple(dict.fromkeys((*first, *others)))


def _detail(
    row: PluginInstance, state: str, *, above: list[Node], now: datetime
) -> str:
    """Return the second line of a graph node."""
    if state in {"queued", "preparing"}:
        return _waits(row, state, above)
    if state == "running":
        if row.status != "started":
            return one_line(row.status)
        if row.start_date is None:
            return WORDS["running"]
        return f"Running {duration((now - row.start_date).total_seconds())}"
    if state == "failed":
        reason = reason_for(row.error_code)
        return reason.short if reason is not None else WORDS["failed"]
    if state == "upstream":
        bad = [p for p in above if p.state not in ACTIVE and p.state != "ready"]
        return f"{bad[0].plugin_name} {_ENDED[bad[0].state]}" if bad else WORDS[state]
    took = _took(row, joined=len(above)) if state == "ready" else ""
    return took or WORDS[state]


def _waits(row: PluginInstance, state: str, above: Sequence[Node]) -> str:
    """Return what a node waits for: one state has several reasons, and one color."""
    if row.status == "scheduled":
        where = one_line(row.compute_resource_name)
        return f"Handed over to {where}" if where else "Handed over"
    if row.status == "copying":
        return "Copying its input"
    names = [parent.plugin_name for parent in above if parent.state in ACTIVE]
    if row.status == "waiting" and names:
        more = f" and {len(names) - 1} more" if len(names) > 1 else ""
        return f"Waits for {names[0]}{more}"
    return "Waits for its turn" if row.status == "waiting" else WORDS[state]


def _took(row: PluginInstance, *, joined: int) -> str:
    """Return how long a run took, "" where the server does not say."""
    if row.start_date is None or row.end_date is None:
        return ""
    words = f"Join of {joined} · " if joined > 1 else "Ready · "
    return words + duration((row.end_date - row.start_date).total_seconds())


_ENDED = {
    "failed": "failed",
    "cancelled": "was cancelled",
    "upstream": "was stopped",
    "errors": "ended with an error",
    "gone": "is gone",
}


def descendants(nodes: Iterable[Node], root: int) -> tuple[Node, ...]:
    """Return a node and everything after it, in the order of their ids."""
    reached: set[int] = {root}
    found = []
    for node in sorted(nodes, key=lambda node: node.id):
        if node.id in reached or reached.intersection(node.parents):
            reached.add(node.id)
            found.append(node)
    return tuple(found)


def to_cancel(nodes: Iterable[Node], root: int) -> int:
    """Return how many nodes a cancel of `root` takes along, itself included."""
    return sum(1 for node in descendants(nodes, root) if node.state in ACTIVE)


@dataclass(frozen=True, slots=True)
class Stop:
    """What a cancel of several nodes stops.

    `tops` are to be cancelled, what goes with another of them left out; `nodes` all
    that stop, each once; `below` those of each top, by its id.
    """

    tops: tuple[Node, ...]
    nodes: tuple[Node, ...]
    below: Mapping[int, frozenset[int]]


def plan_cancel(nodes: Sequence[Node], chosen: Iterable[int]) -> Stop:
    """Return what cancelling some nodes of a feed stops; ended ones are left alone."""
    wanted = set(chosen)
    tops: list[Node] = []
    below: dict[int, frozenset[int]] = {}
    stopped: set[int] = set()
    # a node comes after its parents: what goes with another one is known by then
    for node in sorted(nodes, key=lambda node: node.id):
        number = int(node.id)
        if number not in wanted or number in stopped or node.state not in ACTIVE:
            continue
        going = (one for one in descendants(nodes, number) if one.state in ACTIVE)
        tops.append(node)
        below[number] = frozenset(int(one.id) for one in going)
        stopped |= below[number]
    found = tuple(node for node in nodes if int(node.id) in stopped)
    return Stop(tuple(tops), found, below)
