"""Files that hold a pipeline, YAML or JSON: read with all their mistakes, written."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

import yaml

from chrislib.cube.types import LIMITS
from chrislib.feeds.drafts import (
    NAME_LIMIT,
    DraftNode,
    PipelineDraft,
    Problem,
    Value,
    tree_problems,
)

MOST_BYTES = 1_000_000
_MOST_PARTS = 20_000
_TEXTS = ("name", "authors", "category", "description")
_NODE = frozenset(
    {"title", "plugin", "plugin_name", "plugin_version", "plugin_id", "previous",
     "previous_index", "plugin_parameter_defaults", *LIMITS}
)  # fmt: skip
_NO_TREE = "There is no “plugin_tree”, the list of its nodes."


class _Unreadable(Exception):
    def __init__(self, message: str, line: int = 0, node: str = "") -> None:
        super().__init__(message)
        self.problem = Problem(message, node, line)


@dataclass(frozen=True, slots=True)
class _Part:
    """A piece of a file: a mapping, a list or a plain value, and its line."""

    value: Any
    line: int
    text: str = ""

    @property
    def items(self) -> "Sequence[_Part]":
        return self.value if isinstance(self.value, list) else ()

    def get(self, name: str) -> "_Part | None":
        return self.value.get(name) if isinstance(self.value, dict) else None

    @property
    def plain(self) -> Value:
        """The value, None for lists and mappings."""
        return self.value if isinstance(self.value, str | int | float) else None


def read_pipeline(
    text: str, *, kind: str = "yaml"
) -> tuple[PipelineDraft | None, tuple[Problem, ...]]:
    """Return the pipeline of a file and everything that is wrong with it.

    Nothing of a server is known here: see `chrislib.feeds.pipelines` for that.

    Parameters
    ----------
    kind : str
        "yaml" or "json".
    """
    if len(text) > MOST_BYTES:
        return None, (Problem("It is larger than 1 MB: this is no pipeline."),)
    try:
        top = _json(text) if kind == "json" else _yaml(text)
        return _pipeline(top)
    except _Unreadable as error:
        return None, (error.problem,)
    except RecursionError:
        return None, (Problem("It is nested too deeply."),)


def write_pipeline(draft: PipelineDraft, *, kind: str = "yaml") -> str:
    """Return a pipeline as the text of a file, as a CUBE takes it."""
    nodes = []
    for node in draft.nodes:
        written: dict[str, Any] = {"title": node.title}
        if kind == "yaml":
            written["plugin"] = f"{node.plugin} v{node.version}"
        else:
            written |= {"plugin_name": node.plugin, "plugin_version": node.version}
        written["previous"] = node.previous
        given = {k: v for k, v in node.defaults.items() if v is not None}
        if given and kind == "yaml":
            written["plugin_parameter_defaults"] = given
        elif given:
            written["plugin_parameter_defaults"] = [
                {"name": name, "default": value} for name, value in given.items()
            ]
        nodes.append(written | dict(node.limits))
    whole = {"name": draft.name, **draft.facts, "plugin_tree": nodes}
    if kind == "json":
        return json.dumps(whole, indent=2, ensure_ascii=False) + "\n"
    return yaml.safe_dump(whole, sort_keys=False, allow_unicode=True, width=88)


# -- from text to parts --------------------------------------------------------


def _yaml(text: str) -> _Part:
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        if node is None:
            raise _Unreadable("The file is empty.")
        return _part(node, iter(range(_MOST_PARTS)))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark is not None else 0
        said = error.problem or error.context or "it cannot be read"
        raise _Unreadable(f"This is no YAML: {said}.", line) from error
    except (yaml.YAMLError, ValueError) as error:
        raise _Unreadable("This is no YAML text.") from error


def _part(node: yaml.Node, room: Iterator[int]) -> _Part:
    """Return a node with its line; what is repeated by reference counts each time."""
    if next(room, None) is None:
        raise _Unreadable("It has too many parts: this is no pipeline.")
    line = node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        found = {}
        for key, value in node.value:
            name = key.value if isinstance(key, yaml.ScalarNode) else ""
            if name in found:
                raise _Unreadable(f"“{name}” is given twice.", key.start_mark.line + 1)
            found[name] = _part(value, room)
        return _Part(found, line)
    if isinstance(node, yaml.SequenceNode):
        return _Part([_part(one, room) for one in node.value], line)
    return _Part(_scalar(node), line, str(node.value))


def _scalar(node: yaml.Node) -> Value:
    """Return a plain value; dates and whatever else stays the text it is."""
    text = str(node.value)
    tag = node.tag.rpartition(":")[2]
    if tag == "null":
        return None
    if tag == "bool":
        return text.lower() in {"true", "yes", "on"}
    try:
        if tag == "int":
            return _whole(text.replace("_", ""))
        if tag == "float":
            number = float(text.replace("_", ""))
            return number if isfinite(number) else text
    except ValueError:
        return text
    return text


def _whole(text: str) -> int:
    """Return a number as YAML 1.1 means it: 0x10 is 16 and 010 is 8."""
    digits = text.lstrip("+-").lower()
    octal = len(digits) > 1 and digits.isdigit() and digits[0] == "0"
    return int(text, 8 if octal else 0)


def _json(text: str) -> _Part:
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        said = f"This is no JSON: {error.msg}."
        raise _Unreadable(said, error.lineno) from error
    plain = _plain_part(value)
    try:
        # JSON is YAML, but for tabs: that way the lines are known
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError:
        return plain
    return plain if node is None else _lined(plain, node)


def _lined(part: _Part, node: yaml.Node) -> _Part:
    """Return what JSON says, with the lines that YAML knows."""
    line = node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode) and isinstance(part.value, dict):
        below = {key.value: value for key, value in node.value}
        found = {
            name: _lined(one, below[name]) if name in below else one
            for name, one in part.value.items()
        }
        return _Part(found, line)
    if isinstance(node, yaml.SequenceNode) and isinstance(part.value, list):
        pairs = zip(part.value, node.value, strict=False)
        return _Part([_lined(one, below) for one, below in pairs], line)
    return _Part(part.value, line, part.text)


def _plain_part(value: Any, line: int = 0) -> _Part:
    if isinstance(value, dict):
        return _Part({k: _plain_part(v, line) for k, v in value.items()}, line)
    if isinstance(value, list):
        return _Part([_plain_part(one, line) for one in value], line)
    return _Part(value, line, "" if value is None else str(value))


# -- from parts to a pipeline --------------------------------------------------


def _pipeline(top: _Part) -> tuple[PipelineDraft | None, tuple[Problem, ...]]:
    if not isinstance(top.value, dict):
        raise _Unreadable("A pipeline begins with its name: “name: …”.", top.line)
    problems: list[Problem] = []
    texts = {name: _text(top, name, problems) for name in _TEXTS}
    if not texts["name"]:
        problems.append(Problem("It has no name: “name: …” is missing.", line=top.line))
    elif len(texts["name"]) > NAME_LIMIT:
        problems.append(
            Problem(f"The name is longer than {NAME_LIMIT} characters.", line=top.line)
        )
    locked = top.get("locked")
    tree = _tree(top)
    nodes = [
        node
        for place, part in enumerate(tree.items)
        if (node := _node(part, place, tree, problems=problems)) is not None
    ]
    if not problems:
        problems += tree_problems(nodes)
    draft = PipelineDraft(
        texts["name"],
        tuple(nodes),
        authors=texts["authors"],
        category=texts["category"],
        description=texts["description"],
        locked=locked is None or locked.value is not False,
    )
    return draft, tuple(problems)


def _tree(top: _Part) -> _Part:
    tree = top.get("plugin_tree")
    if tree is None:
        raise _Unreadable(_NO_TREE, top.line)
    if isinstance(tree.value, str):
        # a server's own answer holds it as text
        try:
            tree = _plain_part(json.loads(tree.value), tree.line)
        except ValueError:
            raise _Unreadable("“plugin_tree” is no list.", tree.line) from None
    if not isinstance(tree.value, list) or not tree.value:
        raise _Unreadable("“plugin_tree” is no list of nodes.", tree.line)
    return tree


def _text(part: _Part, name: str, problems: list[Problem]) -> str:
    found = part.get(name)
    if found is None or found.value is None:
        return ""
    if isinstance(found.value, dict | list):
        problems.append(Problem(f"“{name}” is no text.", line=found.line))
        return ""
    return found.text.strip() or str(found.value)


def _node(
    part: _Part, place: int, tree: _Part, *, problems: list[Problem]
) -> DraftNode | None:
    if not isinstance(part.value, dict):
        problems.append(
            Problem(f"Node {place + 1} is none: it has no title.", line=part.line)
        )
        return None
    title = _text(part, "title", problems)

    def wrong(message: str, line: int = 0) -> None:
        problems.append(
            Problem(message, title or f"number {place + 1}", line or part.line)
        )

    plugin, version = _plugin(part, problems)
    if not title:
        title = plugin
    if not plugin or not version:
        wrong("It names no plugin and version: “plugin: pl-name v1.0.0”.")
    for name, value in part.value.items():
        if name not in _NODE:
            wrong(f"“{name}” means nothing here.", value.line)
    defaults, texts = _defaults(part, wrong)
    limits = {}
    for name in LIMITS:
        given = part.get(name)
        if given is None or given.value is None:
            continue
        number = given.value
        if isinstance(number, str) and number.rstrip("mMi").isdigit():
            number = int(number.rstrip("mMi"))
        if isinstance(number, bool) or not isinstance(number, int) or number < 0:
            wrong(f"“{name}” is no whole number.", given.line)
            continue
        limits[name] = number
    return DraftNode(
        title,
        plugin,
        version,
        previous=_previous(part, tree, wrong),
        defaults=defaults,
        texts=texts,
        limits=limits,
        line=part.line,
    )


def _plugin(part: _Part, problems: list[Problem]) -> tuple[str, str]:
    both = _text(part, "plugin", problems)
    if both:
        name, _, version = both.rpartition(" v")
        return name.strip(), version.strip()
    return _text(part, "plugin_name", problems), _text(part, "plugin_version", problems)


def _previous(part: _Part, tree: _Part, wrong: Any) -> str | None:
    above = part.get("previous")
    if above is not None and above.value is not None:
        if isinstance(above.value, dict | list):
            wrong("“previous” is no title.", above.line)
            return None
        return above.text or str(above.value)
    index = part.get("previous_index")
    if index is None or index.value is None:
        return None
    # the way pipelines were written before CUBE 4
    if not isinstance(index.value, int) or not 0 <= index.value < len(tree.items):
        wrong("“previous_index” is no place in the list.", index.line)
        return None
    title = tree.items[index.value].get("title")
    return title.text if title is not None else None


def _defaults(part: _Part, wrong: Any) -> tuple[dict[str, Value], dict[str, str]]:
    given = part.get("plugin_parameter_defaults")
    values: dict[str, Value] = {}
    texts: dict[str, str] = {}
    if given is None or given.value is None:
        return values, texts
    pairs: list[tuple[str, _Part | None, int]] = []
    if isinstance(given.value, Mapping):
        pairs = [(name, value, value.line) for name, value in given.value.items()]
    elif isinstance(given.value, list):
        for one in given.items:
            name = one.get("name")
            pairs.append(
                (name.text if name is not None else "", one.get("default"), one.line)
            )
    else:
        wrong("“plugin_parameter_defaults” is no list of values.", given.line)
    for name_, value, line in pairs:
        if not name_:
            wrong("A default has no name.", line)
        elif name_ in values:
            wrong(f"“{name_}” is given twice.", line)
        elif value is not None and isinstance(value.value, dict | list):
            wrong(f"The value of “{name_}” is no plain value.", line)
        else:
            values[name_] = value.plain if value is not None else None
            texts[name_] = value.text if value is not None else ""
    return values, texts
