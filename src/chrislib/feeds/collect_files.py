"""Which nodes and files belong into a table, and what rows are called. Pure."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import filter as fitting
from fnmatch import fnmatchcase

from chrislib.feeds.collect_model import FeedNodes, Listing, Offer, Source, Wanted
from chrislib.feeds.model import OutputEntry
from chrislib.feeds.outputs import kind_of
from chrislib.feeds.states import ACTIVE, WORDS

KINDS = frozenset({"json", "table", "text"})
"""Kinds of files that hold values."""
ENDINGS = (".stats", ".tsv", ".dat", ".info", ".yaml", ".yml")
MAX_OFFERS = 60
MAX_BYTES = 4_000_000
"""Larger files are not read for a table."""

_DIGITS = re.compile(r"\d+")


def readable(entry: OutputEntry) -> bool:
    """Whether a file may hold values, by its name."""
    return entry.kind in KINDS or entry.relative.lower().endswith(ENDINGS)


def matches(relative: str, pattern: str) -> bool:
    """Whether a path below the output folder fits a pattern; case does not matter.

    A pattern without a folder fits the name in any folder.
    """
    path, wanted = relative.lower(), _wanted(pattern)
    if "/" not in wanted:
        path = path.rsplit("/", 1)[-1]
    return bool(wanted) and fnmatchcase(path, wanted)


def _wanted(pattern: str) -> str:
    # only "*" and "?" mean something: a name may hold brackets
    return pattern.strip().lower().lstrip("/").replace("[", "[[]")


def plugins_of(feeds: Iterable[FeedNodes]) -> list[tuple[str, int, int]]:
    """Return (plugin, feeds with it, nodes of it), those in most feeds first."""
    in_feeds: Counter[str] = Counter()
    nodes: Counter[str] = Counter()
    for feed in feeds:
        names = [node.plugin_name for node in feed.nodes]
        in_feeds.update(set(names))
        nodes.update(names)
    found = [(name, count, nodes[name]) for name, count in in_feeds.items()]
    return sorted(found, key=lambda row: (-row[1], row[0].lower()))


def places_with(feeds: Iterable[FeedNodes], plugin: str) -> list[tuple[str, int]]:
    """Return (place, feeds that have the plugin there), the most frequent first."""
    counts: Counter[str] = Counter()
    for feed in feeds:
        counts.update(
            feed.places[node.id] for node in feed.nodes if node.plugin_name == plugin
        )
    return sorted(counts.items(), key=lambda row: (-row[1], row[0]))


def sources_of(feeds: Sequence[FeedNodes], wanted: Wanted) -> list[Source]:
    """Return the nodes that are looked at; a feed without one stands there as such."""
    found: list[Source] = []
    for feed in feeds:
        nodes = [
            node
            for node in feed.nodes
            if node.plugin_name == wanted.plugin
            and wanted.place in {"", feed.places[node.id]}
        ]
        title = feed.title or f"Feed {feed.feed_id}"
        if not nodes:
            where = " at this place" if wanted.place else ""
            problem = feed.problem or f"The feed has no {wanted.plugin}{where}."
            found.append(Source(feed.feed_id, title, title, problem=problem))
        for node in nodes:
            name = node.title or f"{node.plugin_name} {node.id}"
            parts = [title] if len(feeds) > 1 else []
            parts += [name] if len(nodes) > 1 or not parts else []
            problem = no_files_yet(node.state)
            subject = " · ".join(parts)
            found.append(Source(feed.feed_id, title, subject, node, problem))
    return found


def offers(listings: Iterable[Listing]) -> list[Offer]:
    """Return patterns for the files that may hold values, the most useful first.

    Names as they are, names with "*" for their numbers, and whole kinds; plain text
    last, as it is mostly logs.
    """
    nodes: Counter[str] = Counter()
    files: Counter[str] = Counter()
    places: dict[str, list[int]] = {}
    for number, listing in enumerate(listings):
        seen: set[str] = set()
        for entry in listing.files:
            path = entry.relative.lower()
            for one in {path, path.rsplit("/", 1)[-1]}:
                places.setdefault(one, []).append(number)
            if not readable(entry):
                continue
            patterns = _patterns(entry.relative)
            files.update(patterns)
            seen |= patterns
        nodes.update(seen)
    found = [Offer(pattern, nodes[pattern], files[pattern]) for pattern in nodes]
    best = sorted(_without_equals(found), key=_rank)[:MAX_OFFERS]
    return sorted((_counted(offer, places) for offer in best), key=_rank)


def _rank(offer: Offer) -> tuple[bool, int, int, str]:
    pattern = offer.pattern
    return _is_prose(pattern), -offer.nodes, _generality(pattern), pattern


def _counted(offer: Offer, places: Mapping[str, Sequence[int]]) -> Offer:
    """Return an offer with all its pattern takes: "*" is also text, and nothing.

    Parameters
    ----------
    places : mapping of str to sequence of int
        Nodes that have a path, or a name in any folder.
    """
    wanted = _wanted(offer.pattern)
    deep = "/" in wanted
    nodes = [
        node
        for path in fitting(places, wanted)
        if deep or "/" not in path
        for node in places[path]
    ]
    return Offer(offer.pattern, len(set(nodes)), len(nodes))


def chosen_files(listing: Listing, pattern: str) -> list[tuple[str, OutputEntry]]:
    """Return (subject, file) of the files that fit a pattern."""
    found = [entry for entry in listing.files if matches(entry.relative, pattern)]
    names = varying([entry.relative for entry in found])
    subject = listing.source.subject
    if len(found) == 1:
        return [(subject, found[0])]
    several = [f"{subject} · {name}" if name else subject for name in names]
    return list(zip(several, found, strict=True))


def varying(paths: Sequence[str]) -> list[str]:
    """Return what tells each path from the others: its first folder that differs.

    Where only the last part differs, its name without the ending.
    """
    split = [path.split("/") for path in paths]
    depth = min((len(parts) for parts in split), default=0)
    for place in range(depth):
        if len({parts[place] for parts in split}) > 1:
            return [_stem(parts, place) for parts in split]
    return ["/".join(parts[depth - 1 :]) if depth else "" for parts in split]


def row_problem(listing: Listing, pattern: str) -> str:
    """Return why a node has no row, "" if it has one."""
    if listing.source.problem or listing.problem:
        return listing.source.problem or listing.problem
    if any(matches(entry.relative, pattern) for entry in listing.files):
        return ""
    node = listing.source.node
    if node is not None and node.state not in {"ready", "errors"}:
        return f"{WORDS[node.state]}; it left no such file."
    return f"There is no file {pattern}."


def no_files_yet(state: str) -> str:
    """Return why a node in a state has no files to open, "" if it may have some."""
    nothing = state in ACTIVE or state in {"upstream", "gone"}
    return f"{WORDS[state]}." if nothing else ""


def _patterns(relative: str) -> set[str]:
    name = relative.rsplit("/", 1)[-1]
    ending = name.rpartition(".")[2].lower() if "." in name else ""
    found = {relative, _DIGITS.sub("*", relative), name, _DIGITS.sub("*", name)}
    if ending:
        found.add(f"*.{ending}")
    return {pattern for pattern in found if pattern.strip("*")}


def _without_equals(found: Sequence[Offer]) -> list[Offer]:
    """Drop patterns that say no more than a plainer one: same name, same counts."""
    kept: dict[tuple[str, int, int], Offer] = {}
    for offer in sorted(found, key=lambda one: (_generality(one.pattern), one.pattern)):
        name = _DIGITS.sub("*", offer.pattern.rsplit("/", 1)[-1])
        kept.setdefault((name, offer.nodes, offer.files), offer)
    return list(kept.values())


def _is_prose(pattern: str) -> bool:
    """Whether files are as likely logs and notes as they are values."""
    table = kind_of(pattern) in {"json", "table"}
    return not table and not pattern.lower().endswith(ENDINGS)


def _generality(pattern: str) -> int:
    """Return how little a pattern says: a plain name 0, a whole kind last."""
    if pattern.startswith("*."):
        return 3
    return 2 * ("*" in pattern) + ("/" in pattern)


def _stem(parts: Sequence[str], place: int) -> str:
    name = parts[place]
    return name.rpartition(".")[0] or name if place == len(parts) - 1 else name
