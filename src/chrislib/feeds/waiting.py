"""Why a node does not go on: what it waits for, or what stopped it. Pure."""

from collections.abc import Mapping, Sequence

from chrislib.feeds.model import Node
from chrislib.feeds.states import ACTIVE, WORDS
from chrislib.feeds.text import plain

_FEW = 3


def waits(
    node: Node,
    status: str,
    siblings: Sequence[Node],
    *,
    on_compute: bool = False,
    registered: int | None = None,
) -> str:
    """Return why a node does not go on just now, "" where nothing holds it.

    Parameters
    ----------
    status : str
        As the server sends it (cube-api 7.3).
    siblings : sequence of Node
        The nodes of its feed.
    on_compute : bool
        It stands in the queue of its compute resource.
    registered : int, optional
        Files the server has entered so far; it never says how many there will be.
    """
    by_id = {int(row.id): row for row in siblings}
    if node.state == "upstream":
        return _stopped_by(node, by_id)
    if node.state not in ACTIVE:
        return ""
    where = plain(node.compute) or "the compute resource"
    if on_compute:
        return (
            f"It was handed to {where} and waits in the queue there."
            f"{_beside(node, siblings)} How long that queue is, the server does not "
            "say."
        )
    above = [by_id[parent] for parent in node.parents if parent in by_id]
    open_ = [row for row in above if row.state in ACTIVE]
    if node.state == "queued" and open_:
        names = ", ".join(f"{_name(row)} ({_state(row)})" for row in open_[:_FEW])
        more = len(open_) - _FEW
        rest = f" and {more} more" if more > 0 else ""
        return f"It waits for {names}{rest}; it starts when that is ready."
    if status == "scheduled":
        # a server that copies first has done so by then
        here = "Its input files are there. " if node.state == "preparing" else ""
        return (
            f"{here}It was handed to a worker of the server and waits for {where}."
            f"{_beside(node, siblings)}"
        )
    if node.state == "queued":
        return "What it needs is ready. The server takes it up at its next turn."
    if node.state == "preparing":
        return f"Its input files are copied to {where}; then it starts."
    if node.state == "registering":
        so_far = ""
        if registered is not None:
            files = "1 file is" if registered == 1 else f"{registered:,} files are"
            so_far = f" {files} there so far."
        return (
            f"The server enters its files in the database.{so_far} It does not say how "
            "many are left."
        )
    return ""


def _beside(node: Node, siblings: Sequence[Node]) -> str:
    """Say how many others of its feed are where a node waits, "" for none.

    The server calls "started" what runs there and what waits in the queue there.
    """
    others = sum(
        row.state == "running" and row.compute == node.compute
        for row in siblings
        if node.compute and row.id != node.id
    )
    if not others:
        return ""
    if others == 1:
        return " 1 more node of this feed runs or waits there."
    return f" {others:,} more nodes of this feed run or wait there."


def _stopped_by(node: Node, by_id: Mapping[int, Node]) -> str:
    """Name the nodes above a node that were the first to stop."""
    first: list[Node] = []
    seen = {int(node.id)}
    ahead = list(node.parents)
    while ahead:
        row = by_id.get(ahead.pop())
        if row is None or int(row.id) in seen:
            continue
        seen.add(int(row.id))
        if row.state == "upstream":
            ahead.extend(row.parents)
        elif row.state not in ACTIVE and row.state != "ready":
            first.append(row)
    if not first:
        return ""
    row = min(first, key=lambda row: row.id)
    why = row.detail if row.state == "failed" and row.detail else _state(row)
    return (
        f"{_name(row)}, node {row.id}, is why: {plain(why).lower()}. "
        "Run that one again first, then this."
    )


def _name(row: Node) -> str:
    return plain(f"{row.plugin_name} {row.plugin_version}")


def _state(row: Node) -> str:
    return WORDS[row.state].lower()
