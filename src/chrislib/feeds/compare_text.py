"""A comparison as text and as JSON, to be kept or sent on. Pure functions."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from chrislib.feeds.compare_files import WORDS, FilePair, count_verdicts
from chrislib.feeds.compare_known import Known, Outcome
from chrislib.feeds.compare_model import FilesCompared, Line, RunsCompared
from chrislib.feeds.compare_nodes import NodePair
from chrislib.feeds.model import Node


@dataclass(frozen=True, slots=True)
class PairReport:
    """What is known of two nodes; a missing side stands as None."""

    place: str
    left: Node | None
    right: Node | None
    runs: RunsCompared | None = None
    files: FilesCompared | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """A whole comparison: both sides in words, and their nodes."""

    left: str
    right: str
    server: str
    pairs: tuple[PairReport, ...]


def outcome_of(pair: PairReport) -> Outcome:
    """Return what is known of two nodes, their files included."""
    known = Known()
    if pair.runs is not None:
        known.take_runs({pair.place: pair.runs})
    if pair.files is not None:
        known.take_files(pair.place, pair.files)
    return known.of(NodePair(pair.place, pair.left, pair.right))


def to_text(report: Report) -> str:
    """Return a comparison for people, differences first in each part."""
    lines = [
        "Comparison",
        f"Left:   {report.left}",
        f"Right:  {report.right}",
        f"Server: {report.server}",
    ]
    for pair in report.pairs:
        lines += ["", _title(pair), "-" * len(_title(pair))]
        if pair.left is None or pair.right is None:
            lines.append("Only left" if pair.right is None else "Only right")
            continue
        if pair.runs is not None:
            lines.append(outcome_of(pair).head)
            lines += _part("Run", pair.runs.run)
            lines += _part("Parameters", pair.runs.parameters)
        if pair.files is not None:
            lines += _files(pair.files)
    return "\n".join(lines) + "\n"


def to_json(report: Report) -> str:
    """Return a comparison for programs."""
    found = {
        "left": report.left,
        "right": report.right,
        "server": report.server,
        "nodes": [_pair(pair) for pair in report.pairs],
    }
    return json.dumps(found, indent=2, ensure_ascii=False) + "\n"


def _title(pair: PairReport) -> str:
    sides = [_node(node) for node in (pair.left, pair.right) if node is not None]
    return f"{pair.place}: {' / '.join(sides)}"


def _node(node: Node) -> str:
    return f"{node.plugin_name} {node.plugin_version} (node {node.id})"


def _part(title: str, lines: Sequence[Line]) -> list[str]:
    if not lines:
        return []
    wide = max(len(one.label) for one in lines)
    ordered = sorted(lines, key=lambda one: one.verdict == "same")
    return [f"{title}:"] + [
        f"  {one.label.ljust(wide)}  {_values(one)}" for one in ordered
    ]


def _values(one: Line) -> str:
    if one.verdict == "same":
        return one.left
    left = "(none)" if one.verdict == "right" else one.left
    right = "(none)" if one.verdict == "left" else one.right
    return f"{left}  |  {right}"


def _files(files: FilesCompared) -> list[str]:
    if files.problem:
        return [f"Files: {files.problem}"]
    counts = count_verdicts(files.pairs)
    words = ", ".join(f"{WORDS[v].lower()} {count}" for v, count in counts.items())
    lines = [f"Files: {words or 'none'}"]
    lines += [
        f"  {WORDS[pair.verdict]}: {pair.relative}{_sizes(pair)}"
        for pair in files.pairs
        if pair.verdict not in {"same", "size"}
    ]
    return lines


def _sizes(pair: FilePair) -> str:
    sizes = [
        "" if side is None or side.size is None else f"{side.size} bytes"
        for side in (pair.left, pair.right)
    ]
    told = " | ".join(size for size in sizes if size)
    return f" ({told})" if told else ""


def _pair(pair: PairReport) -> dict[str, Any]:
    runs, files = pair.runs, pair.files
    return {
        "place": pair.place,
        "left": _side(pair.left),
        "right": _side(pair.right),
        "differences": None if runs is None else list(outcome_of(pair).differences),
        "run": None if runs is None else _lines(runs.run),
        "parameters": None if runs is None else _lines(runs.parameters),
        "files": None
        if files is None
        else {
            "problem": files.problem,
            "pairs": [
                {
                    "path": one.relative,
                    "verdict": one.verdict,
                    "left_size": None if one.left is None else one.left.size,
                    "right_size": None if one.right is None else one.right.size,
                }
                for one in files.pairs
            ],
        },
    }


def _side(node: Node | None) -> dict[str, Any] | None:
    if node is None:
        return None
    return {
        "node": int(node.id),
        "plugin": node.plugin_name,
        "version": node.plugin_version,
        "state": node.state,
    }


def _lines(lines: Iterable[Line]) -> list[dict[str, str]]:
    return [
        {
            "name": one.label,
            "left": one.left,
            "right": one.right,
            "verdict": one.verdict,
        }
        for one in lines
    ]
