"""Words and glyphs of entries, the same in tree, table and inspector."""

from collections.abc import Sequence
from datetime import datetime

from chrislib.cube.types import StoragePath
from chrislib.feeds.model import OutputEntry
from chrislib.feeds.outputs import KIND_WORDS, kind_of
from chrislib.library import words
from chrislib.library.dates import show_day, show_time
from chrislib.library.names import clean, isolate
from chrislib.library.storage.model import Entry, Leads, Weight, shortened

_ICONS = {
    "dicom": "image",
    "nifti": "image",
    "image": "image",
    "table": "table",
    "json": "braces",
    "text": "file-text",
    "pdf": "file-text",
}
_TREE_ICONS = {
    "SHARED": "users",
    "SERVICES/PACS": "server",
    "PIPELINES": "workflow",
}


def kind(entry: Entry) -> str:
    """Return "folder", "gone", or what kind of file it is."""
    if entry.leads is Leads.FOLDER:
        return "folder"
    if entry.leads is Leads.NOWHERE:
        return "gone"
    return kind_of(entry.path)


def icon(entry: Entry, *, unfolded: bool = False) -> str:
    """Return the glyph of an entry."""
    found = kind(entry)
    if found == "gone":
        return "ghost"
    if found == "folder":
        path = entry.thing.path
        if path in _TREE_ICONS:
            return _TREE_ICONS[path]
        parts = path.split("/")
        if len(parts) == 4 and parts[0] == "home" and parts[2] == "feeds":
            return "workflow"
        return "folder-open" if unfolded else "folder"
    return _ICONS.get(found, "file")


def name(entry: Entry) -> str:
    """Return what an entry is called, whatever direction its script has."""
    return isolate(entry.label)


def type_words(entry: Entry) -> str:
    """Return the words of the Type column."""
    if entry.is_link:
        if entry.leads is Leads.NOWHERE:
            return "Link, target gone"
        return "Link, not open to you" if entry.closed else "Link"
    found = kind(entry)
    if found == "file":
        ending = entry.path.rpartition("/")[2].rpartition(".")
        fits = ending[0] and 0 < len(ending[2]) <= 5 and ending[2].isalnum()
        return ending[2].upper() if fits else "File"
    return KIND_WORDS.get(found, "File")


def size_words(entry: Entry) -> str:
    """Return the words of the Size column."""
    return words.size(entry.size)


def target_words(entry: Entry) -> str:
    """Return where a link leads, short; "" for what is no link."""
    return shortened(entry.thing.target) if entry.is_link else ""


def changed_words(entry: Entry, *, now: float) -> str:
    """Return when an entry came to be: "Today 13:58", "Fri 20", "2026-03-04"."""
    at = entry.created_at
    if not at:
        return ""
    day = show_day(at, now=now)
    return f"{day} {show_time(at)}" if now - at < 6 * 86_400 else day


def moment(entry: Entry) -> str:
    """Return date and time in full."""
    at = entry.created_at
    return f"{datetime.fromtimestamp(at):%Y-%m-%d %H:%M}" if at else ""


def full_path(path: str) -> str:
    """Return a path on one line, safe to show."""
    return clean(path)


def entries(number: int) -> str:
    """Return "1 entry", "16 entries"."""
    return words.count(number, "entry", "entries")


def weight_words(weight: Weight, entries_: Sequence[Entry]) -> str:
    """Return what goes with a deletion, in sentences."""
    parts = []
    if weight.files:
        size = f" ({words.size(weight.size)})" if weight.size else ""
        parts.append(words.count(weight.files, "file") + size)
    inner = weight.folders
    if inner:
        parts.append(words.count(inner, "folder"))
    if weight.links:
        parts.append(words.count(weight.links, "link"))
    more = "More than " if weight.at_least else ""
    if len(parts) > 1:
        parts = [", ".join(parts[:-1]), parts[-1]]
    what = more + (" and ".join(parts) or "nothing")
    said = [
        f"{what[0].upper()}{what[1:]} will be deleted on the server, for everybody."
    ]
    if weight.links:
        said.append("What links stand for stays.")
    if weight.shared:
        said.append(f"Shared with {', '.join(weight.shared[:4])}.")
    if weight.public:
        said.append("It is open to everybody.")
    if weight.feeds:
        feeds = ", ".join(str(feed) for feed in weight.feeds[:4])
        said.append(f"Outputs of feed {feeds} are among it.")
    said.append("This cannot be undone.")
    if len(entries_) > 1:
        names = [f"“{entry.label}”" for entry in entries_[:6]]
        rest = len(entries_) - len(names)
        if rest:
            names.append(f"{rest:,} more")
        said.insert(0, f"{', '.join(names[:-1])} and {names[-1]}.")
    return " ".join(said)


def output_of(entry: Entry) -> OutputEntry:
    """Return an entry as the fetcher of files knows them."""
    return OutputEntry(
        path=StoragePath(entry.path),
        relative=entry.label,
        is_folder=False,
        size=entry.size,
        file_id=entry.file_id,
        kind=kind(entry),
    )
