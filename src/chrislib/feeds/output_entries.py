"""What a server lists of outputs, as entries: folders, files, links resolved."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from chrislib.cube.folder_types import Thing
from chrislib.cube.types import StoragePath
from chrislib.feeds.model import OutputEntry
from chrislib.feeds.outputs import kind_of

SAME_FOLDER = 8
"""So many links into one folder, and the folder is listed instead."""


def folder_entry(thing: Thing, relative: str) -> OutputEntry:
    """Return a folder as an entry shown at a path."""
    return OutputEntry(
        path=thing.path,
        relative=relative,
        is_folder=True,
        size=None,
        file_id=None,
        kind="folder",
        created=_made(thing),
    )


def file_entry(thing: Thing, relative: str) -> OutputEntry:
    """Return a file as an entry shown at a path."""
    return OutputEntry(
        path=thing.path,
        relative=relative,
        is_folder=False,
        size=thing.size,
        file_id=thing.id,
        kind=kind_of(relative),
        created=_made(thing),
    )


def link_entry(link: Thing, relative: str) -> OutputEntry:
    """Return what a link leads to, as far as the link says, shown at a path."""
    kind = link.target_kind
    return OutputEntry(
        path=StoragePath(link.target),
        relative=relative,
        is_folder=kind == "folder",
        size=None,
        file_id=link.target_id if kind == "file" else None,
        kind="folder" if kind == "folder" else kind_of(relative) if kind else "gone",
        link_target=link.target,
        created=_made(link),
    )


def resolved(entry: OutputEntry, file: Thing | None) -> OutputEntry:
    """Return a link with what is known of its file; None says that it is gone."""
    if file is None:
        return replace(entry, file_id=None, size=None, kind="gone")
    return replace(entry, file_id=file.id, size=file.size, created=_made(file))


def by_folder(entries: Sequence[OutputEntry]) -> list[list[OutputEntry]]:
    """Return entries in groups: those of one folder, if many, and all the others."""
    counts = Counter(entry.path.rpartition("/")[0] for entry in entries)
    groups: dict[str, list[OutputEntry]] = {}
    for entry in entries:
        parent = entry.path.rpartition("/")[0]
        if counts[parent] <= SAME_FOLDER:
            parent = ""
        groups.setdefault(parent, []).append(entry)
    few = groups.pop("", [])
    return [
        *(few[at : at + SAME_FOLDER] for at in range(0, len(few), SAME_FOLDER)),
        *groups.values(),
    ]


def _made(thing: Thing) -> float:
    return thing.created.timestamp() if thing.created is not None else 0.0


def link_name(link: Thing) -> str:
    """Return what a link is called: its target, for a node's output the node."""
    parts = link.target.strip("/").split("/")
    if parts[-1] == "data" and len(parts) > 2 and "feeds" in parts:
        return parts[-2]
    return parts[-1] or link.name


def by_name(entry: OutputEntry) -> tuple[bool, str]:
    """Return what entries are sorted by: folders first, then by name."""
    return (not entry.is_folder, entry.relative.rsplit("/", 1)[-1].lower())
