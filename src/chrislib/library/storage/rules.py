"""What may be done with an entry, and refusals in people's words."""

import re

from chrislib.cube.errors import (
    CubeError,
    Forbidden,
    NotFound,
    Refused,
    ServerFault,
)
from chrislib.errors import ChrislibError
from chrislib.library.storage.model import Entry

ADMIN = "chris"
_OF_FEED = re.compile(r"home/[^/]+/feeds/feed_(\d+)(/.*)?")
_NODE = re.compile(r"([^/]+)_(\d+)")
_TOP = frozenset({"", "home", "SHARED", "SERVICES", "SERVICES/PACS", "PUBLIC"})


def feed_of(path: str) -> int | None:
    """Return the feed that a path belongs to, None when it is no output."""
    found = _OF_FEED.fullmatch(path)
    return int(found[1]) if found else None


def node_of(path: str) -> int | None:
    """Return the node whose output a path lies in, None when there is none."""
    found = _OF_FEED.fullmatch(path)
    if found is None or not found[2]:
        return None
    node = None
    for part in found[2].strip("/").split("/"):
        named = _NODE.fullmatch(part)
        if part == "data" or named is None:
            break
        node = int(named[2])
    return node


def is_structure(path: str) -> bool:
    """Whether a folder is a feed's or a node's own, not something in their output."""
    found = _OF_FEED.fullmatch(path)
    if found is None:
        return False
    parts = [part for part in (found[2] or "").split("/") if part]
    return "data" not in parts[:-1] if parts else True


def refusal(entry: Entry, username: str) -> str:
    """Return why an entry cannot be renamed, moved or deleted; "" when it may be.

    Only what is certain without asking: a server may refuse more.
    """
    path, thing = entry.thing.path, entry.thing
    parts = path.split("/")
    if path in _TOP or path == "PIPELINES":
        return "This is one of the server's own folders."
    if path.startswith("SERVICES/"):
        return "What came from a PACS stays where it is, for everybody."
    if parts[0] != "home":
        return "Links here are made by sharing; revoke the access instead."
    if thing.kind == "folder" and len(parts) == 2:
        return "A home folder cannot be changed."
    if thing.kind == "folder" and len(parts) == 3 and parts[2] == "feeds":
        return "The folder of all feeds cannot be changed."
    if thing.kind == "folder" and is_structure(path):
        return f"It belongs to feed {feed_of(path)}: delete the feed or its node."
    if thing.deleting:
        return "The server is deleting it."
    return ""


def creation_refusal(folder: Entry) -> str:
    """Return why nothing can be put into a folder; "" when it may be possible."""
    path = folder.path
    parts = path.split("/")
    if parts[0] != "home" or len(parts) < 2:
        return "New things go below your home folder."
    if len(parts) == 3 and parts[2] == "feeds":
        return "Feeds make their own folders here."
    if is_structure(path) and parts[-1] != "data":
        return f"It belongs to feed {feed_of(path)}: only its nodes write here."
    return ""


def explained(error: CubeError, *, what: str, name: str = "") -> ChrislibError:
    """Return an error of changing storage in the words of what was asked.

    Parameters
    ----------
    what : str
        "renamed", "moved", "deleted", "made", "shared".
    name : str
        The new name, where there is one.
    """
    said = " ".join(error.fields.values()) if isinstance(error, Refused) else ""
    title = f"It was not {what}."
    if isinstance(error, Forbidden) or "permission under" in said:
        return ChrislibError(
            f"{title} This account may only read here.",
            "Nothing was changed.",
            hint="Ask its owner for the right to change it.",
            context=error.context,
        )
    if "already exists" in said or "already has" in said:
        detail = f"“{name}” is there already." if name else "It is there already."
        return ChrislibError(
            f"{title} {detail}",
            "Nothing was changed, nothing was written over.",
            hint="Choose another name.",
            context=error.context,
        )
    if isinstance(error, NotFound):
        return ChrislibError(
            f"{title} It is gone from the server.",
            "Somebody deleted it, or it is not shared with you any more.",
            hint="Look again (F5).",
            context=error.context,
        )
    if isinstance(error, ServerFault):
        return ChrislibError(
            f"The server failed while it should be {what}.",
            "It may have been done in part.",
            hint="Look again (F5) before you repeat it.",
            context=error.context,
        )
    if isinstance(error, Refused):
        return ChrislibError(
            f"{title} The server refused it.",
            "Nothing was changed.",
            hint=said or error.hint,
            context=error.context,
        )
    return error
