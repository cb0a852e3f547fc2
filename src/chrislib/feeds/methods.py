"""A paragraph for a paper: how a node's result was made, in words. Pure.

Storage paths stand nowhere in it: they may name a patient, and tell nothing.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

from chrislib.feeds.model import Node
from chrislib.feeds.provenance import Card, Origin
from chrislib.feeds.states import ACTIVE, duration
from chrislib.feeds.text import plain

_VALUES = 12
_LONG = 60


def paragraph(card: Card) -> str:
    """Return how the result of a card's node was made, as one paragraph."""
    said = [_opening(card)]
    origins = card.origins
    by_id = {int(one.node.id): one.node for one in origins}
    for number, one in enumerate(origins):
        last = number + 1 == len(origins)
        said.append(_step(one, by_id, first=number == 0, last=last and number > 0))
    if any(one.defaults for one in origins):
        said.append("All other values were left at the defaults of the plugins.")
    said.append(_computing(origins))
    said.append(_ending(card))
    return " ".join(part for part in said if part)


def _opening(card: Card) -> str:
    where = f" on the server “{card.server}”" if card.server else ""
    count = len(card.origins)
    steps = "one step" if count == 1 else f"{_number(count)} steps"
    return f"The data were processed with ChRIS{where}{_when(card.origins)} in {steps}."


def _when(origins: Sequence[Origin]) -> str:
    days: list[datetime] = []
    for one in origins:
        days += [at for at in (one.node.started, one.node.ended) if at is not None]
    if not days:
        return ""
    first, last = (f"{at.astimezone(UTC):%Y-%m-%d}" for at in (min(days), max(days)))
    return f" on {first}" if first == last else f" between {first} and {last}"


def _step(one: Origin, by_id: dict[int, Node], *, first: bool, last: bool) -> str:
    node = one.node
    name = _name(node)
    about = [f"“{one.plugin_title}”"] if one.plugin_title else []
    if one.image:
        about.append(f"container image {one.image}")
    what = f"{name} ({', '.join(about)})" if about else name
    values = _values(one)
    given = f" with {values}" if values else ""
    above = [by_id[int(p)] for p in node.parents if int(p) in by_id]
    if not above:
        return f"The input was brought in by {what}{given}."
    if len(above) > 1:
        names = _listed([f"{_name(row)} (node {row.id})" for row in above])
        return f"The outputs of {names} were joined by {what}{given}."
    then = "Finally" if last else "First" if first else "Then"
    return f"{then}, the output of {_name(above[0])} was processed by {what}{given}."


def _values(one: Origin) -> str:
    pieces = []
    for flag, value in one.values:
        if flag in one.paths or flag.lstrip("-") == "plugininstances":
            continue
        if value.lower() == "true":
            pieces.append(flag)
        elif value and value.lower() != "false":
            short = value if len(value) <= _LONG else value[:_LONG] + "…"
            pieces.append(f"{flag} {' '.join(short.split())}")
    more = len(pieces) - _VALUES
    if more > 0:
        pieces = [*pieces[:_VALUES], f"{more} more values"]
    return _listed(pieces)


def _computing(origins: Sequence[Origin]) -> str:
    resources = dict.fromkeys(
        plain(one.node.compute) for one in origins if one.node.compute
    )
    seconds = sum(
        (one.node.ended - one.node.started).total_seconds()
        for one in origins
        if one.node.started is not None and one.node.ended is not None
    )
    if not resources:
        return ""
    long = f", {duration(seconds)} in all" if seconds >= 1 else ""
    word = "resource" if len(resources) == 1 else "resources"
    return f"It was computed on the {word} {_listed(list(resources))}{long}."


def _ending(card: Card) -> str:
    node = card.node
    at = f"{card.made_at.astimezone(UTC):%Y-%m-%d}"
    place = f"node {node.id} of feed {card.feed_id}"
    if node.state in ACTIVE:
        return f"The last step ({place}) had not ended when this was written, {at}."
    if node.state == "errors":
        return f"The last step ({place}) ended with an error; its files are kept."
    if node.state != "ready":
        return f"The last step ({place}) did not end well: it has no result."
    return f"The result is {place}."


def _name(node: Node) -> str:
    return plain(f"{node.plugin_name} {node.plugin_version}")


def _listed(words: Sequence[str]) -> str:
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"


def _number(count: int) -> str:
    words = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight")
    return words[count] if count < len(words) else f"{count}"
