"""A pipeline as it is written down, before a server has it. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from chrislib.cube.types import LIMITS

Value = str | int | float | bool | None
JOIN = "plugininstances"
"""The parameter in which a join names its parents: titles, in a pipeline."""
NAME_LIMIT = 100


@dataclass(frozen=True, slots=True)
class DraftNode:
    """One node: a plugin in a version, where it hangs, and what it is given.

    Attributes
    ----------
    previous : str or None
        Title of the node it hangs under, None at the top.
    defaults : mapping
        Values by parameter name; None has to be given when it is run.
    texts : mapping
        The same as they were written: 007 is a text for a parameter of type string.
    limits : mapping
        See `chrislib.cube.types.LIMITS`.
    line : int
        Where it stands in its file, 0 for nowhere.
    """

    title: str
    plugin: str
    version: str
    previous: str | None = None
    defaults: Mapping[str, Value] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)
    limits: Mapping[str, int] = field(default_factory=dict)
    line: int = 0

    @property
    def joins(self) -> tuple[str, ...]:
        """Titles of the nodes a join takes; the one it hangs under included."""
        text = str(self.defaults.get(JOIN) or "")
        return tuple(part.strip() for part in text.split(",") if part.strip())


@dataclass(frozen=True, slots=True)
class PipelineDraft:
    """A pipeline that may be made on a server."""

    name: str
    nodes: tuple[DraftNode, ...]
    authors: str = ""
    category: str = ""
    description: str = ""
    locked: bool = True
    """Only its owner sees it; once that is over it stays so."""

    @property
    def facts(self) -> dict[str, object]:
        """What is sent beside name and tree."""
        return {
            "authors": self.authors,
            "category": self.category,
            "description": self.description,
            "locked": self.locked,
        }

    def tree(self) -> list[dict[str, object]]:
        """Return the nodes as ``plugin_tree`` holds them, parents first."""
        return [_sent(node) for node in parents_first(self.nodes)]


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a pipeline, and where.

    Attributes
    ----------
    line : int
        Line of the file, 0 where none is known.
    node : str
        Title of the node, "" for the pipeline as a whole.
    """

    message: str
    node: str = ""
    line: int = 0

    @property
    def where(self) -> str:
        """Return "Line 12, node “second”"."""
        parts = [f"line {self.line}" if self.line else ""]
        parts.append(f"node “{self.node}”" if self.node else "")
        words = ", ".join(part for part in parts if part)
        return words[:1].upper() + words[1:]


def tree_problems(nodes: Sequence[DraftNode]) -> list[Problem]:
    """Return what keeps nodes from being one tree."""
    found = []
    if not nodes:
        return [Problem("There are no nodes in plugin_tree.")]
    titles: dict[str, DraftNode] = {}
    for node in nodes:
        if node.title in titles:
            before = titles[node.title].line
            at = f" in line {before}" if before else ""
            found.append(
                Problem(
                    f"Another node{at} has the same title. Titles tell nodes apart.",
                    node.title,
                    node.line,
                )
            )
        titles.setdefault(node.title, node)
    roots = [node for node in nodes if node.previous is None]
    if len(roots) != 1:
        what = "No node stands" if not roots else f"{len(roots)} nodes stand"
        last = roots[-1] if roots else None
        found.append(
            Problem(
                f"{what} at the top. Exactly one has no “previous”.",
                last.title if last is not None else "",
                last.line if last is not None else 0,
            )
        )
    for node in nodes:
        for above in (node.previous, *node.joins):
            if above is not None and above not in titles:
                found.append(
                    Problem(f"There is no node “{above}”.", node.title, node.line)
                )
    if not found:
        placed = {node.title for node in parents_first(nodes)}
        lost = [node for node in nodes if node.title not in placed]
        if lost:
            found.append(Problem("It hangs under itself.", lost[0].title, lost[0].line))
    return found


def parents_first(nodes: Sequence[DraftNode]) -> list[DraftNode]:
    """Return nodes so that each comes after all it needs; circles are left out."""
    placed: dict[str, DraftNode] = {}
    left = list(nodes)
    while left:
        ready = [
            node
            for node in left
            if all(
                above in placed
                for above in (node.previous, *node.joins)
                if above is not None
            )
        ]
        if not ready:
            break
        placed.update({node.title: node for node in ready})
        left = [node for node in left if node.title not in placed]
    return list(placed.values())


def unique_titles(wanted: Sequence[str]) -> list[str]:
    """Return titles that differ, each as near as possible to what was wanted."""
    taken: set[str] = set()
    found = []
    for title in wanted:
        # a join names its parents by titles between commas
        base = title.replace(",", " ").strip()[: NAME_LIMIT - 4].strip() or "node"
        number, one = 1, base
        while one in taken:
            number += 1
            one = f"{base} {number}"
        taken.add(one)
        found.append(one)
    return found


def _sent(node: DraftNode) -> dict[str, object]:
    body: dict[str, object] = {
        "title": node.title,
        "previous": node.previous,
        "plugin_name": node.plugin,
        "plugin_version": node.version,
        "plugin_parameter_defaults": [
            {"name": name, "default": value}
            for name, value in node.defaults.items()
            if value is not None
        ],
    }
    # 6.11 takes no notice of them, 7 does
    body |= {name: node.limits[name] for name in LIMITS if name in node.limits}
    return body
